"""What a kind of layer, or an operation, says of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cnndsl.layers.declared import FieldInfo
from cnndsl.layers.fields import takes

Role = Literal["count", "free", "fixed"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as it may be given.

    `takes` says in words what may be given. `role` is "count" where it counts channels or features, "free" where
    it changes no size, and "fixed" where it shapes what comes out or how the layer is built. `default` is None
    for a required one.
    """

    name: str
    takes: str
    description: str
    required: bool
    default: Any
    role: Role


def role(field: FieldInfo) -> Role:
    """What a parameter decides; see `Parameter`."""
    return "count" if "count" in field.metadata else "free" if "free" in field.metadata else "fixed"


def parameters(fields: Mapping[str, FieldInfo]) -> tuple[Parameter, ...]:
    """The parameters that are declared with these fields, in their order."""
    return tuple(
        Parameter(
            name,
            takes(field),
            field.description,
            field.is_required(),
            None if field.is_required() else field.default,
            role(field),
        )
        for name, field in fields.items()
    )
