"""Calls: of layers and blocks, of functions, and of operations on what flows; and chains of what they give."""

from __future__ import annotations

import itertools
from functools import reduce
from math import prod
from typing import Any, TypeVar

from pydantic import ValidationError

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.hints.spelling import nearest
from cnndsl.ir.names import plain_label
from cnndsl.ir.program import Call, Leaf, nested_shape
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape, show
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.operations import Fixed, Learned
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.layers.types import misfits
from cnndsl.semantics import functions
from cnndsl.semantics.arguments import (
    Given,
    bind_definition,
    bind_layer,
    bind_operation,
    bind_variant,
    check_known_arguments,
)
from cnndsl.semantics.call_hints import (
    activation,
    applied,
    as_in_pytorch,
    braced,
    check_signs,
)
from cnndsl.semantics.context import LIGHT
from cnndsl.semantics.evaluation import Begun, Evaluation
from cnndsl.semantics.externs import bind_extern
from cnndsl.semantics.hints import (
    CONSTANTS,
    MATHEMATICS,
    alias,
    hidden,
    hint,
    mathematics,
    method,
    no_layer,
    no_operator,
    of_a_value,
    open_size,
    refuse_others,
    refused,
    result_of,
    takes_values,
)
from cnndsl.semantics.initialisation import check_begin, even, initialiser, written_rule
from cnndsl.semantics.leaves import call_on_value
from cnndsl.semantics.matching import Called, by_parameter
from cnndsl.semantics.operators import apply_operation, combine_two, is_number
from cnndsl.semantics.usage import hand_on
from cnndsl.semantics.values import (
    BlockRecipe,
    BraceRecipe,
    Chain,
    Choice,
    External,
    Function,
    HalfApplied,
    InitialiserKind,
    Items,
    Kind,
    LayerRecipe,
    Part,
    Recipe,
    Silent,
    Stage,
    Template,
    Value,
    VariantRecipe,
    describe,
    flows,
    is_constant,
    is_values,
    takes_lists,
    word_of,
)
from cnndsl.source import Span
from cnndsl.symbolic.number import Traced, is_open, trace_weight, value_of
from cnndsl.syntax import tree

_Tensor = TypeVar("_Tensor", bound=Learned)


def conditional(body: Evaluation, node: tree.Conditional) -> Any:
    """What `a if condition else b` is worth. Raises Problem."""
    side = node.yes if body.truth(node.condition) else node.no
    chosen = body.known(side)
    hand_on(body.context, chosen)
    return Choice(chosen, side.span) if isinstance(chosen, Recipe) else chosen


def choice(body: Evaluation, node: tree.If) -> Choice:
    """`if condition { } else { }` as a layer. Raises Problem."""
    branch = node.yes if body.truth(node.condition) else node.no
    if isinstance(branch, tree.If):
        return Choice(choice(body, branch), node.span)
    return Choice(None if branch is None else brace(body, branch), node.span)


def brace(body: Evaluation, node: tree.Body) -> BraceRecipe:
    """`{ ... }` as a layer; its lines are worked out when it is applied."""
    return BraceRecipe(node, body.scope)


def labelled(body: Evaluation, node: tree.Labelled) -> Chain:
    """`name: layer`, a chain of one stage. Raises Problem."""
    return Chain((_stage(body, node),))


def _stage(body: Evaluation, node: tree.Expression) -> Stage:
    if isinstance(node, tree.Labelled):
        quoted = isinstance(node.label, tree.String)
        label = plain_label(body.evaluate(node.label)) if isinstance(node.label, tree.String) else node.label.text
        value = body.known(node.layer)
        if not isinstance(value, Recipe) and isinstance(node.layer, CONSTANTS) and alias(node.label.span.text):
            raise refused("sign", "E404", "label", node, {"name": node.label.span, "given": node.layer.span})
        layer = _recipe(body, value, node.layer, "only a layer has a name before a colon", node.label)
        return Stage(layer, label, node.span, quoted)
    is_word = body.builder.names_place(node.span)
    recipe = _recipe(body, body.known(node), node, "only a layer can follow ->")
    return Stage(recipe, None, node.span, is_word=is_word)


def part_by_key(body: Evaluation, node: tree.Expression, value: Any) -> Any:
    """For a text in quotes the part with that key, where the body has one; the value for anything else."""
    if not isinstance(node, tree.String):
        return value
    slot = body.slot_by_key(plain_label(value)) if isinstance(value, str) and not body.builder.is_chain else None
    if slot is None or slot.recipe is None:
        return value
    return Part(body.builder, slot.name, slot.recipe, slot.span)


