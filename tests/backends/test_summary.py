from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cnndsl import costs
from cnndsl.backends.summary import Entry, entries, summary, text
from cnndsl.compiler import compile_source
from cnndsl.program import Program
from cnndsl.source import Source
from cnndsl.terminal import width
from tests.conftest import Golden

MODELS = sorted((Path(__file__).parents[2] / "models").glob("*.cnn"))
CASES = sorted((Path(__file__).parent / "cases" / "summary").glob("*.cnn"))


def program_of(text: str) -> Program:
    compilation = compile_source(Source("net.cnn", text))
    assert compilation.program is not None, compilation.diagnostics
    return compilation.program


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_cases(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".txt"), summary(program_of(case.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(("form", "suffix"), [("json", ".json"), ("csv", ".csv"), ("markdown", ".md")])
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_other_forms(case: Path, form: Any, suffix: str, golden: Golden) -> None:
    golden(case.with_suffix(suffix), summary(program_of(case.read_text(encoding="utf-8")), form=form))


def test_all_rows_with_their_shares(golden: Golden) -> None:
    case = CASES[0]
    shown = summary(program_of(case.read_text(encoding="utf-8")), fold=False, columns=160, bars=True)
    golden(case.with_suffix(".wide.txt"), shown)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("depth", [None, 0, 1])
def test_the_forms_agree(case: Path, depth: int | None) -> None:
    program = program_of(case.read_text(encoding="utf-8"))
    told = json.loads(summary(program, form="json", depth=depth))
    table = list(csv.DictReader(io.StringIO(summary(program, form="csv", depth=depth))))
    assert [row["path"] for row in told["rows"]] == [row["path"] for row in table]
    for key in ("parameters", "macs", "times", "depth"):
        assert ["" if row[key] is None else str(row[key]) for row in told["rows"]] == [row[key] for row in table]
    if depth is not None:
        assert max(row["depth"] for row in told["rows"]) <= depth
    lines = summary(program, form="markdown", depth=depth).splitlines()[4:]
    assert len(lines) == len(table) + 1


def sums(lines: list[Entry]) -> tuple[int, int | None]:
    """What the lines come to that have no lines of their own below."""
    ends = [a for a, b in zip(lines, [*lines[1:], None], strict=True) if b is None or b.row.depth <= a.row.depth]
    macs = [line.row.macs for line in ends]
    known = None if None in macs else sum(m for m in macs if m is not None)
    return sum(line.row.parameters for line in ends), known


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_every_model_adds_up(model: Path) -> None:
    program = program_of(model.read_text(encoding="utf-8"))
    for key in program.networks:
        network = program.modules[key]
        cost = costs.of(program, key)
        for fold in (True, False):
            for depth in (None, 0, 1, 2):
                lines = list(entries(costs.rows(program, network.name), depth=depth, fold=fold))
                assert sums(lines) == (cost.parameters, cost.macs), (network.name, fold, depth)


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
    monkeypatch.setattr(text, "MOST_ROWS", 5)
    shown = summary(program_of("network Net { input(2, 9, 9); conv(2, 1) * 100 }"))
    assert "... and 95 more\n" in shown
    assert re.search(r"^parameters +600$", shown, re.MULTILINE)


def test_the_network_by_name() -> None:
    program = program_of("network A { input(1, 4, 4); relu }\nnetwork B { input(2, 4, 4); relu }")
    assert summary(program).startswith("B: 2 x 4 x 4 -> 2 x 4 x 4\n")
    assert summary(program, "A").startswith("A: 1 x 4 x 4")
    with pytest.raises(KeyError):
        summary(program, "C")


def test_equal_blocks_in_a_row_are_one_line() -> None:
    program = program_of(
        "block Unit(n) { conv(n, 3, padding=1) -> relu }\n"
        "network Net { input(4, 9, 9); Unit(4) * 3 -> relu -> Unit(4) -> Unit(5) }"
    )
    shown = list(entries(costs.rows(program)))
    assert [(line.times, line.row.parameters, line.row.macs) for line in shown if line.times > 1] == [
        (3, 3 * (4 * 4 * 9 + 4), 3 * 4 * 4 * 9 * 81)
    ]
    (run,) = (line for line in shown if line.times > 1)
    assert run.word == "Unit x 3"
    assert run.path == f"{run.row.path} ... {run.last}"
    assert not any(line.path.startswith(f"{run.row.path}.") for line in shown)
    apart = [line for line in shown if line.row.word == "Unit" and line.times == 1]
    assert len(apart) == 2  # another layer stands before the one, and the other has more channels
    assert all(line.times == 1 for line in entries(costs.rows(program), fold=False))


def test_a_residual_network_is_about_a_page() -> None:
    program = program_of((MODELS[0].parent / "resnet.cnn").read_text(encoding="utf-8"))
    assert len(summary(program, "ResNet152").splitlines()) < 90
    assert "Bottleneck x 35" in summary(program, "ResNet152")


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 140, 200])
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_table_fits_or_is_as_narrow_as_it_can_be(case: Path, columns: int) -> None:
    program = program_of(case.read_text(encoding="utf-8"))
    rule = summary(program, columns=columns, bars=True).splitlines()[3]
    least = summary(program, columns=1).splitlines()[3]
    assert len(rule) <= max(columns, len(least))
    assert all(len(column) <= 8 for column in least.split()[:2])


def test_names_that_are_too_long_are_cut() -> None:
    program = program_of("network Net { input(3, 64, 64); 非常に長い名前の畳み込み層: conv(8, 3) }")
    line = summary(program, columns=54).splitlines()[4]
    assert "... " in line
    assert width(line) <= 54


def test_shares_need_room_and_a_wish() -> None:
    program = program_of("network Net { input(3, 64, 64); conv(8, 3) -> conv(8, 3) }")
    assert "█" in summary(program, columns=120, bars=True)
    assert "█" not in summary(program, columns=120)
    assert "█" not in summary(program, columns=50, bars=True)


def test_markdown_is_escaped() -> None:
    program = program_of("network my_net { input(4, 9, 9); relu }")
    assert summary(program, form="markdown").startswith("**my\\_net**: ")
