"""Layers that are applied to values: what a recipe registers in `__init__`, and computes in `forward`."""

from __future__ import annotations

import ast
from collections.abc import Sequence, Set
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import Code, call, constant, filled, flat, name, names_in, names_stored, subscript
from cnndsl.backends.pytorch.construct import (
    Made,
    append,
    as_choice,
    asks_sizes,
    in_local,
    is_spliced,
    made_for,
    one_of_two,
    splice_parameter,
    with_sizes,
)
from cnndsl.backends.pytorch.flowgraph import (
    Append,
    Assign,
    Chain,
    Compute,
    For,
    If,
    Part,
    Register,
    assigned,
    codes_of,
    walk,
)
from cnndsl.backends.pytorch.loops import repeated
from cnndsl.backends.pytorch.operations import flattening, plain
from cnndsl.backends.pytorch.operators import condition
from cnndsl.backends.pytorch.sorts import is_identity
from cnndsl.backends.pytorch.values import (
    AnyTensors,
    BlockRecipe,
    BraceRecipe,
    ChainRecipe,
    ChoiceRecipe,
    CopiesRecipe,
    Facts,
    KindRecipe,
    NeedsFlatten,
    NeedsUnrolling,
    ParamRecipe,
    PartRecipe,
    PieceRecipe,
    Scope,
    Static,
    Tensor,
    TensorList,
    Untranslatable,
    is_flowing,
    passed,
)
from cnndsl.ir import nodes
from cnndsl.layers.formula import Shape, product
from cnndsl.symbolic.expr import Expr

_DEEPEST = 3
"""So many calls stand in one another on a line of `forward`."""
_LONGEST = 72
"""So long is what stands in another call, in characters."""


def apply_stage(body: Body, recipe: Any, label: Static | None, node: Any, value: Any) -> Any:
    """Apply a stage to a value."""
    if isinstance(value, AnyTensors):
        reason = "a layer is applied to a list of values, and a parameter says how many there are"
        raise Untranslatable(reason, getattr(node, "span", None), "apply it to one value, such as concat(values)")
    if not is_flowing(value):
        raise Untranslatable("a layer is applied to what is no single value", getattr(node, "span", None))
    value = body.settled(value)  # what one step gives, and the next is given
    if isinstance(recipe, ParamRecipe) and recipe.needs.spliced and (body.chain is None or label is not None):
        reason = "a parameter is several layers in a row, one by one in a chain, and one layer elsewhere"
        raise Untranslatable(reason, getattr(node, "span", None), "put them in braces where they are given")
    if label is not None:
        return _apply_labelled(body, recipe, label, node, value)
    while isinstance(node, nodes.Conditional) and isinstance(test := condition(body, node.condition).value, bool):
        node = node.yes if test else node.no
    part = getattr(node, "part", None)
    if (
        part is not None
        and body.chain is None
        and isinstance(recipe, (ChainRecipe, CopiesRecipe, ChoiceRecipe, BraceRecipe))
    ):
        return value if is_identity(recipe) else put_new(body, recipe, node, value)
    match recipe:
        case ChainRecipe():
            for inner, inner_label, inner_node in recipe.stages:
                value = apply_stage(body, inner, inner_label, inner_node, value)
            return value
        case CopiesRecipe():
            return _copies(body, recipe, value)
        case ChoiceRecipe():
            return one_of_two(body, recipe, value, partial(_apply_chosen, body))
        case PartRecipe():
            return use_part(body, recipe.part, value)
        case PieceRecipe():
            return _use_piece(body, recipe, value)
        case BraceRecipe() if body.chain is None or isinstance(node, nodes.Choice):
            return _splice_lines(body, recipe, value)
        case KindRecipe() if recipe.kind.plain_call and body.chain is None:
            return plain(body, recipe, _not_deep(body, value))
        case ParamRecipe() if body.chain is not None and is_spliced(body, recipe):
            return splice_parameter(body, recipe, value)
        case _:
            return put_new(body, recipe, node, value)


