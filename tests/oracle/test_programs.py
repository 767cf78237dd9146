"""Random programs, compiled and run: some of those of which `python -m benchmarks.oracle` draws thousands more."""

from __future__ import annotations

import subprocess
import sys
from random import Random
from typing import Any

import pytest

from cnndsl.layers.base import Layer
from cnndsl.layers.convolution import Conv
from cnndsl.layers.pooling import MaxPool
from cnndsl.layers.reach import same
from cnndsl.layers.registry import KINDS
from cnndsl.symbolic.number import key_of
from tests.oracle.agreement import check
from tests.oracle.blocks import DEFINITIONS
from tests.oracle.generator import generate
from tests.oracle.nesting import network, program
from tests.oracle.opened import apart, check_open
from tests.torch import constructors

COUNT = 172
OPEN = range(1, COUNT, 6)


@pytest.mark.parametrize("seed", range(0, COUNT, 6))
def test_a_random_program(seed: int) -> None:
    check(generate(seed).text())


@pytest.mark.parametrize("seed", OPEN[::2])
def test_a_random_program_of_open_sizes(seed: int) -> None:
    check_open(generate(seed), generate(seed + 1))


def try_all(seeds: range) -> None:
    for seed in seeds:
        check_open(generate(seed), generate(seed + 1))


def test_many_programs_can_leave_their_sizes_open() -> None:
    drafts = [generate(seed) for seed in OPEN]
    assert sum(apart(draft) for draft in drafts) > len(drafts) / 3


@pytest.mark.parametrize("name", ["work_key", "_relation"])
def test_what_is_wrong_with_open_sizes_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if name == "work_key":  # work of one network taken for that of another
        monkeypatch.setattr("cnndsl.semantics.context.work_key", key_of)
    else:  # what two sizes must be beside one another
        monkeypatch.setattr("cnndsl.semantics.inputs._relation", lambda guard, symbol: "1 = 1")
    with pytest.raises(AssertionError):
        try_all(OPEN)


def test_programs_of_every_make_are_drawn() -> None:
    """What is never drawn is never tested."""
    lines = {"layers", "brace", "shared", "times", "residual", "arithmetic", "branches", "gate", "split", "reduce"}
    lines |= {"name_value", "go_back", "combine", "alike", "loops", "block", "learned"}
    inputs = {"picture", "signal", "volume", "features", "words", "two"}
    layers = {"conv", "conv_transpose", "maxpool", "upsample", "batchnorm", "pad", "crop", "linear", "permute"}
    left = lines | inputs | layers | {"output of some", "when training"}
    for seed in range(COUNT):  # and no more than it takes
        draft = generate(seed)
        left -= {*draft.used, *({"output of some"} if "output" in draft.output else ())}
        left -= {"when training"} if "when training" in draft.text() else set()
        if not left:
            break
    assert not left


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_a_definition_of_every_make(name: str) -> None:
    for seed in range(2):
        rng = Random(seed)  # noqa: S311 - cases for tests are no secrets
        made = DEFINITIONS[name](rng, "Made", [])
        shape = next(shape for shape in ((4, 9, 9), (6, 12), (8,)) if made.fits(shape))
        others = ", input" * made.others
        use = f"Made({made.arguments(rng, shape)}{others})"
        outputs = f"{', '.join(f'y{at}' for at in range(made.outputs))} = it -> {use}" if made.outputs > 1 else use
        check(f"{made.text}\nnetwork Net {{\n    input({', '.join(map(str, shape))})\n    {outputs}\n}}\n")


@pytest.mark.parametrize("seed", range(24))
def test_lines_inside_one_another(seed: int) -> None:
    check(program(seed))


@pytest.mark.parametrize("seed", range(100, 112))
def test_lines_inside_one_another_with_other_arguments(seed: int) -> None:
    constructors.check(network(seed))


def test_a_program_follows_from_its_number() -> None:
    """In another process too."""
    script = "from tests.oracle.generator import generate; print(generate(7).text())"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert other.stdout == generate(7).text() + "\n"


TEXT = "network Net { input(1, 12, 12); conv(2, 3) -> relu -> maxpool(3, 2) -> conv(2, 3) -> linear(3) }"


def one_less(rule: Any) -> Any:
    """A rule for the size that comes out, with a row too few."""
    return lambda layer, x: (*rule(layer, x)[:-1], rule(layer, x)[-1] - 1)


@pytest.mark.parametrize(
    ("layer", "name", "wrong"),
    [
        (MaxPool, "output", one_less(MaxPool.output)),
        (Conv, "tensors", lambda layer, x: ()),
        (Conv, "products", lambda layer, x, y: ((*y, x[0]),)),
        (MaxPool, "reach", lambda layer, x, y: same(x)),
        (KINDS["relu"], "shares", lambda layer, x, training, in_order: True),
        (KINDS["relu"], "backward_from", "input"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch, layer: type[Layer], name: str, wrong: Any) -> None:
    check(TEXT)
    monkeypatch.setattr(layer, name, wrong)
    with pytest.raises((AssertionError, RuntimeError)):
        check(TEXT)
