"""Bodies of several modules of one class as one body, with parameters and conditions for what differs.

The parts, stages and steps of all are laid side by side. Where all have the same, that stays; where a number differs
there is a slot, which becomes a parameter or follows from one; and what some have and others lack gets a condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from cnndsl.backends.diff.matching import best_pairs
from cnndsl.frozen import frozen
from cnndsl.importing.body import (
    Argument,
    Body,
    Chain,
    Choice,
    Held,
    Item,
    Listed,
    Made,
    Number,
    Operand,
    Part,
    Repeated,
    Series,
    Single,
    Sizes,
    Slot,
    Step,
    Use,
    moved,
)
from cnndsl.importing.turns import Apart, side_by_side
from cnndsl.ir.names import snake
from cnndsl.layers.base import Group
from cnndsl.layers.registry import KINDS


@frozen()
class Hole:
    """What stands in a slot in each of the modules, and where that is: the part, its word and the argument."""

    values: tuple[Any, ...]
    label: str
    word: str
    argument: str
    top: str = ""
    """The part of the body that it belongs to, where it is in a chain inside that."""


@frozen()
class Condition:
    """Which of the modules have something, and what it is called."""

    holds: tuple[bool, ...]
    label: str
    top: str = ""
    """The part of the body in whose chain it stands, where it stands in one."""


@dataclass(slots=True)
class Common:
    """The body that modules have in common, its slots and its conditions."""

    body: Body
    slots: list[Hole] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)


def in_common(bodies: Sequence[Body]) -> Common:
    """What the bodies have in common. Raises Apart."""
    return _Unifier(len(bodies)).unified(bodies)


class _Unifier:
    def __init__(self, count: int) -> None:
        self.all = tuple(range(count))
        self.slots: list[Hole] = []
        self.conditions: list[Condition] = []
        self.passed: list[dict[int, Operand]] = [{} for _ in self.all]
        """For each module the steps that it lacks, with the value that stands for what they give."""
        self.where: tuple[int, ...] = self.all
        """The modules that are looked at."""
        self.top = ""

    def unified(self, bodies: Sequence[Body]) -> Common:
        first = bodies[0]
        if all(body == first for body in bodies):
            return Common(first)
        for name in ("output_names", "inputs", "lists", "training_outputs", "training"):
            if any(getattr(body, name) != getattr(first, name) for body in bodies):
                raise Apart
        parts = self._parts(bodies)
        steps, places = self._steps(bodies)
        outputs = [tuple(moved(operand, places[at]) for operand in body.outputs) for at, body in enumerate(bodies)]
        names = [[(own.name, own.numbers, own.persistent, len(own.sizes)) for own in body.held] for body in bodies]
        if any(len(output) != len(outputs[0]) for output in outputs) or any(name != names[0] for name in names):
            raise Apart
        made = tuple(self._operand(column, "output") for column in zip(*outputs, strict=True))
        held = tuple(map(self._held, zip(*(body.held for body in bodies), strict=True)))
        called = {moved(o, places[at]): name for at, body in enumerate(bodies) for o, name in body.names}
        body = replace(first, parts=parts, steps=steps, outputs=made, held=held, names=tuple(called.items()))
        return Common(body, self.slots, self.conditions)

    def _held(self, owns: Sequence[Held]) -> Held:
        axes = zip(*(own.sizes for own in owns), strict=True)
        label = owns[0].name
        sizes = tuple(self._number(axis, label, "parameter", "size of a parameter") for axis in axes)
        return replace(owns[0], sizes=sizes)

    def _parts(self, bodies: Sequence[Body]) -> tuple[tuple[str, Part], ...]:
        rows = aligned([body.parts for body in bodies], lambda a, b: 1.0 if a[0] == b[0] else 0.0)
        found = []
        for row in rows:
            name = next(item[0] for item in row if item is not None)
            if None in row and not name.isidentifier():  # only a name can stand for what may be missing
                raise Apart
            found.append((name, self._optional([None if item is None else item[1] for item in row], name)))
        if len(dict(found)) < len(found):  # one has another place among the others
            raise Apart
        return tuple(found)

    def _optional(self, parts: Sequence[Part | None], label: str, called: str = "") -> Part:
        present = [part for part in parts if part is not None]
        if len(present) == len(parts):
            return self.part(present, label)
        there = [at for at, part in zip(self.where, parts, strict=True) if part is not None]
        condition = self._condition(there, called or label)
        outside, self.where = self.where, tuple(there)
        made = self.part(present, label)
        self.where = outside
        return Choice(condition, made)

    def _condition(self, there: Sequence[int], label: str) -> int:
        holds = tuple(at in there for at in self.all)
        for number, condition in enumerate(self.conditions):
            if condition.holds == holds:
                self.conditions[number] = replace(condition, top=condition.top or self.top)
                return number
        self.conditions.append(Condition(holds, label, self.top))
        return len(self.conditions) - 1

    def _slot(self, values: Sequence[Any], label: str, word: str, argument: str) -> Slot:
        held: list[Any] = [None] * len(self.all)
        for at, value in zip(self.where, values, strict=True):
            held[at] = value
        hole = Hole(tuple(held), label, word, argument, self.top)
        self.slots.append(hole)
        return Slot(len(self.slots) - 1)

    def part(self, parts: Sequence[Part], label: str) -> Part:
        """What the parts have in common."""
        first = parts[0]
        if all(part == first for part in parts):
            return first
        given: Any = parts if all(type(part) is type(first) for part in parts) else ()
        if given and isinstance(first, Single) and all(part.word == first.word for part in given):
            sides = side_by_side(first.word, _with_same_padding([dict(part.arguments) for part in given]))
            made = tuple((name, self._number(values, label, first.word, name)) for name, values in sides)
            return Single(first.word, made)
        if given and isinstance(first, Use) and all(part.name == first.name for part in given):
            uses = [dict(part.arguments) for part in given]
            arguments: list[tuple[str, Any]] = []
            for name in uses[0]:
                values = [use[name] for use in uses]
                if all(isinstance(value, Number) for value in values):
                    arguments.append((name, self._number(values, label, first.name, name)))
                else:
                    arguments.append((name, self._recipe(values, label, name)))
            return Use(first.name, tuple(arguments))
        if given and isinstance(first, Chain):
            return self._chain(given, label)
        if given and isinstance(first, Listed) and len({len(part.items) for part in given}) == 1:
            rows = zip(*(part.items for part in given), strict=True)
            return Listed(tuple(self.part(items, label) for items in rows))
        return self._recipe(parts, label, "")

    def _recipe(self, parts: Sequence[Any], label: str, name: str) -> Single | Slot:
        if any(not isinstance(part, Single) for part in parts):
            raise Apart
        return parts[0] if all(part == parts[0] for part in parts) else self._slot(parts, label, "", name)

    def _number(self, values: Sequence[Any], label: str, word: str, argument: str) -> Argument:
        if all(value == values[0] and type(value.value) is type(values[0].value) for value in values):
            return values[0]  # type: ignore[no-any-return]
        lists = [value.value for value in values]
        if argument in _OF_SIZES and all(isinstance(held, tuple) and len(held) == len(lists[0]) for held in lists):
            rows: list[tuple[Any, ...]] = list(zip(*lists, strict=True))
            differ = [row for row in rows if len(set(row)) > 1]
            if len(differ) == 1 and word in _FILLED and -1 not in lists[0]:
                return Number(tuple(-1 if row is differ[0] else row[0] for row in rows))
            return Sizes(tuple(self._item([Number(item) for item in row], label, word, argument) for row in rows))
        return self._item(values, label, word, argument)

    def _item(self, values: Sequence[Any], label: str, word: str, argument: str) -> Number | Slot:
        if all(value == values[0] for value in values):
            return values[0]  # type: ignore[no-any-return]
        return self._slot([value.value for value in values], label, word, argument)

    def _chain(self, chains: Sequence[Chain], label: str) -> Chain:
        outside, self.top = self.top, self.top or label
        try:
            return Chain(tuple(self._stages(chains, label)))
        finally:
            self.top = outside

    def _stages(self, chains: Sequence[Chain], label: str) -> list[Item]:
        if len({len(chain.items) for chain in chains}) > 1:
            slots, conditions = list(self.slots), list(self.conditions)
            for form in (self._repeats, self._counted):
                try:
                    return form(chains, label)
                except Apart:
                    self.slots[:], self.conditions[:] = slots, conditions
        rows = aligned([chain.items for chain in chains], _likeness)
        if sum(None in row for row in rows) * 2 > len(rows):  # they have less in common than not
            raise Apart
        return self._items(rows, label)

    def _repeats(self, chains: Sequence[Chain], label: str) -> list[Item]:
        """The chain that all are but for how often their last part is repeated. Raises Apart."""
        first = max(len(chain.items) - _equal_at_end(chain.items) for chain in chains)
        counts = [len(chain.items) - first for chain in chains]
        if min(counts) < 1:
            raise Apart
        items = self._items(list(zip(*(chain.items[:first] for chain in chains), strict=True)), label)
        part = self.part([chain.items[-1].part for chain in chains], label)
        return [*items, Item(None, Repeated(part, self._slot(counts, label, "", "depth")))]

    def _counted(self, chains: Sequence[Chain], label: str) -> list[Item]:
        """The chain that all are but for how many layers with names that count are the same. Raises Apart."""
        runs = [_runs(chain.items) for chain in chains]
        begins = {series for rows in runs for series, items in rows if series is not None and len(items) > 1}
        if len({len(rows) for rows in runs}) > 1 or not begins:
            raise Apart
        made: list[Item] = []
        for row in zip(*runs, strict=True):
            series = row[0][0]
            if any(other != series for other, _ in row):
                raise Apart
            if series is None or series not in begins:
                made += self._items([[items[0] for _, items in row]], label)
                continue
            part = self.part([items[0].part for _, items in row], label)
            count = self._item([Number(len(items)) for _, items in row], label, "", "depth")
            made.append(Item(None, Repeated(part, count, series)))
        return made

    def _items(self, rows: Sequence[Sequence[Item | None]], label: str) -> list[Item]:
        items = []
        for row in rows:
            labels = {item.label for item in row if item is not None}
            if len(labels) > 1:
                raise Apart
            name = next(iter(labels))
            called = name or _called(row)
            if None in row and all(_is_recipe(item.part) for item in row if item is not None):
                parts = [IDENTITY if item is None else item.part for item in row]
                items.append(Item(name, self._recipe(parts, name or label, "")))
                continue
            part = self._optional([None if item is None else item.part for item in row], name or label, called)
            items.append(Item(name, part.part, part.condition) if isinstance(part, Choice) else Item(name, part))
        named = [item.label for item in items if item.label is not None]
        if len({*named}) < len(named):
            raise Apart
        return items

    def _steps(self, bodies: Sequence[Body]) -> tuple[tuple[Step, ...], list[dict[int, int]]]:
        """The steps of all, and for each body the places that its own have among them."""
        rows = aligned([tuple(enumerate(body.steps)) for body in bodies], lambda a, b: _like_steps(a[1], b[1]))
        places: list[dict[int, int]] = [{} for _ in bodies]
        for number, row in enumerate(rows):
            for at, item in enumerate(row):
                if item is not None:
                    places[at][item[0]] = number
        steps: list[Step] = []
        for number, row in enumerate(rows):
            there = tuple(at for at, item in enumerate(row) if item is not None)
            found = [row[at][1] for at in there]
            first = found[0]
            outside, self.where = self.where, there
            given = [tuple(moved(o, places[at]) for o in step.operands) for at, step in zip(there, found, strict=True)]
            made = tuple(self._operand(column, first.what) for column in zip(*given, strict=True))
            sides = side_by_side(first.what, [dict(step.arguments) for step in found])
            arguments = tuple((n, self._number(values, "", first.what, n)) for n, values in sides)
            self.where = outside
            condition = None
            if len(there) < len(row):
                if first.results != 1:
                    raise Apart
                condition = self._condition(there, first.what)
                for at, item in enumerate(row):
                    if item is None:
                        self.passed[at][number] = made[first.main]
            steps.append(replace(first, operands=made, arguments=arguments, condition=condition))
        return tuple(steps), places

    def _operand(self, operands: Sequence[Operand], word: str) -> Operand:
        """The value that all of `where` mean; where a step is left out, what goes into it is what comes out of it."""
        first = operands[0]
        if all(operand == first for operand in operands):
            return first
        if all(isinstance(operand, Number) for operand in operands):
            return self._item(operands, "", word, "number")
        lists = [operand for operand in operands if isinstance(operand, tuple)]
        if len(lists) == len(operands) and len({len(items) for items in lists}) == 1:
            return tuple(self._operand(items, word) for items in zip(*lists, strict=True))
        meant = [self._meant(operand, at) for at, operand in zip(self.where, operands, strict=True)]
        for operand in reversed(meant[0]):
            if all(operand in others for others in meant):
                return operand
        raise Apart

    def _meant(self, operand: Operand, at: int) -> list[Operand]:
        found = [operand]
        for number, passed in self.passed[at].items():
            if passed in found:
                found.append(Made(number))
        return found


IDENTITY = Single("identity")
_OF_SIZES = {"sizes", "parts", "kernel", "stride", "padding", "dilation"}
"""Arguments that are lists of numbers each of which is a size by itself."""
_FILLED = {"reshape", "unflatten"}
"""What calculates one of its sizes where that is -1."""


def _with_same_padding(uses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The arguments of a layer, with `padding="same"` in all uses where some have it and it is the same in the others.

    Where the stride is 1 that is a number, which a module often has instead.
    """
    same = Number("same")
    if not any(use.get("padding") == same for use in uses):
        return uses

    def would_be(use: dict[str, Any]) -> bool:
        kernel, stride, dilation = (use.get(name, Number(1)).value for name in ("kernel", "stride", "dilation"))
        if stride != 1 or any(isinstance(held, tuple) for held in (kernel, dilation)):
            return False
        border, odd = divmod(dilation * (kernel - 1), 2)
        return not odd and use.get("padding", Number(0)) == Number(border)

    if all(use.get("padding") == same or would_be(use) for use in uses):
        return [use | {"padding": same} for use in uses]
    return uses


