"""Operators: arithmetic, comparisons and conditions on constants, and sums and products of what flows."""

from __future__ import annotations

from typing import Any

from cnndsl.diagnostics import Fix, error
from cnndsl.ir.program import Combine
from cnndsl.layers.formula import SizeError, check_limits
from cnndsl.layers.operations import OPERATORS_OF_VALUES, Operation
from cnndsl.layers.registry import OPERATIONS
from cnndsl.layers.types import real
from cnndsl.semantics.context import LIGHT
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.functions import power
from cnndsl.semantics.hints import (
    arrows,
    assigned,
    begins_line,
    kinds_of,
    no_operation,
    no_operator,
    open_size,
    refused,
)
from cnndsl.semantics.size_hints import ways
from cnndsl.semantics.values import (
    UNKNOWN,
    Copies,
    Items,
    Part,
    Recipe,
    Value,
    describe,
    holds_values,
    key_for,
    weight_of,
)
from cnndsl.source import Span
from cnndsl.symbolic.expr import RELATIONS, TooLong
from cnndsl.symbolic.number import SizeIsOpen, Traced, calculate, trace_weight, value_of
from cnndsl.syntax import tree


def unary(body: Evaluation, node: tree.Unary) -> Any:
    """What `-x`, `+x` or `not x` is worth. Raises Problem."""
    if node.operator == "not":
        return not body.truth(node.operand)
    value = body.known(node.operand)
    if is_number(value):
        return -value if node.operator == "-" else value
    if isinstance(value, Recipe) and node.operator == "-" and begins_line(node.span):
        raise refused("sign", "E206", "minus", node)
    if isinstance(value, Value) and node.operator == "-":
        return apply_operation(body, OPERATIONS["neg"](), (value,), node.span)
    message = f"{node.operator} needs a number, and this is {describe(value)}"
    ways = "leave it out" if node.operator == "+" else "write - before a number or a value"
    raise error("E206", message, node.span, help=ways)


def binary(body: Evaluation, node: tree.Binary) -> Any:
    """What an operator between two operands is worth. Raises Problem."""
    if node.operator in ("and", "or"):
        return _junction(body, node)
    if node.operator == "//":
        left = body.known(node.left)
        if isinstance(left, (Value, Recipe)) and not isinstance(node.right, tree.Number):
            raise refused("sign", "E206", "comment", node)
        right = body.known(node.right)
    else:
        left, right = body.all_known([node.left, node.right])
    if is_number(left) and is_number(right) and node.operator != "@":
        return _calculate(body, node.operator, left, right, node.span)
    if isinstance(left, Value) or isinstance(right, Value):
        return _combine_two(body, node, left, right)
    if node.operator == "*":
        return _times(body, node, left, right)
    if node.operator == "+" and isinstance(left, list) and isinstance(right, list):
        return body.light(Items(left + right, weight_of(left) + weight_of(right) - 1), node.span)
    if node.operator == "+" and isinstance(left, str) and isinstance(right, str):
        return body.bounded_text(left + right, node.span)
    raise no_operation(node, left, right)


def comparison(body: Evaluation, node: tree.Comparison) -> bool:
    """What `a < b == c` is worth. Raises Problem."""
    _check_arrows(body, node)
    first = node.operands[0]
    is_new = isinstance(first, tree.Name) and first.text not in body.scope
    if is_new and list(node.operators) == ["=="] and begins_line(node.span):
        raise refused("sign", "E201", "equal", node, {"given": node.operands[1].span})
    values = body.all_known(node.operands)
    if set(node.operators) == {">"} and all(isinstance(value, Recipe) for value in values[1:]):
        raise arrows(node, ">")
    pairs = zip(node.operators, values, values[1:], strict=False)
    outcomes = [_compare(body, node, operator, left, right) for operator, left, right in pairs]  # each is checked
    return all(outcomes)


