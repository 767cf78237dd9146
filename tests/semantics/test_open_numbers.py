"""A size that is left open is no number: what decides the structure by one says so."""

from __future__ import annotations

import pytest

import cnndsl

LINES = [
    "y = input.height ** 2",
    "y = 2 ** input.height",
    "relu * (input.height // 1000)",
    "repeat input.height // 1000 { relu }",
    "for i in range(input.height) { relu }",
    "for i in [1] * (input.height // 1000) { relu }",
    '"conv{input.height}": conv(2, 3)',
    "y = [1, 2, 3][input.height - input.height // 2 * 2]",
    "y = [1, 2, 3][:input.height]",
    "conv(input.height, 3)",
    "conv(2, 3, weight=[[input.height]])",
    "conv(2, 3, weight_init=constant(input.height))",
    "input * input.height",
    "y = parameter([3, 1, 1], init=input.height)",
    "y = parameter([3, 1, input.height])",
    "y = mean(input, input.height)",
    "if input.height in [32, 64] { relu }",
]


@pytest.mark.parametrize("line", LINES)
def test_an_open_size_is_no_number(line: str) -> None:
    compilation = cnndsl.compile(f"network Net {{\n    input(3, ?, ?)\n    {line}\n    output input -> relu\n}}\n")
    assert {d.code for d in compilation.diagnostics} <= {"E309", "E207"}
    assert "E309" in {d.code for d in compilation.diagnostics}
