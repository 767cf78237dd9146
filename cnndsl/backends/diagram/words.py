"""What a diagram says, in words and numbers short enough for a box."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd
from typing import Any, NamedTuple

from cnndsl.costs import Cost
from cnndsl.layers.sizes import Dim, Shape
from cnndsl.layers.values import Concat, Operation
from cnndsl.program import Leaf, Module, Parameter
from cnndsl.traced import Expr, Symbol, Traced, is_open, key_of, value_of

_SIGNS = {"*": "×", "-": "−", "/": "÷"}


def size(shape: Iterable[Dim]) -> str:
    """A size as it stands beside an arrow: `8×28×28`; an open one as `8×H/2×W/2`, or `?` where it is no fraction."""
    return "×".join(_dim(dim) for dim in shape)


def _dim(dim: Dim) -> str:
    if not isinstance(dim, Traced) or not dim.is_open:
        return str(value_of(dim))
    fraction = _fraction(dim.expr)
    return str(fraction) if fraction else "?"


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


def full_size(shape: Iterable[Dim]) -> str:
    """A size for a tooltip, where there is room for every expression."""
    return " × ".join(str(dim) for dim in shape)


def plain(shape: Shape) -> Shape:
    """The size in plain numbers, but for those that are left open."""
    return tuple(dim if is_open(dim) else value_of(dim) for dim in shape)


def same_size(a: Shape, b: Shape) -> bool:
    """Whether two sizes are the same, open ones included; a plain `==` would count as a condition on those."""
    return [key_of(dim) if is_open(dim) else value_of(dim) for dim in a] == [
        key_of(dim) if is_open(dim) else value_of(dim) for dim in b
    ]


def learned(leaf: Leaf) -> int:
    """How many numbers a layer learns."""
    return sum(tensor.size for tensor in leaf.layer.tensors(plain(leaf.x)) if tensor.learned)


def summary(cost: Cost) -> str:
    """The totals of a network: `109,050 parameters · 426 KiB (fp32) · 895,360 MACs a sample`."""
    said = [f"{cost.parameters:,} {'parameter' if cost.parameters == 1 else 'parameters'}"]
    if cost.parameters:
        said.append(f"{memory(cost.parameters)} (fp32)")
    if cost.macs:
        said.append(f"{macs(cost.macs)} a sample")
    return " · ".join(said)


def marked(name: str, mark: str) -> str:
    """A name with a remark after it."""
    return f"{name} · {mark}" if mark else name


def params(count: int) -> str:
    """`608 params`; nothing where there are none."""
    return f"{count:,} {'param' if count == 1 else 'params'}" if count else ""


def memory(parameters: int) -> str:
    """The memory of that many 32-bit numbers: `2.1 MiB`."""
    amount = parameters * 4 / 1024
    for unit in ("KiB", "MiB", "GiB"):
        if amount < 999.5:
            break
        amount /= 1024
    else:
        unit = "TiB"
    return f"{_three_digits(amount)} {unit}"


def macs(count: int) -> str:
    """Multiply-accumulates, in full below a million: `895,360 MACs`, `1.81 GMACs`."""
    if count < 1_000_000:
        return f"{count:,} {'MAC' if count == 1 else 'MACs'}"
    amount = count / 1_000_000
    for unit in ("MMACs", "GMACs"):
        if amount < 999.5:
            break
        amount /= 1000
    else:
        unit = "TMACs"
    return f"{_three_digits(amount)} {unit}"


def _three_digits(amount: float) -> str:
    if amount >= 99.95:
        return f"{amount:,.0f}"
    return f"{amount:.1f}" if amount >= 9.995 else f"{amount:.2f}"


def arguments(parameters: Iterable[Parameter]) -> str:
    """The arguments of a block: `channels 64, stride 2`. Those that are no plain values are left out."""
    said = ((p.name, _argument(p.value)) for p in parameters)
    return ", ".join(f"{name} {value}" for name, value in said if value)


def arguments_key(module: Module) -> tuple[tuple[str, str], ...]:
    """What two uses of a definition must share to be uses with the same arguments."""
    return tuple((p.name, repr(p.value)) for p in module.parameters)


def _argument(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Traced):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple) and all(isinstance(item, int | float | Traced) for item in value):
        return f"[{', '.join(map(str, value))}]"
    return ""


def operation(action: Operation, xs: tuple[Shape, ...]) -> tuple[str, str]:
    """What stands in a merge: its sign or word, and beside it the number, the joined sizes or the parts."""
    sign = _SIGNS.get(action.symbol, action.symbol)
    scalar = getattr(action, "scalar", None)
    if scalar is not None:
        return (f"{scalar} {sign}", "") if getattr(action, "scalar_first", False) else (f"{sign} {scalar}", "")
    if isinstance(action, Concat):
        at = action.axis - 1 if action.axis > 0 else action.axis
        along = "" if at == 0 else f"axis {action.axis}: "
        joined = [_dim(x[at]) for x in xs]
        if len(joined) > 5:
            joined = [*joined[:2], "…", *joined[-2:]]
        return sign, along + " + ".join(joined)
    return sign, ""


def span(names: list[str]) -> str:
    """The names of several parts in a row: `layer1.1 … layer1.3`."""
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
