"""Functions of PyTorch that are several calls of the language, or calls on another value than the one that is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Call = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


class Steps:
    """The functions, taken apart.

    call: calls a function and keeps what it did; silently: calls one and does not.
    flows: whether a tensor is a value, and none that a module holds.
    """

    def __init__(self, call: Call, silently: Call, flows: Callable[[Tensor], bool]) -> None:
        self.call, self.silently, self.flows = call, silently, flows
        self.moved: dict[int, tuple[Tensor, tuple[int, ...], Tensor]] = {}
        """Of what has another axis than the batch in front, by its identity: the value, the order of its axes, itself.

        The language has no such value. So nothing is kept of it before it is used in another way than here.
        """
        self._made: dict[str, Callable[..., Any]] = {
            "addcmul": self._addcmul, "permute": self._permute, "__getitem__": self._getitem,
            "unbind": self._unbind, "select": self._select,
        }  # fmt: skip

    def result(self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """What a function gives, in steps; NotImplemented for one that is a call of its own."""
        made = self._made.get(name)
        return NotImplemented if made is None else made(*arguments, **keywords)

    def _addcmul(self, x: Tensor, a: Tensor, b: Tensor, *, value: float = 1) -> Tensor:
        product = self.call(torch.mul, (a, b), {})
        product = product if value == 1 else self.call(torch.mul, (product, value), {})
        return self.call(torch.add, (x, product), {})  # type: ignore[no-any-return]

    def _permute(self, x: Tensor, *dims: Any, **keywords: Any) -> Any:
        order = keywords.get("dims") or (dims[0] if isinstance(dims[0], (tuple, list)) else dims)
        if order[0] % x.dim() == 0:
            return NotImplemented
        result: Tensor = self.silently(torch.permute, (x, order), {})
        self.moved[id(result)] = x, tuple(dim % x.dim() for dim in order), result
        return result

    def _place(self, part: Tensor, order: tuple[int, ...]) -> Tensor:
        """One place along the axis in front: a part of the value, with the other axes in their order."""
        left = tuple(dim - (dim > order[0]) for dim in order[1:])
        return part if left == tuple(range(len(left))) else self.call(torch.permute, (part, left), {})

    def _unbind(self, x: Tensor, dim: int = 0) -> Any:
        if id(x) not in self.moved or dim != 0:
            return NotImplemented
        base, order, _ = self.moved[id(x)]
        return tuple(self._place(part, order) for part in self.call(torch.unbind, (base, order[0]), {}))

    def _select(self, x: Tensor, dim: int, index: int) -> Any:
        if id(x) not in self.moved or dim != 0:
            return NotImplemented
        base, order, _ = self.moved[id(x)]
        part = self.call(Tensor.__getitem__, (base, (*[slice(None)] * order[0], index)), {})
        return self._place(part, order)

    def _getitem(self, x: Tensor, at: Any) -> Any:
        at = at[0] if isinstance(at, tuple) and len(at) == 1 else at
        if id(x) in self.moved and type(at) is int:
            return self._select(x, 0, at)
        places: list[Any] = list(at) if isinstance(at, tuple) else []
        is_plain = all(isinstance(place, (int, slice)) or place in (None, ...) for place in places)
        if not is_plain or None not in places or not self.flows(x):
            return NotImplemented
        if sum(place not in (..., slice(None)) for place in places) == 1:
            return NotImplemented  # a new axis and nothing else
        if ... in places:
            end = places.index(...)
            rest = x.dim() - sum(place not in (None, ...) for place in places)
            places[end : end + 1] = [slice(None)] * rest
        y = self.call(Tensor.__getitem__, (x, tuple(place for place in places if place is not None)), {})
        left = [place for place in places if not isinstance(place, int)]
        for axis in (axis for axis, place in enumerate(left) if place is None):
            y = self.call(torch.unsqueeze, (y, axis), {})
        return y
