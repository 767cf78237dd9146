"""Our word on a layer beside PyTorch's: both take it, with the same sizes and tensors, or both refuse it."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch

from cnndsl.layers.base import Layer
from cnndsl.layers.catalogue import KINDS
from cnndsl.layers.declared import Invalid
from cnndsl.layers.sizes import SizeError
from tests.layers.cases import Case
from tests.layers.oracle import BATCH, ask, build, call, has_module, sample


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


def _any(_: Case) -> bool:
    return True


# Where the language is narrower than PyTorch: for which kinds ("" is all of them), when, and why.
STRICTER: list[tuple[str, Callable[[Case], bool], str]] = [
    ("", _list_of_one, "a list has a number for each axis; PyTorch lets a list of one stand for all of them"),
    ("", _wrong_rank, "PyTorch takes a batch with an axis too few for one sample without a batch"),
    ("flatten glu linear log_softmax softmax", _batch_axis, "axis 0 is the batch, whose samples stay apart"),
    ("permute", _moves_batch, "the batch stays the first axis"),
    ("linear", _not_last, "nn.Linear works on the last axis, so that any other number is a mistake"),
    (
        "groupnorm instancenorm layernorm",
        _some(lambda n: n <= 0, "eps"),
        "it divides by zero; batchnorm refuses it too",
    ),
    ("embedding", _some(lambda n: n <= 0, "max_norm", "norm_type"), "no vector is shorter than that, but by a mistake"),
    ("lppool", _some(lambda n: n <= 0, "norm"), "a power below 0 has nothing to do with a norm"),
    ("avgpool", _divisor_in_1d, "nn.AvgPool1d has none, so that it would have no effect"),
    ("avgpool", _some(lambda n: n == 0, "divisor"), "it divides by zero"),
    ("conv conv_transpose maxpool", _some(lambda n: n < 1, "dilation"), "it goes unnoticed where the kernel is 1"),
    (
        "conv",
        _other_length,
        "F.pad, which the other padding modes go through, takes a list that is too long or too short",
    ),
    ("conv conv_transpose", _some(lambda n: n < 0, "padding", "output_padding"), "a crop or a pad says what is meant"),
    ("crop", _any, "slicing never refuses; to ask for more than there is, or for two things at once, is a mistake"),
    ("pad", _half_sides, "a list has a number for each side; PyTorch leaves out the sides of the first axes"),
    ("pad", _unread_value, "the mode does not use the value"),
]


def _stricter(case: Case) -> bool:
    return any((not kinds or case.kind in kinds.split()) and applies(case) for kinds, applies, _ in STRICTER)


def _layer(case: Case) -> tuple[Layer, bool]:
    """The layer, and whether its parameters are valid; where they are not, it holds them all the same."""
    kind = KINDS[case.kind]
    try:
        return kind(**case.parameters), True
    except Invalid:
        return kind.model_construct(**case.parameters), False


def check(case: Case) -> str:
    """Compare our word on a case with PyTorch's; the verdict that they share."""
    layer, valid = _layer(case)
    x = (prod(case.x),) if layer.flattens(case.x) else case.x
    theirs = ask(layer, x)
    try:
        ours = layer.output(x) if valid else None
    except SizeError:
        ours = None
    if ours is None:
        assert isinstance(theirs, str) or _stricter(case), f"we refuse what PyTorch takes: {case} gives {theirs}"
        return "refused"
    assert not isinstance(theirs, str), f"we take what PyTorch refuses: {case} with {theirs}"
    assert ours == theirs.y, case
    if has_module(layer):
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
    if has_module(layer):
        expected = build(layer.torch(x)).eval()(sample(layer, x))
        torch.testing.assert_close(call(spelling, sample(layer, x)), expected, equal_nan=True, rtol=0, atol=0)


def share(kind: str, cases: int) -> int:
    """How many of all cases a kind gets: the more parameters, the more."""
    parameters = sum(1 + len(layer.model_fields) for layer in KINDS.values())
    return -(-cases * (1 + len(KINDS[kind].model_fields)) // parameters)
