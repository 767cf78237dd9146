"""What a class is made of, in a form in which two elaborations of a definition can be laid over each other.

A tree says how a part is constructed: the class, and for each argument its value, traced where it was
computed from names.  Loops are folded here: equal parts in a row, whose numbers go up by equal steps,
become one tree with a count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cnndsl.backends.torch.runs import Runs
from cnndsl.layers.base import Code as BareCode
from cnndsl.program import Child, Leaf, Module, Origin, Program, Use, Weights, outside_values
from cnndsl.traced import Atom, Expr, Operation, Symbol, Traced, parse_expr, value_of

if TYPE_CHECKING:
    from cnndsl.backends.torch.classes import ClassPlan

TURN = Symbol("i")
"""The loop variable of folded parts."""
_FEWEST = 3
"""Quotients that are no easier to read one by one than counted."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a constructor; `required` ones are always written, and by position where it is PyTorch's."""

    value: Any
    default: Any
    required: bool


@dataclass(frozen=True, slots=True)
class LeafTree:
    """A `torch.nn` layer. `word` is how the language writes it when it is given as an argument."""

    target: str
    arguments: tuple[tuple[str, Argument], ...]
    word: str
    weights: Weights | None = None
    template: str | None = None
    package: str = ""


@dataclass(frozen=True, slots=True)
class UseTree:
    """A generated class, with the numbers that its names stand for."""

    module: str
    names: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ChainTree:
    """An `nn.Sequential`."""

    items: tuple[Item, ...]


Tree = LeafTree | UseTree | ChainTree


@dataclass(frozen=True, slots=True)
class Item:
    """A named part, or `count` of them made by a loop, named by numbers from `first` on."""

    name: str
    tree: Tree
    origin: Origin
    when: str | None
    loop: str | None = None
    count: Any = None
    names: tuple[str, ...] = ()
    affix: tuple[str, str] = ("", "")
    first: int = 0


class Trees:
    """Makes the trees of one program."""

    def __init__(self, program: Program, plan_of: Callable[[str], ClassPlan]) -> None:
        self._program, self._plan_of = program, plan_of

    def items(
        self, module: Module, constants: Mapping[str, Any], numbers: Mapping[str, Any] | None = None
    ) -> tuple[Item, ...]:
        """The parts of a module, loops folded.

        `constants` are the names that stand for one number wherever the class is used: what is computed
        from them alone is a number too, by whatever way. `numbers` is what the names stand for that loops
        were counted with: for a chain those of the definition around it, else the module's own.
        """
        if numbers is None:
            numbers = numbers_of(module)
        single = [
            Item(
                child.name,
                self._tree(child, constants, numbers),
                child.origin,
                child.when,
                child.loop,
                names=(child.name,),
            )
            for child in module.children
        ]
        if module.kind in ("chain", "sequence") and any(not item.name.isdigit() for item in single):
            # What has no label has its place as its name, and is named for itself.
            single = [replace(item, loop=None) if item.name.isdigit() else item for item in single]
        return tuple(self._fold(single, numbers, Runs(module, self._program)))

    def _tree(self, child: Child, constants: Mapping[str, Any], numbers: Mapping[str, Any]) -> Tree:
        unit = child.unit
        if isinstance(unit, Leaf):
            return _leaf(unit, constants)
        module = self._program.modules[unit.module]
        if module.kind == "chain":
            return ChainTree(self.items(module, constants, numbers))
        names = {name: _settled(value, constants) for name, value in self._names(unit, module).items()}
        return UseTree(unit.module, tuple(names.items()))

    def _names(self, use: Use, module: Module) -> dict[str, Any]:
        """What each constructor argument of the class stands for at this use."""
        plan = self._plan_of(module.id)
        known = outside_values(use, module)
        return {name: known.get(name, plan.extra_value(name, module.id)) for name in plan.arguments}

    # Loops

    def _fold(self, items: list[Item], numbers: Mapping[str, Any], runs: Runs) -> list[Item]:
        result: list[Item] = []
        at = 0
        while at < len(items):
            end = at + 1
            while end < len(items) and _same_loop(items[at], items[end]):
                end += 1
            result += self._fold_group(items[at:end], numbers, runs)
            at = end
        return result

    def _fold_group(self, group: list[Item], numbers: Mapping[str, Any], runs: Runs) -> list[Item]:
        loop = group[0].loop
        if loop is None or (len(group) == 1 and not parse_expr(loop).symbols()):
            return group
        for skipped in (0, 1):
            rest = group[skipped:]
            if not rest or not runs.is_run([item.name for item in rest]):
                continue
            folded = self._fold_all(rest, loop, skipped, numbers)
            if folded is not None and (len(rest) > 1 or not skipped):
                return [*(replace(item, loop=None) for item in group[:skipped]), folded]
        return [replace(item, loop=None) for item in group]

    def _fold_all(self, items: list[Item], loop: str, skipped: int, numbers: Mapping[str, Any]) -> Item | None:
        expr = parse_expr(loop)
        # Only if there is one part for each turn is their number the one that the loop was counted with: a loop
        # inside a loop, or one with several parts to a turn, gives rows of another length.
        is_whole = expr.evaluate(numbers) == len(items) + skipped
        if len(items) == 1 and not is_whole:
            return None
        affix = _numbered([item.name for item in items])
        if affix is None:
            return None
        tree = fold_trees([item.tree for item in items], self._plan_of)
        if tree is None:
            return None
        count = Traced(len(items) + skipped, expr) - skipped if is_whole and expr.symbols() else len(items)
        prefix, suffix, first = affix
        names = tuple(item.name for item in items)
        return replace(items[0], tree=tree, count=count, loop=loop, names=names, affix=(prefix, suffix), first=first)


