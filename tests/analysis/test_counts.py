"""Costs against PyTorch: its own parameters and buffers, and multiply-accumulates from the sizes that pass through."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnndsl.analysis import costs
from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.ir.program import Program
from cnndsl.source import Source
from tests.running import imported

REFERENCE = """
network Net {
    input(3, 32, 32)
    conv1 = conv(8, 5)
    conv2 = conv(16, 5)
    pool = maxpool(2, 2)
    dropout = dropout(0.5)
    relu = relu
    fc1 = linear(256)
    fc2 = linear(10)
    conv1 -> relu -> pool
    conv2 -> relu -> pool
    fc1 -> relu -> dropout -> fc2
}
"""
SHARED = """
block Twice(channels) {
    once = { conv(channels, 3, padding=1) -> batchnorm -> relu }
    once -> once
}
network Net {
    input(4, 9, 9)
    twice = Twice(4)
    twice -> maxpool(2) -> twice
    twice
}
"""
KINDS = """
network Net {
    input(6, 12, 12)
    conv(12, 3, groups=3, stride=2, padding=1, dilation=2)
    conv_transpose(4, 3, stride=2, output_padding=1)
    prelu -> batchnorm(affine=false) -> groupnorm(2) -> instancenorm(affine=true)
    conv(2, [1, 3], padding="same", bias=false)
    a = it -> conv(2, 1)
    concat(it, a) + 1
    flatten -> linear(7) -> linear(3, bias=false)
}
"""
SIGNAL = "network Net { input(2, 50); conv(4, 5, stride=3) -> relu -> conv(4, 1) -> global_avgpool -> linear(2) }"
VOLUME = "network Net { input(1, 6, 7, 8); conv(2, 3) -> maxpool(2) -> linear(2) }"
GIVEN = """
network Net {
    input(1, 4, 4)
    conv(2, 2, weight=[[1, 0], [0, 1]])
    conv(2, 1, weight=[[1]], bias=[0, 1], trainable=true)
    conv(2, 1, weight=[[1]], bias=[0, 1])
}
"""
RESIDUAL = """
block Unit(channels, stride = 1) {
    down = if stride != 1 { conv(channels, 1, stride=stride) }
    conv(channels, 3, stride=stride, padding=1) -> batchnorm -> relu
    it + (input -> down)
}
network Net { input(3, 16, 16); Unit(8, stride=2) -> Unit(8) * 3 -> Unit(16, 2) -> linear(10) }
"""
AUXILIARY = """
block Head(classes) { conv(4, 3, stride=2) -> relu -> linear(classes) }
network Net {
    input(3, 12, 12)
    conv(4, 3) -> relu
    when training { aux = it -> Head(3) }
    logits = it -> maxpool(2) -> linear(3)
    output logits, aux when training
}
"""
TEXTS = {
    "reference": REFERENCE, "shared": SHARED, "kinds": KINDS, "signal": SIGNAL,
    "volume": VOLUME, "given": GIVEN, "residual": RESIDUAL, "auxiliary": AUXILIARY,
}  # fmt: skip


def compiled(text: str) -> Compilation:
    compilation = compile_source(Source("net.cnn", text))
    assert compilation.ok, compilation.diagnostics
    return compilation


def program_of(text: str) -> Program:
    program = compiled(text).program
    assert program is not None
    return program


def real(compilation: Compilation) -> nn.Module:
    """The network itself, made from its generated module."""
    net = imported(compilation.python()).Net()
    assert isinstance(net, nn.Module)
    return net


def counted_macs(net: nn.Module, shape: tuple[int, ...]) -> int:
    """Multiply-accumulates for one sample, from the weights and the sizes that hooks see."""
    total = 0

    def hook(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        weight = module.get_parameter("weight")
        if isinstance(module, nn.Linear):
            total += weight.numel() * (output.numel() // output.shape[-1])
        elif module.__class__.__name__.startswith("ConvTranspose"):
            total += inputs[0].numel() * weight[0].numel()  # each input number meets all that its kernel holds
        else:
            total += output.numel() * weight[0].numel()

    for module in net.modules():
        if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
            module.register_forward_hook(hook)
    with torch.no_grad():
        net.eval()(torch.zeros(1, *shape))
    return total


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_against_the_real_network(text: str) -> None:
    compilation = compiled(text)
    program = program_of(text)
    net = real(compilation)
    top = program.network()
    shape = tuple(int(dim) for dim in top.input_shapes[0])
    assert costs.of(program, top.id) == costs.Cost(
        parameters=sum(p.numel() for p in net.parameters()),
        trainable=sum(p.numel() for p in net.parameters() if p.requires_grad),
        buffers=sum(b.numel() for b in net.buffers()),
        macs=counted_macs(net, shape),
    )


def test_the_reference_net() -> None:
    assert costs.of(program_of(REFERENCE), "Net") == costs.Cost(109_050, 109_050, 0, 895_360)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_rows_add_up(text: str) -> None:
    program = program_of(text)
    rows = [row for row in costs.rows(program) if row.what != "block"]
    total = costs.of(program, program.network().id)
    assert sum(row.parameters for row in rows) == total.parameters
    assert sum(row.macs or 0 for row in rows) == total.macs


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_paths_are_those_of_the_real_network(text: str) -> None:
    compilation = compiled(text)
    paths = {row.path for row in costs.rows(program_of(text)) if row.path}
    applied = {
        name
        for name, module in real(compilation).named_modules()
        if name and not isinstance(module, nn.ModuleList)  # a list is applied part by part
    }
    assert paths == applied


def test_the_order_is_that_of_execution() -> None:
    rows = list(costs.rows(program_of(REFERENCE)))
    assert [row.name or row.word for row in rows] == (
        ["conv1", "relu", "pool", "conv2", "relu", "pool", "flatten", "fc1", "relu", "dropout", "fc2"]
    )
    assert [row.name for row in rows if row.shared] == ["relu", "pool", "relu"]
    assert [row.word for row in rows if row.inserted] == ["flatten"]


def test_what_is_there_in_training_only() -> None:
    rows = [(row.path, bool(row.macs), row.parameters) for row in costs.rows(program_of(AUXILIARY)) if row.training]
    assert rows == [
        ("head1", False, 148 + 195),
        ("head1.conv1", False, 148),
        ("head1.relu1", False, 0),
        ("", False, 0),
        ("head1.linear1", False, 195),
    ]


def test_inside_a_block_that_is_shared_everything_is() -> None:
    rows = [(row.path, row.depth, row.shared, row.parameters) for row in costs.rows(program_of(SHARED))]
    once = [
        ("twice.once", 1, False, 156),
        ("twice.once.0", 2, False, 148),
        ("twice.once.1", 2, False, 8),
        ("twice.once.2", 2, False, 0),
    ]
    again = [(path, depth, True, 0) for path, depth, _, _ in once]
    assert rows == [
        ("twice", 0, False, 156), *once, *again,
        ("maxpool1", 0, False, 0),
        ("twice", 0, True, 0), *again, *again,
        ("twice", 0, True, 0), *again, *again,
    ]  # fmt: skip


def test_a_size_left_open() -> None:
    program = program_of("network Net { input(3, ?, 32); conv(8, 3) -> global_avgpool -> linear(2) }")
    assert costs.of(program, "Net") == costs.Cost(242, 242, 0, None)
    assert [row.macs for row in costs.rows(program)] == [None, 0, 0, 16]


def test_blocks_in_blocks_cost_no_time() -> None:
    """Each block is counted once: 3 ** 8 uses of the innermost, and only ten modules."""
    levels = "".join(f"block B{n + 1} {{ B{n} * 3 }}\n" for n in range(8))
    program = program_of(f"block B0 {{ conv(2, 1) }}\n{levels}\nnetwork Net {{ input(2, 4, 4); B8 }}")
    assert costs.of(program, program.network().id) == costs.Cost(6 * 3**8, 6 * 3**8, 0, 64 * 3**8)
    assert set(costs.table(program)) == set(program.modules)


def test_an_unknown_network() -> None:
    with pytest.raises(KeyError):
        costs.rows(program_of(REFERENCE), "Other")
