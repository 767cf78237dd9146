"""Batches of members, worked out in this process, or in several of this machine."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from cnndsl.sweeping.members import Family, Member, Text
from cnndsl.sweeping.space import Space

AHEAD = 4
"""Batches that wait for each core."""


def here(text: Text, space: Space, batches: Iterable[Sequence[int]]) -> Iterator[list[Member]]:
    """Work out members in this process."""
    family = Family(text)
    for batch in batches:
        for number in batch:  # one by one, so that each is noted when it is done
            yield family.members(space, [number])


def in_processes(text: Text, space: Space, batches: Iterable[Sequence[int]], *, jobs: int) -> Iterator[list[Member]]:
    """Work out members in several processes. Raises WorkerKilledError where one of them is killed."""
    pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(text, space))
    running: set[Future[list[Member]]] = set()
    try:
        for batch in batches:
            running.add(pool.submit(_batch, batch))
            if len(running) == AHEAD * jobs:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (each.result() for each in done)
    except BrokenProcessPool:
        raise WorkerKilledError from None
    finally:
        pool.shutdown(cancel_futures=True)


class WorkerKilledError(RuntimeError):
    """A process that worked out members was killed."""

    def __init__(self) -> None:
        super().__init__(
            "a process at work was killed, perhaps because memory ran out; what is done is kept: "
            "sweep again, in fewer processes"
        )


_at_work: list[tuple[Family, Space]] = []
"""In a worker, what it works at."""


def _begin(text: Text, space: Space) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives out the work
    _at_work[:] = [(Family(text), space)]
    gc.freeze()  # the compiler and the text stay: looking through them again and again takes a tenth of the time


def _batch(numbers: Sequence[int]) -> list[Member]:
    [(family, space)] = _at_work
    return family.members(space, numbers)