def plain(value: Any) -> Any:
    """An argument as Python has it: a number without its history, and a tuple for a list."""
    return tuple(map(plain, value)) if isinstance(value, (list, tuple)) else value_of(value)


def numbers_of(module: Module) -> dict[str, Any]:
    """The numbers (and flags) that the names of a definition stand for in one elaboration."""
    numbers = {p.name: p.value for p in module.parameters if isinstance(p.value, (int, float))}
    for shape in module.input_shapes:
        if shape and isinstance(shape[0], Traced) and not shape[0].is_open:
            numbers[str(shape[0].expr)] = shape[0].value
    return numbers


def _settled(value: Any, constants: Mapping[str, Any]) -> Any:
    """A value with the constants put into the expression that it came from."""
    if isinstance(value, list):
        return plain(value)
    if isinstance(value, tuple):
        return tuple(_settled(item, constants) for item in value)
    if not isinstance(value, Traced) or not any(symbol.name in constants for symbol in value.expr.symbols()):
        return value
    expr = value.expr.substitute(constants)
    return value.value if expr.constant is not None and not expr.factors else Traced(value.value, expr)


def _leaf(leaf: Leaf, constants: Mapping[str, Any]) -> LeafTree:
    spelling = leaf.spelled.torch(leaf.x)
    arguments = tuple(
        (a.name, Argument(_settled(a.value, constants), None if a.required else a.default, a.required))
        for a in spelling.arguments
    )
    return LeafTree(spelling.target, arguments, leaf.layer.text, leaf.weights, spelling.template, spelling.package)


def _same_loop(a: Item, b: Item) -> bool:
    return a.origin == b.origin and a.loop == b.loop and a.when == b.when and type(a.tree) is type(b.tree)


_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)$", re.DOTALL)


def _numbered(names: Sequence[str]) -> tuple[str, str, int] | None:
    """Prefix, suffix and first number of names that count up by one."""
    match = _NUMBERED.match(names[0])
    if match is None:
        return None
    prefix, digits, suffix = match.groups()
    first = int(digits)
    if all(name == f"{prefix}{first + k}{suffix}" for k, name in enumerate(names)):
        return prefix, suffix, first
    return None


