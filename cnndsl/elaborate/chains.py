"""Layers as values: chains of stages, braces, and what a condition chooses."""

from __future__ import annotations

from typing import Any

from cnndsl.diagnostics import Problem, error
from cnndsl.elaborate import instead
from cnndsl.elaborate.evaluation import Begun, Evaluation
from cnndsl.elaborate.suggest import hidden, with_colon
from cnndsl.elaborate.unread import hand_on
from cnndsl.elaborate.values import RECIPES, BraceRecipe, Chain, Choice, Silent, Stage, Value, describe
from cnndsl.names import plain_label
from cnndsl.syntax import tree
from cnndsl.traced import Truth


def conditional(body: Evaluation, node: tree.Conditional) -> Any:
    """What `a if condition else b` is worth. Raises Problem."""
    truth = body.truth(node.condition)
    with body.builder.on(truth, bool(truth)):
        chosen = body.known(node.yes if truth else node.no)
    hand_on(body.context, chosen)
    span = (node.yes if truth else node.no).span
    return Choice(chosen, truth, span) if isinstance(chosen, RECIPES) and isinstance(truth, Truth) else chosen


def choice(body: Evaluation, node: tree.If) -> Choice:
    """`if condition { } else { }` as a layer. Raises Problem."""
    truth = body.truth(node.condition)
    branch = node.yes if truth else node.no
    if isinstance(branch, tree.If):
        return Choice(choice(body, branch), truth, node.span)
    return Choice(None if branch is None else brace(body, branch), truth, node.span)


def brace(body: Evaluation, node: tree.Body) -> BraceRecipe:
    """`{ ... }` as a layer; its lines are worked out when it is applied."""
    return BraceRecipe(node, body.scope)


def labelled(body: Evaluation, node: tree.Labelled) -> Any:
    """`name: layer`, a chain of one stage. Raises Problem."""
    return Chain((_stage(body, node),))


def _stage(body: Evaluation, node: tree.Expression) -> Stage:
    if isinstance(node, tree.Labelled):
        quoted = isinstance(node.label, tree.String)
        label = plain_label(body.evaluate(node.label)) if isinstance(node.label, tree.String) else node.label.text
        value = body.known(node.layer)
        if not isinstance(value, RECIPES) and (problem := with_colon(node)) is not None:
            raise problem
        layer = _recipe(value, node.layer, "only a layer has a name before a colon", node.label)
        return Stage(layer, label, node.span, quoted)
    is_word = body.builder.names_place(node.span)
    return Stage(_recipe(body.known(node), node, "only a layer can follow ->"), None, node.span, is_word=is_word)


def _recipe(value: Any, node: tree.Expression, wanted: str, label: tree.Node | None = None) -> Any:
    """The value, unless it is none that makes a layer. Raises Problem."""
    if isinstance(value, RECIPES):
        return value
    help_text, fix = instead.stage(node)
    help_text = next(iter(hidden(node)), help_text)
    if isinstance(value, list) and any(isinstance(item, RECIPES) for item in value) and fix is None:
        help_text = f"apply its layers one by one: for layer in {node.span.text} {{ layer }}"
    if isinstance(value, (tuple, list)) and value and all(isinstance(item, Value) for item in value):
        raise error(
            "E404",
            f"one value goes through an arrow, and here are {len(value)} values",
            node.span,
            help="go on with one of them, a, b = ... and then a -> ..., or put them together: concat(...) -> ...",
        )
    if label is not None and isinstance(node, tree.Number):
        help_text = f"a number gets its name with =: {label.span.text} = {node.span.text}"
    if isinstance(value, Value):
        help_text = "begin a new line with the value: it becomes the current one"
        if isinstance(node, tree.Call) and node.function.span.text in ("concat", "add", "mul"):
            help_text = f"{node.function.span.text} is given all its values, in a line of its own"
        if label is not None:
            help_text = f"a value gets its name with =: {label.span.text} = ..."
    raise error("E404", f"{wanted}, and this is {describe(value)}", node.span, help=help_text, fix=fix)


def _check_label(body: Evaluation, stage: tree.Expression, line: tree.Pipe) -> None:
    """Raise Problem for a name that another stage of the same line is only about to give."""
    if not isinstance(stage, tree.Name) or stage.text in body.scope:
        return
    if stage.text in ("x", "y", "out") and stage is line.stages[-1]:
        helps = f"a value gets its name in front: {stage.text} = ... -> ..."
        raise error("E201", f"nothing is called {stage.text}", stage.span, help=helps)
    labels = (other.label for other in line.stages if isinstance(other, tree.Labelled))
    if any(isinstance(label, tree.Name) and label.text == stage.text for label in labels):
        message = f"{stage.text} is a name from the next line on"
        raise error("E201", message, stage.span, help=f"write -> {stage.text} in a line of its own")


def pipe(body: Evaluation, node: tree.Pipe) -> Any:
    """What `a -> b` is worth: a layer, or what comes out where `a` is a value. Raises Problem."""
    if (numbers := instead.numbers_in_a_row(node)) is not None:
        raise numbers
    first = node.stages[0]
    start: Any = None
    stages: list[Stage] = []
    begun: Begun | None = None
    mistake: Problem | None = None
    for part in node.stages:
        try:  # each stage is checked by itself, so that one mistake does not hide the next
            if part is not first or isinstance(first, tree.Labelled):
                _check_label(body, part, node)
                stages.append(_stage(body, part))
                continue
            start = body.known(first)
            if not isinstance(start, Value):
                wanted = "a value or a layer stands before ->"
                is_word = body.builder.names_place(first.span)
                stages.append(Stage(_recipe(start, first, wanted), None, first.span, is_word=is_word))
        except (Problem, Silent) as problem:
            if begun is None:
                begun = Begun(node, start, Chain(tuple(_flat(stages))), part)
                mistake = problem if isinstance(problem, Problem) else None
            elif isinstance(problem, Problem):
                body.context.report(problem.diagnostic)
    if begun is not None:
        body.begun = begun
        raise mistake or Silent
    chain = body.light(Chain(tuple(_flat(stages))), node.span)
    return body.apply(chain, start, node.span) if isinstance(start, Value) else chain


def _flat(stages: list[Stage]) -> list[Stage]:
    flat: list[Stage] = []
    for stage in stages:
        if stage.label is None and isinstance(stage.recipe, Chain) and not stage.is_word:
            flat.extend(stage.recipe.stages)
        else:
            flat.append(stage)
    return flat
