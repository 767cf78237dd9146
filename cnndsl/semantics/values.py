"""What an expression can be worth while a text is worked out, and how much of it one text may ask for."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import field, fields, replace
from math import prod
from typing import Any

from cnndsl.diagnostics import Label, Problem, error
from cnndsl.frozen import frozen
from cnndsl.ir.program import Weights, nested_shape
from cnndsl.layers.base import Layer, Parameterised
from cnndsl.layers.formula import Shape, show
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.registry import KINDS
from cnndsl.source import Span
from cnndsl.symbolic.expr import Number
from cnndsl.symbolic.number import Traced, is_open, value_of, work_key
from cnndsl.syntax import tree

Parametric = tree.Definition | tree.Extern | tree.Variant
"""What has parameters."""


@frozen()
class Limits:
    """Upper bounds; the defaults are far above what real networks need, and low enough that no step takes seconds."""

    layers: int = 10_000
    """Layers, operations and blocks that are worked out one by one, and turns of loops."""
    work: int = 500_000
    """Lines and expressions that are worked out, and items of what is made or gone through on the way."""
    size: int = 50_000
    """Layers of the whole network, repeated blocks counted each time."""
    items: int = 100_000
    """Items of a list, and turns of one loop."""
    depth: int = 40
    """Blocks, and chains with names of their own, inside one another."""
    digits: int = 60
    """Of a number that arithmetic gives."""

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Limits:
        """The limits with some given as `name=number`. Raises ValueError with a sentence for the user."""
        names = {field.name for field in fields(cls)}
        limits = cls()
        for text in texts:
            name, _, number = text.partition("=")
            if name not in names or not number.isdecimal() or len(number) > 12:
                message = f"{text!r} is not of the form NAME=NUMBER with one of the limits {', '.join(sorted(names))}"
                raise ValueError(message)
            limits = replace(limits, **{name: int(number)})
        return limits

    def exceeded(self, name: str, code: str, message: str, span: Span, way: str) -> Problem:
        """The error for what goes over the limit `name`: a way to need less, and how to raise it."""
        raised = f"where so much is meant, raise the limit: --limit {name}={getattr(self, name) * 10}"
        return error(code, message, span, help=(way, raised))

    def too_long(self, span: Span) -> Problem:
        """The error for a list or loop with too many items."""
        message = f"a list or loop may have at most {self.items:,} items"
        return self.exceeded("items", "E505", message, span, "write a smaller number")


class Items(list[Any]):
    """A list of the language, with its weight."""

    __slots__ = ("weight",)

    def __init__(self, items: Iterable[Any], weight: int | None = None) -> None:
        super().__init__(items)
        self.weight = 1 + sum(map(weight_of, self)) if weight is None else weight


def as_items(value: Any) -> Any:
    """The several values that a step gives as a list, which they are under a name; anything else as it is."""
    return Items(value) if isinstance(value, tuple) else value


def weight_of(value: Any) -> int:
    """One for the value itself, and one for everything that it holds, however often it holds it."""
    if isinstance(value, list) and not isinstance(value, Items):
        return 1 + sum(map(weight_of, value))
    return getattr(value, "weight", 1)


class Unknown:
    """The result of something that was already reported: whatever it touches stays silent."""


UNKNOWN = Unknown()


class Silent(Exception):  # noqa: N818 - a signal, not an error
    """Raised where an unknown is needed: the statement is given up without a further message."""


@frozen(eq=False)
class EmptyInTraining:
    """A list that lines for training alone have left empty, and where they begin."""

    span: Span


@frozen(eq=False)
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

    @property
    def came(self) -> Label:
        """What is shown of it where it does not fit further on."""
        return Label(self.span, f"{show(self.shape)} comes from {self.maker}")


@frozen(eq=False)
class Recipe:
    """What makes a layer, each time that it is applied."""

    weight: int = field(init=False, default=1, compare=False, repr=False)
    """One, and the weight of all that it holds."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", 1 + sum(map(weight_of, self.held)))

    @property
    def held(self) -> Iterable[Any]:
        """What it is made of: the arguments that it has been given, or other recipes."""
        return (item for *_, item in getattr(self, "arguments", ()))


@frozen()
class Kind(Recipe):
    """A layer kind by its own name: `relu`."""

    word: str

    @property
    def layer(self) -> type[Layer]:
        """Its class."""
        return KINDS[self.word]


