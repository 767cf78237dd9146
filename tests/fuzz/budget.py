"""How much processor time and memory one input may take."""

from __future__ import annotations

import re
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

SECONDS = 2.0
"""Processor time of one step, such as compiling or drawing. The time of a clock would tell how busy the machine is."""
MEGABYTES = 450
"""Memory of the process beyond what it has once PyTorch is imported, which is half of that or more by the build."""
_HOPELESS = 10.0  # seconds after which a process ends itself, whatever it is doing


class OverBudget(BaseException):
    """A step took too much. Not an `Exception`, so that nothing on the way takes it for a failure of its own."""


def peak() -> float:
    """The most memory that this process ever had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` of a process counts what its parent had when it was started
        found = re.search(r"^VmHWM:\s*(\d+) kB$", status.read_text(encoding="ascii", errors="replace"), re.MULTILINE)
        if found:
            return int(found[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


@contextmanager
def limited(step: str, scale: float = 1.0) -> Iterator[None]:
    """Raise OverBudget in a step that takes more than `SECONDS` times `scale` of processor time.

    A step that does not come back to Python in time ends the process: whoever started it knows what was tried.
    """

    def ring(_number: int, frame: FrameType | None) -> None:
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "nowhere"
        message = f"{step} takes more than {SECONDS * scale:g} s of processor time; it is at {place}"
        raise OverBudget(message)

    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS * scale)
    signal.setitimer(signal.ITIMER_VIRTUAL, _HOPELESS * scale)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@cache
def imported() -> float:
    """The memory that this process has once PyTorch is imported, in MB; asked for the first time before any input."""
    import torch  # noqa: F401

    return peak()


def check_memory() -> None:
    """Raise OverBudget when this process ever had more memory than is allowed."""
    if peak() > imported() + MEGABYTES:
        message = f"{peak():.0f} MB of memory"
        raise OverBudget(message)


def bound_memory() -> None:
    """Let this process have twice what is allowed and no more, so that an input cannot take the machine's."""
    most = int(imported() + 2 * MEGABYTES) * 10**6
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
