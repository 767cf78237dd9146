"""Where each number of a formula comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnndsl.backends.explain.places import Written
from cnndsl.backends.explain.walk import Applied
from cnndsl.interpreter import Frame
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import AxisRule, Letter
from cnndsl.program import Parameter
from cnndsl.syntax import tree
from cnndsl.traced import Traced


@dataclass(frozen=True, slots=True)
class Quantity:
    """A letter of the formulas with its numbers, what it is, and where they come from.

    values: the number, or where the axes differ one for each with the axis: "14" (height), "20" (width).
    """

    letter: str
    values: tuple[tuple[str, str], ...]
    meaning: str
    source: str


def quantities(applied: Applied, rules: tuple[AxisRule, ...], written: Written | None) -> tuple[Quantity, ...]:
    """The letters of the rules of an application, each once, in the order in which they come up."""
    letters: dict[str, list[tuple[str, Letter]]] = {}
    for rule in rules:
        for letter in rule.letters():
            letters.setdefault(letter.name, []).append((rule.axis, letter))
    return tuple(_quantity(uses, applied, written) for uses in letters.values())


def _quantity(uses: list[tuple[str, Letter]], applied: Applied, written: Written | None) -> Quantity:
    letter = uses[0][1]
    numbers = dict.fromkeys(str(use.number) for _, use in uses)
    values = tuple((str(use.number), axis) for axis, use in uses) if len(numbers) > 1 else ((next(iter(numbers)), ""),)
    if letter.parameter:
        meaning = letter.meaning or ("" if letter.parameter == letter.name else letter.parameter)
        return Quantity(letter.name, values, meaning, source_of(letter, applied, written))
    meaning = letter.meaning
    axes = list(dict.fromkeys(use.meaning.removesuffix(" of the input") for _, use in uses))
    if len(axes) > 1:
        meaning = f"{' and '.join(axes)} of the input"
    came = applied.came[letter.operand]
    return Quantity(letter.name, values, meaning, came.words + (f", line {came.origin.line}" if came.origin else ""))


def source_of(letter: Letter, applied: Applied, written: Written | None) -> str:
    """Where the number of a parameter comes from: the place where it is written, or that it is not."""
    layer = applied.layer
    assert isinstance(layer, Layer)  # noqa: S101 - only layers have parameters in a formula
    argument = written.argument(layer, letter.parameter) if written is not None else None
    names = _names(applied, letter.parameter)
    if argument is not None:
        line, column = argument.span.position
        told = f"line {line}, column {column}"
        value = argument.value
        if not isinstance(value, (tree.Number, tree.String, tree.Boolean, tree.ListOf)):
            told = f"{' '.join(value.span.text.split())}, {told}"
    elif written is not None or getattr(layer, letter.parameter) == _default(layer, letter.parameter):
        told = f"not written: {letter.otherwise or 'the default'}"
    else:
        told = "not written here"
    return "; ".join((told, *(_given(name, applied.frame) for name in names)))


def _default(layer: Layer, parameter: str) -> Any:
    return type(layer).model_fields[parameter].default


def _names(applied: Applied, parameter: str) -> list[str]:
    """The names that the number was computed from."""
    traced = applied.leaf.traced.get(parameter) if applied.leaf is not None else None
    numbers = traced if isinstance(traced, tuple) else (traced,)
    symbols = {symbol.name for number in numbers if isinstance(number, Traced) for symbol in number.expr.symbols()}
    return sorted(symbols)


def _given(name: str, frame: Frame) -> str:
    """A name of the definition with its number, and who gave it."""
    while not _parameter(name, frame) and frame.module.kind == "chain" and frame.outer is not None:
        frame = frame.outer
    found = _parameter(name, frame)
    if found is None:
        return name
    who = frame.module.name
    if frame.part is not None and found.value != found.default:
        return f"{name} = {found.value}, given to {who} in line {frame.part.origin.line}"
    if found.value != found.default:
        return f"{name} = {found.value}, given to {who}"
    return f"{name} = {found.value}, the default of {who}"


def _parameter(name: str, frame: Frame) -> Parameter | None:
    return next((p for p in frame.module.parameters if p.name == name), None)
