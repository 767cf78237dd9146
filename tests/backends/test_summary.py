from __future__ import annotations

import csv
import io
import json
import re
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import cnndsl
from cnndsl.analysis import costs, receptive_field
from cnndsl.backends.diff import Report
from cnndsl.backends.summary import text
from cnndsl.backends.summary.entries import COLUMNS, Entry, entries, measured
from cnndsl.compiler import compile_source
from cnndsl.ir.program import Program
from cnndsl.layers.formula import show
from cnndsl.source import Source
from cnndsl.terminal import width
from tests import compiled
from tests.compiled import MODELS
from tests.conftest import Golden
from tests.made import summary

CASES = sorted((Path(__file__).parent / "cases" / "summary").glob("*.cnn"))


@lru_cache(maxsize=4)
def program_of(text: str) -> Program:
    compilation = compile_source(Source("net.cnn", text), folder=MODELS[0].parent)
    assert compilation.program is not None, compilation.diagnostics
    return compilation.program


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_cases(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".txt"), summary(program_of(case.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(("form", "suffix"), [("json", ".json"), ("csv", ".csv"), ("markdown", ".md")])
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_other_forms(case: Path, form: Any, suffix: str, golden: Golden) -> None:
    golden(case.with_suffix(suffix), summary(program_of(case.read_text(encoding="utf-8")), format=form))


def test_all_rows_with_their_shares(golden: Golden) -> None:
    case = CASES[0]
    shown = summary(program_of(case.read_text(encoding="utf-8")), fold=False, width=160, bars=True)
    golden(case.with_suffix(".wide.txt"), shown)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("depth", [None, 0, 1])
def test_the_forms_agree(case: Path, depth: int | None) -> None:
    program = program_of(case.read_text(encoding="utf-8"))
    told = json.loads(summary(program, format="json", depth=depth))
    table = list(csv.DictReader(io.StringIO(summary(program, format="csv", depth=depth))))
    assert [row["path"] for row in told["rows"]] == [row["path"] for row in table]
    for key in ("parameters", "macs", "times", "depth", "memory", "kept"):
        assert ["" if row[key] is None else str(row[key]) for row in told["rows"]] == [row[key] for row in table]
    if depth is not None:
        assert max(row["depth"] for row in told["rows"]) <= depth
    lines = summary(program, format="markdown", depth=depth).splitlines()[4:]
    assert len(lines) == len(table) + 1


def sums(lines: list[Entry]) -> tuple[int, int | None]:
    """What the lines come to that have no lines of their own below."""
    ends = [a for a, b in zip(lines, [*lines[1:], None], strict=True) if b is None or b.row.depth <= a.row.depth]
    macs = [line.row.macs for line in ends]
    known = None if None in macs else sum(m for m in macs if m is not None)
    return sum(line.row.parameters for line in ends), known


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_every_model_adds_up(model: Path) -> None:
    program = compiled.program_of(model)
    for key in program.networks:
        network = program.modules[key]
        cost, rows = costs.of(program, key), list(costs.rows(program, network.name))
        for fold in (True, False):
            for depth in (None, 0, 1, 2):
                lines = list(entries(map(Entry, rows), depth=depth, fold=fold))
                assert sums(lines) == (cost.parameters, cost.macs), (network.name, fold, depth)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_columns_are_straight(case: Path) -> None:
    lines = summary(program_of(case.read_text(encoding="utf-8"))).splitlines()
    start = lines.index("") + 1
    head, rule = lines[start : start + 2]
    edges = {match.start() for match in re.finditer(" -", rule)} | {len(rule)}
    assert head.index("layer") in {edge + 1 for edge in edges}
    for line in lines[start + 2 : lines.index("", start)]:
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
    narrow, wide = summary(program, width=40), summary(program, width=200)
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
    shown = list(entries(measured(program, "Net")))
    assert [(line.times, line.row.parameters, line.row.macs) for line in shown if line.times > 1] == [
        (2, 2 * (4 * 4 * 9 + 4), 2 * 4 * 4 * 9 * 81)
    ]
    (run,) = (line for line in shown if line.times > 1)
    assert run.word == "Unit x 2"
    assert run.path == f"{run.row.path} ... {run.last}"
    assert not any(line.path.startswith(f"{run.row.path}.") for line in shown)
    apart = [line for line in shown if line.row.word == "Unit" and line.times == 1]
    # The first of the three, with what is inside; another layer stands before the next, and the last has more channels.
    assert len(apart) == 3
    assert all(line.times == 1 for line in entries(measured(program, "Net"), fold=False))


def test_a_residual_network_is_about_a_page() -> None:
    program = compiled.program_of(MODELS[0].with_name("resnet.cnn"))
    assert len(summary(program, "ResNet152").splitlines()) < 110
    assert "Bottleneck x 35" in summary(program, "ResNet152")


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 140, 200])
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_table_fits_or_is_as_narrow_as_it_can_be(case: Path, columns: int) -> None:
    program = program_of(case.read_text(encoding="utf-8"))
    rule = summary(program, width=columns, bars=True).splitlines()[3]
    least = summary(program, width=1).splitlines()[3]
    assert len(rule) <= max(columns, len(least))
    assert all(len(column) <= 8 for column in least.split()[:2])


