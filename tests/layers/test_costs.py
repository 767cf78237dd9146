"""Parameters and multiply-accumulates: the numbers of the teaching text, and an independent counter's."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from pydantic import ValidationError
from torch.utils.flop_counter import FlopCounterMode

from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape, SizeError
from cnndsl.layers.normalisation import BatchNorm
from cnndsl.layers.pooling import MaxPool
from cnndsl.layers.registry import KINDS
from cnndsl.layers.shape import Flatten
from tests.layers.cases import Case, cases
from tests.layers.oracle import BATCH, build, sample


def learned(layer: Layer, x: Shape) -> int:
    return sum(tensor.size for tensor in layer.tensors(x) if tensor.learned)


def test_the_small_net_by_hand() -> None:
    """3 x 32 x 32 through two convolutions and two pools, then 256 and 10 features."""
    shape: Shape = (3, 32, 32)
    parameters = macs = 0
    sizes = [shape]
    for kind, arguments in (
        ("conv", {"channels": 8, "kernel": 5}),
        ("maxpool", {"kernel": 2, "stride": 2}),
        ("conv", {"channels": 16, "kernel": 5}),
        ("maxpool", {"kernel": 2, "stride": 2}),
        ("flatten", {}),
        ("linear", {"features": 256}),
        ("dropout", {"p": 0.5}),
        ("linear", {"features": 10}),
    ):
        layer = KINDS[kind](**arguments)
        result = layer.output(shape)
        parameters += learned(layer, shape)
        macs += layer.macs(shape, result)
        shape = result
        sizes.append(shape)
    assert sizes[1:6] == [(8, 28, 28), (8, 14, 14), (16, 10, 10), (16, 5, 5), (400,)]
    assert shape == (10,)
    assert parameters == 608 + 3_216 + 102_656 + 2_570 == 109_050
    assert macs == 895_360


@pytest.mark.parametrize(
    ("kind", "arguments", "x", "y", "parameters"),
    [
        ("conv", {"channels": 6, "kernel": 5}, (3, 32, 32), (6, 28, 28), 456),
        ("conv", {"channels": 8, "kernel": 5}, (3, 32, 32), (8, 28, 28), 608),
        ("conv", {"channels": 16, "kernel": 5}, (8, 14, 14), (16, 10, 10), 3_216),
        ("conv", {"channels": 1, "kernel": 2, "bias": False}, (1, 4, 4), (1, 3, 3), 4),
        ("conv", {"channels": 64, "kernel": 7, "stride": 2, "padding": 3}, (3, 224, 224), (64, 112, 112), 9_472),
        ("conv", {"channels": 32, "kernel": 3, "padding": 1, "groups": 32}, (32, 8, 8), (32, 8, 8), 320),
        ("conv", {"channels": 8, "kernel": 9, "stride": 4}, (1, 16_000), (8, 3_998), 80),
        ("conv", {"channels": 4, "kernel": [3, 1], "padding": "same"}, (2, 5, 5), (4, 5, 5), 28),
        ("conv_transpose", {"channels": 8, "kernel": 2, "stride": 2}, (16, 8, 8), (8, 16, 16), 520),
        ("batchnorm", {}, (64, 7, 7), (64, 7, 7), 128),
        ("layernorm", {}, (4, 3, 2), (4, 3, 2), 48),
        ("layernorm", {"axis": -1}, (196, 64), (196, 64), 128),
        ("linear", {"features": 10}, (256,), (10,), 2_570),
        ("linear", {"features": 10, "axis": -1}, (7, 256), (7, 10), 2_570),
        ("embedding", {"num": 1000, "features": 16}, (20,), (20, 16), 16_000),
        ("prelu", {"num": 8}, (8, 4, 4), (8, 4, 4), 8),
        ("maxpool", {"kernel": 3, "stride": 2, "padding": 1}, (64, 112, 112), (64, 56, 56), 0),
    ],
)
def test_known_sizes_and_counts(kind: str, arguments: dict[str, Any], x: Shape, y: Shape, parameters: int) -> None:
    layer = KINDS[kind](**arguments)
    assert layer.output(x) == y
    assert learned(layer, x) == parameters


@pytest.mark.parametrize("kind", ["conv", "conv_transpose", "linear"])
def test_multiply_accumulates_are_those_of_an_independent_counter(kind: str) -> None:
    @settings(max_examples=100)
    @given(case=cases(kind))
    def agree(case: Case) -> None:
        try:
            layer = KINDS[kind](**case.parameters)
            x = Flatten().output(case.x) if layer.flattens(case.x) else case.x
            y = layer.output(x)
        except (ValidationError, SizeError):
            assume(False)
        assume(getattr(layer, "padding_mode", "zeros") == "zeros")
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            build(layer.torch(x))(sample(layer, x))  # type: ignore[arg-type]
        assert layer.macs(x, y) * BATCH * 2 == counter.get_total_flops()

    agree()


@pytest.mark.parametrize(
    ("kind", "arguments", "x", "macs"),
    [
        ("conv", {"channels": 4, "kernel": 3, "padding": 1, "groups": 2}, (4, 5, 5), 9 * 2 * 4 * 25),
        ("conv", {"channels": 4, "kernel": 3, "padding": 1, "groups": 4}, (4, 5, 5), 9 * 1 * 4 * 25),
        ("conv_transpose", {"channels": 6, "kernel": 2, "stride": 2, "groups": 2}, (4, 5, 5), 4 * 3 * 4 * 25),
        ("linear", {"features": 10, "axis": -1}, (7, 256), 7 * 256 * 10),
    ],
)
def test_multiply_accumulates_by_hand(kind: str, arguments: dict[str, Any], x: Shape, macs: int) -> None:
    layer = KINDS[kind](**arguments)
    assert layer.macs(x, layer.output(x)) == macs


def test_other_kinds_have_no_multiply_accumulates() -> None:
    assert BatchNorm().macs((8, 4, 4), (8, 4, 4)) == 0
    assert MaxPool(kernel=2).macs((8, 4, 4), (8, 2, 2)) == 0
