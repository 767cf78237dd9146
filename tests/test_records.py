"""Records behave as frozen dataclasses do; models go to JSON and back."""

from __future__ import annotations

import copy
import pickle
from typing import Annotated, Any, ClassVar, Literal

import pytest

from cnndsl.layers.catalogue import KINDS
from cnndsl.layers.declared import Invalid
from cnndsl.program import Program
from cnndsl.records import Model, Reads, Record
from tests.running import compiled


class Point(Record):
    x: int
    y: int = 0
    unit: ClassVar[str] = "cm"


class Named(Point):
    name: str = "origin"

    def __post_init__(self) -> None:
        if not self.name:
            message = "a name is needed"
            raise ValueError(message)


class Cat(Model):
    what: Literal["cat"] = "cat"
    lives: int


class Dog(Model):
    what: Literal["dog"] = "dog"
    tricks: tuple[tuple[str, ...], ...] = ()


class Farm(Model):
    names: dict[int, str] = {}  # noqa: RUF012 - never written to
    animals: tuple[Cat | Dog, ...]
    hour: Annotated[int, Reads(lambda value: int(value.removesuffix(" h")))] = 0


def test_fields_are_given_by_position_or_name() -> None:
    assert (Point(1), Point(1, y=0)) == (Point(x=1), Point(1, 0))
    assert repr(Named(1, name="a")) == "Named(x=1, y=0, name='a')"
    with pytest.raises(TypeError, match="x"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="z"):
        Point(1, z=2)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="a name is needed"):
        Named(1, name="")


def test_equal_and_hashed_by_class_and_fields() -> None:
    assert len({Point(1), Point(1, 0), Point(2), Named(1), 1}) == 4
    assert Point(1) != Named(1)


def test_nothing_is_changed_but_in_a_copy() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="y"):
        point.y = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="y"):
        del point.y
    assert point.replaced(y=2) == Point(1, 2)
    assert point == Point(1)


@pytest.mark.parametrize(
    "record", [Named(1, 2, "a"), KINDS["dropout"](p=0.25)], ids=lambda record: type(record).__name__
)
def test_copied_and_pickled(record: Record) -> None:
    assert copy.deepcopy(record) == pickle.loads(pickle.dumps(record)) == record  # noqa: S301 - of our own making


def test_a_model_goes_to_json_and_back() -> None:
    farm = Farm(animals=(Cat(lives=7), Dog(tricks=(("sit", "roll"),))), names={3: "Ü"})
    text = farm.model_dump_json()
    assert text == (
        '{"names":{"3":"Ü"},"animals":[{"what":"cat","lives":7},{"what":"dog","tricks":[["sit","roll"]]}],"hour":0}'
    )
    assert Farm.model_validate_json(text.replace('"hour":0', '"hour":"0 h"')) == farm


@pytest.mark.parametrize(
    "text",
    ['{"animals": [{"what": "cow"}]}', '{"animals": [{"what": "cat"}]}', "{}", '{"animals": [], "more": 1}', "no"],
)
def test_json_that_is_no_model(text: str) -> None:
    with pytest.raises(ValueError, match="Farm"):
        Farm.model_validate_json(text)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('"kind":"conv"', '"kind":[]'),
        ('"kind":"conv"', '"kind":"conv","self":1'),
        ('"expr":"3 * a"', '"expr":5'),
        ('"expr":"3 * a"', '"expr":["a",3]'),
        ('"expr":"3 * a"', f'"expr":"{"9" * 400}*1.5"'),
        ('"expr":"3 * a"', f'"expr":"{"*".join(["(a+b+c+d+e)"] * 7)}"'),
        ('"expr":"3 * a"', '"expr":"3 * a","open":5'),
        ('"expr":"3 * a"', '"expr":"3 * a","open":[[]]'),
        ('{"value":6', '{"value":"six"'),
    ],
)
def test_json_that_is_no_program(written: str, instead: str) -> None:
    program = compiled("block B(a) { conv(a * 3, 1) }\nnetwork Net { input(3, 8, 8) -> B(2) }").program
    assert program is not None
    text = program.model_dump_json()
    assert written in text, text
    with pytest.raises(ValueError, match="Program"):
        Program.model_validate_json(text.replace(written, instead, 1))


@pytest.mark.parametrize(
    ("kind", "given", "name", "reason", "missing"),
    [
        ("conv", {"stride": 2}, "channels", "", ("channels", "kernel")),
        ("conv", {"channels": 0}, "channels", "must be at least 1, and it is 0", ()),
        ("conv", {"channels": 1, "kernel": 1, "size": 1}, "size", "", ()),
        ("gelu", {"approximate": "no"}, "approximate", 'must be one of "none" or "tanh", and it is the text "no"', ()),
        ("gelu", {"approximate": 1}, "approximate", 'must be one of "none" or "tanh", and it is 1', ()),
    ],
)
def test_parameters_that_do_not_fit(
    kind: str, given: dict[str, Any], name: str, reason: str, missing: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as caught:
        KINDS[kind](**given)
    assert (caught.value.name, caught.value.reason, caught.value.missing) == (name, reason, missing)
