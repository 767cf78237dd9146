"""What expressions are worth: names, texts, lists, what stands in square brackets and what is asked of values.

The others have files of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cnndsl.diagnostics import Fix, Problem, error
from cnndsl.hints.spelling import is_clear, nearest
from cnndsl.layers.formula import AXES
from cnndsl.semantics.arguments import is_half_applied, settled
from cnndsl.semantics.calls import brace, call, choice, conditional, labelled, pipe
from cnndsl.semantics.chains import no_chain, piece_of
from cnndsl.semantics.context import LIGHT
from cnndsl.semantics.cuts import up_to_parts
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.hints import (
    known_in_braces,
    known_method,
    no_attribute,
    once_in_a_chain,
    only_a_key,
    open_size,
    unknown_attribute,
    unknown_name,
)
from cnndsl.semantics.operators import apply_operation, binary, comparison, unary
from cnndsl.semantics.values import (
    BlockRecipe,
    EmptyInTraining,
    Items,
    Part,
    Recipe,
    Scope,
    Silent,
    Template,
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
        if (part := body.builder.slots.get(node.text)) is not None:
            if part.span.text.startswith('"'):
                raise only_a_key(node, part.span) from None
            if body.builder.is_chain:
                raise once_in_a_chain(node, part.span) from None
        block = body.builder.name if body.builder.kind in ("block", "sequence") else ""
        raise unknown_name(node, body.scope, body.declared_at(node), block) from None
    if behind:
        what = "a value" if isinstance(value, Value) else "a layer"
        raise error(
            "E402",
            f"{node.text} is {what} of the body around this one, and cannot be used in here",
            node.span,
            help="make this a block, and give it what it needs as an argument",
        )
    if isinstance(value, EmptyInTraining):
        if not body.builder.training:
            raise body.in_training_only(value.span, node.span)
        return []
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


def _at_hand(body: Evaluation, value: Any, message: str, node: tree.Expression, ways: str) -> Any:
    """A value that flows through the body. Raises Problem with the message where it has none yet."""
    if body.lines is None:
        message = "nothing flows outside of bodies, where constants and defaults are worked out"
        ways = "a value that a block is given has no default: leave that out"
    return _flowing(body, value, "E401", message, node, ways)


def _input(body: Evaluation, node: tree.Input) -> Any:
    message = "nothing has entered this network yet"
    return _at_hand(body, body.entry, message, node, "declare it first: input(3, 32, 32)")


def _it(body: Evaluation, node: tree.It) -> Any:
    message = "there is no current value yet"
    return _at_hand(body, body.current, message, node, "declare the input first: input(3, 32, 32)")


def _result(body: Evaluation, node: tree.Result) -> Any:
    ways = ("write assert output.shape == [10] on a line of its own", "the value at hand is it")
    return _flowing(
        body, body.result, "E415", "what this body gives is known at its end, for an assertion only", node, ways
    )


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


def _index(body: Evaluation, node: tree.Index) -> Any:
    """`x[places]`: an item or a part of a list, layers of a chain, a network up to a part, or places of a value."""
    indexed = body.known(node.value)
    if isinstance(indexed, (Template, BlockRecipe)):
        return up_to_parts(body, indexed, node)
    if isinstance(indexed, Part):
        return piece_of(body, indexed, node)
    if isinstance(indexed, Recipe):
        raise _not_arguments(indexed, node) if len(node.places) > 1 else no_chain(indexed, node)
    if isinstance(indexed, Value):
        return _of_value(body, indexed, node)
    place = node.places[0]
    if len(node.places) > 1 or isinstance(place, tree.Ellipsis):
        first = node.places[0].span.text
        raise error(
            "E206",
            f"several places are taken of a value of the network, and this is {describe(indexed)}",
            node.span,
            help=f"take one item after the other: {node.value.span.text}[{first}]",
        )
    items = list(indexed) if isinstance(indexed, tuple) else indexed
    return _part(body, items, place, node) if isinstance(place, tree.Slice) else _item(body, items, place, node)


def _slice(body: Evaluation, node: tree.Slice) -> slice:
    """The numbers of `start:end:step`, plain ones. Raises Problem."""
    return slice(*(None if end is None else _whole(body, end) for end in (node.start, node.end, node.step)))


def _whole(body: Evaluation, node: tree.Expression) -> int:
    number = body.plain(body.known(node))
    if type(number) is not int:
        ways = "write a number, such as x[:, 0] or x[..., 1:]"
        if isinstance(number, list):
            ways = "put the places together: stack(x[:, 0], x[:, 2], axis=1), or concat(x[:, :2], x[:, 4:])"
        message = f"places are counted in whole numbers, and this is {describe(number)}"
        raise error("E206", message, node.span, help=ways)
    return number


def _of_value(body: Evaluation, value: Value, node: tree.Index) -> Value:
    from cnndsl.layers.arrangement import Index  # of a family that is imported when it is used

    for at, place in enumerate(node.places):
        if isinstance(place, tree.Name) and place.text == "None" and "None" not in body.scope:
            is_behind = any(isinstance(before, tree.Ellipsis) for before in node.places[:at])
            axis = at - len(node.places) if is_behind else at
            written = f"unsqueeze({node.value.span.text}, {axis})"
            raise error("E206", "a new axis has a word here", place.span, help=f"write {written}")
    places = [
        body.known(place) if isinstance(place, (tree.Slice, tree.Ellipsis)) else _whole(body, place)
        for place in node.places
    ]
    operation = Index.of(places, batched=not value.unbatched)
    taken: Value = apply_operation(body, operation, (value,), node.span)
    return taken


def _item(body: Evaluation, items: Any, place: tree.Expression, node: tree.Index) -> Any:
    at = body.plain(body.known(place))
    if not isinstance(items, (list, str)) or type(at) is not int:
        message = f"{describe(items)} has no item with {describe(at)}"
        raise error("E206", message, node.span, help="items of a list are taken by whole numbers from 0 on: widths[0]")
    if not -len(items) <= at < len(items):
        raise error(
            "E206",
            f"there is no item {at} in a list of {len(items)}",
            place.span,
            help=f"items count from 0 to {len(items) - 1}" if items else "the list is empty",
        )
    return items[at]


def _part(body: Evaluation, items: Any, place: tree.Slice, node: tree.Index) -> Any:
    if not isinstance(items, (list, str)):
        message = f"a part is taken of a list, and this is {describe(items)}"
        raise error("E206", message, node.span, help="write widths[1:3], widths[1:] or widths[:3]")
    taken = _slice(body, place)
    if taken.step == 0:
        raise error("E206", "a step of 0 leads nowhere", place.span, help="write 2 for every second item")
    part = items[taken]
    return part if isinstance(part, str) else body.light(Items(part), node.span)


def _not_arguments(recipe: Any, node: tree.Index) -> Problem:
    written = ", ".join(place.span.text for place in node.places)
    ways = f"arguments stand in parentheses: {node.value.span.text}({written})"
    if any(isinstance(place, tree.Slice | tree.Ellipsis) for place in node.places):
        ways = f"take the places of what comes out: (it -> {node.value.span.text})[{written}]"
    return error(
        "E206",
        f"square brackets take places of values and items of lists, and this is {describe(recipe)}",
        node.span,
        help=ways,
    )


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
    tree.Index: _index,
    tree.Slice: _slice,
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
