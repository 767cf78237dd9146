from __future__ import annotations

import json
from typing import Any

import pytest

from cnndsl.diagnostics import Diagnostic
from cnndsl.report import json as report
from tests.report.build import CASES, load


def lines(rendered: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in rendered.splitlines()]


def test_a_diagnostic_with_everything() -> None:
    (entry,) = lines(report.render(load(CASES / "another_file.toml")))
    assert entry == {
        "code": "E306",
        "severity": "error",
        "message": "+ needs two values of the same size: the left one is 64 x 30 x 30, the right one 3 x 32 x 32",
        "file": "blocks/residual.cnn",
        "start": {"line": 3, "column": 5},
        "end": {"line": 3, "column": 15},
        "label": "added here",
        "labels": [
            {
                "file": "blocks/residual.cnn",
                "start": {"line": 2, "column": 5},
                "end": {"line": 2, "column": 22},
                "message": "64 x 30 x 30",
            },
            {
                "file": "net.cnn",
                "start": {"line": 5, "column": 5},
                "end": {"line": 5, "column": 17},
                "message": "used here",
            },
        ],
        "help": ["make the sizes equal"],
        "fix": None,
    }


def test_no_place() -> None:
    (entry,) = lines(report.render([Diagnostic("E001", "gone")]))
    assert (entry["file"], entry["start"], entry["end"], entry["labels"]) == (None, None, None, [])


def test_a_line_for_each() -> None:
    assert report.render([]) == ""
    found = [Diagnostic("E001", "gone"), Diagnostic("E001", "away\nfor good")]
    assert [entry["message"] for entry in lines(report.render(found))] == ["gone", "away\nfor good"]


@pytest.mark.parametrize("name", ["tabs_and_wide_characters", "control_characters"])
def test_plain_ascii(name: str) -> None:
    rendered = report.render(load(CASES / f"{name}.toml"))
    assert rendered.isascii()
    assert lines(rendered)[0]["message"] == load(CASES / f"{name}.toml")[0].message
