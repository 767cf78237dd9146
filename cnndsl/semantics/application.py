"""Layers, chains, braces and blocks meet values: what a recipe makes when it is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from cnndsl.diagnostics import Label, error
from cnndsl.ir.program import Call, Leaf, Module, Output, Use
from cnndsl.layers.formula import Shape, show
from cnndsl.semantics.arguments import check_complete, settled
from cnndsl.semantics.builder import Builder, Slot
from cnndsl.semantics.chains import chain_of
from cnndsl.semantics.context import dims_key
from cnndsl.semantics.definitions import inner, instantiate
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.leaves import (
    NeedsFlatten,
    flattened,
    layer_recipe,
    leaf,
    other_input,
    plain_call,
    refuse_in_chain,
)
from cnndsl.semantics.values import (
    BlockRecipe,
    BraceRecipe,
    Chain,
    Choice,
    Copies,
    External,
    HalfApplied,
    Items,
    Kind,
    LayerRecipe,
    Part,
    Piece,
    Recipe,
    Scope,
    Silent,
    Stage,
    Template,
    Unknown,
    Value,
    VariantRecipe,
    is_identity,
    is_values,
    key_for,
    word_of,
)
from cnndsl.source import Span

_Worked = TypeVar("_Worked")


def composed(body: Evaluation, slot: Slot, recipe: Recipe, value: Any, span: Span) -> Any:
    """Apply the part `slot`, which a chain or brace makes. Raises Problem, or NeedsFlatten in a chain."""
    value = body.one(value, span)
    value, module = _fitting(body, value, span, "this chain", lambda x: _chain_module(body, recipe, x, span))
    return _use(body, slot, module, module.output_shapes, (value,), {}, span)


def _fitting(
    body: Evaluation, value: Any, span: Span, taker: str, work: Callable[[Any], _Worked]
) -> tuple[Any, _Worked]:
    """What comes in, flattened where some work on it asks for features, and what the work makes of it."""
    try:
        return value, work(value)
    except NeedsFlatten:
        pass  # by a chain or sequence, which takes one value
    value = flattened(body, value, span, taker, "write flatten before it")
    return value, work(value)


def _chain_module(body: Evaluation, recipe: Recipe, value: Value, span: Span) -> Module:
    body.go_through(recipe, span)
    key = ("chain", body.builder.name, key_for(recipe), dims_key(value.shape), value.unbatched)

    def work() -> Module:
        builder, result = _run_chain(body, recipe, value, span)
        return body.context.shared(key, builder.finish((Output(value=result.index),)))

    return body.context.once(key, work)


def _run_chain(body: Evaluation, recipe: Recipe, value: Value, span: Span) -> tuple[Builder, Value]:
    """Work out a chain for what comes in; and what comes out."""
    builder = Builder(body.context, "chain", "", span)
    chain = body.spawn(builder, Scope(body.scope, walls=True))
    chain.entry = chain.current = builder.input("input", value.shape, span, unbatched=value.unbatched)
    with body.context.inside_chain(span):
        if isinstance(recipe, BraceRecipe):
            chain.scope = Scope(recipe.scope, walls=True)
            chain.run_branch(recipe.body)
            recipe.scope.end(chain.scope)
        else:
            chain.current = apply_stage(chain, Stage(recipe, None, span), chain.current)
    if isinstance(chain.current, Unknown):
        raise Silent
    return builder, chain.current


def _layers(body: Evaluation, chain: Recipe, value: Value, span: Span) -> list[Slot]:
    """The layers of a chain or sequence for what comes in, as parts of a chain of their own."""
    if not isinstance(chain, BlockRecipe):
        builder, _ = _run_chain(body, chain, value, span)
        return [slot for slot in builder.slots.values() if slot.unit is not None]
    module, *_ = instantiate(body, chain, value, span)
    builder = Builder(body.context, "chain", "", span)
    around = body.spawn(builder, Scope(body.scope, walls=True))
    current = builder.input("input", value.shape, span, unbatched=value.unbatched)
    for layer in body.context.layers[module.id]:
        slot = builder.slots[layer.name] = Slot(layer.name, layer.span)
        current = _fill(around, slot, inner(layer.recipe), current, layer.span)
    return list(builder.slots.values())


def _apply_piece(body: Evaluation, slot: Slot, recipe: Recipe, value: Any, span: Span, piece: Piece) -> Any:
    """Apply layers of a chain that the text takes apart. What enters its first layer first says what it is made for."""
    value = body.one(value, span)
    if slot.made is None:
        if not piece.is_first:
            raise error(
                "E206",
                f"{slot.name}{piece} comes before anything has entered {slot.name}, which says what its layers are",
                span,
                labels=(Label(slot.span, "the chain"),),
                help=f"begin with its first layers: {slot.name}[:{'n' if (piece.start or 0) < 1 else piece.start}]",
            )
        chain = chain_of(slot, recipe, span)
        value, layers = _fitting(body, value, span, "this chain", lambda x: _layers(body, chain, x, span))
        body.builder.take_apart(slot, layers)
    assert slot.made is not None  # noqa: S101 - made above
    try:
        places = piece.places(len(slot.made))
    except IndexError:
        count = f"{len(slot.made)} layer{'s' if len(slot.made) != 1 else ''}"
        message = f"{slot.name} has {count}, and no {slot.name}{piece}"
        raise error("E206", message, span, help=f"they count from 0 to {len(slot.made) - 1}") from None
    for at in places:
        layer = slot.made[at]
        assert layer.recipe is not None  # noqa: S101 - a layer with a unit was made by one
        value = _fill(body, layer, layer.recipe, value, span if layer.applied else layer.span)
    return value


def block(body: Evaluation, slot: Slot, recipe: BlockRecipe, value: Any, span: Span) -> Any:
    """Apply the part `slot`, which a block makes. Raises Problem, or NeedsFlatten in a chain."""
    is_list = is_values(value) and recipe.template.definition.kind == "block"
    value = Items(body.one(item, span) for item in value) if is_list else body.one(value, span)
    for _, argument in recipe.arguments:
        for item in argument if isinstance(argument, list) else [argument]:
            if isinstance(item, Value):
                body.own(item, span)
    _, made = _fitting(body, value, span, word_of(recipe), lambda x: instantiate(body, recipe, x, span))
    module, shapes, inputs, arguments = made
    if len(inputs) > 1:
        body.only_layers("block takes a value", span, "apply it in a block or network")
    return _use(body, slot, module, shapes, inputs, arguments, span)


def _use(
    body: Evaluation,
    slot: Slot,
    module: Module,
    shapes: tuple[Shape, ...],
    inputs: tuple[Value, ...],
    arguments: dict[str, Any],
    span: Span,
) -> Any:
    if len(module.outputs) != 1 or module.outputs[0].name is not None:
        refuse_in_chain(body, module.name, len(module.outputs), "its output by name", span)
    if slot.unit is None:
        xs = tuple(item.shape for item in inputs)
        slot.unit = Use(module=module.id, xs=xs, arguments=arguments)
    elif isinstance(slot.unit, Use) and slot.unit.module != module.id:
        _check_same(body, slot, body.context.modules[slot.unit.module], module, span)
    body.builder.add_size(body.context.sizes[module.id] + 1, span)
    lacking = module.lacks_batch(output.value for output in module.outputs)
    outputs = body.builder.step(Call(child=slot.name, module=module.id), inputs, shapes, span, slot.name, lacking)
    return outputs if len(outputs) > 1 else outputs[0]


def _check_same(body: Evaluation, slot: Slot, before: Module, now: Module, span: Span) -> None:
    """Raise Problem where the part of a slot would have to be another one for what comes in now."""
    if _build(body, before) != _build(body, now):
        raise other_input(slot, show(before.values[0]), show(now.values[0]), span)


def _build(body: Evaluation, module: Module) -> Any:
    """What a module is made of, whatever the sizes that flow through it."""

    def part(unit: Leaf | Use) -> Any:
        if isinstance(unit, Use):
            return _build(body, body.context.modules[unit.module])
        return unit.built()

    def build() -> Any:
        parts = tuple((child.name, part(child.unit)) for child in module.children)
        return parts, tuple((step.action.what, step.inputs, step.outputs) for step in module.steps)

    return body.context.once(("build", module.id), build)


def apply_stage(body: Evaluation, stage: Stage, value: Any) -> Any:
    """Apply a stage to a value; the value that comes out. Raises Problem."""
    if isinstance(value, Unknown):
        _check_alone(body, stage)
        raise Silent
    recipe, span = stage.recipe, stage.span
    if isinstance(recipe, VariantRecipe):
        return apply_stage(body, replace(stage, recipe=settled(body, recipe, span)), value)
    body.context.work(span)
    if stage.label is not None:
        return _apply_labelled(body, stage, value)
    if body.builder.names_place(span) and isinstance(recipe, (Chain, Copies, Choice, BraceRecipe)):
        return _apply_named(body, recipe, value, span)
    match recipe:
        case Chain():
            for inner in recipe.stages:
                value = apply_stage(body, inner, value)
            return value
        case Copies():
            body.context.turn(span, recipe.count)
            with body.builder.looping(span):
                for _ in range(recipe.count):
                    value = apply_stage(body, Stage(recipe.recipe, None, recipe.span or span), value)
            return value
        case Choice():
            return _apply_choice(body, recipe, value)
        case Part():
            return _apply_part(body, recipe, value, span)
        case BraceRecipe() if not body.builder.is_chain:
            return _splice(body, recipe, value)
        case Kind() | LayerRecipe() | HalfApplied() | External():
            made = layer_recipe(body, recipe, span)
            if made.layer.plain_call and not body.builder.is_chain:
                return plain_call(body, made, value, span)
            return leaf(body, None, made, value, span)
    return _fill(body, body.builder.automatic(word_of(recipe), span), recipe, value, span)


def _check_alone(body: Evaluation, stage: Stage) -> None:
    """Check of a stage what can be checked without knowing what comes in: its name, and whether it is complete."""
    if stage.label is not None and not isinstance(stage.recipe, Part):
        body.builder.declare(stage.label, stage.span, quoted=stage.quoted).recipe = stage.recipe
    if isinstance(stage.recipe, Chain):
        for inner in stage.recipe.stages:
            _check_alone(body, inner)
    elif isinstance(stage.recipe, (Kind, HalfApplied)):
        layer_recipe(body, stage.recipe, stage.span)
    elif isinstance(stage.recipe, Template):
        check_complete(stage.recipe.definition, (), stage.span)
    elif isinstance(stage.recipe, BlockRecipe):
        check_complete(stage.recipe.template.definition, dict(stage.recipe.arguments), stage.recipe.span or stage.span)


def _apply_labelled(body: Evaluation, stage: Stage, value: Any) -> Any:
    recipe, span, label = stage.recipe, stage.span, stage.label
    assert label is not None  # noqa: S101 - asked by the caller
    if isinstance(recipe, Part):
        raise error("E403", f"this layer is already called {recipe.shown}", span, help=f"write only {recipe.shown}")
    slot = body.builder.declare(label, span, quoted=stage.quoted)
    result = _fill(body, slot, recipe, value, span)
    if not body.builder.is_chain and not stage.quoted:  # only now: inside the layer the name means what it did before
        body.scope.names[label] = Part(body.builder, label, recipe, span)
    return result


def _apply_named(body: Evaluation, recipe: Recipe, value: Any, span: Span) -> Any:
    """Apply what a word of the text stands for: one part, whatever that is made of."""
    if is_identity(recipe):
        return value
    return _fill(body, body.builder.automatic("layers", span), recipe, value, span)


def _apply_choice(body: Evaluation, choice: Choice, value: Any) -> Any:
    if choice.recipe is None:
        return value
    if isinstance(choice.recipe, BraceRecipe):
        return _splice(body, choice.recipe, value)
    return apply_stage(body, Stage(choice.recipe, None, choice.span), value)


def _apply_part(body: Evaluation, part: Part, value: Any, span: Span) -> Any:
    if part.owner is not body.builder:
        raise error(
            "E403",
            f"{part.shown} is a part of the body around this chain",
            span,
            labels=(Label(part.span, "it is declared here"),),
            help="a chain with a name holds layers of its own: write the layer itself, or apply stage by stage",
        )
    slot = body.builder.slot(part.name)
    if part.piece is not None:
        slot.applied = True
        return _apply_piece(body, slot, part.recipe, value, span, part.piece)
    return _fill(body, slot, part.recipe, value, span)


def _splice(body: Evaluation, brace: BraceRecipe, value: Any) -> Any:
    """Run the lines of a brace here, with the value as their input."""
    lines = body.spawn(body.builder, Scope(brace.scope))
    lines.entry = lines.current = value
    lines.run_branch(brace.body)
    if lines.output_span is not None:
        message = "output says what a network or block gives, and these braces are a layer in one"
        raise error("E404", message, lines.output_span, help="let the last line of the braces be what they give")
    brace.scope.end(lines.scope)
    return lines.current


def _fill(body: Evaluation, slot: Slot, recipe: Recipe, value: Any, span: Span) -> Any:
    """Apply the part `slot`, which is made by the recipe if this is the first time."""
    if isinstance(recipe, VariantRecipe):
        recipe = settled(body, recipe, span)
    slot.applied, slot.recipe = True, recipe
    if slot.name in body.builder.taken_apart:
        return _apply_piece(body, slot, recipe, value, span, Piece(None))
    match recipe:
        case Kind() | LayerRecipe() | HalfApplied() | External():
            return leaf(body, slot, layer_recipe(body, recipe, span), value, span)
        case Template():
            return block(body, slot, BlockRecipe(recipe, (), span), value, span)
        case BlockRecipe():
            return block(body, slot, recipe, value, span)
        case Chain(stages=()):
            return value  # the identity leaves no module behind
        case Choice():
            return value if recipe.recipe is None else _fill(body, slot, recipe.recipe, value, span)
        case _:
            return composed(body, slot, recipe, value, span)
