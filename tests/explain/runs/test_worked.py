"""What is said of one number of an output is true: the products add up to what PyTorch computes."""

from __future__ import annotations

from math import fsum
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from cnndsl.diagnostics import OptionError
from cnndsl.layers.formula import SizeError
from cnndsl.layers.registry import KINDS
from cnndsl.tracing.arithmetic import drawings, heading_of_all
from cnndsl.tracing.figure import Window
from cnndsl.tracing.recording import MOST_PLACES
from cnndsl.tracing.windows import MOST_CHANNELS, can_be_worked, worked
from tests.explain.runs.support import KERNEL, WORKED, numbers, ran, step
from tests.layers.oracle import build


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[int, dict[str, Any], int]:
    """The number of axes, the parameters of a convolution, and the channels of its input."""
    rank = draw(st.sampled_from([1, 2]))
    groups = draw(st.sampled_from([1, 1, 2]))
    mode = draw(st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"]))
    return (
        rank,
        {
            "channels": groups * draw(st.integers(1, 3)),
            "kernel": draw(st.integers(1, 4)),
            "stride": draw(st.integers(1, 3)),
            "dilation": draw(st.integers(1, 2)),
            "padding": draw(st.sampled_from([0, 1, 2, "same", "valid"])),
            "padding_mode": mode,
            "groups": groups,
            "bias": draw(st.booleans()),
        },
        groups * draw(st.integers(1, 4)),
    )


def built(kind: str, x: torch.Tensor, parameters: dict[str, Any]) -> tuple[Any, nn.Module]:
    """A layer of the catalogue, and PyTorch's module for it; a case that is refused is not one."""
    try:
        layer = KINDS[kind](**parameters)
        spelling = layer.torch(tuple(x.shape))
        layer.output(tuple(x.shape))
    except (ValueError, SizeError):
        assume(False)
        raise AssertionError from None
    return layer, build(spelling)


def in_its_place(window: Window, x: torch.Tensor) -> None:
    """The channel around a window has the window's numbers where it says, and else those of the input."""
    whole = window.whole
    if whole is None:
        return
    for listed, of_channel in ((window.numbers, whole.numbers), (window.padding, whole.padding)):
        assert listed == tuple(tuple(of_channel[row][column] for column in whole.columns) for row in whole.rows)
    inside = [
        number
        for row, numbers in enumerate(whole.numbers)
        for column, number in enumerate(numbers)
        if not whole.is_padding(row, column)
    ]
    assert inside == x[window.channel].flatten().tolist()


@given(convolutions(), st.data())
@settings(max_examples=60)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_the_products_of_a_convolution_add_up(drawn: tuple[int, dict[str, Any], int], data: st.DataObject) -> None:
    rank, parameters, channels = drawn
    x = torch.randn(channels, *(8,) * rank, generator=torch.Generator().manual_seed(1))
    layer, module = built("conv", x, parameters)
    with torch.no_grad():
        y = module(x[None])[0]
    at = tuple(data.draw(st.integers(0, size - 1)) for size in y.shape)
    found = worked(layer, module, x, y, at)
    assert found is not None
    assert found.result == float(y[at])
    assert len(found.windows) == min(MOST_CHANNELS, channels // parameters["groups"])
    for window in found.windows:
        in_its_place(window, x)
        assert fsum(a * b for a, b in window.terms) == pytest.approx(window.total, abs=1e-6)
        for row, beside in zip(window.numbers, window.padding, strict=True):
            for number, outside in zip(row, beside, strict=True):
                assert outside or number in x[window.channel]
    total = fsum([*(window.total for window in found.windows), found.rest, found.bias or 0.0])
    assert total == pytest.approx(found.result, abs=1e-5)
    assert (found.bias is None) == (not parameters["bias"])


@given(
    st.sampled_from([1, 2]),
    st.sampled_from(["maxpool", "avgpool"]),
    st.fixed_dictionaries(
        {
            "kernel": st.integers(1, 4),
            "stride": st.integers(1, 3),
            "padding": st.integers(0, 2),
            "ceil_mode": st.booleans(),
        }
    ),
    st.data(),
)
@settings(max_examples=50)
def test_a_pooling_looks_at_its_window(rank: int, kind: str, parameters: dict[str, Any], data: st.DataObject) -> None:
    x = torch.randn(2, *(9,) * rank, generator=torch.Generator().manual_seed(2))
    layer, module = built(kind, x, parameters)
    y = module(x[None])[0]
    at = tuple(data.draw(st.integers(0, size - 1)) for size in y.shape)
    found = worked(layer, None, x, y, at)
    if found is None:
        assert kind == "avgpool"  # a mean of fewer numbers than the window has
        assert parameters["padding"] or parameters["ceil_mode"]
        return
    (window,) = found.windows
    in_its_place(window, x)
    cells = [
        (number, outside)
        for row, beside in zip(window.numbers, window.padding, strict=True)
        for number, outside in zip(row, beside, strict=True)
    ]
    if kind == "maxpool":
        assert max(number for number, outside in cells if not outside) == found.result == float(y[at])
    else:
        assert fsum(number for number, _ in cells) / len(cells) == pytest.approx(float(y[at]), abs=1e-4)


def test_the_lesson() -> None:
    """The picture of 4 x 4 with the kernel [[1, 0], [0, 1]], and its first two steps."""
    figure = ran(KERNEL, WORKED, numbers=True)
    shown = step(figure, "conv1")
    assert shown.values[0].maps[0].numbers == ((3, 4, 2), (3, 2, 2), (1, 2, 2))
    (first,) = shown.worked
    assert first.windows[0].terms == ((2, 1), (2, 0), (1, 0), (1, 1))
    assert first.result == 3
    (second,) = step(ran(KERNEL, WORKED, at=(0, 1)), "conv1").worked
    assert second.windows[0].terms == ((2, 1), (1, 0), (1, 0), (2, 1))
    assert second.result == 4


def test_what_is_not_worked_out() -> None:
    x, y = torch.zeros(1, 20, 20), torch.zeros(1, 1, 1)
    assert (
        worked(KINDS["conv"].model_validate({"channels": 1, "kernel": 20}), nn.Conv2d(1, 1, 20), x, y, (0, 0, 0))
        is None
    )
    assert worked(KINDS["maxpool"].model_validate({"kernel": 2}), None, x, y, (0, 1, 0)) is None
    assert not can_be_worked(KINDS["conv"].model_validate({"channels": 1, "kernel": 2}), torch.zeros(1, 4, 4, 4))
    assert not can_be_worked(KINDS["relu"](), x)


def test_a_kernel_that_is_learned_is_worked_out_on_demand() -> None:
    text = "network Net { input(1, 6, 6) -> conv(2, 3) -> maxpool(2) }"
    assert all(not shown.worked for shown in ran(text, numbers(1, 6, 6)).steps)
    figure = ran(text, numbers(1, 6, 6), at=(1, 1, 0))
    assert [each.at for shown in figure.steps for each in shown.worked] == [(1, 1, 0)] * 2


def test_every_number_of_a_channel() -> None:
    shown = step(ran(KERNEL, WORKED, at="all", numbers=True), "conv1")
    assert [each.at for each in shown.worked] == [(0, row, column) for row in range(3) for column in range(3)]
    assert [each.result for each in shown.worked] == [3, 4, 2, 3, 2, 2, 1, 2, 2]
    made = drawings(shown.worked, shown.values[0].channels)
    assert [each.words for each in made][:2] == ["2·1 + 2·0 + 1·0 + 1·1 = 3", "2·1 + 1·0 + 1·0 + 2·1 = 4"]
    # What has come out so far is written, and the rest is not.
    assert [sum(line.count("<text") for line in each.lines) for each in made] == [16 + 1 + k + 1 for k in range(1, 10)]


def test_regions_that_do_not_overlap_are_one_drawing() -> None:
    text = "network Net { input(1, 4, 6) -> maxpool(2) }"
    (shown,) = ran(text, numbers(1, 4, 6), at="all", numbers=True).steps
    (made,) = drawings(shown.worked, shown.values[0].channels)
    assert made.words == heading_of_all(shown.worked) == "Where the 6 numbers of channel 0 come from"
    overlapping = ran(text.replace("maxpool(2)", "maxpool(2, 1)"), numbers(1, 4, 6), at="all", numbers=True)
    assert len(drawings(overlapping.steps[0].worked, ())) == 3 * 5


def test_what_is_too_large_to_show_number_by_number() -> None:
    text = "network Net { input(1, 9, 9) -> conv(2, 1) -> maxpool(2) }"
    figure = ran(text, numbers(1, 9, 9), at="all")
    assert [len(shown.worked) for shown in figure.steps] == [0, 16]
    with pytest.raises(OptionError, match=f"has up to {MOST_PLACES} numbers"):
        ran("network Net { input(1, 9, 9) -> conv(2, 1) }", numbers(1, 9, 9), at="all")
