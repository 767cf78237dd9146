"""What a network really sees: where the gradient of one number with respect to the input is not zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from cnndsl.analysis.receptive_field import Field
from cnndsl.layers.reach import Interval, hull


def positive(model: nn.Module) -> nn.Module:
    """The network with weights that are above zero, so that nothing cancels, and sum to about one, so that it stays."""
    torch.manual_seed(0)
    model.double()
    with torch.no_grad():
        for parameter in model.parameters():
            fan = parameter[0].numel() if parameter.dim() > 1 else 4
            parameter.copy_((torch.rand_like(parameter) + 1) / fan)
    return model


def ramps(shape: Sequence[int]) -> Iterator[Tensor]:
    """Inputs that rise along all axes and that fall: their largest values are at the last and at the first place.

    So a max pool, which passes the gradient to one place alone, shows the one and then the other end of its window.
    """
    total = torch.zeros(*shape, dtype=torch.float64)
    for axis, size in enumerate(shape[1:], 1):
        steps = torch.arange(size, dtype=torch.float64).view(-1, *[1] * (len(shape) - 1 - axis))
        total = total + steps / sum(shape[1:])
    for ramp in (total, -total):
        yield (ramp + 1.5)[None]


def seen_along(
    run: Callable[[Tensor], Tensor], shape: Sequence[int], axis: int, positions: Sequence[int]
) -> list[Interval]:
    """For positions along an axis of the output, in the middle of the others: the places of the input that they see."""
    found: list[Interval | None] = [None] * len(positions)
    for ramp in ramps(shape):
        given = ramp.requires_grad_()
        middle = run(given).sum(1)[0]
        for other in reversed(range(middle.dim())):
            if other != axis - 1:
                middle = middle.select(other, middle.shape[other] // 2)
        for k, position in enumerate(positions):
            (gradient,) = torch.autograd.grad(middle[position], given, retain_graph=True)
            places = gradient[0].movedim(axis, 0).flatten(1).any(1).nonzero().flatten().tolist()
            found[k] = hull(found[k], (places[0], places[-1]))
    return [interval for interval in found if interval is not None]


def inside(field: Field, position: int, size: int) -> bool:
    """Whether a position sees neither the first nor the last place of an axis, and so nothing beyond."""
    seen = field.at(position)
    return seen is not None and seen[0] > 0 and seen[1] < size - 1
