"""Which name means what, where."""

from __future__ import annotations

from typing import Any

from cnndsl.elaborate.functions import TABLE
from cnndsl.elaborate.values import IDENTITY, Function, InitialiserKind, Kind, Part, Value
from cnndsl.layers.catalogue import KINDS, OPERATIONS
from cnndsl.layers.initialisers import RULES


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
        """What the name is bound to, and whether that is a value or part behind a wall. Raises KeyError.

        What stands behind a wall hides nothing: `conv: { conv(8, 3) -> relu }` means the layer kind.
        """
        scope: Scope | None = self
        behind = False
        walled: list[Any] = []
        while scope is not None:
            if name in scope.names:
                value = scope.names[name]
                if not (behind and isinstance(value, (Value, Part))):
                    return value, False
                walled.append(value)
            behind = behind or scope.walls
            scope = scope.parent
        if walled:
            return walled[0], True
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        """Whether something is called so, behind a wall or not."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope is not None

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
    scope.names.update({word: Function(word) for word in (*TABLE, *OPERATIONS, "parameter")})
    scope.names.update({word: Kind(layer) for word, layer in KINDS.items()})  # some are the words of operations too
    scope.names.update({word: InitialiserKind(word) for word in RULES})
    scope.names["identity"] = IDENTITY
    return scope
