"""The syntax tree: what was written, with the place of every part, and nothing about what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from cnndsl.frozen import frozen
from cnndsl.source import Span


@frozen(eq=False)
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
        names: tuple[str, ...] = self.__match_args__
        for name in names[1:]:
            value = getattr(self, name)
            if type(value) is tuple:
                found += [item for item in value if isinstance(item, Node)]
            elif isinstance(value, Node):
                found.append(value)
        return found


def walk(node: Node, *closed: type[Node]) -> Iterator[Node]:
    """A node and all that are in it, each before what is inside it, which is left out of the kinds `closed`."""
    todo = [node]
    while todo:
        found = todo.pop()
        yield found
        if type(found) not in _LEAVES and not isinstance(found, closed):
            todo += reversed(found.children)


ByClass = Mapping[type[Node], Sequence[Any]]


def by_class(node: Node) -> ByClass:
    """A node and all that are in it, by their classes, each of these in the order of the text."""
    found: dict[type[Node], list[Any]] = {}
    for each in walk(node):
        found.setdefault(type(each), []).append(each)
    return found


# Expressions


@frozen(eq=False)
class Expression(Node):
    """What is worth something, or makes a layer."""


@frozen(eq=False)
class Name(Expression):
    """A name: `conv1`."""

    text: str


@frozen(eq=False)
class Row(Node):
    """`[a, [b, c]]` in a loop: a name for each item of a row, and names for the items of a row in it."""

    items: tuple[Name | Row, ...]


@frozen(eq=False)
class Number(Expression):
    """A number: `5`, `0.5`, `1e-5`."""

    value: int | float


@frozen(eq=False)
class Boolean(Expression):
    """`true` or `false`."""

    value: bool


@frozen(eq=False)
class String(Expression):
    """A text, in which parts in braces are worked out: `"denselayer{i}"`."""

    parts: tuple[str | Expression, ...]


@frozen(eq=False)
class Hole(Expression):
    """`?`: a size left open."""


@frozen(eq=False)
class Input(Expression):
    """`input`: the value that entered the body, or, called in a network, its declaration."""


@frozen(eq=False)
class It(Expression):
    """`it`: the current value."""


@frozen(eq=False)
class Result(Expression):
    """What a body gives, in an assertion: `output` of `output.shape`."""


@frozen(eq=False)
class ListOf(Expression):
    """`[a, b, c]`."""

    items: tuple[Expression, ...]


@frozen(eq=False)
class Comprehension(Expression):
    """`[item for targets in source if condition]`."""

    item: Expression
    targets: Name | Row
    source: Expression
    condition: Expression | None


@frozen(eq=False)
class Argument(Node):
    """An argument of a call, by position or by name."""

    name: Name | None
    value: Expression


@frozen(eq=False)
class Call(Expression):
    """`function(arguments)`."""

    function: Expression
    arguments: tuple[Argument, ...]


@frozen(eq=False)
class Attribute(Expression):
    """`value.channels`."""

    value: Expression
    name: Name


@frozen(eq=False)
class Index(Expression):
    """`value[places]`: an item or a part of a list, parts of a chain or a network, or places of a value."""

    value: Expression
    places: tuple[Expression, ...]


@frozen(eq=False)
class Slice(Expression):
    """`start:end:step` in square brackets."""

    start: Expression | None
    end: Expression | None
    step: Expression | None


@frozen(eq=False)
class Ellipsis(Expression):  # noqa: A001 - Python's own word
    """`...` in square brackets: all axes for which no place is written."""


@frozen(eq=False)
class Unary(Expression):
    """`-x`, `+x`, `not x`."""

    operator: str
    operand: Expression


@frozen(eq=False)
class Binary(Expression):
    """Arithmetic, `and`, `or`."""

    operator: str
    left: Expression
    right: Expression


@frozen(eq=False)
class Comparison(Expression):
    """`a < b <= c`: operators stand between the operands."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


@frozen(eq=False)
class Conditional(Expression):
    """`yes if condition else no`."""

    condition: Expression
    yes: Expression
    no: Expression


@frozen(eq=False)
class Labelled(Expression):
    """`label: layer`."""

    label: Name | String
    layer: Expression


@frozen(eq=False)
class Pipe(Expression):
    """`a -> b -> c`, two stages or more."""

    stages: tuple[Expression, ...]


