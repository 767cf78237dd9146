"""What a layer needs in memory and what it reads, as its class says, against PyTorch: case by drawn case."""

from __future__ import annotations

from functools import partial
from math import prod

import pytest
import torch
from hypothesis import assume, given, settings
from pydantic import ValidationError
from torch import Tensor

from cnndsl.layers.base import Group, Kept, Layer
from cnndsl.layers.formula import SizeError
from cnndsl.layers.registry import KINDS
from tests.analysis.measure import Living, kept, storage
from tests.layers.cases import Case, cases
from tests.layers.oracle import BATCH, applied, build, sample, taking

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
WIDTH = 4
DRAWN = settings(max_examples=10)


def taken(case: Case) -> tuple[Layer, tuple[int, ...]]:
    """A layer with an input that it takes; other cases are thrown away."""
    try:
        layer = taking(KINDS[case.kind](**case.parameters), case.x)
        x = (prod(case.x),) if layer.flattens(case.x) else case.x
        layer.output(x)
    except (ValidationError, SizeError):
        assume(False)
    return layer, x


def unknown_memory(layer: Layer) -> bool:
    """Whether a layer may say that it does not know what it takes while it runs; any other has to know."""
    return layer.group is Group.SEQUENCE or layer.kind == "rmsnorm" or bool(getattr(layer, "normed", ""))


def known_to_keep(layer: Layer) -> bool:
    """Whether a layer has to know what it keeps where all that it learns is trained, or nothing."""
    attends = layer.kind == "multihead_attention" and getattr(layer, "dropout", 0) < 1
    return layer.group is not Group.SEQUENCE or attends


class Runner:
    """A layer as PyTorch has it."""

    def __init__(self, layer: Layer, x: tuple[int, ...]) -> None:
        torch.manual_seed(0)
        self.module = build(layer.torch(x))
        self._others = [sample(layer, x) for _ in layer.others]

    def __call__(self, x: Tensor, training: bool = False) -> Tensor:
        return applied(self.module.train(training), x, *(other.to(x.dtype) for other in self._others))

    @property
    def held(self) -> list[Tensor]:
        """Parameters and buffers, and what comes in after the first value."""
        return [*self.module.parameters(), *self.module.buffers(), *self._others]


@pytest.mark.parametrize("kind", KINDS)
def test_memory_in_evaluation(kind: str) -> None:
    @DRAWN
    @given(case=cases(kind))
    def agrees(case: Case) -> None:
        layer, x = taken(case)
        run, given = Runner(layer, x), sample(layer, x)
        y = tuple(map(int, layer.output(x)))
        with torch.no_grad(), Living([given, *run.held]) as living:
            result = run(given)
        shares = layer.shares(x, training=False, in_order=True)
        assert (storage(result)._cdata == storage(given)._cdata) == shares, case
        output = 0 if shares else prod(y) * BATCH * WIDTH
        scratch = layer.scratch(x, y)
        wasteful = layer.kind in ("unfold", "fold") and prod(x) > prod(y)
        assert (scratch is None) == (unknown_memory(layer) or wasteful), case
        if scratch is not None:
            assert living.peak == output + scratch.bytes(BATCH, WIDTH), case
        assert result[0].is_contiguous() == layer.in_order(x, in_order=True), case

    agrees()


def trained_choices(layer: Layer, x: tuple[int, ...]) -> list[frozenset[str]]:
    learned = [tensor.name for tensor in layer.tensors(x) if tensor.learned]
    return [
        frozenset(learned),
        *([frozenset()] if learned else []),
        *([frozenset({"bias"})] if "bias" in learned else []),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_for_the_backward_pass(kind: str) -> None:
    @DRAWN
    @given(case=cases(kind))
    def agrees(case: Case) -> None:
        layer, x = taken(case)
        y = tuple(map(int, layer.output(x)))
        for trained in trained_choices(layer, x):
            for gradient in (True, False):
                if kind == "embedding" and gradient:
                    continue
                run = Runner(layer, x)
                for name, parameter in run.module.named_parameters() if run.module else ():
                    parameter.requires_grad_(name in trained)
                given = sample(layer, x)
                inside = given.requires_grad_().clone() if gradient else given
                found, result = kept(partial(run, inside, training=True), run.held)
                said: Kept | None = (
                    layer.kept(x, y, gradient=gradient, trained=trained) if gradient or trained else Kept()
                )
                unknown = not known_to_keep(layer) or (kind == "bilinear" and "weight" not in trained and gradient)
                assert (said is None) == ((gradient or bool(trained)) and unknown), case
                if said is None:
                    continue
                shares = layer.shares(x, training=True, in_order=True)
                assert (storage(result)._cdata == storage(inside)._cdata) == shares, case
                first, last = storage(inside)._cdata, storage(result)._cdata
                copied = said.turned and x[0] > 1
                itself = said.inputs or (said.turned and not copied)
                expected = ({first} if itself else set()) | ({last} if said.output else set())
                assert {key for key in found if key in (first, last)} == expected, (case, gradient, trained)
                extra = sum(size for key, size in found.items() if key not in (first, last))
                more = prod(x) * BATCH * WIDTH if copied else 0
                assert extra == said.extra.bytes(BATCH, WIDTH) + more, (case, gradient, trained)

    agrees()
