"""The catalogue: every subclass of `Layer` and of `Operation` in the family files, by its word.

Families of operations that few networks use are imported when one of their words is first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
    "elementwise",
)
OPERATION_FAMILIES = {
    "arrangement": "chunk expand flip narrow roll select squeeze stack transpose unbind unsqueeze",
    "products": "attention matmul",
    "reductions": "cumsum max mean min norm normalize std sum var",
}
"""The families that are imported when they are used, each with its words."""


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


class _Operations(Mapping[str, type[Operation]]):
    """The operations, of which some are imported when they are asked for."""

    def __init__(self) -> None:
        self._known = _kinds(Operation)  # type: ignore[type-abstract]
        self._families = {word: family for family, words in OPERATION_FAMILIES.items() for word in words.split()}
        self._words = dict.fromkeys(sorted({*self._known, *self._families}))

    def __getitem__(self, word: str) -> type[Operation]:
        if word not in self._known and word in self._families:
            import_module(f"cnndsl.layers.{self._families[word]}")
            self._known = _kinds(Operation)  # type: ignore[type-abstract]
        return self._known[word]

    def __contains__(self, word: object) -> bool:
        return word in self._words

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


OPERATIONS: Mapping[str, type[Operation]] = _Operations()
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
