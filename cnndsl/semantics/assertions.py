"""`assert`: what a text says of sizes and costs, checked while it is worked out.

In: a body that is worked out up to the line, and the line. Out: nothing, or the error that says what is not so, with
both sides' values and where they come from. The program keeps nothing of it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cnndsl.analysis import MEASURES, measure, receptive_fields
from cnndsl.diagnostics import Label, Problem, error
from cnndsl.ir.program import Module, Output, Program, inner_first
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.hints import open_size
from cnndsl.semantics.values import Scope, Silent, Unknown, Value
from cnndsl.source import Span
from cnndsl.symbolic.number import SizeIsOpen, is_open, value_of
from cnndsl.syntax import tree

_STEP = 4
"""To measure a step takes as long as to work out so many expressions."""
_WORDS = {"==": "", "!=": "anything but ", "<": "below ", "<=": "at most ", ">": "above ", ">=": "at least "}


def is_of_result(statement: tree.Assert) -> bool:
    """Whether an assertion speaks of what its body gives, so that it is checked at the end of the body."""
    return any(isinstance(node, tree.Result) for node in tree.walk(statement.condition))


def check_assertion(body: Evaluation, statement: tree.Assert) -> None:
    """Raise Problem where what a line asserts is not so, or cannot be known."""
    with body.in_scope(Scope(body.scope)):
        body.scope.names |= _measures(body, measured(statement, body.scope), statement)
        for node in tree.walk(statement.condition):
            if _is_open(body, node):
                raise open_size(node.span)
        if not body.truth(statement.condition):
            raise _untrue(body, statement)


def measured(statement: tree.Assert, scope: Scope) -> list[str]:
    """The measures that an assertion speaks of; a name of the text's own wins."""
    names = {node.text for node in tree.walk(statement.condition) if isinstance(node, tree.Name)}
    return [word for word in MEASURES if word in names and word not in scope]


def _is_open(body: Evaluation, node: tree.Node) -> bool:
    """Whether a size that is asked for is left open: what holds for one may not hold for another."""
    if not isinstance(node, tree.Attribute):
        return False
    value = body.known(node)
    return any(map(is_open, value)) if isinstance(value, list) else is_open(value)


# What is measured


def _measures(body: Evaluation, words: list[str], statement: tree.Assert) -> dict[str, Any]:
    """What measures come to of all that was applied so far. Raises Problem, or Silent."""
    if not words or body.current is None:
        return dict.fromkeys(words, 0)
    if isinstance(body.current, Unknown):
        raise Silent
    if not isinstance(body.current, Value):
        message = f"{words[0]} is that of one value, and here are several"
        raise error("E407", message, statement.span, help="assert it before they part")
    module = body.builder.so_far((Output(value=body.current.index),))
    program = Program(source="", networks=(module.id,), modules=body.context.modules | {module.id: module})
    steps = sum(len(each.steps) for each in inner_first(program, [module.id], Module.used))
    body.context.work(statement.span, _STEP * len(words) * steps)
    return {word: _known(found, word, program, statement) for word, found in measure(program, words).items()}


def _known(found: int | None, word: str, program: Program, statement: tree.Assert) -> int:
    if found is not None:
        return found
    message = f"{word} is not known here: it depends on a size that is left open, or on a class from elsewhere"
    helps = "give the input its size, or assert something else"
    if word == "receptive_field":
        fields = [field for field in receptive_fields(program) if field is not None]
        said = ", ".join(f"{field.size} along the {field.axis}" for field in fields)
        message = f"receptive_field is not one number here{f': it is {said}' if said else ''}"
        helps = "assert something else"
    raise error("E415", message, statement.span, help=helps)


# What is said where it is not so


def _untrue(body: Evaluation, statement: tree.Assert) -> Problem:
    node = statement.condition
    with suppress(Problem, Silent, SizeIsOpen):
        node = _culprit(body, node)
    said = [_value_of(body, operand) for operand in _operands(node)]
    compared = _compared(node, *said) if isinstance(node, tree.Comparison) and len(said) == 2 else ""
    labels: dict[Span, Label] = {}
    for operand, value in zip(_operands(node), said, strict=True):
        if value is not None and not compared and not _is_written(operand):
            labels[operand.span] = Label(operand.span, f"this is {value}")
        origin = _origin(body, operand)
        if origin is not None:
            labels.setdefault(origin.span, origin.came)
    message = " ".join("".join(map(str, statement.message.parts)).split()) if statement.message is not None else ""
    return error(
        "E414",
        f"this is asserted and not so: {compared or ' '.join(node.span.text.split())}",
        node.span,
        labels=tuple(label for span, label in labels.items() if span != node.span),
        help=(message,) if message else "change what comes before, or what is asserted",
    )


def _culprit(body: Evaluation, node: tree.Expression) -> tree.Expression:
    """The part of a condition that fails: of several that have to hold, the first that does not."""
    if isinstance(node, tree.Binary) and node.operator == "and":
        return _culprit(body, node.right if body.truth(node.left) else node.left)
    if isinstance(node, tree.Comparison) and len(node.operators) > 1:
        pairs = zip(node.operators, node.operands, node.operands[1:], strict=False)
        for operator, left, right in pairs:
            pair = tree.Comparison(left.span.to(right.span), (left, right), (operator,))
            if not body.truth(pair):
                return pair
    return node


def _operands(node: tree.Expression) -> tuple[tree.Expression, ...]:
    match node:
        case tree.Comparison():
            return node.operands
        case tree.Binary(operator="or"):
            return (*_operands(node.left), *_operands(node.right))
        case tree.Unary(operator="not"):
            return _operands(node.operand)
        case _:
            return (node,)


def _is_written(node: tree.Expression) -> bool:
    """Whether the text has the value itself."""
    if isinstance(node, tree.ListOf):
        return all(map(_is_written, node.items))
    return isinstance(node, (tree.Number, tree.Boolean, tree.String))


def _value_of(body: Evaluation, node: tree.Expression) -> str | None:
    with suppress(Problem, Silent, SizeIsOpen):
        return _said(value_of(body.known(node)))
    return None


def _said(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        items = [str(value_of(item)) for item in value if not isinstance(item, (list, Value))]
        return f"[{', '.join(items)}]" if len(items) == len(value) else None
    return None


def _compared(node: tree.Comparison, left: str | None, right: str | None) -> str:
    """A comparison that fails in words: `parameters is 285,002, and not at most 200,000`. Empty for what has none."""
    first, second = (" ".join(operand.span.text.split()) for operand in node.operands)
    (operator,) = node.operators
    if left is None or right is None or operator not in _WORDS:
        return ""
    if left == first.replace(" ", "") and right != second:  # 16 == it.height
        first, left, right = second, right, left
        operator = operator.translate(str.maketrans("<>", "><"))
    return f"{first} is {left}, and not {_WORDS[operator]}{right}"


def _origin(body: Evaluation, node: tree.Expression) -> Value | None:
    """The value of which a size is asked."""
    if isinstance(node, tree.Index):
        return _origin(body, node.value)
    if not isinstance(node, tree.Attribute):
        return None
    with suppress(Problem, Silent):
        value = body.known(node.value)
        return value if isinstance(value, Value) else None
    return None
