"""Source text -> syntax tree.

Lark has the tables; the loop that feeds them is here, so that one pass finds as many mistakes as there
are: after a mistake the rest of its line is skipped and reading goes on with the next one.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, cast

from lark import Lark, Token
from lark.exceptions import UnexpectedToken

from cnndsl.diagnostics import Diagnostic, Problem, error
from cnndsl.source import Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.builder import Builder
from cnndsl.syntax.mistakes import explain, not_closed
from cnndsl.syntax.place import DEFINITIONS, Open, Place

MAX_NESTING = 100
LONGEST = 1_000_000
"""Characters of a text; the largest networks that people write have some ten thousand."""
MOST_MISTAKES = 200
"""After so many mistakes reading stops: this is no text of the language."""
_OPENING = {"LBRACE": "RBRACE", "_LPAR": "RPAR", "LSQB": "RSQB"}
_ITEM_WORDS = frozenset({"NETWORK", "BLOCK", "SEQUENCE", "EXTERN", "FROM"})


def parse(source: Source) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """Read a whole text.

    The tree holds what could be read; with any diagnostic it is not to be compiled, but what is in it
    can be checked further.
    """
    if len(source.text) > LONGEST:
        return tree.File(Span(source, 0, len(source.text)), ()), (_too_long(source),)
    reader = _Reader(source, "file", 0)
    result = reader.read(_words(source.text, 0))
    if not isinstance(result, tree.File):
        result = tree.File(Span(source, 0, len(source.text)), ())
    return result, tuple(reader.diagnostics)


def _too_long(source: Source) -> Diagnostic:
    return error(
        "E505",
        f"a text may have at most {LONGEST:,} characters, and this one has {len(source.text):,}",
        Span(source, 0, 0),
        help="repeat blocks in place of their lines, or divide the text into files",
    ).diagnostic


def parse_expression(span: Span) -> tree.Expression:
    """Read the expression that stands at `span`. Raises Problem."""
    reader = _Reader(span.source, "pipe", span.start)
    result = reader.read(_words(span.text, span.start))
    if reader.diagnostics:
        raise Problem(reader.diagnostics[0])
    return cast("tree.Expression", result)


def _words(text: str, offset: int) -> list[Token]:
    words = list(_lark().lex(text))
    if offset:
        for word in words:
            word.start_pos = (word.start_pos or 0) + offset
            word.end_pos = (word.end_pos or 0) + offset
    return words


class _Anchor:
    """Where reading can go on after a mistake: before a line of the body (or file) opened by `opening`."""

    __slots__ = ("opening", "states", "values")

    def __init__(self, opening: Token | None, states: int, values: int) -> None:
        self.opening, self.states, self.values = opening, states, values


class _Reader:
    """Feeds the words of one text to the parser."""

    def __init__(self, source: Source, start: str, offset: int) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self._state = _lark().parse_interactive("", start=start).parser_state
        self._end = Token("$END", "", start_pos=offset, end_pos=offset)
        self._brackets: list[Open] = []
        self._anchors = [_Anchor(None, 1, 0)]
        self._astray = False
        """Whether a line outside of all bodies was wrong, and no definition came since: others there are no news."""
        self._taken: set[str] = set()
        """What was said of words that cannot be names: each time that they are used is no news either."""

    def read(self, words: list[Token]) -> Any:
        """Feed all words; the result is what the parser built, or None."""
        builder = _builder()
        outer = getattr(builder, "source", None)
        builder.source, builder.expression = self.source, parse_expression
        try:
            return self._feed_all(words)
        finally:
            if outer is not None:
                builder.source = outer

    def _feed_all(self, words: list[Token]) -> Any:
        at, line_start = 0, True
        count = len(words)
        while at < count and len(self.diagnostics) < MOST_MISTAKES:
            word = words[at]
            kind = word.type
            if kind == "_NL" and self._brackets and self._brackets[-1].token.type != "LBRACE":
                self._brackets[-1].broken_at = self._brackets[-1].broken_at or at
                at += 1
                continue
            if line_start:
                self._anchors[-1].states = len(self._state.state_stack)
                self._anchors[-1].values = len(self._state.value_stack)
            try:
                self._state.feed_token(word)
            except UnexpectedToken as problem:
                at, line_start = self._recover(words, at, problem), True
                continue
            except Problem as problem:
                self.diagnostics.append(problem.diagnostic)
                # The word itself is not read yet: what went wrong is what it completed.
                at, line_start = self._skip_line(words, at), True
                continue
            line_start = kind in ("_NL", "LBRACE")
            if kind in _ITEM_WORDS:
                self._astray = False
            if kind in _OPENING:
                self._open(words, at)
                if len(self._brackets) > MAX_NESTING:
                    self._report(
                        error(
                            "E501",
                            f"brackets are nested more than {MAX_NESTING} deep",
                            self._span(word),
                            help="give inner parts names of their own",
                        )
                    )
                    return None
            elif kind in ("RBRACE", "RPAR", "RSQB"):
                self._close()
            at += 1
        return self._finish(words) if len(self.diagnostics) < MOST_MISTAKES else None

    def _finish(self, words: list[Token]) -> Any:
        last = words[-1].end_pos or 0 if words else self._end.start_pos or 0
        end = Token("$END", "", start_pos=last, end_pos=last)
        try:
            return self._state.feed_token(end, is_end=True)
        except UnexpectedToken as problem:
            if self._brackets:
                self._report(not_closed(self._brackets[-1], self.source))
            else:
                self._report(explain(self._place(words, len(words), end, problem)))
        except Problem as problem:
            self.diagnostics.append(problem.diagnostic)
        return None

    def _open(self, words: list[Token], at: int) -> None:
        word = words[at]
        defines = at > 1 and words[at - 2].type in DEFINITIONS | {"EXTERN"}
        self._brackets.append(Open(word, words[at - 1] if at else None, defines))
        if word.type == "LBRACE":
            self._anchors.append(_Anchor(word, 0, 0))

    def _close(self) -> None:
        if self._brackets:
            closed = self._brackets.pop()
            if closed.token.type == "LBRACE":
                self._anchors.pop()

    def _recover(self, words: list[Token], at: int, problem: UnexpectedToken) -> int:
        """Report the mistake at `words[at]`; say at which word reading goes on."""
        word = words[at]
        inner = self._brackets[-1] if self._brackets else None
        if self._brackets and self._begins_definition(words, at):
            # A new definition inside a body: the body before it was not closed.
            self._report(not_closed(self._brackets[-1], self.source))
            self._brackets.clear()
            del self._anchors[1:]
            self._rewind()
            return at
        if inner is not None and inner.broken_at and words[at - 1].type == "_NL" and not _is_closed(inner, words, at):
            # The bracket swallowed a line break, and what follows makes no sense inside it.
            self._report(not_closed(inner, self.source))
            return self._skip_line(words, inner.broken_at)
        if self._brackets or not self._astray:
            found = explain(self._place(words, at, word, problem))
            if found.diagnostic.message not in self._taken:
                self._report(found)
            if found.diagnostic.code == "E103":
                self._taken.add(found.diagnostic.message)
        self._astray = not self._brackets
        return self._skip_line(words, at)

    def _begins_definition(self, words: list[Token], at: int) -> bool:
        """Whether a definition begins at the left edge of the text, where no body goes on."""
        word = words[at]
        if word.type not in _ITEM_WORDS or self.source.position(word.start_pos or 0).column != 1:
            return False
        following = words[at + 1].type if at + 1 < len(words) else ""
        return following == ("STRING" if word.type == "FROM" else "NAME")

    def _place(self, words: list[Token], at: int, word: Token, problem: UnexpectedToken) -> Place:
        return Place(self.source, words, at, word, self._brackets, frozenset(problem.expected))

    def _skip_line(self, words: list[Token], at: int) -> int:
        """Forget the line being read; the index of the first word after it."""
        while self._brackets and self._brackets[-1].token.type != "LBRACE":
            self._brackets.pop()
        self._rewind()
        depth = 0
        while at < len(words):
            kind = words[at].type
            if kind == "LBRACE":
                depth += 1
            elif kind == "RBRACE":
                if depth == 0 and self._brackets:
                    return at
                depth = max(0, depth - 1)
            elif kind == "_NL" and depth == 0:
                return at + 1
            at += 1
        return at

    def _rewind(self) -> None:
        anchor = self._anchors[-1]
        del self._state.state_stack[anchor.states :]
        del self._state.value_stack[anchor.values :]

    def _span(self, word: Token) -> Span:
        return Span(self.source, word.start_pos or 0, word.end_pos or 0)

    def _report(self, problem: Problem) -> None:
        self.diagnostics.append(problem.diagnostic)


def _is_closed(bracket: Open, words: list[Token], at: int) -> bool:
    """Whether the bracket, open before `words[at]`, is closed after all."""
    depth = 0
    for word in words[at:]:
        if word.type in _OPENING:
            depth += 1
        elif word.type in ("RBRACE", "RPAR", "RSQB"):
            if depth == 0:
                return str(word) == bracket.partner
            depth -= 1
    return False


@cache
def _builder() -> Builder:
    return Builder()


@cache
def _lark() -> Lark:
    options: dict[str, Any] = {
        "parser": "lalr",
        "lexer": "basic",
        "start": ["file", "pipe", "unreadable"],
        "transformer": _builder(),
    }
    grammar = grammar_text()
    try:
        return Lark(grammar, cache=_cache_file(), **options)
    except (OSError, ValueError):  # no place to keep the tables: build them anew
        return Lark(grammar, **options)


def _cache_file() -> str:
    """Where the parser's tables are kept between runs: the user's own cache folder, as they are pickled."""
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "cnndsl"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(folder / "grammar.lark-cache")


def grammar_text() -> str:
    """The grammar: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "grammars", package.parent / "grammars"):
        if (folder / "cnn.lark").is_file():
            return (folder / "cnn.lark").read_text(encoding="utf-8")
    message = "grammars/cnn.lark is missing from this installation of cnndsl"
    raise FileNotFoundError(message)
