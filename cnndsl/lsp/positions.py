"""Places of a text -> the protocol's, lines and characters from 0 in the units that an editor counts in, and back."""

from __future__ import annotations

from collections.abc import Callable

from lsprotocol import types

from cnndsl.frozen import frozen
from cnndsl.source import Source, Span

_UNITS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text) + sum(char > "\uffff" for char in text),
    "utf-32": len,
}


@frozen()
class Positions:
    """Places of a text for an editor that counts characters in an encoding."""

    source: Source
    encoding: str = "utf-16"

    def offset(self, position: types.Position) -> int:
        """The character of the text that stands at a position; of one behind the end of a line, that end."""
        if position.line >= self.source.line_count:
            return len(self.source.text)
        line = self.source.line(position.line + 1)
        start = self.source.offset(position.line + 1)
        if line.isascii():
            character: int = position.character
            return start + min(character, len(line))
        units: Callable[[str], int] = _UNITS[self.encoding]
        reached = 0
        for at, char in enumerate(line):
            if reached >= position.character:
                return start + at
            reached += units(char)
        return start + len(line)

    def position(self, offset: int) -> types.Position:
        """The position of a character; of one behind the end of the text, that end."""
        offset = min(offset, len(self.source.text))
        line, column = self.source.position(offset)
        before = self.source.text[offset - column + 1 : offset]
        return types.Position(line - 1, column - 1 if before.isascii() else _UNITS[self.encoding](before))

    def range(self, span: Span) -> types.Range:
        """The range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def length(self, span: Span) -> int:
        """How many units a span has."""
        return _UNITS[self.encoding](span.text)
