"""How much one text may ask for: no text makes the compiler hang or run out of memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds; the defaults are far above what real networks need, and low enough that no step takes seconds."""

    layers: int = 10_000
    """Layers, operations and blocks that are worked out one by one, and turns of loops."""
    work: int = 500_000
    """Lines and expressions that are worked out, and items of what is made or gone through on the way."""
    size: int = 50_000
    """Layers of the whole network, repeated blocks counted each time."""
    items: int = 100_000
    """Items of a list, and turns of one loop."""
    depth: int = 40
    """Blocks, and chains with names of their own, inside one another."""
    digits: int = 60
    """Of a number that arithmetic gives."""

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Limits:
        """The limits with some given as `name=number`. Raises ValueError with a sentence for the user."""
        names = {field.name for field in fields(cls)}
        limits = cls()
        for text in texts:
            name, _, number = text.partition("=")
            if name not in names or not number.isdecimal() or len(number) > 12:
                message = f"{text!r} is not of the form NAME=NUMBER with one of the limits {', '.join(sorted(names))}"
                raise ValueError(message)
            limits = replace(limits, **{name: int(number)})
        return limits


def raise_it(name: str, value: int) -> str:
    """How to raise a limit, for a message."""
    return f"where so much is meant, raise the limit: --limit {name}={value * 10}"
