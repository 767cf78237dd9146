"""What an expression is worth while a definition is translated: statics, values that flow, and recipes for layers.

A static is worked out in `__init__`: its Python, and what is known of it. A number that depends on parameters is a
`Traced` one, whose expression is over the variables of `__init__`; what the expression cannot say, such as a power or
an item of a list, is a symbol of its own that stands for its Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Any

from cnndsl.backends.pytorch.code import Code, constant, list_of
from cnndsl.frozen import frozen
from cnndsl.ir import nodes
from cnndsl.ir.words import INIT_WORDS, WEIGHT_WORDS
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape
from cnndsl.symbolic.expr import Expr
from cnndsl.symbolic.number import Traced


class Untranslatable(Exception):  # noqa: N818 - what the text is, not what went wrong
    """A definition has no translation: why, where, and what to write instead.

    `names` are the parameters that cause it, where a constant in their place would do.
    """

    def __init__(
        self, reason: str, span: nodes.Span | None = None, helps: str = "", names: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(reason)
        self.reason, self.span, self.helps, self.names = reason, span, helps, names
        self.file = ""
        self.definition = ""

    def place(self, definition: nodes.Definition) -> None:
        """Say which definition it is, and where, unless that is known."""
        if not self.definition:
            self.definition, self.file = definition.name, definition.file
            self.span = self.span or definition.span


class NeedsUnrolling(Untranslatable):
    """What has no translation in a loop, and may have one where the loop is written out turn by turn."""


class NeedsTurn(Untranslatable):
    """What has a translation only where a loop has a turn that has none for the arguments of the text."""


class NeedsFlatten(Exception):  # noqa: N818 - a signal to the body around a chain
    """Raised by a chain whose first layer takes features, when a feature map comes in."""


class NotYet(Untranslatable):
    """A loop reads a list to which the turns that were worked out so far have added nothing."""


@frozen(eq=False)
class Coded(Traced):
    """A number with the Python that the text has for it."""

    code: Code = field(default_factory=lambda: constant(0))


@frozen()
class Opaque:
    """A truth value, text or list that is known when a module is built; `sample` is one that it may be."""

    code: Code
    sample: Any
    or_one: frozenset[str] = frozenset()
    """The kinds of what it may be in place of a list, as of AnyList."""

    def __bool__(self) -> bool:
        return bool(self.sample)

    def __iter__(self) -> Any:
        return iter(self.sample)

    def __len__(self) -> int:
        return len(self.sample)


Facts = tuple[tuple[Expr, Expr], ...]
"""Sizes that are equal in some case."""


@frozen()
class Test:
    """A condition that depends on parameters, and what is equal where it holds and where it does not."""

    sample: bool
    holds: Facts = ()
    fails: Facts = ()


@frozen()
class Case:
    """A case in which a part was not applied yet: that a way of a condition is not taken, or a loop has no turn.

    `way` is the condition with the outcome that it does not have, `facts` are the sizes that are equal then.
    """

    way: tuple[str, bool] | None
    facts: Facts = ()


@frozen()
class AnyList:
    """A list whose length is known when a module is built. `item` is what each of its items is like."""

    item: Any
    sample: int
    columns: Any = None
    """What they are like place by place, where that is known."""
    or_one: frozenset[str] = frozenset()
    """The kinds of what it may be in place of a list: of one number for all axes."""


@frozen()
class Static:
    """What `__init__` can work out: its Python, and what is known of it.

    `value` is a constant, a Traced number, a Test, an Opaque text, a list of statics or recipes, or an AnyList.
    """

    value: Any
    code: Code
    seen: Code | None = None
    """How `forward` says it where a variable tells: `x.shape[2]` for a size, `len(maps)` for how many there are."""


def plain_static(value: Any) -> Static:
    """A constant as a static."""
    return Static(value, constant(value))


@frozen(eq=False)
class Tensor:
    """Something that flows: its Python in `forward`, and its sizes."""

    code: Code
    shape: Shape
    unbatched: bool = False
    """Whether it has no batch, as a learned tensor has none."""

    def moved(self, code: Code) -> Tensor:
        """The same value, in another place."""
        return Tensor(code, self.shape, self.unbatched)

    def along(self, axis: int, dim: Any) -> Tensor:
        """The same value, with a size said in another way."""
        return self.of_shape((*self.shape[:axis], dim, *self.shape[axis + 1 :]))

    def of_shape(self, shape: Shape) -> Tensor:
        """The same value, with its sizes said in another way."""
        return Tensor(self.code, shape, self.unbatched)


@frozen(eq=False)
class TensorList:
    """Values of a known number."""

    items: tuple[Any, ...]


@frozen(eq=False)
class AnyTensors:
    """A list of values whose length is known when a module is built.

    `code` is the list in `forward`, `lists` for each axis the list of its sizes in `__init__`; None where all items
    have that size.
    """

    code: Code
    shape: Shape
    lists: tuple[Code | None, ...]
    sample: int
    count: Static | None = None
    """How many there are, where all have some size alike."""
    alike: frozenset[int] = frozenset()
    """The axes along which all have the size of `shape`, though the list of sizes has it as well."""


@frozen(eq=False)
class KindRecipe:
    """A layer kind with arguments; `begins` how its tensors begin, `numbers` what they are given.

    `constant` is the name in the module of the file's constant that it is.
    """

    kind: type[Layer]
    fields: dict[str, Static]
    begins: dict[str, Any] = field(default_factory=dict)
    numbers: dict[str, Static] = field(default_factory=dict)
    span: nodes.Span | None = None
    constant: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether it has all arguments that it needs."""
        return not any(self.kind.model_fields[word].is_required() for word in self.left)

    @property
    def left(self) -> list[str]:
        """The parameters that are not given anything, in their order."""
        return [word for word in self.kind.model_fields if word not in self.fields]

    @property
    def is_half_applied(self) -> bool:
        """Whether it has arguments and lacks some."""
        return bool(self.fields or self.begins or self.numbers) and not self.is_complete


@frozen(eq=False)
class _Declared:
    """What the text declares with parameters, with some or all of its arguments, by name."""

    definition: Any
    arguments: dict[str, Any]

    @property
    def is_complete(self) -> bool:
        """Whether it has all arguments that it needs."""
        return all(each.name in self.arguments or each.default is not None for each in self.definition.parameters)

    @property
    def left(self) -> list[str]:
        """The parameters that are not given anything, in their order."""
        return [each.name for each in self.definition.parameters if each.name not in self.arguments]

    @property
    def is_half_applied(self) -> bool:
        """Whether it has arguments and lacks some."""
        return bool(self.arguments) and not self.is_complete


@frozen(eq=False)
class BlockRecipe(_Declared):
    """A block with some or all of its arguments, of which so many were given by position.

    `constant` is the name in the module of the file's constant that it is, `base` the constant that it adds to.
    """

    definition: nodes.Definition
    positional: int = 0
    span: nodes.Span | None = None
    constant: str = ""
    base: BlockRecipe | None = None


class VariantRecipe(_Declared):
    """A network that is another one for its own parameters."""

    definition: nodes.Variant


class ExternRecipe(_Declared):
    """A class from elsewhere."""

    definition: nodes.Extern


@frozen(eq=False)
class ParamRecipe:
    """A layer that is a parameter, or an item of one: a callable of what its input fixes.

    `choices` are the recipes that it may be, `arguments` what the text calls it with.
    """

    code: Code
    choices: tuple[Any, ...]
    needs: Needs
    arguments: tuple[tuple[str | None, Any], ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether whatever it may be has all arguments that it needs."""
        return all(_is_complete(with_arguments(choice, self.arguments)) for choice in self.choices)

    @property
    def is_half_applied(self) -> bool:
        """Whether it has arguments and lacks some."""
        return bool(self.arguments) and not self.is_complete


Ranks = tuple[tuple[str, int], ...]
"""The ranks of what comes into a layer, each with what it is called."""


@dataclass(slots=True, eq=False)
class Needs:
    """What is asked of the layers that a parameter may be: the ranks of what they are applied to, whether as several
    in a row, and the sizes that they are told, as axes of what comes in.

    What comes in is called `input`, and further values by the arguments that they are: their numbers, or their names.
    """

    ranks: set[Ranks] = field(default_factory=set)
    axes: set[tuple[str, int]] = field(default_factory=set)
    spliced: bool = False
    gives: set[int] = field(default_factory=set)
    positional: int = 0
    """How many arguments it is called with by position, at most."""
    keywords: set[str] = field(default_factory=set)
    """The arguments that it is called with by name."""
    is_passing: bool = False
    """Whether they are of a list that the text writes, of which what is asked is known anew each time."""

    @property
    def inputs(self) -> Ranks:
        """The ranks of what comes in; those of a map where nothing is said."""
        return min(self.ranks, default=(("input", 3),))

    @property
    def sizes(self) -> list[tuple[str, int]]:
        """The sizes that they are told, in the order in which they are."""
        order = [place for place, _ in self.inputs]
        return sorted(self.axes, key=lambda size: (order.index(size[0]), size[1]))

    @property
    def calls(self) -> bool:
        """Whether the text calls it with arguments."""
        return bool(self.positional or self.keywords)

    def absorb(self, other: Needs) -> bool:
        """Take in what else is asked; whether that is anything new."""
        before = self.extent()
        self.ranks |= other.ranks
        self.axes |= other.axes
        self.gives |= other.gives
        self.spliced |= other.spliced
        self.keywords |= other.keywords
        self.positional = max(self.positional, other.positional)
        return before != self.extent()

    def extent(self) -> tuple[int, ...]:
        """How much is asked; what is asked only grows."""
        asked: tuple[set[Any], ...] = (self.ranks, self.axes, self.gives, self.keywords)
        return (*(len(each) for each in asked), self.spliced, self.positional)


@frozen(eq=False)
class ChainRecipe:
    """Stages in a row: recipes, each with its label or None, and its node."""

    stages: tuple[tuple[Any, Any, Any], ...]


@frozen(eq=False)
class BraceRecipe:
    """`{ ... }` as a layer, with the names that it sees."""

    body: tuple[nodes.Statement, ...]
    scope: Any


@frozen(eq=False)
class CopiesRecipe:
    """`layer * n`."""

    recipe: Any
    count: Static
    node: Any


@frozen(eq=False)
class ChoiceRecipe:
    """One recipe or another; None is the identity. With the nodes that they stand at."""

    test: Static
    yes: Any
    no: Any
    yes_node: Any = None
    no_node: Any = None


@frozen(eq=False)
class PartRecipe:
    """A named part of the body: one layer, however often it is applied."""

    part: Any


@frozen(eq=False)
class PieceRecipe:
    """Some layers of a named chain: the one at a place, or those from one place up to another."""

    part: Any
    place: Static | slice


@frozen()
class Function:
    """A function of the language, by its name."""

    name: str


@frozen()
class Rule:
    """A rule by which weights begin, with its arguments as Python."""

    name: str
    arguments: tuple[tuple[str, Static], ...] = ()


class Undecided:
    """What a name stands for that a condition gives something else on each of its ways, where nothing is like both."""


IDENTITY = ChainRecipe(())
RECIPES = (
    KindRecipe,
    BlockRecipe,
    ExternRecipe,
    ParamRecipe,
    ChainRecipe,
    BraceRecipe,
    CopiesRecipe,
    ChoiceRecipe,
    PartRecipe,
    PieceRecipe,
)


def one_by_one(inputs: Iterable[tuple[str, Tensor | TensorList]]) -> tuple[tuple[str, Tensor], ...]:
    """What comes in by name, with the values of lists one by one: `maps.0`, `maps.1`, ..."""
    made: list[tuple[str, Tensor]] = []
    for word, value in inputs:
        if isinstance(value, Tensor):
            made.append((word, value))
        else:
            made += [(f"{word}.{at}", item) for at, item in enumerate(value.items)]
    return tuple(made)


def grouped(inputs: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor | TensorList]:
    """The same by name, with the values of a list together."""
    made: dict[str, Tensor | TensorList] = {}
    for word, value in inputs:
        whole, is_item, _ = word.partition(".")
        held = made.get(whole)
        items = held.items if isinstance(held, TensorList) else ()
        made[whole] = TensorList((*items, value)) if is_item else value
    return made


class Scope:
    """The names of a body or a brace, over those around it."""

    def __init__(self, parent: Scope | None = None, *, walls: bool = False) -> None:
        self.names: dict[str, Any] = {}
        self.variables: dict[str, str] = {}
        """What those that are constants are called in `__init__`."""
        self.parent, self.walls = parent, walls

    def find(self, wanted: str) -> Any:
        """What a name stands for; None where it stands for nothing."""
        return self.lookup(wanted)[0]

    def lookup(self, wanted: str) -> tuple[Any, bool]:
        """What a name stands for, or None, and whether that is behind a wall, where values and parts hide nothing."""
        scope: Scope | None = self
        behind = False
        walled = None
        while scope is not None:
            if wanted in scope.names:
                value = scope.names[wanted]
                if not (behind and isinstance(value, (Tensor, PartRecipe, TensorList, AnyTensors))):
                    return value, False
                walled = value
            behind = behind or scope.walls
            scope = scope.parent
        return walled, walled is not None


def each_tensor(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A value or a list of values with each of them changed; the same one where nothing is."""
    if isinstance(value, Tensor):
        return change(value)
    if not isinstance(value, TensorList):
        return value
    items = tuple(each_tensor(item, change) for item in value.items)
    return value if all(map(is_, items, value.items)) else TensorList(items)


def tensors_in(value: Any) -> list[Tensor]:
    """A value, or those in a list of values of a known length."""
    if isinstance(value, TensorList):
        return [each for item in value.items for each in tensors_in(item)]
    return [value] if isinstance(value, Tensor) else []


def is_empty(value: Any) -> bool:
    """Whether something is a list without items."""
    return isinstance(value, Static) and isinstance(value.value, list) and not value.value


def is_flowing(value: Any) -> bool:
    """Whether something is a value, or a list of values of a known length."""
    is_list = isinstance(value, TensorList) and bool(value.items)
    return isinstance(value, Tensor) or (is_list and all(isinstance(item, Tensor) for item in value.items))


def passed(value: Tensor | TensorList) -> Code:
    """A value, or a list of values, as `forward` hands it to a part."""
    return value.code if isinstance(value, Tensor) else list_of(item.code for item in value.items)


def own_name(block: BlockRecipe, place: str) -> str:
    """What a block that is a parameter calls what comes in, or an item of that."""
    whole, *item = place.split(".")
    return ".".join([block.left[int(whole)] if whole.isdigit() else whole, *item])


def own_ranks(block: BlockRecipe, inputs: Ranks) -> Ranks:
    """The ranks of what comes into a block that is a parameter, by its own names."""
    return tuple((own_name(block, place), rank) for place, rank in inputs)


def rank_word(ranks: Ranks) -> str:
    """How many axes of space a value has that comes in, as a word: `2d`."""
    return f"{ranks[0][1] - 1}d" if ranks else ""


def list_length(ranks: Ranks) -> int:
    """How many values there are in the lists that come in."""
    return sum("." in word for word, _ in ranks)


def is_layers(value: Any) -> bool:
    """Whether a value is a list of layers that have what they need."""
    items = value.value if isinstance(value, Static) else None
    return isinstance(items, list) and bool(items) and all(isinstance(i, RECIPES) and _is_complete(i) for i in items)


def _is_complete(recipe: Any) -> bool:
    """Whether nothing is left to be given before a layer can be applied."""
    return bool(getattr(recipe, "is_complete", True))


def by_name(words: Iterable[str], arguments: Sequence[tuple[str | None, Any]]) -> dict[str, Any]:
    """Arguments by name; `words` are the parameters for those without one, in order."""
    named = {word for word, _ in arguments}
    left = [word for word in words if word not in named][::-1]
    return {word or left.pop(): value for word, value in arguments}


def with_arguments(recipe: Any, arguments: Sequence[tuple[str | None, Any]], span: nodes.Span | None = None) -> Any:
    """A layer with what a call gives it besides what it has."""
    match recipe:
        case KindRecipe():
            return _of_kind(recipe, arguments, span)
        case ParamRecipe():
            return replace(recipe, arguments=(*recipe.arguments, *arguments))
        case _Declared():
            words = [parameter.name for parameter in recipe.definition.parameters]
            given = recipe.arguments | by_name(recipe.left, arguments)
            ordered = {word: given[word] for word in words if word in given}
            if not isinstance(recipe, BlockRecipe):
                return replace(recipe, arguments=ordered)
            positional = 0 if recipe.arguments else sum(word is None for word, _ in arguments)
            base = recipe if recipe.constant else recipe.base
            return BlockRecipe(recipe.definition, ordered, positional, span, base=base)
        case ChoiceRecipe(yes=yes, no=no):
            sides = (side and with_arguments(side, arguments, span) for side in (yes, no))
            return ChoiceRecipe(recipe.test, *sides)
        case _ if not arguments:
            return recipe
        case _:
            raise Untranslatable("a layer that has its arguments already is given more", span)


def _of_kind(recipe: KindRecipe, arguments: Sequence[tuple[str | None, Any]], span: nodes.Span | None) -> KindRecipe:
    """A layer kind with more arguments: for parameters, for how its tensors begin, and numbers for these."""
    words = recipe.kind.model_fields
    fields, begins, numbers = dict(recipe.fields), dict(recipe.begins), dict(recipe.numbers)
    for word, value in by_name(recipe.left, arguments).items():
        is_list = isinstance(value, Static) and isinstance(value.value, (list, AnyList))
        if (word in WEIGHT_WORDS and word not in words) or (word == "bias" and is_list):
            numbers[word] = value
            if word in words:
                fields[word] = plain_static(True)
        elif word in INIT_WORDS:
            begins[INIT_WORDS[word]] = value
        elif isinstance(value, Static):
            fields[word] = value
        else:
            raise Untranslatable(f"{recipe.kind.kind}: {word} is given no number", span)
    return KindRecipe(recipe.kind, fields, begins, numbers, span)
