"""Calls: a block that was given some of its arguments takes the others; a call on a value applies it once."""

from __future__ import annotations

import pytest

import cnndsl
from tests.running import build

BLOCK = "block Unit(channels, kernel = 1, groups = 1) { conv: conv(channels, kernel, groups=groups) }\n"


def parts(body: str, before: str = "") -> list[str]:
    """The parts of a network, as PyTorch says what they are."""
    net = build(f"{BLOCK}{before}\nnetwork Net {{\n    input(4, 8, 8)\n{body}\n}}")
    return [repr(part) for part in net.children()]


@pytest.mark.parametrize(
    "call",
    [
        "Unit(8, groups=2)",
        "Unit(groups=2)(8)",
        "Unit(groups=2)(channels=8)",
        "Unit()(8, groups=2)",
        "Unit(8)(groups=2)",
    ],
)
def test_calls_add_up(call: str) -> None:
    (found,) = parts(f"a: {call}")
    assert "Conv2d(4, 8, kernel_size=(1, 1), stride=(1, 1), groups=2)" in found


def test_positions_count_what_is_left() -> None:
    (found,) = parts("Unit(kernel=3)(8, 2)")
    assert "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), groups=2)" in found


def test_a_recipe_keeps_what_it_has() -> None:
    found = parts("a: grouped(8)\nb: grouped(16)", before="grouped = Unit(groups=2)")
    assert found == parts("a: Unit(8, groups=2)\nb: Unit(16, groups=2)")
    assert len(found) == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Unit", "Unit needs channels"),
        ("Unit(groups=2)", "Unit needs channels"),
        ("Unit(8)(channels=8)", "Unit is given channels twice"),
        ("Unit(groups=2)(8, 1, 1)", "Unit takes at most 2 more arguments: channels, kernel"),
        ("Unit(8, 1, 1)(1)", "Unit takes no more arguments"),
        ("Unit(8, 1, 1, 1)", "Unit takes at most 3 arguments: channels, kernel, groups"),
    ],
)
def test_what_does_not_fit(call: str, message: str) -> None:
    found = cnndsl.compile(f"{BLOCK}network Net {{\n    input(4, 8, 8)\n    {call}\n}}").diagnostics
    assert [(d.code, d.message) for d in found] == [("E207", message)]


def test_a_call_inside_a_call_is_applied_once() -> None:
    text = "network Net {\n    input(4, 8, 8)\n    adaptive_avgpool(relu(it), 1)\n}"
    assert cnndsl.compile(text).python().count("F.relu") == 1


def test_functions_of_lists_take_lists_of_values() -> None:
    text = """
    network Net {
        input(8, 4, 4)
        parts = split(it, 4)
        out = []
        for [i, part] in enumerate(parts) { out = out + [part -> "a{i}": conv(1 + i, 1)] }
        for [part, n] in zip(parts, [1, 2, 3, 4]) { out = out + [part -> "b{n}": conv(n, 1)] }
        concat(out) -> conv(len(parts), 1)
    }
    """
    assert cnndsl.compile(text).diagnostics == ()
