"""What a module does, in the words of the language: its parts, the steps that apply them, and how values flow.

Everything here is a plain tree of tuples, so that the bodies of two modules can be compared, and where they differ in a
number, a parameter put in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from cnndsl.frozen import frozen


@frozen()
class Number:
    """An argument: a number, a text, a truth value or a tuple of them."""

    value: Any


@frozen()
class Slot:
    """An argument that is not the same in all modules of a class, by its number among these."""

    number: int


@frozen()
class Turned:
    """An argument that is not the same in all turns of a loop, with what it is in each."""

    values: tuple[Any, ...]


@frozen()
class Sizes:
    """A list of numbers of which some are not the same in all modules of a class, or in all turns of a loop."""

    items: tuple[Number | Slot | Turned, ...]


Argument = Number | Slot | Sizes | Turned


@frozen()
class Single:
    """A layer of the language, with those of its arguments that are no defaults."""

    word: str
    arguments: tuple[tuple[str, Argument], ...] = ()


@frozen()
class Use:
    """A use of a block or sequence, with its arguments."""

    name: str
    arguments: tuple[tuple[str, Argument | Single], ...] = ()


@frozen()
class Item:
    """A stage of a chain; its label where it is not its position."""

    label: str | None
    part: Part
    condition: int | None = None
    """The number of the condition under which it is there; None where it always is."""


@frozen()
class Chain:
    """A chain of parts, an `nn.Sequential`."""

    items: tuple[Item, ...]


@frozen()
class Listed:
    """A list of parts, an `nn.ModuleList`."""

    items: tuple[Part, ...]


@frozen()
class Choice:
    """A part that is there under a condition."""

    condition: int
    part: Part


@frozen()
class Series:
    """Names that count: `units.0`, `units.1`, or `layer4`, `layer3`."""

    before: str
    first: int
    by: int
    after: str = ""

    def name(self, turn: int) -> str:
        """The name in a turn of a loop."""
        return f"{self.before}{self.first + self.by * turn}{self.after}"

    def names(self, turns: int) -> list[str]:
        """The names in all turns."""
        return [self.name(turn) for turn in range(turns)]

    def numbers(self, turns: int) -> tuple[int, ...]:
        """The numbers in all turns."""
        return tuple(self.first + self.by * turn for turn in range(turns))


@frozen()
class Repeated:
    """A part several times in a chain, by a number that is not the same in all modules of a class.

    label: its names, where these count.
    """

    part: Part
    count: Argument
    label: Series | None = None


WHOLE = -1
"""Stands for all values of a list that comes in."""

Part = Single | Use | Chain | Listed | Choice | Repeated | Slot


def parts_in(part: Any) -> Iterator[Any]:
    """A part and all that is in it, the arguments of uses among them."""
    yield part
    inside: Iterable[Any] = ()
    if isinstance(part, Use):
        inside = (value for _, value in part.arguments)
    elif isinstance(part, Chain):
        inside = (item.part for item in part.items)
    elif isinstance(part, Listed):
        inside = part.items
    elif isinstance(part, (Choice, Repeated)):
        inside = (part.part,)
    for each in inside:
        yield from parts_in(each)


@frozen()
class Given:
    """Input `number` of the body; with `item`, one of the values of a list."""

    number: int
    item: int | None = None


@frozen()
class Made:
    """Value `number` that step `step` gives."""

    step: int
    number: int = 0


@frozen()
class Own:
    """A parameter or buffer of the module itself."""

    name: str


@frozen()
class Taken:
    """One of the values of a list that a step gives."""

    of: Operand
    at: int


@frozen()
class Outer:
    """In a turn of a loop: a value from before the loop, the same in each turn."""

    operand: Operand


@frozen()
class Carried:
    """In a turn of a loop: what the turn before gives as its value `number`."""

    number: int


@frozen()
class Each:
    """In a turn of a loop: list `number` of those that the loop goes through, at the place of the turn."""

    number: int


Operand = Given | Made | Own | Number | Slot | Turned | Taken | Outer | Carried | Each | tuple["Operand", ...]


def flat(operands: Iterable[Operand], *, taken: bool = False) -> Iterator[Operand]:
    """The operands, those in lists too; for one of the values of a list, the list, or with `taken` that itself."""
    for operand in operands:
        if isinstance(operand, tuple):
            yield from flat(operand, taken=taken)
        elif isinstance(operand, Taken) and not taken:
            yield from flat([operand.of])
        else:
            yield operand


def changed(operand: Operand, change: Callable[[Operand], Operand]) -> Operand:
    """The operand with a change of what is in it, where it is a list or one of the values of a list, else of itself."""
    if isinstance(operand, tuple):
        return tuple(changed(item, change) for item in operand)
    if isinstance(operand, Taken):
        return Taken(changed(operand.of, change), operand.at)
    return change(operand)


def moved(operand: Operand, places: Mapping[int, int]) -> Operand:
    """The operand where each step has the place that it is given. Raises KeyError for a step that is given none."""
    return changed(operand, lambda o: Made(places[o.step], o.number) if isinstance(o, Made) else o)


@frozen()
class Step:
    """A part that is applied, or a call or an operator on values.

    what: the path of the part, the word of the call, or the sign of the operator.
    """

    form: str
    what: str
    operands: tuple[Operand, ...]
    arguments: tuple[tuple[str, Argument], ...] = ()
    results: int = 1
    main: int = 0
    """The operand that goes on where the step is left out."""
    condition: int | None = None
    series: Series | None = None
    """In a loop the paths of the part in its turns, where that is not the same part in all."""
    loop: Loop | None = None
    """What is repeated, where the form is "loop"."""


@frozen()
class Loop:
    """Steps that are repeated. What one of them makes is `Made` in the other steps of its turn.

    As a step, a loop gives one value for each of `carried`, then a list for each of `grown`, then `last`.
    """

    turns: int
    steps: tuple[Step, ...]
    carried: tuple[tuple[Operand, Operand], ...]
    """Values that are passed on: what each is before the loop, and what a turn makes of it."""
    grown: tuple[tuple[tuple[Operand, ...], Operand], ...]
    """Lists that grow: their items before the loop, and what a turn adds. They are `Carried` behind the others."""
    last: tuple[Operand, ...]
    """Values of which that of the last turn is used behind the loop."""
    each: tuple[tuple[Operand, ...], ...]
    """Values from before the loop, one for each turn."""
    names: tuple[tuple[Operand, str], ...] = field(default=(), compare=False)
    """What the Python code calls the values of the last turn."""


@frozen()
class Held:
    """A tensor of the module itself: a parameter of these sizes, or a buffer with these numbers."""

    name: str
    sizes: tuple[Argument, ...]
    numbers: tuple[float, ...] | None = None
    persistent: bool = True


@frozen()
class Body:
    """The parts in the order of their registration, the steps, and what comes out."""

    parts: tuple[tuple[str, Part], ...]
    steps: tuple[Step, ...]
    outputs: tuple[Operand, ...]
    output_names: tuple[str, ...] = ()
    """Of `outputs` and then of `training_outputs`, where what comes out has names."""
    inputs: tuple[str, ...] = ()
    lists: tuple[int, ...] = ()
    """For each input 1 where it is a list of values, and 0 where it is one."""
    held: tuple[Held, ...] = ()
    training: tuple[int, ...] = ()
    """The steps that are for training alone."""
    training_outputs: tuple[Operand, ...] = ()
    names: tuple[tuple[Operand, str], ...] = field(default=(), compare=False)
    """What the Python code calls its values."""
    bound: tuple[tuple[str, tuple[Operand, ...]], ...] = ()
    """The further values of layers in lists, by their paths: these stand in the list, and the steps have the first."""


# How values flow


_SHORT_BRANCH = 4


def operands(body: Body, *, taken: bool = False) -> Iterator[Operand]:
    """What the steps are given and what comes out, as `flat` has it."""
    given = (*(step.operands for step in body.steps), *(more for _, more in body.bound))
    return flat((*given, *body.outputs, *body.training_outputs), taken=taken)


def paths(step: Step, turns: int = 1) -> Iterator[str]:
    """The paths of the parts that a step applies; one that is the same in all turns of a loop comes twice."""
    if step.loop is not None:
        for inner in step.loop.steps:
            yield from paths(inner, step.loop.turns)
    elif step.form == "part" and step.series is not None:
        yield from step.series.names(turns)
    elif step.form == "part":
        yield from [step.what] * min(turns, 2)


def way_to(body: Body, output: Operand) -> set[int]:
    """The steps that lead to an output, where each goes on with its main operand."""
    found: set[int] = set()
    at: Any = output.of if isinstance(output, Taken) else output
    while isinstance(at, Made):
        found.add(at.step)
        step = body.steps[at.step]
        if not step.operands:
            break
        at = step.operands[step.main]
        if isinstance(at, tuple):
            made = [item for item in flat(at) if isinstance(item, (Made, Given))]
            at = _meeting(body, made)
        if isinstance(at, Taken):
            at = at.of
    return found


def _meeting(body: Body, values: Sequence[Operand]) -> Operand | None:
    """Where the pipeline goes on above a list of values: where short branches come from, or else the longest."""
    branches = [_branch(body, value) for value in values]
    shared = [value for value in branches[0] if all(value in branch for branch in branches)] if branches else []
    if shared and len(values) > 1:
        lengths = [branch.index(shared[0]) for branch in branches]
        if max(lengths) <= _SHORT_BRANCH:
            return shared[0]
    return max(values, key=lambda o: o.step if isinstance(o, Made) else -1) if values else None


def _branch(body: Body, value: Operand) -> list[Operand]:
    """A value and those that it comes from, as long as each step takes one value."""
    found = [value]
    while isinstance(value, Made) and len(found) <= _SHORT_BRANCH + 1:
        step = body.steps[value.step]
        given = [o for o in flat(step.operands) if isinstance(o, (Made, Given))]
        if len(set(given)) != 1 or step.results != 1:
            break
        value = given[0]
        found.append(value)
    return found


def way_between(body: Body, start: Operand, value: Operand) -> set[int] | None:
    """The longest way of steps, each with one result, that leads from one value to another; None for none."""
    if not isinstance(value, Made) or body.steps[value.step].results > 1:
        return None
    step = body.steps[value.step]
    found = [set() if start in step.operands else None, *(way_between(body, start, o) for o in step.operands)]
    ways = [way for way in found if way is not None]
    return {*max(ways, key=len), value.step} if ways else None
