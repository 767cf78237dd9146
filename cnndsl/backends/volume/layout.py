"""Scene -> places on paper: volumes in columns and rows, labels below them, arcs above them.

The longest way through the network is the row in the middle; what runs beside it has rows of its own.  A value
that goes around is an arc above its row.  A network that goes down to small maps and up again, with values across,
has a row for each size.
"""

from __future__ import annotations

from collections import defaultdict

from cnndsl.backends.diagram.markup import BOLD, MONO
from cnndsl.backends.diagram.metrics import shorten, text_width
from cnndsl.backends.diagram.paths import mark
from cnndsl.backends.diagram.picture import Arrow, Picture
from cnndsl.backends.diagram.picture import Box as Node
from cnndsl.backends.diagram.sizes import Fitting, size_text
from cnndsl.backends.volume import valley
from cnndsl.backends.volume.across import place_across
from cnndsl.backends.volume.down import place_down
from cnndsl.backends.volume.places import RADIUS, SLACK, SMALL, TITLE, Label, Layout, Placed, Route
from cnndsl.backends.volume.project import Body, Scale
from cnndsl.backends.volume.rows import give_rows
from cnndsl.backends.volume.scene import Link, Scene, Volume

_WIDEST, _WIDEST_NAME = 136.0, 116.0
"""The most room for a title and for a name."""


def lay_out(scene: Scene) -> Layout:
    """Give everything in a scene its place."""
    scale = Scale.of(scene)
    placed = [Placed(volume, _body(volume, scale), _label(volume, scene.fitting)) for volume in scene.volumes]
    arrows, lanes = _follow(scene)
    _give_columns(placed, scene.links)
    routes = [
        Route(placed[link.tail], placed[link.head], arrow.skip) for link, arrow in zip(scene.links, arrows, strict=True)
    ]
    layout = Layout(placed, routes)
    floors = valley.floors(scene.volumes, arrows)
    if floors:
        valley.place(layout, floors)
    else:
        give_rows(placed, scene.links, arrows, lanes)
        place_across(layout)
        place_down(layout)
    return layout


def _body(volume: Volume, scale: Scale) -> Body:
    return Body(2 * RADIUS, 2 * RADIUS, 0, 2 * RADIUS) if volume.sign else scale.body(volume)


def _label(volume: Volume, fitting: Fitting) -> Label | None:
    if volume.sign:
        return None
    times = f" × {volume.count}" if volume.count > 1 else ""
    room = _WIDEST / SLACK
    title = f"{volume.title}{times}"
    if text_width(title, TITLE, BOLD) > room:
        title = f"{volume.plain_title}{times}"
    return Label(
        shorten(title, room, TITLE, BOLD),
        _name(volume),
        shorten(size_text(volume.shape, fitting), room, SMALL, MONO),
    )


def _name(volume: Volume) -> str:
    """The name as far as there is room; of several, the end of the last or the first alone may have to do, and of one
    that is an output too, which output it is.
    """
    room = _WIDEST_NAME / SLACK
    if volume.output and text_width(volume.name, SMALL) > room:
        return shorten(volume.output, room, SMALL)
    first, several, last = volume.name.partition(" … ")
    if several and text_width(volume.name, SMALL) > room:
        home, dot, end = last.rpartition(".")
        brief = f"{first} … {end}"
        if first.startswith(f"{home}{dot}") and text_width(brief, SMALL) <= room:
            return brief
        return f"{shorten(first, room - text_width(several, SMALL), SMALL)} …"
    return shorten(volume.name, room, SMALL)


def _follow(scene: Scene) -> tuple[list[Arrow], list[int]]:
    """Which links go around, and which volumes stand in one line, as in a diagram."""
    nodes = [Node("", v.kind, v.title, "", "", "", (), v.origin) for v in scene.volumes]
    arrows = [Arrow(link.tail, link.head, "") for link in scene.links]
    mark(Picture(scene.name, "", list(nodes), nodes, arrows))
    return arrows, [node.lane for node in nodes]


def _give_columns(placed: list[Placed], links: list[Link]) -> None:
    """One after all that it reads; what reads nothing, such as a second input, just before what reads it."""
    after: dict[int, list[int]] = defaultdict(list)
    fed = set()
    for link in links:  # in the order of their heads
        head, tail = placed[link.head], placed[link.tail]
        head.column = max(head.column, tail.column + 1)
        after[link.tail].append(link.head)
        fed.add(link.head)
    for at, item in enumerate(placed):
        if at not in fed and after[at]:
            item.column = max(min(placed[head].column for head in after[at]) - 1, 0)
