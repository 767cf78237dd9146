"""Trained weights -> a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnndsl.files import shown
from cnndsl.running.numbers import read_saved
from cnndsl.running.refused import Refused

if TYPE_CHECKING:
    from torch import nn

_AROUND = ("state_dict", "model_state_dict", "model")
"""Where checkpoints hold the weights among other things."""
_MOST_NAMED = 3


def load(model: nn.Module, path: Path) -> None:
    """Give a network the weights in a file, as `torch.save(model.state_dict(), path)` writes them.

    A checkpoint that holds them as `state_dict`, `model_state_dict` or `model` will do. Raises Refused where they are
    those of another network, Problem (E001) where the file cannot be read.
    """
    import torch

    found = read_saved(path)
    if isinstance(found, dict) and not any(isinstance(value, torch.Tensor) for value in found.values()):
        found = next((found[key] for key in _AROUND if isinstance(found.get(key), Mapping)), found)
    if not isinstance(found, Mapping) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in found.items()
    ):
        message = f"{shown(path)} holds no weights by their names; write it with torch.save(model.state_dict(), ...)"
        raise Refused(message, "--weights")
    wanted = model.state_dict()
    _compare(wanted, found, path)
    try:
        model.load_state_dict(found)
    except (RuntimeError, NotImplementedError) as problem:
        message = f"PyTorch does not take the weights in {shown(path)}: {str(problem).strip().splitlines()[-1].strip()}"
        raise Refused(message, "--weights") from None


def _compare(wanted: Mapping[str, Any], found: Mapping[str, Any], path: Path) -> None:
    missing = [key for key in wanted if key not in found]
    more = [key for key in found if key not in wanted]
    other = [
        f"{key} is {_size(found[key])} instead of {_size(wanted[key])}"
        for key in wanted
        if key in found and found[key].shape != wanted[key].shape
    ]
    said = []
    if missing:
        said.append(f"it lacks {_listed(missing)}")
    if more:
        said.append(f"it has {_listed(more)}, which the network has not")
    if other:
        said.append(_listed(other))
    if said:
        message = f"{shown(path)} holds the weights of another network: {'; '.join(said)}"
        raise Refused(message, "--weights")


def _size(tensor: Any) -> str:
    return " x ".join(map(str, tensor.shape)) or "a number"


def _listed(items: Sequence[str]) -> str:
    left_out = len(items) - _MOST_NAMED
    return ", ".join(items[:_MOST_NAMED]) + (f" and {left_out:,} more" if left_out > 0 else "")
