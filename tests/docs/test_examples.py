"""The programs in docs/examples do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import ROOT


def test_the_digits_are_learned(tmp_path: Path) -> None:
    program = ROOT / "docs" / "examples" / "train_digits.py"
    ran = subprocess.run(
        [sys.executable, program],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    accuracy = re.search(r"^test accuracy: (\d+\.\d) %$", ran.stdout, re.MULTILINE)
    assert accuracy is not None, ran.stdout
    assert float(accuracy[1]) >= 97
