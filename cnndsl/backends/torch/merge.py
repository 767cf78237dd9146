"""One constructor for all uses of a definition.

A block is worked out anew for every distinct set of arguments and sizes.  Laid over each other, the
results agree in most places; where a number differs it is said with the names of the definition, as
they were traced, and these names become arguments of the constructor.  A number that no name accounts
for becomes an argument of its own.  Parts that are not always there depend on the test that the text
made.  Where two uses cannot be laid over each other, `Different` is raised, and they get a class each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnndsl.backends.torch.code import Apply, Code, ListOf, Pair, Perhaps, Raw, Spread, literal
from cnndsl.backends.torch.trees import TURN, ChainTree, Item, LeafTree, Tree, UseTree, numbers_of
from cnndsl.layers.base import Code as BareCode
from cnndsl.layers.catalogue import HELPERS
from cnndsl.names import is_attribute
from cnndsl.program import Module
from cnndsl.traced import Expr, Number, Symbol, Test, Traced, parse_expr, parse_test, value_of

if TYPE_CHECKING:
    from cnndsl.backends.torch.classes import Classes

ABSENT: Any = object()


class Different(Exception):  # noqa: N818 - a signal: the two become classes of their own
    """Raised where elaborations cannot share a class."""


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


class Merger:
    """Lays the elaborations of one definition over each other."""

    def __init__(self, modules: Sequence[Module], classes: Classes, live: frozenset[str]) -> None:
        self.modules = tuple(modules)
        self.classes = classes
        self.live = live
        self.environments = tuple(numbers_of(module) for module in modules)
        first = self.environments[0]
        self.constants: dict[str, Any] = {
            name: value
            for name, value in first.items()
            if name not in live and all(env.get(name) == value for env in self.environments)
        }
        self.used: set[str] = set()
        self.extra: dict[str, dict[str, Any]] = {}
        """Arguments that no name accounts for: their value for each module."""
        self.factories: dict[str, dict[str, Code]] = {}
        """Arguments that are layers: what is passed for each module."""
        self.helpers: set[str] = set()
        """Names of helper functions and classes that the generated module needs."""
        self.imports: set[tuple[str, str]] = set()
        """Classes of other packages that it needs: module and name."""

    # Values

    def slot(self, values: Sequence[Any], hint: str, *, may_choose: bool = True) -> str:
        """Python for a value that each elaboration has (or `ABSENT`): an expression, or `a if test else b`."""
        present = [(at, value) for at, value in enumerate(values) if value is not ABSENT]
        if not all(_is_number(value) for _, value in present):
            return self._other_slot(present, hint)
        exprs = [self._resolved(value) for _, value in present]
        first = exprs[0]
        if all(expr == first for expr in exprs) and first.sayable:
            return self.say(first)
        if any(symbol.name in self.live for expr in exprs for symbol in expr.symbols()):
            raise Different
        turning = [any(s == TURN for s in expr.symbols()) for expr in exprs]
        if any(turning):
            return self._turning_slot(values, present, exprs, hint)
        plain = {at: value_of(value) for at, value in present}
        if len(set(plain.values())) == 1:
            return literal(plain[present[0][0]])
        for expr in exprs:
            if self._comes_out(expr, plain):
                return self.say(expr)
        choice = self._choice(exprs, plain) if may_choose else None
        return choice or self._fresh(plain, hint)

    def _choice(self, exprs: Sequence[Expr], values: Mapping[int, Number]) -> str | None:
        """`a if test else b` where a test of the text tells which elaborations have which expression, else None.

        Two bare numbers are left alone: any test parts two uses, and the number may depend on something else.
        """
        rows = dict(zip(values, exprs, strict=True))
        for test in self._tests:
            outcomes = {at: test.substitute(self.environments[at]) for at in values}
            if any(isinstance(outcome, Test) for outcome in outcomes.values()):
                continue
            groups = [{at: values[at] for at in values if outcomes[at] is side} for side in (True, False)]
            sides = [self._serving(rows, group) for group in groups]
            if all(side is not None for side in sides) and any(side.symbols() for side in sides if side is not None):
                yes, no = (self.say(side) for side in sides if side is not None)
                return f"{yes} if {self.say_test(test)} else {no}"
        return None

    def _serving(self, exprs: Mapping[int, Expr], values: Mapping[int, Number]) -> Expr | None:
        """One expression for some of the elaborations."""
        numbers = set(values.values())
        for at in values:
            if self._comes_out(exprs[at], values):
                return exprs[at]
        return Expr.of(numbers.pop()) if len(numbers) == 1 else None

    @cached_property
    def _tests(self) -> list[Test]:
        """The tests that the text makes in this definition and that come out in more than one way."""
        texts = [step.when for module in self.modules for step in module.steps]
        tests = (parse_test(text).substitute(self.constants) for text in dict.fromkeys(texts) if text is not None)
        return [test for test in tests if isinstance(test, Test)]

    def _comes_out(self, expr: Expr, values: Mapping[int, Number]) -> bool:
        """Whether an expression gives the right number in each elaboration, as `ratio * width` where ratio is 1."""
        names = {symbol.name for symbol in expr.symbols()}
        if not names or not expr.sayable or any(not names <= self.environments[at].keys() for at in values):
            return False
        try:
            return all(expr.evaluate(self.environments[at]) == value for at, value in values.items())
        except ZeroDivisionError:
            return False

    def _resolved(self, value: Any) -> Expr:
        expr = Expr.of(value)
        return expr.substitute({s.name: self.constants[s.name] for s in expr.symbols() if s.name in self.constants})

    def say(self, expr: Expr) -> str:
        """Python for an expression of names, which become arguments."""
        self.used.update(symbol.name for symbol in expr.symbols() if symbol != TURN)
        return self._noted(str(expr))

    def _noted(self, text: str) -> str:
        if "make_divisible(" in text:
            self.helpers.add("make_divisible")
        return text

    def _turning_slot(self, values: Sequence[Any], present: list[tuple[int, Any]], exprs: list[Expr], hint: str) -> str:
        """A number that goes up with the turns of a loop: its start may differ, its step must not."""
        starts = [expr.substitute({TURN.name: 0}) for expr in exprs]
        steps = {expr - start for expr, start in zip(exprs, starts, strict=True)}
        if len(steps) != 1:
            raise Different
        row = [ABSENT] * len(values)
        for (at, value), start in zip(present, starts, strict=True):
            row[at] = Traced(value_of(value), start) if start.constant is None else start.constant
        base = parse_expr(self.slot(row, hint, may_choose=False))
        return self.say(base + steps.pop())

    def _other_slot(self, present: list[tuple[int, Any]], hint: str) -> str:
        first = present[0][1]
        if all(isinstance(value, tuple) and len(value) == len(first) for _, value in present) and any(
            isinstance(item, Traced) for _, value in present for item in value
        ):
            return self._tuple_slot(present, hint)
        if all(type(value) is type(first) and value == first for _, value in present):
            return str(first) if isinstance(first, BareCode) else literal(first)
        if any(isinstance(value, (BareCode, Traced)) for _, value in present):
            raise Different
        return self._fresh(dict(present), hint)

    def _tuple_slot(self, present: list[tuple[int, Any]], hint: str) -> str:
        texts = []
        for k in range(len(present[0][1])):
            row = [ABSENT] * len(self.modules)
            for at, value in present:
                row[at] = value[k]
            texts.append(self.slot(row, hint))
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"

    def _fresh(self, values: dict[int, Any], hint: str) -> str:
        """An argument of its own for a value that no name accounts for."""
        by_module = {self.modules[at].id: value for at, value in values.items()}
        for parameter in self._parameters_with(values):
            return self.say(Expr.of(Symbol(parameter)))
        for name, known in self.extra.items():
            if all(known.get(key, value) == value for key, value in by_module.items()):
                known.update(by_module)
                return name
        name = self._free_name(hint)
        self.extra[name] = by_module
        return name

    def _parameters_with(self, values: dict[int, Any]) -> Iterable[str]:
        for parameter in self.modules[0].parameters:
            rows = ({p.name: p.value for p in self.modules[at].parameters} for at in values)
            if all(
                type(row.get(parameter.name)) is type(value) and row.get(parameter.name) == value
                for row, value in zip(rows, values.values(), strict=True)
            ):
                yield parameter.name

    def _free_name(self, hint: str) -> str:
        name, count = hint, 1
        taken = {*self.extra, *self.factories, *self.environments[0], *(p.name for p in self.modules[0].parameters)}
        while name in taken:
            count += 1
            name = f"{hint}_{count}"
        return name

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
            arguments.append(("" if argument.required else name, Raw(text)))
        code = Apply(self._named(first), tuple(arguments))
        return self._with_weights(code, first) if first.weights else code

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
        keyed = [dict(_keys(row)) for row in rows]
        merged = []
        for key in _order([list(row) for row in keyed]):
            row = [items.get(key, ABSENT) for items in keyed]
            merged.append(self._item(row, here))
        labels = [part.name for part in merged if not part.name.isdigit()]
        if len(set(labels)) < len(labels):
            raise Different  # one name for what is written in two places
        return merged

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

    def say_test(self, test: Test) -> str:
        """Python for a test of names, which become arguments."""
        self.used.update(symbol.name for symbol in test.symbols())
        return self._noted(str(test))

    def chain(self, parts: Sequence[Merged], function: str) -> Code:
        """A call that takes parts in a row: `nn.Sequential(...)`."""
        if any(not part.name.isdigit() for part in parts):
            if any(part.count or part.when for part in parts):
                raise Different
            self.helpers.add("OrderedDict")
            pairs = tuple(Pair(literal(part.name), part.code) for part in parts)
            return Apply(function, (("", Apply("OrderedDict", (("", ListOf(pairs)),))),))
        arguments: list[Code] = []
        at = 0
        while at < len(parts):
            part = parts[at]
            if part.count is not None:
                variable = TURN.name if _mentions_turn(part.code) else "_"
                arguments.append(Spread(part.code, variable, part.count))
            elif part.when is not None:
                group = [part]
                while at + 1 < len(parts) and parts[at + 1].when == part.when:
                    at += 1
                    group.append(parts[at])
                arguments.append(Perhaps(tuple(p.code for p in group), str(part.when)))
            else:
                arguments.append(part.code)
            at += 1
        return Apply(function, tuple(("", code) for code in arguments), tall=len(arguments) > 1)


def _keys(row: Sequence[Item]) -> Iterable[tuple[Any, Item]]:
    counts: dict[Any, int] = {}
    for item in row:
        place = (item.origin, item.count is None)
        counts[place] = counts.get(place, 0) + 1
        yield (place, counts[place]), item


def _order(rows: list[list[Any]]) -> list[Any]:
    """All keys, in an order in which every row is. Raises Different when there is none."""
    order = list(rows[0])
    if len(rows) == 1:
        return order
    for row in rows[1:]:
        at = 0
        for key in row:
            if key in order:
                at = order.index(key) + 1
            else:
                order.insert(at, key)
                at += 1
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
    plain = value_of(value)
    if isinstance(value, Traced) and any(s == TURN for s in value.expr.symbols()):
        return False
    return type(plain) is type(default) and bool(plain == default)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Traced)) and not isinstance(value, bool)


def _listed(numbers: Any) -> Code:
    return ListOf(tuple(map(_listed, numbers)), tall=False) if isinstance(numbers, tuple) else Raw(repr(float(numbers)))


def _mentions_turn(code: Code) -> bool:
    import re

    return re.search(rf"\b{TURN.name}\b", code.flat()) is not None


def _kind(code: Code) -> str:
    function = code.function if isinstance(code, Apply) else "nn.Module"
    return function if function.startswith("nn.") or function[:1].isupper() else "nn.Module"
