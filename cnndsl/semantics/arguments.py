"""Arguments meet parameters: of layers, and of blocks, sequences and networks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile
from typing import Any

from pydantic import ValidationError

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.ir.words import INIT_WORDS, WEIGHT_WORDS
from cnndsl.layers import types
from cnndsl.layers.base import Layer, Parameterised
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.operations import Operation
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.layers.types import misfits, missing
from cnndsl.semantics.call_hints import activation_argument, by_name, listed, plainer_argument
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.hints import open_size, refuse_others, result_of, without
from cnndsl.semantics.initialisation import initialiser, weights_of
from cnndsl.semantics.matching import Called, by_parameter
from cnndsl.semantics.pytorch_names import Claim, claimed
from cnndsl.semantics.values import (
    BlockRecipe,
    HalfApplied,
    Kind,
    LayerRecipe,
    Parametric,
    Part,
    Scope,
    Template,
    Unknown,
    VariantRecipe,
    as_items,
    is_complete,
    needed,
    parts_in,
)
from cnndsl.source import Span
from cnndsl.symbolic.number import Traced, is_open, value_of
from cnndsl.syntax import tree

Given = list[tuple[tree.Argument, Any]]
"""Arguments of a call, each with what it is worth."""
_Before = tuple[tuple[str, tree.Argument, Any], ...]
_INCOMING = frozenset({"in_channels", "in_features", "num_features", "num_channels"})
"""What PyTorch calls the number of channels or features that come in."""


def bind_layer(
    body: Evaluation, called: Kind | HalfApplied, node: tree.Call, known: Sequence[Any] = ()
) -> LayerRecipe | HalfApplied:
    """A layer kind with the arguments of a call, added to those that it was given before.

    The first ones may be `known`, as what applies a layer is worked out once. What is still missing can be given in
    another call; `lacking` asks for it where the layer is applied. Raises Problem when an argument does not fit.
    """
    values = [*known, *body.all_known(a.value for a in node.arguments[len(known) :])]
    given = list(zip(node.arguments, values, strict=True))
    kind, before = _kind(called)
    matched = _match(body, kind, before, node, given)
    if matched.places and needed(kind, matched.places):
        _check_fit(matched, matched.values, node.span)
        arguments = tuple((name, matched.places[name], matched.given[name]) for name in matched.places)
        return body.light(HalfApplied(kind, arguments, node.span), node.span)
    return _whole_layer(body, matched, node.span)


def lacking(recipe: HalfApplied, span: Span) -> Problem:
    """The error for a layer that is applied and lacks arguments."""
    return _missing(recipe.kind, needed(recipe.kind, [name for name, *_ in recipe.arguments]), span)


def bind_operation(body: Evaluation, operation: type[Operation], node: tree.Call, given: Given) -> Operation:
    """An operation with the arguments of a call that are no values. Raises Problem when one does not fit."""
    made: Operation = _make(body, _match(body, operation, (), node, given), node.span)
    return made


def bare_layer(body: Evaluation, kind: type[Layer], span: Span) -> LayerRecipe:
    """A layer kind without arguments. Raises Problem where it needs some."""
    return _whole_layer(body, _Matched(kind), span)


def _whole_layer(body: Evaluation, matched: _Matched, span: Span) -> LayerRecipe:
    layer: Layer = _make(body, matched, span)
    traced = traced_arguments(matched.values)
    for argument, value in matched.weights.values():
        body.go_through(value, argument.span)
    weights = weights_of(layer, matched.weights) if matched.weights else None
    for name, what in INIT_WORDS.items():
        if name in matched.places and what in matched.weights:
            raise error(
                "E212",
                f"{layer.kind} is given its {what}, and how it begins as well",
                matched.places[name].span,
                labels=(Label(matched.places[what].span, "the numbers are here"),),
                help="leave out one of the two",
            )
    return LayerRecipe(layer, traced, weights, tuple(matched.begins.items()), span)


def traced_arguments(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The arguments that are traced numbers, or lists with some."""
    found = []
    for name, value in values.items():
        numbers = value if isinstance(value, (list, tuple)) else (value,)
        if any(isinstance(number, Traced) for number in numbers):
            found.append((name, tuple(value) if isinstance(value, list) else value))
    return tuple(found)


