"""Learned tensors have no batch: what is made of them has none either, and what needs one refuses them."""

from __future__ import annotations

import pytest
import torch

import cnndsl
from cnndsl.ir.program import Program
from cnndsl.layers.base import Layer
from cnndsl.layers.registry import KINDS
from tests.layers.oracle import call
from tests.running import build, program_of

BLOCKS = """
block Scale(x) { input * x }
block Square { it * it }
block Wide { reshape(input, [1, 1, 8]) }
block Own { output input, parameter([8, 1, 1]) }
"""


def network(lines: str, sizes: str = "8, 32, 32") -> str:
    return f"{BLOCKS}network Net {{ input({sizes}); p = parameter([8, 32, 32]); c = parameter([8, 1, 1]); {lines} }}"


@pytest.mark.parametrize(
    "lines",
    [
        "softmax(p) + it",
        "concat(it, p)",
        "concat(p, p, axis=2) + it",
        "mean(p, [2, 3])",
        "max(p, axis=1, keepdim=true) + it",
        'p -> layernorm(axis="channels")',
        "p -> flatten",
        "p -> linear(3)",
        "p -> conv(8, 1)",
        "p -> Square -> batchnorm",
        "p -> { relu -> conv(8, 1) }",
        "(c + c) -> global_avgpool",
        "upsample(it, like=p)",
        "upsample(p, like=it)",
        "a, b = split(p, 2); a * it",
        "a, b = it -> Own; concat(a, b)",
        "c -> relu(inplace=true) -> Scale(it)",
        "c -> stochastic_depth(0.5)",
        "c -> prelu(8)",
        "p -> glu",
        "r = reshape([8, 1024]); p -> r",
        "c -> Wide",
    ],
)
def test_what_takes_the_first_axis_for_the_batch_is_refused(lines: str) -> None:
    found = cnndsl.compile(network(lines))
    assert [problem.code for problem in found.diagnostics if problem.code.startswith("E")] == ["E316"]


@pytest.mark.parametrize(
    ("lines", "sizes"),
    [
        ("p", "8, 32, 32"),
        ("output it, c", "8, 32, 32"),
        ("p -> Square", "8, 32, 32"),
        ("p + it", "32"),  # the channels would lie beside the batch
        ("p + it", "32, 32"),
        ("parameter([2, 8, 1, 1]) + it", "8, 32, 32"),
        ("parameter([1, 1, 8, 1, 1]) + it", "8, 32, 32"),
    ],
)
def test_the_batch_stays_the_first_axis(lines: str, sizes: str) -> None:
    found = cnndsl.compile(network(lines, sizes))
    assert [problem.code for problem in found.diagnostics if problem.code.startswith("E")] == ["E316"]


@pytest.mark.parametrize(
    ("lines", "size"),
    [
        ("p + it", (8, 32, 32)),
        ("it * parameter([])", (8, 32, 32)),
        ("it - parameter([32])", (8, 32, 32)),
        ("parameter([1, 8, 1, 1]) / (it * it + 1)", (8, 32, 32)),
        ("it -> Scale(c)", (8, 32, 32)),
        ("it * reshape(parameter([8], init=2), [-1, 1, 1])", (8, 32, 32)),
        ("it * reshape(parameter([4, 2], init=2), [1, 8, 1, 1])", (8, 32, 32)),
        ("it + (parameter([32], init=2) -> reshape([32, 1]))", (8, 32, 32)),
        ("c -> Scale(it)", (8, 32, 32)),
        ("sigmoid(c) * it + (c -> tanh)", (8, 32, 32)),
        ("it + (c -> { relu -> silu }) * (c + parameter([]))", (8, 32, 32)),
        ("it * (1 + 2 * c - c / 3)", (8, 32, 32)),
        ("softmax(0 * global_avgpool(it) + c) * it", (8, 32, 32)),
        ("a, b = it -> Own; a * b", (8, 32, 32)),
        ("global_avgpool(it) * p", (8, 32, 32)),
        ("(it -> linear(3)) + parameter([3])", (3,)),
    ],
)
def test_sizes_are_those_of_pytorch(lines: str, size: tuple[int, ...]) -> None:
    text = network(lines)
    assert tuple(map(int, program_of(text).network().output_shapes[0])) == size
    assert tuple(build(text)(torch.randn(3, 8, 32, 32)).shape) == (3, *size)


