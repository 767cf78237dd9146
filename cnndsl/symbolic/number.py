"""Traced numbers: a plain number with the expression that led to it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import CoreSchema, core_schema

from cnndsl.frozen import frozen
from cnndsl.symbolic.expr import (
    ARITHMETIC,
    DIVISIONS,
    RELATIONS,
    Atom,
    Expr,
    Guard,
    Number,
    Operation,
    Symbol,
    TooLong,
    parse_expr,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler


class SizeIsOpen(Exception):  # noqa: N818 - a signal to the stage that asked for a number
    """Raised where a plain number is needed and the size is left open."""


def _operators(name: str) -> tuple[Callable[[Traced, object], Any], Callable[[Traced, object], Any]]:
    """What `self name other` and `other name self` are; NotImplemented where the other is no number."""

    def left(self: Traced, other: object) -> Any:
        return calculate(name, self, other) if isinstance(other, (int, float, Traced)) else NotImplemented

    def right(self: Traced, other: object) -> Any:
        return calculate(name, other, self) if isinstance(other, (int, float, Traced)) else NotImplemented

    return left, right


def _comparison(relation: str) -> Callable[[Traced, object], bool]:
    """What `self relation other` is; NotImplemented where the other is no number."""

    def compare(self: Traced, other: object) -> bool:
        if not isinstance(other, (int, float, Traced)):
            return NotImplemented  # type: ignore[no-any-return] # the operators hand it on
        truth = bool(RELATIONS[relation](self.value, value_of(other)))
        left, right = self.expr, Expr.of(other)
        if left.opened() or right.opened():
            difference = left - right
            known = {s.name: s.value for s in difference.symbols() if s.value is not None}
            guard = Guard(relation, left.substitute(known), right.substitute(known), truth)
            for symbol in difference.opened():
                symbol.guards.append(guard)  # type: ignore[union-attr] # asked above
        return truth

    return compare


def _conversion(convert: Callable[[Any], Any]) -> Callable[[Traced], Any]:
    """The plain number as Python takes it. Raises SizeIsOpen where that is left open."""

    def converted(self: Traced) -> Any:
        if self.is_open:
            raise SizeIsOpen
        return convert(self.value)

    return converted


@frozen(eq=False)
class Traced:
    """A number with the expression that it was computed by."""

    value: Number
    expr: Expr

    __add__, __radd__ = _operators("+")
    __sub__, __rsub__ = _operators("-")
    __mul__, __rmul__ = _operators("*")
    __floordiv__, __rfloordiv__ = _operators("//")
    __mod__, __rmod__ = _operators("%")
    __truediv__, __rtruediv__ = _operators("/")

    def __neg__(self) -> Any:
        return calculate("-", 0, self)

    __lt__, __le__ = _comparison("<"), _comparison("<=")
    __gt__, __ge__ = _comparison(">"), _comparison(">=")
    __eq__, __ne__ = _comparison("=="), _comparison("!=")
    __index__, __int__, __float__ = _conversion(operator.index), _conversion(int), _conversion(float)

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return self != 0

    @property
    def is_open(self) -> bool:
        """Whether the number depends on a size that is left open."""
        return bool(self.expr.opened())

    def __str__(self) -> str:
        return str(self.expr) if self.is_open else str(self.value)

    def __repr__(self) -> str:
        return f"Traced({self.value!r}, {str(self.expr)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """How Pydantic reads and writes it: as what `as_json` gives."""
        text = core_schema.str_schema(strict=True)
        texts = core_schema.list_schema(text)
        number = core_schema.union_schema([core_schema.int_schema(strict=True), core_schema.float_schema(strict=True)])
        written = core_schema.typed_dict_schema(
            {
                "value": core_schema.typed_dict_field(number),
                "expr": core_schema.typed_dict_field(core_schema.union_schema([text, texts])),
                "open": core_schema.typed_dict_field(texts, required=False),
            },
            extra_behavior="forbid",
        )
        made = core_schema.no_info_after_validator_function(_from_json, written)
        return core_schema.json_or_python_schema(
            json_schema=made,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), made], mode="left_to_right"),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.as_json),
        )

    def as_json(self) -> dict[str, Any]:
        """The number with its expression, and the names of the open sizes in it where there are some.

        A product that is kept as one is the list of its factors, which its text does not show.
        """
        expr = list(map(str, self.expr.factors)) or str(self.expr)
        opened = sorted(symbol.name for symbol in self.expr.opened())
        return {"value": self.value, "expr": expr} | ({"open": opened} if opened else {})


def _from_json(found: dict[str, Any]) -> Traced:
    """What `as_json` wrote. Raises ValueError for an expression that is none."""
    written, opened = found["expr"], found.get("open", ())
    try:
        expr = parse_expr(written) if isinstance(written, str) else Expr.product(map(parse_expr, written))
        return Traced(found["value"], expr.substitute({name: Expr.of(Symbol(name, [])) for name in opened}))
    except (TooLong, ArithmeticError) as problem:
        message = f"an expression that cannot be worked out: {written}"
        raise ValueError(message) from problem


def calculate(name: str, left: Number | Traced, right: Number | Traced) -> Number | Traced:
    """`left name right` for `+ - * / // %`, traced where an operand is.

    Raises ZeroDivisionError and OverflowError as Python does.
    """
    value: Number = ARITHMETIC[name](value_of(left), value_of(right))
    if not isinstance(left, Traced) and not isinstance(right, Traced):
        return value
    return _settle(value, ARITHMETIC[name](Expr.of(left), Expr.of(right)))


def call(name: str, value: Number, operands: Iterable[Number | Traced]) -> Number | Traced:
    """The result `value` of calling a function on operands, traced where one of them is."""
    items = tuple(operands)
    if not any(isinstance(item, Traced) for item in items):
        return value
    return _settle(value, Expr.of(Operation(name, tuple(Expr.of(item) for item in items))))


def evaluate(expr: Expr, values: Mapping[str, Number | Traced]) -> Number | Traced:
    """What an expression comes to with numbers in place of its names, traced where one of them is.

    Raises KeyError for a name without a number, ZeroDivisionError and OverflowError as Python does.
    """
    total: Number | Traced = 0
    for atoms, factor in expr.terms:
        product: Number | Traced = factor
        for atom in atoms:
            product = calculate("*", product, _evaluate_atom(atom, values))
        total = calculate("+", total, product)
    return total


def _evaluate_atom(atom: Atom, values: Mapping[str, Number | Traced]) -> Number | Traced:
    if isinstance(atom, Symbol):
        return values[atom.name]
    operands = [evaluate(operand, values) for operand in atom.operands]
    if atom.name in DIVISIONS:
        return calculate(atom.name, *operands)
    return call(atom.name, atom.function(*map(value_of, operands)), operands)


def _settle(value: Number, expr: Expr) -> Number | Traced:
    return value if expr.constant is not None else Traced(value, expr)


def value_of(number: Any) -> Any:
    """The plain number, with its history forgotten; anything else is returned as it is."""
    return number.value if isinstance(number, Traced) else number


def literal(value: Any) -> str:
    """A number, a truth value, a text or a list of them as the language writes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    plain = value_of(value)
    if isinstance(plain, bool):
        return str(plain).lower()
    return f'"{plain}"' if isinstance(plain, str) else str(plain)


def trace_weight(*numbers: Any) -> int:
    """How much the expressions of numbers are written with, all together; 0 for what has none."""
    return sum(number.expr.weight for number in numbers if isinstance(number, Traced))


def is_open(number: Any) -> bool:
    """Whether a number depends on a size that is left open."""
    return isinstance(number, Traced) and number.is_open


def key_of(number: Any) -> Any:
    """A hashable key under which numbers are the same only if their expressions are too."""
    return (number.value, number.expr) if isinstance(number, Traced) else number


def work_key(number: Any) -> Any:
    """As `key_of`, for work that compares numbers: open sizes of the same name in two networks are not the same.

    Each has notes of its own, and work that is not done again would be missing in those of the second.
    """
    if not is_open(number):
        return key_of(number)
    opened = sorted(number.expr.opened())
    return (*key_of(number), Whose(tuple(id(symbol.guards) for symbol in opened)))


@frozen()
class Whose:
    """In a key, of which network open sizes are."""

    ids: tuple[int, ...]


def by_name(key: Any) -> Any:
    """The key, whichever networks the open sizes in it are of."""
    if not isinstance(key, tuple):
        return key
    return tuple(by_name(part) for part in key if not isinstance(part, Whose))
