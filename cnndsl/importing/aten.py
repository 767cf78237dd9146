"""The operators of a program of `torch.export` as the functions of PyTorch that people write.

`aten.add.Tensor(x, y)` was `x + y`, and `aten.slice.Tensor(x, 1, 0, 8)` was `x[:, 0:8]`. Most have the name and the
arguments of their function; the others stand in a table.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import Node

from cnndsl.frozen import frozen

LAST = 2**63 - 1
"""The end of a slice that has none."""


@frozen()
class Call:
    """A call of an operator: its name without `aten`, whether it overwrites, and all arguments by their names."""

    node: Node
    name: str
    is_inplace: bool
    arguments: dict[str, Any]

    def shape(self, name: str) -> tuple[int, ...]:
        """The sizes of an argument that is a tensor."""
        return shape_of(self.arguments[name])


def shape_of(node: Node) -> tuple[int, ...]:
    """The sizes of the tensor that a node gives; one that was left open in the program is no int."""
    return tuple(node.meta["val"].shape)


def call_of(node: Node) -> Call | None:
    """The call that a node is; None where it takes an item of a result, or calls something else than an operator."""
    target = node.target
    if not isinstance(target, OpOverload):
        return None
    schema = target._schema  # noqa: SLF001 - the names of the arguments are nowhere else
    given = {argument.name: argument.default_value for argument in schema.arguments if argument.has_default_value()}
    given |= {argument.name: value for argument, value in zip(schema.arguments, node.args, strict=False)}
    given |= node.kwargs
    word = schema.name.removeprefix("aten::")
    is_inplace = word.endswith("_") and not word.endswith("__")
    return Call(node, word.rstrip("_") if is_inplace else word, is_inplace, given)


def function_of(node: Node) -> Callable[..., Any]:
    """What a person calls in place of the operator, with the same arguments.

    What drops numbers at random is given `training`, too.
    """
    target: Any = node.target
    call = call_of(node)
    if call is None:
        return target  # type: ignore[no-any-return] # a function of Python, such as `operator.getitem`
    if call.name in _WRITTEN:
        written = _WRITTEN[call.name]
        return partial(written, inplace=True) if call.is_inplace and call.name in _INPLACE else written
    if call.name.startswith(("upsample_", "_upsample_")) and "scale_factors" in call.arguments:
        return partial(_resized, upsampling(call.name))
    word = f"{call.name}_" if call.is_inplace else call.name
    found = next((getattr(place, word) for place in (Tensor, torch, F) if hasattr(place, word)), None)
    if found is not None and not callable(found):  # an attribute, such as `x.mT`
        found = found.__get__
    if found is None and call.is_inplace and hasattr(F, call.name):
        found = partial(getattr(F, call.name), inplace=True)
    return target if found is None else found  # type: ignore[no-any-return]


def is_random(node: Node) -> bool:
    """Whether an operator drops numbers at random in training, so that it is told whether this is training."""
    call = call_of(node)
    return call is not None and call.name in _DROPPING


def upsampling(name: str) -> str:
    """The mode of `interpolate` that an operator has: "bilinear" of upsample_bilinear2d."""
    word = name.strip("_").removeprefix("upsample_")[:-2]
    return {"nearest_exact": "nearest-exact"}.get(word, word)


def _resized(mode: str, x: Tensor, size: Any, *given: Any) -> Tensor:
    *corners, factors = given
    return F.interpolate(x, size, factors, mode, (corners[0] or None) if corners else None)


def _sliced(x: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    place = slice(start or None, None if end == LAST else end, None if step == 1 else step)
    return x[(slice(None),) * (dim % x.dim()) + (place,)]


def _selected(x: Tensor, dim: int, index: int) -> Tensor:
    return x[(slice(None),) * (dim % x.dim()) + (index,)]


def _hardtanh(x: Tensor, least: float = -1.0, most: float = 1.0, *, inplace: bool = False) -> Tensor:
    return F.relu6(x, inplace) if (least, most) == (0.0, 6.0) else F.hardtanh(x, least, most, inplace)


def _clamped(x: Tensor, least: Any = None, most: Any = None) -> Tensor:
    bounds = {name: value for name, value in (("min", least), ("max", most)) if value is not None}
    return torch.clamp(x, **bounds)


def _feature_dropout(x: Tensor, p: float, training: bool) -> Tensor:
    if x.dim() == 3:
        return F.dropout1d(x, p, training)
    return F.dropout2d(x, p, training) if x.dim() == 4 else F.dropout3d(x, p, training)


def _elu(x: Tensor, alpha: float = 1.0, *_: float, inplace: bool = False) -> Tensor:
    return F.elu(x, alpha, inplace)


def _norm(x: Tensor, p: float = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    return torch.norm(x, p, dim, keepdim)  # type: ignore[no-any-return]


def _copied(x: Tensor, *, dtype: torch.dtype | None = None, **_: Any) -> Tensor:
    return x.clone() if dtype is None else x.to(dtype)


_INPLACE = {"hardtanh", "elu", "dropout"}
_DROPPING = {"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"}
_WRITTEN: dict[str, Callable[..., Any]] = {
    "slice": _sliced,
    "select": _selected,
    "hardtanh": _hardtanh,
    "clamp": _clamped,
    "clamp_min": _clamped,
    "clamp_max": lambda x, most: _clamped(x, None, most),
    "dropout": F.dropout,
    "feature_dropout": _feature_dropout,
    "alpha_dropout": F.alpha_dropout,
    "feature_alpha_dropout": F.feature_alpha_dropout,
    "elu": _elu,
    "linalg_vector_norm": _norm,
    "_to_copy": _copied,
    "alias": lambda x: x,
    "lift_fresh_copy": torch.clone,
    "col2im": F.fold,
    "im2col": F.unfold,
    "log_sigmoid": F.logsigmoid,
    "pad": F.pad,
    "max_pool2d": F.max_pool2d,
    "t": lambda x: x.transpose(0, 1),
    "numpy_T": lambda x: x.T,
}
