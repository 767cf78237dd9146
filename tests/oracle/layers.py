"""Single layers for random programs: drawn as text, for a value whose size is known."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from random import Random
from typing import Any

from pydantic import ValidationError

from cnndsl.layers.formula import SizeError
from cnndsl.layers.registry import KINDS
from tests.layers.written import text_of

Shape = tuple[int, ...]
Arguments = dict[str, Any]
MOST_CHANNELS, MOST_NUMBERS = 40, 12_000


def divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


def extents(rng: Random, x: Shape, low: int, high: int) -> Any:
    """One number for all axes, or now and then a list."""
    if rng.random() < 0.25:
        return tuple(rng.randint(low, high) for _ in x[1:])
    return rng.randint(low, high)


def some(rng: Random, **choices: Any) -> Arguments:
    """Some of these arguments, drawn where they are lists."""
    chosen = {name: value for name, value in choices.items() if rng.random() < 0.4}
    return {name: rng.choice(value) if isinstance(value, list) else value for name, value in chosen.items()}


def conv(rng: Random, x: Shape) -> Arguments:
    groups = rng.choice([1, 1, 1, *divisors(x[0])])
    required = {"channels": groups * rng.randint(1, max(1, 12 // groups)), "kernel": extents(rng, x, 1, 4)}
    if rng.random() < 0.4:
        required["padding"] = rng.choice(["same", "same", 1, 2, extents(rng, x, 0, 2)])
    more = some(rng, stride=extents(rng, x, 1, 3), dilation=extents(rng, x, 1, 2), bias=[True, False])
    mode = some(rng, padding_mode=["zeros", "reflect", "replicate", "circular"]) if rng.random() < 0.3 else {}
    return required | more | mode | ({"groups": groups} if groups > 1 else {})


def conv_transpose(rng: Random, x: Shape) -> Arguments:
    required = {"channels": rng.randint(1, 8), "kernel": extents(rng, x, 1, 4)}
    return required | some(rng, stride=extents(rng, x, 1, 2), padding=[0, 1], output_padding=[0, 1], bias=[True, False])


def pool(rng: Random, x: Shape) -> Arguments:
    return {"kernel": extents(rng, x, 1, 3)} | some(
        rng, stride=extents(rng, x, 1, 3), padding=[0, 1, "same"], ceil_mode=[True, False]
    )


def sides(rng: Random, x: Shape, high: int) -> Any:
    return rng.choice([rng.randint(0, high), tuple(rng.randint(0, high) for _ in range(2 * (len(x) - 1)))])


def pad(rng: Random, x: Shape) -> Arguments:
    return {"padding": sides(rng, x, 2)} | some(rng, mode=["zeros", "reflect", "replicate", "circular"])


def crop(rng: Random, x: Shape) -> Arguments:
    return {"margins": sides(rng, x, 1)} if rng.random() < 0.6 else {"size": extents(rng, x, 1, 6)}


def upsample(rng: Random, x: Shape) -> Arguments:
    smooth = {2: "linear", 3: "bilinear", 4: "trilinear"}[len(x)]
    size = {"scale": rng.choice([2, 2, 1.5, 3])} if rng.random() < 0.7 else {"size": extents(rng, x, 2, 12)}
    return size | some(rng, mode=["nearest", "nearest-exact", "area", smooth, smooth])


def reordered(rng: Random, x: Shape) -> Arguments:
    axes = list(range(1, len(x) + 1))
    rng.shuffle(axes)
    return {"order": (0, *axes)}


def reshaped(rng: Random, x: Shape) -> Arguments:
    first = rng.choice(divisors(prod(x)))
    return {"sizes": rng.choice([(first, prod(x) // first), (first, -1), x])}


def unflattened(rng: Random, x: Shape) -> Arguments:
    axis = rng.randint(1, len(x))
    first = rng.choice(divisors(x[axis - 1]))
    return {"axis": axis, "sizes": (first, x[axis - 1] // first)}


def nothing(rng: Random, x: Shape) -> Arguments:
    return {}


def dropped(rng: Random, x: Shape) -> Arguments:
    return {"p": rng.choice([0.1, 0.5, 0, 0.9])}


def axis(rng: Random, x: Shape) -> Arguments:
    return some(rng, axis=[*range(1, len(x) + 1), -1])


Drawn = Callable[[Random, Shape], Arguments]
ON_MAPS: dict[str, tuple[int, Drawn]] = {
    "conv": (12, conv),
    "conv_transpose": (3, conv_transpose),
    "maxpool": (4, lambda rng, x: pool(rng, x) | some(rng, dilation=[1, 2])),
    "avgpool": (3, lambda rng, x: pool(rng, x) | some(rng, count_include_pad=[True, False])),
    "lppool": (1, lambda rng, x: {"norm": rng.choice([1, 2, 3]), "kernel": extents(rng, x, 1, 3)}),
    "adaptive_avgpool": (1, lambda rng, x: {"size": extents(rng, x, 1, 5)}),
    "adaptive_maxpool": (1, lambda rng, x: {"size": extents(rng, x, 1, 5)}),
    "global_avgpool": (1, nothing),
    "global_maxpool": (1, nothing),
    "instancenorm": (1, lambda rng, x: some(rng, affine=[True, False], track_running_stats=[True, False])),
    "local_response_norm": (1, lambda rng, x: {"size": rng.randint(1, 4)}),
    "dropout_channels": (1, dropped),
    "pad": (2, pad),
    "crop": (
        1,
        lambda rng, x: {"margins": sides(rng, x, 1)} if rng.random() < 0.6 else {"size": extents(rng, x, 1, 6)},
    ),
    "upsample": (2, upsample),
    "channel_shuffle": (1, lambda rng, x: {"groups": rng.choice(divisors(x[0]))}),
}


def recurrent(rng: Random, x: Shape) -> Arguments:
    layers = {"layers": 2} | some(rng, dropout=[0.1, 0.5]) if rng.random() < 0.3 else {}
    return {"features": rng.randint(1, 8)} | layers | some(rng, bidirectional=[True], bias=[True, False])


ON_SEQUENCES: dict[str, tuple[int, Drawn]] = {
    "lstm": (2, recurrent),
    "gru": (1, recurrent),
    "rnn": (1, recurrent),
    "multihead_attention": (3, lambda rng, x: {"heads": rng.choice(divisors(x[1]))} | some(rng, bias=[True, False])),
}
ON_PICTURES: dict[str, tuple[int, Drawn]] = {
    "pixel_shuffle": (1, lambda rng, x: {"factor": rng.choice([1, 2])}),
    "pixel_unshuffle": (1, lambda rng, x: {"factor": rng.choice([1, 2, 3])}),
    "unfold": (
        1,
        lambda rng, x: (
            {"kernel": extents(rng, x, 1, 3)} | some(rng, stride=extents(rng, x, 1, 3), padding=[0, 1], dilation=[1, 2])
        ),
    ),
}
ANYWHERE: dict[str, tuple[int, Drawn]] = {
    "linear": (1, lambda rng, x: {"features": rng.randint(1, 16)} | some(rng, bias=[True, False])),
    "batchnorm": (4, lambda rng, x: some(rng, affine=[True, False], track_running_stats=[True, False])),
    "groupnorm": (1, lambda rng, x: {"groups": rng.choice(divisors(x[0]))} | some(rng, affine=[True, False])),
    "layernorm": (1, lambda rng, x: some(rng, axis=[1, -1, len(x), "channels"], affine=[True, False])),
    "rmsnorm": (1, lambda rng, x: some(rng, axis=[1, -1, len(x), "channels"], affine=[True, False])),
    "dropout": (2, dropped),
    "alpha_dropout": (1, dropped),
    "stochastic_depth": (1, dropped),
    "flatten": (1, lambda rng, x: some(rng, start=[1, min(2, len(x))])),
    "unflatten": (1, unflattened),
    "reshape": (1, reshaped),
    "permute": (1, reordered),
    "prelu": (1, lambda rng, x: some(rng, num=[1, x[0]])),
    "softmax": (1, axis),
    "log_softmax": (1, axis),
    "softmin": (1, axis),
    "threshold": (1, lambda rng, x: {"threshold": rng.choice([0, 0.5]), "value": rng.choice([0, -1])}),
    "glu": (1, axis),
} | {
    kind: (weight, lambda rng, x: some(rng, inplace=[False, False, True]) if rng.random() < 0.3 else {})
    for kind, weight in {
        "relu": 8, "relu6": 1, "elu": 1, "celu": 1, "selu": 1, "silu": 1, "mish": 1, "hardswish": 1,
        "hardsigmoid": 1, "hardtanh": 1, "leaky_relu": 1, "rrelu": 1,
    }.items()
} | dict.fromkeys(
    ("gelu", "sigmoid", "tanh", "softplus", "softsign", "logsigmoid", "softshrink", "hardshrink", "tanhshrink"),
    (1, nothing),
)  # fmt: skip


def draw(rng: Random, x: Shape) -> tuple[str, str, Shape]:
    """A layer that takes a value of this shape: its kind, its text and the shape that comes out."""
    kinds = ANYWHERE | (ON_MAPS if len(x) in (2, 3, 4) else {}) | (ON_PICTURES if len(x) == 3 else {})
    kinds |= ON_SEQUENCES if len(x) == 2 else {}
    while True:
        (kind,) = rng.choices(list(kinds), [weight for weight, _ in kinds.values()])
        arguments = kinds[kind][1](rng, x)
        try:
            layer = KINDS[kind](**arguments)
            flat: Shape = (prod(x),) if layer.flattens(x) else x
            layer.check_rank(flat)
            y = tuple(map(int, layer.output(flat)))
        except (ValidationError, SizeError):
            continue
        if len(y) <= 5 and y[0] <= MOST_CHANNELS and prod(y) <= MOST_NUMBERS:
            return kind, text_of(kind, arguments, by_position=rng.randint(0, 3)), y
