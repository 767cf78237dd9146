"""Texts that Hypothesis draws; what fails is made as small as it can be."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.fuzz import budget
from tests.fuzz.choose import Drawn
from tests.fuzz.texts import any_text
from tests.fuzz.worker import Worker

ROUND = 300
"""Examples of one round. What Hypothesis knows of earlier ones grows, and slows it down."""


@st.composite
def inputs(draw: DrawFn) -> tuple[str, bytes]:
    """A text of any kind, with the kind."""
    return any_text(Drawn(draw))


def run(first: int, seconds: float, folder: Path) -> None:
    """Try texts for some seconds, those that follow from the number `first`."""
    budget.bound_memory()
    worker = Worker(folder, seconds)
    number = first * 1_000_000
    while not worker.over:
        _round(worker, number)
        number += 1
    worker.write()


def _round(worker: Worker, number: int) -> None:
    failed: bytes | None = None

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs())
    def attempt(drawn: tuple[str, bytes]) -> None:
        nonlocal failed
        if worker.over and failed is None:
            return  # the rest of the round; what failed is still made small
        try:
            worker.try_(*drawn)
        except Exception:
            failed = drawn[1]
            raise

    try:
        attempt()
    except Exception as problem:  # whatever it is, it is a finding
        if failed is None:
            raise
        worker.keep(failed, problem)
