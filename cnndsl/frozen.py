"""`frozen`: a dataclass with slots, no field of which is assigned to again once an instance is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(*, eq: bool = True) -> Callable[[type[_T]], type[_T]]:
    """A decorator that makes such a dataclass; with `eq=False` its instances are equal to themselves alone.

    That nothing is assigned is for type checkers to see.  To hold it at run time as well takes twice the time, for each
    class when it is imported and for each instance when it is made.
    """

    def made(kind: type[_T]) -> type[_T]:
        kind = dataclass(eq=eq, unsafe_hash=eq, slots=True, repr=False)(kind)
        if kind.__repr__ is object.__repr__:
            kind.__repr__ = _repr  # type: ignore[method-assign] # one for all, where each has its own
        return kind

    return made


def _repr(made: Any) -> str:
    shown = (f"{each.name}={getattr(made, each.name)!r}" for each in fields(made) if each.repr)
    return f"{type(made).__qualname__}({', '.join(shown)})"
