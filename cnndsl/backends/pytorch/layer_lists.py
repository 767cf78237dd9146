"""Lists of layers with a name, `nn.ModuleList`: where they are registered, and loops and lists that go through them.

The text says in one place how the layers of a list are made, and in another what goes through them, which tells their
sizes. A loop that goes through the whole list says both: what it registers is put where the list is declared.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
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
    tuple_of,
    zipped,
)
from cnndsl.backends.pytorch.flowgraph import (
    EACH,
    ELEMENT,
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
    Raise,
    Register,
    assigned,
    codes_of,
    nodes_of,
    placeholder,
    uses,
    walk,
)
from cnndsl.backends.pytorch.loops import mark_of, rewind
from cnndsl.backends.pytorch.operations import for_later, in_own_variable
from cnndsl.backends.pytorch.sorts import Sort, sort_of
from cnndsl.backends.pytorch.statics import UNSAID, bind_generic, facts_of_turns
from cnndsl.backends.pytorch.values import (
    AnyList,
    AnyTensors,
    BraceRecipe,
    ChoiceRecipe,
    Facts,
    PartRecipe,
    Scope,
    Static,
    Tensor,
    Untranslatable,
    each_tensor,
    is_layers,
    plain_static,
)
from cnndsl.frozen import frozen
from cnndsl.ir import nodes
from cnndsl.ir.names import why_not
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
    number: str = ""
    """The variable, with its version, that is the number of the layer at hand in the turns of a loop that counts."""
    it: Any = None
    """What flows there, if a layer takes that."""
    reads: set[str] = field(default_factory=set)
    """The variables of what the layers are given."""
    turns: Sequence[Facts] = ()
    """What the names are for each layer in the loop at hand, where that is known."""


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
    """`enumerate` of a list of layers, such a list from its end on, or `zip` of lists among which such are."""

    word: str
    columns: tuple[Static, ...]


def rule_of(value: Any) -> LayerRule | Rows | None:
    """How a loop goes through a list of layers with a name; None for anything else."""
    held = value.value if isinstance(value, Static) else None
    rule = held.rule if isinstance(held, (LayerList, AnyLayers)) else None
    if isinstance(rule, LayerRule):
        return rule if rule.whole is not None else None
    return rule


def with_rows(layers: LayerList | AnyLayers, change: Callable[[Any], Any]) -> LayerList | AnyLayers:
    """Rows with each of the lists changed that they are made of; layers of one list as they are."""
    rule = layers.rule
    if isinstance(rule, Rows):
        rule = Rows(rule.word, tuple(map(change, rule.columns)))
    if isinstance(layers, LayerList):
        return LayerList([*map(change, layers)], rule)
    return replace(layers, rule=rule or layers.rule)


def rows(word: str, columns: Sequence[Any], known: Callable[[], Static]) -> Static | None:
    """What `enumerate`, `reversed` or `zip` gives for lists of layers; None where no list is one.

    `known` gives the rows where the lengths of all lists are known.
    """
    found = [*map(rule_of, columns)]
    if word not in ("enumerate", "reversed", "zip") or not any(found):
        return None
    if not all(isinstance(column, Static) for column in columns):
        return None
    if word == "reversed" and not isinstance(found[0], LayerRule):
        return None  # which are rows
    rule = Rows(word, tuple(columns))
    is_open = any(isinstance(column.value, (AnyLayers, AnyList)) for column in columns)
    if not is_open and isinstance(made := known().value, list):
        return Static(LayerList(made, rule), name(UNSAID))
    lists = [column.value for column in columns if not isinstance(column.value, (int, float, Traced))]
    samples = [len(each) if isinstance(each, list) else each.sample for each in lists]
    return Static(AnyLayers(rule, min(samples)), name(UNSAID))


def length_of_layers(body: Body, layers: Any) -> Static | None:
    """How many layers a list has, of which a parameter says that; None for anything else."""
    held = layers.value if isinstance(layers, Static) else None
    if not isinstance(held, AnyLayers) or not isinstance(held.rule, LayerRule):
        return None
    code = length_of(held.rule.source.code)
    return Static(body.symbols.number(code, held.sample), code)


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
        _hold(body, rule)
    if isinstance(layers.value, AnyLayers):
        return layers
    items: list[Any] = []
    for at, layer in enumerate(layers.value):
        part = body.new_part(whole.name)
        part.is_list = part.is_named = True
        part.whole, part.at = whole, at
        body.declare(part, as_before(body, for_later(body, layer), wanted), node)
        items.append(PartRecipe(part))
    return Static(LayerList(items, rule), name(UNSAID))


def _hold(body: Body, rule: LayerRule) -> None:
    """Let what the layers of a list are given be what it is where the list is declared."""
    rule.current = dict(body.symbols.current)
    rule.scope = Scope(rule.scope)
    names = {each.name for each in nodes.walk(rule.item) if isinstance(each, nodes.Ref)} - {
        *nodes.target_names(rule.targets)
    }
    found = {each: rule.scope.find(each) for each in sorted(names)}
    if any(isinstance(each, nodes.Flow) and each.of == "it" for each in nodes.walk(rule.item)):
        found["it"] = body.it

    def held(word: str, value: Tensor) -> Tensor:
        rule.reads |= {*chain.from_iterable(names_in(body.symbols.size_code(dim)) for dim in value.shape)}
        return in_own_variable(body, value, word)

    for word, value in found.items():
        if isinstance(value, Static):
            rule.reads |= names_in(value.code)
        rule.scope.names[word] = each_tensor(value, partial(held, word))
    rule.it = rule.scope.names.pop("it", None)


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


def _bind(
    body: Body, scopes: Mapping[int, Scope], rule: LayerRule | Rows, targets: nodes.Targets
) -> tuple[Code, tuple[Code, Code]]:
    """Give the names of a loop through lists of layers what they are in every turn.

    Its variables in `__init__` come out, and with what they go through those of `forward`. `scopes` are those in which
    the layers are made, by the `id` of their rules: the same ones whenever it is tried.
    """
    if isinstance(rule, LayerRule):
        assert rule.whole is not None  # noqa: S101 - as `rule_of` has looked
        rule.target = _bind_layer(body, rule, targets, scopes[id(rule)])
        layers = name(f"{EACH}{rule.whole.number}"), name(f"{MODULES}{rule.whole.number}")
        return rule.target, zipped([(rule.target, source_of(rule)), layers])
    columns: list[Any] = list(rule.columns)
    if rule.word == "reversed":
        target, (into, items) = _bind(body, scopes, rule_of(columns[0]), targets)  # type: ignore[arg-type]
        return target, (into, backwards(items))
    if isinstance(targets, str) or (rule.word == "enumerate" and len(targets) != 2):
        raise Untranslatable("a loop gives a row with layers one name")
    if rule.word == "enumerate":  # behind the list may be the number that it counts from
        columns = [Sort({"int"}, 1), columns[0]]
    parts: list[Code] = []
    flows: list[tuple[Code, Code]] = []
    if len(columns) != len(targets):
        raise Untranslatable("a loop gives a row with layers another number of names")
    for word, column in zip(targets, columns, strict=True):
        if (inner := rule_of(column)) is not None:
            part, flow = _bind(body, scopes, inner, word)
            flows.append(flow)
        elif isinstance(column, Sort):
            part = bind_generic(body, word, column)
        else:
            part = bind_generic(body, word, sort_of(column).of_items)
            flows.append((part, column.code))
        parts.append(part)
    if rule.word == "zip":
        return tuple_of(parts), zipped(flows)
    if len(rule.columns) == 1:
        for each in _in_order(rule_of(rule.columns[0])):
            each.number = body.symbols.versioned(parts[0])
    ((into, items),) = flows
    start = (column.code for column in rule.columns[1:])
    return tuple_of(parts), (tuple_of([parts[0], into]), call("enumerate", items, *start))


def _singular(word: str) -> str:
    """What an item of a list is called after the list: `conv` of `convs`, and `layer` where that is no such word."""
    is_plural = word.endswith("s") and not word.endswith(("es", "ss")) and why_not(word[:-1]) is None
    return word[:-1] if is_plural else "layer"


def _in_order(rule: LayerRule | Rows | None) -> list[LayerRule]:
    """How the layers are made of the lists that a loop goes through from their beginning on."""
    if not isinstance(rule, Rows):
        return [] if rule is None else [rule]
    columns = map(rule_of, rule.columns) if rule.word == "zip" else ()
    return [column for column in columns if isinstance(column, LayerRule)]


def _bind_layer(body: Body, rule: LayerRule, targets: nodes.Targets, scope: Scope) -> Code:
    assert rule.whole is not None  # noqa: S101 - as `rule_of` has looked
    if not isinstance(targets, str):
        raise Untranslatable("a layer is taken apart")
    for each in rule.reads:
        if rule.current.get(each) != body.symbols.current.get(each):
            reason = f"{rule.whole.name} is declared before {each} is given something else, and gone through behind it"
            raise Untranslatable(reason, helps="give the second one a name of its own")
    with body.having(scope=scope, it=body.it if rule.it is None else rule.it):
        made = bind_generic(body, rule.targets, sort_of(rule.source).of_items)
        items = rule.source.value
        rule.turns = facts_of_turns(body, rule.targets, items if isinstance(items, list) else ())
        body.each[rule.whole.number] = body.file.evaluate(body, rule.item)
    rule.whole.each = targets if why_not(targets) is None else _singular(rule.whole.name)
    if targets:
        body.scope.names[targets] = PartRecipe(rule.whole)
    return made


def by_number(body: Body, targets: nodes.Targets, source: Any, lines: Any) -> tuple[nodes.Targets, Static] | None:
    """A loop that counts, and takes the layers of lists by the number of the turn, as one that goes through these.

    Its names and what it goes through come out; None where it is no such loop, or has other turns than layers.
    """
    columns: list[Static] = []
    match targets, source.code if isinstance(source, Static) else None:
        case str(number), ast.Call(ast.Name("range"), [_]) as items:
            names: list[nodes.Targets] = []
        case (str(number), inner), ast.Call(ast.Name("list"), [ast.Call(ast.Name("enumerate"), [items])]):
            _, sort = sort_of(source).of_items.columns or (None, Sort())
            names, columns = [inner], [Static(AnyList(sort, 1), items)]
        case _:
            return None
    found = _numbered(body, number, length_of(items), lines)
    columns += found
    if not found:
        return None
    names += [""] * len(found)
    row, *others = columns
    if others:
        row = Static(AnyLayers(Rows("zip", (row, *others)), 1), name(UNSAID))
    whole = Static(AnyLayers(Rows("enumerate", (row,)), 1), name(UNSAID))
    return (number, tuple(names) if others else names[0]), whole


def _numbered(body: Body, number: str, turns: Code, lines: Any) -> list[Static]:
    """The lists with as many layers as there are turns, of which lines take a layer by a number with this name."""
    found: dict[str, Static] = {}
    for each in nodes.walk(lines):
        match each:
            case nodes.Index(value=nodes.Ref(name=word), places=(nodes.Ref(name=place),)) if place == number:
                held = body.scope.find(word)
                rule = rule_of(held)
                if isinstance(rule, LayerRule):
                    count = length_of(rule.source.code)
                    is_same = all(rule.current.get(each) == body.symbols.current.get(each) for each in names_in(count))
                    if is_same and flat(count) == flat(turns):
                        found[word] = held
    return [*found.values()]


def at_hand(body: Body, layers: Any, index: Static) -> PartRecipe | None:
    """The layer of a list that a loop is at, where it is taken by the number of the turn; None for any other one."""
    rule = rule_of(layers)
    if isinstance(rule, LayerRule) and rule.whole is not None and rule.number == body.symbols.versioned(index.code):
        return PartRecipe(rule.whole)
    return None


def _lists_of(rules: Sequence[LayerRule | Rows]) -> list[Part]:
    """The lists of layers that a loop goes through at a time. Raises Untranslatable where one is there twice."""
    lists = [each.whole for rule in rules for each in layer_rules(rule) if each.whole is not None]
    if len(set(lists)) < len(lists):
        raise Untranslatable("a loop goes through the same list of layers twice at a time")
    return lists


def layer_rules(rule: LayerRule | Rows) -> Iterator[LayerRule]:
    """How the layers of these lists are made."""
    if isinstance(rule, LayerRule):
        yield rule
        return
    for column in rule.columns:
        if (inner := rule_of(column)) is not None:
            yield from layer_rules(inner)


def source_of(rule: LayerRule | Rows) -> Code:
    """The list of constants, or the rows of such, by which a list of layers is made."""
    if isinstance(rule, LayerRule):
        return gone_through(rule.source.code)
    columns = ((rule_of(column), column) for column in rule.columns)
    codes = [gone_through(column.code) if inner is None else source_of(inner) for inner, column in columns]
    return backwards(codes[0]) if rule.word == "reversed" else call(rule.word, *codes)


def backwards(items: Code) -> Code:
    """What is gone through from its end on; rows of `zip` column by column, as such have no end."""
    match items:
        case ast.Call(ast.Name("zip"), columns):
            return call("zip", *map(backwards, columns))
    return call("reversed", items)


@contextmanager
def going_through(body: Body, rules: Sequence[LayerRule | Rows]) -> Iterator[tuple[list[Part], Callable[..., Any]]]:
    """While a loop is worked out that goes through lists of layers: these, and what binds the names of a turn.

    It takes a rule and the names, and returns what `_bind` does. Raises Untranslatable.
    """
    scopes = {id(each): Scope(each.scope) for rule in rules for each in layer_rules(rule)}
    with body.having(each=dict(body.each)):
        yield _lists_of(rules), partial(_bind, body, scopes)
    line = body.lines[-1]
    for rule in rules:
        for each in layer_rules(rule):
            _move(body, each, line)
        for whole in _from_end(rule):
            register = body.list_registers.get(whole.number)
            if register is not None and register in line.lines:
                register.is_in_front = True


def _from_end(rule: LayerRule | Rows) -> list[Part]:
    """The lists of layers that a loop goes through from their end on."""
    if isinstance(rule, LayerRule):
        return []
    inner = [each for each in map(rule_of, rule.columns) if each is not None]
    return _lists_of(inner) if rule.word == "reversed" else [whole for each in inner for whole in _from_end(each)]


def out_of_step(lines: Iterable[Any], parts: Mapping[int, Part]) -> set[int]:
    """The lists of which `forward` applies a part by itself, or that it goes through from the end on.

    The parts of two lists that a line names beside each other are then not those with equal places.
    """
    found: set[int] = set()
    for node in nodes_of(lines):
        match node:
            case ast.Name(id=word) if word.startswith(ELEMENT) and (whole := parts[int(word[len(ELEMENT) :])].whole):
                found.add(whole.number)
            case ast.Call(ast.Name("reversed"), [ast.Name(id=word)]) if word.startswith(MODULES):
                found.add(int(word[len(MODULES) :]))
    return found


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
    for each in _read_first([register]) - targets:
        if each in changing or rule.current.get(each) != body.symbols.current.get(each):
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
    line = For(name("_"), source_of(rule), [], _lists_of([rule]))
    with body.having(each=dict(body.each), scope=Scope(body.scope), target=None), body.inside(line, line.lines):
        line.target, _ = _bind(body, {id(rule): Scope(rule.scope)}, rule, node.targets)
        value = body.file.evaluate(body, node.item)
    given = {body.symbols.current[each] for each in assigned(line.lines) if each in body.symbols.current}
    if (
        not isinstance(value, Tensor)
        or any(isinstance(each, Compute) or (isinstance(each, Register) and each.fills) for each in walk(line.lines))
        or any(body.symbols.mentions(dim, given) for dim in value.shape)
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
    symbols = {body.symbols.current[each] for each in names if each in body.symbols.current}
    lists: list[Any] = []
    for dim in value.shape:
        differs = body.symbols.mentions(dim, symbols)
        loop = ast.comprehension(rule.target, source_of(rule), [], 0)
        lists.append(ast.ListComp(body.symbols.size_code(dim), [loop]) if differs else None)
    number = rule.whole.number
    loop = ast.comprehension(name(f"{EACH}{number}"), name(f"{MODULES}{number}"), [], 0)
    items, length = rule.source.value, length_of(rule.source.code)
    sample = len(items) if isinstance(items, list) else items.sample
    count = plain_static(sample) if isinstance(items, list) else Static(body.symbols.number(length, sample), length)
    return AnyTensors(ast.ListComp(value.code, [loop]), value.shape, tuple(lists), sample, count)


# What is made of them at once


def _read_first(lines: Iterable[Any]) -> set[str]:
    """The variables of `__init__` that lines may read before they give them something."""
    found: set[str] = set()
    given: set[str] = set()
    for line in lines:
        inside = set().union(*map(_read_first, line.blocks()))
        if isinstance(line, For):
            inside -= names_stored(line.target)
        found |= inside.union(*map(names_in, codes_of(line))) - given
        if isinstance(line, Assign):
            given.add(line.name)
    return found


def gathered(lines: Iterable[Any]) -> list[Any]:
    """Lines in which each list of parts that the text names is made at once, and not part by part."""
    made: list[Any] = []
    todo = deque(lines)
    while todo:
        line = todo.popleft()
        match line:
            case Declare() if line.part.is_named:
                own = [todo.popleft() for _ in range(_end_of(todo, line.part))]
                made.append(Register(line.part, Chain(_appends(own), MODULE_LIST), comment=line.comment))
                continue
            case If():
                line.yes, line.no = gathered(line.yes), gathered(line.no)
            case For():
                line.lines = gathered(line.lines)
        made.append(line)
    return made


def _end_of(lines: Iterable[Any], whole: Part) -> int:
    """How many lines belong to a list that is declared before them."""
    end = 0
    for at, line in enumerate(lines, 1):
        if _fills(line, whole):
            end = at
        elif not (isinstance(line, Assign) or (isinstance(line, If) and _refuses(line))):
            break
    return end


def _refuses(line: If) -> bool:
    """Whether a condition refuses arguments, and does nothing else."""
    return all(isinstance(each, Raise) for each in (*line.yes, *line.no))


def _fills(line: Any, whole: Part) -> bool:
    """Whether a line says what the parts of a list are, one after the other, and what no others are."""
    found = [each for each in walk([line]) if isinstance(each, Register)]
    return bool(found) and all(whole in (each.part, each.part.whole) and not each.is_in_front for each in found)


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
