"""Reductions of the only axis beside the batch, which get this axis again."""

from __future__ import annotations

import pytest
from torch import Tensor, nn

from tests.importing.test_modules import imported


class Dueling(nn.Module):
    """What is left of a value without its mean, which is taken in one of several ways."""

    def __init__(self, way: int) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 4)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)
        if self.way == 0:
            return x - x.mean(1).unsqueeze(1)
        if self.way == 1:
            return x - x.mean(dim=1)[:, None]
        if self.way == 2:
            return x - x.sum(-1, keepdim=False)[:, None]
        return x * x[:, -1, None]


@pytest.mark.parametrize(
    ("way", "written"),
    [(0, "mean(x, 1, keepdim=true)"), (1, "mean(x, 1, keepdim=true)"),
     (2, "sum(x, 1, keepdim=true)"), (3, "[:, -1:]")],
)  # fmt: skip
def test_an_axis_that_is_reduced_and_added_again_is_kept(way: int, written: str) -> None:
    assert written in imported(Dueling(way), (6,)).text
