"""The formulas of operations give the sizes that come out, and say of which value each number is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnndsl.layers.elementwise import Pointwise
from cnndsl.layers.formula import Shape, SizeError
from cnndsl.layers.operations import Operation
from cnndsl.layers.reductions import OverAxes
from cnndsl.layers.registry import OPERATIONS
from tests.explain.support import explained, net
from tests.layers.test_values import DRAWN

SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)


@st.composite
def applied(draw: st.DrawFn) -> tuple[Operation, tuple[Shape, ...]]:
    """An operation with values of sizes that may go with it."""
    kind = draw(st.sampled_from(sorted(OPERATIONS)))
    x: Shape = draw(SHAPES)
    axis = draw(st.integers(1, len(x)))
    if kind == "concat":
        sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=8))
        return OPERATIONS[kind].model_validate({"axis": axis}), tuple(
            (*x[: axis - 1], size, *x[axis:]) for size in sizes
        )
    if kind == "matmul":
        rows = draw(st.integers(1, 6))
        return OPERATIONS[kind](), ((*x[:-1], rows, x[-1]), (*x[:-1], x[-1], rows))
    if kind == "attention":
        return OPERATIONS[kind](), ((4, *x), (4, *x), (4, *x))
    if kind in DRAWN:
        fields = {name: draw(values) for name, values in DRAWN[kind].items()}
        return OPERATIONS[kind].model_validate(fields), (x,)
    parameters: dict[str, Any] = {}
    if kind == "upsample":
        return OPERATIONS[kind](), (x, draw(st.permutations(x).map(tuple)))
    if kind == "split":
        parameters = {"parts": draw(st.integers(1, 3)), "axis": axis}
    elif issubclass(OPERATIONS[kind], OverAxes):
        parameters = {"axis": axis, "keepdim": draw(st.booleans())}
    elif kind in ("cumsum", "normalize"):
        parameters = {"axis": axis}
    elif issubclass(OPERATIONS[kind], Pointwise) or kind == "pow":
        return OPERATIONS[kind](**{"clamp": {"min": 0}, "pow": {"scalar": 2}}.get(kind, {})), (x,)
    else:
        other = tuple(draw(st.sampled_from([1, size])) for size in x)
        return OPERATIONS[kind](), draw(st.permutations([x, other]).map(tuple))
    return OPERATIONS[kind](**parameters), (x,)


@given(applied())
def test_the_formulas_give_the_sizes(drawn: tuple[Operation, tuple[Shape, ...]]) -> None:
    operation, xs = drawn
    try:
        outputs = operation.outputs(xs)
    except SizeError:
        assume(False)
    rules = operation.formula(xs, outputs[0])
    if not rules:
        assert set(outputs) == {xs[0]}
        return
    for y in outputs:
        assert tuple(rule.size for rule in rules) == y
    for rule in rules:
        assert rule.words or rule.is_worked_out
        if rule.formula is not None:
            assert rule.formula.value == rule.size
            assert rule.steps()[-1] == str(rule.size)
            for letter in rule.letters():
                assert letter.number in xs[letter.operand]


def test_values_side_by_side() -> None:
    told = explained(net("a = conv(4, 3, padding=1)\n    concat(input -> a, input)"), "concat")
    assert "channels       I1 + I2 = 4 + 3 = 7\n" in told
    assert "height, width  32, as in each value\n" in told
    assert "I1 = 4  channels of the input  a, line 4\n" in told
    assert "I2 = 3  channels of the input  the input\n" in told
    many = explained(net(f"concat({', '.join(['input'] * 9)})"), "concat")
    assert "27, those of all 9 values" in many


def test_values_in_pieces() -> None:
    told = explained(net("a, b = split(input, 2, axis=2)\n    a + b"), "split")
    assert "height    I / 2 = 32 / 2 = 16, in each piece\n" in told
    assert "out       3 x 16 x 32, 3 x 16 x 32" in told


def test_one_number_for_many() -> None:
    told = explained(net("mean(input, axis=[2, 3])"), "mean")
    assert "features  3, channels of the input\n" in told
    assert "one number in place of all along the height and the width" in told


def test_what_is_repeated() -> None:
    body = "gate = input -> global_avgpool\n    gate * input"
    assert "height, width  32, as in the second value; the first has 1, which is repeated" in explained(
        net(body), "mul"
    )
    assert "keeps  3 x 32 x 32" in explained(net("gate = input -> global_avgpool\n    input * gate"), "mul")


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_in_other_forms(form: str) -> None:
    told = explained(net("concat(input, input)"), "concat", format=form)
    assert r"\text{I1} + \text{I2}" in told
    assert "3 + 3" in told


def test_of_a_value_that_is_not_read_the_size_is_told() -> None:
    text = explained(net("small = it -> conv(8, 3, stride=2); upsample(small, like=input)"))
    assert "size of        3 x" in text
    text = explained(net("token = parameter([3, 1, 32]); concat(expand(token), it, axis=2)"), "expand")
    assert "keeps     3 x 1 x 32   from token, line 3\n  batch of  3 x 32 x 32   from the input" in text


def test_several_axes_are_told_as_one_would() -> None:
    assert "I: depth, height and width of the input;" in explained("network Net { input(1, 4, 4, 4) -> maxpool(2) }")
