"""What a user gives -> one sample for an input of a network: a picture, numbers, a file of tensors."""

from __future__ import annotations

import io
import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnndsl.analysis.costs.counts import whole_inputs
from cnndsl.analysis.shapes import infer
from cnndsl.diagnostics import OptionError
from cnndsl.files import shown, unreadable
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir.program import Module, OpenSize, Program
from cnndsl.layers.base import RANK_WORDS
from cnndsl.layers.formula import Shape, SizeError, show
from cnndsl.symbolic.number import is_open, value_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


MOST_BYTES = 8 * 2**20
"""A text with more is not read."""


def check_regular(path: Path) -> int:
    """The size of a file in bytes. Raises Problem (E001) for what is not there, a folder, a pipe and a device."""
    try:
        found = path.stat()
    except (OSError, ValueError) as problem:
        raise unreadable(shown(path), problem) from None
    if not stat.S_ISREG(found.st_mode):
        what = "a directory" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise unreadable(shown(path), ValueError(f"it is {what}"))
    return found.st_size


def read_text(path: Path) -> str:
    """The text in a file. Raises Problem (E001) where it cannot be read or is larger than `MOST_BYTES`."""
    if check_regular(path) > MOST_BYTES:
        raise unreadable(shown(path), ValueError(f"it is larger than {MOST_BYTES // 2**20} MiB"))
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise unreadable(shown(path), problem) from None


MOST_PIXELS = 100_000_000
"""A larger picture is refused before it is unpacked."""
LONGEST = 512
"""The longer side of what goes into a network that leaves its size open."""
MODES = {1: ("L", "grey"), 3: ("RGB", "red, green, blue"), 4: ("RGBA", "red, green, blue, opacity")}
"""By the number of channels: Pillow's name of the mode, and what the channels are."""


@frozen()
class Sample:
    """One sample for one input, without the batch. `words` says how it was made; `png` shows a picture, and `planes`
    the channels of a coloured one in their colours, by what they are called.
    """

    name: str
    tensor: Tensor
    words: str
    png: bytes = b""
    planes: tuple[tuple[str, bytes], ...] = ()


