"""A signal as a path, in a picture a unit wide for each of its columns."""

from __future__ import annotations

from cnndsl.backends.maps.figure import Curve

HEIGHT = 40
"""How high the picture is, in its own units."""
_EDGE = 2


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
    return f"{_EDGE + (HEIGHT - 2 * _EDGE) * min(max(place, 0.0), 1.0):.1f}"
