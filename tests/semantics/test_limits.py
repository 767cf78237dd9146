"""No text makes the compiler hang, run out of memory or give up with an exception: each of these ends in a diagnostic.

What would take hours or more memory than there is, ends here because something counts it; without that
these tests would not end at all.
"""

from __future__ import annotations

import pytest

import cnndsl
from cnndsl.semantics.context import MOST_ERRORS
from cnndsl.semantics.values import Limits
from tests.running import build


def in_network(body: str, before: str = "", inputs: str = "3, 8, 8") -> str:
    return f"{before}network Net {{ input({inputs})\n{body}\n}}"


def blocks(count: int, body: str) -> str:
    """Blocks, each made of the one before: `{}` in the body."""
    first = "block B0 { relu -> relu }\n"
    return first + "".join(f"block B{k} {{ {body.replace('{}', f'B{k - 1}')} }}\n" for k in range(1, count))


def doubled(body: str, times: int = 60) -> str:
    return "".join(f"{body}\n" for _ in range(times))


def constants(first: str, body: str, count: int = 60) -> str:
    """Constants, each made of the one before: `{}` in the body."""
    return f"x0 = {first}\n" + "".join(f"x{k} = {body.replace('{}', f'x{k - 1}')}\n" for k in range(1, count))


def doubling(ends: str, block: str = "block") -> str:
    """A block that uses itself twice, each time with another number; `ends` is the test by which it ends."""
    first, second = "input -> A(n - 1, 2 * k)", "input -> A(n - 1, 2 * k + 1)"
    return in_network("A(35, 1)", f"{block} A(n, k) {{ if {ends} {{ a = {first}\n b = {second}\n a + b }} }}\n")


PARAMETERS = ", ".join(f"a{k} = 1" for k in range(90))
TOTAL = " + ".join(f"a{k}" for k in range(90))
WITH_INPUTS = in_network(
    f"concat({', '.join(f'i{k}' for k in range(100))}) -> B11",
    inputs="); ".join(["3, 8, 8", *(f"i{k} = input(3, 8, 8" for k in range(100))]),
)

