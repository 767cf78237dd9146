"""What a parameter may be, and the words for what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cnndsl.layers.base import Layer, MultiInput
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.layers.types import LARGEST, misfits, missing
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("conv", {"channels": 0, "kernel": 3}, "must be at least 1, and it is 0"),
        ("conv", {"channels": True, "kernel": 3}, "must be a whole number, and it is true"),
        ("conv", {"channels": 2.0, "kernel": 3}, "must be a whole number, and it is 2.0"),
        ("conv", {"channels": "eight", "kernel": 3}, 'must be a whole number, and it is the text "eight"'),
        ("conv", {"channels": [8], "kernel": 3}, "must be a whole number, and it is a list"),
        ("conv", {"channels": 2**31, "kernel": 3}, "must be at most 2,147,483,647"),
        ("conv", {"channels": 10**5000, "kernel": 3}, "must be at most 2,147,483,647"),
        ("conv", {"channels": -(10**5000), "kernel": 3}, "must be at least 1, and it is a number of many digits"),
        ("conv", {"channels": 8, "kernel": []}, "needs a number for each axis, and the list is empty"),
        ("conv", {"channels": 8, "kernel": [3, 0]}, "must be at least 1, and it is 0"),
        (
            "conv",
            {"channels": 8, "kernel": 3, "padding": "half"},
            'must be a number, a list of them, "same" or "valid"',
        ),
        ("conv", {"channels": 8, "kernel": 3, "bias": 1}, "must be true or false, and it is 1"),
        ("dropout", {"p": 1.5}, "must be a probability, between 0 and 1, and it is 1.5"),
        ("dropout", {"p": float("nan")}, "must be a probability, between 0 and 1, and it is nan"),
        ("batchnorm", {"eps": 0}, "must be greater than 0, and it is 0"),
        ("leaky_relu", {"slope": float("inf")}, "must be between -3e+38 and 3e+38"),
        ("leaky_relu", {"slope": 10**5000}, "must be between -3e+38 and 3e+38"),
        ("leaky_relu", {"slope": "steep"}, 'must be a number, and it is the text "steep"'),
        ("upsample", {"scale": 0}, "must be greater than 0, and it is 0"),
        ("upsample", {"scale": 1e30}, "must be at most 2,147,483,647"),
        ("upsample", {"scale": []}, "needs a number for each axis, and the list is empty"),
        ("reshape", {"sizes": 3}, "must be a list of sizes, and it is 3"),
        ("reshape", {"sizes": []}, "must be a list of sizes, and it is empty"),
        ("reshape", {"sizes": [-1, -1]}, "may have one -1 at most"),
        ("reshape", {"sizes": [2] * 9}, "may have 8 numbers at most, and it has 9"),
        ("permute", {"order": 3}, "must be a list of axes, and it is 3"),
        ("layernorm", {"axis": [1, 2]}, "must be a whole number, and it is a list"),
    ],
)
def test_a_value_that_does_not_fit(kind: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        KINDS[kind](**parameters)
    (reason,) = misfits(caught.value).values()
    assert message in reason
    assert message in str(caught.value)


def test_a_list_is_kept_as_a_tuple_and_a_number_as_a_number() -> None:
    layer = KINDS["conv"].model_validate({"channels": 8, "kernel": [3, 1], "stride": 2})
    assert layer.non_default() == {"channels": 8, "kernel": (3, 1), "stride": 2}


def test_numbers_keep_their_type() -> None:
    assert repr(KINDS["dropout"].model_validate({"p": 0}).model_dump()["p"]) == "0"
    assert repr(KINDS["dropout"].model_validate({"p": 0.0}).model_dump()["p"]) == "0.0"


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("dropout", {"p": 0}),
        ("lppool", {"norm": 3, "kernel": 2}),
        ("upsample", {"scale": [2, 2.0]}),
        ("mul", {"scalar": 1}),
    ],
)
def test_numbers_keep_their_type_in_json(kind: str, given: dict[str, Any]) -> None:
    made = ({**OPERATIONS, **KINDS})[kind].model_validate(given)
    assert repr(type(made).model_validate_json(made.model_dump_json())) == repr(made)


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ValidationError, match="kernel_size"):
        KINDS["maxpool"].model_validate({"kernel": 2, "kernel_size": 2})


@pytest.mark.parametrize(
    ("kind", "given", "wrong", "needed"),
    [
        ("conv", {"stride": 2}, {}, ("channels", "kernel")),
        ("conv", {"channels": 0}, {"channels": "must be at least 1, and it is 0"}, ("kernel",)),
        ("conv", {"channels": 1, "kernel": 1, "size": 1}, {"size": "is no parameter"}, ()),
        (
            "conv",
            {"channels": 0, "kernel": [0, 1]},
            dict.fromkeys(("channels", "kernel"), "must be at least 1, and it is 0"),
            (),
        ),
        (
            "gelu",
            {"approximate": "no"},
            {"approximate": 'must be one of "none" or "tanh", and it is the text "no"'},
            (),
        ),
        ("gelu", {"approximate": 1}, {"approximate": 'must be one of "none" or "tanh", and it is 1'}, ()),
    ],
)
def test_all_that_does_not_fit_is_told_at_once(
    kind: str, given: dict[str, Any], wrong: dict[str, str], needed: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        KINDS[kind](**given)
    assert (misfits(caught.value), missing(caught.value)) == (wrong, needed)


TRACED = Traced(2, Expr.of(Symbol("channels")))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_parameter_forgets_where_a_number_comes_from(kind: type[Layer]) -> None:
    """Pydantic takes what can be made a number of; a traced one would lose its expression without a word."""
    for name in kind.model_fields:
        for value in (TRACED, [TRACED]):
            with pytest.raises(ValidationError) as caught:
                kind(**{name: value})
            assert name in misfits(caught.value)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_schema_says_what_a_parameter_takes(kind: type[Layer]) -> None:
    schema = kind.model_json_schema()
    beside = ["others"] if issubclass(kind, MultiInput) else []
    assert list(schema["properties"]) == ["kind", *kind.model_fields, *beside]
    assert schema["required"] == ["kind", *(p.name for p in kind.parameters() if p.required)]
    for name, field in kind.model_fields.items():
        assert schema["properties"][name]["description"] == field.description
        assert {"type", "anyOf", "oneOf", "enum", "$ref", "const"} & set(schema["properties"][name])
    assert not schema["additionalProperties"]


def test_bounds_are_in_the_schema() -> None:
    conv = KINDS["conv"].model_json_schema()["properties"]
    assert (conv["channels"]["minimum"], conv["channels"]["maximum"]) == (1, LARGEST)
    assert conv["padding_mode"]["enum"] == ["zeros", "reflect", "replicate", "circular"]
    p = KINDS["dropout"].model_json_schema()["properties"]["p"]
    assert (p["minimum"], p["maximum"]) == (0, 1)
