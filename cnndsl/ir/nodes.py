"""What a text says, resolved: its definitions, statements and expressions as frozen Pydantic models.

A node keeps its place in the text. Names are resolved: a `Ref` says what its name is, and which definition it means.
Loops and conditions are nodes as everything else is. `Program.definitions` holds these; the modules of a program are
what comes of them for the arguments and sizes that the text uses.
"""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypeAliasType

from cnndsl.ir.unions import ByKind


class Span(NamedTuple):
    """Where something is written: lines and columns count from 1, and the end is the first column after it."""

    line: int
    column: int
    end_line: int
    end_column: int


class Node(BaseModel):
    """Anything that was written somewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    span: Span

    def as_json(self) -> dict[str, Any]:
        """The node in what JSON knows."""
        return self.model_dump(mode="json")


class Part(BaseModel):
    """What the part of an expression is called that makes one and gives it no name; in a loop, a list of parts."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    is_list: bool = False


class _Expression(Node):
    part: Part | None = None
    """Where a layer is applied and not named: the name of its part."""


class _Line(Node):
    comment: str = ""
    """What is said of it in the text: a paragraph for what stands above it, and one for what stands behind it."""


class Const(_Expression):
    """A number, a truth value or a text."""

    node: Literal["const"] = "const"
    value: bool | int | float | str


RefKind = Literal["parameter", "local", "definition", "constant", "kind", "function", "rule", "identity"]


class Ref(_Expression):
    """A name. `of` says what it is; `key` names the definition or constant of a file that it stands for."""

    node: Literal["ref"] = "ref"
    name: str
    of: RefKind
    key: str = ""


class Flow(_Expression):
    """`it`, the current value, or `input`, the one that entered."""

    node: Literal["flow"] = "flow"
    of: Literal["it", "input"]


class Hole(_Expression):
    """`?`, a size left open."""

    node: Literal["hole"] = "hole"


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


class Format(_Expression):
    """A text in which parts in braces are worked out."""

    node: Literal["format"] = "format"
    parts: tuple[str | Expression, ...]


class ListOf(_Expression):
    """`[a, b]`."""

    node: Literal["list"] = "list"
    items: tuple[Expression, ...]


class Comprehension(_Expression):
    """`[item for targets in source if condition]`."""

    node: Literal["comprehension"] = "comprehension"
    item: Expression
    targets: Targets
    source: Expression
    condition: Expression | None


class Argument(Node):
    """An argument, by position or by name."""

    name: str | None
    value: Expression


class Call(_Expression):
    """`function(arguments)`: a layer with its arguments, a function, an operation on values."""

    node: Literal["call"] = "call"
    function: Expression
    arguments: tuple[Argument, ...]


class SizeOf(_Expression):
    """`value.channels`."""

    node: Literal["size"] = "size"
    value: Expression
    name: str


class Index(_Expression):
    """`value[places]`."""

    node: Literal["index"] = "index"
    value: Expression
    places: tuple[Expression, ...]


class Slice(_Expression):
    """`start:end:step` in square brackets."""

    node: Literal["slice"] = "slice"
    start: Expression | None
    end: Expression | None
    step: Expression | None


class Op(_Expression):
    """Arithmetic, `and`, `or`, `not`: an operator with one operand or two."""

    node: Literal["op"] = "op"
    operator: str
    operands: tuple[Expression, ...]


class Compare(_Expression):
    """`a < b <= c`."""

    node: Literal["compare"] = "compare"
    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


class Conditional(_Expression):
    """`yes if condition else no`."""

    node: Literal["conditional"] = "conditional"
    condition: Expression
    yes: Expression
    no: Expression


class Labelled(_Expression):
    """`label: layer`; a label in quotes is an expression."""

    node: Literal["labelled"] = "labelled"
    label: str | Expression
    layer: Expression


class Pipe(_Expression):
    """`a -> b -> c`."""

    node: Literal["pipe"] = "pipe"
    stages: tuple[Expression, ...]


class Brace(_Expression):
    """`{ ... }` as a layer."""

    node: Literal["brace"] = "brace"
    body: tuple[Statement, ...]


class Choice(_Expression):
    """`if condition { } else { }` as a layer."""

    node: Literal["choice"] = "choice"
    condition: Expression
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]


class Bind(_Line):
    """`name = expression`, or `a, b = expression`; without a name the declaration of a layer by its label."""

    node: Literal["bind"] = "bind"
    names: tuple[str, ...]
    value: Expression


class Apply(_Line):
    """A line that goes on with the pipeline; `names` are for what comes out."""

    node: Literal["apply"] = "apply"
    value: Expression
    names: tuple[str, ...] = ()


class If(_Line):
    """`if condition { } else { }` as a line."""

    node: Literal["if"] = "if"
    condition: Expression
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]


class For(_Line):
    """`for targets in source { }`."""

    node: Literal["for"] = "for"
    targets: Targets
    source: Expression
    body: tuple[Statement, ...]


class Repeat(_Line):
    """`repeat count { }`."""

    node: Literal["repeat"] = "repeat"
    count: Expression
    body: tuple[Statement, ...]


class OutputItem(Node):
    """One output."""

    name: str | None
    value: Expression
    training: bool


class Output(_Line):
    """`output a, b`."""

    node: Literal["output"] = "output"
    items: tuple[OutputItem, ...]


class Training(_Line):
    """`when training { }`."""

    node: Literal["training"] = "training"
    body: tuple[Statement, ...]


class InitRule(_Line):
    """`init conv: weight = ..., bias = ...`."""

    node: Literal["init"] = "init"
    kind: Ref
    settings: tuple[Argument, ...]


class Parameter(Node):
    """A parameter, with its default."""

    name: str
    default: Expression | None


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


class FileConstant(Node):
    """A constant of a file."""

    item: Literal["constant"] = "constant"
    key: str
    name: str
    file: str
    value: Expression


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
    return {kind.model_fields["node"].default: kind for kind in base.__subclasses__()}


_PLAIN = frozenset([str, int, float, bool, type(None), Span, Part])
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
            found = tuple(vars(found).values())
        todo += [value for value in reversed(found) if type(value) not in _PLAIN]
