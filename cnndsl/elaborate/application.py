"""Layers meet values: what a recipe makes when it is applied, in a body and in a chain.

In a body an unnamed chain is applied stage by stage; under a name it is a part of its own, an
`nn.Sequential`.  In a chain every stage is a part, numbered or labelled.
"""

from __future__ import annotations

from typing import Any

from cnndsl.diagnostics import Label, error
from cnndsl.elaborate.arguments import check_complete
from cnndsl.elaborate.builder import Slot
from cnndsl.elaborate.composed import block, composed
from cnndsl.elaborate.expressions import Expressions
from cnndsl.elaborate.leaves import layer_recipe, leaf, plain_call
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.values import (
    IDENTITY,
    BlockRecipe,
    BraceRecipe,
    Chain,
    Choice,
    Copies,
    External,
    Kind,
    LayerRecipe,
    Part,
    Recipe,
    Silent,
    Stage,
    Template,
    Unknown,
    recipe_word,
)
from cnndsl.source import Span


class Application(Expressions):
    """Applies layers, for one body."""

    def apply(self, recipe: Recipe, value: Any, span: Span) -> Any:
        return self.apply_stage(Stage(recipe, None, span), value)

    def apply_stage(self, stage: Stage, value: Any) -> Any:
        """Apply a stage to a value; the value that comes out. Raises Problem."""
        if isinstance(value, Unknown):
            self._check_alone(stage)
            raise Silent
        recipe, span = stage.recipe, stage.span
        self.context.work(span)
        if stage.label is not None:
            return self._apply_labelled(stage, value)
        if self.builder.names_place(span) and isinstance(recipe, (Chain, Copies, Choice, BraceRecipe)):
            return self._apply_named(recipe, value, span)
        match recipe:
            case Chain():
                for inner in recipe.stages:
                    value = self.apply_stage(inner, value)
                return value
            case Copies():
                self.context.turn(span, recipe.count)
                with self.builder.looping(span):
                    for _ in range(recipe.count):
                        value = self.apply_stage(Stage(recipe.recipe, None, recipe.span or span), value)
                return value
            case Choice():
                return self._apply_choice(recipe, value)
            case Part():
                return self._apply_part(recipe, value, span)
            case BraceRecipe() if not self.builder.is_chain:
                return self._splice(recipe, value)
            case Kind() | LayerRecipe() | External():
                made = layer_recipe(self, recipe, span)
                if made.layer.plain_call and not self.builder.is_chain:
                    return plain_call(self, made, value, span)
                return leaf(self, None, made, value, span)
        return self._fill(self.builder.automatic(recipe_word(recipe), span), recipe, value, span)

    def _check_alone(self, stage: Stage) -> None:
        """Check of a stage what can be checked without knowing what comes in: its name, and whether it is complete."""
        if stage.label is not None and not isinstance(stage.recipe, Part):
            self.builder.declare(stage.label, stage.span, quoted=stage.quoted)
        if isinstance(stage.recipe, Chain):
            for inner in stage.recipe.stages:
                self._check_alone(inner)
        elif isinstance(stage.recipe, Kind):
            layer_recipe(self, stage.recipe, stage.span)
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

    def _apply_named(self, recipe: Recipe, value: Any, span: Span) -> Any:
        """Apply what a word of the text stands for: one part, whatever that is made of."""
        if recipe == IDENTITY or (isinstance(recipe, Choice) and recipe.recipe is None):
            return value
        return self._fill(self.builder.automatic("layers", span), recipe, value, span)

    def _apply_choice(self, choice: Choice, value: Any) -> Any:
        if choice.recipe is None:
            return value
        with self.builder.on(choice.condition, choice.outcome):
            if isinstance(choice.recipe, BraceRecipe):
                return self._splice(choice.recipe, value)
            return self.apply_stage(Stage(choice.recipe, None, choice.span), value)

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
        brace.scope.end(inner.scope)
        return inner.current

    # One part

    def _fill(self, slot: Slot, recipe: Recipe, value: Any, span: Span) -> Any:
        """Apply the part `slot`, which is made by the recipe if this is the first time."""
        slot.applied = True
        match recipe:
            case Kind() | LayerRecipe() | External():
                return leaf(self, slot, layer_recipe(self, recipe, span), value, span)
            case Template():
                return block(self, slot, BlockRecipe(recipe, (), span), value, span)
            case BlockRecipe():
                return block(self, slot, recipe, value, span)
            case Chain(stages=()):
                return value  # the identity leaves no module behind
            case Choice():
                if recipe.recipe is None:
                    return value
                with self.builder.on(recipe.condition, recipe.outcome):
                    return self._fill(slot, recipe.recipe, value, span)
            case _:
                return composed(self, slot, recipe, value, span)
