"""padding="same" with a stride: the sizes and numbers of TensorFlow's SAME and ONNX's SAME_UPPER, at every size."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, fx, nn

from cnndsl.generated import module_of
from tests.running import build, compiled, program_of

SIZES = [(1, 1), (2, 7), (5, 6), (8, 9), (13, 16)]


def bordered(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: int, fill: Any) -> Tensor:
    """The map with its border, as tf.nn describes it: pad_along = max((out - 1) * stride + filter - in, 0)."""
    sides: list[int] = []
    for size, k, s in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
        out = -(-size // s)
        along = max((out - 1) * s + dilation * (k - 1) + 1 - size, 0)
        sides += [along // 2, along - along // 2]
    return F.pad(x, sides, **fill)


@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 3), (5, 4)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 1), (4, 5)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_a_convolution_is_tensorflows(kernel: tuple[int, int], stride: tuple[int, int], dilation: int) -> None:
    layer = f'conv(6, {list(kernel)}, stride={list(stride)}, padding="same", dilation={dilation}, groups=3)'
    model = build(f"network Net {{ input(3, ?, ?); c: {layer} }}")
    for height, width in SIZES:
        x = torch.randn(2, 3, height, width)
        padded = bordered(x, kernel, stride, dilation, {})
        expected = F.conv2d(padded, model.c.weight, model.c.bias, stride, 0, dilation, 3)  # type: ignore[union-attr,arg-type]
        assert expected.shape[2:] == (-(-height // stride[0]), -(-width // stride[1]))
        torch.testing.assert_close(model(x), expected)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_the_border_is_taken_from_the_map(mode: str) -> None:
    model = build(f'network Net {{ input(1, ?, 9); c: conv(2, 3, 2, "same", padding_mode="{mode}") }}')
    for height in (2, 5, 6):
        x = torch.randn(2, 1, height, 9)
        padded = bordered(x, (3, 3), (2, 2), 1, {"mode": mode})
        torch.testing.assert_close(model(x), F.conv2d(padded, model.c.weight, model.c.bias, 2))  # type: ignore[union-attr,arg-type]


POOLS: dict[str, tuple[str, Callable[[Tensor, Any, Any], Tensor]]] = {
    "maxpool": ("", lambda x, k, s: F.max_pool2d(bordered(x, k, s, 1, {"value": -torch.inf}), k, s)),
    "dilated": (", dilation=2", lambda x, k, s: F.max_pool2d(bordered(x, k, s, 2, {"value": -torch.inf}), k, s, 0, 2)),
    "avgpool": ("", lambda x, k, s: F.avg_pool2d(bordered(x, k, s, 1, {}), k, s)),
    "divided": (", divisor=5", lambda x, k, s: F.avg_pool2d(bordered(x, k, s, 1, {}), k, s, divisor_override=5)),
    "uncounted": (
        ", count_include_pad=false",
        lambda x, k, s: (
            F.avg_pool2d(bordered(x, k, s, 1, {}), k, s) / F.avg_pool2d(bordered(torch.ones_like(x), k, s, 1, {}), k, s)
        ),
    ),
}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize(("kernel", "stride"), [*product([(1, 2), (2, 2), (3, 3)], [(1, 1), (2, 2), (3, 2)])])
def test_a_pool_is_tensorflows(name: str, kernel: tuple[int, int], stride: tuple[int, int]) -> None:
    more, expected = POOLS[name]
    kind = "maxpool" if name in ("maxpool", "dilated") else "avgpool"
    model = build(f'network Net {{ input(2, ?, ?); {kind}({list(kernel)}, {list(stride)}, padding="same"{more}) }}')
    for height, width in SIZES:
        x = torch.randn(2, 2, height, width)
        torch.testing.assert_close(model(x), expected(x, kernel, stride))


def test_ordinary_pools_are_pytorchs_own() -> None:
    pools = 'maxpool(3, 1, "same") -> avgpool([3, 5], 1, "same") -> maxpool(2, padding="valid")'
    model = build(f"network Net {{ input(2, 8, 8); {pools} }}")
    expected = [nn.MaxPool2d(3, stride=1, padding=1), nn.AvgPool2d((3, 5), stride=1, padding=(1, 2)), nn.MaxPool2d(2)]
    assert list(map(repr, model.children())) == list(map(repr, expected))


STRIDED = """
block Down(channels, stride = 1) {
    conv(channels, 3, stride=stride, padding="same", bias=false) -> batchnorm -> relu
}
network Net(stride = 2) {
    input(3, ?, ?)
    conv(8, 3, stride=2, padding="same") -> maxpool(3, 2, padding="same")
    avgpool(2, 3, padding="same", count_include_pad=false)
    Down(8) -> Down(16, stride)
}
"""


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_class_is_right_for_every_stride(stride: int) -> None:
    """What is worked out for one stride runs with others: an argument of the constructor gives what a setting gives."""
    settled = build(STRIDED, stride=stride)
    model = module_of(compiled(STRIDED).python(), "net").Net(stride=stride).eval()
    model.load_state_dict(settled.state_dict())
    for height, width in SIZES:
        x = torch.randn(2, 3, height, width)
        assert torch.equal(model(x), settled(x))


@torch.no_grad()
def test_graphs_can_be_made_of_it() -> None:
    model = module_of(compiled(STRIDED).python(), "net").Net().eval()
    scripted = torch.jit.script(model)
    traced = fx.symbolic_trace(model)
    exported = torch.export.export(model, (torch.randn(2, 3, 40, 37),)).module()
    for height, width in SIZES:
        x = torch.randn(2, 3, height, width)
        assert torch.equal(scripted(x), model(x))
        assert torch.equal(traced(x), model(x))
    x = torch.randn(2, 3, 40, 37)
    assert torch.equal(exported(x), model(x))


def test_a_normalisation_is_folded_into_it() -> None:
    model = build(STRIDED)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.running_mean)  # type: ignore[arg-type]
            nn.init.uniform_(part.running_var, 0.5, 2)  # type: ignore[arg-type]
    served = module_of(compiled(STRIDED).for_inference().python(), "net").Net.from_trained(model.state_dict())
    assert not any(isinstance(part, nn.BatchNorm2d) for part in served.modules())
    x = torch.randn(2, 3, 30, 31)
    torch.testing.assert_close(served(x), model(x))


def test_what_is_seen_follows_from_the_size() -> None:
    """What a size that is left open decides is not said of it: which places are read, where a half is the larger."""
    fields = {}
    for size in ("9", "10", "?"):
        program = program_of(f'network Net {{ input(1, {size}) -> conv(1, 3, 2, "same", bias=false) }}')
        module = program.network()
        reach = module.children[0].unit.layer.reach(module.values[0], module.values[1])  # type: ignore[union-attr]
        fields[size] = reach[1].window.at(0) if reach[1] and reach[1].window else None
    assert fields == {"9": (-1, 1), "10": (0, 2), "?": None}
