"""What stands on a way that no use of a text takes, and is not checked, is no internal error of the translation."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest

import cnndsl
from cnndsl.compilation import CompilationError
from cnndsl.layers.registry import KINDS, OPERATIONS
from tests.oracle.agreement import check

TEXTS = (
    "network Net(flag = false) {{ input(3, 8, 8); if flag {{ {} }}; relu }}",
    "block B(flag) {{ if flag {{ {} }}; relu }}; network Net {{ input(3, 8, 8); B(false) }}",
    "network Net(n = 0) {{ input(3, 8, 8); for i in range(n) {{ {} }}; relu }}",
    "block B(flag) {{ it -> if flag {{ {} }} else {{ relu }} }}; network Net {{ input(3, 8, 8); B(false) }}",
)
BEFORE = (
    "",
    "linear(3) -> ",
    "flatten(2) -> ",
    "reshape([3, 4, 4, 4]) -> ",
    "permute([1, 2, 0]) -> ",
    "unsqueeze(1) -> ",
)
ARGUMENTS = (
    "", "3", "3, 3", "[3, 3, 3]", "0.5", "2, padding=1", "it", "[it, it]", "it, it", "it, axis=5", "it, [1, 2]", "-1",
    "it, input", '"same"', "channels=3", "[it, it -> conv(2, 3)]", "it, 2, 1", "[]",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_mistakes_on_ways_that_no_use_takes(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - cases for tests are no secrets
    words = [*KINDS, *OPERATIONS]
    accepted = 0
    for _ in range(40):
        stage = f"{rng.choice(BEFORE)}{rng.choice(words)}({rng.choice(ARGUMENTS)})"
        line = rng.choice([stage, f"y = {stage}; it + y", f"{stage} -> conv(3, 3)"])
        compilation = cnndsl.compile(rng.choice(TEXTS).format(line))
        if compilation.ok:
            accepted += 1
            with suppress(CompilationError):  # any other error is one of the compiler
                compilation.python()
    assert accepted > 10


def test_a_way_that_does_not_fit_is_left_out() -> None:
    body = "if flag { conv(8, [3], padding=1) }; relu"
    block = f"block B(flag) {{ {body} }}; network Net {{ input(3, 8, 8); B(false) }}"
    network = f"network Net(flag = false) {{ input(3, 8, 8); {body} }}"
    for text in (block, network):
        check(text)
        python = cnndsl.compile(text).python()
        assert "It is written for flag=False." in python
        assert python.count("flag") == 1
