"""Every entry of the tables of hints is reached by its example, and what is said of the example is what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import cnndsl
from cnndsl.diagnostics import Problem
from cnndsl.hints import syntax
from cnndsl.hints.engine import Computed, Hint, Place
from cnndsl.source import Source
from cnndsl.syntax.parser import parse


def text_of(example: str) -> str:
    """A whole text: an example is one, or a line of a network."""
    return example if "network" in example else f"network Net {{\n    input(3, 32, 32)\n    {example}\n}}\n"


def examples() -> Iterator[Any]:
    for at, entry in enumerate(syntax.TABLE):
        for example in (entry.example,) if isinstance(entry, Hint) else entry.examples:
            yield pytest.param(at, example, id=f"{at} {example[:40]!a}")


@pytest.mark.parametrize(("at", "example"), list(examples()))
def test_an_example_reaches_its_entry(at: int, example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, said = syntax.TABLE[at], list[Problem]()

    class Noted:
        def explain(self, place: Place) -> Problem | None:
            problem = entry.explain(place)
            said.extend([problem] if problem is not None else [])
            return problem

    noted = (*syntax.TABLE[:at], Noted(), *syntax.TABLE[at + 1 :])
    monkeypatch.setattr("cnndsl.syntax.recovery.TABLE", noted)
    found = parse(Source("net.cnn", text_of(example)))[1]
    assert said, f"another entry speaks: {[diagnostic.message for diagnostic in found]}"
    assert said[0].diagnostic in found
    if isinstance(entry, Hint):
        helps = (entry.help,) if isinstance(entry.help, str) else entry.help
        for template, text in zip(helps, said[0].diagnostic.help, strict=True):
            assert re.fullmatch(re.sub(r"\\\$(?:\w+|\\{\w+\\})", ".+", re.escape(template)), text)
        assert bool(entry.fix) == (said[0].diagnostic.fix is not None)


def test_every_entry_has_an_example() -> None:
    for entry in syntax.TABLE:
        assert entry.example if isinstance(entry, Hint) else entry.examples


def test_an_example_says_what_is_wrong_and_nothing_that_is_right() -> None:
    assert not cnndsl.compile(text_of("conv(8, 3)")).diagnostics
    assert isinstance(syntax.TABLE[-1], Computed)
