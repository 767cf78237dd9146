"""What a diagram says, in words and numbers short enough for a box."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnndsl.backends.diagram.sizes import dim_text
from cnndsl.costs import Cost
from cnndsl.layers.alike import UpsampleLike
from cnndsl.layers.sizes import Shape, plain
from cnndsl.layers.values import Concat, Operation
from cnndsl.program import Leaf, Module, Parameter
from cnndsl.traced import Traced

_SIGNS = {"*": "×", "-": "−", "/": "÷"}


def learned(leaf: Leaf) -> int:
    """How many numbers a layer learns."""
    return sum(tensor.size for tensor in leaf.layer.tensors(plain(leaf.x)) if tensor.learned)


def summary(cost: Cost) -> str:
    """The totals of a network: `109,050 parameters · 426 KiB (fp32) · 895,360 MACs a sample`."""
    said = [cost.parameters_said]
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
    """The memory of that many 32-bit numbers: `2.08 MiB`."""
    size = parameters * 4
    return _scaled(size / 1024, 1024, ("KiB", "MiB", "GiB", "TiB")) if size >= 1024 else f"{size} bytes"


def macs(count: int) -> str:
    """Multiply-accumulates, in full below a million: `895,360 MACs`, `1.81 GMACs`."""
    if count < 1_000_000:
        return f"{count:,} {'MAC' if count == 1 else 'MACs'}"
    return _scaled(count / 1e6, 1000, ("MMACs", "GMACs", "TMACs", "PMACs"))


def _scaled(amount: float, step: int, units: tuple[str, ...]) -> str:
    """The amount in the largest unit that leaves it at least 1, with three digits."""
    power = 0
    while amount >= step - 0.5 and power < len(units) - 1:
        amount /= step
        power += 1
    digits = 0 if amount >= 99.95 else 1 if amount >= 9.995 else 2
    return f"{amount:,.{digits}f} {units[power]}"


def arguments(parameters: Iterable[Parameter]) -> str:
    """The arguments of a block that are not its defaults: `channels 64, stride 2`.

    Those that are no plain values, such as a layer, are left out.
    """
    said = ((p.name, _argument(p.value)) for p in parameters if p.default is None or p.value != p.default)
    return ", ".join(f"{name} {value}" for name, value in said if value)


def arguments_key(module: Module) -> tuple[tuple[str, str], ...]:
    """What two uses of a definition must share to be uses with the same arguments."""
    return tuple((p.name, repr(p.value)) for p in module.parameters)


def _argument(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"  # what was computed, such as 0.2 * 7 / 8, has digits that say nothing
    if isinstance(value, int | Traced):
        return str(value)
    if isinstance(value, str):
        return value
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
