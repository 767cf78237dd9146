"""The page about safety names tests that exist, and limits as they are."""

from __future__ import annotations

import ast
import re
from dataclasses import asdict
from importlib import import_module

import pytest

from cnndsl.semantics.values import Limits
from tests.docs.blocks import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)
ROWS = re.findall(r"^\| `([\w.]+)` \| .* \| ([\d,]+) \| .*\|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("path", "name"), TESTS, ids=str)
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert name in names if name else any(found.startswith("test_") for found in names)


def test_every_promise_names_a_test() -> None:
    promises = TEXT[TEXT.index("| promise |") : TEXT.index("## Limits")].strip().splitlines()[2:]
    assert len(promises) > 10
    assert [row for row in promises if "`tests/" not in row] == []


def test_the_limits_are_as_they_are() -> None:
    numbers = {name: int(number.replace(",", "")) for name, number in ROWS}
    named = {name: number for name, number in numbers.items() if "." not in name}
    assert named == asdict(Limits())
    fixed = numbers.keys() - named.keys()
    assert fixed
    for name in fixed:
        module, _, constant = name.rpartition(".")
        assert getattr(import_module(module), constant) == numbers[name], name
