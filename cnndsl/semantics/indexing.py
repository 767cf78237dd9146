"""Square brackets: items and parts of lists, layers of chains, networks up to their parts, and places of values."""

from __future__ import annotations

from typing import Any

from cnndsl.diagnostics import Problem, error
from cnndsl.semantics.chains import no_chain, piece_of
from cnndsl.semantics.cuts import up_to_parts
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.operators import apply_operation
from cnndsl.semantics.values import BlockRecipe, Items, Part, Recipe, Template, Value, describe
from cnndsl.syntax import tree


def index(body: Evaluation, node: tree.Index) -> Any:
    """What `x[places]` is worth. Raises Problem."""
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


def slice_of(body: Evaluation, node: tree.Slice) -> slice:
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
    taken = slice_of(body, place)
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