def _recipe(body: Evaluation, value: Any, node: tree.Expression, wanted: str, label: tree.Node | None = None) -> Any:
    """The value, unless it is none that makes a layer. Raises Problem."""
    value = part_by_key(body, node, value)
    if isinstance(value, Recipe):
        return value
    if isinstance(node, tree.String) and (keys := [slot.name for slot in body.builder.keys]):
        near = nearest(str(value), keys)
        helps = f'did you mean "{near}"?' if near else f"there is {', '.join(keys[:5])}"
        raise error("E201", f'no layer of this body has the key "{value}"', node.span, help=helps)
    raise no_layer(node, value, wanted, label)


def _check_label(body: Evaluation, stage: tree.Expression, line: tree.Pipe) -> None:
    """Raise Problem for a name that another stage of the same line is only about to give."""
    if not isinstance(stage, tree.Name) or stage.text in body.scope:
        return
    if stage.text in ("x", "y", "out") and stage is line.stages[-1]:
        helps = f"a value gets its name in front: {stage.text} = ... -> ..."
        raise error("E201", f"nothing is called {stage.text}", stage.span, help=helps)
    labels = (other.label for other in line.stages if isinstance(other, tree.Labelled))
    if any(isinstance(label, tree.Name) and label.text == stage.text for label in labels):
        message = f"{stage.text} is a name from the next line on"
        raise error("E201", message, stage.span, help=f"write -> {stage.text} in a line of its own")


def pipe(body: Evaluation, node: tree.Pipe) -> Any:
    """What `a -> b` is worth: a layer, or what comes out where `a` is a value. Raises Problem."""
    if all(isinstance(part, tree.Number) for part in node.stages):
        raise refused("sign", "E404", "numbers", node, {"last": node.stages[-1].span})
    first = node.stages[0]
    start: Any = None
    stages: list[Stage] = []
    begun: Begun | None = None
    mistake: Problem | None = None
    for part in node.stages:
        try:  # each stage is checked by itself, so that one mistake does not hide the next
            if part is not first or isinstance(first, tree.Labelled):
                _check_label(body, part, node)
                stages.append(_stage(body, part))
                continue
            start = body.known(first)
            if not flows(start):
                wanted = "a value or a layer stands before ->"
                is_word = body.builder.names_place(first.span)
                stages.append(Stage(_recipe(body, start, first, wanted), None, first.span, is_word=is_word))
        except (Problem, Silent) as problem:
            if begun is None:
                begun = Begun(node, start, Chain(tuple(_flat(stages))), part)
                mistake = problem if isinstance(problem, Problem) else None
            elif isinstance(problem, Problem):
                body.context.report(problem.diagnostic)
    if begun is not None:
        body.begun = begun
        raise mistake or Silent
    if is_values(start) and not (stages and takes_lists(stages[0].recipe)):
        raise no_layer(first, start, "one value goes through an arrow")
    chain = body.light(Chain(tuple(_flat(stages))), node.span)
    return body.apply_stage(Stage(chain, None, node.span), start) if flows(start) else chain


def _flat(stages: list[Stage]) -> list[Stage]:
    flat: list[Stage] = []
    for stage in stages:
        if stage.label is None and isinstance(stage.recipe, Chain) and not stage.is_word:
            flat.extend(stage.recipe.stages)
        else:
            flat.append(stage)
    return flat


_TWO_BY_TWO = ("add", "mul", "minimum", "maximum")
"""Operations that put a list of values together two by two."""
_TENSORS = {
    "parameter": "write parameter([channels, 1, 1], init=1e-6)",
    "constant": "write constant([0.485, 0.456, 0.406], [3, 1, 1])",
}
"""Examples of what makes a tensor."""


