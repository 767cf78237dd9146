"""One constructor for all uses of a definition.

A block is worked out anew for every distinct set of arguments and sizes.  Laid over each other, the
results agree in most places; where a number differs it is said with the names of the definition, as
they were traced, and these names become arguments of the constructor.  A number that no name accounts
for becomes an argument of its own.  Parts that are not always there depend on the test that the text
made.  Where two uses cannot be laid over each other, `Different` is raised, and they get a class each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cnndsl.backends.torch.code import Apply, Code, ListOf, Pair, Perhaps, Raw, Spread, literal
from cnndsl.backends.torch.slots import ABSENT, Different, Slots
from cnndsl.backends.torch.trees import TURN, ChainTree, Item, LeafTree, Tree, UseTree
from cnndsl.layers.catalogue import HELPERS
from cnndsl.names import is_attribute
from cnndsl.program import Module
from cnndsl.traced import Expr, Test, Traced, negation, parse_expr, parse_test

if TYPE_CHECKING:
    from cnndsl.backends.torch.classes import Classes


@dataclass(frozen=True, slots=True)
class Merged:
    """A part as the class constructs it: always, under a test, or in a loop."""

    names: tuple[tuple[str, ...], ...]
    """Per elaboration, the names of the parts (several for a loop); empty where there is none."""
    code: Code
    when: Test | None
    count: str | None
    affix: tuple[str, str]
    first: int
    kind: str
    """The type of the attribute, where it may be missing: `nn.Sequential`."""

    @property
    def name(self) -> str:
        """The name of the part (of the first, for a loop)."""
        return next(names[0] for names in self.names if names)

    @property
    def counts_from_zero(self) -> bool:
        """Whether the turns of its loop begin with 0, whatever the number of the first name."""
        return self.first == 0 or _mentions_turn(self.code)


class Merger(Slots):
    """Lays the elaborations of one definition over each other."""

    def __init__(self, modules: Sequence[Module], classes: Classes, live: frozenset[str]) -> None:
        super().__init__(modules, live)
        self.classes = classes
        self.imports: set[tuple[str, str]] = set()
        """Classes of other packages that the generated module needs: module and name."""

    # Parts

    def tree(self, trees: Sequence[Tree | Any], hint: str) -> Code:
        """The construction of a part, from what it is in each elaboration (or `ABSENT`)."""
        present = [tree for tree in trees if tree is not ABSENT]
        first = present[0]
        if any(type(tree) is not type(first) for tree in present):
            return self._factory(trees)
        if isinstance(first, LeafTree):
            return self._leaf(trees, [tree for tree in present if isinstance(tree, LeafTree)], hint)
        if isinstance(first, UseTree):
            return self._use(trees, [tree for tree in present if isinstance(tree, UseTree)], hint)
        rows = [tree.items if isinstance(tree, ChainTree) else () for tree in trees]
        return self.chain(self.items(rows, [tree is not ABSENT for tree in trees]), "nn.Sequential")

    def _leaf(self, trees: Sequence[Any], present: list[LeafTree], hint: str) -> Code:
        first = present[0]
        made = first.target, first.package, first.weights
        if any((tree.target, tree.package, tree.weights) != made for tree in present):
            return self._factory(trees)
        if first.template is not None:
            return self._filled(trees, first)
        arguments: list[tuple[str, Code]] = []
        for name, argument in first.arguments:
            row = [ABSENT if tree is ABSENT else dict(tree.arguments)[name].value for tree in trees]
            if not argument.required and all(
                value is ABSENT or _equals_default(value, argument.default) for value in row
            ):
                continue
            text = self.slot(row, f"{hint}_{name}" if not hint.isdigit() else name)
            self._passed_to(text, ABSENT if argument.required else argument.default)
            arguments.append(("" if argument.required and not first.package else name, Raw(text)))
        code = Apply(self._named(first), tuple(arguments))
        return self._with_weights(code, first) if first.weights else code

    def _passed_to(self, text: str, default: Any) -> None:
        """Note what an argument that no name accounts for would be if it were not given."""
        if text in self.extra and default is not ABSENT and default is not None:
            self.usual.setdefault(text, default)

    def _named(self, leaf: LeafTree) -> str:
        """The class of a layer, noted where the generated module has to bring it."""
        if leaf.package:
            self.imports.add((leaf.package, leaf.target))
        elif leaf.target in HELPERS:
            self.helpers.add(leaf.target)
        return leaf.target

    def _filled(self, trees: Sequence[Any], first: LeafTree) -> Code:
        if any(tree is not ABSENT and tree.template != first.template for tree in trees):
            raise Different
        texts = {
            name: self.slot([ABSENT if tree is ABSENT else dict(tree.arguments)[name].value for tree in trees], name)
            for name, _ in first.arguments
        }
        return Raw((first.template or "").format(**texts))

    def _with_weights(self, code: Code, leaf: LeafTree) -> Code:
        weights = leaf.weights
        assert weights is not None  # noqa: S101 - asked by the caller
        self.helpers.add("with_weights")
        given = [(name, getattr(weights, name)) for name in ("weight", "bias")]
        arguments: list[tuple[str, Code]] = [(name, _listed(numbers)) for name, numbers in given if numbers is not None]
        if weights.trainable:
            arguments.append(("trainable", Raw("True")))
        return Apply("with_weights", (("", code), *arguments))

    def _factory(self, trees: Sequence[Any]) -> Code:
        """A layer that differs in kind: the parameter that it was given by becomes an argument."""
        present = {at: tree for at, tree in enumerate(trees) if tree is not ABSENT}
        if not all(isinstance(tree, LeafTree) and tree.weights is None for tree in present.values()):
            raise Different
        for parameter in self.modules[0].parameters:
            rows = {at: {p.name: p.value for p in self.modules[at].parameters}.get(parameter.name) for at in present}
            if all(rows[at] == tree.word for at, tree in present.items()):
                passed = self.factories.setdefault(parameter.name, {})
                for at, tree in present.items():
                    passed[self.modules[at].id] = self._passed(tree)
                return Apply(parameter.name, ())
        raise Different

    def _passed(self, tree: LeafTree) -> Code:
        """A layer given as an argument: the class itself, or a function that makes it."""
        alone = Merger(self.modules[:1], self.classes, frozenset())
        alone.constants = dict(self.environments[0])
        code = alone.tree([tree], "")
        self.helpers |= alone.helpers
        self.imports |= alone.imports
        assert isinstance(code, Apply)  # noqa: S101 - a leaf is a call
        return Raw(code.function) if not code.arguments else Raw(f"lambda: {code.flat()}")

    def _use(self, trees: Sequence[Any], present: list[UseTree], hint: str) -> Code:
        plan = self.classes.plan_of(present[0].module)
        if any(self.classes.plan_of(tree.module) is not plan for tree in present):
            raise Different
        arguments: list[tuple[str, Code]] = []
        for name in plan.arguments:
            default = plan.defaults.get(name, ABSENT)
            if name in plan.factories:
                row = [ABSENT if tree is ABSENT else plan.factory(name, tree.module) for tree in trees]
                code = self._pass_on(row, name, trees)
                arguments.append((name if default is not ABSENT else "", code))
                continue
            row = [ABSENT if tree is ABSENT else _given(dict(tree.names)[name], default) for tree in trees]
            if default is not ABSENT and all(v is ABSENT or _equals_default(v, default) for v in row):
                continue
            text = self.slot(row, name if hint.isdigit() else f"{hint}_{name}")
            self._passed_to(text, default)
            arguments.append((name if default is not ABSENT else "", Raw(text)))
        return Apply(plan.name, tuple(arguments))

    def _pass_on(self, row: list[Any], name: str, trees: Sequence[Any]) -> Code:
        present = {at: code for at, code in enumerate(row) if code is not ABSENT}
        first = next(iter(present.values()))
        if all(code == first for code in present.values()):
            return first  # type: ignore[no-any-return]
        # Passed through from a parameter of this definition.
        for parameter in self.modules[0].parameters:
            words = {at: {p.name: p.value for p in self.modules[at].parameters}.get(parameter.name) for at in present}
            if all(self.classes.plan_of(trees[at].module).word(name, trees[at].module) == words[at] for at in present):
                passed = self.factories.setdefault(parameter.name, {})
                passed.update({self.modules[at].id: code for at, code in present.items()})
                return Raw(parameter.name)
        raise Different

    # Rows of parts

    def items(self, rows: Sequence[Sequence[Item]], here: Sequence[bool] | None = None) -> list[Merged]:
        """The parts of a class or chain. `here` says which elaborations have the chain at all."""
        here = here or [True] * len(rows)
        keyed = [dict(self._keys(row)) for row in rows]
        merged = []
        for key in common_order([list(row) for row in keyed]):
            row = [items.get(key, ABSENT) for items in keyed]
            merged.append(self._item(row, here))
        labels = [part.name for part in merged if not part.name.isdigit()]
        if len(set(labels)) < len(labels):
            raise Different  # one name for what is written in two places
        return merged

    def _keys(self, row: Sequence[Item]) -> Iterable[tuple[Any, Item]]:
        counts: dict[Any, int] = {}
        for item in row:
            place = (item.origin, item.count is None, self._alternative(item))
            counts[place] = counts.get(place, 0) + 1
            yield (place, counts[place]), item

    def _alternative(self, item: Item) -> str:
        """Which one it is, where the text has one or another layer in one place: `relu if sharp else gelu`."""
        if item.when is None or isinstance(item.tree, ChainTree):
            return ""
        return item.tree.target if isinstance(item.tree, LeafTree) else self.classes.plan_of(item.tree.module).name

    def _item(self, row: list[Any], here: Sequence[bool]) -> Merged:
        present = [item for item in row if item is not ABSENT]
        first: Item = present[0]
        missing = [at for at, item in enumerate(row) if item is ABSENT and here[at]]
        count = self._count(row, first, missing) if first.count is not None else None
        is_loop = count is not None
        if any((item.count is None) != (first.count is None) or item.affix != first.affix for item in present):
            raise Different
        automatic = first.name.isdigit()
        if any((item.name.isdigit() if automatic else item.name == first.name) is False for item in present):
            raise Different
        when = self._when(row, first, here) if missing and not is_loop else None
        if count == "1":
            count = None  # a loop of one turn is no loop
        trees = [ABSENT if item is ABSENT else item.tree for item in row]
        code = self.tree(trees, first.name if is_attribute(first.name) else "0")
        names = tuple(() if item is ABSENT else item.names for item in row)
        return Merged(names, code, when, count, first.affix, first.first, _kind(code))

    def _count(self, row: list[Any], first: Item, missing: list[int]) -> str:
        values: list[Any] = [ABSENT if item is ABSENT else item.count for item in row]
        for at in missing:
            loop = parse_expr(first.loop or "0")
            if loop.evaluate(self.environments[at]) != 0:
                raise Different
            values[at] = Traced(0, loop)
        if len(self.modules) > 1 and any(item is not ABSENT and item.first != first.first for item in row):
            raise Different
        return self.slot(values, "count")

    def _when(self, row: list[Any], first: Item, here: Sequence[bool]) -> Test:
        if first.when is None or any(item is not ABSENT and item.when != first.when for item in row):
            raise Different
        return self.test(first.when, [item is not ABSENT if here[at] else None for at, item in enumerate(row)])

    def test(self, text: str, outcomes: Sequence[bool | None]) -> Test:
        """A test as the constructor makes it. Raises Different unless it has these outcomes."""
        test = parse_test(text)
        for at, outcome in enumerate(outcomes):
            if outcome is not None and test.substitute(self.environments[at]) is not outcome:
                raise Different
        shown = test.substitute(self.constants)
        if isinstance(shown, bool):
            raise Different
        self.say_test(shown)
        return shown

    def chain(self, parts: Sequence[Merged], function: str) -> Code:
        """A call that takes parts in a row: `nn.Sequential(...)`."""
        if any(not part.name.isdigit() for part in parts):
            if any(part.name.isdigit() and len({names for names in part.names if names}) > 1 for part in parts):
                raise Different  # its number is another one where a part before it is missing
            self.helpers.add("OrderedDict")
            pairs = _in_a_row(parts, [_pair(part) for part in parts])
            return Apply(function, (("", Apply("OrderedDict", (("", ListOf(pairs)),))),))
        arguments = _in_a_row(parts, [part.code for part in parts])
        return Apply(function, tuple(("", code) for code in arguments), tall=len(arguments) > 1)


def _pair(part: Merged) -> Pair:
    return Pair(literal(part.name) if part.count is None else loop_name(part), part.code)


def _in_a_row(parts: Sequence[Merged], codes: Sequence[Code]) -> tuple[Code, ...]:
    """What makes the parts, as items of a call or list: loops as loops, and those under one test together."""
    items: list[Code] = []
    for when, group in groupby(zip(parts, codes, strict=True), lambda pair: pair[0].when):
        made = tuple(code if part.count is None else _spread(part, code) for part, code in group)
        before = items[-1] if items else None
        if when is None:
            items += made
        elif isinstance(before, Perhaps) and not before.others and before.test == str(negation(when)):
            # The side whose test needs no `not` goes first.
            swap = before.test.startswith("not ")
            items[-1] = Perhaps(made, str(when), before.items) if swap else replace(before, others=made)
        else:
            items.append(Perhaps(made, str(when)))
    return tuple(items)


def _spread(part: Merged, code: Code) -> Spread:
    if not _mentions_turn(code):
        return Spread(code, "_", f"range({part.count})")
    return Spread(code, TURN.name, loop_turns(part))


def loop_turns(part: Merged, count: str = "") -> str:
    """Python for the turns of a loop of named parts; `count` is another way to say how many there are.

    They are counted as the names are, unless the parts are made with a number that is counted from 0.
    """
    count = count or part.count or "0"
    if part.counts_from_zero:
        return f"range({count})"
    end = parse_expr(count) + Expr.of(part.first) if count == part.count else f"{count} + {part.first}"
    return f"range({part.first}, {end})"


def loop_access(part: Merged) -> str:
    """Python for the part of a loop that belongs to the turn."""
    return f"getattr(self, {loop_name(part)})"


def loop_name(part: Merged) -> str:
    """Python for the name of a part in a loop."""
    prefix, suffix = part.affix
    number = f"{TURN.name} + {part.first}" if part.counts_from_zero and part.first else TURN.name
    quoted = [
        text.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
        for text in (prefix, suffix)
    ]
    return f'f"{quoted[0]}{{{number}}}{quoted[1]}"'


def common_order(rows: list[list[Any]]) -> list[Any]:
    """All keys, in an order in which every row is. Raises Different when there is none."""
    after: dict[Any, Any] = {ABSENT: ABSENT}
    """What follows each key; ABSENT stands for both ends."""
    for row in rows:
        last = ABSENT
        for key in row:
            if key not in after:
                after[key], after[last] = after[last], key
            last = key
    order = []
    key = after[ABSENT]
    while key is not ABSENT:
        order.append(key)
        key = after[key]
    index = {key: at for at, key in enumerate(order)}
    for row in rows:
        places = [index[key] for key in row]
        if places != sorted(places):
            raise Different
    return order


def _given(value: Any, default: Any) -> Any:
    """What a use gives for an argument; one that means nothing for this use keeps its default."""
    return default if value is ABSENT else value


def _equals_default(value: Any, default: Any) -> bool:
    if isinstance(value, Traced):
        return False  # it is the default here, and something else where a name in it is another number
    return type(value) is type(default) and bool(value == default)


def _listed(numbers: Any) -> Code:
    return ListOf(tuple(map(_listed, numbers)), tall=False) if isinstance(numbers, tuple) else Raw(repr(float(numbers)))


def _mentions_turn(code: Code) -> bool:
    return re.search(rf"\b{TURN.name}\b", code.flat()) is not None


def _kind(code: Code) -> str:
    function = code.function if isinstance(code, Apply) else "nn.Module"
    return function if function.startswith("nn.") or function[:1].isupper() else "nn.Module"
