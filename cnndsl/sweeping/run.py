"""A sweep from end to end: a text and a space in, the members of its family out, worked out in this process, in several
of this machine, or by the workers of a Ray.

What is done is written down as it comes, in the folder for what can be made again, so that a sweep that was interrupted
goes on where it was.
"""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from functools import partial
from hashlib import sha256
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import Literal, get_args

from cnndsl.analysis import MEASURES
from cnndsl.diagnostics import OptionError
from cnndsl.frozen import frozen
from cnndsl.semantics.values import Limits
from cnndsl.source import Source
from cnndsl.sweeping.members import USUAL, Condition, Family, Member, Text, open_text
from cnndsl.sweeping.report import Swept, sort_key
from cnndsl.sweeping.space import Space
from cnndsl.syntax.grammar import cache_folder

_BATCH = 16
"""Members that a worker is given at once."""
_ALONE = 32
"""Up to so many members are worked out in this process: to start others takes longer."""


@frozen()
class Plan:
    """A sweep before anything of it is worked out: of what text, what is measured, and which members are wanted.

    columns: the parameters that vary and the measures.
    """

    text: Text
    columns: tuple[str, ...]
    condition: Condition | None
    sort: str | None

    @classmethod
    def of(
        cls,
        source: Source,
        folder: Path | None,
        space: Space,
        *,
        network: str | None = None,
        where: str | None = None,
        sort: str | None = None,
        measures: Sequence[str] = USUAL,
        also: Sequence[str] = (),
        limits: Limits | None = None,
    ) -> Plan:
        """The plan, as `cnndsl.sweep` is asked for it.

        also: the columns of a picture. Raises CompilationError for a text that is wrong whatever the settings are,
        OptionError, a ValueError, for an unknown network or column and for a parameter with the name of a measure, and
        Problem for a condition that means nothing.
        """
        names = tuple(axis.name for axis in space.axes)
        for name in names:
            if name in MEASURES:
                message = f"a parameter called {name} cannot be told from the {name} of a network: give it another name"
                raise OptionError("space", message)
        condition = None if where is None else Condition(where)
        asked = {*measures, *also, *(condition.names if condition else ()), (sort or "").removeprefix("-")}
        measured = tuple(name for name in MEASURES if name in asked)
        columns = (*names, *measured)
        for option, column in (
            *(("measures", name) for name in measures),
            *zip(("x", "y"), also, strict=False),
            *([] if sort is None else [("sort", sort.removeprefix("-"))]),
        ):
            if column not in columns:
                message = f"there is no column {column}; there are {', '.join((*names, *MEASURES))}"
                raise OptionError(option, message)
        text = open_text(
            source, folder, names, network=network, first=space.settings(0), measures=measured, limits=limits
        )
        if condition is not None:
            like_any = Member(0, space.settings(0), dict.fromkeys(measured, 1))
            condition.holds(like_any)  # a condition that means nothing is told at once
        return cls(text, columns, condition, sort)

    def swept(self, members: Iterable[Member]) -> Swept:
        """The members that are wanted, sorted by a column, `-column` from the largest, or else as in the space."""
        found = sorted(members, key=lambda member: member.number)
        holds = (lambda _: True) if self.condition is None else self.condition.holds
        good = [member for member in found if not member.problem and holds(member)]
        if self.sort is not None:
            column = self.sort.removeprefix("-")
            key = sort_key(column)
            good.sort(key=key, reverse=self.sort != column)
            good.sort(key=lambda member: key(member)[0])  # what is not known stays last
        problems = tuple(member for member in found if member.problem)
        return Swept(self.text.network, self.columns, tuple(good), problems, len(found))


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
    Thread(target=_end_with_parent, daemon=True).start()
    _at_work[:] = [(Family(text), space)]
    gc.freeze()  # the compiler and the text stay: looking through them again and again takes a tenth of the time


def _end_with_parent() -> None:
    """End when the process that gives out the work is gone: one that is killed leaves its workers waiting for more."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - a worker has one
    parent.join()
    os._exit(1)


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


EngineName = Literal["processes", "ray"]
Engine = Callable[[Text, Space, Iterable[Sequence[int]]], Iterator[list[Member]]]
"""Works out batches of members of a family, given by their numbers, in any order."""


def work_out(
    text: Text, space: Space, numbers: Sequence[int], *, jobs: int | None = None, engine: EngineName = "processes"
) -> Iterator[Member]:
    """The members with these numbers, as they come.

    jobs: how many processes work at it here, by default as many as there are cores. engine: "ray" for the workers of a
    Ray instead. Raises WorkerKilledError where one of them is killed; for Ray see `on_ray`.
    """
    with closing(Journal(text, space)) as journal:
        yield from (member for number in numbers if (member := journal.done.get(number)) is not None)
        todo = [number for number in numbers if number not in journal.done]
        batches = [todo[at : at + _BATCH] for at in range(0, len(todo), _BATCH)]
        for members in _engine(engine, jobs, len(todo))(text, space, batches):
            journal.note(members)
            yield from members
        journal.finish()


def _engine(name: EngineName, jobs: int | None, count: int) -> Engine:
    if name == "ray":
        return on_ray
    if name != "processes":
        raise OptionError("engine", f"there is no engine {name}; there are {' and '.join(get_args(EngineName))}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs == 1 or count <= _ALONE:
        return here
    return partial(in_processes, jobs=jobs or cores)


class Journal:
    """What of a sweep is done, in a file that is kept until all of it is."""

    def __init__(self, text: Text, space: Space) -> None:
        """Read what was done before. Nothing is raised where no file can be read or written: there is none then."""
        self.done: dict[int, Member] = {}
        self._space = space
        folder = cache_folder()
        self._path = None if folder is None else folder / "sweeps" / f"{_fingerprint(text, space)}.jsonl"
        self._file = None
        if self._path is not None:
            with suppress(OSError, ValueError):
                self._read(self._path)
            with suppress(OSError):
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = self._path.open("a", encoding="utf-8")

    def _read(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError, KeyError):  # the last line may be half there
                number, measures, problem = json.loads(line)
                self.done[number] = Member(number, self._space.settings(number), measures, problem)

    def note(self, members: Iterable[Member]) -> None:
        """Write down what is done."""
        if self._file is not None:
            lines = (json.dumps([each.number, dict(each.measures), each.problem]) + "\n" for each in members)
            with suppress(OSError):
                self._file.write("".join(lines))
                self._file.flush()

    def finish(self) -> None:
        """Forget all, since all is done."""
        self.close()
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


def _fingerprint(text: Text, space: Space) -> str:
    """What tells one sweep from all others: the texts, the network, the space, what is measured and by what version."""
    from importlib.metadata import version

    limits = repr(text.limits)
    axes = [(axis.name, repr(axis.values)) for axis in space.axes]
    told = [
        version("cnndsl"),
        text.source.text,
        sorted(text.imported.items()),
        text.network,
        text.measures,
        limits,
        axes,
    ]
    return sha256(json.dumps(told).encode()).hexdigest()[:32]
