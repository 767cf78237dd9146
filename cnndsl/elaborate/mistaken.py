"""What to write instead, where an operator or a function was given what it does not take."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from cnndsl.diagnostics import Diagnostic, Fix, Problem, Severity, error
from cnndsl.elaborate.values import RECIPES, Part, Value, describe
from cnndsl.layers.base import Layer
from cnndsl.layers.declared import Invalid
from cnndsl.layers.order import as_torch, channels_first, swapped, without_batch
from cnndsl.layers.sizes import Shape
from cnndsl.layers.values import Operation
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.traced import value_of

_LONGEST = 100
"""The longest text to write that is spelled out in a help."""


def result_of(*values: Any) -> tuple[str, ...]:
    """A way out where a layer stands for what came out of it: `e1: conv(8, 3)` and then `e1 + it`."""
    part = next((value for value in values if isinstance(value, Part)), None)
    if part is None:
        return ()
    span = part.span
    found = re.fullmatch(r"\s*:\s*(.+)", span.text.removeprefix(part.name))
    if found is None:
        return ()
    if span.source.line(span.position.line).strip() == span.text:
        return (f"to name what comes out of it, write {part.name} = it -> {found[1]} there",)
    return (f"to name what comes out of it, end the line behind {part.name} and write x = it",)


def takes_values(name: str, call: tree.Call, given: Sequence[tuple[tree.Argument, Any]]) -> Problem:
    """The error for an operation on values that is given layers, `concat(conv(8, 1), conv(8, 3))`, or constants."""
    such_as = {"split": "it, 2", "mean": "it", "max": "it"}.get(name, "input, it")
    helps = result_of(*(value for argument, value in given if argument.name is None))
    recipes = [(argument, value) for argument, value in given if isinstance(value, RECIPES)]
    if not recipes:
        return error("E206", f"{name} takes values of the network", call.span, help=f"for example {name}({such_as})")
    written = [
        f"it -> {argument.value.span.text}" if isinstance(value, RECIPES) else argument.span.text
        for argument, value in given
    ]
    helps = helps or (f"apply the layer to a value first: {name}({_joined(written)})",)
    message = f"{name} takes values of the network, and this is {describe(recipes[0][1])}"
    return error("E206", message, recipes[0][0].value.span, help=helps)


def _joined(written: Sequence[str]) -> str:
    """Arguments as one line; dots where they are many or long."""
    whole = " ".join(", ".join(written).split())
    return whole if len(whole) <= _LONGEST and "#" not in whole else f"{written[0].split('(')[0]}(...), ..."


def operator_help(operator: str, left: Any, right: Any) -> str | tuple[str, ...]:
    """A way out for an operator between two things that do not go together."""
    left, right = value_of(left), value_of(right)
    if isinstance(left, (Part, Value)) and isinstance(right, (Part, Value)) and (named := result_of(left, right)):
        return named
    if isinstance(left, RECIPES) and isinstance(right, RECIPES):
        return "layers are put in a row with ->; their results are added: (input -> a) + (input -> b)"
    if isinstance(left, RECIPES) or isinstance(right, RECIPES):
        if operator in ("*", "**") and not isinstance(left, Value) and not isinstance(right, Value):
            return "a layer is repeated a number of times: layer * 3"
        return "apply the layer to a value first: (input -> layer)"
    if isinstance(left, str) or isinstance(right, str):
        return 'a number is put into a text with braces: "conv{i}"'
    if isinstance(left, list) or isinstance(right, list):
        return "lists are joined with +, and repeated with *: [1, 2] + [3], [1] * 3"
    return f"{operator} takes two numbers, or values of the network"


def no_order(left: Any, right: Any, span: Span) -> Problem:
    """The error for a comparison of what has no order."""
    both = (value_of(left), value_of(right))
    help_text = "compare two numbers"
    if all(isinstance(side, RECIPES) for side in both):
        help_text = "layers are put in a row with ->"
    elif any(isinstance(side, Value) for side in both):
        help_text = "compare sizes: input.channels > 3"
    return error("E206", f"{describe(left)} and {describe(right)} have no order", span, help=help_text)


def comment(node: tree.Binary) -> Problem:
    """The error for a comment of C behind a layer: `relu // first`."""
    between = Span(node.span.source, node.left.span.end, node.right.span.start)
    at = between.start + between.text.find("//")
    span = Span(between.source, at, at + 2)
    message = "a comment begins with #, and // divides numbers"
    return error("E206", message, span, help="write # in place of it", fix=Fix.suggested(span, "#"))


def list_item(node: tree.Unary) -> Problem | None:
    """The error for a line as in a list, `- relu`; None for a minus anywhere else."""
    span = node.span
    before = span.source.text[: span.start].rpartition("\n")[2]
    if before.strip() or node.operator != "-":
        return None
    sign = Span(span.source, span.start, span.start + 1)
    fix = Fix.suggested(Span(span.source, span.start, node.operand.span.start), "")
    return error("E206", "a line of a body has no - before it", sign, help="remove it", fix=fix)


def refuse_others(what: str, value: Any, span: Span, help_for: Callable[[], str | tuple[str, ...]]) -> None:
    """Raise Problem unless a value is a number, true or false, a text, or a list of such."""
    if isinstance(value, list):
        for item in value:
            refuse_others(what, item, span, help_for)
    elif not isinstance(value_of(value), (bool, int, float, str)):
        message = f"{what} must be a number or a text, and this is {describe(value)}"
        raise error("E206", message, span, help=help_for())


def operation_help(operation: type[Operation], field: str) -> str:
    """What an argument of an operation is; empty for one that it does not have."""
    return f"{field}: {operation.model_fields[field].description}" if field in operation.model_fields else ""


def operation_problem(name: str, operation: type[Operation], problem: Invalid, span: Span) -> Problem:
    """The error for an operation on values with arguments that do not fit."""
    field = problem.name
    help_text = operation_help(operation, field)
    if problem.missing:
        return error("E207", f"{name} needs {field} too", span, help=help_text)
    return error("E208", f"{name}: {problem}", span, help=help_text)


def other_order(code: str, layer: Layer, x: Shape) -> tuple[str, ...]:
    """A way out where a window does not fit because numbers stand in the order of another framework."""
    if code != "E302":
        return ()
    torch = as_torch(layer, x)
    if torch:
        return (f"the channels that come in are not written: {torch}",)
    meant = swapped(layer)
    return (f"the number of kernels comes before their size: {meant}",) if meant else ()


def other_input(x: Shape, span: Span) -> Diagnostic | None:
    """The warning for an input of pictures whose channels come last, or which has a batch; None for another."""
    meant, batched = channels_first(x), without_batch(x)
    if meant is not None:
        rows, columns, channels = map(value_of, x)
        have = f"pictures with {channels} channel{'s have them' if channels > 1 else ' have it'} first"
        message, helps = f"this input has {rows} channels of {columns} x {channels}; {have}", "the channels come first"
    elif batched is not None:
        many, depth, rows, columns = map(value_of, x)
        channels = f"{many} channel{'s' if many > 1 else ''}"
        message = f"this input is a volume with {channels}, {depth} deep; the batch is no part of the size of an input"
        helps = "for pictures leave the batch out"
    else:
        return None
    return Diagnostic("W216", message, span, help=(f"{helps}: {meant or batched}",), severity=Severity.WARNING)


def open_size(span: Span) -> Problem:
    """The error for a place that needs a number where the size is left open."""
    return error(
        "E309",
        "this needs a size that is left open in the input",
        span,
        help="give the input its size, or bring the map to a fixed size first: adaptive_avgpool(1)",
    )


def nested_too_deeply(span: Span) -> Problem:
    """The error for what has more levels than can be worked out."""
    return error("E501", "this is nested too deeply", span, help="give inner parts names of their own")
