"""Parts and chains of parts as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cnndsl.importing.body import (
    Body,
    Chain,
    Choice,
    Item,
    Listed,
    Number,
    Part,
    Repeated,
    Single,
    Sizes,
    Slot,
    Use,
)
from cnndsl.importing.generalising import IDENTITY
from cnndsl.importing.parameters import REQUIRED, Definition
from cnndsl.layers.base import Group
from cnndsl.layers.registry import KINDS
from cnndsl.syntax.grammar import keywords

LONGEST_LINE = 100
KEYWORDS = frozenset(keywords())
_HEAVY = {Group.CONVOLUTION, Group.DENSE, Group.BLOCK, Group.SEQUENCE}
_SHORT_LINE, _FEW_STAGES = 76, 4
_FEW_BY_POSITION = 4


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


@dataclass
class Writer:
    """Writes the parts of a definition.

    known: all definitions, by their names.
    shapes: the sizes of what comes into the network.
    """

    definition: Definition
    known: dict[str, Definition]
    shapes: Sequence[tuple[int, ...]]

    @property
    def body(self) -> Body:
        """The body of the definition."""
        return self.definition.common.body

    # Parts

    def value(self, value: Any) -> str:
        """An argument."""
        if isinstance(value, Slot):
            return self.definition.slots[value.number]
        if isinstance(value, Number):
            return constant(value.value)
        if isinstance(value, Sizes):
            return f"[{', '.join(self.value(item) for item in value.items)}]"
        if isinstance(value, (Single, Use, Chain)):
            return self.stage(value)
        return constant(value)

    def stage(self, part: Part, more: str = "") -> str:
        """A part as one stage of a chain; `more` are further arguments of a use."""
        if isinstance(part, Slot):
            return self.definition.slots[part.number]
        if isinstance(part, Single):
            return self._single(part)
        if isinstance(part, Use):
            return self._use(part, more)
        if isinstance(part, Listed):
            items = [self.stage(item) for item in part.items]
            if any("\n" in text for text in items) or sum(map(len, items)) > LONGEST_LINE:
                return "[\n" + ",\n".join(items) + ",\n]"
            return f"[{', '.join(items)}]"
        if isinstance(part, Repeated):
            return f"{self.stage(part.part)} * {self.value(part.count)}"
        if isinstance(part, Choice) and not isinstance(part.part, Chain):
            return f"{self.stage(part.part)} if {self.definition.conditions[part.condition]} else identity"
        if isinstance(part, Choice):
            return f"if {self.definition.conditions[part.condition]} {self.braced(part.part)}"
        return self._braces(self.chain_lines(part))

    def braced(self, part: Part) -> str:
        """A part in braces of its own."""
        return self._braces(self.chain_lines(part)) if isinstance(part, Chain) else f"{{ {self.stage(part)} }}"

    @staticmethod
    def _braces(lines: Sequence[str]) -> str:
        if len(lines) == 1 and "\n" not in lines[0] and len(lines[0]) < LONGEST_LINE:
            return f"{{ {lines[0]} }}"
        return "{\n" + "\n".join(lines) + "\n}"

    def _single(self, part: Single) -> str:
        if part == IDENTITY:
            return part.word
        kind = KINDS[part.word]
        given = dict(part.arguments)
        written: list[str] = []
        in_order = True
        for at, (name, info) in enumerate(kind.model_fields.items()):
            if name not in given:
                in_order = False
                continue
            value = given[name]
            flag = isinstance(value, Number) and isinstance(value.value, (bool, str))
            by_position = in_order and at < _FEW_BY_POSITION and not flag
            by_position = by_position and (at > 0 or info.is_required() or kind.group is Group.DROPOUT)
            shown = self.value(value)
            written.append(shown if by_position else f"{name}={shown}")
            in_order = in_order and by_position
        return f"{part.word}({', '.join(written)})" if written else part.word

    def _use(self, part: Use, more: str = "") -> str:
        definition = self.known[part.name]
        parameters = definition.parameters
        written: list[str] = []
        in_order = True
        for name, value in part.arguments:
            usual = parameters[name]
            if usual is not REQUIRED and definition.common.body.inputs[1:]:  # which stand before it
                in_order = False
            if usual is not REQUIRED and _is_usual(value, usual):
                in_order = False
                continue
            shown = self.value(value)
            flag = isinstance(value, Number) and isinstance(value.value, bool)
            written.append(shown if in_order and not flag else f"{name}={shown}")
            in_order = in_order and not flag
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

    def _stages(self, items: Iterable[Item]) -> list[tuple[str, Any]]:
        made = []
        for item in items:
            text = self.stage(item.part)
            if item.label is not None:
                text = f"{label(item.label)}: {text}"
            if item.condition is not None:
                text = f"if {self.definition.conditions[item.condition]} {self._braces([text])}"
            made.append((text, item.part))
        return made

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
                if any(text.startswith("if ") for text in first) or any(_is_labelled(text) for text in first):
                    continue
                while texts[at + times * period : at + (times + 1) * period] == first:
                    times += 1
                if times > 1 and (times - 1) * period > best[0]:
                    best = ((times - 1) * period, period, times)
            saved, period, times = best
            counted = _counted_labels(texts[at:])
            if counted > 1:
                part, stem, start = _numbered(texts[at]) or ("", "", 0)
                bounds = f"{start}, {start + counted}" if start else str(counted)
                shown = json.dumps(stem + "{i}", ensure_ascii=False)
                made.append((f"for i in range({bounds}) {{ {shown}: {part} }}", stages[at][1]))
                at += counted
            elif not saved:
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


def _numbered(text: str) -> tuple[str, str, int] | None:
    """Of `"layer3": conv(8, 3)` the part, and the stem and the number of the label."""
    found = re.match(r'"?([^"{}()\s]*?)(\d+)"?: ', text)
    return (text[found.end() :], found[1], int(found[2])) if found and str(int(found[2])) == found[2] else None


def _counted_labels(texts: Sequence[str]) -> int:
    """How many of the stages are the same from the first on, with labels that count."""
    first = _numbered(texts[0])
    if first is None:
        return 1
    part, stem, start = first
    at = 1
    while at < len(texts) and _numbered(texts[at]) == (part, stem, start + at):
        at += 1
    return at


def _stands_alone(text: str) -> bool:
    return text.startswith(("if ", "for ")) or "\n" in text


def _is_labelled(text: str) -> bool:
    head = text.split("(", 1)[0].split("{", 1)[0]
    return ": " in head


def _is_usual(value: Any, usual: Any) -> bool:
    if isinstance(value, Number):
        return bool(value.value == usual) and type(value.value) is type(usual)
    return bool(value == usual)


def _is_heavy(part: Any) -> bool:
    if isinstance(part, Single):
        return KINDS[part.word].group in _HEAVY
    return isinstance(part, (Use, Chain, Listed, Repeated))


def label(name: str) -> str:
    """A name before a colon: in quotes where it is no name, or the word of something."""
    return name if is_name(name) else json.dumps(name, ensure_ascii=False)


def is_name(name: str) -> bool:
    """Whether a name can be written without quotes."""
    return name.isidentifier() and name not in KEYWORDS
