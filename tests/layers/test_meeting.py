"""What is said of two values of different sizes makes them equal."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import cnndsl

SIZES = st.tuples(st.integers(1, 8), st.integers(1, 40))


def helps(text: str) -> list[str]:
    return [line for d in cnndsl.compile(text).diagnostics if d.code == "E306" for line in d.help]


@given(SIZES, SIZES)
def test_the_layer_of_the_help_makes_both_equal(left: tuple[int, int], right: tuple[int, int]) -> None:
    head = f"network Net {{ a = input({left[0]}, {left[1]}, {left[1]}); b = input({right[0]}, {right[1]}, {right[1]}); "
    said = helps(f"{head}a + b }}")
    assume(said)
    stride = re.fullmatch(r"put (conv\(.*\)) on the side with (\d+) x (\d+) x \3", said[0])
    kernel = re.fullmatch(r"bring the right one to \d+ channels: (conv.*), or the left one to \d+: (conv.*)", said[0])
    if stride:
        larger = left == (int(stride[2]), int(stride[3]))
        sides = [f"(a -> {stride[1]}) + b" if larger else f"a + (b -> {stride[1]})"]
    elif kernel:
        sides = [f"a + (b -> {kernel[1]})", f"(a -> {kernel[2]}) + b"]
    else:
        assert "give its convolutions a padding" in said[0]
        sides = []
    for line in sides:
        assert cnndsl.compile(f"{head}{line} }}").ok, line


def test_a_gate() -> None:
    text = "network Net {{ input(4, 8, 8); gate = it -> global_avgpool -> flatten -> linear(4){}; input * gate }}"
    (said,) = helps(text.format(""))
    layer = re.search(r"unflatten\(.*\)", said)
    assert layer is not None
    assert cnndsl.compile(text.format(f" -> {layer[0]}")).ok


@pytest.mark.parametrize("line", ["input + (input -> linear(3))", "(input -> conv(2, 3)) - input"])
def test_there_is_always_a_help(line: str) -> None:
    assert helps(f"network Net {{ input(3, ?, 8); {line} }}") or helps(f"network Net {{ input(3, 8, 8); {line} }}")
