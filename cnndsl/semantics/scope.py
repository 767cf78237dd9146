"""Which name means what, where: scopes, and the names that the lines of a body give a meaning."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.layers.initialisers import RULES
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.semantics.functions import TABLE
from cnndsl.semantics.values import IDENTITY, Function, InitialiserKind, Kind, Scope
from cnndsl.source import Span
from cnndsl.syntax import tree


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
            case tree.Apply(value=tree.If() as branch, targets=()):
                parts = tuple(_branches(branch))
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


def _branches(node: tree.If) -> Iterator[tree.Body]:
    """The lines of each branch of a condition that is a line of its own."""
    branch: tree.Body | tree.If | None = node
    while isinstance(branch, tree.If):
        yield branch.yes
        branch = branch.no
    if branch is not None:
        yield branch


def language() -> Scope:
    """The outermost scope: layer kinds and functions."""
    scope = Scope(None)
    scope.names.update({word: Function(word) for word in (*TABLE, *OPERATIONS, "parameter")})
    scope.names.update({word: Kind(word) for word in KINDS})  # some are the words of operations too
    scope.names.update({word: InitialiserKind(word) for word in RULES})
    scope.names["identity"] = IDENTITY
    return scope
