"""What a page knows of a network: its modules step by step, their pictures, and the numbers of each application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnndsl.backends import captions
from cnndsl.backends.explain.content import Places, explain, steps
from cnndsl.backends.explain.forms import Text
from cnndsl.backends.graphviz.build import DEEPEST, Pictures
from cnndsl.backends.graphviz.paths import mark
from cnndsl.backends.graphviz.picture import Box, Cluster, Picture
from cnndsl.backends.html.drawings import Drawings
from cnndsl.backends.options import Checked
from cnndsl.backends.summary.entries import measured, shown_field
from cnndsl.i18n import tr
from cnndsl.ir.interpreter import Application, Frame, applications
from cnndsl.ir.program import Module, Origin, Program
from cnndsl.layers.formula import show

MOST = 400
"""A picture at a depth has no more boxes; what is deeper is seen by opening blocks."""


class Side:
    """One network of a page.

    The modules and the files go by numbers here, which are places in the lists.
    """

    def __init__(self, text: Checked, program: Program, network: Module, drawings: Drawings) -> None:
        self.program, self.network = program, network
        self._text = text
        self._drawings = drawings
        self._pictures = Pictures(program, network)
        self._numbers = {module.id: at for at, module in enumerate(self._pictures.repeats.modules)}
        self._files: dict[str, int] = {network.origin.file: 0}
        self.kinds: dict[str, None] = {}
        """The kinds of boxes, in the order in which they come."""
        self.signs: set[str] = set()
        """What else the pictures have that a legend tells: `repeated`, `skip`, `training`."""

    def content(self, depth: int | None) -> dict[str, Any]:
        """What the script is given. depth: of the picture that is shown first; None for the usual one."""
        depths, first = self._depths(depth)
        return {
            "name": self.network.name,
            "totals": captions.summary(self._pictures.costs[self.network.id]),
            "depths": depths,
            "first": first,
            "modules": self._modules(),
            "numbers": self._measured(),
        }

    def files(self) -> list[tuple[str, list[str]]]:
        """The texts that the network was made of, in lines; one that is gone is empty. It is asked after `content`."""
        trees = {name: self._text.tree(name) for name in self._files}
        texts = {name: tree.span.source.text if tree else "" for name, tree in trees.items()}
        return [(name, text.removesuffix("\n").split("\n")) for name, text in texts.items()]

    def _depths(self, first: int | None) -> tuple[list[dict[str, Any]], int]:
        """The pictures of the whole network, from the usual one on level by level, and which is shown first."""
        found = [{"depth": "auto", "word": tr("as is easy to read"), **self._drawn(self._picture(self.network, None))}]
        boxes = 0
        for depth in range(DEEPEST):
            picture = self._picture(self.network, depth)
            if len(picture.boxes) <= boxes or (depth and len(picture.boxes) > MOST):
                break
            found.append({"depth": str(depth), "word": str(depth), **self._drawn(picture)})
            boxes = len(picture.boxes)
        if len(found) == 2 and found[0]["drawing"] == found[1]["drawing"]:
            del found[1]  # there are no blocks
        return found, 0 if first is None else min(first + 1, len(found) - 1)

    def _modules(self) -> list[dict[str, Any]]:
        """Each module once: what it is, its steps, and its own picture."""
        places = Places(self._text.tree)
        return [self._module(module, places) for module in self._pictures.repeats.modules]

    def _measured(self) -> dict[str, list[Any]]:
        """Of every application, in the order of execution, what it holds and costs, and what its output has seen."""
        entries = [entry for entry in measured(self.program, self.network.name) if entry.row.output]
        return {
            "parameters": [entry.row.parameters for entry in entries],
            "macs": [entry.row.macs for entry in entries],
            "memory": [entry.alive for entry in entries],
            "field": [shown_field(entry) for entry in entries],
        }

    def _module(self, module: Module, places: Places) -> dict[str, Any]:
        own = {} if module is self.network else self._drawn(self._picture(module, 0))
        told = iter(steps(self.program, module))
        return {
            "name": module.name or "Sequential",
            "sizes": " → ".join(map(", ".join, (map(show, module.input_shapes), captions.outputs_said(module)))),
            "steps": [self._step(at, told, places) for at in applications(self.program, Frame(module))],
            **own,
        }

    def _step(self, at: Application, told: Iterator[Any], places: Places) -> dict[str, Any]:
        title, detail = captions.applied(at)
        found: dict[str, Any] = {
            "name": at.name,
            "title": title,
            "detail": detail,
            "lines": list(dict.fromkeys(self._line(origin) for origin in at.origins)),
        }
        if isinstance(at.target, Module):
            found["inside"] = self._numbers[at.target.id]
        else:
            found["rows"] = explain(next(told), places).rows(Text())
        return found

    def _line(self, origin: Origin) -> tuple[int, int]:
        return self._files.setdefault(origin.file, len(self._files)), origin.line

    def _picture(self, module: Module, depth: int | None) -> Picture:
        picture = self._pictures.of(module, depth)
        mark(picture)
        return picture

    def _drawn(self, picture: Picture) -> dict[str, Any]:
        self.kinds |= dict.fromkeys(box.kind for box in picture.boxes)
        self.signs |= {"repeated" for box in picture.boxes if box.times > 1}
        self.signs |= {"skip" for arrow in picture.arrows if arrow.skip}
        self.signs |= {"training" for box in picture.boxes if box.training}
        return {
            "drawing": self._drawings.number(picture),
            "boxes": [self._stands_for(box) for box in picture.boxes],
            "frames": [self._stands_for(cluster) for cluster in picture.clusters()],
        }

    def _stands_for(self, item: Box | Cluster) -> tuple[int, str, int, int] | None:
        """The module whose steps a box is, where that is in the picture, the first step and how many there are."""
        if item.steps is None:
            return None
        module, path, first, length = item.steps
        return self._numbers[module], path, first, length
