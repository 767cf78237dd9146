"""`--size` of the commands that show a network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, made

OPEN = """\
network Net {
    input(3, ?, ?)
    conv(8, 3, stride=2) -> relu -> maxpool(2)
    global_avgpool -> linear(10)
}
"""


@pytest.fixture(autouse=True)
def opened(folder: Path) -> None:
    (folder / "open.cnn").write_text(OPEN)
    (folder / "written.cnn").write_text(OPEN.replace("?, ?", "65, 33"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["summary"],
        ["summary", "--format", "json"],
        ["explain"],
        ["explain", "--format", "latex"],
        ["draw", "-o", "-", "--format", "dot"],
        ["draw", "-o", "-", "--format", "mmd"],
        ["draw", "-o", "-", "--style", "volume"],
        ["draw", "-o", "-"],
    ],
)
@pytest.mark.parametrize("sizes", [["--size", "H=65,W=33"], ["--size", "W=33", "--size", " H = 65 "]])
def test_the_figures_for_a_size(cnndsl: Command, arguments: list[str], sizes: list[str]) -> None:
    """As where the size is written in the text."""
    command, *options = arguments
    shown = cnndsl(command, "open.cnn", *options, *sizes)
    written = cnndsl(command, "written.cnn", *options)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.replace("open.cnn", "written.cnn") == written.out
    assert cnndsl(command, "open.cnn", *options).out != shown.out


def test_why_one_layer_has_its_size(cnndsl: Command) -> None:
    result = cnndsl("explain", "open.cnn", "conv1", "--size", "H=65,W=33")
    assert result.code == 0
    assert "I = 65 (height), 33 (width)" in result.out


def test_macs_are_known_for_a_size(cnndsl: Command) -> None:
    shown = [cnndsl("summary", "open.cnn", "--format", "json", *more).out for more in ([], ["--size", "H=65,W=33"])]
    assert [json.loads(text)["totals"]["macs"] for text in shown] == [None, 8 * 32 * 16 * 3 * 9 + 80]


@pytest.mark.parametrize("command", [["summary"], ["explain"], ["draw"], ["draw", "--style", "volume"]])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("H=4", "Net cannot take H = 4: H is at least 5; 5 would fit"),
        ("D=4", "Net has no open size D; it has H, W"),
        ("H=0", "H is a whole number from 1 to 2,147,483,647, and not 0"),
        ("H", "'H' is not of the form NAME=NUMBER, such as H=256"),
        ("H=12,", "'' is not of the form NAME=NUMBER"),
        ("H=big", "'H=big' is not of the form NAME=NUMBER"),
        ("H=-5", "'H=-5' is not of the form NAME=NUMBER"),
        ("H=" + "9" * 5000, "is not of the form NAME=NUMBER"),
        ("H=8,H=9", "H is given twice, as 8 and 9"),
    ],
)
def test_a_size_that_cannot_be(
    cnndsl: Command, folder: Path, command: list[str], given: str, words: str
) -> None:  # fmt: skip
    result = cnndsl(*command, "open.cnn", "--size", given)
    assert (result.code, result.out) == (2, "")
    assert "Invalid value for '--size'" in result.err.replace("for --size", "for '--size'")
    assert words in result.err
    assert made(folder) == []


def test_a_text_that_leaves_nothing_open(cnndsl: Command) -> None:
    result = cnndsl("summary", "net.cnn", "--size", "H=8")
    assert result.code == 2
    assert "Net has no open size H; it has none" in result.err


def test_a_run_has_the_sizes_of_its_input(cnndsl: Command) -> None:
    result = cnndsl("explain", "open.cnn", "--values", "1 2; 3 4", "--size", "H=2,W=2")
    assert (result.code, result.out) == (2, "")
    assert "a run has the sizes of what it is given: leave out --size" in result.err


def test_errors_of_a_text_come_before_its_sizes(cnndsl: Command) -> None:
    result = cnndsl("summary", "bad.cnn", "--size", "H=8")
    assert result.code == 1
    assert result.err.startswith("error[E201]")
