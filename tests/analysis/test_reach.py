"""What a layer's positions read, as its class says, against PyTorch: numbers are changed place by place."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given
from torch import Tensor

from cnndsl.layers.base import Group
from cnndsl.layers.reach import Interval, Reach, hull
from cnndsl.layers.registry import KINDS
from tests.analysis.test_layers import DRAWN, Runner, taken
from tests.layers.cases import Case, cases
from tests.layers.oracle import sample

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def span(places: Tensor) -> Interval | None:
    """The first and the last of the places that are true."""
    found = places.nonzero().flatten().tolist()
    return (found[0], found[-1]) if found else None


def changes(run: Runner, given: Tensor, axis: int) -> Tensor:
    """For each place along an axis of the input, where the output changes when the numbers there do."""
    expected = run(given.clone())  # some layers overwrite what they are given
    assume(bool(expected.isfinite().all()))
    rows = []
    for place in range(given.shape[axis]):
        changed = given.clone()
        part = changed.select(axis, place)
        part += torch.rand(part.shape, generator=torch.Generator().manual_seed(place), dtype=part.dtype) + 1
        rows.append((run(changed) != expected).any(0))
    return torch.stack(rows)


def clipped(interval: Interval | None, size: int) -> Interval | None:
    if interval is None:
        return None
    first, last = max(interval[0], 0), min(interval[1], size - 1)
    return (first, last) if first <= last else None


def said(reach: Reach, position: int, size: int) -> Interval | None:
    """The places of an axis with `size` of them that the position reads."""
    moving = None if reach.window is None else clipped(reach.window.at(position), size)
    found: Interval | None = hull(moving, clipped(reach.fixed, size))
    return found


def cut(reach: Reach, position: int, size: int) -> bool:
    """Whether the window of a position reaches beyond the map."""
    return reach.window is not None and clipped(reach.window.at(position), size) != reach.window.at(position)


def positive(run: Runner) -> None:
    """Weights with which nothing cancels."""
    if run.module is not None:
        run.module.double()
        with torch.no_grad():
            for parameter in run.module.parameters():
                parameter.abs_().add_(0.1)


def kernel_decides(case: Case) -> bool:
    """Whether it depends on the kernel that PyTorch picks what is read: some pass over a fraction as the scale.

    That is so for the nearest place where the size stays or doubles all the same.
    """
    scales = case.get("scale")
    return case.get("mode") in (None, "nearest") and any(
        not float(scale).is_integer() and int(size * scale) in (size, 2 * size)
        for size in case.x[1:]
        for scale in (scales if isinstance(scales, tuple) else (scales,))
        if scale is not None
    )


UNSAID = ("fold", "unfold")
"""Their places are no axis of a map, but lie in a row of all its windows."""
EXACT = (Group.CONVOLUTION, Group.POOLING, Group.SHAPE, Group.DENSE)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "embedding"])
def test_what_is_read(kind: str) -> None:
    @DRAWN
    @given(case=cases(kind))
    @torch.no_grad()
    def agrees(case: Case) -> None:
        for name in ("padding_mode", "mode"):  # elsewhere a border of the map's own numbers
            if case.get(name) in ("reflect", "replicate", "circular"):
                del case.parameters[name]
        layer, x = taken(case)
        assume(not (kind == "upsample" and kernel_decides(case)))
        run = Runner(layer, x)
        positive(run)
        given = sample(layer, x).double().abs() * 0.1
        y = tuple(map(int, layer.output(x)))
        reaches = layer.reach(x, y)
        assert len(reaches) == len(x)
        spread = case.get("dilation") not in (None, 1)
        for axis, reach in enumerate(reaches):
            if kind in UNSAID:
                assert reach is None
                continue
            assert reach is not None
            changed = changes(run, given, axis + 1)
            assume(bool(changed.any()))  # or along another axis there is padding alone
            if reach.axis is None:
                found = [(0, span(changed.flatten(1).any(1)))]
            else:
                moved = changed.movedim(reach.axis + 1, 1).reshape(x[axis], y[reach.axis], -1).any(2)
                found = [(position, span(moved[:, position])) for position in range(y[reach.axis])]
            for position, interval in found:
                expected = said(reach, position, x[axis])
                gaps = spread and (kind == "conv_transpose" or cut(reach, position, x[axis]))
                if layer.group in EXACT and not gaps and (axis > 0 or len(x) == 1):
                    assert interval == expected, (case, axis, position)
                elif interval is not None:
                    assert expected is not None, (case, axis, position)
                    assert hull(interval, expected) == expected, (case, axis, position)

    agrees()
