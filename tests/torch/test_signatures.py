"""What the constructor of a block takes, and that it computes the rest as the text does."""

from __future__ import annotations

import pytest

from tests.running import agree, compiled, imported, program_of


def signatures(text: str) -> dict[str, str]:
    """The constructor of each class, on one line; every network of the text runs as the program says."""
    source = compiled(text).python()
    program = program_of(text)
    for key in program.networks:
        agree(program, imported(source), program.modules[key])
    classes = source.split("\nclass ")[1:]
    return {
        part.split("(")[0]: " ".join(part.split("def __init__(")[1].split(") -> None")[0].split()) for part in classes
    }


def test_one_use_knows_what_another_computes() -> None:
    text = """
        block Unit(channels, ratio) {
            hidden = ratio * input.channels
            body: {
                if ratio != 1 { conv(hidden, 1) }
                conv(hidden, 3, padding=1, groups=hidden)
                conv(channels, 1)
            }
        }
        network Net {
            input(4, 8, 8)
            a: Unit(6, 1)
            b: Unit(8, 2)
            c: Unit(8, 3)
        }
    """
    assert signatures(text)["Unit"] == "self, in_channels: int, channels: int, ratio: int"


def test_a_test_of_the_text_chooses() -> None:
    text = """
        block Unit(channels, stride = 1) {
            if stride == 1 {
                left, right = split(input, 2)
            } else {
                left = input -> side: conv(channels // 2, 1, stride)
                right = input
            }
            right -> main: conv(channels // 2, 3, stride, padding=1)
            concat(left, it)
        }
        network Net {
            input(4, 8, 8)
            a: Unit(6, 2)
            b: Unit(6)
            c: Unit(10, 2)
            d: Unit(10)
        }
    """
    assert signatures(text)["Unit"] == "self, in_channels: int, channels: int, stride: int = 1"
    source = compiled(text).python()
    assert "right_channels = in_channels // 2\n        else:" in source
    assert "right_channels, channels // 2, 3, stride=stride" in source


def test_features_are_the_product_of_the_sizes_that_come_in() -> None:
    text = """
        block Head(wide) {
            if wide { relu }
            linear(3)
        }
        network Net {
            input(2, 4, 4)
            left = input -> a: Head(true)
            right = input -> maxpool(2) -> b: Head(false)
            left + right
        }
    """
    assert signatures(text)["Head"] == "self, in_channels: int, in_height: int, in_width: int, wide: bool"


def test_a_flag_stays_a_flag() -> None:
    text = """
        block Unit(norm, act = true) {
            conv(4, 1, bias = norm)
            if norm and not act { batchnorm }
        }
        network Net {
            input(4, 4, 4)
            a: Unit(true)
            b: Unit(false)
            c: Unit(true, false)
        }
    """
    found = signatures(text)
    assert found["Unit"] == "self, in_channels: int, norm: bool, act: bool = True"
    assert "if norm and not act:" in compiled(text).python()
    assert "Unit2" not in found


@pytest.mark.parametrize("text", ["make_divisible(input.channels / 4, 8)", "make_divisible(ratio * 3, 4)"])
def test_a_rounded_width_is_computed_by_the_class(text: str) -> None:
    source = f"""
        block Unit(ratio) {{ conv({text}, 1) -> relu }}
        network Net {{
            input(16, 4, 4)
            a: Unit(9)
            b: Unit(5)
            c: Unit(32)
            d: Unit(9)
        }}
    """
    assert "_out_channels" not in signatures(source)["Unit"]
    assert compiled(source).python().count("def make_divisible(") == 1


@pytest.mark.parametrize("order", ["onmap small flat", "flat onmap small", "onmap flat", "flat onmap"])
def test_a_block_has_a_class_for_each_rank_of_what_comes_in(order: str) -> None:
    """What comes in has channels in some uses and features in another, and so no name that all of them know."""
    uses = {
        "onmap": "input -> Unit(true)",
        "small": "input -> maxpool(2) -> Unit(true)",
        "flat": "input -> flatten -> Unit(false)",
    }
    lines = "\n".join(f"{name} = {uses[name]}" for name in order.split())
    text = f"""
        block Unit(deep) {{
            if deep {{ first: linear(8) }}
            second: linear(4)
        }}
        network Net {{
            input(2, 4, 4)
            {lines}
            {" + ".join(order.split())}
        }}
    """
    found = signatures(text)
    assert found["Unit0d"] == "self, in_features: int, deep: bool"
    assert found["Unit2d"].startswith("self, in_channels: int, in_height: int, in_width: int")


def test_constants_leave_no_trace_in_loops() -> None:
    text = """
        block Unit(channels) {
            left, right = split(input, 2)
            concat(left -> a: conv(channels // 2, 1), right)
        }
        network Net(channels = 8) {
            input(8, 4, 4)
            units: { Unit(channels) * 6 }
        }
    """
    signatures(text)
    assert "for _ in range(6)" in compiled(text).python()


def test_a_comparison_is_the_one_of_the_text() -> None:
    text = """
        block Unit(channels, stride = 1) {
            main: conv(channels, 3, stride, padding=1)
            if stride == 1 and input.channels == channels { input + it }
            if input.channels < channels { relu }
        }
        network Net {
            input(4, 8, 8)
            left = input -> a: Unit(4)
            right = input -> b: Unit(8)
            concat(left, right)
        }
    """
    signatures(text)
    source = compiled(text).python()
    assert "stride == 1 and in_channels == channels" in source
    assert "if in_channels < channels:" in source
