"""The generated Python of `models/` is about as long as a person would write it, with a class for each definition."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from cnndsl.ir import nodes
from cnndsl.layers.registry import HELPERS
from tests import compiled
from tests.models.test_models import FILES, MODELS, program_of

MOST_TIMES = 3.3
"""How many lines of Python all files together have, at most, for each line of their texts."""
MOST_LINES = {"resnet.cnn": 205, "efficientnet.cnn": 230, "vgg.cnn": 110, "hrnet.cnn": 540}
COMPUTED = r"""(?:self, )?(?:f"|"\d)"""
"""How the name of a part begins that is no word of the text: a computed one, or a number."""

each_file = pytest.mark.parametrize("file", FILES)


def python_of(file: str) -> str:
    return compiled.python_of(MODELS / file)


def lines(text: str) -> int:
    return sum(bool(line.strip()) for line in text.splitlines())


def classes(file: str) -> list[str]:
    """The classes of a module, without those of layers that PyTorch does not have."""
    found = [node.name for node in ast.parse(python_of(file)).body if isinstance(node, ast.ClassDef)]
    return [name for name in found if name not in HELPERS]


@cache
def written(file: str) -> dict[str, list[str]]:
    """The classes for each definition and variant of a file.

    A definition has one class, or one for each number of values where it is given lists of several lengths; a variant
    has one, but where its own parameters are there only for other variants.
    """
    program = program_of(file)
    found = {}
    for item in program.definitions:
        if isinstance(item, nodes.Definition) and item.file == file:
            lengths = sorted({len(module.inputs) for module in program.modules.values() if module.name == item.name})
            found[item.name] = [f"{item.name}{n}" for n in lengths] if len(lengths) > 1 else [item.name]
        elif isinstance(item, nodes.Variant) and item.file == file:
            found[item.name] = [item.name] if all(each.default is not None for each in item.parameters) else []
    return found


def test_all_files_together_stay_short() -> None:
    """Of those that import nothing and have no class more than once: else the Python is there more often too."""
    texts = {file: (MODELS / file).read_text(encoding="utf-8") for file in FILES}
    alone = [
        file
        for file, text in texts.items()
        if "\nfrom " not in text and all(len(names) <= 1 for names in written(file).values())
    ]
    text = sum(lines(texts[file]) for file in alone)
    python = sum(lines(python_of(file)) for file in alone)
    assert python <= MOST_TIMES * text, f"{python} lines of Python for {text} of text"


@pytest.mark.parametrize(("file", "most"), MOST_LINES.items())
def test_a_family_stays_short(file: str, most: int) -> None:
    assert lines(python_of(file)) <= most


@each_file
def test_there_is_one_class_for_each_definition(file: str) -> None:
    items = [item for item in program_of(file).definitions if isinstance(item, (nodes.Definition, nodes.Variant))]
    imported = {item.name for item in items if item.file != file}
    expected = [name for names in written(file).values() for name in names]
    assert sorted(name for name in classes(file) if name not in imported) == sorted(expected)


@each_file
def test_a_variant_only_passes_arguments_on(file: str) -> None:
    variants = {item.name for item in program_of(file).definitions if isinstance(item, nodes.Variant)}
    found = [node for node in ast.parse(python_of(file)).body if isinstance(node, ast.ClassDef)]
    for node in found:
        if node.name in variants:
            (init,) = (each for each in node.body if isinstance(each, ast.FunctionDef))
            assert init.name == "__init__"
            assert [ast.unparse(line)[:17] for line in init.body] == ["super().__init__("]


@each_file
def test_parts_are_plain_attributes(file: str) -> None:
    """But for those whose names are no words of the text."""
    accesses = re.findall(r"\b(?:getattr|setattr|add_module)\(\s*.{,20}", python_of(file))
    plain = re.compile(rf"\w+\(\s*(?:{COMPUTED}|(?:module|layer), \"begun\")")
    assert [access for access in accesses if not plain.match(access)] == []
