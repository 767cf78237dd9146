"""The hooks for pre-commit call commands that there are, on the files that these take."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cnndsl.cli import main

HOOKS = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8").split("\n- ")[1:]


def setting(hook: str, name: str) -> str:
    found = re.search(rf"^ *{name}: (.*)$", hook, re.MULTILINE)
    assert found is not None, hook
    return found[1]


def test_there_are_two() -> None:
    assert [setting(hook, "id") for hook in HOOKS] == ["cnndsl-check", "cnndsl-fmt"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: setting(hook, "id"))
def test_a_hook_runs(hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, command = shlex.split(setting(hook, "entry"))
    assert (program, setting(hook, "language")) == ("cnndsl", "python")
    assert re.search(setting(hook, "files"), "models/net.cnn")
    assert not re.search(setting(hook, "files"), "net.cnn.txt")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.cnn").write_text("network A {\n    input(3, 8, 8)\n    relu\n}\n")
    (tmp_path / "b.cnn").write_text("block B {\n    conv(8, 3)\n}\n")
    assert main([command, "a.cnn", "b.cnn"]) == 0
