"""What a parameter may be, and the words for what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from cnndsl.layers.catalogue import KINDS
from cnndsl.layers.declared import Invalid


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
        ("dropout", {"p": float("nan")}, "must be between -3e+38 and 3e+38"),
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
    ],
)
def test_a_value_that_does_not_fit(kind: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        KINDS[kind](**parameters)
    assert message in caught.value.reason


def test_a_list_is_kept_as_a_tuple_and_a_number_as_a_number() -> None:
    layer = KINDS["conv"].model_validate({"channels": 8, "kernel": [3, 1], "stride": 2})
    assert layer.model_dump(exclude_defaults=True) == {"channels": 8, "kernel": (3, 1), "stride": 2}


def test_numbers_keep_their_type() -> None:
    assert repr(KINDS["dropout"].model_validate({"p": 0}).model_dump()["p"]) == "0"
    assert repr(KINDS["dropout"].model_validate({"p": 0.0}).model_dump()["p"]) == "0.0"


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(Invalid, match="kernel_size"):
        KINDS["maxpool"].model_validate({"kernel": 2, "kernel_size": 2})
