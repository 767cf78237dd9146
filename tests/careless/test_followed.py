"""What an error says to write is right: a text in which it is done has no error."""

from __future__ import annotations

import re

import pytest

import cnndsl

# The lines of a network on 3 x 8 x 8 with a mistake, what is replaced in them, and what of the help replaces it.
FOLLOWED = [
    ("conv(pow(1 + 1, 3), 1)", r"pow\(1 \+ 1, 3\)", r"write (.*)"),
    ("concat(conv(8, 1), conv(8, 3, padding=1))", "concat.*", r"first: (.*)"),
    ("concat(input, conv(8, 1))", "concat.*", r"first: (.*)"),
    ("mean(conv(8, 1), axis=[2, 3])", "mean.*", r"first: (.*)"),
    ("input * sigmoid", "input [*].*", r"first: (.*)"),
    ("conv(3, 1) + conv(3, 1)", "conv.*", r"combined: (.*)"),
    ("conv(3, 1) - relu", "conv.*", r"with ->: (.*)"),
    ("conv(pow(2, 3), 1)", r"pow\(2, 3\)", r"write (.*)"),
    ("upsample(conv(8, 1), like=input)", "upsample.*", r"write (.*) in a line"),
    ("n = 3; if n { relu }", "(?<=if )n", r"compare it: (.*)"),
    ("w = [8]; if w { relu }", "(?<=if )w", r"it is: (.*)"),
    ("for i in relu { relu }", "for.*", r"write (.*)"),
    ("a = input -> maxpool(3) -> upsample(scale=3); a + input", "(?<=a = ).*(?=;)", r"write (.*) in place"),
    ("a = input -> conv(3, 3); a + input", "(?<=[+] )input", r"larger one: (.*)"),
    ("conv(0, 3)", "(?<=[(])0", r"example channels=(.*)"),
    ("conv(8, -3)", "-3", r"example kernel=(.*)"),
    ("dropout(1.5)", "1.5", r"example p=(.*)"),
    ("linear(1,024)", "1,024", r"write (.*)"),
    ("output it,\n    input", "(?s)output.*(?=\n})", r"write (.*)"),
    ("a,\n    b = split(it, [1, 2])", "(?s)a,.*(?=\n})", r"write (.*)"),
    ("block: conv(8, 1)", "block(?=:)", r'name: (".*"): layer'),
    ("block1-0: conv(8, 1)", "block1-0", r'name: (".*"): layer'),
    ("class: conv(8, 1)", "class(?=:)", r'name: (".*"): layer'),
    ("1: conv(8, 1)", "1(?=:)", r'write (".*"):'),
    ("relu if true else tanh -> conv(3, 1)", "relu.*", r"chosen, write (.*)"),
    ("relu if true else tanh -> conv(3, 1)", "relu.*", r"else, write (.*)"),
    ("nn.Conv2d(1, 8, 3)", "nn.*", r"write (.*): "),
    ("nn.Conv2d(\n 3,\n 8,\n 3)", "(?s)nn.*[)](?=\n})", r"write (.*): "),
    ("сonv(8, 3)", "сonv", r"write (.*)"),
    ("a: { permute([0, 2, 3, 1]) -> linear(4) }", r"linear\(4\)", r"alone, write (.*)"),
    ("a: { permute([0, 2, 3, 1]) -> linear(4) }", r"linear\(4\)", r"flatten too: (flatten -> )linear"),
]


@pytest.mark.parametrize(("lines", "replaced", "told"), FOLLOWED, ids=[f"{row[0][:30]} {row[2]}" for row in FOLLOWED])
def test_what_is_said_can_be_done(lines: str, replaced: str, told: str) -> None:
    text = f"network Net {{\n    input(3, 8, 8)\n    {lines}\n}}\n"
    errors = [found for found in cnndsl.compile(text).diagnostics if found.code[0] == "E"]
    assert len(errors) == 1
    said = next(match[1] for help_ in errors[0].help if (match := re.search(told, help_)))
    if said == "flatten -> ":
        said += "linear(4)"
    said = re.sub(r"\bx(?=, like)", "input -> maxpool(3)", said)
    mended = re.sub(replaced, said.replace("\\", r"\\"), text, count=1)
    assert mended != text
    assert [found.message for found in cnndsl.compile(mended).diagnostics if found.code[0] == "E"] == []
