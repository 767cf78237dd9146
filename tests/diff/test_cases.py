"""Two versions of a network each: what is said to have changed, as text and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cnndsl.backends import diff
from cnndsl.backends.diff import Difference, Report
from cnndsl.backends.diff.comparison import in_short
from cnndsl.i18n import Language, speaking
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.terminal import width
from tests.conftest import Golden
from tests.running import program_of

CASES = sorted((Path(__file__).parent / "cases").glob("*.cnn"))


def difference(case: Path, before: str = "Before", after: str = "After") -> Difference:
    program = program_of(case.read_text(encoding="utf-8"))
    return diff.compare(program, program, before, after)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_text(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".txt"), Report().of(difference(case)))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_json(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".json"), Report(format="json").of(difference(case)))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("network", ["Before", "After"])
def test_nothing_is_different_of_itself(case: Path, network: str) -> None:
    found = difference(case, network, network)
    assert found.same
    assert list(found.lines(whole=True)) == []
    assert json.loads(Report(format="json").of(found))["differences"] == []
    assert Report().of(found).endswith("\nno difference: the same layers, sizes and keys\n")


SWAPPED = {"added": "removed", "removed": "added"}


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_other_way_round(case: Path) -> None:
    """What was added is removed, and every number has changed places."""

    def told(found: Difference) -> dict[str, Any]:
        return dict(json.loads(Report(format="json").of(found)))

    there, back = told(difference(case)), told(difference(case, "After", "Before"))
    assert (back["before"], back["after"], back["same"]) == (there["after"], there["before"], there["same"])
    assert back["state_dict"]["missing"] == there["state_dict"]["unexpected"]
    assert back["state_dict"]["same"] == there["state_dict"]["same"]

    def counted(sides: dict[str, Any], swap: bool) -> list[str]:
        rows = []
        for row in sides["differences"]:
            status = SWAPPED.get(row["status"], row["status"]) if swap else row["status"]
            before, after = ("after", "before") if swap else ("before", "after")
            rows.append(json.dumps([status, row[before], row[after], sorted(row["changes"])]))
        return sorted(rows)

    assert counted(back, swap=True) == counted(there, swap=False)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_parameters_add_up(case: Path) -> None:
    """Layer by layer, the parameters that came and went are the difference of the totals."""
    found = difference(case)
    total = 0
    for line in found.lines(whole=True):
        is_block = line.item.module is not None and line.before is not None and line.after is not None
        if not is_block:  # what is inside a block that is in both has lines of its own
            total += (line.after.parameters if line.after else 0) - (line.before.parameters if line.before else 0)
    assert total == found.after.cost.parameters - found.before.cost.parameters


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_colors_change_nothing_else(case: Path) -> None:
    found = difference(case)
    colored = Report(color=True).of(found)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == Report().of(found)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_in_japanese_names_and_units_alone_are_latin(case: Path) -> None:
    with speaking("ja"):
        said = Report(whole=True).of(difference(case))
    latin = r"(?a:[A-Za-z]\w+)"
    names = {*KINDS, *OPERATIONS, *(p.name for kind in KINDS.values() for p in kind.parameters())}
    units = ["MAC", "KiB", "MiB", "float32", "none", "true", "test", "cnn", "state_dict", "twice", "scalar"]
    tensors = ["weight", "running_mean", "running_var", "num_batches_tracked"]
    known = names | {*units, *tensors} | set(re.findall(latin, case.read_text(encoding="utf-8")))
    assert {word for word in re.findall(latin, said) if not {word, word.rstrip("0123456789")} & known} == set()


@pytest.mark.parametrize("columns", [80, 100, 120])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_lines_fit(columns: int, language: Language) -> None:
    for case in CASES:
        with speaking(language):
            lines = Report(width=columns).of(difference(case)).splitlines()
        assert [line for line in lines if width(line) > columns] == []


def test_what_only_follows_is_limited_unless_all_is_wanted() -> None:
    layers = " -> ".join(f"conv({n}, 3, padding=1)" for n in range(2, 20))
    program = program_of(
        f"network Before {{ input(3, 8, 8); {layers} }}\nnetwork After {{ input(3, 9, 9); {layers} }}\n"
    )
    found = diff.compare(program, program, "Before", "After")
    assert "  ... and 6 more, which --all lists\n" in Report().of(found)
    assert "conv18" in Report(whole=True).of(found)
    assert "which --all lists" not in Report(whole=True).of(found)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["0.07500000000000001"], "0.075"),
        (["conv 8 filters, 5×5", "conv 16 filters, 5×5", "conv 32 filters, 5×5"], "conv 8 ... 32 filters, 5×5"),
        (["1", "5", "3"], "1 to 5"),
        (["-2", "-1", "0"], "-2 ... 0"),
        (["[1, 1e-06]", "[2, 1e-06]"], "[1 then 2, 1e-6]"),
        (["W2 - 1.5", "W2 - 1.25"], "W2 - 1.5 then 1.25"),
        (["12345.0"], "12345"),
        (["timm==1.2.3"], "timm==1.2.3"),
        (["123456789"], "123456789"),
    ],
)
def test_numbers_in_short(texts: list[str], said: str) -> None:
    assert in_short(texts) == said


def test_what_different_statements_make_stays_apart() -> None:
    text = "network {} {{ input(8); dropout({}) -> linear(8) -> relu; dropout({}) -> linear(4) }}"
    program = program_of(f"{text.format('Before', 0.1, 0.2)}\n{text.format('After', 0.3, 0.4)}")
    said = Report().of(diff.compare(program, program, "Before", "After"))
    assert "\n~ dropout1  p 0.1 -> 0.3\n~ dropout2  p 0.2 -> 0.4\n" in said


def test_what_follows_is_named_also_where_the_first_of_it_has_no_module() -> None:
    text = "network {} {{ input(3, {}, 8); conv(4, 3); concat(it, it) -> relu }}"
    program = program_of(f"{text.format('Before', 8)}\n{text.format('After', 9)}")
    said = Report().of(diff.compare(program, program, "Before", "After"))
    assert "\n  (concat) ... relu1  8 x 6 x 6 -> 8 x 7 x 6\n" in said


def test_an_unknown_network() -> None:
    program = program_of("network Net { input(1, 4, 4); relu }")
    with pytest.raises(KeyError):
        diff.compare(program, program, "Net", "Other")
