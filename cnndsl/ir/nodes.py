"""What a text says, resolved: its definitions, statements and expressions as frozen Pydantic dataclasses.

A node keeps its place in the text. Names are resolved: a `Ref` says what its name is, and which definition it means.
Loops and conditions are nodes as everything else is. `Program.definitions` holds these; the modules of a program are
what comes of them for the arguments and sizes that the text uses.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema
from typing_extensions import TypeAliasType

from cnndsl.ir.record import Record, as_it_is, record
from cnndsl.ir.unions import ByKind


class Span(NamedTuple):
    """Where something is written: lines and columns count from 1, and the end is the first column after it."""

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return as_it_is(source, handler(source))


@record
class Node(Record):
    """Anything that was written somewhere."""

    span: Span


@record
class Part(Record):
    """What the part of an expression is called that makes one and gives it no name; in a loop, a list of parts."""

    name: str
    is_list: bool = False


@record
class _Expression(Node):
    part: Part | None = None
    """Where a layer is applied and not named: the name of its part."""


@record
class _Line(Node):
    comment: str = ""
    """What is said of it in the text: a paragraph for what stands above it, and one for what stands behind it."""


@record
class Const(_Expression):
    """A number, a truth value or a text."""

    node: Literal["const"] = "const"
    value: bool | int | float | str


RefKind = Literal["parameter", "local", "definition", "constant", "kind", "function", "rule", "identity"]


@record
class Ref(_Expression):
    """A name. `of` says what it is; `key` names the definition or constant of a file that it stands for."""

    node: Literal["ref"] = "ref"
    name: str
    of: RefKind
    key: str = ""


@record
class Flow(_Expression):
    """`it`, the current value, or `input`, the one that entered."""

    node: Literal["flow"] = "flow"
    of: Literal["it", "input"]


@record
class Hole(_Expression):
    """`?`, a size left open."""

    node: Literal["hole"] = "hole"


@record
class Ellipsis(_Expression):  # noqa: A001 - Python's own word
    """`...` in square brackets."""

    node: Literal["ellipsis"] = "ellipsis"


# The names in quotes are for type checkers. The classes below hold one another, and Pydantic would evaluate each
# annotation in quotes when a class is made, and again when that is first used.
_AnyExpression = TypeAliasType(
    "_AnyExpression",
    "Const | Ref | Flow | Hole | Format | ListOf | Comprehension | Call | SizeOf | Index | Slice | Ellipsis | Op"
    " | Compare | Conditional | Labelled | Pipe | Brace | Choice",
)
Expression = Annotated[_AnyExpression, ByKind(_Expression, lambda: _kinds(_Expression), "expression", "node")]
_AnyStatement = TypeAliasType("_AnyStatement", "Bind | Apply | If | For | Repeat | Output | Training | InitRule")
Statement = Annotated[_AnyStatement, ByKind(_Line, lambda: _kinds(_Line), "statement", "node")]
Targets = TypeAliasType("Targets", "str | tuple[Targets, ...]")
"""A name for each item of a list, or names for the items of each row."""


@record
class Format(_Expression):
    """A text in which parts in braces are worked out."""

    node: Literal["format"] = "format"
    parts: tuple[str | Expression, ...]


@record
class ListOf(_Expression):
    """`[a, b]`."""

    node: Literal["list"] = "list"
    items: tuple[Expression, ...]


@record
class Comprehension(_Expression):
    """`[item for targets in source if condition]`."""

    node: Literal["comprehension"] = "comprehension"
    item: Expression
    targets: Targets
    source: Expression
    condition: Expression | None


@record
class Argument(Node):
    """An argument, by position or by name."""

    name: str | None
    value: Expression


@record
class Call(_Expression):
    """`function(arguments)`: a layer with its arguments, a function, an operation on values."""

    node: Literal["call"] = "call"
    function: Expression
    arguments: tuple[Argument, ...]


@record
class SizeOf(_Expression):
    """`value.channels`."""

    node: Literal["size"] = "size"
    value: Expression
    name: str


@record
class Index(_Expression):
    """`value[places]`."""

    node: Literal["index"] = "index"
    value: Expression
    places: tuple[Expression, ...]


@record
class Slice(_Expression):
    """`start:end:step` in square brackets."""

    node: Literal["slice"] = "slice"
    start: Expression | None
    end: Expression | None
    step: Expression | None


@record
class Op(_Expression):
    """Arithmetic, `and`, `or`, `not`: an operator with one operand or two."""

    node: Literal["op"] = "op"
    operator: str
    operands: tuple[Expression, ...]


@record
class Compare(_Expression):
    """`a < b <= c`."""

    node: Literal["compare"] = "compare"
    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


@record
class Conditional(_Expression):
    """`yes if condition else no`."""

    node: Literal["conditional"] = "conditional"
    condition: Expression
    yes: Expression
    no: Expression


@record
class Labelled(_Expression):
    """`label: layer`; a label in quotes is an expression."""

    node: Literal["labelled"] = "labelled"
    label: str | Expression
    layer: Expression


@record
class Pipe(_Expression):
    """`a -> b -> c`."""

    node: Literal["pipe"] = "pipe"
    stages: tuple[Expression, ...]


@record
class Brace(_Expression):
    """`{ ... }` as a layer."""

    node: Literal["brace"] = "brace"
    body: tuple[Statement, ...]


@record
class Choice(_Expression):
    """`if condition { } else { }` as a layer."""

    node: Literal["choice"] = "choice"
    condition: Expression
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]


@record
class Bind(_Line):
    """`name = expression`, or `a, b = expression`; without a name the declaration of a layer by its label."""

    node: Literal["bind"] = "bind"
    names: tuple[str, ...]
    value: Expression


@record
class Apply(_Line):
    """A line that goes on with the pipeline; `names` are for what comes out."""

    node: Literal["apply"] = "apply"
    value: Expression
    names: tuple[str, ...] = ()


@record
class If(_Line):
    """`if condition { } else { }` as a line."""

    node: Literal["if"] = "if"
    condition: Expression
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]


@record
class For(_Line):
    """`for targets in source { }`."""

    node: Literal["for"] = "for"
    targets: Targets
    source: Expression
    body: tuple[Statement, ...]


@record
class Repeat(_Line):
    """`repeat count { }`."""

    node: Literal["repeat"] = "repeat"
    count: Expression
    body: tuple[Statement, ...]


@record
class OutputItem(Node):
    """One output."""

    name: str | None
    value: Expression
    training: bool


@record
class Output(_Line):
    """`output a, b`."""

    node: Literal["output"] = "output"
    items: tuple[OutputItem, ...]


@record
class Training(_Line):
    """`when training { }`."""

    node: Literal["training"] = "training"
    body: tuple[Statement, ...]


@record
class InitRule(_Line):
    """`init conv: weight = ..., bias = ...`."""

    node: Literal["init"] = "init"
    kind: Ref
    settings: tuple[Argument, ...]


@record
class Parameter(Node):
    """A parameter, with its default."""

    name: str
    default: Expression | None


@record
class Definition(Node):
    """A network, block or sequence."""

    item: Literal["definition"] = "definition"
    key: str
    kind: Literal["network", "block", "sequence"]
    name: str
    file: str
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    comment: str = ""
    """The comment that stands right above it, as one paragraph."""


@record
class Variant(Node):
    """A network that is another one with its arguments."""

    item: Literal["variant"] = "variant"
    key: str
    name: str
    file: str
    parameters: tuple[Parameter, ...] = ()
    value: Expression
    comment: str = ""
    """The comment that stands right above it, as one paragraph."""


@record
class FileConstant(Node):
    """A constant of a file."""

    item: Literal["constant"] = "constant"
    key: str
    name: str
    file: str
    value: Expression


@record
class Extern(Node):
    """A class from elsewhere."""

    item: Literal["extern"] = "extern"
    key: str
    name: str
    file: str
    package: str
    parameters: tuple[Parameter, ...]
    settings: tuple[Argument, ...]


_ITEMS = {"definition": Definition, "variant": Variant, "constant": FileConstant, "extern": Extern}
Item = Annotated[
    Definition | Variant | FileConstant | Extern,
    ByKind(tuple(_ITEMS.values()), lambda: _ITEMS, "item", "item"),
]


@cache
def _kinds(base: type[Node]) -> dict[str, type[Node]]:
    """The classes below a base, by what each has for `node`."""
    return {str(each.default): kind for kind in base.__subclasses__() for each in fields(kind) if each.name == "node"}


_PLAIN = frozenset([str, int, float, bool, type(None)])
"""The types of what is in a node and no node."""
_LEAVES = frozenset([Const, Ref, Flow, Hole])
"""The nodes that have none in them."""


def walk(node: Any) -> Iterator[Node]:
    """A node and all that are in it, each before what is inside it."""
    todo = [node]
    while todo:
        found = todo.pop()
        if type(found) is not tuple:
            yield found
            if type(found) in _LEAVES:
                continue
            found = [getattr(found, field) for field in found.__slots__]  # the place and the like are the base's
        todo += [value for value in reversed(found) if type(value) not in _PLAIN]


ByClass = defaultdict[type[Node], list[Any]]


def by_class(node: Any) -> ByClass:
    """A node and all that are in it, by their classes, each of these in the order of the text."""
    found: ByClass = defaultdict(list)
    for each in walk(node):
        found[type(each)].append(each)
    return found


def bound_names(node: Any) -> Iterator[str]:
    """The names that lines inside a node may bind."""
    for each in walk(node if isinstance(node, (Node, tuple)) else ()):
        if not isinstance(each, Comprehension):
            yield from _given_names(each)


def line_names(found: ByClass) -> list[str]:
    """The names that the lines among some nodes bind, each as often as they do."""
    lines = (*found[Bind], *found[Apply], *found[For])
    return [given for each in lines for given in _given_names(each)]


def text_names(found: ByClass) -> set[str]:
    """All names that some nodes give to something, also within an expression."""
    return {*line_names(found), *(given for each in found[Comprehension] for given in _given_names(each))}


def _given_names(node: Node) -> Iterable[str]:
    """The names that a node gives to something."""
    match node:
        case Bind() | Apply():
            return node.names
        case For() | Comprehension():
            return target_names(node.targets)
        case _:
            return ()


def target_names(targets: Targets) -> list[str]:
    """The names that a loop gives to what it goes through."""
    return [targets] if isinstance(targets, str) else [given for each in targets for given in target_names(each)]
