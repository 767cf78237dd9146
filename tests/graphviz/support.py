"""Programs and pictures for the tests of diagrams, and an SVG read back as boxes, words and lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as Tree

from cnndsl.backends.graphviz.build import build
from cnndsl.backends.graphviz.labels import BOLD, MONO, text_width
from cnndsl.backends.graphviz.paths import mark
from cnndsl.backends.graphviz.picture import Arrow, Picture
from cnndsl.compiler import compile_source
from cnndsl.ir.program import Program
from cnndsl.source import Source

CASES = sorted((Path(__file__).parent / "cases").glob("*.cnn"))
WIDER, MONO_WIDER = 1.1, 1.03
Point = tuple[float, float]
SVG = "{http://www.w3.org/2000/svg}"


def program_of(text: str, name: str = "net.cnn") -> Program:
    compilation = compile_source(Source(name, text))
    assert compilation.program is not None, [d.message for d in compilation.diagnostics]
    return compilation.program


def case(name: str) -> Program:
    path = Path(__file__).parent / "cases" / f"{name}.cnn"
    return program_of(path.read_text(encoding="utf-8"), path.name)


def picture_of(program: Program, depth: int | None = None, expand: tuple[str, ...] = ()) -> Picture:
    picture = build(program, program.network(), depth, expand)
    mark(picture)
    return picture


def ends(picture: Picture, arrows: list[Arrow]) -> set[tuple[str, str]]:
    """The paths of the boxes at both ends."""
    return {(picture.boxes[arrow.tail].path, picture.boxes[arrow.head].path) for arrow in arrows}


class Box(NamedTuple):
    """A rectangle, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def touches(self, x: float, y: float) -> bool:
        """Whether a point is on the box or at its border."""
        return self.left - 1 <= x <= self.right + 1 and self.top - 1 <= y <= self.bottom + 1

    def holds(self, other: Box, slack: float = 0.0) -> bool:
        return (
            self.left - slack <= other.left
            and self.top - slack <= other.top
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True)
class Drawn:
    """One node, edge or cluster of an SVG: its tooltip, its outline, its words with their places, its lines."""

    kind: str
    tip: str
    outline: Box | None
    words: list[tuple[str, Box]]
    line: list[tuple[float, float]]

    def crosses(self, other: Drawn) -> bool:
        """Whether two lines have a point in common within both."""
        if not _around(self.line).meets(_around(other.line)):
            return False
        return any(_cross(*a, *b) for a in pairwise(self.line) for b in pairwise(other.line))


def drawn(svg: bytes) -> list[Drawn]:
    """What an SVG shows."""
    root = Tree.fromstring(svg)  # noqa: S314 - our own
    return [
        _read(group, kind)
        for group in root.iter(f"{SVG}g")
        for kind in (group.get("class", "").split(" ")[0],)
        if kind in ("node", "edge", "cluster")
    ]


def _read(group: Tree.Element, kind: str) -> Drawn:
    words = [(text.text or "", _room(text)) for text in group.iter(f"{SVG}text")]
    outline: Box | None = None
    line: list[tuple[float, float]] = []
    for shape in group.iter():
        if shape.tag == f"{SVG}path":
            points = _points(shape.get("d", ""))
            if kind == "edge":
                line += _along(points)
            else:
                outline = _around(points)
        elif shape.tag == f"{SVG}ellipse":
            cx, cy, rx, ry = (float(shape.get(name, "0")) for name in ("cx", "cy", "rx", "ry"))
            outline = Box(cx - rx, cy - ry, cx + rx, cy + ry)
    return Drawn(kind, group.findtext(f"{SVG}title", ""), outline, words, line)


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the way from a to b crosses that from c to d."""

    def side(one: Point, other: Point, third: Point) -> float:
        return (other[0] - one[0]) * (third[1] - one[1]) - (other[1] - one[1]) * (third[0] - one[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def _around(points: list[tuple[float, float]]) -> Box:
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _along(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points on a path of cubic curves."""
    found = []
    for i in range(0, len(points) - 3, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points[i : i + 4]
        for step in range(33):
            t = step / 32
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
            found.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return found


def _room(text: Tree.Element) -> Box:
    """The place of a text, as high as its small letters, in a font that is a tenth wider than Helvetica."""
    size = float(text.get("font-size", "0"))
    face = MONO if text.get("font-family", "").startswith("Courier") else BOLD if text.get("font-weight") else ""
    width = text_width(text.text or "", size, face) * (MONO_WIDER if face == MONO else WIDER)
    x, y = float(text.get("x", "0")), float(text.get("y", "0"))
    left = x - {"start": 0.0, "middle": width / 2, "end": width}[text.get("text-anchor", "start")]
    return Box(left, y - size / 2, left + width, y)


def boxes(items: list[Drawn], kind: str) -> Iterator[Drawn]:
    return (item for item in items if item.kind == kind)