def call(body: Evaluation, node: tree.Call) -> Any:
    """What a call is worth. Raises Problem."""
    if isinstance(node.function, tree.Input):
        return body.declare_input(node, "input")
    check_signs(node, body.scope)
    for argument in node.arguments:
        if isinstance(argument.value, tree.Body) and (problem := braced(argument.value)) is not None:
            raise problem
    try:
        variant = body.scope.get(node.function.text) if isinstance(node.function, tree.Name) else None
        function = variant if isinstance(variant, VariantRecipe) else body.known(node.function)
    except Problem as problem:
        if node.function.span.text.rpartition(".")[2] in MATHEMATICS and problem.diagnostic.code == "E201":
            raise mathematics(problem, node, body.all_known(a.value for a in node.arguments)) from None
        first, problem = node.function, method(as_in_pytorch(body.known, problem, node), node)
        if isinstance(first, tree.Call) and not first.arguments and problem.diagnostic.span == first.span:
            problem = hint("sign", problem.diagnostic.code, "called", first) or problem
        raise (activation(node) if problem.diagnostic.code == "E201" else None) or problem from None
    if is_constant(function) and isinstance(node.function, tree.Name):
        function = body.scope.word_behind(node.function.text) or function
    if isinstance(function, Kind):
        leading = _first_argument(body, node)
        value = leading[0] if leading and isinstance(leading[0], (Value, Part)) else None
        if isinstance(value, Part):
            message = f"{function.layer.kind} is called on a value, and {value.shown} is a layer"
            helps = f"layers are put in a row with ->: {value.shown} -> {function.layer.kind}"
            raise error("E206", message, node.span, help=tuple(filter(None, (result_of(value), helps))))
        if function.layer.kind in OPERATIONS and any(_is_like(argument) for argument in node.arguments):
            return _call_alike(body, function.layer, value, node)
        if value is not None:
            return call_on_value(body, function, value, node)
        return bind_layer(body, function, node, leading)
    if isinstance(function, HalfApplied):
        return bind_layer(body, function, node)
    if isinstance(function, (Template, BlockRecipe)):
        return bind_definition(body, function, node)
    if isinstance(function, VariantRecipe):
        return bind_variant(body, function, node)
    if isinstance(function, External):
        return bind_extern(body, function, node)
    if isinstance(function, Function):
        return _call_function(body, function.name, node)
    if isinstance(function, InitialiserKind):
        if function.name == "constant" and (numbers := _listed_first(body, node)) is not None:
            return _fixed(body, node, numbers)
        return written_rule(body, node, function.name)
    if isinstance(function, LayerRecipe):
        message = f"{word_of(function)} has its arguments already"
        helps = "apply it with ->, or give all arguments in one list"
        raise error("E207", message, node.span, help=helps, fix=applied(node))
    if isinstance(function, Part):
        raise error(
            "E207",
            f"{function.shown} is a layer that has its arguments already",
            node.span,
            labels=(Label(function.span, "it is declared here"),),
            help=(
                f"apply it with ->, for example: {_given(node)} -> {function.shown}",
                *hidden(node.function, function),
            ),
            fix=applied(node),
        )
    if isinstance(node.function, tree.Attribute) and not node.arguments:
        asked, behind = node.function.span.text, Span(node.span.source, node.function.span.end, node.span.end)
        message, fix = f"{asked} is a size, and is not called", Fix.safe(behind, "")
        raise error("E207", message, node.span, help=f"write {asked}", fix=fix)
    if isinstance(function, str) and function in KINDS:
        ways: tuple[str, ...] = (f"where it is given, write {function} without quotes: that is the layer",)
    else:
        ways = hidden(node.function) or ("layers are applied with ->",)
    raise error("E207", f"{describe(function)} cannot be called", node.span, help=ways)


def _given(node: tree.Call) -> str:
    """The values that a layer is called on as if it were a function, as they are written before an arrow."""
    given = [argument.value for argument in node.arguments if argument.name is None]
    listed = [value.span.text for value in given if not isinstance(value, (tree.Number, tree.Boolean, tree.String))]
    short = len(listed) == len(given) > 1 and "\n" not in node.span.text
    return f"[{', '.join(listed)}]" if short else "it"


def _first_argument(body: Evaluation, node: tree.Call) -> list[Any]:
    """What the argument is worth that a call begins with, where that may be a value; it may apply layers."""
    if not node.arguments or node.arguments[0].name is not None:
        return []
    first = node.arguments[0].value
    return [] if isinstance(first, (tree.Number, tree.Boolean, tree.ListOf)) else [body.known(first)]


def _is_like(argument: tree.Argument) -> bool:
    return argument.name is not None and argument.name.text == "like"


def _call_alike(body: Evaluation, layer: type[Layer], value: Value | None, node: tree.Call) -> Any:
    """`upsample(it, like=skip)`: a layer that takes its size from another value, and so is an operation on both."""
    name = layer.kind
    place = next(argument for argument in node.arguments if _is_like(argument))
    if value is None:
        message = f"{name} takes the size of another value here, so it is called on both"
        first = node.arguments[0].value
        is_layer = node.arguments[0].name is None and isinstance(body.known(first), Recipe)
        on = f"it -> {first.span.text}" if is_layer else "it"
        raise error(
            "E404", message, node.span, help=f"write {name}({on}, like={place.value.span.text}) in a line of its own"
        )
    rest = [argument for argument in node.arguments[1:] if argument is not place]
    like, *others = body.all_known(argument.value for argument in (place, *rest))
    if not isinstance(like, Value):
        message = f"{name}: like must be a value of the network, and this is {describe(like)}"
        raise error("E206", message, place.value.span, help=f"for example {name}(it, like=input)")
    alone = [field for field in layer.model_fields if field not in OPERATIONS[name].model_fields]
    for argument in rest:
        given = argument.name.text if argument.name is not None else alone[0]
        if given in alone:
            message = f"{name} takes its size from like, and is given {given} as well"
            raise error("E207", message, argument.span, help="leave out one of the two")
    return _call_operation(body, name, (value, like), list(zip(rest, others, strict=True)), node)


