"""Loops, and what names stand for from turn to turn of them.

A turn is worked out once, for any turn: what one leaves in another way than it began with is put into variables.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

from cnndsl.backends.pytorch.body import Body, State
from cnndsl.backends.pytorch.code import (
    Code,
    call,
    constant,
    copied,
    dotted,
    flat,
    gone_through,
    list_of,
    name,
    names_in,
)
from cnndsl.backends.pytorch.flowgraph import (
    A_MAP,
    A_NUMBER,
    FLOW,
    Assign,
    Compute,
    For,
    Part,
    assigned,
    codes_of,
    is_variable,
    nodes_of,
    walk,
)
from cnndsl.backends.pytorch.joins import (
    cases_of,
    either,
    held_sizes,
    hold_names,
    hold_sizes,
    in_order,
    is_read_elsewhere,
    second_runner,
)
from cnndsl.backends.pytorch.operations import flattened, of_any_number, same_axes, shared_sizes, sizes_code
from cnndsl.backends.pytorch.sorts import sort_of
from cnndsl.backends.pytorch.statics import abstract, holds_layers
from cnndsl.backends.pytorch.values import (
    AnyTensors,
    Case,
    Facts,
    NeedsFlatten,
    NeedsTurn,
    Scope,
    Static,
    Tensor,
    TensorList,
    Undecided,
    Untranslatable,
    is_empty,
    tensors_in,
)
from cnndsl.ir import nodes
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, value_of

_MOST_ROUNDS = 12
MOST_TURNS = 64
"""Loops of constants up to this many turns are worked out turn by turn where only sizes are wanted."""


def loop_or_turns(body: Body, node: Any, loop: Callable[[], None], turn: Any, items: list[Any] | None) -> None:
    """A loop; or its turns one by one, where what they leave cannot be said by a loop and there are few."""
    if items is None or body.is_silent or len(items) > MOST_TURNS:
        loop()
        return
    body.countable.add(id(node))
    if id(node) not in body.written_out:
        mark = mark_of(body)
        try:
            with body.having(fallbacks=body.fallbacks + 1):
                loop()
            return
        except Untranslatable:
            rewind(body, mark)
    reserve_at_outermost(body, node)
    for item in items:
        turn(item)


def repeated(body: Body, node: Any, count: Static, turn: Callable[[], None]) -> None:
    """A loop of so many turns that are alike."""
    known = body.symbols.known(count.value)
    if known is not None and (known == 0 or (body.is_silent and known <= MOST_TURNS)):
        for _ in range(known):
            turn()
        return
    items = list(range(known)) if isinstance(known, int) and known <= MOST_TURNS else None
    source = call("range", count.code)
    turns = value_of(count.value)

    def loop() -> None:
        run_loop(body, node, source, lambda: (name("_"), None), turn, count=turns)

    loop_or_turns(body, node, loop, lambda _: turn(), items)


_REMEMBERED = (
    "part_lists", "declared", "applied", "parts", "fills", "locals", "list_registers", "taken", "value_names",
    "singled", "elsewhere", "not_yet", "keys", "built_for", "told", "gave", "types", "taken_apart",
)  # fmt: skip
"""The attributes of a body that are what they were where the translation goes back."""


def mark_of(body: Body) -> tuple[Any, ...]:
    """Where the translation is, to come back to."""
    return body.state(), len(body.lines), body.target, {word: copy(getattr(body, word)) for word in _REMEMBERED}


def rewind(body: Body, mark: tuple[Any, ...]) -> None:
    """Go back to where the translation was."""
    state, count, body.target, held = mark
    body.restore(state)
    del body.lines[count:]
    for word, old in held.items():
        setattr(body, word, old)


def is_written_out(body: Body, items: list[Any]) -> bool:
    """Whether the turns of a loop are worked out one by one: for sizes alone, where nothing is written."""
    return body.is_silent and len(items) <= MOST_TURNS


def must_unroll(body: Body, items: list[Any]) -> bool:
    """Whether a loop has to be written out turn by turn: what it makes cannot be said in a loop."""
    return not body.is_silent and any(map(holds_layers, items))


def run_loop(
    body: Body,
    node: Any,
    source: Code,
    bind: Any,
    turn: Any,
    named: Iterable[Part] = (),
    facts: Callable[[], Sequence[Facts]] = tuple,
    count: int = 1,
) -> None:
    """Work out a loop, in which what changes from turn to turn becomes a variable.

    `bind` gives its names what they are in every turn, and returns the variables of `__init__`, and those of `forward`
    with what they go through where that is something else. `named` are the lists of layers with names among it, `facts`
    what the names are in each turn, where that is known, and `count` how many turns there are in the text.
    """
    hold_names(body, node)
    numbers: dict[str, Static] = {}
    for each in dict.fromkeys(nodes.bound_names(node)):
        held = body.scope.find(each)
        if isinstance(held, Static) and not is_empty(held) and not holds_layers(held):
            _generalise(body, each, held)
            if {"int", "float"} & sort_of(held).kinds and body.chain is None:
                numbers[each] = held
    lists = [*reserve_at_outermost(body, node), *named]
    if body.chain is not None and flat(body.it.code) == body.end:
        body.it = body.chain_end(body.it.shape)  # in later turns it is what earlier ones gave
    running: dict[Any, tuple[str, Traced]] = {}
    apart: list[str] = []
    flat_turn: Any = None  # what the first turn does, where it takes maps as lists of features
    not_yet, applied, entered, first = body.not_yet, set(body.applied), body.state(), len(body.lines)
    for _ in range(_MOST_ROUNDS):
        body.not_yet = not_yet
        before = body.state()
        marks = (set(body.taken), set(body.value_names), dict(body.list_registers))
        line = For(name("_"), gone_through(source), [], lists)
        own = {symbol.name for _, made in running.values() for symbol in made.expr.symbols()}
        with body.inside(line, line.lines), body.having(running=body.running | own):
            line.target, line.flow = bind()
            turns = facts()
            _run_turn(turn, source, count)
            for variable in apart:
                body.it = body.put(body.it, variable)
            _hold_new(body, line, before)
            _keep_lists(body, before)
        if flat_turn and not body.is_silent and flat_turn != _done(body, line.lines, {}):
            raise Untranslatable(_ANOTHER_KIND)
        maps = [] if body.chain else [*_maps_made_flat(body, before, line.lines)]
        flat_turn = None
        changed: list[Callable[[], None]]
        if maps:
            flat_turn = _done(body, line.lines, {variable: _home(body, *slot) for slot, variable in maps})
            changed = [partial(_flatten, body, *slot) for slot, _ in maps]
        else:
            changed = _changed(body, before, running, apart, numbers, turns)
        if not changed:
            if body.not_yet is not None and not body.loops:
                raise body.not_yet
            _close_turn(body, line, before, running)
            sizes = tuple(
                (Expr.of(body.read(*slot).shape[axis]), Expr.of(entered.values[slot].shape[axis]))
                for slot, axis in running
                if isinstance(entered.values[slot], Tensor)
            )
            break
        # What the turn was the first to apply stays so: it is built for what comes in before any turn.
        body.restore(before)
        body.taken, body.value_names, body.list_registers = marks
        body.taken |= set(body.runners.values())
        for generalise in changed:
            generalise()
    else:
        raise Untranslatable("the sizes do not settle from turn to turn", getattr(node, "span", None))
    for part in body.applied - applied:
        body.elsewhere[part] = cases_of(body.elsewhere, part, (), Case(None, sizes))  # it may have no turn
    if count < 1 and any(isinstance(each, Compute) and each.instead for each in body.lines[first:]):
        raise _needs_turn(source)
    body.lines.append(line)


def _needs_turn(source: Code) -> NeedsTurn:
    return NeedsTurn(_ANOTHER_KIND, names=frozenset(names_in(source)))


def _run_turn(turn: Callable[[], None], source: Code, count: int) -> None:
    """Work out a turn, which makes features of the map that a chain is given only if the text has one."""
    try:
        turn()
    except NeedsFlatten:
        if count < 1:
            raise _needs_turn(source) from None
        raise


_ANOTHER_KIND = "a turn of this loop leaves another kind of value than it began with"


def _maps_made_flat(body: Body, before: State, lines: Sequence[Any]) -> Iterator[tuple[tuple[Any, str], str]]:
    """The places of maps that a turn takes as lists of features, and leaves as such lists; with their variables."""
    for (owner, each), old in before.values.items():
        new = body.read(owner, each)
        if isinstance(old, Tensor) and isinstance(new, Tensor) and len(old.shape) > 1 == len(new.shape):
            variable = flat(old.code)
            if not body.is_silent and not (is_variable(old.code) and _is_made_flat(lines, variable)):
                raise Untranslatable(_ANOTHER_KIND)
            yield (owner, each), variable


def _is_made_flat(lines: Sequence[Any], variable: str) -> bool:
    """Whether all lines that read a map, up to one that gives its variable something else, flatten it."""
    for line in lines:
        found = [*nodes_of([line])]
        reads = sum(isinstance(node, ast.Name) and node.id == variable for node in found)
        if reads != sum(isinstance(node, ast.Call) and flat(node) == _flat(variable) for node in found):
            return False
        if isinstance(line, Compute) and variable in line.names:
            break
    return True


def _flat(variable: str) -> str:
    """The features of a map, in Python."""
    return flat(call("torch.flatten", name(variable), constant(1)))


def _flatten(body: Body, owner: Any, each: str) -> None:
    """A map that turns take as a list of features is one before the loop."""
    value = flattened(body, body.read(owner, each))
    variable = _home(body, owner, each)
    body.keep_values({variable}, None if owner is body else each)
    body.lines.append(Compute((variable,), value.code, shape=value.shape, instead=A_MAP))
    body.write(owner, each, value.moved(name(variable)))


def _home(body: Body, owner: Any, each: str) -> str:
    """The variable of a name, or of the running value."""
    return FLOW + body.flow if owner is body else body.value_name(each)


def _done(body: Body, lines: Iterable[Any], features: Mapping[str, str]) -> Any:
    """What the lines of a turn do, and leave in the variables of names, however much of it stands in one line.

    `features` are variables for lists of features, by those of the maps that lines flatten to get them.
    """
    values: dict[str, Any] = {}

    def value(code: Any) -> Any:
        match code:
            case ast.Name(id=word):
                return values.get(word, word)
            case ast.Call(args=[ast.Name(id=word), *_]) if word in features.keys() - values and flat(code) == _flat(
                word
            ):
                return features[word]
            case ast.AST():
                return hash((type(code), *(value(field) for _, field in ast.iter_fields(code))))
            case list():
                return hash(tuple(map(value, code)))
            case _:
                return code

    done = []
    for line in walk(lines):
        made = tuple(map(value, codes_of(line)))
        if isinstance(line, Compute) and line.names:
            several = {each: (at, *made) for at, each in enumerate(line.names)}
            values |= several if len(several) > 1 else dict.fromkeys(line.names, *made)
        else:
            done.append((type(line), made))
    return done, {each: held for each, held in values.items() if each not in body.wanted}


def _hold_new(body: Body, line: For, before: State) -> None:
    """What a loop in a loop has given a name is read behind it also where it has no turn again."""
    if len(body.loops) > 1:
        for owner, each in [slot for slot in body.slots() if slot not in before.values]:
            body.write(owner, each, hold_sizes(body, each, body.read(owner, each), line.lines))


def _keep_lists(body: Body, before: State) -> None:
    """A list of values that was in a variable before a turn is in it after the turn."""
    for (owner, each), old in before.values.items():
        new = body.read(owner, each)
        if not isinstance(old, AnyTensors):
            continue
        if is_empty(new):
            new = replace(old, code=list_of([]), lists=tuple(list_of([]) for _ in old.shape), count=None)
        is_another = isinstance(new, AnyTensors) and _has_lists(old) and not _same_lists(old, new)
        if is_another or isinstance(new, TensorList):
            held = of_any_number(body, new)
            if held is not None and is_another:
                held = replace(held, lists=tuple(each and copied(each) for each in held.lists))
            if held is None or len(held.shape) != len(old.shape):
                raise Untranslatable("a turn of this loop leaves values with different numbers of axes in a list")
            body.write(owner, each, old)  # of which it gets the variables
            body.write(owner, each, body.put_list(held, each))


def _generalise(body: Body, wanted: str, held: Static) -> None:
    """A constant that the turns of a loop change is any of its sort from its beginning on."""
    if body.is_silent:
        sort = sort_of(held)
        if "int" in sort.kinds or "float" in sort.kinds:
            body.scope.names[wanted] = Static(body.symbols.fresh(sort.sample), held.code)
        else:
            body.scope.names[wanted] = abstract(body, sort, held.code)
        return
    if not isinstance(held.code, ast.Name):
        body.bind_static(wanted, held)
        held = body.scope.names[wanted]
    variable = flat(held.code)
    body.keep_sizes({variable})
    body.scope.names[wanted] = abstract(body, sort_of(held), name(variable), body.symbols.new_version(variable))


def reserve_at_outermost(body: Body, node: Any) -> list[Part]:
    """The lists of all parts that a loop makes, in the order of the text, unless one around it has reserved them."""
    if body.loops or body.chain:
        return []
    inside = node.body if isinstance(node, (nodes.For, nodes.Repeat)) else (node,)
    parts = (getattr(each, "part", None) for each in nodes.walk(inside))
    return [body.list_part(part.name) for part in parts if part is not None and part.is_list]


def _changed(
    body: Body,
    before: State,
    running: dict[Any, Any],
    apart: list[str],
    numbers: Mapping[str, Static],
    turns: Sequence[Facts],
) -> list[Callable[[], None]]:
    """What makes of that which a turn has left in another way something that holds for all turns.

    `numbers` are those that names had before the loop, and `turns` what its names are in each turn, where that is
    known.
    """
    changed: list[Callable[[], None]] = []
    last: list[Callable[[], None]] = []
    """For sizes that are in their variables already: others that follow from them have been put into theirs by then."""
    now = body.state()
    run: set[tuple[Any, int]] = {*running}
    assigned = {symbol for variable, symbol in now.current.items() if before.current.get(variable) != symbol}
    for key, old in before.values.items():
        new = now.values.get(key)
        if new is old:
            continue
        owner, each = key
        match old, new:
            case AnyTensors(), AnyTensors() if old.lists != new.lists and not _has_lists(old):
                changed.append(partial(_open_list, body, owner, each, new))
            case AnyTensors(), AnyTensors() if old.alike != shared_sizes(body, old, new):
                changed.append(partial(_unlike, body, owner, each, new))
            case AnyTensors(), AnyTensors() | TensorList():
                continue
            case _, AnyTensors() | TensorList() if isinstance(old, TensorList) or is_empty(old):
                changed.append(partial(_open_list, body, owner, each, new))
            case (AnyTensors() | TensorList(), Static()) if is_empty(new):
                if isinstance(old, TensorList) or not _has_lists(old):
                    changed.append(partial(_open_list, body, owner, each, new))
            case Static(), Static() if is_empty(old):
                changed.append(partial(_generalise, body, each, new))
            case Tensor(), Tensor() if len(new.shape) == len(old.shape):
                if flat(old.code) != flat(new.code) and isinstance(new.code, ast.Name) and body.chain is None:
                    variable = new.code.id
                    if owner is body and _has_a_name(body, before, old, variable):
                        variable = FLOW + body.flow
                        apart[:] = [variable]
                    changed.append(partial(_into_variable, body, owner, each, variable))
                    continue
                for axis, (p, q) in enumerate(zip(old.shape, new.shape, strict=True)):
                    if (key, axis) in run or (body.symbols.same(p, q) and not body.symbols.mentions(q, assigned)):
                        continue
                    if turns and all(body.symbols.same(p, q, facts) for facts in turns):
                        body.write(owner, each, body.read(owner, each).along(axis, p))
                        continue
                    same = [other for other, held in before.values.items() if held is old]
                    alike = [other for other in same if _ends(body, now.values.get(other), axis, q)]
                    run |= {(other, axis) for other in alike}
                    # A number takes any size: that of the first turn would be worked out also where there is none.
                    begin = 1 if each in numbers else None
                    (last if _is_own(body, before, p, axis, len(old.shape)) else changed).append(
                        partial(_run_size, body, alike, axis, running, begin)
                    )
            case Static(), Tensor() if each in numbers and not any(
                body.symbols.mentions(d, assigned) for d in new.shape
            ):
                changed.append(partial(_number_into_value, body, each, numbers[each], new))
            case _ if holds_layers(old) or (isinstance(old, Static) and not isinstance(new, Static)):
                changed.append(partial(body.write, owner, each, Undecided()))
            case (Tensor(), _) | (TensorList(), Tensor()) | (_, AnyTensors() | TensorList()):
                raise Untranslatable(_ANOTHER_KIND)
    ends: dict[Any, Any] = {}
    for (key, axis), (_, made) in running.items():
        value = now.values[key]
        if not _ends(body, value, axis, ends.setdefault(made.expr, value.shape[axis])):
            changed.append(partial(_run_size, body, [key], axis, running))
    return changed + last


def _is_own(body: Body, before: State, dim: Any, axis: int, rank: int) -> bool:
    """Whether a size was in its variable before the loop."""
    if body.is_silent:
        return False
    with body.symbols.at_end(before.current):
        return flat(body.symbols.size_code(dim)) == body.runner(axis, rank)


def _has_a_name(body: Body, before: State, old: Tensor, variable: str) -> bool:
    """Whether a variable that turns leave the running value in is that of a name, or of what came in, which has another
    value before.
    """
    entry = before.values.get((body, "entry"))
    is_read = body.flow != "x"  # what came in, by the word `input`
    if is_read and isinstance(entry, Tensor) and flat(entry.code) == variable != flat(old.code):
        return True
    for owner, each in body.slots():
        held = before.values.get((owner, each))
        codes = [flat(value.code) for value in tensors_in(held)]
        for at, value in enumerate(tensors_in(body.read(owner, each)) if isinstance(owner, Scope) else ()):
            if flat(value.code) == variable and (
                bool(body.loops) if held is None else codes[at : at + 1] != [flat(old.code)]
            ):
                return True
    return False


def _ends(body: Body, value: Any, axis: int, dim: Any) -> bool:
    """Whether a turn has left a value with a size."""
    return isinstance(value, Tensor) and axis < len(value.shape) and body.symbols.same(value.shape[axis], dim)


def _run_size(
    body: Body, slots: Sequence[tuple[Any, str]], axis: int, running: dict[Any, Any], begin: int | None = None
) -> None:
    """A size that turns change is in a variable: that of a value, which is in some places; `begin` is what it is before
    the first turn, where that is not the size that the value has.
    """
    (owner, each), *_ = slots
    value = body.read(owner, each)
    dim = value.shape[axis]
    if body.is_silent:
        variable, made = "", body.symbols.fresh(value_of(dim))
        body.lines.append(Assign("_", body.symbols.size_code(dim)))  # which layers of a chain that is tried ask for
    else:
        variable = body.runner(axis, len(value.shape))
        code = body.symbols.size_code(dim) if begin is None else constant(begin)
        others = {other for other, _ in running.values()}
        if variable in others or is_read_elsewhere(body, variable, slots):  # that of another value
            variable = second_runner(body, each, axis, len(value.shape))
        for slot in slots:
            body.write(*slot, value.along(axis, 1))  # it is kept in no other variable
        body.keep_sizes({variable})
        value = body.read(owner, each)
        if flat(code) != variable:
            body.lines.append(Assign(variable, code))
        made = Traced(value_of(dim), body.symbols.new_version(variable).expr)
    replaced_value = value.along(axis, made)
    for slot in slots:
        body.write(*slot, replaced_value)
        running[slot, axis] = (variable, made)


def _close_turn(body: Body, line: For, before: State, running: dict[Any, Any]) -> None:
    """At the end of a turn the running sizes get what the turn left; after the loop they are what they are."""
    left: dict[str, Code] = {}
    changed: set[str] = set()
    for ((owner, each), axis), (variable, made) in running.items():
        dim = body.read(owner, each).shape[axis]
        if variable and variable not in left:
            left[variable] = body.symbols.size_code(dim)
            if not body.symbols.same(dim, made) and flat(left[variable]) != variable:
                changed.add(variable)
    held: list[Assign] = []
    symbols = {body.symbols.current[variable] for variable in changed}
    for owner, each in [*body.slots()] if changed else ():  # the turn has made them, and they are read behind the loop
        others = [axis for slot, axis in running if slot == (owner, each)]
        value = held_sizes(body, each, body.read(owner, each), held, body.symbols.current, symbols, others)
        body.write(owner, each, value)
    if held:
        known = {*before.current} - assigned(line.lines) | {*left}
        body.lines += [first for first in held if known.issuperset(names_in(first.code))]  # something, without a turn
    line.lines += [*held, *in_order(body, [Assign(each, code) for each, code in left.items() if each in changed])]
    last = {variable: body.symbols.current[variable] for variable in left if variable not in changed}
    ended = {variable: body.symbols.new_version(variable) for variable in left}
    # What a variable has at the end of the last turn it has behind the loop: for what names have from that turn, too.
    body.rename_sizes({symbol: ended[variable].expr for variable, symbol in last.items()})
    silent: dict[Expr, Traced] = {}  # for a size without a variable, which is another one behind the turn too
    for ((owner, each), axis), (variable, made) in running.items():
        value = body.read(owner, each)
        if not variable and made.expr not in silent:
            is_changed = not body.symbols.same(value.shape[axis], made)
            silent[made.expr] = body.symbols.fresh(made.value) if is_changed else made
        end = ended[variable] if variable else silent[made.expr]
        body.write(owner, each, value.along(axis, Traced(made.value, end.expr)))
    now = body.state()
    for key, old in before.values.items():
        match old, now.values.get(key):
            case Static(), Static() as new if new is not old and (body.is_silent or isinstance(new.code, ast.Name)):
                variable = "" if body.is_silent else flat(new.code)
                before_it = body.symbols.current.get(variable)
                body.write(*key, either(body, old, new))
                if before_it is not None:
                    body.rename_sizes({before_it: Expr.of(Symbol(body.symbols.current[variable]))})
            case Undecided(), _:
                body.write(*key, old)


def _into_variable(body: Body, owner: Any, each: str, variable: str) -> None:
    """A value that a loop changes is in one variable before the loop, and at the end of each turn."""
    if each != "it":  # which the turn that is worked out again is to leave in the same variable
        body.value_names.add(variable.removeprefix(FLOW))
    body.write(owner, each, body.put(body.read(owner, each), variable))


def _number_into_value(body: Body, each: str, number: Static, new: Tensor) -> None:
    """A number of which the first turn makes a value, as in `total = total + it`, is a tensor before the loop."""
    known = body.symbols.known(number.value)
    value = number.code if known is None else constant(known)
    kinds = {"dtype": dotted("torch.float64")} if "float" in sort_of(number).kinds else {}
    variable = body.value_name(each)
    body.value_names.add(each)
    body.keep_values({variable}, each)
    body.lines.append(Compute((variable,), call("torch.tensor", value, **kinds), instead=A_NUMBER))
    body.scope.names[each] = new.moved(name(variable))


def _unlike(body: Body, owner: Any, each: str, new: AnyTensors) -> None:
    """A list of values of which a turn has added one of another size."""
    held = body.read(owner, each)
    body.write(owner, each, replace(held, alike=shared_sizes(body, held, new)))


def _open_list(body: Body, owner: Any, each: str, new: Any) -> None:
    """A list of values that grows in a loop: one in `forward`, and lists of their sizes in `__init__`."""
    if body.fallbacks:
        raise Untranslatable("a list of values grows in a loop")
    old = body.read(owner, each)
    held: AnyTensors | None
    if isinstance(old, AnyTensors):
        held = replace(old, lists=tuple(sizes_code(body, old, axis) for axis in range(len(old.shape))), count=None)
    elif isinstance(old, TensorList) and old.items:
        held = of_any_number(body, old)
    else:
        first = new.items[0] if isinstance(new, TensorList) else new
        if isinstance(first, TensorList):
            raise Untranslatable("a list of lists of values grows in a loop")
        shape = first.shape
        alike = same_axes(body, shape)  # until a turn shows that they are not
        held = AnyTensors(list_of([]), shape, tuple(list_of([]) for _ in shape), 1, alike=alike)
    if held is None:
        raise Untranslatable("a list of values with different numbers of axes grows in a loop")
    body.write(owner, each, body.put_list(held, each))


def _same_lists(one: AnyTensors, other: AnyTensors) -> bool:
    """Whether the sizes of two lists of values are in the same variables."""
    pairs = zip(one.lists, other.lists, strict=False)
    return len(one.shape) == len(other.shape) and all(a is b or (a and b and flat(a) == flat(b)) for a, b in pairs)


def _has_lists(value: AnyTensors) -> bool:
    """Whether the sizes of a list of values are in variables, to which those of another value can be added."""
    return all(isinstance(sizes, ast.Name) for sizes in value.lists)
