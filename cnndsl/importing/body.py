"""What a module does, in the words of the language: its parts, and the steps in which they are applied.

Everything here is a plain tree of tuples, so that the bodies of two modules can be compared, and where they differ in a
number, a parameter put in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """An argument: a number, a text, a truth value or a tuple of them."""

    value: Any


@dataclass(frozen=True, slots=True)
class Slot:
    """An argument that is not the same in all modules of a class, by its number among these."""

    number: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """A list of numbers of which some are not the same in all modules of a class."""

    items: tuple[Number | Slot, ...]


Argument = Number | Slot | Sizes


@dataclass(frozen=True, slots=True)
class Single:
    """A layer of the language, with those of its arguments that are no defaults."""

    word: str
    arguments: tuple[tuple[str, Argument], ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """A use of a block or sequence, with its arguments."""

    name: str
    arguments: tuple[tuple[str, Argument | Single], ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A stage of a chain; its label where it is not its position."""

    label: str | None
    part: Part
    condition: int | None = None
    """The number of the condition under which it is there; None where it always is."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of parts, an `nn.Sequential`."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of parts, an `nn.ModuleList`."""

    items: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A part that is there under a condition."""

    condition: int
    part: Part


@dataclass(frozen=True, slots=True)
class Repeated:
    """A part several times in a chain, by a number that is not the same in all modules of a class."""

    part: Part
    count: Argument


WHOLE = -1
"""Stands for all values of a list that comes in."""

Part = Single | Use | Chain | Listed | Choice | Repeated | Slot


@dataclass(frozen=True, slots=True)
class Given:
    """Input `number` of the body; with `item`, one of the values of a list."""

    number: int
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """Value `number` that step `step` gives."""

    step: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """A parameter or buffer of the module itself."""

    name: str


Operand = Given | Made | Own | Number | Slot | tuple["Operand", ...]


def flat(operands: Iterable[Operand]) -> Iterator[Operand]:
    """The operands, those in lists too."""
    for operand in operands:
        if isinstance(operand, tuple):
            yield from flat(operand)
        else:
            yield operand


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Held:
    """A tensor of the module itself: a parameter of these sizes, or a buffer with these numbers."""

    name: str
    sizes: tuple[Argument, ...]
    numbers: tuple[float, ...] | None = None
    persistent: bool = True


@dataclass(frozen=True, slots=True)
class Body:
    """The parts in the order of their registration, the steps, and what comes out."""

    parts: tuple[tuple[str, Part], ...]
    steps: tuple[Step, ...]
    outputs: tuple[Operand, ...]
    output_names: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    lists: tuple[int, ...] = ()
    """For each input 1 where it is a list of values, and 0 where it is one."""
    held: tuple[Held, ...] = ()
    training: tuple[int, ...] = ()
    """The steps that are for training alone."""
    training_outputs: tuple[Operand, ...] = ()
    names: tuple[tuple[Operand, str], ...] = field(default=(), compare=False)
    """What the Python code calls its values."""
