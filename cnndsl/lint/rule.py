"""What a rule is, and how applications came about: for each, the layers that its input went through before."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.frozen import frozen
from cnndsl.ir.interpreter import Application, Frame, Interpreter
from cnndsl.ir.program import Call, Module, Origin, Program, Weights
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.operations import Operation
from cnndsl.source import Span

LONGEST = 8
"""Layers that a trail goes back at most; no rule asks for more."""


@frozen()
class Applied:
    """One application of a layer to an input of the shape `x`, which gives one of the shape `y`.

    origin: where it is applied. declared: where the layer is declared, which may be the same place.
    name: what the text, or the compiler, calls it. step: the module, and the number of the step in it.
    is_module: whether it is a part of the network, and no plain call. weights, init: its own, of a part.
    is_shared: whether the part, or one that it is in, is applied in several places with one set of weights.
    """

    layer: Any
    """A `Layer`. A rule knows its kind by the word, and asks for the parameters that this kind has: to import the class
    of each kind that a rule knows would import nearly all of them, for a network that has few.
    """
    x: Shape
    y: Shape
    name: str
    origin: Origin
    declared: Origin
    step: tuple[str, int]
    is_module: bool = False
    weights: Weights | None = None
    init: tuple[tuple[str, Initialiser], ...] = ()
    is_shared: bool = False


@frozen()
class Trail:
    """What a value went through: the applications, the newest first, each the only reader of what the next one gave.

    entry: the input of the module at which the trail ends; what was before it is not known yet. None where the trail
    ends inside: at an input of the network, at a merge, or at a value that has several readers.
    sole: whether the oldest application is the only reader of its input; where there is no application, whether the
    value has one reader.
    """

    layers: tuple[Applied, ...] = ()
    entry: int | None = None
    sole: bool = True

    @property
    def newest(self) -> Applied:
        """The last application."""
        return self.layers[0]

    @property
    def only_reader(self) -> bool:
        """Whether nothing but the last application reads its input, as far as is known."""
        return len(self.layers) > 1 or (self.sole and self.entry is None)

    def then(self, applied: Applied) -> Trail:
        """The trail of what an application gives."""
        layers = (applied, *self.layers)
        return Trail(layers[:LONGEST]) if len(layers) > LONGEST else Trail(layers, self.entry, self.sole)

    def after(self, before: Trail) -> Trail:
        """The trail, with what led to its beginning."""
        layers = self.layers + before.layers
        if len(layers) > LONGEST:
            return Trail(layers[:LONGEST])
        return Trail(layers, before.entry, before.sole)

    def shared(self) -> Trail:
        """The trail through a part that is applied in several places."""
        return replace(self, layers=tuple(replace(applied, is_shared=True) for applied in self.layers))


_SHARED = Trail(sole=False)


@frozen()
class Passage:
    """A walked module: the trails of its outputs, and for each of its inputs the trails that end there."""

    outputs: tuple[Trail, ...]
    waiting: dict[int, list[Trail]]


class Walk:
    """Walks modules, and shows `visit` the trail of each application, the application itself being the newest.

    An application near the beginning of a module is shown again, with a longer trail, where the module is used.
    """

    def __init__(self, program: Program, visit: Callable[[Trail], None]) -> None:
        self.program = program
        self.visit = visit
        self._known: dict[str, Passage] = {}

    def network(self, key: str) -> tuple[Trail, ...]:
        """Walk a network; the trails of its outputs. What comes in has no reader but the network."""
        passage = self.module(self.program.modules[key])
        for waiting in passage.waiting.values():
            for trail in waiting:
                self.visit(trail.after(Trail()))
        return tuple(Trail(t.layers, None, t.sole) for t in passage.outputs)

    def module(self, module: Module) -> Passage:
        """Walk a module, once."""
        if module.id not in self._known:
            self._known[module.id] = _Trails(self, module).passage()
        return self._known[module.id]


class _Trails(Interpreter[Trail]):
    """The trails of one module."""

    def __init__(self, walk: Walk, module: Module) -> None:
        super().__init__(walk.program)
        self._walk, self._module = walk, module
        self._calls = Counter(step.action.child for step in module.steps if isinstance(step.action, Call))
        self._waiting: dict[int, list[Trail]] = {}

    def passage(self) -> Passage:
        module = self._module
        readers = Counter(index for step in module.steps for index in step.inputs)
        readers.update(output.value for output in module.outputs)
        values = {index: Trail(entry=index) if readers[index] == 1 else _SHARED for index in range(len(module.inputs))}
        for at in self.steps(Frame(module), values):
            values.update((index, _SHARED) for index in at.step.outputs if readers[index] != 1)
        return Passage(tuple(values[output.value] for output in module.outputs), self._waiting)

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Trail]) -> list[Trail]:
        if len(inputs) != 1 or len(at.step.outputs) != 1:
            return [Trail()] * len(at.step.outputs)
        leaf = at.leaf
        name = layer.word if not at.name or at.name.isdigit() else at.name
        own = (True, leaf.weights, tuple(leaf.init.items()), self._calls[at.name] > 1) if leaf is not None else ()
        applied = Applied(layer, at.x, at.ys[0], name, at.step.origin, at.origins[0], (self._module.id, at.index), *own)
        return [self._shown(inputs[0].then(applied))]

    def combine(self, at: Application, operation: Operation, inputs: Sequence[Trail]) -> list[Trail]:
        return [Trail()] * len(at.step.outputs)

    def call_module(self, at: Application, module: Module, inputs: Sequence[Trail]) -> list[Trail]:
        passage, is_shared = self._walk.module(module), self._calls[at.name] > 1
        for index, waiting in passage.waiting.items():
            for trail in waiting:
                self._shown((trail.shared() if is_shared else trail).after(inputs[index]))
        outputs = [trail.shared() for trail in passage.outputs] if is_shared else passage.outputs
        return [trail if trail.entry is None else trail.after(inputs[trail.entry]) for trail in outputs]

    def _shown(self, trail: Trail) -> Trail:
        self._walk.visit(trail)
        if trail.entry is not None:
            self._waiting.setdefault(trail.entry, []).append(trail)
        return trail


@frozen()
class Finding:
    """Something that is probably not meant: what, where, and what to write instead.

    `more` are further places, each with what it has to do with the finding; `fix` mends what stands at the place `at`.
    `holds` asks whether what stands there is what was found: a number or a value may also come from a name that stands
    for another one in another use, or that is given from outside.
    """

    code: str
    message: str
    at: Origin
    more: tuple[tuple[Origin, str], ...] = ()
    help: tuple[str, ...] = ()
    fix: Callable[[Span], Fix | None] = lambda _: None
    holds: Callable[[Span], bool] = lambda _: True


class Rule:
    """One rule. An instance looks at one program, so it may remember what it saw.

    Its docstring says what it finds and why that is worth a warning.
    """

    code: ClassVar[str]
    layers: ClassVar[tuple[str, ...]] = ()
    """The words of the layers whose applications it wants to see."""

    def about(self, applied: Applied, message: str, *helps: str) -> Finding:
        """A finding about a layer, at its declaration; where it is applied is a further place if that is another."""
        more = () if applied.origin == applied.declared else ((applied.origin, "it is applied here"),)
        return Finding(self.code, message, applied.declared, more=more, help=helps)

    def see(self, trail: Trail) -> Iterator[Finding]:
        """Look at the newest application of a trail. The same one may come again, with a longer trail."""
        return iter(())

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        """Look at what an output of a network went through."""
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        """Say what can only be said when everything was seen."""
        return iter(())


class InEveryUse(Rule):
    """A rule about a line that may be worked out several times, as in a block: it is reported if the same is found in
    each of them.

    What stands before a block is another thing in each of its uses, and is left out of account.
    """

    def __init__(self) -> None:
        self._seen: dict[Origin, dict[tuple[str, int], Finding | None]] = {}
        """For each place, the steps that apply a layer there, and what was found."""

    @abstractmethod
    def judge(self, trail: Trail) -> Finding | None:
        """What is to be said of the newest application of a trail."""

    def see(self, trail: Trail) -> Iterator[Finding]:
        newest = trail.newest
        steps = self._seen.setdefault(newest.origin, {})
        if newest.step not in steps:
            steps[newest.step] = self.judge(trail)
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        for steps in self._seen.values():
            found = [finding for finding in steps.values() if finding is not None]
            if len(found) == len(steps):
                yield found[0]
