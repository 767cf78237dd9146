"""Tensors as maps, curves and rows of features."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import torch
from PIL import Image

from cnndsl.tracing import pixels, values
from cnndsl.tracing.figure import BLANK, LEVELS, Map, is_short, short


def test_a_map_has_zero_in_the_middle_and_its_bound_at_the_end() -> None:
    (shown,) = values.shown(torch.tensor([[[0.0, 2.0], [-4.0, 1.0]]]), 8).maps
    assert (shown.channel, shown.width, shown.height) == (0, 2, 2)
    assert (shown.low, shown.high, shown.bound) == (-4, 2, 4)
    assert list(shown.levels) == [LEVELS, LEVELS + round(LEVELS / 2), 0, LEVELS + round(LEVELS / 4)]


def test_a_map_of_zeros_is_all_zero() -> None:
    (shown,) = values.shown(torch.zeros(1, 2, 3), 8).maps
    assert list(shown.levels) == [LEVELS] * 6
    assert (shown.low, shown.high) == (0, 0)


def test_what_is_not_finite_is_blank_and_counted() -> None:
    value = values.shown(torch.tensor([[[float("nan"), float("inf")], [1.0, -2.0]]]), 8)
    assert value.odd == 2
    assert list(value.maps[0].levels)[:2] == [BLANK, BLANK]
    assert (value.maps[0].low, value.maps[0].high) == (-2, 1)
    only = values.shown(torch.full((1, 2, 2), float("nan")), 8)
    assert (only.odd, only.maps[0].low, only.maps[0].high) == (4, 0, 0)


def test_channels_are_bounded_and_counted() -> None:
    value = values.shown(torch.rand(20, 5, 4), 8)
    assert [shown.channel for shown in value.maps] == list(range(8))
    assert value.left_out == 12
    assert values.shown(torch.rand(8, 5, 4), 8).left_out == 0


def test_few_maps_are_larger() -> None:
    large = torch.rand(4, 500, 500)
    assert values.shown(large, 8).maps[0].width == values.SIDE
    assert not values.shown(large, 8).is_few
    for few in (values.shown(large[:3], 8), values.shown(large, 3)):
        assert few.maps[0].width == 2 * values.SIDE
        assert few.is_few
    assert not values.shown(torch.rand(3), 8).is_few


def test_a_large_map_is_averaged_down() -> None:
    channel = torch.arange(4.0).repeat_interleave(96).expand(192, 384)
    shown = values.shown(channel.expand(4, -1, -1), 8, side=4).maps[0]
    assert (shown.width, shown.height) == (4, 2)
    assert list(shown.levels)[:4] == [LEVELS + round(LEVELS * k / 3) for k in range(4)]
    assert (shown.low, shown.high) == (0, 3)


@pytest.mark.parametrize("shape", [(70,), (70, 1, 1), (70, 1)])
def test_features_stand_in_rows(shape: tuple[int, ...]) -> None:
    value = values.shown(torch.ones(shape), 8)
    (shown,) = value.maps
    assert value.is_features
    assert (shown.channel, shown.width, shown.height) == (None, 64, 2)
    assert shown.levels.count(BLANK) == 2 * 64 - 70
    assert values.shown(torch.ones(values.MOST_FEATURES + 7), 8).left_out == 7


def test_a_curve_has_the_ends_of_each_column() -> None:
    signal = torch.arange(1000.0) % 100
    value = values.shown(torch.stack([signal, -signal]), 1)
    (curve,) = value.curves
    assert value.left_out == 1
    assert len(curve.columns) == values.COLUMNS
    assert (curve.low, curve.high) == (0, 99)
    assert curve.columns[0] == (0, 3)
    short_one = values.shown(torch.tensor([[1.0, -2.0, 5.0]]), 1).curves[0]
    assert short_one.columns == ((1, 1), (-2, -2), (5, 5))


def test_of_a_volume_the_middle_is_shown() -> None:
    volume = torch.zeros(2, 6, 3, 4)
    volume[:, 3] = 1
    value = values.shown(volume, 8)
    assert value.cut == "slice 3 of 6 of the depth"
    assert value.shape == (2, 6, 3, 4)
    assert all(set(shown.levels) == {2 * LEVELS} for shown in value.maps)


def test_numbers_are_kept_where_they_can_be_read() -> None:
    small, large = torch.arange(9.0).view(1, 3, 3), torch.zeros(1, 13, 3)
    assert values.shown(small, 8, numbers=True).maps[0].numbers == ((0, 1, 2), (3, 4, 5), (6, 7, 8))
    assert values.shown(small, 8).maps[0].numbers == ()
    assert values.shown(large, 8, numbers=True).maps[0].numbers == ()
    assert values.shown(torch.arange(3.0), 8, numbers=True).maps[0].numbers == ((0, 1, 2),)
    assert values.shown(torch.arange(3.0)[None], 8, numbers=True).curves[0].numbers == (0, 1, 2)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.int64, torch.bool])
def test_numbers_of_any_type_are_shown(dtype: torch.dtype) -> None:
    (shown,) = values.shown(torch.tensor([[[0, 1], [1, 1]]]).to(dtype), 8).maps
    assert list(shown.levels) == [LEVELS, *[2 * LEVELS] * 3]


def test_a_png_has_the_colours_of_its_levels() -> None:
    levels = bytes([0, LEVELS, 2 * LEVELS, BLANK, 5, 100])
    picture = Image.open(io.BytesIO(pixels.png_of(Map(0, 3, 2, levels, -1, 1)))).convert("RGBA")
    assert picture.size == (3, 2)
    found = [picture.getpixel((x, y)) for y in range(2) for x in range(3)]
    assert found[3][3] == 0  # type: ignore[index]
    wanted = [(*pixels.PALETTE[level], 255) for level in levels if level != BLANK]
    assert [colour for k, colour in enumerate(found) if k != 3] == wanted
    assert found[1] == (255, 255, 255, 255)


def _lightness(colour: tuple[int, int, int]) -> float:
    red, green, blue = colour
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("side", [lambda level: LEVELS + level, lambda level: LEVELS - level], ids=["above", "below"])
def test_a_stronger_colour_is_a_darker_one(side: Callable[[int], int]) -> None:
    """For readers who do not tell the hues, and for paper."""
    found = [_lightness(pixels.PALETTE[side(level)]) for level in range(LEVELS + 1)]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)


def _contrast(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""

    def luminance(colour: tuple[int, int, int]) -> float:
        shares = (c / 255 for c in colour)
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("level", range(-LEVELS, LEVELS + 1))
def test_what_is_written_on_a_colour_can_be_read(level: int) -> None:
    number = level / LEVELS
    red, green, blue = bytes.fromhex(pixels.ink_over(number, 1.0)[1:])
    assert _contrast(pixels.PALETTE[LEVELS + level], (red, green, blue)) >= 4.5


def test_numbers_are_short_and_true() -> None:
    assert [short(number) for number in (3.0, -2.0, 0.5, -0.12345, 1e-9, 99999.0, 1234567.0)] == [
        "3",
        "−2",
        "0.5",
        "−0.123",
        "1e−09",
        "99999",
        "1.23e+06",
    ]
    assert short(-0.12345, 2) == "−0.12"
    assert is_short(0.5)
    assert is_short(-3.0)
    assert not is_short(0.12345)
