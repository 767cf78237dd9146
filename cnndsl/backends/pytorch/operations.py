"""Operations on values that flow, and on lists of them: what `forward` computes, and the sizes that come out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any, TypeVar

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    Code,
    call,
    constant,
    fewer,
    flat,
    length_of,
    list_of,
    name,
    names_in,
    negated,
    subscript,
    sum_of,
    walk_code,
)
from cnndsl.backends.pytorch.flowgraph import FLOW, LIST, Compute, refusal
from cnndsl.backends.pytorch.spelling import (
    along_any_axis,
    built,
    constant_field,
    given_by,
    open_axis,
    plain_shape,
    size_rule,
    spelled,
)
from cnndsl.backends.pytorch.statics import in_forward
from cnndsl.backends.pytorch.values import (
    AnyTensors,
    BlockRecipe,
    ChoiceRecipe,
    Coded,
    KindRecipe,
    NeedsFlatten,
    ParamRecipe,
    Static,
    Tensor,
    TensorList,
    Untranslatable,
    each_tensor,
    is_empty,
    plain_static,
)
from cnndsl.ir import nodes
from cnndsl.layers.formula import Shape
from cnndsl.layers.operations import Operation, axis_index
from cnndsl.layers.shape import Flatten
from cnndsl.layers.types import role
from cnndsl.symbolic.expr import Expr, TooLong
from cnndsl.symbolic.number import Traced, calculate, value_of
from cnndsl.symbolic.number import call as traced_call

T = TypeVar("T")


def combined(body: Body, operation: Operation, values: Sequence[Any]) -> Any:
    """An operation on values."""
    if any(isinstance(value, AnyTensors) for value in values):
        return _combined_list(body, operation, values)
    if len(values) == 1 and operation.kind == "concat":
        return values[0]
    parts: Any = getattr(operation, "parts", None)
    if body.symbols.is_parametric(parts):
        return _pieces(body, operation, parts, values[0])
    axis = open_axis(body, operation)
    operation = operation.having(_decided(body, operation, "axis" if axis is not None else ""))
    xs = tuple(value.shape for value in values)
    lacking = tuple(value.unbatched for value in values)
    if axis is not None:
        kind = operation.kind
        shapes = along_any_axis(body, kind, axis, len(xs[0]), lambda at: operation.having({"axis": at}).size_rule(xs))
    else:
        shapes = operation.size_rule_by(xs, lacking, partial(_larger, body))
    if any(map(body.symbols.is_parametric, operation.deciding(xs))):
        raise Untranslatable(f"how many values {operation.kind} gives depends on a parameter")
    code = spelled(body, operation.torch(xs), *(value.code for value in values))
    if len(shapes) > 1:
        return body.several(code, [plain_shape(body, shape) for shape in shapes])
    return Tensor(code, plain_shape(body, shapes[0]), all(lacking))


def _pieces(body: Body, operation: Operation, count: Coded, value: Tensor) -> AnyTensors:
    """Equal pieces of a value, of which a parameter says how many there are; a single one is no list in the text."""
    body.opened |= names_in(count.code)
    axis = _decided(body, operation, "parts")["axis"]
    at = axis_index(axis, value.shape, "split")
    whole = value.shape[at]
    length = calculate("//", whole, count)
    if not body.is_silent:
        body.lines.append(
            refusal(fewer(count.code, 2), "for these arguments there is a single piece, which is no list")
        )
        if not body.symbols.same(calculate("*", length, count), whole):
            size = body.symbols.size_code(whole)
            rest = ast.Compare(ast.BinOp(size, ast.Mod(), count.code), [ast.NotEq()], [constant(0)])
            body.lines.append(refusal(rest, f"{flat(size)} does not divide into {flat(count.code)} parts"))
    shape = value.along(at, length).shape
    pieces = body.temporary("pieces")
    body.lines.append(Compute((pieces,), call("torch.chunk", value.code, count.code, constant(axis)), type=""))
    # One by one, for torch.fx goes through nothing that it traces.
    turn = ast.comprehension(name("i"), call("range", count.code), [], 0)
    code = ast.ListComp(subscript(name(pieces), name("i")), [turn])
    number = Static(Traced(count.value, count.expr), count.code)
    return AnyTensors(code, shape, (None,) * len(shape), int(count.value), number)


def _decided(body: Body, operation: Operation, free: str = "") -> dict[str, Any]:
    """The parameters of an operation that shape what it is, which are constants, and not the sizes of pieces.

    `free` is one that may be open all the same.
    """

    def fixed(word: str, held: Any) -> Any:
        if word == "parts" and isinstance(held, tuple):
            return held
        what = "the number of pieces" if word == "parts" else f"the {word} of {operation.kind}"
        return constant_field(body, held, f"{what} depends on a parameter")

    words = (word for word, info in type(operation).model_fields.items() if role(info) == "fixed" and word != free)
    return {word: fixed(word, getattr(operation, word)) for word in words}


def _larger(body: Body, p: Any, q: Any) -> Any:
    """The size of two axes that go together: that of the one that is not 1."""
    if p == 1 and isinstance(p, int):
        return q
    if (q == 1 and isinstance(q, int)) or body.symbols.same(p, q):
        return p
    for one, other in ((p, q), (q, p)):
        if body.symbols.is_at_most(one, other) or any(
            body.symbols.same(one, each) for each in Expr.of(other).operands_of("max")
        ):
            return other
    tests = [(test.value, outcome) for _, outcome, test in body.ways if test is not None]
    facts = [fact for test, outcome in tests for fact in (test.holds if outcome else test.fails)]
    if body.symbols.same(p, q, facts):
        return q
    known = [body.symbols.known(each) for each in (p, q)]
    if None not in known:
        return max(known)
    try:
        return traced_call("max", max(value_of(p), value_of(q)), (p, q))
    except TooLong:
        return body.symbols.fresh(max(value_of(p), value_of(q)))


def count_of(body: Body, held: AnyTensors) -> Static:
    """How many values a list has."""
    code = length_of(sizes_code(body, held, 0))
    count = held.count or Static(body.symbols.number(code, held.sample), code)
    return replace(count, seen=call("len", held.code) if isinstance(held.code, ast.Name) else None)


def _combined_list(body: Body, operation: Any, values: Sequence[Any]) -> Tensor:
    lists = (value if isinstance(value, AnyTensors) else TensorList((value,)) for value in values)
    held: Any = reduce(partial(joined, body), lists)
    if isinstance(held.code, ast.Subscript) and not body.is_silent:  # of lists with names their lines tell
        message = "for these arguments there is nothing to put together"
        body.lines.append(refusal(negated(sizes_code(body, held, 0)), message))
    first = item_of(body, held, plain_static(0))
    if operation.kind == "add":
        code = in_variable(body, held).code
        rest = subscript(code, ast.Slice(ast.Constant(1)))
        shape = [_largest(body, held, axis, dim) for axis, dim in enumerate(first.shape)]
        return Tensor(call("sum", rest, subscript(code, constant(0))), tuple(shape))
    if operation.kind not in ("concat", "stack"):
        raise Untranslatable(f"{operation.kind} of as many values as a parameter says")
    operation = operation.having(_decided(body, operation))
    shape = list(first.shape)
    if operation.kind == "stack":
        shape.insert(axis_index(operation.axis, (1, *shape), "stack"), count_of(body, held).value)
        return Tensor(call("torch.stack", held.code, constant(operation.axis)), tuple(shape))
    at = axis_index(operation.axis, held.shape, "concat")
    dim, is_alike = held.shape[at], held.lists[at] is None
    if is_alike and held.count is not None:
        shape[at] = calculate("*", held.count.value, dim)
    else:
        shape[at] = body.symbols.number(sum_of(sizes_code(body, held, at)), value_of(dim) * held.sample)
    return Tensor(call("torch.cat", held.code, constant(operation.axis)), tuple(shape))


def _largest(body: Body, values: AnyTensors, axis: int, first: Any) -> Any:
    """The size of a sum of values along an axis, along which some may have one place, that goes with all of the others.

    `first` is that of the first value.
    """
    if axis in values.alike or values.lists[axis] is None:
        return first
    return body.symbols.number(call("max", sizes_code(body, values, axis)), value_of(first))


def put_learned(
    body: Body, code: Code, shape: Shape, wanted: str | None, node: nodes.Call, kind: str = "nn.Parameter"
) -> Tensor:
    """A learned tensor, or one of given numbers, as a part."""
    part = body.new_part(wanted) if wanted is not None else body.part_at(node)
    if part.is_list and kind != "nn.Parameter":
        reason = "each turn of a loop has a tensor of given numbers of its own"
        raise Untranslatable(reason, node.span, "give it a name before the loop")
    for each in (part, part.whole or part):
        each.type = kind
    line = body.register(part, node)
    line.value = code
    return Tensor(line.code(), shape, unbatched=True)


def plain(body: Body, recipe: KindRecipe, value: Tensor) -> Tensor:
    """A layer as a function call."""
    recipe = replace(recipe, fields={word: in_forward(static) for word, static in recipe.fields.items()})
    layer = built(body, recipe, len(value.shape) - 1)
    shape = size_rule(body, layer, value.shape)
    spelling = layer.of_parameter(value.shape) if value.unbatched else layer.function(value.shape)
    if spelling is None:
        raise Untranslatable(f"{recipe.kind.kind} is no function", recipe.span)
    code = spelled(body, spelling, value.code, given=given_by(recipe))
    return Tensor(code, plain_shape(body, shape), value.unbatched)


def flattened(body: Body, value: Tensor) -> Tensor:
    """A map as a list of features. Raises NeedsFlatten at the beginning of a chain."""
    if body.chain is not None:
        if body.is_empty_chain:
            raise NeedsFlatten
        raise Untranslatable("a list of features is needed in the middle of a chain")
    return plain(body, KindRecipe(Flatten, {}), value)


def computed_first(body: Body, word: str, given: Any, *, is_later: bool = False) -> Any:
    """What a block is given for a parameter: a value is worked out before what is worked out further on."""
    if isinstance(given, TensorList):
        return body.settled(given, word)
    if isinstance(given, Tensor) and (is_later or any(isinstance(each, ast.Call) for each in walk_code(given.code))):
        return in_own_variable(body, given, word)
    return given


def in_own_variable(body: Body, value: Tensor, word: str) -> Tensor:
    """A value in a variable that nothing else is put into, named after a word."""
    if isinstance(value.code, ast.Name) and value.code.id in body.own_variables:
        return value
    wanted = word
    if word in body.text_names:  # `x_` is what the text calls x
        wanted = "value" if body.value_name(word) == f"{FLOW}{word}_" else f"{word}_"
    variable = body.temporary(wanted)
    body.own_variables.add(variable)
    return body.put(value, variable)


def for_later(body: Body, value: Any) -> Any:
    """What may be a block that is applied further on: the values that it takes are what they are here."""
    held = partial(computed_first, body, is_later=True)
    match value:
        case ChoiceRecipe():
            return replace(value, yes=for_later(body, value.yes), no=for_later(body, value.no))
        case ParamRecipe():
            return replace(
                value, arguments=tuple((word, held(word or "value", item)) for word, item in value.arguments)
            )
        case BlockRecipe():
            return replace(value, arguments={word: held(word, item) for word, item in value.arguments.items()})
        case _:
            return value


def flattening(body: Body, value: Tensor, work: Callable[[Tensor], T]) -> tuple[T, Tensor]:
    """What is worked out for a value, and that, which is made a list of features where this is asked for."""
    try:
        return work(value), value
    except NeedsFlatten:
        value = flattened(body, value)
        return work(value), value


def of_any_number(body: Body, values: Any) -> AnyTensors | None:
    """A list of values as one of which nobody knows how many it has; None for what is none, or of several ranks."""
    if isinstance(values, AnyTensors):
        return values
    if not isinstance(values, TensorList) or not all(isinstance(item, Tensor) for item in values.items):
        return None
    shapes = [item.shape for item in values.items]
    if len(set(map(len, shapes))) != 1:
        return None
    lists = tuple(list_of(map(body.symbols.size_code, along)) for along in zip(*shapes, strict=True))
    code = list_of(item.code for item in values.items)
    return AnyTensors(code, shapes[0], lists, len(shapes), alike=same_axes(body, *shapes))


def joined(body: Body, left: Any, right: Any, span: nodes.Span | None = None) -> Any:
    """Two lists of values, one after the other."""
    sides = [side for side in (left, right) if not is_empty(side)]
    if all(isinstance(side, TensorList) for side in sides):
        return TensorList(tuple(item for side in sides for item in side.items))
    held = next((side for side in sides if isinstance(side, AnyTensors)), None)
    if held is None:
        raise Untranslatable("what a list holds here depends on a parameter", span)
    if len(sides) == 1:
        return held
    one, other = (of_any_number(body, side) for side in sides)
    if one is None or other is None:
        raise Untranslatable("a list of values is joined with something else", span)
    if len(one.shape) != len(other.shape):
        raise Untranslatable("a list has values of several ranks", span)
    lists = tuple(
        ast.BinOp(sizes_code(body, one, axis), ast.Add(), sizes_code(body, other, axis))
        for axis in range(len(held.shape))
    )
    code = ast.BinOp(one.code, ast.Add(), other.code)
    return AnyTensors(code, held.shape, lists, held.sample + 1, alike=shared_sizes(body, one, other))


def applied(body: Body, value: Any) -> Any:
    """A value, or several, of which not all are read, with lines for the layers that give them, which are applied."""
    if body.is_silent or body.chain is not None or (body.pending is not None and body.pending[0] is value):
        return value
    if isinstance(value, TensorList):
        return TensorList(tuple(applied(body, each) for each in value.items))
    if isinstance(value, Tensor) and any(isinstance(each, ast.Call) for each in walk_code(value.code)):
        return body.put(value, body.temporary("part"))
    return value


def repeated(body: Body, values: Any, times: Static) -> Any:
    """A list of values several times over."""
    many = body.symbols.known(times.value)
    if isinstance(values, TensorList):
        once = partial(body.ahead, lines=body.lines, wanted="part")  # however often it is read
        values = each_tensor(body.settled(values), once)
        if many is not None:
            items = values.items * many
            return TensorList(items) if items else Static([], list_of([]))
    held = of_any_number(body, values)
    if held is None:
        raise Untranslatable("what a list holds here depends on a parameter")

    def over(items: Code) -> Code:
        return ast.BinOp(items, ast.Mult(), times.code)

    made = _changed(held, over)
    count = held.count and Static(calculate("*", held.count.value, times.value), over(held.count.code))
    return replace(made, sample=held.sample * value_of(times.value), count=count)


def _changed(values: AnyTensors, change: Callable[[Code], Code]) -> AnyTensors:
    """A list of values, and the lists of their sizes, all changed in the same way."""
    return replace(values, code=change(values.code), lists=tuple(sizes and change(sizes) for sizes in values.lists))


def backwards(values: AnyTensors) -> AnyTensors:
    """A list of values from its end on."""
    return _changed(values, lambda items: call("list", call("reversed", items)))


def part_of_list(body: Body, values: AnyTensors, ends: Sequence[Static | None]) -> AnyTensors:
    """The values of a list from one place on, or up to another one."""

    def cut(items: Code) -> Code:
        return subscript(items, ast.Slice(*(None if end is None else end.code for end in ends)))

    # A number of a list that has fractions too stands for all of them.
    places = (None if end is None else int(value_of(end.value)) for end in ends)
    sample = max(len(range(values.sample)[slice(*places)]), 1)
    count = None
    if values.count is not None:
        length = call("len", cut(call("range", values.count.code)))
        count = Static(body.symbols.number(length, sample), length)
    return replace(_changed(values, cut), sample=sample, count=count)


def is_of_name(values: Code) -> bool:
    """Whether values are those of a list with a name, or some of them, perhaps from its end on."""
    match values:
        case ast.Name():
            return True
        case ast.Call(ast.Name("list"), [ast.Call(ast.Name("reversed"), [items])]) | ast.Subscript(items, ast.Slice()):
            return is_of_name(items)
    return False


def in_variable(body: Body, values: AnyTensors) -> AnyTensors:
    """A list of values that is read more than once."""
    if isinstance(values.code, ast.Name):
        return values
    variable = body.temporary("values")
    body.lines.append(Compute((variable,), values.code, type=LIST))
    return replace(values, code=name(variable))


def shared_sizes(body: Body, one: AnyTensors, other: AnyTensors) -> frozenset[int]:
    """The axes along which all of two lists have the size that is the shape of both."""
    return one.alike & other.alike & same_axes(body, one.shape, other.shape)


def same_axes(body: Body, shape: Shape, *others: Shape) -> frozenset[int]:
    """The axes along which shapes have one size."""
    return frozenset(
        axis
        for axis, dim in enumerate(shape)
        if all(axis < len(other) and body.symbols.same(dim, other[axis]) for other in others)
    )


def sizes_code(body: Body, value: AnyTensors, axis: int) -> Code:
    """The sizes of a list of values along an axis, as a list in Python."""
    held = value.lists[axis]
    if held is None:
        assert value.count is not None  # noqa: S101 - it is known where sizes are alike
        return ast.BinOp(list_of([body.symbols.size_code(value.shape[axis])]), ast.Mult(), value.count.code)
    return held


def item_of(body: Body, value: AnyTensors, index: Static) -> Tensor:
    """One value of a list."""
    shape = [
        dim
        if held is None or axis in value.alike
        else body.symbols.number(subscript(sizes_code(body, value, axis), index.code), value_of(dim))
        for axis, (held, dim) in enumerate(zip(value.lists, value.shape, strict=True))
    ]
    return Tensor(subscript(value.code, index.code), tuple(shape))
