"""A body that is translated: what its names stand for, its variables in Python, its lines, its parts."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from operator import is_
from typing import Any

from cnndsl.backends.pytorch.code import (
    BUILTINS,
    Code,
    axis_word,
    constant,
    copied,
    flat,
    free_name,
    name,
    names_in,
    not_in,
    size_argument,
    subscript,
)
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    LIST,
    Assign,
    Chain,
    Comment,
    Compute,
    Declare,
    For,
    If,
    Part,
    Register,
    is_variable,
    parts_read,
    walk,
)
from cnndsl.backends.pytorch.symbols import Symbols
from cnndsl.backends.pytorch.values import (
    AnyTensors,
    Case,
    NotYet,
    Scope,
    Static,
    Tensor,
    TensorList,
    Untranslatable,
    each_tensor,
)
from cnndsl.ir.names import is_attribute, numbered, why_not
from cnndsl.layers.formula import Shape, SizeError
from cnndsl.symbolic.expr import Expr
from cnndsl.symbolic.number import Traced


@dataclass
class Output:
    """What goes out of a body."""

    name: str | None
    value: Any
    training: bool = False


@dataclass(eq=False)
class Declared:
    """A part that the text declares: the line of its place, what it is, and which version variables have there."""

    line: Register
    recipe: Any
    current: dict[str, str]
    node: Any


@dataclass
class State:
    """What names stand for, by their places, which version each variable has, and where the chain at hand ends."""

    values: dict[tuple[Any, str], Any]
    current: dict[str, str]
    end: str
    is_empty_chain: bool


class Body:
    """A body that is translated."""

    def __init__(self, file: Any, *, is_silent: bool) -> None:
        self.file = file
        """The `Translation`: what the body can see outside of it."""
        self.is_silent = is_silent
        """Whether only the sizes are wanted, and no lines."""
        self.has_uses = not is_silent
        """Whether what is applied is a use of its class."""
        self.kind = "block"
        # What names stand for
        self.scope = Scope()
        self.it: Any = None
        self.entry: Any = None
        self._aside = Scope()
        """Values that are read after what is worked out now, and so have to be kept meanwhile."""
        self.inputs: list[tuple[str, Tensor | TensorList]] = []
        self.given: Tensor | None = None
        """For the sizes of a network that is a part of another, what it is applied to."""
        self.is_part = False
        """Whether a class is for a network that is a part of others, with sizes other than its own line has."""
        self.input_sizes: dict[str, tuple[str, int]] = {}
        """The sizes of what comes in that the constructor may take: of which input, along which axis."""
        self.input_defaults: dict[str, Code] = {}
        """What the lines of a network have for them."""
        self.outputs: list[Output] | None = None
        self.rules: list[tuple[str, str, Any]] = []
        self.rule_versions: list[dict[str, str]] = []
        """For each rule of which version the variables are that it speaks of."""
        self.given_names: set[str] = set()
        """The parameters of the definition."""
        self.text_names: set[str] = set()
        """The names that the text gives to constants and values."""
        self.rebound: set[str] = set()
        """Those that it gives more than once, or that are parameters."""
        self.symbols = Symbols(file)
        """What is known of numbers and sizes."""
        # Variables of `__init__`
        self.taken: set[str] = set()
        self.locals: dict[tuple[str, str], str] = {}
        self.runners: dict[str, str] = {}
        # Variables of `forward`
        self.flow = "x"
        self.target: str | None = None
        """The variable for what is worked out, where that is known."""
        self.value_names: set[str] = {"x"}
        self.wanted: dict[str, str] = {}
        """For variables of `forward` that the text gives no name what they would be called if that were free."""
        self.own_variables: set[str] = set()
        """The variables of `forward` for what blocks are given, which nothing else is put into."""
        self.pending: tuple[Any, Code] | None = None
        """Several values that are not taken apart yet, and the call that gives them."""
        self.is_taken_apart = False
        """Whether what is worked out is given to several names."""
        # Lines
        self.lines: list[Any] = []
        self.comments: dict[int, Comment] = {}
        """By the `id` of the statement."""
        self.chain: Chain | None = None
        self.is_empty_chain = True
        self.end = ""
        """The variable of what flows at the end of the chain."""
        self.stages: list[tuple[Any, bool]] | None = None
        """Where it is asked, the layers of the chain so far, each with whether it is there in some cases only."""
        self.keys: dict[str, tuple[Part, list[Any]]] = {}
        """The parts that are declared by keys in quotes, by the Python of these, each with the loops around."""
        self.built_for: dict[int, Shape] = {}
        """The size for which each part was made."""
        self.told: dict[int, tuple[Any, ...]] = {}
        """The sizes of what comes in that the constructor of each part was told."""
        self.types: dict[int, frozenset[str]] = {}
        """The types of what is registered as each part."""
        self.gave: dict[int, tuple[Shape, ...]] = {}
        """What each part gave when it was first applied."""
        self.taken_apart: dict[int, list[Any]] = {}
        """The layers of chains of which some are applied by themselves."""
        self.parts: dict[int, Part] = {}
        self.part_lists: dict[str, Part] = {}
        self.list_names: dict[int, str] = {}
        """By the `id` of a list in the text the name that it gets."""
        self.declared: dict[int, Declared] = {}
        """The parts that the text declares, by their numbers."""
        self.applied: set[int] = set()
        """Those of them that were applied, and so are known."""
        self.each: dict[int, Any] = {}
        """For the lists of layers that loops around go through, how a layer of each is made."""
        self.list_registers: dict[int, Any] = {}
        """For lists of layers that a loop fills, what registers a layer of each."""
        self.elsewhere: dict[int, tuple[Case, ...]] = {}
        """The parts, and lists of such, that were first applied in a case that need not be the one at hand; the cases
        in which they were not.
        """
        self.singled: set[int] = set()
        """The lists of which a layer is registered by itself."""
        self.fills: dict[int, If] = {}
        # Where it is
        self.ways: list[Any] = []
        """The branches and loops around: the line, the outcome, the test."""
        self.loops: list[For] = []
        self.running: frozenset[str] = frozenset()
        """The symbols of the sizes that turns of the loops around change."""
        self.before_loops: frozenset[str] = frozenset()
        """The symbols that variables had before the outermost loop around."""
        self.fallbacks = 0
        """How many of the loops around could be written out turn by turn."""
        self.countable: set[int] = set()
        """The loops (by `id` of their node) that could be written out turn by turn."""
        self.written_out: set[int] = set()
        """Those that have to be."""
        self.not_yet: NotYet | None = None
        """Why a way of a condition in the loop at hand is not worked out before that is tried again."""
        self.list_variables: frozenset[str] = frozenset()
        """The variables of the lists around that are one expression in Python: no line can read them."""
        self.has_more = False
        """Whether lines follow the one at hand."""
        self.opened: set[str] = set()
        """The variables that say how many values there are, where another translation would be for their constants."""

    def note(self, unit: Any, given: dict[str, Any]) -> None:
        """A use of a class: what its parameters are given."""
        if self.has_uses:
            self.file.note(unit, given)

    def size_of_input(self, word: str, axis: int, rank: int, sample: Any) -> tuple[str, Traced]:
        """A size of an input that the constructor may be told: what it is called there, and a number for it."""
        written = size_argument(word, axis, rank, self.taken)
        self.taken.add(written)
        self.input_sizes[written] = (word, axis)
        return written, Traced(sample, self.symbols.new_version(written).expr)

    @staticmethod
    def names_of(value: Any) -> frozenset[str]:
        """The variables that a static depends on; none for anything else."""
        return frozenset(names_in(value.code)) if isinstance(value, Static) else frozenset()

    def names_of_ways(self) -> frozenset[str]:
        """The variables that the conditions around depend on."""
        return frozenset().union(*(self.names_of(test) for _, _, test in self.ways))

    def variable(self, wanted: str) -> str:
        if self.is_silent:
            return self.file.new_symbol(wanted)  # type: ignore[no-any-return]
        if wanted not in self.scope.variables:
            self.scope.variables[wanted] = self.free(wanted)
        variable = self.scope.variables[wanted]
        self.taken.add(variable)  # also where a loop is tried again, after which nothing is taken that was new in it
        return variable

    def spare(self, wanted: str) -> str:
        """A variable for what the text gives no name; for sizes alone one that no caller takes for its own."""
        return self.file.new_symbol(wanted) if self.is_silent else self.free(wanted, self.text_names)

    def free(self, wanted: str, others: Container[str] = ()) -> str:
        """A variable that nothing has yet, and that is none of some others."""
        base = made = _allowed(wanted)
        at = 1
        while made in self.taken or made in self.value_names or made in others:
            at += 1
            made = numbered(base, at)
        self.taken.add(made)
        return made

    def value_name(self, wanted: str) -> str:
        """A variable of `forward`, for a value that the text calls so."""
        return FLOW + (f"{wanted}_" if wanted == "x" or wanted in BUILTINS else _allowed(wanted))

    def input_name(self, wanted: str) -> str:
        """The argument of `forward` for what comes in by a name; `x` is what comes in without one."""
        made = FLOW + "x" if wanted in ("input", "x") else self.value_name(wanted)
        return not_in(made, [variable for variable, _ in self.inputs])

    def local(self, wanted: str, made_by: str) -> str:
        """A variable of `__init__` for a layer that was just made; what was in it is not needed any more.

        Each parameter that makes layers has one of its own, as mypy takes the type of what is in it first.
        """
        variable = self.locals.get((wanted, made_by))
        if variable is None:
            variable = self.locals[wanted, made_by] = self.spare(wanted)
        self.keep_sizes({variable})
        self.symbols.new_version(variable)
        return variable

    def temporary(self, wanted: str = "out") -> str:
        """A variable of `forward` that no value has."""
        made = free_name(wanted, self.value_names, self.text_names)
        self.value_names.add(made)
        self.wanted[FLOW + made] = wanted
        return FLOW + made

    def bind_static(self, wanted: str, static: Static) -> None:
        """Give a name of the text a constant: a variable of `__init__`."""
        if self.is_silent:
            self.scope.names[wanted] = static
            return
        if not self.ways:  # what is kept of the value before is not what is kept of this one
            self.scope.variables.pop(wanted, None)
        variable = self.variable(wanted)
        self.keep_sizes({variable})
        self.lines.append(Assign(variable, static.code))
        value = static.value
        is_number = isinstance(value, (int, float, Traced)) and not isinstance(value, bool)
        symbol = self.symbols.new_version(variable, value if is_number else None)
        if is_number:
            value = symbol
        elif isinstance(value, list):
            value = [self._in_list(each, subscript(name(variable), constant(at))) for at, each in enumerate(value)]
        self.scope.names[wanted] = Static(value, name(variable))

    def _in_list(self, item: Any, code: Code) -> Any:
        """An item of a list in a variable, which is how its sizes are said from here on."""
        if not isinstance(item, Static) or not names_in(item.code):
            return item
        value = item.value
        if isinstance(value, list):
            value = [self._in_list(each, subscript(code, constant(at))) for at, each in enumerate(value)]
        return Static(self.symbols.number(code, value.value, value.expr) if isinstance(value, Traced) else value, code)

    def keep_sizes(self, variables: set[str]) -> None:
        """Before variables are given something else, keep the sizes that are written with them."""
        symbols = {self.symbols.current[each] for each in variables if each in self.symbols.current}
        kept: dict[Any, Traced] = {}

        def size(dim: Any) -> Any:
            if not self.symbols.mentions(dim, symbols):
                return dim
            if dim.expr not in kept:
                variable = self.spare("kept")
                self.lines.append(Assign(variable, self.symbols.size_code(dim)))
                kept[dim.expr] = self.symbols.new_version(variable, dim)
            return kept[dim.expr]

        def with_kept(value: Tensor) -> Tensor:
            shape = tuple(map(size, value.shape))
            return value if all(map(is_, shape, value.shape)) else value.of_shape(shape)

        for owner, each in list(self.slots()) if symbols else ():
            self.write(owner, each, each_tensor(self.read(owner, each), with_kept))

    def rename_sizes(self, symbols: Mapping[str, Expr]) -> None:
        """Say the sizes of all values with other symbols."""
        words = {*symbols}

        def renamed(dim: Any) -> Any:
            return Traced(dim.value, dim.expr.substitute(symbols)) if isinstance(dim, Traced) else dim

        def with_others(value: Tensor) -> Tensor:
            is_meant = any(self.symbols.mentions(dim, words) for dim in value.shape)
            return value.of_shape(tuple(map(renamed, value.shape))) if is_meant else value

        for slot in list(self.slots()) if symbols else ():
            self.write(*slot, each_tensor(self.read(*slot), with_others))

    def slots(self) -> Iterator[tuple[Any, str]]:
        """The places that hold values: (scope or self, name)."""
        yield self, "it"
        yield self, "entry"
        for scope in self._scopes():
            for each, value in scope.names.items():
                if isinstance(value, (Tensor, TensorList, AnyTensors)):
                    yield scope, each

    def _scopes(self) -> Iterator[Scope]:
        """The scope of the lines at hand and those around it, and at last the values that are put aside."""
        scope: Scope | None = self.scope
        while scope is not None:
            yield scope
            scope = scope.parent
        yield self._aside

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

    def keep_values(self, variables: set[str], wanted: str | None) -> None:
        """Before variables of `forward` are given something else, keep the values in them that still have a name."""
        if self.is_silent:
            return
        kept: dict[str, str] = {}

        def saved(value: Tensor) -> Tensor:
            if not isinstance(value.code, ast.Name) or value.code.id not in variables:
                return value
            if value.code.id not in kept:
                kept[value.code.id] = self.temporary(f"{value.code.id.removeprefix(FLOW)}_before")
                self.put(value, kept[value.code.id])
            return value.moved(name(kept[value.code.id]))

        for scope in self._scopes():
            for each, value in scope.names.items():
                if each != wanted and isinstance(value, (Tensor, TensorList)):
                    scope.names[each] = each_tensor(value, saved)
        if self.flow != "x" and not self.chain:
            self.entry = each_tensor(self.entry, saved)
        if not self.chain and (wanted is not None or variables != {FLOW + self.flow}):
            self.it = each_tensor(self.it, saved)

    def put(self, value: Tensor, variable: str, lines: list[Any] | None = None) -> Tensor:
        """The value in a variable, which a line of the body gives it; or one of others."""
        if not (isinstance(value.code, ast.Name) and value.code.id == variable):
            (self.lines if lines is None else lines).append(Compute((variable,), value.code, shape=value.shape))
        return value.moved(name(variable))

    def in_variable(self, value: Tensor, variable: str) -> Tensor:
        """The value in a variable: its own, if it has one."""
        if is_variable(value.code):
            return value
        self.keep_values({variable}, None)
        return self.put(value, variable)

    def set_value(self, wanted: str, value: Any) -> None:
        """Give a name of the text a value."""
        if isinstance(value, Tensor) and self.chain is None:
            variable = self.value_name(wanted)
            self.value_names.add(wanted)
            if not (isinstance(value.code, ast.Name) and value.code.id == variable):
                self.keep_values({variable}, wanted)
            value = self.put(value, variable)
        elif isinstance(value, TensorList):
            value = self.settled(value, wanted)
            items = [self._own_item(wanted, at, each) for at, each in enumerate(value.items)]
            value = TensorList(tuple(items))
        elif isinstance(value, AnyTensors):
            value = self.put_list(value, wanted)
        self.scope.names[wanted] = value

    def _own_item(self, wanted: str, at: int, item: Any) -> Any:
        """An item of a list in a variable that is called after the list and its place, unless it has one."""
        if not isinstance(item, Tensor):
            return each_tensor(item, partial(self._own_item, wanted, at))
        if is_variable(item.code) and item.code.id not in (FLOW + "x", FLOW + self.flow):
            return item
        variable = self.temporary(numbered(wanted, at))
        self.keep_values({variable}, wanted)  # what flows into a turn of a loop may be in it
        return self.put(item, variable)

    def put_list(self, value: AnyTensors, wanted: str) -> AnyTensors:
        """A list of values of any number, and the lists of their sizes, in variables for what the text calls so."""
        held = self.scope.names.get(wanted)
        variable = self.value_name(wanted)
        self.value_names.add(wanted)
        if not (isinstance(value.code, ast.Name) and value.code.id == variable):
            self.keep_values({variable}, wanted)
            self.lines.append(Compute((variable,), value.code, type=LIST))
        lists = []
        for axis, each in enumerate(self._own_sizes(value, wanted)):
            known = held.lists[axis] if isinstance(held, AnyTensors) else None
            if isinstance(each, ast.Name) or (each is None and known is None):
                lists.append(each)
                continue
            written = known.id if isinstance(known, ast.Name) else self.list_variable(wanted, axis, len(value.shape))
            self.keep_sizes({written})
            assert each is not None  # noqa: S101 - what grows has lists of all its sizes
            self.lines.append(Assign(written, each, type="" if known else "list[int]"))
            self.symbols.new_version(written)
            lists.append(name(written))
        return replace(value, code=name(variable), lists=tuple(lists))

    def _own_sizes(self, value: AnyTensors, wanted: str) -> tuple[Code | None, ...]:
        """The lists of its sizes, copied where another name has them too, for each grows by itself."""
        others = (self.read(*slot) for slot in self.slots() if slot != (self.scope, wanted))
        if not any(isinstance(each, AnyTensors) and each.lists == value.lists for each in others):
            return value.lists
        return tuple(each and copied(each) for each in value.lists)

    def list_variable(self, wanted: str, axis: int, rank: int) -> str:
        """The variable for the sizes of a list of values along an axis."""
        return self.spare(f"{wanted}_{axis_word(axis, rank)}")

    def settled(self, value: Any, wanted: str = "part") -> Any:
        """Several values with a variable for each."""
        if self.pending is None or self.pending[0] is not value:
            return value
        names = tuple(self.temporary(numbered(wanted, at)) for at in range(len(value.items)))
        self.lines.append(Compute(names, self.pending[1], type="tuple"))
        self.pending = None
        items = tuple(item.moved(name(v)) for v, item in zip(names, value.items, strict=True))
        return TensorList(items)

    def several(self, code: Code, shapes: Sequence[Any]) -> TensorList:
        """Values that one step gives: as a tuple that is taken apart where it is needed."""
        value = TensorList(tuple(Tensor(subscript(code, constant(at)), shape) for at, shape in enumerate(shapes)))
        self.pending = (value, code)
        wanted = (self.target or FLOW).removeprefix(FLOW)
        is_named = wanted not in ("", "x", self.flow)
        return value if self.is_taken_apart else self.settled(value, wanted if is_named else "part")

    def new_part(self, wanted: str, label: Code | None = None) -> Part:
        """A new part."""
        part = Part(len(self.parts), wanted, label)
        self.parts[part.number] = part
        return part

    def part_at(self, node: Any) -> Part:
        """A new part without a name of its own, at its place in the text; in loops the list of those there."""
        named = getattr(node, "part", None)
        if named is None:
            raise Untranslatable("this part has no name", getattr(node, "span", None))
        if not named.is_list:
            return self.new_part(named.name)
        whole = self.list_part(named.name)
        if self.loops:
            return whole
        part = self.new_part(named.name)
        part.is_list, part.whole = True, whole
        return part

    def new_labelled(self, label: Static) -> Part:
        """A new part with a label, which may be no name of an attribute, or worked out when a module is built."""
        known = label.value if isinstance(label.value, str) else None
        if known is not None and is_attribute(known):
            return self.new_part(known)
        return self.new_part(known or flat(label.code), label.code)

    def register(self, part: Part, node: Any) -> Register:
        """The line that gives a part its place, which is here."""
        part.span = getattr(node, "span", None)
        line = Register(part)
        self.lines.append(line)
        return line

    def declare(self, part: Part, recipe: Any, node: Any) -> None:
        """Give a part its place; what it is follows where it is first applied."""
        self.declared[part.number] = Declared(self.register(part, node), recipe, dict(self.symbols.current), node)

    def list_part(self, wanted: str) -> Part:
        """The list of parts of a place in the text."""
        found = self.part_lists.get(wanted)
        if found is None:
            found = self.new_part(wanted)
            found.is_list = True
            self.part_lists[wanted] = found
            self.lines.append(Declare(found))
        return found

    def begin_chain(self, shape: Shape) -> Chain:
        """From here on layers go to the end of a chain, which a value of this size enters."""
        self.chain = Chain()
        self.lines, self.is_empty_chain = self.chain.lines, True
        self.it = self.entry = self.chain_end(shape)
        return self.chain

    def chain_end(self, shape: Shape) -> Tensor:
        """What flows at the end of a chain, from here on."""
        self.end = self.file.new_symbol("chain")
        return Tensor(name(self.end), shape)

    def at_end(self, value: Any) -> Any:
        """The value, which is to be the one at the end of the chain. Raises Untranslatable."""
        if not isinstance(value, Tensor) or flat(value.code) != self.end:
            raise Untranslatable(
                "a chain gives each layer what the one before it gave, and here something else is read",
                None,
                "make it a block",
            )
        return value

    def state(self) -> State:
        """What all names stand for."""
        values: dict[tuple[Any, str], Any] = {(self, "it"): self.it, (self, "entry"): self.entry}
        for scope in self._scopes():
            values |= {(scope, each): value for each, value in scope.names.items()}
        return State(values, dict(self.symbols.current), self.end, self.is_empty_chain)

    def restore(self, state: State) -> None:
        """Go back to what names stood for."""
        for scope in self._scopes():
            scope.names = {}
        for (owner, each), value in state.values.items():
            self.write(owner, each, value)
        self.symbols.current, self.end, self.is_empty_chain = dict(state.current), state.end, state.is_empty_chain

    @contextmanager
    def having(self, **attributes: Any) -> Iterator[None]:
        """With other attributes for the time being; afterwards these are what they were."""
        outer = {word: getattr(self, word) for word in attributes}
        # In a chain, and where what comes out is the current value from here on, the one before is not read again.
        read = [] if self.chain else ["entry"] if self.target == FLOW + self.flow else ["it", "entry"]
        aside = {word: self.put_aside(outer[word]) for word in read if word in outer}
        vars(self).update(attributes)
        try:
            yield
        finally:
            vars(self).update(outer | {word: self.back(held, outer[word]) for word, held in aside.items()})

    @contextmanager
    def inside(
        self, line: If | For, lines: list[Any], outcome: bool = True, test: Static | None = None
    ) -> Iterator[None]:
        """While the lines of one way of a condition are worked out, or those of a loop."""
        loops = [*self.loops, line] if isinstance(line, For) else self.loops
        before = self.before_loops if self.loops else frozenset(self.symbols.current.values())
        ways = [*self.ways, (line, outcome, test)]
        with self.unchecked(test), self.having(lines=lines, loops=loops, before_loops=before, ways=ways):
            yield

    @contextmanager
    def unchecked(self, test: Static | None) -> Iterator[None]:
        """While something is worked out that nothing has checked if no use of the text gets to it."""
        try:
            yield
        except (SizeError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
            reason = f"what is written here does not fit{f': {problem}' if isinstance(problem, SizeError) else ''}"
            helps = "nothing that the text uses gets here, so that it was not checked; change it, or leave it out"
            raise Untranslatable(reason, helps=helps, names=self.names_of(test)) from problem

    def check_applied(self, mark: int, test: Static) -> None:
        """Refuse layers that lines from a place on apply, for parts of an expression of which a test decides which one
        is worked out: those lines are always run.
        """
        if any(isinstance(line, Compute) and parts_read(line) for line in walk(self.lines[mark:])):
            raise Untranslatable(
                "a parameter decides whether an expression applies a layer",
                helps="apply it in a line of its own, under a condition",
                names=self.names_of(test),
            )

    def runner(self, axis: int, rank: int) -> str:
        """The variable for a size of the running value."""
        wanted = axis_word(axis, rank)
        if axis == 0 and self.kind == "network":
            wanted = f"in_{wanted}"
        elif axis == 0 and wanted in self.given_names:
            wanted = f"out_{wanted}"
        if wanted in self.text_names:
            wanted = f"out_{wanted}"
        if wanted not in self.runners:
            self.runners[wanted] = self.spare(wanted)
        return self.runners[wanted]

    def held(self, value: Tensor) -> Tensor:
        """A value in a variable that may be given something else."""
        self.target = self.own_target("identity" if "shortcut" in self.text_names else "shortcut")
        return self.put(value, self.target)

    def own_target(self, wanted: str = "out") -> str:
        """The variable for what is worked out, which may be given it now: `target`, or a new one."""
        variable = self.target or self.temporary(wanted)
        self.keep_values({variable}, None)  # the name that is given it may stand for another value still
        return variable

    def flow_apart(self, value: Tensor) -> None:
        """Make a value the current one in a variable of its own: `target`, or a new one."""
        variable = self.own_target()
        self.flow = variable.removeprefix(FLOW)
        self.it = self.in_variable(value, variable)

    def go_on(self, value: Any) -> None:
        """Make a value the current one."""
        if isinstance(value, TensorList):  # in the order of the text, and each once, however they are read
            items = self.settled(value).items
            self.it = TensorList(
                tuple(each if _is_output(each) else self._own_item("part", at, each) for at, each in enumerate(items))
            )
            return
        if self.chain is None and isinstance(value, Tensor):
            value = self.in_variable(value, FLOW + self.flow)
        self.it = value

    def put_aside(self, value: Any) -> str:
        """Keep a value while others are worked out; the name by which `back` gives it, wherever it is then."""
        held: str = self.file.new_symbol("aside")
        if isinstance(value, (Tensor, TensorList, AnyTensors)):
            self._aside.names[held] = value
        return held

    def back(self, held: str, value: Any) -> Any:
        """A value that was put aside under a name."""
        return self._aside.names.pop(held, value)

    def in_order(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        """What works give that are done one after the other, each as it is when all of them are done."""
        done = []
        with self.having(target=None):
            for work in works:
                self.target = None  # what one puts into a variable is not overwritten by the next
                value = work()
                done.append((value, self.put_aside(value) if len(works) > 1 else "", len(self.lines)))
        made = [(self.back(held, value), mark) for value, held, mark in done]
        values = []
        is_overtaken, end = False, len(self.lines)
        for value, mark in reversed(made):
            values.append(value)
            is_overtaken = is_overtaken or (
                mark < end and any(isinstance(line, Compute) for line in walk(self.lines[mark:end]))
            )
            end = mark
            is_apart = self.pending is not None and self.pending[0] is value  # what one step gives
            if is_overtaken and not is_apart:
                line: list[Any] = []
                values[-1] = each_tensor(value, partial(self.ahead, lines=line))
                self.lines[mark:mark] = line
        return values[::-1]

    def ahead(self, value: Tensor, lines: list[Any], wanted: str = "out") -> Tensor:
        """A value, which lines work out if it is in no variable yet."""
        return value if is_variable(value.code) else self.put(value, self.temporary(wanted), lines)


def _allowed(wanted: str) -> str:
    """The name of a variable, with an underscore behind it where no variable may be called so."""
    return wanted if why_not(wanted) is None or wanted in _OWN_ATTRIBUTES else f"{wanted}_"


def _is_output(value: Any) -> bool:
    """Whether a value is read by its name from what a part gave, which works out nothing again."""
    code = value.code if isinstance(value, Tensor) else None
    return isinstance(code, ast.Subscript) and isinstance(code.value, ast.Name) and isinstance(code.slice, ast.Constant)


_OWN_ATTRIBUTES = frozenset(
    ["type", "float", "double", "half", "train", "apply", "children", "modules", "parameters", "buffers",
     "compile", "cuda", "cpu", "state_dict", "add_module", "extra_repr", "eval", "to"]
)  # fmt: skip
"""Words that are methods of modules, and may be variables all the same."""
