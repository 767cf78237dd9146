"""`cnndsl diff` as a command: which networks it compares, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import NET, Command

OTHER = NET.replace("conv(2, 3)", "conv(2, 5)")
TWO = """\
network Small { input(1, 8, 8); conv(2, 3) -> relu -> linear(10) }
network Large { input(1, 8, 8); conv(4, 3) -> relu -> linear(10) }
"""


@pytest.fixture(autouse=True)
def _files(folder: Path) -> None:
    (folder / "other.cnn").write_text(OTHER)
    (folder / "two.cnn").write_text(TWO)


def test_two_files(cnndsl: Command) -> None:
    result = cnndsl("diff", "net.cnn", "other.cnn")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("--- net.cnn: Net, 1 x 8 x 8 -> 10\n+++ other.cnn: Net, 1 x 8 x 8 -> 10\n\n")
    assert "kernel 3 -> 5" in result.out
    assert "\x1b" not in result.out
    assert "\x1b[33m" in cnndsl("diff", "net.cnn", "other.cnn", "--color", "always").out


def test_networks_of_one_file(cnndsl: Command) -> None:
    assert "channels 2 -> 4" in cnndsl("diff", "two.cnn:Small", "two.cnn:Large").out
    assert "channels 4 -> 2" in cnndsl("diff", "two.cnn", "two.cnn:Small").out
    assert "no difference" in cnndsl("diff", "two.cnn", "two.cnn").out
    assert "no difference" in cnndsl("diff", "two.cnn", "two.cnn", "--network", "Small").out
    assert "no difference" in cnndsl("diff", "net.cnn", "two.cnn:Small").out


def test_a_network_that_is_none(cnndsl: Command) -> None:
    result = cnndsl("diff", "two.cnn:Small", "two.cnn:Huge")
    assert (result.code, result.out) == (2, "")
    assert "two.cnn has no network Huge; it has Small, Large" in result.err


def test_a_file_with_a_colon_in_its_name(cnndsl: Command, folder: Path) -> None:
    (folder / "my:net").write_text(NET)
    assert cnndsl("diff", "my:net", "net.cnn").out.startswith("--- my:net: Net,")
    assert "no:file cannot be read" in cnndsl("diff", "no:file/", "net.cnn").err.replace("no:file/", "no:file")


def test_json(cnndsl: Command) -> None:
    result = cnndsl("diff", "net.cnn", "other.cnn", "--format", "json")
    told = json.loads(result.out)
    assert [told[side]["file"] for side in ("before", "after")] == ["net.cnn", "other.cnn"]
    assert told["differences"][0]["changes"] == {"kernel": [3, 5]}


def test_standard_input(cnndsl: Command) -> None:
    assert "no difference" in cnndsl("diff", "-", "net.cnn", stdin=NET.encode()).out
    assert "kernel 5 -> 3" in cnndsl("diff", "-", "net.cnn", stdin=OTHER.encode()).out
    assert "kernel 3 -> 5" in cnndsl("diff", "net.cnn", "-", stdin=OTHER.encode()).out
    result = cnndsl("diff", "-", "-", stdin=NET.encode())
    assert result.code == 2
    assert "standard input can be one of the two files, and not both" in result.err


@pytest.mark.parametrize(
    ("files", "plain", "asked"),
    [
        (("net.cnn", "net.cnn"), 0, 0),
        (("net.cnn", "other.cnn"), 0, 1),
        (("net.cnn", "bad.cnn"), 1, 2),
        (("bad.cnn", "other.cnn"), 1, 2),
        (("net.cnn", "nowhere.cnn"), 2, 2),
    ],
)
def test_exit_codes(cnndsl: Command, files: tuple[str, str], plain: int, asked: int) -> None:
    assert cnndsl("diff", *files).code == plain
    assert cnndsl("diff", *files, "--exit-code").code == asked


def test_errors_of_both_files(cnndsl: Command, folder: Path) -> None:
    (folder / "worse.cnn").write_text("network Net { input(1, 8, 8); nonsense }")
    result = cnndsl("diff", "bad.cnn", "worse.cnn")
    assert result.out == ""
    assert "nothing is called rely" in result.err
    assert "nothing is called nonsense" in result.err


def test_a_file_is_read_once(cnndsl: Command, folder: Path) -> None:
    (folder / "warned.cnn").write_text(TWO + "network Odd { input(1, 8, 8); unused = relu; conv(2, 3) }")
    result = cnndsl("diff", "warned.cnn:Small", "warned.cnn:Large")
    assert result.err.count("warning[") == 1


def test_settings_are_for_both(cnndsl: Command) -> None:
    result = cnndsl("diff", "net.cnn", "other.cnn", "--set", "classes=7")
    assert result.out.startswith("--- net.cnn: Net, 1 x 8 x 8 -> 7\n+++ other.cnn: Net, 1 x 8 x 8 -> 7\n")


def test_in_japanese(cnndsl: Command, folder: Path) -> None:
    said = cnndsl("diff", "net.cnn", "other.cnn", "--lang", "ja").out
    assert "パラメーター" in said
    assert "parameters" not in said
    assert cnndsl("diff", "net.cnn", "other.cnn", "-o", "page.html", "--lang", "ja").code == 0
    page = (folder / "page.html").read_text()
    assert said.splitlines()[-2].split()[0] in page
    assert not re.search(r"\d parameters", page[: page.index("<script")])
    plain = cnndsl("diff", "net.cnn", "other.cnn", "--format", "json").out
    assert cnndsl("diff", "net.cnn", "other.cnn", "--format", "json", "--lang", "ja").out == plain


def test_a_page(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("diff", "net.cnn", "other.cnn", "-o", "page.html", "--exit-code")
    assert (result.code, result.out, result.err) == (1, "wrote page.html\n", "")
    assert (folder / "page.html").read_bytes().startswith(b"<!-- made by cnndsl -->\n<!doctype html>")
    assert cnndsl("diff", "net.cnn", "two.cnn", "-o", "page.html").code == 0  # one page of ours may replace another
    (folder / "own.html").write_text("<p>mine")
    assert cnndsl("diff", "net.cnn", "other.cnn", "-o", "own.html").code != 0
    assert (folder / "own.html").read_text() == "<p>mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "page.svg"], "page.svg does not end in .html"),
        (["-o", "page.html", "--all"], "a page has everything"),
        (["-o", "page.html", "--format", "json"], "a page has everything"),
    ],
)
def test_what_is_no_page(cnndsl: Command, folder: Path, arguments: list[str], said: str) -> None:
    result = cnndsl("diff", "net.cnn", "other.cnn", *arguments)
    assert result.code == 2
    assert said in result.err
    assert not list(folder.glob("page.*"))
