"""A layer as PyTorch writes it, `nn.Conv2d(3, 8, 5)`: what is written here instead, and when that says the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnndsl.diagnostics import Applicability, Fix, Problem, error
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.name_hints import Claim, claimed, without
from cnndsl.semantics.values import Silent
from cnndsl.symbolic.number import value_of
from cnndsl.syntax import tree


def called(body: Evaluation, problem: Problem, call: tree.Call) -> Problem:
    """The error for a call of a layer by PyTorch's name, with what the input fixes left out."""
    from cnndsl.layers.aliases import fixed_position, torch_function, torch_layer

    found = problem.diagnostic
    if found.fix is None or found.span != call.function.span:
        return problem
    name = call.function.span.text
    named = [argument.name.text for argument in call.arguments if argument.name is not None]
    positional = len(call.arguments) - len(named)
    layer, takes = torch_layer(name), torch_function(name)
    if layer is None and takes is None:
        return problem
    at = fixed_position(name, positional, named)
    if at is None:
        problem = Problem(replace(found, fix=replace(found.fix, applicability=Applicability.UNSAFE)))
        if layer is None:
            is_same = takes in ("", *named) if positional == 1 else positional == 2 and takes
            return claimed(problem, call.span, Claim()) if is_same else problem
        if positional > (0 if layer.derives else layer.most_by_position) or not layer.has_needed(positional, named):
            return problem
        return claimed(problem, call.span, Claim(layer.ranks))
    left_out = without(call, at)
    if left_out is None:
        return problem
    word, argument = found.fix.edits[0].text, call.arguments[at]
    given = [other.span.text for other in call.arguments if other is not argument]
    written = f"{word}({', '.join(given)})" if given else word
    helps = (f"write {written}: {argument.span.text} follows from what comes in",)
    fix = Fix((*found.fix.edits, *left_out.edits), Applicability.UNSAFE)
    problem = error(found.code, found.message, found.span, label=found.label, labels=found.labels, help=helps, fix=fix)
    said = _known_number(body, argument.value)
    if layer is None or said is None or positional - 1 > layer.most_by_position:
        return problem
    claim = Claim(layer.ranks, features=said) if layer.word == "linear" else Claim(layer.ranks, channels=said)
    return claimed(problem, call.span, claim)


def _known_number(body: Evaluation, node: tree.Expression) -> Any:
    """What an argument is worth, if it is a number; it is worked out in vain otherwise."""
    if not isinstance(node, (tree.Number, tree.Name, tree.Attribute, tree.Binary)):
        return None
    try:
        value = body.known(node)
    except (Problem, Silent):
        return None
    return value if isinstance(value_of(value), int) else None