@frozen(eq=False)
class Body(Expression):
    """`{ statements }`: a body, or as an expression a chain of layers."""

    statements: tuple[Statement, ...]


@frozen(eq=False)
class If(Expression):
    """`if condition { } else { }`, as a line or as an expression."""

    condition: Expression
    yes: Body
    no: Body | If | None


# Statements


@frozen(eq=False)
class Bind(Node):
    """`name = expression`, or `a, b = expression`; `"key" = layer` has no targets, and gives the layer its label."""

    targets: tuple[Name, ...]
    value: Expression


@frozen(eq=False)
class Apply(Node):
    """A bare expression: the next step of the pipeline; with names for what comes out, `halve as low, high`."""

    value: Expression
    targets: tuple[Name, ...] = ()


@frozen(eq=False)
class For(Node):
    """`for x in list { }`, `for [a, b] in rows { }`."""

    targets: Name | Row
    source: Expression
    body: Body


@frozen(eq=False)
class Repeat(Node):
    """`repeat n { }`."""

    count: Expression
    body: Body


@frozen(eq=False)
class OutputItem(Node):
    """One output: a value, perhaps named, perhaps only in training."""

    name: Name | None
    value: Expression
    when: Name | None


@frozen(eq=False)
class Output(Node):
    """`output a, b`."""

    items: tuple[OutputItem, ...]


@frozen(eq=False)
class When(Node):
    """`when training { }`."""

    mode: Name
    body: Body


@frozen(eq=False)
class Init(Node):
    """`init conv, linear: weight = kaiming_normal(...), bias = zeros`."""

    kinds: tuple[Name, ...]
    settings: tuple[Argument, ...]


ANY = ""
"""Stands for a name that is not known."""


@frozen(eq=False)
class Assert(Node):
    """`assert it.shape == [16, 5, 5], "so the dense layer takes 16 * 5 * 5"`."""

    condition: Expression
    message: String | None


@frozen(eq=False)
class Lost(Node):
    """A line, or an item of a file, that could not be read: `names` are what it may have given a meaning.

    `ANY` is among them where there may be others. `flows` tells whether it may have been a step of the pipeline.
    """

    names: tuple[str, ...]
    flows: bool


Statement = Bind | Apply | For | Repeat | Output | When | Init | Assert | Lost

# A file


@frozen(eq=False)
class Parameter(Node):
    """A parameter of a definition, with its default."""

    name: Name
    default: Expression | None


@frozen(eq=False)
class Definition(Node):
    """`network`, `block` or `sequence NAME(parameters) { body }`."""

    kind: Literal["network", "block", "sequence"]
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body


@frozen(eq=False)
class Variant(Node):
    """`network NAME(parameters) = OTHER(arguments)`."""

    name: Name
    parameters: tuple[Parameter, ...]
    value: Expression

    @property
    def base(self) -> str:
        """The name of the network that it is made of, as it is written; empty where none is."""
        node = self.value.function if isinstance(self.value, Call) else self.value
        return node.text if isinstance(node, Name) else ""


@frozen(eq=False)
class Extern(Node):
    """`extern NAME(parameters) from "package.module" (settings)`: a class that somebody wrote in Python."""

    name: Name
    parameters: tuple[Parameter, ...]
    package: String
    settings: tuple[Argument, ...]


@frozen(eq=False)
class Imported(Node):
    """`A`, or `A as B`, of an import."""

    name: Name
    alias: Name | None

    @property
    def local(self) -> Name:
        """What it is called here."""
        return self.alias or self.name


@frozen(eq=False)
class Import(Node):
    """`from "file.cnn" import A, B as C`."""

    path: String
    names: tuple[Imported, ...]


@frozen(eq=False)
class Constant(Node):
    """`NAME = expression` outside any definition."""

    name: Name
    value: Expression


Item = Definition | Variant | Extern | Import | Constant | Lost


@frozen(eq=False)
class File(Node):
    """A whole text."""

    items: tuple[Item, ...]

    @property
    def networks(self) -> list[Definition | Variant]:
        """The lines that describe networks, in their order."""
        return [
            item
            for item in self.items
            if isinstance(item, Variant) or (isinstance(item, Definition) and item.kind == "network")
        ]


_LEAVES = frozenset([Name, Number, Boolean, Hole, Input, It, Result, Ellipsis])
"""The nodes that have none in them."""
