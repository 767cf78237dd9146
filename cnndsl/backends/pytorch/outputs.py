"""What blocks give for arguments and inputs: each worked out once, whatever the numbers are called where it is used.

A block is asked for its sizes wherever it is applied, and a class is translated again whenever more is known of what it
is given, each time with new symbols for the same variables. Uses that differ in these alone are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cnndsl.backends.pytorch.code import flat
from cnndsl.backends.pytorch.sorts import sample_of
from cnndsl.backends.pytorch.values import BlockRecipe, ExternRecipe, KindRecipe, ParamRecipe, Static, Tensor
from cnndsl.ir import nodes
from cnndsl.layers.formula import Shape
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced

Outputs = list[tuple[str | None, Shape]]
"""The outputs of a block, each with its name, where it has one, and its size."""

_NUMBER = re.compile(r"·(\d{6})")
_SYMBOL = re.compile(r"\w+(?:·\w+)+")
_UNKNOWN = re.compile(r"unknown·\d{6}")
_OWN_SCOPE = "own "
"""What begins with this means something only with the names around it."""


class KnownOutputs:
    """The outputs of blocks that are known already."""

    def __init__(self, file: Any) -> None:
        self._file = file
        """The `Translation`."""
        self._in_names: dict[str, Outputs | None] = {}
        """By what a use gives: what is equal there has equal sizes."""
        self._by_make: dict[str, tuple[list[str], Outputs | None]] = {}
        """By that with its symbols numbered anew: how they were numbered, and what came out in them."""
        self._held: dict[int, Any] = {}
        """What the keys have the `id` of."""
        self.has_given_up = False
        """Whether something was too deep to be followed, so that what comes out depends on where it was asked for."""

    def of(
        self, definition: nodes.Definition, given: Mapping[str, Any], inputs: Sequence[tuple[str, Tensor]]
    ) -> Outputs | None:
        """What a block gives, in the names of the caller; None where it takes a list of features."""
        told = [f"{word} = {self.said(value)}" for word, value in given.items()]
        sizes = [f"{word}: {', '.join(map(_size, tensor.shape))}" for word, tensor in inputs]
        text = "; ".join([definition.key, *told, *sizes])
        if text not in self._in_names:
            self._in_names[text] = self._of_make(text, lambda: self._file.worked_out(definition, given, inputs))
        return self._in_names[text]

    def _of_make(self, told: str, work: Callable[[], Outputs | None]) -> Outputs | None:
        if _OWN_SCOPE in told:
            return work()
        text = self._with_facts(told)
        numbers = sorted({*_NUMBER.findall(text)})  # in this order, in which expressions have them too
        make = _renumbered(text, {number: f"{at:06}" for at, number in enumerate(numbers)})
        known = self._by_make.get(make)
        if known is not None:
            return self._renamed(known[1], dict(zip(known[0], numbers, strict=True)))
        outer, self.has_given_up = self.has_given_up, False
        try:
            made = work()
            own = {*_symbols(made)} - {*_SYMBOL.findall(text)}
            if not self.has_given_up and all(map(_UNKNOWN.fullmatch, own)):
                self._by_make[make] = numbers, made
        finally:
            self.has_given_up |= outer
        return made

    def said(self, value: Any) -> str:
        """What a use gives, as a text that is equal for what is equal."""
        match value:
            case Static(value=Traced() as number):
                return f"{_size(number)} {flat(value.code)}"
            case Static(value=list() as items):
                return f"[{', '.join(map(self.said, items))}]"
            case Static():
                return f"{type(value.value).__name__} {sample_of(value)!r} {flat(value.code)}"
            case KindRecipe(fields=fields) if not value.begins and not value.numbers:
                return f"{value.kind.kind}({', '.join(f'{word}={self.said(each)}' for word, each in fields.items())})"
            case BlockRecipe(arguments=given) | ExternRecipe(arguments=given):
                told = ", ".join(f"{word}={self.said(each)}" for word, each in given.items())
                return f"{value.definition.key}({told})"
            case ParamRecipe() if not value.arguments:
                self._held[id(value.needs)] = value.needs
                choices = " | ".join(map(self.said, value.choices))
                return f"{id(value.needs)} {value.needs.extent()} {flat(value.code)} {choices}"
            case _:
                self._held[id(value)] = value
                return f"{_OWN_SCOPE}{id(value)}"

    def _with_facts(self, text: str) -> str:
        """With what is known of the symbols in a text, and of those in that."""
        told: set[str] = set()
        while new := {*_SYMBOL.findall(text)} - told:
            told |= new
            for symbol in sorted(new):
                if symbol in self._file.definitions:
                    text += f"; {symbol} = {self._file.definitions[symbol]}"
                if symbol in self._file.coded:
                    text += f"; {symbol}: {flat(self._file.coded[symbol])}"
        return text

    def _renamed(self, made: Outputs | None, numbers: dict[str, str]) -> Outputs | None:
        """Outputs with the symbols of another use; what nothing is known of is something new there."""
        if made is None:
            return None
        names: dict[str, Expr] = {}
        for symbol in _symbols(made):
            found = _NUMBER.findall(symbol)
            if numbers.keys() >= {*found}:
                new = _renumbered(symbol, numbers)
            else:
                new = self._file.new_symbol("unknown")
                self._file.causes[new] = frozenset()
            names[symbol] = Expr.of(Symbol(new))

        def renamed(dim: Any) -> Any:
            return Traced(dim.value, dim.expr.substitute(names)) if isinstance(dim, Traced) else dim

        return [(word, tuple(map(renamed, shape))) for word, shape in made]


def _symbols(made: Outputs | None) -> list[str]:
    """The symbols in sizes that have a number, or a word in its place, in the order in which they were made."""
    sizes = (dim.expr for _, shape in made or () for dim in shape if isinstance(dim, Traced))
    names = {symbol.name for expr in sizes for symbol in expr.symbols()}
    return sorted((name for name in names if "·" in name), key=lambda name: name.partition("·")[2])


def _renumbered(text: str, numbers: Mapping[str, str]) -> str:
    return _NUMBER.sub(lambda found: f"·{numbers[found[1]]}", text)


def _size(dim: Any) -> str:
    return f"{dim.value!r} = {dim.expr}" if isinstance(dim, Traced) else repr(dim)