def _apply_labelled(body: Body, recipe: Any, label: Static, node: Any, value: Tensor) -> Any:
    if body.chain is not None:
        return append(body, recipe, value, label)
    part = body.new_labelled(label)
    body.declare(part, recipe, node)
    result = put(body, body.declared[part.number].line, recipe, value)
    body.applied.add(part.number)
    if isinstance(node.label, str):
        body.scope.names[node.label] = PartRecipe(part)
    else:  # in quotes it is a key, and binds no name
        body.keys[body.symbols.versioned(label.code)] = part, list(body.loops)
    return result


def put_new(body: Body, recipe: Any, node: Any, value: Tensor) -> Any:
    """Apply a layer as a part without a name."""
    if body.chain is not None:
        return append(body, recipe, value, None)
    return put(body, body.register(body.part_at(node), node), recipe, value)


def use_part(body: Body, part: Part, value: Tensor) -> Any:
    """Apply a part that the text has named."""
    if part.is_named and part.whole is None:
        return _use_each(body, part, value)
    if part.number not in body.applied:
        return _first_use(body, part, value)
    known = body.declared[part.number]
    _check_same(body, part, known.recipe, value)
    return put(body, known.line, known.recipe, value, again=True)


def _check_same(body: Body, part: Part, recipe: Any, value: Any) -> None:
    """Refuse a part that is built for a value of other sizes, which it gets in another case."""
    if body.is_silent or not isinstance(value, Tensor):
        return
    ways = {(body.symbols.versioned(test.code), outcome) for _, outcome, test in body.ways if test is not None}
    cases = [case for case in body.elsewhere.get(part.number, ()) if case.way not in ways]
    if not cases:
        return
    if not _fits(body, part, recipe, value, [case.facts for case in cases]):
        raise Untranslatable(
            f"{part.name} is applied to values of other sizes in other cases",
            helps="give each case a layer of its own",
        )


def _fits(
    body: Body, part: Part, recipe: Any, value: Tensor, cases: Sequence[Facts], others: Set[int] = frozenset()
) -> bool:
    """Whether a value has the sizes that a part asks of the one that it is built for, and those of other axes, whatever
    facts hold.
    """
    first = body.built_for[part.number]
    try:
        asked = body.file.tried(recipe, value.shape, body)[1]
        axes = {axis for at, axis in asked if at == 0} | {axis for axis in others if axis < len(value.shape)}
    except NeedsFlatten:
        axes = set(range(len(value.shape)))
    return len(first) == len(value.shape) and all(
        body.symbols.same(first[axis], value.shape[axis], facts) for axis in axes for facts in cases
    )


def _fits_again(body: Body, part: Part, recipe: Any, value: Tensor, others: Set[int] = frozenset()) -> bool:
    """Whether a value that a part is applied to again has the sizes that what the part is, and gives, follow from."""
    first = body.built_for[part.number]
    if _has_channels(body, recipe, value.shape):  # with others the layer itself does not run
        value = replace(value, shape=(*first[:1], *value.shape[1:]))
    return _fits(body, part, recipe, value, [()], others)


def _has_channels(body: Body, recipe: Any, shape: Shape) -> bool:
    """Whether weights of the first layer are for the channels of what comes in."""
    if isinstance(recipe, KindRecipe):
        return (0, 0) in body.file.tried(recipe, shape, body)[1]
    try:
        found = [layer for layer, _ in body.file.stages(recipe, shape, body)]
    except NeedsFlatten:
        return False
    return bool(found) and found[0] is not recipe and _has_channels(body, found[0], shape)


def _check_filled(body: Body, whole: Part) -> None:
    """Refuse a list of layers whose first loop need not be run in the case at hand."""
    if whole.number in body.elsewhere and not body.is_silent:
        raise Untranslatable(
            f"a loop goes through {whole.name} in one case, and something applies its layers in another",
            helps="go through them once, with the conditions inside: for layer in layers { if ... { relu }; layer }",
        )


