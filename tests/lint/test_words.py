"""Rules know kinds of layers and operations by their words, which nothing else looks up."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from types import ModuleType

import pytest

from cnndsl.layers.arrangement import Index
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.lint.rules import FAMILIES, RULES


def words(family: ModuleType) -> Iterator[str]:
    """The words that the `kind` of something is compared with in a file of rules."""
    for node in ast.walk(ast.parse(inspect.getsource(family))):
        match node:
            case ast.Compare(left=ast.Attribute(attr="kind"), comparators=[ast.Name(id=name)]):
                yield from vars(family).get(name, ())
            case ast.Compare(left=ast.Attribute(attr="kind"), comparators=compared):
                yield from texts(compared)
            case ast.Match(subject=ast.Attribute(attr="kind"), cases=cases):
                yield from texts([case.pattern for case in cases])


def texts(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for inner in (inner for node in nodes for inner in ast.walk(node)):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__.rpartition(".")[2])
def test_what_a_kind_is_compared_with_is_one(family: ModuleType) -> None:
    found = set(words(family))
    assert len(found) > 3
    assert found - {"network", Index.kind} <= {*KINDS, *OPERATIONS}


def test_what_a_rule_wants_to_see_is_a_layer() -> None:
    assert {word for rule in RULES for word in rule.layers} <= set(KINDS)
