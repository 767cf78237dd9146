"""What PyTorch really holds: the tensors that are alive while something runs, and what autograd keeps of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Result = TypeVar("Result")


def storage(tensor: Tensor) -> Any:
    """What the tensor's numbers lie in; views have the one of their base."""
    return tensor.untyped_storage()


class Fitting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Gives what a convolution makes no more memory than its numbers need.

    PyTorch's own `conv_transpose3d` on a CPU, which it takes on one thread, makes its result as large as what it is
    given where that is larger. No other way of working it out does.
    """

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default and storage(result).nbytes() > result.nbytes:
            storage(result).resize_(result.nbytes)
        return result


class Living(Fitting):
    """Counts the bytes of all storages that operations made and that are alive after each of them.

    `peak` is the most; storages of the tensors `known` are left out.
    """

    def __init__(self, known: Iterable[Tensor] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._known = [storage(tensor) for tensor in known]
        self._living: dict[int, tuple[weakref.ref[Any], int]] = {}
        self.peak = 0

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = super().__torch_dispatch__(func, types, args, kwargs)
        known = {known._cdata for known in self._known}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and storage(tensor)._cdata not in known:
                self._living[storage(tensor)._cdata] = (weakref.ref(storage(tensor)), storage(tensor).nbytes())
        self._living = {key: item for key, item in self._living.items() if item[0]() is not None}
        self.peak = max(self.peak, sum(size for _, size in self._living.values()))
        return result


def kept(run: Callable[[], Result], known: Iterable[Tensor] = ()) -> tuple[dict[int, int], Result]:
    """The storages that autograd keeps of a run, and its result.

    Their addresses and bytes, without those of the tensors `known`.
    """
    packed: list[weakref.ref[Tensor]] = []

    def pack(tensor: Tensor) -> Tensor:
        packed.append(weakref.ref(tensor := tensor.detach()))  # what a step gives would else keep itself
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), Fitting():  # type: ignore[no-untyped-call]
        result = run()
    alive = [tensor for tensor in (each() for each in packed) if tensor is not None]
    without = {storage(tensor)._cdata for tensor in known}
    found = {storage(tensor)._cdata: storage(tensor).nbytes() for tensor in alive}
    return {key: size for key, size in found.items() if key not in without}, result
