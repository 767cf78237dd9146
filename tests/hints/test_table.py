"""Every entry of the tables of hints is reached by its example, and what is said of the example is what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import cnndsl
from cnndsl.diagnostics import Problem
from cnndsl.hints import semantics, syntax
from cnndsl.hints.engine import Computed, Hint, Place

ENTRIES: list[Hint | Computed] = [*syntax.TABLE, *(hint for table in semantics.TABLES.values() for hint in table)]


def text_of(example: str) -> str:
    """A whole text: an example is one, or a line of a network."""
    return example if "network" in example else f"network Net {{\n    input(3, 32, 32)\n    {example}\n}}\n"


def examples() -> Iterator[Any]:
    for at, entry in enumerate(ENTRIES):
        for example in (entry.example,) if isinstance(entry, Hint) else entry.examples:
            yield pytest.param(entry, example, id=f"{at} {example[:40]!a}")


@pytest.mark.parametrize(("entry", "example"), list(examples()))
def test_an_example_reaches_its_entry(entry: Hint | Computed, example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Problem] = []
    plain = Hint.problem

    def note(problem: Problem | None) -> Problem | None:
        said.extend([problem] if problem is not None else [])
        return problem

    def noted(self: Hint, *arguments: Any, **others: Any) -> Problem | None:
        problem = plain(self, *arguments, **others)
        return note(problem) if self is entry else problem

    class Noted:
        def explain(self, place: Place) -> Problem | None:
            return note(entry.explain(place))

    monkeypatch.setattr(Hint, "problem", noted)
    if isinstance(entry, Computed):
        table = tuple(Noted() if other is entry else other for other in syntax.TABLE)
        monkeypatch.setattr("cnndsl.syntax.recovery.TABLE", table)
    found = cnndsl.compile(text_of(example)).diagnostics
    told = [(one.message, one.help, one.span) for one in found]
    assert said, f"another entry speaks: {told}"
    first = said[0].diagnostic
    assert (first.message, first.help, first.span) in told
    if isinstance(entry, Hint):
        helps = (entry.help,) if isinstance(entry.help, str) else entry.help
        for template, text in zip(helps, first.help, strict=True):
            assert re.fullmatch(re.sub(r"\\\$(?:\w+|\\{\w+\\})", ".+", re.escape(template)), text)
        assert bool(entry.fix) == (first.fix is not None)


def test_every_entry_has_an_example() -> None:
    for entry in ENTRIES:
        assert entry.example if isinstance(entry, Hint) else entry.examples


def test_what_is_around_an_example_is_right() -> None:
    assert not cnndsl.compile(text_of("conv(8, 3)")).diagnostics


def test_a_text_without_mistakes_needs_no_hints() -> None:
    code = f"import cnndsl, sys; cnndsl.compile({text_of('conv(8, 3)')!r}).python(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if name.startswith("cnndsl.hints")} <= {"cnndsl.hints", "cnndsl.hints.spelling"}
