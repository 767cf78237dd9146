"""What stands at a place of a class, for all elaborations of a definition at once.

A number that is the same everywhere is written out; one that differs is said with the names that it was
traced with, which become arguments of the constructor; one that depends on a test of the text is a
choice; and one that no name accounts for becomes an argument of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from cnndsl.backends.torch.code import Code, literal
from cnndsl.backends.torch.trees import TURN, is_number, numbers_of, plain
from cnndsl.layers.base import Code as BareCode
from cnndsl.program import Module
from cnndsl.traced import Expr, Number, Symbol, Test, Traced, parse_expr, parse_test, value_of

ABSENT: Any = object()
BROUGHT = ("ceil", "floor", "make_divisible")
"""Functions of expressions that Python does not have by itself: the generated module brings them."""


class Different(Exception):  # noqa: N818 - a signal: the two become classes of their own
    """Raised where elaborations cannot share a class."""


class Slots:
    """The places of one class, with what its constructor comes to need."""

    def __init__(self, modules: Sequence[Module], live: frozenset[str]) -> None:
        self.modules = tuple(modules)
        self.live = live
        """Names that must stay arguments."""
        self.environments = tuple(numbers_of(module) for module in modules)
        first = self.environments[0]
        shared = set(first).intersection(*self.environments)
        self._known = {TURN.name, *shared, *(parameter.name for parameter in modules[0].parameters)}
        """Names that every elaboration has: one of them may take features where another takes channels."""
        self.constants: dict[str, Any] = {
            name: value
            for name, value in first.items()
            if name not in live and all(env.get(name) == value for env in self.environments)
        }
        self.used: set[str] = set()
        """Names that have become arguments."""
        self.extra: dict[str, dict[str, Any]] = {}
        """Arguments that no name accounts for: their value for each module."""
        self.usual: dict[str, Any] = {}
        """What such an argument is by default: PyTorch's own default of what it is passed to."""
        self.factories: dict[str, dict[str, Code]] = {}
        """Arguments that are layers: what is passed for each module."""
        self.helpers: set[str] = set()
        """Names of helper functions and classes that the generated module needs."""

    def slot(self, values: Sequence[Any], hint: str, *, may_choose: bool = True) -> str:
        """Python for a value that each elaboration has (or `ABSENT`): an expression, or `a if test else b`."""
        present = [(at, value) for at, value in enumerate(values) if value is not ABSENT]
        if not all(is_number(value) for _, value in present):
            return self._other_slot(present, hint)
        exprs = [self._resolved(value) for _, value in present]
        first = exprs[0]
        if all(expr == first for expr in exprs) and first.sayable and self._knows(first):
            return self.say(first)
        if any(symbol.name in self.live for expr in exprs for symbol in expr.symbols()):
            raise Different
        turning = [any(s == TURN for s in expr.symbols()) for expr in exprs]
        if any(turning):
            return self._turning_slot(values, present, exprs, hint)
        plain = {at: value_of(value) for at, value in present}
        if len(set(plain.values())) == 1:
            return literal(plain[present[0][0]])
        for expr in exprs:
            if self._comes_out(expr, plain):
                return self.say(expr)
        choice = self._choice(exprs, plain) if may_choose else None
        return choice or self._fresh(plain, hint)

    def _choice(self, exprs: Sequence[Expr], values: Mapping[int, Number]) -> str | None:
        """`a if test else b` where a test of the text tells which elaborations have which expression, else None.

        Two bare numbers are left alone: any test parts two uses, and the number may depend on something else.
        """
        rows = dict(zip(values, exprs, strict=True))
        for test in self._tests:
            if not self._knows(test):
                continue
            outcomes = {at: test.substitute(self.environments[at]) for at in values}
            if any(isinstance(outcome, Test) for outcome in outcomes.values()):
                continue
            groups = [{at: values[at] for at in values if outcomes[at] is side} for side in (True, False)]
            sides = [self._serving(rows, group) for group in groups]
            if all(side is not None for side in sides) and any(side.symbols() for side in sides if side is not None):
                yes, no = (self.say(side) for side in sides if side is not None)
                return f"{yes} if {self.say_test(test)} else {no}"
        return None

    def _serving(self, exprs: Mapping[int, Expr], values: Mapping[int, Number]) -> Expr | None:
        """One expression for some of the elaborations."""
        numbers = set(values.values())
        for at in values:
            if self._comes_out(exprs[at], values):
                return exprs[at]
        return Expr.of(numbers.pop()) if len(numbers) == 1 else None

    @cached_property
    def _tests(self) -> list[Test]:
        """The tests that the text makes in this definition and that come out in more than one way."""
        texts = [step.when for module in self.modules for step in module.steps]
        tests = (parse_test(text).substitute(self.constants) for text in dict.fromkeys(texts) if text is not None)
        return [test for test in tests if isinstance(test, Test)]

    def _comes_out(self, expr: Expr, values: Mapping[int, Number]) -> bool:
        """Whether an expression gives the right number in each elaboration, as `ratio * width` where ratio is 1."""
        names = {symbol.name for symbol in expr.symbols()}
        environments = [self.environments[at] for at in values]
        if not (names and expr.sayable and self._knows(expr)) or any(not names <= env.keys() for env in environments):
            return False
        try:
            return all(expr.evaluate(env) == value for env, value in zip(environments, values.values(), strict=True))
        except ZeroDivisionError:
            return False

    def _resolved(self, value: Any) -> Expr:
        expr = Expr.of(value)
        return expr.substitute({s.name: self.constants[s.name] for s in expr.symbols() if s.name in self.constants})

    def _knows(self, said: Expr | Test) -> bool:
        return all(symbol.name in self._known for symbol in said.symbols())

    def say(self, expr: Expr) -> str:
        """Python for an expression of names, which become arguments. Raises Different where some have no such name."""
        if not self._knows(expr):
            raise Different
        self.used.update(symbol.name for symbol in expr.symbols() if symbol != TURN)
        return self._noted(str(expr))

    def _noted(self, text: str) -> str:
        self.helpers.update(name for name in BROUGHT if re.search(rf"\b{name}\(", text))
        return text

    def _turning_slot(self, values: Sequence[Any], present: list[tuple[int, Any]], exprs: list[Expr], hint: str) -> str:
        """A number that goes up with the turns of a loop: its start may differ, its step must not."""
        starts = [expr.substitute({TURN.name: 0}) for expr in exprs]
        steps = {expr - start for expr, start in zip(exprs, starts, strict=True)}
        if len(steps) != 1:
            raise Different
        row = [ABSENT] * len(values)
        for (at, value), start in zip(present, starts, strict=True):
            row[at] = Traced(value_of(value), start) if start.constant is None else start.constant
        base = parse_expr(self.slot(row, hint, may_choose=False))
        return self.say(base + steps.pop())

    def _other_slot(self, present: list[tuple[int, Any]], hint: str) -> str:
        first = present[0][1]
        if all(isinstance(value, tuple) and len(value) == len(first) for _, value in present) and any(
            isinstance(item, Traced) for _, value in present for item in value
        ):
            return self._tuple_slot(present, hint)
        if all(type(value) is type(first) and value == first for _, value in present):
            return str(first) if isinstance(first, BareCode) else literal(first)
        if any(isinstance(value, BareCode) for _, value in present):
            raise Different
        symbols = {symbol for _, value in present if isinstance(value, Traced) for symbol in value.expr.symbols()}
        if any(symbol == TURN or symbol.name in self.live for symbol in symbols):
            raise Different
        return self._fresh({at: plain(value) for at, value in present}, hint)

    def _tuple_slot(self, present: list[tuple[int, Any]], hint: str) -> str:
        texts = []
        for k in range(len(present[0][1])):
            row = [ABSENT] * len(self.modules)
            for at, value in present:
                row[at] = value[k]
            texts.append(self.slot(row, hint))
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"

    def _fresh(self, values: dict[int, Any], hint: str) -> str:
        """An argument of its own for a value that no name accounts for."""
        by_module = {self.modules[at].id: value for at, value in values.items()}
        for parameter in self._parameters_with(values):
            return self.say(Expr.of(Symbol(parameter)))
        for name, known in self.extra.items():
            if all(known.get(key, value) == value for key, value in by_module.items()):
                known.update(by_module)
                return name
        name = self._free_name(hint)
        self.extra[name] = by_module
        return name

    def _parameters_with(self, values: dict[int, Any]) -> Iterable[str]:
        for parameter in self.modules[0].parameters:
            rows = ({p.name: plain(p.value) for p in self.modules[at].parameters} for at in values)
            if all(
                type(row.get(parameter.name)) is type(value) and row.get(parameter.name) == value
                for row, value in zip(rows, values.values(), strict=True)
            ):
                yield parameter.name

    def _free_name(self, hint: str) -> str:
        name, count = hint, 1
        taken = {*self.extra, *self.factories, *self.environments[0], *(p.name for p in self.modules[0].parameters)}
        while name in taken:
            count += 1
            name = f"{hint}_{count}"
        return name

    def say_test(self, test: Test) -> str:
        """Python for a test of names, which become arguments. Raises Different where some have no such name."""
        if not self._knows(test):
            raise Different
        self.used.update(symbol.name for symbol in test.symbols())
        return self._noted(str(test))
