"""The syntax tree: what was written, with the place of every part, and nothing about what it means."""

from __future__ import annotations

from typing import Any

from cnndsl.records import Record
from cnndsl.source import Span


class Node(Record):
    """Anything that was written somewhere."""

    span: Span

    @property
    def contents(self) -> tuple[Any, ...]:
        """The fields without the place, in their order."""
        return tuple(getattr(self, name) for name in self.record_fields if name != "span")


# Expressions


class Name(Node):
    """A name: `conv1`."""

    text: str


class Row(Node):
    """`[a, [b, c]]` in a loop: a name for each item of a row, and names for the items of a row in it."""

    items: tuple[Name | Row, ...]


class Number(Node):
    """A number: `5`, `0.5`, `1e-5`."""

    value: int | float


class Boolean(Node):
    """`true` or `false`."""

    value: bool


class String(Node):
    """A text, in which parts in braces are worked out: `"denselayer{i}"`."""

    parts: tuple[str | Expression, ...]


class Hole(Node):
    """`?`: a size left open."""


class Input(Node):
    """`input`: the value that entered the body, or, called in a network, its declaration."""


class It(Node):
    """`it`: the current value."""


class ListOf(Node):
    """`[a, b, c]`."""

    items: tuple[Expression, ...]


class Comprehension(Node):
    """`[item for targets in source if condition]`."""

    item: Expression
    targets: Name | Row
    source: Expression
    condition: Expression | None


class Argument(Node):
    """An argument of a call, by position or by name."""

    name: Name | None
    value: Expression


class Call(Node):
    """`function(arguments)`."""

    function: Expression
    arguments: tuple[Argument, ...]


class Attribute(Node):
    """`value.channels`."""

    value: Expression
    name: Name


class Index(Node):
    """`value[index]`."""

    value: Expression
    index: Expression


class Slice(Node):
    """`value[start:end]`."""

    value: Expression
    start: Expression | None
    end: Expression | None


class Unary(Node):
    """`-x`, `+x`, `not x`."""

    operator: str
    operand: Expression


class Binary(Node):
    """Arithmetic, `and`, `or`."""

    operator: str
    left: Expression
    right: Expression


class Comparison(Node):
    """`a < b <= c`: operators stand between the operands."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


class Conditional(Node):
    """`yes if condition else no`."""

    condition: Expression
    yes: Expression
    no: Expression


class Labelled(Node):
    """`label: layer`."""

    label: Name | String
    layer: Expression


class Pipe(Node):
    """`a -> b -> c`, two stages or more."""

    stages: tuple[Expression, ...]


class Body(Node):
    """`{ statements }`: a body, or as an expression a chain of layers."""

    statements: tuple[Statement, ...]


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


class Bind(Node):
    """`name = expression`, or `a, b = expression`."""

    targets: tuple[Name, ...]
    value: Expression


class Apply(Node):
    """A bare expression: the next step of the pipeline."""

    value: Expression


class For(Node):
    """`for x in list { }`, `for [a, b] in rows { }`."""

    targets: Name | Row
    source: Expression
    body: Body


class Repeat(Node):
    """`repeat n { }`."""

    count: Expression
    body: Body


class OutputItem(Node):
    """One output: a value, perhaps named, perhaps only in training."""

    name: Name | None
    value: Expression
    when: Name | None


class Output(Node):
    """`output a, b`."""

    items: tuple[OutputItem, ...]


class When(Node):
    """`when training { }`."""

    mode: Name
    body: Body


class Init(Node):
    """`init conv: weight = kaiming_normal(...), bias = zeros`."""

    kind: Name
    settings: tuple[Argument, ...]


ANY = ""
"""Stands for a name that is not known."""


class Lost(Node):
    """A line, or an item of a file, that could not be read: `names` are what it may have given a meaning.

    `ANY` is among them where there may be others. `flows` tells whether it may have been a step of the pipeline.
    """

    names: tuple[str, ...]
    flows: bool


Statement = Bind | Apply | For | Repeat | Output | When | Init | Lost

# A file


class Parameter(Node):
    """A parameter of a definition, with its default."""

    name: Name
    default: Expression | None


class Definition(Node):
    """`network`, `block` or `sequence NAME(parameters) { body }`."""

    kind: str
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body


class Variant(Node):
    """`network NAME = OTHER(arguments)`."""

    name: Name
    value: Expression


class Extern(Node):
    """`extern NAME(parameters) from "package.module" (settings)`: a class that somebody wrote in Python."""

    name: Name
    parameters: tuple[Parameter, ...]
    package: String
    settings: tuple[Argument, ...]


class Import(Node):
    """`from "file.cnn" import A, B`."""

    path: String
    names: tuple[Name, ...]


class Constant(Node):
    """`NAME = expression` outside any definition."""

    name: Name
    value: Expression


Item = Definition | Variant | Extern | Import | Constant | Lost


class File(Node):
    """A whole text."""

    items: tuple[Item, ...]
