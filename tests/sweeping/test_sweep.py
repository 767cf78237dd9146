"""`cnndsl.sweep`: what the members of a family cost, beside what the text says of each by itself and PyTorch."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import cnndsl
from cnndsl.analysis import MEASURES, costs, measure
from cnndsl.compilation import CompilationError
from cnndsl.diagnostics import Problem
from cnndsl.files import FolderReader
from cnndsl.semantics import elaborate
from cnndsl.source import Source
from cnndsl.sweeping import run as running
from cnndsl.sweeping.members import Family, Member
from cnndsl.sweeping.report import as_csv
from cnndsl.sweeping.report import text as table
from cnndsl.sweeping.run import Journal, Plan, WorkerKilledError, in_processes, work_out
from cnndsl.sweeping.scatter import front, svg
from cnndsl.sweeping.space import of_values, parse
from cnndsl.syntax.parser import parse as read

MODELS = Path(__file__).parents[2] / "models"
FAMILY = """\
network Small(width = 8, kernel = 3, classes = 10) {
    input(3, 16, 16)
    conv(width, kernel) -> relu -> maxpool(2)
    assert parameters < 10000, "too large for the board"
    conv(2 * width, kernel) -> relu -> maxpool(2) -> linear(classes)
}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own for what can be made again."""
    monkeypatch.setattr(running, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "sweeps"


def test_each_member_is_what_it_is_by_itself() -> None:
    rows = cnndsl.sweep(FAMILY, {"width": [4, 8], "kernel": [3, 5]})
    assert [(row["width"], row["kernel"]) for row in rows] == [(4, 3), (4, 5), (8, 3), (8, 5)]
    for row in rows:
        program = cnndsl.compile(FAMILY, settings={"width": row["width"], "kernel": row["kernel"]}).program
        assert program is not None
        cost = costs.of(program, program.networks[0])
        expected = cost.parameters, cost.macs, costs.memory(program).peak, None
        assert (row["parameters"], row["macs"], row["memory"], row["problem"]) == expected


TEXTS = sorted([*MODELS.glob("*.cnn"), *(Path(__file__).parents[1] / "torch" / "cases").glob("*.cnn")])


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_plain_numbers_cost_what_traced_ones_do(path: Path) -> None:
    file, _ = read(Source(path.name, path.read_text(encoding="utf-8")))
    last = list(file.networks)[-1].name.text
    plain, traced = (
        elaborate(file, {}, None, FolderReader(path.parent), {last}, traced=how)[0] for how in (False, True)
    )
    assert plain is not None
    assert traced is not None
    assert measure(plain, MEASURES) == measure(traced, MEASURES)


def test_what_does_not_work_out_is_a_member_with_its_reason() -> None:
    rows = cnndsl.sweep(FAMILY, {"width": [8, 400], "kernel": [3, 20]})
    assert [row["problem"] is None for row in rows] == [True, False, False, False]
    assert rows[1]["problem"].startswith("E302: ")
    assert rows[1]["macs"] is None
    assert "(line 4)" in rows[2]["problem"]


def test_what_is_wanted_and_in_which_order() -> None:
    rows = cnndsl.sweep(
        FAMILY, {"width": range(4, 13, 4), "classes": 5}, where="macs < 2e6 and width != 8", sort="-parameters"
    )
    assert [row["width"] for row in rows] == [12, 4]
    rows = cnndsl.sweep(FAMILY, {"width": range(4, 13, 4)}, sort="-parameters", measures=("receptive_field",))
    assert [row["width"] for row in rows] == [12, 8, 4]
    assert list(rows[0]) == ["width", "parameters", "receptive_field", "problem"]


def test_the_last_network_that_has_the_parameters_is_taken() -> None:
    text = (
        "network A(n) { input(1, 8, 8) -> conv(n, 3) }\nnetwork B(m) { input(1, 8, 8) -> conv(m, 5) }\n"
        "network C = A(n=4)\n"
    )
    assert cnndsl.sweep(text, {"n": [1, 2]})[1]["parameters"] == 20
    assert cnndsl.sweep(text, {"m": [2]})[0]["parameters"] == 52


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"settings": {"wide": [1]}}, CompilationError, "has a parameter wide"),
        ({"settings": {"width": [1]}, "network": "Other"}, ValueError, "no network Other here; there is Small"),
        ({"settings": {"width": [1]}, "sort": "size"}, ValueError, "no column size; there are width, parameters"),
        ({"settings": {"width": [1]}, "engine": "dask"}, ValueError, "no engine dask; there are processes and ray"),
        ({"settings": {"width": [1]}, "where": "maccs < 3"}, Problem, "maccs is not known here"),
        ({"settings": {"width": [1]}, "where": "macs <"}, Problem, "something is missing after <"),
        ({"text": "network Net { conv(", "settings": {"n": [1]}}, CompilationError, "E1"),
        ({"text": 'from "gone.cnn" import A\nnetwork Net(n) { input(1) -> linear(n) }', "settings": {"n": [1]}},
         CompilationError, "gone.cnn"),
        ({"text": "block A(n) { linear(n) }", "settings": {"n": [1]}}, CompilationError, "no network"),
        ({"text": "network Net(macs) { input(1) -> linear(macs) }", "settings": {"macs": [1]}}, ValueError, "macs"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_whole(given: dict[str, Any], kind: type[Exception], words: str) -> None:
    given = {"text": FAMILY, **given}
    with pytest.raises(kind, match=words):
        cnndsl.sweep(**given)


def test_a_file_and_what_it_imports(tmp_path: Path) -> None:
    (tmp_path / "stem.cnn").write_text("block Stem(n) { conv(n, 3) -> relu }\n")
    (tmp_path / "net.cnn").write_text('from "stem.cnn" import Stem\nnetwork Net(n) { input(3, 8, 8) -> Stem(n) }\n')
    assert cnndsl.sweep(tmp_path / "net.cnn", {"n": [1, 2]})[1]["parameters"] == 56


def _plan(text: str = FAMILY, *space: str) -> tuple[Plan, Any]:
    made = parse(space or ["width=1:12", "kernel=1:6"])
    return Plan.of(Source("net.cnn", text), None, made), made


def test_processes_give_what_one_gives() -> None:
    plan, space = _plan()
    batches = [list(space.numbers())[at : at + 7] for at in range(0, space.size, 7)]
    several = [member for part in in_processes(plan.text, space, batches, jobs=2) for member in part]
    alone = list(work_out(plan.text, space, space.numbers(), jobs=1))
    assert sorted(several, key=lambda member: member.number) == alone


def test_an_interrupted_sweep_goes_on_where_it_was(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, space = _plan()
    members = work_out(plan.text, space, space.numbers(), jobs=1)
    before = [next(members) for _ in range(5)]
    cast("Generator[Member, None, None]", members).close()
    (kept,) = cache.iterdir()
    kept.write_text(kept.read_text() + '[7, {"parame', encoding="utf-8")  # it was cut off in the middle of a line
    worked_out: list[int] = []
    real = Family.member

    def member(family: Family, number: int, settings: Any) -> Member:
        worked_out.append(number)
        return real(family, number, settings)

    monkeypatch.setattr(Family, "member", member)
    again = list(work_out(plan.text, space, space.numbers(), jobs=1))
    assert again[:5] == before
    assert sorted(member.number for member in again) == list(space.numbers())
    assert worked_out == list(space.numbers())[5:]
    assert list(cache.iterdir()) == []


def test_another_text_or_space_begins_anew(cache: Path) -> None:
    plan, space = _plan()
    with_text, _ = _plan(FAMILY.replace("maxpool(2)", "avgpool(2)"))
    with_space, other = _plan(FAMILY, "width=1:12", "kernel=1:7")
    for at, (text, made) in enumerate([(plan.text, space), (with_text.text, space), (with_space.text, other)], 1):
        journal = Journal(text, made)
        assert journal.done == {}
        journal.note([Member(0, {}, {"macs": 1})])
        journal.close()
        assert len(list(cache.iterdir())) == at


def test_a_folder_that_takes_nothing_is_no_reason_to_fail(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder would be")
    assert len(cnndsl.sweep(FAMILY, {"width": [1, 2]})) == 2


def test_the_front() -> None:
    def members() -> Iterator[Member]:
        for number, (x, y) in enumerate([(3, 3), (1, 1), (2, 1), (2, 4), (1, 1), (4, 4), (5, None)]):
            yield Member(number, {}, {"macs": x, "parameters": y})

    assert [member.number for member in front(list(members()), "macs", "parameters")] == [1, 3]


@pytest.mark.parametrize(
    ("name", "network", "settings"),
    [
        ("efficientnet", "EfficientNet", {"width": [0.35, 0.6, 1.15], "depth": [0.4, 1.3], "size": [64, 96]}),
        ("regnet", "RegNet", {"depth": [6, 9], "w_0": [16, 24], "w_a": [24.5, 36], "w_m": [2.5], "group": [8, 16]}),
    ],
)
def test_figures_agree_with_modules_of_pytorch(name: str, network: str, settings: dict[str, list[Any]]) -> None:
    """Parameters, and multiply-accumulates as PyTorch counts them, of modules without numbers."""
    path = MODELS / f"{name}.cnn"
    for row in cnndsl.sweep(path, settings, sample=2, seed=5):
        given = {key: row[key] for key in settings}
        size = given.get("size", 224)
        with torch.device("meta"):
            module = cnndsl.load(path, network, **given)().eval()
            with FlopCounterMode(display=False) as counter:
                module(torch.zeros(1, 3, size, size))
        assert sum(each.numel() for each in module.parameters()) == row["parameters"]
        assert counter.get_total_flops() == 2 * row["macs"]


def test_json_is_what_sweep_gives(tmp_path: Path) -> None:
    from cnndsl.cli import main

    (tmp_path / "net.cnn").write_text(FAMILY)
    out = tmp_path / "rows.json"
    assert main(["sweep", str(tmp_path / "net.cnn"), "--set", "width=4,8,400", "-o", str(out)]) == 0
    rows = cnndsl.sweep(FAMILY, {"width": [4, 8, 400]})
    assert json.loads(out.read_text())["members"] == rows
    line = ["sweep", str(tmp_path / "net.cnn"), "--set", "width=4,8,400", "--top", "1", "-o", str(out), "--force"]
    assert main(line) == 0
    assert json.loads(out.read_text())["members"] == [rows[0], rows[2]]  # the one that does not work out is told too


def test_words_truth_values_and_what_is_not_known() -> None:
    text = 'network Net(kind, wide) { input(3, ?, ?); assert kind != ""; conv(8 if wide else 4, 3) }'
    space = of_values({"kind": ["b", "a"], "wide": [True, False]})
    plan = Plan.of(Source("<text>", text), None, space, sort="-kind")
    swept = plan.swept(work_out(plan.text, space, space.numbers()))
    assert [(member.row["kind"], member.row["wide"]) for member in swept.members] == [
        ("b", True), ("b", False), ("a", True), ("a", False),
    ]  # fmt: skip
    assert re.search(r"^ +b +true +224 +not known +not known$", table(swept), re.MULTILINE)
    assert as_csv(swept).splitlines()[1] == "b,true,224,,,"


def _dies(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_said_and_what_is_done_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, space = _plan()
    list(zip(range(3), work_out(plan.text, space, space.numbers(), jobs=1), strict=False))
    with monkeypatch.context() as patched:
        patched.setattr(running, "_batch", _dies)
        with pytest.raises(WorkerKilledError, match="what is done is kept"):
            list(work_out(plan.text, space, space.numbers(), jobs=2))
    with closing(Journal(plan.text, space)) as journal:
        assert len(journal.done) >= 3
    assert len(list(work_out(plan.text, space, space.numbers(), jobs=2))) == space.size


_ENDLESS = """
from itertools import count
from tests.sweeping.test_sweep import _plan
from cnndsl.sweeping.run import in_processes
if __name__ == "__main__":
    plan, space = _plan()
    for members in in_processes(plan.text, space, ([0] for _ in count()), jobs=2):
        print("at work", flush=True)
"""


def test_workers_end_with_the_process_that_gives_out_the_work() -> None:
    with subprocess.Popen([sys.executable, "-c", _ENDLESS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.kill()
        process.communicate(timeout=60)  # which ends when all are gone that could write there


@pytest.mark.parametrize(("linked", "role"), [(True, "group"), (False, "img")])
def test_links_are_no_part_of_an_image(linked: bool, role: str) -> None:
    space = parse(["width=4,8"])
    plan = Plan.of(Source("<text>", FAMILY), None, space)
    drawn = svg(plan.swept(work_out(plan.text, space, [0, 1])), "macs", "parameters", linked=linked)
    assert re.findall(r'role="(\w+)"', drawn) == [role]
    assert drawn.count("<a href") == (2 if linked else 0)


def test_the_headings_of_a_picture_are_bold() -> None:
    space = parse(["width=4,8"])
    plan = Plan.of(Source("<text>", FAMILY), None, space)
    swept = plan.swept(work_out(plan.text, space, [0, 1]))
    assert svg(swept, "macs", "parameters").count('font-weight="bold"') == 3  # its name, and those of both axes
