"""A picture in a file -> a tensor of the size that a network takes.  Needs Pillow."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnndsl.files import shown, unreadable
from cnndsl.running.reading import check_regular
from cnndsl.running.refused import Refused

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

MOST_PIXELS = 100_000_000
"""A larger picture is refused before it is unpacked."""
LONGEST = 512
"""The longer side of what goes into a network that leaves its size open."""
MODES = {1: ("L", "grey"), 3: ("RGB", "red, green, blue"), 4: ("RGBA", "red, green, blue, opacity")}
"""By the number of channels: Pillow's name of the mode, and what the channels are."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it goes into a network: numbers from 0 to 1, channels x height x width, its PNG, how it was made."""

    tensor: Tensor
    png: bytes
    words: str


def open_picture(path: Path) -> Image:
    """The picture in a file, upright. Raises Problem (E001) for a file that cannot be read or is no picture."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        message = "pictures are read with Pillow, which is not installed: run pip install 'cnndsl[explain]'"
        raise Refused(message, "--from") from None
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
    except Refused:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as problem:
        raise unreadable(shown(path), _in_words(problem)) from None


def _too_large(path: Path) -> Refused:
    message = f"{shown(path)} has more than {MOST_PIXELS // 10**6} million pixels: make it smaller first"
    return Refused(message, "--from")


def _in_words(problem: Exception) -> Exception:
    """Pillow's complaints of broken files are of many types, some without a word."""
    return problem if str(problem) else ValueError("the file is broken")


def fitted(picture: Image, channels: int, height: int, width: int) -> Picture:
    """The picture with so many channels and pixels: scaled until it covers the size, and what hangs over cut off.

    channels: a key of `MODES`. What is transparent is put on white, but where the network takes the opacity too.
    """
    from PIL import Image, ImageOps

    mode, names = MODES[channels]
    before = (picture.width, picture.height)
    picture = _in_mode(picture, mode)
    said = [f"{before[0]} x {before[1]} pixels"]
    if before != (width, height):
        way = Image.Resampling.BICUBIC if width > before[0] or height > before[1] else Image.Resampling.LANCZOS
        picture = ImageOps.fit(picture, (width, height), way)
        is_cut = abs(before[0] * height - before[1] * width) > max(before) * max(width, height) * 0.01
        said.append(f"scaled {'and cut ' if is_cut else ''}to {width} x {height}")
    said.append(f"{names}, from 0 to 1")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return Picture(_tensor(picture, channels), file.getvalue(), ", ".join(said))


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
