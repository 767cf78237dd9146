"""A copy of a part of the checkout, in which a test does what a document says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.docs.blocks import ROOT


def checkout(folder: Path, folders: Iterable[str], files: Iterable[str] = ()) -> Path:
    """Copy these folders and files of the checkout into a folder, without what was compiled and without pictures."""
    for name in folders:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "images", "gallery"))
    for name in files:
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(folder: Path, *command: str, code: int = 0) -> str:
    """Run Python in a copy, with a cache of its own; what it prints, or what it says of an error."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout or done.stderr
