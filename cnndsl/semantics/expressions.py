"""What expressions are worth: names, texts, lists and what is asked of values; the others have files of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cnndsl.diagnostics import Fix, Problem, error
from cnndsl.hints.spelling import is_clear, nearest
from cnndsl.layers.formula import AXES
from cnndsl.semantics.arguments import is_half_applied, settled
from cnndsl.semantics.calls import brace, call, choice, conditional, labelled, pipe
from cnndsl.semantics.context import LIGHT
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.hints import (
    known_in_braces,
    known_method,
    no_attribute,
    only_a_key,
    open_size,
    unknown_attribute,
    unknown_name,
)
from cnndsl.semantics.indexing import index, slice_of
from cnndsl.semantics.operators import binary, comparison, unary
from cnndsl.semantics.values import (
    Items,
    Scope,
    Silent,
    Unknown,
    Value,
    VariantRecipe,
    describe,
)
from cnndsl.symbolic.number import SizeIsOpen, Traced
from cnndsl.syntax import tree


def evaluate(body: Evaluation, node: tree.Expression) -> Any:
    """What an expression is worth. Raises Problem, or Silent when it hangs on a mistake already reported."""
    body.context.work(node.span)
    try:
        value = _METHODS[type(node)](body, node)
    except SizeIsOpen:
        raise open_size(node.span) from None
    if isinstance(value, Traced):
        body.context.work(node.span, value.expr.weight // LIGHT)
    return value


def _name(body: Evaluation, node: tree.Name) -> Any:
    if (ended := body.scope.ended_with(node.text)) is not None:
        raise known_in_braces(node, ended, known_outside=node.text in body.scope)
    try:
        value, behind = body.scope.find(node.text)
    except KeyError:
        if tree.ANY in body.scope:
            raise Silent from None
        if (inner := body.given_in_braces(node)) is not None:
            raise known_in_braces(node, inner, known_outside=False) from None
        if (part := body.builder.slots.get(node.text)) is not None and part.span.text.startswith('"'):
            raise only_a_key(node, part.span) from None
        raise unknown_name(node, body.scope, body.declared_at(node)) from None
    if behind:
        what = "a value" if isinstance(value, Value) else "a layer"
        raise error(
            "E402",
            f"{node.text} is {what} of the body around this one, and cannot be used in here",
            node.span,
            help="make this a block, and give it what it needs as an argument",
        )
    if isinstance(value, VariantRecipe) and not is_half_applied(value):
        return settled(body, value, node.span)  # unless it is called, with its own parameters
    return value


def _flowing(
    body: Evaluation, value: Any, code: str, message: str, node: tree.Expression, ways: str | tuple[str, ...]
) -> Any:
    """A value that flows here. Raises Problem where nothing does yet, Silent where it is not known."""
    if value is None:
        raise error(code, message, node.span, help=ways)
    if isinstance(value, Unknown):
        raise Silent
    if body.context.seen is not None:
        body.context.seen(node.span, value)
    return value


def _input(body: Evaluation, node: tree.Input) -> Any:
    message = "nothing has entered this network yet"
    return _flowing(body, body.entry, "E401", message, node, "declare it first: input(3, 32, 32)")


def _result(body: Evaluation, node: tree.Result) -> Any:
    ways = ("write assert output.shape == [10] on a line of its own", "the value at hand is it")
    return _flowing(
        body, body.result, "E415", "what this body gives is known at its end, for an assertion only", node, ways
    )


def _it(body: Evaluation, node: tree.It) -> Any:
    message = "there is no current value yet"
    return _flowing(body, body.current, "E401", message, node, "declare the input first: input(3, 32, 32)")


def _hole(_: Evaluation, node: tree.Hole) -> Any:
    raise error("E205", "? can only stand for a size of an input", node.span, help="write it in input(3, ?, ?)")


def _string(body: Evaluation, node: tree.String) -> str:
    return body.bounded_text(
        "".join(part if isinstance(part, str) else _piece(body, part) for part in node.parts), node.span
    )


def _piece(body: Evaluation, node: tree.Expression) -> str:
    value = body.plain(body.known(node))
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        message = f"only a number or a text can stand in a text, and this is {describe(value)}"
        raise error("E206", message, node.span, help='write a number between the braces: "conv{i}"')
    return str(value)


def _list(body: Evaluation, node: tree.ListOf) -> Items:
    return body.light(Items(body.all_known(node.items)), node.span)


def _comprehension(body: Evaluation, node: tree.Comprehension) -> Items:
    result = []
    items = body.items(node.source)
    with body.builder.looping(node.span):
        for item in items:
            with body.in_scope(Scope(body.scope)):  # a layer in braces is worked out later, with those of its own turn
                body.bind_targets(node.targets, item)
                if node.condition is None or body.truth(node.condition):
                    result.append(body.known(node.item))
    return body.light(Items(result), node.span)


def _value_around(body: Evaluation, node: tree.Expression) -> Value | None:
    """The value of the body around a brace that a name stands for: its sizes are constants, and can be asked for."""
    if isinstance(node, tree.Name):
        with suppress(KeyError):
            value, behind = body.scope.find(node.text)
            return value if behind and isinstance(value, Value) else None
    return None


_ASKED = frozenset({"shape", "rank", "features", "channels", *(axis for axes in AXES.values() for axis in axes)})
"""What can be asked of a value."""


def _attribute(body: Evaluation, node: tree.Attribute) -> Any:
    try:
        value = _value_around(body, node.value) or body.known(node.value)
    except Problem as problem:
        raise unknown_attribute(problem, node, body.scope) from None
    name = node.name.text
    if not isinstance(value, Value):
        raise no_attribute(node, value, is_asked=name in _ASKED)
    shape = value.shape
    axes = AXES.get(len(shape) - 1, ())
    answers: dict[str, Any] = {"shape": list(shape), "rank": len(shape)}
    if shape:
        answers["features" if len(shape) == 1 else "channels"] = shape[0]
    answers.update(zip(axes, shape[1:], strict=False))
    if name not in answers:
        near = nearest(name, answers)
        meant = (f"did you mean .{near}?",) if near else known_method(node)
        raise error(
            "E206",
            f"a value of {len(shape)} {'axis' if len(shape) == 1 else 'axes'} has no .{name}",
            node.name.span,
            help=(*meant, f"it has {', '.join('.' + answer for answer in answers)}"),
            fix=Fix.suggested(node.name.span, near) if near and is_clear(name, answers) else None,
        )
    return answers[name]


_METHODS: dict[type, Callable[[Evaluation, Any], Any]] = {
    tree.Name: _name,
    tree.Number: lambda _, node: node.value,
    tree.Boolean: lambda _, node: node.value,
    tree.String: _string,
    tree.Hole: _hole,
    tree.Input: _input,
    tree.It: _it,
    tree.Result: _result,
    tree.ListOf: _list,
    tree.Comprehension: _comprehension,
    tree.Call: call,
    tree.Attribute: _attribute,
    tree.Index: index,
    tree.Slice: slice_of,
    tree.Ellipsis: lambda *_: ...,
    tree.Unary: unary,
    tree.Binary: binary,
    tree.Comparison: comparison,
    tree.Conditional: conditional,
    tree.Labelled: labelled,
    tree.Pipe: pipe,
    tree.Body: brace,
    tree.If: choice,
}
