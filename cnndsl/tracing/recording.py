"""What is shown of a run: which steps, what is said of each, and tensors as a bounded number of small maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from math import fsum, isclose, isfinite, prod
from typing import TYPE_CHECKING, Any, Literal

from cnndsl.backends import captions
from cnndsl.backends.explain.content import grouped, inside
from cnndsl.backends.graphviz.build import Folding
from cnndsl.i18n import tr
from cnndsl.ir.interpreter import Frame, applications
from cnndsl.ir.program import Call, Combine, Module, Program, Weights
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.formula import AXES, AxisRule, axis_said, per_axis
from cnndsl.layers.operations import Operation
from cnndsl.tracing.figure import BLANK, FEW, LEVELS, Channel, Curve, Map, Result, Score, Shown, Value, Window, Worked
from cnndsl.tracing.inputs import Refused
from cnndsl.tracing.runner import Look, Ran

if TYPE_CHECKING:
    from torch import Tensor, nn


SIDE = 96
"""Pixels of the longer side of a map, or half of them where there are few; a larger one is averaged down."""
LARGE = 384
"""The same for what goes in and comes out."""
COLUMNS = 240
"""Columns of a curve."""
MOST_FEATURES = 1024
_ROW = 64
_READABLE = 12
"""Rows and columns of a map whose numbers are written."""


def shown(
    tensor: Tensor, most: int, *, numbers: bool = False, side: int = SIDE, dropped: Tensor | None = None
) -> Value:
    """What is shown of one sample's value: the first `most` channels, or up to `MOST_FEATURES` features.

    With `numbers` those of small maps are kept to be written. Maps have at most `side` pixels a side. `dropped` says
    which numbers a dropout has set to zero.
    """
    tensor = tensor if tensor.dim() else tensor[None]  # a number is shown as a feature
    shape = tuple(tensor.shape)
    tensor = tensor.detach().float().cpu()
    odd = int((~tensor.isfinite()).sum())
    if prod(shape[1:]) == 1:
        return Value(
            shape,
            (_features(tensor.flatten(), numbers=numbers, dropped=dropped),),
            (),
            max(0, shape[0] - MOST_FEATURES),
            "",
            odd,
        )
    channels, cut = _cut(tensor)
    left_out = max(0, len(channels) - most)
    if channels.dim() == 2:
        curves = tuple(_curve(channel, k, numbers=numbers) for k, channel in enumerate(channels[:most]))
        return Value(shape, (), curves, left_out, cut, odd)
    if len(channels) <= FEW or most <= FEW:
        side = max(side, 2 * SIDE)
    crossed = [None] * len(channels) if dropped is None else list(_cut(dropped)[0])
    maps = tuple(
        _map(channel, k, side, numbers=numbers, dropped=crossed[k]) for k, channel in enumerate(channels[:most])
    )
    return Value(shape, maps, (), left_out, cut, odd)


def _cut(tensor: Tensor) -> tuple[Tensor, str]:
    """The channels as pictures: of axes before the last two the middle is taken."""
    names = AXES.get(tensor.dim() - 1, ())
    said = []
    for axis in range(1, tensor.dim() - 2):
        size = tensor.shape[1]
        tensor = tensor.select(1, size // 2)
        of = axis_said(names[axis - 1] if names else f"axis {axis}")
        said.append(tr("slice {at} of {count} of the {axis}", at=size // 2, count=size, axis=of))
    return tensor, ", ".join(said)


def _ends(channel: Tensor) -> tuple[float, float]:
    finite = channel[channel.isfinite()]
    return (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 0.0)


def _levels(pixels: Tensor, bound: float) -> bytes:
    scaled = (pixels / bound if bound else pixels * 0).clamp(-1, 1) * LEVELS
    levels = scaled.round() + LEVELS
    levels[~pixels.isfinite()] = BLANK
    return bytes(levels.flatten().int().tolist())


def _map(channel: Tensor, number: int, side: int, *, numbers: bool, dropped: Tensor | None) -> Map:
    low, high = _ends(channel)
    pixels = _smaller(channel, side)
    height, width = pixels.shape
    readable = numbers and max(channel.shape) <= _READABLE
    return Map(
        number,
        width,
        height,
        _levels(pixels, max(abs(low), abs(high))),
        low,
        high,
        tuple(map(tuple, channel.tolist())) if readable else (),
        _places(dropped) if dropped is not None and (readable or bool(dropped.all())) else (),
    )


def _places(dropped: Tensor) -> tuple[int, ...]:
    """Where something is so, counted row by row."""
    return tuple(dropped.flatten().nonzero().flatten().tolist())


def _smaller(channel: Tensor, side: int) -> Tensor:
    """The channel with at most `side` pixels a side, each the mean of those it stands for."""
    longest = max(channel.shape)
    if longest <= side:
        return channel
    from torch.nn.functional import adaptive_avg_pool2d

    height, width = (max(1, round(length * side / longest)) for length in channel.shape)
    return adaptive_avg_pool2d(channel[None, None], (height, width))[0, 0]


def _features(features: Tensor, *, numbers: bool, dropped: Tensor | None) -> Map:
    """A list of numbers in rows, the first at the top left."""
    low, high = _ends(features)
    shown = features[:MOST_FEATURES]
    width = min(len(shown), _ROW)
    levels = _levels(shown, max(abs(low), abs(high)))
    height = -(-len(levels) // width)
    readable = numbers and len(shown) <= _READABLE
    listed = (tuple(shown.tolist()),) if readable else ()
    crossed = () if dropped is None else _places(dropped.flatten()[:MOST_FEATURES])
    return Map(None, width, height, levels.ljust(width * height, bytes([BLANK])), low, high, listed, crossed)


def _curve(channel: Tensor, number: int, *, numbers: bool) -> Curve:
    low, high = _ends(channel)
    points: list[Any] = channel.tolist()
    pieces = min(COLUMNS, len(points))
    edges = [len(points) * k // pieces for k in range(pieces + 1)]
    columns = []
    for start, end in pairwise(edges):
        finite = [point for point in points[start:end] if isfinite(point)]
        columns.append((min(finite), max(finite)) if finite else (0.0, 0.0))
    readable = numbers and len(points) <= _READABLE
    return Curve(number, tuple(columns), low, high, tuple(points) if readable else ())


KINDS = frozenset({"conv", "maxpool", "avgpool"})
MOST_CHANNELS = 4
"""Input channels whose windows are shown."""
MOST_PLACES = 64
"""Numbers of a channel that are worked out one after the other."""
MOST_CELLS = 169
"""Cells of a kernel that can be looked through: 13 x 13."""


def can_be_worked(layer: Layer, x: Tensor) -> bool:
    """Whether there is a way to show how a number comes about: a convolution or pooling in one or two dimensions."""
    return layer.kind in KINDS and x.dim() in (2, 3)


def worked(layer: Layer, part: nn.Module | Tensor | None, x: Tensor, y: Tensor, at: tuple[int, ...]) -> Worked | None:
    """How the number at `at` (channel, then place, counted from 0) of the output `y` of one sample `x` comes about.

    None where it lies outside of the output, or the kernel is too large to be shown.
    """
    if len(at) != y.dim() or any(not 0 <= place < size for place, size in zip(at, y.shape, strict=True)):
        return None
    spots = _Spots(layer, x)
    if spots.cells > MOST_CELLS:
        return None
    if layer.kind == "conv":
        return _product(spots, part, x, y, at)
    numbers, padding = spots.window(x[at[0]], at[1:])
    window = Window(at[0], numbers, padding, (), float(y[at]), spots.whole(x[at[0]], at[1:], tuple(y.shape[1:])))
    if layer.kind == "maxpool":
        return Worked("max", at, (window,), window.total)
    listed = [number for row in numbers for number in row]
    is_mean = isclose(fsum(listed) / len(listed), window.total, rel_tol=1e-4, abs_tol=1e-5)
    return Worked("mean", at, (window,), window.total) if is_mean else None  # next to a border others may be counted


class _Spots:
    """Where the cells of a kernel lie in the input."""

    def __init__(self, layer: Any, x: Tensor) -> None:
        axes = x.dim() - 1
        self.kernel = per_axis(layer.kernel, axes, "kernel")
        self.stride = self.kernel if layer.stride is None else per_axis(layer.stride, axes, "stride")
        self.dilation = per_axis(getattr(layer, "dilation", 1), axes, "dilation")
        self.padding = layer.before(tuple(x.shape))
        self.mode = getattr(layer, "padding_mode", "zeros")
        self.cells = prod(self.kernel)

    def window(
        self, channel: Tensor, at: tuple[int, ...]
    ) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[bool, ...], ...]]:
        """The numbers under the kernel, and whether each is padding; a signal has one row of them."""
        return self._numbers(channel, self._places(at))

    def _places(self, at: tuple[int, ...]) -> list[list[int]]:
        """The places along each axis; those before the channel and behind it are padding."""
        return [
            [p * s + q * d - pad for q in range(k)]
            for p, s, d, pad, k in zip(at, self.stride, self.dilation, self.padding, self.kernel, strict=True)
        ]

    def whole(self, channel: Tensor, at: tuple[int, ...], out: tuple[int, ...]) -> Channel | None:
        """The channel with the padding that is read for an output of this size; None where it is too large to read."""
        places = self._places(at)
        ends = [
            (min(0, first[0]), max(size, last[-1] + 1))
            for size, first, last in zip(
                channel.shape, self._places((0,) * len(at)), self._places(tuple(n - 1 for n in out)), strict=True
            )
        ]
        if any(end - start > _READABLE for start, end in ends):
            return None
        numbers, padding = self._numbers(channel, [list(range(start, end)) for start, end in ends])
        found = [tuple(place - start for place in listed) for listed, (start, _) in zip(places, ends, strict=True)]
        rows, columns = found if len(found) == 2 else ((0,), *found)
        return Channel(numbers, rows, columns, padding)

    def _numbers(
        self, channel: Tensor, places: list[list[int]]
    ) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[bool, ...], ...]]:
        if len(places) == 1:
            places, channel = [[0], *places], channel[None]
        rows, columns = places
        return (
            tuple(tuple(self._number(channel, row, column) for column in columns) for row in rows),
            tuple(
                tuple(not (0 <= row < channel.shape[0] and 0 <= column < channel.shape[1]) for column in columns)
                for row in rows
            ),
        )

    def _number(self, channel: Tensor, *place: int) -> float:
        inside = []
        for at, size in zip(place, channel.shape, strict=True):
            if 0 <= at < size:
                inside.append(at)
            elif self.mode == "zeros":
                return 0.0
            else:
                inside.append(_mirrored(at, size, self.mode))
        return float(channel[tuple(inside)])


def _mirrored(at: int, size: int, mode: str) -> int:
    """The place whose number stands at a place outside, as torch.nn.functional.pad takes it."""
    if mode == "replicate":
        return min(max(at, 0), size - 1)
    if mode == "circular":
        return at % size
    return -at if at < 0 else 2 * (size - 1) - at  # reflect


def _product(spots: _Spots, part: Any, x: Tensor, y: Tensor, at: tuple[int, ...]) -> Worked:
    weight = part.weight[at[0]].detach().float()
    group = at[0] * part.groups // part.out_channels
    first = group * len(weight)
    windows, rest = [], 0.0
    for k, kernel in enumerate(weight):
        numbers, padding = spots.window(x[first + k], at[1:])
        rows = kernel.reshape(len(numbers), -1).tolist()
        total = sum(a * b for row, cells in zip(numbers, rows, strict=True) for a, b in zip(row, cells, strict=True))
        if k < MOST_CHANNELS:
            whole = spots.whole(x[first + k], at[1:], tuple(y.shape[1:]))
            windows.append(Window(first + k, numbers, padding, tuple(map(tuple, rows)), total, whole))
        else:
            rest += total
    bias = None if part.bias is None else float(part.bias[at[0]].detach())
    return Worked("sum", at, tuple(windows), float(y[at]), bias, rest, max(0, len(weight) - MOST_CHANNELS))


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

    Raises Refused where there are not as many labels as numbers, or no list.
    """
    outputs = [output for output in network.outputs if training or not output.training]
    names = [output.name or (network.names.get(output.value, "") if len(outputs) > 1 else "") for output in outputs]
    if labels and all(tensor.dim() != 2 for tensor in gave):
        message = f"what comes out of {network.name} is no list of numbers, one for each class"
        raise Refused(message, "--labels")
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
        raise Refused(message, "--labels")
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants to see.

    part: the path of a part; empty for the whole network. maps: how many channels of a value. numbers: whether the
    numbers of small maps are written. at: the place of a number that is worked out in every convolution and pooling,
    with the channel before it or without, or "all" for every number of the first channel where they are few; None for
    the first number of convolutions whose kernel stands in the text.
    depth: how many levels of blocks are opened; None for as many as are easy to read.
    """

    part: str = ""
    maps: int = 8
    numbers: bool = False
    at: tuple[int, ...] | Literal["all"] | None = None
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

    def __init__(self, program: Program, network: Module, wanted: Wanted, *, training: bool = False) -> None:
        self._wanted = wanted
        self._training = training
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
        values = tuple(
            shown(tensor, wanted.maps, numbers=wanted.numbers, dropped=dropped)
            for tensor, dropped in zip(gave, self._dropped(ran, given, gave), strict=True)
        )
        place = tr("{what}, line {line}", what=step.origin.file, line=step.origin.line)
        if ran.inner is not None:
            kind = ran.inner.name or "chain"
            said = captions.arguments(ran.inner.parameters)
            return Shown(ran.path, kind, "block", said, place, values, (), self._remark(ran), (), within, skipped)
        layer, weights = self._layer(ran)
        if not isinstance(layer, Layer):
            formulas = _worked_out(layer.formula(tuple(tuple(x.shape) for x in given), tuple(gave[0].shape)))
            return Shown(layer.sign, layer.word, "merge", "", place, values, formulas, skipped=skipped)
        x = tuple(given[0].shape) if given else ()
        formulas = _worked_out(layer.formula(x) if x else ())
        worked_out = self._worked(layer, ran, weights, given[0], gave[0]) if given else ()
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
            return tr("put there by the compiler")
        if ran.path and self._times[ran.path] > 1:
            use = self._times[ran.path]
            return tr("the same layer once more, use {use}", use=use) if layer else tr("the same block once more")
        if layer is not None and layer.group is Group.DROPOUT:
            return self._said_of_dropout(ran)
        return ""

    def _dropped(self, ran: Ran, given: list[Tensor], gave: list[Tensor]) -> list[Tensor | None]:
        """Of each value which numbers are zero and were not; None for what no dropout gives."""
        is_so = self._training and ran.leaf is not None and ran.leaf.layer.group is Group.DROPOUT
        return [(y == 0) & (x != 0) for x, y in zip(given, gave, strict=True)] if is_so else [None] * len(gave)

    def _said_of_dropout(self, ran: Ran) -> str:
        if not self._training:
            return tr("changes nothing outside of training")
        (dropped,) = self._dropped(
            ran, _samples(ran, ran.step.inputs, ran.given), _samples(ran, ran.step.outputs, ran.gave)
        )
        assert dropped is not None  # noqa: S101 - it is a dropout
        said = "{dropped:,} of {count:,} numbers dropped"
        return tr(said, dropped=int(dropped.sum()), count=dropped.numel())

    def _worked(self, layer: Layer, ran: Ran, weights: Weights | None, x: Tensor, y: Tensor) -> tuple[Worked, ...]:
        is_fixed = weights is not None and weights.weight is not None and not weights.trainable
        if not can_be_worked(layer, x) or not (is_fixed or self._wanted.numbers or self._wanted.at is not None):
            return ()
        at = self._wanted.at or (0,) * y.dim()
        if at == "all":
            sizes = y.shape[1:]
            places = [(0, *place) for place in product(*map(range, sizes))] if prod(sizes) <= MOST_PLACES else []
        else:
            places = [at if len(at) == y.dim() else (0, *at)]
        found = tuple(each for place in places if (each := worked(layer, ran.part, x, y, place)) is not None)
        self.worked_out += len(found)
        return found


def _samples(ran: Ran, values: tuple[int, ...], tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """What of each tensor belongs to the first sample: all of one without a batch."""
    lacking = ran.module.lacks_batch(values)
    return [tensor if lacks else tensor[0] for tensor, lacks in zip(tensors, lacking, strict=True)]


def _worked_out(rules: tuple[AxisRule, ...]) -> tuple[tuple[str, str], ...]:
    """The sizes that there is something to work out of: the axes, and the steps of the formula."""
    return tuple((rule.said, " = ".join(rule.rule.steps())) for rule in grouped(rules) if rule.rule.is_worked_out)
