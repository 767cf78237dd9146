"""The lines of a body, one after the other, and what goes out of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from cnndsl.diagnostics import Fix, Label, Problem, Severity, error
from cnndsl.ir.program import Output
from cnndsl.semantics.arguments import is_half_applied
from cnndsl.semantics.assertions import check_assertion, is_of_result
from cnndsl.semantics.builder import Slot
from cnndsl.semantics.calls import labelled, part_by_key
from cnndsl.semantics.chains import names_taken_apart
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.hints import nested_too_deeply, open_size, other_input, result_of
from cnndsl.semantics.initialisation import init_rules
from cnndsl.semantics.inputs import declare_shape
from cnndsl.semantics.pytorch_names import AsInPyTorch
from cnndsl.semantics.usage import asked_names, first_places
from cnndsl.semantics.values import (
    UNKNOWN,
    BraceRecipe,
    Choice,
    EmptyInTraining,
    Function,
    Items,
    Part,
    Recipe,
    Scope,
    Silent,
    Stage,
    Unknown,
    Value,
    as_items,
    describe,
    is_complete,
    is_identity,
    is_layers,
    is_values,
    parts_in,
)
from cnndsl.source import Span
from cnndsl.symbolic.expr import TooLong
from cnndsl.symbolic.number import SizeIsOpen, value_of
from cnndsl.syntax import tree


def declared_outputs(body: Evaluation, statement: tree.Output) -> tuple[Output, ...]:
    """What an `output` line declares. Raises Problem."""
    if body.builder.training:
        raise error(
            "E412",
            "an output line stands outside of when training { }",
            statement.span,
            help="put it behind the braces: output it, aux when training",
        )
    named = [item for item in statement.items if item.name is not None]
    if named and len(named) != len(statement.items):
        raise error("E410", "either all outputs have names, or none", statement.span, help="write output a = x, b = y")
    names = [item.name.text for item in named if item.name is not None]
    if len(set(names)) != len(names):
        raise error("E410", "two outputs have the same name", statement.span, help="give each its own")
    outputs, given = [], []
    for item in statement.items:
        if item.when is not None:
            check_training(item.when)
            _check_alone(body, item)
        value = body.known(item.value)
        values = value if is_values(value) and item.name is None else [value]
        if not is_values(values):
            raise error(
                "E410",
                f"an output is a value, and this is {describe(value_of(value))}",
                item.span,
                help=result_of(value)
                or f"apply the layer first: output it -> {value.shown if isinstance(value, Part) else 'layer'}"
                if isinstance(value, Recipe)
                else "an output with a name is one value: take one of them, maps[0]"
                if is_values(value)
                else "several are written without brackets: output a, b"
                if isinstance(value, list)
                else "write output it",
            )
        only_training = item.when is not None
        name = item.name.text if item.name else None
        for one in values:
            body.own(one, item.span, in_training=only_training)
            _check_batch(body, one, item.span)
            outputs.append(Output(value=one.index, name=name, training=only_training))
            if not only_training:
                given.append(one)
    if all(output.training for output in outputs):
        raise error("E410", "nothing is given in evaluation", statement.span, help="name an output without when")
    body.result = given[0] if len(given) == 1 else tuple(given)
    return tuple(outputs)


def _check_alone(body: Evaluation, item: tree.OutputItem) -> None:
    """Raise Problem for an output in training only of what is a part of another: it would give now this, now that."""
    name = body.builder.name
    if body.given is not None:
        what = f"{name} gives more in training than in evaluation, and a part of a network may not"
        helps = f"take what you need of it: {name}[:part]", "or have it give this in evaluation too"
        raise error("E408", what, body.given.span, labels=(Label(item.span, "in training only"),), help=helps)
    if body.builder.kind != "network":
        ways = "give it always, and leave it unused in evaluation"
        raise error("E412", "only a network gives a value in training alone", item.span, help=ways)


def last_value(body: Evaluation) -> tuple[Output, ...] | None:
    """The value at the end of the body as its output."""
    if isinstance(body.current, Unknown):
        return None
    if body.current is None:
        body.context.report(
            error(
                "E401",
                f"nothing flows through {body.builder.name}",
                body.builder.span,
                help="declare what comes in: input(3, 32, 32)",
            ).diagnostic
        )
        return None
    values = body.current if isinstance(body.current, (tuple, list)) else (body.current,)
    for value in values:
        try:
            _check_batch(body, value, value.span)
        except Problem as problem:
            body.context.report(problem.diagnostic)
            return None
    return tuple(Output(value=value.index) for value in values)


def _check_batch(body: Evaluation, value: Value, span: Span) -> None:
    """Raise Problem for an output of a network that is the same for all samples."""
    if value.unbatched and body.builder.kind == "network":
        raise error(
            "E316",
            f"an output has a batch, and {value.maker} is a parameter or constant, which has none",
            span,
            help="put it together with a value that comes from the input; what is learned is in state_dict() anyway",
        )


def check_training(mode: tree.Name) -> None:
    """Raise Problem unless `when` is followed by the one mode that there is."""
    if mode.text != "training":
        helps = "write when training"
        if mode.text.startswith(("eval", "infer", "test", "predict", "val")):
            helps = "what stands outside of when training { } is for both training and evaluation"
        raise error("E412", f"there is no mode called {mode.text}", mode.span, help=helps)


def report_unused(body: Evaluation) -> None:
    """Report the layers of a body that have a name and are never applied."""
    for part in body.builder.keys:
        if part.applied:
            body.context.needed("W201", [part.span])
        else:
            _report_idle(body, part, part.span.text)
    for name, value in body.scope.names.items():
        slot = body.builder.slots.get(name)
        parts = list(parts_in(value))
        if slot is None or not parts or any(part.owner is not body.builder for part in parts):
            continue
        if any(body.builder.slot(part.name).applied or is_identity(part.recipe) for part in parts):
            body.context.needed("W201", [slot.span])
        elif not body.is_cut:
            _report_idle(body, slot, name)


def _report_idle(body: Evaluation, slot: Slot, name: str) -> None:
    way = "apply it with ->, or remove it; the generated module leaves it out"
    body.context.idle("W201", f"{name} is declared and never used", slot.span, way)


def report_dropped(body: Evaluation, outputs: tuple[Output, ...]) -> None:
    """Report what a body works out and none of its outputs needs, and the inputs that nothing reads."""
    dropped = body.builder.drop_unused(outputs)
    if body.is_cut:
        return
    left_behind = _left_behind(body.lines) if dropped and body.lines is not None else {}
    labelled = _labelled(body.lines) if dropped and body.lines is not None else {}
    for span, name, is_call in dropped:
        what = f"{name} is worked out and never used" if name else "what comes out here is never used"
        rest = "the generated module does it all the same" if is_call else "the generated module leaves it out"
        helps: tuple[str, ...] = (f"lead it to the output, or remove it; {rest}",)
        fix = None
        if (name, span.end) in left_behind:
            line, written = left_behind[name, span.end]
            helps = (f"= leaves the pipeline where it was; the next line goes on from this one with {written}", *helps)
            fix = Fix.suggested(line, written) if "#" not in line.text else None
        if span in labelled:
            helps = (f"{labelled[span]}: applies it here; to declare it alone write {labelled[span]} = ...", *helps)
        body.context.idle("W202", what, span, *helps, fix=fix)
    if body.builder.kind == "network":
        for span, name in body.builder.unread_inputs(outputs):
            message = f"{name} comes in and is never used"
            body.context.idle("W202", message, span, f"begin a line with it, {name} -> ..., or remove it")


def _left_behind(body: tree.Body) -> dict[tuple[str | None, int], tuple[Span, str]]:
    """The lines `name = it -> layer` with one after them that goes on with the pipeline, and most likely with this.

    By name and end: where each stands, and how it is written with `as`.
    """
    found: dict[tuple[str | None, int], tuple[Span, str]] = {}
    for line, following in itertools.pairwise(body.statements):
        match line, following:
            case tree.Bind(targets=(name,), value=tree.Pipe(stages=(tree.It(), first, *_))), tree.Apply():
                found[name.text, line.span.end] = line.span, f"{first.span.to(line.span).text} as {name.text}"
            case _:
                continue
    return found


def _labelled(body: tree.Body) -> dict[Span, str]:
    """The lines that are one layer with a label, `stem: conv(8, 3)`, which others ask for."""
    labels: dict[Span, str] = {}
    for line in body.statements:
        match line:
            case tree.Apply(targets=(), value=tree.Labelled(label=tree.Name(text=label)) as node):
                labels[node.span] = label
            case _:
                continue
    asked = set(asked_names(body)) if labels else set()
    return {span: label for span, label in labels.items() if label in asked}


def _layer(node: tree.Expression) -> Span:
    """Where the layer of a stage is written, without its name."""
    return node.layer.span if isinstance(node, tree.Labelled) else node.span


def run(body: Evaluation, lines: tree.Body) -> tuple[Output, ...] | None:
    """Work out all lines; the outputs of the body, or None after a mistake in it."""
    before = len(body.context.diagnostics)
    body.lines = lines
    if not body.builder.is_chain:
        body.builder.taken_apart = names_taken_apart(body.context, lines)
    run_branch(body, lines)
    report_unused(body)
    if not body.is_whole or any(d.severity is Severity.ERROR for d in body.context.diagnostics[before:]):
        return None
    outputs = body.outputs if body.outputs is not None else last_value(body)
    if outputs is not None:
        if body.result is None:
            body.result = body.current
        for statement in body.of_result:
            body.check(statement)
        report_dropped(body, outputs)
    return outputs


def check(body: Evaluation, statement: tree.Assert) -> None:
    """Check what a line asserts, and report it where it is not so. The lines after it do not depend on it."""
    try:
        check_assertion(body, statement)
    except _RAISED as raised:
        problem = _mistake(statement, raised)
        if problem is not None:
            body.context.report(problem.diagnostic)


def run_branch(body: Evaluation, lines: tree.Body) -> None:
    """Run the lines of a brace in this body; a mistake in one of them is reported, and the next is run."""
    for statement in lines.statements:
        try:
            body.run_line(statement)
        except _RAISED as raised:
            _give_up(body, statement, _mistake(statement, raised))


_RAISED = (Problem, Silent, SizeIsOpen, TooLong, RecursionError)
"""What a line may raise."""


def _mistake(statement: tree.Statement, raised: Exception) -> Problem | None:
    """What is to be reported of what a line raised; None where it is reported already."""
    match raised:
        case Problem():
            return raised
        case SizeIsOpen():
            return open_size(statement.span)
        case TooLong():
            return error(
                "E502",
                "the sizes here hang together with parameters in too long a way",
                statement.span,
                help="write some of them as numbers, or divide the block into smaller ones",
            )
        case RecursionError():
            return nested_too_deeply(statement.span)
        case _:
            return None


def _give_up(body: Evaluation, statement: tree.Statement, problem: Problem | None = None) -> None:
    """Go on after a mistake, and report it if it is not yet: what the line would have given is unknown."""
    stage, value = _begin(body, statement)
    if isinstance(problem, AsInPyTorch) and stage and isinstance(value, Value) and not body.context.in_block:
        body.context.report(problem.settled(stage, value.shape))
    elif problem is not None:
        body.context.report(problem.diagnostic)
    if isinstance(statement, tree.Bind):
        for target in statement.targets:
            body.scope.names.setdefault(target.text, UNKNOWN)
            if not isinstance(body.scope.names[target.text], Part):
                body.scope.give(target, UNKNOWN)
        if isinstance(statement.value, tree.Call) and isinstance(statement.value.function, tree.Input):
            body.current = body.entry = UNKNOWN
    else:
        body.lose()
    for word in first_places(tree.Body(statement.span, (statement,)))[0]:
        if not isinstance(body.scope.names.get(word), Part):
            body.scope.names[word] = UNKNOWN


def _begin(body: Evaluation, statement: tree.Statement) -> tuple[Span | None, Any]:
    """Apply what stands before the mistake in a pipeline: one that is hidden in it is found so.

    Where the layer with the mistake is written, and what it would be applied to, as far as these are known.
    """
    begun, body.begun = body.begun, None
    if not isinstance(statement, (tree.Apply, tree.Bind)):
        return None, None
    if begun is None or begun.node is not statement.value:
        return (_layer(statement.value), body.current) if isinstance(statement, tree.Apply) else (None, None)
    value = begun.start if isinstance(begun.start, Value) else body.current
    if body.builder.is_chain or not isinstance(value, Value):
        return None, None
    if isinstance(statement, tree.Bind) and value is not begun.start:
        return None, None
    try:
        return _layer(begun.mistaken), body.apply_stage(Stage(begun.chain, None, begun.node.span), value)
    except Problem as problem:
        body.context.report(problem.diagnostic)
    except (Silent, SizeIsOpen, TooLong, RecursionError):
        pass
    return None, None


def _lose(body: Evaluation, line: tree.Lost) -> None:
    """Go on after a line that could not be read, and of which enough was said."""
    body.is_whole = False
    if line.flows or body.builder.is_chain or body.entry is None:
        body.lose()
    for name in line.names:
        if not isinstance(body.scope.names.get(name), Part):
            body.scope.names[name] = UNKNOWN


def run_line(body: Evaluation, statement: tree.Statement) -> None:
    """Work out a line. Raises Problem."""
    body.context.work(statement.span)
    match statement:
        case tree.Apply():
            if isinstance(statement.value, tree.If):
                body.branch(statement.value)
            else:
                _apply_line(body, statement.value)
            if statement.targets:
                _name(body, statement, body.current)
        case tree.Bind():
            _bind(body, statement)
        case tree.For():
            items = body.items(statement.source)
            with body.builder.looping(statement.span):
                for item in items:
                    body.bind_targets(statement.targets, item)
                    run_branch(body, statement.body)
        case tree.Repeat():
            _repeat(body, statement)
        case tree.Output():
            _output_line(body, statement)
        case tree.When():
            _when(body, statement)
        case tree.Assert() if is_of_result(statement):
            body.of_result.append(statement)
        case tree.Assert():
            body.check(statement)
        case tree.Lost():
            _lose(body, statement)
        case tree.Init():
            if body.lines is None:
                raise error(
                    "E212",
                    "braces that are a layer do not say how their layers begin",
                    statement.span,
                    help="move this line out of them, give the layers weight_init=, or make them a block",
                )
            for rule, span in init_rules(body, statement):
                body.init_spans[len(body.builder.init)] = span
                body.builder.init.append(rule)


def _when(body: Evaluation, statement: tree.When) -> None:
    check_training(statement.mode)
    if body.builder.training:
        raise error("E412", "this stands in when training already", statement.span, help="remove the inner one")
    if body.builder.kind != "network":
        raise error(
            "E412",
            "only a network has lines for training alone",
            statement.span,
            help="apply the block inside when training { } of the network",
        )
    before, names = body.current, dict(body.scope.names)
    body.builder.training = True
    try:
        run_branch(body, statement.body)
    finally:
        body.builder.training = False
        body.current = before
    for word, value in body.scope.names.items():
        if value is not names.get(word):
            span = statement.mode.span
            body.scope.names[word] = EmptyInTraining(span) if value == [] else _in_training(value, span)


def _in_training(value: Any, span: Span) -> Any:
    """What a name stands for that lines for training alone have given it, also where the value is made before them."""
    if isinstance(value, list):
        return [_in_training(item, span) for item in value]
    if isinstance(value, Value) and not value.training:
        return replace(value, training=True, span=span)
    return value


def branch(body: Evaluation, node: tree.If) -> None:
    """Run the lines that a condition chooses. Raises Problem."""
    chosen = node.yes if body.truth(node.condition) else node.no
    if isinstance(chosen, tree.If):
        body.branch(chosen)
    elif chosen is not None:
        run_branch(body, chosen)


def _apply_line(body: Evaluation, node: tree.Expression) -> None:
    result = part_by_key(body, node, body.evaluate(node))
    if isinstance(result, Unknown):
        raise Silent
    if isinstance(result, Value):
        body.own(result, node.span)
        body.current = result
    elif is_values(result):
        for value in result:
            body.own(value, node.span)
        body.current = tuple(result)
    elif isinstance(result, Recipe):
        if body.current is None:
            raise error("E401", "nothing flows here yet", node.span, help="declare the input first: input(3, 32, 32)")
        body.current = body.apply_stage(Stage(result, None, node.span), body.current)
    elif isinstance(result, Function):
        message = f"{result.name} is a function, and needs its arguments"
        raise error("E206", message, node.span, help=f"write {result.name}(...)")
    else:
        helps = "give it a name: name = ..., or remove it"
        if isinstance(result, list) and any(isinstance(item, Recipe) for item in result):
            helps = f"apply its layers one by one: for layer in {node.span.text} {{ layer }}"
        raise error("E405", f"this line is {describe(result)}, and does nothing", node.span, help=helps)


def _repeat(body: Evaluation, statement: tree.Repeat) -> None:
    given = body.known(statement.count)
    count = body.plain(given)
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise error(
            "E206",
            f"repeat takes a whole number of times, and this is {describe(count)}",
            statement.count.span,
            help="write how often, such as repeat 3 { ... }",
        )
    body.context.turn(statement.count.span, count)
    with body.builder.looping(statement.span):
        for _ in range(count):
            run_branch(body, statement.body)


def _bind(body: Evaluation, statement: tree.Bind) -> None:
    node = statement.value
    if len(statement.targets) > 1:
        _name(body, statement, body.known(statement.value))
        return
    if isinstance(node, tree.Labelled) and not statement.targets:
        _declare(body, node)
        return
    (target,) = statement.targets
    if isinstance(node, tree.Call) and isinstance(node.function, tree.Input):
        _set(body, target, body.declare_input(node, target.text))
        return
    body.bound = statement
    value = as_items(body.evaluate(node))
    if isinstance(value, Recipe) and not is_half_applied(value):
        _bind_layer(body, target, value, node)
    elif is_layers(value) and is_complete(value) and not _are_parts(value):
        _bind_layers(body, target, value, node)
    else:
        _set(body, target, value)


def _declare(body: Evaluation, node: tree.Labelled) -> None:
    """`"key" = layer`: a part that is applied further on, by its key in quotes. Raises Problem."""
    written, given = node.label.span.text, body.known(node.layer)
    if not isinstance(given, Recipe):
        message = f"a name in quotes is the key of a layer, and this is {describe(value_of(given))}"
        raise error("E404", message, node.layer.span, help=f"write {written[1:-1]} = {node.layer.span.text}")
    (stage,) = labelled(body, node).stages
    _check_new(body, stage.recipe, node.layer.span, node.span, f"write {written}: {node.layer.span.text}")
    if not is_complete(stage.recipe):
        message = f"{describe(stage.recipe)} still needs arguments, and a part has all of its own"
        raise error("E207", message, node.layer.span, help="write them")
    slot = body.builder.declare(stage.label or "", node.label.span, quoted=True)
    slot.recipe = stage.recipe
    body.builder.keys.append(slot)


def _check_new(body: Evaluation, recipe: Recipe, layer: Span, line: Span, ways: str) -> None:
    """Raise Problem where a line declares a layer in a chain, in `ways` to be written there, or one that has a name."""
    if body.builder.is_chain:
        raise error("E405", "in a chain a layer stands where it is applied", line, help=ways)
    if isinstance(recipe, Part):
        shown = recipe.shown
        raise error("E403", f"this layer is already called {shown}", layer, help=f"use {shown} itself")


def _bind_layer(body: Evaluation, target: tree.Name, recipe: Recipe, node: tree.Expression) -> None:
    ways = f"to give it a name write {target.text}: {node.span.text}"
    _check_new(body, recipe, node.span, target.span.to(node.span), ways)
    body.builder.declare(target.text, target.span)
    recipe = _as_before(body, recipe, target.text)
    body.scope.give(target, Part(body.builder, target.text, recipe, node.span))


def _are_parts(layers: list[Any]) -> bool:
    return all(_are_parts(layer) if isinstance(layer, list) else isinstance(layer, Part) for layer in layers)


def _bind_layers(body: Evaluation, target: tree.Name, layers: list[Any], node: tree.Expression) -> None:
    """Give a name to the layers of a list, which are the parts of one list from here on. Raises Problem."""
    name, span = target.text, target.span.to(node.span)
    if body.builder.is_chain:
        message = "a chain holds layers in a row, and this is a list of them"
        raise error("E405", message, span, help="make it a block: block Name { ... }")
    if any(isinstance(layer, list) for layer in layers):
        message = "a list of layers with a name has layers in it, and no further lists"
        raise error("E206", message, node.span, help="make a block of each inner list, whose parts are its layers")
    part = next((layer for layer in layers if isinstance(layer, Part)), None)
    if part is not None:
        raise error(
            "E403",
            f"{part.shown} is a part of this body, and cannot be one of the list {name} as well",
            node.span,
            labels=(Label(part.span, "it is declared here"),),
            help="write the layer itself in the list, or names of layers alone",
        )
    body.builder.declare_list(name, len(layers), target.span)
    parts = (
        Part(body.builder, f"{name}.{at}", _as_before(body, layer, name), node.span) for at, layer in enumerate(layers)
    )
    body.scope.give(target, Items(parts))


def _as_before(body: Evaluation, recipe: Recipe, name: str) -> Recipe:
    """The recipe with braces in which `name` means what it meant before it was bound to the recipe."""
    if isinstance(recipe, Choice) and recipe.recipe is not None:
        return replace(recipe, recipe=_as_before(body, recipe.recipe, name))
    if not isinstance(recipe, BraceRecipe):
        return recipe
    scope = Scope(recipe.scope)
    scope.ended = recipe.scope.ended
    if (before := recipe.scope.get(name)) is not None:
        scope.names[name] = before
    return BraceRecipe(recipe.body, scope)


def _name(body: Evaluation, statement: tree.Bind | tree.Apply, value: Any) -> None:
    """Give names to a value, or to each of several."""
    if isinstance(value, Unknown):
        raise Silent
    if len(statement.targets) == 1:
        _set(body, statement.targets[0], as_items(value))
        return
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    if len(items) != len(statement.targets):
        names = len(statement.targets)
        helps = "write as many names as there are values"
        if isinstance(statement.value, tree.Call) and statement.value.function.span.text == "split":
            helps = f"split is given the number of parts, not their size: split(..., {names})"
        message = f"here are {names} names, and {len(items)} value{'s' if len(items) != 1 else ''} for them"
        raise error("E206", message, statement.span, help=helps)
    written = statement.value.items if isinstance(statement.value, tree.ListOf) else ()
    for at, (target, item) in enumerate(zip(statement.targets, items, strict=True)):
        if isinstance(item, Recipe) and not isinstance(item, Part) and not is_half_applied(item):
            _bind_layer(body, target, item, written[at] if len(written) == len(items) else statement.value)
        else:
            _set(body, target, item)


def _set(body: Evaluation, target: tree.Name, value: Any) -> None:
    before = next(parts_in(body.scope.names.get(target.text)), None)
    if before is not None and before.owner is body.builder and target.text in body.builder.slots:
        body.scope.names[target.text] = UNKNOWN  # either may be meant from here on
        ways = ["choose another name"]
        if before.span.text.removeprefix(target.text).lstrip().startswith(":"):
            ways.append(f'or put that of the layer in quotes, which keep the key: "{target.text}": ...')
        raise error(
            "E204",
            f"{target.text} is a layer of this body; its name is given once",
            target.span,
            labels=(Label(before.span, "it is declared here"),),
            help=tuple(ways),
        )
    body.scope.give(target, value)
    if isinstance(value, Value) and value.owner is body.builder:
        body.builder.names.setdefault(value.index, target.text)
    elif isinstance(value, (list, tuple)):
        body.builder.name_items(target.text, value)


_AS_BLOCK = "make it a block, which takes the others as arguments"


def declare_input(body: Evaluation, call: tree.Call, name: str) -> Value:
    """Work out `input(...)`. Raises Problem."""
    if body.builder.kind != "network":
        raise error(
            "E409",
            "only a network declares what comes in",
            call.span,
            help="in a block or sequence, input is what it is applied to",
        )
    if body.builder.steps:
        raise error("E409", "inputs are declared before anything is applied", call.span, help="move this line up")
    if body.given is not None and body.builder.inputs:
        what = f"{body.given.name} has several inputs, and a part of a network is applied to one value"
        raise error("E408", what, body.given.span, labels=(Label(call.span, "another input"),), help=_AS_BLOCK)
    if name in body.builder.inputs:
        raise error("E409", f"{name} is declared already", call.span, help="give it a name: left = input(...)")
    shape = declare_shape(body, call, len(body.builder.inputs))
    suspicion = other_input(shape, call.span)
    if suspicion is not None:
        body.context.report(suspicion)
    value = body.builder.input(name, shape, call.span)
    if body.entry is None:
        body.entry = body.current = value
    return value


def _output_line(body: Evaluation, statement: tree.Output) -> None:
    if body.builder.is_chain:
        raise error("E404", "the output of a chain is that of its last layer", statement.span, help="remove this line")
    if body.output_span is not None:
        raise error(
            "E410",
            "the outputs are declared already",
            statement.span,
            labels=(Label(body.output_span, "here"),),
            help="put all outputs into one line: output a, b",
        )
    body.output_span = statement.span
    body.outputs = declared_outputs(body, statement)
