"""The dense layers that a network ends in, as neurons and the lines between them, the way textbooks draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from random import Random

from cnndsl.analysis import costs
from cnndsl.backends import captions
from cnndsl.backends.graphviz.labels import BOLD, SLACK, shorten, text_width
from cnndsl.backends.options import Checked, Colours, Network, Options, Paper, Sizes, model
from cnndsl.backends.volume.svg import cross, number, opened, safe, words
from cnndsl.diagnostics import OptionError
from cnndsl.display import SvgText
from cnndsl.i18n import tr
from cnndsl.ir.interpreter import Application, Frame, applications
from cnndsl.ir.program import Module, Program
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.formula import Shape, show
from cnndsl.render.paper import PIXEL, fit
from cnndsl.symbolic.number import value_of
from cnndsl.theme import DARK, LIGHT, Theme, ThemeName

MOST = 12
"""Up to so many neurons of a layer are all drawn; of more the first and the last."""
_FIRST, _LAST = 6, 5
_RADIUS, _STEP, _APART = 9.0, 27.0, 170.0
_MARGIN, _HEAD, _FOOT = 40.0, 78.0, 70.0
_TITLE, _NAME, _TEXT = 18.0, 12.0, 10.0


@model
class Neurons(Options[str]):
    """The dense layers that a network ends in, as neurons and the lines between them: an SVG."""

    network: Network = None
    _: KW_ONLY
    sizes: Sizes = None
    theme: Colours = "auto"
    width: Paper = None

    def of(self, text: Checked) -> str:
        """SVG text, which depends on the program and the options alone.

        Raises OptionError for a network that ends in no dense layer.
        """
        program, network = text.network(self.network, self.sizes)
        columns = columns_of(program, network)
        if len(columns) < 2:
            message = f"{network.name} ends in no dense layer, and neurons are drawn of these"
            raise OptionError("style", message)
        summary = captions.summary(costs.of(program, network.id))
        drawn = "\n".join(_picture(network.name, summary, columns, self.theme)) + "\n"
        return SvgText(drawn if self.width is None else fit(drawn, self.width, PIXEL, instead=""))


@dataclass
class Column:
    """The neurons of a layer, or what comes into the first one.

    count: how many there are, as it is said. drawn: their numbers, with None where some are left out. is_dense: whether
    each has a line to each of those before. crossed: the places of `drawn` that a dropout has crossed out.
    """

    name: str
    kind: str
    count: str
    drawn: tuple[int | None, ...]
    is_dense: bool = True
    said: list[str] = field(default_factory=list)
    crossed: frozenset[int] = frozenset()


def columns_of(program: Program, network: Module) -> list[Column]:
    """What comes in, and the layers from there to the first output, each as long as its values are plain features."""
    way, is_input = _features(program, network)
    if not any(at.target.group is Group.DENSE for at in way if isinstance(at.target, Layer)):
        return []
    first = way[0].xs[0]
    if len(first) == 1:
        columns = [_column(tr("input" if is_input else "features"), "io", first)]
    else:
        columns = [_column(captions.size_text(first), "io", way[0].ys[0])]
    for at in way:
        layer, y = at.target, at.ys[0]
        assert isinstance(layer, Layer)  # noqa: S101 - as `_features` has looked
        if layer.group is Group.DENSE or show(y) != columns[-1].count:
            columns.append(_column(at.path or layer.word, layer.group.value, y))
            columns[-1].is_dense = layer.group is Group.DENSE
            continue
        about = layer.words(at.xs[0])
        columns[-1].said.append(" ".join(filter(None, (layer.word, about))))
        if layer.group is Group.DROPOUT:
            columns[-1].crossed |= _crossed(columns[-1], getattr(layer, "p", 0.0))
    return columns


def _features(program: Program, network: Module) -> tuple[list[Application], bool]:
    """The layers that lead to the first output, from where on all that they give are lists of features.

    And whether what comes into the first of them is an input of the network.
    """
    found: list[Application] = []
    frame, value = Frame(network), network.outputs[0].value
    outside: list[Application] = []
    while True:
        if value < len(frame.module.inputs):
            if not outside:
                return found[::-1], True
            at = outside.pop()
            frame, value = at.frame, at.step.inputs[value]
            continue
        at = next(at for at in applications(program, frame) if value in at.step.outputs)
        if isinstance(at.target, Module):
            outside.append(at)
            frame, value = at.inside(at.target), at.target.outputs[at.step.outputs.index(value)].value
            continue
        if not isinstance(at.target, Layer) or len(at.step.inputs) != 1 or len(at.ys[0]) != 1:
            return found[::-1], False
        found.append(at)
        if len(at.xs[0]) != 1:
            return found[::-1], False
        value = at.step.inputs[0]


def _column(name: str, kind: str, size: Shape) -> Column:
    count = value_of(size[0])
    many = range(count) if count <= MOST else (*range(_FIRST), None, *range(count - _LAST, count))
    return Column(name, kind, show(size), tuple(many))


def _crossed(column: Column, share: float) -> frozenset[int]:
    """Neurons that a dropout may drop: always the same ones of the same layer."""
    there = [at for at, neuron in enumerate(column.drawn) if neuron is not None]
    return frozenset(Random(column.name).sample(there, round(share * len(there))))  # noqa: S311 - a picture


def _picture(name: str, summary: str, columns: Sequence[Column], theme: ThemeName) -> Iterator[str]:
    colours = DARK if theme == "dark" else LIGHT
    high = max(len(column.drawn) for column in columns) * _STEP
    wide = max(text_width(name, _TITLE, BOLD), text_width(summary, _TEXT)) * SLACK
    width = 2 * _MARGIN + max((len(columns) - 1) * _APART + 60, wide)
    height = _HEAD + high + _FOOT + 12 * max(len(column.said) for column in columns)
    told = ", ".join(f"{column.name}: {column.count}" for column in columns)
    yield from opened("neurons", name, told, width, height, theme)
    yield words(shorten(name, width - 2 * _MARGIN, _TITLE, BOLD), _MARGIN, 34, _TITLE, colours.heading, BOLD)
    yield words(summary, _MARGIN, 50, _TEXT, colours.quiet)
    places = [_MARGIN + 30 + at * _APART for at in range(len(columns))]
    for at in range(1, len(columns)):
        yield from _lines(columns[at - 1], columns[at], places[at - 1], places[at], high, colours)
    for column, x in zip(columns, places, strict=True):
        yield from _neurons(column, x, high, colours)
    yield "</svg>"


def _heights(column: Column, high: float) -> list[float]:
    top = _HEAD + (high - len(column.drawn) * _STEP) / 2 + _STEP / 2
    return [top + at * _STEP for at in range(len(column.drawn))]


def _lines(before: Column, after: Column, left: float, right: float, high: float, colours: Theme) -> Iterator[str]:
    """From each neuron to each of a dense layer, and to the one beside it where nothing is learned."""
    found = []
    for at, (y, neuron) in enumerate(zip(_heights(before, high), before.drawn, strict=True)):
        for to, (end, other) in enumerate(zip(_heights(after, high), after.drawn, strict=True)):
            is_there = neuron is not None and other is not None and at not in before.crossed and to not in after.crossed
            if not is_there or not (after.is_dense or at == to):
                continue
            found.append(f"M{number(left + _RADIUS)} {number(y)}L{number(right - _RADIUS)} {number(end)}")
    yield f'<path d="{"".join(found)}" fill="none" stroke="{colours.cluster_line}" stroke-width="0.6"/>'


def _neurons(column: Column, x: float, high: float, colours: Theme) -> Iterator[str]:
    tint = colours.tints["merge" if column.kind == "io" else column.kind]
    for at, (y, neuron) in enumerate(zip(_heights(column, high), column.drawn, strict=True)):
        if neuron is None:
            for dot in (-6, 0, 6):
                yield f'<circle cx="{number(x)}" cy="{number(y + dot)}" r="1.6" fill="{colours.quiet}"/>'
            continue
        place = f'cx="{number(x)}" cy="{number(y)}" r="{number(_RADIUS)}"'
        yield f'<circle {place} fill="{tint.fill}" stroke="{tint.line}" stroke-width="1.2">'
        yield f"<title>{safe(column.name)} {neuron}</title></circle>"
        if at in column.crossed:
            side = _RADIUS * 1.1
            yield cross(x - side, y - side, 2 * side, 2 * side, colours.heading, 1.6)
    below = _HEAD + high + 16
    room = (_APART - 8) / SLACK
    yield words(shorten(column.name, room, _NAME, BOLD), x, below, _NAME, colours.heading, BOLD, "middle")
    yield words(column.count, x, below + 15, _NAME, colours.size, "", "middle")
    for at, said in enumerate(column.said):
        yield words(shorten(said, room, _TEXT), x, below + 30 + 12 * at, _TEXT, colours.text, "", "middle")
