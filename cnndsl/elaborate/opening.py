"""The declared inputs of a network, and the sizes that they leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnndsl.diagnostics import error
from cnndsl.elaborate.values import describe
from cnndsl.layers.fields import LARGEST
from cnndsl.layers.sizes import AXES, Dim, Shape
from cnndsl.syntax import tree
from cnndsl.traced import Expr, Guard, Symbol, Traced, value_of

if TYPE_CHECKING:
    from cnndsl.elaborate.expressions import Expressions

STAND_IN = 2**12 * 3 * 5 * 7
"""The size with which an open axis is worked out: large, and divisible by whatever strides multiply to."""


def declare_shape(body: Expressions, call: tree.Call, position: int) -> Shape:
    """The shape that `input(3, 32, 32)` declares. Raises Problem."""
    if not call.arguments:
        raise error("E207", "input needs the size of one sample", call.span, help="write input(3, 32, 32): channels, height, width")
    if len(call.arguments) > 4:
        raise error("E207", "input takes at most 4 sizes: channels and three spatial axes", call.span, help="leave the batch out")
    names = ("channels", *AXES.get(len(call.arguments) - 1, ()))
    return tuple(_size(body, a, names[i], position) for i, a in enumerate(call.arguments))


def _size(body: Expressions, argument: tree.Argument, axis: str, position: int) -> Dim:
    if argument.name is not None:
        raise error("E207", "input takes its sizes by position", argument.span, help="write input(3, 32, 32)")
    if isinstance(argument.value, tree.Hole):
        if axis == "channels":
            raise error("E205", "the number of channels (or features) cannot be left open", argument.span, help="write it as a number")
        guards: list[Guard] = []
        name = axis[0].upper() if position == 0 else f"{axis[0].upper()}{position + 1}"
        return Traced(STAND_IN, Expr.of(Symbol(name, guards)))
    value: Any = body.known(argument.value)
    if axis != "channels":
        value = body.plain(value)  # other sizes than the number of channels reach too far to stay open
    plain = value_of(value)
    if isinstance(plain, bool) or not isinstance(plain, int) or not 1 <= plain <= LARGEST:
        raise error(
            "E208",
            f"input: the {axis} must be a whole number of at least 1, and it is {describe(value)}",
            argument.span,
            help="sizes are counts: channels, then height and width in pixels",
        )
    return value  # type: ignore[no-any-return]
