"""Expressions: polynomials over names, divisions and calls, in a canonical order.

They can be read back from the Python that they are written as.  Nothing is executed.
"""

from __future__ import annotations

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, ClassVar, Protocol

from cnndsl.frozen import frozen

Number = int | float


_MOST_WEIGHT = 200
"""How much an expression may be written with, far above what anyone reads: a dozen lines of arithmetic could make one
of any length."""
_MOST_PRODUCTS = 1_000
"""How many products of terms a multiplication may go through, of which most would be alike."""


class TooLong(Exception):  # noqa: N818 - a signal to the stage that asked for the expression
    """Raised where an expression would become longer than anything could follow."""


class Named(Protocol):
    """A number that comes with its expression."""

    @property
    def expr(self) -> Expr:
        """What it was computed by."""


@frozen()
class Guard:
    """A comparison that an open size took part in: `left relation right` came out as `truth`."""

    relation: str
    left: Expr
    right: Expr
    truth: bool


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A name in an expression.  An open size has a list in which its guards are collected, a parameter its value."""

    name: str
    guards: list[Guard] | None = field(default=None, compare=False, repr=False)
    value: Number | None = field(default=None, compare=False, repr=False)
    weight: ClassVar[int] = 1

    def __str__(self) -> str:
        return self.name


@frozen()
class Operation:
    """An operation that a polynomial cannot hold: a division, or a call such as `min(a, b)`."""

    name: str
    operands: tuple[Expr, ...]
    weight: int = field(init=False, default=1, compare=False, repr=False)
    """How much it is written with. Raises TooLong when made with too much."""
    text: str = field(init=False, default="", compare=False, repr=False)
    """Python source, by which terms are put in order."""

    def __post_init__(self) -> None:
        weight = 1 + sum(operand.weight for operand in self.operands)
        if weight > _MOST_WEIGHT:
            raise TooLong
        object.__setattr__(self, "weight", weight)
        if self.name in DIVISIONS:
            left, right = self.operands
            text = f"{left.text(_PRODUCT)} {self.name} {right.text(_POWER)}"
        else:
            text = f"{self.name}({', '.join(map(str, self.operands))})"
        object.__setattr__(self, "text", text)

    @property
    def function(self) -> Callable[..., Number]:
        """What it does to numbers."""
        return DIVISIONS.get(self.name) or _FUNCTIONS[self.name]

    def __str__(self) -> str:
        return self.text


Atom = Symbol | Operation
DIVISIONS: dict[str, Callable[[Any, Any], Any]] = {"//": operator.floordiv, "%": operator.mod, "/": operator.truediv}
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, **DIVISIONS}
"""What signs do to numbers, and to expressions."""


def make_divisible(value: float, divisor: int) -> int:
    """`value` rounded to a multiple of `divisor`, at least one of it and never below 90 % of `value`.

    The rule by which MobileNets choose channels (Howard et al., arXiv:1704.04861, and their code).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def _real(function: Callable[[float], float]) -> Callable[[Number], float]:
    """A function of Python's `math` that raises ArithmeticError where it has no result."""

    def real(x: Number) -> float:
        try:
            return function(x)
        except ValueError as problem:
            raise ArithmeticError(str(problem)) from None

    return real


REAL_FUNCTIONS: dict[str, Callable[[Number], float]] = {
    word: _real(getattr(math, word)) for word in ("exp", "log", "log10", "log2", "sqrt")
}
"""Functions of one number that give a decimal number. They raise ArithmeticError where there is no result."""
# What generated code can say: those of `math` with an import, and `make_divisible` with a definition of its own.
_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "int": int,
    "round": round,
    "min": min,
    "max": max,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "make_divisible": make_divisible,
    **REAL_FUNCTIONS,
}
_SUM, _PRODUCT, _POWER = range(3)  # how tightly a place binds


