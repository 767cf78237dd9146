"""The Python by which PyTorch constructs a layer or calls a function, with the arguments that the text gives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle
from types import MappingProxyType
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    Code,
    call,
    constant,
    filled,
    flat,
    is_beyond_64_bits,
    is_literal,
    list_of,
    name,
    names_in,
    parsed,
    subscript,
    tuple_of,
    within_64_bits,
)
from cnndsl.backends.pytorch.statics import field_of
from cnndsl.backends.pytorch.values import Coded, KindRecipe, Opaque, Static, Untranslatable
from cnndsl.ir.nodes import Span
from cnndsl.layers.base import Argument, Layer, Spelling
from cnndsl.layers.base import Code as Spelled
from cnndsl.layers.formula import Shape
from cnndsl.layers.operations import Operation
from cnndsl.symbolic.number import Traced

DECIDING = {"axis", "mode", "order", "start", "end", "keepdim", "sizes", "proj", "weight_norm", "spectral_norm"}
"""Parameters on which it depends what comes out, or which class it is: constants."""


_SIZING = ("bidirectional", "ceil_mode")
"""Flags of layers on which sizes depend, and nothing else."""

_BORDERS = {("crop", "margins"), ("pad", "padding")}
"""Parameters of layers whose lists have two numbers for each axis."""


_FOR_EACH = "give this layer a parameter of its own, or write a block for the uses that give a list"


def size_rule(body: Body, layer: Layer, shape: Shape) -> Shape:
    """What a layer gives; of lists that are known when a module is built, item by item."""
    axis = open_axis(body, layer)
    if axis is not None:
        (made,) = along_any_axis(
            body, layer.kind, axis, len(shape), lambda at: (layer.having({"axis": at}).size_rule(shape),)
        )
        return made
    for word in _SIZING:
        if isinstance(flag := getattr(layer, word, None), Opaque):
            yes, no = (size_rule(body, layer.having({word: outcome}), shape) for outcome in (True, False))
            return tuple(body.symbols.choice(flag.code, bool(flag), *dims) for dims in zip(yes, no, strict=True))
    axes = len(shape) - 1
    lists = {
        word: _items(body, held, layer.kind, word, axes)
        for word in type(layer).model_fields
        if isinstance(held := getattr(layer, word, None), Opaque) and isinstance(held.sample, tuple)
    }
    return (layer.having(lists) if lists else layer).size_rule(shape)


def open_axis(body: Body, layer: Layer | Operation) -> Any:
    """The axis that a layer or an operation goes along, where a parameter gives it, and may; None otherwise."""
    axis = getattr(layer, "axis", None) if layer.along else None
    return axis if body.symbols.is_parametric(axis) else None


def along_any_axis(
    body: Body, kind: str, axis: Coded, rank: int, shapes_at: Callable[[int], tuple[Shape, ...]]
) -> tuple[Shape, ...]:
    """The shapes that come out of what goes along an axis that a parameter gives.

    `shapes_at` gives those for a known axis. The size of the axis itself is a conditional expression. Raises
    Untranslatable where there are fewer axes afterwards.
    """
    ways = [shapes_at(at) for at in range(1, rank + 1)]
    if any(len(shape) != rank for way in ways for shape in way):
        raise Untranslatable(
            f"the axis of {kind} depends on a parameter",
            helps="with keepdim=true the axes stay, and any of them may be given; or write a block for each axis",
            names=frozenset(names_in(axis.code)),
        )

    def size(k: int, at: int) -> Any:
        here = ways[at][k][at]
        others = [way[k][at] for other, way in enumerate(ways) if other != at]
        if all(body.symbols.same(here, other) for other in others):
            return here
        either = tuple_of([constant(at + 1), constant(at - rank)])
        test = ast.Compare(axis.code, [ast.In()], [either])
        return body.symbols.choice(test, axis.value in (at + 1, at - rank), here, others[0])

    return tuple(tuple(size(k, at) for at in range(rank)) for k in range(len(ways[0])))


def _items(body: Body, held: Opaque, kind: str, word: str, axes: int) -> tuple[Any, ...]:
    """The items of a list for so many axes that is known when a module is built."""
    count = 2 * axes if (kind, word) in _BORDERS else axes
    kinds: Code = tuple_of([name("int"), name("float")]) if "float" in held.or_one else name("int")
    is_one = call("isinstance", held.code, kinds)
    made = []
    for at, item in zip(range(count), cycle(held.sample), strict=False):
        code: Code = subscript(held.code, constant(at))
        made.append(body.symbols.number(ast.IfExp(is_one, held.code, code) if held.or_one else code, item))
    return tuple(made)


def built(body: Body, recipe: KindRecipe, axes: int) -> Layer:
    """The layer, with statics for its parameters; for a map with so many axes."""
    fields = {}
    for word, static in recipe.fields.items():
        value = field_of(body, static)
        is_free = word == "axis" and recipe.kind.along and body.symbols.is_parametric(value)
        is_mode = word == "padding" and isinstance(static.value, Opaque)  # "same" or "valid"
        are_sizes = word == "sizes" and isinstance(value, tuple)  # of which any may be open
        if is_mode or (word in DECIDING and not is_free and not are_sizes):
            value = constant_field(body, value, "what this layer does depends on a parameter", recipe.span)
        elif isinstance(value.sample if isinstance(value, Opaque) else value, tuple):
            if recipe.kind.model_fields[word].annotation in (int, float, bool):
                reason = f"{recipe.kind.kind}: {word} takes no list, and may be given one"
                raise Untranslatable(reason, recipe.span, _FOR_EACH, names=frozenset(names_in(static.code)))
            if recipe.kind.kind == "crop" and isinstance(value, Opaque):
                value = _items(body, value, "crop", word, axes)  # which are written one by one
        fields[word] = value
    defaults = {word: info.default for word, info in recipe.kind.model_fields.items() if not info.is_required()}
    return recipe.kind.model_construct(**(defaults | fields))


def constant_field(body: Body, held: Any, reason: str, span: Span | None = None) -> Any:
    """A parameter that shapes what a layer is: a constant, or a list of such. Raises Untranslatable."""
    if isinstance(held, tuple):
        return tuple(constant_field(body, item, reason, span) for item in held)
    if not isinstance(held, (Coded, Opaque)):
        return held
    known = body.symbols.known(held) if isinstance(held, Coded) else None
    if known is None:
        raise Untranslatable(reason, span, names=frozenset(names_in(held.code)))
    return known


def with_numbers(body: Body, code: Code, recipe: KindRecipe) -> Code:
    """A layer that is given the numbers of its weights."""
    body.file.helpers.add("with_weights")
    named = {word: static.code for word, static in recipe.numbers.items()}
    trainable = named.pop("trainable", None)
    if trainable is not None and flat(trainable) != "False":
        named = {"trainable": trainable} | named
    return call("with_weights", code, **named)


def plain_shape(body: Body, shape: Shape) -> Shape:
    """Sizes without the Python that the text has for them, which may not hold for long."""
    made: list[Any] = []
    for dim in shape:
        if isinstance(dim, Coded):
            made.append(Traced(dim.value, dim.expr))
        elif isinstance(dim, Opaque):
            made.append(body.symbols.fresh(1))
        else:
            made.append(dim)
    return tuple(made)


def spelled(body: Body, spelling: Spelling, *values: Code, given: Mapping[str, Static] = MappingProxyType({})) -> Code:
    """What PyTorch writes for a layer or an operation; `values` are what a function is called on.

    `given` is what the text gives for PyTorch's arguments.
    """
    if spelling.template is not None:
        codes = {f"v{at}": value for at, value in enumerate(values)} | ({"x": values[0]} if values else {})
        return filled(spelling.template, codes | {a.name: argument_code(body, a.value) for a in spelling.arguments})
    if spelling.package:
        body.file.imports.add((spelling.package, spelling.target))
    positional = [*values]
    named: dict[str, Code] = {}
    for argument in spelling.arguments:
        if not argument.required and _is_default(argument):
            continue
        code = _as_given(given.get(argument.name), argument.value) or argument_code(body, argument.value)
        if argument.required and not spelling.package:
            positional.append(code)
        else:
            named[argument.name] = code
    made = call(spelling.target, *positional, **named)
    return call(spelling.around, made) if spelling.around else made


def _as_given(static: Static | None, value: Any) -> Code | None:
    """A number as the text works it out, `64 * 7 * 7`, if it is what a layer takes; None for anything else."""
    is_number = type(value) in (int, float) and not is_beyond_64_bits(value)
    if static is None or not is_number or type(static.value) is not type(value) or is_literal(static.code):
        return None
    return static.code if static.value == value else None


def given_by(recipe: KindRecipe) -> dict[str, Static]:
    """What the text gives for PyTorch's arguments of a layer."""
    return {recipe.kind.torch_names.get(word, word): static for word, static in recipe.fields.items()}


def _is_default(argument: Argument) -> bool:
    value, default = argument.value, argument.default
    if isinstance(value, Traced) and isinstance(default, Traced):
        return value.expr == default.expr
    if isinstance(value, (Traced, Opaque)) or isinstance(default, (Traced, Opaque)):
        return False
    if isinstance(value, tuple) and any(isinstance(item, (Traced, Opaque)) for item in value):
        return False
    return type(value) is type(default) and bool(value == default)


def argument_code(body: Body, value: Any) -> Code:
    """An argument in Python."""
    if isinstance(value, Spelled):
        return parsed(str(value))
    if isinstance(value, Opaque):
        return value.code
    if isinstance(value, Traced):
        return within_64_bits(value, value.code if isinstance(value, Coded) else body.symbols.size_code(value))
    if isinstance(value, (tuple, list)):
        made = map(partial(argument_code, body), value)
        return list_of(made) if isinstance(value, list) else tuple_of(made)
    return within_64_bits(value, constant(value))
