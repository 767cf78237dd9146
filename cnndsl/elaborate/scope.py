"""Which name means what, where."""

from __future__ import annotations

from typing import Any

from cnndsl.elaborate.values import IDENTITY, Function, InitialiserKind, Kind
from cnndsl.layers.catalogue import KINDS
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.values import OPERATIONS

CONSTANT_FUNCTIONS = (
    "abs", "ceil", "enumerate", "float", "floor", "int", "len", "make_divisible", "max", "min", "range", "round",
    "str", "sum", "zip",
)  # fmt: skip


class Scope:
    """The names of a body (or file), over those of what surrounds it.

    `walls` marks a scope through which no values and parts of the outside are seen: a body that is
    worked out when it is applied, not where it is written.
    """

    __slots__ = ("names", "parent", "walls")

    def __init__(self, parent: Scope | None, *, walls: bool = False) -> None:
        self.names: dict[str, Any] = {}
        self.parent = parent
        self.walls = walls

    def find(self, name: str) -> tuple[Any, bool]:
        """What the name is bound to, and whether a wall stands between. Raises KeyError."""
        scope: Scope | None = self
        behind = False
        while scope is not None:
            if name in scope.names:
                return scope.names[name], behind
            behind = behind or scope.walls
            scope = scope.parent
        raise KeyError(name)

    def visible(self) -> list[str]:
        """Every name that can be written here."""
        names: dict[str, None] = {}
        scope: Scope | None = self
        while scope is not None:
            names.update(dict.fromkeys(scope.names))
            scope = scope.parent
        return list(names)


def language() -> Scope:
    """The outermost scope: layer kinds and functions."""
    scope = Scope(None)
    scope.names.update({word: Kind(layer) for word, layer in KINDS.items()})
    scope.names.update({word: Function(word) for word in (*CONSTANT_FUNCTIONS, *OPERATIONS, "parameter")})
    scope.names.update({word: InitialiserKind(word) for word in RULES})
    scope.names["identity"] = IDENTITY
    return scope
