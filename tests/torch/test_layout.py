"""Expressions on several lines: Python reads what was meant, however long it is and however it was broken."""

from __future__ import annotations

import ast
from collections.abc import Callable
from random import Random

import pytest

from cnndsl.backends.pytorch.code import WIDTH, laid_out

LOAD = ast.Load()
NAMES = ["x", "value1", "a_name_of_some_length", "another_name_that_is_longer_still"]
ARITHMETIC = [ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow]


def drawn(chance: Random, depth: int) -> ast.expr:
    """An expression of up to so many levels."""
    if depth == 0 or chance.random() < 0.15:
        return ast.Name(chance.choice(NAMES), LOAD) if chance.random() < 0.8 else ast.Constant(chance.choice([2, 0.5]))

    def inner() -> ast.expr:
        return drawn(chance, depth - 1)

    makes: list[Callable[[], ast.expr]] = [
        lambda: ast.BinOp(inner(), chance.choice(ARITHMETIC)(), inner()),
        lambda: ast.BinOp(inner(), chance.choice(ARITHMETIC)(), inner()),
        lambda: ast.BoolOp(chance.choice([ast.And, ast.Or])(), [inner(), inner(), inner()]),
        lambda: ast.Compare(inner(), [chance.choice([ast.Eq, ast.Lt])()], [inner()]),
        lambda: ast.UnaryOp(chance.choice([ast.Not, ast.USub])(), inner()),
        lambda: ast.IfExp(inner(), inner(), inner()),
        lambda: ast.Call(inner(), [inner(), ast.Starred(inner(), LOAD)], [ast.keyword("key", inner())]),
        lambda: ast.List([inner(), ast.Starred(inner(), LOAD)], LOAD),
        lambda: ast.Tuple([inner(), inner()], LOAD),
        lambda: ast.Attribute(ast.Call(inner(), [], []), "shape", LOAD),
        lambda: ast.Subscript(inner(), inner(), LOAD),
        lambda: ast.ListComp(inner(), [ast.comprehension(ast.Name("i", ast.Store()), inner(), [], 0)]),
    ]
    return chance.choice(makes)()


@pytest.mark.parametrize(
    "around", [("value = ", ""), ("return ", ""), ("if ", ":"), ("elif ", ":"), ("self.part = ", "")]
)
@pytest.mark.parametrize("seed", range(5))
def test_python_reads_the_expression_that_was_laid_out(seed: int, around: tuple[str, str]) -> None:
    chance = Random(seed)  # noqa: S311
    lead, trail = around
    broken = 0
    for _ in range(400):
        expression = drawn(chance, 4)
        lines = laid_out(expression, "    ", lead, trail)
        before = "def f():\n" + ("    if x:\n        pass\n" if lead == "elif " else "")
        text = before + "\n".join(lines) + ("\n        pass" if trail else "")
        function = ast.parse(text).body[0]
        assert isinstance(function, ast.FunctionDef)
        (found,) = function.body
        if lead == "elif ":
            assert isinstance(found, ast.If)
            (found,) = found.orelse
        assert isinstance(found, (ast.If, ast.Assign, ast.Return))
        value = found.test if isinstance(found, ast.If) else found.value
        assert value is not None
        assert ast.dump(value) == ast.dump(expression), text
        broken += len(lines) > 1
    assert broken > 100


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a_value / (1 + b_value * c_value)", ["a_value / (", "    1 + b_value * c_value", ")"]),
        ("(a_value - b_value) * (c_value - d_value)", ["(", "    a_value - b_value", ") * (c_value - d_value)"]),
        ("a_value - (b_value - c_value)", ["a_value - (", "    b_value - c_value", ")"]),
        ("(a_value ** b_value) ** c_value", ["(", "    a_value**b_value", ") ** c_value"]),
        ("a_value + b_value + c_value", ["(", "    a_value", "    + b_value", "    + c_value", ")"]),
    ],
)
def test_brackets_stay_where_a_line_is_broken(text: str, lines: list[str]) -> None:
    long = {word: word + "_" * (WIDTH // 3) for word in ("a_value", "b_value", "c_value", "d_value")}
    for word, longer_word in long.items():
        text = text.replace(word, longer_word)
        lines = [line.replace(word, longer_word) for line in lines]
    code = ast.parse(text, mode="eval").body
    assert laid_out(code, "", "value = ") == [f"value = {lines[0]}", *lines[1:]]
