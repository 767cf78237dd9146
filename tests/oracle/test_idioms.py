"""Random networks in the idioms of people: what runs is what the compiler says, and what holds for every text."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

import pytest

import cnndsl
from tests.oracle import agreement, idioms, properties
from tests.torch import constructors

SEEDS = range(8)


@cache
def network(seed: int) -> str:
    return idioms.network(seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "holds", [agreement.check, properties.keeps_its_module_in_the_one_layout, properties.is_the_same_from_json]
)
def test_a_network(seed: int, holds: Callable[[str], None]) -> None:
    holds(network(seed))


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_a_network_with_settings(seed: int) -> None:
    properties.is_its_class_with_settings(network(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_network_with_other_arguments(seed: int) -> None:
    constructors.check(network(seed), most=12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_block_with_several_arguments(seed: int) -> None:
    agreement.check(idioms.program(seed))


@pytest.mark.parametrize("idiom", [*idioms.ANYWHERE, *idioms.AT_TOP])
def test_what_an_idiom_says_has_a_class(idiom: str) -> None:
    """What is never accepted is never tested."""
    rng = Random(0)  # noqa: S311 - cases for tests are no secrets
    for _ in range(12):
        lines = idioms.Idioms(rng, ["input"], 2).of(idiom)
        parameters = idioms.declared(idioms.head(lines))
        net = idioms.definition("network Net", parameters, ["input(2, 6, 6)", *lines])
        compilation = cnndsl.compile(f"{idioms.BLOCKS}\n{idioms.NETWORKS}\n{net}\n")
        if compilation.ok:
            compilation.python()
            return
    pytest.fail(f"no text of {idiom} compiles")
