"""A sweep from end to end: a text and a space in, the members of its family out, worked out in several processes.

What is done is written down as it comes, in the folder for what can be made again, so that a sweep that was interrupted
goes on where it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from cnndsl.analysis.measures import MEASURES
from cnndsl.compilation import Compilation, CompilationError
from cnndsl.diagnostics import OptionError
from cnndsl.frozen import frozen
from cnndsl.semantics.values import Limits
from cnndsl.source import Source
from cnndsl.sweeping.members import USUAL, Condition, Member, Text, open_text
from cnndsl.sweeping.report import Swept, wanted
from cnndsl.sweeping.space import Space
from cnndsl.sweeping.workers import here, in_processes, on_ray
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
        text, found = open_text(
            source, folder, names, network=network, first=space.settings(0), measures=measured, limits=limits
        )
        if text is None:
            raise CompilationError(Compilation(source, found, None))
        if condition is not None:
            like_any = Member(0, space.settings(0), dict.fromkeys(measured, 1))
            condition.holds(like_any)  # a condition that means nothing is told at once
        return cls(text, columns, condition, sort)

    def swept(self, members: Iterable[Member]) -> Swept:
        """Those of the members that are wanted, in order."""
        holds = None if self.condition is None else self.condition.holds
        return wanted(members, self.text.network, self.columns, holds=holds, sort=self.sort)


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
