"""Expressions of a definition, translated: each becomes a static, a value that flows, or a recipe."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import partial
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.calls import (
    check_lengths,
    declare_input,
    evaluate_call,
    meaning,
    of_constants,
    one_meaning,
)
from cnndsl.backends.pytorch.code import (
    call,
    constant,
    flat,
    gone_through,
    loop_head,
    name,
    names_in,
    names_stored,
    subscript,
)
from cnndsl.backends.pytorch.flowgraph import FLOW, For, Register, walk
from cnndsl.backends.pytorch.indexing import one, piece, taken, up_to_parts
from cnndsl.backends.pytorch.joins import branch, reached
from cnndsl.backends.pytorch.layer_lists import AnyLayers, LayerList, LayerRule, by_number, each_value, is_new_list
from cnndsl.backends.pytorch.loops import is_written_out, mark_of, must_unroll, reserve_at_outermost, rewind
from cnndsl.backends.pytorch.operations import applied, backwards, count_of, for_later
from cnndsl.backends.pytorch.operators import calculation, comparison, condition, operands, static_of
from cnndsl.backends.pytorch.sorts import Sort, sample_of, sort_of
from cnndsl.backends.pytorch.statics import (
    UNSAID,
    abstract,
    all_known,
    bind_generic,
    bind_items,
    decided,
    listed,
)
from cnndsl.backends.pytorch.values import (
    IDENTITY,
    RECIPES,
    AnyList,
    AnyTensors,
    BraceRecipe,
    ChainRecipe,
    ChoiceRecipe,
    Function,
    NeedsUnrolling,
    Opaque,
    PartRecipe,
    Scope,
    Static,
    Tensor,
    TensorList,
    Test,
    Untranslatable,
    VariantRecipe,
    each_tensor,
    is_flowing,
    is_layers,
    plain_static,
)
from cnndsl.ir import nodes
from cnndsl.layers.formula import AXES
from cnndsl.symbolic.number import value_of


def evaluate(body: Body, node: Any) -> Any:
    """What an expression is worth."""
    match node:
        case nodes.Const():
            return plain_static(node.value)
        case nodes.Ref():
            found = meaning(body, node)
            return body.file.variant(found) if isinstance(found, VariantRecipe) else found
        case nodes.Flow():
            return one_meaning(body.it if node.of == "it" else body.entry, node.of, node)
        case nodes.Hole():
            raise Untranslatable("a size left open stands here", node.span)
        case nodes.Format():
            return _format(body, node)
        case nodes.ListOf():
            return listed([for_later(body, item) for item in operands(body, node.items)])
        case nodes.Comprehension():
            return _comprehension(body, node)
        case nodes.Call(function=nodes.Flow()):
            declare_input(body, node, "input")
            return body.inputs[-1][1]
        case nodes.Call():
            return evaluate_call(body, node)
        case nodes.SizeOf():
            return _size(body, node)
        case nodes.Index():
            return _index(body, node)
        case nodes.Slice():
            return slice(*(None if end is None else static_of(body, end) for end in (node.start, node.end, node.step)))
        case nodes.Ellipsis():
            return ...
        case nodes.Op():
            return calculation(body, node)
        case nodes.Compare():
            return comparison(body, node)
        case nodes.Conditional():
            return _conditional(body, node)
        case nodes.Labelled():
            return ChainRecipe((stage_of(body, node),))
        case nodes.Pipe():
            return _pipe(body, node)
        case nodes.Brace():
            return BraceRecipe(node.body, body.scope)
        case nodes.Choice():
            return _choice(body, node)
        case _:
            message = f"no expression: {node}"
            raise TypeError(message)


def _format(body: Body, node: nodes.Format) -> Static:
    pieces: list[ast.expr] = []
    plain = ""
    is_known = True
    for part in node.parts:
        if isinstance(part, str):
            pieces.append(ast.Constant(part))
            plain += part
            continue
        value = static_of(body, part)
        found = value.value if isinstance(value.value, str) else body.symbols.known(value.value)
        is_known = is_known and found is not None
        plain += str(found if found is not None else sample_of(value))
        is_plain = found is not None and not names_in(value.code)
        pieces.append(ast.Constant(str(found)) if is_plain else ast.FormattedValue(value.code, -1, None))
    if is_known:
        return plain_static(plain)
    code = ast.JoinedStr(pieces)
    return Static(Opaque(code, plain), code)


def _comprehension(body: Body, node: nodes.Comprehension) -> Any:
    mark = mark_of(body)
    if columns_of(body, node.source):
        rewind(body, mark)  # the loop works them out
        return _grown_values(body, node)
    source = evaluate(body, node.source)
    if isinstance(source, (TensorList, AnyTensors)):
        rewind(body, mark)
        return _looped_values(body, node)
    if isinstance(source.value, AnyList) and by_number(body, node.targets, source, node.item) is not None:
        rewind(body, mark)
        return _grown_values(body, node)
    if isinstance(source.value, AnyLayers):
        try:
            return each_value(body, node, source)
        except Untranslatable:
            rewind(body, mark)
            return _grown_values(body, node)
    outer = body.scope
    with body.having(scope=Scope(outer)), body.unchecked(source):
        items = source.value
        if isinstance(items, list) and (is_written_out(body, items) or must_unroll(body, items)):
            return listed(_turns(body, node, items, outer))
        target = bind_generic(body, node.targets, sort_of(source).of_items, local=True)
        begin = len(body.lines)
        with body.having(list_variables=body.list_variables | names_stored(target)):
            tests = [condition(body, node.condition).code] if node.condition is not None else []
            try:
                item = for_later(body, evaluate(body, node.item))
            except Untranslatable:  # perhaps one by one
                if not isinstance(items, list):
                    raise
                item = None
        if item is None or isinstance(item, Tensor) or any(isinstance(e, Register) for e in walk(body.lines[begin:])):
            rewind(body, mark)  # what is made once for all items, one by one is made again
            body.scope = outer
            return _looped_values(body, node)
        if isinstance(item, RECIPES):
            return _layers(body, node, source, outer)
        sort = sort_of(item)
        read = set().union(*map(names_in, (item.code, *tests)))
        into, items_code = loop_head(target, gone_through(source.code), read)
        code = ast.ListComp(item.code, [ast.comprehension(into, items_code, tests, 0)])
        if isinstance(items, list) and not tests and all_known(body, items):
            return Static(_turns(body, node, items, outer), code)
        return Static(AnyList(sort, len(items) if isinstance(items, list) else items.sample), code)


def columns_of(body: Body, node: nodes.Node) -> list[Any] | None:
    """The lists that a `zip` or an `enumerate` goes through, of which one has as many values as a parameter says.

    Also from their ends on, for `reversed` of such. None for anything else.
    """
    if not isinstance(node, nodes.Call) or not isinstance(node.function, nodes.Ref):
        return None
    word = node.function.name
    if word not in ("zip", "enumerate", "reversed") or meaning(body, node.function) != Function(word):
        return None
    if word == "reversed":
        return [*map(partial(_from_end, body), columns_of(body, node.arguments[0].value) or [])] or None
    read = (each.name for each in nodes.walk(node.arguments) if isinstance(each, nodes.Ref))
    if not any(isinstance(body.scope.find(each), AnyTensors) for each in read):
        return None
    mark = mark_of(body)
    columns = [evaluate(body, argument.value) for argument in node.arguments]
    if not any(isinstance(column, AnyTensors) for column in columns):
        rewind(body, mark)
        return None
    if word == "zip":
        check_lengths(body, columns)
    if word == "enumerate":
        items, *begin = columns
        count = count_of(body, items).code
        ends = [begin[0].code, ast.BinOp(begin[0].code, ast.Add(), count)] if begin else [count]
        columns = [Static(AnyList(Sort({"int"}, 1), items.sample), call("range", *ends)), items]
    return columns


def _from_end(body: Body, column: Any) -> Any:
    """A list from its end on."""
    return backwards(column) if isinstance(column, AnyTensors) else of_constants(body, "reversed", [column])


def _layers(body: Body, node: nodes.Comprehension, source: Static, outer: Scope) -> Static:
    """A list of layers, one for each item of a list of constants."""
    rule = LayerRule(source, node.targets, node.item, outer) if node.condition is None else None
    if isinstance(source.value, list):
        return Static(LayerList(_turns(body, node, source.value, outer), rule), name(UNSAID))
    if rule is None:
        raise Untranslatable(
            "how many layers a list has depends on a parameter", node.span, names=body.names_of(source)
        )
    return Static(AnyLayers(rule, source.value.sample), name(UNSAID))


def _turns(body: Body, node: nodes.Comprehension, items: Sequence[Any], outer: Scope) -> list[Any]:
    """What the turns of a list give that is worked out turn by turn."""

    def turn(item: Any) -> Any:
        body.scope = Scope(outer)  # a layer in braces is worked out later, with the names of its own turn
        bind_items(body, node.targets, item)
        if node.condition is None or decided(body, condition(body, node.condition)):
            return evaluate(body, node.item)
        return None

    made = body.in_order([partial(turn, item) for item in items])
    return [for_later(body, value) for value in made if value is not None]


def _size(body: Body, node: nodes.SizeOf) -> Any:
    value = applied(body, evaluate(body, node.value))
    if not isinstance(value, Tensor):
        raise Untranslatable("a size is asked of what is no single value", node.span)
    if node.name == "shape":
        return listed([_size_along(body, value, axis) for axis in range(len(value.shape))])
    if node.name == "rank":
        return plain_static(len(value.shape))
    axis = 0 if node.name in ("channels", "features") else 1 + AXES[len(value.shape) - 1].index(node.name)
    return _size_along(body, value, axis)


def _size_along(body: Body, value: Tensor, axis: int) -> Static:
    """A size of a value."""
    dim = value.shape[axis]
    code = body.symbols.size_code(dim)
    is_short = isinstance(code, ast.Constant) or (isinstance(code, ast.Name) and code.id in body.given_names)
    is_gone = value is body.entry and value is not body.it and body.flow == "x"  # which the current value took over
    is_held = isinstance(value.code, ast.Name) and not is_gone and body.chain is None
    if is_short or value.unbatched or not is_held:
        return Static(dim, code)
    return Static(dim, code, subscript(ast.Attribute(value.code, "shape", ast.Load()), constant(axis + 1)))


def _index(body: Body, node: nodes.Index) -> Any:
    indexed = evaluate(body, node.value)
    if isinstance(indexed, RECIPES) and not isinstance(indexed, PartRecipe):
        return up_to_parts(body, indexed, node)
    places = [evaluate(body, place) for place in node.places]
    if isinstance(indexed, Tensor):
        return taken(body, indexed, places)
    (place,) = places
    return piece(body, indexed, place, node) if isinstance(place, slice) else one(body, indexed, place, node)


def _conditional(body: Body, node: nodes.Conditional) -> Any:
    test = condition(body, node.condition)
    if isinstance(test.value, bool):
        return evaluate(body, node.yes if test.value else node.no)
    mark, begin = mark_of(body), len(body.lines)
    with body.unchecked(test):
        at_yes = reached(body, partial(evaluate, body, node.yes))
        at_no = reached(body, partial(evaluate, body, node.no)) if at_yes else [evaluate(body, node.no)]
    both = yes, no = (at_yes or at_no)[0], (at_no or at_yes)[0]
    if any(isinstance(each, (Tensor, TensorList, AnyTensors)) for each in both):
        rewind(body, mark)  # each is worked out where it is chosen
        return _chosen_value(body, test, node)
    body.check_applied(begin, test)
    if any(isinstance(each, RECIPES) for each in both):
        return ChoiceRecipe(test, yes, no, node.yes, node.no)
    if any(map(is_new_list, both)):
        return _chosen_layers(body, test, yes, no, node)
    if not all(isinstance(each, Static) for each in both):
        raise Untranslatable("a parameter decides which rule weights begin by", node.span, names=body.names_of(test))
    code = ast.IfExp(test.code, yes.code, no.code)
    a, b = yes.value, no.value
    if isinstance(a, (bool, Test)):
        return Static(Test(sample_of(yes) if test.value.sample else sample_of(no)), code)
    if all(isinstance(value_of(each), (int, float)) for each in (a, b)):
        if body.symbols.same(a, b):
            return yes
        return Static(body.symbols.number(code, sample_of(yes if test.value.sample else no)), code)
    sort = sort_of(yes)
    sort.merge(sort_of(no))
    return abstract(body, sort, code)


def _chosen_layers(body: Body, test: Static, yes: Any, no: Any, node: nodes.Conditional) -> Any:
    """One of two new lists of layers, as a list with one of two layers in each place."""
    if not all(is_layers(each) for each in (yes, no)) or len(yes.value) != len(no.value):
        raise Untranslatable(
            "a parameter decides which list of layers there is",
            node.span,
            "write one list, with the condition in it: [a if condition else b for i in range(n)]",
            body.names_of(test),
        )
    return listed([ChoiceRecipe(test, *sides) for sides in zip(yes.value, no.value, strict=True)])


def stage_of(body: Body, node: Any) -> tuple[Any, Any, Any]:
    """A stage: its recipe, label and node."""
    if isinstance(node, nodes.Labelled):
        label = plain_static(node.label) if isinstance(node.label, str) else static_of(body, node.label)
        return evaluate(body, node.layer), label, node
    return layer_or_value(body, node), None, node


def layer_or_value(body: Body, node: Any) -> Any:
    """What an expression is worth, and for a text the part that is declared by this key."""
    value = evaluate(body, node)
    if not isinstance(node, nodes.Const | nodes.Format) or not isinstance(value, Static):
        return value
    part, loops = body.keys.get(body.symbols.versioned(value.code), (None, []))
    if part is not None and loops == body.loops[: len(loops)]:
        return PartRecipe(part)
    # Declared in a loop whose turns have to be told apart, or in one that goes through other turns.
    raise NeedsUnrolling(f"which part has the key {flat(value.code)} is known from turn to turn of a loop", node.span)


def _pipe(body: Body, node: nodes.Pipe) -> Any:
    first, *others = node.stages
    start = stage_of(body, first)
    is_layer = isinstance(first, nodes.Labelled)
    if is_layer or not (is_flowing(start[0]) or isinstance(start[0], AnyTensors)):
        return ChainRecipe((start, *map(partial(stage_of, body), others)))
    value = body.settled(start[0])
    value, *stages = body.in_order([lambda: value, *(partial(stage_of, body, each) for each in others)])
    for recipe, label, each in stages:
        value = body.file.apply_stage(body, recipe, label, each, value)
    return value


def _choice(body: Body, node: nodes.Choice) -> Any:
    test = condition(body, node.condition)
    yes, no = (BraceRecipe(lines, body.scope) if lines else None for lines in (node.yes, node.no))
    if isinstance(test.value, bool):
        chosen = yes if test.value else no
        return IDENTITY if chosen is None else chosen
    return ChoiceRecipe(test, yes, no)


def _chosen_value(body: Body, test: Static, node: nodes.Conditional) -> Any:
    """A value that is one of two."""
    variable = body.own_target()

    def side(each: Any) -> Any:
        def work() -> None:
            body.target = None
            value = evaluate(body, each)
            if not isinstance(value, Tensor):
                raise Untranslatable("one of two values is chosen, and one is none", node.span)
            body.it = body.put(value, variable)

        return work

    with body.having(it=body.it):
        branch(body, test, side(node.yes), side(node.no), node)
        result = body.it
    body.target = variable
    return result


def _looped_values(body: Body, node: nodes.Comprehension) -> Any:
    """A list of values, one for each item of a list."""
    scope = body.scope
    with body.having(target=None, scope=scope):
        mark = mark_of(body)
        source = body.settled(evaluate(body, node.source))
        source = each_tensor(source, partial(body.ahead, lines=body.lines))  # before what is made of it
        items = source.items if isinstance(source, TensorList) else getattr(source, "value", None)
        if isinstance(source, AnyTensors) or isinstance(items, AnyList):
            rewind(body, mark)
            return _grown_values(body, node)
        if not isinstance(items, (list, tuple)):
            raise Untranslatable("as many values as a parameter says", node.span, names=body.names_of(source))
        try:
            reserve_at_outermost(body, node)
            return listed(_turns(body, node, items, scope))
        except Untranslatable:
            if node.condition is None or isinstance(source, TensorList):
                raise
            rewind(body, mark)
            return _grown_values(body, node)  # a parameter decides which of them there are


def _grown_values(body: Body, node: nodes.Comprehension) -> Any:
    """As many values as a parameter says: a list to which each turn of a loop adds one."""
    span = node.span
    word = body.list_names.get(id(node), "")
    while not word or body.scope.find(word) is not None:
        word = body.temporary("values").removeprefix(FLOW)
    grown = nodes.Op(
        span=span,
        operator="+",
        operands=(nodes.Ref(span=span, name=word, of="local"), nodes.ListOf(span=span, items=(node.item,))),
    )
    line: Any = nodes.Bind(span=span, names=(word,), value=grown)
    if node.condition is not None:
        line = nodes.If(span=span, condition=node.condition, yes=(line,), no=())
    with body.having(scope=Scope(body.scope)):
        empty: Any = nodes.Bind(span=span, names=(word,), value=nodes.ListOf(span=span, items=()))
        loop: Any = nodes.For(span=span, targets=node.targets, source=node.source, body=(line,))
        body.file.run(body, [empty, loop])
        if body.lines and isinstance(body.lines[-1], For):
            body.lines[-1].is_comprehension = True
        return body.scope.names[word]
