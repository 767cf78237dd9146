"""Source text, and places in it.

In: the text of a `.cnn` file and the name to show for it.
Out: `Span`s, which every tree node and diagnostic carries, and their line and column.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from pathlib import PurePosixPath, PureWindowsPath
from typing import NamedTuple

from cnndsl.frozen import frozen

PACKAGED = "cnndsl:"
"""How the path of a file begins that comes with cnndsl."""


class Position(NamedTuple):
    """A place in a text; both numbers count from 1, columns in characters."""

    line: int
    column: int


@frozen(eq=False)
class Source:
    """One text with the name under which messages speak of it.

    The lines of `text` end with LF, also where they ended with CRLF; `line_end` is what ended the first of them, and
    `ended` gives it back. `short` is the name for what is made of the text: without the folders around the file that
    was named by the user, so that these leave no trace. Without one it is the last part of `name`.
    """

    name: str
    text: str
    short: str = ""
    line_end: str = ""
    _line_starts: list[int] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.short:
            object.__setattr__(self, "short", PureWindowsPath(PurePosixPath(self.name).name).name or self.name)
        if not self.line_end:
            first = self.text.find("\n")
            object.__setattr__(self, "line_end", "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n")
        if "\r\n" in self.text:
            object.__setattr__(self, "text", self.text.replace("\r\n", "\n"))
        starts = self._line_starts
        starts.append(0)
        at = self.text.find("\n")
        while at != -1:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)

    def beside(self, path: str, text: str) -> Source:
        """The source of a file that is imported, known by this path from the folder of this one."""
        if path.startswith(PACKAGED):
            return Source(path, text, short=path)
        # The folders around this file: as the user wrote them, and as they are told in what is made of the text.
        own = PurePosixPath(self.short).name
        return Source(f"{self.name.removesuffix(own)}{path}", text, f"{self.short.removesuffix(own)}{path}")

    def path_of(self, short: str) -> PurePosixPath:
        """The path of a file that is imported, from the folder of this one; `short` is as `beside` gives it."""
        return PurePosixPath(short.removeprefix(self.short.removesuffix(PurePosixPath(self.short).name)))

    def position(self, offset: int) -> Position:
        """The line and column of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def positions(self, start: int, end: int) -> tuple[int, int, int, int]:
        """The lines and columns of two offsets, one after the other."""
        starts = self._line_starts
        line = bisect_right(starts, start)
        last = line if line == len(starts) or end < starts[line] else bisect_right(starts, end, line)
        return line, start - starts[line - 1] + 1, last, end - starts[last - 1] + 1

    def offset(self, line: int, column: int = 1) -> int:
        """The character offset of a line and column."""
        return self._line_starts[line - 1] + column - 1

    def line(self, number: int) -> str:
        """The text of line `number`, without its line end."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end == -1 else end].rstrip("\r")

    def ended(self, text: str) -> str:
        """Another text, its lines ended as those of this one were."""
        return text if self.line_end == "\n" else text.replace("\n", self.line_end)

    @property
    def line_count(self) -> int:
        """How many lines the text has; an empty text has one."""
        return len(self._line_starts)


@frozen()
class Span:
    """The characters `start` to `end` (exclusive) of a source."""

    source: Source
    start: int
    end: int

    @property
    def position(self) -> Position:
        """Where the span begins."""
        return self.source.position(self.start)

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]

    def holds(self, part: Span) -> bool:
        """Whether a span lies in this one."""
        return self.source == part.source and self.start <= part.start and part.end <= self.end

    def touches(self, offset: int) -> bool:
        """Whether a place is in the span or at its end."""
        return self.start <= offset <= self.end

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of the other."""
        return Span(self.source, self.start, max(self.end, other.end))
