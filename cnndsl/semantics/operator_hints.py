"""What to write instead, where an operator or a function was given what it does not take."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from cnndsl.diagnostics import Diagnostic, Fix, Problem, Severity, error
from cnndsl.layers.axis_order import as_torch, channels_first, swapped, without_batch
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape
from cnndsl.layers.operations import Operation
from cnndsl.layers.types import misfits, missing
from cnndsl.semantics.values import RECIPES, Part, Value, describe
from cnndsl.source import Span
from cnndsl.symbolic.number import value_of
from cnndsl.syntax import tree

_LONGEST = 100
"""The longest text to write that is spelled out in a help."""
_SQUARE = 2
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_PLAIN = (tree.Name, tree.It, tree.Input)
_OWN = "for other functions of values, a module of your own is declared with extern"


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
    if any(isinstance(item, RECIPES) for _, value in given if isinstance(value, list) for item in value):
        help_text = f"apply each of them to a value: {name}([it -> layer for layer in layers])"
        return error("E206", f"{name} takes values of the network, and this list has layers", call.span, help=help_text)
    if name in _SIGNS and len(given) == len(("number", "value")) and isinstance(given[1][1], Value):
        help_text = f"write {given[0][0].span.text} {_SIGNS[name]} {given[1][0].span.text}"
        return error("E206", f"{name} takes its value first", call.span, help=help_text)
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
    whole = ", ".join(written)
    return whole if _is_short(whole) else f"{written[0].split('(')[0]}(...), ..."


def _is_short(text: str) -> bool:
    """Whether a text to write can be spelled out in a help."""
    return len(text) <= _LONGEST and "#" not in text and "\n" not in text


def operator_help(node: tree.Binary, left: Any, right: Any) -> str | tuple[str, ...]:
    """A way out for an operator between two things that do not go together."""
    operator, left, right = node.operator, value_of(left), value_of(right)
    if isinstance(left, (Part, Value)) and isinstance(right, (Part, Value)) and (named := result_of(left, right)):
        return named
    if isinstance(left, RECIPES) or isinstance(right, RECIPES):
        if operator in ("*", "**") and not isinstance(left, Value) and not isinstance(right, Value):
            return "a layer is repeated a number of times: layer * 3"
        a, b = node.left.span.text, node.right.span.text
        sides = (f"(it -> {text})" if isinstance(side, RECIPES) else text for text, side in ((a, left), (b, right)))
        written = f" {operator} ".join(sides)
        written = written if _is_short(written) else f"(it -> layer) {operator} ..."
        if isinstance(left, RECIPES) and isinstance(right, RECIPES):
            row = f"{a} -> {b}" if _is_short(f"{a}{b}") else "a -> b"
            return (f"layers are put in a row with ->: {row}", f"what comes out of them is combined: {written}")
        return f"apply the layer to a value first: {written}"
    if isinstance(left, str) or isinstance(right, str):
        return 'a number is put into a text with braces: "conv{i}"'
    if isinstance(left, list) or isinstance(right, list):
        return "lists are joined with +, and repeated with *: [1, 2] + [3], [1] * 3"
    return f"{operator} takes two numbers, or values of the network"


def no_order(left: Any, right: Any, span: Span) -> Problem:
    """The error for a comparison of what has no order."""
    both = (value_of(left), value_of(right))
    if any(isinstance(side, Value) for side in both):
        message = "what a value holds is known only when the network runs, and a comparison is worked out before"
        return error("E206", message, span, help="compare its sizes: it.channels > 3")
    help_text = "layers are put in a row with ->" if all(isinstance(side, RECIPES) for side in both) else ""
    help_text = help_text or "compare two numbers"
    return error("E206", f"{describe(left)} and {describe(right)} have no order", span, help=help_text)


def no_condition(node: tree.Expression, value: Any) -> Problem:
    """The error for a condition that is neither true nor false."""
    value, written = value_of(value), node.span.text
    message = f"a condition is true or false, and this is {describe(value)}"
    if isinstance(value, RECIPES):
        message = f"a condition is a constant, true or false, and this is {describe(value)}"
        helps = "decide by a parameter: block Unit(deep = true) { if deep { ... } }"
    elif isinstance(value, (Value, tuple)):
        message = "a condition is worked out before the network runs, when what a value holds is not known"
        helps = "decide by its sizes, if it.height > 8 { ... }, or by a parameter"
    elif isinstance(value, (int, float)):
        zero = f"({written})" if isinstance(node, tree.Conditional) else written
        helps = "write true or false" if isinstance(node, tree.Number) else f"compare it: {zero} > 0"
    elif isinstance(value, list):
        helps = f"ask how long it is: len({written}) > 0" if _is_short(written) else "ask how long it is, with len"
    elif isinstance(value, str):
        helps = f'compare it: {written} == "{value}"' if isinstance(node, tree.Name) else "write true or false"
    else:
        helps = "compare two numbers: n > 0"
    return error("E206", message, node.span, help=helps)


def no_list(node: tree.Expression, items: Any) -> Problem:
    """The error for a loop over what is no list."""
    items, written = value_of(items), node.span.text
    helps, fix = "to count, write range(n)", None
    if isinstance(items, int):
        helps = f"to count, write range({written})"
        if isinstance(node, (tree.Number, tree.Name, tree.Attribute)):
            fix = Fix.suggested(node.span, f"range({written})")
    elif isinstance(items, RECIPES):
        helps = f"to apply a layer several times, write repeat 3 {{ {written if _is_short(written) else 'layer'} }}"
    elif isinstance(items, Value):
        helps = f"to run over parts of its channels, write split({written if _is_short(written) else 'it'}, 4)"
    return error("E206", f"a loop runs over a list, and this is {describe(items)}", node.span, help=helps, fix=fix)


def no_operator(node: tree.Binary, left: Any, right: Any) -> Problem:
    """The error for an operator that numbers have, and values of the network have not: `it ** 2`."""
    operator = node.operator
    message = f"{operator} works on numbers, not on values of the network"
    if operator == "**" and isinstance(left, Value) and value_of(right) == _SQUARE and type(right) is int:
        text = node.left.span.text
        helps = f"write {text} * {text}" if _is_short(text) and isinstance(node.left, _PLAIN) else "x = ...; x * x"
        return error("E206", message, node.span, help=helps)
    if operator == "**":
        return error("E206", message, node.span, help=_OWN)
    return error("E206", message, node.span, help="values are combined with + - * /")


def mathematics(problem: Problem, node: tree.Call, given: Sequence[Any]) -> Problem:
    """The error for a function that there is not, `sqrt(16)`, `math.log2(n)`, with what it is given."""
    name = node.function.span.text.rpartition(".")[2]
    if any(isinstance(value, Value) for value in given):
        return of_a_value(name, node)
    written = [a.span.text if isinstance(a.value, _ATOMS) else f"({a.span.text})" for a in node.arguments]
    if name == "sqrt" and len(written) == 1:
        helps: tuple[str, ...] = (f"write {written[0]} ** 0.5", f"for a whole number write int({written[0]} ** 0.5)")
    elif name == "pow" and len(written) == len(("base", "exponent")):
        helps = (f"write {written[0]} ** {written[1]}",)
    elif name in _FUNCTIONS and len(given) == 1 and type(given[0]) in (int, float) and 0 < given[0] < _LARGE:
        helps = (f"work it out beforehand, and write {_FUNCTIONS[name](given[0]):g}",)
    elif name in _FUNCTIONS:
        helps = ("work it out beforehand, and give the number as a parameter",)
    else:
        return problem
    return error("E201", f"nothing is called {node.function.span.text}", node.function.span, help=helps)


_ATOMS = (tree.Number, tree.Name, tree.Attribute, tree.Call)
_LARGE = 700
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp, "log": math.log, "log2": math.log2, "log10": math.log10, "sin": math.sin, "cos": math.cos,
}  # fmt: skip
MATHEMATICS = frozenset({"sqrt", "rsqrt", "pow", "square", "clamp", "clip", *_FUNCTIONS})
"""Functions of Python and PyTorch that the language has not."""


def of_a_value(name: str, node: tree.Call) -> Problem:
    """The error for a function of numbers that is called on a value of the network: `abs(it)`, `sqrt(it)`."""
    written = node.arguments[0].span.text
    helps = _OWN
    if name == "abs" and _is_short(written):
        helps = f"write relu({written}) + relu(-{written})"
    elif name in ("min", "max", "clamp", "clip"):
        helps = "numbers are kept between two others by hardtanh(-1, 1)"
    elif name in ("pow", "square"):
        helps = f"a square is written x * x; {_OWN}"
    elif name == "sum":
        helps = "write mean(it, axis=...), which is a sum but for a factor"
    return error("E206", f"{name} works on numbers, and not on values of the network", node.span, help=helps)


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


def operation_problem(name: str, operation: type[Operation], problem: ValidationError, span: Span) -> Problem:
    """The error for an operation on values with arguments that do not fit."""
    for field in missing(problem):
        return error("E207", f"{name} needs {field} too", span, help=operation_help(operation, field))
    field, reason = next(iter(misfits(problem).items()))
    return error("E208", f"{name}: {field} {reason}", span, help=operation_help(operation, field))


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
