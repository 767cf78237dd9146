"""Random programs: what is said of two of them adds up, and their keys are those of the real modules."""

from __future__ import annotations

from functools import cache

import pytest

from cnndsl.backends import diff
from cnndsl.backends.diff import Difference, Report
from cnndsl.backends.diff.difference import Side
from tests.oracle.generator import generate
from tests.running import build, program_of

SEEDS = range(0, 32, 2)


@cache
def compared(seed: int) -> Difference:
    return diff.compare(program_of(generate(seed).text()), program_of(generate(seed + 1).text()))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_program_is_the_same_as_itself(seed: int) -> None:
    text = generate(seed).text()
    found = diff.compare(program_of(text), program_of(text))
    assert found.same
    assert list(found.lines(whole=True)) == []


def difference(before: Side | None, after: Side | None) -> tuple[int, int]:
    """By how much parameters and multiply-accumulates grew."""
    one, two = ((0, 0) if side is None else (side.parameters, side.macs or 0) for side in (before, after))
    return two[0] - one[0], two[1] - one[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lines_add_up_to_the_totals(seed: int) -> None:
    found = compared(seed)
    grown = [
        difference(line.before, line.after)
        for line in found.lines(whole=True)
        if line.item.module is None or line.before is None or line.after is None  # a block in both has lines inside
    ]
    before, after = found.before.cost, found.after.cost
    assert sum(parameters for parameters, _ in grown) == after.parameters - before.parameters
    if before.macs is not None and after.macs is not None:
        assert sum(macs for _, macs in grown) == after.macs - before.macs
    assert Report().of(found).startswith("--- ")
    assert Report(format="json").of(found).startswith("{\n")


@pytest.mark.parametrize("seed", SEEDS)
def test_keys_are_those_of_the_real_modules(seed: int) -> None:
    keys = compared(seed).keys
    old, new = (
        {key: tuple(tensor.shape) for key, tensor in build(generate(number).text()).state_dict().items()}
        for number in (seed, seed + 1)
    )
    assert keys.missing == {key: shape for key, shape in new.items() if key not in old}
    assert keys.unexpected == {key: shape for key, shape in old.items() if key not in new}
    assert keys.shapes == {key: (old[key], new[key]) for key in new if key in old and old[key] != new[key]}
    assert all(new[key] == old[before] for key, before in keys.renamed.items())
    assert len(set(keys.renamed.values())) == len(keys.renamed)
