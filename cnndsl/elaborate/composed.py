"""Chains, braces and blocks meet values: parts that are made of layers."""

from __future__ import annotations

from typing import Any

from cnndsl.diagnostics import Label, error
from cnndsl.elaborate.builder import Builder, Slot
from cnndsl.elaborate.context import dims_key
from cnndsl.elaborate.definitions import Made, instantiate
from cnndsl.elaborate.evaluation import Evaluation
from cnndsl.elaborate.leaves import NeedsFlatten, flattened
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.values import (
    BlockRecipe,
    BraceRecipe,
    Recipe,
    Silent,
    Unknown,
    Value,
    key_for,
)
from cnndsl.layers.sizes import show
from cnndsl.program import Call, Module, Output, Use
from cnndsl.source import Span


def composed(body: Evaluation, slot: Slot, recipe: Recipe, value: Any, span: Span) -> Any:
    """Apply the part `slot`, which a chain or brace makes. Raises Problem, or NeedsFlatten in a chain."""
    value = body.one(value, span)
    try:
        module = _chain_module(body, recipe, value, span)
    except NeedsFlatten:
        value = flattened(body, value, span, "this chain", "write flatten before it")
        module = _chain_module(body, recipe, value, span)
    return _use(body, slot, Made(module, module.output_shapes), (value,), {}, span)


def _chain_module(body: Evaluation, recipe: Recipe, value: Value, span: Span) -> Module:
    body.go_through(recipe, span)
    key = ("chain", body.builder.name, key_for(recipe), dims_key(value.shape), value.unbatched)
    known = body.context.memo.get(key)
    if known is not None:
        return known  # type: ignore[no-any-return]
    builder = Builder(body.context, "chain", "", span)
    inner = body.spawn(builder, Scope(body.scope, walls=True))
    inner.entry = inner.current = builder.input("input", value.shape, span, unbatched=value.unbatched)
    try:
        with body.context.inside_chain(span):
            if isinstance(recipe, BraceRecipe):
                inner.scope = Scope(recipe.scope, walls=True)
                inner.run_branch(recipe.body)
                recipe.scope.end(inner.scope)
            else:
                inner.current = inner.apply(recipe, inner.current, span)
    finally:
        body.builder.fixed |= builder.fixed
    if isinstance(inner.current, Unknown):
        raise Silent
    module = body.context.shared(key, builder.finish((Output(value=inner.current.index),)))
    body.context.memo[key] = module
    return module


def block(body: Evaluation, slot: Slot, recipe: BlockRecipe, value: Any, span: Span) -> Any:
    """Apply the part `slot`, which a block makes. Raises Problem, or NeedsFlatten in a chain."""
    value = body.one(value, span)
    for _, argument in recipe.arguments:
        if isinstance(argument, Value):
            body.own(argument, span)
    try:
        made, extra, arguments = instantiate(body, recipe, value, span)
    except NeedsFlatten:
        value = flattened(body, value, span, recipe.template.definition.name.text, "write flatten before it")
        made, extra, arguments = instantiate(body, recipe, value, span)
    if extra and body.builder.is_chain:
        raise error(
            "E404",
            "a chain holds layers only; this block takes a value",
            span,
            help="apply it in a block or network",
        )
    return _use(body, slot, made, (value, *extra), arguments, span)


def _use(
    body: Evaluation, slot: Slot, made: Made, inputs: tuple[Value, ...], arguments: dict[str, Any], span: Span
) -> Any:
    module = made.module
    if body.builder.is_chain and (len(module.outputs) != 1 or module.outputs[0].name is not None):
        gives = "its output by name" if len(module.outputs) == 1 else f"{len(module.outputs)} values"
        raise error(
            "E404",
            f"each layer of a chain gives one value to the next, and {module.name} gives {gives}",
            span,
            help="apply it in a block or network",
        )
    if slot.unit is None:
        xs = tuple(item.shape for item in inputs)
        body.builder.fill(slot, Use(module=module.id, xs=xs, arguments=arguments))
    elif isinstance(slot.unit, Use) and slot.unit.module != module.id:
        _check_same(body, slot, body.context.modules[slot.unit.module], module, span)
    body.builder.add_size(body.context.sizes[module.id] + 1, span)
    lacking = module.lacks_batch(output.value for output in module.outputs)
    outputs = body.builder.step(Call(child=slot.name, module=module.id), inputs, made.shapes, span, slot.name, lacking)
    return outputs if len(outputs) > 1 else outputs[0]


def _check_same(body: Evaluation, slot: Slot, before: Module, now: Module, span: Span) -> None:
    """Raise Problem where the part of a slot would have to be another one for what comes in now."""
    if _build(body, before) != _build(body, now):
        raise error(
            "E308",
            f"{slot.name} was built for {show(before.values[0])}, and {show(now.values[0])} comes in here",
            span,
            labels=(Label(slot.span, f"{slot.name} is one layer, with one set of weights"),),
            help="declare a second layer for this size",
        )


def _build(body: Evaluation, module: Module) -> Any:
    """What a module is made of, whatever the sizes that flow through it."""
    key = ("build", module.id)
    if key not in body.context.memo:
        parts = []
        for child in module.children:
            unit = child.unit
            if isinstance(unit, Use):
                parts.append((child.name, _build(body, body.context.modules[unit.module])))
            else:
                parts.append((child.name, (type(unit.layer), unit.layer, unit.layer.tensors(unit.x))))
        flow = tuple((step.action.what, step.inputs, step.outputs) for step in module.steps)
        body.context.memo[key] = (tuple(parts), flow)
    return body.context.memo[key]
