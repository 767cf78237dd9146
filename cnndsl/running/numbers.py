"""Numbers in a text or a file of tensors -> a tensor of the size that a network takes."""

from __future__ import annotations

import re
from math import isfinite, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnndsl.files import shown, unreadable
from cnndsl.layers.sizes import show
from cnndsl.running.reading import check_regular
from cnndsl.running.refused import Refused

if TYPE_CHECKING:
    from torch import Tensor

TEXTS, TENSORS = (".csv", ".tsv", ".txt"), (".pt", ".pth")
"""The endings of files that hold numbers as text, and of those that PyTorch wrote."""
Size = tuple[int | None, ...]
"""The sizes of an input, None for one that is left open."""


def parse(text: str, size: Size, option: str) -> Tensor:
    """A table of numbers as a tensor of a size: rows end at a line's end or `;`, numbers at a space or comma.

    Brackets may stand around rows, as Python writes lists of them. The rows are those of the first channel from top to
    bottom, then those of the second; where all sizes are known, any rows with the right count will do. Raises Refused.
    """
    import torch

    rows = _rows(text, option)
    flat = [number for row in rows for number in row]
    if not flat:
        message = "there are no numbers in it"
        raise Refused(message, option)
    lengths = {len(row) for row in rows}
    is_table = len(lengths) == 1
    found = _filled(size, len(rows), len(rows[0]), len(flat), is_table=is_table)
    if found is None:
        said = f"{len(rows)} x {len(rows[0])}" if is_table else "rows of different lengths,"
        message = f"the network takes {_show(size)}, and {said} numbers are given ({len(flat):,} in all)"
        raise Refused(message, option)
    return torch.tensor(flat).view(found)


def _rows(text: str, option: str) -> list[list[float]]:
    text = re.sub(r"\]\s*,\s*\[", ";", text)
    lines = re.split(r"[;\n]+", re.sub(r"[\[\]]", " ", text))
    rows = []
    for line in lines:
        words = [word for word in re.split(r"[,\s]+", line) if word]
        if words:
            rows.append([_number(word, option) for word in words])
    return rows


def _number(word: str, option: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        message = f"{word[:20]!r} is no number; write numbers with spaces between them, and ; after each row"
        raise Refused(message, option)
    return number


def _filled(size: Size, rows: int, columns: int, count: int, *, is_table: bool) -> tuple[int, ...] | None:
    """The size with what is open filled in from a table; None where the table does not fit."""
    known = tuple(dim for dim in size if dim is not None)
    if len(known) == len(size):
        return known if prod(known) == count else None
    if not is_table or len(size) > 3:
        return None
    if len(size) == 1:
        return (count,)
    channels = size[0] or 1
    if rows % channels:
        return None
    found = (channels, columns) if len(size) == 2 else (channels, rows // channels, columns)
    fits = all(dim in (None, number) for dim, number in zip(size, found, strict=True))
    return found if fits and prod(found) == count else None


def load(path: Path, size: Size) -> Tensor:
    """A tensor that `torch.save` wrote, with or without a batch axis of 1. Raises Problem (E001) and Refused."""
    import torch

    tensor = read_saved(path)
    if not isinstance(tensor, torch.Tensor):
        message = f"{shown(path)} holds no tensor, but a {type(tensor).__name__}"
        raise Refused(message, "--from")
    if tensor.dim() == len(size) + 1 and tensor.shape[0] == 1:
        tensor = tensor[0]
    if tensor.dim() != len(size) or any(a not in (None, b) for a, b in zip(size, tensor.shape, strict=True)):
        message = f"the network takes {_show(size)}, and the tensor in {shown(path)} is {show(tuple(tensor.shape))}"
        raise Refused(message, "--from")
    if tensor.is_complex() or tensor.is_quantized or tensor.layout is not torch.strided:
        message = f"the tensor in {shown(path)} is complex, quantised or sparse, and no plain one"
        raise Refused(message, "--from")
    return tensor.float()


def read_saved(path: Path) -> Any:
    """What `torch.save` wrote into a file: tensors, numbers and texts in lists and dictionaries, and nothing that runs.

    Raises Problem (E001) where it cannot be read.
    """
    import pickle

    import torch

    check_regular(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as problem:
        raise unreadable(shown(path), problem) from None
    except pickle.UnpicklingError:
        message = ValueError(
            "it holds more than tensors, and what would run code is not loaded; save model.state_dict() instead"
        )
        raise unreadable(shown(path), message) from None
    except (RuntimeError, ValueError, EOFError, KeyError, IndexError, AttributeError, TypeError):
        message = ValueError("PyTorch does not know it as a file of its own")
        raise unreadable(shown(path), message) from None


def _show(size: Size) -> str:
    return " x ".join("any number" if dim is None else str(dim) for dim in size)
