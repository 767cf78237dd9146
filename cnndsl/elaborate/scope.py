"""Which name means what, where."""

from __future__ import annotations

from typing import Any

from cnndsl.elaborate.functions import TABLE
from cnndsl.elaborate.values import IDENTITY, Function, InitialiserKind, Kind, Part, Value
from cnndsl.layers.catalogue import KINDS, OPERATIONS
from cnndsl.layers.initialisers import RULES
from cnndsl.source import Span
from cnndsl.syntax import tree


class Scope:
    """The names of a body (or file), over those of what surrounds it.

    `walls` marks a scope through which no values and parts of the outside are seen: a body that is
    worked out when it is applied, not where it is written.
    """

    __slots__ = ("ended", "given", "names", "parent", "walls")

    def __init__(self, parent: Scope | None, *, walls: bool = False) -> None:
        self.names: dict[str, Any] = {}
        self.given: dict[str, Span] = {}
        """The names that lines gave a meaning with `=`, and where."""
        self.ended: dict[str, Span] = {}
        """Those to which lines in braces gave one, which ended with the braces, and where."""
        self.parent = parent
        self.walls = walls

    def give(self, name: tree.Name, value: Any) -> None:
        """Let a name mean a value from here on."""
        self.names[name.text] = value
        self.given[name.text] = name.span
        self.ended.pop(name.text, None)

    def end(self, inner: Scope) -> None:
        """Note which names had a meaning of their own in the braces that `inner` was the scope of."""
        self.ended.update(inner.ended)
        self.ended.update(inner.given)

    def ended_with(self, name: str) -> Span | None:
        """Where braces in here gave a name a meaning that ended with them, if it was given no other one since.

        None for a word of the language, which has its own meaning again.
        """
        scope: Scope | None = self
        ended: Span | None = None
        while scope is not None:
            ended = ended or scope.ended.get(name)
            if name in scope.names:
                return ended if scope.parent is not None else None
            scope = scope.parent
        return ended

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

    def is_original(self, name: str) -> bool:
        """Whether a word of the language still means what it means everywhere."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope is not None and scope.parent is None

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
