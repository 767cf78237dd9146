"""The types that layer parameters have, each with the words for what does not fit.

A type checks one value by itself and raises ValueError with a sentence that continues
"kernel ...": "must be at least 1, and it is 0".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args, get_origin

from cnndsl.layers.declared import Check, FieldInfo, describe

LARGEST = 2**31 - 1  # no axis, kernel or channel count of a real network comes near it
LARGEST_REAL = 3e38  # a little below the largest number of 32 bits
_LONGEST = 2**63
MOST_AXES = 8
MOST_PIECES = 65_536


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _whole(value: Any, least: int, most: int = LARGEST) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"must be a whole number, and it is {describe(value)}"
        raise ValueError(message)
    if value < least:
        message = f"must be at least {least}, and it is {describe(value)}"
        raise ValueError(message)
    if value > most:
        message = f"must be at most {most:,}"
        raise ValueError(message)
    return value


def _whole_per_axis(value: Any, least: int) -> int | tuple[int, ...]:
    if not _is_list(value):
        return _whole(value, least)
    if not value:
        message = "needs a number for each axis, and the list is empty"
        raise ValueError(message)
    return tuple(_whole(item, least) for item in value)


def _counts(value: Any) -> tuple[int, ...]:
    if not _is_list(value):
        message = f"must be a list of sizes, and it is {describe(value)}"
        raise ValueError(message)
    return tuple(_whole(item, 1) for item in value)


def real(value: Any) -> float | int:
    """A number that a 32-bit number can hold, as PyTorch takes it: not as a whole one of more than 64 bits.

    Raises ValueError for anything else.
    """
    number = _number(value)
    if not -LARGEST_REAL <= number <= LARGEST_REAL:  # which is also how not-a-number comes out
        message = f"must be between -{LARGEST_REAL} and {LARGEST_REAL}, as a 32-bit number is"
        raise ValueError(message)
    return float(number) if isinstance(number, int) and abs(number) >= _LONGEST else number


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"must be a number, and it is {describe(value)}"
        raise ValueError(message)
    return value


def _positive_real(value: Any) -> float | int:
    number = real(value)
    if number <= 0:
        message = f"must be greater than 0, and it is {number}"
        raise ValueError(message)
    return number


def _probability(value: Any) -> float | int:
    number = real(value)
    if not 0 <= number <= 1:
        message = f"must be a probability, between 0 and 1, and it is {number}"
        raise ValueError(message)
    return number


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        message = f"must be true or false, and it is {describe(value)}"
        raise ValueError(message)
    return value


def _padding(value: Any) -> int | str | tuple[int, ...]:
    if isinstance(value, str):
        if value not in _PADDINGS:
            message = f'must be a number, a list of them, "same" or "valid", and it is "{value}"'
            raise ValueError(message)
        return value
    return _whole_per_axis(value, 0)


def _scale(value: Any) -> float | int | tuple[float | int, ...]:
    if not _is_list(value):
        return _factor(value)
    if not value:
        message = "needs a number for each axis, and the list is empty"
        raise ValueError(message)
    return tuple(_factor(item) for item in value)


def _factor(value: Any) -> float | int:
    number = _positive_real(value)
    if number > LARGEST:
        message = f"must be at most {LARGEST:,}"
        raise ValueError(message)
    return number


def _sizes(value: Any) -> tuple[int, ...]:
    if not _is_list(value) or not value:
        message = f"must be a list of sizes, and it is {'empty' if value in ([], ()) else describe(value)}"
        raise ValueError(message)
    _check_length(value)
    if sum(item == -1 for item in value) > 1:
        message = "may have one -1 at most, for the size that is left"
        raise ValueError(message)
    return tuple(item if type(item) is int and item == -1 else _whole(item, 1) for item in value)


def _pieces(value: Any) -> tuple[int, ...]:
    if not 1 <= len(value) <= MOST_PIECES:
        message = f"must be a list of 1 to {MOST_PIECES:,} sizes, and it has {len(value):,}"
        raise ValueError(message)
    return tuple(_whole(item, 1) for item in value)


def _axes(value: Any) -> tuple[int, ...]:
    if not _is_list(value):
        message = f"must be a list of axes, and it is {describe(value)}"
        raise ValueError(message)
    _check_length(value)
    return tuple(_whole(item, -16) for item in value)


def _axis_or_channels(value: Any) -> int | str:
    if isinstance(value, str) and value != "channels":
        message = f'must be a whole number or "channels", and it is {describe(value)}'
        raise ValueError(message)
    return value if isinstance(value, str) else _whole(value, -16)


def _check_length(value: Any) -> None:
    if len(value) > MOST_AXES:
        message = f"may have {MOST_AXES} numbers at most, and it has {len(value)}"
        raise ValueError(message)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        message = f"must be a text, and it is {describe(value)}"
        raise ValueError(message)
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not _is_list(value):
        message = f"must be a list of texts, and it is {describe(value)}"
        raise ValueError(message)
    return tuple(map(_text, value))


class Words(tuple[str, ...]):
    """The words that a parameter takes besides something else."""

    __slots__ = ()


_PADDINGS = Words(("same", "valid"))


class Takes(str):
    """What a parameter takes, in words: "whole number, at least 1"."""

    __slots__ = ()


def takes(field: FieldInfo) -> str:
    """What the parameter of a layer takes, in words; empty for a type that is not of this file."""
    if get_origin(field.annotation) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(field.annotation))
    return next((item for item in field.metadata if isinstance(item, Takes)), "")


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The words that the parameter of a layer takes; none for one that takes no words."""
    if get_origin(field.annotation) is Literal:
        return get_args(field.annotation)
    return next((item for item in field.metadata if isinstance(item, Words)), ())


