"""A layer as PyTorch writes it, `nn.Conv2d(3, 8, 5)`: what is written here instead, and when that says the same.

It says the same where PyTorch's name, the order of its arguments and what it says of its input all hold. The input is
known only where the layer is applied, so the error is an `AsInPyTorch`, and the body that applies layers settles it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from cnndsl.diagnostics import Applicability, Diagnostic, Fix, Problem, error
from cnndsl.elaborate.evaluation import Evaluation
from cnndsl.elaborate.suggest import without
from cnndsl.elaborate.values import Silent
from cnndsl.layers.sizes import Shape
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.traced import is_open, value_of


@dataclass(frozen=True)
class Claim:
    """What a layer of PyTorch says of its input."""

    ranks: tuple[int, ...] = ()
    """How many axes a sample may have, 3 for a map; any number of them where there are none."""
    channels: Any = None
    """How many channels come in."""
    features: Any = None
    """How many numbers come in, on all axes together."""

    def holds(self, x: Shape) -> bool:
        """Whether it is so for an input."""
        if (self.ranks and len(x) not in self.ranks) or any(map(is_open, x if self.features is not None else x[:1])):
            return False
        sizes = [value_of(dim) for dim in x]
        return all(
            said is None or (value_of(said) == size and not isinstance(value_of(said), bool))
            for said, size in ((self.channels, sizes[0]), (self.features, prod(sizes)))
        )


class AsInPyTorch(Problem):
    """An error whose fix is safe where the layer written at `span` is applied to what the text says."""

    def __init__(self, diagnostic: Diagnostic, span: Span, claim: Claim) -> None:
        super().__init__(diagnostic)
        self.span = span
        self._claim = claim

    def settled(self, at: Span, x: Shape) -> Diagnostic:
        """The diagnostic where what stands at a place is applied to an input."""
        fix = self.diagnostic.fix
        if fix is None or at != self.span:
            return self.diagnostic
        if not self._claim.holds(x):
            return self._with_what_comes_in(x)
        return replace(self.diagnostic, fix=replace(fix, applicability=Applicability.SAFE))

    def _with_what_comes_in(self, x: Shape) -> Diagnostic:
        """The diagnostic with what comes in, where the text says another number."""
        found, claim = self.diagnostic, self._claim
        written, left_out, _ = found.help[0].rpartition(": ") if found.help else ("", "", "")
        what, said = ("channels", claim.channels) if claim.features is None else ("numbers", claim.features)
        came = x[0] if claim.features is None else prod(value_of(dim) for dim in x)
        if not left_out or said is None or is_open(came) or value_of(came) == value_of(said):
            return found
        one = what.removesuffix("s") + " comes" if value_of(came) == 1 else f"{what} come"
        helps = (f"{written}: {value_of(came)} {one} in here, and not {value_of(said)}", *found.help[1:])
        return replace(found, help=helps)


def claimed(problem: Problem, span: Span, claim: Claim) -> Problem:
    """The problem of the layer at `span`, whose fix is safe if the claim holds; an empty one always does."""
    found = problem.diagnostic
    if found.fix is None:
        return problem
    if claim == Claim():
        return Problem(replace(found, fix=replace(found.fix, applicability=Applicability.SAFE)))
    return AsInPyTorch(found, span, claim)


def name_alone(problem: Problem, node: tree.Expression) -> Problem:
    """The error for PyTorch's name of a layer that is not called, `-> nn.ReLU`."""
    from cnndsl.layers.aliases import torch_function, torch_layer

    name, found = node.span.text, problem.diagnostic
    layer = torch_layer(name)
    if found.span != node.span or (torch_function(name) != "" if layer is None else layer.needs_arguments):
        return problem
    return claimed(problem, node.span, Claim() if layer is None else Claim(layer.ranks))


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
    said = _number(body, argument.value)
    if layer is None or said is None or positional - 1 > layer.most_by_position:
        return problem
    claim = Claim(layer.ranks, features=said) if layer.word == "linear" else Claim(layer.ranks, channels=said)
    return claimed(problem, call.span, claim)


def _number(body: Evaluation, node: tree.Expression) -> Any:
    """What an argument is worth, if it is a number; it is worked out in vain otherwise."""
    if not isinstance(node, (tree.Number, tree.Name, tree.Attribute, tree.Binary)):
        return None
    try:
        value = body.known(node)
    except (Problem, Silent):
        return None
    return value if isinstance(value_of(value), int) else None
