"""What a user gives -> one sample for an input of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnndsl.costs.wholes import whole_inputs
from cnndsl.layers.base import RANK_WORDS
from cnndsl.layers.sizes import Shape, SizeError, show
from cnndsl.program import Module, OpenSize, Program
from cnndsl.running import numbers, pictures
from cnndsl.running.reading import read_text
from cnndsl.running.refused import Refused
from cnndsl.shapes import infer
from cnndsl.traced import is_open, value_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Scale:
    """What is done to the numbers of a picture: (number - mean) / std, for each channel or for all of them alike."""

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample for one input, without the batch. `words` says how it was made, `png` shows a picture."""

    name: str
    tensor: Tensor
    words: str
    png: bytes = b""


def samples(
    program: Program, network: Module, given: Sequence[Path | str], scale: Scale | None = None
) -> tuple[Sample, ...]:
    """What goes into a network: a file, or a text of numbers, for each of its inputs in their order.

    A file that ends in .csv, .tsv or .txt has numbers, one that ends in .pt or .pth a tensor, any other a picture.
    Raises Refused where something does not fit, Problem (E001) where a file cannot be read.
    """
    if len(given) != len(network.inputs):
        names = ", ".join(network.inputs)
        what = "one input" if len(network.inputs) == 1 else f"{len(network.inputs)} inputs, {names},"
        message = f"{network.name} takes {what} and {len(given)} are given: write --from once for each, in this order"
        raise Refused(message, "--from")
    if scale is not None and all(isinstance(item, str) or _is_numbers(item) for item in given):
        message = (
            "a mean and a deviation are taken from pictures, and numbers are given: take them from those beforehand"
        )
        raise Refused(message, "--mean" if any(scale.mean) else "--std")
    wholes = whole_inputs(program, network.id)
    made = []
    for at, (name, shape, item) in enumerate(zip(network.inputs, network.input_shapes, given, strict=True)):
        sample = _sample(network, name, shape, item, scale or Scale())
        made.append(_whole(sample) if at in wholes else sample)
    _check_sizes(program, network, made)
    return tuple(made)


def _sample(network: Module, name: str, shape: Shape, item: Path | str, scale: Scale) -> Sample:
    size = tuple(None if is_open(dim) else value_of(dim) for dim in shape)
    if isinstance(item, str):
        return Sample(name, numbers.parse(item, size, "--values"), "numbers as they are given")
    if item.suffix.lower() in numbers.TEXTS:
        tensor = numbers.parse(read_text(item), size, "--from")
        return Sample(name, tensor, f"the numbers in {item.name}")
    if item.suffix.lower() in numbers.TENSORS:
        return Sample(name, numbers.load(item, size), f"the tensor in {item.name}")
    return _picture(network, name, shape, item, scale)


def _is_numbers(path: Path) -> bool:
    return path.suffix.lower() in numbers.TEXTS + numbers.TENSORS


def _picture(network: Module, name: str, shape: Shape, path: Path, scale: Scale) -> Sample:
    channels = value_of(shape[0])
    if len(shape) != 3 or channels not in pictures.MODES:
        what = RANK_WORDS.get(len(shape), f"{len(shape)} axes")
        why = f"{what}, {show(shape)}" if len(shape) != 3 else f"pictures of {channels} channels"
        message = (
            f"{network.name} takes {why}, which no picture is: give numbers, in a file that ends in .csv, "
            "or a tensor that torch.save wrote, in one that ends in .pt"
        )
        raise Refused(message, "--from")
    picture = pictures.open_picture(path)
    height, width = _room(network, shape, picture.height, picture.width)
    fitted = pictures.fitted(picture, channels, height, width)
    words = f"{path.name}: {fitted.words}"
    tensor = fitted.tensor
    if 0 in scale.std:
        message = "a picture cannot be divided by 0"
        raise Refused(message, "--std")
    if scale != Scale():
        tensor = (tensor - _each(scale.mean, channels, "--mean")) / _each(scale.std, channels, "--std")
        words += f", then minus {_listed(scale.mean)} and divided by {_listed(scale.std)}"
    return Sample(name, tensor, words, fitted.png)


def _each(given: tuple[float, ...], channels: int, option: str) -> Tensor:
    import torch

    if len(given) not in (1, channels):
        message = f"the picture has {channels} channels, and {len(given)} numbers are given"
        raise Refused(message, option)
    return torch.tensor(given).view(-1, 1, 1)


def _listed(given: tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in given)


def _room(network: Module, shape: Shape, height: int, width: int) -> tuple[int, int]:
    """The height and width that a picture gets: those declared, and where they are open its own, as far as they fit."""
    shrunk = min(1.0, pictures.LONGEST / max(height, width))
    rules = {rule.symbol: rule for rule in network.open}
    found = []
    for dim, length in zip(shape[1:], (height, width), strict=True):
        wanted = max(1, round(length * shrunk))
        found.append(_nearest(rules.get(str(dim)), wanted) if is_open(dim) else value_of(dim))
    return found[0], found[1]


def _nearest(rule: OpenSize | None, wanted: int) -> int:
    """The largest size up to the wanted one that a network takes, as far as its rule is known."""
    if rule is None:
        return wanted
    least = rule.minimum or 1
    if rule.multiple is not None:
        wanted -= (wanted - rule.rest) % rule.multiple
    return max(wanted, least)


def _whole(sample: Sample) -> Sample:
    """The sample as the whole numbers that an embedding reads. Raises Refused for others."""
    tensor = sample.tensor
    if bool((tensor != tensor.round()).any()) or bool((tensor < 0).any()):
        message = f"{sample.name} takes whole numbers from 0 on: the rows of a table"
        raise Refused(message, "--from")
    return Sample(sample.name, tensor.long(), sample.words)


def _check_sizes(program: Program, network: Module, made: Sequence[Sample]) -> None:
    """Raise Refused where an open size was filled with one that does not fit."""
    if not network.open:
        return
    shapes = [tuple(sample.tensor.shape) for sample in made]
    only = program.model_copy(update={"networks": (network.id,)})
    try:
        infer(only, {network.name: shapes})
    except SizeError as problem:
        rules = "; ".join(rule.words for rule in network.open)
        message = f"{network.name} cannot take {' and '.join(map(show, shapes))}: {problem.message} ({rules})"
        raise Refused(message, "--from") from None
