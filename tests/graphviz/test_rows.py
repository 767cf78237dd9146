"""Diagrams on paper: no wider than the page, nothing lost where they go on in another row."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree as Tree

import pytest

from cnndsl.backends.graphviz import Diagram
from cnndsl.backends.options import Checked
from cnndsl.ir.program import Program
from cnndsl.render import RenderWarning
from cnndsl.render.paper import Piece, points, rows
from tests.graphviz.support import SVG, program_of

LONG = " -> ".join(["conv(8, 3, padding=1) -> batchnorm -> relu"] * 6)
CHAIN = program_of(f"network Net {{ input(3, 32, 32) -> {LONG} -> linear(10) }}")
BLOCKS = program_of(
    "block Res(n) { x = it; conv(n, 3, padding=1) -> relu -> conv(n, 3, padding=1) -> batchnorm; add(it, x); relu }\n"
    "network Net { input(8, 32, 32); Res(8); Res(8); linear(10) }"
)


def drawn(program: Program, width: str | None) -> Tree.Element:
    made = Diagram("svg", direction="LR", width=width, expand=("*",)).of(Checked(program))
    return Tree.fromstring(made)  # noqa: S314 - our own


def boxes(root: Tree.Element) -> Counter[str]:
    """What the tooltips of boxes say, without their place in the text."""
    groups = [group for group in root.iter(f"{SVG}g") if group.get("class", "").startswith("node")]
    return Counter("".join(group.itertext()).strip() for group in groups)


@pytest.mark.parametrize("width", ["17cm", "8.5cm", "170mm", "6in", "500pt", "500px"])
def test_no_wider_than_the_page(width: str) -> None:
    whole, root = drawn(CHAIN, None), drawn(CHAIN, width)
    assert points(root.get("width", "")) == pytest.approx(points(width), rel=0.2)
    assert points(root.get("width", "")) <= points(width) * 1.001
    assert boxes(root) == boxes(whole)
    unit = points(root.get("width", "")) / float(root.get("viewBox", "").split()[2])
    assert unit * 10 >= 6
    onward = [group for group in root.iter(f"{SVG}g") if group.get("class") == "onward"]
    assert onward
    assert len([group for group in root.iter(f"{SVG}g") if group.get("class") == "row"]) == len(onward)


def test_no_picture_is_enlarged() -> None:
    root = drawn(CHAIN, "3000mm")
    natural = re.findall(r"[\d.]+", drawn(CHAIN, None).get("viewBox", ""))[2]
    assert points(root.get("width", "")) == pytest.approx(float(natural), rel=0.01)


def test_a_frame_is_cut_last() -> None:
    """Where all of a block has room in a row it is not divided, and each of its boxes is there once."""
    root = drawn(BLOCKS, "24cm")
    assert boxes(root) == boxes(drawn(BLOCKS, None))
    assert [text.text for text in root.iter(f"{SVG}text")].count("Res") == 2


def test_letters_that_are_too_small_are_told() -> None:
    with pytest.warns(
        RenderWarning, match=r"4cm wide, the smallest text is \d\.\d pt high, and in print 6 pt are needed"
    ):
        drawn(BLOCKS, "4cm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn(CHAIN, "17cm")


@pytest.mark.parametrize("room", [10, 25, 60, 1000])
def test_rows_are_few_and_about_equal(room: int) -> None:
    pieces = [Piece(at * 10, at * 10 + 9) for at in range(12)]
    bounds = [0, *rows(pieces, room), len(pieces)]
    widths = [pieces[end - 1].end - pieces[start].start for start, end in pairwise(bounds)]
    assert max(widths) <= room
    assert len(widths) == -(-12 // ((room + 1) // 10))
    assert len(rows([*pieces, Piece(120, 5000)], room)) == 1  # all others are as wide as the one that must be


@pytest.mark.parametrize("given", ["17", "cm", "-3cm", "17 furlongs", "0mm", "1e9cm", ""])
def test_what_is_no_length(given: str) -> None:
    with pytest.raises(ValueError, match=r"takes a number with its unit, cm, mm, in, pt, px, as in 17cm, and not"):
        points(given)
