"""What is shown of a run: which steps, and what is said of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Literal

from cnndsl.backends import captions
from cnndsl.backends.explain.content import grouped, inside
from cnndsl.backends.graphviz.build import Folding, Pictures
from cnndsl.diagnostics import OptionError
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir.interpreter import Application, Frame, applications
from cnndsl.ir.program import Module, Program
from cnndsl.layers.base import Layer
from cnndsl.layers.dropout import AnyDropout
from cnndsl.layers.formula import AxisRule
from cnndsl.tracing.figure import Result, Score, Shown, Sliding, Worked
from cnndsl.tracing.runner import Look, Ran
from cnndsl.tracing.values import LARGE, shown
from cnndsl.tracing.windows import can_be_worked, sliding, worked

if TYPE_CHECKING:
    from torch import Tensor


MOST_PLACES = 64
"""Numbers of a channel that are worked out one after the other."""
ALL_SCORES, BEST_SCORES = 20, 10
"""Up to so many scores are all listed, in their order; of more only the best."""


def results(
    program: Program,
    network: Module,
    gave: Sequence[Tensor],
    wanted: Wanted,
    labels: Sequence[str],
    *,
    training: bool = False,
) -> tuple[Result, ...]:
    """What a network gave, each output a batch of one; `labels` name the numbers of lists.

    Raises OptionError where there are not as many labels as numbers, or no list.
    """
    outputs = [output for output in network.outputs if training or not output.training]
    names = [output.name or (network.names.get(output.value, "") if len(outputs) > 1 else "") for output in outputs]
    if labels and all(tensor.dim() != 2 for tensor in gave):
        raise OptionError("labels", f"what comes out of {network.name} is no list of numbers, one for each class")
    return tuple(
        _result(name, tensor[0], wanted, labels, may_be_shares=_ends_open(program, network, output.value))
        for name, tensor, output in zip(names, gave, outputs, strict=True)
    )


def _result(name: str, tensor: Tensor, wanted: Wanted, labels: Sequence[str], *, may_be_shares: bool) -> Result:
    value = shown(tensor, wanted.maps, numbers=wanted.numbers, side=LARGE)
    if tensor.dim() != 1:
        return Result(name, value)
    if labels and len(labels) != len(tensor):
        message = f"there are {len(labels):,} lines, and {len(tensor):,} numbers come out: write a line for each"
        raise OptionError("labels", message)
    listed = tensor.float().tolist()
    shares = tensor.float().softmax(0).tolist() if may_be_shares and len(listed) > 1 else [None] * len(listed)
    scores = [
        Score(index, labels[index] if labels else "", number, share)
        for index, (number, share) in enumerate(zip(listed, shares, strict=True))
    ]
    if len(scores) > ALL_SCORES:
        scores = sorted(scores, key=lambda score: -score.number)[:BEST_SCORES]
    return Result(name, value, tuple(scores), len(listed) - len(scores))


def _ends_open(program: Program, module: Module, value: int) -> bool:
    """Whether a value comes straight from a dense layer, so that a softmax may follow it."""
    steps = [at for at in applications(program, Frame(module)) if value in at.step.outputs]
    if not steps:
        return False
    target = steps[-1].target
    if isinstance(target, Module):
        return _ends_open(program, target, target.outputs[steps[-1].step.outputs.index(value)].value)
    return target.kind == "linear"


MOST_STEPS = 200
"""Steps that are shown at most; a page with more is no longer read."""


@frozen()
class Wanted:
    """What a reader wants to see.

    part: the path of a part; empty for the whole network. maps: how many channels of a value. numbers: whether the
    numbers of small maps are written. at: the place of a number that is worked out in every convolution and pooling,
    with the channel before it or without, or "all" for every number of the first channel where they are few; None for
    the first number of convolutions whose kernel stands in the text.
    depth: how many levels of blocks are opened; None for as many as are easy to read. kernels: how many of each
    convolution and pooling are shown on their way over the input.
    """

    part: str = ""
    maps: int = 8
    numbers: bool = False
    at: tuple[int, ...] | Literal["all"] | None = None
    depth: int | None = None
    kernels: int = 3


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

    def __init__(self, program: Program, network: Module, wanted: Wanted, *, training: bool = False) -> None:
        self._wanted = wanted
        self._training = training
        self._folding = Folding(Pictures(program, network), network, wanted.depth, [wanted.part] if wanted.part else [])
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

    def looks(self, at: Application) -> Look:
        """As `Watcher` says."""
        frame, part, path, inner = self._frames[-1], self._wanted.part, at.path, at.inner
        self._times[path] += 1
        if not frame.visible and not (path and inside(path, part)):
            if inner is None or not part.startswith(f"{path}."):
                return Look.NOT
            self._frames.append(_Frame(path, visible=False))
            return Look.INSIDE
        if inner is not None and self._is_folded(at):
            frame.waiting += 1
            return Look.NOT
        if self._shown >= MOST_STEPS:
            self.skipped += 1
            return Look.NOT
        self._shown += 1
        self._folding.drawn += 1
        level = sum(frame.visible for frame in self._frames) - (not part)
        if inner is None or not self._folding.opens(at.frame.module, inner, path, level, again=self._times[path] > 1):
            return Look.RESULT
        self._frames.append(_Frame(path, visible=True))
        return Look.INSIDE

    def _is_folded(self, at: Application) -> bool:
        """Whether a step is in the middle of a run of blocks, of which the first and the last are shown."""
        if self._wanted.part or self._wanted.depth is not None:
            return False
        runs = self._folding.repeats.runs(at.frame.module)
        return any(run.period == 1 and run.start < at.index < run.start + run.times - 1 for run in runs)

    def saw(self, ran: Ran) -> None:
        """As `Watcher` says."""
        within: tuple[Shown, ...] = ()
        if ran.at.inner is not None and self._frames[-1].path == ran.at.path and len(self._frames) > 1:
            done = self._frames.pop()
            if not done.visible:
                self._frames[-1].steps += done.steps
                return
            within = tuple(done.steps)
        frame = self._frames[-1]
        frame.steps.append(self._said(ran, within, frame.waiting))
        frame.waiting = 0

    def _said(self, ran: Ran, within: tuple[Shown, ...], skipped: int) -> Shown:
        at, step, wanted = ran.at, ran.at.step, self._wanted
        given, gave = _samples(at, step.inputs, ran.given), _samples(at, step.outputs, ran.gave)
        dropped = self._dropped(at, given, gave)
        values = tuple(
            shown(tensor, wanted.maps, numbers=wanted.numbers, dropped=crossed)
            for tensor, crossed in zip(gave, dropped, strict=True)
        )
        place = tr("{what}, line {line}", what=step.origin.file, line=step.origin.line)
        layer = at.target
        if isinstance(layer, Module):
            kind = layer.name or "chain"
            said = captions.arguments(layer.parameters)
            remark = self._remark(at, given, dropped)
            return Shown(at.path, kind, "block", said, place, values, remark=remark, inside=within, skipped=skipped)
        if not isinstance(layer, Layer):
            formulas = _worked_out(layer.formula(tuple(tuple(x.shape) for x in given), tuple(gave[0].shape)))
            return Shown(layer.sign, layer.word, "merge", "", place, values, formulas, skipped=skipped)
        x = tuple(given[0].shape) if given else ()
        formulas = _worked_out(layer.formula(x) if x else ())
        worked_out, slid = self._worked(layer, ran, given[0], gave[0]) if given else ((), None)
        role, said = layer.group.value, layer.words(x)
        title = at.path or layer.word
        remark = self._remark(at, given, dropped)
        return Shown(title, layer.word, role, said, place, values, formulas, remark, worked_out, (), skipped, slid)

    def _remark(self, at: Application, given: list[Tensor], dropped: Sequence[Tensor | None]) -> str:
        if at.inserted:
            return tr("put there by the compiler")
        if at.path and self._times[at.path] > 1:
            use = self._times[at.path]
            is_block = isinstance(at.target, Module)
            return tr("the same block once more") if is_block else tr("the same layer once more, use {use}", use=use)
        if not isinstance(at.target, AnyDropout):
            return ""
        if dropped[0] is None:
            return tr("changes nothing outside of training")
        gone, count = int(dropped[0].sum()), dropped[0].numel()
        if not at.target.dropped_to and (others := int((given[0] != 0).sum())) < count:
            # Of a number that was zero already, as many are behind a ReLU, nothing tells whether it was dropped.
            said = "dropped {dropped:,} of the {count:,} numbers that were not zero"
            return tr(said, dropped=gone, count=others)
        return tr("{dropped:,} of {count:,} numbers dropped", dropped=gone, count=count)

    def _dropped(self, at: Application, given: list[Tensor], gave: list[Tensor]) -> list[Tensor | None]:
        """Of each value which numbers were dropped, as far as that can be seen; None for what no dropout gives."""
        if not self._training or not isinstance(at.target, AnyDropout):
            return [None] * len(gave)
        to = at.target.dropped_to
        pairs = zip(given, gave, strict=True)
        return [y.isclose(y.new_tensor(to)) if to else (y == 0) & (x != 0) for x, y in pairs]

    def _worked(self, layer: Layer, ran: Ran, x: Tensor, y: Tensor) -> tuple[tuple[Worked, ...], Sliding | None]:
        """How the numbers come about that are asked for, and the kernels on their way."""
        if not can_be_worked(layer, x):
            return (), None
        at = self._wanted.at
        begin = None if at == "all" else _place(at, y)
        kernels = self._wanted.kernels if getattr(layer, "divisor", None) is None else 0  # of a page, that counts cells
        slid = sliding(layer, ran.part, x, y, kernels, begin) if kernels else None
        weights = ran.at.leaf.weights if ran.at.leaf is not None else None
        is_fixed = weights is not None and weights.weight is not None and not weights.trainable
        if not (is_fixed or self._wanted.numbers or at is not None):
            return (), slid
        if at == "all":
            sizes = y.shape[1:]
            places = [(0, *place) for place in product(*map(range, sizes))] if prod(sizes) <= MOST_PLACES else []
        else:
            places = [_place(at, y) or (0,) * y.dim()]
        found = tuple(each for place in places if (each := worked(layer, ran.part, x, y, place)) is not None)
        self.worked_out += len(found)
        return found, slid


def _place(at: tuple[int, ...] | None, y: Tensor) -> tuple[int, ...] | None:
    """A place with its channel, which is the first one where none is given."""
    return at if at is None or len(at) == y.dim() else (0, *at)


def _samples(at: Application, values: tuple[int, ...], tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """What of each tensor belongs to the first sample: all of one without a batch."""
    lacking = at.frame.module.lacks_batch(values)
    return [tensor if lacks else tensor[0] for tensor, lacks in zip(tensors, lacking, strict=True)]


def _worked_out(rules: tuple[AxisRule, ...]) -> tuple[tuple[str, str], ...]:
    """The sizes that there is something to work out of: the axes, and the steps of the formula."""
    return tuple((rule.said, " = ".join(rule.rule.steps())) for rule in grouped(rules) if rule.rule.is_worked_out)