@pytest.mark.parametrize("columns", [30, 60])
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_every_line_of_a_model_fits(model: Path, columns: int) -> None:
    """Of the networks of a file, which are made of the same blocks, the first and the last one."""
    program = compiled.program_of(model)
    for key in {program.networks[0], program.networks[-1]}:
        network = program.modules[key]
        shown = summary(program, network.name, width=columns)
        # A size by itself is not broken.
        sizes = {show(shape) for shape in (*network.input_shapes, *network.output_shapes)}
        wide = [line for line in shown.splitlines() if width(line) > columns]
        assert [line for line in wide if line.strip().rstrip(",") not in sizes] == []


def test_how_many_equal_blocks_is_not_cut_off() -> None:
    text = """
        block AVeryLongNameOfABlock(n) { conv(n, 3, padding=1) -> relu }
        network Net { input(4, 9, 9); AVeryLongNameOfABlock(4) * 12 }
    """
    for columns in (40, 50, 60, 80):
        (line,) = (line for line in summary(program_of(text), width=columns).splitlines() if " x 11" in line)
        assert "... x 11  4 x 9 x 9" in line


def test_names_far_inside_are_seen_on_a_narrow_terminal() -> None:
    text = "network Net { input(1, 8, 8); " + "".join(f"p{k}: {{ " for k in range(5)) + "inner: relu" + " }" * 5 + " }"
    assert "    p4 " in summary(program_of(text), width=30)
    assert "     i" in summary(program_of(text), width=30)


@pytest.mark.parametrize("columns", [30, 60, 100])
def test_notes_fit_the_terminal(columns: int) -> None:
    lines = summary(program_of("network Net { input(3, 8, 8); conv(8, 3) }"), width=columns).splitlines()
    notes = lines[next(at for at, line in enumerate(lines) if line.startswith("A MAC is")) :]
    assert max(map(len, notes)) <= min(columns, 80)
    assert " ".join(notes).startswith(
        "A MAC is one multiplication with its addition, in convolutions, dense layers and"
    )


def test_names_that_are_too_long_are_cut() -> None:
    program = program_of("network Net { input(3, 64, 64); 非常に長い名前の畳み込み層: conv(8, 3) }")
    line = summary(program, width=54).splitlines()[4]
    assert "... " in line
    assert width(line) <= 54


def test_shares_need_room_and_a_wish() -> None:
    program = program_of("network Net { input(3, 64, 64); conv(8, 3) -> conv(8, 3) }")
    assert "█" in summary(program, width=120, bars=True)
    assert "█" not in summary(program, width=120)
    assert "█" not in summary(program, width=50, bars=True)


def test_markdown_is_escaped() -> None:
    program = program_of("network my_net { input(4, 9, 9); relu }")
    assert summary(program, format="markdown").startswith("**my\\_net**: ")


UNITS = """
block Unit(n) { conv(n, 3, padding=1) -> batchnorm -> relu }
network Net { input(4, 9, 9); a: { Unit(4) * 4 }; b: { Unit(4) * 2 -> Unit(8) * 3 } }
"""


def lines_of(program: Program, **options: Any) -> list[tuple[str, str]]:
    return [(line.path, line.word) for line in entries(measured(program, "Net"), **options)]


