"""`frozen`: a dataclass with slots, no field of which is assigned to again once an instance is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(*, eq: bool = True) -> Callable[[type[_T]], type[_T]]:
    """A decorator that makes such a dataclass; with `eq=False` its instances are equal to themselves alone.

    That nothing is assigned is for type checkers to see.  To hold it at run time as well takes twice the time, for each
    class when it is imported and for each instance when it is made.
    """

    def made(kind: type[_T]) -> type[_T]:
        kind = dataclass(eq=False, slots=True, repr=False)(kind)
        if kind.__repr__ is object.__repr__:
            kind.__repr__ = shown  # type: ignore[method-assign]
        if eq:
            compare_by_fields(kind)
        return kind

    return made


def compare_by_fields(kind: type[Any]) -> None:
    """Let the instances of a dataclass be equal, and have the same hash, if their fields that count are equal.

    `dataclass` would compile a text for each of these methods, which is a twentieth of what `cnndsl check` does.
    """
    names = [each.name for each in fields(kind) if each.compare]
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807 - it becomes the method
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    kind.__eq__ = __eq__  # type: ignore[assignment]
    kind.__hash__ = __hash__  # type: ignore[assignment]


def shown(made: Any) -> str:
    """How a dataclass is shown where no `__repr__` is compiled for it."""
    values = (f"{each.name}={getattr(made, each.name)!r}" for each in fields(made) if each.repr)
    return f"{type(made).__qualname__}({', '.join(values)})"
