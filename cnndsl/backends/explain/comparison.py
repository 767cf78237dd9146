"""One layer with several values of one of its parameters: `stride=1,2`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from cnndsl.backends.explain.content import Explanation, Occurrence, Places, explain
from cnndsl.diagnostics import OptionError
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape, SizeError, plain
from cnndsl.settings import parse_value
from cnndsl.symbolic.number import literal

_FEW, _MOST = 2, 4


class Variant(NamedTuple):
    """The layer with one of the values; `words` say which: "stride 2"."""

    words: str
    layer: Layer


@frozen()
class Comparison:
    """What is compared: a parameter by its name, and its values."""

    name: str
    values: tuple[Any, ...]

    @classmethod
    def read(cls, text: str) -> Comparison:
        """What a text such as `stride=1,2` says. Raises OptionError for one that says nothing to compare."""
        name, _, listed = text.partition("=")
        values: tuple[Any, ...] = ()
        with suppress(ValueError):
            found = cast("list[Any]", parse_value(f"[{listed}]"))
            values = tuple(tuple(value) if isinstance(value, list) else value for value in found)
        if not name.strip().isidentifier() or not _FEW <= len(dict.fromkeys(map(repr, values))) <= _MOST:
            message = f"takes a parameter and from {_FEW} to {_MOST} of its values, as in stride=1,2, and not {text!r}"
            raise OptionError("compare", message)
        return cls(name.strip(), values)

    def variants(self, layer: object, x: Shape, title: str) -> list[Variant]:
        """The layer with each of the values, for an input of the size x; `title` is what messages call it.

        Raises OptionError where it has no such parameter, or not this value, or does not fit the input with it.
        """
        if not isinstance(layer, Layer) or self.name not in type(layer).model_fields:
            has = f"; it has {', '.join(type(layer).model_fields)}" if isinstance(layer, Layer) else ""
            word = layer.word if isinstance(layer, Layer) else "operation"
            message = f"{title} is a {word}, which has no {self.name}{has}"
            raise OptionError("compare", message)
        found = []
        for value in self.values:
            words = f"{self.name} {literal(value)}"
            try:
                other = type(layer)(**{**layer.model_dump(), self.name: value})
                other.output(x)
            except ValidationError as problem:
                message = f"{title} cannot have {words}: {problem.errors()[0]['msg']}"
                raise OptionError("compare", message) from None
            except SizeError as problem:
                message = f"{title} does not fit with {words}: {problem.message}"
                raise OptionError("compare", message) from None
            found.append(Variant(f"{tr(self.name)} {literal(value)}", other))
        return found


def explanations(applied: Occurrence, variants: Sequence[Variant], places: Places) -> Iterator[tuple[str, Explanation]]:
    """What there is to say of each variant, by its words."""
    x = plain(applied.xs[0])
    for words, layer in variants:
        marked = tr("{change}, as written", change=words) if layer == applied.target else words
        part = applied.part
        if part is not None and applied.leaf is not None:
            part = part.model_copy(update={"unit": applied.leaf.model_copy(update={"layer": layer, "traced": {}})})
        yield marked, explain(replace(applied, target=layer, part=part, outputs=(layer.output(x),)), places)