def check_known_arguments(
    body: Evaluation,
    called: Kind | HalfApplied | type[Operation],
    node: tree.Call,
    given: Given,
    *,
    is_whole: bool,
) -> None:
    """Raise Problem where the arguments of a layer or an operation do not fit, of which some are UNKNOWN.

    `is_whole` says whether these are all that it is given.
    """
    kind, before = (called, ()) if isinstance(called, type) else _kind(called)
    matched = _match(body, kind, before, node, given)
    if is_whole and (lacks := needed(matched.kind, matched.places)):
        raise _missing(matched.kind, lacks, node.span)
    known = {name: value for name, value in matched.values.items() if not isinstance(value, Unknown)}
    _check_fit(matched, known, node.span)


def _check_fit(matched: _Matched, known: dict[str, Any], span: Span) -> None:
    """Raise Problem where what is known of the arguments of a layer does not fit it."""
    plain = matched.plain(known)
    try:
        matched.kind(**plain)
    except ValidationError as problem:
        for name, reason in misfits(problem).items():
            raise _invalid(matched, name, reason, span, plain) from None


@dataclass(slots=True)
class _Matched:
    """The arguments of a layer or an operation by what they are for."""

    kind: type[Parameterised]
    values: dict[str, Any] = field(default_factory=dict)
    """For each parameter its value."""
    weights: dict[str, tuple[tree.Argument, Any]] = field(default_factory=dict)
    """The numbers of its tensors, and whether they are trained."""
    begins: dict[str, Initialiser] = field(default_factory=dict)
    """For each tensor the rule by which it begins."""
    places: dict[str, tree.Argument] = field(default_factory=dict)
    """Where each name was given."""
    given: dict[str, Any] = field(default_factory=dict)
    """What each name was given."""

    def plain(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values of parameters as the layer takes them. Raises Problem for one that is none for any layer."""
        return {name: _plain(self.kind, name, value, self.places[name]) for name, value in values.items()}


def _kind(called: Kind | HalfApplied) -> tuple[type[Layer], _Before]:
    """The kind of a layer, and the arguments that it was given before."""
    return (called.kind, called.arguments) if isinstance(called, HalfApplied) else (called.layer, ())


def _match(
    body: Evaluation,
    kind: type[Parameterised],
    before: _Before,
    node: tree.Call,
    given: Given,
) -> _Matched:
    """Say of each argument what it is for. Raises Problem where that is nothing, or another one is for it too.

    Those without a name come behind the arguments of earlier calls.
    """
    matched = _Matched(kind)
    for name, argument, value in before:
        _take(matched, name, argument, value)
    called, arguments = _called(kind), [argument for argument, _ in given]
    only = kind.model_fields[called.parameters[0]] if len(called.parameters) == 1 else None
    several = listed(given, partial(types.check, only)) if only is not None else None
    if several is not None:
        span = arguments[0].span.to(arguments[-1].span)
        raise error("E207", "several numbers stand in square brackets", span, help=several[0], fix=several[1])
    values = {id(argument): value for argument, value in given}

    def other(name: tree.Name, argument: tree.Argument) -> Problem | None:
        word, value = name.text, values[id(argument)]
        if _is_numbers(kind, word, value) or word in matched.places or (_is_layer(kind) and word in INIT_WORDS):
            return None
        return _unknown_argument(kind, name, argument, value, node)

    places = {name: argument.span for name, argument in matched.places.items()}
    names = by_parameter(body.context, called, arguments, places, other)
    for name, (argument, value) in zip(names, given, strict=True):
        _take(matched, name, argument, value)
    return matched


def _is_layer(kind: type[Parameterised]) -> bool:
    return issubclass(kind, Layer)


def _called(kind: type[Parameterised]) -> Called:
    """What a call may give; of arithmetic nothing, where a number stands beside a value."""
    if issubclass(kind, Operation):
        return Called(kind.kind, [] if kind.takes_number else list(kind.model_fields), behind_values=True)
    return Called(kind.kind, list(kind.model_fields))


def _is_numbers(kind: type[Parameterised], name: str, value: Any) -> bool:
    """Whether a named argument gives the numbers of a tensor, or says whether they are trained."""
    is_of_tensors = name in WEIGHT_WORDS and name not in kind.model_fields
    return _is_layer(kind) and (is_of_tensors or (name == "bias" and isinstance(value, list)))


def _take(matched: _Matched, name: str, argument: tree.Argument, value: Any) -> None:
    """Note what an argument gives a layer."""
    matched.places[name], matched.given[name] = argument, value
    is_numbers = argument.name is not None and _is_numbers(matched.kind, name, value)
    if is_numbers:
        matched.weights[name] = (argument, value)
    elif name in INIT_WORDS and not isinstance(value, Unknown):
        matched.begins[INIT_WORDS[name]] = initialiser(value, argument.span)
    if name in matched.kind.model_fields:
        matched.values[name] = True if is_numbers else value


def _make(body: Evaluation, matched: _Matched, span: Span) -> Any:
    """A validated layer or operation, made once for each set of arguments."""
    plain = matched.plain(matched.values)
    key = (matched.kind, repr(plain))  # which tells 1 from 1.0 and true
    known = body.context.memo.get(key)
    if known is not None:
        return known
    try:
        made = matched.kind(**plain)
    except ValidationError as problem:
        wrong = [_invalid(matched, name, reason, span, plain) for name, reason in misfits(problem).items()]
        if problem.errors()[0]["type"] == "missing":  # and no argument before it does not fit
            wrong.insert(0, _missing(matched.kind, missing(problem), span))
        *others, last = wrong
        for other in others:
            body.context.report(other.diagnostic)
        raise last from None
    body.context.memo[key] = made
    return made


def _open_help(kind: type[Parameterised], name: str) -> str:
    if _is_layer(kind) and kind.kind in OPERATIONS:
        return f"take it from a value: {kind.kind}(it, like=...)"
    if name == "sizes":
        return "write -1 for one size, take them from a value, unflatten(it, like=...), or give the input its size"
    return "give the input its size"


def _plain(kind: type[Parameterised], name: str, value: Any, place: tree.Argument) -> Any:
    if is_open(value):
        raise open_size(place.span, f"{kind.kind}: {name}", _open_help(kind, name))
    if isinstance(value, list):
        return tuple(_plain(kind, name, item, place) for item in value)
    refuse_others(f"{kind.kind}: {name}", value, place.span, partial(_parameter_help, kind, name))
    return value_of(value)


def _unknown_argument(
    kind: type[Parameterised], written: tree.Name, argument: tree.Argument, value: Any, call: tree.Call
) -> Problem:
    from cnndsl.layers.aliases import is_torch_parameter, parameter_alias

    name = written.text
    short = parameter_alias(kind, name)
    at = call.arguments.index(argument)
    if short == "":
        message = f"{kind.kind} needs no {name}: it follows from what comes in"
        problem = error("E207", message, argument.span, help="leave it out", fix=without(call, at))
        if not isinstance(value_of(value), int) or name not in _INCOMING:
            return problem
        claim = Claim(features=value) if name == "in_features" else Claim(channels=value)
        return claimed(problem, call.span, claim)
    if name == "activation" and _is_layer(kind):
        return activation_argument(kind.kind, call, at)
    if name == "name" and _is_layer(kind):
        label = argument.value.span.text.strip('"')
        helps = f"write {label if label.isidentifier() else 'first'}: {kind.kind}(...)"
        return error("E207", "a layer has its name in front, with a colon", argument.span, help=helps)
    called = _called(kind)
    if short is not None and (short in called.parameters or (_is_layer(kind) and short in INIT_WORDS)):
        return error(
            "E207",
            f"{name} is called {short} here",
            written.span,
            help=f"write {short}={argument.value.span.text}",
            # Elsewhere a word may be that of another thing: Keras's scale leaves out the half of affine.
            fix=(Fix.safe if is_torch_parameter(kind, name) else Fix.suggested)(written.span, short),
        )
    return called.has_no(written)


def _missing(kind: type[Parameterised], names: Sequence[str], span: Span) -> Problem:
    described = kind.model_fields[names[0]].description
    example = re.search(rf"\b{kind.kind}\((?:[^()]|\([^()]*\))*\)", kind.example)
    return error(
        "E207",
        f"{kind.kind} needs {' and '.join(names)}",
        span,
        help=f"{names[0]}: {described}" + (f"; for example {example[0]}" if example else ""),
    )


def _invalid(matched: _Matched, name: str, reason: str, span: Span, plain: dict[str, Any]) -> Problem:
    kind, places = matched.kind, matched.places
    given = places.get(name)
    if (kind.kind, name) == ("linear", "bias") and given is not None and given.name is None:
        inputs = places["features"]
        both = inputs.span.to(given.span)
        if re.fullmatch(r"\d{1,3},\d{3}", both.text):
            written = both.text.replace(",", "")
            message = "a number has no comma before its thousands, and how many inputs there are is not written"
            ways = (f"if this is one number, write linear({written})", f"if not, write linear({given.value.span.text})")
            return error("E207", message, both, help=ways, fix=Fix.suggested(both, written))
        inputs_given = error(
            "E207",
            "linear is given its outputs only: how many inputs there are follows from what comes in",
            inputs.span,
            help=f"write linear({given.value.span.text})",
            fix=Fix.suggested(Span(span.source, inputs.span.start, given.span.start), ""),
        )
        return claimed(inputs_given, span, Claim(features=plain.get("features")))
    if (kind.kind, name) == ("layernorm", "axis") and given is not None and isinstance(given.value, tree.ListOf):
        message = "layernorm is not given the sizes it goes over: they follow from what comes in"
        return error("E207", message, given.span, help="write layernorm, or layernorm(axis=-1) for the last axis alone")
    if (kind.kind, name) == ("unflatten", "axis") and given is not None and isinstance(given.value, tree.ListOf):
        written = f"unflatten(1, {given.value.span.text})"
        start = Span(span.source, given.span.start, given.span.start)
        put = Fix.suggested(start, "1, ") if given.name is None else None
        message = "unflatten needs the axis that is split, too"
        return error("E207", message, given.span, help=f"write {written}", fix=put)
    share = places.get("p")
    if name == "inplace" and given is not None and share is not None:
        span = share.span.to(given.span)
        if re.fullmatch(r"0\s*,\s*\d+", span.text):  # 0,5 as people write it in many countries
            written = re.sub(r"\s*,\s*", ".", span.text)
            message, pointed = "a number has a point before its decimals", Fix.suggested(span, written)
            return error("E208", message, span, help=f"write {written}", fix=pointed)
    info, place = kind.model_fields[name], places[name].span if name in places else span
    way = None
    if given is not None:
        words = {other: types.choices(field) for other, field in kind.model_fields.items()}
        way = by_name(given, words)
        way = way or plainer_argument(given, types.choices(info), partial(types.check, info), plain.get(name))
    message = f"{kind.kind}: {name} {reason}"
    if way is not None:
        return error("E208", message, place, help=way[0], fix=way[1])
    helps = (*_such_as(kind, name, plain.get(name)), *_parameter_help(kind, name))
    return error("E208", message, place, help=helps)


def _such_as(kind: type[Parameterised], name: str, value: Any) -> tuple[str, ...]:
    """A value that a parameter takes, the nearest to one that it does not; empty where none is known."""
    info = kind.model_fields[name]
    near: list[Any] = []
    if type(value) is int:
        with suppress(ValueError):
            types.check(info, (value,))
            return (f"write [{value}]",)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        near = [abs(value), round(abs(value))]
    if not info.is_required() and info.default is not None:  # nobody knows a small number of their own
        near.insert(0 if isinstance(info.default, float) else len(near), info.default)
    found = re.search(rf"\b{kind.kind}\(([\w., =-]*)\)", kind.example)
    arguments = found[1].split(", ") if found else []
    values = len(list(takewhile(str.isidentifier, arguments))) if issubclass(kind, Operation) else 0
    for written, own in zip(arguments[values:], kind.model_fields, strict=False):
        word, _, given = written.rpartition("=")
        if (word or own) == name and re.fullmatch(r"\d+(\.\d+)?", given):
            near.append(float(given) if "." in given else int(given))
    for meant in near:
        try:
            types.check(info, meant)
        except ValueError:
            continue
        if not isinstance(meant, (bool, tuple)):
            return (f'for example {name}="{meant}"' if isinstance(meant, str) else f"for example {name}={meant:g}",)
    return ()


def _parameter_help(kind: type[Parameterised], name: str) -> tuple[str, ...]:
    return (f"{name}: {kind.model_fields[name].description}",) if name in kind.model_fields else ()


def bind_definition(body: Evaluation, called: Template | BlockRecipe, node: tree.Call) -> BlockRecipe:
    """A block or sequence with the arguments of a call, added to those that it was given before.

    What is still missing can be given in another call; `check_complete` asks for it where the block is
    applied. Raises Problem when an argument does not fit.
    """
    template, before = (called.template, called.arguments) if isinstance(called, BlockRecipe) else (called, ())
    values = match_arguments(body, template.definition, dict(before), node)
    return body.light(BlockRecipe(template, tuple(values.items()), node.span), node.span)


def bind_variant(body: Evaluation, called: VariantRecipe, node: tree.Call) -> Any:
    """A variant with the arguments of a call, added to those that it was given before: the network that it is then.

    One that still lacks arguments is called again. Raises Problem when an argument does not fit.
    """
    values = match_arguments(body, called.variant, dict(called.arguments), node)
    recipe = body.light(replace(called, arguments=tuple(values.items()), span=node.span), node.span)
    return settled(body, recipe, node.span) if is_complete(recipe) else recipe


def settled(body: Evaluation, recipe: VariantRecipe, span: Span) -> Any:
    """What a variant is for its arguments. Raises Problem where some are missing."""
    variant, arguments = recipe.variant, dict(recipe.arguments)
    check_complete(variant, arguments, recipe.span or span)
    with body.in_scope(Scope(recipe.scope)), body.context.inside(variant.name.text, span):
        for parameter in variant.parameters:
            name = parameter.name.text
            if name in arguments:
                body.scope.names[name] = arguments[name]
            elif parameter.default is not None:
                body.scope.names[name] = body.known(parameter.default)
        value = body.known(variant.value)
        return settled(body, value, span) if isinstance(value, VariantRecipe) else value


def match_arguments(
    body: Evaluation, definition: Parametric, before: dict[str, Any], node: tree.Call
) -> dict[str, Any]:
    """The arguments of a call by the names of the parameters, in their order, with those that were given before.

    Raises Problem when one does not fit.
    """
    names = [parameter.name.text for parameter in definition.parameters]
    called = Called(definition.name.text, names, definition.name.span)
    given = by_parameter(body.context, called, node.arguments, dict.fromkeys(before))
    values = dict(before)
    for name, argument, value in zip(
        given, node.arguments, body.all_known(a.value for a in node.arguments), strict=True
    ):
        for part in parts_in(value):
            raise _one_layer(definition, part, argument)
        values[name] = as_items(value)
    return {name: values[name] for name in names if name in values}


def _one_layer(definition: Parametric, part: Part, argument: tree.Argument) -> Problem:
    again = f'write "{part.name}" in quotes there, and {part.name} is the kind of layer' if part.name in KINDS else ""
    return error(
        "E403",
        f"{part.shown} is one layer of this body, and {definition.name.text} makes layers of its own",
        argument.span,
        labels=(Label(part.span, f"{part.shown} is declared here"),),
        help=again or result_of(part) or "give the layer itself, such as conv(8, 3)",
    )


def is_half_applied(value: Any) -> bool:
    """Whether something is a layer or a block with some of its arguments, to be called with the others."""
    return isinstance(value, (BlockRecipe, HalfApplied, VariantRecipe)) and not is_complete(value)


def check_complete(definition: Parametric, given: Collection[str], span: Span) -> None:
    """Raise Problem unless every parameter without a default is given."""
    if lacks := needed(definition, given):
        raise error(
            "E207",
            f"{definition.name.text} needs {' and '.join(lacks)}",
            span,
            labels=(Label(definition.name.span, "it is defined here"),),
            help=f"give it: {definition.name.text}({', '.join(f'{name}=...' for name in lacks)})",
        )
