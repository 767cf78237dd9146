"""What an expression can be worth while a text is worked out.

Numbers (plain or traced), truth values, texts and Python lists are constants.  The rest is here:
values of the graph, and recipes, which make a layer each time they are applied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from cnndsl.elaborate.weight import weight_of
from cnndsl.layers.base import Layer
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.sizes import Shape
from cnndsl.names import snake
from cnndsl.program import Weights, nested_shape
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.traced import Number, Traced, Truth, work_key

if TYPE_CHECKING:
    from cnndsl.elaborate.scope import Scope


class Unknown:
    """The result of something that was already reported: whatever it touches stays silent."""


UNKNOWN = Unknown()


class Silent(Exception):  # noqa: N818 - a signal, not an error
    """Raised where an unknown is needed: the statement is given up without a further message."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """Something that flows: number `index` among the values of the body `owner`.

    `maker` is what people call the step that it comes from.
    """

    owner: object
    index: int
    shape: Shape
    span: Span
    maker: str
    training: bool = False
    """Whether it exists in training only."""
    unbatched: bool = False
    """Whether it has no batch axis, as a learned tensor has none."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A layer kind by its own name: `relu`."""

    layer: type[Layer]


@dataclass(frozen=True, slots=True)
class LayerRecipe:
    """A layer kind with its arguments: `conv(8, 5)`."""

    layer: Layer
    traced: tuple[tuple[str, Traced | tuple[Number | Traced, ...]], ...] = ()
    weights: Weights | None = None
    init: tuple[tuple[str, Initialiser], ...] = ()
    span: Span | None = field(default=None, compare=False)
    weight: int = field(init=False, default=1, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.weights is not None:
            given = (self.weights.weight, self.weights.bias)
            object.__setattr__(self, "weight", 1 + sum(prod(nested_shape(numbers)) for numbers in given))


@dataclass(frozen=True, slots=True, eq=False)
class External:
    """A class from elsewhere, with the scope that its rules see."""

    declaration: tree.Extern
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A block, sequence or network, with the scope that its body sees."""

    definition: tree.Definition
    scope: Scope


@dataclass(frozen=True, slots=True)
class BlockRecipe:
    """A block or sequence with its arguments: `BasicBlock(64)`."""

    template: Template
    arguments: tuple[tuple[str, Any], ...]
    span: Span | None = field(default=None, compare=False)
    weight: int = field(init=False, default=1, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", 1 + sum(weight_of(item) for _, item in self.arguments))


@dataclass(frozen=True, slots=True, eq=False)
class BraceRecipe:
    """`{ ... }` used as a layer; it is worked out when it is applied."""

    body: tree.Body
    scope: Scope


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a chain: a recipe, and its label where it has one."""

    recipe: Recipe
    label: str | None
    span: Span = field(compare=False)
    quoted: bool = False
    """Whether the label is a text, which need not be an identifier."""
    is_word: bool = field(default=False, compare=False)
    """Whether the text has a word for it, by which its part is named."""


@dataclass(frozen=True, slots=True)
class Chain:
    """`a -> b`: stages in a row, flat."""

    stages: tuple[Stage, ...]
    weight: int = field(init=False, default=1, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", 1 + sum(weight_of(stage.recipe) for stage in self.stages))


@dataclass(frozen=True, slots=True)
class Copies:
    """`layer * n`: fresh copies in a row."""

    recipe: Recipe
    count: int
    span: Span | None = field(default=None, compare=False)
    """Where the layer is written that is copied."""
    weight: int = field(init=False, default=1, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", 1 + weight_of(self.recipe))


@dataclass(frozen=True, slots=True)
class Choice:
    """`if condition { } else { }` used as a layer: what was chosen, None being the identity."""

    recipe: Recipe | None
    condition: bool | Truth
    span: Span = field(compare=False)
    """Where what was chosen is written."""
    weight: int = field(init=False, default=1, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", 1 + weight_of(self.recipe))

    @property
    def outcome(self) -> bool:
        """How the condition came out."""
        return bool(self.condition)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A layer that a name in the body `owner` is bound to: one layer, however often it is used."""

    owner: object
    name: str
    recipe: Recipe
    span: Span


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class InitialiserKind:
    """A rule by which weights begin, by its own name: `zeros`, `normal`."""

    name: str


Recipe = Kind | LayerRecipe | External | Template | BlockRecipe | BraceRecipe | Chain | Copies | Choice | Part
RECIPES = (Kind, LayerRecipe, External, Template, BlockRecipe, BraceRecipe, Chain, Copies, Choice, Part)
IDENTITY = Chain(())


def key_for(value: Any) -> Any:
    """A hashable key: two arguments with the same key give the same module."""
    if isinstance(value, list):
        return ("list", *map(key_for, value))
    if isinstance(value, (bool, int, float, str)):
        return (type(value).__name__, value)
    if isinstance(value, Traced):
        return work_key(value) if value.is_open else (type(value.value).__name__, value.value)
    if isinstance(value, Truth):
        return ("bool", value.value)
    if isinstance(value, BlockRecipe):
        return (value.template, tuple((name, key_for(item)) for name, item in value.arguments))
    if isinstance(value, LayerRecipe):
        # The text tells 1 from 1.0 and true, which an argument of a class from elsewhere may be.
        return (type(value.layer), value.layer, value.layer.text, value.weights, value.init)
    if isinstance(value, Chain):
        return tuple((stage.label, key_for(stage.recipe)) for stage in value.stages)
    if isinstance(value, Copies):
        return ("copies", key_for(value.recipe), value.count)
    if isinstance(value, Choice):
        return ("choice", bool(value.condition), key_for(value.recipe))
    return value


def layer_name(layer: Layer | type[Layer]) -> str:
    """What the text calls a layer: its kind, or the name of a class from elsewhere."""
    return str(getattr(layer, "name", layer.kind))


def describe(value: Any) -> str:
    """What something is, in the user's words."""
    value = value.value if isinstance(value, (Traced, Truth)) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 40 else "a text"
    if isinstance(value, list):
        return "a list of values" if value and all(isinstance(item, Value) for item in value) else "a list"
    if isinstance(value, Value):
        return "a value"
    if isinstance(value, tuple):
        return f"{len(value)} values"
    if isinstance(value, Function):
        return f"the function {value.name}"
    if isinstance(value, (Initialiser, InitialiserKind)):
        return "a word for how weights begin"
    if isinstance(value, BlockRecipe):
        value = value.template
    if isinstance(value, Template):
        return f"the {value.definition.kind} {value.definition.name.text}"
    if isinstance(value, (Kind, LayerRecipe)):
        return f"the layer {layer_name(value.layer)}"
    if isinstance(value, External):
        return f"the layer {value.declaration.name.text}"
    return f"the layer {value.name}" if isinstance(value, Part) else "a layer"


def recipe_word(recipe: Recipe) -> str:
    """The word that an unnamed part made by a recipe is named by: `conv`, `basic_block`."""
    match recipe:
        case Kind():
            return recipe.layer.kind
        case LayerRecipe():
            return snake(recipe.layer.word)
        case External():
            return snake(recipe.declaration.name.text)
        case Template():
            return snake(recipe.definition.name.text)
        case BlockRecipe():
            return snake(recipe.template.definition.name.text)
        case _:
            return "layers"
