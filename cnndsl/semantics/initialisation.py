"""Weights that the text itself gives: numbers for a kernel or a bias, and the rules by which weights begin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, cast

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.frozen import frozen
from cnndsl.hints.spelling import nearest
from cnndsl.ir.program import InitRule, Module, Use, Weights, nested_shape
from cnndsl.layers.base import Layer, Tensor
from cnndsl.layers.initialisers import ABOVE_ZERO, CHOICES, FANS, LEAST, RULES, Initialiser
from cnndsl.layers.types import LARGEST_REAL, real
from cnndsl.semantics.call_hints import beginning
from cnndsl.semantics.context import Context
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.matching import Called, by_parameter
from cnndsl.semantics.values import InitialiserKind, Kind, Scope, describe, is_constant
from cnndsl.source import Span
from cnndsl.symbolic.number import SizeIsOpen, is_open, value_of
from cnndsl.syntax import tree

Nested = Any  # a number, or a tuple of Nested


def weights_of(layer: Layer, given: dict[str, tuple[tree.Argument, Any]]) -> Weights:
    """The numbers of a layer, as they were written. Raises Problem when they are no numbers in even rows."""
    weight = bias = None
    trainable = False
    for name, (argument, value) in given.items():
        if name == "trainable":
            if not isinstance(value_of(value), bool):
                message = f"trainable must be true or false, and it is {describe(value)}"
                raise error("E208", message, argument.span, help="write trainable=true, or leave it out")
            trainable = value_of(value)
        elif name == "weight":
            weight = even(value, argument.value, "weights")
        else:
            bias = even(value, argument.value, "weights")
    if weight is None and bias is None:
        (argument, _) = next(iter(given.values()))
        raise error(
            "E208",
            f"trainable says whether given numbers are learned further, and {layer.kind} is given none",
            argument.span,
            help="give it weight=[[...]] too",
        )
    return Weights(weight=weight, bias=bias, trainable=trainable)


def even(value: Any, node: tree.Expression, what: str) -> Nested:
    """The numbers of a list that is written at a node; `what` they are, in a word.

    Raises Problem where they are none, or stand in uneven rows.
    """
    if is_open(value):
        raise SizeIsOpen
    value = value_of(value)
    if isinstance(value, list):
        nodes = node.items if isinstance(node, tree.ListOf) and len(node.items) == len(value) else [node] * len(value)
        rows = tuple(even(item, part, what) for item, part in zip(value, nodes, strict=True))
        if not rows:
            raise error("E208", f"a list of {what} is empty", node.span, help="write its numbers: [[1, 0], [0, 1]]")
        first = nested_shape(rows[0])
        at = next((at for at, row in enumerate(rows) if nested_shape(row) != first), 0)
        if at:
            raise _uneven(at, nested_shape(rows[at]), first, nodes)
        return rows
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"{what} are numbers, and this is {describe(value)}"
        raise error("E208", message, node.span, help="write [[1, 0], [0, 1]]")
    if abs(value) > LARGEST_REAL:
        message = (
            f"a {what.removesuffix('s')} must be between -{LARGEST_REAL} and {LARGEST_REAL}, as a 32-bit number is"
        )
        raise error("E208", message, node.span, help="write a smaller number")
    return value


def _uneven(at: int, here: tuple[int, ...], first: tuple[int, ...], nodes: Sequence[tree.Expression]) -> Problem:
    """The error for item `at` of a list, which has another size than the first; `nodes` are where they are written."""
    span, label = nodes[at].span, Label(nodes[0].span, "row 1")
    labels = (label,) if label.span != span else ()
    if bool(here) is not bool(first):
        what = [f"a list of {size[0]}" if size else "a number" for size in (here, first)]
        message = f"item {at + 1} of this list is {what[0]}, and item 1 is {what[1]}"
        return error("E208", message, span, help="write only numbers in a list, or only lists")
    given = [" x ".join(map(str, size)) + (" numbers" if size != (1,) else " number") for size in (here, first)]
    message = f"row {at + 1} has {given[0]}, and row 1 has {given[1]}"
    return error("E208", message, span, labels=labels, help="give all rows equally many numbers")


def check_fit(value: Nested, shape: tuple[int, ...], what: str, span: Span) -> None:
    """Raise Problem unless numbers fit a tensor of this shape.

    Leading axes may be missing: what is given is then repeated over them, so that one kernel
    [[1, 0], [0, 1]] serves every pair of channels.
    """
    given = nested_shape(value)
    if given and given == shape[len(shape) - len(given) :]:
        return
    wanted = " x ".join(map(str, shape))
    raise error(
        "E310",
        f"the {what} given has the size {' x '.join(map(str, given)) or 'of one number'}, and the layer's has {wanted}",
        span,
        help=f"give {wanted} numbers, or only the last axes of them, to be repeated over the others",
    )


def initialiser(value: Any, span: Span) -> Initialiser:
    """The rule that a value is. Raises Problem for anything else."""
    if isinstance(value, InitialiserKind):
        return make_initialiser(value.name, {}, span)
    if isinstance(value, Initialiser):
        return value
    helps = "write zeros, normal(0, 0.01), kaiming_normal(...), or constant(5) for a number"
    helps, fix = beginning(value, span) or (helps, None)
    raise error("E212", f"this does not say how weights begin: it is {describe(value)}", span, help=helps, fix=fix)


def make_initialiser(name: str, given: dict[str, Any], span: Span) -> Initialiser:
    """A rule with its arguments. Raises Problem when they do not fit."""
    parameters = RULES[name]
    given = {word: _argument(name, word, value, span) for word, value in given.items()}
    missing = [word for word, default in parameters.items() if default is None and word not in given]
    if missing:
        raise error("E212", f"{name} needs {missing[0]}", span, help=f"write {name}(1)")
    low, high = (given.get(word, parameters.get(word)) for word in ("a", "b"))
    if high is not None and not isinstance(low, str) and not isinstance(high, str) and low > high:
        message = f"{name} draws numbers between a={low} and b={high}, which is less"
        raise error("E212", message, span, help="write the smaller number first")
    told = tuple((word, given[word]) for word in parameters if word in given and given[word] != parameters[word])
    return Initialiser(rule=name, arguments=told)


def _argument(rule: str, word: str, value: Any, span: Span) -> Any:
    """The value of an argument of a rule. Raises Problem when it does not fit."""
    if isinstance(value, Written):
        _argument(rule, word, value.value, span)
        return value.text
    if word in CHOICES:
        if value in CHOICES[word]:
            return value
        raise error(
            "E212",
            f"{rule}: {word} must be one of {', '.join(CHOICES[word])}",
            span,
            help=f'for example {word}="{next(iter(CHOICES[word]))}"',
        )
    if isinstance(value, bool) or not isinstance(value, int if word == "groups" else (int, float)):
        number, such_as = ("whole number", 2) if word == "groups" else ("number", 0.1)
        message = f"{rule}: {word} must be a {number}, and it is {describe(value)}"
        raise error("E212", message, span, help=f"write it as a number: {word}={such_as}")
    if value < LEAST.get((rule, word), value) or (value == 0 and (rule, word) in ABOVE_ZERO):
        raise error("E212", f"{rule}: {word} cannot be {value}", span, help="write a positive number")
    try:
        return real(value)
    except ValueError as problem:
        raise error("E212", f"{rule}: {word} {problem}", span, help="write a smaller number") from None


@frozen()
class Written:
    """An argument of a rule that speaks of `fan_in` or `fan_out`: as it is written, and what it is for one layer."""

    text: str
    value: Any


def written_rule(body: Evaluation, node: tree.Call, name: str) -> Initialiser:
    """A rule with the arguments of a call. Raises Problem when they do not fit."""
    names = by_parameter(body.context, Called(name, list(RULES[name]), code="E212"), node.arguments)
    given: dict[str, Any] = {}
    for word, argument in zip(names, node.arguments, strict=True):
        value = body.plain(body.known(argument.value))
        told = (part.text for part in tree.walk(argument.value) if isinstance(part, tree.Name))
        if any(each in FANS and isinstance(body.scope.get(each), Fan) for each in told):
            value = Written(" ".join(argument.value.span.text.split()), value)
        given[word] = value
    return make_initialiser(name, given, node.span)


class Fan(int):
    """How many numbers a kernel takes in or gives out to, in a rule for kinds of layers: one of many numbers."""


def init_rules(body: Evaluation, statement: tree.Init) -> list[tuple[InitRule, Span]]:
    """The rules of an `init` line, and where each is written. Raises Problem."""
    scope = Scope(body.scope)
    scope.names.update({word: Fan(36) for word in FANS if word not in scope})
    with body.in_scope(scope):
        return [row for kind in statement.kinds for row in _rules_of(body, kind, statement.settings)]


def _rules_of(
    body: Evaluation, name: tree.Name, settings: tuple[tree.Argument, ...]
) -> Iterator[tuple[InitRule, Span]]:
    kind = body.known(name)
    if is_constant(kind):
        kind = body.scope.word_behind(name.text) or kind
    if not isinstance(kind, Kind):
        raise error(
            "E212",
            f"init names a kind of layer, and {name.text} is {describe(kind)}",
            name.span,
            help="write init conv: weight = kaiming_normal",
        )
    if kind.layer.tensors is Layer.tensors:
        raise error(
            "E212",
            f"{kind.layer.kind} learns nothing, so that no weights begin",
            name.span,
            help="name a kind that does, such as conv, linear or batchnorm",
        )
    for setting in settings:
        assert setting.name is not None  # noqa: S101 - the grammar gives every setting a name
        tensor = setting.name.text
        if tensor not in ("weight", "bias"):
            near = nearest(tensor, ("weight", "bias"))
            raise error(
                "E212",
                f"a layer has a weight and a bias, and no {tensor}",
                setting.name.span,
                help=f"write {near} = ..." if near else "write weight = ... or bias = ...",
                fix=Fix.suggested(setting.name.span, near) if near else None,
            )
        rule = initialiser(body.known(setting.value), setting.value.span)
        what = cast("Literal['weight', 'bias']", tensor)
        yield InitRule(kind=kind.layer.kind, tensor=what, initialiser=rule), setting.span


def check_begin(
    rule: Initialiser, tensor: Tensor | None, what: str, name: str, span: Span, parts: Sequence[str] = ()
) -> None:
    """Raise Problem unless a tensor of a layer can begin by a rule; `parts` are those that it has in its place."""
    if tensor is None and parts:
        listed = ", ".join(parts[:2]) + (", ..." if len(parts) > 2 else "")
        message = f"{name} has no single {what} here, but {listed}"
        raise error("E212", message, span, help=f"leave {what} out: these begin as PyTorch has it")
    if tensor is None:
        raise error("E212", f"{name} has no {what} here", span, help="leave it out")
    if not rule.fits(len(tensor.shape)):
        raise error(
            "E212",
            f"{rule.rule} needs {rule.least_axes} axes or more, and the {what} of {name} has {len(tensor.shape)}",
            span,
            help="use zeros, ones, constant, normal or uniform for it",
        )
    if rule.asks_fans and len(tensor.shape) < 2 and what == "weight":
        message = f"the weight of {name} has one axis, and so no {' and no '.join(FANS)}"
        raise error("E212", message, span, help="write a number")
    groups = rule.groups
    if tensor.shape and tensor.shape[0] % groups:
        raise error(
            "E212",
            f"{rule.rule} with groups={groups} needs a {what} of {name} whose first axis divides by {groups}, "
            f"and it has {tensor.shape[0]}",
            span,
            help="write the number of groups that the layer has, or leave it out",
        )


def check_rules(context: Context, module: Module, spans: Mapping[int, Span]) -> None:
    """Report rules of a body by which no layer of their kind in it could begin."""
    by_kind: dict[str, list[tuple[int, InitRule]]] = {}
    for at, rule in enumerate(module.init):
        by_kind.setdefault(rule.kind, []).append((at, rule))
    todo, seen = [module] if by_kind else [], {module.id}
    reported: set[int] = set()
    checked: set[tuple[str, str, int]] = set()
    while todo:
        for child in todo.pop().children:
            unit = child.unit
            if isinstance(unit, Use):
                if unit.module not in seen:
                    seen.add(unit.module)
                    todo.append(context.modules[unit.module])
                continue
            tensors = {t.name: t for t in unit.layer.tensors(unit.x)} if unit.layer.kind in by_kind else {}
            axes = {(unit.layer.kind, name, len(tensor.shape)) for name, tensor in tensors.items()}
            if axes <= checked:
                continue  # a rule depends on the number of axes alone
            checked |= axes
            for at, rule in by_kind.get(unit.layer.kind, ()):
                parts = [name for name in tensors if rule.tensor in name]
                if parts and at not in reported:
                    what = rule.tensor
                    try:
                        check_begin(rule.initialiser, tensors.get(what), what, rule.kind, spans[at], parts)
                    except Problem as problem:
                        reported.add(at)
                        context.report(problem.diagnostic)
