"""Parameters that a definition has and never asks for: what is given for them changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from cnndsl.diagnostics import Diagnostic, Severity
from cnndsl.elaborate.context import Context
from cnndsl.elaborate.values import BlockRecipe, Choice, Copies, Template
from cnndsl.names import why_not_class
from cnndsl.syntax import tree

_NO_USE = frozenset({"name", "targets", "when", "mode", "kind"})
"""The fields of the tree whose names are given or told, and not asked for."""


def report_unread(context: Context, definition: tree.Definition) -> None:
    """Report the parameters of a definition that none of its lines asks for, unless it is handed on.

    A block that is given to another one has to take what that one gives.
    """
    key = ("unread", id(definition))
    if key in context.memo:
        return
    asked = set(_asked(definition))
    context.memo[key] = True
    for parameter in definition.parameters:
        name = parameter.name.text
        if name not in asked and not name.startswith("_") and why_not_class(name) is None:
            message = f"{name} is a parameter of {definition.name.text} and never used"
            helps = ("use it in the body, or leave it out",)
            context.idle(Diagnostic("W217", message, parameter.name.span, help=helps, severity=Severity.WARNING))


def hand_on(context: Context, item: Any) -> None:
    """Note that a value is handed on: a block in it may have parameters for the sake of others."""
    if isinstance(item, list):
        for part in item:
            hand_on(context, part)
    elif isinstance(item, (Choice, Copies)):
        hand_on(context, item.recipe)
    elif isinstance(item, BlockRecipe):
        hand_on(context, item.template)
    elif isinstance(item, Template):
        context.needed(parameter.name.span for parameter in item.definition.parameters)


def _asked(definition: tree.Definition) -> Iterator[str]:
    """The names that the body and the defaults of a definition ask for."""
    todo: list[Any] = [definition.body, *(parameter.default for parameter in definition.parameters)]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            todo.extend(node)
        elif isinstance(node, tree.Name):
            yield node.text
        elif isinstance(node, tree.Labelled) and isinstance(node.label, tree.Name):
            todo.append(node.layer)
        elif isinstance(node, tree.Node):
            todo.extend(getattr(node, field.name) for field in fields(node) if field.name not in _NO_USE)
