"""Square brackets, translated: items and parts of lists, layers of chains, networks up to parts, places of values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import any_of, call, constant, flat, names_in, subscript
from cnndsl.backends.pytorch.flowgraph import refusal
from cnndsl.backends.pytorch.layer_lists import AnyLayers, at_hand, refuse_length
from cnndsl.backends.pytorch.operations import applied, in_variable, item_of, of_any_number, part_of_list
from cnndsl.backends.pytorch.sorts import sample_of, sort_of
from cnndsl.backends.pytorch.spelling import argument_code, plain_shape, spelled
from cnndsl.backends.pytorch.statics import UNSAID, abstract, field_of, in_forward
from cnndsl.backends.pytorch.values import (
    AnyList,
    AnyTensors,
    BlockRecipe,
    NotYet,
    Opaque,
    PartRecipe,
    PieceRecipe,
    Static,
    Tensor,
    TensorList,
    Untranslatable,
    is_empty,
)
from cnndsl.ir import nodes
from cnndsl.ir.lower import cut_key
from cnndsl.layers.formula import Dim
from cnndsl.symbolic.number import Traced, value_of


def one(body: Body, indexed: Any, index: Static, node: nodes.Index) -> Any:
    """One item of a list, one value of several, or one layer of a chain."""
    if isinstance(indexed, PartRecipe):
        return PieceRecipe(indexed.part, index)
    if body.loops and is_empty(indexed):
        raise NotYet("an item is taken of a list that has none in the first turn of a loop", node.span)
    if isinstance(indexed, TensorList):
        values, at = applied(body, indexed), body.symbols.known(index.value)
        if at is not None:
            return values.items[at]
        indexed = of_any_number(body, values)
        if indexed is None:
            reason = "which value is taken depends on a parameter, and they have different numbers of axes"
            raise Untranslatable(reason, node.span, names=body.names_of(index))
        body.opened |= names_in(index.code)
        _refuse_other_places(body, index, len(values.items))
    if isinstance(indexed, AnyTensors):
        return item_of(body, in_variable(body, indexed), index)
    return item_of_static(body, indexed, index)


def _refuse_other_places(body: Body, index: Static, count: int) -> None:
    """Refuse arguments for which there is no value at a place, of so many; else only `forward` would see that."""
    if not body.is_silent:
        tests = [ast.Compare(index.code, [op], [constant(end)]) for op, end in ((ast.Lt(), -count), (ast.GtE(), count))]
        body.lines.append(refusal(any_of(tests), f"there is no item {flat(index.code)} in a list of {count}"))


def item_of_static(body: Body, value: Static, index: Static) -> Any:
    """An item of a list."""
    items, at = value.value, body.symbols.known(index.value)
    if (layer := at_hand(body, value, index)) is not None:
        return layer
    if isinstance(items, AnyLayers):
        refuse_length(items, "which layer of a list is taken")
    code = subscript(value.code, index.code)
    if isinstance(items, list) and at is not None:
        item = items[at]
        if isinstance(item, Static) and isinstance(value.code, ast.Name) and value.code.id != UNSAID:
            return Static(item.value, code)
        return item
    if isinstance(items, AnyList):
        columns = items.columns
        kinds = items.item.kinds
        are_told_apart = columns is not None and isinstance(at, int) and (len(kinds) > 1 or kinds <= {"int", "float"})
        place = columns[at] if are_told_apart and -len(columns) <= at < len(columns) else items.item
        return abstract(body, place, code)
    return abstract(body, sort_of(value).of_items, code)


def piece(body: Body, indexed: Any, part: slice, node: nodes.Index) -> Any:
    """A part of a list, some values of several, or some layers of a chain."""
    if isinstance(indexed, PartRecipe):
        return PieceRecipe(indexed.part, part)
    ends: list[Static | None] = _ends(part)
    known = slice(*(None if end is None else body.symbols.known(end.value) for end in ends))
    is_known = all(end is None or at is not None for end, at in zip(ends, _ends(known), strict=True))
    if isinstance(indexed, TensorList) and is_known:
        return TensorList(applied(body, indexed).items[known])
    if isinstance(indexed, TensorList | AnyTensors):
        held = of_any_number(body, applied(body, indexed))
        names = frozenset().union(*map(body.names_of, (*ends, getattr(indexed, "count", None))))
        if held is None or (ends[2] is not None and known.step != 1):
            raise Untranslatable("which values of a list are taken depends on a parameter", node.span, names=names)
        body.opened |= names
        return part_of_list(body, held, ends[:2])
    if isinstance(indexed.value, AnyLayers):
        refuse_length(indexed.value, "which layers of a list are taken")
    code = subscript(indexed.code, ast.Slice(*(None if end is None else end.code for end in ends)))
    if isinstance(indexed.value, list) and is_known:
        return Static(indexed.value[known], code)
    if isinstance(indexed.value, (str, Opaque)):
        return Static(Opaque(code, sample_of(indexed)), code)
    return Static(sort_of(indexed).any_list(), code)


def taken(body: Body, value: Tensor, places: Sequence[Any]) -> Tensor:
    """The places of a value along its axes: `x[:, 0]`, `x[..., 1:]`."""
    from cnndsl.layers.arrangement import Index, length  # of a family that is imported when it is used

    def along(cut: slice, dim: Dim) -> Dim:
        ends = _ends(cut)
        if not any(isinstance(end, Traced) for end in ends):
            return length(cut, dim)
        # From which side an end counts its sign says, which the arguments decide: Python has to do that.
        sample = len(range(value_of(dim))[slice(*map(value_of, ends))])
        codes = (None if end is None else argument_code(body, end) for end in ends)
        return body.symbols.number(
            call("len", subscript(call("range", body.symbols.size_code(dim)), ast.Slice(*codes))), sample
        )

    def said(static: Static) -> Any:
        return field_of(body, in_forward(static))

    written = Index.of([_mapped(place, said) for place in places], batched=not value.unbatched)
    known = Index.of([_mapped(place, partial(_known, body)) for place in places], batched=not value.unbatched)
    code = spelled(body, written.torch((value.shape,)), value.code)
    return Tensor(code, plain_shape(body, known.sizes(value.shape, along)), value.unbatched)


def _mapped(place: Any, number: Callable[[Static], Any]) -> Any:
    """A place with its numbers."""
    if isinstance(place, slice):
        return slice(*(None if end is None else number(end) for end in _ends(place)))
    return place if place is ... else number(place)


def _known(body: Body, static: Static) -> Any:
    """A plain number where it depends on no parameter."""
    known = body.symbols.known(static.value)
    return field_of(body, static) if known is None else known


def _ends(part: slice) -> list[Any]:
    return [part.start, part.stop, part.step]


def up_to_parts(body: Body, recipe: Any, node: nodes.Index) -> BlockRecipe:
    """`ResNet50[layer3, layer4]`: a network up to some of its parts, which has a definition of its own."""
    if not isinstance(recipe, BlockRecipe):
        raise Untranslatable(
            "parts of a network are taken that is a parameter", node.span, "take the parts where it is handed on"
        )
    ends = [place.end if isinstance(place, nodes.Slice) else place for place in node.places]
    parts = [str(each.value) if isinstance(each, nodes.Const) else each.name for each in ends]  # type: ignore[union-attr]
    definition = body.file.items.get(cut_key(recipe.definition.key, parts))
    if definition is None:
        raise Untranslatable("a network is cut here in a case that the text does not have", node.span)
    left = {parameter.name for parameter in definition.parameters}
    arguments = {word: item for word, item in recipe.arguments.items() if word in left}
    return BlockRecipe(definition, arguments, recipe.positional, node.span)
