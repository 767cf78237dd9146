"""The programs in docs/examples do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

EXAMPLES = ROOT / "docs" / "examples"
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
"""How a program is run by two processes."""


_ABORTED = "terminate called without an active exception"
"""What a process of a group says now and then, once in thirty runs, when all its work is done: a thread of PyTorch's is
still there when it ends.
"""


def _run(folder: Path, *command: str) -> str:
    """What a program of the examples prints, run in a folder by Python with these arguments."""
    for _ in range(3):
        ran = subprocess.run(
            [sys.executable, *(str(EXAMPLES / word) if word.endswith(".py") else word for word in command)],
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "RAY_memory_monitor_refresh_ms": "0"},
        )
        if _ABORTED not in ran.stderr:
            break
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _accuracy(printed: str) -> float:
    found = re.findall(r"test accuracy:? (\d+\.\d) %$", printed, re.MULTILINE)
    assert found, printed
    return float(found[-1])


def test_the_digits_are_learned(tmp_path: Path) -> None:
    assert _accuracy(_run(tmp_path, "train_digits.py")) >= 97


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    first = _run(tmp_path, "train_resume.py", "checkpoint.pt", "1")
    then = _run(tmp_path, "train_resume.py", "checkpoint.pt", "3")
    assert [line.split(":")[0] for line in (first + then).splitlines()] == ["epoch 1", "epoch 2", "epoch 3"]
    assert _accuracy(then) >= 90


@pytest.mark.parametrize(("program", "saved"), [("train_ddp.py", "weights.pt"), ("train_fsdp.py", "parts")])
def test_two_processes_learn_together(tmp_path: Path, program: str, saved: str) -> None:
    assert _accuracy(_run(tmp_path, *TWO, program, saved)) >= 90
    assert (tmp_path / saved).exists()


@pytest.mark.parametrize("library", ["accelerate", "lightning"])
def test_a_library_has_the_loop(tmp_path: Path, library: str) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed")
    assert _accuracy(_run(tmp_path, f"train_{library}.py")) >= 90


def test_a_search_goes_on_where_it_was(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed")
    assert "best of 5: " in _run(tmp_path, "search_optuna.py", "search.db", "5")
    assert "best of 7: " in _run(tmp_path, "search_optuna.py", "search.db", "2")


def test_a_search_on_a_ray(tmp_path: Path) -> None:
    pytest.importorskip("ray.tune", reason="ray is not installed", exc_type=ImportError)
    printed = _run(tmp_path, "search_tune.py", str(tmp_path), "4")
    assert re.search(r"^best: \{'width': \d+, 'rate': ", printed, re.MULTILINE)
    again = _run(tmp_path, "search_tune.py", str(tmp_path), "4")
    assert again.rpartition(", ")[2] == printed.rpartition(", ")[2]  # of members that are as good it may tell another


def test_the_examples_are_short() -> None:
    for path in sorted(EXAMPLES.glob("train_*.py")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        assert len(lines) < 40 or path.name == "train_digits.py", path.name