def test_what_has_no_batch_is_told_in_the_program() -> None:
    network_ = program_of(network("a, b = it -> Own; (c + c) * sigmoid(b) * a")).network()
    made = [network_.lacks_batch(step.outputs) for step in network_.steps]
    assert made == [(True,), (True,), (False, True), (True,), (True,), (True,), (False,)]
    again = Program.model_validate_json(program_of(network("c * it")).model_dump_json())
    assert again.network().unbatched == program_of(network("c * it")).network().unbatched == (1, 2)


def test_a_block_is_one_thing_with_a_batch_and_another_without() -> None:
    text = network("it -> Square -> Scale(c -> Square)")
    modules = [module for module in program_of(text).modules.values() if module.name == "Square"]
    assert {bool(module.unbatched) for module in modules} == {False, True}
    build(text)(torch.randn(2, 8, 32, 32))


@pytest.mark.parametrize("kind", [kind for kind, layer in KINDS.items() if layer.pointwise])
def test_pointwise_layers_do_the_same_whatever_the_first_axis_is(kind: str) -> None:
    layer: Layer = KINDS[kind](**({"threshold": 0.5, "value": 2} if kind == "threshold" else {}))
    x = torch.randn(3, 4, 5)
    spelling = layer.function((4, 5))
    assert spelling is not None
    whole = call(spelling, x, False)
    for at in range(3):
        torch.testing.assert_close(call(spelling, x[at], False), whole[at])


def test_expand_gives_a_parameter_the_batch_of_what_flows() -> None:
    text = "network Net { input(4, 6); token = parameter([1, 6], init=1); concat(expand(token), it, axis=1) }"
    module = build(text)
    assert module(torch.zeros(3, 4, 6)).sum(dim=(1, 2)).tolist() == [6, 6, 6]


@pytest.mark.parametrize(
    ("size", "sizes", "shape"),
    [
        ("[1, 1, 6]", "[-1, -1]", (1, 6)),  # the first axis is where the batch will be
        ("[1, 1, 6]", "[4, 6]", (4, 6)),
        ("[1, 6]", "[-1, -1]", (1, 6)),
        ("[1, 6]", "[4, -1]", (4, 6)),
        ("[6]", "[2, 6]", (2, 6)),
        ("[]", "[2, 3]", (2, 3)),
        ("[1]", "[-1]", (1,)),
    ],
)
def test_expand_gives_a_parameter_the_sizes_of_pytorch(size: str, sizes: str, shape: tuple[int, ...]) -> None:
    text = f"network Net {{ input(4, 6); p = parameter({size}, init=normal); output expand(p, {sizes}), it -> relu }}"
    y = build(text)(torch.zeros(3, 4, 6))[0]
    assert tuple(y.shape) == (3, *shape)
    assert torch.equal(y[0], y[2])
    assert tuple(map(int, program_of(text).network().output_shapes[0])) == shape


@pytest.mark.parametrize(
    ("size", "sizes"),
    [("[2, 1, 6]", "[-1, -1]"), ("[1, 1, 1, 6]", "[-1, -1]"), ("[6]", "[-1, 6]"), ("[6]", "[5]"), ("[1, 6]", "[0, 6]")],
)
def test_expand_refuses_what_pytorch_does(size: str, sizes: str) -> None:
    text = f"network Net {{ input(4, 6); p = parameter({size}); output expand(p, {sizes}), it -> relu }}"
    assert [each.code for each in cnndsl.compile(text).diagnostics] == ["E306"]
