from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cnndsl
from cnndsl.analysis.costs.counts import Cost
from cnndsl.backends import captions
from cnndsl.backends.captions import full_size, size_text
from cnndsl.backends.graphviz.labels import shorten
from cnndsl.ir.program import Parameter
from cnndsl.layers.formula import same_size
from cnndsl.symbolic.expr import Expr, Guard, Symbol
from cnndsl.symbolic.number import Traced, evaluate
from tests.graphviz.support import case, picture_of, program_of


def opened() -> tuple[Traced, list[Guard]]:
    """A size left open, and the conditions that it collects."""
    guards: list[Guard] = []
    return Traced(7919, Expr.of(Symbol("H", guards))), guards


def convolved(size: Traced, kernel: int, padding: int, stride: int) -> Traced:
    found = (size - (kernel - 1) - 1 + 2 * padding) // stride + 1
    assert isinstance(found, Traced)
    return found


def test_plain_sizes() -> None:
    assert size_text((8, 28, 28)) == "8×28×28"
    assert size_text((10,)) == "10"
    assert full_size((8, 28, 28)) == "8 × 28 × 28"


def test_open_sizes_are_one_fraction() -> None:
    size, _ = opened()
    assert size_text((3, size)) == "3×H"
    assert size_text((convolved(size, 3, 1, 1),)) == "H"
    assert size_text((convolved(size, 5, 0, 1),)) == "(H−4)"
    assert size_text((size // 2,)) == "H/2"
    assert size_text((2 * size + 1,)) == "(2H+1)"
    assert size_text((size * size,)) == "?"
    assert size_text((2 * (size // 2),)) == "?"


@pytest.mark.parametrize("settings", [(3, 1, 2), (2, 0, 2), (7, 3, 2), (5, 0, 3), (3, 0, 1)])
@pytest.mark.parametrize("more", [(3, 1, 2), (2, 0, 2), (11, 2, 4), (1, 0, 5), (3, 0, 1)])
def test_the_fraction_is_the_size(settings: tuple[int, int, int], more: tuple[int, int, int]) -> None:
    size, _ = opened()
    found = convolved(convolved(size, *settings), *more)
    text = size_text((found,)).replace("−", "-").replace("/", "//")
    for height in range(1, 400):
        value = eval(text.replace("2H", "2*H"), {"H": height})  # noqa: S307 - the text is the one under test
        assert value == evaluate(found.expr, {"H": height})


def test_looking_at_an_open_size_asks_nothing_of_it() -> None:
    size, guards = opened()
    other, _ = opened()
    assert same_size((3, size), (3, other))
    assert not same_size((3, size), (3, size // 2))
    assert not same_size((3, size), (3,))
    assert size_text((size // 2,)) == "H/2"
    assert guards == []


def test_a_picture_of_open_sizes_asks_nothing_of_them() -> None:
    program = case("shared")
    symbols = [s for dim in program.network().values[0][1:] if isinstance(dim, Traced) for s in dim.expr.symbols()]
    before = [list(symbol.guards or ()) for symbol in symbols]
    assert before != []
    picture_of(program)
    assert [list(symbol.guards or ()) for symbol in symbols] == before


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "1 param"), (608, "608 params"), (109_050, "109,050 params")],
)
def test_params(count: int, text: str) -> None:
    assert captions.params(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(18, "72 bytes"), (256, "1.00 KiB"), (109_050, "426 KiB"), (11_689_512, "44.6 MiB"), (10**12, "3.64 TiB")],
)
def test_memory(count: int, text: str) -> None:
    assert captions.memory(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "1 MAC"),
        (895_360, "895,360 MACs"),
        (1_000_000, "1.00 MMACs"),
        (999_600_000, "1.00 GMACs"),
        (1_814_073_344, "1.81 GMACs"),
        (10**19, "10,000 PMACs"),
    ],
)
def test_macs(count: int, text: str) -> None:
    assert captions.macs(count) == text


def test_summary() -> None:
    assert (
        captions.summary(Cost(parameters=109_050, macs=895_360))
        == "109,050 parameters · 426 KiB (fp32) · 895,360 MACs a sample"
    )
    assert captions.summary(Cost(parameters=1, macs=None)) == "1 parameter · 4 bytes (fp32)"
    assert captions.summary(Cost()) == "0 parameters"


def test_arguments_that_say_something() -> None:
    given = [
        Parameter(name="channels", value=64),
        Parameter(name="stride", value=1, default=1),
        Parameter(name="ratio", value=0.2 * 7 / 8, default=1.0),
        Parameter(name="kernel", value=[3, 1]),
        Parameter(name="mode", value="nearest"),
        Parameter(name="bias", value=False),
        Parameter(name="units", value=["a", "b"]),
    ]
    assert captions.arguments(given) == "channels 64, ratio 0.175, kernel [3, 1], mode nearest, bias false"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([64], "x 64"),
        ([64, 64, 64], "x 64"),
        ([2, 1, 1], "x 2 then 1"),
        ([0.0, 0.1, 0.2], "x 0 … 0.2"),
        ([24, 16, 8], "x 24 … 8"),
        ([16, 24, 16], "x 16 to 24"),
        ([1 / 170], "x 0.00588"),
        ([1e-6], "x 1e-6"),
        ([0.1 + 0.2, 12345.678], "x 0.3 then 12346"),
        ([[1, 2], [1, 3], [1, 1 / 3]], "x [1, 2] … [1, 0.333]"),
        (["zeros", "reflect"], "x zeros then reflect"),
        ([["a"], ["b"]], ""),
    ],
)
def test_arguments_of_several_uses(values: list[Any], said: str) -> None:
    uses = [[Parameter(name="x", value=value)] for value in values]
    assert captions.arguments(*uses) == said


@pytest.mark.parametrize(
    ("limit", "shown"),
    [
        (400, "trunk_output.block3.block3-1 … trunk_output.block3.block3-15"),
        (250, "trunk_output.block3.block3-1 … block3-15"),
        (200, "trunk_output.block3.block3-1 … 15"),
        (150, "….block3.block3-1 … 15"),
        (110, "….block3-1 … 15"),
    ],
)
def test_a_range_keeps_both_ends(limit: int, shown: str) -> None:
    names = captions.span([f"trunk_output.block3.block3-{at}" for at in range(1, 16)])
    assert shorten(names, limit, 11) == shown


@pytest.mark.parametrize(
    ("line", "merge"),
    [
        ("it + input", ("+", "")),
        ("it - input", ("−", "")),
        ("it * input", ("×", "")),
        ("it / input", ("÷", "")),
        ("it * 0.5", ("× 0.5", "")),
        ("1 - it", ("1 −", "")),
        ("concat(it, input)", ("concat", "4 + 4")),
        ("concat(it, input, axis = 2)", ("concat", "axis 2: 8 + 8")),
        ("concat(it, it, it, it, it, it, input)", ("concat", "4 + 4 + … + 4 + 4")),
    ],
)
def test_operations(line: str, merge: tuple[str, str]) -> None:
    picture = picture_of(program_of(f"network Net {{\ninput(4, 8, 8)\nrelu\n{line}\n}}"))
    assert [(box.title, box.detail) for box in picture.boxes if box.kind == "merge"] == [merge]


def test_the_name_of_a_block_stands_whole() -> None:
    compilation = cnndsl.compile(Path("models/fpn.cnn"))
    assert ">ResNetLayer1ToLayer4<" in compilation.diagram("svg").decode()
    assert ">ResNetLayer1ToLayer4<" in compilation.volumes()
