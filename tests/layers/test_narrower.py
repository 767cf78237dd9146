"""The list of what PyTorch takes and the language does not: all of it is true, and nothing is missing."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from cnndsl.layers.aliases import LEFT_OUT, REFUSED
from cnndsl.layers.registry import KINDS
from tests.layers.agreement import APPLIES, _layer, check, narrower_by
from tests.layers.cases import Case
from tests.layers.oracle import Answer, ask, look_up
from tests.layers.test_declarations import SHAPES, made

CASES: list[tuple[str, str, dict[str, Any], tuple[int, ...]]] = [
    ("rank", "dropout_channels", {}, (4,)),
    ("rank", "avgpool", {"kernel": 2}, (4,)),
    ("empty", "linear", {"features": 0}, (2,)),
    ("empty", "adaptive_avgpool", {"size": 0}, (2, 8, 8)),
    ("empty", "crop", {"margins": 2}, (2, 4, 4)),
    ("empty", "embedding", {"num": 4, "features": 0}, (3,)),
    ("list of one", "maxpool", {"kernel": (2,)}, (2, 8, 8)),
    ("batch", "softmax", {"axis": 0}, (4,)),
    ("batch", "permute", {"order": (1, 0)}, (2,)),
    ("dilation", "conv_transpose", {"channels": 2, "kernel": 1, "dilation": 0}, (2, 8)),
    ("negative", "conv", {"channels": 2, "kernel": 3, "padding": -1, "padding_mode": "reflect"}, (2, 8, 8)),
    ("negative", "pad", {"padding": (0, -1)}, (2, 8)),
    ("border", "pad", {"padding": (1, 1)}, (2, 8, 8)),
    ("border", "conv", {"channels": 2, "kernel": 3, "padding": (0, 0), "padding_mode": "reflect"}, (2, 8)),
    ("eps", "layernorm", {"eps": 0}, (4,)),
    ("divisor", "avgpool", {"kernel": 2, "divisor": 3}, (2, 8)),
    ("power", "lppool", {"norm": -1, "kernel": 2}, (2, 8, 8)),
    ("max_norm", "embedding", {"num": 4, "features": 2, "max_norm": 0}, (3,)),
    ("last axis", "linear", {"features": 2, "axis": 1}, (2, 8)),
    ("value", "pad", {"padding": 1, "mode": "reflect", "value": 2}, (2, 8)),
    ("two ways", "crop", {"size": 2, "margins": 1}, (2, 4, 4)),
    ("negative", "crop", {"margins": (-1, 1, 2, 2)}, (6, 6, 1)),
]


@pytest.mark.parametrize(("name", "kind", "parameters", "x"), CASES)
def test_refused_here_alone(name: str, kind: str, parameters: dict[str, Any], x: tuple[int, ...]) -> None:
    case = Case(kind, parameters, x)
    assert check(case) == "narrower"
    answer = ask(_layer(case)[0], x)
    assert isinstance(answer, Answer)
    assert narrower_by(case, answer) == [name]


def test_every_difference_has_a_case() -> None:
    assert {name for name, *_ in CASES} == set(REFUSED) == {*APPLIES, "empty"}
    for name, difference in REFUSED.items():
        assert set(difference.kinds) <= set(KINDS), name


def test_nothing_else_is_excused() -> None:
    taken = Answer((2, 6, 6), [])
    assert narrower_by(Case("conv", {"channels": 2, "kernel": 3}, (2, 8, 8)), taken) == []
    assert narrower_by(Case("conv", {"channels": 2, "kernel": 3, "padding": -1}, (2, 8, 8)), taken) == ["negative"]
    assert narrower_by(Case("maxpool", {"kernel": 3, "padding": -1}, (2, 8, 8)), taken) == []


def test_the_parameters_that_are_left_out() -> None:
    """Of every module the parameters that its kind has no word for."""
    said = {(kind, name) for names, at in LEFT_OUT.items() for name in names.split(", ") for kind in at.kinds}
    everywhere = {name for names, at in LEFT_OUT.items() if not at.kinds for name in names.split(", ")}
    found = set()
    for kind in KINDS.values():
        x = SHAPES[1] if made(kind).flattens(SHAPES[3]) else SHAPES[3]
        spelling = made(kind).torch(x)
        own = inspect.signature(look_up(spelling.target).__init__).parameters.values()
        named = {at.name for at in own if at.kind not in (at.VAR_POSITIONAL, at.VAR_KEYWORD)} - {"self"}
        found |= {(kind.kind, name) for name in named - {argument.name for argument in spelling.arguments} - everywhere}
    assert found <= said
    assert {name for _, name in said - found} <= {"bias"}  # not every version has it
