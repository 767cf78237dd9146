"""A whole program beside PyTorch: what the compiler says of it, and what its generated module is and does."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import torch
from torch import Tensor, nn

import cnndsl
from cnndsl.analysis import costs
from cnndsl.analysis.receptive_field import outputs
from cnndsl.ir.program import Combine, Leaf, Module, Plain, Program
from cnndsl.layers.arrangement import Arrangement, Index, Select, Unbind
from cnndsl.layers.base import Layer
from cnndsl.layers.operations import Operation
from cnndsl.layers.products import Attention, Matmul
from cnndsl.report.text import render
from cnndsl.symbolic.number import value_of
from tests.analysis.execute import execute
from tests.analysis.measure import Living, kept
from tests.layers.compiled import counted
from tests.running import BATCH, agree, derived_sizes, imported, same_sizes, sample, seen_sizes, tensors_of


def layers_of(program: Program) -> Iterator[Layer]:
    """Every layer of every module."""
    for module in program.modules.values():
        for child in module.children:
            if isinstance(child.unit, Leaf):
                yield child.unit.layer
        for step in module.steps:
            if isinstance(step.action, Plain):
                yield step.action.layer


def goes_its_own_way(layer: Layer) -> bool:
    """Whether gradients are no measure of a field: numbers are overwritten, or a border is made of the map itself.

    Of the windows of a map in a row nothing is said, and of a layer from elsewhere nothing is known.
    """
    own_border = ("reflect", "replicate", "circular")
    return (
        getattr(layer, "inplace", False)
        or layer.kind in ("extern", "unfold", "fold")
        or getattr(layer, "padding_mode", "") in own_border
        or getattr(layer, "mode", "") in own_border
    )


def check(text: str) -> None:
    """Compile a program, build its network, run it. Raises AssertionError where the two do not agree."""
    compilation = cnndsl.compile(text)
    assert compilation.program is not None, "\n" + render(compilation.diagnostics)
    program = compilation.program
    network = program.network()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # of speed
        model = agree(program, imported(compilation.python()), network)
        given = sample(program, network)
        check_training(program, network, model, given)
        check_results(program, network, model, given)
        if any(output.training for output in network.outputs):
            model.training = True  # and not the layers in it, of which some draw numbers
            check_results(program, network, model, given)
            model.training = False
        check_macs(program, network, model, given)
        if not any(goes_its_own_way(layer) for layer in layers_of(program)):
            check_fields(program, model, given)
        check_memory(program, network, model, given)


def fresh(given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Copies: some layers overwrite what they are given."""
    return tuple(tensor.clone() for tensor in given)


def check_training(program: Program, network: Module, model: nn.Module, given: tuple[Tensor, ...]) -> None:
    """The sizes in training, with the parts that are there only then."""
    seen, results = seen_sizes(model.train(), fresh(given))
    model.eval()
    assert same_sizes(seen, derived_sizes(program, network, training=True))
    assert results == [tuple(value_of(dim) for dim in shape) for shape in network.output_shapes]


@torch.no_grad()
def check_results(program: Program, network: Module, model: nn.Module, given: tuple[Tensor, ...]) -> None:
    """The generated `forward` gives what the steps of the program give, one by one."""
    found = tensors_of(model(*fresh(given)))
    expected = execute(program, network, model, fresh(given))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, equal_nan=True)


@torch.no_grad()
def check_macs(program: Program, network: Module, model: nn.Module, given: tuple[Tensor, ...]) -> None:
    """The multiply-accumulates are those that PyTorch's counter sees in convolutions and matrix products."""
    with counted() as counter:
        model(*fresh(given))
    assert costs.of(program, network.id).macs == counter.get_total_flops() / 2 / BATCH


def check_fields(program: Program, model: nn.Module, given: tuple[Tensor, ...]) -> None:
    """Where the gradient of a number in the middle of the first output is not zero, its receptive field is."""
    learning = [tensor.requires_grad_() if tensor.is_floating_point() else tensor for tensor in fresh(given)]
    result = tensors_of(model(*fresh(tuple(learning))))[0][0]
    middle = [size // 2 for size in result.shape]
    number = result[tuple(middle)]
    floating = [tensor for tensor in learning if tensor.is_floating_point()]
    if not floating or not number.requires_grad:
        return
    gradients = torch.autograd.grad(number, floating, allow_unused=True)
    (first, *_) = outputs(program)
    for name, gradient in zip(program.network().inputs, gradients, strict=True):
        if gradient is None or not gradient.isfinite().all():
            continue
        assert name in first or not gradient.any(), f"{name} has a gradient, and is not seen"
        for back, field in enumerate(reversed(first.get(name, ())), 1):
            assert field is not None
            places = gradient[0].movedim(-back, 0).flatten().view(gradient.shape[-back], -1).any(1).nonzero().flatten()
            if places.numel():
                found = (int(places[0]), int(places[-1]))
                said = field.at(0 if field.along is None else middle[field.along])
                assert said is not None
                assert said[0] <= found[0], (field, said, found)
                assert found[1] <= said[1], (field, said, found)


def check_memory(program: Program, network: Module, model: nn.Module, given: tuple[Tensor, ...]) -> None:
    """The peak in inference and what is kept in training, in bytes.

    To the byte, unless numbers are put into another order: then PyTorch may copy them where that is not foreseen.
    """
    said = costs.memory(program, network.name, batch=BATCH)
    held = [*model.parameters(), *model.buffers()]
    living = Living(held)
    with torch.no_grad(), living:
        execute(program, network, model, fresh(given))
    found, _ = kept(lambda: model.train()(*given), held)
    kinds = {layer.kind for layer in layers_of(program)}
    if not kinds.isdisjoint(UNKNOWN):
        return
    copies = any(isinstance(each, COPYING) for each in operations_of(program)) or "bilinear" in kinds
    moved = any(map(reorders, layers_of(program))) or any(isinstance(e, Arrangement) for e in operations_of(program))
    least, most = (1 / COPIED, COPIED) if moved else (1, 1)
    for what, ours, theirs in (("at the peak", said.peak, living.peak), ("kept", said.kept, sum(found.values()))):
        if ours is None:
            assert copies or (what == "at the peak" and "rmsnorm" in kinds)
            continue
        assert least * theirs <= ours <= most * theirs, f"{ours} bytes {what}, PyTorch has {theirs}"


COPYING = (Matmul, Attention, Select, Unbind, Index)
"""Where these are, PyTorch may copy or not, and no figure is known."""
COPIED = 1.5
UNKNOWN = ("extern", "fold", "gru", "lstm", "multihead_attention", "rnn", "unfold")
"""What they need in memory depends on the device, or is not said."""


def operations_of(program: Program) -> list[Operation]:
    """All operations on values."""
    steps = (step for module in program.modules.values() for step in module.steps)
    return [step.action.operation for step in steps if isinstance(step.action, Combine)]


def reorders(layer: Layer) -> bool:
    """Whether numbers may lie in memory in another order than their axes after it."""
    return layer.kind in ("permute", "crop") or getattr(layer, "axis", None) == "channels"
