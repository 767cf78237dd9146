"""The functions of the language that work on constants: `range`, `len`, `make_divisible`, and so on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cnndsl.diagnostics import error
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
    if len(items) == 1 and isinstance(items[0], list):
        items = items[0]
    if not items or not all(isinstance(value_of(i), (int, float)) for i in items):
        message = "numbers, or one list of numbers"
        raise TypeError(message)
    return items


def _fold(name: str, function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def fold(*items: Any) -> Any:
        numbers = _numbers(list(items))
        return traced_call(name, function([value_of(n) for n in numbers]), numbers)

    return fold


def _unary(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def unary(number: Any) -> Any:
        if not isinstance(value_of(number), (int, float)):
            message = "a number"
            raise TypeError(message)
        return traced_call(name, function(value_of(number)), [number])

    return unary


def _round(number: Any, digits: int = 0) -> Any:
    plain = value_of(number)
    places = value_of(digits)
    if not isinstance(places, int) or abs(places) > _MOST_DIGITS:
        return _wrong(_TAKES["round"])
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
        message = "a number and a whole divisor of at least 1"
        raise TypeError(message)
    return traced_call("make_divisible", make_divisible(number, step), [value, divisor])


def _range(*ends: int) -> list[int]:
    if not 1 <= len(ends) <= 3 or not all(type(end) is int for end in ends):
        message = "one, two or three whole numbers"
        raise TypeError(message)
    return range(*ends)  # type: ignore[return-value]


def _enumerate(items: list[Any], start: int = 0) -> list[Any]:
    return [[i, item] for i, item in enumerate(items, start)]


def _zip(*lists: list[Any]) -> list[Any]:
    return [list(row) for row in zip(*lists, strict=True)]


def _sorted(items: list[Any]) -> list[Any]:
    of_texts = all(isinstance(item, str) for item in items)
    if not isinstance(items, list) or not (of_texts or all(type(item) in (int, float) for item in items)):
        return _wrong(_TAKES["sorted"])  # type: ignore[no-any-return]
    return sorted(items)


def _unique(items: list[Any]) -> list[Any]:
    if not isinstance(items, list) or not all(isinstance(item, (int, float, str)) for item in items):
        return _wrong(_TAKES["unique"])  # type: ignore[no-any-return]
    return list(dict.fromkeys(items))


def _reversed(items: list[Any]) -> list[Any]:
    return items[::-1] if isinstance(items, list) else _wrong(_TAKES["reversed"])


def _truths(name: str, function: Callable[[list[Any]], bool]) -> Callable[[list[Any]], bool]:
    def truths(items: list[Any]) -> bool:
        if not isinstance(items, list) or not all(isinstance(item, bool) for item in items):
            return _wrong(_TAKES[name])  # type: ignore[no-any-return]
        return function(items)

    return truths


TABLE: dict[str, Callable[..., Any]] = {
    "abs": _unary("abs", abs),
    "all": _truths("all", all),
    "any": _truths("any", any),
    "ceil": _unary("ceil", math.ceil),
    "enumerate": _enumerate,
    "float": _unary("float", float),
    "floor": _unary("floor", math.floor),
    "int": _unary("int", int),
    "len": lambda items: len(items) if isinstance(items, (list, str)) else _wrong("a list"),
    "make_divisible": _make_divisible,
    "max": _fold("max", max),
    "min": _fold("min", min),
    "range": _range,
    "reversed": _reversed,
    "round": _round,
    "sorted": _sorted,
    "str": lambda item: str(item) if isinstance(item, (int, float, str)) else _wrong("a number or a text"),
    "sum": _sum,
    "unique": _unique,
    "zip": _zip,
    **{word: _unary(word, function) for word, function in REAL_FUNCTIONS.items()},
}
_EXAMPLES = {
    "abs": "abs(x)",
    "all": "all([n > 0 for n in widths])",
    "any": "any([n > 64 for n in widths])",
    "ceil": "ceil(2.5)",
    "enumerate": "enumerate([8, 16])",
    "exp": "exp(0.5)",
    "float": "float(2)",
    "floor": "floor(2.5)",
    "int": "int(2.5)",
    "len": "len([8, 16])",
    "log": "log(8)",
    "log10": "log10(1000)",
    "log2": "log2(8)",
    "make_divisible": "make_divisible(32 * 1.4, 8)",
    "max": "max(3, 4)",
    "min": "min(3, 4)",
    "range": "range(3)",
    "reversed": "reversed([8, 16])",
    "round": "round(2.5)",
    "sorted": "sorted([16, 8])",
    "sqrt": "sqrt(16)",
    "str": "str(2)",
    "sum": "sum([3, 4])",
    "unique": "unique([8, 16, 8])",
    "zip": "zip([8, 16], [1, 2])",
}
_TAKES = {
    "all": "a list of true and false",
    "any": "a list of true and false",
    "exp": "one number that is not so large",
    "log": "one number above 0",
    "log10": "one number above 0",
    "log2": "one number above 0",
    "reversed": "a list",
    "sorted": "a list of numbers, or of texts",
    "sqrt": "one number of at least 0",
    "unique": "a list of numbers or texts",
    "range": "one, two or three whole numbers, of which the third is not 0",
    "enumerate": "a list, and perhaps the number to start from",
    "sum": "a list of numbers",
    "zip": "lists of equal length",
    "round": f"a number, and perhaps how many digits, {_MOST_DIGITS:,} at most",
}
_OF_ITEMS = frozenset({"all", "any", "sorted", "unique"})
"""Functions whose result depends on what the items of a list are."""
_KEEP_TRACE = frozenset(TABLE) - {"range", "len", "str", "enumerate", "zip"} - _OF_ITEMS


def _wrong(what: str) -> Any:
    raise TypeError(what)


def _plain(item: Any, plain: Callable[[Any], Any]) -> Any:
    return [plain(part) for part in item] if isinstance(item, list) else plain(item)


def call(
    name: str, items: list[Any], named: dict[str, Any], plain: Callable[[Any], Any], limits: Limits, span: Span
) -> Any:
    """Call a function on constants. Raises Problem when they do not fit it."""
    if named:
        raise error("E207", f"{name} takes its arguments by position", span, help=f"write {name}(...) without names")
    arguments = items if name in _KEEP_TRACE else [plain(item) for item in items]
    if name in _OF_ITEMS:
        arguments = [_plain(item, plain) for item in items]
    try:
        if any(map(is_open, arguments)):
            return _wrong("known numbers, and this size is left open")
        try:
            result = TABLE[name](*arguments)
        except TooLong:  # nobody could follow the expression: the plain numbers will do
            result = TABLE[name](*(_plain(item, plain) for item in arguments))
        if isinstance(result, range):
            if len(result) > limits.items:
                raise limits.too_long(span)
            result = list(result)
    except (TypeError, ValueError, ArithmeticError) as problem:
        said = str(problem) if type(problem) is TypeError and "argument" not in str(problem) else ""
        takes = _TAKES.get(name) or said or "other arguments"
        got = " and ".join(map(describe, items)) or "nothing"
        help_text = f"for example {_EXAMPLES[name]}"
        raise error("E207", f"{name} takes {takes}, and got {got}", span, help=help_text) from None
    if isinstance(result, list) and len(result) > limits.items:
        raise limits.too_long(span)
    return result
