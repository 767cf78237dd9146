"""An error whose fix writes a layer of PyTorch as it is written here: safe where it says of its input what is true."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from cnndsl.diagnostics import Applicability, Diagnostic, Problem
from cnndsl.frozen import frozen
from cnndsl.layers.formula import Shape
from cnndsl.source import Span
from cnndsl.symbolic.number import is_open, value_of
from cnndsl.syntax import tree


@frozen()
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
