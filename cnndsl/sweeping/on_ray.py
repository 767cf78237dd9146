"""Batches of members, worked out by the workers of a Ray that exists: of a cluster, or one that is started here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cnndsl.sweeping.members import Family, Member, Text
from cnndsl.sweeping.processes import AHEAD, WorkerKilledError
from cnndsl.sweeping.space import Space

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
        work = ray.remote(max_retries=_TRIES)(_batch)
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


def _batch(shared: tuple[Text, Space], numbers: Sequence[int]) -> list[Member]:
    text, space = shared
    return Family(text).members(space, numbers)
