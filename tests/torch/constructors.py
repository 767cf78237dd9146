"""A constructor's arguments beside the same text compiled with the same settings: keys, calls, sizes and values."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

import cnndsl
from cnndsl.program import Leaf, Module, Program, Use
from cnndsl.traced import value_of
from tests.costs.execute import execute
from tests.running import derived_sizes, imported, sample, seen_sizes, tensors_of

Keys = list[tuple[str, tuple[int, ...]]]


def keys(program: Program, module: Module, prefix: str = "") -> Iterator[tuple[str, tuple[int, ...]]]:
    """The keys and shapes of a state dictionary, as the program says; PyTorch has a module's own tensors first."""
    own = [child for child in module.children if _is_tensor(child.unit)]
    for child in [*own, *(child for child in module.children if not _is_tensor(child.unit))]:
        if isinstance(child.unit, Use):
            yield from keys(program, program.modules[child.unit.module], f"{prefix}{child.name}.")
            continue
        for tensor in child.unit.layer.tensors(child.unit.x):
            path = ".".join(filter(None, (f"{prefix}{child.name}", tensor.name)))
            yield path, tuple(value_of(dim) for dim in tensor.shape)


def _is_tensor(unit: Leaf | Use) -> bool:
    return isinstance(unit, Leaf) and unit.layer.kind == "parameter"


def compare(program: Program, network: Module, model: nn.Module, *, runs: bool) -> None:
    """Raise AssertionError where a network is not what the program says."""
    if not any(layer.kind == "extern" for layer in program.externs()):
        assert [(key, tuple(value.shape)) for key, value in model.state_dict().items()] == list(keys(program, network))
    if not runs:
        return
    given = sample(program, network)
    for training in (True, False):
        seen, _ = seen_sizes(model.train(training), tuple(tensor.clone() for tensor in given))
        assert seen == derived_sizes(program, network, training=training)
    with torch.no_grad():
        found = tensors_of(model(*(tensor.clone() for tensor in given)))
        expected = execute(program, network, model, tuple(tensor.clone() for tensor in given))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, equal_nan=True)


def others(value: Any) -> list[Any]:
    """Values of a parameter beyond the one that it has."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(1, value - 1), 2 * value]
    if isinstance(value, float):
        return [value * 1.5, value / 2, 0.25]
    if isinstance(value, list) and value and all(type(item) is int for item in value):
        return [value[::-1], value[:-1] or value, [*value, value[-1]], [item + 1 for item in value]]
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return [value[:-1] or value, [*value, value[-1]]]
    return []


def check(text: str | Path, *, runs: bool = True, most: int = 1000) -> int:
    """Construct the networks of a text with drawn arguments; how many the compiler took.

    Raises AssertionError where one is not the text compiled with the same settings.
    """
    program = _program(text)
    module = imported(cnndsl.compile(text).python())
    tried = 0
    for key in program.networks:
        network = program.modules[key]
        made = getattr(module, network.name)
        names = inspect.signature(made.__init__).parameters
        with warnings.catch_warnings(), torch.device("cpu" if runs else "meta"):
            warnings.simplefilter("ignore")
            compare(program, network, made(), runs=runs)
        for parameter in network.parameters:
            for value in others(parameter.value) if parameter.name in names else ():
                compilation = cnndsl.compile(text, settings={parameter.name: value})
                if compilation.program is None or tried == most:
                    continue
                with warnings.catch_warnings(), torch.device("cpu" if runs else "meta"):
                    warnings.simplefilter("ignore")
                    model = made(**{parameter.name: value})
                    compare(compilation.program, compilation.program.network(network.name), model, runs=runs)
                tried += 1
    return tried


def _program(text: str | Path) -> Program:
    program = cnndsl.compile(text).program
    assert program is not None
    return program
