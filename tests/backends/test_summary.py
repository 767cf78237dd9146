from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnndsl.backends import summary as module
from cnndsl.backends.summary import summary
from cnndsl.compiler import compile_source
from cnndsl.program import Program
from cnndsl.source import Source
from cnndsl.terminal import width
from tests.conftest import Golden

CASES = sorted((Path(__file__).parent / "cases" / "summary").glob("*.cnn"))


def program_of(text: str) -> Program:
    compilation = compile_source(Source("net.cnn", text))
    assert compilation.program is not None, compilation.diagnostics
    return compilation.program


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_cases(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".txt"), summary(program_of(case.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_columns_are_straight(case: Path) -> None:
    lines = summary(program_of(case.read_text(encoding="utf-8"))).splitlines()
    head, rule = lines[2:4]
    edges = {match.start() for match in re.finditer(" -", rule)} | {len(rule)}
    assert head.index("layer") in {edge + 1 for edge in edges}
    for line in lines[4 : lines.index("", 4)]:
        column = 0
        for char in line:
            assert char == " " or column not in edges  # between two columns there is nothing
            column += width(char)
        assert column <= len(rule)


def test_colors_change_nothing_else() -> None:
    program = program_of(CASES[0].read_text(encoding="utf-8"))
    colored = summary(program, color=True)
    assert "\x1b[34m" in colored
    assert [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", colored).splitlines()] == summary(
        program
    ).splitlines()


def test_arguments_are_shown_where_there_is_room() -> None:
    program = program_of("network Net { input(3, 64, 64); conv(8, 3) -> conv(16, [3, 5], stride=[1, 2], padding=1) }")
    narrow, wide = summary(program, columns=40), summary(program, columns=200)
    assert "16 filters, 3×5, stride 1×2, padding 1" in wide
    assert "filters" not in narrow


def test_a_very_long_network_is_counted_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    shown = summary(program_of("network Net { input(2, 9, 9); conv(2, 1) * 100 }"))
    assert "... and 95 more\n" in shown
    assert re.search(r"^parameters +600$", shown, re.MULTILINE)


def test_the_network_by_name() -> None:
    program = program_of("network A { input(1, 4, 4); relu }\nnetwork B { input(2, 4, 4); relu }")
    assert summary(program).startswith("B: 2 x 4 x 4 -> 2 x 4 x 4\n")
    assert summary(program, "A").startswith("A: 1 x 4 x 4")
    with pytest.raises(KeyError):
        summary(program, "C")
