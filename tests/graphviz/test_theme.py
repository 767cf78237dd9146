from __future__ import annotations

import re
from itertools import combinations
from math import cbrt, dist

import pytest

from cnndsl.backends.graphviz.labels import KINDS
from cnndsl.layers.base import Group
from cnndsl.theme import DARK, LIGHT, Theme, in_the_dark

LEAST = 4.5

themes = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    red, green, blue = linear(colour)
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


# What is left of linear RGB where one kind of cones is missing: G. M. Machado, M. M. Oliveira and L. A. F. Fernandes,
# "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, severity 1.0.
SIGHTS = {
    "all cones": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
SEEN = 0.035
"""The distance in Oklab from which on two colours are told apart in a picture; side by side, 0.02 is."""

Triple = tuple[float, float, float]


def times(matrix: tuple[Triple, ...], vector: Triple) -> Triple:
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def linear(colour: str) -> Triple:
    """The linear RGB of a colour."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def oklab(rgb: Triple) -> Triple:
    """Linear RGB in B. Ottosson's Oklab, in which distances are as large as they look."""
    to_cones = (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
    from_cones = (
        (0.2104542553, 0.793617785, -0.0040720468),
        (1.9779984951, -2.428592205, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.808675766),
    )
    long, middle, short = times(to_cones, rgb)
    return times(from_cones, (cbrt(long), cbrt(middle), cbrt(short)))


def difference(one: str, other: str, sight: str) -> float:
    """How different two colours look."""
    return dist(*(oklab(times(SIGHTS[sight], linear(colour))) for colour in (one, other)))


def test_differences_are_measured_right() -> None:
    assert difference("#000000", "#FFFFFF", "all cones") == pytest.approx(1, abs=1e-3)
    assert difference("#C8502D", "#7D7D22", "deuteranopia") < 0.5 * difference("#C8502D", "#7D7D22", "all cones")


@themes
@pytest.mark.parametrize("sight", SIGHTS)
def test_kinds_differ_for_every_eye(theme: Theme, sight: str) -> None:
    for one, other in combinations(KINDS, 2):
        a, b = theme.tints[one], theme.tints[other]
        most = max(difference(a.fill, b.fill, sight), difference(a.line, b.line, sight))
        assert most >= SEEN, (one, other, most)
