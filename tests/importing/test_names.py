"""Names that PyTorch's modules give to layers, values and tensors, and that mean something else in a text."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from cnndsl.importing import Unreadable, import_module
from tests.importing.test_modules import MAP, imported


class Attending(nn.Module):
    """Two layers that are called like functions, of which one is called too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.mean, self.max = nn.Conv2d(6, 1, 1), nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.mean(x) + self.max(x)
        y: Tensor = self.conv(torch.cat([x, x.max(1, keepdim=True)[0], x.amin(1, keepdim=True), x[:, :1]], 1))
        return y


def test_a_layer_that_is_called_like_a_function() -> None:
    text = imported(Attending(), MAP).text
    assert "    mean: adaptive_avgpool(1)\n" in text
    assert 'it + (input -> "max": adaptive_maxpool(1))\n    concat(it, max(it, 1, keepdim=true)' in text


class Weighing(nn.Module):
    """The values that come in are called like functions, and like a tensor of the module."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.scale = nn.Conv2d(3, 3, 1), nn.Parameter(torch.ones(3, 1, 1))

    def forward(self, x: Tensor, mean: Tensor, max: Tensor, scale: Tensor) -> Tensor:  # noqa: A002 - as people do
        y: Tensor = self.conv(x) * self.scale + mean.mean(1, keepdim=True)
        return y * scale - max.amax(1, keepdim=True)


class Around(nn.Module):
    """It gives a block in the middle of a line what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Weighing(), Weighing()

    def forward(self, x: Tensor, mean: Tensor, conv: Tensor) -> Tensor:
        y: Tensor = self.second(self.first(x, mean, conv, x), mean, conv, x)
        return y


def test_values_that_are_called_like_functions_or_tensors() -> None:
    text = imported(Around(), *[MAP] * 3).text
    assert "(mean_, max_, scale_) {" in text
    assert "    mean_ = input(3, 16, 16)\n    conv_ = input(3, 16, 16)\n" in text


class Twice(nn.Module):
    """A block of two values."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        z: Tensor = self.conv(x)
        return z + y


class Passing(nn.Module):
    """Both blocks are given what came in, and the second not as its first value."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Twice(), Twice()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(self.first(x, x), x)
        return y


def test_what_came_in_is_called_so_behind_the_first_block_of_a_line() -> None:
    assert "y=input)" in imported(Passing(), MAP).text


class Normalising(nn.Module):
    """A buffer hides the function that is called."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.register_buffer("mean", torch.rand(3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x - self.mean)
        return y.mean((2, 3))


def test_a_tensor_that_is_called_like_a_function_that_is_called() -> None:
    with pytest.raises(Unreadable, match="it calls mean, and has a tensor of this name"):
        import_module(Normalising(), [MAP])


def test_a_word_of_python_within_a_chain_is_in_quotes() -> None:
    layers = nn.Sequential(OrderedDict([("conv", nn.Conv2d(3, 4, 1)), ("class", nn.ReLU()), ("self", nn.Tanh())]))
    text = imported(nn.Sequential(OrderedDict([("body", layers)])), MAP).text
    assert 'body: { conv: conv(4, 1) -> "class": relu -> "self": tanh }' in text
