"""Runs the commands of this folder in processes of their own."""

from __future__ import annotations

import subprocess
import sys

from tests.fuzz.words import ROOT


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE ARGUMENTS`, with what it said."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
