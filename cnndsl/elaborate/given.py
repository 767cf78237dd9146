"""Which names the lines of a body give a meaning."""

from __future__ import annotations

from typing import Any

from cnndsl.source import Span
from cnndsl.syntax import tree


def labels(statement: tree.Statement) -> list[tree.Name]:
    """The names that a line gives to its layers by label."""
    found: list[tree.Name] = []
    todo: list[Any] = [statement.value] if isinstance(statement, tree.Apply) else []
    while todo:
        node = todo.pop()
        if isinstance(node, tree.Pipe):
            todo.extend(node.stages)
        elif isinstance(node, tree.Labelled) and isinstance(node.label, tree.Name):
            found.append(node.label)
    return found


def first_places(body: tree.Body) -> dict[str, Span]:
    """Where each name of a body is first given a meaning, also in the braces of its conditions and loops."""
    places: dict[str, Span] = {}
    todo: list[Any] = [body]
    while todo:
        node = todo.pop()
        if isinstance(node, tree.Body):
            todo.extend(reversed(node.statements))
        elif isinstance(node, (tree.For, tree.Repeat, tree.When)):
            todo.append(node.body)
        elif isinstance(node, tree.Apply) and isinstance(node.value, tree.If):
            todo.append(node.value)
        elif isinstance(node, tree.If):
            todo.extend(branch for branch in (node.no, node.yes) if branch is not None)
        else:
            names = node.targets if isinstance(node, tree.Bind) else labels(node)
            for name in names:
                places.setdefault(name.text, name.span)
    return places
