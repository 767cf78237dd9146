"""The turns of a loop: layers as one with numbers that differ, these as expressions, and what a loop goes through."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count, pairwise, product
from typing import Any

from cnndsl.frozen import frozen
from cnndsl.importing.body import (
    Argument,
    Chain,
    Item,
    Number,
    Part,
    Series,
    Single,
    Sizes,
    Turned,
    Use,
)
from cnndsl.layers.registry import KINDS, OPERATIONS


def constant(value: Any) -> str:
    """A constant as the language writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(constant, value))}]"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e9 else repr(value)
    return str(value)


_MOST_PARTS, _DIGITS = 200, 3


class Apart(Exception):  # noqa: N818 - what it says of turns and of bodies
    """What is laid side by side has no form in common."""


def side_by_side(word: str, uses: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Each argument that some uses of a layer or call have, with its values in all; where it is left out, the default.

    Raises Apart where an argument has none.
    """
    kind: Any = KINDS.get(word) or OPERATIONS.get(word)
    usual = {name: Number(info.default) for name, info in kind.model_fields.items()} if kind is not None else {}
    there = dict.fromkeys(name for arguments in uses for name in arguments)
    for name in [name for name in usual if name in there] + [name for name in there if name not in usual]:
        if name not in usual and any(name not in arguments for arguments in uses):
            raise Apart
        yield name, [arguments.get(name, usual.get(name)) for arguments in uses]


def in_turns(parts: Sequence[Part]) -> Part:
    """Parts as one that is not the same in all turns of a loop. Raises Apart."""
    first = parts[0]
    if all(part == first for part in parts):
        return first
    if any(type(part) is not type(first) for part in parts):
        raise Apart
    given: Any = parts
    if isinstance(first, Single):
        if any(part.word != first.word for part in given):
            raise Apart
        sides = side_by_side(first.word, [dict(part.arguments) for part in given])
        return Single(first.word, tuple((name, numbers(values)) for name, values in sides))
    if isinstance(first, Use):
        if any(part.name != first.name for part in given):
            raise Apart
        held = [dict(part.arguments) for part in given]
        return Use(first.name, tuple((name, _given([h[name] for h in held])) for name in held[0]))
    if isinstance(first, Chain):
        return Chain(tuple(items_in_turns([part.items for part in given])))
    raise Apart


def items_in_turns(rows: Sequence[Sequence[Item]]) -> list[Item]:
    """Stages of a chain as those of one turn. Raises Apart."""
    if len({len(items) for items in rows}) > 1:
        raise Apart
    made = []
    for column in zip(*rows, strict=True):
        if len({(item.label, item.condition) for item in column}) > 1:
            raise Apart
        made.append(replace(column[0], part=in_turns([item.part for item in column])))
    return made


def _given(values: Sequence[Any]) -> Any:
    if all(value == values[0] for value in values):
        return values[0]
    if all(isinstance(value, (Single, Use)) for value in values):
        return in_turns(values)
    return numbers(values)


def numbers(values: Sequence[Any]) -> Argument:
    """Arguments as one. Raises Apart."""
    first = values[0]
    if all(value == first and _kind(value) is _kind(first) for value in values):
        return first  # type: ignore[no-any-return]
    rows = [_items(value) for value in values]
    if all(row is not None and len(row) == len(rows[0] or ()) for row in rows):
        return Sizes(tuple(numbers(column) for column in zip(*rows, strict=True)))  # type: ignore[misc]
    if any(not isinstance(value, Number) for value in values) or len({_kind(value) for value in values}) > 1:
        raise Apart
    if _kind(first) is tuple:
        raise Apart
    return Turned(tuple(value.value for value in values))


def _kind(value: Any) -> Any:
    return type(value.value) if isinstance(value, Number) else type(value)


def _items(value: Any) -> tuple[Any, ...] | None:
    if isinstance(value, Sizes):
        return value.items
    is_list = isinstance(value, Number) and isinstance(value.value, tuple)
    return tuple(map(Number, value.value)) if is_list else None


def differing(held: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What differs in a part, in all turns, with the names of the arguments."""
    if isinstance(held, (Single, Use)):
        for name, value in held.arguments:
            for _, found in differing(value):
                yield name, found
    elif isinstance(held, Sizes):
        for item in held.items:
            yield from differing(item)
    elif isinstance(held, Chain):
        for stage in held.items:
            yield from differing(stage.part)
    elif isinstance(held, Turned):
        yield "", held.values


def series_of(names: Sequence[str]) -> Series | None:
    """Names that count as such; None for others, and for one name."""
    first = names[0]
    for digits in reversed([*re.finditer(r"\d+", first)]):
        before, after = first[: digits.start()], first[digits.end() :]
        middles = [name[len(before) : len(name) - len(after)] for name in names]
        if any(not middle.isdecimal() or str(int(middle)) != middle for middle in middles):
            continue
        found = [int(middle) for middle in middles]
        series = Series(before, found[0], found[1] - found[0], after)
        if series.by and all(series.name(turn) == name for turn, name in enumerate(names)):
            return series
    return None


def formula(values: Sequence[Any], variable: str, first: int = 0) -> str | None:
    """Numbers as an expression over a variable that is `first`, `first + 1`, ... in the turns; None where none is."""
    if len(values) < 2 or any(type(value) not in (int, float) for value in values):
        return None
    if any(value % 1 for value in values):
        return _fraction(values, variable, first)
    values = [int(value) for value in values]  # which are written without a point
    by = values[1] - values[0]
    if all(b - a == by for a, b in pairwise(values)):
        return _linear(by, values[0] - by * first, variable)
    low, factor = values[0], (values[1] // values[0] if values[0] > 0 else 0)
    if len(values) > 2 and factor > 1 and all(v == low * factor**turn for turn, v in enumerate(values)):
        return _growing(low, factor, variable, first)
    factor = values[0] // values[1] if values[1] > 0 else 0
    if len(values) > 2 and factor > 1 and all(v * factor**turn == low for turn, v in enumerate(values)):
        return f"{low} // {factor} ** {_linear(1, -first, variable, inside=True)}"
    return _periodic(values, variable) if first == 0 else None


def beginning(values: Sequence[Any]) -> int:
    """From where a variable would count that is these numbers, or of which they are a fraction; 0 where none is."""
    if type(values[0]) is int and list(values) == list(range(values[0], values[0] + len(values))):
        return max(values[0], 0)
    if len(values) > 2 and all(type(value) is float for value in values):
        found = _parts(values)
        return 0 if found is None else found[1]
    return 0


def _fraction(values: Sequence[float], variable: str, first: int) -> str | None:
    """Numbers that grow evenly, such as how often deeper and deeper blocks are left out: `0.2 * i / 17`."""
    found = _parts(values)
    if found is None:
        return None
    top, start, of = found
    shown = f"{constant(top)} * {_linear(1, start - first, variable, inside=True)}"
    return shown if of == 1 else f"{shown} / {of}"


def _parts(values: Sequence[float]) -> tuple[float, int, int] | None:
    """Numbers as `top * (start + turn) / of`, to the last digit: `top`, `start`, `of`. None where they are not."""
    by = (values[-1] - values[0]) / (len(values) - 1)
    for digits, of in product(range(1, _DIGITS + 1), range(1, _MOST_PARTS)) if by > 0 else ():
        top = round(by * of, digits)
        start = round(values[0] * of / top) if top else -1
        if start >= 0 and all(top * (start + turn) / of == value for turn, value in enumerate(values)):
            return top, start, of
    return None


def _linear(by: int, at: int, variable: str, *, inside: bool = False) -> str:
    if by < 0:
        term = variable if by == -1 else f"{-by} * {variable}"
        made = f"{at} - {term}" if at else f"-{term}"
    else:
        term = variable if by == 1 else f"{by} * {variable}"
        made = f"{term} {'+' if at > 0 else '-'} {abs(at)}" if at else term
    return f"({made})" if inside and made != variable else made


def _growing(low: int, factor: int, variable: str, first: int) -> str:
    whole, rest = divmod(low, factor**first)
    power = f"{factor} ** {variable if not rest else _linear(1, -first, variable, inside=True)}"
    start = whole if not rest else low
    return power if start == 1 else f"{start} * {power}"


def _periodic(values: Sequence[int], variable: str) -> str | None:
    """Numbers that come again and again, or each several times."""
    count = len(values)
    for period in range(2, count // 2 + 1):
        if all(values[at] == values[at % period] for at in range(count)):
            return formula(values[:period], f"({variable} % {period})")
    for times in range(2, count // 2 + 1):
        if count % times == 0 and all(values[at] == values[at - at % times] for at in range(count)):
            return formula(values[::times], f"({variable} // {times})")
    return None


# The head of a loop


_LONGEST_FORMULA, _MANY, _FEW = 24, 3, 4
_FACTORS = (2, 3, 4, 8)


@frozen()
class Source:
    """Something that a loop goes through: items of a list by their numbers, or values that are written out.

    called: what one of them is called, if that is free.
    """

    called: str
    text: str = ""
    numbers: tuple[int, ...] = ()
    length: int = 0
    values: tuple[str, ...] = ()

    def all(self) -> str:
        """The items as a list."""
        if self.values:
            return f"[{', '.join(self.values)}]"
        first, last = self.numbers[0], self.numbers[-1]
        by = self.numbers[1] - first
        is_last = not 0 <= last + by < self.length
        end = "" if is_last else str(last + (1 if by > 0 else -1))
        start = "" if first == (0 if by > 0 else self.length - 1) else str(first)
        step = "" if by == 1 else f":{by}"
        return self.text if not (start or end or step) else f"{self.text}[{start}:{end}{step}]"


@dataclass(slots=True)
class Head:
    """The head of a loop.

    numbers: for what differs (`key`) its expression.
    sources: what an item of each source is called.
    names: those that it binds.
    """

    through: str
    numbers: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    counts: bool = True
    """Whether something differs in the turns."""
    is_mixed: bool = False
    """Whether it counts, and goes through numbers that have no formula besides."""

    def says_less(self, turns: int) -> bool:
        """Whether layers with names of their own are read more easily in a loop with this head than one by one."""
        return turns > _FEW or not self.is_mixed

    def text(self, turns: int, *, inside: bool = False) -> str:
        """The head before braces, or in the brackets of a list."""
        return self.through if self.counts or inside else f"repeat {turns}"


def key(values: Iterable[Any]) -> str:
    """By what numbers that differ are found; 1, 1.0 and true are not the same."""
    return repr(tuple(values))


def head(
    turns: int,
    columns: Iterable[tuple[str, tuple[Any, ...]]],
    sources: Sequence[Source],
    is_free: Callable[[str], bool],
) -> Head:
    """The head of a loop in whose turns these numbers and sources differ.

    columns: the numbers, with the names of the arguments that they are.
    is_free: whether a name has no meaning yet.

    Raises Apart where most turns have the same number, and some another one.
    """
    taken: set[str] = set()

    def name(*wanted: str) -> str:
        numbered = (f"{wanted[-1]}{n}" for n in count(2))
        found = next(n for n in chain(wanted, numbered) if n.isidentifier() and is_free(n) and n not in taken)
        taken.add(found)
        return found

    unlike = {key(values): (called, values) for called, values in columns}
    variable = name("i", "j", "k", "at")
    if not unlike and not sources:
        return Head(f"for {variable} in range({turns})", names=taken, counts=False)
    start, numbers = 0, {}
    if all(source.numbers for source in sources):
        start = next(filter(None, (beginning(values) for _, values in unlike.values())), 0)
    for start in dict.fromkeys((start, 0)):  # noqa: B020 - a number to count from, and else none
        numbers = _formulas(unlike, variable, start)
        if len(numbers) == len(unlike):
            break
    rows: dict[str, tuple[Any, ...]] = {}
    for k, (called, values) in unlike.items():
        if k not in numbers:
            if Counter(map(repr, values)).most_common(1)[0][1] * 2 > turns:
                raise Apart  # one of them is another, and stands better by itself
            found = _derived(values, rows) or name(called or "number", "width", "number")
            numbers[k] = found
            if found.isidentifier():
                rows[found] = values
    counted = any(text not in rows and re.search(rf"\b{variable}\b", text) for text in numbers.values())
    by_number = [source for source in sources if source.numbers]
    parts = any(source.all() != source.text for source in by_number)
    counted = counted or len(by_number) >= _MANY or (parts and len(by_number) > 1)
    items: list[tuple[str, str]] = []
    if rows:
        inner = ", ".join(rows)
        shown = [constant(column[0] if len(rows) == 1 else column) for column in zip(*rows.values(), strict=True)]
        items.append((inner if len(rows) == 1 else f"[{inner}]", f"[{', '.join(shown)}]"))
    texts = []
    for source in sources:
        index = formula(source.numbers, variable, start) if source.numbers and counted else None
        if index is None:
            texts.append(name(source.called, "item"))
            items.append((texts[-1], source.all()))
        else:
            texts.append(f"{source.text}[{index}]")
    return Head(
        _through(variable if counted else "", items, turns, start),
        numbers,
        texts,
        taken,
        is_mixed=counted and bool(rows),
    )


def _formulas(unlike: Mapping[str, tuple[str, tuple[Any, ...]]], variable: str, start: int) -> dict[str, str]:
    found = {k: formula(values, variable, start) for k, (_, values) in unlike.items()}
    return {k: text for k, text in found.items() if text is not None and len(text) <= _LONGEST_FORMULA}


def _derived(values: tuple[Any, ...], rows: Mapping[str, tuple[Any, ...]]) -> str | None:
    """Numbers that are so many times others."""
    for name, others in rows.items():
        for factor in _FACTORS if all(type(v) is int for v in (*values, *others)) else ():
            if all(v == factor * o for v, o in zip(values, others, strict=True)):
                return f"{factor} * {name}"
            if all(factor * v == o for v, o in zip(values, others, strict=True)):
                return f"{name} // {factor}"
    return None


def _through(variable: str, items: Sequence[tuple[str, str]], turns: int, start: int) -> str:
    names, lists = [name for name, _ in items], [text for _, text in items]
    if not items:
        return f"for {variable} in range({f'{start}, ' if start else ''}{start + turns})"
    inner = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    through = lists[0] if len(lists) == 1 else f"zip({', '.join(lists)})"
    return f"for [{variable}, {inner}] in enumerate({through})" if variable else f"for {inner} in {through}"
