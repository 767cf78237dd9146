"""Sizes and the formulas that they come from.

A shape is one sample's, the batch left out: channels first, then the spatial axes.  Its numbers may
be traced (see `cnndsl.traced`), so the formulas use nothing but arithmetic and comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Annotated, Any

from pydantic import Field, Strict

from cnndsl.layers.fields import LARGEST, MOST_AXES
from cnndsl.traced import Expr, Traced, is_open, key_of, value_of

Dim = Annotated[Annotated[int, Strict()] | Traced, Field(union_mode="left_to_right")]
"""A number of a shape. Strict, as Pydantic would take a traced 8 for a plain one, and forget its expression."""
Shape = tuple[Dim, ...]
KnownShape = tuple[int, ...]
"""A shape of plain numbers, none of them left open."""

AXES: dict[int, tuple[str, ...]] = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class SizeError(Exception):
    """A layer does not fit what comes into it.

    `message` says what does not fit, with the numbers; `help` what would. The stage that applies
    the layer adds the places.
    """

    def __init__(self, message: str, *help: str, code: str = "E302") -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.help = help
        self.code = code


def show(shape: Iterable[Any]) -> str:
    """A shape as people write it: `16 x 5 x 5`, `8 x (H - 2) x W`; that of a single number is `1`."""
    return " x ".join(f"({dim})" if " " in str(dim) else str(dim) for dim in shape) or "1"


def plain(shape: Shape) -> Shape:
    """The shape in plain numbers, but for sizes that are left open."""
    return tuple(dim if is_open(dim) else value_of(dim) for dim in shape)


def same_size(a: Shape, b: Shape) -> bool:
    """Whether two sizes are the same, open ones included; a plain `==` would count as a condition on those."""
    return [key_of(dim) if is_open(dim) else value_of(dim) for dim in a] == [
        key_of(dim) if is_open(dim) else value_of(dim) for dim in b
    ]


def as_json(shapes: Iterable[Shape]) -> list[list[int | str]]:
    """Shapes as numbers, or text for sizes that are left open."""
    return [[str(dim) if is_open(dim) else value_of(dim) for dim in shape] for shape in shapes]


def per_axis(value: Any, rank: int, what: str) -> tuple[Any, ...]:
    """One number for each of `rank` axes, from one number or from a list of them.

    Raises SizeError when a list has another length.
    """
    if not isinstance(value, tuple):
        return (value,) * rank
    if len(value) != rank:
        numbers = "number" if len(value) == 1 else "numbers"
        raise SizeError(
            f"{what} has {len(value)} {numbers}, and the input has {rank} spatial {'axis' if rank == 1 else 'axes'}",
            f"write one number for all axes, or a list of {rank}",
            code="E303",
        )
    return value


def product(dims: Iterable[Dim]) -> Dim:
    """How many numbers there are, remembered as the product that it is: 400 as `16 * 5 * 5`."""
    factors = tuple(dims)
    if len(factors) == 1:
        return factors[0]
    return Traced(prod(value_of(factor) for factor in factors), Expr.product(factors))


def check_limits(shape: Shape) -> None:
    """Raise SizeError for a value that no machine holds: too many axes, or too long a one.

    Layers such as `upsample` and `embedding`, repeated, would else make numbers that cannot even be printed.
    """
    if len(shape) > MOST_AXES:
        raise SizeError(
            f"the result would have {len(shape)} axes", f"a value has at most {MOST_AXES} axes", code="E313"
        )
    if any(value_of(dim) > LARGEST for dim in shape if not is_open(dim)):
        raise SizeError(
            f"the result would have an axis of more than {LARGEST:,} numbers",
            "no memory holds that: let the map grow less",
            code="E313",
        )


def window_size(size: Dim, kernel: int, padding: int = 0, stride: int = 1, dilation: int = 1) -> Dim:
    """Positions of a kernel along an axis: floor((I - L*(K - 1) - 1 + 2D) / S) + 1.

    The formula of torch.nn.Conv2d and torch.nn.MaxPool2d; with dilation L = 1 it is (I - K + 2D)/S + 1.
    """
    return (size - dilation * (kernel - 1) - 1 + 2 * padding) // stride + 1
