"""What calls of a text are worth: layers with arguments, functions of constants and values, rules, tensors, inputs.

Their arguments are worked out by `body.file.evaluate`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial, reduce
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    Code,
    any_of,
    call,
    constant,
    flat,
    gone_through,
    is_literal,
    length_of,
    name,
    names_in,
    strict,
    subscript,
)
from cnndsl.backends.pytorch.flowgraph import refusal
from cnndsl.backends.pytorch.initialise import rule_code
from cnndsl.backends.pytorch.layer_lists import (
    AnyLayers,
    Rows,
    each_value,
    length_of_layers,
    refuse_length,
    rows,
    rule_of,
    source_of,
)
from cnndsl.backends.pytorch.operations import (
    applied,
    backwards,
    combined,
    computed_first,
    count_of,
    plain,
    put_learned,
)
from cnndsl.backends.pytorch.operators import arguments_of, operands, static_of, two
from cnndsl.backends.pytorch.spelling import argument_code, plain_shape, spelled
from cnndsl.backends.pytorch.statics import (
    all_known,
    constant_call,
    constants,
    counted,
    field_of,
    flattened_numbers,
    in_forward,
    size_of_list,
    worked_out,
)
from cnndsl.backends.pytorch.values import (
    AnyList,
    AnyTensors,
    BlockRecipe,
    ChoiceRecipe,
    ExternRecipe,
    Function,
    KindRecipe,
    NotYet,
    ParamRecipe,
    Rule,
    Static,
    Tensor,
    TensorList,
    Undecided,
    Untranslatable,
    VariantRecipe,
    by_name,
    is_empty,
    plain_static,
    with_arguments,
)
from cnndsl.ir import nodes
from cnndsl.ir.words import FUNCTIONS
from cnndsl.layers.formula import AXES, Shape
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.operations import Fixed, Learned
from cnndsl.layers.registry import OPERATIONS
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, value_of

_OPEN = 2**12 * 3 * 5 * 7
"""A sample of a size that is left open."""


def meaning(body: Body, node: nodes.Ref) -> Any:
    """What a name means where it is called: a variant is not yet the network that it is without arguments."""
    found, behind = body.scope.lookup(node.name)
    if found is None:
        return body.file.outside(node)
    found = one_meaning(found, node.name, node)
    word = body.file.word(node.name) if behind else None
    return found if word is None else word


def one_meaning(found: Any, word: str, node: nodes.Node) -> Any:
    """What a word stands for. Raises Untranslatable where that is one of two things that have nothing in common."""
    if isinstance(found, Undecided):
        helps = "use it on each way of the condition that gives it something, or give it the same on both"
        raise Untranslatable(f"what {word} stands for depends on a parameter", node.span, helps)
    return found


def evaluate_call(body: Body, node: nodes.Call) -> Any:
    """What a call is worth: a recipe, a static, or what flows."""
    called = node.function
    function = meaning(body, called) if isinstance(called, nodes.Ref) else body.file.evaluate(body, called)
    if isinstance(function, Static) and isinstance(node.function, nodes.Ref):
        function = body.file.word(node.function.name)  # which a constant of that name does not hide
    match function:
        case KindRecipe() if not function.fields and not function.is_half_applied:
            return _kind_call(body, function, node)
        case KindRecipe() | ExternRecipe():
            return with_arguments(function, arguments_of(body, node), node.span)
        case ParamRecipe() | ChoiceRecipe():
            given = [(word, computed_first(body, word or "value", item)) for word, item in arguments_of(body, node)]
            return with_arguments(function, given, node.span)
        case BlockRecipe():
            made = with_arguments(function, arguments_of(body, node), node.span)
            pairs = made.arguments.items()
            return replace(made, arguments={word: computed_first(body, word, item) for word, item in pairs})
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
        elif not (word in OPERATIONS and is_empty(value)):
            spread.append(value)
    if word in OPERATIONS and any(isinstance(item, (Tensor, AnyTensors)) for item in spread):
        operation = OPERATIONS[word]
        if operation.takes_number and len(spread) == 2:
            return two(body, word, *spread)
        if word == "expand" and spread[0].unbatched and not any(isinstance(item, Tensor) for item in spread[1:]):
            spread.insert(1, body.it)
        count = next((i for i, item in enumerate(spread) if not isinstance(item, (Tensor, AnyTensors))), len(spread))
        named = [(each.name, static_of(body, each.value)) for each in node.arguments if each.name is not None]
        given = [*((None, item) for item in spread[count:]), *named]
        return _operation_values(body, operation, spread[:count], given)
    if word == "len" and isinstance(values[0], AnyTensors):
        return count_of(body, values[0])
    if word == "len" and (length := length_of_layers(body, values[0])) is not None:
        return length
    if word == "len" and isinstance(values[0], TensorList):
        return plain_static(len(applied(body, values[0]).items))
    is_checked = word != "zip" or check_lengths(body, values)
    if word == "reversed" and isinstance(values[0], AnyTensors):
        return backwards(values[0])
    if word in ("enumerate", "zip", "reversed") and any(isinstance(value, TensorList) for value in values):
        return _rows_of_values(body, word, values, node)
    if word in FUNCTIONS:
        made = of_constants(body, word, values)
        if is_checked or rule_of(made) is not None:
            return worked_out(made, node.arguments)
        return Static(made.value, call("list", strict(gone_through(made.code))))
    if body.loops and word in OPERATIONS and not spread:
        raise NotYet(f"{word} of a list that has no values in the first turn of a loop", node.span)
    raise Untranslatable(f"{word} is called on what is no value", node.span)


def of_constants(body: Body, word: str, values: list[Any]) -> Static:
    """A function of numbers, texts and lists, among which may be lists of layers. Raises Untranslatable."""
    rule = rule_of(values[0]) if values else None
    if word == "reversed" and isinstance(rule, Rows) and rule.word == "zip":
        return of_constants(body, "zip", [of_constants(body, word, [column]) for column in rule.columns])
    known = partial(constant_call, body, word, values)
    found = rows(word, values, known)
    for value in values if found is None else ():
        if isinstance(value, Static) and isinstance(value.value, AnyLayers):
            refuse_length(value.value, f"{word} of a list of layers")
    return found or known()


def check_lengths(body: Body, columns: Sequence[Any]) -> bool:
    """Have `__init__` refuse arguments for which the lists of a `zip` are not of one length.

    Gives False where it cannot ask, as for lists that each turn of a list in Python has others of.
    """
    lengths = [_length(body, column) for column in columns]
    first, *others = sorted(lengths, key=is_literal)  # what is compared comes first
    tests = [ast.Compare(first, [ast.NotEq()], [each]) for each in others if flat(each) != flat(first)]
    tests = [test for test in tests if not is_literal(first)]
    if not all(names_in(test).isdisjoint(body.list_variables) for test in tests):
        return False
    if tests and not body.is_silent:
        body.lines.append(refusal(any_of(tests), "zip takes lists of equal length"))
    return True


def _length(body: Body, column: Any) -> Code:
    """How long a list is."""
    if isinstance(column, AnyTensors):
        return count_of(body, column).code
    if isinstance(column, TensorList):
        return constant(len(column.items))
    if isinstance(column.value, list):
        return constant(len(column.value))
    rule = rule_of(column)
    match length := length_of(column.code if rule is None else source_of(rule)):
        case ast.Call(
            args=[ast.Subscript(value=whole, slice=ast.Slice(None, ast.UnaryOp(operand=ast.Constant(1)), None))]
        ):
            return call("len", subscript(whole, ast.Slice(constant(1))))  # as long, and said as for the other part
    return length


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
        first = body.symbols.known(values[1].value) if len(values) > 1 else 0
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
            source = body.file.evaluate(body, ref)
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


def _sizes(body: Body, size: Static, kind: str, node: nodes.Call) -> tuple[Any, ...]:
    """The sizes that a tensor is given. Raises Untranslatable where a parameter says how many there are."""
    if not isinstance(size.value, list):
        raise Untranslatable(f"how many axes a {kind} has depends on a parameter", node.span)
    return tuple(field_of(body, item) for item in size.value)


def learned(body: Body, node: nodes.Call, wanted: str | None = None) -> Tensor:
    """`parameter(...)`: a learned tensor."""
    given = by_name(("size", "init"), arguments_of(body, node))
    size = given["size"]
    begin = given.get("init", plain_static(0.0))
    dims = _sizes(body, size, "parameter", node)
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
            if first.name is not None or not isinstance(meaning(body, word), Rule):
                return None
        case _:
            return None
    numbers = body.file.evaluate(body, first.value)
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
            dims = _sizes(body, given["size"], "constant", node)
            code = call(ast.Attribute(code, "view", ast.Load()), *map(partial(argument_code, body), dims))
        else:
            dims = size_of_list(body, numbers, node.span)
        code = call("nn.Buffer", code)
    assert isinstance(code, ast.Call)  # noqa: S101 - as it was made
    if persistent.value is not True:
        code.keywords.append(ast.keyword("persistent", persistent.code))
    return put_learned(body, code, plain_shape(body, dims), wanted, node, "nn.Buffer")


def declare_input(body: Body, node: nodes.Call, wanted: str) -> None:
    """`input(3, 32, 32)`: what comes in."""
    if body.ways:
        way = "write input before the conditions, with what differs as its sizes"
        raise Untranslatable("what comes in depends on a parameter", node.span, way, body.names_of_ways())
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
