"""Sizes of letters, and pieces of text with the room that they need."""

from __future__ import annotations

from cnndsl.backends.diagram.markup import MONO, cell, run
from cnndsl.backends.diagram.metrics import text_width

SMALL, MIDDLE, LARGE, HUGE = 10, 11, 12, 16
"""The sizes of letters in points."""
_SLACK = 1.1  # for viewers whose font is wider than Helvetica
_MONO_SLACK = 1.03  # hardly any font of equal widths is wider than Courier


def room(text: str, points: int, face: str = "") -> int:
    """The width in points that a text may take in any viewer."""
    return round(text_width(text, points, face) * (_MONO_SLACK if face == MONO else _SLACK))


def natural(width: int) -> float:
    """How wide a text may be in Helvetica, to take no more room than this."""
    return (width + 0.5) / _SLACK


def filled(text: str, points: int, colour: str, face: str = "", align: str = "LEFT") -> str:
    """A cell with a run of text, as wide as the text will be by our own count.

    Not every renderer knows how wide a character outside Latin is.
    """
    return cell(run(text, points, colour, face), align=align, width=room(text, points, face) + 2)
