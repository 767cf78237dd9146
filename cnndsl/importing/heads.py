"""The head of a loop: what it goes through, and what is called how in its turns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from cnndsl.frozen import frozen
from cnndsl.importing.turns import Apart, beginning, constant, formula

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
    counted = any(k in numbers and numbers[k] not in rows and _says(numbers[k], variable) for k in unlike)
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


def _says(text: str, variable: str) -> bool:
    return re.search(rf"\b{variable}\b", text) is not None


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
