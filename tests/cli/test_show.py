"""`cnndsl show`: what PyTorch prints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cnndsl as library
from tests.cli.conftest import Command

MODELS = Path(__file__).parents[2] / "models"
PRINTED = """\
Net(
  (conv1): Conv2d(3, 8, kernel_size=(5, 5), stride=(1, 1))
  (conv2): Conv2d(8, 16, kernel_size=(5, 5), stride=(1, 1))
  (pool): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  (dropout): Dropout(p=0.5, inplace=False)
  (relu): ReLU()
  (fc1): Linear(in_features=400, out_features=256, bias=True)
  (fc2): Linear(in_features=256, out_features=10, bias=True)
)
"""
"""What the lesson shows for its network."""


def test_the_network_of_the_lesson(cnndsl: Command) -> None:
    shown = cnndsl("show", MODELS / "net.cnn")
    assert (shown.code, shown.out) == (0, PRINTED)


def test_a_network_of_several(cnndsl: Command) -> None:
    shown = cnndsl("show", MODELS / "resnet.cnn", "--network", "ResNet18", "--set", "classes=7")
    assert shown.out == f"{library.load(MODELS / 'resnet.cnn', 'ResNet18', classes=7)()}\n"


@pytest.mark.parametrize(
    ("text", "arguments", "code", "words"),
    [
        ("network Net { input(3, 8, 8) -> conv(4, 9) }", (), 1, "E302"),
        ("network Net { input(3, 8, 8) -> conv(4, 3) }", ("--network", "Other"), 2, "Other"),
        ('extern Odd from "odd" (shape = same)\nnetwork Net { input(3, 8, 8) -> Odd }', (), 1, "odd"),
    ],
)
def test_what_cannot_be_shown(
    cnndsl: Command, tmp_path: Path, text: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "net.cnn").write_text(text, encoding="utf-8")
    shown = cnndsl("show", tmp_path / "net.cnn", *arguments)
    assert (shown.code, shown.out) == (code, "")
    assert words in shown.err
    assert "Traceback" not in shown.err


def test_without_pytorch(cnndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    shown = cnndsl("show", MODELS / "net.cnn")
    assert shown.code == 2
    assert "PyTorch, which is not installed" in " ".join(shown.err.split())
