"""What is said of steps and values, in plain words, for pages and pictures alike."""

from __future__ import annotations

from math import isfinite, isnan

from cnndsl.backends.maps.figure import LEVELS, Curve, Map, Score, Shown, Value, short
from cnndsl.layers.sizes import show

LEGEND = (
    " is zero, blue is below and orange above. Each map has a scale of its own, up to its largest magnitude; "
    "under it stand its smallest and its largest number. Large maps are averaged down."
)
"""What the colours mean, after the name of the colour of zero."""


def has_colours(steps: tuple[Shown, ...]) -> bool:
    """Whether there are maps whose numbers are not written."""
    values = (value for shown in steps for value in shown.values)
    coloured = any(not picture.numbers for value in values for picture in value.maps)
    return coloured or any(has_colours(shown.inside) for shown in steps)


def legend_strip() -> Map:
    """Every colour once, from the strongest below zero to the strongest above."""
    return Map(None, 2 * LEVELS + 1, 1, bytes(range(2 * LEVELS + 1)), -1.0, 1.0)


def size(value: Value) -> str:
    """`8 × 28 × 28`."""
    return show(value.shape).replace(" x ", " × ") or "one number"


def span(shown: Map | Curve) -> str:
    """From the smallest to the largest number of a channel."""
    low, high = short(shown.low, 2), short(shown.high, 2)
    return f"all {low}" if shown.low == shown.high else f"{low} to {high}"


def remarks(shown: Shown) -> str:
    """The arguments of a step, what is to know of it, and where it stands."""
    return " · ".join(filter(None, (shown.words, shown.remark, shown.place)))


def missing(value: Value) -> str:
    """What of a value is not to be seen; empty where all is."""
    notes = []
    if value.left_out:
        notes.append(f"{count(value.left_out, 'more number' if value.is_features else 'more channel')} not shown")
    if value.cut:
        notes.append(f"of each channel, {value.cut}")
    if value.odd:
        notes.append(f"{count(value.odd, 'number')} infinite or no number at all")
    return "; ".join(notes)


def longest(scores: tuple[Score, ...]) -> float:
    """The magnitude whose bar has the whole length."""
    return max((abs(score.number) for score in scores if isfinite(score.number)), default=1.0) or 1.0


def length(score: Score, reach: float) -> float:
    """The length of a score's bar, from 0 to 1: its share, or where it has none its part of the longest."""
    found = abs(score.number) / reach if score.share is None else score.share
    return min(found, 1.0) if not isnan(found) else 0.0


def count(number: int, word: str) -> str:
    """`1 step`, `2,000 steps`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
