"""Runs the networks of a text that was accepted, forward and backward, beside what the compiler says of them."""

from __future__ import annotations

import sys
import warnings

import pytest
import torch
from torch import Tensor, nn

from cnndsl.analysis import costs
from cnndsl.analysis.shapes import infer
from cnndsl.compilation import Compilation
from cnndsl.ir.program import Call, Module, OpenSize, Program
from cnndsl.layers.formula import SizeError
from cnndsl.symbolic.number import is_open, value_of
from tests.running import BATCH, count, derived_sizes, same_sizes, sample, seen_sizes, size_of, tensors_of

MOST_NETWORKS = 3
MOST_PARAMETERS = 300_000
MOST_MACS = 20_000_000
MOST_MEMORY = 20_000_000
"""Bytes of the values of a network that is run."""
MOST_STEPS = 300


def run(compilation: Compilation, *, serve: bool) -> int:
    """Run each network that is small enough in evaluation and in training, with `serve` also in its form for serving.

    Returns how many were run. Raises AssertionError where what happens is not what the compiler says, and what PyTorch
    raises.
    """
    program = compilation.program
    assert program is not None
    if any(program.externs()):
        _needs_leave(compilation)
        return 0
    done = 0
    with warnings.catch_warnings(action="ignore"):  # PyTorch's, of speed and of what it will change
        for key in program.networks[:MOST_NETWORKS]:
            closed = _closed(program, program.modules[key])
            if closed is not None and _is_small(closed):
                model = _train(compilation, closed)
                if serve:
                    _serve(compilation, closed, model)
                done += 1
    return done


def _needs_leave(compilation: Compilation) -> None:
    """What is from elsewhere is not imported."""
    with pytest.raises(ImportError, match="E008"):
        compilation.load(allow_extern=())


def _closed(program: Program, network: Module) -> Program | None:
    """The program with this network alone, its open sizes filled; None where none of the sizes that are tried fits."""
    program = program.model_copy(update={"networks": (network.id,)})
    if not any(is_open(dim) for shape in network.input_shapes for dim in shape):
        return program
    rules = {rule.symbol: rule for rule in network.open}
    for wanted in (9, 16, 33):
        shapes = [
            tuple(_fitting(rules.get(str(dim)), wanted) if is_open(dim) else value_of(dim) for dim in shape)
            for shape in network.input_shapes
        ]
        try:
            return infer(program, {network.name: shapes})
        except SizeError:
            continue
    return None


def _fitting(rule: OpenSize | None, wanted: int) -> int:
    """The next size from `wanted` on that a network takes, as far as its rule is known."""
    if rule is None:
        return wanted
    size = max(wanted, rule.minimum or 1)
    return size if rule.multiple is None else size + (rule.rest - size) % rule.multiple


def _is_small(program: Program) -> bool:
    network = program.network()
    cost = costs.of(program, network.id)
    held = costs.memory(program, batch=BATCH)
    return (
        cost.parameters <= MOST_PARAMETERS
        and (cost.macs or 0) <= MOST_MACS
        and max(held.peak or 0, held.kept or 0) <= MOST_MEMORY
        and _steps(program, network, {}) <= MOST_STEPS
    )


def _steps(program: Program, module: Module, known: dict[str, int]) -> int:
    """How many steps one run takes."""
    if module.id not in known:
        inner = (step.action.module for step in module.steps if isinstance(step.action, Call))
        known[module.id] = len(module.steps) + sum(_steps(program, program.modules[key], known) for key in inner if key)
    return known[module.id]


def _train(compilation: Compilation, program: Program) -> nn.Module:
    """A network after one step of training; what flowed has the sizes that the program says."""
    network = program.network()
    made = compilation.load(network.name)
    del sys.modules[made.__module__]  # a run has thousands
    torch.manual_seed(0)
    model = made()
    cost = costs.of(program, network.id)
    assert count(model) == (cost.parameters, cost.trainable, cost.buffers), "other parameters"
    given = sample(program, network)
    for training in (False, True):
        seen, outputs = seen_sizes(model.train(training), given)
        assert same_sizes(seen, derived_sizes(program, network, training=training)), "other sizes"
        promised = [o for o in network.outputs if training or not o.training]
        assert outputs == [tuple(value_of(dim) for dim in network.values[o.value]) for o in promised], "other outputs"
    results = tensors_of(model(*given))
    assert all(isinstance(result, Tensor) and result.shape[0] == BATCH for result in results), "another batch"
    total = sum((result.float().sum() for result in results), torch.zeros(()))
    if total.requires_grad:
        total.backward()  # type: ignore[no-untyped-call]
    return model.eval()


def _serve(compilation: Compilation, program: Program, model: nn.Module) -> None:
    """The form for serving gives what the trained network gives."""
    made = compilation.for_inference().load(program.network().name)
    del sys.modules[made.__module__]
    serving = made.from_trained(model.state_dict())  # type: ignore[attr-defined]
    given = sample(program, program.network())
    with torch.no_grad():
        pairs = zip(tensors_of(model(*given)), tensors_of(serving(*given)), strict=True)
    for one, other in pairs:
        assert size_of(one) == size_of(other), "other sizes when it serves"
        near = torch.isclose(one.float(), other.float(), rtol=1e-2, atol=1e-3, equal_nan=True)
        assert near.all() or not one.isfinite().all(), "other values when it serves"
