"""Every kind of layer and operation in what works on modules: `torch.fx`, `torch.export` and TorchScript.

Each stands in a small network, as a part with a name and without one, with drawn arguments.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, find, settings
from pydantic import ValidationError
from torch import Tensor, fx, nn

import cnndsl
from cnndsl.layers.formula import SizeError
from cnndsl.layers.registry import KINDS, OPERATIONS
from tests.layers.cases import Case, cases
from tests.layers.compiled import network_of
from tests.layers.oracle import taking
from tests.layers.written import text_of, written
from tests.running import compiled, program_of, sample

_REAL = {"p", "min", "max"}
"""Numbers that TorchScript wants as floats: it tells 1 from 1.0, and PyTorch's classes do not."""


_EITHER = {"crop"}
"""Kinds that take one of two parameters, and not both."""


def _accepted(case: Case) -> bool:
    rows = case.parameters.get("num", 2) if case.kind == "embedding" else 2  # a sample has the numbers 0 and 1
    try:  # which is much less work than to compile what will be refused
        taking(KINDS[case.kind](**case.parameters), case.x).output(case.x)
    except (ValidationError, SizeError):
        return False
    return rows > 1 and cnndsl.compile(network_of(case)).ok


def _drawn(kind: str) -> Case:
    """A case with some arguments, as it is drawn first."""
    options = settings(max_examples=2000, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    least = min(len(KINDS[kind].model_fields) - (kind in _EITHER), 2)
    found = find(cases(kind), lambda case: len(case.parameters) >= least and _accepted(case), settings=options)
    real = {name: float(value) or 0.25 if name in _REAL else value for name, value in found.parameters.items()}
    return replace(found, parameters=real)


def _with_floats(text: str) -> str:
    return text.replace("hardtanh(0, 1)", "hardtanh(-2.0, 2.0)")


def _texts(kind: str) -> Iterator[str]:
    yield f"network Net {{ {_with_floats(KINDS[kind].example)} }}"
    case = _drawn(kind)
    yield network_of(case)
    layer = text_of(case.kind, case.parameters, by_position=len(case.x))
    if 1 in KINDS[kind].takes:
        yield f"network Net {{ input({written(case.x)[1:-1]}); part: {layer} }}"


def _built(text: str, folder: Path) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The network of a text, of a module in a file of its own: TorchScript reads it there.

    Two texts under one name may be taken for one another: Python tells files apart by their size and second.
    """
    path = folder / f"generated_{len(list(folder.iterdir()))}.py"
    path.write_text(compiled(text).python(), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("generated", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    program = program_of(text)
    model: nn.Module = module.Net()
    return model, sample(program, program.network())


def _same(ours: Any, theirs: Any, text: str) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=2e-3, equal_nan=True, msg=lambda told: f"{text}\n{told}")


def _check(text: str, folder: Path) -> None:
    model, inputs = _built(text, folder)
    for training in (True, False):
        model.train(training)
        traced = fx.symbolic_trace(model)
        with torch.no_grad():
            torch.manual_seed(0)
            expected = model(*inputs)
            torch.manual_seed(0)
            _same(traced(*inputs), expected, text)
    exported = torch.export.export(model, inputs).module()
    with torch.no_grad():
        _same(exported(*inputs), expected, text)
    if any(name.endswith("._u") for name, _ in model.named_buffers()):
        return  # TorchScript cannot read PyTorch's own class for the spectral norm
    for training in (True, False):
        model.train(training)
        with warnings.catch_warnings():  # it is deprecated, and still used
            warnings.simplefilter("ignore", DeprecationWarning)
            script = torch.jit.script(model)
        with torch.no_grad():
            torch.manual_seed(0)
            expected = model(*inputs)
            torch.manual_seed(0)
            _same(script(*inputs), expected, text)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_layer(kind: str, tmp_path: Path) -> None:
    for text in _texts(kind):
        _check(text, tmp_path)


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
def test_an_operation(kind: str, tmp_path: Path) -> None:
    _check(f"network Net {{ {OPERATIONS[kind].example} }}", tmp_path)
