"""What a run of a network on one sample has shown: plain numbers, pictures as bytes, and words."""

from __future__ import annotations

from itertools import chain
from math import isfinite, isinf, isnan
from typing import Literal

from cnndsl.frozen import frozen
from cnndsl.i18n import tr, trn
from cnndsl.layers.formula import show

LEVELS = 63
"""How many colours there are on either side of zero."""
FEW = 3
"""Up to so many maps of a value are shown larger."""
BLANK = 2 * LEVELS + 1
"""The level of a pixel that stands for no number."""


@frozen()
class Map:
    """One channel as a picture.

    channel: its number; None for a list of features in rows.
    levels: a byte for each of width x height pixels, row by row: `LEVELS` is zero, 0 and `2 * LEVELS` are minus and
    plus `bound`, `BLANK` is none.
    low, high: the smallest and the largest number of the channel (0 where it has no finite one).
    numbers: the numbers themselves, row by row, where they are to be read.
    dropped: the places that a dropout has set to zero, counted row by row, where each can be seen or all are.
    """

    channel: int | None
    width: int
    height: int
    levels: bytes
    low: float
    high: float
    numbers: tuple[tuple[float, ...], ...] = ()
    dropped: tuple[int, ...] = ()

    @property
    def is_dropped(self) -> bool:
        """Whether a dropout has set the whole channel to zero."""
        return self.channel is not None and bool(self.dropped) and not self.numbers

    @property
    def bound(self) -> float:
        """The magnitude that has the strongest colour."""
        return max(abs(self.low), abs(self.high))


@frozen()
class Curve:
    """One channel of a signal: for each column of the picture the smallest and the largest number in it."""

    channel: int
    columns: tuple[tuple[float, float], ...]
    low: float
    high: float
    numbers: tuple[float, ...] = ()


@frozen()
class Value:
    """What flows at one place: its size without the batch, and as much of it as is shown.

    left_out: how many channels (or features) are not shown.
    cut: what part of each channel is shown, in words: "slice 8 of 16 of the depth"; empty for all of it.
    odd: how many numbers are not finite.
    """

    shape: tuple[int, ...]
    maps: tuple[Map, ...] = ()
    curves: tuple[Curve, ...] = ()
    left_out: int = 0
    cut: str = ""
    odd: int = 0

    @property
    def channels(self) -> tuple[Map | Curve, ...]:
        """The channels that are shown, as pictures or as curves."""
        return (*self.maps, *self.curves)

    @property
    def is_few(self) -> bool:
        """Whether there are so few maps that each gets more room."""
        return 0 < len(self.maps) <= FEW and not self.is_features

    @property
    def is_features(self) -> bool:
        """Whether it is a list of numbers, without places."""
        return bool(self.maps) and self.maps[0].channel is None