@frozen()
class LayerRecipe(Recipe):
    """A layer kind with its arguments: `conv(8, 5)`."""

    layer: Layer
    traced: tuple[tuple[str, Traced | tuple[Number | Traced, ...]], ...] = ()
    weights: Weights | None = None
    init: tuple[tuple[str, Initialiser], ...] = ()
    span: Span | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.weights is not None:
            given = (self.weights.weight, self.weights.bias)
            object.__setattr__(self, "weight", 1 + sum(prod(nested_shape(numbers)) for numbers in given))


@frozen()
class HalfApplied(Recipe):
    """A layer kind with some of its arguments, to be called with those that it still needs: `conv(kernel=3)`.

    Each argument by its name, with the place in the text where it was given.
    """

    kind: type[Layer]
    arguments: tuple[tuple[str, tree.Argument, Any], ...]
    span: Span = field(compare=False)


@frozen(eq=False)
class External(Recipe):
    """A class from elsewhere, with the scope that its rules see."""

    declaration: tree.Extern
    scope: Scope


@frozen(eq=False)
class Template(Recipe):
    """A block, sequence or network, with the scope that its body sees."""

    definition: tree.Definition
    scope: Scope


@frozen()
class BlockRecipe(Recipe):
    """A block or sequence with its arguments: `BasicBlock(64)`."""

    template: Template
    arguments: tuple[tuple[str, Any], ...]
    span: Span | None = field(default=None, compare=False)


@frozen()
class VariantRecipe(Recipe):
    """A network that is another one for its own parameters, with some or all of their arguments."""

    variant: tree.Variant
    scope: Scope = field(compare=False)
    arguments: tuple[tuple[str, Any], ...] = ()
    span: Span | None = field(default=None, compare=False)


@frozen(eq=False)
class BraceRecipe(Recipe):
    """`{ ... }` used as a layer; it is worked out when it is applied."""

    body: tree.Body
    scope: Scope


@frozen()
class Stage:
    """One stage of a chain: a recipe, and its label where it has one."""

    recipe: Recipe
    label: str | None
    span: Span = field(compare=False)
    quoted: bool = False
    """Whether the label is a text, which need not be an identifier."""
    is_word: bool = field(default=False, compare=False)
    """Whether the text has a word for it, by which its part is named."""


@frozen()
class Chain(Recipe):
    """`a -> b`: stages in a row, flat."""

    stages: tuple[Stage, ...]

    @property
    def held(self) -> Iterable[Any]:
        return (stage.recipe for stage in self.stages)


@frozen()
class Copies(Recipe):
    """`layer * n`: fresh copies in a row."""

    recipe: Recipe
    count: int
    span: Span | None = field(default=None, compare=False)
    """Where the layer is written that is copied."""

    @property
    def held(self) -> Iterable[Any]:
        return (self.recipe,)


@frozen()
class Choice(Recipe):
    """`if condition { } else { }` used as a layer: what was chosen, None being the identity."""

    recipe: Recipe | None
    span: Span = field(compare=False)
    """Where what was chosen is written."""

    @property
    def held(self) -> Iterable[Any]:
        return (self.recipe,)


def shown_part(name: str) -> str:
    """How the text speaks of a part: `branches.0` is `branches[0]`."""
    listed, _, at = name.rpartition(".")
    return f"{listed}[{at}]" if listed and at.isdigit() else name


@frozen()
class Piece:
    """Some layers of a chain: the one with the number `start` where it `is_one`, or those from `start` up to `end`."""

    start: int | None
    end: int | None = None
    is_one: bool = False

    def __str__(self) -> str:
        if self.is_one:
            return f"[{self.start}]"
        return f"[{'' if self.start is None else self.start}:{'' if self.end is None else self.end}]"

    @property
    def is_first(self) -> bool:
        """Whether it begins with the first layer."""
        return self.start in (None, 0)

    def places(self, count: int) -> range:
        """The places of the layers in a chain of `count`. Raises IndexError where it has no such place."""
        bounds = [bound for bound in (self.start, self.end) if bound is not None]
        if any(abs(bound) > count for bound in bounds) or (self.is_one and self.start == count):
            raise IndexError
        if self.is_one:
            return range(count)[self.start : None if self.start == -1 else (self.start or 0) + 1]
        return range(count)[self.start : self.end]