TOO_MUCH = {
    "repeat": ("E504", in_network("repeat 1000000000 { relu }")),
    "copies": ("E504", in_network("relu * 1000000000")),
    "copies of copies": ("E504", in_network("((relu * 1000) * 1000) * 1000")),
    "copies of blocks": ("E504", in_network("(A * 1000) * 100", "block A { conv(3, 1) * 1000 }\n")),
    "blocks in blocks": ("E504", in_network("B37", blocks(38, "{} -> {}"))),
    "loops in loops": (
        "E504",
        in_network("for a in range(1000) { for b in range(1000) { for c in range(1000) { } } }"),
    ),
    "comprehensions": ("E504", in_network("x = [[a for a in range(1000)] for b in range(1000)]\nrelu")),
    "going through lists": ("E504", in_network("x = range(100000)\nfor i in range(100000) { y = x[1:] }\nrelu")),
    "making lists": ("E504", in_network("for i in range(100000) { y = range(100000) }\nrelu")),
    "adding to a list": ("E504", in_network("x = [0]\nfor i in range(99000) { x = x + [i] }\nrelu")),
    "long texts": ("E504", in_network(f'x = "{"a" * 90000}"\nfor i in range(100000) {{ y = "{{x}}b" }}\nrelu')),
    "lines in a loop": ("E504", in_network(f"for i in range(9000) {{ {'a = 1; ' * 5_000} }}\nrelu")),
    "lines for training": ("E504", in_network(f"for i in range(9000) {{ {'when training {}; ' * 8_000} }}\nrelu")),
    "operations": ("E504", in_network("for i in range(9000) { it + it; it + it; it + it }")),
    "parts of a split": ("E504", in_network("for i in range(1000) { a = split(it, 8000) }\nrelu", inputs="8000, 1, 1")),
    "blocks that use themselves twice": ("E504", doubling("n > 0")),
    "blocks that use themselves without an end": ("E503", doubling("true")),
    "chains of nothing": ("E504", in_network(f"x = [{' -> '.join(['{}'] * 9_000)}]\nrepeat 9000 {{ x[0] }}\nrelu")),
    "long arguments": ("E504", in_network("a = range(90000)\nrepeat 9000 { A(a) }", "block A(x) { relu }\n")),
    "many parameters": (
        "E504",
        in_network(
            "x = [A(1)]\nfor i in range(4000) { conv(i + 1, 1); x[0] }",
            f"block A({', '.join(f'p{k} = 1' for k in range(9_000))}) {{ relu }}\n",
        ),
    ),
    "weights": (
        "E504",
        in_network(
            "x = [conv(1, 301, padding=150, weight=[[0.5] * 301] * 301)]\nfor i in range(9000) { x[0] }",
            inputs="1, 300, 300",
        ),
    ),
    "products of long sums": (
        "E504",
        f"network Net({PARAMETERS}, n = 1) {{ input(3, 8, 8)\nx = {TOTAL}\nrepeat 9000 {{ y = x * (n + 1) }}\nrelu }}",
    ),
    "channels that are long sums": (
        "E504",
        f"network Net({PARAMETERS}) {{ input(3, 8, 8)\nx = {TOTAL}\nfor i in range(9000) {{ conv(x + i, 1) }} }}",
    ),
    "open sizes compared": (
        "E504",
        in_network("".join(f"conv(3, 3, stride={k % 3 + 1}, padding=1)\n" for k in range(4_000)), inputs="3, ?, ?"),
    ),
    "inputs of every layer": (
        "E504",
        f"network Net {{ {'; '.join(f'i{k} = input(3, 8, 8)' for k in range(2_000))}\ni0\n"
        + "\n".join(f"it + i{k}" for k in range(2_000))
        + "}",
    ),
    "inputs of every layer in blocks": ("E504", blocks(12, "{} -> {}") + WITH_INPUTS),
    "named braces": ("E503", in_network(f"{'x: { conv(3, 1) -> ' * 90}relu{' }' * 90}")),
    "places": ("E207", in_network("x = round(5, -1000000000)\nrelu")),
    "list": ("E505", in_network("x = [1] * 10**9\nrelu")),
    "range": ("E505", in_network("x = range(10**12)\nrelu")),
    "list of itself": ("E505", in_network(f"x = [1]\n{doubled('x = x + x')}relu")),
    "lists in lists": ("E505", in_network(f"x = [1, 2]\n{doubled('x = [x, x, x, x]')}conv(x, 3)")),
    "text of itself": ("E505", in_network(f'x = "ab"\n{doubled("x = x + x")}relu')),
    "text in braces": ("E505", in_network(f'x = "ab"\n{doubled("x = " + chr(34) + "{x}{x}" + chr(34))}relu')),
    "chain of itself": ("E505", constants("relu -> relu", "{} -> {}") + in_network("x59")),
    "copies of itself": ("E505", constants("relu * 2", "({} -> {}) * 2") + in_network("a: x59")),
    "arguments": ("E505", "block B(a, b = 1) { relu }\n" + constants("relu", "B({}, {})") + in_network("a: x59")),
    "pieces of a text": ("E505", in_network(f'"{"{1}" * 30000}": relu')),
    "name": ("E505", in_network("a" * 100_000)),
    "whole text": ("E505", in_network(" " * 2_000_000)),
    "power": ("E502", in_network("x = 10**10**10\nrelu")),
    "product": ("E502", in_network(f"x = 3\n{doubled('x = x * x')}relu")),
    "digits": ("E502", in_network(f"conv({'9' * 1000}, 1)")),
    "exponent": ("E502", in_network("dropout(1e999)")),
    "brackets": ("E501", in_network(f"x = {'(' * 10_000}1{')' * 10_000}\nrelu")),
    "lists in brackets": ("E501", in_network(f"x = {'[' * 10_000}1{']' * 10_000}\nrelu")),
    "braces": ("E501", in_network(f"{'{ ' * 10_000}relu{' }' * 10_000}")),
    "ifs": ("E501", in_network(f"{'if true { ' * 5_000}relu{' }' * 5_000}")),
    "signs": ("E501", in_network(f"x = {'-' * 20_000}1\nrelu")),
    "sums": ("E501", in_network(f"x = {'1 + ' * 20_000}1\nrelu")),
    "calls": ("E501", in_network(f"x = relu{'()' * 20_000}\nrelu")),
    "else ifs": ("E501", in_network(f"if false {{ relu }} {'else if false { relu } ' * 5_000}")),
    "recursion": ("E503", in_network("A", "block A { A }\n")),
    "recursion in a circle": ("E503", in_network("A", "block A { B }\nblock B(n = 1) { A; A }\n")),
    "recursion that grows": ("E503", in_network("A(1)", "block A(n) { A(n + 1) -> A(n * 2) }\n")),
    "recursion through a default": ("E503", in_network("A", "block A(x = A) { x }\n")),
    "maps": ("E313", in_network("repeat 60 { upsample(scale=2) }")),
    "channels": ("E313", in_network("repeat 60 { concat(it, it) }")),
    "semicolons": ("E101", in_network(f"{';' * 50_000}-> relu")),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_is_said(name: str) -> None:
    code, text = TOO_MUCH[name]
    found = cnndsl.compile(text).diagnostics
    assert code in [diagnostic.code for diagnostic in found]
    assert all(len(diagnostic.message) < 300 for diagnostic in found)


MUCH = {
    "arrows": in_network("relu" + " -> relu" * 2_000),
    "lines": in_network("relu\n" * 2_000),
    "comparisons": in_network(f"x = 1 {'< 2 ' * 2_000}\nrelu"),
    "braces": in_network(f"{'{ ' * 95}relu{' }' * 95}"),
    "groups": in_network(f"{'(' * 90}relu{' -> relu)' * 90}"),
    "conditions": in_network(f"x = {'(' * 90}1{' if true else 2)' * 90}\nrelu"),
    "long line": in_network(f'x = "{"a" * 90_000}"\nrelu'),
    "empty lines": in_network("\n" * 90_000 + "-> relu", "").replace("8)\n", "8)\n relu "),
    "blocks that are equal": in_network("B13", blocks(14, "{} -> {}")),
    "expressions": (
        f"network Net(n = 1) {{ input(3, 8, 8)\nx = n\n{doubled('x = (x + n) // 2 + (x * n) // 3')}conv(x + 1, 1) }}"
    ),
    "conditions in conditions": in_network(
        "A", f"block A(n = 1) {{ {' '.join(f'if n < {k} {{' for k in range(2, 98))} relu {'}' * 96} }}\n"
    ),
    "conditions of themselves": in_network(
        "A -> A(2)",
        f"block A(n = 1) {{ t = n > 0\n{doubled('t = (t and n < 9) or (t and n < 8)')}if t {{ relu }}; conv(n, 1) }}\n",
    ),
    "a block with many lines that do nothing": in_network(
        "for i in range(2000) { A(i) }", f"block A(n) {{ if false {{ {'a = 1; ' * 5_000} }}; conv(n + 1, 1) }}\n"
    ),
    "rules for weights": in_network(
        "".join(f"init conv: weight = constant({k})\n" for k in range(4_000)) + "repeat 4000 { conv(3, 1) }"
    ),
    "powers of a parameter": f"network Net(n = 1) {{ input(3, 8, 8)\nx = n\n{doubled('x = x * x')}conv(x, 1) }}",
    "sums of parameters": (
        f"network Net(a = 1, b = 2, c = 3) {{ input(3, 8, 8)\nx = {'(a + b + c) * ' * 30}1\nconv(x % 7 + 1, 1) }}"
    ),
}


@pytest.mark.parametrize("name", MUCH)
def test_what_is_much_and_not_too_much_compiles(name: str) -> None:
    compilation = cnndsl.compile(MUCH[name])
    assert compilation.ok
    assert "class Net(nn.Module)" in compilation.python()


def test_an_expression_too_long_to_follow_is_one_in_the_module() -> None:
    model = build(MUCH["expressions"])
    for n in (1, 2):
        assert repr(type(model)(n=n)) == repr(build(MUCH["expressions"], n=n))


def test_a_limit_can_be_raised_and_lowered() -> None:
    text = in_network("repeat 30 { relu }")
    assert cnndsl.compile(text, limits=Limits(layers=100)).ok
    (found,) = cnndsl.compile(text, limits=Limits(layers=50)).diagnostics
    assert found.code == "E504"
    assert "--limit layers=500" in found.help[-1]


def test_after_a_limit_the_rest_of_the_text_is_left_alone() -> None:
    text = in_network("x = foo\nrepeat 1000000000 { relu }\ny = bar") + "\nnetwork Other { input(3); baz }"
    assert [d.code for d in cnndsl.compile(text).diagnostics] == ["E201", "E504"]


def test_after_a_thousand_errors_the_rest_of_the_text_is_left_alone() -> None:
    text = in_network("".join(f"x{k}\n" for k in range(5_000)))
    assert len(cnndsl.compile(text).diagnostics) == MOST_ERRORS
