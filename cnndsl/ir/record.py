"""`record`: a Pydantic dataclass with slots, the form of all that a program has one of for each layer or line.

It is checked as a model is when it is made, and goes to JSON and back as one. A model is three objects, itself, the
dictionary of its fields and the set of those that it was given; this is one.
"""

from dataclasses import FrozenInstanceError
from typing import Any, TypeVar, cast, dataclass_transform

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from pydantic_core import CoreSchema, core_schema

from cnndsl.frozen import compare_by_fields, shown

_T = TypeVar("_T")
_CONFIG = ConfigDict(extra="forbid", defer_build=True)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
def record(kind: type[_T]) -> type[_T]:
    """Make such a dataclass of a class below `Record`."""
    made: Any = dataclass(kind, eq=False, slots=True, kw_only=True, repr=False, config=_CONFIG)
    compare_by_fields(made)
    return cast("type[_T]", made)


class Record:
    """The base of these. It has the methods that `frozen=True` and `repr=True` would compile for each of them."""

    __slots__ = ()
    __repr__ = shown

    def __setattr__(self, name: str, _value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        for name, value in state[1].items():
            object.__setattr__(self, name, value)


def as_it_is(kind: type, made: CoreSchema) -> CoreSchema:
    """The schema `made` of a class, which takes its instances as they are where it would make them again."""
    instance = core_schema.is_instance_schema(kind)
    either = core_schema.union_schema([instance, made], mode="left_to_right")
    return core_schema.json_or_python_schema(json_schema=made, python_schema=either)
