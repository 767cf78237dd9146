"""What `__init__` works out: arithmetic, comparisons and functions on numbers, texts, lists and truth values."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    RELATIONS,
    Code,
    call,
    constant,
    gone_through,
    is_literal,
    length_of,
    list_of,
    name,
    names_in,
    negated,
    tuple_of,
)
from cnndsl.backends.pytorch.sorts import Sort, is_identity, recipe_key, sample_of, sort_of
from cnndsl.backends.pytorch.values import (
    RECIPES,
    AnyList,
    Coded,
    Facts,
    Opaque,
    ParamRecipe,
    Static,
    Tensor,
    TensorList,
    Test,
    Untranslatable,
    plain_static,
)
from cnndsl.ir import nodes
from cnndsl.layers.formula import Shape
from cnndsl.symbolic.expr import REAL_FUNCTIONS, Expr, TooLong, make_divisible
from cnndsl.symbolic.expr import RELATIONS as COMPARED
from cnndsl.symbolic.number import Traced, value_of

_LONGEST_KNOWN = 4096
_WORKED_OUT: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, **COMPARED, "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **REAL_FUNCTIONS,
    "abs": abs, "all": all, "any": any, "ceil": math.ceil, "float": float, "floor": math.floor, "int": int, "len": len,
    "max": max, "min": min, "round": round, "str": str, "sum": sum, "make_divisible": make_divisible,
}  # fmt: skip


UNSAID = "unsaid·"
"""The Python of a list that holds layers, which Python has no list of before they are applied."""


def abstract(body: Body, sort: Sort, code: Code, symbol: Traced | None = None) -> Any:
    """What may be any of a sort, under its Python."""
    kinds = sort.kinds
    if "value" in kinds:
        raise Untranslatable("a value and something else are given for the same name")
    if "layer" in kinds:
        if kinds - {"layer"}:
            raise Untranslatable("a layer and something else are given for the same name")
        return ParamRecipe(code, tuple(sort.choices.values()), sort.needs)
    if "list" in kinds:
        return Static(AnyList(sort.of_items, sort.length, sort.columns, or_one=frozenset(kinds - {"list"})), code)
    if "bool" in kinds:
        return Static(Test(bool(sort.sample)), code)
    if "str" in kinds:
        return Static(Opaque(code, sort.sample), code)
    sample = float(sort.sample) if "float" in kinds else sort.sample
    if sample is None:
        sample = 1
    if symbol is not None:
        return Static(Traced(sample, symbol.expr), code)
    return Static(body.symbols.number(code, sample), code)


def all_known(body: Body, items: list[Any]) -> bool:
    """Whether a list is one of constants."""
    return all(isinstance(item, Static) and _is_known(body, item.value) for item in items)


def _is_known(body: Body, value: Any) -> bool:
    match value:
        case list():
            return all_known(body, value)
        case _:
            return not (body.symbols.is_parametric(value) or isinstance(value, (Test, Opaque, AnyList)))


def bind_items(body: Body, targets: nodes.Targets, item: Any) -> None:
    """Give the names of a loop what they are in one turn."""
    if isinstance(targets, str):
        body.scope.names[targets] = item
        return
    values = item.items if isinstance(item, TensorList) else item.value
    if isinstance(values, AnyList):
        raise Untranslatable("how long a row is depends on a parameter", names=body.names_of(item))
    for target, each in zip(targets, values, strict=True):
        bind_items(body, target, each)


def bind_generic(body: Body, targets: nodes.Targets, sort: Sort, *, local: bool = False) -> Code:
    """Give the names of a loop what they are like in every turn; the variables in Python."""
    if isinstance(targets, str):
        written = targets if local else body.variable(targets)
        body.scope.names[targets] = abstract(body, sort, name(written), body.symbols.new_version(written))
        return name(written)
    columns = sort.columns or ()
    if len(columns) != len(targets):
        columns = [sort.of_items] * len(targets)
    parts = [bind_generic(body, each, column, local=local) for each, column in zip(targets, columns, strict=True)]
    return ast.Tuple(parts, ast.Store())


def holds_layers(item: Any) -> bool:
    """Whether something is a layer, or a list with some in it."""
    return isinstance(item, RECIPES) or (isinstance(item, Static) and UNSAID in names_in(item.code))


def facts_of_turns(body: Body, targets: nodes.Targets, items: Iterable[Any]) -> list[Facts]:
    """For each turn of a loop over such items what the numbers are that its names have been bound to for any turn."""

    def facts(targets: nodes.Targets, item: Any) -> Facts:
        held = item.value if isinstance(item, Static) else None
        if not isinstance(targets, str):
            rows = zip(targets, held, strict=False) if isinstance(held, list) else ()
            return tuple(fact for row in rows for fact in facts(*row))
        bound, known = body.scope.find(targets), body.symbols.known(held)
        is_number = isinstance(bound, Static) and isinstance(bound.value, Traced) and known is not None
        return ((Expr.of(bound.value), Expr.of(known)),) if is_number else ()

    return [facts(targets, item) for item in items]


def in_forward(static: Any) -> Any:
    """A static where only `forward` writes it: sizes are read from the values that have them."""
    if not isinstance(static, Static):
        return static
    if isinstance(static.value, list) and isinstance(static.code, ast.List):
        return listed([*map(in_forward, static.value)])
    return static if static.seen is None else Static(static.value, static.seen)


def listed(items: list[Any]) -> Any:
    """A list of what was worked out."""
    if any(isinstance(item, (Tensor, TensorList)) for item in items):
        return TensorList(tuple(items))
    codes = [item.code if isinstance(item, Static) else None for item in items]
    code = list_of(c for c in codes if c is not None) if all(c is not None for c in codes) else name(UNSAID)
    return Static(items, code)


def size_of_list(body: Body, numbers: Static, span: nodes.Span) -> Shape:
    """The size of numbers in lists, of which some follow from parameters. Raises Untranslatable."""
    if isinstance(numbers.value, AnyList):
        if sort_of(numbers).of_items.item is not None:
            raise Untranslatable("the size of a constant depends on a parameter", span, "give its size")
        return (body.symbols.number(call("len", numbers.code), numbers.value.sample),)
    if not isinstance(numbers.value, list):
        return ()
    first = numbers.value[0]
    return (len(numbers.value), *(size_of_list(body, first, span) if isinstance(first, Static) else ()))


def flattened_numbers(numbers: Any) -> tuple[list[Any], tuple[int, ...]]:
    """Numbers in lists one by one, and the size that these have."""
    if not isinstance(numbers, list):
        return [numbers], ()
    rows = [flattened_numbers(row) for row in numbers]
    return [number for row, _ in rows for number in row], (len(rows), *(rows[0][1] if rows else ()))


def field_of(body: Body, static: Static) -> Any:
    """A static as the parameter of a layer."""
    value = static.value
    if isinstance(value, Traced):
        return Coded(value.value, value.expr, static.code)
    if isinstance(value, list):
        return tuple(field_of(body, item) for item in value)
    if isinstance(value, Test):
        return Opaque(static.code, value.sample)
    if isinstance(value, AnyList):
        if "list" in value.item.kinds:
            raise Untranslatable("a layer is given a list with lists in it", names=body.names_of(static))
        if not body.is_silent and not value.item.item:
            body.file.ask_for_tuples(value.item)
        return Opaque(as_tuple(static.code), tuple(sample_of(static)), value.or_one)
    return value


def as_tuple(code: Code) -> Code:
    """A list that is new as a tuple, as PyTorch has the sizes of several axes."""
    match code:
        case ast.List(items):
            return tuple_of(items)
        case ast.ListComp(item, generators):
            return call("tuple", ast.GeneratorExp(item, generators))
        case ast.IfExp(test, yes, no):
            return ast.IfExp(test, as_tuple(yes), as_tuple(no))
    return code


def opposite(test: Static) -> Static:
    """`not test`."""
    if isinstance(test.value, bool):
        return Static(not test.value, negated(test.code))
    return Static(Test(not test.value.sample, test.value.fails, test.value.holds), negated(test.code))


def decided(body: Body, test: Static) -> bool:
    """How a condition comes out that depends on no parameter."""
    if isinstance(test.value, bool):
        return test.value
    raise Untranslatable("a condition depends on a parameter here", names=body.names_of(test))


def list_arithmetic(body: Body, word: str, left: Static, right: Static) -> Static:
    """Lists put together, or repeated: always new ones, and those of parameters may be tuples."""
    if word == "+":
        code: Code = list_of([*_in_brackets(left.code), *_in_brackets(right.code)])
        if isinstance(left.value, list) and isinstance(right.value, list):
            return Static([*left.value, *right.value], code)
        sort, other = sort_of(left), sort_of(right)
        size = sort.length + other.length
        sort.merge(other)
        return Static(AnyList(sort.of_items, size), code)
    is_new = isinstance(left.code, (ast.List, ast.ListComp))
    code = ast.BinOp(left.code if is_new else list_of(_in_brackets(left.code)), ast.Mult(), right.code)
    count = body.symbols.known(right.value)
    if isinstance(left.value, list) and count is not None:
        return Static(left.value * count, code)
    return Static(sort_of(left).any_list(), code)


def _in_brackets(code: Code) -> list[Code]:
    """The items of a list as they stand between the brackets of another one."""
    return code.elts if isinstance(code, ast.List) else [ast.Starred(code, ast.Load())]


def _as_lists(body: Body, side: Static) -> Code:
    """What is compared with a list: one, also where a parameter is given a tuple for it, or for a list in it."""
    value, code = side.value, side.code
    if isinstance(value, list) and all(isinstance(item, Static) for item in value):
        items = [_as_lists(body, item) for item in value]
        return code if all(made is item.code for made, item in zip(items, value, strict=True)) else list_of(items)
    if not isinstance(value, AnyList) or (isinstance(code, ast.List) and "list" not in value.item.kinds):
        return code
    made = call("list", code)
    if "list" in value.item.kinds:
        if len(value.item.kinds) > 1 or "list" in value.item.of_items.kinds:
            raise Untranslatable("lists with lists in them are compared", names=body.names_of(side))
        made = call("list", call("map", name("list"), code))
    return ast.IfExp(call("isinstance", code, name("tuple")), made, code) if value.or_one else made


def compared(body: Body, word: str, left: Any, right: Any) -> Static:
    """A comparison of two."""
    made = _compared(body, word, left, right)
    return plain_static(made.value) if isinstance(made.value, bool) and not names_in(made.code) else made


def _compared(body: Body, word: str, left: Any, right: Any) -> Static:
    if isinstance(left, RECIPES) or isinstance(right, RECIPES):
        return _compared_layers(word, left, right)
    are_lists = all(isinstance(side.value, (list, AnyList)) for side in (left, right))
    one, other = (_as_lists(body, side) if are_lists else side.code for side in (left, right))
    code: Code = ast.Compare(one, [RELATIONS[word]()], [other])
    a, b = left.value, right.value
    if isinstance(a, Traced) or isinstance(b, Traced):
        if isinstance(value_of(a), (int, float)) and isinstance(value_of(b), (int, float)):
            return _compared_numbers(body, word, a, b, code)
    elif all_known(body, [left]) and all_known(body, [right]):
        return Static(python(word, constants(body, left), constants(body, right)), code)
    facts: tuple[tuple[Expr, Expr], ...] = ()
    if isinstance(a, list) and isinstance(b, list) and word in ("==", "!="):
        if len(a) != len(b):
            return Static(word == "!=", code)
        pairs = [_compared(body, "==", *pair).value for pair in zip(a, b, strict=True)]
        if all(pair is True for pair in pairs) or any(pair is False for pair in pairs):
            return Static((word == "==") is all(pairs), code)
        facts = tuple(fact for pair in pairs if isinstance(pair, Test) for fact in pair.holds)
    return Static(_test(word, python(word, sample_of(left), sample_of(right)), facts), code)


def _test(word: str, sample: bool, facts: tuple[tuple[Expr, Expr], ...]) -> Test:
    """A comparison; `facts` are what is equal where both sides are."""
    return Test(sample, facts if word == "==" else (), facts if word == "!=" else ())


def _compared_numbers(body: Body, word: str, a: Any, b: Any, code: Code) -> Static:
    try:
        difference = (body.symbols.expanded(Expr.of(a)) - body.symbols.expanded(Expr.of(b))).constant
    except TooLong:
        difference = None
    if difference is not None:
        return Static(python(word, difference, 0), code)
    return Static(_test(word, python(word, value_of(a), value_of(b)), ((Expr.of(a), Expr.of(b)),)), code)


def _compared_layers(word: str, left: Any, right: Any) -> Static:
    for side, other in ((left, right), (right, left)):
        if isinstance(side, ParamRecipe) and is_identity(other):
            is_same = word == "=="
            code = ast.Compare(side.code, [ast.Is() if is_same else ast.IsNot()], [ast.Constant(None)])
            sample = any(map(is_identity, side.choices))
            return Static(Test(sample is is_same), code)
    if all(isinstance(side, RECIPES) and not isinstance(side, ParamRecipe) for side in (left, right)):
        return Static((recipe_key(left) == recipe_key(right)) is (word == "=="), constant(True))
    raise Untranslatable("layers are compared, of which one is a parameter")


def constant_call(body: Body, word: str, values: list[Any]) -> Any:
    """A function of numbers, texts and lists."""
    statics = [value for value in values if isinstance(value, Static)]
    if len(statics) != len(values):
        raise Untranslatable(f"{word} of what is no constant")
    codes = [static.code for static in statics]
    code: Code
    match word, codes:
        case "reversed" | "sorted" | "unique", _:
            return _ordered(body, word, statics[0])
        case "range", _:
            return _range(body, statics, call(word, *codes))
        case "enumerate" | "zip", _:  # which is only a list where it is gone through
            return _rows(body, word, statics, call("list", call(word, *map(gone_through, codes))))
        case "sum", _:
            code = call(word, *map(gone_through, codes))
        case "len", [items]:
            code = length_of(items)
        case "all" | "any", [ast.ListComp() as items]:
            code = call(word, ast.GeneratorExp(items.elt, items.generators))
        case _:
            code = call(f"math.{word}" if word in REAL_FUNCTIONS else word, *codes)
    if word == "len" and isinstance(statics[0].value, list):
        length = len(statics[0].value)
        return Static(length, code if UNSAID not in names_in(code) else constant(length))
    if all_known(body, statics):
        numbers = [constants(body, static) for static in statics]
        return Static(_worked_out(word, numbers), code)
    if word == "sum" and len(statics) == 1 and isinstance(statics[0].value, list):
        numbers = [item.value for item in statics[0].value]
        if all(isinstance(number, int | float | Traced) for number in numbers):
            with suppress(TooLong):
                return Static(sum(numbers), code)
    sample = _worked_out(word, [sample_of(static) for static in statics])
    if isinstance(sample, bool):
        return Static(Test(sample), code)
    if isinstance(sample, str):
        return Static(Opaque(code, sample), code)
    return Static(body.symbols.number(code, sample), code)


def worked_out(static: Static, written: Sequence[nodes.Node]) -> Static:
    """A number that follows from constants as one, if the text has names for some of them, as in the turn of a loop.

    `written` is what the text calculates with.
    """
    match static.code:
        case ast.BinOp(left=left, right=right):
            codes = [left, right]
        case ast.Call(args=codes):
            pass
        case _:
            return static
    is_constant = type(static.value) in (int, float) and all(map(is_literal, codes))
    return plain_static(static.value) if is_constant and has_names(written) else static


def has_names(written: Sequence[nodes.Node]) -> bool:
    """Whether names stand in what the text has there."""
    return any(isinstance(each, nodes.Ref) for each in nodes.walk(tuple(written)))


def _worked_out(word: str, arguments: list[Any]) -> Any:
    """What a function gives, or 1 where there is no result, as in a branch that is not taken."""
    try:
        return _FUNCTIONS[word](*arguments)
    except (ValueError, ArithmeticError):
        return 1


def _ordered(body: Body, word: str, static: Static) -> Static:
    """The items of a list in another order, or each of them once."""
    items = static.value
    if word == "reversed":
        code: Code = call("list", call("reversed", gone_through(static.code)))
        match static.code:
            case ast.Call(ast.Name("sorted"), keywords=[]):
                code = ast.Call(static.code.func, static.code.args, [ast.keyword("reverse", constant(True))])
        return Static(items[::-1] if isinstance(items, list) else AnyList(items.item, items.sample), code)
    inner = gone_through(static.code)
    code = call("sorted", inner) if word == "sorted" else call("list", call("dict.fromkeys", inner))
    if all_known(body, [static]):
        found = constants(body, static)
        return Static(list(map(plain_static, sorted(found) if word == "sorted" else dict.fromkeys(found))), code)
    return Static(sort_of(static).any_list(), code)


def _range(body: Body, ends: list[Static], code: Code) -> Static:
    known = [body.symbols.known(end.value) for end in ends]
    if None not in known and len(numbers := range(*known)) <= _LONGEST_KNOWN:
        return Static(list(map(plain_static, numbers)), code)
    return Static(AnyList(Sort({"int"}, 1), len(range(*(int(sample_of(end)) for end in ends)))), code)


def _rows(body: Body, word: str, statics: list[Static], code: Code) -> Static:
    """What `zip` gives for lists, and `enumerate` for one and the number that it counts from."""
    is_counted = word == "enumerate"
    start = body.symbols.known(statics[1].value) if is_counted and len(statics) > 1 else 0
    lists = statics[:1] if is_counted else statics
    if start is not None and all(isinstance(static.value, list) for static in lists):
        columns = [static.value for static in lists]
        if is_counted:
            columns.insert(0, counted(start, columns[0]))
        return Static([listed(list(row)) for row in zip(*columns, strict=False)], code)
    sorts = [sort_of(static) for static in lists]
    kinds = [*([Sort({"int"}, 1)] if is_counted else []), *(sort.of_items for sort in sorts)]
    row = Sort({"list"}, len(kinds), columns=kinds)
    return Static(AnyList(row, min(sort.length for sort in sorts)), code)


def counted(start: int, items: Sequence[Any]) -> list[Static]:
    """The numbers of the items of a list."""
    return list(map(plain_static, range(start, start + len(items))))


def constants(body: Body, static: Any) -> Any:
    """What a static is worth that depends on no parameter, in plain numbers, texts and lists."""
    value = static.value
    if isinstance(value, list):
        return [constants(body, item) for item in value]
    return body.symbols.known(value) if isinstance(value, Traced) else value


def python(word: str, a: Any, b: Any) -> Any:
    """What an operator of Python gives, or 1 where there is no result."""
    try:
        return _WORKED_OUT[word](a, b)
    except (ZeroDivisionError, OverflowError):
        return 1