_OF_LISTS = frozenset({"enumerate", "len", "reversed", "zip"})
"""Functions of numbers that take a list of anything: they do not look at what is in it."""


def _call_function(body: Evaluation, name: str, node: tree.Call) -> Any:
    given = list(zip(node.arguments, body.all_known(a.value for a in node.arguments), strict=True))
    positional = [value for argument, value in given if argument.name is None]
    named = {argument.name.text: value for argument, value in given if argument.name is not None}
    if name == "parameter":
        return _learned(body, node, [value for _, value in given])
    if name == "sum" and not named and len(positional) == 1 and is_values(positional[0]):
        return reduce(lambda a, b: apply_operation(body, OPERATIONS["add"](), (a, b), node.span), positional[0])
    if name == "expand" and positional and isinstance(positional[0], Value):
        if positional[0].unbatched and not is_values(positional[1:2]):
            positional.insert(1, body.one(body.known(tree.It(node.span)), node.span))
        elif len(node.arguments) == 1:
            message = f"expand gives a batch to what has none, and {positional[0].maker} has one"
            raise error("E207", message, node.span, help="to repeat its axes of size 1 write expand(x, sizes)")
    spread = positional if name == "split" else _spread(positional)  # concat(first, parts)
    if name in OPERATIONS and any(isinstance(item, Recipe) for item in spread):
        raise takes_values(name, node, given)
    if name in OPERATIONS and any(isinstance(item, Value) for item in spread):
        if OPERATIONS[name].takes_number:
            return _elementwise(body, name, spread, given, node)
        if isinstance(spread[0], Value):
            values = tuple(itertools.takewhile(lambda item: isinstance(item, Value), spread))
            return _call_operation(body, name, values, _behind_values(name, given), node)
    if name in functions.TABLE and any(isinstance(i, Value) for i in (positional if name in _OF_LISTS else spread)):
        raise of_a_value(name, node)
    if name in functions.TABLE:
        body.go_through(positional, node.span)
        numbers = (part for item in positional for part in (item if isinstance(item, list) else [item]))
        body.context.work(node.span, trace_weight(*numbers) // LIGHT)
        result = functions.call(name, positional, named, body.plain, body.context.limits, node.span)
        return body.light(Items(result), node.span) if isinstance(result, list) else result
    raise takes_values(name, node, given)


def _elementwise(body: Evaluation, name: str, sides: list[Any], given: Given, node: tree.Call) -> Any:
    """`maximum(a, b)`, `minimum(a, 6)`, `add(a, b, c)`: values, or a value and a number."""
    operation = OPERATIONS[name]
    check_known_arguments(body, operation, node, [pair for pair in given if pair[0].name is not None], is_whole=False)
    if len(sides) == 2 and all(isinstance(side, Value) or is_number(side) for side in sides):
        places = [argument.span for argument in node.arguments]
        if name == "pow" and isinstance(sides[1], Value):
            raise no_operator("**", node, places[0], places[1])
        return combine_two(body, name, (sides[0], sides[1]), (places[0], places[-1]), node.span)
    if len(given) == 1 and isinstance(given[0][1], Value):
        message = f"{name} takes several values, and here is one"
        raise error("E207", message, node.span, help=f"write {name}(it, {given[0][0].span.text})")
    if name in _TWO_BY_TWO and len(sides) != 2 and is_values(sides):
        return reduce(lambda a, b: apply_operation(body, operation(), (a, b), node.span), sides)
    written = operation.written[operation.written.rindex(f"{name}(") :]
    raise error("E207", f"{name} takes {operation.values}", node.span, help=f"write {written}")


def _spread(positional: list[Any]) -> list[Any]:
    """The arguments with the values of lists one by one."""
    rows = ([*item] if is_values(item) or item == [] else [item] for item in positional)
    return [item for row in rows for item in row]


def _behind_values(name: str, given: Given) -> Given:
    """The arguments without the values that come first, or lists of such, which may have none in them."""
    unnamed = (pair for pair in given if pair[0].name is None)
    first = list(itertools.takewhile(lambda pair: flows(pair[1]) or (pair[1] == [] and name != "split"), unnamed))
    return [pair for pair in given if pair not in first]


def _call_operation(body: Evaluation, name: str, values: tuple[Value, ...], rest: Given, node: tree.Call) -> Any:
    if name in ("max", "min") and len(values) > 1:
        helps = f"of two values each it is {name}imum(a, b)"
        raise error("E207", f"{name} goes over the axes of one value", node.span, help=helps)
    return apply_operation(body, bind_operation(body, OPERATIONS[name], node, rest), values, node.span)


def _listed_first(body: Evaluation, node: tree.Call) -> list[Any] | None:
    """The list that a call begins with, if it does."""
    given = body.known(node.arguments[0].value) if node.arguments and node.arguments[0].name is None else None
    return given if isinstance(given, list) else None


def _fixed(body: Evaluation, node: tree.Call, numbers: list[Any]) -> Value:
    """`constant([0.485, 0.456, 0.406], [3, 1, 1])`: a tensor of given numbers, as a value. Raises Problem."""
    called = Called("constant", ("numbers", "size", "persistent"))
    _, *names = by_parameter(body.context, called, node.arguments)
    rest = body.all_known(argument.value for argument in node.arguments[1:])
    body.only_layers("is a value", node.span, "make it a block")
    rows = even(numbers, node.arguments[0].value, "constants")
    shape = nested_shape(rows)
    for _ in shape[1:]:
        rows = tuple(itertools.chain.from_iterable(rows))
    layer = _made(node, Fixed, {"size": list(shape), **dict(zip(names, rest, strict=True))}, numbers=rows)
    if prod(layer.size) != len(rows):
        message = f"here are {len(rows)} numbers, and {show(layer.size)} takes {prod(layer.size)}"
        raise error("E306", message, node.span, help="give a size with as many places as there are numbers")
    return _put_tensor(body, node, layer, {}, layer.size, "constant")


def _learned(body: Evaluation, node: tree.Call, values: list[Any]) -> Value:
    """`parameter([channels, 1, 1], init=1e-6)`: a learned tensor, as a value."""
    names = by_parameter(body.context, Called("parameter", ("size", "init")), node.arguments)
    given = dict(zip(names, values, strict=True))
    size = given.get("size")
    if not isinstance(size, list):
        message = "parameter takes the shape of a tensor, without a batch, and perhaps init"
        raise error("E207", message, node.span, help=_TENSORS["parameter"])
    body.only_layers("is a value", node.span, "make it a block")
    begin = given.get("init", 0.0)
    begin = initialiser(begin, node.span) if isinstance(begin, (Initialiser, InitialiserKind)) else body.plain(begin)
    layer = _made(node, Learned, {"size": size, "init": begin})
    if isinstance(begin, Initialiser):
        check_begin(begin, layer.tensors(())[0], "tensor", "parameter", node.span)
    traced: dict[str, Any] = {"size": tuple(size)} if any(isinstance(dim, Traced) for dim in size) else {}
    return _put_tensor(body, node, layer, traced, tuple(size), "parameter")


def _made(node: tree.Call, kind: type[_Tensor], given: dict[str, Any], **known: Any) -> _Tensor:
    """A tensor with what it is given. Raises Problem where that does not fit it."""
    size = given["size"]
    if any(map(is_open, size if isinstance(size, list) else [size])):
        raise open_size(node.span)
    for name, value in given.items():
        if not isinstance(value, Initialiser):
            refuse_others(f"{kind.kind}: {name}", value, node.span, lambda: _TENSORS[kind.kind])
        known[name] = tuple(map(value_of, value)) if isinstance(value, list) else value_of(value)
    try:
        return kind(**known)
    except ValidationError as problem:
        message = f"{kind.kind}: {next(iter(misfits(problem).values()))}"
        raise error("E208", message, node.span, help=_TENSORS[kind.kind]) from None


def _put_tensor(
    body: Evaluation, node: tree.Call, layer: Learned, traced: dict[str, Any], size: Shape, word: str
) -> Value:
    """A tensor that the body holds, as a value."""
    bound = body.bound
    if bound is not None and bound.value is node:
        name = bound.targets[0].text
        listed = f"{name} = [{word}(...) for i in range(3)]"
        way = f"make one for each turn before the loop, {listed}, and take {name}[i] in it"
        slot = body.builder.declare(name, node.span, in_loops=way)
    else:
        slot = body.builder.automatic(word, node.span)
    slot.unit = Leaf(layer=layer, x=(), traced=traced)
    body.builder.add_size(1, node.span)
    (value,) = body.builder.step(Call(child=slot.name), (), (size,), node.span, slot.name)
    return value
