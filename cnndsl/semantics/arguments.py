"""Arguments meet parameters: of layers, and of blocks, sequences and networks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pydantic import ValidationError

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.hints.spelling import is_clear, nearest
from cnndsl.ir.words import INIT_WORDS, WEIGHT_WORDS
from cnndsl.layers import types
from cnndsl.layers.base import Layer
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.layers.types import misfits, missing
from cnndsl.semantics.call_hints import activation_argument, by_name, listed, plainer_argument
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.hints import misread, refuse_others, result_of, without
from cnndsl.semantics.initialisation import initialiser, weights_of
from cnndsl.semantics.pytorch_names import AsInPyTorch, Claim, claimed
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
    is_complete,
    needed,
    parts_in,
)
from cnndsl.source import Span
from cnndsl.symbolic.number import Traced, is_open, value_of
from cnndsl.syntax import tree

_INCOMING = frozenset({"in_channels", "in_features", "num_features", "num_channels"})
"""What PyTorch calls the number of channels or features that come in."""


def bind_layer(body: Evaluation, called: Kind | HalfApplied, node: tree.Call) -> LayerRecipe | HalfApplied:
    """A layer kind with the arguments of a call, added to those that it was given before.

    What is still missing can be given in another call; `lacking` asks for it where the layer is applied. Raises
    Problem when an argument does not fit.
    """
    given = list(zip(node.arguments, body.all_known(a.value for a in node.arguments), strict=True))
    matched = _match(body, called, node, given)
    if matched.places and needed(matched.kind, matched.places):
        _check_fit(matched, matched.values, node.span)
        arguments = tuple((name, matched.places[name], matched.given[name]) for name in matched.places)
        return body.light(HalfApplied(matched.kind, arguments, node.span), node.span)
    return _whole_layer(body, matched, node.span)


def lacking(recipe: HalfApplied, span: Span) -> Problem:
    """The error for a layer that is applied and lacks arguments."""
    return _missing(recipe.kind, needed(recipe.kind, [name for name, *_ in recipe.arguments]), span)


def bare_layer(body: Evaluation, kind: type[Layer], span: Span) -> LayerRecipe:
    """A layer kind without arguments. Raises Problem where it needs some."""
    return _whole_layer(body, _Matched(kind), span)


def _whole_layer(body: Evaluation, matched: _Matched, span: Span) -> LayerRecipe:
    layer = _make_layer(body, matched, span)
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
    called: Kind | HalfApplied,
    node: tree.Call,
    given: list[tuple[tree.Argument, Any]],
    *,
    is_whole: bool,
) -> None:
    """Raise Problem where the arguments of a layer do not fit, of which some are UNKNOWN.

    `is_whole` says whether these are all that it is given.
    """
    matched = _match(body, called, node, given)
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
    """The arguments of a layer by what they are for."""

    kind: type[Layer]
    values: dict[str, Any] = field(default_factory=dict)
    """For each parameter of the layer its value."""
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


def _match(
    body: Evaluation, called: Kind | HalfApplied, node: tree.Call, given: list[tuple[tree.Argument, Any]]
) -> _Matched:
    """Say of each argument what it is for. Raises Problem where that is nothing, or another one is for it too.

    Those without a name come behind the arguments of earlier calls.
    """
    kind, before = (called.kind, called.arguments) if isinstance(called, HalfApplied) else (called.layer, ())
    matched = _Matched(kind)
    for name, argument, value in before:
        _take(matched, name, argument, value)
    parameters = list(kind.model_fields)
    open_names = [name for name in parameters if name not in matched.places]
    trouble: Problem | None = None
    for position, (argument, value) in enumerate(given):
        if argument.name is None:
            arguments = [each for each, _ in given]
            if (misplaced := _after_named(arguments, position, open_names)) is not None:
                raise misplaced
            if position >= len(open_names) or any(a.name is not None for a in arguments[:position]):
                raise _too_many(kind, arguments, position)
            name = open_names[position]
        else:
            name = argument.name.text
        is_numbers = argument.name is not None and _is_numbers(kind, name, value)
        if not is_numbers and not any(name in known for known in (parameters, INIT_WORDS, matched.places)):
            found = _unknown_argument(kind, parameters, argument, value, node)
            if isinstance(trouble, AsInPyTorch):  # which is settled further out, where it is known what comes in
                trouble, found = found, trouble
            if trouble is not None:  # one that is wrong does not hide that another one is
                body.context.report(trouble.diagnostic)
            trouble = found
            continue
        if name in matched.places:
            raise error(
                "E207",
                f"{kind.kind} is given {name} twice",
                argument.span,
                labels=(Label(matched.places[name].span, "here it is already"),),
                help="remove one of the two",
            )
        _take(matched, name, argument, value)
    if trouble is not None:
        raise trouble
    return matched


def _is_numbers(kind: type[Layer], name: str, value: Any) -> bool:
    """Whether a named argument gives the numbers of a tensor, or says whether they are trained."""
    return (name in WEIGHT_WORDS and name not in kind.model_fields) or (name == "bias" and isinstance(value, list))


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


def _make_layer(body: Evaluation, matched: _Matched, span: Span) -> Layer:
    """A validated layer, made once for each set of arguments."""
    plain = matched.plain(matched.values)
    key = (matched.kind, repr(plain))  # which tells 1 from 1.0 and true
    known = body.context.memo.get(key)
    if known is not None:
        return known  # type: ignore[no-any-return]
    try:
        layer = matched.kind(**plain)
    except ValidationError as problem:
        *others, last = _all_wrong(matched, problem, span, plain)
        for other in others:
            body.context.report(other.diagnostic)
        raise last from None
    body.context.memo[key] = layer
    return layer


def _all_wrong(matched: _Matched, problem: ValidationError, span: Span, plain: dict[str, Any]) -> Iterator[Problem]:
    """What does not fit, argument by argument; and what is missing, unless an argument before it does not fit."""
    if problem.errors()[0]["type"] == "missing":
        yield _missing(matched.kind, missing(problem), span)
    for name, reason in misfits(problem).items():
        yield _invalid(matched, name, reason, span, plain)


def _open_help(kind: type[Layer], name: str) -> str:
    if kind.kind in OPERATIONS:
        return f"take it from a value: {kind.kind}(it, like=...)"
    if name == "sizes":
        return "write -1 for one size, take them from a value, unflatten(it, like=...), or give the input its size"
    return "give the input its size"


def _plain(kind: type[Layer], name: str, value: Any, place: tree.Argument) -> Any:
    if is_open(value):
        raise error(
            "E309",
            f"{kind.kind}: {name} needs a number, and this size is left open in the input",
            place.span,
            help=_open_help(kind, name),
        )
    if isinstance(value, list):
        return tuple(_plain(kind, name, item, place) for item in value)
    refuse_others(f"{kind.kind}: {name}", value, place.span, partial(_parameter_help, kind, name))
    return value_of(value)


def _too_many(kind: type[Layer], given: Sequence[tree.Argument], position: int) -> Problem:
    """The error for an argument without a name that has no place."""
    parameters = list(kind.model_fields)
    only = kind.model_fields[parameters[0]] if len(parameters) == 1 else None
    several = listed(given, partial(types.check, only)) if only is not None else None
    if several is not None:
        span = given[0].span.to(given[-1].span)
        return error("E207", "several numbers stand in square brackets", span, help=several[0], fix=several[1])
    most = f"at most {len(parameters)} argument{'s' if len(parameters) != 1 else ''}: {', '.join(parameters)}"
    message = f"{kind.kind} takes {most if parameters else 'no arguments'}"
    return error("E207", message, given[position].span, help="remove what is too much")


def _after_named(given: Sequence[tree.Argument], position: int, names: Sequence[str]) -> Problem | None:
    """The error for an argument without a name behind one with a name, where one of the names is left for it."""
    named = {argument.name.text for argument in given if argument.name is not None}
    left = [name for name in names if name not in named]
    unnamed = sum(argument.name is None for argument in given[:position])
    if not unnamed < min(position, len(left)):
        return None
    name, argument = left[unnamed], given[position]
    start = Span(argument.span.source, argument.span.start, argument.span.start)
    return error(
        "E207",
        "an argument without a name stands after one with a name",
        argument.span,
        help=f"name it: {name}={argument.span.text}",
        fix=Fix.suggested(start, f"{name}="),
    )


def _unknown_argument(
    kind: type[Layer], parameters: list[str], argument: tree.Argument, value: Any, call: tree.Call
) -> Problem:
    from cnndsl.layers.aliases import is_torch_parameter, parameter_alias

    assert argument.name is not None  # noqa: S101 - only named arguments get here
    name = argument.name.text
    short = parameter_alias(kind.kind, name)
    at = call.arguments.index(argument)
    if short == "":
        message = f"{kind.kind} needs no {name}: it follows from what comes in"
        problem = error("E207", message, argument.span, help="leave it out", fix=without(call, at))
        if not isinstance(value_of(value), int) or name not in _INCOMING:
            return problem
        claim = Claim(features=value) if name == "in_features" else Claim(channels=value)
        return claimed(problem, call.span, claim)
    if name == "activation":
        return activation_argument(kind.kind, call, at)
    if name == "name":
        label = argument.value.span.text.strip('"')
        helps = f"write {label if label.isidentifier() else 'first'}: {kind.kind}(...)"
        return error("E207", "a layer has its name in front, with a colon", argument.span, help=helps)
    if short in parameters or short in INIT_WORDS:
        return error(
            "E207",
            f"{name} is called {short} here",
            argument.name.span,
            help=f"write {short}={argument.value.span.text}",
            # Elsewhere a word may be that of another thing: Keras's scale leaves out the half of affine.
            fix=(Fix.safe if is_torch_parameter(kind.kind, name) else Fix.suggested)(argument.name.span, short),
        )
    takes = f"{kind.kind} takes {', '.join(parameters) or 'no arguments'}"
    return _no_parameter(f"{kind.kind} has no {name}", argument.name, parameters, takes)


def _no_parameter(
    message: str, name: tree.Name, known: Sequence[str], takes: str, defined: Span | None = None
) -> Problem:
    """The error for an argument with a name that is none of the known ones."""
    if (misspelt := misread(name.text, name.span, known, "E207", defined)) is not None:
        return misspelt
    near = nearest(name.text, known)
    return error(
        "E207",
        message,
        name.span,
        labels=() if defined is None else (Label(defined, "it is defined here"),),
        help=f"did you mean {near}?" if near else takes,
        fix=Fix.suggested(name.span, near) if near and is_clear(name.text, known) else None,
    )


def _missing(kind: type[Layer], names: Sequence[str], span: Span) -> Problem:
    described = kind.model_fields[names[0]].description
    example = next(stage.strip() for stage in kind.example.split("->") if stage.strip().startswith(kind.kind))
    return error(
        "E207",
        f"{kind.kind} needs {' and '.join(names)}",
        span,
        help=f"{names[0]}: {described}; for example {example}",
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


def _such_as(kind: type[Layer], name: str, value: Any) -> tuple[str, ...]:
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
    for at, written in enumerate(found[1].split(", ") if found else ()):
        word, _, given = written.rpartition("=")
        if (word or list(kind.model_fields)[at]) == name and re.fullmatch(r"\d+(\.\d+)?", given):
            near.append(float(given) if "." in given else int(given))
    for meant in near:
        try:
            types.check(info, meant)
        except ValueError:
            continue
        if not isinstance(meant, (bool, tuple)):
            return (f'for example {name}="{meant}"' if isinstance(meant, str) else f"for example {name}={meant:g}",)
    return ()


def _parameter_help(kind: type[Layer], name: str) -> tuple[str, ...]:
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
    given: list[str] = []
    open_names = [name for name in names if name not in before]
    for position, argument in enumerate(node.arguments):
        if argument.name is None:
            if position >= len(open_names):
                count = f"{len(open_names) or 'no'} {'more ' if before else ''}"
                takes = f"{count}argument{'s' if len(open_names) != 1 else ''}"
                raise error(
                    "E207",
                    f"{definition.name.text} takes {takes}{': ' if open_names else ''}{', '.join(open_names)}",
                    argument.span,
                    labels=(Label(definition.name.span, "it is defined here"),),
                    help="remove what is too much",
                )
            if (misplaced := _after_named(node.arguments, position, open_names)) is not None:
                raise misplaced
            name = open_names[position]
        else:
            name = argument.name.text
            if name not in names:
                message = f"{definition.name.text} has no parameter {name}"
                takes = f"it has {', '.join(names) or 'none'}"
                raise _no_parameter(message, argument.name, names, takes, definition.name.span)
        if name in before or name in given:
            raise error(
                "E207", f"{definition.name.text} is given {name} twice", argument.span, help="remove one of the two"
            )
        given.append(name)
    values = dict(before)
    for name, argument, value in zip(
        given, node.arguments, body.all_known(a.value for a in node.arguments), strict=True
    ):
        for part in parts_in(value):
            raise _one_layer(definition, part, argument)
        values[name] = value
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
