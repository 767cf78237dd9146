"""Where names are given a meaning, and which of them nothing asks for: whatever these stand for changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnndsl.ir.names import why_not_class
from cnndsl.semantics.context import Context
from cnndsl.semantics.values import BlockRecipe, Choice, Copies, Template, is_constant
from cnndsl.source import Span
from cnndsl.syntax import tree

_NO_USE = frozenset({"name", "targets", "when", "mode", "kind", "kinds"})
"""The fields of the tree whose names are given or told, and not asked for."""


def report_unread(context: Context, definition: tree.Definition, names: Mapping[str, Any]) -> None:
    """Report the parameters and constants of a definition that none of its lines asks for; `names` are those of its
    body, with their values.

    A block that is handed on to another one has to take what that one gives, and its parameters are let pass.
    """
    key = ("unread", id(definition))
    if key in context.memo:
        return
    context.memo[key] = True
    bound = _bound(definition.body) if tree.Bind in context.nodes_of(definition.body) else ()
    constants = [each for each in bound if is_constant(names.get(each.text))]
    if not definition.parameters and not constants:
        return
    asked = set(asked_names(definition))
    whose = definition.name.text
    for parameter in definition.parameters:
        name = parameter.name.text
        if name not in asked and not name.startswith("_") and why_not_class(name) is None:
            message = f"{name} is a parameter of {whose} and never used"
            context.idle("W217", message, parameter.name.span, "use it in the body, or leave it out")
    for constant in constants:
        if constant.text not in asked:
            _report_name(context, constant, f"a constant of {whose}")


def report_unused_names(context: Context, file: tree.File) -> None:
    """Report what a file defines or imports and nothing in it asks for.

    A file without a network is there for others, which may ask for all of it.
    """
    if not any(isinstance(item, tree.Variant) or getattr(item, "kind", "") == "network" for item in file.items):
        return
    named: list[tuple[tree.Name, str]] = []
    for item in file.items:
        match item:
            case tree.Import():
                named += [(name.local, "imported") for name in item.names]
            case tree.Constant():
                named.append((item.name, "a constant"))
            case tree.Extern():
                named.append((item.name, "a class from elsewhere"))
            case tree.Definition() if item.kind != "network":
                named.append((item.name, f"a {item.kind}"))
            case _:
                continue
    if not named:
        return
    asked = {name for item in file.items if not isinstance(item, tree.Import) for name in asked_names(item)}
    for name, what in named:
        if name.text not in asked:
            _report_name(context, name, what)


def _report_name(context: Context, name: tree.Name, what: str) -> None:
    if not name.text.startswith("_"):
        context.idle("W236", f"{name.text} is {what} and never used", name.span, "use it, or leave it out")


def _bound(body: tree.Body) -> Iterator[tree.Name]:
    """The names that lines of a body bind, each once; what is taken apart into several names is let pass."""
    seen: set[str] = set()
    for node in tree.walk(body, tree.Bind):
        if isinstance(node, tree.Bind) and len(node.targets) == 1 and node.targets[0].text not in seen:
            seen.add(node.targets[0].text)
            yield node.targets[0]


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
        context.needed("W217", (parameter.name.span for parameter in item.definition.parameters))


def asked_names(item: tree.Node) -> Iterator[str]:
    """The names that an item of a file asks for, a definition with the defaults of its parameters; or a part of one."""
    todo: list[Any] = [item]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            todo.extend(node)
        elif isinstance(node, tree.Name):
            yield node.text
        elif isinstance(node, tree.Labelled) and isinstance(node.label, tree.Name):
            todo.append(node.layer)
        elif isinstance(node, tree.Node):
            todo.extend(getattr(node, name) for name in node.__match_args__ if name not in _NO_USE)


def first_places(body: tree.Body) -> tuple[dict[str, Span], dict[str, Span]]:
    """Where each name of a body is first given a meaning, also by the lines of its conditions and loops.

    Apart from these, where each is first given one in braces that are a stage, `it -> { skip = it; conv(8, 3) }`: it is
    known in there alone.
    """
    places: tuple[dict[str, Span], dict[str, Span]] = {}, {}
    todo: list[tuple[tree.Node, bool]] = [(body, False)]
    while todo:
        node, in_braces = todo.pop()
        parts: tuple[tree.Node, ...] = ()
        match node:
            case tree.Body():
                parts = node.statements
            case tree.For() | tree.Repeat() | tree.When():
                parts = (node.body,)
            case tree.Apply(value=tree.If(yes=yes, no=no), targets=()):
                others = (tree.Apply(no.span, no) if isinstance(no, tree.If) else no,) if no is not None else ()
                parts = (yes, *others)
            case tree.Apply(value=tree.If()):  # what comes out of its branches has the names
                parts = (tree.Apply(node.span, node.value), tree.Bind(node.span, node.targets, tree.It(node.span)))
            case _:
                if isinstance(node, tree.Apply | tree.Bind | tree.Labelled):
                    names = (node.label,) if isinstance(node, tree.Labelled) else node.targets
                    for name in names:
                        if isinstance(name, tree.Name):
                            places[in_braces].setdefault(name.text, name.span)
                todo.extend((part, in_braces or isinstance(part, tree.Body)) for part in reversed(node.children))
        todo.extend((part, in_braces) for part in reversed(parts))
    return places
