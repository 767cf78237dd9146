"""The program goes to JSON and back, and its schema says what that JSON is."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.dataclasses import is_pydantic_dataclass

from cnndsl.ir import nodes
from cnndsl.ir.program import Call, Leaf, Module, Output, Program, Step, Use
from cnndsl.layers.base import Layer
from cnndsl.layers.operations import Operation
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced
from tests.compiled import MODELS, program_of
from tests.running import compiled

LONGEST = 60_000
"""Longer JSON is not held against the schema, which takes long; the text of all kinds has what they are made of."""
OF_ALL_KINDS = """\
extern Rearrange(pattern) from "einops.layers.torch" (shape = [channels])
sequence Both(layers, sizes = [1, 2]) { for layer in layers { layer }; conv(sizes[0], sizes[1]) }
block B(a, p = 0.5) {
    conv(a * 3, 1) -> dropout(p)
    it * 0.5 + parameter([a * 3, 1, 1], init=normal(0, 0.02))
}
network Net(width = 2) {
    init conv: weight = kaiming_normal(mode="fan_out"), bias = zeros
    input(3, ?, ?) -> B(width) -> first: conv(1, 3, weight=[[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    a, b = split(concat(it, it), [1, 1])
    Both([relu, conv(2, 1)])
    output d = it, c = mean(a, axis=1) when training
}
"""


def test_it_is_made_of_pydantic_s_models() -> None:
    assert all(issubclass(made, BaseModel) for made in (Program, Module, Layer, Operation))
    assert all(is_pydantic_dataclass(made) for made in (nodes.Call, Leaf, Step))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Output(value=1), "value", 2)  # noqa: B010 - which the type checker would not let pass
    with pytest.raises(ValidationError, match="what"):
        Use(module="Net", xs=(), what="leaf")  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError, match="child"):
        setattr(Call(child="conv"), "child", "relu")  # noqa: B010


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made = Program.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    return made


@pytest.mark.parametrize("source", [OF_ALL_KINDS, *MODELS], ids=lambda made: getattr(made, "stem", "of all kinds"))
def test_a_program_fits_its_schema_and_comes_back(source: str | Path, schema: dict[str, Any]) -> None:
    program = compiled(source).program if isinstance(source, str) else program_of(source)
    assert program is not None
    text = program.model_dump_json()
    if len(text) <= LONGEST or isinstance(source, str):
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))
    again = Program.model_validate_json(text)
    assert again == program
    assert again.definitions == program.definitions
    assert Program.model_validate(json.loads(text)) == program


def test_the_schema_has_all_layers_and_operations(schema: dict[str, Any]) -> None:
    properties = [found.get("properties", {}) for found in schema["$defs"].values()]
    kinds = {found["kind"].get("const") for found in properties if "kind" in found}
    assert {*KINDS, *OPERATIONS, "parameter", "extern", "placeholder"} <= kinds


def test_what_an_inner_list_remembers_comes_back() -> None:
    traced = Traced(6, Expr.of(Symbol("a")) * Expr.of(3))
    use = Use(module="Both", xs=((traced, 8, 8),), arguments={"sizes": [traced, [1, 2.0, True, "x"]]})
    uses = TypeAdapter(Use)
    again = uses.validate_json(uses.dump_json(use))
    assert repr(again) == repr(use)


@pytest.mark.parametrize(
    "made",
    [KINDS["dropout"].model_validate({"p": 0.25}), Output(value=1, name="a"), Call(child="conv")],
    ids=["layer", "model", "record"],
)
def test_copied_and_pickled(made: BaseModel | Call) -> None:
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - of our own making


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('"kind":"conv"', '"kind":[]'),
        ('"kind":"conv"', '"kind":"nothing"'),
        ('"kind":"conv"', '"kind":"relu"'),
        ('"kind":"conv"', '"kind":"conv","self":1'),
        ('"kind":"conv",', ""),
        ('"channels":6', '"channels":0'),
        ('"what":"leaf"', '"what":"use"'),
        ('"what":"call"', '"what":"shout"'),
        ('"expr":"3 * a"', '"expr":5'),
        ('"expr":"3 * a"', '"expr":["a",3]'),
        ('"expr":"3 * a"', f'"expr":"{"9" * 400}*1.5"'),
        ('"expr":"3 * a"', f'"expr":"{"*".join(["(a+b+c+d+e)"] * 7)}"'),
        ('"expr":"3 * a"', '"expr":"3 * a","open":5'),
        ('"expr":"3 * a"', '"expr":"3 * a","open":[[]]'),
        ('"expr":"3 * a"', '"expr":"3 * a","more":1'),
        ('{"value":6', '{"value":"six"'),
        ('{"value":6', '{"value":true'),
        ('"format":1', '"format":2'),
        ('"format":1', '"format":1,"more":1'),
    ],
)
def test_json_that_is_no_program(written: str, instead: str) -> None:
    program = compiled("block B(a) { conv(a * 3, 1) }\nnetwork Net { input(3, 8, 8) -> B(2) }").program
    assert program is not None
    text = program.model_dump_json()
    assert written in text, text
    with pytest.raises(ValidationError, match="Program"):
        Program.model_validate_json(text.replace(written, instead, 1))
