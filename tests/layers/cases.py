"""Cases for the oracle: a layer kind, its parameters and the shape of what comes in, drawn by Hypothesis.

The values of a parameter follow from its declared type; only what depends on the shape (a list of sizes
whose product must fit, an order of axes) is drawn by a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, get_args, get_origin

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from cnndsl.layers import types
from cnndsl.layers.base import Layer
from cnndsl.layers.registry import KINDS


@dataclass(frozen=True)
class Case:
    """One layer with one input."""

    kind: str
    parameters: dict[str, Any]
    x: tuple[int, ...]

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.x) - 1

    def get(self, name: str) -> Any:
        """The parameter as it is given, or its default."""
        field = KINDS[self.kind].model_fields.get(name)
        return self.parameters.get(name, field.default if field else None)


Values = st.SearchStrategy[Any]


def _numbers(low: int, high: int) -> Callable[[tuple[int, ...]], Values]:
    """Mostly one number, often one for each axis, now and then a list of another length or a number too low."""

    def draw(x: tuple[int, ...]) -> Values:
        number = st.integers(low, high)
        rank = max(len(x) - 1, 1)
        listed = st.tuples(*[number] * rank)
        wrong = st.one_of(st.lists(number, min_size=1, max_size=4).map(tuple), st.integers(low - 2, low))
        return st.one_of(*[number] * 6, *[listed] * 4, wrong)

    return draw


def _one_of(*values: Any) -> Callable[[tuple[int, ...]], Values]:
    return lambda _: st.sampled_from(values)


def _padding(x: tuple[int, ...]) -> Values:
    return st.one_of(*[_numbers(0, 3)(x)] * 3, st.sampled_from(("same", "valid")))


def _axis(x: tuple[int, ...]) -> Values:
    return st.one_of(*[st.integers(1, len(x))] * 2, st.integers(-len(x), -1), st.integers(-len(x) - 2, len(x) + 2))


def _groups(x: tuple[int, ...]) -> Values:
    return st.sampled_from((*[d for d in range(1, x[0] + 1) if x[0] % d == 0] * 4, *_COUNTS))


def _scale(x: tuple[int, ...]) -> Values:
    factor = st.sampled_from((2, 2, 3, 1, 0.5, 1.5, 2.0, 0.3, 1 / 3, 2.7, 1.1, 0))
    return st.one_of(factor, st.tuples(*[factor] * max(len(x) - 1, 1)), st.tuples(factor))


_COUNTS = (1, 2, 2, 3, 4, 4, 6, 6, 8, 12, 12, 0)
_BY_TYPE: dict[str, Callable[[tuple[int, ...]], Values]] = {
    "Count": _one_of(*_COUNTS),
    "Positive": _one_of(*_COUNTS),
    "OptionalPositive": _one_of(*_COUNTS),
    "OptionalWhole": _one_of(0, 1, -1, 2, 7, -8),
    "Real": _one_of(0.5, 1, 2, 0.1, -1, 0, -0.25),
    "RealFrom0": _one_of(0.5, 1, 0.1, 0, -0.25),
    "PositiveReal": _one_of(1e-5, 0.5, 1, 2, 3, 0, -1),
    "OptionalPositiveReal": _one_of(1e-5, 0.5, 1, 2, 0, -1),
    "Probability": _one_of(0, 0.5, 0.1, 1, 1.5, -0.1),
    "Flag": _one_of(True, False),
    "Axis": _axis,
    "AxisOrChannels": lambda x: st.one_of(st.just("channels"), _axis(x), _axis(x)),
    "OptionalAxis": lambda x: st.one_of(st.just(-1), _axis(x)),
    "Extent": _numbers(1, 5),
    "OptionalExtent": _numbers(1, 5),
    "Offset": _numbers(0, 3),
    "OptionalOffset": _numbers(0, 3),
    "Padding": _padding,
    "OptionalScale": _scale,
}
_NAMES = {
    id(item): name for name in _BY_TYPE for item in get_args(getattr(types, name)) if isinstance(item, types.Takes)
}


def _values(field: FieldInfo, x: tuple[int, ...]) -> Values:
    """Values for a parameter, by its declared type."""
    if get_origin(field.annotation) is Literal:
        return st.sampled_from(get_args(field.annotation))
    names = [_NAMES[id(item)] for item in field.metadata if id(item) in _NAMES]
    return _BY_TYPE[names[0]](x)


def _factored(total: int) -> Values:
    """Lists of sizes whose product is `total`, one of them now and then -1; some do not fit."""
    divisors = [d for d in range(1, total + 1) if total % d == 0]
    pairs = st.sampled_from(divisors).map(lambda d: (d, total // d))
    left = st.sampled_from(divisors).flatmap(lambda d: st.sampled_from([(d, -1), (-1, d), (-1,), (1, d, -1)]))
    wrong = st.lists(st.integers(-1, 6), min_size=1, max_size=4).map(tuple)
    return st.one_of(pairs, pairs, left, wrong)


def _orders(x: tuple[int, ...]) -> Values:
    whole = st.permutations(range(1, len(x) + 1)).map(lambda order: (0, *order))
    negative = whole.map(lambda order: tuple(axis - len(order) if axis % 2 else axis for axis in order))
    return st.one_of(whole, negative, st.permutations(range(len(x) + 1)).map(tuple), st.just((0, 1, 1)))


def _sides(x: tuple[int, ...]) -> Values:
    number = st.integers(0, 3)
    listed = st.tuples(*[number] * (2 * max(len(x) - 1, 1)))
    negative = st.tuples(*[st.integers(-1, 2)] * (2 * max(len(x) - 1, 1)))
    return st.one_of(number, number, listed, listed, listed, st.tuples(number, number), negative)


def _modes(x: tuple[int, ...]) -> Values:
    fitting = {2: ("linear",), 3: ("bilinear", "bicubic"), 4: ("trilinear",)}.get(len(x), ())
    anywhere = ("nearest", "nearest-exact", "area")
    return st.sampled_from((*(fitting + anywhere) * 3, "linear", "bilinear", "bicubic", "trilinear"))


_BY_SHAPE: dict[tuple[str, str], Callable[[tuple[int, ...]], Values]] = {
    ("conv", "groups"): _groups,
    ("conv", "channels"): lambda x: st.sampled_from((x[0], 2 * x[0], *_COUNTS)),
    ("conv", "kernel"): _numbers(1, 4),
    ("conv", "dilation"): _numbers(1, 2),
    ("conv_transpose", "groups"): _groups,
    ("conv_transpose", "channels"): lambda x: st.sampled_from((x[0], 2 * x[0], *_COUNTS)),
    ("conv_transpose", "dilation"): _numbers(1, 3),
    ("conv_transpose", "output_padding"): _numbers(0, 2),
    ("maxpool", "dilation"): _numbers(1, 2),
    ("maxpool", "padding"): _padding,
    ("avgpool", "padding"): _padding,
    ("groupnorm", "groups"): _groups,
    ("channel_shuffle", "groups"): _groups,
    ("prelu", "num"): lambda x: st.sampled_from((x[0], x[0], *_COUNTS)),
    ("pixel_shuffle", "factor"): _one_of(1, 2, 2, 3, 0),
    ("pixel_unshuffle", "factor"): _one_of(1, 2, 2, 3, 0),
    ("unflatten", "axis"): lambda x: st.integers(1, len(x)),
    ("unflatten", "sizes"): lambda x: st.sampled_from(x).flatmap(_factored),
    ("reshape", "sizes"): lambda x: _factored(prod(x)),
    ("permute", "order"): _orders,
    ("pad", "padding"): _sides,
    ("crop", "margins"): _sides,
    ("upsample", "mode"): _modes,
    ("fold", "kernel"): _one_of(1, 1, 2, (1, 2)),
    ("fold", "size"): lambda x: st.sampled_from(
        [(d + more, x[-1] // d + more) for d in range(1, x[-1] + 1) if x[-1] % d == 0 for more in (0, 1)]
    ),
    ("lstm", "proj"): _one_of(0, 0, 1, 2, 3),
    ("multihead_attention", "heads"): lambda x: st.sampled_from(
        (*[d for d in range(1, x[-1] + 1) if x[-1] % d == 0], 2, 5, 0)
    ),
    ("lppool", "norm"): _one_of(1, 2, 2.0, 3, 1.5, 0, -1),
}


_ONE_OF = {"upsample": ("size", "scale"), "crop": ("margins", "size")}
"""Kinds that want one of two parameters."""


@st.composite
def shapes(draw: st.DrawFn, kind: type[Layer]) -> tuple[int, ...]:
    """Mostly a rank that the kind takes; small sizes, so that kernels often do not fit."""
    ranks = kind.ranks or (1, 2, 3, 4)
    rank = draw(st.sampled_from((*ranks * (12 // len(ranks)), 1, 2, 3, 4)))
    channels = draw(st.sampled_from((1, 2, 3, 4, 6, 8, 9, 12)))
    size = st.one_of(st.integers(1, 4), *[st.integers(5, 10)] * 4)
    return (channels, *(draw(size) for _ in range(rank - 1)))


@st.composite
def cases(draw: st.DrawFn, kind: str) -> Case:
    """A case of one kind: all required parameters and some of the others."""
    layer = KINDS[kind]
    x = draw(shapes(layer))
    given = {name for name, field in layer.model_fields.items() if field.is_required() or draw(st.booleans())}
    if kind in _ONE_OF and draw(st.integers(0, 7)):
        wanted = draw(st.sampled_from(_ONE_OF[kind]))
        given = (given - set(_ONE_OF[kind])) | {wanted}
    parameters = {
        name: draw(_BY_SHAPE[kind, name](x) if (kind, name) in _BY_SHAPE else _values(field, x))
        for name, field in layer.model_fields.items()
        if name in given
    }
    if parameters.get("weight_norm"):
        parameters.pop("spectral_norm", None)  # both at once are refused, whatever PyTorch makes of them
    return Case(kind, parameters, x)
