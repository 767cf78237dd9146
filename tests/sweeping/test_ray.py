"""A sweep on a Ray of several processes, one of which is killed in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnndsl
from cnndsl.source import Source
from cnndsl.sweeping import run as running
from cnndsl.sweeping.run import Plan, here, on_ray
from cnndsl.sweeping.space import parse
from tests.sweeping.test_sweep import FAMILY


@pytest.fixture(autouse=True)
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Ray of this machine alone, with two workers that find this package."""
    ray = pytest.importorskip("ray", reason="ray is not installed")
    monkeypatch.setattr(running, "cache_folder", lambda: tmp_path)
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "0")  # a machine that has little memory left kills no worker
    root = str(Path(__file__).parents[2])
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": root}})
    yield
    ray.shutdown()


def test_a_worker_is_killed_and_nothing_is_lost_or_twice() -> None:
    space = parse(["width=1:40", "kernel=1:8"])
    plan = Plan.of(Source("net.cnn", FAMILY), None, space)
    numbers = space.numbers()
    batches = [list(numbers[at : at + 8]) for at in range(0, len(numbers), 8)]
    found = []
    killed = None
    for members in on_ray(plan.text, space, batches):
        found += members
        if killed is None and (at_work := _workers()):  # between two batches a worker has another title
            killed = at_work[0]
            os.kill(killed, signal.SIGKILL)
    assert killed is not None
    assert killed not in _workers()
    assert len(found) == len(numbers)
    expected = [member for part in here(plan.text, space, [numbers]) for member in part]
    assert sorted(found, key=lambda member: member.number) == expected


def _workers() -> list[int]:
    """The processes of Ray that work at batches."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            try:
                command = (path / "cmdline").read_bytes()
            except OSError:
                continue
            if b"ray::_ray_batch" in command:
                found.append(int(path.name))
    return found


def test_it_gives_what_processes_give() -> None:
    settings = {"width": range(1, 6), "kernel": [3, 20]}
    assert cnndsl.sweep(FAMILY, settings, engine="ray") == cnndsl.sweep(FAMILY, settings)