def _use_each(body: Body, part: Part, value: Tensor) -> Any:
    """Apply the layer of a list that a loop is at; the first loop registers all of them."""
    recipe = body.each.get(part.number)
    if recipe is None:
        raise NeedsUnrolling(f"a layer of {part.name} is applied behind the loop that goes through them")
    line = body.list_registers.get(part.number)
    if line is not None:
        _check_filled(body, part)
        return put(body, line, recipe, value, again=True)
    is_in_every_turn = body.is_silent or (len(body.loops) == 1 and body.ways[-1][0] is body.loops[0])
    reason = f"not all layers of {part.name} are applied in the same way"
    if as_choice(recipe) is not None:
        raise Untranslatable(reason, helps="choose in braces: [{ if i == 0 { first } else { others } } for ...]")
    if part.number in body.singled or not is_in_every_turn or is_identity(recipe):
        raise Untranslatable(reason)
    line = body.list_registers[part.number] = Register(part)
    body.lines.append(line)
    return put(body, line, recipe, value)


def _use_piece(body: Body, piece: PieceRecipe, value: Tensor) -> Tensor:
    """Apply some layers of a chain: `self.features[:5](x)`."""
    part = piece.part
    where = value.moved(name("x"))
    if part.number not in body.applied:
        _first_use(body, part, where)
    chain = body.declared[part.number].recipe
    if part.number not in body.taken_apart:
        body.taken_apart[part.number] = _stages(body, part, chain, body.built_for[part.number])
    layers = body.taken_apart[part.number]

    def known(place: Static | None) -> Any:
        found = None if place is None else body.symbols.known(place.value)
        if place is not None and found is None:
            reason = f"which layers of {part.name} are taken depends on a parameter"
            raise Untranslatable(reason, names=body.names_of(place))
        return found

    layer: Code
    if isinstance(piece.place, slice):
        start, end = known(piece.place.start), known(piece.place.stop)
        layers = layers[start:end]
        index = ast.Slice(*(None if place is None else constant(place) for place in (start or None, end)))
        layer = subscript(part.code(), index)
        if isinstance(chain, BlockRecipe):
            # A slice of an nn.Sequential is made by its class, which here has a constructor of its own.
            layer = call("nn.Sequential", ast.Starred(subscript(call("list", part.code()), index)))
    else:
        at = known(piece.place)
        layers, layer = layers[at:][:1], subscript(part.code(), constant(at))
    shape, value = flattening(body, value, lambda given: body.file.through(layers, given.shape, body))
    return Tensor(ast.Call(layer, [value.code], []), shape, value.unbatched)


def _stages(body: Body, part: Part, recipe: Any, shape: Shape) -> list[Any]:
    """The layers of a chain, if there are the same in every case. Raises Untranslatable."""
    if isinstance(recipe, ChoiceRecipe):
        raise Untranslatable(f"layers of {part.name} are taken, and which it has depends on a parameter")
    try:
        found = body.file.stages(recipe, shape, body)
    except NeedsFlatten:
        found = body.file.stages(recipe, (product(shape),), body)
    if any(is_open for _, is_open in found):
        reason = f"layers of {part.name} are taken by their numbers, and how many it has depends on a parameter"
        raise Untranslatable(reason, helps="give the pieces names of their own, one chain for each")
    return [layer for layer, _ in found]


