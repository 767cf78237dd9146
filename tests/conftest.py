"""What all tests share: the same drawn examples each time, golden files and `pytest --update`, which rewrites them."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The networks of the tests are small, and workers stand beside one another: where each has threads of its own, they
# wait for one another, busily, which takes three times the processor's time. What a test starts has this from here.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Programs are many small objects that stay: to look through them for cycles after each 700 more, as Python does, takes
# a third of the time that compiling takes.
gc.set_threshold(20_000)

# The same examples each time, however long they take: a test fails for what is tested, and not by chance or on a busy
# machine. For other examples: pytest --hypothesis-profile=default.
settings.register_profile("settled", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("settled")

Golden = Callable[[Path, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files with what comes out now")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with a golden file, byte for byte; with `--update` the file is rewritten instead."""
    update = bool(request.config.getoption("--update"))

    def compare(path: Path, text: str) -> None:
        actual = text.encode()
        if update:
            path.write_bytes(actual)
            return
        assert path.exists(), f"no golden file {path.name}: run pytest --update, and read what it wrote"
        assert actual.decode() == path.read_bytes().decode(), f"differs from {path.name}"

    return compare
