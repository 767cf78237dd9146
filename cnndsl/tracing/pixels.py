"""Maps -> PNGs, and curves -> paths: the colour of a number, and how high it lies."""

from __future__ import annotations

import zlib
from base64 import b64encode
from math import isnan

from cnndsl.tracing.figure import BLANK, LEVELS, Curve, Map

HEIGHT = 40
"""How high the picture is, in its own units."""
_INSET = 2


def outline(curve: Curve) -> str:
    """The data of a path around everything between the smallest and the largest number of each column."""
    above = [f"{x} {_height(high, curve)}" for x, (_, high) in enumerate(curve.columns)]
    below = [f"{x} {_height(low, curve)}" for x, (low, _) in enumerate(curve.columns)]
    return f"M{'L'.join([*above, *reversed(below)])}Z"


def zero_line(curve: Curve) -> str:
    """How far from the top zero lies; it is always in the picture."""
    return _height(0.0, curve)


def _height(number: float, curve: Curve) -> str:
    low, high = min(curve.low, 0.0), max(curve.high, 0.0)
    place = (high - number) / (high - low) if high > low else 0.5
    return f"{_INSET + (HEIGHT - 2 * _INSET) * min(max(place, 0.0), 1.0):.1f}"


_BELOW = ((255, 255, 255), (150, 196, 226), (45, 112, 178), (8, 44, 92))
_ABOVE_ZERO = ((255, 255, 255), (252, 190, 112), (214, 104, 16), (112, 46, 4))
"""The colours from zero to the bound; each is darker than the one before, for readers who do not see the hue."""


def _between(stops: tuple[tuple[int, int, int], ...], share: float) -> tuple[int, int, int]:
    place = share * (len(stops) - 1)
    at = min(int(place), len(stops) - 2)
    part = place - at
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(stops[at], stops[at + 1], strict=True))
    return red, green, blue


PALETTE = (
    *(_between(_BELOW, level / LEVELS) for level in range(LEVELS, 0, -1)),
    *(_between(_ABOVE_ZERO, level / LEVELS) for level in range(LEVELS + 1)),
)
"""Level -> red, green, blue."""


def colour_of(number: float, bound: float) -> str:
    """The colour of a number on a scale, as `#RRGGBB`."""
    return "#{:02X}{:02X}{:02X}".format(*PALETTE[_level(number, bound)])


def ink_over(number: float, bound: float) -> str:
    """What is to be written with on a number's colour: black or white, whichever has the greater contrast.

    They are equal where the relative luminance is 0.179 (https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio).
    """
    shares = [part / 255 for part in PALETTE[_level(number, bound)]]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return "#FFFFFF" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179 else "#000000"


def _level(number: float, bound: float) -> int:
    return LEVELS if isnan(number) or not bound else LEVELS + round(LEVELS * max(-1.0, min(1.0, number / bound)))


def png_of(picture: Map) -> bytes:
    """The map as the bytes of a PNG, a pixel of it to a pixel of the map."""
    rows = (
        b"\0" + picture.levels[at : at + picture.width] for at in range(0, len(picture.levels), picture.width)
    )  # 0: the row is written as it is
    palette = b"".join(bytes(rgb) for rgb in PALETTE)
    clear = b""
    if BLANK in picture.levels:
        palette, clear = palette + bytes(3), _chunk(b"tRNS", b"\xff" * BLANK + b"\0")
    header = picture.width.to_bytes(4) + picture.height.to_bytes(4) + bytes((8, 3, 0, 0, 0))  # 8 bits, of a palette
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette),
            clear,
            _chunk(b"IDAT", zlib.compress(b"".join(rows), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def data_url(png: bytes) -> str:
    """A PNG as an address that holds all of it."""
    return f"data:image/png;base64,{b64encode(png).decode()}"
