"""How wide a text will be, without a font engine.

The widths are Adobe's for Helvetica and Helvetica-Bold, in thousandths of the point size; every
renderer lays text out with these or with a font made to the same widths.  Characters outside ASCII
count as an average letter, East Asian ones and symbols from U+2E80 on as a full square: a guess, but
the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from cnndsl.backends.diagram.markup import AT_THE_RIGHT, BOLD, MONO, SANS

_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 "
    "556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 "
    "1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 "
    "667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 "
    "333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 "
    "556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 "
    "556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 "
    "975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 "
    "667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 "
    "333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 "
    "611 611 389 556 333 611 556 778 556 556 500 389 280 389 584"
)
_BREAK = re.compile("(?<=[,→]) ")
_MONO = 600
_AVERAGE, _SQUARE = 556, 1000
_WIDE = "\u2e80"
_SYMBOLS = {"×": 584, "·": 278, "…": 1000, "→": 1000, "−": 584}


def _table(widths: str) -> dict[str, int]:
    return {chr(32 + i): int(width) for i, width in enumerate(widths.split())} | _SYMBOLS


_SANS_TABLE = _table(_REGULAR)
_TABLES = {
    SANS: _SANS_TABLE,
    AT_THE_RIGHT: _SANS_TABLE,
    BOLD: _table(_BOLD),
    MONO: {},
}


def text_width(text: str, points: float, face: str = "") -> float:
    """The width in points of a text set in one of the faces of `markup`, Helvetica if none is named."""
    table, other = _TABLES[face or SANS], _MONO if face == MONO else _AVERAGE
    widths = (table.get(c, other) if c < _WIDE else _SQUARE for c in text)
    return sum(widths) * points / 1000


def shorten(text: str, limit: float, points: float, face: str = "") -> str:
    """The text, cut in the middle where it is wider than `limit` points: both ends of a path tell it apart.

    Of a range, `stage.3.1 … stage.3.5`, what the names begin with is left out: `stage.3.1 … 5`, `….1 … 5`.
    """
    if text_width(text, points, face) <= limit:
        return text
    for shorter in _ranges(text):
        if text_width(shorter, points, face) <= limit:
            return shorter
    room = limit - text_width("…", points, face)
    head, tail = 0, len(text)
    while head < tail:
        # Grow the end first, then the beginning, so that they stay about equally long.
        at_end = len(text) - tail <= head
        room -= text_width(text[tail - 1] if at_end else text[head], points, face)
        if room < 0:
            break
        head, tail = (head, tail - 1) if at_end else (head + 1, tail)
    return f"{text[:head]}…{text[tail:]}"


def _ranges(text: str) -> Iterator[str]:
    """A range of names with less and less of what the names begin with; nothing for another text."""
    first, between, last = text.partition(" … ")
    if not between:
        return
    parts, ends = first.split("."), last.split(".")
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(parts[:-1], ends[:-1], strict=False)))
    end = ".".join(ends[common:])
    yield f"{first} … {end}"
    yield from (f"….{'.'.join(parts[at:])} … {end}" for at in range(1, len(parts)))


def begin(text: str, limit: float, points: float, face: str = "") -> str:
    """The text, cut at its end where it is wider than `limit` points: of a list, the first items matter most."""
    if text_width(text, points, face) <= limit:
        return text
    room = limit - text_width("…", points, face)
    for end, character in enumerate(text):
        room -= text_width(character, points, face)
        if room < 0:
            return f"{text[:end].rstrip(', ')}…"
    return text


def broken(text: str, limit: float, points: float, most: int) -> list[str]:
    """The text in at most `most` lines, each at most `limit` points wide where that is possible.

    It breaks after a comma or an arrow; what has no such place, or comes after the last line, is cut by `begin`.
    """
    lines: list[str] = []
    for piece in filter(None, _BREAK.split(text)):
        longer = f"{lines[-1]} {piece}" if lines else piece
        if lines and (text_width(longer, points) <= limit or len(lines) == most):
            lines[-1] = longer
        else:
            lines.append(piece)
    return [begin(line, limit, points) for line in lines]