def _check_arrows(body: Evaluation, node: tree.Comparison) -> None:
    """Raise Problem for an arrow that points to the left, which reads as < and a minus: `relu <- conv(8, 3)`."""
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        text, start = node.span.source.text, operand.span.start
        is_arrow = operator == "<" and text[start - 1 : start + 1] == "<-"
        if is_arrow and isinstance(operand, tree.Unary) and isinstance(body.known(operand.operand), (Value, Recipe)):
            match node.operands:
                case (tree.Name() as first, _) if not isinstance(body.scope.get(first.text), (Value, Recipe)):
                    body.scope.names[first.text] = UNKNOWN
                    raise assigned(first, operand)
            raise arrows(node, "<-")


def _compare(body: Evaluation, node: tree.Comparison, operator: str, left: Any, right: Any) -> bool:
    span = node.span
    body.go_through([left, right], span)
    if holds_values(left) or holds_values(right):
        raise refused("order", "E206", "values Comparison", node)
    if operator in ("in", "not in") and not isinstance(left, Value):
        if not isinstance(right, list):
            message = f"in looks into a list, and this is {describe(right)}"
            raise error("E206", message, span, help="write a list after it: x in [1, 2]")
        wanted = key_for(body.plain(left))
        return any(key_for(body.plain(item)) == wanted for item in right) is (operator == "in")
    if is_number(left) and is_number(right):
        return bool(RELATIONS[operator](left, right))
    if operator in ("==", "!=") and not isinstance(left, Value) and not isinstance(right, Value):
        return (_comparable(left) == _comparable(right)) is (operator == "==")
    if isinstance(left, str) and isinstance(right, str):
        return bool(RELATIONS[operator](left, right))
    words = f"{kinds_of(left, right)} Comparison"
    raise refused("order", "E206", words, node, what=describe(left), other=describe(right))


def _junction(body: Evaluation, node: tree.Binary) -> bool:
    left = body.truth(node.left)
    return left if left is (node.operator == "or") else body.truth(node.right)


def _calculate(body: Evaluation, operator: str, left: Any, right: Any, span: Span) -> Any:
    try:
        if operator == "**":
            result: Any = power(body.plain(left), body.plain(right), body.context.limits.digits)
        else:
            result = _traced(body, operator, left, right, span)
    except ZeroDivisionError:
        raise error("E206", "this divides by zero", span, help="make sure that the divisor is not 0") from None
    except OverflowError:
        result = None
    plain = value_of(result)
    if not isinstance(plain, (int, float)) or abs(plain) >= 10**body.context.limits.digits or plain != plain:
        raise error("E502", "the result is too large a number, or none", span, help="calculate with smaller numbers")
    return result


