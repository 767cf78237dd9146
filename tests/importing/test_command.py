"""`cnndsl import`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnndsl as package
from tests.cli.conftest import Command, cnndsl, folder

__all__ = ["cnndsl", "folder"]

MODULE = """\
from torch import nn

class Net(nn.Sequential):
    def __init__(self, classes=10):
        super().__init__(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, classes))

class Spare(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.spare = nn.Linear(4, 2)
    def forward(self, x):
        return self.fc(x)

class Sorted(nn.Module):
    def forward(self, x):
        return x.sort(1)[0]

def fails():
    raise ValueError("no")

number = 5
"""


AROUND = """\
import torch
from torch import nn

class Scaled(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
    def forward(self, x):
        return x * self.weight.sort()[0]

class Around(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.scaled = Scaled(3)
    def forward(self, x):
        return self.scaled(self.fc(x))
"""


@pytest.fixture(autouse=True)
def _module(folder: Path) -> None:
    (folder / "made.py").write_text(MODULE)


def test_a_text_and_what_was_found(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("import", "made.py:Net", "--input", "1,8,8", "--arg", "classes=7", "-o", "made.cnn")
    assert (result.code, result.out) == (0, "wrote made.cnn\n")
    assert result.err == "same keys, same outputs (0.0)\n"
    assert package.compile(folder / "made.cnn").ok
    assert "linear(classes)" in (folder / "made.cnn").read_text()
    assert cnndsl("fmt", "--check", "made.cnn").code == 0


def test_standard_output(cnndsl: Command) -> None:
    result = cnndsl("import", "made.py:Net", "--input", "1x8x8")
    assert (result.code, result.err) == (0, "same keys, same outputs (0.0)\n")
    assert result.out.startswith("network Net(classes = 10) {\n    input(1, 8, 8)\n")


def test_what_differs(cnndsl: Command) -> None:
    result = cnndsl("import", "made.py:Spare", "--input", "4")
    assert result.code == 1
    assert result.err == (
        "Linear (spare) is never used, and left out\nonly in the original: spare.weight, spare.bias\n"
    )


def test_what_the_text_takes_from_elsewhere(cnndsl: Command, folder: Path) -> None:
    (folder / "around.py").write_text(AROUND)
    result = cnndsl("import", "around.py:Around", "--input", "4")
    assert (result.code, result.err) == (0, "1 extern (around.Scaled)\nsame keys, same outputs (0.0)\n")
    assert result.out.startswith('extern Scaled(features) from "around" (shape = same)\n')


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["made.py:Net"], "Missing option '--input'"),
        (["made.py:Net", "--input", "1,a"], "'1,a' is no size; write it without the batch, such as 3,224,224"),
        (["made.py:Net", "--input", "0,8,8"], "'0,8,8' is no size"),
        (["made.py", "--input", "1,8,8"], "'made.py' is not of the form MODULE:NAME"),
        (["made.py:Nett", "--input", "1,8,8"], "made.py:Nett cannot be made: AttributeError"),
        (["nowhere:Net", "--input", "1,8,8"], "nowhere:Net cannot be made: ModuleNotFoundError"),
        (["made.py:fails", "--input", "1,8,8"], "made.py:fails cannot be made: ValueError: no"),
        (["made.py:number", "--input", "1,8,8"], "made.py:number gives no module of PyTorch, but int"),
        (["made.py:Net", "--input", "1,9,9"], "Net cannot be run on 1 x 9 x 9: RuntimeError"),
        (["made.py:Sorted", "--input", "4"], "in Sorted: sort(...) is no call of the language"),
        (["made.py:Net", "--input", "1,8,8", "-o", "made.txt"], "made.txt does not end in .cnn"),
        (["made.py:Net", "--input", "1,8,8", "-o", "net.cnn"], "net.cnn was not written by cnndsl"),
    ],
)
def test_what_is_refused(cnndsl: Command, arguments: list[str], words: str) -> None:
    result = cnndsl("import", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in " ".join(result.err.split())
