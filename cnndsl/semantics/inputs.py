"""The declared inputs of a network, and the sizes that they leave open."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add, mul
from typing import Any

from cnndsl.diagnostics import Fix, Label, error
from cnndsl.ir.program import OpenSize
from cnndsl.layers.formula import AXES, Dim, Shape, show
from cnndsl.layers.types import LARGEST
from cnndsl.semantics.call_hints import plainer_argument
from cnndsl.semantics.context import LIGHT, Context, origin
from cnndsl.semantics.evaluation import Evaluation, Given
from cnndsl.semantics.hints import without
from cnndsl.semantics.values import describe
from cnndsl.symbolic.expr import MIRRORED, OPPOSITE, RELATIONS, Expr, Guard, Number, Operation, Symbol
from cnndsl.symbolic.number import Traced, value_of
from cnndsl.syntax import tree

STAND_IN = 2**12 * 3 * 5 * 7
"""The size with which an open axis is worked out: large, and divisible by whatever strides multiply to."""


LARGEST_TRIED = 1024
"""The sizes that are tried to find out which fit."""


def declare_shape(body: Evaluation, call: tree.Call, position: int) -> Shape:
    """The shape that `input(3, 32, 32)` declares; sizes left open are entered in the context. Raises Problem."""
    if not call.arguments:
        raise error(
            "E207",
            "input needs the size of one sample",
            call.span,
            help="write input(3, 32, 32): channels, height, width",
        )
    if len(call.arguments) > 4:
        raise error(
            "E207",
            "input takes at most 4 sizes: channels and three spatial axes",
            call.span,
            help="leave the batch out",
        )
    only = call.arguments[0]
    if len(call.arguments) == 1 and isinstance(only.value, tree.ListOf):
        inner = only.value.span.text[1:-1].strip()
        fix = (Fix.safe if only.name is None else Fix.suggested)(only.span, inner)  # shape= is Keras's, channels last
        message = "input takes its sizes one by one, without brackets"
        raise error("E207", message, only.span, help=f"write input({inner})", fix=fix)
    names = ("channels", *AXES.get(len(call.arguments) - 1, ()))
    if body.given is not None:
        return _given_shape(body, call, body.given)
    is_batch = _is_left_open(only.value) or (only.span.text in _BATCH and only.span.text not in body.scope)
    if len(call.arguments) == 4 and is_batch:
        message = "the batch is no part of the size: a network takes any number of samples"
        helps = f"write input({', '.join(a.span.text for a in call.arguments[1:])})"
        raise error("E205", message, only.span, help=helps, fix=without(call, 0))
    return tuple(_size(body, call, a, names[i], position) for i, a in enumerate(call.arguments))


def _given_shape(body: Evaluation, call: tree.Call, given: Given) -> Shape:
    """The shape of what a network is given that is a part of another; rank and channels are those of its own line."""
    channels = _size(body, call, call.arguments[0], "channels", 0)
    declared, found = len(call.arguments), len(given.shape)
    if declared == found and value_of(channels) == value_of(given.shape[0]):
        return (channels, *given.shape[1:])
    name, comes = given.name, show(given.shape)
    label = Label(call.span, "its input line")
    if declared != found:
        message = f"{name} takes {declared} {'axis' if declared == 1 else 'axes'}, and {comes} comes in, with {found}"
        helps: tuple[str, ...] = ("the batch is not counted; the sizes beside the channels may be others",)
    else:
        count = value_of(channels)
        message = f"{name} takes {count} channel{'s' if count != 1 else ''}, and {comes} comes in"
        layer = f"linear({count})" if declared == 1 else f"conv({count}, 1)"
        helps = (f"bring it to {count} first: {layer} -> {name}", "or let the network have its channels as a parameter")
    raise error("E408", message, given.span, labels=(label,), help=helps)


_BATCH = frozenset({"batch", "batch_size", "N", "B"})
"""What the batch is called where it is counted."""


def _is_left_open(node: tree.Expression) -> bool:
    """Whether this is how a size is left open, here or elsewhere: `?`, `None`, `-1`."""
    return isinstance(node, tree.Hole) or node.span.text in ("None", "none", "null", "-1")


def _whole_size(value: Any) -> None:
    """Raise ValueError unless a value is the size of an axis."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise ValueError


