"""Sizes for a picture: short, also where they are open.

Comparing an open size writes the comparison down as a condition of the program, so nothing here does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import gcd, lcm
from types import MappingProxyType
from typing import NamedTuple

from cnndsl.layers.sizes import Dim
from cnndsl.program import Module, OpenSize
from cnndsl.traced import Expr, Symbol, Traced, value_of

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
    values = [expr.evaluate({size.symbol: first + turn * size.multiple}) for turn in range(_TRIED)]
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
