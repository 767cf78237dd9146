"""What is shown of a run: which steps, and what is said of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnndsl.backends.diagram import words
from cnndsl.backends.diagram.folding import Folding
from cnndsl.backends.explain.content import grouped
from cnndsl.backends.explain.walk import inside
from cnndsl.backends.maps.figure import Shown, Worked
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.formula import AxisRule
from cnndsl.layers.values import Operation
from cnndsl.program import Call, Combine, Module, Program, Weights
from cnndsl.running import maps
from cnndsl.running.steps import Look, Ran
from cnndsl.running.worked import can_be_worked, worked

if TYPE_CHECKING:
    from torch import Tensor

MOST_STEPS = 200
"""Steps that are shown at most; a page with more is no longer read."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants to see.

    part: the path of a part; empty for the whole network. maps: how many channels of a value. numbers: whether the
    numbers of small maps are written. at: the place of a number that is worked out in every convolution and pooling,
    with the channel before it or without; None for the first number of convolutions whose kernel stands in the text.
    depth: how many levels of blocks are opened; None for as many as are easy to read.
    """

    part: str = ""
    maps: int = 8
    numbers: bool = False
    at: tuple[int, ...] | None = None
    depth: int | None = None


@dataclass(slots=True)
class _Frame:
    """A block whose steps are watched. `visible` says whether it is shown itself, or only lies on the way to a part."""

    path: str
    visible: bool
    steps: list[Shown] = field(default_factory=list)
    waiting: int = 0
    """Equal blocks that were run since the last one that is shown."""


class Recorder:
    """Watches a run, and keeps what is shown of it."""

    def __init__(self, program: Program, network: Module, wanted: Wanted) -> None:
        self._wanted = wanted
        self._folding = Folding(program, network, wanted.depth, [wanted.part] if wanted.part else [])
        self._frames = [_Frame("", not wanted.part)]
        self._times: Counter[str] = Counter()
        self._shown = 0
        self.skipped = 0
        """Steps that would be shown, but for the bound."""
        self.worked_out = 0
        """Steps of which a number was worked out."""

    @property
    def steps(self) -> tuple[Shown, ...]:
        """What is shown, in the order of execution."""
        return tuple(self._frames[0].steps)

    def looks(self, module: Module, at: int, path: str, inner: Module | None) -> Look:
        """As `Watcher` says."""
        frame, part = self._frames[-1], self._wanted.part
        self._times[path] += 1
        if not frame.visible and not (path and inside(path, part)):
            if inner is None or not part.startswith(f"{path}."):
                return Look.NOT
            self._frames.append(_Frame(path, visible=False))
            return Look.INSIDE
        if inner is not None and self._is_folded(module, at):
            frame.waiting += 1
            return Look.NOT
        if self._shown >= MOST_STEPS:
            self.skipped += 1
            return Look.NOT
        self._shown += 1
        self._folding.drawn += 1
        level = sum(frame.visible for frame in self._frames) - (not part)
        if inner is None or not self._folding.opens(module, inner, path, level, again=self._times[path] > 1):
            return Look.RESULT
        self._frames.append(_Frame(path, visible=True))
        return Look.INSIDE

    def _is_folded(self, module: Module, at: int) -> bool:
        """Whether a step is in the middle of a run of blocks, of which the first and the last are shown."""
        if self._wanted.part or self._wanted.depth is not None:
            return False
        runs = self._folding.repeats.runs(module)
        return any(run.period == 1 and run.start < at < run.start + run.times - 1 for run in runs)

    def saw(self, ran: Ran) -> None:
        """As `Watcher` says."""
        within: tuple[Shown, ...] = ()
        if ran.inner is not None and self._frames[-1].path == ran.path and len(self._frames) > 1:
            done = self._frames.pop()
            if not done.visible:
                self._frames[-1].steps += done.steps
                return
            within = tuple(done.steps)
        frame = self._frames[-1]
        frame.steps.append(self._said(ran, within, frame.waiting))
        frame.waiting = 0

    def _said(self, ran: Ran, within: tuple[Shown, ...], skipped: int) -> Shown:
        step, wanted = ran.step, self._wanted
        given, gave = _samples(ran, step.inputs, ran.given), _samples(ran, step.outputs, ran.gave)
        values = tuple(maps.value(tensor, wanted.maps, numbers=wanted.numbers) for tensor in gave)
        place = f"{step.origin.file}, line {step.origin.line}"
        if ran.inner is not None:
            kind = ran.inner.name or "chain"
            said = words.arguments(ran.inner.parameters)
            return Shown(ran.path, kind, "block", said, place, values, (), self._remark(ran), None, within, skipped)
        layer, weights = self._layer(ran)
        if not isinstance(layer, Layer):
            formulas = _worked_out(layer.formula(tuple(tuple(x.shape) for x in given), tuple(gave[0].shape)))
            return Shown(layer.symbol, layer.word, "merge", "", place, values, formulas, skipped=skipped)
        x = tuple(given[0].shape) if given else ()
        formulas = _worked_out(layer.formula(x) if x else ())
        worked_out = self._worked(layer, ran, weights, given[0], gave[0]) if given else None
        role, said = layer.group.value, layer.words(x)
        title = ran.path or layer.word
        remark = self._remark(ran, layer)
        return Shown(title, layer.word, role, said, place, values, formulas, remark, worked_out, (), skipped)

    def _layer(self, ran: Ran) -> tuple[Layer | Operation, Weights | None]:
        action = ran.step.action
        if isinstance(action, Combine):
            return action.operation, None
        if isinstance(action, Call):
            assert ran.leaf is not None  # noqa: S101 - what is no layer has an inside
            return ran.leaf.layer, ran.leaf.weights
        return action.layer, None

    def _remark(self, ran: Ran, layer: Layer | None = None) -> str:
        if getattr(ran.step.action, "inserted", False):
            return "put there by the compiler"
        if ran.path and self._times[ran.path] > 1:
            return f"the same layer once more, use {self._times[ran.path]}" if layer else "the same block once more"
        if layer is not None and layer.group is Group.DROPOUT:
            return "changes nothing outside of training"
        return ""

    def _worked(self, layer: Layer, ran: Ran, weights: Weights | None, x: Tensor, y: Tensor) -> Worked | None:
        is_fixed = weights is not None and weights.weight is not None and not weights.trainable
        if not can_be_worked(layer, x) or not (is_fixed or self._wanted.numbers or self._wanted.at is not None):
            return None
        at = self._wanted.at or (0,) * y.dim()
        found = worked(layer, ran.part, x, y, at if len(at) == y.dim() else (0, *at))
        self.worked_out += found is not None
        return found


def _samples(ran: Ran, values: tuple[int, ...], tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """What of each tensor belongs to the first sample: all of one without a batch."""
    lacking = ran.module.lacks_batch(values)
    return [tensor if lacks else tensor[0] for tensor, lacks in zip(tensors, lacking, strict=True)]


def _worked_out(rules: tuple[AxisRule, ...]) -> tuple[tuple[str, str], ...]:
    """The sizes that there is something to work out of: the axes, and the steps of the formula."""
    return tuple(
        (", ".join(rule.axes), " = ".join(rule.rule.steps())) for rule in grouped(rules) if rule.rule.is_worked_out
    )
