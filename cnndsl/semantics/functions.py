"""The functions of the language that work on constants: `range`, `len`, `make_divisible`, and so on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from cnndsl.diagnostics import error
from cnndsl.layers.registry import OPERATIONS
from cnndsl.semantics.values import Limits, describe
from cnndsl.source import Span
from cnndsl.symbolic.expr import REAL_FUNCTIONS, TooLong, make_divisible
from cnndsl.symbolic.number import call as traced_call
from cnndsl.symbolic.number import is_open, value_of

_MOST_DIGITS = 1_000
"""To how many digits a number is rounded at most: Python works with as many, whatever the number."""


def power(base: float, exponent: float, digits: int) -> float | None:
    """`base ** exponent`, or None when that would be too large a number or none at all."""
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if abs(base) > 1 and exponent * math.log10(abs(base)) > digits:
            return None
        return int(base**exponent)
    try:
        result = float(base) ** exponent
    except OverflowError:
        return None
    return result if isinstance(result, float) else None


def _numbers(items: list[Any]) -> list[Any]:
    if len(items) == 1:  # one number is none of these in Python either
        items = items[0] if isinstance(items[0], list) else []
    if not items or not all(isinstance(value_of(i), (int, float)) for i in items):
        raise TypeError
    return items


def _fold(name: str, function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def fold(*items: Any) -> Any:
        numbers = _numbers(list(items))
        return traced_call(name, function([value_of(n) for n in numbers]), numbers)

    return fold


def _unary(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def unary(number: Any) -> Any:
        if not isinstance(value_of(number), (int, float)):
            raise TypeError
        return traced_call(name, function(value_of(number)), [number])

    return unary


def _round(number: Any, digits: int = 0) -> Any:
    plain = value_of(number)
    places = value_of(digits)
    if not isinstance(places, int) or abs(places) > _MOST_DIGITS:
        raise TypeError
    result = round(plain) if digits == 0 else round(plain, places)
    return traced_call("round", result, [number] if digits == 0 else [number, digits])


def _sum(items: list[Any]) -> Any:
    total: Any = 0
    for item in _numbers([items]) if items else []:
        total = total + item
    return total


def _make_divisible(value: Any, divisor: Any) -> Any:
    number, step = value_of(value), value_of(divisor)
    if not isinstance(number, (int, float)) or type(step) is not int or step < 1:
        raise TypeError
    return traced_call("make_divisible", make_divisible(number, step), [value, divisor])


def _range(*ends: int) -> range:
    if not 1 <= len(ends) <= 3 or not all(type(end) is int for end in ends):
        raise TypeError
    return range(*ends)


def _one(kinds: type | tuple[type, ...], function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of one thing of some kinds."""

    def one(item: Any) -> Any:
        if not isinstance(item, kinds):
            raise TypeError
        return function(item)

    return one


def _truths(function: Callable[[list[Any]], bool]) -> Callable[[list[Any]], bool]:
    def truths(items: list[Any]) -> bool:
        if not isinstance(items, list) or not all(isinstance(item, bool) for item in items):
            raise TypeError
        return function(items)

    return truths


def _sorted(items: list[Any]) -> list[Any]:
    of_texts = all(isinstance(item, str) for item in items)
    if not isinstance(items, list) or not (of_texts or all(type(item) in (int, float) for item in items)):
        raise TypeError
    return sorted(items)


def _unique(items: list[Any]) -> list[Any]:
    if not isinstance(items, list) or not all(isinstance(item, (int, float, str)) for item in items):
        raise TypeError
    return list(dict.fromkeys(items))


class _Function(NamedTuple):
    """A function of the language: a call of it, and what it takes; it raises TypeError for anything else."""

    run: Callable[..., Any]
    example: str
    takes: str = "a number"


