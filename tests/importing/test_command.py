"""`cnndsl import`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

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

class Leaves(nn.Module):
    def forward(self, x):
        raise SystemExit("bye")

class Empty(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 4, 3, device="meta"))

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


@pytest.fixture
def program(folder: Path) -> Path:
    """A program whose sizes were not left open."""
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))
    torch.export.save(torch.export.export(module.eval(), (torch.randn(2, 1, 8, 8),)), folder / "net.pt2")
    return folder / "net.pt2"


@pytest.mark.parametrize("more", [[], ["--input", "1,8,8"]])
def test_a_program(cnndsl: Command, folder: Path, program: Path, more: list[str]) -> None:
    result = cnndsl("import", program.name, "-o", "made.cnn", *more)
    assert (result.code, result.out) == (0, "wrote made.cnn\n")
    assert result.err == "same keys, same outputs (0.0)\n"
    assert "input(1, 8, 8)" in (folder / "made.cnn").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["net.pt2", "--input", "1,9,9"], "net.pt2 cannot be imported: input was exported for 2 x 1 x 8 x 8"),
        (["net.pt2", "--input", "8,8"], "net.pt2 cannot be imported: an input has 3 sizes, and 2 are given"),
        (["net.pt2", "--input", "1,8,8", "--input", "4"], "the program has 1 inputs, and 2 sizes are given"),
        (["net.pt2", "--arg", "classes=7"], "a program of torch.export is made already, and takes no arguments"),
        (["nowhere.pt2"], "nowhere.pt2 cannot be imported: there is no such file"),
        (["text.pt2"], "text.pt2 cannot be imported: the file is no archive of torch.export.save, or it is cut"),
    ],
)
@pytest.mark.usefixtures("program")
def test_what_is_refused_of_programs(cnndsl: Command, folder: Path, arguments: list[str], words: str) -> None:
    (folder / "text.pt2").write_text("no program")
    result = cnndsl("import", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in " ".join(result.err.split())


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
        (
            ["net.onnx"],
            "'net.onnx' is not of the form MODULE:NAME, such as torchvision.models:resnet50, and no FILE.pt2",
        ),
        (["made.py:Nett", "--input", "1,8,8"], "made.py:Nett cannot be made: AttributeError"),
        (["nowhere:Net", "--input", "1,8,8"], "nowhere:Net cannot be made: ModuleNotFoundError"),
        (["torch.nn:ReLU", "--input", "1,8,8"], "ReLU is a layer, and no network of layers: put it into one"),
        (["made.py:fails", "--input", "1,8,8"], "made.py:fails cannot be made: ValueError: no"),
        (["made.py:number", "--input", "1,8,8"], "made.py:number gives no module of PyTorch, but int"),
        (["made.py:Net", "--input", "1,9,9"], "Net cannot be run on 1 x 9 x 9: RuntimeError"),
        (["made.py:Leaves", "--input", "4"], "Leaves cannot be run on 4: SystemExit: bye"),
        (["made.py:Empty", "--input", "1,8,8"], "Empty has weights without numbers, on the device meta"),
        (["made.py:Sorted", "--input", "4"], "in Sorted: sort(...) is no call of the language"),
        (["made.py:Net", "--input", "1,8,8", "-o", "made.txt"], "made.txt does not end in .cnn"),
        (["made.py:Net", "--input", "1,8,8", "-o", "net.cnn"], "net.cnn is there already"),
    ],
)
def test_what_is_refused(cnndsl: Command, arguments: list[str], words: str) -> None:
    result = cnndsl("import", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in " ".join(result.err.split())
