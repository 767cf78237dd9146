"""One layer meets a value: as a module with a place of its own, or as a plain call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from typing import Any

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.ir.program import Call, Combine, Leaf, Plain
from cnndsl.layers.arrangement import Arrangement
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.elementwise import Divide, Elementwise
from cnndsl.layers.extern import Extern
from cnndsl.layers.formula import Shape, SizeError, plain, show
from cnndsl.layers.operations import Concat
from cnndsl.layers.shape import Flatten
from cnndsl.semantics.arguments import bare_layer, bind_layer, lacking
from cnndsl.semantics.builder import Slot
from cnndsl.semantics.call_hints import value_first
from cnndsl.semantics.context import dims_key
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.externs import bind_extern
from cnndsl.semantics.hints import open_size, other_order
from cnndsl.semantics.initialisation import check_begin, check_fit
from cnndsl.semantics.values import External, HalfApplied, Kind, LayerRecipe, Value, flows, is_values, word_of
from cnndsl.source import Span
from cnndsl.symbolic.number import SizeIsOpen, Traced
from cnndsl.syntax import tree


class NeedsFlatten(Exception):  # noqa: N818 - a signal to the body around a chain
    """Raised by a chain whose first layer takes features, when a feature map comes in."""


def layer_recipe(body: Evaluation, recipe: Kind | LayerRecipe | HalfApplied | External, span: Span) -> LayerRecipe:
    """The layer with its arguments, of which a bare kind or class gives none. Raises Problem where it needs some."""
    if isinstance(recipe, LayerRecipe):
        return recipe
    if isinstance(recipe, HalfApplied):
        raise lacking(recipe, span)
    if isinstance(recipe, External):
        return bind_extern(body, recipe, tree.Call(span, recipe.declaration.name, ()))
    return bare_layer(body, recipe.layer, span)


def leaf(body: Evaluation, slot: Slot | None, recipe: LayerRecipe, value: Any, span: Span) -> Value | tuple[Value, ...]:
    """Apply a layer that is a module; without a slot, as a part without a name."""
    value, *others = taken(body, recipe.layer, value, span)
    body.go_through(recipe, span)
    made = recipe
    if others:
        recipe = replace(recipe, layer=recipe.layer.beside(tuple(plain(each.shape) for each in others)))
    layer = recipe.layer
    with _sizes(recipe, value, span):
        if layer.takes_wholes:
            _check_wholes(body, layer, value)
        for each in (value, *others):
            _check_batch(layer, each)
        if layer.flattens(value.shape):
            kind = layer.kind
            helps = (
                f"in the middle of a chain write the flatten too: flatten -> {kind}(...)",
                f"to work on the last axis alone, write {_with_axis(recipe, kind)}",
            )
            value = flattened(body, value, span, kind, helps, recipe.span)
        x = value.shape
        ys = _outputs(body, recipe, x)
        if isinstance(layer, Extern) and layer.several:
            refuse_in_chain(body, layer.name, len(ys), "a tuple of one", span)
        body.context.tensors(layer, x)
        if layer.plain_call:
            layer.torch(x)  # some operations are no module, and say so
    body.builder.add_size(1, span)
    if slot is None:
        slot = body.builder.automatic(word_of(recipe), span)
    slot.recipe = made
    if slot.unit is None:
        slot.unit = _built(body, recipe, x, span)
    else:
        _check_same(slot, layer, x, span)
    maker = layer.word if slot.name.isdigit() else slot.name
    results = body.builder.step(Call(child=slot.name), (value, *others), ys, span, maker)
    return results if len(results) > 1 else results[0]


def taken(body: Evaluation, layer: Layer, value: Any, span: Span) -> tuple[Value, ...]:
    """The values that a layer is applied to: one, or as many as it takes. Raises Problem."""
    if max(layer.takes) == 1 or (isinstance(value, Value) and 1 in layer.takes) or not flows(value):
        return (body.one(value, span),)
    values = tuple(body.one(item, span) for item in (value if is_values(value) else [value]))
    if len(values) not in layer.takes:
        kind = layer.kind
        takes, written = " or ".join(map(str, layer.takes)), f"{kind}(...)"
        names = ("a", "b") if layer.takes == (2,) else ("query", "key", "value")
        raise error(
            "E407",
            f"{kind} is applied to {takes} values, and here {'is' if len(values) == 1 else 'are'} {len(values)}",
            span,
            help=f"give it a list of them: [{', '.join(names)}] -> {written}",
        )
    return values


def refuse_in_chain(body: Evaluation, name: str, count: int, alone: str, span: Span) -> None:
    """Raise Problem in a chain for what gives `count` values, or one in another form, which is `alone` in words."""
    if body.builder.is_chain:
        gives = alone if count == 1 else f"{count} values"
        message = f"each layer of a chain gives one value to the next, and {name} gives {gives}"
        raise error("E404", message, span, help="apply it in a block or network")


def _check_batch(layer: Layer, value: Value, *, is_own: bool = False) -> None:
    """Raise SizeError where a layer would take the first axis of a value without a batch for the batch, or write over
    a learned tensor.

    is_own: it is a function, and the value is made of what the body itself learns, of which the class knows that.
    """
    if not value.unbatched:
        return
    kind, size = layer.word, show(value.shape)
    if (layer.of_parameter(value.shape) is None) if is_own else not layer.pointwise:
        raise SizeError(
            f"{kind} takes the first axis for the batch, and a parameter or constant has none: {value.maker} is {size}",
            f"a parameter takes part in + - * / and in activations: apply {kind} to a value that comes from the input",
            f"expand({value.maker}) gives it the batch of what flows",
            code="E316",
        )
    if getattr(layer, "inplace", False):
        raise SizeError(
            f"{kind} would write over {value.maker}, which is learned", "leave out inplace=true", code="E316"
        )


def _built(body: Evaluation, recipe: LayerRecipe, x: Shape, span: Span) -> Leaf:
    """The layer as a part of the program. Raises Problem for weights and beginnings that it has no place for."""
    _check_weights(body, recipe, x, span)
    if not (recipe.traced or recipe.weights or recipe.init or max(recipe.layer.takes) > 1):
        return body.context.leaf(recipe.layer, x)
    traced = dict(recipe.traced)
    return Leaf(layer=recipe.layer, x=x, traced=traced, weights=recipe.weights, init=dict(recipe.init))


def _check_weights(body: Evaluation, recipe: LayerRecipe, x: Shape, span: Span) -> None:
    """Raise Problem unless the numbers that a layer is given, and how it begins, fit what it holds."""
    weights = recipe.weights
    if weights is None and not recipe.init:
        return
    kind, where = recipe.layer.kind, recipe.span or span
    tensors = {tensor.name: tensor for tensor in body.context.tensors(recipe.layer, x)}
    for what in ("weight", "bias"):
        numbers = getattr(weights, what, None)
        if numbers is None:
            continue
        if what not in tensors:
            raise error("E310", f"{kind} has no {what} here", where, help="leave it out")
        check_fit(numbers, tensors[what].shape, what, where)
    for what, rule in recipe.init:
        check_begin(rule, tensors.get(what), what, kind, where)


def _check_wholes(body: Evaluation, layer: Layer, value: Value) -> None:
    """Raise SizeError where the numbers that a layer looks up rows by come out of another layer than one of shape, or
    of arithmetic with fractions.
    """
    asked = {value.index}
    for step in reversed(body.builder.steps):
        if max(asked, default=0) < len(body.builder.inputs):
            return
        if asked.isdisjoint(step.outputs):
            continue
        asked.difference_update(step.outputs)
        giver = body.builder.layer(step)
        operation = step.action.operation if isinstance(step.action, Combine) else None
        word = "" if giver is None or (giver.group is Group.SHAPE and step.inputs) else giver.word
        if isinstance(operation, Divide) or (isinstance(operation, Elementwise) and type(operation.scalar) is float):
            word = operation.symbol
        if word:
            raise SizeError(
                f"{layer.kind} takes whole numbers, and {word} gives others",
                f"put {layer.kind} first, on an input of the network",
            )
        if giver is not None or isinstance(operation, (Elementwise, Concat, Arrangement)):
            asked.update(step.inputs)


def _check_same(slot: Slot, layer: Layer, x: Shape, span: Span) -> None:
    """Raise Problem where the layer of a slot would have to be another one for what comes in now."""
    assert isinstance(slot.unit, Leaf)  # noqa: S101 - a slot is filled by one recipe
    before, was = slot.unit.x, slot.unit.layer
    if dims_key(before) == dims_key(x) and max(layer.takes) == 1:
        return
    if was.tensors(before) != layer.tensors(x) or was.torch(before) != layer.torch(x):
        raise other_input(slot, f"an input of {_shown(was, before)}", _shown(layer, x), span)


def other_input(slot: Slot, before: str, now: str, span: Span) -> Problem:
    """The error that a part would have to be another one for what comes in now."""
    return error(
        "E308",
        f"{slot.shown} was built for {before}, and {now} comes in here",
        span,
        labels=(Label(slot.span, f"{slot.shown} is one layer, with one set of weights"),),
        help="declare a second layer for this size",
    )


def _shown(layer: Layer, x: Shape) -> str:
    """The sizes of all values that a layer is applied to."""
    return " and ".join(map(show, (x, *layer.others)))


def plain_call(body: Evaluation, recipe: LayerRecipe, value: Any, span: Span, *, inserted: bool = False) -> Value:
    """Apply a layer as a function call, which leaves no module."""
    value = body.one(value, span)
    with _sizes(recipe, value, span):
        _check_batch(recipe.layer, value, is_own=not body.builder.comes_in(value))  # in the class it would have one
        ys = _outputs(body, recipe, value.shape)
    _check_weights(body, recipe, value.shape, span)
    action = Plain(layer=recipe.layer, traced=dict(recipe.traced), inserted=inserted)
    (result,) = body.builder.step(action, (value,), ys, span, recipe.layer.kind)
    return result


def call_on_value(body: Evaluation, kind: Kind, value: Value, node: tree.Call) -> Value:
    """`relu(it)`: a plain call, which leaves no module. Raises Problem for a layer that must be one."""
    if max(kind.layer.takes) > 1:
        raise _call_on_values(body, kind, node)
    rest = replace(node, arguments=node.arguments[1:])
    recipe = bind_layer(body, kind, rest)
    if isinstance(recipe, HalfApplied):
        raise lacking(recipe, node.span)
    body.only_layers("is a call on a value", node.span, "write the layer without the value")
    with _sizes(recipe, value, node.span):
        _check_batch(recipe.layer, value, is_own=not body.builder.comes_in(value))
        _outputs(body, recipe, value.shape)
        is_call = recipe.layer.function(value.shape) is not None
        holds = bool(recipe.layer.tensors(value.shape))
    if not is_call:
        reason = "has something to learn or to keep" if holds else "has no function in PyTorch"
        raise error(
            "E406",
            f"{kind.layer.kind} {reason}, so it must be a layer and not a call",
            node.span,
            help=f"apply it with ->: {node.arguments[0].value.span.text} -> {kind.layer.kind}(...)",
            fix=value_first(node),
        )
    return plain_call(body, recipe, value, node.span)


def _call_on_values(body: Evaluation, kind: Kind, node: tree.Call) -> Problem:
    """The error for `bilinear(a, b, 32)`: a layer that learns, called on several values."""
    positional = takewhile(lambda argument: argument.name is None, node.arguments)
    values = list(takewhile(lambda argument: isinstance(body.known(argument.value), Value), positional))
    rest = ", ".join(argument.span.text for argument in node.arguments[len(values) :])
    listed = ", ".join(argument.span.text for argument in values)
    start = f"[{listed}]" if len(values) > 1 else listed
    word = kind.layer.kind
    message = f"{word} has something to learn or to keep, so it must be a layer and not a call"
    return error("E406", message, node.span, help=f"apply it with ->: {start} -> {word}({rest})")


def _outputs(body: Evaluation, recipe: LayerRecipe, x: Shape) -> tuple[Shape, ...]:
    counts = {n: t for n, t in recipe.traced if isinstance(t, Traced) and recipe.layer.role(n) == "count"}
    return body.context.outputs(recipe.layer, counts, x)


@contextmanager
def _sizes(recipe: LayerRecipe, value: Value, span: Span) -> Iterator[None]:
    """Turn what a size rule raises into a problem at the layer that it is about."""
    try:
        yield
    except SizeError as problem:
        where = recipe.span or span
        here = () if where == span else (Label(span, f"applied to {show(value.shape)} here"),)
        label = "" if here else f"applied to {show(value.shape)} here"
        labels = (*here, value.came) if value.span not in (where, span) else here
        helps = (*other_order(problem.code, recipe.layer, value.shape), *problem.help)
        owner: Any = value.owner
        is_input = owner.kind == "network" and value.index < len(owner.inputs)
        if problem.code == "E301" and is_input and len(value.shape) == 1:
            helps = (f"an input of pictures has three sizes, such as input(3, {value.shape[0]}, {value.shape[0]})",)
        raise error(problem.code, problem.message, where, label=label, labels=labels, help=helps) from None
    except SizeIsOpen:
        raise open_size(recipe.span or span) from None


def _with_axis(recipe: LayerRecipe, kind: str) -> str:
    """A dense layer as it is written, for the last axis."""
    written = recipe.span.text if recipe.span is not None else ""
    short = written.endswith(")") and "\n" not in written and "#" not in written
    return f"{written.removesuffix(')').rstrip(', ')}, axis=-1)" if short else f"{kind}(..., axis=-1)"


def flattened(
    body: Evaluation, value: Value, span: Span, taker: str, helps: str | tuple[str, ...], where: Span | None = None
) -> Value:
    """The value as a list of features, for what takes such a list; nothing in the text says so.

    Raises NeedsFlatten at the beginning of a chain. Raises Problem further on in it, at `where` the taker is written
    if that is another place than `span`, where it is applied.
    """
    if not body.builder.is_chain:
        return plain_call(body, LayerRecipe(Flatten()), value, span, inserted=True)
    if not body.builder.steps:
        raise NeedsFlatten
    where = where or span
    message = f"{taker} takes a list of features, and a map of {show(value.shape)} comes in"
    raise error("E311", message, where, help=helps, fix=_flatten_first(where)) from None


def _flatten_first(span: Span) -> Fix:
    """The fix that writes a flatten before a stage, and before the name that it is given on its way."""
    text, start = span.source.text, span.start
    label = re.search(r'(?:[^\W\d]\w*|"[^"\n]*")[ \t]*:[ \t]*$', text[max(0, start - 200) : start])
    at = start - len(label[0]) if label else start
    return Fix.suggested(Span(span.source, at, at), "flatten -> ")
