"""The size rule by arithmetic alone gives what the checked one gives, with numbers and with expressions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cnndsl.ir.program import Combine, Leaf, Plain, Program
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape
from cnndsl.layers.registry import KINDS
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, evaluate, value_of
from tests.oracle.generator import generate
from tests.running import program_of


def applied(program: Program) -> Iterator[tuple[Layer, Shape]]:
    """Every layer of a program, with what comes in."""
    for module in program.modules.values():
        for child in module.children:
            if isinstance(child.unit, Leaf) and child.unit.x:
                yield child.unit.layer, child.unit.x
        for step in module.steps:
            if isinstance(step.action, Plain):
                yield step.action.layer, module.values[step.inputs[0]]


def check(program: Program) -> None:
    for layer, x in applied(program):
        known = tuple(value_of(dim) for dim in x)
        assert layer.size_rule(known) == layer.output(known)
        names = {f"n{axis}": size for axis, size in enumerate(known)}
        symbols = tuple(Traced(7, Expr.of(Symbol(name))) for name in names)
        formula = layer.size_rule(symbols)
        found = [evaluate(dim.expr, names) if isinstance(dim, Traced) else dim for dim in formula]
        assert found == list(map(value_of, layer.output(known)))
    for module in program.modules.values():
        for step in module.steps:
            if isinstance(step.action, Combine):
                xs = tuple(tuple(value_of(dim) for dim in module.values[index]) for index in step.inputs)
                if len({len(x) for x in xs}) == 1:
                    made = step.action.operation
                    assert made.size_rule(xs) == made.outputs(xs)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_each_kind(kind: str) -> None:
    check(program_of(f"network Net {{ {KINDS[kind].example} }}"))


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_a_random_program(seed: int) -> None:
    check(program_of(generate(seed).text()))
