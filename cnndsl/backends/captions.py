"""What is said of layers, values and sizes in few words: short enough for a box of a picture or a column of a table.

In: layers, operations and sizes of a program, also open ones.  Out: text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from math import gcd, lcm
from types import MappingProxyType
from typing import Any, NamedTuple

from cnndsl.analysis.costs.counts import Cost
from cnndsl.i18n import listed, tr, trn
from cnndsl.ir.interpreter import Application
from cnndsl.ir.program import Leaf, Module, OpenSize, Parameter
from cnndsl.layers.formula import Dim, Shape, plain, show
from cnndsl.layers.operations import Concat, Operation
from cnndsl.layers.resize import UpsampleLike
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, evaluate, is_open, value_of

_TRIED = 16
"""Sizes in a row that a fraction must be right for; the divisors of a network are powers of small numbers."""
Fitting = Mapping[str, OpenSize]
"""What open sizes must be, by their names."""


def size_text(shape: Iterable[Dim], fitting: Fitting = MappingProxyType({})) -> str:
    """A size as it stands beside an arrow: `8×28×28`; an open one as `8×H/2×W/2`, or `?` where it is no fraction.

    What is a fraction only for the sizes that fit, such as 2 * (H // 2) where H is even, is one with `fitting`.
    """
    return "×".join(dim_text(dim, fitting) for dim in shape)


def dim_text(dim: Dim, fitting: Fitting = MappingProxyType({})) -> str:
    """One number of a size."""
    if not isinstance(dim, Traced) or not dim.is_open:
        return str(value_of(dim))
    fraction = _fraction(dim.expr) or _where_it_fits(dim.expr, fitting)
    return str(fraction) if fraction else "?"


def change(xs: Iterable[Shape], ys: Iterable[Shape]) -> str:
    """What comes in and what goes out, in full; nothing for what has no input."""
    sides = ([full_size(shape) for shape in shapes] for shapes in (xs, ys))
    return " → ".join(listed(sizes) for sizes in sides if sizes)


def outputs_said(module: Module) -> list[str]:
    """The sizes of what a module gives; what it gives in training only says so."""
    pairs = zip(module.outputs, map(show, module.output_shapes), strict=True)
    return [tr("{what} in training", what=size) if output.training else size for output, size in pairs]


def fitting_sizes(network: Module) -> Fitting:
    """What the open sizes of a network must be."""
    return {size.symbol: size for size in network.open}


class _Fraction(NamedTuple):
    """`floor((times * name + plus) / over)`: what becomes of an open size under strides, paddings and pools."""

    times: int
    name: str
    plus: int
    over: int = 1

    def __str__(self) -> str:
        text = self.name if self.times == 1 else f"{self.times}{self.name}"
        if self.plus:
            text = f"({text}{'−' if self.plus < 0 else '+'}{abs(self.plus)})"
        return f"{text}/{self.over}" if self.over > 1 else text


def _fraction(expr: Expr) -> _Fraction | None:
    """An expression as one fraction, by floor(floor(a/b)/c) = floor(a/(b*c)); None where it is none."""
    plus = sum(factor for atoms, factor in expr.terms if not atoms)
    others = [(atoms, factor) for atoms, factor in expr.terms if atoms]
    if len(others) != 1 or len(others[0][0]) != 1 or not isinstance(plus, int):
        return None
    (((atom,), times),) = others
    if isinstance(atom, Symbol):
        return _Fraction(times, atom.name, plus) if isinstance(times, int) else None
    inner = _fraction(atom.operands[0]) if atom.name == "//" and times == 1 else None
    divisor = atom.operands[-1].constant
    if inner is None or not isinstance(divisor, int) or divisor < 1:
        return None
    over = inner.over * divisor
    common = gcd(inner.times, over)
    total = inner.plus + plus * over
    return _Fraction(inner.times // common, inner.name, total // common, over // common)


def _where_it_fits(expr: Expr, fitting: Fitting) -> _Fraction | None:
    """An expression as one fraction, if it is one for the first sizes that fit."""
    names = [symbol.name for symbol in expr.symbols()]
    size = fitting.get(names[0]) if len(names) == 1 else None
    if size is None or size.minimum is None or size.multiple is None:
        return None
    first = size.minimum + (size.rest - size.minimum) % size.multiple
    values = [value_of(evaluate(expr, {size.symbol: first + turn * size.multiple})) for turn in range(_TRIED)]
    steps = {after - before for before, after in pairwise(values)}
    if len(steps) > 1 or not all(isinstance(value, int) for value in values):
        return None
    from fractions import Fraction  # few networks have sizes that are left open

    slope = Fraction(steps.pop()) / size.multiple
    plus = Fraction(values[0]) - slope * first
    over = lcm(slope.denominator, plus.denominator)
    return _Fraction(int(slope * over), size.symbol, int(plus * over), over) if slope else None


def full_size(shape: Iterable[Dim]) -> str:
    """A size for a tooltip, where there is room for every expression."""
    return " × ".join(str(dim) for dim in shape)


_SIGNS = {"*": "×", "-": "−", "/": "÷"}
_EXPONENT = re.compile("e-0*")


def learned(leaf: Leaf) -> int:
    """How many numbers a layer learns."""
    return sum(tensor.size for tensor in leaf.layer.tensors(plain(leaf.x)) if tensor.learned)


def applied(at: Application) -> tuple[str, str]:
    """What a step applies, as the head of a box, and the rest of it in words."""
    if isinstance(at.target, Module):
        return at.target.name or "Sequential", arguments(at.target.parameters)
    if isinstance(at.target, Operation):
        return operation(at.target, at.xs)
    return at.target.title(at.x), at.target.words(plain(at.x))


def summary(cost: Cost) -> str:
    """The totals of a network: `109,050 parameters · 426 KiB (fp32) · 895,360 MACs a sample`."""
    said = [trn("{number} parameter", "{number} parameters", cost.parameters, number=at_least(cost))]
    if cost.parameters:
        said.append(f"{memory(cost.parameters)} (fp32)")
    if cost.macs:
        said.append(tr("{macs} a sample", macs=macs(cost.macs)))
    return " · ".join(said)


def at_least(cost: Cost) -> str:
    """The number of parameters: `109,050`, `at least 3,178`."""
    number = f"{cost.parameters:,}"
    return number if cost.complete else tr("at least {number}", number=number)


def marked(name: str, mark: str) -> str:
    """A name with a remark after it."""
    return f"{name} · {mark}" if mark else name


def params(count: int) -> str:
    """`608 params`; nothing where there are none."""
    return trn("{count:,} param", "{count:,} params", count) if count else ""


def memory(parameters: int) -> str:
    """The memory of that many 32-bit numbers: `2.08 MiB`."""
    size = parameters * 4
    return f"{size} bytes" if size < 1024 else _scaled(size / 1024, 1024, ("KiB", "MiB", "GiB", "TiB"), most=1023.5)


def macs(count: int) -> str:
    """Multiply-accumulates, in full below a million: `895,360 MACs`, `1.81 GMACs`."""
    if count < 1_000_000:
        return trn("{count:,} MAC", "{count:,} MACs", count)
    return _scaled(count / 1e6, 1000, ("M", "G", "T", "P")) + tr("MACs")


def count_said(number: int) -> str:
    """A number in no more than three digits: `128`, `9.41 k`, `25.6 M`, `4.09 G`."""
    return str(number) if number < 1000 else _scaled(number / 1000, 1000, ("k", "M", "G", "T"))


def bytes_said(number: int) -> str:
    """A number of bytes for people, in units of 1,024 with three digits: `392 B`, `24.5 KiB`, `1.20 MiB`."""
    return f"{number:,} B" if number < 1000 else _scaled(number / 1024, 1024, ("KiB", "MiB", "GiB", "TiB"))


def _scaled(amount: float, step: int, units: Sequence[str], *, most: float = 999.5) -> str:
    """The amount, with three digits, in the first of the units in which it is less than `most`, or the last."""
    power = 0
    while amount >= most and power < len(units) - 1:
        amount /= step
        power += 1
    digits = 0 if amount >= 99.95 else 1 if amount >= 9.995 else 2
    return f"{amount:,.{digits}f} {units[power]}"


def arguments(*parts: Sequence[Parameter]) -> str:
    """The arguments of a block that are not its defaults: `channels 64, stride 2`; of several uses, how they differ.

    Those that are no plain values, such as a layer, are left out.
    """
    listed = zip(*parts, strict=True)
    matter = (given for given in listed if any(p.default is None or p.value != p.default for p in given))
    return ", ".join(filter(None, (_told(given[0].name, [p.value for p in given]) for given in matter)))


def differences(settings: Sequence[Sequence[tuple[str, Any]]]) -> str:
    """The arguments that differ from turn to turn of a run: `channels 32 … 128`."""
    turns = zip(*settings, strict=True)
    said = (_told(pairs[0][0], [value for _, value in pairs]) for pairs in turns if len(set(pairs)) > 1)
    return ", ".join(dict.fromkeys(filter(None, said)))


def channels(sizes: Sequence[Shape]) -> str:
    """The channels that come into the turns of a run, where they differ: `in 64 … 224`."""
    counts = [value_of(size[0]) for size in sizes if size and not is_open(size[0])]
    return f"{tr('in')} {course(counts)}" if len(set(counts)) > 1 else ""


def _told(name: str, values: Sequence[Any]) -> str:
    return f"{name} {course(values)}" if all(map(_argument, values)) else ""


def course(values: Sequence[Any]) -> str:
    """How a value goes on from turn to turn: `64`, `2 then 1`, `0.05 … 0.2`, `16 to 24` where it goes up and down."""
    texts = [text for text, _ in groupby(map(_argument, values))]
    if len(texts) <= 2:
        return tr(" then ").join(texts)
    if not all(isinstance(value, int | float) for value in values):
        return f"{texts[0]} … {texts[-1]}"
    ascending = sorted(values)
    if values not in (ascending, ascending[::-1]):
        return tr("{low} to {high}", low=_argument(ascending[0]), high=_argument(ascending[-1]))
    return f"{texts[0]} … {texts[-1]}"


def _argument(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return short(value)
    if isinstance(value, int | Traced):
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, int | float | Traced) for item in value):
        return f"[{', '.join(map(_argument, value))}]"
    return ""


def short(value: float) -> str:
    """A number in three digits: what was computed, such as 0.2 * 7 / 8, has more that say nothing.

    All of those before the point are told up to a million: `10000`.
    """
    return _EXPONENT.sub("e-", f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}")


def operation(action: Operation, xs: tuple[Shape, ...]) -> tuple[str, str]:
    """What stands in a merge: its sign or word, and beside it the number, the joined sizes or the parts."""
    sign = _SIGNS.get(action.sign, action.sign)
    scalar = getattr(action, "scalar", None)
    if scalar is not None:
        return (f"{scalar} {sign}", "") if getattr(action, "scalar_first", False) else (f"{sign} {scalar}", "")
    if isinstance(action, Concat):
        at = action.axis - 1 if action.axis > 0 else action.axis
        along = "" if at == 0 else f"{tr('axis {number}', number=action.axis)}: "
        joined = [dim_text(x[at]) for x in xs]
        if len(joined) > 5:
            joined = [*joined[:2], "…", *joined[-2:]]
        return sign, along + " + ".join(joined)
    return sign, action.mode if isinstance(action, UpsampleLike) else ""


def span(names: list[str]) -> str:
    """The names of several parts in a row: `layer1.1 … layer1.3`; empty for steps that are no parts."""
    if not names:
        return ""
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