def _runs(items: Sequence[Item]) -> list[tuple[Series | None, list[Item]]]:
    """The stages of a chain; those together that are the same, with names that count, as in `layer1`, `layer2`."""
    runs: list[tuple[Series | None, list[Item]]] = []
    for item in items:
        series, before = (runs[-1][0], runs[-1][1]) if runs else (None, [])
        if series is not None and item.label == series.name(len(before)) and item.part == before[0].part:
            before.append(item)
            continue
        found = re.fullmatch(r"(.*?)(0|[1-9]\d*)", item.label or "")
        runs.append((Series(found[1], int(found[2]), 1) if found else None, [item]))
    return runs


def _equal_at_end(items: Sequence[Item]) -> int:
    """How many items at the end of a chain are the same, without names."""
    count = 0
    while count < len(items) and items[-1 - count] == items[-1] and items[-1].label is None:
        count += 1
    return count


def _is_recipe(part: Part) -> bool:
    """Whether a part is a small layer that a definition is given, or `identity` for none."""
    return isinstance(part, Single) and KINDS[part.word].group in (Group.ACTIVATION, Group.NORMALISATION)


def has_state(part: Part) -> bool:
    """Whether a part may have keys in a state, whose order is that of the registration."""
    if isinstance(part, Single):
        return part.word == "prelu" or (
            part.word not in ("unfold", "fold")
            and KINDS[part.word].group not in (Group.ACTIVATION, Group.POOLING, Group.DROPOUT, Group.SHAPE)
        )
    if isinstance(part, Chain):
        return any(has_state(item.part) for item in part.items)
    return True


