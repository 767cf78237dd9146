"""Pieces of SVG: polygons, texts and lines, with short numbers and safe words."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from cnndsl.backends.diagram.markup import BOLD, MONO, SANS, printable
from cnndsl.backends.diagram.metrics import text_width
from cnndsl.backends.volume.project import Point

FONT = "Helvetica,Arial,'Liberation Sans','Nimbus Sans',sans-serif"
_MONO_FONT = "Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"

DASHED, DOTTED = ' stroke-dasharray="3 2"', ' stroke-dasharray="1 2"'
"""The borders of what is not there in evaluation, as in a diagram: dashed for dropout, dotted for training only."""


def number(value: float) -> str:
    """A number with at most a tenth, and no sign on zero."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def safe(text: str) -> str:
    """Any text as the content of an element or of an attribute."""
    return escape(printable(text))


def polygon(points: Iterable[Point], fill: str, more: str = "") -> str:
    """A face; `more` are further attributes."""
    corners = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f'<polygon points="{corners}" fill="{fill}"{more}/>'


def path(points: Iterable[Point]) -> str:
    """The data of a path along these points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def words(text: str, x: float, y: float, points: float, colour: str, face: str = SANS, anchor: str = "") -> str:
    """A line of text in one of the faces of `markup`; nothing for a text without a visible character."""
    look = f' font-family="{_MONO_FONT}"' if face == MONO else ' font-weight="bold"' if face == BOLD else ""
    look += f' text-anchor="{anchor}"' if anchor else ""
    shown = safe(" ".join(text.split()))
    place = f'x="{number(x)}" y="{number(y)}" font-size="{number(points)}"'
    return f'<text {place} fill="{colour}"{look}>{shown}</text>' if shown else ""


def wrap(text: str, room: float, points: float) -> list[str]:
    """The text in lines of at most this width."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, points) > room and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
