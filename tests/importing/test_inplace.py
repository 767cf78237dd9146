"""Parts that overwrite the value that they are given."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from cnndsl.importing import Unreadable, import_module
from tests.importing.test_modules import MAP, imported


class Skip(nn.Module):
    """A level of the U-Net of pix2pix: what is joined behind the branch is what its first layer has made of it."""

    def __init__(self, channels: int, inner: nn.Module | None) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(channels, channels, 4, 2, 1),
            *([inner] if inner is not None else []),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(channels * (2 if inner is not None else 1), channels, 4, 2, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.model(x)], 1)


def test_an_activation_in_place_that_a_branch_begins_with() -> None:
    text = imported(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Skip(4, Skip(4, None))), (3, 16, 16)).text
    assert "leaky_relu(input, 0.2)" in text
    assert 'concat(it, it -> model: { "1": conv(4, 4, 2, 1) -> "2": relu' in text


class Branch(nn.Module):
    """A branch with a function in place, and one in which a value of its own is overwritten first."""

    def __init__(self, *, late: bool) -> None:
        super().__init__()
        self.late = late
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x) if self.late else x
        x.relu_()
        return y if self.late else torch.sigmoid(self.conv(x))


class Around(nn.Module):
    """A branch in a branch, and then a sum with what they were given."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y: Tensor = x + self.branch(x)
        return y


def test_a_function_in_place_that_a_branch_inside_begins_with() -> None:
    text = imported(Around(nn.Sequential(Branch(late=False), nn.Tanh())), MAP).text
    assert "relu(it) as x\n    branch: { Branch -> tanh }\n    x + it" in text


def test_what_cannot_be_said_first_is_refused_with_its_place() -> None:
    with pytest.raises(Unreadable, match=r"x is overwritten in branch, which is given it, and then read by add"):
        import_module(Around(Branch(late=True)), [MAP])
