"""Size rules on traced and open numbers: the same sizes, and formulas that hold for other numbers too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cnndsl.layers.base import Tensor
from cnndsl.layers.convolution import Conv
from cnndsl.layers.dense import Linear
from cnndsl.layers.formula import SizeError, product
from cnndsl.layers.normalisation import GroupNorm, LayerNorm
from cnndsl.layers.pooling import MaxPool
from cnndsl.layers.registry import KINDS
from cnndsl.layers.shape import Flatten
from cnndsl.symbolic.expr import RELATIONS, Expr, Guard, Symbol, parse_expr
from cnndsl.symbolic.number import SizeIsOpen, Traced, evaluate, value_of
from tests.layers.cases import cases
from tests.layers.oracle import taking

NAMES = ("channels", "D", "H", "W")


def _named(x: tuple[int, ...], guards: list[Guard] | None) -> tuple[Traced, ...]:
    """The shape with a name for each size; with a list of guards, sizes that are left open."""
    return tuple(Traced(size, Expr.of(Symbol(name, guards))) for size, name in zip(x, NAMES, strict=False))


def _holds(guard: Guard, sizes: dict[str, Any]) -> bool:
    left, right = evaluate(guard.left, sizes), evaluate(guard.right, sizes)
    return RELATIONS[guard.relation](left, right) == guard.truth


@pytest.mark.parametrize("kind", KINDS)
def test_formulas_hold_wherever_their_guards_do(kind: str) -> None:
    @settings(max_examples=15)
    @given(case=cases(kind), more=st.lists(st.integers(0, 9), min_size=4, max_size=4))
    def hold(case: Any, more: list[int]) -> None:
        try:
            layer = taking(KINDS[kind](**case.parameters), case.x)
            plain = layer.output(case.x)
        except (ValidationError, SizeError):
            assume(False)
        guards: list[Guard] = []
        x = _named(case.x, guards)
        if kind in ("layernorm", "rmsnorm") or (
            kind == "crop" and case.get("size") is not None
        ):  # they ask for the sizes
            x = _named(case.x, None)
        y = taking(layer, x).output(x)
        assert tuple(map(value_of, y)) == plain

        other = tuple(size + extra for size, extra in zip(case.x, more, strict=False))
        sizes = dict(zip(NAMES, other, strict=False))
        if all(_holds(guard, sizes) for guard in guards):
            assert tuple(evaluate(Expr.of(dim), sizes) for dim in y) == taking(layer, other).output(other)

    hold()


def test_a_kernel_guards_an_open_size_from_below() -> None:
    guards: list[Guard] = []
    _, height, width = _named((3, 64, 64), guards)
    y = Conv(channels=8, kernel=5, stride=2).output((3, height, width))
    for size in (64, 9, 6, 5):
        assert [evaluate(Expr.of(dim), {"D": size, "H": 64}) for dim in y] == [8, (size - 5) // 2 + 1, 30]
    assert all(_holds(guard, {"D": 5, "H": 64}) for guard in guards)
    assert not all(_holds(guard, {"D": 4, "H": 64}) for guard in guards)


def test_rounding_up_asks_nothing_of_an_open_size() -> None:
    """Odd and even sizes go through one formula, not a branch on the size."""
    guards: list[Guard] = []
    x = _named((8, 21, 22), guards)
    y = MaxPool(kernel=3, stride=2, ceil_mode=True).output(x)
    for h, w in ((21, 22), (22, 21), (7, 8)):
        sizes = {"channels": 8, "D": h, "H": w}
        assert all(_holds(guard, sizes) for guard in guards)
        assert [evaluate(Expr.of(dim), sizes) for dim in y] == [8, h // 2, w // 2]


def test_a_factor_that_divides_stands_in_brackets() -> None:
    c = Traced(7, Expr.of(Symbol("c")))
    assert f"{product((5, c // 2, 5))!r}" == "Traced(75, '5 * (c // 2) * 5')"
    assert f"{product((c // 2, 5, c % 4))!r}" == "Traced(45, 'c // 2 * 5 * (c % 4)')"
    assert f"{product((5, product((1, c // 2)), 2))!r}" == "Traced(30, '5 * (c // 2) * 2')"


def test_a_divisor_that_is_a_name_is_taken_out() -> None:
    size, patch = Traced(224, Expr.of(Symbol("size"))), Traced(16, Expr.of(Symbol("patch")))
    assert f"{(size - patch) // patch + 1!r}" == "Traced(14, 'size // patch')"
    assert f"{(3 * patch * size + size + 2 * patch) // patch!r}" == "Traced(688, 'size // patch + 3 * size + 2')"
    assert 2 * patch // patch == 2
    assert f"{(size - patch) // (2 * patch)!r}" == "Traced(6, '(size - patch) // (2 * patch)')"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("c * r - c", "c * (r - 1)"),
        ("c * r + c * n", "c * (n + r)"),
        ("c * c + c", "c * (c + 1)"),
        ("(c * r - c) // 2", "c * (r - 1) // 2"),
        ("n * (c * r + c)", "c * n * (r + 1)"),
        ("n // (c * r + c)", "n // (c * (r + 1))"),
        ("c // 2 + c", "c + c // 2"),
        ("2 * c + 2 * n", "2 * c + 2 * n"),
    ],
)
def test_a_name_that_all_terms_have_is_taken_out(written: str, shown: str) -> None:
    expr = parse_expr(written)
    assert str(expr) == shown
    assert parse_expr(shown) == expr


def test_flatten_remembers_the_product() -> None:
    channels = _named((16,), None)[0]
    (features,) = Flatten().output((channels, 5, 5))
    assert features == 400
    assert str(Expr.of(features)) == "channels * 5 * 5"


def test_a_dense_layer_passes_its_input_size_on() -> None:
    features = Traced(400, Expr.product((16, 5, 5)))
    spelling = Linear(features=256).torch((features,))
    assert spelling.arguments[0].value is features


def test_what_is_built_for_a_size_refuses_an_open_one() -> None:
    width = _named((8, 64), [])[1]
    with pytest.raises(SizeIsOpen):
        Tensor("weight", (10, width))  # type: ignore[arg-type]
    with pytest.raises(SizeError, match="is left open"):
        LayerNorm().output((8, width))
    with pytest.raises(SizeError, match="is left open"):
        KINDS["crop"].model_validate({"size": 4}).output((8, width))
    assert GroupNorm(groups=4).output((8, width))[1] is width
