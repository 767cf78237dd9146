"""Definitions meet arguments: a block or sequence, worked out for one set of arguments and input sizes.

The result is kept: the same block with the same arguments on the same sizes is worked out once,
however often it is used.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from cnndsl.diagnostics import error
from cnndsl.ir.lower import Cut
from cnndsl.ir.names import numbered
from cnndsl.ir.program import Module, Parameter, Use, outside_shapes
from cnndsl.layers.formula import Shape, plain
from cnndsl.semantics.arguments import check_complete
from cnndsl.semantics.builder import Builder
from cnndsl.semantics.context import dims_key
from cnndsl.semantics.evaluation import Evaluation, Given
from cnndsl.semantics.hints import nested_too_deeply
from cnndsl.semantics.initialisation import check_rules
from cnndsl.semantics.usage import hand_on, report_unread
from cnndsl.semantics.values import (
    BlockRecipe,
    Chain,
    Choice,
    Copies,
    Items,
    LayerRecipe,
    Recipe,
    Scope,
    Silent,
    Stage,
    Template,
    Unknown,
    Value,
    describe,
    flows,
    is_values,
    key_for,
    one_by_one,
    parametric,
    word_of,
)
from cnndsl.source import Span
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, is_open, value_of
from cnndsl.syntax import tree


def instantiate(
    body: Evaluation, recipe: BlockRecipe, value: Value | Items, span: Span
) -> tuple[Module, tuple[Shape, ...], tuple[Value, ...], dict[str, Any]]:
    """Work out a block for its arguments and what comes in, which may be a list of values.

    Returns the module, the shapes that it gives and the arguments, both as the user's body sees them, and between them
    all values that it takes, those of lists one by one. Raises Problem.
    """
    definition = recipe.template.definition
    check_complete(definition, dict(recipe.arguments), recipe.span or span)
    body.go_through(recipe, span)
    body.context.work(span, len(definition.parameters))
    arguments = dict(recipe.arguments)
    for name, item in arguments.items():
        if isinstance(item, list) and any(isinstance(part, Value) for part in item) and not is_values(item):
            raise error(
                "E206",
                f"{name} is a list of values or one of numbers, and this is {describe(item)}",
                recipe.span or span,
                help="give a block the values and the numbers as two arguments",
            )
    extra = {name: item for name, item in arguments.items() if flows(item)}
    incoming = (value, *extra.values())
    inputs = one_by_one(incoming)
    if definition.kind == "network" and (extra or inputs[0].unbatched):
        name = definition.name.text
        lacks = f"{inputs[0].maker} is a parameter or constant, which has none"
        message = f"what a network is applied to has a batch, and {lacks}"
        if extra:
            message = f"a network is applied to one value, and {name} is given another one, {next(iter(extra))}"
        raise error(
            "E408",
            message,
            recipe.span or span,
            help=f"make it a block, which takes any values: block {name}(...) {{ ... }}",
        )
    shapes = tuple([plain(v.shape) for v in item] if isinstance(item, list) else plain(item.shape) for item in incoming)
    inside = {name: inner(item) for name, item in arguments.items() if name not in extra}
    key = (
        recipe.template,
        tuple((name, key_for(item)) for name, item in inside.items()),
        tuple(extra),
        tuple(tuple(map(dims_key, shape)) if isinstance(shape, list) else dims_key(shape) for shape in shapes),
        tuple(v.unbatched for v in inputs),
    )
    memo = body.context.memo
    body.context.used.add(definition.name.span)
    if key not in memo:
        body.context.turn(span)
        with body.context.inside(definition.name.text, recipe.span or span):
            new = work_out(body, recipe.template, inside, extra, shapes, key[-1], span)
            memo[key] = new if isinstance(new, Unknown) else body.context.shared(key, new)
    module = memo[key]
    if isinstance(module, Unknown):
        raise Silent
    seen = outside_shapes(module, arguments, [value.shape for value in inputs])
    return module, seen, inputs, {name: saved(item) for name, item in arguments.items() if name not in extra}


def work_out(
    body: Evaluation,
    template: Template,
    arguments: dict[str, Any],
    extra: Mapping[str, Value | list[Value]],
    shapes: Sequence[Shape | list[Shape]],
    unbatched: tuple[bool, ...],
    span: Span,
) -> Module | Unknown:
    """The module of a block for its arguments, values and the sizes that come in.

    For a list of values `shapes` has a list; `unbatched` says of all values, one by one, whether they have no batch.
    `span` is where it is used. The module is unknown after a mistake in the block, which is reported. Raises Problem
    for a default that is wrong.
    """
    definition = template.definition
    name = definition.name.text
    scope = Scope(template.scope)
    unnamed = body.context.part_names(definition)
    builder = Builder(body.context, definition.kind, name, definition.name.span, unnamed)
    inner = body.spawn(builder, scope)
    parameters = bind_parameters(inner, definition, arguments, frozenset(extra))
    if definition.kind == "network":  # its own line declares what comes in
        cut = body.context.cuts.get(id(definition))
        inner.is_cut = cut is not None
        inner.given = Given(cut.name if cut is not None else name, shapes[0], span)  # type: ignore[arg-type]
        shapes, unbatched = (), ()
    lacking = iter(unbatched)

    def declared(name: str, shape: Shape) -> Value:
        size = named_channels(shape, name, parameters) if body.context.traced else shape
        return builder.input(name, size, definition.name.span, unbatched=next(lacking))

    for at, (input_name, shape) in enumerate(zip(("input", *extra), shapes, strict=False)):
        item: Any
        if isinstance(shape, list):
            taken = {"input", *parameters, *extra}
            item = Items(declared(item_name(input_name, place, taken), one) for place, one in enumerate(shape))
        else:
            item = declared(input_name, shape)
        if at == 0:
            inner.entry = inner.current = item
        else:
            scope.names[input_name] = item
    outputs = inner.run(definition.body)
    if outputs is None:
        return Unknown()
    if inner.given is not None and (cut := body.context.cuts.get(id(definition))) and cut.length is not None:
        _check_length(body, builder, cut, inner.given)
    if not inner.is_cut:
        report_unread(body.context, definition, scope.names)
    module = builder.finish(outputs, saved_parameters(definition, parameters))
    check_rules(body.context, module, inner.init_spans)
    return module


def _check_length(body: Evaluation, builder: Builder, cut: Cut, given: Given) -> None:
    """Raise Problem where a chain has fewer layers than are taken of it."""
    assert cut.length is not None  # noqa: S101 - asked by the caller
    label, wanted = cut.length
    unit = builder.slot(label).unit
    found = len(body.context.modules[unit.module].children) if isinstance(unit, Use) else 0
    if found != wanted:
        layers = f"{found} layer{'s' if found != 1 else ''}"
        message = f"{label} of {cut.whole.name.text} has {layers} here, and no {label}.{wanted - 1}"
        raise error("E206", message, given.span, help=f"they count from 0 to {found - 1}" if found else "take another")


def saved_parameters(definition: tree.Definition | tree.Variant, bound: dict[str, Any]) -> tuple[Parameter, ...]:
    """The parameters of a definition as a program keeps them."""
    defaults = {p.name.text: _constant(p.default) for p in definition.parameters}
    return tuple(
        Parameter(name=name, value=saved(item, plain=True), default=defaults.get(name)) for name, item in bound.items()
    )


def _constant(node: tree.Expression | None) -> bool | int | float | None:
    if isinstance(node, (tree.Number, tree.Boolean)):
        return node.value
    if isinstance(node, tree.Unary) and node.operator == "-" and isinstance(node.operand, tree.Number):
        return -node.operand.value
    return None


def bind_parameters(
    inner: Evaluation,
    definition: tree.Definition | tree.Variant,
    arguments: dict[str, Any],
    values: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Give the parameters of a definition their arguments and defaults, in order.

    Numbers are traced by the parameter's name from here on. Raises Problem for a default that is wrong.
    """
    bound: dict[str, Any] = {}
    for parameter in definition.parameters:
        name = parameter.name.text
        if name in values:
            continue
        if name in arguments:
            item = arguments[name]
        elif parameter.default is not None:
            try:
                item = inner.known(parameter.default)
            except RecursionError:
                raise nested_too_deeply(parameter.default.span) from None
        else:
            continue
        hand_on(inner.context, item)
        plain = value_of(item)
        if not inner.context.traced:
            item = item if is_open(item) else plain
        elif isinstance(plain, (int, float)) and not isinstance(plain, bool) and not is_open(item):
            item = Traced(plain, Expr.of(Symbol(name, value=plain)))
        bound[name] = inner.scope.names[name] = item
    return bound


