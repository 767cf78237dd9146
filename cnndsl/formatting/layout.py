"""Lines: where they begin, how far in they stand, and what is on them.

A body stays on one line if it was written on one; otherwise each of its lines gets its own. Within a
statement lines break where the writer broke them. What goes on with an arrow stands four columns further in
than the line on which the chain begins, what stands in brackets four further than the line that opened them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from cnndsl.formatting.pieces import Piece
from cnndsl.formatting.spacing import Bracket, bracket, has_space, is_sign
from cnndsl.syntax.words import END

STEP = 4
_DECLARING = ("NAME", "NETWORK")
_CONTINUING = ("_ARROW", "_ELSE")


@dataclass(slots=True)
class Line:
    """One line: `text` stands `indent` columns from the left; a comment, if any, after it.

    declares: for a whole statement `name = value` or `network name = value` the kind of its first word.
    equals: how many characters of the text are before its ` =`.
    """

    indent: int = 0
    text: str = ""
    comment: str = ""
    declares: str = ""
    equals: int = 0


@dataclass(slots=True)
class _Inside:
    """What is known inside of brackets, or of the file outside of all brackets.

    is_broken: for a body, whether each of its lines gets its own.
    indent: of lines inside. closing: of a line that begins with the closing bracket.
    item: of the line on which the statement, argument or element begins that is being written.
    first: the kind of word with which the statement begins.
    """

    kind: Bracket | None
    has_statements: bool
    is_broken: bool
    indent: int
    closing: int
    item: int
    first: str = ""


def lines_of(pieces: Sequence[Piece]) -> list[Line]:
    """The lines of a text."""
    layout = _Layout(_broken_bodies(pieces))
    for at, piece in enumerate(pieces):
        if piece.kind == "COMMA" and pieces[at + 1].closes and not pieces[at + 1].broken:
            continue  # it says that another line comes, and none does
        layout.add(at, piece)
    return layout.lines


def _broken_bodies(pieces: Sequence[Piece]) -> set[int]:
    """Which pieces open a body with a line break somewhere in it."""
    breaks = list(accumulate(piece.broken for piece in pieces))
    opened: list[int] = []
    broken = set()
    for at, piece in enumerate(pieces):
        if piece.opens:
            opened.append(at)
        elif piece.closes:
            start = opened.pop()
            if piece.kind == "RBRACE" and breaks[at] > breaks[start]:
                broken.add(start)
    return broken


class _Layout:
    """Puts one piece after the other on lines."""

    def __init__(self, broken_bodies: set[int]) -> None:
        self.lines: list[Line] = []
        self._broken_bodies = broken_bodies
        self._open = [_Inside(None, has_statements=True, is_broken=True, indent=0, closing=0, item=0)]
        self._earlier: Piece | None = None
        self._before: Piece | None = None
        """The last two pieces, this the nearer, as far as they belong to the same statement."""
        self._last: Piece | None = None
        """The last piece, of whatever statement."""
        self._is_sign = False
        """Whether that is a sign."""

    def add(self, at: int, piece: Piece) -> None:
        """Write the next piece, which has this index."""
        inside, last = self._open[-1], self._last
        begins = inside.has_statements and not piece.closes and (last is None or last.opens or piece.begins)
        if begins:
            self._earlier = self._before = None
        if piece.kind == END:
            self._break(inside, piece, begins=begins)
            return
        opens = bracket(self._earlier, self._before, piece) if piece.opens else None
        if last is None or self._has_own_line(inside, piece, begins=begins):
            self._break(inside, piece, begins=begins)
        elif begins and not last.opens:
            self._write("; ")
        elif not self._is_sign and has_space(last, piece, inside=inside.kind, opens=opens):
            self._write(" ")
        self._note(inside, piece, begins=begins)
        self._write(piece.text)
        if opens is not None:
            is_body, indent = opens is Bracket.BODY, self.lines[-1].indent
            self._open.append(_Inside(opens, is_body, at in self._broken_bodies, indent + STEP, indent, indent))
        elif piece.closes:
            self._open.pop()
        self._is_sign = is_sign(self._before, piece)
        self._earlier, self._before, self._last = self._before, piece, piece

    def _has_own_line(self, inside: _Inside, piece: Piece, *, begins: bool) -> bool:
        if begins or piece.kind == "RBRACE":
            return inside.is_broken
        return piece.broken

    def _break(self, inside: _Inside, piece: Piece, *, begins: bool) -> None:
        """Write the comments before a piece, and begin its line."""
        last = self._last
        is_first = last is None or last.opens
        ends = inside.has_statements and (piece.closes or piece.kind == END or (begins and not is_first))
        if self.lines and not ends:
            self.lines[-1].declares = ""  # the statement goes on
        may_be_apart = begins or piece.closes or (last is not None and last.kind == "COMMA")
        indent = self._indent(inside, piece, begins=begins)
        for comment in piece.comments:
            if comment.trails:
                self.lines[-1].comment = comment.text
                continue
            if comment.blank and may_be_apart and not is_first:
                self.lines.append(Line())
            self.lines.append(Line(inside.indent if piece.closes else indent, comment=comment.text))
            is_first = False
        if piece.kind == END:
            return
        if piece.blank and may_be_apart and not is_first and not piece.closes:
            self.lines.append(Line())
        self.lines.append(Line(indent))

    def _indent(self, inside: _Inside, piece: Piece, *, begins: bool) -> int:
        """How far in the line stands that a piece begins."""
        if piece.closes:
            return inside.closing
        if begins:
            return inside.indent
        if piece.kind == "_ELSE" and self._last is not None and self._last.kind == "RBRACE":
            return self.lines[-1].indent
        if piece.kind in _CONTINUING:
            return inside.item + STEP
        return inside.indent

    def _note(self, inside: _Inside, piece: Piece, *, begins: bool) -> None:
        """Remember of a piece that is about to be written what later ones depend on."""
        line, last = self.lines[-1], self._last
        if begins:
            inside.first = piece.kind
        if begins or last is None or last.opens or last.kind == "COMMA":
            inside.item = line.indent
        if piece.kind == "EQUAL" and inside.has_statements and inside.is_broken and inside.first in _DECLARING:
            line.declares, line.equals = inside.first, len(line.text) - 1

    def _write(self, text: str) -> None:
        self.lines[-1].text += text