@frozen(eq=False)
class Part(Recipe):
    """A layer that a name in the body `owner` is bound to: one layer, however often it is used."""

    owner: object
    name: str
    recipe: Recipe
    span: Span
    piece: Piece | None = None
    """Which of the layers of a chain are meant, if not all."""

    @property
    def shown(self) -> str:
        """How the text speaks of it: the part `branches.0` is `branches[0]`."""
        return f"{shown_part(self.name)}{self.piece or ''}"


@frozen()
class Function:
    """A function of the language, by its name."""

    name: str


@frozen()
class InitialiserKind:
    """A rule by which weights begin, by its own name: `zeros`, `normal`."""

    name: str


IDENTITY = Chain(())


def is_identity(recipe: Recipe) -> bool:
    """Whether a layer is the identity, which leaves nothing behind."""
    return recipe == IDENTITY or (isinstance(recipe, Choice) and recipe.recipe is None)


def is_values(value: Any) -> bool:
    """Whether a value is a list of values of the network, with at least one."""
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, Value) for item in value)


def holds_values(value: Any) -> bool:
    """Whether a value of the network is in a list, or in a list in it."""
    return isinstance(value, (list, tuple)) and any(isinstance(item, Value) or holds_values(item) for item in value)


def flows(value: Any) -> bool:
    """Whether something flows: a value, or a list of them."""
    return isinstance(value, Value) or is_values(value)


def parametric(recipe: Any) -> Parametric | type[Layer] | None:
    """What says which parameters a layer has that may still be given; None for one that has all of its arguments."""
    match recipe:
        case Kind():
            return recipe.layer
        case BlockRecipe():
            return recipe.template.definition
        case HalfApplied(kind=of) | Template(definition=of) | External(declaration=of) | VariantRecipe(variant=of):
            return of
        case _:
            return None


def takes_lists(recipe: Recipe | None) -> bool:
    """Whether a layer may be applied to a list of values, as a block may."""
    if isinstance(recipe, (Part, Choice)):
        return takes_lists(recipe.recipe)
    of = recipe.layer if isinstance(recipe, LayerRecipe) else parametric(recipe)
    if isinstance(of, tree.Definition):
        return of.kind == "block"
    return max(getattr(of, "takes", (1,))) > 1


def one_by_one(values: Iterable[Value | list[Value]]) -> tuple[Value, ...]:
    """Values, with those of lists one by one."""
    return tuple(value for item in values for value in (item if isinstance(item, list) else [item]))


def is_layers(value: Any) -> bool:
    """Whether a value is a list of layers, or of such lists, with at least one in each."""
    is_list = isinstance(value, list) and bool(value)
    return is_list and all(isinstance(item, Recipe) or is_layers(item) for item in value)


def parts_in(value: Any) -> Iterator[Part]:
    """A named layer, or those of a list."""
    if isinstance(value, Part):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from parts_in(item)


def needed(of: Parametric | type[Parameterised], given: Container[str] = ()) -> list[str]:
    """The parameters without a default that are not given."""
    if isinstance(of, type):
        required = (name for name, info in of.model_fields.items() if info.is_required())
    else:
        required = (parameter.name.text for parameter in of.parameters if parameter.default is None)
    return [name for name in required if name not in given]


def is_complete(recipe: Any) -> bool:
    """Whether a layer, or each one of a list, can be applied as it is: nothing that it needs is left to be given."""
    if isinstance(recipe, list):
        return all(map(is_complete, recipe))
    of = parametric(recipe)
    return of is None or not needed(of, [name for name, *_ in getattr(recipe, "arguments", ())])


def key_for(value: Any) -> Any:
    """A hashable key: two arguments with the same key give the same module."""
    if isinstance(value, list):
        return ("list", *map(key_for, value))
    if is_open(value):
        return work_key(value)
    if isinstance(plain := value_of(value), (bool, int, float, str)):
        return (type(plain).__name__, plain)
    match value:
        case BlockRecipe(template=of) | VariantRecipe(variant=of) | HalfApplied(kind=of):
            return (of, tuple((name, key_for(item)) for name, *_, item in value.arguments))
        case LayerRecipe():
            # The text tells 1 from 1.0 and true, which an argument of a class from elsewhere may be.
            return (type(value.layer), value.layer, value.layer.text, value.weights, value.init)
        case Chain():
            return tuple((stage.label, key_for(stage.recipe)) for stage in value.stages)
        case Copies():
            return ("copies", key_for(value.recipe), value.count)
        case Choice():
            return ("choice", key_for(value.recipe))
        case _:
            return value


