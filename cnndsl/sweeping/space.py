"""The settings that a sweep goes through: texts such as `width=0.5:1.5:0.1` and `depth=1,1.2` in, and out every
combination of their values, or a sample of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import islice
from math import prod
from random import Random
from typing import Any

from cnndsl.diagnostics import OptionError
from cnndsl.frozen import frozen
from cnndsl.settings import Value, from_python, parse_value

MOST = 1_000_000
"""Up to so many members are worked out; of more only a sample can be."""
_LONGEST = 100_000
"""Values of one parameter."""
_RANGE = re.compile(r"\s*([^:\"\[\]]+):([^:\"\[\]]+)(?::([^:\"\[\]]+))?\s*")


@frozen()
class Axis:
    """A parameter and the values that it takes, each once, in the order in which they were given."""

    name: str
    values: tuple[Value, ...]


@frozen()
class Space:
    """All combinations of the values of some parameters. Their numbers count the last parameter up first."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return prod(len(axis.values) for axis in self.axes)

    def settings(self, number: int) -> dict[str, Value]:
        """The combination with a number, from 0."""
        found: list[tuple[str, Value]] = []
        for axis in reversed(self.axes):
            number, at = divmod(number, len(axis.values))
            found.append((axis.name, axis.values[at]))
        return dict(reversed(found))

    def numbers(self, sample: int | None = None, seed: int = 0) -> Sequence[int]:
        """The numbers of all combinations, or of a sample of so many different ones, in ascending order.

        The sample depends on the seed alone. Raises OptionError where there are more than `MOST`, and for a sample of
        none.
        """
        if sample is not None and sample < 1:
            raise OptionError("sample", f"a sample is at least one member, and not {sample}")
        if sample is None or sample >= self.size:
            if self.size > MOST:
                message = f"there are {self.size:,} members, and at most {MOST:,} are worked out: take a sample of them"
                raise OptionError("sample", message)
            return range(self.size)
        if sample > MOST:
            message = f"at most {MOST:,} members are worked out, and {sample:,} are asked for"
            raise OptionError("sample", message)
        drawn = Random(seed)  # noqa: S311 - nothing secret
        found: dict[int, None] = {}
        while len(found) < sample:  # `Random.sample` takes no range beyond what a machine can count
            found[drawn.randrange(self.size)] = None
        return sorted(found)


def parse(texts: Iterable[str]) -> Space:
    """The space of `name=values` texts.

    Values are divided by commas; each is a literal of the language, as `cnndsl.settings.parse_value` reads it, or a
    range `first:last` or `first:last:step`, which has its last value too. Raises ValueError with a sentence for the
    user.
    """
    axes: dict[str, Axis] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise ValueError(f"{text!r} is not of the form NAME=VALUES, such as width=0.5:1.5:0.1 or depth=1,1.2")
        if name in axes:
            raise ValueError(f"{name} is given twice: write all its values in one, {name}=1,2,3")
        axes[name] = _axis(name, [value for piece in _pieces(values) for value in _values(piece)])
    return Space(tuple(axes.values()))


def of_values(settings: Mapping[str, Any]) -> Space:
    """The space of values by the names of parameters; what is no list, range or tuple stands for itself alone.

    Raises TypeError for what is no value of the language, ValueError for a number that is not finite.
    """
    found = from_python({name: _list(values) for name, values in settings.items()})
    return Space(tuple(_axis(name, values if isinstance(values, list) else [values]) for name, values in found.items()))


def _list(values: Any) -> Any:
    if isinstance(values, (str, bool)) or not (isinstance(values, Iterable) or hasattr(values, "tolist")):
        return [values]
    return values if hasattr(values, "tolist") else list(islice(values, _LONGEST + 1))


def _axis(name: str, values: Iterable[Value]) -> Axis:
    different = {(type(value), repr(value)): value for value in values}  # 1, 1.0 and true are three values
    if not different:
        raise ValueError(f"{name} has no values")
    if len(different) > _LONGEST:
        raise ValueError(f"{name} has more than {_LONGEST:,} values, and at most so many are gone through")
    return Axis(name, tuple(different.values()))


def _pieces(text: str) -> Iterator[str]:
    """What commas divide, outside lists and texts."""
    depth, begun, is_text = 0, 0, False
    for at, char in enumerate(text):
        is_text ^= char == '"'
        if not is_text:
            depth += (char == "[") - (char == "]")
            if char == "," and depth == 0:
                yield text[begun:at]
                begun = at + 1
    yield text[begun:]


def _values(piece: str) -> list[Value]:
    found = _RANGE.fullmatch(piece)
    return [parse_value(piece)] if found is None else _range(piece.strip(), *found.groups(default="1"))


def _range(piece: str, *texts: str) -> list[Value]:
    """The numbers of a range, worked out in decimals: 0.5:0.7:0.1 has the 0.6 that a person would write."""
    try:
        first, last, step = (Decimal(text.strip()) for text in texts)
    except InvalidOperation:
        raise ValueError(f"{piece} is no range of numbers, such as 8:64:8 or 0.5:1.5:0.1") from None
    if not (first.is_finite() and last.is_finite() and step.is_finite()) or step == 0 or (last - first) / step < 0:
        raise ValueError(f"{piece} never gets from {first} to {last}")
    steps = int((last - first) / step)
    if steps >= _LONGEST:
        raise ValueError(f"{piece} has {steps + 1:,} values, and at most {_LONGEST:,} are gone through")
    is_whole = all(re.fullmatch(r"\s*[+-]?\d+\s*", text) for text in texts)
    return [int(first + k * step) if is_whole else float(first + k * step) for k in range(steps + 1)]
