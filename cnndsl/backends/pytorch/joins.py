"""What names stand for after a condition.

Both ways of it are worked out: what differs afterwards is put into variables.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    Code,
    axis_word,
    flat,
    list_of,
    name,
    names_in,
    replaced,
)
from cnndsl.backends.pytorch.flowgraph import FLOW, LIST, Assign, Compute, If
from cnndsl.backends.pytorch.operations import of_any_number, same_axes, sizes_code
from cnndsl.backends.pytorch.sorts import sample_of, sort_of
from cnndsl.backends.pytorch.statics import abstract, holds_layers
from cnndsl.backends.pytorch.symbols import UNKNOWN
from cnndsl.backends.pytorch.values import (
    AnyTensors,
    Case,
    Facts,
    NeedsFlatten,
    NotYet,
    PartRecipe,
    Scope,
    Static,
    Tensor,
    TensorList,
    Test,
    Undecided,
    Untranslatable,
    each_tensor,
    is_empty,
    tensors_in,
)
from cnndsl.ir import nodes
from cnndsl.symbolic.expr import Expr
from cnndsl.symbolic.number import Traced, value_of


def branch(body: Body, test: Static, yes: Any, no: Any, node: Any) -> None:
    """Work out both ways of a condition, and bring what they leave together."""
    hold_names(body, node)
    if not body.is_silent:
        variables = body.scope.variables
        bound = {*nodes.bound_names(node)}
        lists = (held.lists for each in bound if isinstance(held := body.scope.find(each), AnyTensors))
        sizes = {code.id for each in lists for code in each if isinstance(code, ast.Name)}
        body.keep_sizes({variables.get(each, each) for each in bound} | sizes)
    line = If(test.code, [], [], in_loop=bool(body.loops))
    before = body.state()
    known = {*body.applied, *body.list_registers}
    asked = body.symbols.versioned(test.code)
    with body.inside(line, line.yes, outcome=True, test=test):
        at_yes = reached(body, _of_features(yes, test, outcome=True))
    after_yes = body.state()
    body.restore(before)
    own = {*body.applied, *body.list_registers} - known
    earlier = body.elsewhere
    body.elsewhere = earlier | {each: (*earlier.get(each, ()), Case((asked, True))) for each in own}
    with body.inside(line, line.no, outcome=False, test=test):
        no = _of_features(no, test, outcome=False)
        at_no = reached(body, no) if at_yes else [no()]
    if not at_no:
        body.restore(after_yes)
    if not (at_yes and at_no):
        return
    after_no = body.state()
    later = body.elsewhere
    body.lines.append(line)
    ends = (after_yes.end, after_no.end)
    if body.chain is not None and ends[0] != ends[1]:
        body.end = body.file.new_symbol("chain")
    sides = [
        (key, after_yes.values.get(key), after_no.values.get(key))
        for key in dict.fromkeys([*after_yes.values, *after_no.values])
    ]
    currents = (after_yes.current, after_no.current)
    given = {each for way in currents for each, now in way.items() if before.current.get(each) != now}
    join = _Join(body, test, line, ends, currents, {key for key, a, b in sides if a is not b}, given)
    for key, a, b in sides:
        body.write(*key, join.joined(key, a, b))
    join.give_sizes()
    yes, no = join.facts(outcome=True), join.facts(outcome=False)
    others_own = {*body.applied, *body.list_registers} - known - own
    body.elsewhere = {
        **later,
        **{each: cases_of(earlier, each, yes, Case((asked, True), no)) for each in own},
        **{each: cases_of(later, each, no, Case((asked, False), yes)) for each in others_own},
    }
    versions, others = currents
    current = body.symbols.current
    for variable in dict.fromkeys([*versions, *others]):
        is_joined = current.get(variable) != others.get(variable)  # and has a symbol for what either way gives it
        if versions.get(variable) != others.get(variable) and not is_joined:
            is_of_one = variable not in versions or variable not in others  # it has something only behind this way
            current[variable] = (versions | others)[variable] if is_of_one else body.file.new_symbol(variable)


def _of_features(way: Callable[[], Any], test: Static, *, outcome: bool) -> Callable[[], Any]:
    """A way of a condition, which makes features of the map that a chain is given only if the text takes it."""

    def run() -> Any:
        try:
            return way()
        except NeedsFlatten:
            if test.value.sample == outcome:
                raise
        reason = "the first layer of a chain takes a map in one case, and a list of features in another"
        raise Untranslatable(reason, None, "write flatten before it", Body.names_of(test))

    return run


def reached(body: Body, way: Callable[[], Any]) -> list[Any]:
    """What a way of a condition gives; nothing while turns around have yet to fill a list that it reads."""
    try:
        return [way()]
    except NotYet as problem:
        body.not_yet = problem
        return []


def cases_of(inside: Mapping[int, Sequence[Case]], part: int, facts: Facts, other: Case) -> tuple[Case, ...]:
    """The cases in which a part was not applied yet: those inside one way, where `facts` hold, and the other way."""
    return *(Case(case.way, (*facts, *case.facts)) for case in inside.get(part, ())), other


class _Join:
    """What names stand for after a condition, whose two ways leave different things.

    `currents` are the versions that variables have at the ends of the ways, `changed` the places that differ, and
    `given` the variables of `__init__` to which one of the ways gives something.
    """

    def __init__(
        self,
        body: Body,
        test: Static,
        line: If,
        ends: tuple[str, str],
        currents: tuple[dict[str, str], dict[str, str]],
        changed: set[Any],
        given: set[str],
    ) -> None:
        self._body, self._line, self._ends, self._changed, self._given = body, line, ends, changed, given
        self._currents = currents
        self._facts = test.value if isinstance(test.value, Test) else Test(True)
        self._running: dict[Any, Traced] = {}
        self.variables: set[str] = set()
        """Those of `__init__` that both ways give a size."""
        self._sides: tuple[Tensor, Tensor] | None = None
        """What the value at hand is on the two ways."""
        self._sizes: tuple[list[Assign], list[Assign]] = ([], [])
        """The lines that give sizes their variables at the end of each way."""

    def joined(self, key: tuple[Any, ...], a: Any, b: Any) -> Any:
        """What a name stands for, which stands for one of these."""
        if a is b:
            return a
        match a, b:
            case (None, made) | (made, None):
                way, current = (self._line.yes, self._currents[0]) if b is None else (self._line.no, self._currents[1])
                return hold_sizes(self._body, key[1], made, way, current)
            case Tensor(), Tensor():
                return self._value(key, a, b)
            case TensorList(), TensorList() if len(a.items) == len(b.items):
                pairs = enumerate(zip(a.items, b.items, strict=True))
                return TensorList(
                    tuple(self._value((*key, i), p, q) if isinstance(p, Tensor) else p for i, (p, q) in pairs)
                )
            case Static(), Static() if self._body.is_silent or _same_variable(a, b):
                return either(self._body, a, b)
            case PartRecipe(), PartRecipe() if a.part is b.part:
                return a
            case _ if isinstance(key[0], Scope) and "·" not in key[1] and self._body.chain is None:
                return self._list(key[1], a, b)
            case _:
                return Undecided()

    def facts(self, *, outcome: bool) -> Facts:
        """Which sizes are equal where the condition has this outcome."""
        sizes = ((made.expr, yes if outcome else no) for (yes, no), made in self._running.items())
        return *sizes, *(self._facts.holds if outcome else self._facts.fails)

    def give_sizes(self) -> None:
        """End both ways with the lines that give sizes their variables; none reads what one before it has given."""
        for way, assigns in zip((self._line.yes, self._line.no), self._sizes, strict=True):
            way.extend(in_order(self._body, assigns))

    def _code(self, way: int, dim: Any) -> Code:
        """A size in Python at the end of a way."""
        with self._body.symbols.at_end(self._currents[way]):
            return self._body.symbols.size_code(dim)

    def _list(self, each: str, a: Any, b: Any) -> Any:
        """A list of values that has more of them on one way than on the other: one of any number."""
        body = self._body
        sides: list[AnyTensors] = []
        for value, current in zip((a, b), self._currents, strict=True):
            with body.symbols.at_end(current):
                sides += filter(None, [_as_values(body, value)])
        likes = [side for side in sides if side.sample]
        if len(sides) != 2 or not likes or any(len(side.shape) != len(likes[0].shape) for side in likes):
            return Undecided()
        variable, lines = body.value_name(each), (self._line.yes, self._line.no)
        body.value_names.add(each)
        for side, way in zip(sides, lines, strict=True):
            if flat(side.code) != variable:
                way.append(Compute((variable,), side.code, type=LIST))
        lists = []
        for axis in range(len(likes[0].shape)):
            codes = []
            for side, current in zip(sides, self._currents, strict=True):
                with body.symbols.at_end(current):
                    codes.append(sizes_code(body, side, axis) if side.sample else list_of([]))
            known = [code.id for code in codes if isinstance(code, ast.Name)]
            written = known[0] if known else body.list_variable(each, axis, len(likes[0].shape))
            for code, way in zip(codes, self._sizes, strict=True):
                if flat(code) != written:
                    way.append(Assign(written, code, type="" if known else "list[int]"))
                    self.variables.add(written)
                    body.symbols.new_version(written)
            lists.append(name(written))
        alike = frozenset.intersection(*(side.alike for side in likes)) & same_axes(body, *(s.shape for s in likes))
        sample = max(side.sample for side in likes)
        return AnyTensors(name(variable), likes[0].shape, tuple(lists), sample, alike=alike)

    def _value(self, key: tuple[Any, ...], a: Tensor, b: Tensor) -> Tensor:
        body = self._body
        if len(a.shape) != len(b.shape):
            raise Untranslatable("the two ways of a condition leave values with different numbers of axes")
        made = a
        codes = flat(a.code), flat(b.code)
        if codes[0] != codes[1] and body.chain is not None:
            made = a.moved(name(body.end if codes == self._ends else "chain·"))
        elif codes[0] != codes[1]:
            if len(key) > 2:  # an item of a list
                variable = body.temporary(f"{key[1]}{key[2]}")
            elif "·" in key[1]:  # one that is put aside
                variable = body.temporary()
            else:
                variable = FLOW + body.flow if key[1] == "it" else body.value_name(key[1])
            made = body.put(a, variable, self._line.yes)
            body.put(b, variable, self._line.no)
        self._sides = a, b
        return made.of_shape(
            tuple(
                self._size(key[1], axis, len(a.shape), *sizes)
                for axis, sizes in enumerate(zip(a.shape, b.shape, strict=True))
            )
        )

    def _size(self, each: str, axis: int, rank: int, p: Any, q: Any) -> Any:
        body = self._body
        for way, (dim, facts) in enumerate(((p, self._facts.fails), (q, self._facts.holds))):
            if (body.symbols.same(p, q) or body.symbols.same(p, q, facts)) and self._is_behind(way, dim):
                return dim
        key = (Expr.of(p), Expr.of(q))
        if key not in self._running:
            self._running[key] = (
                body.symbols.fresh(value_of(p)) if body.is_silent else self._variable(each, axis, rank, p, q)
            )
        return self._running[key]

    def _is_behind(self, way: int, dim: Any) -> bool:
        """Whether no way gives something else to the variables that a size of one of them is written with."""
        return self._body.is_silent or names_in(self._code(way, dim)).isdisjoint(self._given)

    def _variable(self, each: str, axis: int, rank: int, p: Any, q: Any) -> Traced:
        """A variable for a size, which both ways set."""
        body = self._body
        variable = body.runner(axis, rank)
        slots = self._changed.intersection(body.slots())
        own = [slot for slot in slots if any(body.read(*slot) is side for side in self._sides or ())]
        if variable in self.variables or is_read_elsewhere(body, variable, own):  # that of another value
            variable = second_runner(body, each, axis, rank)
        self.variables.add(variable)
        codes = [self._code(way, dim) for way, dim in enumerate((p, q))]
        body.keep_sizes({variable})
        for side, code in zip(self._sizes, codes, strict=True):
            if flat(code) != variable:
                side.append(Assign(variable, code))
        return Traced(value_of(p), body.symbols.new_version(variable).expr)


def hold_sizes(body: Body, each: str, made: Any, lines: list[Any], current: dict[str, str] | None = None) -> Any:
    """What lines in a loop have given a name that not every turn gets to: its sizes are those of the turn that did.

    `current` are the versions that variables have at the end of the lines, where others have followed.
    """
    current = body.symbols.current if current is None else current
    symbols = {*current.values()} - body.before_loops | body.running
    return held_sizes(body, each, made, lines, current, symbols) if body.loops else made


def held_sizes(
    body: Body,
    each: str,
    made: Any,
    lines: list[Any],
    current: dict[str, str],
    symbols: set[str],
    others: Container[int] = (),
) -> Any:
    """What a name stands for, with variables for the sizes that are written with some symbols, but for `others`."""

    def held(value: Tensor) -> Tensor:
        shape = list(value.shape)
        for axis, dim in enumerate(shape):
            if axis in others or not body.symbols.mentions(dim, symbols):
                continue
            variable = "_" if body.is_silent else body.list_variable(each, axis, len(shape))
            with body.symbols.at_end(current):
                lines.append(Assign(variable, body.symbols.size_code(dim)))
            kept = body.symbols.fresh(None) if body.is_silent else body.symbols.new_version(variable)
            shape[axis] = Traced(value_of(dim), kept.expr)
        return value.of_shape(tuple(shape))

    return each_tensor(made, held)


def _as_values(body: Body, value: Any) -> AnyTensors | None:
    """A list of values, perhaps an empty one, as one of any number; None for anything else."""
    return AnyTensors(list_of([]), (), (), 0) if is_empty(value) else of_any_number(body, value)


def _same_variable(a: Static, b: Static) -> bool:
    return isinstance(a.code, ast.Name) and flat(a.code) == flat(b.code)


def either(body: Body, a: Static, b: Static) -> Any:
    """What a constant is that is one of two; the variable of the second one has it."""
    if body.is_silent and isinstance(value_of(a.value), (int, float)) and not isinstance(a.value, bool):
        return a if body.symbols.same(a.value, b.value) else Static(body.symbols.fresh(sample_of(a)), a.code)
    sort = sort_of(a)
    sort.merge(sort_of(b))
    if body.is_silent:
        return abstract(body, sort, name(body.file.new_symbol(UNKNOWN)))
    return abstract(body, sort, b.code, body.symbols.new_version(b.code.id))  # type: ignore[attr-defined]


def hold_names(body: Body, node: Any) -> None:
    """Hold here what names of the scopes around stand for, where lines in here may give them another meaning."""
    for each in dict.fromkeys(nodes.bound_names(node)):
        held, is_behind = body.scope.lookup(each)
        if each in body.scope.names or held is None or is_behind:
            continue
        if isinstance(held, Static) and not holds_layers(held):
            body.bind_static(each, held)
        else:
            body.scope.names[each] = held


def second_runner(body: Body, each: str, axis: int, rank: int) -> str:
    """The variable for a size of a value with a name, where the one of the running value is taken."""
    return body.spare(f"{each if each in body.text_names else 'out'}_{axis_word(axis, rank)}")


def is_read_elsewhere(body: Body, variable: str, slots: Sequence[tuple[Any, str]]) -> bool:
    """Whether the size of a value in another place is written with a variable as it is now."""
    now = {body.symbols.current[variable]} if variable in body.symbols.current else set()

    values = (value for slot in body.slots() if slot not in slots for value in tensors_in(body.read(*slot)))
    return any(body.symbols.mentions(dim, now) for value in values for dim in value.shape)


def in_order(body: Body, assigns: list[Assign]) -> list[Assign]:
    """Assignments such that none reads what an earlier one has changed."""
    left, made = list(assigns), []
    while left:
        free = [
            each for each in left if not any(each.name in names_in(other.code) for other in left if other is not each)
        ]
        if not free:  # each is read by another one: what the first has is kept for those
            kept = body.spare("kept")
            made.append(Assign(kept, name(left[0].name)))
            for other in left[1:]:
                other.code = replaced(other.code, {left[0].name: name(kept)})
            free = left
        made.append(free[0])
        left.remove(free[0])
    return made