def open_picture(path: Path) -> Image:
    """The picture in a file, upright. Raises Problem (E001) for a file that cannot be read or is no picture."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        message = "pictures are read with Pillow, which is not installed: run pip install 'cnndsl[explain]'"
        raise OptionError("pictures", message) from None
    check_regular(path)
    try:
        with path.open("rb") as file, warnings.catch_warnings(action="ignore"):  # of strange metadata
            picture = Image.open(file)
            if picture.width * picture.height > MOST_PIXELS:
                raise _too_large(path)
            return ImageOps.exif_transpose(picture)
    except UnidentifiedImageError:
        raise unreadable(shown(path), ValueError("it is no picture of a kind that is known")) from None
    except Image.DecompressionBombError:
        raise _too_large(path) from None
    except OptionError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as problem:
        # Pillow's complaints of broken files are of many types, some without a word.
        raise unreadable(shown(path), problem if str(problem) else ValueError("the file is broken")) from None


def _too_large(path: Path) -> OptionError:
    message = f"{shown(path)} has more than {MOST_PIXELS // 10**6} million pixels: make it smaller first"
    return OptionError("pictures", message)


def fitted_picture(name: str, picture: Image, channels: int, height: int, width: int) -> Sample:
    """The picture with so many channels and pixels: scaled until it covers the size, and what hangs over cut off.

    Its numbers are from 0 to 1, channels x height x width. name: that of the input. channels: a key of `MODES`.
    What is transparent is put on white, but where the network takes the opacity too.
    """
    from PIL import Image, ImageOps

    mode, names = MODES[channels]
    before = (picture.width, picture.height)
    picture = _in_mode(picture, mode)
    said = [tr("{width} x {height} pixels", width=before[0], height=before[1])]
    if before != (width, height):
        way = Image.Resampling.BICUBIC if width > before[0] or height > before[1] else Image.Resampling.LANCZOS
        picture = ImageOps.fit(picture, (width, height), way)
        is_cut = abs(before[0] * height - before[1] * width) > max(before) * max(width, height) * 0.01
        scaled = "scaled and cut to {width} x {height}" if is_cut else "scaled to {width} x {height}"
        said.append(tr(scaled, width=width, height=height))
    said.append(tr("{colours}, from 0 to 1", colours=", ".join(map(tr, names.split(", ")))))
    planes = tuple(zip(names.split(", "), map(_png, _planes(picture)), strict=True)) if channels > 1 else ()
    return Sample(name, _tensor(picture, channels), ", ".join(said), _png(picture), planes)


def _png(picture: Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _planes(picture: Image) -> Iterator[Image]:
    """Red, green and blue, each in its colour, and opacity in grey."""
    from PIL import Image

    bands = picture.split()
    none = Image.new("L", picture.size)
    for at, band in enumerate(bands):
        yield Image.merge("RGB", [band if at in (colour, 3) else none for colour in range(3)])


def _in_mode(picture: Image, mode: str) -> Image:
    from PIL import Image

    if picture.mode.startswith(("I", "F")):  # 16 bits and more, which convert() would cut off at 255
        factor = 255 / (65535 if picture.mode.startswith("I") else 1)
        picture = picture.convert("F").point(lambda number: number * factor).convert("L")
    if mode == "RGBA":
        return picture.convert("RGBA")
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return picture.convert("RGB").convert(mode)


def _tensor(picture: Image, channels: int) -> Tensor:
    import torch

    data: Any = bytearray(picture.tobytes())
    flat = torch.frombuffer(data, dtype=torch.uint8)
    return flat.view(picture.height, picture.width, channels).permute(2, 0, 1).float() / 255


TEXTS, TENSORS = (".csv", ".tsv", ".txt"), (".pt", ".pth")
"""The endings of files that hold numbers as text, and of those that PyTorch wrote."""
Size = tuple[int | None, ...]
"""The sizes of an input, None for one that is left open."""


def parse(text: str, size: Size, option: str) -> Tensor:
    """A table of numbers as a tensor of a size: rows end at a line's end or `;`, numbers at a space or comma.

    Brackets may stand around rows, as Python writes lists of them. The rows are those of the first channel from top to
    bottom, then those of the second; where all sizes are known, any rows with the right count will do.

    Raises OptionError where they do not go with the size.
    """
    import torch

    rows = _rows(text, option)
    flat = [number for row in rows for number in row]
    if not flat:
        raise OptionError(option, "there are no numbers in it")
    lengths = {len(row) for row in rows}
    is_table = len(lengths) == 1
    found = _filled(size, len(rows), len(rows[0]), len(flat), is_table=is_table)
    if found is None:
        said = f"{len(rows)} x {len(rows[0])} numbers" if is_table else "numbers in rows of different lengths"
        raise OptionError(option, f"the network takes {_show(size)}, and {said} are given ({len(flat):,} in all)")
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
        raise OptionError(option, message)
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
    """A tensor that `torch.save` wrote, with or without a batch axis of 1. Raises Problem (E001) and OptionError."""
    import torch

    tensor = read_saved(path)
    if not isinstance(tensor, torch.Tensor):
        raise OptionError("pictures", f"{shown(path)} holds no tensor, but a {type(tensor).__name__}")
    if tensor.dim() == len(size) + 1 and tensor.shape[0] == 1:
        tensor = tensor[0]
    if tensor.dim() != len(size) or any(a not in (None, b) for a, b in zip(size, tensor.shape, strict=True)):
        message = f"the network takes {_show(size)}, and the tensor in {shown(path)} is {show(tuple(tensor.shape))}"
        raise OptionError("pictures", message)
    if tensor.is_complex() or tensor.is_quantized or tensor.layout is not torch.strided:
        raise OptionError("pictures", f"the tensor in {shown(path)} is complex, quantised or sparse, and no plain one")
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


_DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
    "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
}  # fmt: skip


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors in a file of safetensors, or in those that an index names.

    Raises Problem (E001, E009) where it cannot be read.
    """
    import torch

    from cnndsl import safetensors

    found: dict[str, Tensor] = {}
    for key, place in safetensors.places(path).items():
        if place.dtype not in _DTYPES:
            raise unreadable(shown(path), ValueError(f"the numbers of {key!r} are {place.dtype}"))
        dtype = getattr(torch, _DTYPES[place.dtype])
        try:
            flat = torch.frombuffer(place.data(), dtype=dtype) if place.length else torch.empty(0, dtype=dtype)
        except OSError as problem:
            raise unreadable(shown(place.file), problem) from None
        found[key] = flat.reshape(place.shape)
    return found


def _show(size: Size) -> str:
    return " x ".join("any number" if dim is None else str(dim) for dim in size)