@frozen()
class Expr:
    """A polynomial: a sum of products of atoms, each with a factor, in a canonical order.

    `factors` is set for a number that should be written as the product that it came from
    (16 * 5 * 5 features); it takes no part in comparisons.
    """

    terms: tuple[tuple[tuple[Atom, ...], Number], ...]
    factors: tuple[Expr, ...] = field(default=(), compare=False)
    weight: int = field(init=False, default=0, compare=False, repr=False)
    """How much it is written with: its names and numbers, those inside of operations too. Raises TooLong when made
    with too much."""
    _symbols: frozenset[Symbol] | None = field(init=False, default=None, compare=False, repr=False)
    _opened: frozenset[Symbol] | None = field(init=False, default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        weight = len(self.terms)
        for atoms, _ in self.terms:
            for atom in atoms:
                weight += atom.weight
        if weight > _MOST_WEIGHT:
            raise TooLong
        object.__setattr__(self, "weight", weight)

    @staticmethod
    def of(value: Number | Named | Expr | Atom) -> Expr:
        """The expression of anything that may stand in one."""
        if isinstance(value, Expr):
            return value
        if isinstance(value, (Symbol, Operation)):
            return Expr((((value,), 1),))
        if isinstance(value, (int, float)):
            return Expr((((), value),)) if value else Expr(())
        return value.expr

    @staticmethod
    def product(factors: Iterable[Number | Named | Expr]) -> Expr:
        """The product of the factors, remembered as such."""
        parts = tuple(Expr.of(f) for f in factors)
        return Expr(reduce(operator.mul, parts, Expr.of(1)).terms, parts if len(parts) > 1 else ())

    @property
    def constant(self) -> Number | None:
        """The number, where there is no atom."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and not self.terms[0][0]:
            return self.terms[0][1]
        return None

    def __add__(self, other: Expr) -> Expr:
        sums = dict(self.terms)
        for atoms, factor in other.terms:
            sums[atoms] = sums.get(atoms, 0) + factor
        return _from_terms(sums)

    def __sub__(self, other: Expr) -> Expr:
        return self + other * Expr.of(-1)

    def __mul__(self, other: Expr) -> Expr:
        if len(self.terms) * len(other.terms) > _MOST_PRODUCTS:
            raise TooLong
        sums: dict[tuple[Atom, ...], Number] = {}
        for atoms, factor in self.terms:
            for more, other_factor in other.terms:
                key = tuple(sorted(atoms + more, key=str))
                sums[key] = sums.get(key, 0) + factor * other_factor
        return _from_terms(sums)

    def __floordiv__(self, other: Expr) -> Expr:
        divisor = other.constant
        if isinstance(divisor, int) and divisor > 0 and all(isinstance(f, int) for _, f in self.terms):
            return _floor_divide(self, divisor)
        whole, rest = _multiples(self, other)
        return whole + _divided("//", rest, other)

    def __mod__(self, other: Expr) -> Expr:
        return _divided("%", self, other)

    def __truediv__(self, other: Expr) -> Expr:
        return _divided("/", self, other)

    def operands_of(self, name: str) -> tuple[Expr, ...]:
        """The operands, where the whole is one operation with this name; none for any other."""
        match self.terms:
            case (((Operation(name=found, operands=operands),), 1),) if found == name:
                return operands
            case _:
                return ()

    def symbols(self) -> frozenset[Symbol]:
        """Every name that the value depends on."""
        if self._symbols is None:
            found: set[Symbol] = set()
            for atoms, _ in self.terms:
                for atom in atoms:
                    if isinstance(atom, Symbol):
                        found.add(atom)
                    else:
                        found.update(*(operand.symbols() for operand in atom.operands))
            object.__setattr__(self, "_symbols", frozenset(found))
        return self._symbols  # type: ignore[return-value] # set above

    def opened(self) -> frozenset[Symbol]:
        """The sizes left open that the value depends on."""
        if self._opened is None:
            object.__setattr__(self, "_opened", frozenset(s for s in self.symbols() if s.guards is not None))
        return self._opened  # type: ignore[return-value] # set above

    def substitute(self, values: Mapping[str, Number | Named | Expr]) -> Expr:
        """The expression with names replaced; names that are not in `values` stay."""
        if not any(s.name in values for s in self.symbols()):
            return self
        if self.factors:
            return Expr.product(factor.substitute(values) for factor in self.factors)
        total = Expr(())
        for atoms, factor in self.terms:
            total += reduce(operator.mul, (_substitute_atom(a, values) for a in atoms), Expr.of(factor))
        return total

    @property
    def divides(self) -> bool:
        """Whether a division stands in its text outside of brackets."""
        if self.factors:
            shown = [f for f in self.factors if f.constant != 1]
            return bool(shown) and shown[0].divides
        if len(self.terms) != 1:
            return False
        ((atoms, factor),) = self.terms
        return factor == 1 and len(atoms) == 1 and isinstance(atoms[0], Operation) and atoms[0].name in DIVISIONS

    def text(self, place: int = _SUM) -> str:
        """Python source; `place` says how tightly the surroundings bind."""
        if self.factors:
            shown = [f for f in self.factors if f.constant != 1] or [self.factors[0]]
            if len(shown) == 1:
                return shown[0].text(place)
            first, *others = shown
            behind = (
                f"({f.text()})" if f.divides else f.text(_PRODUCT) for f in others
            )  # 5 * (c // 2), not 5 * c // 2
            text = " * ".join([first.text(_PRODUCT), *behind])
            return f"({text})" if place >= _POWER else text
        if not self.terms:
            return "0"
        if len(self.terms) > 1 and (factors := _taken_out(self.terms)):
            return Expr.product(factors).text(place)
        # Names before plain numbers, and nothing that begins with a minus if that can be helped.
        ordered = sorted(self.terms, key=lambda term: (term[1] < 0, not term[0], len(term[0]), term[1] != 1))
        parts: list[str] = []
        for atoms, factor in ordered:
            term = _term_text(atoms, abs(factor), bare=factor > 0)
            sign = "-" if factor < 0 else "+"
            parts.append(f" {sign} {term}" if parts else ("-" if factor < 0 else "") + term)
        loose = len(parts) > 1 or parts[0].startswith("-")
        binds = _SUM if loose else _PRODUCT if " " in parts[0] else _POWER
        text = "".join(parts)
        return f"({text})" if binds < place else text

    def __str__(self) -> str:
        return self.text()


def _from_terms(sums: dict[tuple[Atom, ...], Number]) -> Expr:
    kept = [(atoms, factor) for atoms, factor in sums.items() if factor]
    if len(kept) > _MOST_WEIGHT:
        raise TooLong
    kept.sort(key=lambda term: [str(atom) for atom in term[0]])
    return Expr(tuple(kept))


def _taken_out(terms: Sequence[tuple[tuple[Atom, ...], Number]]) -> tuple[Expr, ...]:
    """A sum as people write it, `channels * (ratio - 1)`: the names that all terms have, and what is left; none
    where there is no such name.
    """
    first, *others = (atoms for atoms, _ in terms)
    names = [
        each for each in dict.fromkeys(first) if isinstance(each, Symbol) and all(each in atoms for atoms in others)
    ]
    left = {tuple((Counter(atoms) - Counter(names)).elements()): factor for atoms, factor in terms}
    return (*map(Expr.of, names), _from_terms(left)) if names else ()


def _term_text(atoms: tuple[Atom, ...], factor: Number, *, bare: bool) -> str:
    words = [] if factor == 1 and atoms else [repr(factor)]
    if len(atoms) == 1 and not words and bare:
        return str(atoms[0])
    for atom in atoms:
        text = str(atom)
        words.append(f"({text})" if isinstance(atom, Operation) and atom.name in DIVISIONS else text)
    return " * ".join(words)


def _substitute_atom(atom: Atom, values: Mapping[str, Number | Named | Expr]) -> Expr:
    if isinstance(atom, Symbol):
        return Expr.of(values[atom.name]) if atom.name in values else Expr.of(atom)
    operands = tuple(operand.substitute(values) for operand in atom.operands)
    constants = [operand.constant for operand in operands]
    if all(c is not None for c in constants) and (atom.name in DIVISIONS or atom.name in _FUNCTIONS):
        return Expr.of(atom.function(*(c for c in constants if c is not None)))
    return Expr.of(Operation(atom.name, operands))


def _divided(name: str, a: Expr, b: Expr) -> Expr:
    return Expr.of(Operation(name, (a, b))) if a.terms else Expr(())


def _multiples(a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """What divides evenly in a sum, by an expression of one term, and the rest: (h - k) // k is h // k - 1."""
    if len(b.terms) != 1 or b.terms[0][1] != 1 or not all(isinstance(f, int) for _, f in a.terms):
        return Expr(()), a
    whole: dict[tuple[Atom, ...], Number] = {}
    rest: dict[tuple[Atom, ...], Number] = {}
    for atoms, factor in a.terms:
        left = list(atoms)
        for atom in b.terms[0][0]:
            if atom in left:
                left.remove(atom)
        is_multiple = len(left) == len(atoms) - len(b.terms[0][0])
        (whole if is_multiple else rest)[tuple(left) if is_multiple else atoms] = factor
    return _from_terms(whole), _from_terms(rest)


def _floor_divide(a: Expr, divisor: int) -> Expr:
    """`a // divisor`, with what divides evenly taken out, and floors of floors made one: h // 2 // 2 is h // 4."""
    even = [(atoms, f // divisor) for atoms, f in a.terms if atoms and f % divisor == 0]
    rest = [(atoms, f) for atoms, f in a.terms if atoms and f % divisor]
    constant: Any = next((f for atoms, f in a.terms if not atoms), 0)
    if not rest:
        return Expr(tuple(even)) + Expr.of(constant // divisor)
    left = constant % divisor
    if left and constant < 0 and not a.opened():
        left -= divisor  # as people write it: (kernel - 1) // 2
    whole = Expr(tuple(even)) + Expr.of((constant - left) // divisor)
    if len(rest) == 1 and rest[0][1] == 1 and len(rest[0][0]) == 1:
        atom = rest[0][0][0]
        if isinstance(atom, Operation) and atom.name == "//" and isinstance(atom.operands[1].constant, int):
            inner = atom.operands[1].constant
            if inner > 0:
                return whole + _floor_divide(atom.operands[0] + Expr.of(left * inner), inner * divisor)
    return whole + Expr.of(Operation("//", (_from_terms(dict(rest)) + Expr.of(left), Expr.of(divisor))))


RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%", ast.Div: "/",
}  # fmt: skip


def parse_expr(text: str) -> Expr:
    """Read back what `str(expr)` wrote.  Nothing is executed; raises ValueError for anything else."""
    try:
        node = ast.parse(text, mode="eval").body
        factors = [_read(factor) for factor in _factors(node)]
        written_out = sum(factor.constant is not None for factor in factors) > 1
        return Expr.product(factors) if written_out else _read(node)
    except (SyntaxError, RecursionError, MemoryError) as problem:
        message = f"not an expression: {text!r}"
        raise ValueError(message) from problem


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), node.right]
    return [node]


def _read(node: ast.expr) -> Expr:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Expr.of(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return Expr.of(Symbol(node.id))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return Expr.of(-1) * _read(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        made: Expr = ARITHMETIC[_OPERATORS[type(node.op)]](_read(node.left), _read(node.right))
        return made
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return Expr.of(Operation(node.func.id, tuple(_read(a) for a in node.args)))
    message = "not an expression of names, numbers and arithmetic"
    raise ValueError(message)
