"""The definitions of a file, and the networks that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnndsl.diagnostics import Label, Problem, error
from cnndsl.elaborate.builder import Builder
from cnndsl.elaborate.context import Context
from cnndsl.elaborate.definitions import bind_parameters, declared_names, saved_parameters
from cnndsl.elaborate.scope import Scope, language
from cnndsl.elaborate.statements import Body
from cnndsl.elaborate.suggest import nearest
from cnndsl.elaborate.values import UNKNOWN, BlockRecipe, Silent, Template, Value, describe
from cnndsl.names import why_not_class
from cnndsl.source import Span
from cnndsl.syntax import tree


def elaborate_file(context: Context, file: tree.File, settings: Mapping[str, Any]) -> list[str]:
    """Work out every network of a file; their module ids, in the order of the text."""
    scope = Scope(language())
    _check_parameters(context, file)
    _define(context, file, scope)
    networks: list[str] = []
    used: set[str] = set()
    known: set[str] = set()
    bases = _bases(file, scope)
    for item in file.items:
        try:
            made = _network(context, item, scope, settings, used, known, bases)
        except Problem as problem:
            context.report(problem.diagnostic)
        except Silent:
            continue
        else:
            networks.extend(made)
    if not context.diagnostics and not any(_is_network(item) for item in file.items):
        span = Span(file.span.source, 0, 0)
        context.report(error("E411", "there is no network here", span, help="write network Net { ... }").diagnostic)
    for name in settings:
        if name not in known and any(_is_network(item) for item in file.items):
            near = nearest(name, known)
            help_text = f"did you mean {near}?" if near else f"there is {', '.join(sorted(known))}" if known else "write network Net(name = value)"
            context.report(error("E209", f"no network here has a parameter {name}", None, help=help_text).diagnostic)
    return networks


def _is_network(item: tree.Item) -> bool:
    return isinstance(item, tree.Variant) or (isinstance(item, tree.Definition) and item.kind == "network")


def _check_parameters(context: Context, file: tree.File) -> None:
    for item in file.items:
        if not isinstance(item, tree.Definition):
            continue
        seen: dict[str, tree.Parameter] = {}
        for parameter in item.parameters:
            name = parameter.name.text
            if name in seen:
                context.report(
                    error(
                        "E204",
                        f"there are two parameters called {name}",
                        parameter.name.span,
                        labels=(Label(seen[name].name.span, "the first one"),),
                        help="rename one of them",
                    ).diagnostic
                )
            seen[name] = parameter


def _define(context: Context, file: tree.File, scope: Scope) -> None:
    """Enter the definitions of a file; they see one another whatever their order, constants in the order of the text."""
    places: dict[str, Span] = {}

    def enter(name: tree.Name, value: Any) -> None:
        if name.text in places:
            raise error(
                "E204",
                f"there is already something called {name.text}",
                name.span,
                labels=(Label(places[name.text], "the first one"),),
                help="rename one of them",
            )
        places[name.text] = name.span
        scope.names[name.text] = value

    for item in file.items:
        try:
            if isinstance(item, (tree.Definition, tree.Variant)):
                reason = why_not_class(item.name.text)
                if reason:
                    raise error(
                        "E203",
                        f"{item.name.text} cannot be the name of a class: {reason}",
                        item.name.span,
                        help=f"call it {item.name.text.capitalize()}Net",
                    )
            if isinstance(item, tree.Definition):
                enter(item.name, Template(item, scope))
            elif isinstance(item, tree.Import):
                raise error("E199", "imports are not supported yet", item.span, help="put the blocks into this file")
        except Problem as problem:
            context.report(problem.diagnostic)
    body = Body(context, Builder(context, "chain", "", file.span), scope)
    for item in file.items:
        if not isinstance(item, (tree.Constant, tree.Variant)):
            continue
        try:
            enter(item.name, UNKNOWN)
            scope.names[item.name.text] = body.known(item.value)
        except Problem as problem:
            context.report(problem.diagnostic)
        except Silent:
            continue
        except RecursionError:
            context.report(error("E501", "this is nested too deeply", item.span).diagnostic)


def _bases(file: tree.File, scope: Scope) -> set[tree.Definition]:
    """The networks of which there are variants."""
    values = (scope.names.get(item.name.text) for item in file.items if isinstance(item, tree.Variant))
    return {v.template.definition for v in values if isinstance(v, BlockRecipe)}


def _network(
    context: Context,
    item: tree.Item,
    scope: Scope,
    settings: Mapping[str, Any],
    used: set[str],
    known: set[str],
    bases: set[tree.Definition],
) -> list[str]:
    if isinstance(item, tree.Variant):
        value = scope.names.get(item.name.text)
        template, given = _variant(item, value)
    elif isinstance(item, tree.Definition) and item.kind == "network":
        template, given = Template(item, scope), {}
    else:
        return []
    definition = template.definition
    names = [parameter.name.text for parameter in definition.parameters]
    known.update(names)
    given = {**given, **{name: value for name, value in settings.items() if name in names}}
    missing = [p.name.text for p in definition.parameters if p.default is None and p.name.text not in given]
    if missing:
        if definition in bases and isinstance(item, tree.Definition):
            return []  # it is there for its variants
        raise error(
            "E210",
            f"{item.name.text} needs a value for {' and '.join(missing)}",
            item.name.span,
            help=f"give a default: {missing[0]} = 10, or compile with --set {missing[0]}=10",
        )
    builder = Builder(context, "network", item.name.text, item.name.span, declared_names(definition.body))
    body = Body(context, builder, Scope(template.scope))
    parameters = bind_parameters(body, definition, given)
    outputs = body.run(definition.body)
    if outputs is None:
        return []
    module = builder.finish(
        outputs,
        saved_parameters(definition, parameters, builder),
    )
    return [module.id]


def _variant(item: tree.Variant, value: Any) -> tuple[Template, dict[str, Any]]:
    if value is UNKNOWN:
        raise Silent
    if isinstance(value, Template):
        value = BlockRecipe(value, ())
    if not isinstance(value, BlockRecipe) or value.template.definition.kind != "network":
        raise error(
            "E411",
            f"a network is a variant of another network, and this is {describe(value)}",
            item.value.span,
            help="write network Name = Other(argument = value)",
        )
    if any(isinstance(argument, Value) for _, argument in value.arguments):
        raise error("E411", "a network takes no values as arguments", item.value.span)
    return value.template, dict(value.arguments)
