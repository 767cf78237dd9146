"""The parser's tables are those of the grammar, and what drives them reads as Lark does."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from lark import Lark, Token
from lark.exceptions import UnexpectedToken

from cnndsl.source import Source
from cnndsl.syntax import grammar, lalr
from cnndsl.syntax import words as words_module
from cnndsl.syntax.automaton import END, Automaton, Unexpected
from cnndsl.syntax.parser import parse
from cnndsl.syntax.words import words
from tools import tables

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "models").glob("*.cnn"))


class _Silent:
    """A builder that makes nothing."""

    def __getattr__(self, _name: str) -> Any:
        return lambda parts: parts


@pytest.fixture(scope="module")
def lark() -> Lark:
    return Lark((ROOT / "grammars" / "cnn.lark").read_text(), parser="lalr", lexer="basic", start=list(lalr.STARTS))


def test_the_tables_are_those_of_the_grammar() -> None:
    assert tables.TARGET.read_text(encoding="utf-8") == tables.text(), "run python -m tools.tables"


def test_a_changed_grammar_is_worked_out_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "cnn.lark"
    text = grammar.path().read_text(encoding="utf-8")
    changed.write_text(text.replace('"network"', '"net"'), encoding="utf-8")
    source = Source("new.cnn", "net Net { input(3, 8, 8); relu }")
    assert parse(source)[1]
    monkeypatch.setattr(grammar, "path", lambda: changed)
    grammar.tables.cache_clear()
    words_module._pattern.cache_clear()
    try:
        assert not parse(source)[1]
    finally:
        grammar.tables.cache_clear()
        words_module._pattern.cache_clear()


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_words_are_lark_s(model: Path, lark: Lark) -> None:
    text = model.read_text(encoding="utf-8") + '\n € ;; "x\n 1.e+ ->-> # end'
    ours = [(word.type, str(word), word.start, word.end) for word in words(text)]
    assert ours == [(token.type, str(token), token.start_pos, token.end_pos) for token in lark.lex(text)]


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_what_may_follow_is_what_lark_expects(model: Path, lark: Lark) -> None:
    """Right and wrong sequences of words are refused at the same word, where the same could have stood."""
    text = model.read_text(encoding="utf-8")[:1500]
    kinds = [word.type for word in words(text)]
    chance = random.Random(len(text))  # noqa: S311 - for cases, and no secret
    for _ in range(10):
        assert _read(kinds) == _read_by_lark(kinds, lark)
        at = chance.randrange(len(kinds))
        kinds = [*_changed(kinds, at, chance), *kinds[at + 1 :]]


def _changed(kinds: list[str], at: int, chance: random.Random) -> list[str]:
    """The kinds up to the one at a place, which is left out, doubled or another one now."""
    return kinds[:at] + chance.choice([[], [kinds[at]] * 2, [chance.choice(kinds)]])


def _read(kinds: list[str]) -> tuple[int, frozenset[str]]:
    automaton = Automaton(grammar.tables(), "file", _Silent())
    for at, kind in enumerate(kinds):
        try:
            automaton.feed(kind, kind)
        except Unexpected as problem:
            return at, problem.expected
    try:
        automaton.finish()
    except Unexpected as problem:
        return len(kinds), problem.expected
    return len(kinds), frozenset()


def _read_by_lark(kinds: list[str], lark: Lark) -> tuple[int, frozenset[str]]:
    parser = lark.parse_interactive("", start="file")
    for at, kind in enumerate([*kinds, END]):
        try:
            parser.feed_token(Token(kind, kind))
        except UnexpectedToken as problem:
            return at, frozenset(problem.expected)
    return len(kinds), frozenset()
