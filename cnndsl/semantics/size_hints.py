"""What to write where values of different sizes are to be added or joined: read off from the steps that made them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnndsl.ir.program import Call
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.formula import Shape, SizeError, show
from cnndsl.semantics.builder import Builder
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.values import Value
from cnndsl.symbolic.number import is_open, value_of

_KEPT = 12
"""So many steps that keep the size are gone through to find the one that makes a map larger."""
_MOST = 2
"""How many values that fit are named."""


def ways(body: Evaluation, values: tuple[Value, ...], usual: tuple[str, ...], *, joined: bool) -> tuple[str, ...]:
    """Ways to make values fit that do not, the surest first; `usual` are those for any values of their sizes.

    `joined` where they are put side by side, so that only the axes after the channels have to agree.
    """
    first = values[0]
    other = next((value for value in values[1:] if not _fits(value.shape, first.shape, joined=joined)), None)
    if other is None or len(first.shape) != len(other.shape) or _fits(first.shape, other.shape, joined=True):
        return usual
    meant = tuple(_of_others(body, first, other, joined=joined))
    grown = _as_large(body, other, first) or _as_large(body, first, other)
    if grown is not None:
        return (grown, *meant)
    return meant or (*usual, *_cut(body, first, other))


def _fits(left: Shape, right: Shape, *, joined: bool) -> bool:
    """Whether two values are equal in size, without the channels where they are joined."""
    return len(left) == len(right) and all(a == b for a, b in zip(left[joined:], right[joined:], strict=True))


def _as_large(body: Evaluation, value: Value, wanted: Value) -> str | None:
    """How the layer that made a value larger makes it as large as another one; None where there is no such layer."""
    grown = _grown(body.builder, value)
    if grown is None:
        return None
    layer, maker, x, before = grown
    if layer.kind == "upsample":
        like = _written(body, wanted) or "the other value"
        return f"write upsample(x, like={like}) in place of {maker}, where x is what {before} gives"
    extra = _output_padding(layer, x, value.shape, wanted.shape)
    return extra and f"write output_padding={extra} in {maker}, and {show(wanted.shape[1:])} comes out of it"


def _cut(body: Evaluation, first: Value, other: Value) -> Iterator[str]:
    """How to cut the larger one of two maps, where it is a little larger on all sides."""
    is_any_open = any(map(is_open, (*first.shape[1:], *other.shape[1:])))
    for value, wanted in ((first, other), (other, first)):
        small = [value_of(dim) for dim in wanted.shape[1:]]
        if is_any_open:
            if all(value_of(a) >= b for a, b in zip(value.shape[1:], small, strict=True)):
                names = (_written(body, each) or "it" for each in (value, wanted))
                yield "or cut the larger one: crop({}, like={})".format(*names)
            continue
        margins = {(value_of(a) - b) / 2 for a, b in zip(value.shape[1:], small, strict=True)}
        if len(margins) == 1 and 0 < (margin := margins.pop()) <= min(small) / 4:
            way = f"crop({int(margin)})" if margin.is_integer() else f"crop(size=[{', '.join(map(str, small))}])"
            yield f"or cut the larger one: ({_written(body, value) or 'it'} -> {way})"


def _grown(builder: Builder, value: Value) -> tuple[Layer, str, Shape, str] | None:
    """The layer that made a map larger, and what it was applied to, each with its name; None where there is none."""
    index = value.index
    steps = reversed(builder.steps)
    for _ in range(_KEPT):
        step = next((step for step in steps if index in step.outputs), None)
        if step is None or len(step.inputs) != 1:
            return None
        x, y = builder.values[step.inputs[0]], builder.values[index]
        layer = builder.layer(step)
        if layer is not None and layer.kind in ("upsample", "conv_transpose"):
            return layer, _maker(builder, index), x, _maker(builder, step.inputs[0])
        if x[1:] != y[1:]:
            return None
        index = step.inputs[0]
    return None


def _maker(builder: Builder, index: int) -> str:
    """What people call the step that a value comes from."""
    if index < len(builder.inputs):
        return builder.inputs[index]
    step = next(step for step in builder.steps if index in step.outputs)
    action = step.action
    return action.child if isinstance(action, Call) else getattr(builder.layer(step), "kind", "the step before")


def _output_padding(layer: Layer, x: Shape, here: Shape, wanted: Shape) -> str | None:
    """The output_padding with which a transposed convolution gives the wanted height and width."""
    if layer.group is not Group.CONVOLUTION or any(map(is_open, (*here[1:], *wanted[1:]))):
        return None
    before: Any = layer.output_padding  # type: ignore[attr-defined]
    given = list(before) if isinstance(before, tuple) else [before] * (len(here) - 1)
    extra = [value_of(add) + value_of(b) - value_of(a) for add, a, b in zip(given, here[1:], wanted[1:], strict=True)]
    if min(extra) < 0:
        return None
    meant: Any = extra[0] if len(set(extra)) == 1 else tuple(extra)
    try:
        fits = layer.having({"output_padding": meant}).output(x)[1:] == wanted[1:]
    except SizeError:
        return None
    return str(meant if isinstance(meant, int) else list(meant)) if fits else None


def _of_others(body: Evaluation, first: Value, other: Value, *, joined: bool) -> Iterator[str]:
    """The values with a name that would fit one of the two."""
    known = {name: value for name, value in _named(body).items() if value not in (first, other)}
    for value, stays in ((first, other), (other, first)):
        name = _written(body, value)
        if name in (None, "it", "input"):
            continue
        fits = [word for word, known_value in known.items() if _fits(known_value.shape, stays.shape, joined=joined)]
        if 0 < len(fits) <= _MOST:
            kept = _written(body, stays) or "the other one"
            yield f"{' and '.join(fits)} {'fits' if len(fits) == 1 else 'fit'} {kept}: was it meant in place of {name}?"


def _named(body: Evaluation) -> dict[str, Value]:
    """The values of the body that have a name."""
    found = {}
    for name in body.scope.visible():
        value, behind = body.scope.find(name)
        if isinstance(value, Value) and not behind and value.owner is body.builder:
            found[name] = value
    return found


def _written(body: Evaluation, value: Value) -> str | None:
    """How the text can write a value; None where it has no name."""
    name = next((name for name, known in _named(body).items() if known is value), None)
    return name or ("input" if value is body.entry else "it" if value is body.current else None)
