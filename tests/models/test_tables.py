"""The tables that the benchmarks print."""

from __future__ import annotations

import sys

import pytest

from benchmarks import lengths, published, reference
from benchmarks.lengths import python_tokens


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["reference", *arguments])
    return reference.main()


def test_a_row_for_each_chosen_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "squeezenet1_?", "alexnet", "--no-outputs") == 0
    head, *rows, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["keys", "shapes", "leaves", "params", "MACs", "error", "ok"]
    same = ["same"] * 5
    assert [row.split() for row in rows] == [
        ["alexnet", *same, "-", "yes"],
        ["squeezenet1_0", *same, "-", "yes"],
        ["squeezenet1_1", *same, "-", "yes"],
    ]
    assert last == "3 of 3 networks are the published ones"


def test_a_difference_is_told_and_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    known = published.facts() | {"alexnet": published.facts()["alexnet"] | {"macs": 1}}
    monkeypatch.setattr(published, "facts", lambda: known)
    assert run(monkeypatch, "alexnet", "--no-outputs") == 1
    _, row, last = capsys.readouterr().out.splitlines()
    assert row.split() == ["alexnet", "same", "same", "same", "same", "no", "-", "NO"]
    assert last == "0 of 1 networks are the published ones"


def test_a_name_that_is_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, "lexnet")
    assert "no network matches lexnet" in capsys.readouterr().err


def test_python_is_counted_without_its_layout() -> None:
    assert python_tokens("x = f(1)  # a comment\n\n\nif x:\n    y = [x,\n         2]\n") == 6 + 3 + 7


def test_lengths_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    lengths.main()
    _, *rows, total = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == list(lengths.BY_HAND)
    assert [sum(int(row[k]) for row in rows) for k in (1, 2)] == [int(total[1]), int(total[2])]
