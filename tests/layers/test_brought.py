"""Layers that PyTorch has no class for: the generated module brings one, once."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn

import cnndsl
from cnndsl.layers.registry import HELPERS
from tests.running import build, compiled


@pytest.mark.parametrize("size", ["3", "3, 7", "3, 5, 6", "3, 4, 5, 6"])
@pytest.mark.parametrize("arguments", ["", ", eps=1e-6", ", bias=false", ", affine=false"])
def test_layernorm_over_the_channels(size: str, arguments: str) -> None:
    model = build(f'network Net {{ input({size}); norm = layernorm(axis="channels"{arguments}); norm }}')
    names = {", affine=false": [], ", bias=false": ["norm.weight"]}.get(arguments, ["norm.weight", "norm.bias"])
    assert list(model.state_dict()) == names
    for parameter in model.parameters():
        assert parameter.shape == (3,)
        nn.init.normal_(parameter)
    x = torch.randn(4, *map(int, size.split(",")))
    last = x.permute(0, *range(2, x.dim()), 1)
    own: dict[str, Any] = {name.removeprefix("norm."): value for name, value in model.state_dict().items()}
    expected = F.layer_norm(last, (3,), eps=1e-6 if "eps" in arguments else 1e-5, **own)
    assert torch.equal(model(x), expected.permute(0, -1, *range(1, x.dim() - 1)))


def test_layernorm_over_the_channels_as_a_call() -> None:
    text = "network Net {{ input(3, 5, 6); conv(4, 3) -> relu; {} }}"
    called = build(text.format('y = layernorm(it, axis="channels", affine=false, eps=1e-3); y'))
    layer = build(text.format('layernorm(axis="channels", affine=false, eps=1e-3)'))
    layer.load_state_dict(called.state_dict())
    x = torch.randn(2, 3, 5, 6)
    assert [type(part).__name__ for part in called.children()] == ["Conv2d", "ReLU"]
    assert torch.equal(called(x), layer(x))


def test_layernorm_over_the_channels_takes_any_size_of_map() -> None:
    model = build('network Net { input(3, ?, ?) -> conv(4, 3) -> layernorm(axis="channels") }')
    assert model(torch.randn(2, 3, 9, 8)).shape == (2, 4, 7, 6)
    assert model(torch.randn(2, 3, 16, 5)).shape == (2, 4, 14, 3)


def drop(mode: str, p: float) -> nn.Module:
    return build(f'network Net {{ input(2, 3, 4) -> stochastic_depth({p}, mode="{mode}") }}')


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_stochastic_depth_is_the_identity_in_evaluation(mode: str) -> None:
    x = torch.randn(5, 2, 3, 4)
    assert torch.equal(drop(mode, 0.7).eval()(x), x)
    assert torch.equal(drop(mode, 0).train()(x), x)
    assert torch.equal(drop(mode, 1).train()(x), torch.zeros_like(x))


def test_stochastic_depth_drops_whole_samples() -> None:
    p, count = 0.2, 20_000
    torch.manual_seed(0)
    y = drop("row", p).train()(torch.ones(count, 2, 3, 4))
    first = y[:, :1, :1, :1]
    assert torch.equal(y, first.expand_as(y))
    assert set(first.unique().tolist()) == {0.0, torch.tensor(1 / (1 - p)).item()}
    # The share that is dropped lies within five standard deviations of p.
    assert abs((first == 0).double().mean().item() - p) < 5 * (p * (1 - p) / count) ** 0.5


def test_stochastic_depth_draws_once_for_a_batch() -> None:
    model, seen = drop("batch", 0.5).train(), set()
    torch.manual_seed(0)
    for _ in range(64):
        y = model(torch.ones(3, 2, 3, 4))
        (value,) = y.unique().tolist()
        seen.add(value)
    assert seen == {0.0, 2.0}


def test_stochastic_depth_lets_gradients_through_as_it_scales() -> None:
    x = torch.randn(64, 2, 3, 4, requires_grad=True)
    torch.manual_seed(0)
    y = drop("row", 0.5).train()(x)
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad * x, y)


BLOCKS = """
block Branch(p, drop = stochastic_depth(0.5)) {
    norm: layernorm(axis="channels") -> conv(input.channels, 3, 3, "same") -> upsample(scale=3)
    stochastic_depth(p) -> drop
    it + input
}
network Net {
    input(4, 6, 6)
    Branch(0.1) -> Branch(0.2, drop = dropout(0.1))
    shapes: { permute([0, 1, 3, 2]) -> reshape([8, 3, 6]) -> crop(1) }
}
"""


def test_a_class_is_brought_once() -> None:
    text = compiled(BLOCKS).python()
    brought = [name for name in HELPERS if re.search(rf"\b{name}\b", text)]
    padding = {"Conv2dSame", "pad_same", "same_border"}
    drawn = {"ChannelLayerNorm", "Crop", "Permute", "Reshape", "StochasticDepth", *padding}
    assert set(brought) == drawn
    for name in brought:
        assert len(re.findall(rf"^(?:class|def) {name}\(", text, re.MULTILINE)) == 1
    assert build(BLOCKS)(torch.randn(2, 4, 6, 6)).shape == (2, 8, 1, 4)


def test_a_class_is_brought_where_it_is_needed() -> None:
    text = compiled("network Net { input(4, 6, 6); conv(4, 3) -> layernorm }").python()
    assert not any(name in text for name in HELPERS)


@pytest.mark.parametrize("name", HELPERS)
@pytest.mark.parametrize("text", ["block {0} {{ relu }}", "network {0} {{ input(3) }}", "block B({0}) {{ relu }}"])
def test_nothing_of_the_text_has_the_name_of_a_brought_class(name: str, text: str) -> None:
    source = text.format(name) + "\nnetwork Net { input(3); relu }\n"
    assert [d.code for d in cnndsl.compile(source).diagnostics] == ["E203"]
