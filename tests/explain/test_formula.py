"""Every formula gives the size that the size rule gives, and says truly what is never read."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cnndsl.layers.base import Layer
from cnndsl.layers.formula import AxisRule, Letter, Rounded, Shape, SizeError
from cnndsl.layers.registry import KINDS
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, value_of
from tests.layers.cases import Case, cases
from tests.layers.oracle import taking

KINDS_WITH_CASES = sorted(set(KINDS) - {"extern"})


def made(case: Case) -> tuple[Layer, Shape]:
    """The layer of a case with what comes out; a case that is refused is not one."""
    try:
        layer = taking(KINDS[case.kind](**case.parameters), case.x)
        return layer, layer.output(case.x)
    except (ValidationError, SizeError):
        assume(False)
        raise AssertionError from None


def rules_of(kind: str, x: Shape, **parameters: Any) -> dict[str, AxisRule]:
    return {rule.axis: rule for rule in KINDS[kind](**parameters).formula(x)}


@pytest.mark.parametrize("kind", KINDS_WITH_CASES)
@given(st.data())
@settings(max_examples=30)
def test_the_formulas_give_the_size(kind: str, data: st.DataObject) -> None:
    """Few of each kind, for there are many kinds, and several share their formulas."""
    case = data.draw(cases(kind))
    layer, y = made(case)
    rules = layer.formula(case.x)
    if not rules:
        assert y == case.x
        return
    assert tuple(rule.size for rule in rules) == y
    for rule in rules:
        if rule.formula is not None:
            assert rule.formula.value == rule.size
            assert rule.steps()[-1] == str(rule.size)
            assert all(letter.parameter in type(layer).model_fields for letter in rule.letters() if letter.parameter)


@pytest.mark.parametrize("kind", KINDS_WITH_CASES)
@given(st.data())
@settings(max_examples=20)
def test_the_numbers_give_the_size_as_plain_arithmetic(kind: str, data: st.DataObject) -> None:
    """What is printed is read back and worked out by Python, with floor and ceil on exact fractions."""
    case = data.draw(cases(kind))
    layer, _ = made(case)
    for rule in layer.formula(case.x):
        if rule.is_worked_out:
            _, numbers, *_ = rule.steps()
            exact = re.sub(r"\d+(\.\d+)?(e-?\d+)?", r"F('\g<0>')", numbers)
            names = {"F": Fraction, "floor": lambda v: v // 1, "ceil": lambda v: -(-v // 1)}
            value = eval(exact, names)  # noqa: S307 - what the tool printed, as plain arithmetic
            assert value == value_of(rule.size) or kind == "upsample"  # whose products are of doubles


@pytest.mark.parametrize("kind", KINDS_WITH_CASES)
@given(st.data())
@settings(max_examples=15)
def test_other_values_are_values_that_a_layer_takes(kind: str, data: st.DataObject) -> None:
    case = data.draw(cases(kind))
    layer, _ = made(case)
    for name, value in layer.variations(case.x):
        assert getattr(layer, name) != value
        type(layer)(**{**layer.model_dump(), name: value})


@st.composite
def windows(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    numbers = {name: draw(st.integers(1, 5)) for name in ("kernel", "stride", "dilation")}
    return draw(st.integers(1, 20)), {**numbers, "padding": draw(st.integers(0, 3))}


@given(windows())
@settings(max_examples=400)
def test_what_is_never_read(drawn: tuple[int, dict[str, Any]]) -> None:
    """The rows that no position of the kernel touches, counted one by one."""
    size, numbers = drawn
    conv = KINDS["conv"].model_validate({"channels": 1, **numbers})
    try:
        count = conv.output((1, size))[1]
    except SizeError:
        assume(False)
    k, s, d, p = (numbers[name] for name in ("kernel", "stride", "dilation", "padding"))
    read = {at * s + cell * d - p for at in range(count) for cell in range(k)}
    last = (count - 1) * s + d * (k - 1) - p
    unread = max(0, size - 1 - last)
    below = size + p - 1 - max(last, size - 1)
    between = {at % s for at in range(s)} - {at % s for at in (cell * d for cell in range(k))}
    (note,) = conv.formula((1, size))[1:]
    said = " | ".join(note.notes)
    place = "place" if unread == 1 else "places"
    assert (f"{unread} {place} at the end" in said and not said.startswith("of the padding")) == (unread > 0)
    assert ("of the padding, " in said) == (unread == 0 and below > 0)
    if unread == 0 and below > 0:
        assert f"of the padding, {below} " in said
    assert ("stepped over" in said) == (bool(between) and count > 1)
    if between and count > 1:
        assert f"of every {s} places, {len(between)} " in said
        inner = set(range(max(0, -p + d * (k - 1)), min(size, last - d * (k - 1))))
        assert (inner - read) or not inner or len(inner) < s


def test_an_open_size_keeps_its_floor() -> None:
    open_size = Traced(1000, Expr.of(Symbol("H", [])))
    rule = rules_of("maxpool", (8, open_size, 32), kernel=2)["height"]
    assert rule.steps() == ("floor((I - K + 2D) / S) + 1", "floor((H - 2 + 2*0) / 2) + 1", "H // 2")
    assert rules_of("conv", (8, open_size, 32), channels=1, kernel=3)["height"].steps() == (
        "(I - K + 2D) / S + 1",
        "(H - 3 + 2*0) / 1 + 1",
        "H - 2",
    )


def test_terms_are_put_in_brackets_where_they_must_be() -> None:
    a, b, c = Letter("a", 7), Letter("b", 2), Letter("c", 4)
    assert (a - (b - c)).text("numbers") == "7 - (2 - 4)"
    assert (a + (b - c)).text("letters") == "a + b - c"
    assert ((a + b) * c).text("letters") == "(a + b)*c"
    assert (a / (b * c)).text("letters") == "a / (b*c)"
    assert Rounded(a / b).text("worked") == "floor(3.5)"
    assert Rounded((a + 1) / b).text("numbers") == "(7 + 1) / 2"
    assert Rounded(a / b, "ceil").latex("numbers") == r"\left\lceil \frac{7}{2} \right\rceil"
    assert (2 * a).latex("letters") == "2a"
    assert (2 * Letter("size", 3)).latex("letters") == r"2 \cdot \text{size}"
