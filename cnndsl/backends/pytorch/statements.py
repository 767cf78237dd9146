"""Statements of a definition, translated one after the other by abstract interpretation.

Out comes one structured list of lines, of which `flowgraph` keeps what `__init__` needs and what `forward` needs. The
same walk, without its lines, tells what comes out of a block for the arguments and sizes of one call.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from cnndsl.backends.pytorch.application import apply_stage
from cnndsl.backends.pytorch.body import Body, Output
from cnndsl.backends.pytorch.calls import declare_input, fixed, learned
from cnndsl.backends.pytorch.code import (
    Code,
    call,
    constant,
    fewer,
    flat,
    gone_through,
    name,
    names_in,
    subscript,
    tuple_of,
    zipped,
)
from cnndsl.backends.pytorch.expressions import columns_of, evaluate, layer_or_value, stage_of
from cnndsl.backends.pytorch.flowgraph import FLOW, Assign, Comment, Compute, Training, refusal
from cnndsl.backends.pytorch.indexing import item_of_static
from cnndsl.backends.pytorch.joins import branch
from cnndsl.backends.pytorch.layer_lists import (
    AnyLayers,
    LayerList,
    as_before,
    by_number,
    declare,
    going_through,
    is_new_list,
    layer_rules,
    rule_of,
    source_of,
    with_rows,
)
from cnndsl.backends.pytorch.loops import (
    is_written_out,
    loop_or_turns,
    must_unroll,
    repeated,
    reserve_at_outermost,
    run_loop,
)
from cnndsl.backends.pytorch.operations import (
    applied,
    count_of,
    for_later,
    in_variable,
    is_of_name,
    item_of,
    sizes_code,
)
from cnndsl.backends.pytorch.operators import condition, static_of
from cnndsl.backends.pytorch.sorts import sort_of
from cnndsl.backends.pytorch.statics import UNSAID, bind_generic, bind_items, facts_of_turns, holds_layers, listed
from cnndsl.backends.pytorch.values import (
    RECIPES,
    AnyList,
    AnyTensors,
    BlockRecipe,
    KindRecipe,
    ParamRecipe,
    PartRecipe,
    Scope,
    Static,
    Tensor,
    TensorList,
    Undecided,
    Untranslatable,
    each_tensor,
    plain_static,
)
from cnndsl.ir import nodes
from cnndsl.layers.initialisers import FANS
from cnndsl.symbolic.number import Traced, value_of


def run(body: Body, statements: Sequence[Any]) -> None:
    """All lines of a body."""
    has_more = body.has_more
    with body.having(has_more=has_more):
        for at, statement in enumerate(statements, 1):
            mark = len(body.lines)
            body.has_more = has_more or at < len(statements)
            try:
                _STATEMENTS[statement.node](body, statement)
            except Untranslatable as problem:
                problem.span = problem.span or statement.span
                problem.names |= body.opened
                raise
            if statement.comment:
                comment = body.comments.setdefault(id(statement), Comment(statement.comment))
                made = body.lines[mark:]
                for line in made[:1] if body.chain else made:  # of other bodies the first lines may vanish
                    line.comment = line.comment or comment


def _do_bind(body: Body, statement: nodes.Bind) -> None:
    node = statement.value
    if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Flow):
        declare_input(body, node, statement.names[0])
        return
    if len(statement.names) > 1:
        _bind_several(body, statement)
        return
    if isinstance(node, nodes.Labelled) and not statement.names:
        _declare_by_key(body, node)
        return
    (wanted,) = statement.names
    if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Ref) and node.function.name == "parameter":
        body.set_value(wanted, learned(body, node, wanted))
        return
    if (tensor := fixed(body, node, wanted)) is not None:
        body.set_value(wanted, tensor)
        return
    body.target = _variable_for(body, wanted, node)
    if isinstance(node, nodes.Comprehension):
        body.list_names[id(node)] = wanted
    value = evaluate(body, node)
    if isinstance(value, KindRecipe | BlockRecipe | ParamRecipe) and value.is_half_applied:
        body.scope.names[wanted] = _as_now(body, for_later(body, value))
    elif isinstance(value, RECIPES) and not body.chain:
        value = for_later(body, value)
        _declare(body, wanted, value, node)
    elif is_new_list(value):
        body.scope.names[wanted] = declare(body, body.new_part(wanted), wanted, value, node)
    elif isinstance(value, Static):
        _bind_static(body, wanted, value)
    else:
        body.set_value(wanted, value)


def _bind_static(body: Body, wanted: str, static: Static) -> None:
    """A name gets a constant; a list with layers in it has no variable, as Python has no such list."""
    if holds_layers(static):
        body.scope.names[wanted] = _as_now(body, static)
    else:
        body.bind_static(wanted, static)


def _bind_several(body: Body, statement: nodes.Bind) -> None:
    body.target = None
    with body.having(is_taken_apart=True):
        value = _taken_apart(body, statement, evaluate(body, statement.value))
    if isinstance(value, Static):
        items: Any = value.value
        if isinstance(items, AnyList):
            if not body.is_silent and not isinstance(value.code, ast.Name | ast.Subscript):
                value = _in_spare(body, value, "items")
            _refuse_other_counts(body, statement, value.code, call("len", value.code))
            items = [item_of_static(body, value, plain_static(at)) for at in range(len(statement.names))]
        if any(isinstance(item, RECIPES) for item in items):
            for wanted, item in zip(statement.names, items, strict=True):
                if isinstance(item, Static):
                    _bind_static(body, wanted, item)
                elif isinstance(item, PartRecipe):
                    body.scope.names[wanted] = item
                else:
                    _declare(body, wanted, item, statement.value)
            return
        value = TensorList(tuple(items))
    _name(body, statement.names, value)


def _taken_apart(body: Body, statement: nodes.Bind | nodes.Apply, value: Any) -> Any:
    """As many values of a list of any number as there are names for; anything else as it is."""
    if not isinstance(value, AnyTensors):
        return value
    _refuse_other_counts(body, statement, value.code, count_of(body, value).code)
    made = TensorList(tuple(item_of(body, value, plain_static(at)) for at in range(len(statement.names))))
    body.pending = made, value.code
    return made


def _refuse_other_counts(body: Body, statement: nodes.Bind | nodes.Apply, code: Code, count: Code) -> None:
    """Refuse arguments for which a list has not as many items as the names that it is taken apart into."""
    if not body.is_silent:
        word = code.id.removeprefix(FLOW) if isinstance(code, ast.Name) else "the list"
        message = f"{word} must have {len(statement.names)} items, for {', '.join(statement.names)}"
        body.lines.append(refusal(ast.Compare(count, [ast.NotEq()], [constant(len(statement.names))]), message))


def _kept_apart(body: Body, names: Sequence[str], items: Sequence[Any]) -> list[Any]:
    """Constants that are given names at once: in a variable what reads a name that one before it is given."""
    variables = [body.scope.variables.get(wanted) for wanted in names] if body.ways else []
    made = list(items)
    for at, item in enumerate(items):
        if isinstance(item, Static) and not names_in(item.code).isdisjoint(variables[:at]):
            made[at] = _in_spare(body, item, names[at])
    return made


def _in_spare(body: Body, item: Static, wanted: str) -> Static:
    """A constant in a variable of its own."""
    variable = body.spare(wanted)
    body.lines.append(Assign(variable, item.code))
    is_number = isinstance(value_of(item.value), (int, float)) and not isinstance(item.value, bool)
    return Static(body.symbols.new_version(variable, item.value) if is_number else item.value, name(variable))


def _kept_from(body: Body, loop: nodes.For, items: list[Any]) -> list[Any]:
    """The items that a loop goes through: in a variable what reads a name to which a turn may give something else."""
    variables = {body.scope.variables.get(word) for word in nodes.bound_names(loop.body)}

    return [_kept(body, item, variables) for item in items]


def _as_now(body: Body, item: Any) -> Any:
    """A layer or a list with such, of which the text may give something else to a name later on."""
    return _kept(body, item, {body.scope.variables.get(word) for word in body.rebound})


def _kept(body: Body, item: Any, variables: set[str | None]) -> Any:
    """A constant, or a layer or row with such: in a variable of its own what reads some variables."""
    match item:
        case Static() if body.is_silent or names_in(item.code).isdisjoint({*variables, UNSAID}):
            return item
        case Static(value=LayerList() | AnyLayers() as layers):
            return Static(with_rows(layers, lambda each: _kept(body, each, variables)), item.code)
        case Static(value=list() as items):
            return listed([_kept(body, each, variables) for each in items])
        case Static():
            return _in_spare(body, item, "kept")
        case TensorList():  # a row with constants in it
            return replace(item, items=tuple(_kept(body, each, variables) for each in item.items))
        case KindRecipe():
            return replace(item, fields={word: _kept(body, each, variables) for word, each in item.fields.items()})
        case BlockRecipe():
            given = {word: _kept(body, each, variables) for word, each in item.arguments.items()}
            return replace(item, arguments=given)
        case ParamRecipe():
            return replace(item, arguments=tuple((word, _kept(body, each, variables)) for word, each in item.arguments))
        case _:
            return item


def _name(body: Body, names: Sequence[str], value: Any) -> None:
    """Give a name to each of several values, which may read what had these names before: `a, b = [b, a]`."""
    items = _kept_apart(body, names, value.items if isinstance(value, TensorList) else (value,))
    variables = tuple(body.value_name(each) for each in names)
    together = None
    if body.pending is not None and body.pending[0] is value:
        together, body.pending = body.pending[1], None
    elif overtaken := [at for at, item in enumerate(items) if not _read(item).isdisjoint(variables[:at])]:
        if all(isinstance(item, Tensor) for item in items):
            together = tuple_of(item.code for item in items)
        for at in overtaken if together is None else ():
            items[at] = _apart(body, items[at], names[at])
    if together is not None:
        body.keep_values(set(variables), None)
        body.lines.append(Compute(variables, together, type="tuple"))
        for wanted, variable, item in zip(names, variables, items, strict=True):
            body.value_names.add(wanted)
            body.scope.names[wanted] = item.moved(name(variable))
        return
    for wanted, item in zip(names, items, strict=True):
        if not isinstance(item, Static):
            body.set_value(wanted, item)
    for wanted, item in zip(names, items, strict=True):
        if isinstance(item, Static):  # after the values, whose sizes may be written with what it had before
            _bind_static(body, wanted, item)


def _read(value: Any) -> set[str]:
    """The variables that a value reads, or a list of values."""
    return set().union(*map(_read, value.items)) if isinstance(value, TensorList) else names_in(value.code)


def _apart(body: Body, value: Any, wanted: str) -> Any:
    """A value, or each of a list, in a variable of its own."""
    if isinstance(value, AnyTensors):
        raise Untranslatable("a list of values is given a name together with what it reads")
    return each_tensor(value, lambda each: body.put(each, body.temporary(wanted)))


def _do_apply(body: Body, statement: nodes.Apply) -> None:
    node: Any = statement.value
    if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Flow):
        declare_input(body, node, "input")
        return
    if not statement.names:
        body.go_on(_applied(body, node, FLOW + body.flow))
    elif len(statement.names) == 1:
        (wanted,) = statement.names
        body.set_value(wanted, _applied(body, node, _variable_for(body, wanted, node)))
        body.it = body.scope.names[wanted]
    else:
        with body.having(is_taken_apart=True):
            value = _taken_apart(body, statement, _applied(body, node, None))
        _name(body, statement.names, value)
        body.it = TensorList(tuple(body.scope.names[wanted] for wanted in statement.names))


def _variable_for(body: Body, wanted: str, node: Any) -> str | None:
    """The variable for what a name is given, for use on the way to it; none where the way still reads the name."""
    variable, later = body.value_name(wanted), _later_stages(node)
    is_read = any(isinstance(each, nodes.Ref) and each.name == wanted for each in nodes.walk(later))
    flowing = [flat(value.code) for value in (body.it, body.entry) if isinstance(value, Tensor)]
    return None if is_read or (variable in flowing and _speak_of_flow(later)) else variable


def _later_stages(node: Any) -> Sequence[nodes.Expression]:
    return node.stages[1:] if isinstance(node, nodes.Pipe) else ()


def _speak_of_flow(stages: Sequence[nodes.Expression]) -> bool:
    """Whether arguments of stages read what flows; lines in braces read what comes to these."""
    braces = [each for each in nodes.walk(stages) if isinstance(each, (nodes.Brace, nodes.Choice))]
    lines = (each.body if isinstance(each, nodes.Brace) else (each.yes, each.no) for each in braces)
    inside = {id(each) for each in nodes.walk(tuple(lines))}
    return any(isinstance(each, nodes.Flow) and id(each) not in inside for each in nodes.walk(stages))


def _applied(body: Body, node: Any, target: str | None) -> Any:
    """What comes out of a line, for a variable that is called `target`."""
    later = _later_stages(node)
    is_read_later = any(isinstance(each, nodes.Flow) for each in nodes.walk(later))
    target = None if is_read_later and _speak_of_flow(later) else target
    goes_on = isinstance(node, (nodes.Pipe, nodes.Labelled, nodes.Call, nodes.Ref, nodes.Brace)) and not is_read_later
    body.target = target if goes_on else None
    found = layer_or_value(body, node)
    if not isinstance(found, RECIPES):
        return found
    body.target = target
    return apply_stage(body, found, None, node, body.it)


def _do_if(body: Body, statement: nodes.If) -> None:
    test = condition(body, statement.condition)
    if isinstance(test.value, bool):
        run(body, statement.yes if test.value else statement.no)
        return
    branch(body, test, lambda: run(body, statement.yes), lambda: run(body, statement.no), statement)


def _do_for(body: Body, statement: nodes.For) -> None:
    if columns := columns_of(body, statement.source):
        _for_columns(body, statement, statement.targets, columns)
        return
    source = applied(body, body.settled(evaluate(body, statement.source)))
    run_turn = partial(run, body, statement.body)

    def turn(item: Any) -> None:
        bind_items(body, statement.targets, item)
        run_turn()

    if isinstance(source, AnyTensors):
        _for_columns(body, statement, statement.targets, [source])
        return
    values = source.items if isinstance(source, TensorList) else getattr(source, "value", None)
    if values is None:
        raise Untranslatable("a loop runs over a list", statement.span)
    known = list(values) if isinstance(values, (list, tuple)) else None
    if known == []:
        return
    is_unrolled = isinstance(source, TensorList) or (known is not None and is_written_out(body, known))
    targets, layers = by_number(body, statement.targets, source, statement.body) or (statement.targets, source)
    if not is_unrolled and body.chain is None and rule_of(layers) is not None:
        loop_or_turns(body, statement, partial(_for_columns, body, statement, targets, [layers]), turn, known)
    elif known is not None and (is_unrolled or must_unroll(body, known)):
        reserve_at_outermost(body, statement)
        for item in _kept_from(body, statement, known):
            turn(item)
    else:
        known = known and _kept_from(body, statement, known)
        sort = sort_of(source).of_items

        def bind() -> tuple[Code, None]:
            return bind_generic(body, statement.targets, sort), None

        def loop() -> None:
            facts = partial(facts_of_turns, body, statement.targets, known or ())
            count = values.sample if isinstance(values, AnyList) else len(values)
            run_loop(body, statement, source.code, bind, run_turn, facts=facts, count=count)

        loop_or_turns(body, statement, loop, turn, known)


def _for_columns(body: Body, statement: nodes.For, targets: nodes.Targets, columns: Sequence[Any]) -> None:
    """A loop over lists side by side, of which `forward` goes through some: as many values as a parameter says, where
    `__init__` goes through their sizes, and lists of layers with names. Others are of constants.
    """
    words = targets if len(columns) > 1 else (targets,)
    if isinstance(words, str) or body.chain is not None:
        raise Untranslatable("a loop over values of which there are as many as a parameter says", statement.span)
    lists: list[Code] = []
    binds: list[Callable[[], _Heads]] = []
    rules = [rule for rule in map(rule_of, columns) if rule is not None]
    with going_through(body, rules) as (named, bind_layers):
        for word, column in zip(words, columns, strict=True):
            rule = rule_of(column)
            if isinstance(word, str) and isinstance(column, AnyTensors):
                values = column if is_of_name(column.code) else in_variable(body, column)
                sizes, bind = _each_of_values(body, statement, word, values)
            elif rule is not None:
                sizes, bind = [source_of(rule)], partial(_bind_layers, bind_layers, rule, word)
            elif isinstance(column, Static) and not isinstance(column.value, AnyLayers | LayerList):
                sizes, bind = [column.code], partial(_bind_constants, body, word, column)
            else:
                reason = "a list of values is gone through together with one of another kind"
                raise Untranslatable(reason, statement.span)
            lists += map(gone_through, sizes)
            binds.append(bind)
        if not lists:
            counted = next(column for column in columns if isinstance(column, AnyTensors))
            lists = [call("range", count_of(body, counted).code)]

        def bind_all() -> tuple[Code, tuple[Code, Code]]:
            heads = [bind() for bind in binds]
            targets = [target for own, _ in heads for target in own]
            target = tuple_of(targets) if len(targets) > 1 else targets[0] if targets else name("_")
            return target, zipped([pair for _, flow in heads for pair in flow])

        source = call("zip", *lists) if len(lists) > 1 else lists[0]
        made_by = [each for rule in rules for each in layer_rules(rule)]
        facts = (lambda: made_by[0].turns) if len(made_by) == 1 else tuple  # of several the turns may not go together
        run_loop(body, statement, source, bind_all, partial(run, body, statement.body), named, facts)


def _bind_layers(bind: Callable[..., Any], rule: Any, word: nodes.Targets) -> _Heads:
    """Give the names of a loop what the layers of lists are like in every turn."""
    target, flow = bind(rule, word)
    return [target], [flow]


def _bind_constants(body: Body, word: nodes.Targets, column: Static) -> _Heads:
    """Give the names of a loop what the items of a list of constants are like."""
    target = bind_generic(body, word, sort_of(column).of_items)
    return [target], [(target, column.code)]


def _each_of_values(
    body: Body, statement: nodes.For, word: str, source: AnyTensors
) -> tuple[list[Code], Callable[[], _Heads]]:
    """The lists of sizes of values, and what gives these and a value of them their names."""
    variable = body.value_name(word)
    body.value_names.add(word)
    body.keep_values({variable}, None)
    body.scope.names.pop(word, None)
    rank = len(source.shape)
    axes = [axis for axis, sizes in enumerate(source.lists) if sizes is not None and axis not in source.alike]
    held = (body.scope.find(each) for each in nodes.bound_names(statement))
    grows = any(isinstance(each, AnyTensors) and each.lists == source.lists for each in held)
    lists = [sizes_code(body, source, axis) for axis in axes]
    if grows:  # the turns may add to the list, which is not to become longer for them
        lists = [subscript(each, ast.Slice()) for each in lists]

    def bind() -> _Heads:
        shape = list(source.shape)
        sizes = [body.list_variable(word, axis, rank) for axis in axes]
        for axis, size in zip(axes, sizes, strict=True):
            shape[axis] = Traced(value_of(shape[axis]), body.symbols.new_version(size).expr)
        body.scope.names[word] = Tensor(name(variable), tuple(shape))
        targets: list[Code] = [name(size) for size in sizes]
        return targets, [(name(variable), gone_through(source.code)), *zip(targets, lists, strict=True)]

    return lists, bind


def _do_repeat(body: Body, statement: nodes.Repeat) -> None:
    repeated(body, statement, static_of(body, statement.count), lambda: run(body, statement.body))


def _do_output(body: Body, statement: nodes.Output) -> None:
    if body.ways:
        raise Untranslatable(
            "what goes out depends on a parameter",
            statement.span,
            "give the value the same name on both ways, and write output behind them",
            body.names_of_ways(),
        )
    outputs = []
    for item in statement.items:
        body.target = None
        value = evaluate(body, item.value)
        if isinstance(value, TensorList) and not item.name:
            outputs += [Output(None, each, item.training) for each in body.settled(value).items]
            continue
        if isinstance(value, AnyTensors):
            is_all = len(statement.items) == 1 and not item.training and not item.name
            if not is_all or body.has_more or body.kind != "network" or body.is_part or body.is_silent:
                raise Untranslatable("how many values come out depends on a parameter", item.span)
            few = fewer(count_of(body, value).code, 2)  # a single one comes out as it is
            body.lines.append(refusal(few, "for these arguments there is no second value to give"))
        outputs.append(Output(item.name, value, item.training))
    if body.has_more:
        for output in outputs:
            if isinstance(output.value, Tensor):  # a variable of its own, which lines behind it leave alone
                output.value = body.put(output.value, body.temporary())
    body.outputs = outputs


def _do_training(body: Body, statement: nodes.Training) -> None:
    line = Training([])
    body.target = None
    with body.having(lines=line.lines, it=body.it, flow=body.flow):
        if isinstance(body.it, Tensor):  # what comes behind goes on with the one outside
            body.flow_apart(body.it)
        run(body, statement.body)
    body.lines.append(line)


def _do_init(body: Body, statement: nodes.InitRule) -> None:
    if body.ways:
        raise Untranslatable("how layers begin depends on a parameter, or on the turn of a loop", statement.span)
    kind = evaluate(body, statement.kind)
    if isinstance(kind, Static):
        kind = body.file.word(statement.kind.name)
    scope = Scope(body.scope)
    for word in FANS:
        if scope.find(word) is None:
            scope.names[word] = Static(body.symbols.number(name(word), 1), name(word))
    with body.having(scope=scope):
        for setting in statement.settings:
            body.rules.append((kind.kind.kind, setting.name or "weight", evaluate(body, setting.value)))
            body.rule_versions.append(dict(body.symbols.current))


def _declare_by_key(body: Body, node: nodes.Labelled) -> None:
    """A layer gets a key of the text: its place is here, what it is follows where it is first applied."""
    recipe, label, _ = stage_of(body, node)
    part = body.new_labelled(label)
    body.declare(part, recipe, node)
    body.keys[body.symbols.versioned(label.code)] = part, list(body.loops)


def _declare(body: Body, wanted: str, recipe: Any, node: Any) -> None:
    """A name of the text gets a layer: its place is here, what it is follows where it is first applied."""
    part = body.new_part(wanted)
    body.declare(part, as_before(body, recipe, wanted), node)
    body.scope.names[wanted] = PartRecipe(part)


def run_definition(body: Body, definition: nodes.Definition, inputs: int) -> None:
    """Work out all lines of a definition; `inputs` says how many values come in."""
    found = body.file.nodes_of(definition)
    body.text_names = nodes.text_names(found)
    given = Counter([*(each.name for each in definition.parameters), *nodes.line_names(found)])
    body.rebound = {word for word, times in given.items() if times > 1}
    if is_chain(body.file, definition, inputs):
        body.begin_chain(body.it.shape)
        if not any(each.of == "input" for each in found[nodes.Flow]):
            body.entry = None
    run(body, definition.body)
    if body.chain is not None:
        body.at_end(body.it)


def results(body: Body) -> list[Output]:
    """What goes out."""
    if body.outputs is not None:
        return body.outputs
    if isinstance(body.it, Undecided):
        raise Untranslatable("whether one value goes out or several depends on a parameter")
    if isinstance(body.it, TensorList):
        return [Output(None, item) for item in body.settled(body.it).items]
    return [Output(None, body.it)]


def is_chain(file: Any, definition: nodes.Definition, inputs: int) -> bool:
    """Whether the class is an `nn.Sequential`: a sequence, or a block that is one loop of parts with worked out labels,
    each applied to what the one before gave.
    """
    match definition.kind, definition.body:
        case "sequence", _:
            return True
        case "block", (nodes.For(body=(only,)) | nodes.Repeat(body=(only,)),) if inputs == 1:
            layer = only.value if isinstance(only, nodes.Apply) else None
            is_labelled = isinstance(layer, nodes.Labelled) and not isinstance(layer.label, str)
            return is_labelled and not reads_input(file.nodes_of(definition))
    return False


def reads_input(found: nodes.ByClass) -> bool:
    """Whether the text of some nodes speaks of what came in, besides of its sizes."""
    inputs = {id(each) for each in found[nodes.Flow] if each.of == "input"}
    # Some are asked for a size only, or declared.
    inputs.difference_update(id(each.value) for each in found[nodes.SizeOf])
    return not inputs <= {id(each.function) for each in found[nodes.Call]}


_Heads = tuple[list[Code], list[tuple[Code, Code]]]
"""The variables of a loop in `__init__`, and those of `forward` with what they go through."""

_STATEMENTS: dict[str, Callable[[Body, Any], None]] = {
    "bind": _do_bind,
    "apply": _do_apply,
    "if": _do_if,
    "for": _do_for,
    "repeat": _do_repeat,
    "output": _do_output,
    "training": _do_training,
    "init": _do_init,
}
