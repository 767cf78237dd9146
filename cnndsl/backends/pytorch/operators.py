"""What the operators of a text are worth, on constants and on values, and conditions, which are made of them.

The expressions that they stand between are worked out by `body.file.evaluate`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import OPERATORS, RELATIONS, Code, call, constant, names_in, within_64_bits
from cnndsl.backends.pytorch.layer_lists import AnyLayers
from cnndsl.backends.pytorch.operations import combined, joined, repeated
from cnndsl.backends.pytorch.sorts import sample_of
from cnndsl.backends.pytorch.statics import (
    compared,
    has_names,
    in_forward,
    list_arithmetic,
    opposite,
    python,
    worked_out,
)
from cnndsl.backends.pytorch.values import (
    RECIPES,
    AnyList,
    AnyTensors,
    CopiesRecipe,
    Opaque,
    Static,
    Tensor,
    TensorList,
    Test,
    Untranslatable,
    plain_static,
)
from cnndsl.ir import nodes
from cnndsl.layers.operations import OPERATORS_OF_VALUES
from cnndsl.layers.registry import OPERATIONS
from cnndsl.symbolic.expr import Expr, TooLong
from cnndsl.symbolic.number import Traced, calculate, value_of


def static_of(body: Body, node: Any) -> Static:
    """What `__init__` can work out."""
    found = body.file.evaluate(body, node)
    if not isinstance(found, Static):
        raise Untranslatable("a number, a text or a list of them is needed here", node.span)
    return found


def operands(body: Body, items: Sequence[Any]) -> list[Any]:
    """Expressions, in their order."""
    return body.in_order([partial(body.file.evaluate, body, item) for item in items])


def arguments_of(body: Body, node: nodes.Call) -> list[tuple[str | None, Any]]:
    """The arguments of a call, each with its name or None."""
    values = operands(body, [argument.value for argument in node.arguments])
    return [(argument.name, value) for argument, value in zip(node.arguments, values, strict=True)]


def calculation(body: Body, node: nodes.Op) -> Any:
    """What an operator gives: arithmetic, `and`, `or` or `not`."""
    if node.operator == "not":
        return opposite(condition(body, node.operands[0]))
    if node.operator in ("and", "or"):
        return _junction(body, node)
    if len(node.operands) == 1:
        value = body.file.evaluate(body, node.operands[0])
        if isinstance(value, Tensor):
            return combined(body, OPERATIONS["neg"](), [value])
        if node.operator == "+":
            return value
        code = (
            constant(-value.value)
            if isinstance(value.value, (int, float)) and isinstance(value.code, ast.Constant)
            else ast.UnaryOp(ast.USub(), value.code)
        )
        return Static(-value.value, code, value.seen and ast.UnaryOp(ast.USub(), value.seen))
    left, right = operands(body, node.operands)
    made = _binary(body, node, left, right)
    seen = (names_in(each.code) for each in (left, right) if isinstance(each, Static) and each.seen is not None)
    if isinstance(made, Static) and not names_in(made.code).isdisjoint(set().union(*seen)):
        return replace(made, seen=_arithmetic(node, in_forward(left).code, in_forward(right).code))
    return made


def _binary(body: Body, node: nodes.Op, left: Any, right: Any) -> Any:
    word = node.operator
    if isinstance(left, (TensorList, AnyTensors)) or isinstance(right, (TensorList, AnyTensors)):
        return joined(body, left, right, node.span) if word == "+" else repeated(body, left, right)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return two(body, OPERATORS_OF_VALUES[word], left, right)
    if isinstance(left, RECIPES) and word == "*":
        return CopiesRecipe(left, right, node.operands[0])
    a, b = left.value, right.value
    if isinstance(a, AnyLayers) or isinstance(b, AnyLayers):
        helps = "go through one list: [{ if i == 0 { first } else { others } } for [i, n] in enumerate(numbers)]"
        raise Untranslatable("layers are joined of which a parameter says how many there are", node.span, helps)
    if isinstance(a, (list, AnyList)) or isinstance(b, (list, AnyList)):
        return list_arithmetic(body, word, left, right)
    code = _arithmetic(node, left.code, right.code)
    if isinstance(a, (str, Opaque)):
        text = sample_of(left) + sample_of(right) if word == "+" else sample_of(left) * sample_of(right)
        is_known = isinstance(a, str) and not isinstance(b, (Opaque, Traced))
        return Static(text if is_known else Opaque(code, text), code)
    if not isinstance(a, Traced) and not isinstance(b, Traced):
        return worked_out(Static(python(word, a, b), code), node.operands)
    sample = python(word, value_of(a), value_of(b))
    whole = isinstance(value_of(a), int) and isinstance(value_of(b), int) and word not in ("/", "**")
    if whole:
        try:
            return Static(calculate(word, a, b), code)
        except (TooLong, ZeroDivisionError):
            pass
    known = (body.symbols.known(a), body.symbols.known(b))
    if None not in known:
        number = body.symbols.number(code, sample)
        (symbol,) = number.expr.symbols()
        body.symbols.definitions.setdefault(symbol.name, Expr.of(python(word, *known)))
        return Static(number, code)
    return Static(body.symbols.number(code, sample), code)


def _arithmetic(node: nodes.Op, left: Code, right: Code) -> Code:
    """The Python of an operation on constants, without a 0 or 1 that stands for a name and does nothing."""
    for at, other, neutral in ((1, left, {"+": 0, "-": 0, "*": 1}), (0, right, {"+": 0, "*": 1})):
        match (left, right)[at]:
            case ast.Constant(int(number)) if number == neutral.get(node.operator) and has_names([node.operands[at]]):
                return other
    return ast.BinOp(left, OPERATORS[node.operator](), right)


def two(body: Body, kind: str, left: Any, right: Any) -> Any:
    """Two values element by element, or a value and a number."""
    operation = OPERATIONS[kind]
    if not isinstance(left, Static) and not isinstance(right, Static):
        if len(left.shape) == len(right.shape) and all(map(body.symbols.same, left.shape, right.shape)):
            sums = [_sum_of_any(side.code) for side in (left, right)]
            if None in sums:
                left, right = (s if c is None else s.moved(c) for s, c in zip((left, right), sums, strict=True))
        return combined(body, operation.model_construct(), [left, right])
    value, other, first = (right, left, True) if isinstance(left, Static) else (left, right, False)
    number = Opaque(within_64_bits(other.value, in_forward(other).code), sample_of(other))
    return combined(body, operation.model_construct().having({"scalar": number, "scalar_first": first}), [value])


def _sum_of_any(code: Code) -> Code | None:
    """The sum of a list of values where it may be 0, as that of an empty list is; None for anything else."""
    match code:
        case ast.Call(ast.Name("sum"), [ast.Subscript(items, ast.Slice()), ast.Subscript(_, ast.Constant(0))]):
            return call("sum", items)
        case _:
            return None


def condition(body: Body, node: Any) -> Static:
    """A condition."""
    found = body.file.evaluate(body, node)
    if isinstance(found, Static) and isinstance(found.value, (bool, Test)):
        return found
    raise Untranslatable("a condition is needed here", node.span)


def _junction(body: Body, node: nodes.Op) -> Static:
    left = condition(body, node.operands[0])
    is_and = node.operator == "and"
    if isinstance(left.value, bool):
        return condition(body, node.operands[1]) if left.value is is_and else left
    mark = len(body.lines)
    with body.unchecked(left):
        right = condition(body, node.operands[1])
    body.check_applied(mark, left)
    if isinstance(right.value, bool):
        return left if right.value is is_and else right
    a, b = left.value, right.value
    values = [*_terms(left.code, is_and), *_terms(right.code, is_and)]
    code = ast.BoolOp(ast.And() if is_and else ast.Or(), values)
    if is_and:
        return Static(Test(a.sample and b.sample, (*a.holds, *b.holds), ()), code)
    return Static(Test(a.sample or b.sample, (), (*a.fails, *b.fails)), code)


def comparison(body: Body, node: nodes.Compare) -> Static:
    """What a comparison gives, of two or of more in a row."""
    values = [body.file.evaluate(body, operand) for operand in node.operands]
    parts = [compared(body, word, a, b) for word, a, b in zip(node.operators, values, values[1:], strict=False)]
    if len(parts) == 1:
        return parts[0]
    unknown = [part for part in parts if not isinstance(part.value, bool)]
    if any(part.value is False for part in parts):
        return plain_static(False)
    if not unknown:
        return plain_static(True)
    code = ast.Compare(values[0].code, [RELATIONS[w]() for w in node.operators], [v.code for v in values[1:]])
    return Static(Test(all(part.value.sample for part in unknown)), code)


def _terms(code: Code, is_and: bool) -> list[Code]:
    """What an `and`, or an `or`, is made of; an expression itself where it is no such."""
    if isinstance(code, ast.BoolOp) and isinstance(code.op, ast.And) is is_and:
        return code.values
    return [code]