def _first_use(body: Body, part: Part, value: Tensor) -> Any:
    known = body.declared[part.number]
    line = known.line
    if part.whole is not None:
        if part.whole.number in body.list_registers:
            _check_filled(body, part.whole)
            return put(body, line, known.recipe, value, again=True)
        body.singled.add(part.whole.number)
    body.applied.add(part.number)
    before = dict(body.symbols.current)
    # Its lines go where it is declared: they leave alone the variables that others have read since then.
    own: dict[str, Any] = {"runners": {}, "locals": {}} if body.lines[-1:] != [line] else {}
    with body.having(**own):
        result = put(body, line, known.recipe, value)
    if not body.is_silent:
        choice = [body.fills[id(line)]] if id(line) in body.fills else []
        for row in (line, *(each for each in walk(choice) if isinstance(each, Register))):
            _check_place(row, known.current, body.symbols.current if row is line else before, known.node)
        _tell_later(body, part, before)
    return result


def _tell_later(body: Body, part: Part, before: dict[str, str]) -> None:
    """Keep what the lines of a chain have changed for the parts that are declared behind it, whose lines come later."""
    line, declared = body.declared[part.number].line, body.declared[part.number].current
    own = assigned(line.value.lines) if isinstance(line.value, Chain) else set()
    changed = {
        each: body.symbols.current[each]
        for each in own
        if body.symbols.current.get(each, before.get(each)) != before.get(each)
    }
    if not changed:
        return
    numbers = [*body.declared]
    for number in numbers[numbers.index(part.number) + 1 :]:
        later = body.declared[number]
        seen = {each: now for each, now in changed.items() if later.current.get(each) == declared.get(each)}
        body.declared[number] = replace(later, current=later.current | seen)


def _check_place(line: Register, declared: dict[str, str], now: dict[str, str], node: Any) -> None:
    """Refuse a part whose numbers have other names where it is declared than where it is applied."""
    inside = list(walk(line.value.lines)) if isinstance(line.value, Chain) else []
    own = assigned(inside).union(*(names_stored(each.target) for each in inside if isinstance(each, For)))
    codes = [line.value] if isinstance(line.value, ast.AST) else [code for each in inside for code in codes_of(each)]
    for code in codes:
        for each in names_in(code) - own:
            if each in now and declared.get(each) != now[each]:
                raise Untranslatable(
                    f"{line.part.name} is declared before what its size follows from",
                    node.span,
                    f"declare it where it is first applied: {line.part.name}: ...",
                )


def _copies(body: Body, recipe: CopiesRecipe, value: Tensor) -> Any:
    count = body.symbols.known(recipe.count.value)
    if count is not None and body.chain is not None and count <= 2:
        for _ in range(count):
            value = apply_stage(body, recipe.recipe, None, recipe.node, value)
        return value
    variable = body.own_target() if body.chain is None else ""  # what comes in may be read behind it

    def turn() -> None:
        made = apply_stage(body, recipe.recipe, None, recipe.node, body.it)
        body.it = body.in_variable(made, variable) if variable and isinstance(made, Tensor) else made

    with body.having(it=body.in_variable(value, variable) if variable and isinstance(value, Tensor) else value):
        repeated(body, recipe.node, recipe.count, turn)
        return body.it


def _apply_chosen(body: Body, recipe: Any, node: Any, value: Tensor) -> Any:
    if isinstance(recipe, BraceRecipe):
        return _splice_lines(body, recipe, value)
    return apply_stage(body, recipe, None, node, value)


def _splice_lines(body: Body, recipe: BraceRecipe, value: Any) -> Any:
    with body.having(scope=Scope(recipe.scope), it=value, entry=value, flow=body.flow, target=body.target):
        if body.chain is None and isinstance(value, Tensor):
            # What flows inside has a variable of its own, unless it is what flows outside from here on.
            body.flow_apart(value)
            body.entry = body.it
        body.file.run(body, recipe.body)
        return body.it


def put(body: Body, line: Register, recipe: Any, value: Tensor, *, again: bool = False) -> Any:
    """Say what a part is, and apply it to a value; or apply it `again`."""
    if is_identity(recipe):
        return value
    choice = as_choice(recipe)
    if choice is None:
        return _put_made(body, line, recipe, value, again=again)
    if again:
        return one_of_two(body, choice, value, lambda layer, _, given: put(body, line, layer, given, again=True))
    return _put_choice(body, line, choice, value)


