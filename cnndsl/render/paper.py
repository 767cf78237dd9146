"""A picture for print: as wide as there is room on the page, or cut into rows, with text that can be read there."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from cnndsl.render import RenderWarning

LEAST = 6.0
"""The smallest text that can be read in print, in points."""
PIXEL = 0.75
"""Points to a pixel."""
_UNITS = {"cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pt": 1.0, "px": PIXEL}
"""Points to a unit of length."""
_LENGTH = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})")
_ROOT = re.compile(r"<svg\b[^>]*>")


_FEWER = "show fewer boxes (a smaller depth, such as --depth 0), or "


def points(length: str) -> float:
    """A length such as `17cm`, in points. Raises ValueError where it is none."""
    found = _LENGTH.fullmatch(length.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"takes a number with its unit, {', '.join(_UNITS)}, as in 17cm, and not {length!r}")
    return float(found[1]) * _UNITS[found[2]]


def smallest(svg: str) -> float:
    """The size of the smallest text, in units of the picture."""
    return min((float(size) for size in re.findall(r'font-size="([\d.]+)', svg)), default=LEAST)


def scaled(extent: float, width: str | None, unit: float, letters: float, instead: str = _FEWER) -> float:
    """The points to a unit of a picture that is so many units wide, and by itself has `unit` points to one.

    letters: the size of the smallest ones. instead: what else could be done. Warns with RenderWarning
    where they get too small.
    """
    if width is None:
        return unit
    scale = min(unit, points(width) / extent)
    text = letters * scale
    if text < LEAST - 0.05:
        message = (
            f"{width} wide, the smallest text is {text:.1f} pt high, and in print {LEAST:g} pt are needed: "
            f"{instead}give the picture more room"
        )
        warnings.warn(message, RenderWarning, stacklevel=3)
    return scale


def fit(svg: str, width: str, unit: float, instead: str = _FEWER) -> str:
    """The picture with its size on paper: no wider than `width`, a length such as `17cm`, and never enlarged.

    unit: the points that a unit of the picture has by itself. Warns with RenderWarning where text gets too small.
    """
    root = _ROOT.search(svg)
    box = re.search(r'viewBox="0(?:\.0+)? 0(?:\.0+)? ([\d.]+) ([\d.]+)"', root[0]) if root else None
    assert root is not None and box is not None  # noqa: S101, PT018 - our own pictures have both
    scale = scaled(float(box[1]), width, unit, smallest(svg), instead)
    name = width.strip().lstrip("0123456789. ")
    wide, high = (f"{float(side) * scale / _UNITS[name]:.2f}{name}" for side in box.groups())
    bare = re.sub(r'\s(?:width|height)="[^"]*"', "", root[0])
    return svg[: root.start()] + bare.replace("<svg", f'<svg width="{wide}" height="{high}"', 1) + svg[root.end() :]


class Piece(NamedTuple):
    """What stands between two places where a picture may be cut: where it begins and ends along the page."""

    start: float
    end: float


def rows(pieces: Sequence[Piece], room: float) -> list[int]:
    """The pieces with which rows begin, the first excepted: as few rows as there must be, about equally wide.

    Where a piece is wider than the room, the rows are as wide as that.
    """
    room = max(room, *(piece.end - piece.start for piece in pieces))
    count = len(_fill(pieces, room))
    least, most = 0.0, room
    while most - least > 1.0:
        middle = (least + most) / 2
        least, most = (least, middle) if len(_fill(pieces, middle)) <= count else (middle, most)
    return _fill(pieces, most)


def _fill(pieces: Sequence[Piece], room: float) -> list[int]:
    begins: list[int] = []
    start = pieces[0].start
    for at, piece in enumerate(pieces[1:], 1):
        if piece.end - start > room:
            begins.append(at)
            start = piece.start
    return begins
