"""Batches of members, worked out in this process, in several of this machine, or by the workers of a Ray."""

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


_TRIES = 5
"""How often a batch whose worker died is begun again."""


def on_ray(text: Text, space: Space, batches: Iterable[Sequence[int]]) -> Iterator[list[Member]]:
    """Work out members on the Ray that `ray.init` finds.

    It is the one that this process is joined to, that of RAY_ADDRESS, or a new one on this machine.

    Where a worker dies, its batch alone is done again, by another. The nodes need the same version of cnndsl. Raises
    ImportError without Ray, ConnectionError where no Ray is at the address, and WorkerKilledError for a batch that no
    worker survives.
    """
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, WorkerCrashedError

    begun_here = not ray.is_initialized()
    if begun_here:
        ray.init(log_to_driver=False, configure_logging=False)
    try:
        shared = ray.put((text, space))
        work = ray.remote(max_retries=_TRIES)(_ray_batch)
        ahead = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        running: list[ray.ObjectRef[list[Member]]] = []
        for batch in batches:
            running.append(work.remote(shared, batch))
            if len(running) >= ahead:
                done, running = ray.wait(running)
                yield from ray.get(done)
        while running:
            done, running = ray.wait(running)
            yield from ray.get(done)
    except (NodeDiedError, OutOfMemoryError, WorkerCrashedError):
        raise WorkerKilledError from None
    finally:
        if begun_here:
            ray.shutdown()


def _ray_batch(shared: tuple[Text, Space], numbers: Sequence[int]) -> list[Member]:
    text, space = shared
    return Family(text).members(space, numbers)
