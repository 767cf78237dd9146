"""`cnndsl new`: a first file, and what it does not write over."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnndsl
from cnndsl.files import packaged_names
from tests.cli.conftest import Command


def test_a_first_file(cnndsl: Command) -> None:
    result = cnndsl("new", "first.cnn")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("wrote first.cnn\ncnndsl summary first.cnn shows its layers")
    assert cnndsl("check", "first.cnn").code == 0
    again = cnndsl("new")
    assert again.code == 2
    assert "net.cnn is there already, and stays as it is" in again.err
    assert "-o" not in again.err  # which this command has not
    assert cnndsl("new", "-", "--like", "unet.cnn").out.startswith("# ")
    assert "\ncnndsl summary 'my net.cnn' shows its layers" in cnndsl("new", "my net.cnn").out


@pytest.mark.parametrize("name", packaged_names())
def test_every_network_can_be_a_beginning(name: str, tmp_path: Path) -> None:
    from cnndsl.cli import main

    file = tmp_path / name
    assert main(["new", str(file), "--like", name.removesuffix(".cnn")]) == 0
    assert cnndsl.compile(file).ok


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["net.py"], "net.py does not end in .cnn"),
        (["--like", "unett"], "no unett comes with cnndsl; did you mean unet?"),
        (["--like", "../pyproject"], "no ../pyproject comes with cnndsl; there is alexnet, "),
        (["--like", "/etc/passwd"], "no /etc/passwd comes with cnndsl; there is alexnet, "),
    ],
)
def test_what_cannot_be_written(cnndsl: Command, arguments: list[str], words: str, folder: Path) -> None:
    before = sorted(folder.iterdir())
    result = cnndsl("new", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in " ".join(result.err.split())
    assert sorted(folder.iterdir()) == before
