"""A body, translated by abstract interpretation: both branches and each loop once, sizes as expressions.

Out comes one structured list of lines, of which `flowgraph` keeps what `__init__` needs and what `forward` needs. The
same walk, without its lines, tells what comes out of a block for the arguments and sizes of one call.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cnndsl.backends.pytorch.code import (
    Code,
    attribute,
    call,
    constant,
    flat,
    is_not_none,
    list_of,
    name,
    names_in,
    negated,
    subscript,
    walk_code,
)
from cnndsl.backends.pytorch.construct import Construct, Made, axis_word
from cnndsl.backends.pytorch.expressions import Scope
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    Assign,
    Chain,
    Compute,
    Declare,
    For,
    If,
    Part,
    Register,
    Training,
    walk,
)
from cnndsl.backends.pytorch.sorts import Sort, is_identity, sample_of, sort_of
from cnndsl.backends.pytorch.values import (
    RECIPES,
    AnyTensors,
    BlockRecipe,
    BraceRecipe,
    ChainRecipe,
    ChoiceRecipe,
    CopiesRecipe,
    KindRecipe,
    NeedsFlatten,
    ParamRecipe,
    PartRecipe,
    Static,
    Tensor,
    TensorList,
    Test,
    Untranslatable,
)
from cnndsl.ir import nodes
from cnndsl.ir.names import why_not
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, value_of

_OPEN = 2**12 * 3 * 5 * 7
"""A sample of a size that is left open."""
_DEEPEST = 3
"""So many calls stand in one another on a line of `forward`."""
_MOST_ROUNDS = 12
_MOST_TURNS = 64
"""Loops of constants up to this many turns are worked out turn by turn where only sizes are wanted."""


@dataclass
class Output:
    """What goes out of a body."""

    name: str | None
    value: Any
    training: bool = False


class Body(Construct):
    """Translates a body."""

    def __init__(self, file: Any, *, is_silent: bool, used_names: set[str] | None = None) -> None:
        super().__init__(file)
        self.is_silent = is_silent
        self.scope = Scope()
        self.it = self.entry = None
        self.lines: list[Any] = []
        self.chain: Chain | None = None
        self.is_empty_chain = True
        self.end = ""
        self.parts: dict[int, Part] = {}
        self.flow = "x"
        self.kind = "block"
        self.outputs: list[Output] | None = None
        self.rules: list[tuple[str, str, Any]] = []
        self.loops: list[For] = []
        self.taken = used_names if used_names is not None else set()
        self.variables: dict[int, dict[str, str]] = {}
        self.value_names: set[str] = {"x"}
        self._declared: dict[str, Any] = {}
        self._path: list[Any] = []
        self._fallbacks = 0
        """How many of the loops around could be written out turn by turn."""
        self._goes_on = False
        """Whether lines follow the one at hand."""
        self.inputs: list[tuple[str, Tensor]] = []
        self._locals: dict[str, str] = {}
        self._runners: dict[str, str] = {}
        self.given_names: set[str] = set()
        """The parameters of the definition."""
        self.text_names: set[str] = set()
        """The names that the text gives to constants and values."""
        self._grown: dict[Any, Any] = {}
        self._own_variables: set[str] = set()
        """The variables of `forward` for what blocks are given, which nothing else is put into."""

    # Variables

    def variable(self, wanted: str) -> str:
        if self.is_silent:
            return self.file.new_symbol(wanted)  # type: ignore[no-any-return]
        scope = self.variables.setdefault(id(self.scope), {})
        if wanted in scope:
            return scope[wanted]
        made = self.free(wanted)
        scope[wanted] = made
        return made

    def free(self, wanted: str) -> str:
        """A variable that nothing has yet."""
        base = wanted if why_not(wanted) is None or wanted in _OWN_ATTRIBUTES else f"{wanted}_"
        made, count = base, 1
        while made in self.taken:
            count += 1
            made = f"{base}_{count}" if base[-1].isdigit() else f"{base}{count}"
        self.taken.add(made)
        return made

    def value_name(self, wanted: str) -> str:
        """A variable of `forward`, for a value that the text calls so."""
        entry = self.entry.code if isinstance(self.entry, Tensor) else None
        if wanted == "x" and isinstance(entry, ast.Name) and entry.id == FLOW + "x":
            return FLOW + "x_"  # `x` is what comes in
        return FLOW + (wanted if why_not(wanted) is None or wanted in _OWN_ATTRIBUTES else f"{wanted}_")

    def input_name(self, wanted: str) -> str:
        """The argument of `forward` for what comes in by a name; `x` is what comes in without one."""
        made = FLOW + "x" if wanted == "input" else self.value_name(wanted)
        while made in {variable for variable, _ in self.inputs}:
            made += "_"
        return made

    def local(self, wanted: str) -> str:
        """A variable of `__init__` for a layer that was just made; what was in it is not needed any more."""
        variable = self._locals.get(wanted)
        if variable is None:
            variable = self._locals[wanted] = self.free(wanted)
        if variable in self.current:
            self.keep_sizes({variable})
        self.new_version(variable)
        return variable

    def temporary(self, wanted: str = "out") -> str:
        """A variable of `forward` that no value has."""
        made, count = wanted, 1
        while made in self.value_names:
            count += 1
            made = f"{wanted}{count}"
        self.value_names.add(made)
        return FLOW + made

    def bind_static(self, wanted: str, static: Static) -> None:
        """Give a name of the text a constant: a variable of `__init__`."""
        if self.is_silent:
            self.scope.names[wanted] = static
            return
        scope = self.variables.setdefault(id(self.scope), {})
        variable = scope.get(wanted) or self.variable(wanted)
        if variable in self.current:
            self.keep_sizes({variable})
        self.lines.append(Assign(variable, static.code))
        value = static.value
        symbol = self.new_version(variable)
        assert symbol is not None  # noqa: S101 - it always has one
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            (made,) = symbol.expr.symbols()
            self.definitions[made.name] = Expr.of(value)
            value = Traced(value, symbol.expr)
        elif isinstance(value, Traced):
            (made,) = symbol.expr.symbols()
            self.definitions[made.name] = value.expr
            value = Traced(value.value, symbol.expr)
        elif isinstance(value, list):
            value = [_item(each, name(variable), at) for at, each in enumerate(value)]
        self.scope.names[wanted] = Static(value, name(variable))

    def keep_sizes(self, variables: set[str]) -> None:
        """Before variables are given something else, keep the sizes that are written with them."""
        symbols = {self.current[each] for each in variables if each in self.current}
        kept: dict[Any, Traced] = {}
        for where, dim in list(self._sizes()):
            if isinstance(dim, Traced) and self._mentions(dim.expr, symbols):
                if dim.expr not in kept:
                    kept[dim.expr] = self._kept(dim)
                where(kept[dim.expr])

    def _kept(self, dim: Traced) -> Traced:
        variable = self.free("kept")
        self.lines.append(Assign(variable, self.size_code(dim)))
        symbol = self.new_version(variable)
        assert symbol is not None  # noqa: S101 - it always has one
        (made,) = symbol.expr.symbols()
        self.definitions[made.name] = dim.expr
        return Traced(dim.value, symbol.expr)

    def _mentions(self, expr: Expr, symbols: set[str]) -> bool:
        for symbol in expr.symbols():
            if symbol.name in symbols:
                return True
            code = self.coded.get(symbol.name)
            if code is not None and any(self.current.get(each) in symbols for each in names_in(code)):
                return True
        return False

    def _slots(self) -> Iterator[tuple[Any, str]]:
        """The places that hold values: (scope or self, name)."""
        yield self, "it"
        if self.entry is not self.it:
            yield self, "entry"
        scope: Scope | None = self.scope
        while scope is not None:
            for each, value in scope.names.items():
                if isinstance(value, (Tensor, TensorList, AnyTensors)):
                    yield scope, each
            scope = scope.parent

    def _sizes(self) -> Iterator[tuple[Any, Any]]:
        for owner, each in list(self._slots()):
            value = self.read(owner, each)
            if isinstance(value, Tensor):
                for axis, dim in enumerate(value.shape):
                    yield self._setter(owner, each, axis), dim

    @staticmethod
    def read(owner: Any, each: str) -> Any:
        """The value in a place."""
        return owner.names[each] if isinstance(owner, Scope) else getattr(owner, each)

    @staticmethod
    def write(owner: Any, each: str, value: Any) -> None:
        """Put a value in a place."""
        if isinstance(owner, Scope):
            owner.names[each] = value
        else:
            setattr(owner, each, value)

    def _setter(self, owner: Any, each: str, axis: int) -> Any:
        def put(dim: Any) -> None:
            value = self.read(owner, each)
            shape = (*value.shape[:axis], dim, *value.shape[axis + 1 :])
            self.write(owner, each, Tensor(value.code, shape, value.unbatched))

        return put

    # Statements

    def run(self, body: Sequence[Any]) -> None:
        """All lines of a body."""
        outer = self._goes_on
        for at, statement in enumerate(body, 1):
            self._goes_on = outer or at < len(body)
            try:
                getattr(self, f"_do_{statement.node}")(statement)
            except Untranslatable as problem:
                if problem.span is None:
                    problem.span = statement.span
                raise
            finally:
                self._goes_on = outer

    def _do_bind(self, statement: nodes.Bind) -> None:
        node = statement.value
        if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Flow):
            self._input(node, statement.names[0])
            return
        if len(statement.names) > 1:
            self._bind_several(statement)
            return
        (wanted,) = statement.names
        if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Ref) and node.function.name == "parameter":
            self.set_value(wanted, self.learned(node, wanted))
            return
        self.target = self.value_name(wanted)
        value = self.evaluate(node)
        if isinstance(value, RECIPES) and not self.chain:
            value = self.for_later(value)
            self._declare(wanted, value, node)
        elif isinstance(value, Static):
            self.bind_static(wanted, value)
        else:
            self.set_value(wanted, value)

    def set_value(self, wanted: str, value: Any) -> None:
        """Give a name of the text a value."""
        if isinstance(value, Tensor) and self.chain is None:
            variable = self.value_name(wanted)
            self.value_names.add(wanted)
            if not (isinstance(value.code, ast.Name) and value.code.id == variable):
                self.keep_values({variable}, wanted)
                self.lines.append(Compute((variable,), value.code, shape=value.shape))
            value = value.moved(name(variable))
        elif isinstance(value, TensorList):
            value = self.settled(value, wanted)
            items = [self._own_item(wanted, at, each) for at, each in enumerate(value.items)]
            value = TensorList(tuple(items))
        elif isinstance(value, AnyTensors):
            value = self._set_list(wanted, value)
        self.scope.names[wanted] = value

    def _own_item(self, wanted: str, at: int, item: Any) -> Any:
        if not isinstance(item, Tensor):
            return item
        if isinstance(item.code, ast.Name) and item.code.id not in (FLOW + "x", FLOW + self.flow):
            return item
        variable = self.temporary(f"{wanted}_{at}" if wanted[-1].isdigit() else f"{wanted}{at}")
        self.lines.append(Compute((variable,), item.code, shape=item.shape))
        return item.moved(name(variable))

    def _bind_several(self, statement: nodes.Bind) -> None:
        self.target = None
        self.is_taken_apart = True
        try:
            value = self.evaluate(statement.value)
        finally:
            self.is_taken_apart = False
        if isinstance(value, Static) and isinstance(value.value, list):
            for wanted, item in zip(statement.names, value.value, strict=True):
                if isinstance(item, Static):
                    self.bind_static(wanted, item)
                else:
                    self._declare(wanted, item, statement.value)
            return
        items = value.items if isinstance(value, TensorList) else (value,)
        if self._pending is not None and self._pending[0] is value:
            names = tuple(self.value_name(each) for each in statement.names)
            call_code = self._pending[1]
            self.keep_values(set(names), None)
            self.lines.append(Compute(names, call_code, type="tuple"))
            for wanted, variable, item in zip(statement.names, names, items, strict=True):
                self.value_names.add(wanted)
                self.scope.names[wanted] = item.moved(name(variable))
            self._pending = None
            return
        for wanted, item in zip(statement.names, items, strict=True):
            self.set_value(wanted, item)

    _pending: tuple[Any, Code] | None = None
    target: str | None = None

    is_taken_apart = False
    """Whether what is worked out is given to several names."""

    def several(self, code: Code, shapes: Sequence[Any]) -> TensorList:
        """Values that one step gives: as a tuple that is taken apart where it is needed."""
        value = TensorList(tuple(Tensor(subscript(code, constant(at)), shape) for at, shape in enumerate(shapes)))
        self._pending = (value, code)
        return value if self.is_taken_apart else self.settled(value)

    def settled(self, value: Any, wanted: str = "part") -> Any:
        """Several values with a variable for each."""
        if self._pending is None or self._pending[0] is not value:
            return value
        names = tuple(self.temporary(f"{wanted}{at}") for at in range(len(value.items)))
        self.lines.append(Compute(names, self._pending[1], type="tuple"))
        self._pending = None
        items = tuple(item.moved(name(v)) for v, item in zip(names, value.items, strict=True))
        return TensorList(items)

    def _do_apply(self, statement: nodes.Apply) -> None:
        node: Any = statement.value
        if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Flow):
            self._input(node, "input")
            return
        self.target = FLOW + self.flow
        flows = isinstance(node, nodes.Pipe)
        goes_on = flows and not any(isinstance(each, nodes.Flow) for each in nodes.walk(node.stages[1:]))
        if flows and not isinstance(node.stages[0], nodes.Labelled):
            first = self.evaluate(node.stages[0])
            if isinstance(first, Tensor):
                self.target = FLOW + self.flow if goes_on else None
                self.go_on(self.applied_pipe(first, node.stages[1:]))
                return
            stages = [(first, None, node.stages[0]), *map(self.stage, node.stages[1:])]
            value = self.apply(ChainRecipe(tuple(stages)), self.it, node)
        else:
            if not isinstance(node, (nodes.Labelled, nodes.Call, nodes.Ref, nodes.Brace)):
                self.target = None
            found = self.evaluate(node)
            if isinstance(found, RECIPES):
                self.target = FLOW + self.flow
                value = self.apply(found, self.it, node)
            else:
                value = found
        self.go_on(value)

    def go_on(self, value: Any) -> None:
        """Make a value the current one."""
        if isinstance(value, TensorList):
            self.it = self.settled(value)
            return
        if self.chain is None and isinstance(value, Tensor):
            value = self.in_variable(value, FLOW + self.flow)
        self.it = value

    def in_variable(self, value: Tensor, variable: str) -> Tensor:
        """The value, in a variable."""
        if isinstance(value.code, ast.Name):
            return value
        self.keep_values({variable}, None)
        self.lines.append(Compute((variable,), value.code, shape=value.shape))
        return value.moved(name(variable))

    def keep_values(self, variables: set[str], wanted: str | None) -> None:
        """Before variables of `forward` are given something else, keep the values in them that still have a name."""
        if self.is_silent:
            return
        kept: dict[str, Code] = {}

        def saved(value: Any) -> Any:
            if isinstance(value, Tensor) and isinstance(value.code, ast.Name) and value.code.id in variables:
                if value.code.id not in kept:
                    made = self.temporary(f"{value.code.id.removeprefix(FLOW)}_before")
                    self.lines.append(Compute((made,), value.code, shape=value.shape))
                    kept[value.code.id] = name(made)
                return value.moved(kept[value.code.id])
            if isinstance(value, TensorList) and any(saved_one(item) for item in value.items):
                return TensorList(tuple(saved(item) for item in value.items))
            return value

        def saved_one(value: Any) -> bool:
            return isinstance(value, Tensor) and isinstance(value.code, ast.Name) and value.code.id in variables

        scope: Scope | None = self.scope
        while scope is not None:
            for each, value in list(scope.names.items()):
                if each != wanted and isinstance(value, (Tensor, TensorList)):
                    scope.names[each] = saved(value)
            scope = scope.parent
        if self.flow != "x" and self.entry is not None and not self.chain:
            self.entry = saved(self.entry)
        if wanted is not None and not self.chain:
            self.it = saved(self.it)

    def _do_if(self, statement: nodes.If) -> None:
        test = self.test(statement.condition)
        if isinstance(test.value, bool):
            self.run(statement.yes if test.value else statement.no)
            return
        self.branch(test, lambda: self.run(statement.yes), lambda: self.run(statement.no), statement)

    def branch(self, test: Static, yes: Any, no: Any, node: Any) -> If:
        """Work out both ways of a condition, and bring what they leave together."""
        if not self.is_silent:
            self.keep_sizes({self._variables_of(each) for each in bound_names(node)} & set(self.current))
        line = If(test.code, [], [], in_loop=bool(self.loops))
        outer = self.lines
        before = self.state()
        try:
            self.lines = line.yes
            with self.path(line, True, test):
                yes()
            after_yes, known_yes = self.state(), dict(self.current)
            self.restore(before)
            self.lines = line.no
            with self.path(line, False, test):
                no()
            after_no = self.state()
        finally:
            self.lines = outer
        self.lines.append(line)
        self.join(test, line, after_yes, after_no, known_yes)
        return line

    def _variables_of(self, wanted: str) -> str:
        return self.variables.get(id(self.scope), {}).get(wanted, wanted)

    @contextmanager
    def path(self, line: Any, outcome: bool, test: Static | None) -> Iterator[None]:
        """While a branch or a loop is worked out."""
        self._path.append((line, outcome, test))
        try:
            yield
        finally:
            self._path.pop()

    def state(self) -> dict[Any, Any]:
        """What all names stand for."""
        found: dict[Any, Any] = {("self", "it"): self.it, ("self", "entry"): self.entry}
        scope: Scope | None = self.scope
        while scope is not None:
            for each, value in scope.names.items():
                found[scope, each] = value
            scope = scope.parent
        found["current"] = dict(self.current)
        found["end"] = self.end
        return found

    def restore(self, state: dict[Any, Any]) -> None:
        """Go back to what names stood for."""
        scope: Scope | None = self.scope
        while scope is not None:
            scope.names = {each: value for (owner, each), value in _named(state) if owner is scope}
            scope = scope.parent
        self.it, self.entry = state["self", "it"], state["self", "entry"]
        self.current, self.end = dict(state["current"]), state["end"]

    def join(self, test: Static, line: If, yes: dict[Any, Any], no: dict[Any, Any], known_yes: dict[str, str]) -> None:
        """What names stand for after a condition."""
        facts = test.value if isinstance(test.value, Test) else Test(True)
        running: dict[Any, Traced] = {}
        ends = (yes.pop("end"), no.pop("end"))
        if self.chain is not None and ends[0] != ends[1]:
            self.end = self.file.new_symbol("chain")
        for key in dict.fromkeys([*yes, *no]):
            if key == "current":
                continue
            a, b = yes.get(key), no.get(key)
            if a is b:
                made = a
            elif a is None or b is None:
                made = a if b is None else b
            elif isinstance(a, Tensor) and isinstance(b, Tensor):
                made = self._join_values(key, a, b, line, facts, running, ends)
            elif isinstance(a, TensorList) and isinstance(b, TensorList) and len(a.items) == len(b.items):
                items = [
                    self._join_values((*key, at), p, q, line, facts, running, ends) if isinstance(p, Tensor) else p
                    for at, (p, q) in enumerate(zip(a.items, b.items, strict=True))
                ]
                made = TensorList(tuple(items))
            elif isinstance(a, Static) and isinstance(b, Static):
                made = self._join_statics(a, b)
            elif isinstance(a, PartRecipe) and isinstance(b, PartRecipe):
                made = a
            else:
                made = _Undecided()
            if isinstance(key[0], Scope):
                key[0].names[key[1]] = made
            elif key[1] == "it":
                self.it = made
            else:
                self.entry = made
        for variable in {*known_yes, *no["current"]}:
            if known_yes.get(variable) != no["current"].get(variable):
                self.current[variable] = self.file.new_symbol(variable)

    def _join_values(
        self,
        key: Any,
        a: Tensor,
        b: Tensor,
        line: If,
        facts: Test,
        running: dict[Any, Traced],
        ends: tuple[str, str],
    ) -> Tensor:
        if len(a.shape) != len(b.shape):
            raise Untranslatable("the two ways of a condition leave values with different numbers of axes")
        code = a.code
        if self.chain is not None and (flat(a.code), flat(b.code)) == ends:
            code = name(self.end)
        elif flat(a.code) != flat(b.code) and self.chain is not None:
            code = name("chain·")
        elif flat(a.code) != flat(b.code):
            if len(key) > 2:  # an item of a list
                variable = self.temporary(f"{key[1]}{key[2]}")
            else:
                variable = FLOW + self.flow if key[1] == "it" else self.value_name(key[1])
            for side, value in ((line.yes, a), (line.no, b)):
                if not (isinstance(value.code, ast.Name) and value.code.id == variable):
                    side.append(Compute((variable,), value.code, shape=value.shape))
            code = name(variable)
        shape = []
        for axis, (p, q) in enumerate(zip(a.shape, b.shape, strict=True)):
            shape.append(self._join_sizes(p, q, axis, len(a.shape), line, facts, running))
        return Tensor(code, tuple(shape), a.unbatched)

    def _join_sizes(
        self, p: Any, q: Any, axis: int, rank: int, line: If, facts: Test, running: dict[Any, Traced]
    ) -> Any:
        if self.same(p, q) or self.same(p, q, facts.fails):
            return p
        if self.same(p, q, facts.holds):
            return q
        key = (Expr.of(p), Expr.of(q))
        if key not in running:
            running[key] = self._running(p, q, axis, rank, line)
        return running[key]

    def _running(self, p: Any, q: Any, axis: int, rank: int, line: If) -> Traced:
        sample = value_of(p)
        if self.is_silent:
            return self.fresh(sample)
        variable = self.runner(axis, rank)
        codes = (self.size_code(p), self.size_code(q))
        if variable in self.current:
            self.keep_sizes({variable})
        for side, code in zip((line.yes, line.no), codes, strict=True):
            if flat(code) != variable:
                side.append(Assign(variable, code))
        made = self.new_version(variable)
        assert made is not None  # noqa: S101 - it always has one
        return Traced(sample, made.expr)

    def runner(self, axis: int, rank: int) -> str:
        """The variable for a size of the running value."""
        wanted = self.size_name(axis, rank)
        if wanted in self.text_names:
            wanted = f"out_{wanted}"
        if wanted not in self._runners:
            self._runners[wanted] = self.free(wanted)
        return self._runners[wanted]

    def size_name(self, axis: int, rank: int) -> str:
        """What a running size is called."""
        from cnndsl.layers.formula import AXES

        if axis:
            return AXES[rank - 1][axis - 1] if rank - 1 in AXES else f"size{axis}"
        word = "features" if rank == 1 else "channels"
        if self.kind == "network":
            return f"in_{word}"
        return word if word not in self.given_names else f"out_{word}"

    def _join_statics(self, a: Static, b: Static) -> Any:
        if flat(a.code) == flat(b.code) and isinstance(a.code, ast.Name):
            sort = sort_of(a)
            sort.merge(sort_of(b))
            if self.is_silent:
                return self.abstract(sort, a.code)
            return self.abstract(sort, a.code, self.new_version(a.code.id))
        if self.is_silent:
            return self._either(a, b)
        return _Undecided()

    def _either(self, a: Static, b: Static) -> Any:
        if isinstance(value_of(a.value), (int, float)) and not isinstance(a.value, bool):
            return a if self.same(a.value, b.value) else Static(self.fresh(sample_of(a)), a.code)
        sort = sort_of(a)
        sort.merge(sort_of(b))
        return self.abstract(sort, name("unknown"))

    # Loops

    def _do_for(self, statement: nodes.For) -> None:
        source = self.evaluate(statement.source)
        if isinstance(source, (TensorList, AnyTensors)):
            self._for_values(statement, self.settled(source))
            return
        if not isinstance(source, Static):
            raise Untranslatable("a loop runs over a list", statement.span)
        items = source.value
        if items == []:
            return
        if isinstance(items, list) and (self.unrolls(items) or self.must_unroll(items)):
            self._reserve_at_outermost(statement)
            for item in items:
                self.bind_turn(statement.targets, item)
                self.run(statement.body)
            return
        sort = sort_of(source).item or Sort()

        def turn(item: Any) -> None:
            self.bind_turn(statement.targets, item)
            self.run(statement.body)

        self.loop_or_turns(
            statement,
            lambda: self.loop(
                statement, source.code, lambda: self.bind_generic(statement.targets, sort), statement.body
            ),
            turn,
            items if isinstance(items, list) else None,
        )

    def loop_or_turns(self, node: Any, loop: Any, turn: Any, items: list[Any] | None) -> None:
        """A loop; or its turns one by one, where what they leave cannot be said by a loop and there are few."""
        if items is None or self.is_silent or len(items) > _MOST_TURNS:
            loop()
            return
        mark = self._mark()
        self._fallbacks += 1
        try:
            loop()
        except Untranslatable:
            self._rewind(mark)
            self._reserve_at_outermost(node)
            self._fallbacks -= 1
            try:
                for item in items:
                    turn(item)
            finally:
                self._fallbacks += 1
        finally:
            self._fallbacks -= 1

    def _mark(self) -> tuple[Any, ...]:
        """Where the translation is, to come back to."""
        dicts = (self._declared, self._registered, self._counts, self.parts, self.fills, self._locals)
        sets = (self.taken, self.value_names, self.always)
        tests = {id(e[0]): list(e[0].tests) for e in self._registered.values()}
        return (
            self.state(), len(self.lines), [dict(d) for d in dicts], [set(s) for s in sets], self.is_empty_chain, tests,
            self.target,
        )  # fmt: skip

    def _rewind(self, mark: tuple[Any, ...]) -> None:
        state, count, dicts, sets, empty, tests, target = mark
        self.restore(state)
        del self.lines[count:]
        held: Any
        for held, old in zip(
            (self._declared, self._registered, self._counts, self.parts, self.fills, self._locals), dicts, strict=True
        ):
            held.clear()
            held.update(old)
        group: Any
        for group, before in zip((self.taken, self.value_names, self.always), sets, strict=True):
            group.clear()
            group.update(before)
        self.is_empty_chain, self.target = empty, target
        for line, *_ in self._registered.values():
            line.tests = tests.get(id(line), [])

    def bind_turn(self, targets: nodes.Targets, item: Any) -> None:
        """Give the names of a loop what they are in a turn that is written out."""
        self.bind_items(targets, item)

    def must_unroll(self, items: list[Any]) -> bool:
        """Whether a loop has to be written out turn by turn: what it makes cannot be said in a loop."""
        return not self.is_silent and any(map(_holds_layers, items))

    def _for_values(self, statement: nodes.For, source: Any) -> None:
        if not isinstance(source, TensorList):
            raise Untranslatable("a loop over values of which there are as many as a parameter says", statement.span)
        self._reserve_at_outermost(statement)
        for item in source.items:
            self.bind_items(statement.targets, item)
            self.run(statement.body)

    def unrolls(self, items: list[Any]) -> bool:
        return self.is_silent and len(items) <= _MOST_TURNS

    def _do_repeat(self, statement: nodes.Repeat) -> None:
        count = self.static(statement.count)
        known = self.known(count.value)
        if known is not None and (known == 0 or (self.is_silent and known <= _MOST_TURNS)):
            for _ in range(known):
                self.run(statement.body)
            return
        self.loop_or_turns(
            statement,
            lambda: self.loop(statement, call("range", count.code), lambda: name("_"), statement.body),
            lambda _: self.run(statement.body),
            list(range(known)) if isinstance(known, int) and known <= _MOST_TURNS else None,
        )

    def loop(self, node: Any, source: Code, bind: Any, body: Any) -> None:
        """Work out a loop: what changes from turn to turn becomes a variable."""
        run = body if callable(body) else lambda: self.run(body)
        bound = set(bound_names(node))
        for each in list(bound):
            try:
                held = self.scope.find(each)
            except KeyError:
                continue
            if isinstance(held, Static) and not _is_empty(held):
                self._generalise(each, held)
        lists = [] if self.loops or self.chain else self._reserve(node)
        if self.chain is not None and flat(self.it.code) == self.end:
            self.it = self.chain_end(self.it.shape)  # in later turns it is what earlier ones gave
        running: dict[Any, tuple[str, Traced]] = {}
        outer = self.lines
        for _ in range(_MOST_ROUNDS):
            before = self.state()
            marks = (set(self.taken), set(self.value_names))
            line = For(name("_"), source, [], lists)
            self.loops.append(line)
            self.lines = line.lines
            empty = self.is_empty_chain
            try:
                with self.path(line, True, None):
                    line.target = bind()
                    run()
            finally:
                self.loops.pop()
                self.lines = outer
            changed = self._changed(before, running)
            if not changed:
                self._close_turn(line, before, running)
                break
            self.restore(before)
            self.is_empty_chain = empty
            self.taken, self.value_names = marks
            self.taken |= set(self._runners.values())
            for owner, each, axis in changed:
                if axis == "list":
                    self._open_list(owner, each)
                elif axis == "constants":
                    self._generalise(each, self._grown[owner, each])
                elif isinstance(axis, str):
                    self._into_variable(owner, each, axis)
                else:
                    self._run_size(owner, each, axis, running)
        else:
            raise Untranslatable("the sizes do not settle from turn to turn", getattr(node, "span", None))
        self.lines.append(line)

    def _generalise(self, wanted: str, held: Static) -> None:
        """A constant that the turns of a loop change is any of its sort from its beginning on."""
        if self.is_silent or not isinstance(held.code, ast.Name):
            sort = sort_of(held)
            if "int" in sort.kinds or "float" in sort.kinds:
                self.scope.names[wanted] = Static(self.fresh(sort.sample), held.code)
            else:
                self.scope.names[wanted] = self.abstract(sort, held.code)
            return
        variable = held.code.id
        self.keep_sizes({variable})
        self.scope.names[wanted] = self.abstract(sort_of(held), name(variable), self.new_version(variable))

    def _reserve_at_outermost(self, node: Any) -> None:
        """The same, for a loop that is written out, unless one around it has done so."""
        if not self.loops and not self.chain:
            self._reserve(node)

    def _reserve(self, node: Any) -> list[Part]:
        """The lists of all parts that a loop makes, in the order of the text."""
        made = []
        for each in nodes.walk(_inside(node)):
            part = getattr(each, "part", None)
            if part is not None and part.is_list:
                made.append(self.list_part(part.name))
        return made

    def list_part(self, wanted: str) -> Part:
        """The list of parts of a place in the text."""
        found = self._declared.get(f"{wanted}.")
        if found is None:
            found = self.new_part(wanted)
            found.is_list = True
            self._declared[f"{wanted}."] = found
            self.lines.append(Declare(found))
        return found

    def _changed(self, before: dict[Any, Any], running: dict[Any, Any]) -> list[tuple[Any, str, Any]]:
        changed: list[tuple[Any, str, Any]] = []
        now = self.state()
        assigned = {symbol for variable, symbol in now["current"].items() if before["current"].get(variable) != symbol}
        for key, old in before.items():
            new = now.get(key)
            if new is old or key in ("current", "end"):
                continue
            if isinstance(new, (TensorList, AnyTensors)):
                if isinstance(old, AnyTensors):
                    continue
                if not isinstance(old, TensorList) and not _is_empty(old):
                    raise Untranslatable("a turn of this loop leaves another kind of value than it began with")
                self._grown[key] = new
                changed.append((*key, "list"))
                continue
            if _is_empty(old) and isinstance(new, Static):
                self._grown[key] = new
                changed.append((*key, "constants"))
                continue
            if not isinstance(old, Tensor):
                continue
            if not isinstance(new, Tensor) or len(new.shape) != len(old.shape):
                raise Untranslatable("a turn of this loop leaves another kind of value than it began with")
            if flat(old.code) != flat(new.code) and isinstance(new.code, ast.Name) and self.chain is None:
                changed.append((*key, new.code.id))
                continue
            for axis, (p, q) in enumerate(zip(old.shape, new.shape, strict=True)):
                if (key, axis) in running:
                    continue
                if not self.same(p, q) or (isinstance(q, Traced) and self._mentions(q.expr, assigned)):
                    changed.append((*key, axis))
        return changed

    def _run_size(self, owner: Any, each: str, axis: int, running: dict[Any, Any]) -> None:
        place = self if owner == "self" else owner
        value = self.read(place, each)
        dim = value.shape[axis]
        if self.is_silent:
            made = self.fresh(value_of(dim))
            running[(owner, each), axis] = ("", made)
        else:
            variable = self.runner(axis, len(value.shape))
            code = self.size_code(dim)
            if flat(code) != variable:
                self.keep_sizes({variable})
                value = self.read(place, each)
                self.lines.append(Assign(variable, code))
            symbol = self.new_version(variable)
            assert symbol is not None  # noqa: S101 - it always has one
            made = Traced(value_of(dim), symbol.expr)
            running[(owner, each), axis] = (variable, made)
        shape = (*value.shape[:axis], made, *value.shape[axis + 1 :])
        replaced_value = Tensor(value.code, shape, value.unbatched)
        for other, word in list(self._slots()):
            if self.read(other, word) is value:
                self.write(other, word, replaced_value)
                key = ("self" if other is self else other, word)
                running.setdefault((key, axis), running[(owner, each), axis])

    def _close_turn(self, line: For, before: dict[Any, Any], running: dict[Any, Any]) -> None:
        """At the end of a turn the running sizes get what the turn left; after the loop they are what they are."""
        done: set[str] = set()
        ended: dict[str, Traced] = {}
        assigns = []
        for ((owner, each), axis), (variable, made) in running.items():
            place = self if owner == "self" else owner
            value = self.read(place, each)
            if variable and variable not in done:
                done.add(variable)
                code = self.size_code(value.shape[axis])
                if not self.same(value.shape[axis], made) and flat(code) != variable:
                    assigns.append(Assign(variable, code))
                symbol = self.new_version(variable)
                assert symbol is not None  # noqa: S101 - it always has one
                ended[variable] = Traced(made.value, symbol.expr)
            end = ended.get(variable, made)
            self.write(
                place, each, Tensor(value.code, (*value.shape[:axis], end, *value.shape[axis + 1 :]), value.unbatched)
            )
        line.lines += _in_order(assigns)
        for key, old in before.items():
            new = self.state().get(key)
            if isinstance(old, Static) and isinstance(new, Static) and new is not old and isinstance(key[0], Scope):
                sort = sort_of(old)
                sort.merge(sort_of(new))
                if self.is_silent:
                    key[0].names[key[1]] = self._either(old, new)
                elif isinstance(new.code, ast.Name):
                    key[0].names[key[1]] = self.abstract(sort, new.code, self.new_version(new.code.id))

    def _into_variable(self, owner: Any, each: str, variable: str) -> None:
        """A value that a loop changes is in one variable before the loop, and at the end of each turn."""
        place = self if owner == "self" else owner
        value = self.read(place, each)
        self.lines.append(Compute((variable,), value.code, shape=value.shape))
        self.write(place, each, value.moved(name(variable)))

    def _open_list(self, owner: Any, each: str) -> None:
        """A list of values that grows in a loop: one in `forward`, and lists of their sizes in `__init__`."""
        if self._fallbacks:
            raise Untranslatable("a list of values grows in a loop")
        place = self if owner == "self" else owner
        old, new = self.read(place, each), self._grown[owner, each]
        items = list(old.items) if isinstance(old, TensorList) else []
        variable = self.value_name(each)
        self.value_names.add(each)
        self.lines.append(Compute((variable,), list_of(item.code for item in items), type="list[Tensor]"))
        like = (items or list(new.items))[0]
        lists = []
        for axis in range(len(like.shape)):
            written = self._list_variable(each, axis, len(like.shape))
            self.lines.append(
                Assign(written, list_of(self.size_code(item.shape[axis]) for item in items), type="list[int]")
            )
            self.new_version(written)
            lists.append(written)
        self.write(place, each, AnyTensors(name(variable), like.shape, tuple(lists), len(items) or 1))

    def _list_variable(self, wanted: str, axis: int, rank: int) -> str:
        """The variable for the sizes of a list of values along an axis."""
        written = f"{wanted}_{axis_word(axis, rank)}"
        return self.file.new_symbol(written) if self.is_silent else self.free(written)

    def joined(self, left: Any, right: Any, span: nodes.Span) -> Any:
        if not isinstance(left, AnyTensors) and not isinstance(right, AnyTensors):
            return super().joined(left, right, span)
        codes: list[Code] = []
        sizes: list[list[Any]] = []
        held = left if isinstance(left, AnyTensors) else right
        for side in (left, right):
            if isinstance(side, AnyTensors):
                codes.append(side.code)
                sizes.append([name(each) if isinstance(each, str) else each for each in side.lists])
            elif isinstance(side, TensorList):
                codes.append(list_of(item.code for item in side.items))
                sizes.append(
                    [
                        list_of(self.size_code(item.shape[axis]) for item in side.items)
                        for axis in range(len(held.shape))
                    ]
                )
            elif isinstance(side, Static) and side.value == []:
                continue
            else:
                raise Untranslatable("a list of values is joined with something else", span)
        if len(codes) == 1:
            return held
        code = ast.BinOp(codes[0], ast.Add(), codes[1])
        lists = tuple(ast.BinOp(a, ast.Add(), b) for a, b in zip(*sizes, strict=True))
        return AnyTensors(code, held.shape, lists, held.sample + 1)  # type: ignore[arg-type]

    def item_of(self, value: AnyTensors, index: Static) -> Tensor:
        shape = [
            self.number(subscript(name(each) if isinstance(each, str) else each, index.code), value_of(dim))  # type: ignore[arg-type]
            for each, dim in zip(value.lists, value.shape, strict=True)
        ]
        return Tensor(subscript(value.code, index.code), tuple(shape))

    def _set_list(self, wanted: str, value: AnyTensors) -> AnyTensors:
        """Give a name a list of values of any number."""
        held = self.scope.names.get(wanted)
        variable = self.value_name(wanted)
        self.value_names.add(wanted)
        if not (isinstance(value.code, ast.Name) and value.code.id == variable):
            self.lines.append(Compute((variable,), value.code, type="list[Tensor]"))
        lists = []
        for axis, each in enumerate(value.lists):
            if isinstance(each, str):
                lists.append(each)
                continue
            known = held.lists[axis] if isinstance(held, AnyTensors) else None
            written = known if isinstance(known, str) else self._list_variable(wanted, axis, len(value.shape))
            if written in self.current:
                self.keep_sizes({written})
            assert each is not None  # noqa: S101 - all sizes are known
            self.lines.append(Assign(written, each, type="" if known else "list[int]"))
            self.new_version(written)
            lists.append(written)
        return AnyTensors(name(variable), value.shape, tuple(lists), value.sample)

    # Outputs

    def _do_output(self, statement: nodes.Output) -> None:
        if self._path:
            raise Untranslatable(
                "what goes out depends on a parameter",
                statement.span,
                "give the value the same name on both ways, and write output behind them",
                frozenset().union(*(self.names_of(test) for _, _, test in self._path if test is not None)),
            )
        outputs = []
        for item in statement.items:
            self.target = None
            value = self.evaluate(item.value)
            if isinstance(value, TensorList) and len(statement.items) == 1 and not item.name:
                outputs += [Output(None, each, item.training) for each in self.settled(value).items]
                continue
            outputs.append(Output(item.name, value, item.training))
        if self._goes_on:
            outputs = [replace(output, value=self._kept_output(output.value)) for output in outputs]
        self.outputs = outputs

    def _kept_output(self, value: Any) -> Any:
        """An output with a variable of its own, which lines behind it leave alone."""
        if not isinstance(value, Tensor):
            return value
        variable = self.temporary()
        self.lines.append(Compute((variable,), value.code, shape=value.shape))
        return value.moved(name(variable))

    def _do_training(self, statement: nodes.Training) -> None:
        line = Training([])
        outer, self.lines = self.lines, line.lines
        before = self.it
        try:
            self.run(statement.body)
        finally:
            self.lines = outer
        self.it = before
        self.lines.append(line)

    def _do_init(self, statement: nodes.InitRule) -> None:
        for setting in statement.settings:
            rule = self.evaluate(setting.value)
            self.rules.append((statement.kind.name, setting.name or "weight", rule))

    # Inputs

    def declare_input(self, node: nodes.Call) -> Tensor:
        self._input(node, "input")
        return self.inputs[-1][1]

    def _input(self, node: nodes.Call, wanted: str) -> None:
        shape: list[Any] = []
        from cnndsl.layers.formula import AXES

        names = ("channels", *AXES.get(len(node.arguments) - 1, ()))
        for at, argument in enumerate(node.arguments):
            if isinstance(argument.value, nodes.Hole):
                word = names[at][0].upper() + ("" if not self.inputs else str(len(self.inputs) + 1))
                shape.append(Traced(_OPEN, Expr.of(Symbol(f"open·{word}"))))
            else:
                shape.append(self.static(argument.value).value)
        variable = self.input_name(wanted)
        value = Tensor(name(variable), tuple(shape))
        self.inputs.append((variable, value))
        if wanted != "input":
            self.value_names.add(wanted)
            self.scope.names[wanted] = value
        if self.entry is None:
            self.entry = self.it = value

    # Parts

    def new_part(self, wanted: str, label: Code | None = None) -> Part:
        """A new part."""
        part = Part(len(self.parts), wanted, label)
        self.parts[part.number] = part
        return part

    def _declare(self, wanted: str, recipe: Any, node: Any) -> None:
        """A name of the text gets a layer: its place is here, what it is follows where it is first applied."""
        part = self.new_part(wanted)
        part.span = getattr(node, "span", None)
        line = Register(part)
        self.lines.append(line)
        made = PartRecipe(part)
        recipe = self._as_before(recipe, wanted)
        self._declared[wanted] = (line, recipe, dict(self.current), node, list(self._path))
        self.scope.names[wanted] = made

    def _as_before(self, recipe: Any, wanted: str) -> Any:
        """The recipe with braces in which the name means what it meant before it was given to the layer."""
        if isinstance(recipe, ChoiceRecipe):
            yes, no = (self._as_before(side, wanted) for side in (recipe.yes, recipe.no))
            return ChoiceRecipe(recipe.test, yes, no, recipe.yes_node, recipe.no_node)
        if not isinstance(recipe, BraceRecipe):
            return recipe
        scope = Scope(recipe.scope)
        try:
            scope.names[wanted] = recipe.scope.find(wanted)
        except KeyError:
            found = self.file.word(wanted)
            if found is not None:
                scope.names[wanted] = found
        return BraceRecipe(recipe.body, scope)

    def apply(self, recipe: Any, value: Any, node: Any) -> Any:
        """Apply a recipe to a value."""
        return self.apply_stage(recipe, None, node, value)

    def applied_pipe(self, start: Any, stages: Sequence[Any]) -> Any:
        value, *made = self.in_order([lambda: start, *(partial(self.stage, node) for node in stages)])
        for recipe, label, node in made:
            value = self.apply_stage(recipe, label, node, value)
        return value

    def apply_stage(self, recipe: Any, label: Static | None, node: Any, value: Any) -> Any:
        """Apply a stage to a value."""
        if not isinstance(value, Tensor):
            raise Untranslatable("a layer is applied to what is no single value", getattr(node, "span", None))
        if label is not None:
            return self._apply_labelled(recipe, label, node, value)
        while isinstance(node, nodes.Conditional) and isinstance(test := self.test(node.condition).value, bool):
            node = node.yes if test else node.no
        part = getattr(node, "part", None)
        if (
            part is not None
            and self.chain is None
            and isinstance(recipe, (ChainRecipe, CopiesRecipe, ChoiceRecipe, BraceRecipe))
        ):
            return value if is_identity(recipe) else self.put_new(recipe, node, value)
        match recipe:
            case ChainRecipe():
                for inner, inner_label, inner_node in recipe.stages:
                    value = self.apply_stage(inner, inner_label, inner_node, value)
                return value
            case CopiesRecipe():
                return self._copies(recipe, value)
            case ChoiceRecipe():
                return self._apply_choice(recipe, value)
            case PartRecipe():
                return self.use_part(recipe.part, value)
            case BraceRecipe() if self.chain is None:
                return self._splice(recipe, value)
            case KindRecipe() if recipe.kind.plain_call and self.chain is None:
                return self.plain(recipe, value)
            case ParamRecipe() if self.chain is not None and self.is_spliced(recipe):
                return self._splice_parameter(recipe, value)
            case _:
                return self.put_new(recipe, node, value)

    def _apply_labelled(self, recipe: Any, label: Static, node: Any, value: Tensor) -> Any:
        if self.chain is not None:
            return self.append(recipe, value, label)
        known = label.value if isinstance(label.value, str) else None
        if known is not None and (known.isidentifier() and not ast_keyword(known)):
            part = self.new_part(known)
        else:
            part = self.new_part(known or flat(label.code), label.code)
        part.span = node.span
        is_quoted = not isinstance(node.label, str)
        line = Register(part)
        self.lines.append(line)
        self._declared[f"{part.name}:{part.number}"] = (line, recipe, dict(self.current), node, list(self._path))
        result = self.put(line, recipe, value)
        if not is_quoted or known is not None:
            made = PartRecipe(part)
            self._registered[part.number] = (line, recipe, dict(self.current), node, list(self._path))
            if isinstance(node.label, str):
                self.scope.names[node.label] = made
            elif known is not None:
                self.scope.names[known] = made
        return result

    def put_new(self, recipe: Any, node: Any, value: Tensor) -> Any:
        """Apply a layer as a part without a name."""
        if self.chain is not None:
            return self.append(recipe, value, None)
        named = getattr(node, "part", None)
        if named is None:
            raise Untranslatable("this part has no name", getattr(node, "span", None))
        if named.is_list:
            part = self.list_part(named.name)
            if not self.loops:
                whole, part = part, self.new_part(named.name)
                part.is_list, part.whole = True, whole
        else:
            part = self.new_part(named.name)
        part.span = getattr(node, "span", None)
        line = Register(part)
        self.lines.append(line)
        return self.put(line, recipe, value)

    def use_part(self, part: Part, value: Tensor) -> Any:
        """Apply a part that the text has named."""
        entry = self._registered.get(part.number)
        if entry is None:
            return self._first_use(part, value)
        line, recipe, _, _, declared_path = entry
        self._note_use(line, declared_path)
        return self.again(line, recipe, value)

    def _first_use(self, part: Part, value: Tensor) -> Any:
        found = next(entry for entry in self._declared.values() if isinstance(entry, tuple) and entry[0].part is part)
        line, recipe, current, node, declared_path = found
        self._registered[part.number] = found
        self._note_use(line, declared_path)
        result = self.put(line, recipe, value)
        if line.value is not None and not self.is_silent:
            self._check_place(line, current, node)
        return result

    def _check_place(self, line: Register, current: dict[str, str], node: Any) -> None:
        codes = [line.value] if line.value is not None and not isinstance(line.value, Chain) else []
        for code in codes:
            for each in names_in(code):
                if each in self.current and current.get(each) != self.current[each]:
                    raise Untranslatable(
                        f"{line.part.name} is declared before what its size follows from",
                        node.span,
                        f"declare it where it is first applied: {line.part.name}: ...",
                    )

    def _note_use(self, line: Register, declared: list[Any]) -> None:
        """A part that is only used on some ways is only there on these."""
        inner = self._path[len(declared) :] if self._path[: len(declared)] == declared else self._path
        tests = []
        for where, outcome, test in inner:
            if isinstance(where, If) and test is not None:
                tests.append(test.code if outcome else negated(test.code))
        if not inner or not tests:
            self.always.add(line.part.number)
        elif line.part.number not in self.always:
            code = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
            if all(flat(code) != flat(known) for known in line.tests):
                line.tests.append(code)
        if line.part.number in self.always:
            line.tests.clear()

    def _copies(self, recipe: CopiesRecipe, value: Tensor) -> Any:
        count = self.known(recipe.count.value)
        if self.is_silent and count is not None and count <= _MOST_TURNS:
            for _ in range(count):
                value = self.apply_stage(recipe.recipe, None, recipe.node, value)
            return value
        if count is not None and self.chain is not None and count <= 2:
            for _ in range(count):
                value = self.apply_stage(recipe.recipe, None, recipe.node, value)
            return value
        outer = self.it
        self.it = self.in_variable(value, self.target or self.temporary()) if self.chain is None else value

        def turn() -> None:
            made = self.apply_stage(recipe.recipe, None, recipe.node, self.it)
            self.it = self.in_variable(made, self._flow_of(self.it)) if self.chain is None else made

        self.loop_or_turns(
            recipe.node,
            lambda: self.loop(recipe.node, call("range", recipe.count.code), lambda: name("_"), turn),
            lambda _: turn(),
            list(range(count)) if isinstance(count, int) else None,
        )
        result, self.it = self.it, outer
        return result

    def _flow_of(self, value: Any) -> str:
        return self.target or (value.code.id if isinstance(value.code, ast.Name) else FLOW + self.flow)

    def _apply_choice(self, recipe: ChoiceRecipe, value: Tensor) -> Any:
        outer = self.it
        self.it = value if self.chain is not None else self._held(value)

        def side(chosen: Any, node: Any) -> Any:
            def work() -> None:
                if chosen is None or is_identity(chosen):
                    return
                if isinstance(chosen, BraceRecipe):
                    made = self._splice_lines(chosen, self.it)
                else:
                    made = self.apply_stage(chosen, None, node, self.it)
                self.it = made if self.chain is not None else self.in_variable(made, self._flow_of(self.it))

            return work

        self.branch(recipe.test, side(recipe.yes, recipe.yes_node), side(recipe.no, recipe.no_node), recipe)
        result, self.it = self.it, outer
        return result

    def _held(self, value: Tensor) -> Tensor:
        """A value in a variable that may be given something else."""
        variable = self.target or self.temporary("shortcut")
        if isinstance(value.code, ast.Name) and value.code.id == variable:
            return value
        self.lines.append(Compute((variable,), value.code, shape=value.shape))
        self.target = variable
        return value.moved(name(variable))

    def _splice(self, recipe: BraceRecipe, value: Tensor) -> Any:
        return self._splice_lines(recipe, value)

    def _splice_lines(self, recipe: BraceRecipe, value: Any) -> Any:
        outer = (self.scope, self.it, self.entry, self.flow, self.target)
        self.scope = Scope(recipe.scope)
        if self.chain is None and isinstance(value, Tensor):
            # What flows inside has a variable of its own, unless it is what flows outside from here on.
            variable = self.target or self.temporary()
            self.flow = variable.removeprefix(FLOW)
            value = self.in_variable(value, variable)
        self.it = self.entry = value
        try:
            self.run(recipe.body)
            return self.it
        finally:
            self.scope, self.it, self.entry, self.flow, self.target = outer

    def put(self, line: Register, recipe: Any, value: Tensor) -> Any:
        """Say what a part is, and apply it to a value."""
        match recipe:
            case ChoiceRecipe():
                return self._put_choice(line, recipe, value)
            case ParamRecipe() if any(map(is_identity, recipe.choices)):
                return self._put_perhaps(line, recipe, value)
            case ChainRecipe(stages=()):
                return value
            case _:
                return self._put_made(line, recipe, value)

    def _put_made(self, line: Register, recipe: Any, value: Tensor) -> Any:
        mark = len(self.lines)
        try:
            made = self.make(recipe, value)
        except NeedsFlatten:
            del self.lines[mark:]
            value = self.flattened(value)
            made = self.make(recipe, value)
        line.value = made.value
        line.part.type = made.type if line.part.type in ("nn.Module", made.type) else "nn.Module"
        line.begins, line.kind = made.begins, recipe.kind.kind if isinstance(recipe, KindRecipe) else ""
        if not self.is_silent:
            made = self.with_sizes(made, self._base(made, line, recipe), value, recipe)
        return self._called(line.part, made, value)

    def _base(self, made: Made, line: Register, recipe: Any) -> Code | None:
        """How `__init__` speaks of a part that it registers; None where it does not have to, or cannot."""
        if not line.part.is_list and line.part.label is None:
            return line.part.code()
        if not self.asks_sizes(made, recipe):
            return None
        assert not isinstance(made.value, Chain)  # noqa: S101 - a block or parameter is a call
        base = name(self.local(made.word))
        self.lines.insert(self.lines.index(line), Assign(base.id, made.value))
        line.value = base
        return base

    def _called(self, part: Part, made: Made, value: Tensor) -> Any:
        code = call(part.code(), value.code, *(extra.code for extra in made.extra))
        if made.is_tensor:
            code = part.code()  # type: ignore[assignment]
        if made.names:
            code = call(attribute(code, "values"))
        if len(made.shapes) == 1 and not made.names:
            return self._nested(code, value, made)
        if len(made.shapes) == 1:
            variable = self.temporary()
            self.lines.append(Compute((variable,), code, type="tuple"))
            return Tensor(name(variable), made.shapes[0])
        return self.several(code, made.shapes)

    def _nested(self, code: Code, value: Tensor, made: Made) -> Tensor:
        if _depth(value.code) >= _DEEPEST and not self.is_silent:
            variable = self.target or self.temporary()
            self.lines.append(Compute((variable,), value.code, shape=value.shape))
            code = ast.Call(code.func, [name(variable), *code.args[1:]], code.keywords)  # type: ignore[attr-defined]
        return Tensor(code, made.shapes[0], value.unbatched)

    def again(self, line: Register, recipe: Any, value: Tensor) -> Any:
        """Apply a part once more."""
        match recipe:
            case ChoiceRecipe():
                return self._again_perhaps(line, recipe.test.code, recipe, value)
            case ParamRecipe() if any(map(is_identity, recipe.choices)):
                return self._again_perhaps(line, is_not_none(recipe.code), recipe, value)
            case ChainRecipe(stages=()):
                return value
            case _:
                return self._again_made(line, recipe, value)

    def _again_made(self, line: Register, recipe: Any, value: Tensor) -> Any:
        outer, self.lines = self.lines, []
        try:
            try:
                made = self.make(recipe, value)
            except NeedsFlatten:
                self.lines = outer
                value = self.flattened(value)
                self.lines = []
                made = self.make(recipe, value)
        finally:
            self.lines = outer
        if not self.is_silent:
            base = line.part.code() if not line.part.is_list and line.part.label is None else None
            made = self.with_sizes(made, base, value, recipe)
        return self._called(line.part, made, value)

    def _again_perhaps(self, line: Register, test: Code, recipe: Any, value: Tensor) -> Any:
        outer = self.it
        self.it = self._held(value)

        def yes() -> None:
            chosen = recipe.yes if isinstance(recipe, ChoiceRecipe) else recipe
            made = self._again_made(line, chosen, self.it)
            self.it = self.in_variable(made, self._flow_of(self.it))

        def no() -> None:
            if isinstance(recipe, ChoiceRecipe) and recipe.no is not None:
                made = self._again_made(line, recipe.no, self.it)
                self.it = self.in_variable(made, self._flow_of(self.it))

        static = recipe.test if isinstance(recipe, ChoiceRecipe) else Static(Test(True), test)
        self.branch(static, yes, no, recipe)
        result, self.it = self.it, outer
        return result

    def _put_choice(self, line: Register, recipe: ChoiceRecipe, value: Tensor) -> Any:
        """A part that is there in some cases, or another one in others."""
        at = self.lines.index(line) if line in self.lines else None
        if at is not None and self.lines[at] is line and line.value is None and at == len(self.lines) - 1:
            self.lines.pop()
            return self._put_branches(line, recipe, value, None)
        return self._put_branches(line, recipe, value, line)

    def _put_branches(self, line: Register, recipe: ChoiceRecipe, value: Tensor, place: Register | None) -> Any:
        outer = self.it
        self.it = self._held(value)
        rows: list[Register] = []

        def side(chosen: Any) -> Any:
            def work() -> None:
                if chosen is None or is_identity(chosen):
                    return
                row = Register(line.part)
                rows.append(row)
                if place is None:
                    self.lines.append(row)
                made = self.put(row, chosen, self.it)
                self.it = self.in_variable(made, self._flow_of(self.it))

            return work

        found = self.branch(recipe.test, side(recipe.yes), side(recipe.no), recipe)
        if place is not None:
            self._fill_place(place, recipe, rows, found)
        result, self.it = self.it, outer
        return result

    def _fill_place(self, place: Register, recipe: ChoiceRecipe, rows: list[Register], line: If) -> None:
        """The lines of a declared part go where it is declared."""
        yes = [row for row in rows[:1] if recipe.yes is not None and not is_identity(recipe.yes)]
        no = rows[len(yes) :]
        made = If(recipe.test.code, list(yes), list(no))
        made.twin = id(line)  # type: ignore[attr-defined]
        self.fills[id(place)] = made

    def _put_perhaps(self, line: Register, recipe: ParamRecipe, value: Tensor) -> Any:
        test = Static(Test(not is_identity(recipe.choices[0])), is_not_none(recipe.code))
        solid = ParamRecipe(
            recipe.code, tuple(c for c in recipe.choices if not is_identity(c)), recipe.needs, recipe.arguments
        )
        return self._put_choice(line, ChoiceRecipe(test, solid, None), value)

    # Values that are chosen, joined, computed in loops

    def computed_first(self, recipe: BlockRecipe, *, is_later: bool = False) -> BlockRecipe:
        arguments = dict(recipe.arguments)
        for word, item in arguments.items():
            if not isinstance(item, Tensor):
                continue
            code = item.code
            is_own = isinstance(code, ast.Name) and code.id in self._own_variables
            if (is_later and not is_own) or any(isinstance(each, ast.Call) for each in walk_code(code)):
                variable = self.temporary(word if word not in self.text_names else f"{word}_")
                self._own_variables.add(variable)
                self.lines.append(Compute((variable,), code, shape=item.shape))
                arguments[word] = item.moved(name(variable))
        return replace(recipe, arguments=arguments)

    def for_later(self, value: Any) -> Any:
        return self.computed_first(value, is_later=True) if isinstance(value, BlockRecipe) else value

    def in_order(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        outer, self.target = self.target, None
        try:
            made = [(work(), len(self.lines)) for work in works]
        finally:
            self.target = outer
        values = []
        for value, mark in reversed(made):
            values.append(value)
            is_overtaken = any(isinstance(line, Compute) for line in walk(self.lines[mark:]))
            if isinstance(value, Tensor) and not isinstance(value.code, ast.Name) and is_overtaken:
                variable = self.temporary()
                self.lines.insert(mark, Compute((variable,), value.code, shape=value.shape))
                values[-1] = value.moved(name(variable))
        return values[::-1]

    def chosen_value(self, test: Static, node: nodes.Conditional) -> Any:
        outer = self.it
        variable = self.target or self.temporary()
        results: list[Any] = []

        def side(each: Any) -> Any:
            def work() -> None:
                self.target = None
                value = self.evaluate(each)
                if not isinstance(value, Tensor):
                    raise Untranslatable("one of two values is chosen, and one is none", node.span)
                if not (isinstance(value.code, ast.Name) and value.code.id == variable):
                    self.lines.append(Compute((variable,), value.code, shape=value.shape))
                self.it = value.moved(name(variable))
                results.append(value)

            return work

        self.branch(test, side(node.yes), side(node.no), node)
        result, self.it = self.it, outer
        self.target = variable
        return result

    def looped_values(self, node: nodes.Comprehension) -> Any:
        outer, self.target = self.target, None
        source = self.settled(self.evaluate(node.source))
        scope = self.scope
        try:
            if isinstance(source, TensorList):
                items: Any = source.items
            elif isinstance(source, Static) and isinstance(source.value, list):
                items = source.value
            else:
                raise Untranslatable("as many values as a parameter says", node.span, names=self._names(source))

            def turn(item: Any) -> Any:
                self.scope = Scope(scope)
                self.bind_items(node.targets, item)
                if node.condition is None or self.decided(self.test(node.condition)):
                    return self.evaluate(node.item)
                return None

            made = self.in_order([partial(turn, item) for item in items])
            return TensorList(tuple(value for value in made if value is not None))
        finally:
            self.scope = scope
            self.target = outer

    def _names(self, source: Any) -> frozenset[str]:
        return self.names_of(source) if isinstance(source, Static) else frozenset()

    _registered: dict[int, Any]
    _always: set[int]
    _counts: dict[str, int]
    fills: dict[int, If]


def _is_empty(value: Any) -> bool:
    return isinstance(value, Static) and isinstance(value.value, list) and not value.value


def _holds_layers(item: Any) -> bool:
    is_list = isinstance(item, Static) and isinstance(item.value, list)
    return isinstance(item, RECIPES) or (is_list and any(map(_holds_layers, item.value)))


class _Undecided:
    """What two ways of a condition leave in different ways."""


def ast_keyword(word: str) -> bool:
    """Whether Python cannot have an attribute of this name."""
    import keyword

    return keyword.iskeyword(word)


def _named(state: dict[Any, Any]) -> Iterator[tuple[tuple[Any, str], Any]]:
    for key, value in state.items():
        if isinstance(key, tuple) and isinstance(key[0], Scope):
            yield key, value


def _item(value: Any, code: Code, at: int) -> Any:
    if isinstance(value, Static) and not isinstance(value.code, ast.Constant):
        return Static(value.value, value.code if isinstance(value.value, list) else subscript(code, constant(at)))
    return value


def _inside(node: Any) -> Any:
    return node.body if isinstance(node, (nodes.For, nodes.Repeat)) else (node,)


def bound_names(node: Any) -> Iterator[str]:
    """The names that lines inside a node may bind."""
    for each in nodes.walk(node if isinstance(node, (nodes.Node, tuple)) else ()):
        if isinstance(each, nodes.Bind):
            yield from each.names
        elif isinstance(each, nodes.For):
            yield from _target_names(each.targets)


def _target_names(targets: nodes.Targets) -> Iterator[str]:
    if isinstance(targets, str):
        yield targets
    else:
        for each in targets:
            yield from _target_names(each)


def _depth(code: Code) -> int:
    depth = 0
    while isinstance(code, ast.Call) and code.args:
        depth += 1
        code = code.args[0]
    return depth


def _in_order(assigns: list[Assign]) -> list[Assign]:
    """Assignments such that none reads what an earlier one has changed."""
    left, made = list(assigns), []
    while left:
        for each in left:
            if not any(each.name in names_in(other.code) for other in left if other is not each):
                made.append(each)
                left.remove(each)
                break
        else:
            raise Untranslatable("sizes depend on one another from turn to turn")
    return made


_OWN_ATTRIBUTES = frozenset(
    [
        "type",
        "float",
        "double",
        "half",
        "train",
        "apply",
        "children",
        "modules",
        "parameters",
        "buffers",
        "compile",
        "cuda",
        "cpu",
        "state_dict",
        "add_module",
        "extra_repr",
        "eval",
        "to",
    ]
)
