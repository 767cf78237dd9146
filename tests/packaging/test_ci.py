"""`.ci/run` takes its commands from the README, so they have to be there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def test_the_script_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["/usr/bin/env", "bash", "-n", script], check=True)


@pytest.mark.parametrize("mark", ["<!-- first command -->", "<!-- test command -->"])
def test_the_readme_has_the_commands(mark: str) -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines.count(mark) == 1
    after = lines[lines.index(mark) + 1 :]
    assert after[0].startswith("```")
    assert not after[1].startswith("```")