# A count of channels or features.  Marked so that a network parameter which reaches only such
# counts can stay an argument of the generated constructor.
Count = Annotated[int, Check(lambda v: _whole(v, 1)), "count", Takes("whole number, at least 1")]
# A number that changes no size: a probability, an epsilon, a slope.
Real = Annotated[float | int, Check(real), "free", Takes("number")]
PositiveReal = Annotated[float | int, Check(_positive_real), "free", Takes("number above 0")]
OptionalPositiveReal = Annotated[
    float | int | None,
    Check(lambda v: None if v is None else _positive_real(v)),
    "free",
    Takes("number above 0"),
]
OptionalReal = Annotated[float | int | None, Check(lambda v: None if v is None else real(v)), Takes("number")]
Probability = Annotated[float | int, Check(_probability), "free", Takes("number from 0 to 1")]

Whole = Annotated[int, Check(lambda v: _whole(v, 0)), Takes("whole number, at least 0")]
Positive = Annotated[int, Check(lambda v: _whole(v, 1)), Takes("whole number, at least 1")]
Axis = Annotated[int, Check(lambda v: _whole(v, -16)), Takes("axis")]
# Any axis; which there are, the operation says.
AnyAxis = Annotated[int, Check(lambda v: _whole(v, -LARGEST)), Takes("axis")]
# A number of equal pieces, or a list of their sizes.
Pieces = Annotated[
    int | tuple[int, ...],
    Check(lambda v: _pieces(v) if _is_list(v) else _whole(v, 1, MOST_PIECES)),
    Takes("whole number, at least 1, or a list of such"),
]
# The first of the axes that are meant, or the channels alone.
AxisOrChannels = Annotated[int | Literal["channels"], Check(_axis_or_channels), Takes('axis, or "channels"')]
# One axis, or a list of them.
AxisOrAxes = Annotated[
    int | tuple[int, ...],
    Check(lambda v: _axes(v) if _is_list(v) else _whole(v, -16)),
    Takes("axis, or a list of them"),
]
# One number for all axes, or a list of one per axis.
Extent = Annotated[
    int | tuple[int, ...],
    Check(lambda v: _whole_per_axis(v, 1)),
    Takes("whole number, at least 1, or one for each axis"),
]
Offset = Annotated[
    int | tuple[int, ...],
    Check(lambda v: _whole_per_axis(v, 0)),
    Takes("whole number, at least 0, or one for each axis"),
]
OptionalExtent = Annotated[
    int | tuple[int, ...] | None,
    Check(lambda v: None if v is None else _whole_per_axis(v, 1)),
    Takes("whole number, at least 1, or one for each axis"),
]
OptionalOffset = Annotated[
    int | tuple[int, ...] | None,
    Check(lambda v: None if v is None else _whole_per_axis(v, 0)),
    Takes("whole number, at least 0, or a list of them"),
]
OptionalWhole = Annotated[
    int | None, Check(lambda v: None if v is None else _whole(v, -LARGEST)), Takes("whole number")
]
OptionalPositive = Annotated[
    int | None, Check(lambda v: None if v is None else _whole(v, 1)), Takes("whole number, at least 1")
]
OptionalAxis = Annotated[int | None, Check(lambda v: None if v is None else _whole(v, -16)), Takes("axis")]
# A factor by which a size grows, or a list of them.
OptionalScale = Annotated[
    float | tuple[float | int, ...] | int | None,
    Check(lambda v: None if v is None else _scale(v)),
    Takes("number above 0, or one for each axis"),
]
# The sizes of several axes, of which one may be -1: what is left.
Sizes = Annotated[tuple[int, ...], Check(_sizes), Takes("list of sizes")]
Counts = Annotated[tuple[int, ...], Check(_counts), Takes("list of sizes")]
Axes = Annotated[tuple[int, ...], Check(_axes), Takes("list of axes")]
OptionalText = Annotated[str | None, Check(lambda v: None if v is None else _text(v))]
OptionalTexts = Annotated[tuple[str, ...] | None, Check(lambda v: None if v is None else _texts(v))]
Padding = Annotated[
    int | str | tuple[int, ...],
    Check(_padding),
    _PADDINGS,
    Takes('whole number, at least 0, or one for each axis, or "same" or "valid"'),
]
Flag = Annotated[bool, Check(_flag), Takes("true or false")]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
