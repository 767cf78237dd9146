"""A layer that is written as in PyTorch is the same layer here only if its arguments are: PyTorch is asked."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from cnndsl.layers import aliases
from cnndsl.layers.aliases import torch_function, torch_layer
from cnndsl.layers.registry import KINDS
from cnndsl.semantics.pytorch_names import Claim

DERIVED = {"in_channels", "in_features", "num_features", "num_channels", "normalized_shape", "embed_dim"}
OTHERS = {
    ("groupnorm", "groups"): "num_groups",
    ("unflatten", "axis"): "dim",
    ("unflatten", "sizes"): "unflattened_size",
}
LAYERS = sorted(aliases._TORCH_LAYERS)
FUNCTIONS = sorted(set(aliases._TORCH_FUNCTIONS) - {"cat", "concat"})


def ours(word: str) -> dict[str, Any]:
    """The parameters of a layer in their order, by PyTorch's names, with their defaults; `...` for none."""
    kind = KINDS[word]
    return {
        kind.torch_names.get(parameter.name, parameter.name): ... if parameter.required else parameter.default
        for parameter in kind.parameters()
    }


@pytest.mark.parametrize("name", LAYERS)
def test_arguments_mean_the_same_by_position(name: str) -> None:
    layer = torch_layer(f"nn.{name}")
    assert layer is not None
    # What the input fixes comes first, and is left out; the groups of a GroupNorm come before it.
    signature = inspect.signature(getattr(nn, name).__init__).parameters
    theirs = [each for each in signature if each not in {"self", "args", "kwargs", "device", "dtype", *DERIVED}]
    names = [OTHERS.get((layer.word, each), each) for each in ours(layer.word)]
    for k in range(min(layer.most_by_position, len(theirs), len(names))):
        assert names[k] == theirs[k]


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_left_out_means_the_same(name: str) -> None:
    layer = torch_layer(name)
    assert layer is not None
    signature = inspect.signature(getattr(nn, name).__init__).parameters
    for each, default in ours(layer.word).items():
        if each in signature and each != aliases._NEEDED.get(layer.word) and default is not ...:
            theirs = signature[each].default
            assert theirs == default or (theirs is None and default is False), each


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_a_value_and_the_same_arguments(name: str) -> None:
    word = aliases._TORCH_FUNCTIONS[name]
    function = getattr(F, name, None) or getattr(torch, name)
    assert torch_function(f"F.{name}") is not None
    try:
        signature = inspect.signature(function).parameters
    except ValueError:  # it is written in C
        said = function.__doc__ or ""
        assert word in ("celu", "softplus", "gelu") or all(
            f"{each}={default}" in said for each, default in ours(word).items() if each != "inplace"
        )
        return
    defaults = {
        each: ... if parameter.default is parameter.empty else parameter.default
        for each, parameter in signature.items()
    }
    for each, default in ours(word).items():
        if each in defaults and each != aliases._NEEDED.get(word):
            assert defaults[each] == default, each


@pytest.mark.parametrize(
    ("claim", "shape", "holds"),
    [
        (Claim(), (3, 8, 8), True),
        (Claim((3,)), (3, 8, 8), True),
        (Claim((3,)), (3, 8), False),
        (Claim((1, 2)), (3,), True),
        (Claim((3,), channels=3), (3, 8, 8), True),
        (Claim((3,), channels=4), (3, 8, 8), False),
        (Claim(channels=True), (1, 8, 8), False),
        (Claim(features=192), (3, 8, 8), True),
        (Claim(features=8), (3, 8, 8), False),
    ],
)
def test_claims(claim: Claim, shape: tuple[int, ...], holds: bool) -> None:
    assert claim.holds(shape) is holds
