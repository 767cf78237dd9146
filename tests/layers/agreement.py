"""Our word on a layer beside PyTorch's: both take it, with the same sizes and tensors, or both refuse it."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from pydantic import ValidationError

from cnndsl.layers.aliases import REFUSED
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import SizeError
from cnndsl.layers.registry import KINDS
from cnndsl.symbolic.number import value_of
from tests.layers.cases import Case
from tests.layers.compiled import check_text
from tests.layers.oracle import BATCH, Answer, ask, build, call, sample, taking


def _all(value: Any) -> tuple[Any, ...]:
    return () if value is None else value if isinstance(value, tuple) else (value,)


def _some(test: Callable[[Any], bool], *names: str) -> Callable[[Case], bool]:
    """Whether a number in one of these parameters passes the test."""
    return lambda case: any(test(n) for name in names for n in _all(case.get(name)) if not isinstance(n, str))


def _list_of_one(case: Case) -> bool:
    return case.rank != 1 and any(isinstance(v, tuple) and len(v) == 1 for v in case.parameters.values())


def _wrong_rank(case: Case) -> bool:
    ranks = KINDS[case.kind].ranks
    return bool(ranks) and len(case.x) not in ranks


def _batch_axis(case: Case) -> bool:
    return any(axis in (0, -len(case.x) - 1) for name in ("axis", "start", "end") for axis in _all(case.get(name)))


def _unread_value(case: Case) -> bool:
    return bool(case.get("value") != 0 and case.get("mode") != "zeros")


def _half_sides(case: Case) -> bool:
    return isinstance(case.get("padding"), tuple) and len(case.get("padding")) != 2 * case.rank


def _moves_batch(case: Case) -> bool:
    return bool(case.get("order")[:1] != (0,))


def _not_last(case: Case) -> bool:
    return case.get("axis") not in (None, -1, len(case.x))


def _divisor_in_1d(case: Case) -> bool:
    return case.rank == 1 and case.get("divisor") is not None


def _other_length(case: Case) -> bool:
    padding = case.get("padding")
    return isinstance(padding, tuple) and len(padding) != case.rank and case.get("padding_mode") != "zeros"


def _nothing(_: Case, answer: Answer) -> bool:
    return 0 in answer.y or any(0 in shape for _, shape, _ in answer.state)


APPLIES: dict[str, Callable[[Case], bool]] = {
    "rank": _wrong_rank,
    "list of one": _list_of_one,
    "batch": lambda case: _moves_batch(case) if case.kind == "permute" else _batch_axis(case),
    "dilation": _some(lambda n: n == 0, "dilation"),
    "negative": _some(lambda n: n < 0, "padding", "margins"),
    "border": lambda case: _half_sides(case) if case.kind == "pad" else _other_length(case),
    "eps": _some(lambda n: n <= 0, "eps"),
    "divisor": _divisor_in_1d,
    "power": _some(lambda n: n < 0, "norm"),
    "max_norm": _some(lambda n: n <= 0, "max_norm", "norm_type"),
    "last axis": _not_last,
    "value": _unread_value,
    "two ways": lambda case: (case.get("size") is None) == (case.get("margins") is None),
}
"""For each difference that lies in the parameters: whether a case has it; `cnndsl.layers.aliases` has the reasons."""


def narrower_by(case: Case, answer: Answer) -> list[str]:
    """The differences for which the language may refuse a case to which PyTorch gives this answer."""
    names = [name for name, at in REFUSED.items() if not at.kinds or case.kind in at.kinds]
    return [name for name in names if (_nothing(case, answer) if name == "empty" else APPLIES[name](case))]


def _layer(case: Case) -> tuple[Layer, bool]:
    """The layer, and whether its parameters are valid; where they are not, it holds them all the same."""
    kind = KINDS[case.kind]
    try:
        layer = kind(**case.parameters)
        return taking(layer, case.x), True
    except ValidationError:
        return taking(kind.model_construct(**case.parameters), case.x), False


def check(case: Case) -> str:
    """Compare our word on a case with PyTorch's, and the compiler's on a network of this layer.

    The verdict: "taken" or "refused" by both, or "narrower" where we refuse for a reason that is listed.
    Raises AssertionError where the two do not agree.
    """
    layer, valid = _layer(case)
    x = (prod(case.x),) if layer.flattens(case.x) else case.x
    theirs = ask(layer, x)
    try:
        ours = layer.output(x) if valid else None
    except SizeError:
        ours = None
    check_text(case, layer, None if ours is None else tuple(map(value_of, ours)))
    if ours is None:
        if isinstance(theirs, str):
            return "refused"
        assert narrower_by(case, theirs), f"we refuse what PyTorch takes: {case} gives {theirs}"
        return "narrower"
    assert not isinstance(theirs, str), f"we take what PyTorch refuses: {case} with {theirs}"
    assert ours == theirs.y, case
    assert [(t.name, t.shape, t.learned) for t in layer.tensors(x)] == theirs.state, case
    _check_function(layer, x, ours)
    layer.words(x)
    return "taken"


def _check_function(layer: Layer, x: tuple[int, ...], y: Any) -> None:
    """The functional form gives the shape of the module, and its numbers in evaluation."""
    spelling = layer.function(x)
    if spelling is None:
        assert layer.tensors(x) or layer.helper, f"{layer.kind} holds nothing and has no functional form"
        return
    assert not layer.tensors(x), f"{layer.kind} holds something and has a functional form"
    for training in (False, True):
        assert call(spelling, sample(layer, x), training).shape == (BATCH, *y)
    expected = build(layer.torch(x)).eval()(sample(layer, x))
    torch.testing.assert_close(call(spelling, sample(layer, x)), expected, equal_nan=True, rtol=0, atol=0)


def share(kind: str, cases: int) -> int:
    """How many of all cases a kind gets: the more parameters, the more."""
    parameters = sum(1 + len(layer.model_fields) for layer in KINDS.values())
    return -(-cases * (1 + len(KINDS[kind].model_fields)) // parameters)
