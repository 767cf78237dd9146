"""The grammar, `grammars/cnn.lark`, as a parser of Lark's, and the words that it tells apart."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer
from lark import __version__ as lark_version
from lark.lark import PostLex
from lark.lexer import PatternStr

STARTS = ("file", "pipe", "unreadable")
"""The rules that are read by themselves."""
CLOSED_BY = {"LBRACE": "}", "_LPAR": ")", "LSQB": "]"}
"""The kinds of brackets that open, each with what closes it."""
OPENED_BY = {"RBRACE": "{", "RPAR": "(", "RSQB": "["}
"""The kinds of brackets that close, each with what opens it."""
MAX_NESTING = 100


class NestedTooDeep(Exception):  # noqa: N818 - what a text is
    """Brackets are nested more than `MAX_NESTING` deep."""


class LineBreaks(PostLex):
    """Drops line breaks inside ( ) and [ ], where they end nothing. Raises NestedTooDeep."""

    def process(self, stream: Iterable[Token]) -> Iterator[Token]:
        opened: list[str] = []
        for token in stream:
            kind = token.type
            if kind == "_NL" and opened and opened[-1] != "LBRACE":
                continue
            if kind in CLOSED_BY:
                opened.append(kind)
                if len(opened) > MAX_NESTING:
                    raise NestedTooDeep
            elif kind in OPENED_BY and opened:
                opened.pop()
            yield token


def load(transformer: Transformer[Token, Any] | None = None, postlex: LineBreaks | None = None) -> Lark:
    """The parser of the grammar. Raises OSError where the grammar is not there.

    With neither argument it is good for telling words apart, all line breaks among them.
    """
    return Lark(
        path().read_text(encoding="utf-8"),
        parser="lalr",
        lexer="basic",
        start=list(STARTS),
        transformer=transformer,
        postlex=postlex,
        cache=_cache() or False,
    )


def path() -> Path:
    """The grammar's file: a wheel has it inside the package."""
    package = Path(__file__).parents[1]
    inside = package / "grammars" / "cnn.lark"
    return inside if inside.is_file() else package.parent / "grammars" / "cnn.lark"


def _cache() -> str:
    """The file for the tables; empty where this user has no folder for it.

    The tables are a pickle, which can run code when it is read: nobody else may be able to write there.
    """
    folder = cache_folder()
    if folder is None:
        return ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError:
        return ""
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
        return ""
    return str(folder / f"grammar-{sys.implementation.cache_tag}-lark-{lark_version}.pickle")


def cache_folder() -> Path | None:
    """Where this user's programs keep what they can make again, and ours in it; None where there is no such place."""
    try:
        if sys.platform == "win32":
            folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            folder = Path.home() / "Library" / "Caches"
        else:
            folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # there is no home
        return None
    return folder / "cnndsl" if folder.is_absolute() else None


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
def keywords() -> tuple[str, ...]:
    """The words that the grammar keeps for itself, `network` and `if` among them, in alphabetical order."""
    patterns = {terminal.name: terminal.pattern for terminal in _lexer().terminals}
    return tuple(sorted(p.value for p in patterns.values() if isinstance(p, PatternStr) and p.value.isalpha()))


@cache
def _lexer() -> Lark:
    return load()


def brackets(found: Iterable[Word]) -> tuple[list[tuple[Word, Word]], list[Word]]:
    """The brackets that open and close around something, the inner ones first, and those that stay open."""
    pairs: list[tuple[Word, Word]] = []
    open_: list[Word] = []
    for word in found:
        if word.type in CLOSED_BY:
            open_.append(word)
        elif word.type in OPENED_BY and open_:
            pairs.append((open_.pop(), word))
    return pairs, open_