def _traced(body: Evaluation, operator: str, left: Any, right: Any, span: Span) -> Any:
    """The result with its expression; without, where that would be longer than anyone could follow."""
    if operator == "*":
        body.context.work(span, trace_weight(left) * trace_weight(right) // LIGHT)
    try:
        return calculate(operator, left, right)
    except TooLong:
        return calculate(operator, body.plain(left), body.plain(right))


def _times(body: Evaluation, node: tree.Binary, left: Any, right: Any) -> Any:
    if isinstance(left, Recipe) and is_number(right):
        count = value_of(right)
        if not isinstance(count, int) or count < 0:
            raise error(
                "E206",
                f"a layer is repeated a whole number of times, and this is {describe(right)}",
                node.right.span,
                help="write a whole number, such as layer * 3",
            )
        body.plain(right)
        if isinstance(left, Part):
            raise error(
                "E403",
                f"{left.shown} is one layer, and * makes new ones",
                node.left.span,
                help=f"write the layer itself, or apply it again: -> {left.shown} -> {left.shown}",
            )
        return body.light(Copies(left, count, node.left.span), node.span)
    if isinstance(left, (list, str)) and is_number(right):
        count = body.plain(right)
        if not isinstance(count, int):
            message = f"a list is repeated a whole number of times, and this is {describe(right)}"
            raise error("E206", message, node.right.span, help="write a whole number, such as [1] * 3")
        if len(left) * count > body.context.limits.items:
            raise body.context.limits.too_long(node.span)
        if isinstance(left, str):
            return body.bounded_text(left * count, node.span)
        return body.light(Items(left * count), node.span)
    if isinstance(right, Recipe) and is_number(left):
        written = f"{node.right.span.text} * {node.left.span.text}"
        fix = Fix.safe(node.span, written) if "#" not in node.span.text else None
        raise error("E206", "the layer stands before the number", node.span, help=f"write {written}", fix=fix)
    raise no_operation(node, left, right)


def _combine_two(body: Evaluation, node: tree.Binary, left: Any, right: Any) -> Any:
    kind = OPERATORS_OF_VALUES.get(node.operator)
    if kind is None or (kind == "pow" and isinstance(right, Value)):
        raise no_operator(node.operator, node, node.left.span, node.right.span)
    if not all(isinstance(side, Value) or (is_number(side) and kind != "matmul") for side in (left, right)):
        raise no_operation(node, left, right)
    return combine_two(body, kind, (left, right), (node.left.span, node.right.span), node.span)


def combine_two(body: Evaluation, kind: str, sides: tuple[Any, Any], places: tuple[Span, Span], span: Span) -> Any:
    """Two values element by element, or a value and a number; `places` is where they stand. Raises Problem."""
    left, right = sides
    if isinstance(left, Value) and isinstance(right, Value):
        return apply_operation(body, OPERATIONS[kind](), (left, right), span)
    value, other, first = (left, right, False) if isinstance(left, Value) else (right, left, True)
    try:
        number = real(body.plain(other))
    except ValueError as problem:
        where = places[0 if first else 1]
        raise error("E208", f"a number beside a value {problem}", where, help="write a smaller one") from None
    if kind == "div" and number == 0 and not first:
        raise error("E206", "this divides by zero", span, help="make sure that the divisor is not 0")
    fields: dict[str, Any] = {"scalar": number, "scalar_first": first}
    return apply_operation(body, OPERATIONS[kind](**fields), (value,), span)


def apply_operation(
    body: Evaluation,
    operation: Operation,
    values: tuple[Value, ...],
    span: Span,
) -> Any:
    """Apply an operation to values of the graph; what comes out. Raises Problem."""
    kind = operation.kind
    body.only_layers("combines values", span, "make it a block: block Name { ... }, and use that here")
    for value in values:
        body.own(value, span)
    least, most = operation.takes
    if not least <= len(values) <= most:
        wanted = str(least) if least == most else f"{least} or more"
        raise error(
            "E207",
            f"{kind} takes {wanted} {'value' if wanted == '1' else 'values'}, and got {len(values)}",
            span,
            help=f"write {operation.written}",
        )
    try:
        xs, lacking = tuple(value.shape for value in values), tuple(value.unbatched for value in values)
        shapes = operation.outputs_of(xs, lacking)
        for shape in shapes:
            check_limits(shape)
    except SizeError as problem:
        labels = tuple(dict.fromkeys(value.came for value in values if value.span != span))
        helps = problem.help
        if problem.code == "E306":
            helps = ways(body, values, helps, joined=kind == "concat")
        raise error(problem.code, problem.message, span, labels=labels, help=helps) from None
    except SizeIsOpen:
        raise open_size(span) from None
    if len(values) == 1 and kind == "concat":
        return values[0]  # as in a loop that collects what it joins: the first turn has nothing to join
    outputs = body.builder.step(Combine(operation=operation), values, shapes, span, operation.word)
    return outputs if len(outputs) > 1 else outputs[0]


def is_number(value: Any) -> bool:
    """Whether something is a number, which may remember what it was worked out from."""
    return isinstance(value, (int, float, Traced)) and not isinstance(value, bool)


def _comparable(value: Any) -> Any:
    return key_for(value_of(value)) if not is_number(value) else value_of(value)
