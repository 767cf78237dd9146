"""The types that layer parameters have, each with the words for what does not fit.

A type checks one value by itself and raises ValueError with a sentence that continues
"kernel ...": "must be at least 1, and it is 0".
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

LARGEST = 2**31 - 1  # no axis, kernel or channel count of a real network comes near it


def _whole(value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"must be a whole number, and it is {describe(value)}"
        raise ValueError(message)
    if value < least:
        message = f"must be at least {least}, and it is {value}"
        raise ValueError(message)
    if value > LARGEST:
        message = f"must be at most {LARGEST:,}"
        raise ValueError(message)
    return value


def _whole_per_axis(value: Any, least: int) -> int | tuple[int, ...]:
    if isinstance(value, (list, tuple)):
        if not value:
            message = "needs a number for each axis, and the list is empty"
            raise ValueError(message)
        return tuple(_whole(item, least) for item in value)
    return _whole(value, least)


def _real(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"must be a number, and it is {describe(value)}"
        raise ValueError(message)
    if not math.isfinite(value):
        message = "must be a finite number"
        raise ValueError(message)
    return value


def _positive_real(value: Any) -> float | int:
    value = _real(value)
    if value <= 0:
        message = f"must be greater than 0, and it is {value}"
        raise ValueError(message)
    return value


def _probability(value: Any) -> float | int:
    value = _real(value)
    if not 0 <= value <= 1:
        message = f"must be a probability, between 0 and 1, and it is {value}"
        raise ValueError(message)
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        message = f"must be true or false, and it is {describe(value)}"
        raise ValueError(message)
    return value


def _padding(value: Any) -> int | str | tuple[int, ...]:
    if isinstance(value, str):
        if value not in ("same", "valid"):
            message = f'must be a number, a list of them, "same" or "valid", and it is "{value}"'
            raise ValueError(message)
        return value
    return _whole_per_axis(value, 0)


def describe(value: Any) -> str:
    """A value in the user's words, for a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 40 else "a text"
    if isinstance(value, (list, tuple)):
        return "a list"
    return str(value)


# A count of channels or features.  Marked so that a network parameter which reaches only such
# counts can stay an argument of the generated constructor.
Count = Annotated[int, BeforeValidator(lambda v: _whole(v, 1)), "count"]
# A number that changes no size: a probability, an epsilon, a slope.
Real = Annotated[float | int, BeforeValidator(_real), "free"]
PositiveReal = Annotated[float | int, BeforeValidator(_positive_real), "free"]
Probability = Annotated[float | int, BeforeValidator(_probability), "free"]

Whole = Annotated[int, BeforeValidator(lambda v: _whole(v, 0))]
Positive = Annotated[int, BeforeValidator(lambda v: _whole(v, 1))]
Axis = Annotated[int, BeforeValidator(lambda v: _whole(v, -16))]
# One number for all axes, or a list of one per axis.
Extent = Annotated[int | tuple[int, ...], BeforeValidator(lambda v: _whole_per_axis(v, 1))]
Offset = Annotated[int | tuple[int, ...], BeforeValidator(lambda v: _whole_per_axis(v, 0))]
Padding = Annotated[int | str | tuple[int, ...], BeforeValidator(_padding)]
Flag = Annotated[bool, BeforeValidator(_flag)]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
