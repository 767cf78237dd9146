"""Expressions and tests read back from the Python that they are written as.  Nothing is executed."""

from __future__ import annotations

import ast
from functools import reduce

from cnndsl.traced.expr import Expr, Operation, Symbol, divide
from cnndsl.traced.truth import Test

_AST_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Div: "/",
}


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
    if isinstance(node, ast.BinOp) and type(node.op) in _AST_BINARY:
        name, left, right = _AST_BINARY[type(node.op)], _read(node.left), _read(node.right)
        if name == "+":
            return left + right
        if name == "-":
            return left - right
        return left * right if name == "*" else divide(name, left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return Expr.of(Operation(node.func.id, tuple(_read(a) for a in node.args)))
    message = "not an expression of names, numbers and arithmetic"
    raise ValueError(message)


_RELATION_NODES: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def parse_test(text: str) -> Test:
    """Read back what `str(test)` wrote.  Nothing is executed; raises ValueError for anything else."""
    try:
        return _read_test(ast.parse(text, mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as problem:
        message = f"not a test: {text!r}"
        raise ValueError(message) from problem


def _read_test(node: ast.expr) -> Test:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _RELATION_NODES:
        return Test(_RELATION_NODES[type(node.ops[0])], (_read(node.left), _read(node.comparators[0])))
    if isinstance(node, ast.BoolOp):
        name = "and" if isinstance(node.op, ast.And) else "or"
        first, *rest = map(_read_test, node.values)
        return reduce(lambda left, right: Test(name, (left, right)), rest, first)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return Test("not", (_read_test(node.operand),))
    if isinstance(node, ast.Name):
        return Test.of_flag(node.id)
    message = "not a comparison"
    raise ValueError(message)