def fold_trees(trees: Sequence[Tree], plan_of: Callable[[str], ClassPlan]) -> Tree | None:
    """One tree in terms of the loop variable, or None where the trees differ in more than equal steps."""
    first = trees[0]
    if len(trees) == 1:
        return first
    if isinstance(first, LeafTree):
        return _fold_leaves([t for t in trees if isinstance(t, LeafTree)], len(trees))
    if isinstance(first, UseTree):
        uses = [t for t in trees if isinstance(t, UseTree)]
        if len(uses) != len(trees) or any(plan_of(t.module) is not plan_of(first.module) for t in uses):
            return None
        values = [fold_values([t.names[k][1] for t in uses]) for k in range(len(first.names))]
        if any(value is _NO_FOLD for value in values):
            return None
        return UseTree(first.module, tuple((n, v) for (n, _), v in zip(first.names, values, strict=True)))
    chains = [t for t in trees if isinstance(t, ChainTree)]
    if len(chains) != len(trees) or len({len(t.items) for t in chains}) != 1:
        return None
    items = []
    for row in zip(*(t.items for t in chains), strict=True):
        head = row[0]
        if any(
            (i.name, i.when, i.count, i.affix, i.first) != (head.name, head.when, head.count, head.affix, head.first)
            for i in row
        ):
            return None
        tree = fold_trees([i.tree for i in row], plan_of)
        if tree is None or head.count is not None:
            return None
        items.append(replace(head, tree=tree))
    return ChainTree(tuple(items))


def _fold_leaves(leaves: list[LeafTree], count: int) -> LeafTree | None:
    first = leaves[0]
    if len(leaves) != count or any(
        (t.target, t.package, t.weights, t.template) != (first.target, first.package, first.weights, first.template)
        for t in leaves
    ):
        return None
    if len({tuple(n for n, _ in t.arguments) for t in leaves}) != 1:
        return None
    arguments = []
    for k, (name, argument) in enumerate(first.arguments):
        value = fold_values([t.arguments[k][1].value for t in leaves])
        if value is _NO_FOLD:
            return None
        arguments.append((name, replace(argument, value=value)))
    return replace(first, arguments=tuple(arguments))


_NO_FOLD: Any = object()


def fold_values(values: list[Any]) -> Any:
    """One value for all turns: equal ones, or numbers that go up by equal steps, in terms of the loop variable."""
    first = values[0]
    if all(_same(first, value) for value in values):
        return first
    if all(isinstance(value, Traced) and isinstance(value.value, float) for value in values):
        folded = _fold_quotients([value.expr for value in values])
        return _NO_FOLD if folded is None else Traced(first.value, folded)
    if not all(isinstance(value_of(v), int) and not isinstance(v, (bool, BareCode)) for v in values):
        return _NO_FOLD
    exprs = [Expr.of(value) for value in values]
    step = exprs[1] - exprs[0]
    if any((b - a) != step for a, b in pairwise(exprs)):
        return _NO_FOLD
    if len(values) == 2 and step.constant is not None:
        return _NO_FOLD  # any two numbers are an equal step apart
    return Traced(value_of(first), exprs[0] + step * Expr.of(TURN))


def _fold_quotients(exprs: list[Expr]) -> Expr | None:
    """Three or more of `rate * 6 / 17`, `rate * 7 / 17`, ... as `(i + 6) * rate / 17`, which is rounded alike."""
    parts = [_quotient(expr) for expr in exprs]
    if len(parts) < _FEWEST or parts[0] is None:
        return None
    count, name, below = parts[0]
    if parts != [(count + at, name, below) for at in range(len(parts))]:
        return None
    return Expr.of(Operation("/", (Expr.product((Expr.of(TURN) + Expr.of(count), Expr.of(name))), below)))


def _quotient(expr: Expr) -> tuple[int, Atom, Expr] | None:
    """The `6`, `rate` and `17` of `6 * rate / 17`, where an expression is of this form."""
    match expr.terms:
        case (((Operation(name="/", operands=(above, below)),), 1),):
            match above.terms:
                case (((atom,), int(count)),):
                    return count, atom, below
    return None


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Traced) or isinstance(b, Traced):
        return Expr.of(a) == Expr.of(b) if is_number(a) and is_number(b) else False
    return type(a) is type(b) and a == b


def is_number(value: Any) -> bool:
    """Whether a value is a number, traced or not; a flag is none."""
    return isinstance(value, (int, float, Traced)) and not isinstance(value, bool)
