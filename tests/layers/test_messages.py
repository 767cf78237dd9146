"""What a student reads when a layer does not fit: the numbers, and what would fit."""

from __future__ import annotations

from typing import Any

import pytest

from cnndsl.layers.formula import SizeError, check_limits
from cnndsl.layers.registry import KINDS


@pytest.mark.parametrize(
    ("kind", "parameters", "x", "code", "message", "help_"),
    [
        (
            "conv",
            {"channels": 32, "kernel": 5},
            (16, 4, 4),
            "E302",
            "kernel 5×5 does not fit an input of 4 x 4",
            "add padding=1 or more, use a kernel of at most 4, or drop a pooling step before it",
        ),
        (
            "conv",
            {"channels": 32, "kernel": 3, "dilation": 2, "padding": [0, 1]},
            (16, 4, 9),
            "E302",
            "kernel 3×3 with dilation 2 does not fit an input of 4 x 9 with padding 0×1",
            "add padding=1 or more, use a kernel of at most 2, or drop a pooling step before it",
        ),
        (
            "maxpool",
            {"kernel": 2},
            (16, 1, 1),
            "E302",
            "kernel 2×2 does not fit an input of 1 x 1",
            "use a kernel of at most 1 or drop a pooling step before it",
        ),
        (
            "conv",
            {"channels": 8, "kernel": 3},
            (400,),
            "E301",
            (
                "conv takes channels x length, channels x height x width or channels x depth x height x width, "
                "and the input is 400"
            ),
            "conv works on feature maps: put it before the map is flattened",
        ),
        (
            "conv",
            {"channels": 8, "kernel": [3, 3, 3]},
            (3, 8, 8),
            "E303",
            "kernel has 3 numbers, and the input has 2 spatial axes",
            "write one number for all axes, or a list of 2",
        ),
        (
            "conv",
            {"channels": 9, "kernel": 3, "groups": 2},
            (4, 8, 8),
            "E304",
            "groups=2 must divide the 4 input channels and the 9 kernels",
            "choose a number of groups that divides both",
        ),
        (
            "maxpool",
            {"kernel": 3, "stride": 2, "padding": "same", "ceil_mode": True},
            (4, 8, 8),
            "E305",
            'ceil_mode has no effect beside padding="same", which gives a size that is rounded up',
            "leave ceil_mode out",
        ),
        (
            "conv",
            {"channels": 9, "kernel": 3, "padding": 8, "padding_mode": "reflect"},
            (4, 8, 8),
            "E305",
            (
                'padding_mode="reflect" takes the border from the input: an axis of 8 gives at most 7, '
                "and the padding is 8"
            ),
            'use less padding, or padding_mode="replicate"',
        ),
        (
            "maxpool",
            {"kernel": 3, "padding": 2},
            (4, 8, 8),
            "E305",
            "padding 2 is more than half of the kernel 3×3",
            "a pool's padding is at most half of its kernel, without the dilation; for more, put a pad before it",
        ),
        (
            "linear",
            {"features": 10},
            (16, 5, 5),
            "E301",
            "linear takes a list of features, and the input is 16 x 5 x 5",
            "write flatten before it, or linear(..., axis=-1) to work on the last axis alone",
        ),
        (
            "softmax",
            {"axis": 0},
            (10,),
            "E307",
            "softmax: axis 0 is the batch; the value is batch x 10",
            "the only axis besides the batch is 1",
        ),
        (
            "reshape",
            {"sizes": [3, -1]},
            (400,),
            "E304",
            "reshape to 3 x ? needs a multiple of 3 numbers, and there are 400",
            "choose sizes whose product is that; one of them may be -1, for what is left",
        ),
        (
            "pad",
            {"padding": [1, 2]},
            (3, 8, 8),
            "E303",
            "padding has 2 numbers, and a map of 8 x 8 has 4 sides",
            "write one number for all sides, or [left, right, top, bottom]",
        ),
        (
            "upsample",
            {"scale": 2, "mode": "linear"},
            (3, 8, 8),
            "E312",
            'mode="linear" is not for a map of height x width',
            'write mode="bilinear" or mode="nearest"',
        ),
    ],
)
def test_the_message_has_the_numbers_and_a_way_out(
    kind: str, parameters: dict[str, Any], x: tuple[int, ...], code: str, message: str, help_: str
) -> None:
    with pytest.raises(SizeError) as caught:
        KINDS[kind](**parameters).output(x)
    assert caught.value.code == code
    assert caught.value.message == message
    assert caught.value.help == (help_,)


def test_what_the_help_of_a_convolution_says_does_help() -> None:
    conv = KINDS["conv"]
    for size in range(1, 8):
        for kernel in range(size + 1, 12):
            with pytest.raises(SizeError) as caught:
                conv.model_validate({"channels": 1, "kernel": kernel}).output((1, size, size))
            padding = int(caught.value.help[0].split("padding=")[1].split()[0])
            assert conv.model_validate({"channels": 1, "kernel": kernel, "padding": padding}).output((1, size, size))
            with pytest.raises(SizeError):
                conv.model_validate({"channels": 1, "kernel": kernel, "padding": padding - 1}).output((1, size, size))


def test_values_have_limits() -> None:
    check_limits((2**31 - 1,) * 8)
    with pytest.raises(SizeError, match="more than 2,147,483,647"):
        check_limits((3, 2**31))
    with pytest.raises(SizeError, match="9 axes"):
        check_limits((1,) * 9)
