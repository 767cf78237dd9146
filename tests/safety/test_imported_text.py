"""How much a text may import."""

from __future__ import annotations

from pathlib import Path

import cnndsl
from cnndsl.files import LARGEST_FILE

NET = "network Net { input(3, 8, 8); Unit }"
BLOCK = "block Unit { relu }\n"


def codes(text: str, folder: Path) -> list[str]:
    return [diagnostic.code for diagnostic in cnndsl.compile(text, folder=folder).diagnostics]


def test_a_path_that_is_too_long(tmp_path: Path) -> None:
    assert codes(f'from "{"a" * 300}" import Unit\n{NET}', tmp_path) == ["E413"]
    assert codes(f'from "{"a/" * 5000}b" import Unit\n{NET}', tmp_path) == ["E413"]


def test_a_large_file(tmp_path: Path) -> None:
    (tmp_path / "large.cnn").write_bytes(b" " * (LARGEST_FILE + 1))
    (tmp_path / "long.cnn").write_bytes(b" " * LARGEST_FILE)
    assert codes(f'from "large.cnn" import Unit\n{NET}', tmp_path) == ["E413"]
    assert codes(f'from "long.cnn" import Unit\n{NET}', tmp_path) == ["E505"]


def test_many_large_files(tmp_path: Path) -> None:
    lines = []
    for number in range(4):
        (tmp_path / f"f{number}.cnn").write_text(f"block B{number} {{ relu }}{' ' * 60_000}")
        lines.append(f'from "f{number}.cnn" import B{number}\n')
    net = "network Net { input(3, 8, 8); B0 -> B1 -> B2 }"
    assert codes("".join([*lines[:3], net]), tmp_path) == []
    assert codes("".join([*lines, net]), tmp_path) == ["E505"]


def test_many_files_in_a_row(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"f{number}.cnn").write_text(f'from "f{number + 1}.cnn" import Unit\n')
    (tmp_path / "f40.cnn").write_text(BLOCK)
    assert codes(f'from "f35.cnn" import Unit\n{NET}', tmp_path) == []
    assert codes(f'from "f0.cnn" import Unit\n{NET}', tmp_path) == ["E413"]
