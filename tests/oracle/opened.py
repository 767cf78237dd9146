"""Drawn programs with their sizes left open: alone and beside others, and beside PyTorch for many sizes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from random import Random
from typing import Any

import torch

import cnndsl
from cnndsl.compilation import Compilation
from cnndsl.ir.program import Module, OpenSize, Program
from cnndsl.layers.formula import Dim, Shape
from cnndsl.report.text import render
from cnndsl.symbolic.number import Traced, evaluate
from tests.oracle.generator import Draft
from tests.running import agree, compiled, imported

Sizes = dict[str, int]
"""A number for each open size, by its name."""
TRIED = 12
"""How many sizes of a network are tried."""
LARGEST = 40


def opened(draft: Draft) -> dict[str, str]:
    """The sizes of the inputs of a drawn program as they are written with all but the channels left open."""
    return {name: ", ".join([str(x[0]), *("?" for _ in x[1:])]) for name, x in draft.inputs.items()}


def check_open(draft: Draft, other: Draft) -> bool:
    """Leave the sizes of two programs open and compare. False where the first needs them to be numbers.

    Raises AssertionError where what is said of it depends on what stands beside it, or is not so in PyTorch.
    """
    rng = Random(str(draft.inputs))  # noqa: S311 - cases for tests are no secrets
    text = draft.blocks + draft.network("Net", opened(draft))
    alone = cnndsl.compile(text)
    if alone.program is None or not alone.program.network().open:
        return False
    check_beside_others(draft, other, alone, rng)
    check_sizes(draft, alone, rng)
    return True


# Beside others


def check_beside_others(draft: Draft, other: Draft, alone: Compilation, rng: Random) -> None:
    """A copy of the network, and another network, change nothing, in whatever order they stand."""
    is_other = apart(other) and keeps_rules(other_text(other)) <= keeps_rules(alone.source.text)
    beside = {"Net": "", "Two": ""} | ({"Other": ""} if is_other else {})
    texts = {name: draft.network(name, opened(draft)) for name in ("Net", "Two")}
    texts["Other"] = renamed(other, other.network("Other", opened(other)))
    order = rng.sample(list(beside), len(beside))
    blocks = draft.blocks + (renamed(other, other.blocks) if "Other" in beside else "")
    together = compiled(blocks + "".join(texts[name] for name in order))
    expected = facts(alone, "Net")
    for name in ("Net", "Two"):
        assert facts(together, name) == expected, f"{name} of {order}"


def apart(draft: Draft) -> bool:
    """Whether a program can be left open too."""
    return cnndsl.compile(other_text(draft)).ok


def keeps_rules(text: str) -> bool:
    """Whether blocks of a text keep with their layers how these begin; each of its networks looks for that then."""
    return "def begun" in cnndsl.compile(text).python()


def other_text(draft: Draft) -> str:
    """The text of a program that is left open beside another."""
    return draft.blocks + draft.network("Other", opened(draft))


def renamed(draft: Draft, text: str) -> str:
    """A text of a program in which its definitions have names that no other program has."""
    for definition in draft.definitions:
        text = re.sub(rf"\b{definition.name}(Inner|Two|Base|Whole|Rows)?\b", rf"{definition.name}\1Beside", text)
    return text


def facts(compilation: Compilation, name: str) -> dict[str, Any]:
    """What is said of a network, whatever it and its parts are called: rules, sizes and the class of the module."""
    program = compilation.program
    assert program is not None
    network = program.network(name)
    lines = compilation.source.text.splitlines()
    rules = [
        (rule.words, [(lines[place.line - 1].replace(f"{name}(", "Net("), place.column) for place in rule.reasons])
        for rule in network.open
    ]
    (written,) = re.findall(rf"^class {name}\(.*?(?=^\S|\Z)", compilation.python(), re.DOTALL | re.MULTILINE)
    return {
        "rules": rules,
        "sizes": [[str(dim) for dim in shape] for shape in all_values(program, network)],
        "class": written.strip().replace(f"class {name}(", "class Net(").replace(f'"""{name}:', '"""Net:'),
    }


def all_values(program: Program, module: Module) -> Iterator[Shape]:
    """The sizes of everything that flows in a module and in its parts, in order."""
    yield from module.values
    for part in module.parts():
        yield from all_values(program, program.modules[part])


# Beside PyTorch


def check_sizes(draft: Draft, alone: Compilation, rng: Random) -> None:
    """The sizes that are said to fit are those for which the network is what is said of it."""
    program = alone.program
    assert program is not None
    network = program.network()
    generated = imported(alone.python())
    for _ in range(TRIED):
        sizes = draw(rng, network.open)
        shapes = {
            name: tuple(sizes.get(str(dim), dim) for dim in shape)
            for name, shape in zip(network.inputs, network.input_shapes, strict=True)
        }
        written = {name: ", ".join(map(str, shape)) for name, shape in shapes.items()}
        known = cnndsl.compile(draft.blocks + draft.network("Net", written))
        where = f"{sizes}: {', '.join(rule.words for rule in network.open)}"
        if fits(network.open, sizes):
            assert known.program is not None, f"{where}\n{render(known.diagnostics)}"
            assert said(program, sizes) == numbers(known.program), where
            with torch.random.fork_rng(), warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # of speed
                agree(known.program, generated, known.program.network())
        elif is_left_open(network.open, sizes):
            continue  # "at least 7, and not every size fits" says nothing of this one
        elif known.program is not None and related(network.open, sizes):  # a size of 1 is repeated instead
            assert said(program, sizes) != numbers(known.program), where


def draw(rng: Random, rules: tuple[OpenSize, ...]) -> Sizes:
    """Sizes, of which many fit."""
    sizes: Sizes = {}
    for rule in rules:
        size = rng.randint(1, LARGEST)
        if rule.minimum and rule.multiple and rng.random() < 0.7:
            size = rule.minimum + rule.multiple * rng.randint(0, 3)
        same = rule.symbol.rstrip("2")
        sizes[rule.symbol] = sizes[same] if same in sizes and rng.random() < 0.8 else size
    return sizes


def fits(rules: tuple[OpenSize, ...], sizes: Sizes) -> bool:
    """Whether the rules say so."""
    return all(
        rule.minimum is not None
        and rule.multiple is not None
        and sizes[rule.symbol] >= rule.minimum
        and sizes[rule.symbol] % rule.multiple == rule.rest
        for rule in rules
    ) and related(rules, sizes)


def is_left_open(rules: tuple[OpenSize, ...], sizes: Sizes) -> bool:
    """Whether the rules do not say if sizes fit: for one of them there is a least size, and no pattern above it."""
    return any(
        rule.multiple is None and rule.minimum is not None and sizes[rule.symbol] >= rule.minimum for rule in rules
    )


def related(rules: tuple[OpenSize, ...], sizes: Sizes) -> bool:
    """Whether relations such as `W = H` are true."""
    relations = (relation.replace(" = ", " == ") for rule in rules for relation in rule.relations)
    return all(eval(relation, {}, dict(sizes)) for relation in relations)  # noqa: S307 - of our own making


def said(program: Program, sizes: Sizes) -> list[tuple[int, ...]]:
    """The sizes of all values of a network, with numbers in place of the open ones."""

    def number(dim: Dim) -> int:
        if not isinstance(dim, Traced) or not dim.is_open:
            return int(dim)
        parameters = {symbol.name: symbol.value for symbol in dim.expr.symbols() if symbol.value is not None}
        return int(evaluate(dim.expr, {**parameters, **sizes}))

    return [tuple(map(number, shape)) for shape in all_values(program, program.network())]


def numbers(program: Program) -> list[tuple[int, ...]]:
    """The sizes of all values of a network that has none left open."""
    return [tuple(map(int, shape)) for shape in all_values(program, program.network())]
