"""The catalogue: every subclass of `Layer` and of `Operation` in the family files, by its word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import TypeVar

from cnndsl.layers.base import Layer
from cnndsl.layers.operations import Operation

_Kind = TypeVar("_Kind", Layer, Operation)
FAMILIES = (
    "convolution",
    "pooling",
    "normalisation",
    "dropout",
    "activation",
    "shape",
    "resize",
    "dense",
    "sequence",
    "arrangement",
    "elementwise",
    "products",
    "reductions",
)


def _kinds(base: type[_Kind]) -> dict[str, type[_Kind]]:
    # What has no example has no word of its own: a base, or what `parameter(...)` makes.
    found = {base.kind: base} if vars(base).get("example") else {}
    for sub in base.__subclasses__():
        found.update(_kinds(sub))
    return found


for _family in FAMILIES:
    import_module(f"cnndsl.layers.{_family}")

KINDS: dict[str, type[Layer]] = dict(sorted(_kinds(Layer).items()))  # type: ignore[type-abstract]
"""Word of the language -> layer class, in alphabetical order."""
OPERATIONS: dict[str, type[Operation]] = dict(sorted(_kinds(Operation).items()))  # type: ignore[type-abstract]
"""Word of the language -> operation on values. Some have the word of a layer, of which they are a form."""


def _definitions(source: str) -> Iterator[tuple[str, str]]:
    """The classes and functions of a helper, by their names."""
    for part in re.split(r"\n{2,}(?=class |def )", source):
        found = re.match(r"(?:class|def) (\w+)", part)
        if found is None:
            message = f"a helper is classes and functions: {part[:40]!r}"
            raise ValueError(message)
        yield found[1], part.rstrip("\n") + "\n"


HELPERS: dict[str, str] = {
    name: source for kind in KINDS.values() if kind.helper for name, source in _definitions(kind.helper)
}
"""Name of a class or function that a generated module may need -> its source."""
