"""Chapters 2 to 7 of the teaching text: what each kind of layer does, shown by running a compiled network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import cnndsl
from cnndsl.analysis import costs
from cnndsl.diagnostics import Severity
from tests.running import build, compiled, program_of

IMAGE = [[2, 2, 1, 2], [1, 1, 2, 1], [1, 2, 1, 0], [1, 0, 0, 1]]


def batch(rows: list[list[int]]) -> Tensor:
    """One picture of one channel."""
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def on_the_image(layer: str) -> list[list[float]]:
    """What a layer makes of the 4 x 4 picture of the text."""
    model = build(f"network Net {{\n    input(1, 4, 4)\n    {layer}\n}}")
    with torch.no_grad():
        result: list[list[float]] = model(batch(IMAGE))[0, 0].tolist()
    return result


def sizes(body: str) -> list[tuple[int, ...]]:
    """The sizes that flow through a network."""
    module = program_of(f"network Net {{\n{body}\n}}").network()
    return [tuple(int(dim) for dim in shape) for shape in module.values]


# Chapter 2: convolution


def test_a_kernel_is_laid_over_the_picture_multiplied_and_summed() -> None:
    assert on_the_image("conv(1, 2, weight=[[1, 0], [0, 1]], bias=false)") == [[3, 4, 2], [3, 2, 2], [1, 2, 2]]


def test_the_first_steps_by_hand() -> None:
    result = on_the_image("conv(1, 2, weight=[[1, 0], [0, 1]], bias=false)")
    assert result[0][0] == 2 * 1 + 2 * 0 + 1 * 0 + 1 * 1
    assert result[0][1] == 2 * 1 + 1 * 0 + 1 * 0 + 2 * 1


def test_a_kernel_of_three_by_three() -> None:
    # The middle of each window less its right neighbour.
    layer = "conv(1, 3, weight=[[0, 0, 0], [0, 1, -1], [0, 0, 0]], bias=false)"
    assert on_the_image(layer) == [[1 - 2, 2 - 1], [2 - 1, 1 - 0]]


def test_a_fixed_kernel_is_not_trained() -> None:
    model = build("network Net { input(1, 4, 4); conv(1, 2, weight=[[1, 0], [0, 1]], bias=false) }")
    assert [parameter.requires_grad for parameter in model.parameters()] == [False]


def test_six_kernels_on_three_channels() -> None:
    text = "network Net { input(3, 32, 32); conv1: conv(6, 5) }"
    assert "self.conv1 = nn.Conv2d(3, 6, 5)" in compiled(text).python()
    conv = build(text).conv1
    assert isinstance(conv, nn.Conv2d)
    assert repr(conv) == repr(nn.Conv2d(3, 6, 5))
    assert conv.weight.shape == (6, 3, 5, 5)


def test_a_kernel_runs_over_all_channels_and_they_are_combined() -> None:
    model = build("network Net { input(2, 4, 4); conv(1, 2, weight=[[1, 0], [0, 1]], bias=false) }")
    first, second = batch(IMAGE), torch.flip(batch(IMAGE), [3])
    with torch.no_grad():
        together = model(torch.cat((first, second), 1))
        alone = [model(torch.cat(pair, 1)) for pair in ((first, 0 * second), (0 * first, second))]
    torch.testing.assert_close(together, alone[0] + alone[1])


# Chapter 3: pooling


@pytest.mark.parametrize("layer", ["maxpool(2, 2)", "maxpool(2)"])
def test_each_region_keeps_its_largest_value(layer: str) -> None:
    assert on_the_image(layer) == [[2, 2], [2, 1]]
    (pool,) = build(f"network Net {{ input(1, 4, 4); {layer} }}").children()
    assert repr(pool) == repr(nn.MaxPool2d(2, 2))


# Chapter 4: padding


def test_without_padding_the_map_shrinks_until_nothing_is_left() -> None:
    lines = "\n".join(["    input(3, 32, 32)", *["    conv(8, 5) -> relu -> maxpool(2)"] * 3])
    compilation = cnndsl.compile(f"network Net {{\n{lines}\n}}")
    (found,) = [d for d in compilation.diagnostics if d.severity is Severity.ERROR]
    assert found.code == "E302"
    assert found.message == "kernel 2×2 does not fit an input of 1 x 1"
    assert found.span is not None
    assert (found.span.text, found.span.position.line) == ("maxpool(2)", 5)


@pytest.mark.parametrize("padding", ["1", '"same"', "[1, 1]"])
def test_padding_keeps_the_size(padding: str) -> None:
    assert sizes(f"input(3, 32, 32)\nconv(8, 3, padding={padding})") == [(3, 32, 32), (8, 32, 32)]


def test_zero_padding_is_a_border_of_zeros() -> None:
    padded = on_the_image("conv(1, 2, padding=1, weight=[[1, 0], [0, 1]], bias=false)")
    bordered = nn.functional.pad(batch(IMAGE), (1, 1, 1, 1))
    kernel = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    assert padded == nn.functional.conv2d(bordered, kernel)[0, 0].tolist()


# Chapter 5: stride


@pytest.mark.parametrize("size", [5, 8, 32])
@pytest.mark.parametrize("kernel", [1, 2, 5])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_formula(size: int, kernel: int, padding: int, stride: int) -> None:
    # H_C = (H_I - H_K + 2D) / S + 1, rounded down where it does not divide; the same for W.
    height = (size - kernel + 2 * padding) // stride + 1
    width = (size + 3 - kernel + 2 * padding) // stride + 1
    body = f"input(1, {size}, {size + 3})\nconv(2, {kernel}, {stride}, {padding})"
    assert sizes(body)[-1] == (2, height, width)
    with torch.no_grad():
        assert build(f"network Net {{\n{body}\n}}")(torch.zeros(1, 1, size, size + 3)).shape == (1, 2, height, width)


def test_where_the_stride_does_not_divide_the_rows_left_over_are_named() -> None:
    compilation = cnndsl.compile("network Net { input(1, 8, 8); conv(2, 3, stride=2) -> relu }")
    assert compilation.ok
    (found,) = compilation.diagnostics
    assert found.message == "conv1 never reads the last row and the last column of its input, 1 x 8 x 8"


# Chapter 6: dropout


def test_dropout_drops_a_share_in_training_and_nothing_in_evaluation() -> None:
    model = build("network Net { input(10000); dropout: dropout(0.5); relu }")
    assert repr(model.dropout) == "Dropout(p=0.5, inplace=False)"
    x = torch.ones(1, 10000)
    assert torch.equal(model(x), x)
    torch.manual_seed(0)
    dropped = model.train()(x)
    assert 0.45 < (dropped == 0).float().mean() < 0.55
    assert set(dropped.unique().tolist()) == {0.0, 2.0}


def test_not_in_the_output_layer() -> None:
    compilation = cnndsl.compile("network Net { input(256); linear(10) -> dropout(0.5) }")
    assert compilation.ok
    (found,) = compilation.diagnostics
    assert found.message.startswith("dropout1 acts on the output of Net")


# Chapter 7: dense layer


def test_the_number_of_inputs_of_a_dense_layer_is_derived() -> None:
    text = "network Net { input(256); fc: linear(10) }"
    assert "self.fc = nn.Linear(256, 10)" in compiled(text).python()
    assert repr(build(text).fc) == repr(nn.Linear(256, 10))
    program = program_of(text)
    assert costs.of(program, program.network().id).parameters == 256 * 10 + 10


def test_three_kinds_of_layers_on_signals_and_on_the_way_up() -> None:
    # Chapter 1: such nets serve language and generation too.
    assert sizes("input(1, 1600)\nconv(8, 80, stride=4)\nmaxpool(4)\nlinear(10)")[-1] == (10,)
    assert sizes("input(16, 8, 8)\nconv_transpose(3, 4, stride=2, padding=1)\ntanh")[-1] == (3, 16, 16)
