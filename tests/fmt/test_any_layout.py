"""However a text is laid out: what comes out says the same, has all comments, and stays as it is from then on."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnndsl.formatter import formatted
from cnndsl.source import Source
from cnndsl.syntax.grammar import words
from cnndsl.syntax.parser import parse
from tests.fmt.texts import Laid, files, laid_out, words_in

ROOT = Path(__file__).parents[2]
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("models/*.cnn"))]
BLANKS = " \t\r\f"

any_layout = settings(max_examples=40)  # the fuzzer of `tests/fuzz` lays out more


def said(text: str) -> list[str]:
    """The words of a text in order, but for line ends and for commas after which nothing comes."""
    found = ["->" if word.type == "_ARROW" else str(word) for word in words(text) if word.type != "_NL"]
    return [word for word, after in pairwise([*found, ""]) if word != "," or after not in (")", "]")]


def comments_in(text: str) -> list[str]:
    return [found for found in re.findall(r'"[^"\n]*"|#[^\n]*', text) if found[0] == "#"]


def check(laid: Laid) -> None:
    source = Source("any.cnn", laid.text)
    _, problems = parse(source)
    assert problems == ()
    text, found = formatted(source)
    assert found == ()
    assert said(text) == said(laid.text)
    assert comments_in(text) == [comment.rstrip(BLANKS) for comment in laid.comments]
    assert formatted(Source("any.cnn", text)) == (text, ())
    _check_looks(text)


def _check_looks(text: str) -> None:
    assert "\r" not in text
    assert "\n\n\n" not in text
    assert text == "" or (text[0] != "\n" and text[-1] == "\n" and text[-2:] != "\n\n")
    for line in text.splitlines():
        assert line == line.rstrip(BLANKS)
        assert (len(line) - len(line.lstrip(" "))) % 4 == 0


chances = st.integers(0, 2**32).map(Random)


@any_layout
@given(chances)
def test_texts_by_the_grammar(chance: Random) -> None:
    check(laid_out(files(chance), chance))


@any_layout
@given(st.sampled_from(TEXTS), chances)
def test_models(text: str, chance: Random) -> None:
    check(laid_out(words_in(text), chance))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("blanks", ["", "\t", "      "])
def test_blanks_make_no_difference(text: str, blanks: str) -> None:
    other = re.sub(r'(?m)(#.*|"[^"\n]*")|^ +|(?<=[(\[{,]) ?|(?= ?->)| *$', lambda found: found[1] or blanks, text)
    assert other != text
    assert formatted(Source("any.cnn", other)) == formatted(Source("any.cnn", text))