def is_constant(value: Any) -> bool:
    """Whether something is a number, a truth value, a text, or a list of such."""
    if isinstance(value, list):
        return all(map(is_constant, value))
    return isinstance(value, (bool, int, float, str, Traced))


def plain_constant(value: Any) -> Any:
    """A constant without what it was computed from."""
    if isinstance(value, list):
        return list(map(plain_constant, value))
    return value_of(value)


def describe(value: Any) -> str:
    """What something is, in the user's words."""
    value = value_of(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 40 else "a text"
    if isinstance(value, list):
        if is_values(value):
            return "a list of values"
        return "a list of layers" if is_layers(value) else "a list"
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
        return f"the {value.definition.kind} {word_of(value)}"
    if isinstance(value, VariantRecipe):
        return f"the network {word_of(value)}"
    if isinstance(value, (Kind, LayerRecipe, HalfApplied, External)):
        return f"the layer {word_of(value)}"
    return f"the layer {value.shown}" if isinstance(value, Part) else "a layer"


def word_of(recipe: Recipe) -> str:
    """The word that the text has for a layer, `conv`, `BasicBlock`; one for all of those for which it has none."""
    if isinstance(recipe, LayerRecipe):
        return recipe.layer.word
    of = parametric(recipe)
    if of is None:
        return "layers"
    return of.kind if isinstance(of, type) else of.name.text


class Scope:
    """The names of a body (or file), over those of what surrounds it.

    `walls` marks a scope through which no values and parts of the outside are seen: a body that is
    worked out when it is applied, not where it is written.
    """

    __slots__ = ("ended", "given", "names", "parent", "walls")

    def __init__(self, parent: Scope | None, *, walls: bool = False) -> None:
        self.names: dict[str, Any] = {}
        self.given: dict[str, Span] = {}
        """The names that lines gave a meaning with `=`, and where."""
        self.ended: dict[str, Span] = {}
        """Those to which lines in braces gave one, which ended with the braces, and where."""
        self.parent = parent
        self.walls = walls

    def give(self, name: tree.Name, value: Any) -> None:
        """Let a name mean a value from here on."""
        self.names[name.text] = value
        self.given[name.text] = name.span
        self.ended.pop(name.text, None)

    def end(self, inner: Scope) -> None:
        """Note which names had a meaning of their own in the braces that `inner` was the scope of."""
        self.ended.update(inner.ended)
        self.ended.update(inner.given)

    def ended_with(self, name: str) -> Span | None:
        """Where braces in here gave a name a meaning that ended with them, if it was given no other one since.

        None for a word of the language, which has its own meaning again.
        """
        ended: Span | None = None
        for scope in self._outwards():
            ended = ended or scope.ended.get(name)
            if name in scope.names:
                return ended if scope.parent is not None else None
        return ended

    def find(self, name: str) -> tuple[Any, bool]:
        """What the name is bound to, and whether that is a value or part behind a wall. Raises KeyError.

        What stands behind a wall hides nothing: `conv: { conv(8, 3) -> relu }` means the layer kind.
        """
        behind = False
        walled: list[Any] = []
        for scope in self._outwards():
            if name in scope.names:
                value = scope.names[name]
                if not (behind and isinstance(value, (Value, Part))):
                    return value, False
                walled.append(value)
            behind = behind or scope.walls
        if walled:
            return walled[0], True
        raise KeyError(name)

    def get(self, name: str) -> Any:
        """What the name is bound to, behind a wall or not; None where it is bound to nothing."""
        with suppress(KeyError):
            return self.find(name)[0]
        return None

    def word_behind(self, name: str) -> Any:
        """What a word of the language means where it is called: constants of that name do not hide it.

        None where the name is no such word, or something else hides it that is known.
        """
        scope = self
        while scope.parent is not None:
            hides = scope.names.get(name, UNKNOWN)
            if hides is not UNKNOWN and not is_constant(hides):
                return None
            scope = scope.parent
        return scope.names.get(name)

    def __contains__(self, name: object) -> bool:
        """Whether something is called so, behind a wall or not."""
        return any(name in scope.names for scope in self._outwards())

    def is_original(self, name: str) -> bool:
        """Whether a word of the language still means what it means everywhere."""
        return next((scope.parent is None for scope in self._outwards() if name in scope.names), False)

    def visible(self) -> list[str]:
        """Every name that can be written here."""
        return list(dict.fromkeys(name for scope in self._outwards() for name in scope.names))

    def _outwards(self) -> Iterator[Scope]:
        """The scope itself, and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent
