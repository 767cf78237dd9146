"""Outputs lie where the user said, whatever the text and the names of files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command

NET = b"network Net { input(3, 8, 8); conv(2, 3) }\n"


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["../../evil.cnn", "/evil.cnn", "a/b/evil.cnn", "..\\evil.cnn", "sub/../../evil"])
def test_what_standard_input_is_called(name: str, cnndsl: Command, folder: Path) -> None:
    before = everything(folder)
    result = cnndsl("compile", "-", "--stdin-filename", name, "-o", "sub/out", stdin=NET)
    made = everything(folder) - before
    assert result.code == 0
    assert len(made) == 4
    assert all(path.startswith("sub") for path in made)


def test_what_a_network_is_called(cnndsl: Command, folder: Path) -> None:
    """A name is letters, digits and underscores, so that none leads elsewhere."""
    before = everything(folder)
    for name in ("../Evil", "/Evil", "..", "a/b"):
        assert cnndsl("compile", "-", "-o", "out", stdin=NET.replace(b"Net", name.encode())).code == 1
    assert everything(folder) == before
