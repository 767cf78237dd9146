"""What stands below the picture: the kinds of layers, and the scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cnndsl.backends.diagram.legend import DASHED as DASHED_KINDS
from cnndsl.backends.diagram.legend import KINDS
from cnndsl.backends.diagram.metrics import text_width
from cnndsl.backends.volume.paper import DASHED, DOTTED, number, polygon, words, wrap
from cnndsl.backends.volume.places import LINE, SLACK, SMALL, Layout
from cnndsl.backends.volume.project import Box
from cnndsl.backends.volume.scene import Scene
from cnndsl.backends.volume.shades import shade
from cnndsl.theme import Theme

_ROW = 18.0
_SAMPLE = 26.0
_GAP = 18.0


class _Entry(NamedTuple):
    sample: str
    word: str

    @property
    def width(self) -> float:
        return text_width(self.word, SMALL) * SLACK + _SAMPLE + _GAP


def legend(scene: Scene, layout: Layout, theme: Theme, left: float, room: float) -> tuple[list[str], float]:
    """The lines of SVG from a height of 0 down, and the height; `left` is where they begin, `room` their width."""
    lines: list[str] = []
    x, y = left, 0.0
    for entry in _entries(scene, layout, theme):
        if x > left and x + entry.width > left + room:
            x, y = left, y + _ROW
        lines.append(f'<g transform="translate({number(x)} {number(y)})">{entry.sample}</g>')
        lines.append(words(entry.word, x + _SAMPLE, y, SMALL, theme.text))
        x += entry.width
    y += _ROW
    for line in wrap(_note(scene), room / SLACK, SMALL):
        lines.append(words(line, left, y, SMALL, theme.quiet))
        y += LINE
    return lines, y


def _entries(scene: Scene, layout: Layout, theme: Theme) -> Iterator[_Entry]:
    own = {volume.kind for volume in scene.volumes}
    stripes = {band.kind for volume in scene.volumes for band in volume.bands}
    for kind in KINDS:
        if kind in own:
            yield _Entry(_box(theme, kind), kind)
        elif kind in stripes:
            colours = shade(theme, kind)
            look = f'fill="{colours.front}" stroke="{colours.line}" stroke-width="0.8"'
            look += DASHED if kind in DASHED_KINDS else ""
            yield _Entry(f'<rect x="7" y="-9" width="5" height="11" {look}/>', kind)
    if any(route.skip for route in layout.routes) or any(any(volume.hops) for volume in scene.volumes):
        dashed = f'stroke="{theme.skip}" stroke-width="1.4" stroke-dasharray="5 3"'
        yield _Entry(f'<path d="M0 -3H20" {dashed}/>', "skip")
    if any(volume.training for volume in scene.volumes):
        look = f'fill="none" stroke="{theme.flow}"{DOTTED}'
        yield _Entry(f'<rect x="2" y="-8" width="16" height="9" {look}/>', "in training only")


def _box(theme: Theme, kind: str) -> str:
    colours, box = shade(theme, kind), Box(1, -3.5, 9, 9, 12)
    edge = f' stroke="{colours.line}" stroke-width="0.8" stroke-linejoin="round"'
    faces = ((box.side(), colours.side), (box.top(), colours.top), (box.front(), colours.front))
    return "".join(polygon(points, fill, edge) for points, fill in faces)


def _note(scene: Scene) -> str:
    """The scale in words, so that nobody measures."""
    ranks = {len(volume.shape) for volume in scene.volumes}
    said = []
    if any(rank > 1 for rank in ranks):
        said.append("a side is drawn as the square root of its size, a thickness as the logarithm of the channels")
    if 2 in ranks and max(ranks) > 2:
        said.append("signals on a scale of their own")
    if 1 in ranks:
        said.append("a column as the logarithm of its features")
    depth = " Lines across a volume show its depth." if any(rank > 3 for rank in ranks) else ""
    return f"Not to scale: {', '.join(said)}.{depth}"
