"""Modules whose class inherits from a layer of PyTorch, with a `forward` of its own: whether they do what a layer does.

A class may do the same in other words, as a dense layer that looks after types does; or what a helper of a generated
module does, as layer normalisation over the channels; or go on with parts of its own, as batch normalisation that has
its activation in it. Which of these it is, is found out by running it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from cnndsl.frozen import frozen
from cnndsl.generated import module_of
from cnndsl.layers.registry import HELPERS

_IMPORTS = """\
from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
"""
"""What the helpers of a generated module need."""
_TENSORS = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


@frozen()
class Inherited:
    """What a module does: what the class `target` does, and then its parts with these names."""

    base: type[nn.Module]
    target: str
    forward: Callable[..., Any]
    parts: tuple[str, ...]


_FOUND: WeakKeyDictionary[nn.Module, Inherited | None] = WeakKeyDictionary()


def inherited(module: nn.Module) -> Inherited | None:
    """What was found of a module by `look_at`; None where it does something of its own."""
    return _FOUND.get(module)


def look_at(module: nn.Module, base: type[nn.Module], x: Tensor) -> None:
    """Find out whether a module that inherits from `base` does to `x` what a layer does. It stays as it was."""
    if module in _FOUND:
        return
    _FOUND[module] = None
    own = {name for name, _ in module.named_parameters(recurse=False)}
    own |= {name for name, _ in module.named_buffers(recurse=False)}
    if own - _TENSORS:
        return
    parts = tuple(name for name, _ in module.named_children())
    try:
        with unchanged(module):
            wanted = module.forward(x.clone())
    except Exception:  # it is called in another way
        return
    targets = {f"nn.{base.__name__}": base} | {n: c for n, c in helper_classes().items() if issubclass(c, base)}
    for target, kind in targets.items():
        try:
            with unchanged(module):
                found = kind.forward(module, x.clone())
                for name in parts:
                    found = getattr(module, name)(found)
        except Exception:  # noqa: S112 - it is no layer of this kind
            continue
        if isinstance(wanted, Tensor) and isinstance(found, Tensor) and torch.equal(wanted, found):
            _FOUND[module] = Inherited(base, target, kind.forward, parts)
            return


@cache
def helper_classes() -> dict[str, type[nn.Module]]:
    """The classes that a generated module has for layers that PyTorch lacks."""
    made = vars(module_of("\n\n".join([_IMPORTS, *HELPERS.values()]), "helpers"))
    return {name: made[name] for name in HELPERS if isinstance(made[name], type)}


@contextmanager
def unchanged(module: nn.Module) -> Iterator[None]:
    """Leaves the state and the mode of a module, and the random generator, as they were."""
    state = {key: value.clone() for key, value in module.state_dict().items() if isinstance(value, Tensor)}
    modes = {child: child.training for child in module.modules()}
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        with torch.no_grad():
            for key, value in module.state_dict().items():
                if key in state:
                    value.copy_(state[key])
        for child, mode in modes.items():
            child.training = mode