def _put_made(body: Body, line: Register, recipe: Any, value: Tensor, *, again: bool) -> Any:
    if isinstance(value, Tensor):
        body.built_for.setdefault(line.part.number, value.shape)
    spare: list[Any] = []
    now = dict(body.symbols.current) if again else {}
    given = value
    with body.having(lines=spare) if again else nullcontext():  # what it is says the first time
        made, value = made_for(body, recipe, value)
    if again:
        _check_told(body, line.part, recipe, made, given)
        made = replace(made, shapes=_as_before(body, line.part, recipe, given, made, spare, now))
    else:
        line.value = made.value
        body.told[line.part.number] = made.sizes
        types = body.types[line.part.number] = body.types.get(line.part.number, frozenset()) | {made.type}
        line.part.type = made.type if len(types) == 1 else "nn.Module"
        line.begins, line.kind = made.begins, _kind_of(recipe)
    if not body.is_silent:
        base, made, value = _base(body, made, line, recipe, value, again=again)
        made = with_sizes(body, made, base, value, recipe)
    if not again:
        body.gave[line.part.number] = made.shapes
    return _called(body, line, made, value)


def _check_told(body: Body, part: Part, recipe: Any, made: Made, value: Any) -> None:
    """Refuse a part that is told sizes of what comes in, and is applied again to a value of others."""
    told = body.told.get(part.number, ())
    if body.is_silent or not told:
        return
    # Blocks of a chain are told what follows from what comes into it.
    is_same = not isinstance(made.value, Chain) and all(map(body.symbols.same, told, made.sizes))
    if not is_same and not (isinstance(value, Tensor) and _fits_again(body, part, recipe, value)):
        raise Untranslatable(
            f"{part.name} works with a size of what comes in, and is applied to values of which that is another one",
            helps="give each of them a part of its own",
        )


def _as_before(
    body: Body, part: Part, recipe: Any, value: Any, made: Made, spare: list[Any], now: dict[str, str]
) -> tuple[Shape, ...]:
    """What a part gives that is applied again: sizes that follow from its own lines are in the variables of these.

    `spare` are such lines for once more, which are not written, so that the variables are what they are `now`. Raises
    Untranslatable where the first ones have been given something else, or worked out for a value of other sizes.
    """
    current = body.symbols.current
    lines = [*spare, Append(made.value)]
    own = {current[each]: each for each in assigned(lines) if current.get(each) != now.get(each)}
    shapes = made.shapes
    before = body.gave.get(part.number)
    if before is None or not own:
        return shapes
    follow = {axis for shape in shapes for axis, dim in enumerate(shape) if body.symbols.mentions(dim, {*own})}
    if follow and not body.is_silent and not _fits_again(body, part, recipe, value, follow):
        reason = f"what comes out of {part.name} is worked out in lines of its own, and it is applied to other sizes"
        raise Untranslatable(reason, helps="give each of them a part of its own")

    def held(dim: Any, first: Any) -> Any:
        if not body.symbols.mentions(dim, {*own}):
            return dim
        names = {symbol.name: symbol.name.partition("·")[0] for symbol in Expr.of(first).symbols()}
        if any(now.get(variable, word) != word for word, variable in names.items()):
            raise Untranslatable(f"{part.name} is applied again, where the sizes that it gives have other names")
        return first

    held_shapes = tuple(tuple(map(held, shape, first)) for shape, first in zip(shapes, before, strict=True))
    for variable in own.values():
        current.pop(variable)
        if variable in now:
            current[variable] = now[variable]
    return held_shapes


def _kind_of(recipe: Any) -> str:
    """The kind of a layer; for a parameter one that it is given, and a normalisation before others: these may fold."""
    choices = recipe.choices if isinstance(recipe, ParamRecipe) else (recipe,)
    kinds = [each.kind.kind for each in choices if isinstance(each, KindRecipe)]
    return "batchnorm" if "batchnorm" in kinds else next(iter(kinds), "")


