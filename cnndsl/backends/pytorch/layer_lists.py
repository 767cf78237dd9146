"""Lists of layers with a name, `nn.ModuleList`: where they are registered, and loops and lists that go through them.

The text says in one place how the layers of a list are made, and in another what goes through them, which tells their
sizes. A loop that goes through the whole list says both: what it registers is put where the list is declared.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    Code,
    call,
    flat,
    gone_through,
    length_of,
    name,
    names_in,
    names_stored,
    walk_code,
)
from cnndsl.backends.pytorch.flowgraph import (
    EACH,
    FLOW,
    LIST,
    MODULE_LIST,
    MODULES,
    Append,
    Assign,
    Chain,
    Compute,
    Declare,
    For,
    If,
    Part,
    Register,
    assigned,
    codes_of,
    parts_read,
    placeholder,
    read_first,
    uses,
    walk,
)
from cnndsl.backends.pytorch.joins import mark_of, rewind, run_loop
from cnndsl.backends.pytorch.sorts import Sort, sort_of
from cnndsl.backends.pytorch.statics import UNSAID, bind_generic
from cnndsl.backends.pytorch.values import (
    AnyList,
    AnyTensors,
    BraceRecipe,
    ChoiceRecipe,
    PartRecipe,
    Scope,
    Static,
    Tensor,
    Untranslatable,
    is_layers,
    plain_static,
)
from cnndsl.frozen import frozen
from cnndsl.ir import nodes
from cnndsl.ir.names import why_not
from cnndsl.symbolic.expr import Expr, Symbol, parse_expr
from cnndsl.symbolic.number import Traced


@dataclass(eq=False)
class LayerRule:
    """How the layers of a list are made: one for each item of a list of constants."""

    source: Static
    targets: nodes.Targets
    item: Any
    scope: Scope
    whole: Part | None = None
    """The list that they are, once it has a name."""
    target: Code | None = None
    """The variables of the loop at hand for the items of `source`."""
    current: dict[str, str] = field(default_factory=dict)
    """Which version variables have where the list is declared."""


class LayerList(list[Any]):
    """The layers of a list, or rows with such, and how a loop goes through them; `rule` is a `LayerRule` or `Rows`."""

    def __init__(self, items: Sequence[Any], rule: LayerRule | Rows | None) -> None:
        super().__init__(items)
        self.rule = rule


@frozen(eq=False)
class AnyLayers:
    """Layers of which there are as many as a parameter says, or rows with such."""

    rule: LayerRule | Rows
    sample: int


@frozen(eq=False)
class Rows:
    """`enumerate` of a list of layers, or `zip` of lists among which such are."""

    word: str
    columns: tuple[Static, ...]


def rule_of(value: Any) -> LayerRule | Rows | None:
    """How a loop goes through a list of layers with a name; None for anything else."""
    held = value.value if isinstance(value, Static) else None
    rule = held.rule if isinstance(held, (LayerList, AnyLayers)) else None
    if isinstance(rule, LayerRule):
        return rule if rule.whole is not None else None
    return rule


def rows(word: str, columns: Sequence[Any], known: Callable[[], Static]) -> Static | None:
    """What `enumerate` or `zip` gives for lists of layers; None where no list is one.

    `known` gives the rows where the lengths of all lists are known.
    """
    if word not in ("enumerate", "zip") or not any(rule_of(column) for column in columns):
        return None
    if not all(isinstance(column, Static) for column in columns):
        return None
    rule = Rows(word, tuple(columns))
    if not any(isinstance(column.value, (AnyLayers, AnyList)) for column in columns):
        return Static(LayerList(known().value, rule), name(UNSAID))
    lists = [column.value for column in columns if not isinstance(column.value, (int, float, Traced))]
    samples = [len(each) if isinstance(each, list) else each.sample for each in lists]
    return Static(AnyLayers(rule, min(samples)), name(UNSAID))


def refuse_length(layers: AnyLayers, what: str) -> NoReturn:
    """Raise Untranslatable for what has to know how many layers a list has."""
    names = frozenset(names_in(source_of(layers.rule)))
    raise Untranslatable(f"{what} depends on a parameter, as how many it has does", names=names)


# Declarations


def is_new_list(value: Any) -> bool:
    """Whether a value is a list of layers that have no place yet."""
    if not isinstance(value, Static):
        return False
    if isinstance(value.value, AnyLayers):
        return isinstance(value.value.rule, LayerRule) and value.value.rule.whole is None
    return is_layers(value) and not all(isinstance(item, PartRecipe) for item in value.value)


def declare(body: Body, whole: Part, wanted: str, layers: Static, node: Any) -> Static:
    """A name of the text gets a list of layers: their places are here, one after the other."""
    whole.is_list = whole.is_named = True
    body.lines.append(Declare(whole))
    rule = layers.value.rule if isinstance(layers.value, (LayerList, AnyLayers)) else None
    if isinstance(rule, LayerRule):
        rule.whole = whole
        rule.current = dict(body.current)
    if isinstance(layers.value, AnyLayers):
        return layers
    items: list[Any] = []
    for at, layer in enumerate(layers.value):
        part = body.new_part(whole.name)
        part.is_list = part.is_named = True
        part.whole, part.at = whole, at
        body.declare(part, as_before(body, body.for_later(layer), wanted), node)
        items.append(PartRecipe(part))
    return Static(LayerList(items, rule), name(UNSAID))


def as_before(body: Body, recipe: Any, wanted: str) -> Any:
    """The recipe with braces in which the name means what it meant before it was given to the layer."""
    if isinstance(recipe, ChoiceRecipe):
        return replace(recipe, yes=as_before(body, recipe.yes, wanted), no=as_before(body, recipe.no, wanted))
    if not isinstance(recipe, BraceRecipe):
        return recipe
    scope = Scope(recipe.scope)
    scope.names[wanted] = recipe.scope.find(wanted) or body.file.word(wanted)
    return BraceRecipe(recipe.body, scope)


# Loops


def _bind(body: Body, rule: LayerRule | Rows, targets: nodes.Targets, scopes: Mapping[int, Scope]) -> Code:
    """Give the names of a loop through lists of layers what they are in every turn; its variables in Python.

    `scopes` are those in which the layers are made, by the `id` of their rules: the same ones whenever it is tried.
    """
    if isinstance(rule, LayerRule):
        rule.target = _bind_layer(body, rule, targets, scopes[id(rule)])
        return rule.target
    if isinstance(targets, str) or (rule.word == "enumerate" and len(targets) != 2):
        raise Untranslatable("a loop gives a row with layers one name")
    columns: list[Any] = list(rule.columns)
    if rule.word == "enumerate":  # behind the list may be the number that it counts from
        columns = [Sort({"int"}, 1), columns[0]]
    parts = []
    if len(columns) != len(targets):
        raise Untranslatable("a loop gives a row with layers another number of names")
    for target, column in zip(targets, columns, strict=True):
        inner = rule_of(column)
        if inner is not None:
            parts.append(_bind(body, inner, target, scopes))
        else:
            sort = column if isinstance(column, Sort) else sort_of(column).of_items
            parts.append(bind_generic(body, target, sort))
    return ast.Tuple(parts, ast.Store())


def _bind_layer(body: Body, rule: LayerRule, targets: nodes.Targets, scope: Scope) -> Code:
    assert rule.whole is not None  # noqa: S101 - as `rule_of` has looked
    if not isinstance(targets, str):
        raise Untranslatable("a layer is taken apart")
    with body.having(scope=scope):
        made = bind_generic(body, rule.targets, sort_of(rule.source).of_items)
        body.each[rule.whole.number] = body.file.evaluate(body, rule.item)
    rule.whole.each = targets if why_not(targets) is None else ""
    body.scope.names[targets] = PartRecipe(rule.whole)
    return made


def _lists_of(rule: LayerRule | Rows) -> list[Part]:
    """The lists of layers that a loop goes through at a time. Raises Untranslatable where one is there twice."""
    lists = [each.whole for each in _layer_rules(rule) if each.whole is not None]
    if len(set(lists)) < len(lists):
        raise Untranslatable("a loop goes through the same list of layers twice at a time")
    return lists


def _layer_rules(rule: LayerRule | Rows) -> Iterator[LayerRule]:
    """How the layers of these lists are made."""
    if isinstance(rule, LayerRule):
        yield rule
        return
    for column in rule.columns:
        if (inner := rule_of(column)) is not None:
            yield from _layer_rules(inner)


def source_of(rule: LayerRule | Rows) -> Code:
    """The list of constants, or the rows of such, by which a list of layers is made."""
    if isinstance(rule, LayerRule):
        return gone_through(rule.source.code)
    columns = ((rule_of(column), column) for column in rule.columns)
    codes = [gone_through(column.code) if inner is None else source_of(inner) for inner, column in columns]
    return call(rule.word, *codes)


def loop(body: Body, statement: nodes.For, source: Static, turn: Callable[[], None]) -> None:
    """A loop through layers. Raises Untranslatable where it does not go through all of them in the same way."""
    rule = rule_of(source)
    assert rule is not None  # noqa: S101 - as the caller has looked
    lists = _lists_of(rule)
    before = dict(body.list_registers)
    scopes = {id(each): Scope(each.scope) for each in _layer_rules(rule)}

    def bind() -> Code:
        body.list_registers = dict(before)  # what an earlier try has registered is gone
        return _bind(body, rule, statement.targets, scopes)

    with body.having(each=dict(body.each)):
        run_loop(body, statement, source_of(rule), bind, turn, lists)
    line = body.lines[-1]
    line.way = rule
    for each in _layer_rules(rule):
        _move(body, each, line)


def _move(body: Body, rule: LayerRule, line: For) -> None:
    """Put what a loop registers to where its list is declared, if it can be said there."""
    whole = rule.whole
    register = body.list_registers.get(whole.number) if whole is not None else None
    if body.is_silent or register is None or whole is None or rule.target is None or register not in line.lines:
        return
    targets = names_stored(rule.target)
    changing = assigned(line.lines) | names_stored(line.target)
    codes = [code for each in walk([register]) for code in codes_of(each)]
    if any(uses(code).parts for code in codes):
        return
    others = [code for each in walk(each for each in line.lines if each is not register) for code in codes_of(each)]
    if not assigned([register]).isdisjoint(set().union(*map(names_in, others))):
        return
    for each in read_first([register]) - targets:
        if each in changing or rule.current.get(each) != body.current.get(each):
            return
    place = next((at for at, each in enumerate(body.lines) if isinstance(each, Declare) and each.part is whole), None)
    if place is None:
        return  # it is declared outside of a condition in which the loop stands
    line.lines.remove(register)
    body.lines.insert(place + 1, For(rule.target, source_of(rule), [register]))


def each_value(body: Body, node: nodes.Comprehension, source: Static) -> AnyTensors:
    """The values that the layers of a list give, as a list in `forward`. Raises Untranslatable."""
    rule = rule_of(source)
    if not isinstance(rule, LayerRule) or node.condition is not None or body.chain is not None:
        raise Untranslatable("a list goes through layers in a way that a list in Python does not")
    state = mark_of(body)
    line = For(name("_"), source_of(rule), [], _lists_of(rule))
    with body.having(each=dict(body.each), scope=Scope(body.scope), target=None), body.inside(line, line.lines):
        line.target = _bind(body, rule, node.targets, {id(rule): Scope(rule.scope)})
        value = body.file.evaluate(body, node.item)
    given = {body.current[each] for each in assigned(line.lines) if each in body.current}
    if (
        not isinstance(value, Tensor)
        or any(isinstance(each, Compute) for each in walk(line.lines))
        or any(body.mentions(dim, given) for dim in value.shape)
    ):
        rewind(body, state)
        raise Untranslatable("a list goes through layers in more than one line")
    body.lines.append(line)
    _move(body, rule, line)
    return _listed(body, rule, value)


def _listed(body: Body, rule: LayerRule, value: Tensor) -> AnyTensors:
    assert rule.whole is not None  # noqa: S101 - it has a name
    assert rule.target is not None  # noqa: S101 - something went through it
    names = names_stored(rule.target)
    symbols = {body.current[each] for each in names if each in body.current}
    lists: list[Any] = []
    for dim in value.shape:
        differs = body.mentions(dim, symbols)
        loop = ast.comprehension(rule.target, source_of(rule), [], 0)
        lists.append(ast.ListComp(body.size_code(dim), [loop]) if differs else None)
    number = rule.whole.number
    loop = ast.comprehension(name(f"{EACH}{number}"), name(f"{MODULES}{number}"), [], 0)
    items, length = rule.source.value, length_of(rule.source.code)
    sample = len(items) if isinstance(items, list) else items.sample
    count = plain_static(sample) if isinstance(items, list) else Static(body.number(length, sample), length)
    return AnyTensors(ast.ListComp(value.code, [loop]), value.shape, tuple(lists), sample, count)


# What is read of them


def check_reads(kept: Sequence[Any], lines: Sequence[Any]) -> None:
    """Refuse lists of values, as long as a parameter says, of which `forward` reads items at given places alone, and
    lists that each turn of a loop gives the values of new layers, which the next may read or not.

    What nothing reads is no part of a network; such a list would have it. `kept` are the lines of `forward`, and
    `lines` those of the whole body. Raises Untranslatable.
    """
    reads = _Reads(lines, kept)
    for variable, names in reads.made.items():
        if reads.is_partly(variable):
            shown = variable.removeprefix(FLOW)
            raise Untranslatable(
                f"of the list {shown}, which is as long as a parameter says, only some values are read",
                helps="read all of them, or make a list of those that are read",
                names=frozenset(names),
            )
    held = {id(line.code) for line in walk(kept) if isinstance(line, Compute)}
    for loop in filter(_makes_layers, walk(lines)):
        if any(id(code) in held for code in loop.replaced):
            reason = "which values of a list are read is known from turn to turn of a loop"
            raise Untranslatable(reason, names=frozenset(names_in(loop.source)))


def _makes_layers(line: Any) -> bool:
    return isinstance(line, For) and any(isinstance(each, Register) for each in walk(line.lines))


class _Reads:
    """How the lists of values that layers make are read."""

    def __init__(self, lines: Sequence[Any], kept: Sequence[Any]) -> None:
        self._sources = {
            part.number: names_in(line.source)
            for line in walk(lines)
            if isinstance(line, For)
            for part in (*line.lists, *(each.part for each in walk(line.lines) if isinstance(each, Register)))
        }
        self.made: dict[str, set[str]] = {}
        """The lists, and the variables that their lengths follow from."""
        self._wholly: set[str] = set()
        """Those of which each value is read, or may be."""
        self._carried: set[str] = set()
        """Lists of what a pipeline passes through: each value is needed for the last."""
        self._same: dict[str, str] = {}
        self._lengths: dict[str, Expr | None] = {}
        """How many values they have; None where that is not known."""
        self._places: dict[str, list[tuple[Expr, Expr]]] = {}
        """From which place on they are read, and up to which, by the turns of loops."""
        self._given: dict[str, list[int]] = {}
        """The places at which they are read, as far as known, from their beginning or, below 0, from their end."""
        self._tests: list[set[str]] = []
        """What the conditions around follow from."""
        others = {
            each
            for line in walk(kept)
            if getattr(line, "type", "") != LIST
            for code in codes_of(line)
            for each in names_in(code)
        }
        made = (line for line in walk(kept) if isinstance(line, Compute) and parts_read(line))
        self._results = {each for line in made for each in line.names} - others
        """The variables that hold what layers give, and that only lists have."""
        self.visit(kept, ())

    def is_partly(self, variable: str) -> bool:
        """Whether a list is read at given places alone, or all that reads it leaves out its first value or its last."""
        if variable in self._wholly:
            return False
        if variable not in self._places:
            return variable in self._given
        length = self._lengths.get(variable)
        if length is None:
            return False
        given, places = self._given.get(variable, ()), self._places[variable]
        before = [*((low.constant or 0) > 0 for low, _ in places), *(at != 0 for at in given)]
        behind = [*(((length - high).constant or 0) > 0 for _, high in places), *(at != -1 for at in given)]
        return all(before) or all(behind)

    def _grow(self, variable: str, more: int, loops: tuple[For, ...], *, is_new: bool) -> None:
        """Note that lines add so many values to a list, in each turn of these loops."""
        turns = [_turns_of(loop) for loop in loops]
        known = Expr.of(0) if is_new else self._lengths.get(variable)
        if known is None or self._tests or any(ends is None for ends in turns) or (is_new and loops):
            self._lengths[variable] = None
            return
        added = Expr.product([Expr.of(more), *(ends[1] - ends[0] for ends in turns if ends is not None)])
        self._lengths[variable] = known + added

    def visit(self, lines: Sequence[Any], loops: tuple[For, ...]) -> None:
        for line in lines:
            if isinstance(line, For):
                self._code(line.source, loops)
                self.visit(line.lines, (*loops, line))
                continue
            if isinstance(line, Compute) and line.type == LIST:
                self._list(line, loops)
            else:
                for code in codes_of(line):
                    self._code(code, loops)
            self._tests.append(names_in(line.test) if isinstance(line, If) else set())
            for block in line.blocks():
                self.visit(block, loops)
            self._tests.pop()

    def _list(self, line: Compute, loops: tuple[For, ...]) -> None:
        (variable,) = line.names
        match line.code:
            case ast.ListComp(generators=[ast.comprehension(iter=ast.Name(id=source))]) if source.startswith(MODULES):
                self.made[variable] = self._sources.get(int(source.removeprefix(MODULES)), set())
            case ast.List(elts=items):
                self._grow(variable, len(items), loops, is_new=True)
                if any(isinstance(item, ast.Name) and item.id in self._results for item in items):
                    self.made.setdefault(variable, set()).update(*self._tests)
            case (
                ast.BinOp(left=ast.Name(id=held), op=ast.Add(), right=ast.List(elts=items))
                | ast.BinOp(left=ast.List(elts=items), op=ast.Add(), right=ast.Name(id=held))
            ) if held == variable:
                self._grow(variable, len(items), loops, is_new=False)
                if loops or variable in self.made:
                    sources = (names_in(loop.source) for loop in loops)
                    self.made.setdefault(variable, set()).update(*sources, *self._tests)
                for item in items:
                    self._code(item, loops)
                if loops and any(isinstance(item, ast.Name) and _is_carried(item.id, loops[-1]) for item in items):
                    self._carried.add(variable)
                return
            case ast.BinOp(op=ast.Add()) if parts := names_in(line.code) & self.made.keys():
                self.made.setdefault(variable, set()).update(*(self.made[part] for part in parts))
                self._lengths[variable] = None
            case ast.Name(id=other) if other in self.made:
                self._same[variable] = self._same.get(other, other)
                return
        self._code(line.code, loops)

    def _code(self, code: ast.AST, loops: tuple[For, ...]) -> None:
        turning = set().union(*(names_stored(loop.target) for loop in loops))
        items: set[int] = set()
        for node in walk_code(code):
            match node:
                case ast.Call(func=ast.Name(id="sum"), args=[_, ast.Subscript(value=ast.Name(id=whole))]):
                    self._wholly.add(self._same.get(whole, whole))  # sum(wide[1:], wide[0])
                case ast.Subscript(value=ast.Name(id=held) as listed, slice=index):
                    items.add(id(listed))
                    self._item(self._same.get(held, held), index, loops, is_turning=bool(turning & names_in(index)))
                case ast.Name(id=whole) if id(node) not in items:
                    self._wholly.add(self._same.get(whole, whole))

    def _item(self, variable: str, index: Code, loops: tuple[For, ...], *, is_turning: bool) -> None:
        """Note that a list is read at a place, which may be another one in each turn."""
        if not is_turning:
            given = self._given.setdefault(variable, [])
            at = _constant_place(index)
            if at is None:
                self._lengths[variable] = None
            elif at == -1 and variable in self._carried:
                self._wholly.add(variable)
            else:
                given.append(at)
        elif (places := _places_read(index, loops)) is not None:
            self._places.setdefault(variable, []).append(places)
        else:
            self._wholly.add(variable)


def _constant_place(index: ast.AST) -> int | None:
    match index:
        case ast.Constant(value=int(at)):
            return at
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(at))):
            return -at
    return None


def _turns_of(loop: For) -> tuple[Expr, Expr] | None:
    """From which number to which a loop counts; None where it does not, or that is not known."""
    match loop.source:
        case (
            ast.Call(func=ast.Name(id="range"), args=ends)
            | ast.Call(func=ast.Name(id="reversed"), args=[ast.Call(func=ast.Name(id="range"), args=ends)])
        ) if len(ends) <= 2:
            try:
                *begin, end = (parse_expr(flat(each)) for each in ends)
            except ValueError:
                return None
            return (begin[0] if begin else Expr.of(0)), end
    return None


def _places_read(index: Code, loops: tuple[For, ...]) -> tuple[Expr, Expr] | None:
    """The places that the turns of a loop read, from one to another; None where that is not known."""
    for loop in loops:
        if isinstance(loop.target, ast.Name) and names_in(index) == {loop.target.id}:
            ends = _turns_of(loop)
            try:
                offset = parse_expr(flat(index)) - Expr.of(Symbol(loop.target.id))
            except ValueError:
                return None
            return None if ends is None or offset.constant is None else (ends[0] + offset, ends[1] + offset)
    return None


def _is_carried(variable: str, loop: For) -> bool:
    """Whether a turn of a loop makes a value of the one before."""
    return any(
        isinstance(line, Compute) and variable in line.names and variable in names_in(line.code)
        for line in walk(loop.lines)
    )


# What is made of them at once


def gathered(lines: Iterable[Any]) -> list[Any]:
    """Lines in which each list of parts that the text names is made at once, and not part by part."""
    made: list[Any] = []
    todo = list(lines)
    while todo:
        line = todo.pop(0)
        match line:
            case Declare() if line.part.is_named:
                end = _end_of(todo, line.part)
                chain = Chain(_appends(todo[:end]), MODULE_LIST)
                made.append(Register(line.part, chain, comment=line.comment))
                del todo[:end]
                continue
            case If():
                line.yes, line.no = gathered(line.yes), gathered(line.no)
            case For():
                line.lines = gathered(line.lines)
        made.append(line)
    return made


def _end_of(lines: Sequence[Any], whole: Part) -> int:
    """How many lines belong to a list that is declared before them."""
    end = 0
    for at, line in enumerate(lines, 1):
        if _fills(line, whole):
            end = at
        elif not isinstance(line, Assign):
            break
    return end


def _fills(line: Any, whole: Part) -> bool:
    """Whether a line says what the parts of a list are, and what no others are."""
    parts = [each.part for each in walk([line]) if isinstance(each, Register)]
    return bool(parts) and all(whole in (part, part.whole) for part in parts)


def _appends(lines: Sequence[Any]) -> list[Any]:
    """The lines that fill a list."""
    made: list[Any] = []
    for line in lines:
        match line:
            case Register():
                assert line.value is not None  # noqa: S101 - others are gone
                made.append(Append(line.value, None, line.begins, line.kind))
            case If():
                places = _places([line])
                yes, no = (_appends(_filled(side, places)) for side in (line.yes, line.no))
                are_alike = all(isinstance(each, Append) and isinstance(each.value, ast.AST) for each in (*yes, *no))
                is_needless = are_alike and [flat(each.value) for each in yes] == [flat(each.value) for each in no]
                made += yes if is_needless else [If(line.test, yes, no)]
            case For():
                made.append(For(line.target, line.source, _appends(line.lines)))
            case _:
                made.append(line)
    return made


def _places(lines: Iterable[Any]) -> list[Part]:
    """The parts of a list that lines register."""
    return list(dict.fromkeys(line.part for line in walk(lines) if isinstance(line, Register)))


def _filled(lines: Sequence[Any], parts: Sequence[Part]) -> list[Any]:
    """The lines of one way of a condition, with something in each place that the other way fills."""
    made = list(lines)
    known = _places(lines)
    for part in parts:
        if part not in known:
            behind = (at for at, line in enumerate(made) if any(other.at > part.at for other in _places([line])))
            made.insert(next(behind, len(made)), Register(part, placeholder()))
    return made
