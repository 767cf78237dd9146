"""Whether two texts say the same, wherever their words stand."""

from __future__ import annotations

from typing import Any

from cnndsl.syntax import tree


def is_same(one: tree.Node, other: tree.Node) -> bool:
    """Whether two trees differ in nothing but places in the text. Trees may be deep: a long sum is."""
    pairs: list[tuple[Any, Any]] = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, tuple):
            if len(a) != len(b):
                return False
            pairs.extend(zip(a, b, strict=True))
        elif isinstance(a, tree.Node):
            pairs.extend(zip(a.contents, b.contents, strict=True))
        elif a != b:
            return False
    return True
