"""The syntax tree: what was written, with the place of every part, and nothing about what it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cnndsl.source import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that was written somewhere."""

    span: Span

    @property
    def contents(self) -> tuple[Any, ...]:
        """The fields without the place, in their order."""
        names: tuple[str, ...] = self.__match_args__
        return tuple([getattr(self, name) for name in names[1:]])

    @property
    def children(self) -> list[Node]:
        """The nodes that this one is made of, in their order."""
        found: list[Node] = []
        for value in self.contents:
            if isinstance(value, Node):
                found.append(value)
            elif isinstance(value, tuple):
                found += [item for item in value if isinstance(item, Node)]
        return found


def walk(node: Node) -> Iterator[Node]:
    """A node and all that are in it, each before what is inside it."""
    todo = [node]
    while todo:
        found = todo.pop()
        yield found
        todo += reversed(found.children)


# Expressions


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A name: `conv1`."""

    text: str


@dataclass(frozen=True, slots=True)
class Row(Node):
    """`[a, [b, c]]` in a loop: a name for each item of a row, and names for the items of a row in it."""

    items: tuple[Name | Row, ...]


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number: `5`, `0.5`, `1e-5`."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class String(Node):
    """A text, in which parts in braces are worked out: `"denselayer{i}"`."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class Hole(Node):
    """`?`: a size left open."""


@dataclass(frozen=True, slots=True)
class Input(Node):
    """`input`: the value that entered the body, or, called in a network, its declaration."""


@dataclass(frozen=True, slots=True)
class It(Node):
    """`it`: the current value."""


@dataclass(frozen=True, slots=True)
class Result(Node):
    """What a body gives, in an assertion: `output` of `output.shape`."""


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """`[a, b, c]`."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """`[item for targets in source if condition]`."""

    item: Expression
    targets: Name | Row
    source: Expression
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """An argument of a call, by position or by name."""

    name: Name | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(arguments)`."""

    function: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """`value.channels`."""

    value: Expression
    name: Name


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`value[index]`."""

    value: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`value[start:end]`."""

    value: Expression
    start: Expression | None
    end: Expression | None


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`-x`, `+x`, `not x`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic, `and`, `or`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`a < b <= c`: operators stand between the operands."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`yes if condition else no`."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Labelled(Node):
    """`label: layer`."""

    label: Name | String
    layer: Expression


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """`a -> b -> c`, two stages or more."""

    stages: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Body(Node):
    """`{ statements }`: a body, or as an expression a chain of layers."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if condition { } else { }`, as a line or as an expression."""

    condition: Expression
    yes: Body
    no: Body | If | None


Expression = (
    Name
    | Number
    | Boolean
    | String
    | Hole
    | Input
    | It
    | Result
    | ListOf
    | Comprehension
    | Call
    | Attribute
    | Index
    | Slice
    | Unary
    | Binary
    | Comparison
    | Conditional
    | Labelled
    | Pipe
    | Body
    | If
)

# Statements


@dataclass(frozen=True, slots=True)
class Bind(Node):
    """`name = expression`, or `a, b = expression`."""

    targets: tuple[Name, ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """A bare expression: the next step of the pipeline; with names for what comes out, `halve as low, high`."""

    value: Expression
    targets: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for x in list { }`, `for [a, b] in rows { }`."""

    targets: Name | Row
    source: Expression
    body: Body


@dataclass(frozen=True, slots=True)
class Repeat(Node):
    """`repeat n { }`."""

    count: Expression
    body: Body


@dataclass(frozen=True, slots=True)
class OutputItem(Node):
    """One output: a value, perhaps named, perhaps only in training."""

    name: Name | None
    value: Expression
    when: Name | None


@dataclass(frozen=True, slots=True)
class Output(Node):
    """`output a, b`."""

    items: tuple[OutputItem, ...]


@dataclass(frozen=True, slots=True)
class When(Node):
    """`when training { }`."""

    mode: Name
    body: Body


@dataclass(frozen=True, slots=True)
class Init(Node):
    """`init conv, linear: weight = kaiming_normal(...), bias = zeros`."""

    kinds: tuple[Name, ...]
    settings: tuple[Argument, ...]


ANY = ""
"""Stands for a name that is not known."""


@dataclass(frozen=True, slots=True)
class Assert(Node):
    """`assert it.shape == [16, 5, 5], "so the dense layer takes 16 * 5 * 5"`."""

    condition: Expression
    message: String | None


@dataclass(frozen=True, slots=True)
class Lost(Node):
    """A line, or an item of a file, that could not be read: `names` are what it may have given a meaning.

    `ANY` is among them where there may be others. `flows` tells whether it may have been a step of the pipeline.
    """

    names: tuple[str, ...]
    flows: bool


Statement = Bind | Apply | For | Repeat | Output | When | Init | Assert | Lost

# A file


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter of a definition, with its default."""

    name: Name
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Definition(Node):
    """`network`, `block` or `sequence NAME(parameters) { body }`."""

    kind: str
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Variant(Node):
    """`network NAME(parameters) = OTHER(arguments)`."""

    name: Name
    parameters: tuple[Parameter, ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Extern(Node):
    """`extern NAME(parameters) from "package.module" (settings)`: a class that somebody wrote in Python."""

    name: Name
    parameters: tuple[Parameter, ...]
    package: String
    settings: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Imported(Node):
    """`A`, or `A as B`, of an import."""

    name: Name
    alias: Name | None

    @property
    def local(self) -> Name:
        """What it is called here."""
        return self.alias or self.name


@dataclass(frozen=True, slots=True)
class Import(Node):
    """`from "file.cnn" import A, B as C`."""

    path: String
    names: tuple[Imported, ...]


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """`NAME = expression` outside any definition."""

    name: Name
    value: Expression


Item = Definition | Variant | Extern | Import | Constant | Lost


@dataclass(frozen=True, slots=True)
class File(Node):
    """A whole text."""

    items: tuple[Item, ...]
