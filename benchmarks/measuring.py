"""What the measurements share: processor time of processes, tables, and a word on the machine."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def processor_time(command: Sequence[str], environment: Mapping[str, str], folder: str | None = None) -> float:
    """The seconds of processor time (user and system) of one process and what it starts; what it prints is dropped.

    It runs in `folder`, by default in the one of this process. Raises subprocess.CalledProcessError where it fails.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    nothing = subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=nothing, stderr=nothing, env=dict(environment), cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def installed(folder: Path) -> dict[str, str]:
    """The environment for a process that finds all modules compiled, as in an installation.

    The compiled modules are kept in `folder`, whatever the environment says and whoever may write to the checkout.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder)}


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is text, the others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """The processor, how busy it is, and the version of Python, in a sentence."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {count} cores, load {load} (1, 5, 15 minutes), Python {platform.python_version()}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