def item_name(name: str, place: int, taken: Container[str]) -> str:
    """What a value of a list that comes in is called: `maps0`."""
    made = numbered(name, place)
    while made in taken:
        made += "_"
    return made


def named_channels(shape: Shape, input_name: str, parameters: Container[str]) -> Shape:
    """The shape with its channels (or features) traced by what the generated class calls them."""
    if not shape or is_open(shape[0]):
        return shape
    unit = "features" if len(shape) == 1 else "channels"
    name = f"in_{unit}" if input_name == "input" else f"{input_name}_{unit}"
    name = f"input_{unit}" if name in parameters else name
    count = value_of(shape[0])
    return (Traced(count, Expr.of(Symbol(name, value=count))), *shape[1:])


def inner(item: Any) -> Any:
    """An argument as the inside of a definition sees it: without the names of the outside."""
    match item:
        case Traced():
            return item if is_open(item) else value_of(item)
        case list():
            return [inner(part) for part in item]
        case LayerRecipe():
            return LayerRecipe(item.layer, (), item.weights, item.init, item.span)
        case BlockRecipe():
            return BlockRecipe(item.template, tuple((n, inner(v)) for n, v in item.arguments), item.span)
        case Chain():
            return Chain(tuple(Stage(inner(s.recipe), s.label, s.span, s.quoted) for s in item.stages))
        case Copies():
            return Copies(inner(item.recipe), item.count, item.span)
        case Choice():
            return inner(item.recipe) if item.recipe is not None else Chain(())
        case _:
            return item


def saved(item: Any, *, plain: bool = False) -> Any:
    """An argument as a program keeps it: layers by their words."""
    if isinstance(item, Traced):
        return value_of(item) if plain else item
    if isinstance(item, list):
        return [saved(part, plain=True) for part in item]
    if isinstance(item, (bool, int, float, str)):
        return item
    return recipe_text(item)


def recipe_text(recipe: Recipe) -> str:
    """A layer given as an argument, as it could be written: `relu6`, `Block(channels=64)`, `conv(8, 3) -> relu`."""
    if parametric(recipe) is not None:
        listed = ", ".join(f"{name}={_said(item)}" for name, *_, item in getattr(recipe, "arguments", ()))
        return f"{word_of(recipe)}({listed})" if listed else word_of(recipe)
    match recipe:
        case LayerRecipe():
            return recipe.layer.text
        case Chain(()):
            return "identity"
        case Chain():
            return " -> ".join(recipe_text(stage.recipe) for stage in recipe.stages)
        case Copies():
            return f"{recipe_text(recipe.recipe)} * {recipe.count}"
        case _:
            return describe(recipe)


def _said(item: Any) -> str:
    """An argument as it could be written."""
    value = saved(item, plain=True)
    return str(value).lower() if isinstance(value, bool) else str(value)
