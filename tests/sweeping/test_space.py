"""The settings that a sweep goes through."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest

from cnndsl.sweeping.space import MOST, of_values, parse


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1", [1]),
        ("a=1,2,4", [1, 2, 4]),
        ("a=0.5:0.8:0.1", [0.5, 0.6, 0.7, 0.8]),
        ("a=8:32:8", [8, 16, 24, 32]),
        ("a=1:3", [1, 2, 3]),
        ("a=1:4:2", [1, 3]),
        ("a=3:1:-1", [3, 2, 1]),
        ("a=1.0:3.0:1", [1.0, 2.0, 3.0]),
        ("a=1,4:6,10", [1, 4, 5, 6, 10]),
        ("a=1,1,1.0,true", [1, 1.0, True]),
        ('a=[1, 2],[3],"x, y",same', [[1, 2], [3], "x, y", "same"]),
        ('a="1:3"', ["1:3"]),
        (" a = 1 , 2 ", [1, 2]),
    ],
)
def test_the_values_of_a_parameter(text: str, values: list[Any]) -> None:
    (axis,) = parse([text]).axes
    assert [(type(value), value) for value in axis.values] == [(type(value), value) for value in values]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["a"], "not of the form NAME=VALUES"),
        (["1=2"], "not of the form NAME=VALUES"),
        (["a="], "the value is missing"),
        (["a=1,,2"], "the value is missing"),
        (["a=1", "a=2"], "a is given twice"),
        (["a=1:x"], "1:x is no range of numbers"),
        (["a=1:2:0"], "never gets from 1 to 2"),
        (["a=2:1"], "never gets from 2 to 1"),
        (["a=1:nan"], "never gets"),
        (["a=0:1:1e-9"], "1,000,000,001 values, and at most 100,000"),
        (["a=1 2"], "1 2"),
    ],
)
def test_what_is_no_space(texts: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        parse(texts)


@pytest.mark.parametrize("values", [range(10**12), count(), (n for n in count())])
def test_endless_values_are_not_all_read(values: Any) -> None:
    with pytest.raises(ValueError, match="a has more than 100,000 values"):
        of_values({"a": values})


def test_without_parameters_there_is_one_member() -> None:
    assert [of_values({}).settings(number) for number in of_values({}).numbers()] == [{}]


@pytest.mark.parametrize("sample", [0, -1])
def test_a_sample_of_none(sample: int) -> None:
    with pytest.raises(ValueError, match="a sample is at least one member"):
        parse(["a=1,2"]).numbers(sample)


def test_all_combinations_count_the_last_parameter_up_first() -> None:
    space = parse(["a=1,2", "b=5,6,7"])
    assert [list(space.settings(number).values()) for number in space.numbers()] == [
        [1, 5], [1, 6], [1, 7], [2, 5], [2, 6], [2, 7],
    ]  # fmt: skip


def test_a_sample_is_of_different_members_and_the_same_for_the_same_seed() -> None:
    space = parse(["a=1:100000", "b=1:100000", "c=1:100000"])
    drawn = space.numbers(50, seed=3)
    assert drawn == space.numbers(50, seed=3)
    assert drawn != space.numbers(50, seed=4)
    assert len(set(drawn)) == 50
    assert list(drawn) == sorted(drawn)
    assert list(parse(["a=1:3"]).numbers(5)) == [0, 1, 2]


def test_too_many_members_are_refused() -> None:
    with pytest.raises(ValueError, match="take a sample"):
        parse(["a=1:2000", "b=1:2000"]).numbers()
    with pytest.raises(ValueError, match="are asked for"):
        parse(["a=1:2000", "b=1:2000"]).numbers(MOST + 1)


def test_values_from_python() -> None:
    space = of_values({"a": range(1, 4), "b": (0.5,), "c": "same", "d": [[1, 2]], "e": True})
    assert [axis.values for axis in space.axes] == [(1, 2, 3), (0.5,), ("same",), ([1, 2],), (True,)]
    with pytest.raises(TypeError):
        of_values({"a": [object()]})
    with pytest.raises(ValueError, match="no values"):
        of_values({"a": []})
