"""A network is called as in its text, whatever blocks of other files and renamed ones are called."""

from __future__ import annotations

from pathlib import Path

import torch

import cnndsl


def test_a_network_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "parts.cnn").write_text("block Net(c) { conv(c, 3) }\nblock Wrap(c) { Net(c) -> relu }\n")
    (tmp_path / "net.cnn").write_text('from "parts.cnn" import Wrap\nnetwork Net { input(3, 8, 8); Wrap(4) }\n')
    assert cnndsl.load(tmp_path / "net.cnn")()(torch.zeros(2, 3, 8, 8)).shape == (2, 4, 6, 6)


def test_a_renamed_block_takes_no_name_of_an_argument(tmp_path: Path) -> None:
    (tmp_path / "parts.cnn").write_text("block Unit { relu }\nblock Wrap { Unit }\n")
    text = """
from "parts.cnn" import Wrap
block Unit(c) { conv(c, 3) }
block Both(Unit2) { Wrap -> Unit(Unit2) }
network Net { input(3, 8, 8); Both(4) -> Both(5) }
"""
    (tmp_path / "net.cnn").write_text(text)
    assert cnndsl.load(tmp_path / "net.cnn")()(torch.zeros(2, 3, 8, 8)).shape == (2, 5, 4, 4)