@frozen()
class Channel:
    """A channel of the input with its padding, and the rows and columns of it that a kernel lies on."""

    numbers: tuple[tuple[float, ...], ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    padding: tuple[tuple[bool, ...], ...]

    def is_padding(self, row: int, column: int) -> bool:
        """Whether a number was added around the channel."""
        return self.padding[row][column]


@frozen()
class Window:
    """What a kernel lies on in one channel: the numbers, which of them are padding, and the kernel's.

    kernel: empty for a pooling, which has none. total: the sum of the products. whole: the channel, where it is so
    small that it can be read.
    """

    channel: int
    numbers: tuple[tuple[float, ...], ...]
    padding: tuple[tuple[bool, ...], ...]
    kernel: tuple[tuple[float, ...], ...]
    total: float
    whole: Channel | None = None

    @property
    def terms(self) -> tuple[tuple[float, float], ...]:
        """The numbers with their weights, in the order of reading."""
        return tuple(zip(chain(*self.numbers), chain(*self.kernel), strict=True))


@frozen()
class Worked:
    """How one number of the output is worked out.

    how: "sum" for a convolution, "max" and "mean" for a pooling.
    at: its place in the output, the channel first, counted from 0.
    rest: the sum over the channels whose windows are not shown, `left_out` of them.
    """

    how: Literal["sum", "max", "mean"]
    at: tuple[int, ...]
    windows: tuple[Window, ...]
    result: float
    bias: float | None = None
    rest: float = 0.0
    left_out: int = 0

    @property
    def place(self) -> str:
        """Where the number is, in words: "row 0, column 2 of channel 0"."""
        names = {1: ("position",), 2: ("row", "column")}[len(self.at) - 1]
        said = (tr(f"{name} {{number}}", number=number) for name, number in zip(names, self.at[1:], strict=True))
        return tr("{places} of {channel}", places=tr(", ").join(said), channel=channel_said(self.at[0]))


@frozen()
class Plane:
    """The part of a channel of the input, with its padding, that a sliding kernel is shown on.

    overview: the whole channel, where that is more.
    """

    channel: int
    numbers: tuple[tuple[float, ...], ...]
    overview: Map | None = None


@frozen()
class Weighed:
    """The numbers of a kernel, for each channel of the input that is shown; `rest` is what the others add to each
    number that comes out, empty where there are none.
    """

    weights: tuple[tuple[tuple[float, ...], ...], ...]
    bias: float | None
    rest: tuple[tuple[float, ...], ...]


@frozen()
class Kernel:
    """One channel of what comes out: the channels of the input that it is worked out from, and its numbers.

    weighed: None for a pooling, which has no weights.
    """

    channel: int
    reads: tuple[int, ...]
    results: tuple[tuple[float, ...], ...]
    weighed: Weighed | None = None


@frozen()
class Sliding:
    """The kernels of a convolution or a pooling on their way over the input, or over a part of it that can be read.

    All pairs are of rows and columns; a signal has one row. `size`, `out`: of the whole input and the whole output.
    start: the first place of the input that is in `planes`, below zero in the padding. first: the first place of the
    output that is in the kernels' results, whose kernel lies on `start`. begin: where to begin, counted from `first`.
    inside, counted: from where to where, in `planes`, the input lies, and what counts for a pooling.
    left_out: channels of the input that each kernel reads and that are not shown. more: kernels that are not.
    """

    how: Literal["sum", "max", "mean"]
    planes: tuple[Plane, ...]
    kernels: tuple[Kernel, ...]
    size: tuple[int, int]
    out: tuple[int, int]
    start: tuple[int, int]
    first: tuple[int, int]
    begin: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    inside: tuple[tuple[int, int], tuple[int, int]]
    counted: tuple[tuple[int, int], tuple[int, int]]
    is_signal: bool = False
    left_out: int = 0
    more: int = 0


@frozen()
class Shown:
    """One step: what was applied, and what came out of it.

    title: the path of the part, or for what has none its kind. kind: the word of the language, or the block's name.
    role: what it is coloured as, a key of `cnndsl.theme`'s tints. words: its arguments, for people.
    formulas: why what comes out has its size: the axes, and the steps of the formula.
    worked: how numbers of the output come about: one, or every one of a channel. sliding: the same for all of them, or
    for a part of a large map. inside: the steps of a block that are
    shown. skipped: how many blocks of its run before it are not.
    """

    title: str
    kind: str
    role: str
    words: str
    place: str
    values: tuple[Value, ...]
    formulas: tuple[tuple[str, str], ...] = ()
    remark: str = ""
    worked: tuple[Worked, ...] = ()
    inside: tuple[Shown, ...] = ()
    skipped: int = 0
    sliding: Sliding | None = None

    @property
    def channels(self) -> list[Map | Curve]:
        """The channels of what comes out that are shown."""
        return [channel for value in self.values for channel in value.channels]


@frozen()
class Given:
    """What was put in: the name of the input, how it was made, and for a picture its PNG, and that of each colour."""

    name: str
    words: str
    value: Value
    picture: bytes = b""
    planes: tuple[tuple[str, bytes], ...] = ()


@frozen()
class Score:
    """One number of a list that a network ends in; `share` is its part after a softmax, where that has a meaning."""

    index: int
    label: str
    number: float
    share: float | None = None


@frozen()
class Result:
    """What comes out of the network: as a value, and where it is a list of numbers as scores."""

    name: str
    value: Value
    scores: tuple[Score, ...] = ()
    left_out: int = 0

    @property
    def best(self) -> Score:
        """The score of the largest number; there have to be some."""
        return max(self.scores, key=lambda score: score.number)

    @property
    def is_signed(self) -> bool:
        """Whether there are numbers below zero."""
        return any(score.number < 0 for score in self.scores)


@frozen()
class Figure:
    """A whole run. `part` is the part that it is limited to; `skipped` counts steps at the end that are not shown.

    is_compared: whether the steps are one layer with several settings, to be looked at side by side.
    """

    network: str
    source: str
    summary: str
    weights: str
    given: tuple[Given, ...]
    steps: tuple[Shown, ...]
    results: tuple[Result, ...]
    part: str = ""
    skipped: int = 0
    is_compared: bool = False


def short(number: float, digits: int = 3) -> str:
    """A number in a few digits, whole ones in full, with a real minus sign; what is none is `NaN`."""
    if isnan(number):
        return "NaN"
    if isinf(number):
        return "∞" if number > 0 else "−∞"
    whole = number == int(number) and abs(number) < 100_000
    return (str(int(number)) if whole else f"{number:.{digits}g}").replace("-", "−")


def is_short(number: float) -> bool:
    """Whether `short` says all of a number."""
    return not isfinite(number) or float(short(number).replace("−", "-")) == number


_LEGEND = (
    "{zero} is zero, blue is below and orange above. Each map has a scale of its own, up to its largest magnitude; "
    "under it stand its smallest and its largest number. Large maps are averaged down."
)


def legend(zero: str) -> str:
    """What the colours mean; `zero` is the colour of zero."""
    return tr(_LEGEND, zero=zero)


def has_colours(steps: tuple[Shown, ...]) -> bool:
    """Whether there are maps whose numbers are not written."""
    values = (value for shown in steps for value in shown.values)
    coloured = any(not picture.numbers for value in values for picture in value.maps)
    return coloured or any(has_colours(shown.inside) for shown in steps)


def legend_strip() -> Map:
    """Every colour once, from the strongest below zero to the strongest above."""
    return Map(None, 2 * LEVELS + 1, 1, bytes(range(2 * LEVELS + 1)), -1.0, 1.0)


def size(value: Value) -> str:
    """`8 × 28 × 28`."""
    return show(value.shape).replace(" x ", " × ") or tr("one number")


def span(shown: Map | Curve) -> str:
    """From the smallest to the largest number of a channel."""
    low, high = short(shown.low, 2), short(shown.high, 2)
    return tr("all {number}", number=low) if shown.low == shown.high else tr("{low} to {high}", low=low, high=high)


def channel_said(channel: int) -> str:
    """`channel 0`."""
    return tr("channel {number}", number=channel)


def which(channel: int | None, of: str) -> str:
    """What is seen of a value: `channel 0 of conv1`."""
    if channel is None:
        return tr("the numbers of {what}", what=of)
    return tr("{channel} of {what}", channel=channel_said(channel), what=of)


def remarks(shown: Shown) -> str:
    """The arguments of a step, what is to know of it, and where it stands."""
    return " · ".join(filter(None, (shown.words, shown.remark, shown.place)))


def missing(value: Value) -> str:
    """What of a value is not to be seen; empty where all is."""
    notes = []
    if value.left_out:
        of_channels = ("{count:,} more channel not shown", "{count:,} more channels not shown")
        of_numbers = ("{count:,} more number not shown", "{count:,} more numbers not shown")
        notes.append(trn(*(of_numbers if value.is_features else of_channels), value.left_out))
    if value.cut:
        notes.append(tr("of each channel, {part}", part=value.cut))
    if value.odd:
        one, many = "{count:,} number infinite or no number at all", "{count:,} numbers infinite or no number at all"
        notes.append(trn(one, many, value.odd))
    return "; ".join(notes)


def longest(scores: tuple[Score, ...]) -> float:
    """The magnitude whose bar has the whole length."""
    return max((abs(score.number) for score in scores if isfinite(score.number)), default=1.0) or 1.0


def length(score: Score, reach: float) -> float:
    """The length of a score's bar, from 0 to 1: its share, or where it has none its part of the longest."""
    found = abs(score.number) / reach if score.share is None else score.share
    return min(found, 1.0) if not isnan(found) else 0.0
