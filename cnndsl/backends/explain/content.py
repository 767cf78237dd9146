"""What there is to say of one application of a layer, whatever form it is then written in."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

from pydantic import ValidationError

from cnndsl.backends.explain.numbers import Quantity, quantities
from cnndsl.backends.explain.places import Places
from cnndsl.backends.explain.walk import Applied, Came
from cnndsl.layers.base import Layer, Tensor
from cnndsl.layers.extern import Extern
from cnndsl.layers.formula import AxisRule, Constant, Product, Sum, Term
from cnndsl.layers.sizes import Dim, Shape, SizeError, plain, show
from cnndsl.layers.values import Operation
from cnndsl.traced import SizeIsOpen, is_open, value_of


@dataclass(frozen=True, slots=True)
class Rule:
    """Why one axis of what comes out, or several that are worked out alike, are as long as they are."""

    axes: tuple[str, ...]
    rule: AxisRule


@dataclass(frozen=True, slots=True)
class Change:
    """What another value of one parameter would give: a size and what it costs, or why it does not go."""

    words: str
    result: str
    fits: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """All about one application.

    title: the path, or for what has none the kind. written: the layer as the text has it. does: what a layer of this
    kind does, in a sentence or two; empty for a class from elsewhere.
    macs: the multiply-accumulates as a product; None where there are none.
    """

    applied: Applied
    title: str
    written: str
    does: str
    place: str
    rules: tuple[Rule, ...]
    notes: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    parameters: Term | None
    macs: Term | None
    changes: tuple[Change, ...]

    @property
    def keeps(self) -> bool:
        """Whether what comes out is as large as what comes in."""
        return not self.rules and self.applied.inputs[:1] == self.applied.outputs

    @property
    def introduction(self) -> tuple[tuple[str, bool], ...]:
        """What the kind does, in pieces that are words or, marked so, code; empty where it was said before."""
        if not self.does or self.applied.use > 1:
            return ()
        return tuple((piece, at % 2 == 1) for at, piece in enumerate(self.does.split("`")))

    @property
    def assigned(self) -> str:
        """The layer as the text has it, with its path."""
        return f"{self.applied.path} = {self.written}" if self.applied.path else self.written

    @property
    def where(self) -> str:
        """Where the layer stands, in words."""
        return f"put there by the compiler, {self.place}" if self.applied.inserted else self.place

    @property
    def use(self) -> str:
        """Which use of the layer it is; empty where there is but one."""
        applied = self.applied
        return f"use {applied.use} of {applied.uses}, line {applied.origin.line}" if applied.uses > 1 else ""

    @property
    def costs(self) -> tuple[tuple[str, Term, str], ...]:
        """What it holds and what it takes to run: the name of the number, how it is worked out, and who shares it."""
        shared = f"shared by {self.applied.uses} uses" if self.applied.uses > 1 else ""
        found = (("parameters", self.parameters, shared), ("MACs", self.macs, ""))
        return tuple((name, cost, shared) for name, cost, shared in found if cost is not None)

    @property
    def flattened(self) -> Came | None:
        """What was flattened before the layer, where the compiler put the flatten there."""
        return self.applied.came[0].flattened if self.applied.came else None

    @property
    def why_flattened(self) -> str:
        """Why there is a flatten, in words."""
        return f"{self.applied.layer.word} takes a list of features, so the compiler puts a flatten before it"


def explain(applied: Applied, places: Places, folders: str = "") -> Explanation:
    """What there is to say of an application; `folders` stands before the names of files."""
    layer = applied.layer
    declared = applied.part.origin if applied.part is not None else applied.origin
    written = places.layer(declared, layer.word)
    line, column = written.position if written is not None else (declared.line, declared.column)
    rules: tuple[AxisRule, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    if isinstance(layer, Layer):
        x = plain(applied.inputs[0]) if applied.inputs else ()
        rules, tensors = layer.formula(x), layer.tensors(x)
    else:
        rules = layer.formula(tuple(map(plain, applied.inputs)), plain(applied.outputs[0]))
    return Explanation(
        applied,
        applied.path or layer.word,
        written.text if written is not None else _spelled(applied),
        _does(layer),
        f"{folders}{declared.file}:{line}:{column}",
        grouped(rules),
        tuple(note for rule in rules for note in rule.notes),
        quantities(applied, rules, written),
        _held(tensors),
        _macs(applied),
        _changes(applied),
    )


def _does(layer: Layer | Operation) -> str:
    """The first paragraph of what the class says of its kind."""
    return "" if isinstance(layer, Extern) else " ".join(cleandoc(layer.__doc__ or "").split("\n\n")[0].split())


def _spelled(applied: Applied) -> str:
    if not isinstance(applied.layer, Layer):
        return applied.layer.word
    words = applied.layer.words(plain(applied.inputs[0]) if applied.inputs else ())
    return f"{applied.layer.word} {words}".strip()


def grouped(rules: tuple[AxisRule, ...]) -> tuple[Rule, ...]:
    """The rules, those of axes that are worked out with the same numbers in one."""
    groups: dict[Any, list[AxisRule]] = {}
    for rule in rules:
        groups.setdefault((rule.steps(), rule.words), []).append(rule)
    return tuple(Rule(tuple(rule.axis for rule in group), group[0]) for group in groups.values())


def _held(tensors: tuple[Tensor, ...]) -> Term | None:
    """The number of parameters as a sum of products of sizes."""
    items = tuple((1, _product(tensor.shape)) for tensor in tensors if tensor.learned)
    if not items:
        return None
    return items[0][1] if len(items) == 1 else Sum(items)


def _macs(applied: Applied) -> Term | None:
    if not isinstance(applied.layer, Layer) or not applied.inputs:
        return None
    x, y = plain(applied.inputs[0]), plain(applied.outputs[0])
    factors = applied.layer.products(x, y)
    return _product(factors) if factors and not any(map(is_open, factors)) else None


def _product(dims: tuple[Dim, ...]) -> Term:
    if len(dims) == 1:
        return Constant(value_of(dims[0]))
    return Product(tuple(Constant(value_of(dim)) for dim in dims), wide=True)


def _changes(applied: Applied) -> tuple[Change, ...]:
    """What comes out with other values, by the layer's own size rule; only what makes a difference."""
    layer = applied.layer
    if not isinstance(layer, Layer) or not applied.inputs:
        return ()
    x = plain(applied.inputs[0])
    now = layer.output(x)
    changes: dict[str, Change] = {}
    for name, value in layer.variations(x):
        words = f"{name} {_shown(value)}"
        try:
            other = type(layer)(**{**layer.model_dump(), name: value})
            y = other.output(x)
        except SizeError as problem:
            changes[words] = Change(words, f"refused: {problem.message}", fits=False)
        except (ValidationError, SizeIsOpen):
            continue
        else:
            if y != now:
                changes[words] = Change(words, ", ".join([show(y), *_costs(other, x, y)]), fits=True)
    return tuple(changes.values())


def _costs(layer: Layer, x: Shape, y: Shape) -> tuple[str, ...]:
    """How many numbers a layer with multiply-accumulates learns, and how many of those it takes, in words."""
    factors = layer.products(x, plain(y))
    if not factors or any(map(is_open, factors)):
        return ()
    learned = sum(tensor.size for tensor in layer.tensors(x) if tensor.learned)
    macs = layer.macs(x, plain(y))
    return f"{learned:,} parameter{'' if learned == 1 else 's'}", f"{macs:,} MAC{'' if macs == 1 else 's'}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
