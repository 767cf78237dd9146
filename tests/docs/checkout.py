"""A copy of a part of the checkout, in which a test does what a document says."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
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


def check_types(folder: Path, *files: str) -> str:
    """Run mypy on files of a copy; what it prints.

    It begins with what is known of the checkout, which is most of what there is to find out: PyTorch is large.
    """
    known = _known_types()
    shutil.copytree(known, folder / "types" / known.name, dirs_exist_ok=True)
    return run(folder, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", "types", *files)


@cache
def _known_types() -> Path:
    """What mypy keeps for the package of the checkout, for this version of Python: `mypy` there goes on from it too."""
    known = ROOT / ".mypy_cache"
    known.mkdir(exist_ok=True)
    with (known / "tests.lock").open("w") as lock:  # another process of the tests may be at it
        fcntl.flock(lock, fcntl.LOCK_EX)
        run(ROOT, "-m", "mypy", "cnndsl")
    return known / f"{sys.version_info[0]}.{sys.version_info[1]}"
