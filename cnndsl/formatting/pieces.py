"""The pieces of a text: its words, each with what stands before it, which is line breaks, blank lines, comments.

Here line breaks also get the places that they may have: before an arrow and not after it, after a comma
and not before it, none between `}` and `else`, none in empty brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from cnndsl.source import Source
from cnndsl.syntax.grammar import CLOSED_BY, OPENED_BY
from cnndsl.syntax.words import END, Word

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
