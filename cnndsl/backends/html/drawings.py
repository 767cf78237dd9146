"""Pictures for a page: SVG whose colours are variables of the page, each picture once however often it is shown."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as Tree

from cnndsl.backends.graphviz.picture import Picture
from cnndsl.backends.graphviz.write import UNSEEN, write_for_page
from cnndsl.render import draw
from cnndsl.render.svg import anchor_right, fit
from cnndsl.theme import DARK, LIGHT, Theme

_SVG = "http://www.w3.org/2000/svg"
_LOOK = ("fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "font-family", "text-anchor")
"""What many elements have alike, and have from a class in a page."""
_NUMBER = re.compile(r"-?\d+\.\d\d+")


class Drawings:
    """The pictures of a page. What is drawn alike is there once."""

    def __init__(self, direction: str) -> None:
        self._direction = direction
        self._graphs: dict[str, int] = {}
        self._classes: dict[tuple[tuple[str, str], ...], str] = {}

    def number(self, picture: Picture) -> int:
        """The number of a picture in what `drawn` gives."""
        return self._graphs.setdefault(write_for_page(picture, LIGHT, self._direction), len(self._graphs))

    def drawn(self) -> list[str]:
        """The pictures as SVG elements. A box has its number among those of its picture as `data-box`, a frame as
        `data-frame`. Raises RenderError where nothing can draw one.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process of its own
            return [self._finish(root) for root in pool.map(lambda graph: draw(graph, Tree.fromstring), self._graphs)]

    @property
    def style(self) -> str:
        """The rules for the classes of all pictures, which are there when these are drawn."""
        return "".join(f".{name}{{{_declared(look)}}}\n" for look, name in self._classes.items())

    def _finish(self, root: Tree.Element) -> str:
        anchor_right(root)
        (graph,) = root
        fit(root)
        graph.attrib.pop("id", None)
        graph.set("transform", graph.get("transform", "").replace("scale(1 1) rotate(0) ", ""))
        for element in list(graph):
            if element.tag.endswith("polygon") or element.get("id") == UNSEEN:  # the paper, and what shapes the layout
                graph.remove(element)
        for group in graph:
            self._group(group)
        for element in root.iter():
            element.text = element.text if element.tag.endswith("}text") else None
            element.tail = None
        Tree.register_namespace("", _SVG)
        return Tree.tostring(root, encoding="unicode")

    def _group(self, group: Tree.Element) -> None:
        name = group.attrib.pop("id", "")
        what = {"b": "data-box", "f": "data-frame"}.get(name[:1])
        if what and name[1:].isdecimal():
            group.set(what, name[1:])
        for element in list(group):
            if element.tag.endswith("}title"):
                group.remove(element)
            elif element.tag.endswith("}path") and what:
                _as_rectangle(element)
        for element in group.iter():
            self._dress(element)

    def _dress(self, element: Tree.Element) -> None:
        """Give an element a class for its look, and its numbers one decimal."""
        element.attrib.pop("{http://www.w3.org/XML/1998/namespace}space", None)
        look = tuple((name, element.attrib.pop(name)) for name in _LOOK if name in element.attrib)
        if look:
            element.set("class", self._classes.setdefault(look, f"s{len(self._classes)}"))
        for name in ("d", "points", "x", "y"):
            if name in element.attrib:
                element.set(
                    name, _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), element.attrib[name])
                )


def _as_rectangle(path: Tree.Element) -> None:
    """Write a rectangle with round corners as one, which takes a fifth of the room of its path."""
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib.pop("d"))]
    xs, ys = numbers[::2], numbers[1::2]
    left, top = min(xs), min(ys)
    path.tag = f"{{{_SVG}}}rect"
    corner = min(x - left for x in xs if x - left > 0.01) * 2
    sizes = {"x": left, "y": top, "width": max(xs) - left, "height": max(ys) - top, "rx": corner}
    for name, size in sizes.items():
        path.set(name, f"{size:.1f}".removesuffix(".0"))


def _declared(look: tuple[tuple[str, str], ...]) -> str:
    """The look of elements as declarations of a style sheet."""
    said = []
    for name, value in look:
        if name == "font-family":
            said.append(f"font-family:var(--{'mono' if value.startswith('Courier') else 'sans'})")
        elif name == "font-size":
            said.append(f"font-size:{float(value):g}px")
        else:
            said.append(f"{name}:{_VARIABLES.get(value.lower(), value)}")
    return ";".join(said)


def _slug(role: str) -> str:
    return role.replace(" ", "-").replace("_", "-")


_VARIABLES = {colour.lower(): f"var(--{_slug(role)})" for role, colour in LIGHT.roles().items()}
"""The variables of the page by the light colours; two roles with the same one have the same dark one too."""


def colours(theme: Theme) -> str:
    """The colours of a theme as variables: `--convolution-fill:#E0F0FE`."""
    return ";".join(f"--{_slug(role)}:{colour}" for role, colour in theme.roles().items())


LIGHT_COLOURS, DARK_COLOURS = colours(LIGHT), colours(DARK)
