"""Truth values that remember which test led to them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnndsl.traced.expr import Expr, Named, Number, Symbol

FLAG = "flag"
"""The name of a test that is a parameter by itself."""
RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison of expressions, a flag by its name, or `and`, `or`, `not` of such tests."""

    name: str
    operands: tuple[Expr | Test, ...]
    weight: int = field(init=False, compare=False, repr=False)
    """How much it is written with."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", 1 + sum(operand.weight for operand in self.operands))

    @staticmethod
    def of_flag(name: str) -> Test:
        """The test that is true where the flag called `name` is."""
        return Test(FLAG, (Expr.of(Symbol(name)),))

    def symbols(self) -> frozenset[Symbol]:
        """Every name that the outcome depends on."""
        return frozenset[Symbol]().union(*(operand.symbols() for operand in self.operands))

    def substitute(self, values: Mapping[str, Number | Named | Expr]) -> Test | bool:
        """The test with names replaced, worked out as far as that goes."""
        if self.name in RELATIONS:
            left, right = (operand.substitute(values) for operand in self.operands)
            assert isinstance(left, Expr)  # noqa: S101 - a relation compares expressions
            assert isinstance(right, Expr)  # noqa: S101
            a, b = left.constant, right.constant
            if a is not None and b is not None:
                return RELATIONS[self.name](a, b)
            # What is known stands on the right: channels == 4, not 4 == channels.
            return Test(self.name, (left, right)) if a is None else Test(MIRRORED[self.name], (right, left))
        if self.name == FLAG:
            (flag,) = (operand.substitute(values) for operand in self.operands)
            assert isinstance(flag, Expr)  # noqa: S101 - a flag is an expression, of its name alone
            return Test(FLAG, (flag,)) if flag.constant is None else bool(flag.constant)
        parts = [part.substitute(values) for part in self.operands if isinstance(part, Test)]
        if self.name == "not":
            return negation(parts[0])
        return junction(self.name, *parts)

    def __str__(self) -> str:
        if self.name in RELATIONS:
            return f" {self.name} ".join(str(operand) for operand in self.operands)
        texts = [
            f"({part})"
            if isinstance(part, Test) and part.name in ("and", "or") and part.name != self.name
            else str(part)
            for part in self.operands
        ]
        if self.name == "not":
            (operand,) = self.operands
            return f"not {operand}" if isinstance(operand, Test) and operand.name == FLAG else f"not ({operand})"
        return f" {self.name} ".join(texts)


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth value with the test that led to it, where that depends on names."""

    value: bool
    test: Test

    def __bool__(self) -> bool:
        return self.value


OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def negation(test: Test | bool) -> Test | bool:
    """The opposite of a test."""
    if isinstance(test, bool):
        return not test
    if test.name in OPPOSITE:
        return Test(OPPOSITE[test.name], test.operands)
    return test.operands[0] if test.name == "not" and isinstance(test.operands[0], Test) else Test("not", (test,))


def junction(name: str, left: Test | bool, right: Test | bool) -> Test | bool:
    """`left and right`, or `left or right`."""
    settles = name == "or"
    for one, other in ((left, right), (right, left)):
        if isinstance(one, bool):
            return one if one is settles else other
    return Test(name, (left, right))  # type: ignore[arg-type]
