"""A module -> its runs: the steps that one statement of the text made again and again, and how their numbers differ.

A turn of a loop, `unit(64) * 3`, `repeat`, a comprehension: whatever such a statement makes comes from one place in
the text.  Steps in a row that come from there are one run, as a reader of the text sees it, if they are the same but
for numbers: the same definition with the same parts and the same wiring.  A projection that only the first block has
leaves that block outside.  The numbers may differ where the map keeps its extent; where it becomes smaller, the sizes
on the way are what a reader looks for, and only what has equal arguments goes on being a run.

Every picture and table folds by these runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

from cnndsl.ir.interpreter import Application, Frame, applications
from cnndsl.ir.program import Combine, Module, Program, Step, inner_first
from cnndsl.layers.formula import Shape, same_size
from cnndsl.layers.operations import Operation
from cnndsl.symbolic.number import Traced, is_open, key_of, value_of

LONGEST_TURN = 32
"""Steps of one turn, at most; what is longer is a picture of its own."""
FEWER = 3
"""What is no block is a run only where one box for all turns after the first makes so many fewer."""


class Run(NamedTuple):
    """A turn of `period` steps, the first of them at `start`, that comes `times` times in a row."""

    start: int
    period: int
    times: int


@dataclass(slots=True)
class _Study:
    """What is worked out once for a module: what its steps apply, by their outputs, its runs, and its structure."""

    applied: dict[tuple[int, ...], Application]
    runs: tuple[Run, ...] = ()
    structure: int = -1
    settings: tuple[tuple[str, Any], ...] | None = None


class Repeats:
    """The runs of every module that a network is made of.  Linear in the size of the definitions."""

    def __init__(self, program: Program, root: Module) -> None:
        self._structures: dict[object, int] = {}
        self._studies: dict[str, _Study] = {}
        self.modules = made_of(program, root)
        """The modules that the network is made of, each after the ones inside it."""
        for module in self.modules:
            steps = applications(program, Frame(module))
            study = self._studies[module.id] = _Study({at.step.outputs: at for at in steps})
            study.runs = tuple(self._group(module))
            study.structure = self._structure(module, study.runs)

    def applied(self, module: Module, step: Step) -> Application:
        """A step of a module with what it applies."""
        return self._studies[module.id].applied[step.outputs]

    def inner(self, module: Module, step: Step) -> Module | None:
        """The module that a step applies; None where it applies a layer or an operation."""
        return self.applied(module, step).inner

    def runs(self, module: Module) -> tuple[Run, ...]:
        """The steps of a module, in order, grouped into runs; most of them are one step that comes once."""
        return self._studies[module.id].runs

    def later_turns(self, module: Module) -> frozenset[int]:
        """The steps of a module that go on with the run of the step before them, where a turn is one step."""
        runs = (range(run.start + 1, run.start + run.times) for run in self.runs(module) if run.period == 1)
        return frozenset(at for turns in runs for at in turns)

    def structure(self, module: Module) -> int:
        """The same number for modules that are the same but for numbers, the lengths of their runs among them."""
        return self._studies[module.id].structure

    def settings(self, module: Module, *steps: Step) -> tuple[tuple[str, Any], ...]:
        """The arguments of what steps apply, by name: of layers, of blocks, of all that stands in chains."""
        return tuple(pair for step in steps for pair in self._settings(module, step))

    def _settings(self, module: Module, step: Step) -> tuple[tuple[str, Any], ...]:
        target = self.applied(module, step).target
        if not isinstance(target, Module):
            return tuple((name, _plain(getattr(target, name))) for name in type(target).model_fields)
        study = self._studies[target.id]
        if study.settings is None:
            if target.kind == "chain":
                study.settings = self.settings(target, *target.steps)
            else:
                study.settings = tuple((given.name, _plain(given.value)) for given in target.parameters)
        return study.settings

    def _group(self, module: Module) -> Iterator[Run]:
        steps = module.steps
        # How many steps up to each one do not just take what the step before gives.
        breaks = list(accumulate(not follows for follows in _follows(module)))
        places: dict[object, int] = {}
        again = [0] * len(steps)  # where the statement that made a step makes the next one
        for at in range(len(steps) - 1, -1, -1):
            again[at] = places.get(steps[at].origin, 0)
            places[steps[at].origin] = at
        at = 0
        while at < len(steps):
            run = self._run_at(module, breaks, again[at], at)
            yield run
            at = run.start + run.period * run.times

    def _run_at(self, module: Module, breaks: Sequence[int], again: int, at: int) -> Run:
        alone, period = Run(at, 1, 1), again - at
        if not 0 < period <= LONGEST_TURN:
            return alone
        end = again
        while end < len(breaks) and breaks[end] == breaks[at] and self._alike(module, end - period, end):
            end += 1
        times = (end - at) // period
        turn = module.steps[at:again]
        is_block = period == 1 and self.inner(module, turn[0]) is not None
        if times < (2 if is_block else 3) or not (is_block or (times - 1) * period - 1 >= FEWER):
            return alone
        # A reader takes a turn to begin with what does the work: convolution, then ReLU.
        works = [self._works(module, step) for step in turn]
        return Run(at, period, times) if works[0] or not any(works) else alone

    def _alike(self, module: Module, one: int, other: int) -> bool:
        """Whether one statement made both steps, and they are the same but for numbers."""
        a, b = module.steps[one], module.steps[other]
        if a.origin != b.origin or isinstance(a.action, Combine) or self._kind(module, a) != self._kind(module, b):
            return False
        settings_a, settings_b = self.settings(module, a), self.settings(module, b)
        if settings_a == settings_b and self.inner(module, a) is not None:
            return True
        extents = (_extents(module, step) for step in (a, b))
        return _differ_in_numbers(settings_a, settings_b) and all(map(same_size, *extents))

    def _structure(self, module: Module, runs: Sequence[Run]) -> int:
        values: dict[int, int] = {}  # values by their place in a module whose runs have one turn

        def place(value: int) -> int:
            return values.setdefault(value, len(values))

        made: list[object] = [module.kind, module.name, *map(place, range(len(module.inputs)))]
        for start, period, times in runs:
            for step in module.steps[start : start + period]:
                given = tuple(map(place, step.inputs))
                made.append(
                    (self._kind(module, step), self._declared(module, step), given, tuple(map(place, step.outputs)))
                )
            first, last = module.steps[start + period - 1], module.steps[start + period * times - 1]
            values.update(zip(last.outputs, map(place, first.outputs), strict=True))
        made.append(tuple(place(output.value) for output in module.outputs))
        return self._structures.setdefault(tuple(made), len(self._structures))

    def _kind(self, module: Module, step: Step) -> object:
        """What a step applies, without its numbers."""
        target = self.applied(module, step).target
        if isinstance(target, Module):
            return self.structure(target)
        return target.kind if isinstance(target, Operation) else (step.action.what, target.word)

    def _declared(self, module: Module, step: Step) -> object:
        """Where the text declares the part of a block that a step applies: each way of a condition has its own parts.

        Those of a chain are told by their numbers, wherever the chain is written.
        """
        part = self.applied(module, step).part
        return None if part is None or module.kind == "chain" else part.origin

    def _works(self, module: Module, step: Step) -> bool:
        """Whether a step applies something that learns: a layer with weights, or a block."""
        at = self.applied(module, step)
        return isinstance(at.target, Module) or (at.leaf is not None and bool(at.leaf.layer.tensors(at.leaf.x)))


def made_of(program: Program, root: Module) -> list[Module]:
    """Every module that `root` is made of, each after the ones inside it."""

    def inside(module: Module) -> Iterator[str]:
        return (at.target.id for at in applications(program, Frame(module)) if isinstance(at.target, Module))

    return inner_first(program, [root.id], inside)


def _follows(module: Module) -> list[bool]:
    """For each step, whether it takes just what the step before it gives, and nothing else reads that."""
    readers = [0] * len(module.values)
    for step in module.steps:
        for value in step.inputs:
            readers[value] += 1
    for output in module.outputs:
        readers[output.value] += 1
    found = [False] * len(module.steps)
    for i, step in enumerate(module.steps[1:], 1):
        before = module.steps[i - 1]
        found[i] = len(before.outputs) == 1 and step.inputs == before.outputs and readers[before.outputs[0]] == 1
    return found


def _extents(module: Module, step: Step) -> list[Shape]:
    """What comes in and goes out, without the channels."""
    return [module.values[value][1:] for value in (*step.inputs, *step.outputs)]


def _differ_in_numbers(a: Any, b: Any) -> bool:
    """Whether two values are equal but for numbers in the same places."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_differ_in_numbers, a, b))
    return a == b or not any(isinstance(value, bool) or not isinstance(value, int | float) for value in (a, b))


def _plain(value: Any) -> Any:
    """A value that can be compared: a number with what it was computed by is the number, a list a tuple."""
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    if isinstance(value, Traced):
        return key_of(value) if is_open(value) else value_of(value)
    return value
