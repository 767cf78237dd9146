"""What the constructor works out and `forward` needs: attributes of the module, besides its parts."""

from __future__ import annotations

import ast
from collections.abc import Collection

from cnndsl.names import why_not


class Attributes:
    """The attributes of one class, with the expressions of constructor arguments that they hold."""

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = frozenset(taken)
        self.held: dict[str, str] = {}
        """Name -> expression, in the order in which they were asked for."""

    def holding(self, text: str, wanted: str) -> str:
        """`self.name` for the attribute that holds an expression; called `wanted` where that is free."""
        for known, other in self.held.items():
            if other == text:
                return f"self.{known}"
        name, count = wanted, 1
        while name in self._taken or name in self.held or why_not(name) is not None:
            count += 1
            name = f"{wanted}_{count}"
        self.held[name] = text
        return f"self.{name}"

    def said(self, text: str, wanted: str) -> str:
        """An expression as `forward` can say it: as it is where it needs no argument of the constructor."""
        needs = any(isinstance(node, ast.Name) for node in ast.walk(ast.parse(text, mode="eval")))
        return self.holding(text, wanted) if needs else text
