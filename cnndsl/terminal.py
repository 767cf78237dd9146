"""Text for a terminal: how much room it takes, made safe to show, and in colours.

Columns are counted as a terminal does: Chinese, Japanese and Korean characters and emoji take two,
combining marks none.  What would move the cursor, reorder the line or show nothing at all is spelled out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Literal

Style = Literal["bold", "dim", "red", "green", "yellow", "blue", "violet", "cyan"]
CODES: dict[Style, int] = {
    "bold": 1,
    "dim": 2,
    "red": 31,
    "green": 32,
    "yellow": 33,
    "blue": 34,
    "violet": 35,
    "cyan": 36,
}

TAB = 4
"""Columns from one tab stop to the next."""

_INVISIBLE = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_NO_ROOM = frozenset(("Mn", "Me"))
_CONTROL_PICTURES = 0x2400
_DELETE, _DELETE_PICTURE = "\x7f", "\u2421"


def visible(char: str) -> str:
    """One character as it may be shown: itself, or for a control or invisible one a picture or `<U+202E>`.

    Right-to-left overrides are spelled out too: they would make a line look like what it is not.
    """
    if " " <= char <= "~":
        return char
    if char < " ":
        return chr(_CONTROL_PICTURES + ord(char))
    if char == _DELETE:
        return _DELETE_PICTURE
    if unicodedata.category(char) in _INVISIBLE:
        return f"<U+{ord(char):04X}>"
    return char


def clean(text: str) -> str:
    """Text with every control and invisible character made visible; line ends become spaces."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if char in "\r\n\t" else visible(char) for char in text)


def width(text: str) -> int:
    """The columns that a text without control characters takes."""
    if text.isascii():
        return len(text)
    return sum(_width(char) for char in text)


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """The text filled up with spaces to `columns`; at its left end with `right`, so that it stands at the right."""
    space = " " * max(0, columns - width(text))
    return space + text if right else text + space


def aligned(rows: Sequence[Sequence[str]], right: Container[int] = ()) -> list[list[str]]:
    """The cells of a table, each column filled up to its widest; those with these numbers stand at the right."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [
        [pad(cell, room, right=at in right) for at, (cell, room) in enumerate(zip(row, widths, strict=True))]
        for row in rows
    ]


_CLOSING, _OPENING = "、。，．・：；？！）」』】〕％ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々", "（「『【〔"
_PIECES = rf"(?:[{_OPENING}]*[\u2e80-\uffef][{_CLOSING}]*|[^\s\u2e80-\uffef]+[{_CLOSING}]*)\s*"
"""Compiled when it is first used, which takes longer than all else in this file."""


def pieces(text: str) -> list[str]:
    """A text in pieces that a line may end after: words with the space behind them, and single wide characters.

    None begins with a mark that may not stand first in a line of Japanese, or ends with one that may not stand last.
    """
    return re.findall(_PIECES, text.strip())


def wrap(text: str, columns: float, measure: Callable[[str], float] = width) -> list[str]:
    """The text in lines of at most so many columns, or of another measure, as far as its words are no longer."""
    lines = [""]
    for piece in pieces(text):
        if lines[-1] and measure((lines[-1] + piece).rstrip()) > columns:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines if line]


def filled(line: str, pieces: Iterable[str], columns: int, indent: int) -> Iterator[str]:
    """A line with pieces behind it, and as many further ones as there must be, which begin at `indent`."""
    for piece in pieces:
        if width(line) + width(piece) > columns and width(line) > indent:
            yield line.rstrip()
            line = " " * indent
        line += f"{piece} "
    yield line.rstrip()


def paint(text: str, *styles: Style, color: bool) -> str:
    """The text in these styles, or as it is where `color` is off or there is nothing to show."""
    if not color or not text or not styles:
        return text
    return f"\x1b[{';'.join(str(CODES[style]) for style in styles)}m{text}\x1b[0m"


def cells(line: str) -> list[tuple[str, int]]:
    """Each character of a line as it is shown, with the columns that it takes there; tabs fill up to their stop."""
    shown: list[tuple[str, int]] = []
    column = 0
    for char in line:
        cell = " " * (TAB - column % TAB) if char == "\t" else visible(char)
        room = width(cell)
        shown.append((cell, room))
        column += room
    return shown


def _width(char: str) -> int:
    if unicodedata.category(char) in _NO_ROOM:
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