def test_what_is_inside_of_equal_blocks_is_shown_once() -> None:
    inside = [(f"a.0.{name}", name[:-1]) for name in ("conv1", "batchnorm1", "relu1")]
    assert lines_of(program_of(UNITS)) == [
        ("a", "chain"), ("a.0", "Unit"), *inside, ("a.1 ... a.3", "Unit x 3"),
        ("b", "chain"), ("b.0 ... b.1", "Unit x 2"), ("b.2 ... b.4", "Unit x 3"),
    ]  # fmt: skip


def test_what_is_not_shown_is_not_taken_out_of_its_row() -> None:
    assert lines_of(program_of(UNITS), depth=1) == [
        ("a", "chain"), ("a.0 ... a.3", "Unit x 4"),
        ("b", "chain"), ("b.0 ... b.1", "Unit x 2"), ("b.2 ... b.4", "Unit x 3"),
    ]  # fmt: skip


def test_a_run_says_how_its_numbers_differ_and_has_exact_totals() -> None:
    block = "block Grown(drop) { conv(8, 3, padding=1) -> dropout(drop)\nconcat(input, it) }"
    program = program_of(f"{block}\nnetwork Net {{ input(4, 9, 9); for i in range(4) {{ Grown(0.1 * i) }} }}")
    shown = summary(program, columns=("name", "arguments", "output", "parameters", "macs"), depth=0, width=200)
    (line,) = [line for line in shown.splitlines() if "Grown" in line]
    parameters = sum(8 * 9 * (4 + 8 * i) + 8 for i in range(4))
    macs = sum(81 * 8 * 9 * (4 + 8 * i) for i in range(4))
    said = ["grown1.0 ... grown1.3", "Grown x 4 drop 0 ... 0.3", "12 ... 36 x 9 x 9", f"{parameters:,}", f"{macs:,}"]
    assert re.split(" {2,}", line) == said


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("fold", [True, False])
def test_memory_and_fields_are_those_of_the_network(case: Path, fold: bool) -> None:
    program = program_of(case.read_text(encoding="utf-8"))
    name = program.network().name
    lines = list(entries(measured(program, name, batch=3, dtype="float64"), fold=fold))
    said = costs.memory(program, name, batch=3, dtype="float64")
    if said.peak is not None:
        assert max(line.alive or 0 for line in lines) == said.peak
    ends = [a for a, b in zip(lines, [*lines[1:], None], strict=True) if b is None or b.row.depth <= a.row.depth]
    if said.kept is not None:
        assert sum(line.kept or 0 for line in ends) == said.kept
    shown = [seen for line in lines for seen in line.seen]
    assert all(reached in shown for reached in receptive_field.outputs(program, name))


def test_the_totals() -> None:
    program = program_of(
        "network Net { input(1, 8, 8); edges: conv(1, 3, weight=[[1, 0, 1], [0, 1, 0], [1, 0, 1]], bias=false)\n"
        "    conv(4, 3) -> batchnorm -> relu -> linear(3) }"
    )
    shown = summary(program, batch=2, dtype="float16")
    parameters, fixed = 9 + (4 * 9 + 4) + 2 * 4 + (4 * 4 * 4 * 3 + 3), 9
    assert re.search(
        rf"^parameters +{parameters}\ntrainable +{parameters - fixed}\nfixed +{fixed}\nbuffers +9\n",
        shown,
        re.MULTILINE,
    )
    told = json.loads(summary(program, format="json", batch=2, dtype="float16"))["totals"]
    memory = costs.memory(program, batch=2, dtype="float16")
    assert memory.peak is not None
    assert memory.kept is not None
    assert told["memory"] == {
        "batch": 2,
        "dtype": "float16",
        "parameters": 2 * parameters,
        "gradients": 2 * (parameters - fixed),
        "inputs": 2 * 2 * 64,
        "peak": memory.peak,
        "where": memory.where,
        "kept": memory.kept,
        "inference": 2 * parameters + memory.peak,
        "training": 2 * parameters + 2 * (parameters - fixed) + memory.kept,
    }
    assert "Memory is for 2 samples in float16" in shown


