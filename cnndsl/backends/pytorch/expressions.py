"""Expressions of a definition, translated: each becomes a static, a value that flows, or a recipe."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import suppress
from functools import partial, reduce
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    OPERATORS,
    RELATIONS,
    Code,
    call,
    constant,
    flat,
    gone_through,
    loop_head,
    name,
    names_in,
    subscript,
    within_64_bits,
)
from cnndsl.backends.pytorch.flowgraph import FLOW, For
from cnndsl.backends.pytorch.indexing import one, piece, taken, up_to_parts
from cnndsl.backends.pytorch.initialise import rule_code
from cnndsl.backends.pytorch.joins import branch, is_written_out, mark_of, must_unroll, reserve_at_outermost, rewind
from cnndsl.backends.pytorch.layer_lists import (
    AnyLayers,
    LayerList,
    LayerRule,
    each_value,
    refuse_length,
    rows,
    rule_of,
)
from cnndsl.backends.pytorch.operations import combined, count_of, joined, plain, put_learned, repeated
from cnndsl.backends.pytorch.sorts import sample_of, sort_of
from cnndsl.backends.pytorch.spelling import argument_code, plain_shape, spelled
from cnndsl.backends.pytorch.statics import (
    UNSAID,
    abstract,
    all_known,
    bind_generic,
    bind_items,
    compared,
    constant_call,
    constants,
    counted,
    decided,
    field_of,
    flattened_numbers,
    has_names,
    in_forward,
    list_arithmetic,
    listed,
    opposite,
    python,
    size_of_list,
    worked_out,
)
from cnndsl.backends.pytorch.values import (
    IDENTITY,
    RECIPES,
    AnyList,
    AnyTensors,
    BlockRecipe,
    BraceRecipe,
    ChainRecipe,
    ChoiceRecipe,
    CopiesRecipe,
    ExternRecipe,
    Function,
    KindRecipe,
    Opaque,
    ParamRecipe,
    PartRecipe,
    ReadBehind,
    Rule,
    Scope,
    Static,
    Tensor,
    TensorList,
    Test,
    Untranslatable,
    VariantRecipe,
    by_name,
    each_tensor,
    is_flowing,
    plain_static,
    with_arguments,
)
from cnndsl.ir import nodes
from cnndsl.ir.words import FUNCTIONS
from cnndsl.layers.formula import AXES, Shape
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.operations import OPERATORS_OF_VALUES, Fixed, Learned
from cnndsl.layers.registry import OPERATIONS
from cnndsl.symbolic.expr import Expr, Symbol, TooLong
from cnndsl.symbolic.number import Traced, calculate, value_of

_OPEN = 2**12 * 3 * 5 * 7
"""A sample of a size that is left open."""


def evaluate(body: Body, node: Any) -> Any:
    """What an expression is worth."""
    match node:
        case nodes.Const():
            return plain_static(node.value)
        case nodes.Ref():
            found = _meaning(body, node)
            return body.file.variant(found) if isinstance(found, VariantRecipe) else found
        case nodes.Flow():
            return body.it if node.of == "it" else body.entry
        case nodes.Hole():
            raise Untranslatable("a size left open stands here", node.span)
        case nodes.Format():
            return _format(body, node)
        case nodes.ListOf():
            return listed([body.for_later(item) for item in operands(body, node.items)])
        case nodes.Comprehension():
            return _comprehension(body, node)
        case nodes.Call(function=nodes.Flow()):
            declare_input(body, node, "input")
            return body.inputs[-1][1]
        case nodes.Call():
            return _call(body, node)
        case nodes.SizeOf():
            return _size(body, node)
        case nodes.Index():
            return _index(body, node)
        case nodes.Slice():
            return slice(*(None if end is None else static_of(body, end) for end in (node.start, node.end, node.step)))
        case nodes.Ellipsis():
            return ...
        case nodes.Op():
            return _op(body, node)
        case nodes.Compare():
            return _compare(body, node)
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


def static_of(body: Body, node: Any) -> Static:
    """What `__init__` can work out."""
    found = evaluate(body, node)
    if not isinstance(found, Static):
        raise Untranslatable("a number, a text or a list of them is needed here", node.span)
    return found


def _meaning(body: Body, node: nodes.Ref) -> Any:
    """What a name means where it is called: a variant is not yet the network that it is without arguments."""
    found, behind = body.scope.lookup(node.name)
    if found is None:
        return body.file.outside(node)
    word = body.file.word(node.name) if behind else None
    return found if word is None else word


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
        found = value.value if isinstance(value.value, str) else body.known(value.value)
        is_known = is_known and found is not None
        plain += str(found if found is not None else sample_of(value))
        is_plain = found is not None and not names_in(value.code)
        pieces.append(ast.Constant(str(found)) if is_plain else ast.FormattedValue(value.code, -1, None))
    if is_known:
        return plain_static(plain)
    code = ast.JoinedStr(pieces)
    return Static(Opaque(code, plain), code)


def _comprehension(body: Body, node: nodes.Comprehension) -> Any:
    source = evaluate(body, node.source)
    if isinstance(source, (TensorList, AnyTensors)):
        return _looped_values(body, node)
    if isinstance(source.value, AnyLayers):
        try:
            return each_value(body, node, source)
        except Untranslatable:
            return _grown_values(body, node)
    outer = body.scope
    with body.having(scope=Scope(outer)), body.unchecked(source):
        items = source.value
        if isinstance(items, list) and (is_written_out(body, items) or must_unroll(body, items)):
            return listed(_turns(body, node, items, outer))
        mark = mark_of(body)
        target = bind_generic(body, node.targets, sort_of(source).of_items, local=True)
        tests = [condition(body, node.condition).code] if node.condition is not None else []
        try:
            item = body.for_later(evaluate(body, node.item))
        except Untranslatable:  # perhaps one by one
            if not isinstance(items, list):
                raise
            item = None
        if item is None or isinstance(item, Tensor):
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
    return [body.for_later(value) for value in made if value is not None]


def _call(body: Body, node: nodes.Call) -> Any:
    called = node.function
    function = _meaning(body, called) if isinstance(called, nodes.Ref) else evaluate(body, called)
    if isinstance(function, Static) and isinstance(node.function, nodes.Ref):
        function = body.file.word(node.function.name)  # which a constant of that name does not hide
    match function:
        case KindRecipe() if not function.fields and not function.is_half_applied:
            return _kind_call(body, function, node)
        case KindRecipe() | ParamRecipe() | ExternRecipe():
            return with_arguments(function, arguments_of(body, node), node.span)
        case BlockRecipe():
            return body.computed_first(with_arguments(function, arguments_of(body, node), node.span))
        case VariantRecipe():
            return body.file.variant(with_arguments(function, arguments_of(body, node)))
        case Function():
            return _function_call(body, function.name, node)
        case Rule():
            return fixed(body, node) or _rule_call(body, function, node)
        case _:
            raise Untranslatable("this cannot be called", node.span)


def _kind_call(body: Body, recipe: KindRecipe, node: nodes.Call) -> Any:
    kind = recipe.kind
    values = arguments_of(body, node)
    like = dict(values).get("like")
    if like is not None and kind.kind in OPERATIONS:
        given = [argument for argument in values[1:] if argument[0] != "like"]
        return _operation_values(body, OPERATIONS[kind.kind], [values[0][1], like], given)
    if values and values[0][0] is None and isinstance(values[0][1], Tensor):
        return plain(body, with_arguments(recipe, values[1:]), values[0][1])
    return with_arguments(recipe, values, node.span)


def _function_call(body: Body, word: str, node: nodes.Call) -> Any:
    if word == "parameter":
        return learned(body, node)
    values = _joined_layers(body, word, node)
    if values is None:
        values = operands(body, [argument.value for argument in node.arguments if argument.name is None])
    if word == "sum" and len(values) == 1 and isinstance(values[0], (TensorList, AnyTensors)):
        word = "add"
    spread: list[Any] = []
    for value in values:
        if isinstance(value, TensorList):
            spread += value.items
        elif not (word in OPERATIONS and isinstance(value, Static) and value.value == []):
            spread.append(value)
    if word in OPERATIONS and any(isinstance(item, (Tensor, AnyTensors)) for item in spread):
        operation = OPERATIONS[word]
        if operation.takes_number and len(spread) == 2:
            return _two(body, word, *spread)
        if word == "expand" and spread[0].unbatched and not any(isinstance(item, Tensor) for item in spread[1:]):
            spread.insert(1, body.it)
        count = next((i for i, item in enumerate(spread) if not isinstance(item, (Tensor, AnyTensors))), len(spread))
        named = [(each.name, static_of(body, each.value)) for each in node.arguments if each.name is not None]
        given = [*((None, item) for item in spread[count:]), *named]
        return _operation_values(body, operation, spread[:count], given)
    if word == "len" and isinstance(values[0], AnyTensors):
        return count_of(body, values[0])
    if word == "len" and isinstance(values[0], TensorList):
        return plain_static(len(values[0].items))
    if word in ("enumerate", "zip", "reversed") and any(isinstance(value, TensorList) for value in values):
        return _rows_of_values(body, word, values, node)
    if word in FUNCTIONS:
        found = rows(word, values, partial(constant_call, body, word, values))
        if found is not None:
            return found
        for value in values:
            if isinstance(value, Static) and isinstance(value.value, AnyLayers):
                refuse_length(value.value, f"{word} of a list of layers")
        return worked_out(constant_call(body, word, values), node.arguments)
    raise Untranslatable(f"{word} is called on what is no value", node.span)


def _rows_of_values(body: Body, word: str, values: list[Any], node: nodes.Call) -> TensorList:
    """`zip` of lists of which one is of values, such a list with numbers before its items, or from its end on."""
    columns: list[Sequence[Any]] = []
    for value in values[:1] if word == "enumerate" else values:
        items = body.settled(value).items if isinstance(value, TensorList) else getattr(value, "value", None)
        if not isinstance(items, (list, tuple)):
            reason = "values are gone through together with a list whose length depends on a parameter"
            raise Untranslatable(reason, node.span, names=body.names_of(value))
        columns.append(items)
    if word == "enumerate":
        first = body.known(values[1].value) if len(values) > 1 else 0
        if first is None:
            reason = "the number from which values are counted depends on a parameter"
            raise Untranslatable(reason, node.span, names=body.names_of(values[1]))
        columns.insert(0, counted(first, columns[0]))
    if word == "reversed":
        return TensorList(tuple(reversed(columns[0])))
    return TensorList(tuple(TensorList(tuple(row)) for row in zip(*columns, strict=False)))


def _joined_layers(body: Body, word: str, node: nodes.Call) -> list[Any] | None:
    """What the layers of a list give that is put together at once: a list in `forward`. None for anything else."""
    given = [argument.value for argument in node.arguments if argument.name is None]
    if body.is_silent or word not in ("concat", "add") or len(given) != 1:
        return None
    match given[0]:
        case nodes.Comprehension(source=nodes.Ref() as ref) as listed_values:
            source = evaluate(body, ref)
            if rule_of(source) is not None:
                with suppress(Untranslatable):
                    return [each_value(body, listed_values, source)]
    return None


def _operation_values(body: Body, operation: Any, values: list[Any], given: Sequence[tuple[str | None, Any]]) -> Any:
    """An operation on values, with what else it is given, by position or by name."""
    fields = by_name(operation.model_fields, given)
    made = operation.model_construct(**{word: field_of(body, in_forward(value)) for word, value in fields.items()})
    if operation.takes_number and len(values) != 2 and all(isinstance(each, Tensor) for each in values):
        return reduce(lambda total, value: combined(body, made, [total, value]), values)
    return combined(body, made, values)


def _rule_call(body: Body, rule: Rule, node: nodes.Call) -> Rule:
    words = RULES[rule.name]
    given = by_name(words, arguments_of(body, node))
    return Rule(rule.name, tuple((word, given[word]) for word in words if word in given))


def _size(body: Body, node: nodes.SizeOf) -> Any:
    value = evaluate(body, node.value)
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
    code = body.size_code(dim)
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


def _op(body: Body, node: nodes.Op) -> Any:
    if node.operator == "not":
        return opposite(condition(body, node.operands[0]))
    if node.operator in ("and", "or"):
        return _junction(body, node)
    if len(node.operands) == 1:
        value = evaluate(body, node.operands[0])
        if isinstance(value, Tensor):
            return combined(body, OPERATIONS["neg"](), [value])
        if node.operator == "+":
            return value
        code = (
            constant(-value.value)
            if isinstance(value.value, (int, float)) and isinstance(value.code, ast.Constant)
            else ast.UnaryOp(ast.USub(), value.code)
        )
        return Static(-value.value, code)
    left, right = operands(body, node.operands)
    return _binary(body, node, left, right)


def operands(body: Body, items: Sequence[Any]) -> list[Any]:
    """Expressions, in their order."""
    return body.in_order([partial(evaluate, body, item) for item in items])


def arguments_of(body: Body, node: nodes.Call) -> list[tuple[str | None, Any]]:
    """The arguments of a call, each with its name or None."""
    values = operands(body, [argument.value for argument in node.arguments])
    return [(argument.name, value) for argument, value in zip(node.arguments, values, strict=True)]


def _binary(body: Body, node: nodes.Op, left: Any, right: Any) -> Any:
    word = node.operator
    if isinstance(left, (TensorList, AnyTensors)) or isinstance(right, (TensorList, AnyTensors)):
        return joined(body, left, right, node.span) if word == "+" else repeated(body, left, right)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return _two(body, OPERATORS_OF_VALUES[word], left, right)
    if isinstance(left, RECIPES) and word == "*":
        return CopiesRecipe(left, right, node.operands[0])
    a, b = left.value, right.value
    if isinstance(a, AnyLayers) or isinstance(b, AnyLayers):
        helps = "go through one list: [{ if i == 0 { first } else { others } } for [i, n] in enumerate(numbers)]"
        raise Untranslatable("layers are joined of which a parameter says how many there are", node.span, helps)
    if isinstance(a, (list, AnyList)) or isinstance(b, (list, AnyList)):
        return list_arithmetic(body, word, left, right)
    code = _arithmetic(node, left.code, right.code)
    if isinstance(a, (str, Opaque)):
        text = sample_of(left) + sample_of(right) if word == "+" else sample_of(left) * sample_of(right)
        is_known = isinstance(a, str) and not isinstance(b, (Opaque, Traced))
        return Static(text if is_known else Opaque(code, text), code)
    if not isinstance(a, Traced) and not isinstance(b, Traced):
        return worked_out(Static(python(word, a, b), code), node.operands)
    sample = python(word, value_of(a), value_of(b))
    whole = isinstance(value_of(a), int) and isinstance(value_of(b), int) and word not in ("/", "**")
    if whole:
        try:
            return Static(calculate(word, a, b), code)
        except (TooLong, ZeroDivisionError):
            pass
    known = (body.known(a), body.known(b))
    if None not in known:
        number = body.number(code, sample)
        (symbol,) = number.expr.symbols()
        body.definitions.setdefault(symbol.name, Expr.of(python(word, *known)))
        return Static(number, code)
    return Static(body.number(code, sample), code)


def _arithmetic(node: nodes.Op, left: Code, right: Code) -> Code:
    """The Python of an operation on constants, without a 0 or 1 that stands for a name and does nothing."""
    for at, other, neutral in ((1, left, {"+": 0, "-": 0, "*": 1}), (0, right, {"+": 0, "*": 1})):
        match (left, right)[at]:
            case ast.Constant(int(number)) if number == neutral.get(node.operator) and has_names([node.operands[at]]):
                return other
    return ast.BinOp(left, OPERATORS[node.operator](), right)


def _two(body: Body, kind: str, left: Any, right: Any) -> Any:
    """Two values element by element, or a value and a number."""
    operation = OPERATIONS[kind]
    if not isinstance(left, Static) and not isinstance(right, Static):
        return combined(body, operation.model_construct(), [left, right])
    value, other, first = (right, left, True) if isinstance(left, Static) else (left, right, False)
    number = Opaque(within_64_bits(other.value, in_forward(other).code), sample_of(other))
    return combined(body, operation.model_construct().having({"scalar": number, "scalar_first": first}), [value])


def condition(body: Body, node: Any) -> Static:
    """A condition."""
    found = evaluate(body, node)
    if isinstance(found, Static) and isinstance(found.value, (bool, Test)):
        return found
    raise Untranslatable("a condition is needed here", node.span)


def _junction(body: Body, node: nodes.Op) -> Static:
    left = condition(body, node.operands[0])
    is_and = node.operator == "and"
    if isinstance(left.value, bool):
        return condition(body, node.operands[1]) if left.value is is_and else left
    with body.unchecked(left):
        right = condition(body, node.operands[1])
    if isinstance(right.value, bool):
        return left if right.value is is_and else right
    a, b = left.value, right.value
    values = [*_terms(left.code, is_and), *_terms(right.code, is_and)]
    code = ast.BoolOp(ast.And() if is_and else ast.Or(), values)
    if is_and:
        return Static(Test(a.sample and b.sample, (*a.holds, *b.holds), ()), code)
    return Static(Test(a.sample or b.sample, (), (*a.fails, *b.fails)), code)


def _compare(body: Body, node: nodes.Compare) -> Static:
    values = [evaluate(body, operand) for operand in node.operands]
    parts = [compared(body, word, a, b) for word, a, b in zip(node.operators, values, values[1:], strict=False)]
    if len(parts) == 1:
        return parts[0]
    unknown = [part for part in parts if not isinstance(part.value, bool)]
    if any(part.value is False for part in parts):
        return plain_static(False)
    if not unknown:
        return plain_static(True)
    code = ast.Compare(values[0].code, [RELATIONS[w]() for w in node.operators], [v.code for v in values[1:]])
    return Static(Test(all(part.value.sample for part in unknown)), code)


def _conditional(body: Body, node: nodes.Conditional) -> Any:
    test = condition(body, node.condition)
    if isinstance(test.value, bool):
        return evaluate(body, node.yes if test.value else node.no)
    if _may_flow(node):
        return _chosen_value(body, test, node)
    mark = mark_of(body) if _speaks_of_values(body, node) else None
    with body.unchecked(test):
        yes, no = evaluate(body, node.yes), evaluate(body, node.no)
    if isinstance(yes, (Tensor, TensorList)):
        if mark is not None:  # each is worked out where it is chosen
            rewind(body, mark)
        return _chosen_value(body, test, node)
    if isinstance(yes, RECIPES) or isinstance(no, RECIPES):
        return ChoiceRecipe(test, yes, no, node.yes, node.no)
    code = ast.IfExp(test.code, yes.code, no.code)
    a, b = yes.value, no.value
    if isinstance(a, (bool, Test)):
        return Static(Test(sample_of(yes) if test.value.sample else sample_of(no)), code)
    if isinstance(value_of(a), (int, float)):
        if body.same(a, b):
            return yes
        return Static(body.number(code, sample_of(yes if test.value.sample else no)), code)
    sort = sort_of(yes)
    sort.merge(sort_of(no))
    return abstract(body, sort, code)


def _may_flow(node: nodes.Conditional) -> bool:
    """Whether a choice is one of values, which are computed where they are chosen."""
    return any(isinstance(each, nodes.Flow) for side in (node.yes, node.no) for each in _outer(side))


def _speaks_of_values(body: Body, node: nodes.Conditional) -> bool:
    """Whether a choice has names of values in it, of which it may be one, or have the size of one."""
    names = (each.name for side in (node.yes, node.no) for each in nodes.walk(side) if isinstance(each, nodes.Ref))
    return any(isinstance(body.scope.find(each), (Tensor, TensorList, AnyTensors)) for each in names)


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
    part, loops = body.keys.get(body.versioned(value.code), (None, []))
    if part is not None and loops == body.loops[: len(loops)]:
        return PartRecipe(part)
    # Declared in a loop whose turns have to be told apart, or in one that goes through other turns.
    raise ReadBehind(f"which part has the key {flat(value.code)} is known from turn to turn of a loop", node.span)


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


def learned(body: Body, node: nodes.Call, wanted: str | None = None) -> Tensor:
    """`parameter(...)`: a learned tensor."""
    given = by_name(("size", "init"), arguments_of(body, node))
    size = given["size"]
    begin = given.get("init", plain_static(0.0))
    dims = tuple(field_of(body, item) for item in size.value)
    if isinstance(begin, Rule):
        code: Code = call("nn.Parameter", rule_code(begin, call("torch.empty", argument_code(body, dims))))
    elif isinstance(begin.value, (int, float)):
        layer = Learned.model_construct(size=dims, init=begin.value)
        code = spelled(body, layer.torch(()))
    else:
        code = call("nn.Parameter", call("torch.full", argument_code(body, dims), call("float", begin.code)))
    return put_learned(body, code, plain_shape(body, dims), wanted, node)


def fixed(body: Body, node: Any, wanted: str | None = None) -> Tensor | None:
    """`constant([...])`: a tensor of given numbers; None for anything else."""
    match node:
        case nodes.Call(function=nodes.Ref(name="constant") as word, arguments=(first, *rest)):
            if first.name is not None or not isinstance(_meaning(body, word), Rule):
                return None
        case _:
            return None
    numbers = evaluate(body, first.value)
    if not isinstance(numbers, Static) or not isinstance(numbers.value, list | AnyList):
        return None
    given = by_name(("size", "persistent"), [(each.name, static_of(body, each.value)) for each in rest])
    persistent = given.get("persistent", plain_static(True))
    if all_known(body, [numbers, *([given["size"]] if "size" in given else [])]):
        flat_numbers, size = flattened_numbers(constants(body, numbers))
        shape = constants(body, given["size"]) if "size" in given else size
        layer = Fixed.model_construct(numbers=tuple(flat_numbers), size=tuple(shape))
        code = spelled(body, layer.torch(()))
        dims: Shape = layer.size
    else:
        code = call("torch.tensor", numbers.code, dtype=call("torch.get_default_dtype"))
        if "size" in given:
            if not isinstance(given["size"].value, list):
                raise Untranslatable("how many axes a constant has depends on a parameter", node.span)
            dims = tuple(field_of(body, item) for item in given["size"].value)
            code = call(ast.Attribute(code, "view", ast.Load()), *map(partial(argument_code, body), dims))
        else:
            dims = size_of_list(body, numbers, node.span)
        code = call("nn.Buffer", code)
    assert isinstance(code, ast.Call)  # noqa: S101 - as it was made
    if persistent.value is not True:
        code.keywords.append(ast.keyword("persistent", persistent.code))
    return put_learned(body, code, plain_shape(body, dims), wanted, node, "nn.Buffer")


def _chosen_value(body: Body, test: Static, node: nodes.Conditional) -> Any:
    """A value that is one of two."""
    variable = body.target or body.temporary()

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
        source = body.settled(evaluate(body, node.source))
        source = each_tensor(source, partial(body.ahead, lines=body.lines))  # before what is made of it
        items = source.items if isinstance(source, TensorList) else getattr(source, "value", None)
        if isinstance(source, AnyTensors) or isinstance(items, AnyList):
            return _grown_values(body, node)
        if not isinstance(items, (list, tuple)):
            raise Untranslatable("as many values as a parameter says", node.span, names=body.names_of(source))
        mark = mark_of(body)
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


def declare_input(body: Body, node: nodes.Call, wanted: str) -> None:
    """`input(3, 32, 32)`: what comes in."""
    shape: list[Any] = []
    names = ("channels", *AXES.get(len(node.arguments) - 1, ()))
    if body.given is not None:
        channels = static_of(body, node.arguments[0].value).value
        body.entry = body.it = Tensor(body.given.code, (channels, *body.given.shape[1:]))
        if wanted != "input":
            body.scope.names[wanted] = body.entry
        return
    for at, argument in enumerate(node.arguments):
        if at and body.is_part:
            shape.append(_size_of_part(body, argument.value, at, len(names)))
        elif isinstance(argument.value, nodes.Hole):
            word = names[at][0].upper() + ("" if not body.inputs else str(len(body.inputs) + 1))
            shape.append(Traced(_OPEN, Expr.of(Symbol(f"open·{word}"))))
        else:
            shape.append(static_of(body, argument.value).value)
    variable = body.input_name(wanted)
    value = Tensor(name(variable), tuple(shape))
    body.inputs.append((variable, value))
    if wanted != "input":
        body.value_names.add(wanted)
        body.scope.names[wanted] = value
    if body.entry is None:
        body.entry = body.it = value


def _size_of_part(body: Body, node: Any, axis: int, rank: int) -> Traced:
    """A size of what comes into a network that is a part of others: the constructor takes it, where it is needed."""
    declared = None if isinstance(node, nodes.Hole) else static_of(body, node).value
    written, size = body.size_of_input("input", axis, rank, _OPEN if declared is None else value_of(declared))
    if isinstance(declared, int):
        body.input_defaults[written] = constant(declared)
    return size


def _outer(node: Any) -> list[Any]:
    """The expressions that are worked out where an expression is, without its layers' arguments."""
    match node:
        case nodes.Pipe():
            return [node, *_outer(node.stages[0])]
        case nodes.Op() if node.operator not in ("and", "or", "not"):
            return [node, *(inner for operand in node.operands for inner in _outer(operand))]
        case nodes.Call():
            return [node, *(inner for argument in node.arguments for inner in _outer(argument.value))]
        case nodes.Conditional():
            return [node, *_outer(node.yes), *_outer(node.no)]
        case _:
            return [node]


def _terms(code: Code, is_and: bool) -> list[Code]:
    """What an `and`, or an `or`, is made of; an expression itself where it is no such."""
    if isinstance(code, ast.BoolOp) and isinstance(code.op, ast.And) is is_and:
        return code.values
    return [code]