TABLE = {
    "abs": _Function(_unary("abs", abs), "abs(x)"),
    "all": _Function(_truths(all), "all([n > 0 for n in widths])", "a list of true and false"),
    "any": _Function(_truths(any), "any([n > 64 for n in widths])", "a list of true and false"),
    "ceil": _Function(_unary("ceil", math.ceil), "ceil(2.5)"),
    "enumerate": _Function(
        lambda *a: list(map(list, enumerate(*a))), "enumerate([8, 16])", "a list, and perhaps the number to start from"
    ),
    "float": _Function(_unary("float", float), "float(2)"),
    "floor": _Function(_unary("floor", math.floor), "floor(2.5)"),
    "int": _Function(_unary("int", int), "int(2.5)"),
    "len": _Function(_one((list, str), len), "len([8, 16])", "a list"),
    "make_divisible": _Function(
        _make_divisible, "make_divisible(32 * 1.4, 8)", "a number and a whole divisor of at least 1"
    ),
    "max": _Function(_fold("max", max), "max(3, 4)", "numbers, or one list of numbers"),
    "min": _Function(_fold("min", min), "min(3, 4)", "numbers, or one list of numbers"),
    "range": _Function(_range, "range(3)", "one, two or three whole numbers, of which the third is not 0"),
    "reversed": _Function(_one(list, lambda items: items[::-1]), "reversed([8, 16])", "a list"),
    "round": _Function(_round, "round(2.5)", f"a number, and perhaps how many digits, {_MOST_DIGITS:,} at most"),
    "sorted": _Function(_sorted, "sorted([16, 8])", "a list of numbers, or of texts"),
    "str": _Function(_one((int, float, str), str), "str(2)", "a number or a text"),
    "sum": _Function(_sum, "sum([3, 4])", "a list of numbers"),
    "unique": _Function(_unique, "unique([8, 16, 8])", "a list of numbers or texts"),
    "zip": _Function(
        lambda *lists: list(map(list, zip(*lists, strict=True))), "zip([8, 16], [1, 2])", "lists of equal length"
    ),
    **{
        word: _Function(_unary(word, REAL_FUNCTIONS[word]), example, takes)
        for word, example, takes in (
            ("exp", "exp(0.5)", "one number that is not so large"),
            ("log", "log(8)", "one number above 0"),
            ("log10", "log10(1000)", "one number above 0"),
            ("log2", "log2(8)", "one number above 0"),
            ("sqrt", "sqrt(16)", "one number of at least 0"),
        )
    },
}
"""The functions by their names."""
_OF_ITEMS = frozenset({"all", "any", "sorted", "unique"})
"""Functions whose result depends on what the items of a list are."""
_KEEP_TRACE = frozenset(TABLE) - {"range", "len", "str", "enumerate", "zip"} - _OF_ITEMS


def _plain(item: Any, plain: Callable[[Any], Any]) -> Any:
    return [plain(part) for part in item] if isinstance(item, list) else plain(item)


def call(
    name: str, items: list[Any], named: dict[str, Any], plain: Callable[[Any], Any], limits: Limits, span: Span
) -> Any:
    """Call a function on constants. Raises Problem when they do not fit it."""
    if named:
        way = f"write {name}(...) without names"
        if name in OPERATIONS:
            ways = (f"of a value of the network: {name}(it, ...)", f"of numbers: {way}")
            raise error("E207", f"{name} of numbers takes its arguments by position", span, help=ways)
        raise error("E207", f"{name} takes its arguments by position", span, help=way)
    function = TABLE[name]
    arguments = items if name in _KEEP_TRACE else [plain(item) for item in items]
    if name in _OF_ITEMS:
        arguments = [_plain(item, plain) for item in items]
    takes = function.takes
    try:
        if any(map(is_open, arguments)):
            takes = "known numbers, and this size is left open"
            raise TypeError
        try:
            result = function.run(*arguments)
        except TooLong:  # nobody could follow the expression: the plain numbers will do
            result = function.run(*(_plain(item, plain) for item in arguments))
        if isinstance(result, range):
            if len(result) > limits.items:
                raise limits.too_long(span)
            result = list(result)
    except (TypeError, ValueError, ArithmeticError):
        got = " and ".join(map(describe, items)) or "nothing"
        message = f"{name} takes {takes}, and got {got}"
        raise error("E207", message, span, help=f"for example {function.example}") from None
    if isinstance(result, list) and len(result) > limits.items:
        raise limits.too_long(span)
    return result
