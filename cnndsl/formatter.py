"""A text -> the same in the one layout: `cnndsl fmt`.

In: a text.  Out: the same text in the one layout, proved to say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import accumulate, groupby, pairwise
from typing import Any

from cnndsl.diagnostics import Diagnostic, has_errors
from cnndsl.source import Source
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import CLOSED_BY, END, OPENED_BY, Word, words
from cnndsl.syntax.parser import LONGEST, parse
from cnndsl.terminal import pad, width

_MATTERS = re.compile(r"#[^\n]*|\n")
_BLANKS = " \t\r\f\v"


@dataclass(slots=True)
class Comment:
    """A comment as it was written, without blanks at its end."""

    text: str
    trails: bool
    """Whether a word stands before it on its line."""
    blank: bool
    """Whether there is an empty line before it."""


@dataclass(slots=True)
class Piece:
    """A word and what is before it.

    kind: the name of the word in the grammar; `END` for the end of the text.
    gap: the characters between the word before and this one.
    begins: whether a line end or `;` is among them that ends a statement, if that is where it stands.
    opens, closes: whether it is an opening or a closing bracket.
    """

    kind: str
    text: str
    gap: str
    begins: bool
    opens: bool
    closes: bool
    comments: list[Comment] = field(default_factory=list)
    broken: bool = False
    """Whether it stands on another line than the word before."""
    blank: bool = False
    """Whether there is an empty line before it, after the comments if there are any."""


def pieces_of(source: Source, words: Iterable[Word]) -> list[Piece]:
    """The pieces of a text without errors, the end of it included; `words` are all its words."""
    pieces = list(_with_gaps(source, words))
    for piece, following in pairwise(pieces):
        if piece.kind == "_ARROW" and "\n" in following.gap:
            piece.gap, following.gap = piece.gap + following.gap, ""
        elif piece.kind == "COMMA" and "\n" in piece.gap:
            piece.gap, following.gap = "", piece.gap + following.gap
    before = None
    for piece in pieces:
        if "\n" in piece.gap or "#" in piece.gap:
            _read_gap(piece, is_first=before is None)
            if before is not None and not piece.comments and _belongs_beside(before, piece):
                piece.broken = False
        before = piece
    return pieces


def comments_of(pieces: Iterable[Piece]) -> list[str]:
    """All comments in the order of the text."""
    return [comment.text for piece in pieces for comment in piece.comments]


def _with_gaps(source: Source, words: Iterable[Word]) -> Iterator[Piece]:
    end, begins = 0, False
    for word in words:
        kind = word.type
        if kind == "_NL":
            begins = True
            continue
        text = "->" if kind == "_ARROW" else str(word)  # line breaks after an arrow belong to it
        yield Piece(kind, text, source.text[end : word.start], begins, kind in CLOSED_BY, kind in OPENED_BY)
        end, begins = word.start + len(text), False
    yield Piece(END, "", source.text[end:], begins, opens=False, closes=False)


def _read_gap(piece: Piece, *, is_first: bool) -> None:
    breaks = 0
    for found in _MATTERS.finditer(piece.gap):
        if found[0] == "\n":
            breaks += 1
            continue
        trails = not breaks and not piece.comments and not is_first
        piece.comments.append(Comment(found[0].rstrip(_BLANKS), trails, breaks > 1))
        breaks = 0
    piece.broken = breaks > 0 or bool(piece.comments)
    piece.blank = breaks > 1


def _belongs_beside(before: Piece, piece: Piece) -> bool:
    return (before.opens and piece.closes) or (before.kind == "RBRACE" and piece.kind == "_ELSE")


_OPERANDS = frozenset(
    {"NAME", "NUMBER", "STRING", "TRUE", "FALSE", "HOLE", "INPUT", "IT", "RESULT", "RPAR", "RSQB", "RBRACE"}
)
_DEFINING = frozenset({"NETWORK", "BLOCK", "SEQUENCE", "EXTERN"})


class Bracket(Enum):
    """What a pair of brackets is for."""

    BODY = "{ lines }"
    PARAMETERS = "name(parameters)"
    SETTINGS = '"package" (settings)'
    CALL = "layer(arguments)"
    GROUP = "(expression)"
    PICK = "list[index]"
    LIST = "[items]"


def follows_operand(before: Piece | None) -> bool:
    """Whether something is complete before a word: there a `-` subtracts, a `(` calls, and a `[` picks."""
    return before is not None and before.kind in _OPERANDS


def bracket(earlier: Piece | None, before: Piece | None, opening: Piece) -> Bracket:
    """What an opening bracket begins, after these two words of its statement, if there are so many."""
    if opening.kind == "LBRACE":
        return Bracket.BODY
    if opening.kind == "LSQB":
        return Bracket.PICK if follows_operand(before) else Bracket.LIST
    if earlier is not None and earlier.kind in _DEFINING:
        return Bracket.PARAMETERS
    if earlier is not None and earlier.kind == "FROM":
        return Bracket.SETTINGS
    return Bracket.CALL if follows_operand(before) else Bracket.GROUP


def is_sign(before: Piece | None, piece: Piece) -> bool:
    """Whether a word is a `-` or `+` before a single number."""
    return piece.kind in ("MINUS", "PLUS") and not follows_operand(before)


def has_space(before: Piece, piece: Piece, *, inside: Bracket | None, opens: Bracket | None) -> bool:
    """Whether there is a space between two words of a line; the first is no sign.

    inside: the innermost brackets around both. opens: for an opening bracket, what it begins.
    """
    if before.kind in ("_LPAR", "LSQB", "DOT") or piece.kind in ("RPAR", "RSQB", "COMMA"):
        return False
    if opens in (Bracket.PARAMETERS, Bracket.CALL, Bracket.PICK):
        return False
    if piece.kind == "DOT":
        return before.kind == "NUMBER"  # or it would be read as a part of the number
    if piece.kind == "COLON":
        return before.kind == "COMMA"  # x[:, :2]
    if before.kind == "COLON":
        return inside is not Bracket.PICK
    if "EQUAL" in (before.kind, piece.kind):
        return inside is not Bracket.CALL
    return True


def written(lines: Iterable[Line]) -> str:
    """The text of these lines, each with a line feed at its end.

    Declarations on lines that follow one another have their `=` in one column, counted as a terminal does:
    letters of Chinese, Japanese and Korean take two.
    """
    parts: list[str] = []
    for (kind, _), group in groupby(lines, key=lambda line: (line.declares, line.indent)):
        declarations = list(group)
        column = max(width(line.text[: line.equals]) for line in declarations) if kind else 0
        parts += [_line(line, column) for line in declarations]
    return "".join(parts)


def _line(line: Line, column: int) -> str:
    text = line.text
    if line.declares:
        text = pad(text[: line.equals], column) + text[line.equals :]
    indent = " " * line.indent if text or line.comment else ""
    between = "  " if text and line.comment else ""
    return f"{indent}{text}{between}{line.comment}\n"


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


def is_same(one: tree.Node, other: tree.Node) -> bool:
    """Whether two trees differ in nothing but places in the text. Trees may be deep: a long sum is."""
    pairs: list[tuple[Any, Any]] = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, tuple):
            if len(a) != len(b):
                return False
            pairs.extend(zip(a, b, strict=True))
        elif isinstance(a, tree.Node):
            pairs.extend(zip(a.contents, b.contents, strict=True))
        elif a != b:
            return False
    return True


class LayoutError(Exception):
    """A text would have changed its meaning, a comment, or once more the next time: a fault of the formatter."""


def formatted(source: Source) -> tuple[str, tuple[Diagnostic, ...]]:
    """A text in its one layout; with errors in it, the text as it is, and the errors.

    Every line ends with a line feed, also the last; `Source.ended` gives them the ends that they had. Where the spaces
    would make it too long a text, that is the error.
    Raises LayoutError where the result does not say the same, has not the same comments in the same order, or would
    change when formatted again.
    """
    before, found = parse(source)
    if has_errors(found):
        return source.text, found
    pieces = pieces_of(source, words(source.text))
    result = Source(source.name, _laid_out(pieces))
    after, wrong = parse(result)
    if len(result.text) > LONGEST:
        return source.text, wrong
    if has_errors(wrong) or not is_same(before, after):
        raise LayoutError("the text would not say the same")
    again = pieces_of(result, words(result.text))
    if comments_of(again) != comments_of(pieces):
        raise LayoutError("a comment would be lost")
    if _laid_out(again) != result.text:
        raise LayoutError("the text would change once more the next time")
    return result.text, ()


def _laid_out(pieces: list[Piece]) -> str:
    return written(lines_of(pieces))