@frozen()
class Scale:
    """What is done to the numbers of a picture: (number - mean) / std, for each channel or for all of them alike."""

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


def samples(
    program: Program, network: Module, given: Sequence[Path | str], scale: Scale | None = None
) -> tuple[Sample, ...]:
    """What goes into a network: a file, or a text of numbers, for each of its inputs in their order.

    A file that ends in .csv, .tsv or .txt has numbers, one that ends in .pt or .pth a tensor, any other a picture.
    Raises OptionError where something does not fit, Problem (E001) where a file cannot be read.
    """
    if len(given) != len(network.inputs):
        names = ", ".join(network.inputs)
        what = "one input" if len(network.inputs) == 1 else f"{len(network.inputs)} inputs, {names},"
        message = f"{network.name} takes {what} and {len(given)} are given: write --from once for each, in this order"
        raise OptionError("pictures", message)
    if scale is not None and all(isinstance(item, str) or item.suffix.lower() in TEXTS + TENSORS for item in given):
        message = (
            "a mean and a deviation are taken from pictures, and numbers are given: take them from those beforehand"
        )
        raise OptionError("mean" if any(scale.mean) else "std", message)
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
        return Sample(name, parse(item, size, "values"), tr("numbers as they are given"))
    if item.suffix.lower() in TEXTS:
        tensor = parse(read_text(item), size, "pictures")
        return Sample(name, tensor, tr("the numbers in {file}", file=item.name))
    if item.suffix.lower() in TENSORS:
        return Sample(name, load(item, size), tr("the tensor in {file}", file=item.name))
    return _picture(network, name, shape, item, scale)


def _picture(network: Module, name: str, shape: Shape, path: Path, scale: Scale) -> Sample:
    channels = value_of(shape[0])
    if len(shape) != 3 or channels not in MODES:
        what = RANK_WORDS.get(len(shape), f"{len(shape)} axes")
        why = f"{what}, {show(shape)}" if len(shape) != 3 else f"pictures of {channels} channels"
        message = (
            f"{network.name} takes {why}, which no picture is: give numbers, in a file that ends in .csv, "
            "or a tensor that torch.save wrote, in one that ends in .pt"
        )
        raise OptionError("pictures", message)
    picture = open_picture(path)
    sample = fitted_picture(name, picture, channels, *_room(network, shape, picture.height, picture.width))
    words, tensor = f"{path.name}: {sample.words}", sample.tensor
    if 0 in scale.std:
        raise OptionError("std", "a picture cannot be divided by 0")
    if scale != Scale():
        tensor = (tensor - _each(scale.mean, channels, "mean")) / _each(scale.std, channels, "std")
        then = tr("then minus {mean} and divided by {std}", mean=_listed(scale.mean), std=_listed(scale.std))
        words += f", {then}"
    return replace(sample, tensor=tensor, words=words)


def _each(given: tuple[float, ...], channels: int, option: str) -> Tensor:
    import torch

    if len(given) not in (1, channels):
        raise OptionError(option, f"the picture has {channels} channels, and {len(given)} numbers are given")
    return torch.tensor(given).view(-1, 1, 1)


def _listed(given: tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in given)


def _room(network: Module, shape: Shape, height: int, width: int) -> tuple[int, int]:
    """The height and width that a picture gets: those declared, and where they are open its own, as far as they fit."""
    shrunk = min(1.0, LONGEST / max(height, width))
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
    """The sample as the whole numbers that an embedding reads. Raises OptionError for others."""
    tensor = sample.tensor
    if bool((tensor != tensor.round()).any()) or bool((tensor < 0).any()):
        raise OptionError("pictures", f"{sample.name} takes whole numbers from 0 on: the rows of a table")
    return Sample(sample.name, tensor.long(), sample.words)


def _check_sizes(program: Program, network: Module, made: Sequence[Sample]) -> None:
    """Raise OptionError where an open size was filled with one that does not fit."""
    if not network.open:
        return
    shapes = [tuple(sample.tensor.shape) for sample in made]
    only = program.model_copy(update={"networks": (network.id,)})
    try:
        infer(only, {network.name: shapes})
    except SizeError as problem:
        rules = "; ".join(rule.words for rule in network.open)
        message = f"{network.name} cannot take {' and '.join(map(show, shapes))}: {problem.message} ({rules})"
        raise OptionError("pictures", message) from None
