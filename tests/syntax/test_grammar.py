"""The grammar as a parser of Lark's: the tables that are kept, what is dropped, and how deep a text may go."""

from __future__ import annotations

from pathlib import Path

import pytest
from lark import Lark, Token
from lark.exceptions import UnexpectedToken
from lark.load_grammar import load_grammar

from cnndsl.source import Source
from cnndsl.syntax import grammar, parser, tree
from cnndsl.syntax.grammar import words
from cnndsl.syntax.parser import parse

TEXT = "network Net { input(3, 8, 8); conv(8, 3) -> relu }"
KINDS = ["NETWORK", "NAME", "LBRACE", "INPUT", "_LPAR", "NUMBER", "COMMA", "NUMBER", "COMMA", "NUMBER", "RPAR", "_NL"]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the tables are kept: a file in a cache folder of its own."""
    monkeypatch.setattr(grammar, "cache_folder", lambda: tmp_path / "caches" / "cnndsl")
    return Path(grammar._cache())


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """For each time that the tables are worked out, an entry."""
    times: list[str] = []

    def counted(*arguments: object) -> object:
        times.append("built")
        return load_grammar(*arguments)  # type: ignore[no-untyped-call]

    monkeypatch.setattr("lark.lark.load_grammar", counted)
    return times


def kinds(lark: Lark) -> list[str]:
    return [token.type for token in lark.lex(TEXT)][: len(KINDS)]


def test_the_tables_are_worked_out_once_and_kept(kept: Path, built: list[str]) -> None:
    for _ in range(3):
        assert kinds(grammar.load()) == KINDS
    assert (kept.exists(), len(built)) == (True, 1)
    assert kept.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("at", [0, 1, 64, 70, 1000, -1])
def test_tables_that_were_cut_are_worked_out_again(kept: Path, built: list[str], at: int) -> None:
    grammar.load()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:at])
    assert kinds(grammar.load()) == KINDS
    assert len(built) == 2
    grammar.load()
    assert len(built) == 2


@pytest.mark.parametrize("content", [b"", b"\n", b"nonsense\n" * 1000, b"\x80\x04N.", b"\0" * 500])
def test_tables_that_are_none_are_worked_out_again(kept: Path, built: list[str], content: bytes) -> None:
    grammar.load()
    checksum = kept.read_bytes().splitlines()[0]
    for damaged in (content, checksum + b"\n" + content):
        kept.write_bytes(damaged)
        assert kinds(grammar.load()) == KINDS
    assert len(built) == 3


def test_where_nothing_can_be_written_the_tables_are_worked_out(kept: Path, built: list[str]) -> None:
    kept.parent.rmdir()
    kept.parent.write_text("no folder")
    assert kinds(grammar.load()) == KINDS
    kept.parent.unlink()
    kept.mkdir(parents=True)  # a folder where the file would be
    assert kinds(grammar.load()) == KINDS
    assert len(built) == 2


def test_a_folder_that_others_can_write_to_is_not_used(kept: Path) -> None:
    kept.parent.chmod(0o777)
    assert kinds(grammar.load()) == KINDS
    assert not kept.exists()


@pytest.mark.parametrize(("variable", "used"), [("/somewhere", Path("/somewhere/cnndsl")), ("not/absolute", None)])
def test_the_folder_is_the_user_s(monkeypatch: pytest.MonkeyPatch, variable: str, used: Path | None) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    assert grammar.cache_folder() == used


def test_a_changed_grammar_is_worked_out_anew(kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    grammar.load()
    changed = tmp_path / "cnn.lark"
    text = grammar.path().read_text(encoding="utf-8")
    changed.write_text(text.replace('"network"', '"net"'), encoding="utf-8")
    source = Source("new.cnn", "net Net { input(3, 8, 8); relu }")
    assert parse(source)[1]
    monkeypatch.setattr(grammar, "path", lambda: changed)
    parser.lark.cache_clear()
    try:
        assert not parse(source)[1]
    finally:
        parser.lark.cache_clear()
    assert kept.exists()


def test_line_breaks_end_nothing_in_parentheses_and_lists() -> None:
    text = "a\n(b\n[c\n{d\n(e\n)\n}\n]\n)\nf"
    process = grammar.LineBreaks().process
    left = [str(token) for token in process(words(text))]
    assert left == ["a", "\n", "(", "b", "[", "c", "{", "d", "\n", "(", "e", ")", "\n", "}", "]", ")", "\n", "f"]
    assert [word.start for word in words(text) if word.type == "NAME"] == [0, 3, 6, 9, 12, 22]


@pytest.mark.parametrize("opening", ["(", "[", "{", "conv("])
def test_brackets_are_nested_so_deep_and_no_deeper(opening: str) -> None:
    closing = {"(": ")", "[": "]", "{": "}"}[opening[-1]]
    for depth, codes in ((grammar.MAX_NESTING - 1, []), (grammar.MAX_NESTING, ["E501"]), (30_000, ["E501"])):
        body = opening * depth + "x" + closing * depth
        _, found = parse(Source("deep.cnn", "network Net {\n" + body + "\n}"))
        assert [diagnostic.code for diagnostic in found] == codes


def test_operators_in_a_row_need_no_stack_of_python_s() -> None:
    for text in ("-" * 50_000 + "x", "x" + " -> x" * 30_000, "x" + " + x" * 40_000, "x" + "(1)" * 50_000):
        read, found = parse(Source("long.cnn", f"network Net {{\n{text}\n}}"))
        assert (found, type(read.items[0])) == ((), tree.Definition)


def test_what_may_follow_is_told_of_a_mistake() -> None:
    """Lark says of the word that cannot stand there what could."""
    reading = grammar.load().parse_interactive(start="pipe")
    reading.feed_token(Token("NAME", "conv"))
    with pytest.raises(UnexpectedToken) as caught:
        reading.feed_token(Token("NAME", "relu"))
    assert {"_LPAR", "_ARROW", "PLUS", "IF"} <= set(caught.value.expected)
