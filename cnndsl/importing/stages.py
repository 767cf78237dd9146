"""Parts and chains of parts as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from cnndsl.importing.body import (
    Body,
    Chain,
    Choice,
    Held,
    Item,
    Listed,
    Number,
    Part,
    Repeated,
    Series,
    Single,
    Sizes,
    Slot,
    Turned,
    Use,
)
from cnndsl.importing.generalising import IDENTITY
from cnndsl.importing.parameters import KEYWORDS, REQUIRED, Definition, is_name
from cnndsl.importing.turns import Apart, Head, constant, differing, head, in_turns, items_in_turns, key, series_of
from cnndsl.ir.names import why_not
from cnndsl.layers.base import Group
from cnndsl.layers.registry import KINDS, OPERATIONS

LONGEST_LINE = 100
_HEAVY = {Group.CONVOLUTION, Group.DENSE, Group.BLOCK, Group.SEQUENCE}
_SHORT_LINE, _FEW_STAGES = 76, 4
_FEW_BY_POSITION = 4
_LEAST_TURNS, _LONGEST_TURN = 3, 12
_LABELLED = re.compile(r"[^({]*: ")
_SAVED = 0.9
"""How long a loop of a chain may be at most, as a part of its stages written out."""


@dataclass
class Writer:
    """Writes the parts of a definition.

    known: all definitions, by their names.
    shapes: the sizes of what comes into the network.
    loops: whether layers that differ in numbers alone are written as loops.
    """

    definition: Definition
    known: dict[str, Definition]
    shapes: Sequence[tuple[int | str, ...]]
    loops: bool = True
    numbers: dict[str, str] = field(default_factory=dict)
    """In a loop, what is written for numbers that differ from turn to turn, by their `key`."""
    bound: set[str] = field(default_factory=set)
    """What values and the items of loops are called."""

    @property
    def body(self) -> Body:
        """The body of the definition."""
        return self.definition.common.body

    def is_free(self, name: str) -> bool:
        """Whether a name has no meaning in the definition."""
        definition, body = self.definition, self.body
        own = {part for part, _ in body.parts} | {held.name for held in body.held}
        own |= {*definition.parameters, *body.inputs, *self.known, definition.width, "it", *self.bound}
        return name not in own and name not in KEYWORDS and name not in KINDS and name not in OPERATIONS

    @contextmanager
    def turn(self, made: Head) -> Iterator[None]:
        """Writes what stands in a loop with this head."""
        numbers, bound = self.numbers, self.bound
        self.numbers, self.bound = {**numbers, **made.numbers}, {*bound, *made.names}
        try:
            yield
        finally:
            self.numbers, self.bound = numbers, bound

    # Parts

    def value(self, value: Any) -> str:
        """An argument."""
        if isinstance(value, Slot):
            return self.definition.slots[value.number]
        if isinstance(value, Number):
            return constant(value.value)
        if isinstance(value, Turned):
            return self.numbers[key(value.values)]
        if isinstance(value, Sizes):
            return f"[{', '.join(self.value(item) for item in value.items)}]"
        if isinstance(value, (Single, Use, Chain)):
            return self.stage(value)
        return constant(value)

    def arguments(self, listed: Iterable[tuple[str, Any, bool]]) -> list[str]:
        """Arguments, each without its name as long as none before it is left out (None) or has to have its name."""
        written = []
        in_order = True
        for name, value, by_name in listed:
            in_order = in_order and value is not None and not by_name
            if value is not None:
                written.append(self.value(value) if in_order else f"{name}={self.value(value)}")
        return written

    def stage(self, part: Part, more: str = "") -> str:
        """A part as one stage of a chain; `more` are further arguments of a use."""
        if isinstance(part, Slot):
            return self.definition.slots[part.number]
        if isinstance(part, Single):
            return self._single(part)
        if isinstance(part, Use):
            return self._use(part, more)
        if isinstance(part, Listed):
            return self.listed(part.items, [""] * len(part.items))
        if isinstance(part, Repeated) and part.label is not None:
            count, first = self.value(part.count), part.label.first
            bounds = f"{first}, {count} + {first}" if first else count
            made = f"{part.label.before}{{i}}{part.label.after}"
            return f"for i in range({bounds}) {{ {constant(made)}: {self.stage(part.part)} }}"
        if isinstance(part, Repeated):
            return f"{self.stage(part.part)} * {self.value(part.count)}"
        if isinstance(part, Choice) and isinstance(part.part, Chain):
            return f"if {self.definition.conditions[part.condition]} {self.braces(self.chain_lines(part.part))}"
        if isinstance(part, Choice):
            return f"{self.stage(part.part, more)} if {self.definition.conditions[part.condition]} else identity"
        return self.braces(self.chain_lines(part))

    def held(self, own: Held) -> str:
        """A parameter or constant."""
        sizes = f"[{', '.join(map(self.value, own.sizes))}]"
        if own.numbers is None:
            return f"parameter({sizes})"
        shown = constant(own.numbers) + (f", {sizes}" if len(own.sizes) != 1 else "")
        return f"constant({shown}{'' if own.persistent else ', persistent=false'})"

    def listed(self, parts: Sequence[Part], more: Sequence[str]) -> str:
        """A list of parts, each with its further arguments."""
        if (made := self._comprehension(parts, more)) is not None:
            return made
        items = [self.stage(*each) for each in zip(parts, more, strict=True)]
        if any("\n" in text for text in items) or sum(map(len, items)) > LONGEST_LINE:
            return "[\n" + ",\n".join(items) + ",\n]"
        return f"[{', '.join(items)}]"

    def _comprehension(self, parts: Sequence[Part], more: Sequence[str]) -> str | None:
        """A list of parts that are the same but for numbers; None where they are too few or too different."""
        if len(parts) < _LEAST_TURNS or len({*more}) > 1 or not self.loops:
            return None
        try:
            part = in_turns(parts)
            made = head(len(parts), differing(part), [], self.is_free)
        except Apart:
            return None
        with self.turn(made):
            return f"[{self.stage(part, more[0])} {made.text(len(parts), inside=True)}]"

    @staticmethod
    def braces(lines: Sequence[str]) -> str:
        """Lines in braces."""
        if len(lines) == 1 and "\n" not in lines[0] and len(lines[0]) < LONGEST_LINE:
            return f"{{ {lines[0]} }}"
        return "{\n" + "\n".join(lines) + "\n}"

    def _single(self, part: Single) -> str:
        if part == IDENTITY:
            return part.word
        kind = KINDS[part.word]
        given = dict(part.arguments)
        listed: list[tuple[str, Any, bool]] = []
        for at, (name, info) in enumerate(kind.model_fields.items()):
            is_clear = at > 0 or info.is_required() or kind.group is Group.DROPOUT
            by_name = at >= _FEW_BY_POSITION or not is_clear or is_flag(given.get(name))
            listed.append((name, given.get(name), by_name))
        written = self.arguments(listed)
        return f"{part.word}({', '.join(written)})" if written else part.word

    def _use(self, part: Use, more: str = "") -> str:
        definition = self.known[part.name]
        has_inputs = bool(definition.common.body.inputs[1:])
        listed: list[tuple[str, Any, bool]] = []
        for name, value in part.arguments:
            usual = definition.parameters[name]
            by_name = usual is not REQUIRED and has_inputs  # which stand before it
            by_name = by_name or (isinstance(value, Number) and isinstance(value.value, bool))
            listed.append((name, None if usual is not REQUIRED and _is_usual(value, usual) else value, by_name))
        written = self.arguments(listed)
        if more:
            written.append(more)
        return f"{part.name}({', '.join(written)})" if written else part.name

    # Chains

    def chain_lines(self, chain: Chain) -> list[str]:
        """The stages of a chain in lines, each of which begins with a layer that has much to do."""
        stages = self._repeated(self._stages(chain.items))
        line = " -> ".join(text for text, _ in stages)
        if (
            len(stages) <= _FEW_STAGES
            and len(line) < _SHORT_LINE
            and not any(_stands_alone(text) for text, _ in stages)
        ):
            return [line]
        return self.in_lines(stages)

    @staticmethod
    def in_lines(stages: Sequence[tuple[str, Any]]) -> list[str]:
        """Stages in lines."""
        lines: list[list[str]] = []
        heavy = False
        for text, part in stages:
            begins = _is_heavy(part) or isinstance(part, tuple)
            alone = _stands_alone(text)
            if not lines or alone or (heavy and begins):
                lines.append([])
                heavy = False
            lines[-1].append(text)
            heavy = heavy or begins
            if alone:
                heavy = True
                lines.append([])
        return [" -> ".join(line) for line in lines if line]

    def _stages(self, items: Sequence[Item]) -> list[tuple[str, Any]]:
        """The stages; those that differ in numbers, or have names that count, as loops."""
        made: list[tuple[str, Any]] = []
        at = 0
        while at < len(items):
            found = max(
                (run for period in range(1, _LONGEST_TURN + 1) if (run := self._loop(items[at:], period)) is not None),
                key=lambda run: run[0],
                default=None,
            )
            if found is None:
                made.append((self._stage(items[at]), items[at].part))
                at += 1
            else:
                made.append((found[1], items[at].part))
                at += found[0]
        return made

    def _stage(self, item: Item, label: str | None = None) -> str:
        text = self.stage(item.part)
        if label is None and item.label is not None:
            is_plain = is_name(item.label) and why_not(item.label) is None
            label = item.label if is_plain else constant(item.label)
        text = text if label is None else f"{label}: {text}"
        if item.condition is not None:
            text = f"if {self.definition.conditions[item.condition]} {self.braces([text])}"
        return text

    def _loop(self, items: Sequence[Item], period: int) -> tuple[int, str] | None:
        """How many of the stages are a loop with so many in a turn, and the loop; None where that says no less."""
        turns = 1
        while (
            self.loops
            and (turns + 1) * period <= len(items)
            and all(_may_follow(items[at], items[turns * period + at], turns) for at in range(period))
        ):
            turns += 1
        for count in range(turns, 1, -1):
            rows = [items[turn * period : (turn + 1) * period] for turn in range(count)]
            try:
                text = self._rolled(rows)
            except Apart:
                continue
            if text is None:
                return None
            plain = self._repeated([(self._stage(item), item.part) for item in items[: count * period]])
            if len(text) <= _SAVED * sum(len(stage) + 4 for stage, _ in plain):
                return count * period, text
        return None

    def _rolled(self, rows: Sequence[Sequence[Item]]) -> str | None:
        """Turns of a chain as a loop; None where they are the same, as any number of them then is. Raises Apart."""
        labels: list[Series | None] = []
        for column in zip(*rows, strict=True):
            names = [item.label for item in column if item.label is not None]
            labels.append(series_of(names) if len(names) == len(rows) else None)
            if names and labels[-1] is None:
                raise Apart
        items = items_in_turns([[replace(item, label=None) for item in row] for row in rows])
        columns = [("", series.numbers(len(rows))) for series in labels if series is not None]
        columns += [found for item in items for found in differing(item.part)]
        if not columns:
            return None
        if len(rows) < _LEAST_TURNS and any(found for item in items for found in differing(item.part)):
            raise Apart
        made = head(len(rows), columns, [], self.is_free)
        if any(labels) and not made.says_less(len(rows)):
            raise Apart
        with self.turn(made):
            stages = [
                (self._stage(item, None if series is None else self.counted(series, len(rows))), item.part)
                for item, series in zip(items, labels, strict=True)
            ]
            lines = self.in_lines(self._repeated(stages))
        return f"{made.text(len(rows))} {self.braces(lines)}"

    def counted(self, series: Series, turns: int) -> str:
        """A name that counts, in quotes."""
        number = self.numbers[key(series.numbers(turns))]
        return constant(f"{series.before}{{{number}}}{series.after}")

    @staticmethod
    def _repeated(stages: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """The stages, with runs of equal ones as `stage * n`."""
        texts = [text for text, _ in stages]
        made: list[tuple[str, Any]] = []
        at = 0
        while at < len(texts):
            best = (0, 1, 1)
            for period in range(1, min(12, (len(texts) - at) // 2) + 1):
                times = 1
                first = texts[at : at + period]
                if at and period > 1 and not _is_heavy(stages[at][1]):
                    continue
                if any(text.startswith(("if ", "for ")) or _LABELLED.match(text) for text in first):
                    continue
                while texts[at + times * period : at + (times + 1) * period] == first:
                    times += 1
                if times > 1 and (times - 1) * period > best[0]:
                    best = ((times - 1) * period, period, times)
            saved, period, times = best
            if not saved:
                made.append(stages[at])
                at += 1
            elif period == 1:
                made.append((f"{texts[at]} * {times}", stages[at][1]))
                at += times
            else:
                inner = Writer._repeated(stages[at : at + period])
                made.append((f"({' -> '.join(text for text, _ in inner)}) * {times}", ()))
                at += period * times
        return made


def is_flag(value: Any) -> bool:
    """Whether an argument says nothing without its name."""
    return isinstance(value, Number) and isinstance(value.value, (bool, str))


def _may_follow(item: Item, later: Item, turns: int) -> bool:
    """Whether two stages may be the same one in turns of a loop that are so far apart."""
    if type(item.part) is not type(later.part) or item.condition != later.condition:
        return False
    if item.label is None or later.label is None:
        return item.label is later.label
    series = series_of([item.label, later.label])
    return series is not None and series.by % turns == 0


def _stands_alone(text: str) -> bool:
    return text.startswith(("if ", "for ")) or "\n" in text


def _is_usual(value: Any, usual: Any) -> bool:
    if isinstance(value, Number):
        return bool(value.value == usual) and type(value.value) is type(usual)
    return bool(value == usual)


def _is_heavy(part: Any) -> bool:
    if isinstance(part, Single):
        return KINDS[part.word].group in _HEAVY
    return isinstance(part, (Use, Chain, Listed, Repeated))
