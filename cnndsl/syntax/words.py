"""Text -> words, as the end of the grammar tells them apart."""

from __future__ import annotations

import re
from functools import cache

from cnndsl.syntax.grammar import tables


class Word(str):
    """A word of a text: its kind as the grammar calls it, and the characters `start` to `end` (exclusive)."""

    __slots__ = ("end", "start", "type")

    type: str
    start: int
    end: int

    def __new__(cls, type: str, text: str, start: int, end: int) -> Word:  # noqa: A002 - what words have
        word = str.__new__(cls, text)
        word.type, word.start, word.end = type, start, end
        return word


def words(text: str, offset: int = 0) -> list[Word]:
    """All words of a text that begins at `offset` of its source; what only divides them is left out."""
    silent, named = tables().silent, tables().words
    found = []
    for match in _pattern().finditer(text):
        kind = match.lastgroup
        if kind is None or kind in silent:
            continue
        written = match[0]
        if kind == "NAME":
            kind = named.get(written, kind)
        found.append(Word(kind, written, match.start() + offset, match.end() + offset))
    return found


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(tables().pattern)
