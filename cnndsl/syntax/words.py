"""Text -> words, as the end of the grammar tells them apart."""

from __future__ import annotations

from functools import cache

from lark import Lark, Token

from cnndsl.syntax import grammar

END = "$END"
"""The kind of the word that follows the last one."""


class Word(Token):
    """A word of a text: its kind as the grammar calls it, and the characters `start` to `end` (exclusive)."""

    __slots__ = ("end", "start")

    start: int
    end: int

    def __new__(cls, type: str, text: str, start: int, end: int) -> Word:  # noqa: A002 - what words have
        word = super().__new__(cls, type, text, start, end_pos=end)
        assert isinstance(word, Word)  # noqa: S101 - for the type checker
        word.start, word.end = start, end
        return word


def words(text: str, offset: int = 0) -> list[Word]:
    """All words of a text that begins at `offset` of its source; what only divides them is left out."""
    found = []
    for token in _lexer().lex(text):
        start = (token.start_pos or 0) + offset
        found.append(Word(token.type, str(token), start, start + len(token)))
    return found


@cache
def _lexer() -> Lark:
    return grammar.load()
