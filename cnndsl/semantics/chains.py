"""Some layers of a chain with a name: `features[:5]`, `features[2]`.

A chain of which the text takes layers is in the program a list of its layers, `features.0`, `features.1`, ..., which
the body applies one by one; in PyTorch it is the `nn.Sequential` that it would be otherwise.
"""

from __future__ import annotations

from typing import Any

from cnndsl.diagnostics import Label, Problem, error
from cnndsl.semantics.builder import Slot
from cnndsl.semantics.context import Context
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.values import (
    BlockRecipe,
    BraceRecipe,
    Chain,
    Choice,
    Copies,
    Part,
    Piece,
    Recipe,
    Template,
    describe,
)
from cnndsl.source import Span
from cnndsl.syntax import tree


def names_taken_apart(context: Context, lines: tree.Body) -> frozenset[str]:
    """The names of a body behind which square brackets stand."""
    brackets = context.nodes_of(lines).get(tree.Index, ())
    return frozenset(node.value.text for node in brackets if isinstance(node.value, tree.Name))


def piece_of(body: Evaluation, part: Part, node: tree.Index) -> Part:
    """Some layers of a part: `features[:5]`, `features[-1]`. Raises Problem."""
    if part.piece is not None or part.name not in body.builder.taken_apart:
        whole = part.name.partition(".")[0]
        message = f"layers are taken of a chain by its name, and {part.shown} is a part of one"
        raise error("E206", message, node.span, help=f"write {whole}[2:5] for several, {whole}[2] for one")
    place, *others = node.places
    is_one = not isinstance(place, tree.Slice)
    bounds = (place.start, place.end) if isinstance(place, tree.Slice) else (place,)
    examples = f"write {part.name}[2], {part.name}[2:5] or {part.name}[:5]"
    if others or isinstance(place, tree.Ellipsis) or (isinstance(place, tree.Slice) and place.step is not None):
        raise error("E206", "layers are taken of a chain one by one or in a row", node.span, help=examples)
    found: list[Any] = [None if bound is None else body.plain(body.known(bound)) for bound in bounds]
    for bound, value in zip(bounds, found, strict=True):
        if bound is not None and type(value) is not int:
            message = f"the layers of {part.name} are counted, and this is {describe(value)}"
            raise error("E206", message, bound.span, help=examples)
    piece = Piece(found[0], is_one=True) if is_one else Piece(*found)
    return Part(part.owner, part.name, part.recipe, part.span, piece)


def no_chain(recipe: Recipe, node: tree.Index) -> Problem:
    """Layers are taken of what has no name in a body, and so is made anew wherever it stands."""
    written = node.value.span.text
    return error(
        "E206",
        f"layers are taken of a chain that has a name in this body, and {written} is {describe(recipe)}",
        node.span,
        help=f"give it one first: features = {written}, and then features{node.span.text.removeprefix(written)}",
    )


def chain_of(slot: Slot, recipe: Recipe, span: Span) -> Recipe:
    """What is taken apart, where it is a chain, or a sequence with its arguments. Raises Problem."""
    match recipe:
        case Chain() | Copies() | BraceRecipe():
            return recipe
        case Choice() if recipe.recipe is not None:
            return chain_of(slot, recipe.recipe, span)
        case Template():
            return chain_of(slot, BlockRecipe(recipe, (), span), span)
        case BlockRecipe():
            definition = recipe.template.definition
            kind, name = definition.kind, definition.name.text
            if kind == "sequence":
                return recipe
            what, ways = f"{name} is a {kind}", f"make it a sequence: sequence {name}"
            if kind == "network":
                ways = f"take its parts by their names, where it is used: {slot.name}: {name}[:part]"
        case _:
            what, ways = f"{slot.name} is one layer", f"write {slot.name} alone"
    labels = (Label(slot.span, "it is declared here"),)
    raise error("E206", f"layers are taken of a chain, and {what}", span, labels=labels, help=ways)