def test_what_is_there_in_training_only_says_so() -> None:
    program = program_of(
        "network Net { input(1, 8, 8); conv(4, 3) -> relu\n"
        "    when training { aux = it -> conv(2, 1) -> global_avgpool }\n"
        "    linear(3)\n    output it, aux when training }"
    )
    shown = summary(program)
    assert shown.startswith("Net: 1 x 8 x 8 -> 3, 2 x 1 x 1 in training\n")
    assert re.search(r"^conv2 +conv +2 x 6 x 6 +10 +training +3$", shown, re.MULTILINE)
    assert (
        "are not counted.\nNor is what is there in training only, which has training in the place of MACs.\n" in shown
    )
    assert summary(program, format="markdown").startswith("**Net**: 1 x 8 x 8 → 3, 2 x 1 x 1 in training\n")


def heads(shown: str) -> list[str]:
    return shown.splitlines()[2].split()


def test_columns_go_one_after_another() -> None:
    program = compiled.program_of(MODELS[0].with_name("vgg.cnn"))
    exact = ["name", "layer", "output", "parameters", "MACs"]
    seen = [heads(summary(program, width=columns)) for columns in (200, 100, 80, 72, 60)]
    assert seen == [
        [*exact, "memory", "field"],
        [*exact, "memory", "field"],
        ["name", "layer", "output", "params", "MACs", "memory", "field"],
        exact,
        ["name", "layer", "output", "params", "MACs"],
    ]
    assert "filters" in summary(program, width=200)
    assert "filters" not in summary(program, width=100)


def test_columns_of_which_nothing_is_known_are_left_out() -> None:
    program = program_of("network Net { input(3, ?, ?); conv(8, 3) -> relu }")
    assert heads(summary(program, width=200)) == ["name", "layer", "output", "parameters", "MACs", "field"]


def test_the_columns_that_are_wanted() -> None:
    program = program_of(CASES[0].read_text(encoding="utf-8"))
    shown = summary(program, columns=("name", "kept", "output"), width=200)
    assert heads(shown) == ["name", "kept", "output"]
    assert "Kept is what autograd holds" in shown
    assert "The field is" not in shown
    assert "| name | kept | output |\n| --- | ---: | --- |\n" in summary(
        program, format="markdown", columns=("name", "kept", "output")
    )
    assert set(COLUMNS) == {"name", "layer", "arguments", "output", "parameters", "macs", "memory", "kept", "field"}


def test_receptive_fields() -> None:
    program = program_of(
        "network Net { left = input(1, 9, 9); right = input(1, 20, 9)\n"
        "    a = left -> conv(2, [3, 5]) -> maxpool(2)\n    b = right -> conv(2, [14, 5]) -> maxpool(2)\n"
        "    a + b -> relu }"
    )
    rows = {row["path"]: row for row in csv.DictReader(io.StringIO(summary(program, format="csv")))}
    assert rows["conv1"]["field"] == "3 x 5"
    assert rows["maxpool1"]["field"] == "4 x 6"
    assert rows["relu1"]["field"] == "4 x 6, 15 x 6"
    told = {row["path"]: row["field"] for row in json.loads(summary(program, format="json"))["rows"]}
    assert told["relu1"] == [{"left": [4, 6], "right": [15, 6]}]


def test_of_very_many_layers_memory_is_not_worked_out_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    program = program_of("network Net { input(2, 9, 9); a: { conv(2, 1) * 3 } -> conv(2, 1) * 5 }")
    assert "memory" in heads(summary(program))
    monkeypatch.setattr(import_module("cnndsl.backends.summary.entries"), "MOST_MEASURED", 8)
    shown = summary(program)
    assert "memory" not in heads(shown)
    assert re.search("^inference +", shown, re.MULTILINE)


def test_what_goes_out_in_training_only_is_told_apart_in_json() -> None:
    text = "network N { input(3, 8, 8); aux = it -> conv(2, 1); conv(4, 3); output it, aux when training }"
    found = cnndsl.compile(text)
    told = json.loads(found.summary(format="json"))
    assert (told["outputs"], told["training_outputs"]) == ([[4, 6, 6]], [[2, 8, 8]])
    compared = json.loads(Report(format="json").of(found.diff(found)))["before"]
    assert (compared["outputs"], compared["training_outputs"]) == ([[4, 6, 6]], [[2, 8, 8]])
