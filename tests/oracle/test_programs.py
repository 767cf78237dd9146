"""Random programs, compiled and run; `python -m benchmarks.oracle` draws thousands more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.oracle.agreement import check
from tests.oracle.generator import generate

COUNT = 300


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_random_program(seed: int) -> None:
    check(generate(seed).text())


def test_programs_of_every_make_are_drawn() -> None:
    """What is never drawn is never tested."""
    drafts = [generate(seed) for seed in range(COUNT)]
    lines = {"layers", "brace", "shared", "times", "residual", "arithmetic", "branches", "gate", "split", "reduce"}
    lines |= {"name_value", "go_back", "combine", "loops", "block", "learned"}
    inputs = {"picture", "signal", "volume", "features", "words", "two"}
    layers = {"conv", "conv_transpose", "maxpool", "upsample", "batchnorm", "pad", "crop", "linear", "permute"}
    used = {name for draft in drafts for name in draft.used}
    assert lines | inputs | layers <= used
    assert any("output" in draft.output for draft in drafts)
    assert any("when training" in draft.text() for draft in drafts)


def test_a_program_follows_from_its_number() -> None:
    """In another process too."""
    script = "from tests.oracle.generator import generate; print(generate(7).text())"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert other.stdout == generate(7).text() + "\n"