def _size(body: Evaluation, call: tree.Call, argument: tree.Argument, axis: str, position: int) -> Dim:
    if argument.name is not None:
        sizes = ", ".join(a.value.span.text for a in call.arguments)
        raise error("E207", "input takes its sizes by position", argument.span, help=f"write input({sizes})")
    if isinstance(argument.value, tree.Hole):
        if axis == "channels":
            raise error(
                "E205",
                "the number of channels (or features) cannot be left open",
                argument.span,
                help="write it as a number",
            )
        guards: list[Guard] = []
        name = axis[0].upper() if position == 0 else f"{axis[0].upper()}{position + 1}"
        while name in body.context.parameters:  # an expression tells sizes apart by their names, also inside blocks
            name += "_"
        symbol = Symbol(name, guards)
        body.context.open.places[symbol] = argument.span
        return Traced(STAND_IN, Expr.of(symbol))
    if _is_left_open(argument.value):
        fix = Fix.safe(argument.span, "?")
        raise error("E205", "a size that is left open is written ?", argument.span, help="write ?", fix=fix)
    value: Any = body.known(argument.value)
    if axis != "channels":
        value = body.plain(value)  # other sizes than the number of channels reach too far to stay open
    plain = value_of(value)
    try:
        _whole_size(plain)
    except ValueError:
        way = plainer_argument(argument, (), _whole_size, plain)
        helps, pointed = way or ("sizes are counts: channels, then height and width in pixels", None)
        raise error(
            "E208",
            f"input: the {axis} must be a whole number of at least 1, and it is {describe(value)}",
            argument.span,
            help=helps,
            fix=pointed,
        ) from None
    return value  # type: ignore[no-any-return]


def requirements(context: Context) -> tuple[OpenSize, ...]:
    """What the open sizes of a network must be, from the comparisons that they took part in.

    All that a size goes through divides and adds whole numbers, so which sizes fit repeats itself;
    it is read off the sizes up to `LARGEST_TRIED`.
    """
    symbols = list(context.open.places)
    return tuple(_requirement(context, symbol, symbols[:at]) for at, symbol in enumerate(symbols))


def _requirement(context: Context, symbol: Symbol, before: Sequence[Symbol]) -> OpenSize:
    asked = dict.fromkeys(symbol.guards or ())
    relations = dict.fromkeys(_relation(guard, symbol) for guard in asked if _last(guard, symbol, before))
    found = _of_itself(context, symbol, [guard for guard in asked if _symbols(guard) == {symbol}])
    return found.model_copy(update={"relations": tuple(relations)}) if relations else found


def _last(guard: Guard, symbol: Symbol, before: Sequence[Symbol]) -> bool:
    """Whether a comparison is one of this size with such as are declared before it."""
    others = _symbols(guard) - {symbol}
    return bool(others) and others <= set(before)


def _relation(guard: Guard, symbol: Symbol) -> str:
    """What a comparison asks of two open sizes: "H2 = H"."""
    left, right, relation = guard.left, guard.right, guard.relation
    if symbol not in left.symbols():
        left, right, relation = right, left, MIRRORED[relation]
    relation = relation if guard.truth else OPPOSITE[relation]
    return f"{left} {'=' if relation == '==' else relation} {right}"


def _of_itself(context: Context, symbol: Symbol, guards: list[Guard]) -> OpenSize:
    sizes = range(1, LARGEST_TRIED + 1)
    context.work(context.open.places[symbol], len(guards) * LARGEST_TRIED // LIGHT)
    rows = [_outcomes(guard, sizes) for guard in guards]
    fits = [all(column) for column in zip(*rows, strict=True)] if rows else [True] * len(sizes)
    if not any(fits):
        return OpenSize(symbol=symbol.name, minimum=None, multiple=None)
    minimum = fits.index(True) + 1
    asks = [guard for guard, row in zip(guards, rows, strict=True) if not all(row[max(0, minimum - 2) :])]
    reasons = dict.fromkeys(origin(context.open.reasons[guard]) for guard in asks if guard in context.open.reasons)
    pattern = fits[minimum - 1 :]
    for period in range(1, LARGEST_TRIED // 4):
        if all(fit == (at % period == 0) for at, fit in enumerate(pattern)):
            break
    else:
        return OpenSize(symbol=symbol.name, minimum=minimum, multiple=None, reasons=tuple(reasons))
    return OpenSize(symbol=symbol.name, minimum=minimum, multiple=period, rest=minimum % period, reasons=tuple(reasons))


def _symbols(guard: Guard) -> frozenset[Symbol]:
    return guard.left.symbols() | guard.right.symbols()


def _outcomes(guard: Guard, sizes: range) -> list[bool]:
    """Whether a comparison comes out as it did, for each of some sizes."""
    compare = RELATIONS[guard.relation]
    both = zip(_values(guard.left, sizes), _values(guard.right, sizes), strict=True)
    return [compare(left, right) is guard.truth for left, right in both]


def _values(expr: Expr, sizes: range) -> list[Number]:
    """What an expression over one name comes to for each of some sizes: much faster than one size after the other."""
    total: list[Number] = [0] * len(sizes)
    for atoms, factor in expr.terms:
        products: list[Number] = [factor] * len(sizes)
        for atom in atoms:
            products = list(map(mul, products, sizes if isinstance(atom, Symbol) else _results(atom, sizes)))
        total = list(map(add, total, products))
    return total


def _results(operation: Operation, sizes: range) -> list[Number]:
    return list(map(operation.function, *(_values(operand, sizes) for operand in operation.operands)))
