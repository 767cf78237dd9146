"""What a parameter may be given, gathered from all its uses: for its annotation, and for what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnndsl.backends.pytorch.code import flat, is_beyond_64_bits
from cnndsl.backends.pytorch.values import (
    IDENTITY,
    RECIPES,
    AnyList,
    AnyTensors,
    BlockRecipe,
    BraceRecipe,
    ChainRecipe,
    ChoiceRecipe,
    CopiesRecipe,
    ExternRecipe,
    KindRecipe,
    Needs,
    Opaque,
    ParamRecipe,
    Rule,
    Static,
    Tensor,
    Test,
    Untranslatable,
)
from cnndsl.ir import nodes
from cnndsl.symbolic.number import Traced, value_of


@dataclass(eq=False)
class Sort:
    """What a static is like: the kinds of values, a sample, and for lists what its items are like."""

    kinds: set[str] = field(default_factory=set)
    sample: Any = None
    item: Sort | None = None
    columns: list[Sort] | None = None
    choices: dict[str, Any] = field(default_factory=dict)
    """Layers that it may be, each once."""
    needs: Needs = field(default_factory=Needs)
    is_extent: bool = False
    """Whether lists of it are the sizes of several axes, which PyTorch wants as tuples."""
    is_parameter: bool = False
    """Whether it is that of another parameter, which is asked the same."""
    has_rows: bool = False
    """Whether lists of it have different lengths, or one that is not known."""
    samples: set[Any] = field(default_factory=set)
    """All that it was given, while these are few."""

    @property
    def of_items(self) -> Sort:
        """What the items of a list of it are like."""
        return self.item or Sort()

    def any_list(self) -> AnyList:
        """A list of it of which nothing else is known."""
        return AnyList(self.of_items, self.length)

    @property
    def length(self) -> int:
        """How many items a list of it may have. Where it may be a number too, that may be the sample."""
        if self.kinds == {"list"}:
            return self.sample or 0
        return len(self.columns) if self.columns else 1

    def merge(self, other: Sort) -> bool:
        """Take in what another one may be; whether that is anything new."""
        changed = not other.kinds <= self.kinds
        if not self.kinds or (self.sample is None and other.sample is not None) or self.is_less_likely(other):
            self.sample = other.sample
        elif is_beyond_64_bits(other.sample) and not is_beyond_64_bits(self.sample):
            self.sample, changed = other.sample, True
        self.kinds |= other.kinds
        if not other.samples <= self.samples and len(self.samples) < _MOST_SAMPLES:
            self.samples |= other.samples
            changed = True
        if other.item is not None:
            if self.item is None:
                self.item = Sort()
            changed |= self.item.merge(other.item)
        if other.columns is not None and not self.has_rows:
            if self.columns is None:
                self.columns = [Sort() for _ in other.columns]
            if len(self.columns) == len(other.columns):
                for mine, theirs in zip(self.columns, other.columns, strict=True):
                    changed |= mine.merge(theirs)
            else:
                self.columns, self.has_rows = None, True
        elif "list" in other.kinds and other.columns is None:
            self.columns, self.has_rows = None, True
        for key, choice in other.choices.items():
            held = self.choices.get(key)
            if held is None or (_is_constant(held) and not _is_constant(choice)):  # which are alike in their samples
                self.choices[key] = choice
                changed = True
        if other.needs is not self.needs:
            changed |= self.needs.absorb(other.needs)
            if other.is_parameter:
                changed |= other.needs.absorb(self.needs)
        return changed

    def is_less_likely(self, other: Sort) -> bool:
        """Whether its sample is a number for which much is left out or impossible, and another one is above 0."""
        are_numbers = self.kinds | other.kinds <= {"int", "float"} and self.sample is not None
        return are_numbers and other.sample is not None and bool(self.sample <= 0 < other.sample)

    def inner(self) -> Iterator[Sort]:
        """It, and what is in it at any depth."""
        yield self
        for each in filter(None, (self.item, *(self.columns or ()))):
            yield from each.inner()

    def has_extents(self) -> bool:
        """Whether it is a list of sizes, or a list of such lists."""
        return self.item is not None and (self.item.is_extent or self.item.has_extents())

    def constant(self) -> Any:
        """The constant that it always is; None where it is not always the same."""
        if "layer" in self.kinds:
            (first, *others) = self.choices.values()
            return first if not others and _is_constant(first) else None
        if "value" in self.kinds:
            return None
        if "list" in self.kinds:
            if self.columns is None or len(self.kinds) > 1:
                return None
            items = [column.constant() for column in self.columns]
            return None if None in items else items
        if len(self.samples) != 1:
            return None
        (only,) = self.samples  # the sample may be a number that lets more be translated
        return only[1] if isinstance(only, tuple) else only


def _is_constant(recipe: Any) -> bool:
    """Whether a layer is the same wherever it stands."""
    if not isinstance(recipe, KindRecipe) or recipe.begins or recipe.numbers:
        return False
    return all(map(_is_known, recipe.fields.values()))


def _is_known(static: Static) -> bool:
    """Whether a constant follows from no parameter and no variable."""
    if isinstance(static.value, list):
        return all(isinstance(item, Static) and _is_known(item) for item in static.value)
    return value_of(static.value) is static.value


_MOST_SAMPLES = 2
_MOST_COLUMNS = 16
"""Lists up to this long are known place by place."""
_ANY = {0, 1}
"""The samples of what is not always the same."""


def sort_of(value: Any) -> Sort:
    """What a value is like."""
    if isinstance(value, Tensor):
        return Sort({"value"})
    if isinstance(value, ParamRecipe) and not value.arguments:
        made = Sort({"layer"}, needs=value.needs, is_parameter=True)
        made.choices = {recipe_key(choice): choice for choice in value.choices}
        return made
    if isinstance(value, ChoiceRecipe):
        made = sort_of(value.yes or IDENTITY)
        made.merge(sort_of(value.no or IDENTITY))
        return made
    if isinstance(value, RECIPES):
        return Sort({"layer"}, choices={recipe_key(value): value})
    if isinstance(value, Static):
        return _of_static(value)
    if isinstance(value, AnyTensors):
        reason = "a list of values is given to a block, and a parameter says how many there are"
        raise Untranslatable(reason, helps="give it one value, such as concat(values)")
    if isinstance(value, Rule):
        reason = "a rule by which weights begin is given as an argument"
        raise Untranslatable(reason, helps="write the rule in the body, and give its numbers as arguments")
    raise Untranslatable("a value of this kind is no argument")


def _of_static(static: Static) -> Sort:
    value = static.value
    plain = value_of(value)
    if isinstance(value, Test):
        return Sort({"bool"}, value.sample, samples=_ANY)
    if isinstance(plain, (bool, int, float)):
        samples = _ANY if isinstance(value, Traced) and value.expr.constant is None else {(type(plain), plain)}
        return Sort({type(plain).__name__}, plain, samples=samples)
    if isinstance(value, str):
        return Sort({"str"}, value, samples={value})
    if isinstance(value, Opaque):
        return Sort({"str"}, value.sample, samples=_ANY)
    if isinstance(value, AnyList):
        item = Sort()
        item.merge(value.item)
        _ask_the_same(item, value.item)
        return Sort({"list"} | value.or_one, value.sample, item)
    if isinstance(value, list):
        item, columns = Sort(needs=Needs(is_passing=True)), [sort_of(each) for each in value]
        for column in columns:
            item.merge(column)
        return Sort({"list"}, len(value), item, columns if len(value) <= _MOST_COLUMNS else None)
    raise Untranslatable(f"a value of this kind is no argument: {flat(static.code)}")


def _ask_the_same(mine: Sort, parameter: Sort) -> None:
    """Let what is asked of layers be asked of those of a parameter, in the same places of its lists."""
    mine.needs, mine.is_parameter = parameter.needs, True
    for one, other in zip(mine.columns or (), parameter.columns or (), strict=False):
        _ask_the_same(one, other)
    if mine.item is not None and parameter.item is not None:
        _ask_the_same(mine.item, parameter.item)


def recipe_key(recipe: Any) -> str:
    """A text that tells layers apart."""
    match recipe:
        case KindRecipe():
            return f"{recipe.kind.kind}({'; '.join(map(_keys, (recipe.fields, recipe.begins, recipe.numbers)))})"
        case BlockRecipe() | ExternRecipe():
            return f"{recipe.definition.key}({_keys(recipe.arguments)})"
        case ChainRecipe():
            return " -> ".join(f"{label}:{recipe_key(stage)}" for stage, label, _ in recipe.stages)
        case CopiesRecipe():
            return f"{recipe_key(recipe.recipe)} * {_key(recipe.count)}"
        case ParamRecipe():
            return "|".join(map(recipe_key, recipe.choices)) + f"({len(recipe.arguments)})"
        case BraceRecipe():
            read = sorted({each.name for each in nodes.walk(recipe.body) if isinstance(each, nodes.Ref)})
            given = _keys({name: recipe.scope.find(name) for name in read})
            return f"brace {recipe.body[0].span if recipe.body else ''} {given}"
        case ChoiceRecipe():
            sides = (recipe_key(side) if side is not None else "" for side in (recipe.yes, recipe.no))
            return "choice " + " ".join(sides)
        case _:
            return repr(recipe)


def _keys(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_key(value)}" for name, value in given.items())


def _key(value: Any) -> str:
    if isinstance(value, RECIPES):
        return recipe_key(value)
    if isinstance(value, Rule):
        return f"{value.name}({_keys(dict(value.arguments))})"
    if isinstance(value, Static):
        items = value.value
        return f"[{', '.join(map(_key, items))}]" if isinstance(items, list) else repr(sample_of(value))
    return "value"


def sample_of(value: Any) -> Any:
    """A plain value of Python that a static may be."""
    if isinstance(value, Static):
        return sample_of(value.value)
    if isinstance(value, list):
        return [sample_of(each) for each in value]
    if isinstance(value, AnyList):
        return _samples(value.item, value.sample)
    return value.sample if isinstance(value, (Test, Opaque)) else value_of(value)


def _sample(sort: Sort) -> Any:
    if sort.columns is not None:
        return [_sample(column) for column in sort.columns]
    if "list" in sort.kinds:
        return _samples(sort.of_items, sort.length)
    return sort.sample


def _samples(item: Sort, count: int) -> list[Any]:
    """A list, with an item in it if it was ever given any."""
    return [_sample(item)] * max(count, 1) if item.kinds else []


def is_identity(recipe: Any) -> bool:
    """Whether a recipe is the identity, which leaves no part."""
    return isinstance(recipe, ChainRecipe) and not recipe.stages
