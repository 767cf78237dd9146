"""Steps that come again and again as loops.

A run of steps is a loop where each turn does what the others do, with what they were given: the same value from before,
what the turn before has made, what this turn has made, one after the other of several values, or a list to which each
turn adds.  Numbers may differ from turn to turn, and so may the names of parts, where they count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnndsl.frozen import frozen
from cnndsl.importing.body import (
    WHOLE,
    Body,
    Carried,
    Each,
    Given,
    Listed,
    Loop,
    Made,
    Number,
    Operand,
    Outer,
    Part,
    Step,
    Taken,
    Turned,
    changed,
    flat,
    moved,
)
from cnndsl.importing.leaves import Unreadable
from cnndsl.importing.turns import Apart, differing, numbers, series_of, side_by_side

_LEAST_TURNS, _LONGEST_TURN, _MANY = 2, 40, 3


def with_lists(body: Body, *, more: bool = False) -> Body:
    """The body, where the values of a part are one list if they are given on as one; with `more`, three and more."""

    def are_all_of(items: tuple[Operand, ...]) -> int | None:
        """The step whose values these are, all of them in their order; None for others, and for one value."""
        first = items[0] if items else None
        if not isinstance(first, Made) or body.steps[first.step].results == 1:
            return None
        every = tuple(Made(first.step, number) for number in range(body.steps[first.step].results))
        return first.step if items == every else None

    whole = {are_all_of(items) for items in _tuples(body)}
    if more:
        whole |= {at for at, step in enumerate(body.steps) if step.form == "part" and step.results >= _MANY}

    def gathered(operand: Operand) -> Operand:
        if isinstance(operand, Made) and operand.step in whole:
            return Taken(Made(operand.step), operand.number)
        if isinstance(operand, tuple):
            if (step := are_all_of(operand)) is not None:
                return Made(step)
            if operand == (Given(0, WHOLE),):
                return Given(0)
            return tuple(gathered(item) for item in operand)
        return operand

    steps = [
        replace(
            step,
            operands=tuple(map(gathered, step.operands)),
            results=1 if at in whole else step.results,
        )
        for at, step in enumerate(body.steps)
    ]
    return replace(
        body,
        steps=tuple(steps),
        outputs=_outputs(body, gathered),
        training_outputs=tuple(map(gathered, body.training_outputs)),
        names=tuple((o, name) for o, name in body.names if not (isinstance(o, Made) and o.step in whole)),
    )


def with_bound(body: Body) -> Body:
    """The body, where the further values that a layer of a list is given are bound to it: they stand in the list.

    A layer without the values that it takes is none yet, and would be another one wherever it is used. Raises
    Unreadable where they are not there before the list, and cannot be.
    """
    body = _with_further_ahead(body)
    given: dict[str, set[tuple[Operand, ...]]] = {}
    first: dict[str, int] = {}
    for at, step in enumerate(body.steps):
        if step.form == "part":
            given.setdefault(step.what, set()).add(step.operands[1:])
            first.setdefault(step.what.partition(".")[0], at)
    changing = next((path for path, held in given.items() if len(held) > 1 and "." not in path), None)
    if changing is not None:
        raise Unreadable(
            f"what {changing} is given besides its first value is not the same each time, and in a text a block that"
            " is used again is given the same"
        )

    def is_there(path: str, operand: Operand) -> bool:
        return not isinstance(operand, Made) or operand.step < first[path.partition(".")[0]]

    bound = {
        path: more
        for path, (more, *others) in given.items()
        if "." in path and more and not others and all(is_there(path, operand) for operand in flat(more))
    }
    late = next((path for path, held in given.items() if "." in path and held != {()} and path not in bound), None)
    if late is not None:
        raise Unreadable(
            f"what {late} is given besides its first value is made behind the first layer of its list, or is not the"
            " same each time; a text says it where the list stands: give the layers names of their own"
        )
    steps = (replace(s, operands=s.operands[:1], main=0) if s.what in bound else s for s in body.steps)
    return replace(body, steps=tuple(steps), bound=tuple(bound.items()))


def _with_further_ahead(body: Body) -> Body:
    """The body, where what makes the further values of a list's layers stands before the first of these layers.

    What needs one of these layers itself, or stands under a condition or in training alone, stays where it is.
    """
    given_more = [step for step in body.steps if step.form == "part" and "." in step.what and step.operands[1:]]
    for name in dict.fromkeys(step.what.partition(".")[0] for step in given_more):
        own = [at for at, step in enumerate(body.steps) if step.form == "part" and step.what.startswith(f"{name}.")]
        left = [operand for at in own for operand in flat(body.steps[at].operands[1:])]
        needed: set[int] = set()
        while left:
            operand = left.pop()
            if isinstance(operand, Made) and operand.step >= own[0] and operand.step not in needed:
                needed.add(operand.step)
                left += flat(body.steps[operand.step].operands)
        is_free = all(body.steps[at].condition is None for at in needed)
        if needed and is_free and needed.isdisjoint([*own, *body.training]):
            rest = (at for at in range(own[0], len(body.steps)) if at not in needed)
            body = _in_order(body, [*range(own[0]), *sorted(needed), *rest])
    return body


def _in_order(body: Body, order: Sequence[int]) -> Body:
    """The body with its steps in another order, each behind what it needs."""
    places = {old: new for new, old in enumerate(order)}

    def there(given: Iterable[Operand]) -> tuple[Operand, ...]:
        return tuple(moved(operand, places) for operand in given)

    return replace(
        body,
        steps=tuple(replace(body.steps[old], operands=there(body.steps[old].operands)) for old in order),
        outputs=there(body.outputs),
        training=tuple(sorted(places[at] for at in body.training)),
        training_outputs=there(body.training_outputs),
        names=tuple((moved(operand, places), name) for operand, name in body.names),
    )


def _is_list(body: Body) -> bool:
    """Whether what comes out may be a list by itself."""
    return not body.output_names and not body.training_outputs


def _outputs(body: Body, change: Callable[[Operand], Operand]) -> tuple[Operand, ...]:
    """What comes out, changed: all values together where they may be a list, and else one by one."""
    if not _is_list(body):
        return tuple(map(change, body.outputs))
    made = change(body.outputs)
    return made if isinstance(made, tuple) else (made,)


def _tuples(body: Body) -> Iterator[tuple[Operand, ...]]:
    def inside(operand: Operand) -> Iterator[tuple[Operand, ...]]:
        if isinstance(operand, tuple) and operand:
            yield operand
            for item in operand:
                yield from inside(item)

    for step in body.steps:
        for operand in step.operands:
            yield from inside(operand)
    if _is_list(body):
        yield from inside(body.outputs)


@frozen()
class Run:
    """Steps that may be a loop: the first of them, how many a turn has, and how many turns there are."""

    start: int
    period: int
    turns: int

    @property
    def end(self) -> int:
        """The step behind the loop."""
        return self.start + self.period * self.turns


def runs(body: Body, start: int) -> list[tuple[Run, Body]]:
    """The loops that may begin with a step, and the body with each of them; first what leaves out most steps."""
    made: list[tuple[Run, Body]] = []
    shapes = [_shape(step) for step in body.steps]
    for period in range(1, min(_LONGEST_TURN, (len(shapes) - start) // _LEAST_TURNS) + 1):
        turn = shapes[start : start + period]
        turns = 1
        while shapes[start + turns * period : start + (turns + 1) * period] == turn:
            turns += 1
        if body.training:
            first = next((n for n in body.training if n >= start), len(shapes))
            turns = min(turns, (first - start) // period)
        while turns >= _LEAST_TURNS:
            run = Run(start, period, turns)
            try:
                rolled = _Roller(body, run).rolled()
                if turns == _LEAST_TURNS and not _are_items(rolled.steps[start].loop):
                    raise Apart
                made.append((run, rolled))
            except Apart:
                turns -= 1
            else:
                break
    return sorted(made, key=lambda item: -(item[0].turns - 1) * item[0].period)


def _are_items(loop: Loop | None) -> bool:
    """Whether in the turns of a loop nothing differs but the items of lists."""
    return loop is not None and all(
        (step.series is None or "." in step.series.before)
        and not any(True for _, value in step.arguments for _ in differing(value))
        and not any(isinstance(operand, Turned) for operand in flat(step.operands))
        for step in loop.steps
    )


def is_whole_list(body: Body, loop: Loop | None) -> bool:
    """Whether a loop only applies the layers of a list one after the other, and all of them."""
    if loop is None or len(loop.steps) != 1 or len(loop.carried) != 1 or loop.grown or loop.last or loop.each:
        return False
    step = loop.steps[0]
    if step.series is None or step.operands != (Carried(0),):
        return False
    layers = dict(body.parts).get(step.series.before.removesuffix("."))
    return (step.series.first, step.series.by) == (0, 1) and layers is not None and _count(layers) == loop.turns


def _count(part: Part) -> int:
    return len(part.items) if isinstance(part, Listed) else 0


def _shape(step: Step) -> Any:
    """What steps have in common that may be the same in several turns."""
    what = re.sub(r"\d+", "0", step.what) if step.form == "part" else step.what
    lists = tuple(isinstance(operand, tuple) for operand in step.operands)
    return step.form, what, lists if step.form == "call" else len(lists), step.results, step.condition


class _Roller:
    """Makes one loop of a run of steps."""

    def __init__(self, body: Body, run: Run) -> None:
        self.body = body
        self.run = run
        self.carried: list[tuple[Operand, Operand]] = []
        self.grown: list[tuple[tuple[Operand, ...], Operand]] = []
        self.each: list[tuple[Operand, ...]] = []
        self.last: list[Operand] = []

    def rolled(self) -> Body:
        """The body with the loop. Raises Apart."""
        run, body = self.run, self.body
        lists_ = {step.what.partition(".")[0] for step in body.steps[run.start : run.end]}
        if any(self._is_inside(more) for path, more in body.bound if path.partition(".")[0] in lists_):
            raise Apart  # the list stands before the loop
        rows = [
            [body.steps[run.start + turn * run.period + at] for turn in range(run.turns)] for at in range(run.period)
        ]
        steps = tuple(self._step(row) for row in rows)
        used = self._used_behind()
        lists: dict[Operand, int] = {}
        for inner, turns in used.items():
            if turns - {run.turns - 1}:
                grown = next((at for at, (_, added) in enumerate(self.grown) if added == inner), None)
                if grown is None:
                    self.grown.append((self._before(inner), inner))
                    grown = len(self.grown) - 1
                lists[inner] = grown
            elif all(after != inner for _, after in self.carried):
                self.last.append(inner)
        behind = len(self.carried) - 1

        def numbered(operand: Operand) -> Operand:
            """Lists that grow are numbered behind the values that are passed on."""
            if isinstance(operand, Carried) and operand.number < 0:
                return Carried(behind - operand.number)
            return operand

        steps = tuple(replace(step, operands=tuple(changed(o, numbered) for o in step.operands)) for step in steps)
        own = [(self._inner(operand, run.turns - 1), name) for operand, name in body.names]
        names = tuple((inner, name) for inner, name in own if inner is not None)
        loop = Loop(run.turns, steps, tuple(self.carried), tuple(self.grown), tuple(self.last), tuple(self.each), names)
        return self._placed(loop, lists)

    # What the turns have in common

    def _step(self, row: Sequence[Step]) -> Step:
        first = row[0]
        series = None
        if any(step.what != first.what for step in row):
            series = series_of([step.what for step in row])
            if series is None:
                raise Apart
        operands = tuple(self._operand(column) for column in zip(*(step.operands for step in row), strict=True))
        sides = side_by_side(first.what, [dict(step.arguments) for step in row])
        arguments = tuple((name, numbers(values)) for name, values in sides)
        return replace(first, operands=operands, arguments=arguments, series=series)

    def _operand(self, column: Sequence[Operand]) -> Operand:
        """What the turns are given at one place."""
        first = column[0]
        places = [self._place(operand) for operand in column]
        if all(isinstance(operand, Number) for operand in column):
            return numbers(column)  # type: ignore[return-value]
        if all(operand == first for operand in column) and not self._is_inside(first):
            return Outer(first)
        inner = [None if place is None else place[1] for place in places]
        turns = [None if place is None else place[0] for place in places]
        if None not in places and turns == list(range(len(column))) and len(set(inner)) == 1:
            return inner[0]  # type: ignore[return-value]
        if isinstance(first, (Number, Turned)):
            raise Apart
        passed = turns[1:] == list(range(len(column) - 1)) and len(set(inner[1:])) == 1
        if passed and not self._is_inside(first):
            pair = (first, inner[1])
            if pair not in self.carried:
                self.carried.append(pair)  # type: ignore[arg-type]
            return Carried(self.carried.index(pair))  # type: ignore[arg-type]
        if all(isinstance(operand, Taken) for operand in column):
            taken: Any = column
            if any(item.at != taken[0].at for item in taken) or not any(self._is_inside(item) for item in taken):
                return self._one_of(column)
            return Taken(self._operand([item.of for item in taken]), taken[0].at)
        if all(isinstance(operand, tuple) for operand in column):
            lists: Any = column
            if len({len(items) for items in lists}) == 1:
                return tuple(self._operand(items) for items in zip(*lists, strict=True))
            return self._growing(lists)
        return self._one_of(column)

    def _one_of(self, column: Sequence[Operand]) -> Operand:
        """Values from before the loop, one after the other."""
        if any(self._is_inside(operand) or isinstance(operand, (Number, tuple)) for operand in column):
            raise Apart
        if tuple(column) not in self.each:
            self.each.append(tuple(column))
        return Each(self.each.index(tuple(column)))

    def _growing(self, lists: Sequence[tuple[Operand, ...]]) -> Operand:
        """A list to which each turn adds a value."""
        start = lists[0]
        if any(self._is_inside(operand) for operand in start):
            raise Apart
        added = self._inner(lists[1][-1], 0)
        for turn, items in enumerate(lists):
            rest = items[len(start) :]
            if items[: len(start)] != start or len(rest) != turn:
                raise Apart
            if any(self._inner(operand, at) != added or added is None for at, operand in enumerate(rest)):
                raise Apart
        pair = (start, added)
        if pair not in self.grown:
            self.grown.append(pair)  # type: ignore[arg-type]
        return Carried(-1 - self.grown.index(pair))  # type: ignore[arg-type]

    def _place(self, operand: Operand) -> tuple[int, Operand] | None:
        """The turn that makes a value, and what it is there."""
        if not isinstance(operand, Made) or not self.run.start <= operand.step < self.run.end:
            return None
        turn, at = divmod(operand.step - self.run.start, self.run.period)
        return turn, Made(at, operand.number)

    def _inner(self, operand: Operand, turn: int) -> Operand | None:
        """What a value is in this turn, where it is made there."""
        place = self._place(operand)
        return place[1] if place is not None and place[0] == turn else None

    def _is_inside(self, operand: Operand) -> bool:
        return any(self._place(item) is not None for item in flat([operand]))

    # What comes behind it

    def _used_behind(self) -> dict[Operand, set[int]]:
        """The values of the turns that are used behind the loop, with the turns."""
        used: dict[Operand, set[int]] = {}
        body = self.body
        behind = [operand for step in body.steps[self.run.end :] for operand in step.operands]
        bound = [more for _, more in body.bound]
        for operand in flat([*behind, *bound, *body.outputs, *body.training_outputs]):
            place = self._place(operand)
            if place is not None:
                used.setdefault(place[1], set()).add(place[0])
        return used

    def _before(self, inner: Operand) -> tuple[Operand, ...]:
        """What stands before the values of all turns in a list of which they are the end; nothing where none is."""
        turns = range(self.run.turns)
        for items in _tuples(self.body):
            end = items[-self.run.turns :]
            if len(end) == self.run.turns and all(self._inner(end[turn], turn) == inner for turn in turns):
                start = items[: -self.run.turns]
                is_later = any(isinstance(o, Made) and o.step >= self.run.start for o in flat(start))
                return () if is_later else start
        return ()

    def _placed(self, loop: Loop, lists: Mapping[Operand, int]) -> Body:
        run, body = self.run, self.body
        count, less = len(loop.carried), run.period * run.turns - 1
        moved = {after: Made(run.start, at) for at, (_, after) in enumerate(loop.carried)}
        moved |= {inner: Made(run.start, at) for at, inner in enumerate(loop.last, count + len(loop.grown))}

        def change(operand: Operand) -> Operand:
            if isinstance(operand, tuple):
                for at, (start, added) in enumerate(loop.grown):
                    rest = operand[len(start) :]
                    whole = operand[: len(start)] == start and len(rest) == run.turns
                    if whole and all(self._inner(item, turn) == added for turn, item in enumerate(rest)):
                        return Made(run.start, count + at)
                return tuple(map(change, operand))
            if isinstance(operand, Taken):
                return Taken(change(operand.of), operand.at)
            if not isinstance(operand, Made) or operand.step < run.start:
                return operand
            place = self._place(operand)
            if place is None:
                return Made(operand.step - less, operand.number)
            turn, inner = place
            if turn == run.turns - 1 and inner in moved:
                return moved[inner]
            at = lists[inner]
            return Taken(Made(run.start, count + at), len(loop.grown[at][0]) + turn)

        given = (*(before for before, _ in loop.carried), *(start for start, _ in loop.grown), *loop.each)
        inside = flat(operand for step in loop.steps for operand in step.operands)
        fixed = [operand.operand for operand in inside if isinstance(operand, Outer)]
        step = Step("loop", "", (*given, *fixed), results=count + len(loop.grown) + len(loop.last), loop=loop)
        behind = [replace(s, operands=tuple(map(change, s.operands))) for s in body.steps[run.end :]]
        called = dict(loop.names)
        names: list[tuple[Operand, str]] = []
        names += [(Made(run.start, count + at), _many(called[inner])) for inner, at in lists.items() if inner in called]
        for operand, name in body.names:
            place = self._place(operand)
            if place is None or (place[0] == run.turns - 1 and place[1] in moved):
                names.append((change(operand), name))
        return replace(
            body,
            steps=(*body.steps[: run.start], step, *behind),
            outputs=_outputs(body, change),
            training_outputs=tuple(map(change, body.training_outputs)),
            training=tuple(n if n < run.start else n - less for n in body.training),
            names=tuple(names),
            bound=tuple((path, tuple(map(change, more))) for path, more in body.bound),
        )


def _many(name: str) -> str:
    """What a list is called whose items are called so: `maps` for `maps2`."""
    stem = name.rstrip("0123456789")
    return stem if stem.endswith("s") else f"{stem}s"


def singular(name: str) -> str:
    """What one of several is called: `branch` for `branches`."""
    for many, one in (("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ies", "y"), ("s", "")):
        if name.endswith(many) and len(name) > len(many) + 1:
            return name[: -len(many)] + one
    return "layer"


def with_sum(body: Body, at: int) -> Body:
    """The body, where the step is a sum of a list if it is a loop that adds the items of one."""
    step = body.steps[at]
    loop = step.loop
    if loop is None or len(loop.steps) != 1 or len(loop.carried) != 1 or loop.grown or loop.last or len(loop.each) != 1:
        return body
    inner, before, items = loop.steps[0], loop.carried[0][0], loop.each[0]
    if inner.what != "+" or inner.operands != (Carried(0), Each(0)) or not isinstance(before, Taken):
        return body
    made = before.of
    if not isinstance(made, Made) or items != tuple(Taken(made, k) for k in range(1, len(items) + 1)):
        return body
    source = body.steps[made.step].loop
    if before.at or source is None or length(source, made.number) != len(items) + 1:
        return body
    call = Step("call", "sum", (made,))
    return replace(body, steps=(*body.steps[:at], call, *body.steps[at + 1 :]))


def length(loop: Loop, number: int) -> int:
    """How many items a list has that a loop gives."""
    return len(loop.grown[number - len(loop.carried)][0]) + loop.turns
