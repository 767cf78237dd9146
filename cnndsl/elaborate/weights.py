"""Weights that the text itself gives: numbers for a kernel, a bias."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnndsl.diagnostics import error
from cnndsl.elaborate.values import describe
from cnndsl.layers.base import Layer
from cnndsl.program import Weights
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.traced import value_of

if TYPE_CHECKING:
    from cnndsl.elaborate.expressions import Expressions

WEIGHT_WORDS = frozenset({"weight", "trainable"})
Nested = Any  # a number, or a tuple of Nested


def weights_of(_body: Expressions, layer: Layer, given: dict[str, tuple[tree.Argument, Any]]) -> Weights:
    """The numbers of a layer, as they were written. Raises Problem when they are no numbers in even rows."""
    weight = bias = None
    trainable = False
    for name, (argument, value) in given.items():
        if name == "trainable":
            if not isinstance(value_of(value), bool):
                raise error("E208", f"trainable must be true or false, and it is {describe(value)}", argument.span)
            trainable = value_of(value)
        elif name == "weight":
            weight = _even(value, argument.span)
        else:
            bias = _even(value, argument.span)
    if weight is None and bias is None:
        (argument, _) = next(iter(given.values()))
        raise error(
            "E208",
            f"trainable says whether given numbers are learned further, and {layer.kind} is given none",
            argument.span,
            help="give it weight=[[...]] too",
        )
    return Weights(weight=weight, bias=bias, trainable=trainable)


def _even(value: Any, span: Span) -> Nested:
    value = value_of(value)
    if isinstance(value, list):
        rows = tuple(_even(item, span) for item in value)
        if rows and len({nested_shape(row) for row in rows}) == 1:
            return rows
        raise error("E208", "the numbers must stand in rows of equal length", span, help="write [[1, 0], [0, 1]]")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise error("E208", f"weights are numbers, and this is {describe(value)}", span, help="write [[1, 0], [0, 1]]")
    return value


def nested_shape(value: Nested) -> tuple[int, ...]:
    """The shape of nested tuples of numbers."""
    return (len(value), *nested_shape(value[0])) if isinstance(value, tuple) else ()


def check_fit(value: Nested, shape: tuple[int, ...], what: str, span: Span) -> None:
    """Raise Problem unless numbers fit a tensor of this shape.

    Leading axes may be missing: what is given is then repeated over them, so that one kernel
    [[1, 0], [0, 1]] serves every pair of channels.
    """
    given = nested_shape(value)
    if given and given == shape[len(shape) - len(given) :]:
        return
    wanted = " x ".join(map(str, shape))
    raise error(
        "E310",
        f"the {what} given is {' x '.join(map(str, given)) or 'one number'}, and the layer's is {wanted}",
        span,
        help=f"give {wanted} numbers, or only the last axes of them, to be repeated over the others",
    )
