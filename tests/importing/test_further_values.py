"""Blocks that take further values: they are given these where they are declared."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

import cnndsl
from cnndsl.importing import Unreadable, import_module
from tests.importing.test_modules import SAME, imported


class Up(nn.Module):
    """A block of a decoder, which may be given what the encoder had."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.up = nn.Upsample(scale_factor=2)
        self.conv = nn.Conv2d(inputs + skip, outputs, 3, padding=1)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        x = self.up(x)
        if skip is not None:
            x = torch.cat([x, skip], 1)
        return torch.relu(self.conv(x))


class Decoder(nn.Module):
    """A list of blocks, of which each is given another value, and the last none."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Up(*each) for each in ((16, 8, 8), (8, 4, 4), (4, 2, 2), (2, 0, 2)))

    def forward(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        for block, skip in zip(self.blocks, [*skips, None], strict=True):
            x = block(x, skip)
        return x


class Encoded(nn.Module):
    """An encoder and a decoder."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 2, 4, 8, 16)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in pairwise(widths))
        self.decoder = Decoder()

    def forward(self, x: Tensor) -> Tensor:
        maps = []
        for down in self.downs:
            x = down(x)
            maps.append(x)
        y: Tensor = self.decoder(maps[-1], maps[-2::-1])
        return y


def test_layers_of_a_list_are_given_further_values_in_the_list() -> None:
    found = import_module(Encoded(), [(3, 32, 32)])
    assert str(found.comparison) == SAME, found.text
    assert "Up(skip=skips[0]), Up(skip=skips[1]), Up(skip=skips[2]), Up2]" in found.text


class Nested(nn.Module):
    """A block is registered before the one from which its second value comes."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last, self.inner = Up(8, 4, 4), Up(4, 6, 2), Up(4, 2, 4)

    def forward(self, low: Tensor, middle: Tensor, high: Tensor) -> Tensor:
        inner = self.inner(middle, high)
        y: Tensor = self.last(self.first(low, middle), torch.cat([inner, high], 1))
        return y


def test_a_block_whose_further_value_comes_from_a_later_one_stands_behind_that() -> None:
    module = Nested()
    found = import_module(module, [(8, 4, 4), (4, 8, 8), (2, 16, 16)])
    assert str(found.comparison) == "the keys have another order, same outputs (0.0)", found.text
    with pytest.warns(UserWarning, match="the keys have another order, same outputs"):
        cnndsl.from_torch(module, [torch.rand(2, 8, 4, 4), torch.rand(2, 4, 8, 8), torch.rand(2, 2, 16, 16)])


class Behind(nn.Module):
    """A list of blocks is registered before the list of the layers that make their second values."""

    def __init__(self) -> None:
        super().__init__()
        self.ups = nn.ModuleList([Up(4, 4, 4), Up(4, 4, 2)])
        self.skips = nn.ModuleList([nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)])

    def forward(self, low: Tensor, middle: Tensor, high: Tensor) -> Tensor:
        for up, skip, x in zip(self.ups, self.skips, (middle, high), strict=True):
            low = up(low, skip(x))
        return low


def test_a_list_stands_behind_the_layers_that_make_what_it_is_given() -> None:
    found = import_module(Behind(), [(4, 4, 4), (3, 8, 8), (3, 16, 16)])
    assert str(found.comparison) == "the keys have another order, same outputs (0.0)", found.text
    lines = [line.strip().partition(" ")[0] for line in found.text.splitlines()]
    assert lines.index("skips") < lines.index("ups")


class Late(nn.Module):
    """The second layer of a list is given what the first has made."""

    def __init__(self) -> None:
        super().__init__()
        self.ups = nn.ModuleList([Up(4, 4, 4), Up(4, 4, 4)])

    def forward(self, x: Tensor) -> Tensor:
        for up in self.ups:
            x = up(x, F.interpolate(x.tanh(), scale_factor=2))
        return x


def test_a_further_value_that_is_not_there_before_the_list_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"what ups.1 is given besides its first value is made behind the first layer"):
        import_module(Late(), [(4, 4, 4)])


class Optional(nn.Module):
    """A block that some have, which is given two values."""

    def __init__(self, *, has_up: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, 2, 1)
        self.up = Up(4, 4, 4) if has_up else None
        self.last = nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return self.last(y if self.up is None else self.up(y, x))  # type: ignore[no-any-return]


def test_a_block_with_further_values_that_some_have() -> None:
    text = imported(nn.Sequential(Optional(has_up=True), Optional(has_up=False), Optional(has_up=True)), (4, 8, 8)).text
    assert "Up(skip=input)" in text


class Attention(nn.Module):
    """Queries of one value, and keys and values of others, which may be the same."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(6, 6) for _ in range(3))

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        y: Tensor = (self.query(q) @ self.key(k).mT).softmax(-1) @ self.value(v)
        return y


class Layers(nn.Module):
    """A list of them, each of which attends to what it is given, and one that attends to another value."""

    def __init__(self) -> None:
        super().__init__()
        self.own = nn.ModuleList(Attention() for _ in range(2))
        self.other = Attention()

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        for layer in self.own:
            x = x + layer(x, x, v=x)
        y: Tensor = self.other(x, memory, memory)
        return y


def test_a_value_that_is_given_twice_is_given_once() -> None:
    text = imported(Layers(), (5, 6), (4, 6)).text
    assert "block Attention {" in text
    assert "own = [Attention, Attention]" in text
    assert "block Attention2(k) {" in text
    assert "other: Attention2(k=memory)" in text


class Again(nn.Module):
    """One layer attends to its own value first, and to another one then."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        x = x + self.attention(x, x, x)
        y: Tensor = self.attention(x, memory, memory)
        return y


def test_a_block_that_is_given_other_values_in_its_second_use_is_refused() -> None:
    with pytest.raises(Unreadable, match="what attention is given besides its first value is not the same each time"):
        import_module(Again(), [(5, 6), (4, 6)])