def _base(
    body: Body, made: Made, line: Register, recipe: Any, value: Any, *, again: bool
) -> tuple[Code | None, Made, Any]:
    """How `__init__` speaks of a part that it registers, None where it does not have to, or cannot; with the part, and
    the value that comes in.
    """
    if line.part.is_attribute:
        return line.part.code(), made, value
    if again or not asks_sizes(body, made, recipe):
        return None, made, value
    call_of = made.value
    assert not isinstance(call_of, Chain)  # noqa: S101 - a block or parameter is a call
    before: list[Any] = []
    with body.having(lines=before):
        variable, made, value = in_local(body, made, value)
    at = body.lines.index(line)
    body.lines[at:at] = [*before, Assign(variable, call_of)]
    line.value = name(variable)
    return line.value, made, value


def _called(body: Body, line: Register, made: Made, value: Tensor) -> Any:
    if made.calling:
        first = value.items[0] if isinstance(value, TensorList) else value
        assert isinstance(first, Tensor)  # noqa: S101 - a layer is applied to single values
        is_read_once = made.extra or made.calling.count("{x") == 1 or isinstance(first.code, ast.Name)
        held = first if is_read_once else body.held(first)
        values = map(passed, (held, *(made.extra or (held, held))))
        named = dict(zip(("x", "x1", "x2"), values, strict=False))
        return Tensor(filled(made.calling, {"module": line.code(), **named}), made.shapes[0], first.unbatched)
    code = call(line.code(), passed(value), *map(passed, made.extra))
    if not made.names:
        return _nested(body, code, value, made) if len(made.shapes) == 1 else body.several(code, made.shapes)
    variable = body.temporary("outputs")
    body.lines.append(Compute((variable,), code, type="dict[str, Tensor]"))
    items = [
        Tensor(subscript(name(variable), constant(word)), shape)
        for word, shape in zip(made.names, made.shapes, strict=True)
    ]
    return items[0] if len(items) == 1 else TensorList(tuple(items))


def _nested(body: Body, code: Code, value: Tensor, made: Made) -> Tensor:
    if isinstance(value, TensorList):
        return Tensor(code, made.shapes[0], all(item.unbatched for item in value.items))
    given = _not_deep(body, value)
    if given is not value:
        code = ast.Call(code.func, [given.code, *code.args[1:]], code.keywords)  # type: ignore[attr-defined]
    return Tensor(code, made.shapes[0], value.unbatched)


def _not_deep(body: Body, value: Tensor) -> Tensor:
    """A value, in a variable where so much makes it that one does not want to read it inside another call."""
    depth = _depth(value.code)
    if body.is_silent or depth == 0 or (depth < _DEEPEST and len(flat(value.code)) <= _LONGEST):
        return value
    return body.put(value, body.own_target())


def _put_choice(body: Body, line: Register, recipe: ChoiceRecipe, value: Tensor) -> Any:
    """A part that is there in some cases, or another one in others."""
    is_here = body.lines[-1:] == [line] and line.value is None
    if is_here:
        body.lines.pop()
    rows: list[Register] = []

    def applied(chosen: Any, _: Any, given: Tensor) -> Any:
        row = Register(line.part)
        rows.append(row)
        if is_here:
            body.lines.append(row)
        return put(body, row, chosen, given)

    result = one_of_two(body, recipe, value, applied)
    if not is_here:  # the lines of a declared part go where it is declared
        yes = [row for row in rows[:1] if recipe.yes is not None and not is_identity(recipe.yes)]
        body.fills[id(line)] = If(recipe.test.code, list(yes), rows[len(yes) :])
    return result


def _depth(code: Code) -> int:
    depth = 0
    while isinstance(code, ast.Call) and code.args:
        depth += 1
        code = code.args[0]
    return depth