def _called(row: Sequence[Item | None]) -> str:
    """What a stage without a label is called."""
    part = next(item.part for item in row if item is not None)
    return part.word if isinstance(part, Single) else snake(part.name) if isinstance(part, Use) else "part"


def _likeness(a: Item, b: Item) -> float:
    if a.label != b.label or type(a.part) is not type(b.part):
        return 0.0
    if isinstance(a.part, Single) and isinstance(b.part, Single):
        if a.part.word == b.part.word:
            return 1.0 + _shared(a.part.arguments, b.part.arguments)
        same_group = KINDS[a.part.word].group is KINDS[b.part.word].group
        return 0.5 if same_group else 0.0
    if isinstance(a.part, Use) and isinstance(b.part, Use):
        return 1.0 + _shared(a.part.arguments, b.part.arguments) if a.part.name == b.part.name else 0.0
    return 0.5


def _shared(a: Any, b: Any) -> float:
    one, other = dict(a), dict(b)
    names = sorted(one.keys() | other.keys())
    if not names:
        return 1.0
    same = [one.get(name) == other.get(name) for name in names]
    pairs = list(combinations(names, 2))
    alike = [(one.get(x) == one.get(y)) == (other.get(x) == other.get(y)) for x, y in pairs]  # as groups is channels
    likeness: float = sum(same) / len(same) + (sum(alike) / len(alike) if alike else 0.0)
    return likeness


def _like_steps(a: Step, b: Step) -> float:
    if (a.form, a.what, a.results, len(a.operands)) != (b.form, b.what, b.results, len(b.operands)):
        return 0.0
    return 1.0 + _shared(a.arguments, b.arguments)


def aligned(sequences: Sequence[Sequence[Any]], like: Callable[[Any, Any], float]) -> list[list[Any]]:
    """The sequences side by side: a row for each place, with None for those that have nothing there.

    The longest comes first, and each other is laid beside what there is so that as much as possible is alike.
    """
    count = len(sequences)
    rows: list[list[Any]] = []
    for at in sorted(range(count), key=lambda at: -len(sequences[at])):
        items = sequences[at]
        shown = [next(item for item in row if item is not None) for row in rows]
        pairs = best_pairs([[like(one, item) for item in items] for one in shown])
        made: list[list[Any]] = []
        i = j = 0
        for k, m in [*pairs, (len(rows), len(items))]:
            made += rows[i:k]
            made += ([item if place == at else None for place in range(count)] for item in items[j:m])
            if k < len(rows):
                rows[k][at] = items[m]
                made.append(rows[k])
            i, j = k + 1, m + 1
        rows = made
    return rows
