from __future__ import annotations

import re

import pytest

from cnndsl.backends.diagram.legend import KINDS
from cnndsl.layers.base import Group
from cnndsl.theme import DARK, LIGHT, Theme, in_the_dark

LEAST = 4.5

themes = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_right() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@themes
@pytest.mark.parametrize("kind", [kind for kind in LIGHT.tints if kind != "io"])
def test_texts_on_boxes(theme: Theme, kind: str) -> None:
    tint = theme.tints[kind]
    for colour in (tint.line, theme.text, theme.quiet):
        assert contrast(colour, tint.fill) >= LEAST


@themes
def test_texts_on_inputs_and_outputs(theme: Theme) -> None:
    for colour in (theme.io_text, theme.io_size):
        assert contrast(colour, theme.tints["io"].fill) >= LEAST


@themes
def test_texts_and_arrows_on_the_ground(theme: Theme) -> None:
    names = (theme.heading, theme.text, theme.quiet, theme.flow, theme.skip, theme.size, theme.tints["block"].line)
    for ground in (theme.background, theme.cluster):
        for colour in names:
            assert contrast(colour, ground) >= LEAST


@themes
def test_every_colour_is_written_alike(theme: Theme) -> None:
    assert all(re.fullmatch(r"#[0-9A-F]{6}", colour) for colour in theme.roles().values())


def test_every_light_colour_has_one_dark_colour() -> None:
    assert len(set(LIGHT.roles().values())) == len(LIGHT.roles())
    assert LIGHT.roles().keys() == DARK.roles().keys()
    assert in_the_dark()[LIGHT.background] == DARK.background


def test_every_kind_of_layer_has_a_tint() -> None:
    assert {group.value for group in Group} <= LIGHT.tints.keys()
    assert set(KINDS) == {group.value for group in Group} | {"block"}
