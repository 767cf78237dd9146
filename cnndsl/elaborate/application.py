"""Layers meet values: what a recipe makes when it is applied, in a body and in a chain.

In a body an unnamed chain is applied stage by stage; under a name it is a part of its own, an
`nn.Sequential`.  In a chain every stage is a part, numbered or labelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.elaborate.arguments import bind_layer, check_complete
from cnndsl.elaborate.builder import Builder, Slot
from cnndsl.elaborate.context import dims_key
from cnndsl.elaborate.definitions import Made, instantiate, recipe_word
from cnndsl.elaborate.expressions import Expressions, open_size
from cnndsl.elaborate.externs import bind_extern
from cnndsl.elaborate.mistaken import other_order, refuse_others
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.suggest import value_first
from cnndsl.elaborate.values import (
    BlockRecipe,
    BraceRecipe,
    Chain,
    Choice,
    Copies,
    External,
    InitialiserKind,
    Kind,
    LayerRecipe,
    Part,
    Silent,
    Stage,
    Template,
    Unknown,
    Value,
    describe,
    key_for,
)
from cnndsl.elaborate.weights import check_begin, check_fit, initialiser
from cnndsl.layers.base import Layer
from cnndsl.layers.declared import Invalid
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.learned import Learned
from cnndsl.layers.shape import Flatten
from cnndsl.layers.sizes import Shape, SizeError, show
from cnndsl.program import Call, Leaf, Module, Output, Plain, Use
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.traced import OpenSize, Traced, value_of

_PARAMETER = "write parameter([channels, 1, 1], init=1e-6)"


class NeedsFlatten(Exception):  # noqa: N818 - a signal to the body around a chain
    """Raised by a chain whose first layer takes features, when a feature map comes in."""


class Application(Expressions):
    """Applies layers, for one body."""

    def run(self, body: tree.Body) -> tuple[Output, ...] | None:
        """Work out all lines of a definition; None after a mistake in it."""
        raise NotImplementedError

    def run_branch(self, body: tree.Body) -> None:
        """Run the lines of a brace in this body."""
        raise NotImplementedError

    def spawn(self, builder: Builder, scope: Scope) -> Application:
        """The elaboration of another body."""
        return type(self)(self.context, builder, scope)

    def apply(self, recipe: Any, value: Any, span: Span) -> Any:
        return self.apply_stage(Stage(recipe, None, span), value)

    def apply_stage(self, stage: Stage, value: Any) -> Any:
        """Apply a stage to a value; the value that comes out. Raises Problem."""
        if isinstance(value, Unknown):
            self._check_alone(stage)
            raise Silent
        recipe, span = stage.recipe, stage.span
        if stage.label is not None:
            return self._apply_labelled(stage, value)
        match recipe:
            case Chain():
                for inner in recipe.stages:
                    value = self.apply_stage(inner, value)
                return value
            case Copies():
                self.context.turn(span, recipe.count)
                with self.builder.repeating(recipe.tally):
                    for _ in range(recipe.count):
                        value = self.apply_stage(Stage(recipe.recipe, None, span), value)
                return value
            case Choice():
                return self._apply_choice(recipe, value, span)
            case Part():
                return self._apply_part(recipe, value, span)
            case BraceRecipe() if not self.builder.is_chain:
                return self._splice(recipe, value)
            case Kind() | LayerRecipe() | External():
                made = self._layer_recipe(recipe, span)
                if made.layer.plain_call and not self.builder.is_chain:
                    return self._plain(made, value, span)
                return self._leaf(None, made, value, span)
        return self._fill(self.builder.automatic(recipe_word(recipe), span), recipe, value, span)

    def _check_alone(self, stage: Stage) -> None:
        """Check of a stage what can be checked without knowing what comes in: its name, and whether it is complete."""
        if stage.label is not None and not isinstance(stage.recipe, Part):
            self.builder.declare(stage.label, stage.span, quoted=stage.quoted)
        if isinstance(stage.recipe, Chain):
            for inner in stage.recipe.stages:
                self._check_alone(inner)
        elif isinstance(stage.recipe, Kind):
            self._layer_recipe(stage.recipe, stage.span)
        elif isinstance(stage.recipe, Template):
            check_complete(stage.recipe.definition, (), stage.span)
        elif isinstance(stage.recipe, BlockRecipe):
            check_complete(
                stage.recipe.template.definition, dict(stage.recipe.arguments), stage.recipe.span or stage.span
            )

    def _apply_labelled(self, stage: Stage, value: Any) -> Any:
        recipe, span, label = stage.recipe, stage.span, stage.label
        assert label is not None  # noqa: S101 - asked by the caller
        if isinstance(recipe, Part):
            raise error("E403", f"this layer is already called {recipe.name}", span, help=f"write only {recipe.name}")
        slot = self.builder.declare(label, span, quoted=stage.quoted)
        result = self._fill(slot, recipe, value, span)
        if not self.builder.is_chain:  # only now, so that inside the layer the name means what it meant before
            self.scope.names[label] = Part(self.builder, label, recipe, span)
        return result

    def _apply_choice(self, choice: Choice, value: Any, span: Span) -> Any:
        if choice.recipe is None:
            return value
        with self.builder.on(choice.condition, choice.outcome):
            if isinstance(choice.recipe, BraceRecipe):
                return self._splice(choice.recipe, value)
            return self.apply_stage(Stage(choice.recipe, None, span), value)

    def _apply_part(self, part: Part, value: Any, span: Span) -> Any:
        if part.owner is not self.builder:
            raise error(
                "E403",
                f"{part.name} is a part of the body around this chain",
                span,
                labels=(Label(part.span, "it is declared here"),),
                help="a chain with a name holds layers of its own: write the layer itself, or apply stage by stage",
            )
        return self._fill(self.builder.slots[part.name], part.recipe, value, span)

    def _splice(self, brace: BraceRecipe, value: Any) -> Any:
        """Run the lines of a brace here, with the value as their input."""
        inner = self.spawn(self.builder, Scope(brace.scope))
        inner.entry = inner.current = value
        inner.run_branch(brace.body)
        return inner.current

    # One part

    def _fill(self, slot: Slot, recipe: Any, value: Any, span: Span) -> Any:
        """Apply the part `slot`, which is made by the recipe if this is the first time."""
        match recipe:
            case Kind() | LayerRecipe() | External():
                return self._leaf(slot, self._layer_recipe(recipe, span), value, span)
            case Template():
                return self._block(slot, BlockRecipe(recipe, (), span), value, span)
            case BlockRecipe():
                return self._block(slot, recipe, value, span)
            case Chain(stages=()):
                return value  # the identity leaves no module behind
            case Choice():
                if recipe.recipe is None:
                    return value
                with self.builder.on(recipe.condition, recipe.outcome):
                    return self._fill(slot, recipe.recipe, value, span)
            case _:
                return self._composed(slot, recipe, value, span)

    def _layer_recipe(self, recipe: Kind | LayerRecipe | External, span: Span) -> LayerRecipe:
        if isinstance(recipe, LayerRecipe):
            return recipe
        if isinstance(recipe, External):
            return bind_extern(self, recipe, tree.Call(span, recipe.declaration.name, ()))
        return bind_layer(self, recipe.layer, tree.Call(span, tree.Name(span, recipe.layer.kind), ()), [])

    def _leaf(self, slot: Slot | None, recipe: LayerRecipe, value: Any, span: Span) -> Value:
        """Apply a layer that is a module; without a slot, as a part without a name."""
        value = self._one(value, span)
        layer = recipe.layer
        with self._sizes(recipe, value, span):
            if layer.flattens(value.shape):
                value = self._flatten(value, recipe, span)
            x = value.shape
            y = self._output(recipe, x)
            self.context.tensors(layer, x)
            if layer.plain_call:
                layer.torch(x)  # some operations are no module, and say so
        self.context.turn(span)
        self.builder.add_size(1, span)
        if slot is None:
            slot = self.builder.automatic(recipe_word(recipe), span)
        if slot.unit is None:
            self.builder.fill(slot, self._built(recipe, x, span))
        else:
            self._same_leaf(slot, layer, x, span)
        maker = layer.word if slot.name.isdigit() else slot.name
        (result,) = self.builder.step(Call(child=slot.name), (value,), (y,), span, maker)
        return result

    def _built(self, recipe: LayerRecipe, x: Shape, span: Span) -> Leaf:
        weights = recipe.weights
        if weights is None and not recipe.init:
            return Leaf(layer=recipe.layer, x=x, traced=dict(recipe.traced))
        kind, where = recipe.layer.kind, recipe.span or span
        tensors = {tensor.name: tensor for tensor in self.context.tensors(recipe.layer, x)}
        for what in ("weight", "bias"):
            numbers = getattr(weights, what, None)
            if numbers is None:
                continue
            if what not in tensors:
                raise error("E310", f"{kind} has no {what} here", where, help="leave it out")
            check_fit(numbers, tensors[what].shape, what, where)
        for what, rule in recipe.init:
            check_begin(rule, tensors.get(what), what, kind, where)
        return Leaf(layer=recipe.layer, x=x, traced=dict(recipe.traced), weights=weights, init=dict(recipe.init))

    def _learned(self, node: tree.Call, positional: list[Any], named: dict[str, Any]) -> Value:
        """`parameter([channels, 1, 1], init=1e-6)`: a learned tensor, as a value."""
        names = ("size", "init")
        given = dict(zip(names, positional, strict=False)) | named
        size = given.get("size")
        if len(positional) > 2 or not set(given) <= set(names) or not isinstance(size, list) or not size:
            raise error(
                "E207",
                "parameter takes the shape of a tensor for one sample, and perhaps init",
                node.span,
                help=_PARAMETER,
            )
        if self.builder.is_chain:
            raise error("E404", "a chain holds layers only; this is a value", node.span, help="make it a block")
        begin = given.get("init", 0.0)
        begin = (
            initialiser(begin, node.span) if isinstance(begin, (Initialiser, InitialiserKind)) else self.plain(begin)
        )
        for dim in size:
            if isinstance(dim, Traced) and dim.is_open:
                raise open_size(node.span)
        for name, value in (("size", size), ("init", begin)):
            if not isinstance(value, Initialiser):
                refuse_others(f"parameter: {name}", value, node.span, lambda: _PARAMETER)
        try:
            layer = Learned(size=tuple(value_of(dim) for dim in size), init=begin)
        except Invalid as problem:
            raise error("E208", f"parameter: {problem.reason}", node.span) from None
        if isinstance(begin, Initialiser):
            check_begin(begin, layer.tensors(())[0], "tensor", "parameter", node.span)
        traced: dict[str, Any] = {"size": tuple(size)} if any(isinstance(dim, Traced) for dim in size) else {}
        slot = (
            self.builder.declare(self.wanted, node.span)
            if self.wanted
            else self.builder.automatic("parameter", node.span)
        )
        self.builder.fill(slot, Leaf(layer=layer, x=(), traced=traced))
        self.builder.add_size(1, node.span)
        (value,) = self.builder.step(Call(child=slot.name), (), (tuple(size),), node.span, slot.name)
        return value

    def _same_leaf(self, slot: Slot, layer: Layer, x: Shape, span: Span) -> None:
        assert isinstance(slot.unit, Leaf)  # noqa: S101 - a slot is filled by one recipe
        before = slot.unit.x
        if dims_key(before) == dims_key(x):
            return
        if layer.tensors(before) != layer.tensors(x) or layer.torch(before) != layer.torch(x):
            raise error(
                "E308",
                f"{slot.name} was built for an input of {show(before)}, and {show(x)} comes in here",
                span,
                labels=(Label(slot.span, f"{slot.name} is one layer, with one set of weights"),),
                help="declare a second layer for this size",
            )

    def _plain(self, recipe: LayerRecipe, value: Any, span: Span, *, inserted: bool = False) -> Value:
        """Apply a layer as a function call, which leaves no module."""
        value = self._one(value, span)
        with self._sizes(recipe, value, span):
            y = self._output(recipe, value.shape)
        action = Plain(layer=recipe.layer, traced=dict(recipe.traced), inserted=inserted)
        self.context.turn(span)
        (result,) = self.builder.step(action, (value,), (y,), span, recipe.layer.kind)
        return result

    def _call_on_value(self, kind: Kind, value: Value, node: tree.Call) -> Value:
        rest = node.replaced(arguments=node.arguments[1:])
        recipe = bind_layer(self, kind.layer, rest)
        if self.builder.is_chain:
            raise error(
                "E404",
                "a chain holds layers only; this is a call on a value",
                node.span,
                help="write the layer without the value",
            )
        with self._sizes(recipe, value, node.span):
            self._output(recipe, value.shape)
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
        return self._plain(recipe, value, node.span)

    def _flatten(self, value: Value, recipe: LayerRecipe, span: Span) -> Value:
        if not self.builder.is_chain:
            return self._plain(LayerRecipe(Flatten()), value, span, inserted=True)
        if not self.builder.steps:
            raise NeedsFlatten
        raise error(
            "E311",
            f"{recipe.layer.kind} takes a list of features, and a map of {show(value.shape)} comes in",
            recipe.span or span,
            help=f"in the middle of a chain write the flatten too: flatten -> {recipe.layer.kind}(...)",
            fix=_flatten_first(recipe.span or span),
        )

    def _output(self, recipe: LayerRecipe, x: Shape) -> Shape:
        counts = {n: t for n, t in recipe.traced if isinstance(t, Traced) and recipe.layer.role(n) == "count"}
        return self.context.output(recipe.layer, counts, x)

    @contextmanager
    def _sizes(self, recipe: LayerRecipe, value: Value, span: Span) -> Iterator[None]:
        """Turn what a size rule raises into a problem at the layer that it is about."""
        try:
            yield
        except SizeError as problem:
            where = recipe.span or span
            came = Label(value.span, f"{show(value.shape)} comes from {value.maker}")
            here = () if where == span else (Label(span, f"applied to {show(value.shape)} here"),)
            label = "" if here else f"applied to {show(value.shape)} here"
            labels = (*here, came) if value.span not in (where, span) else here
            helps = (*other_order(problem.code, recipe.layer, value.shape), *problem.help)
            raise error(problem.code, problem.message, where, label=label, labels=labels, help=helps) from None
        except OpenSize:
            raise open_size(recipe.span or span) from None

    # Composed parts

    def _composed(self, slot: Slot, recipe: Any, value: Any, span: Span) -> Any:
        value = self._one(value, span)
        try:
            module = self._chain_module(recipe, value, span)
        except NeedsFlatten:
            if self.builder.is_chain:
                if not self.builder.steps:
                    raise
                raise error(
                    "E311",
                    f"this chain takes a list of features, and a map of {show(value.shape)} comes in",
                    span,
                    help="write flatten before it",
                    fix=_flatten_first(span),
                ) from None
            value = self._plain(LayerRecipe(Flatten()), value, span, inserted=True)
            module = self._chain_module(recipe, value, span)
        return self._use(slot, Made(module, module.output_shapes), (value,), {}, span)

    def _chain_module(self, recipe: Any, value: Value, span: Span) -> Module:
        key = ("chain", self.builder.name, key_for(recipe), dims_key(value.shape))
        known = self.context.memo.get(key)
        if known is not None:
            return known  # type: ignore[no-any-return]
        builder = Builder(self.context, "chain", "", span)
        inner = self.spawn(builder, Scope(self.scope, walls=True))
        inner.entry = inner.current = builder.input("input", value.shape, span)
        try:
            if isinstance(recipe, BraceRecipe):
                inner.scope = Scope(recipe.scope, walls=True)
                inner.run_branch(recipe.body)
            else:
                inner.current = inner.apply(recipe, inner.current, span)
        finally:
            self.builder.fixed |= builder.fixed
        if isinstance(inner.current, Unknown):
            raise Silent
        module = builder.finish((Output(value=inner.current.index),))
        self.context.memo[key] = module
        return module

    def _block(self, slot: Slot, recipe: BlockRecipe, value: Any, span: Span) -> Any:
        value = self._one(value, span)
        for _, argument in recipe.arguments:
            if isinstance(argument, Value):
                self.own(argument, span)
        try:
            made, extra, arguments = instantiate(self, recipe, value, span)
        except NeedsFlatten:
            if self.builder.is_chain:
                raise
            value = self._plain(LayerRecipe(Flatten()), value, span, inserted=True)
            made, extra, arguments = instantiate(self, recipe, value, span)
        if extra and self.builder.is_chain:
            raise error(
                "E404",
                "a chain holds layers only; this block takes a value",
                span,
                help="apply it in a block or network",
            )
        return self._use(slot, made, (value, *extra), arguments, span)

    def _use(self, slot: Slot, made: Made, inputs: tuple[Value, ...], arguments: dict[str, Any], span: Span) -> Any:
        module = made.module
        if self.builder.is_chain and (len(module.outputs) != 1 or module.outputs[0].name is not None):
            gives = "its output by name" if len(module.outputs) == 1 else f"{len(module.outputs)} values"
            raise error(
                "E404",
                f"each layer of a chain gives one value to the next, and {module.name} gives {gives}",
                span,
                help="apply it in a block or network",
            )
        if slot.unit is None:
            xs = tuple(item.shape for item in inputs)
            self.builder.fill(slot, Use(module=module.id, xs=xs, arguments=arguments))
        elif isinstance(slot.unit, Use) and slot.unit.module != module.id:
            self._same_module(slot, self.context.modules[slot.unit.module], module, span)
        self.builder.add_size(self.context.sizes[module.id] + 1, span)
        outputs = self.builder.step(Call(child=slot.name, module=module.id), inputs, made.shapes, span, slot.name)
        return outputs if len(outputs) > 1 else outputs[0]

    def _same_module(self, slot: Slot, before: Module, now: Module, span: Span) -> None:
        if self._build(before) != self._build(now):
            raise error(
                "E308",
                f"{slot.name} was built for {show(before.values[0])}, and {show(now.values[0])} comes in here",
                span,
                labels=(Label(slot.span, f"{slot.name} is one layer, with one set of weights"),),
                help="declare a second layer for this size",
            )

    def _build(self, module: Module) -> Any:
        """What a module is made of, whatever the sizes that flow through it."""
        key = ("build", module.id)
        if key not in self.context.memo:
            parts = []
            for child in module.children:
                unit = child.unit
                if isinstance(unit, Use):
                    parts.append((child.name, self._build(self.context.modules[unit.module])))
                else:
                    parts.append((child.name, (type(unit.layer), unit.layer, unit.layer.tensors(unit.x))))
            flow = tuple((step.action.what, step.inputs, step.outputs) for step in module.steps)
            self.context.memo[key] = (tuple(parts), flow)
        return self.context.memo[key]

    def _one(self, value: Any, span: Span) -> Value:
        """The single value that a layer is applied to. Raises Problem for anything else."""
        if isinstance(value, Value):
            self.own(value, span)
            return value
        if value is None:
            raise error("E401", "nothing flows here yet", span, help="declare the input first: input(3, 32, 32)")
        if isinstance(value, Unknown):
            raise Silent
        raise error(
            "E407",
            f"a layer is applied to one value, and here are {describe(value)}",
            span,
            help="give each a name, a, b = ..., and go on with one: a -> ...",
        )


def forget_names(shape: Shape) -> Shape:
    """A shape as the inside of another definition sees it: numbers without the names of the outside."""
    return tuple(dim.value if isinstance(dim, Traced) and not dim.is_open else dim for dim in shape)  # type: ignore[misc]


__all__ = ["Application", "NeedsFlatten", "Problem"]


def _flatten_first(span: Span) -> Fix:
    """The fix that writes a flatten before a stage, and before the name that it is given on its way."""
    text, start = span.source.text, span.start
    label = re.search(r'(?:[^\W\d]\w*|"[^"\n]*")[ \t]*:[ \t]*$', text[max(0, start - 200) : start])
    at = start - len(label[0]) if label else start
    return Fix.replacing(Span(span.source, at, at), "flatten -> ")
