"""The networks that a file describes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from cnndsl.diagnostics import Fix, Problem, error
from cnndsl.hints.spelling import nearest
from cnndsl.ir.program import Module
from cnndsl.semantics.arguments import settled
from cnndsl.semantics.body import Body
from cnndsl.semantics.builder import Builder
from cnndsl.semantics.context import Context, OpenSizes
from cnndsl.semantics.definitions import bind_parameters, saved_parameters
from cnndsl.semantics.initialisation import check_rules
from cnndsl.semantics.inputs import requirements
from cnndsl.semantics.usage import report_unread
from cnndsl.semantics.values import (
    UNKNOWN,
    BlockRecipe,
    Scope,
    Silent,
    Template,
    Value,
    VariantRecipe,
    describe,
    needed,
)
from cnndsl.source import Span
from cnndsl.symbolic.number import value_of
from cnndsl.syntax import tree
from cnndsl.terminal import clean


class Networks:
    """Works out the networks of a file."""

    def __init__(self, context: Context, file: tree.File, scope: Scope, settings: Mapping[str, Any]) -> None:
        self._context, self._file, self._scope, self._settings = context, file, scope, settings
        self._known: dict[str, None] = {}
        """The parameters that any network has."""

    def all(self, only: Collection[str] | None = None) -> list[str]:
        """The module ids of all networks, or of those with these names alone, in the order of the text."""
        networks = self._file.networks
        if only is not None:
            networks = [item for item in networks if item.name.text in only]
        made = []
        for item in networks:
            self._context.variant = item if isinstance(item, tree.Variant) and item.base else None
            with self._context.reporting():
                made.append(self._network(item))
        self._context.variant = None
        is_more = any(
            isinstance(item, (tree.Definition, tree.Constant, tree.Extern, tree.Lost)) for item in self._file.items
        )
        if not networks and not is_more and not self._context.diagnostics:
            start = Span(self._file.span.source, 0, 0)
            self._context.report(
                error("E411", "there is no network here", start, help="write network Net { ... }").diagnostic
            )
        if networks and not self._is_lost():
            self._check_settings()
        return [module.id for module in made if module is not None]

    def _is_lost(self) -> bool:
        """Whether a part of the file could not be read, so that there may be networks that are not known."""
        return any(isinstance(item, tree.Lost) for item in self._file.items)

    def _check_settings(self) -> None:
        for name in self._settings:
            if name in self._known:
                continue
            near = nearest(name, self._known)
            listed = ", ".join(self._known)
            text = (
                f"did you mean {near}?"
                if near
                else f"there is {listed}"
                if listed
                else f"declare it where it is used: network Net({name} = ...)"
            )
            message = f"no network of {clean(self._file.span.source.name)} has a parameter {name}"
            self._context.report(error("E209", message, None, help=text).diagnostic)

    def _network(self, item: tree.Definition | tree.Variant) -> Module | None:
        own = self._own_parameters(item)
        if own is None:
            return None
        template, given = self._template(item, own)
        definition = template.definition
        names = [parameter.name.text for parameter in definition.parameters if parameter.name.text not in own]
        self._known.update(dict.fromkeys((*own, *names)))
        fixed = given if own else {}
        given = given | {name: value for name, value in self._settings.items() if name in names}
        missing = needed(definition, given)
        if missing:
            if isinstance(item, tree.Definition) and (self._has_variants(definition) or self._is_lost()):
                return None  # it is there for its variants
            raise _lacks(item, missing)
        self._context.open = OpenSizes()
        self._context.used.add(definition.name.span)
        part_names = self._context.part_names(definition)
        builder = Builder(self._context, "network", item.name.text, item.name.span, part_names)
        body = Body(self._context, builder, Scope(template.scope))
        parameters = bind_parameters(body, definition, given)
        outputs = body.run(definition.body)
        if outputs is None:
            return None
        report_unread(self._context, definition, body.scope.names)
        saved = saved_parameters(definition, parameters)
        if own:
            open_ones = (parameter for parameter in saved if parameter.name not in fixed)
            saved = (*saved_parameters(item, own), *open_ones)
        module = builder.finish(outputs, saved, requirements(self._context))
        check_rules(self._context, module, body.init_spans)
        return module

    def _own_parameters(self, item: tree.Definition | tree.Variant) -> dict[str, Any] | None:
        """What the parameters of a variant are; None for one that is there for its variants alone."""
        if not isinstance(item, tree.Variant):
            return {}
        names = [parameter.name.text for parameter in item.parameters]
        given = {name: value for name, value in self._settings.items() if name in names}
        missing = needed(item, given)
        if missing:
            self._known.update(dict.fromkeys(names))
            others = (other for other in self._file.items if isinstance(other, tree.Variant) and other is not item)
            if self._is_lost() or any(other.base == item.name.text for other in others):
                return None
            raise _lacks(item, missing)
        body = Body(self._context, Builder(self._context, "chain", "", item.span), Scope(self._scope))
        return bind_parameters(body, item, given)

    def _template(self, item: tree.Definition | tree.Variant, own: dict[str, Any]) -> tuple[Template, dict[str, Any]]:
        if isinstance(item, tree.Definition):
            return Template(item, self._scope), {}
        value = self._scope.names.get(item.name.text)
        if value is UNKNOWN:
            raise Silent
        if isinstance(value, VariantRecipe):
            body = Body(self._context, Builder(self._context, "chain", "", item.span), self._scope)
            plain = {name: value_of(each) for name, each in own.items()}
            value = settled(body, replace(value, arguments=tuple(plain.items())), item.span)
        if isinstance(value, Template):
            value = BlockRecipe(value, ())
        if not isinstance(value, BlockRecipe) or value.template.definition.kind != "network":
            if isinstance(item.value, tree.Body):
                between = Span(item.span.source, item.name.span.end, item.value.span.start)
                fix = Fix.safe(between, " ") if between.text.strip() == "=" else None
                message, helps = (
                    "a body follows the name of a network without =",
                    f"write network {item.name.text} {{ ... }}",
                )
                raise error("E411", message, between, help=helps, fix=fix)
            raise error(
                "E411",
                f"a network is a variant of another network, and this is {describe(value)}",
                item.value.span,
                help="write network Name = Other(argument = value)",
            )
        if any(isinstance(argument, Value) for _, argument in value.arguments):
            raise error("E411", "a network takes no values as arguments", item.value.span)
        return value.template, dict(value.arguments)

    def _has_variants(self, definition: tree.Definition) -> bool:
        for item in self._file.items:
            value = self._scope.names.get(item.name.text) if isinstance(item, tree.Variant) else None
            template = value.template if isinstance(value, BlockRecipe) else value
            if isinstance(template, Template) and template.definition is definition:
                return True
            is_open = value is UNKNOWN or isinstance(value, VariantRecipe)  # of the first, what is wrong was said
            if is_open and isinstance(item, tree.Variant) and item.base == definition.name.text:
                return True
        return False


def _lacks(item: tree.Definition | tree.Variant, missing: list[str]) -> Problem:
    nodes = list(tree.walk(item))
    used = [stage for node in nodes if isinstance(node, tree.Pipe) for stage in node.stages[1:]]
    used += [node.function for node in nodes if isinstance(node, tree.Call)]
    layers = {node.text for node in used if isinstance(node, tree.Name)}
    numbers = [name for name in missing if name not in layers]
    way = f"give a default, which is a layer or a block: {missing[0]} = relu"
    if numbers:
        way = f"give a default: {numbers[0]} = 10, or compile with --set {numbers[0]}=10"
    return error(
        "E210",
        f"{item.name.text} needs a value for {' and '.join(missing)}",
        item.name.span,
        help=way,
    )
