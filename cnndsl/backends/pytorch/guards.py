"""Layers whose values are read in some cases only are there, and are applied, in these cases only.

For every variable of `forward` a backward walk keeps in which cases it is read: as an "or" of "and"s of the tests of
the conditions behind it. A line whose value is read in some cases only is put under a condition, as is what registers
the parts that it applies.

What the end of a turn of a loop leaves is read by the next turn or, after the last one, behind the loop. Which turn is
the last is a test that cannot be asked, as is what differs from turn to turn: a layer that waits for one is refused.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cnndsl.backends.pytorch.code import Code, all_of, any_of, flat, names_in, names_stored, negated, walk_code
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    Assign,
    Compute,
    For,
    If,
    Part,
    Raise,
    Register,
    Return,
    Training,
    assigned,
    codes_of,
    computed,
    parts_read,
    uses,
    walk,
)
from cnndsl.backends.pytorch.values import ReadBehind, Untranslatable
from cnndsl.symbolic.expr import TooLong, parse_test

Case = frozenset[tuple[int, bool]]
"""Numbers of tests with their outcomes, all of which hold."""
Cases = frozenset[Case]
"""One of these holds."""
ALWAYS: Cases = frozenset([frozenset()])
NEVER: Cases = frozenset()
_MOST_CASES = 64
_MOST_TURNS = 1024
_UNKNOWN: Case = frozenset([(0, True)])
"""The test that cannot be asked."""


@dataclass(eq=False)
class _Test:
    """A test without "and", "or" and "not"."""

    code: Code
    mentions: frozenset[Any]
    """The variables and the parts that it reads."""
    place: int = 0
    """Where it stands in the text, before those with greater numbers."""
    is_stale: bool = False
    """Whether it comes out differently at the line at hand, before these are what they are at the condition."""


class Guards:
    """Puts lines under the conditions under which their values are read."""

    def __init__(self) -> None:
        self._tests = [_Test(ast.Constant(value=None), frozenset(), is_stale=True)]
        self._numbers: dict[str, int] = {}
        self._asking: dict[Any, list[int]] = defaultdict(list)
        """By variable and part the tests that read it."""
        self._places: dict[str, int] = {}
        """Of tests and what is in them, where they stand in the text."""
        self._parts: dict[int, Cases] = {}
        self._guards: dict[int, Code] = {}
        self._instead: dict[int, list[Any]] = {}
        """For lines (by `id`) what is there in their place: nothing for one whose value is read in no case that comes
        to it, and one way of a condition that the conditions around it decide.
        """
        self._twins: dict[int, If] = {}
        self._sized: dict[int, Cases] = {}
        """In which cases `__init__` reads a size from a part."""
        self._all_parts: dict[int, Part] = {}
        self._is_trial = False
        """Whether nothing is noted yet: what the turns of a loop leave has not settled."""
        self._unasked: set[Any] = set()
        """What the tests mention that cannot be asked."""
        self._filled: set[str] = set()
        """The variables of lists of which something is read, at the line at hand, that an empty one does not have."""
        self._unset: dict[str, tuple[If, Code]] = {}
        """For variables the first condition that sets them, and when it leaves without a value what is read behind."""
        self._refusals: dict[int, list[Any]] = {}
        """What stands before these conditions (by `id`)."""
        self.entered: set[int] = set()
        """The loops (by `id`) that must have a turn, since they fill a list that must not be empty behind them."""
        self.unset: set[str] = set()
        """The variables that loops may leave without a value, which nothing before the loops can tell."""

    def guarded(self, lines: Sequence[Any], inputs: Iterable[str]) -> list[Any]:
        """The lines of a definition, which end with what goes out; `inputs` are the variables that come in."""
        self._all_parts = {line.part.number: line.part for line in walk(lines) if isinstance(line, Register)}
        asked = [each for line in walk(lines) if isinstance(line, If) for each in walk_code(line.test)]
        self._places = {flat(each): -at for at, each in enumerate(reversed(asked)) if isinstance(each, ast.expr)}
        if any(isinstance(line, If | For | Training) for line in walk(lines)):
            live: dict[str, Cases] = {}
            self._walk(lines, live, ALWAYS)
            self.unset = {each for each, cases in live.items() if cases} - self._unset.keys() - {*inputs}
            for each in sorted(live.keys() & self._unset.keys() - {*inputs}):
                line, test = self._unset[each]
                refusal = If(test, [Raise(f"{each.removeprefix(FLOW)} has no value")], [])
                self._refusals.setdefault(id(line), []).append(refusal)
        return self._placed(lines, set()) if self._guards or self._instead or self._refusals else list(lines)

    # In which cases a value is read

    def _walk(self, lines: Sequence[Any], live: dict[str, Cases], path: Cases) -> None:
        """Note the guards of lines; `live` becomes what is read before them, and in which cases."""
        for at, line in reversed(list(enumerate(lines))):
            self._instead.pop(id(line), None)  # what a trial found
            if not isinstance(line, (Compute, Return)):
                self._note_sizes(line, path)
            match line:
                case Return():
                    self._read(codes_of(line), ALWAYS, live)
                case Compute():
                    cases = _either(*(live.pop(each, NEVER) for each in line.names))
                    self._filled.difference_update(line.names)
                    if not _within(cases, path):
                        self._instead[id(line)] = []
                        continue
                    self._guard(line, cases, path, is_needed=bool(uses(line.code).parts))
                    self._read([line.code], cases, live)
                case Assign():
                    self._change({line.name})
                case Register():
                    self._guard(line, self._parts.get(line.part.number, NEVER), path, is_needed=True)
                    self._check_sizes(line)
                    self._change({line.part.number})
                case If():
                    self._if(line, live, path)
                case For():
                    is_entered = self._is_entered(line, lines[:at])
                    if is_entered:
                        self.entered.add(id(line))
                    self._for(line, live, path, is_entered=is_entered)
                case Training():
                    inside = dict(live)
                    self._walk(line.lines, inside, path)
                    for each in line.own:
                        live.pop(each, None)
                    live.update({each: _either(cases, live.get(each, NEVER)) for each, cases in inside.items()})
                case _:
                    continue

    def _note_sizes(self, line: Any, path: Cases) -> None:
        """Note the parts from which a line of `__init__` reads a size."""
        for inner in [line] if isinstance(line, (If, For)) else walk([line]):
            if isinstance(inner, (Compute, Return)):
                continue
            for number in parts_read(inner):
                self._sized[number] = _either(self._sized.get(number, NEVER), path)

    def _check_sizes(self, line: Register) -> None:
        number, word = line.part.number, line.part.name
        cases = self._parts.get(number, NEVER)
        if id(line) in self._guards and _either(cases, self._sized.get(number, NEVER)) != cases:
            raise Untranslatable(f"a size of {word} is asked for in cases in which {word} is not applied")

    def _read(self, codes: Iterable[Code], cases: Cases, live: dict[str, Cases]) -> None:
        for code in codes:
            found = uses(code)
            for each in found.names:
                if each.startswith(FLOW):
                    live[each] = _either(live.get(each, NEVER), cases)
            for number in found.parts:
                self._parts[number] = _either(self._parts.get(number, NEVER), cases)
            if cases == ALWAYS:
                self._filled.update(_read_as_filled(code))

    def _if(self, line: If, live: dict[str, Cases], path: Cases) -> None:
        changed = assigned([line])
        self._forget(changed)
        ways = []
        both = self._cases(line.test, outcome=True), self._cases(line.test, outcome=False)
        for cases, lines in zip(both, (line.yes, line.no), strict=True):
            way = {each: _both(known, cases) for each, known in live.items()}
            inside = _both(path, cases)
            if inside == path:
                self._instead[id(line)] = lines
            self._walk(lines, way, inside)
            ways.append(way)
        live.clear()
        for each in dict.fromkeys([*ways[0], *ways[1]]):
            live[each] = _either(*(way.get(each, NEVER) for way in ways))
        # At the condition, what the ways change is what it was before: the test can be asked there and above.
        for number in {number for cases in both for case in cases for number, _ in case}:
            self._tests[number].is_stale = False
            self._numbers[flat(self._tests[number].code)] = number
        for each in _set_by(line):
            left = _within(live.get(each, NEVER), path)
            if left not in (ALWAYS, NEVER) and not self._is_stale(left):
                self._unset[each] = line, self._test_of(left)

    def _is_entered(self, line: For, before: Sequence[Any]) -> bool:
        """Whether a loop must have a turn, since it fills a list that is empty before it and must not be behind it."""
        return any(
            next((flat(each.code) for each in reversed(before) if isinstance(each, Compute) and kept in each.names), "")
            == "[]"
            for kept in self._filled & _set_by(line)
        )

    def _for(self, line: For, live: dict[str, Cases], path: Cases, *, is_entered: bool) -> None:
        changed = _changed_by(line)
        self._change(changed)
        computed = _set_by(line)
        cases = _either(*(live.get(each, NEVER) for each in computed))
        if self._guard(line, cases, path, is_needed=False):
            path = _both(path, cases)
        parts, sized, unset = self._parts, self._sized, dict(self._unset)
        behind = {each: self._in_all_turns(live.get(each, NEVER), changed) for each in computed}
        last, others = self._last_turn(line)
        changed.add(line)
        end = dict(behind)
        outer, self._is_trial = self._is_trial, True
        for _ in range(_MOST_TURNS):
            begin = self._turn(line, end, path, changed)
            before = {each: self._in_all_turns(begin.get(each, NEVER), changed) for each in computed}
            left = {each: _either(_both(behind[each], last), _both(before[each], others)) for each in computed}
            if left == end:
                break
            end = left
        else:
            raise Untranslatable("the cases in which values are read do not settle from turn to turn")
        self._is_trial = outer
        begin = self._turn(line, end, path, changed)
        target, source = line.values or (line.target, line.source)
        for each in names_stored(target):
            begin.pop(each, None)
        for each in computed:
            unset.pop(each, None)  # what sets it behind the loop need not do so
            read = self._in_all_turns(begin.pop(each, NEVER), changed)
            live[each] = read if is_entered else _mixed(live.get(each, NEVER), read)
        tables: list[tuple[dict[Any, Cases], ...]] = [(live, begin), (parts, self._parts), (sized, self._sized)]
        for known, found in tables:
            for each, read in found.items():
                known[each] = _either(known.get(each, NEVER), self._in_some_turn(read, line, changed))
        self._parts, self._sized, self._unset = parts, sized, unset
        self._read([source], cases, live)

    def _last_turn(self, line: For) -> tuple[Cases, Cases]:
        """Whether a turn of a loop is the last one, which cannot be asked, and the opposite."""
        number = self._add(_Test(ast.Constant(value=None), frozenset([line]), is_stale=True))
        return _only(number, True), _only(number, False)

    def _turn(self, line: For, end: dict[str, Cases], path: Cases, changed: set[Any]) -> dict[str, Cases]:
        """What a turn reads, where what it leaves is read in these cases."""
        self._parts, self._sized = {}, {}
        begin = dict(end)
        self._walk(line.lines, begin, path)
        self._change(changed)
        return begin

    def _in_all_turns(self, cases: Cases, changed: set[Any]) -> Cases:
        """Cases of one turn as those of any: tests that differ from turn to turn cannot be asked."""
        made = []
        for case in cases:
            differing = self._differing(case, changed)
            self._note_unasked(differing)
            made.append(case - differing | _UNKNOWN if differing else case)
        return _either(made)

    def _in_some_turn(self, cases: Cases, line: For, changed: set[Any]) -> Cases:
        """The cases in which these come about in one turn or another."""
        made = []
        for case in cases:
            differing = self._differing(case, changed)
            if not differing or self._comes_about(differing, line):
                made.append(case - differing)
                continue
            self._note_unasked(differing)
            self._unasked |= names_in(line.source)
            made.append(case - differing | _UNKNOWN)
        return _either(made)

    def _differing(self, case: Case, changed: set[Any]) -> Case:
        return frozenset(each for each in case if not changed.isdisjoint(self._tests[each[0]].mentions))

    def _note_unasked(self, case: Case) -> None:
        self._unasked.update(*(self._tests[number].mentions for number, _ in case))

    def _comes_about(self, case: Case, line: For) -> bool:
        """Whether constants tell that tests come out so together in a turn."""
        tests = all_of([self._code(number, outcome) for number, outcome in sorted(case)])
        try:
            asked = parse_test(flat(tests))
            return any(asked.outcome(_bound(line.target, item)) is True for item in _worth(line.source))
        except (ValueError, TypeError, ArithmeticError, TooLong):
            return False

    def _change(self, changed: set[Any]) -> None:
        """Before lines that give variables something, or register parts."""
        for number in self._forget(changed):
            self._tests[number].is_stale = True

    def _forget(self, changed: set[Any]) -> set[int]:
        """Ask tests that read what is changed anew from here on, under other numbers; which these are."""
        asking = {number for each in changed for number in self._asking.get(each, ())}
        for number in asking:
            text = flat(self._tests[number].code)
            if self._numbers.get(text) == number:
                del self._numbers[text]
        return asking

    # Tests

    def _add(self, test: _Test) -> int:
        """The number of a new test."""
        number = len(self._tests)
        self._tests.append(test)
        for each in test.mentions:
            self._asking[each].append(number)
        return number

    def _cases(self, test: Code, outcome: bool) -> Cases:
        """When a test comes out so."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._cases(test.operand, not outcome)
        if isinstance(test, ast.BoolOp):
            sides = [self._cases(each, outcome) for each in test.values]
            if isinstance(test.op, ast.And) != outcome:
                return _either(*sides)
            made = ALWAYS
            for side in sides:
                made = _both(made, side)
            return made
        opposite = negated(test)
        text, other = flat(test), flat(opposite)
        if text not in self._numbers and other in self._numbers:
            return _only(self._numbers[other], not outcome)
        if text not in self._numbers:
            mentions = frozenset(names_in(test) | uses(test).parts)
            self._numbers[text] = self._add(_Test(test, mentions, self._places.get(text, 0)))
        return _only(self._numbers[text], outcome)

    def _guard(self, line: Any, cases: Cases, path: Cases, *, is_needed: bool) -> bool:
        """Note the condition under which a line is there, beside those around it; whether there is one."""
        left = _within(cases, path)
        if left in (ALWAYS, NEVER):
            return False
        if self._is_stale(left):
            if is_needed and not self._is_trial:
                self._refuse(line, left)
            return False
        if self._is_trial:
            return True
        self._guards[id(line)] = self._test_of(left)
        return True

    def _is_stale(self, cases: Cases) -> bool:
        """Whether some test comes out differently at the line at hand, or cannot be asked at all."""
        return any(self._tests[number].is_stale for case in cases for number, _ in case)

    def _test_of(self, cases: Cases) -> Code:
        """Cases in Python, in the order of the text."""
        rows = sorted(
            sorted((self._tests[number].place, number, outcome) for number, outcome in case) for case in cases
        )
        return any_of([all_of([self._code(number, out) for _, number, out in row]) for row in rows])

    def _refuse(self, line: Any, cases: Cases) -> None:
        numbers = [line.part.number] if isinstance(line, Register) else sorted(uses(line.code).parts)
        part = self._all_parts.get(numbers[0]) if numbers else None
        mentioned = self._unasked.union(*(self._tests[number].mentions for case in cases for number, _ in case))
        raise ReadBehind(
            f"whether the value of {part.name if part else 'this'} is read is only known behind it",
            part.span if part else None,
            "apply it inside the condition, where its value is read",
            frozenset(each for each in mentioned if isinstance(each, str)),
        )

    def _code(self, number: int, outcome: bool) -> Code:
        test = self._tests[number].code
        return test if outcome else negated(test)

    # The lines

    def _placed(self, lines: Sequence[Any], unset: set[str]) -> list[Any]:
        """The lines under their conditions; `unset` are the variables that are set in some cases only."""
        made: list[Any] = []
        group: If | None = None
        held: Part | None = None
        """The list whose parts the group says what they are."""
        for line in self._reached(lines):
            test = self._guards.get(id(line))
            if refusals := self._refusals.get(id(line)):
                made += refusals
                group = None
            if isinstance(line, Compute) and not uses(line.code).parts and unset.isdisjoint(names_in(line.code)):
                test = None
            names = _set_by(line)
            left = self._inside(line, unset)
            if isinstance(line, If) and group is not None and held is None and flat(group.test) == flat(line.test):
                line.yes = [*group.yes, *line.yes]
                self._note_twins(group.yes, line)
                made.pop()
            if test is None:
                unset -= names
                unset |= left
                made.append(line)
                group = None
                continue
            unset |= names
            whole = line.part.whole if isinstance(line, Register) and line.part.is_named else None
            if group is None or flat(group.test) != flat(test) or held is not whole:
                group, held = If(test, [], []), whole
                made.append(group)
            group.yes.append(line)
            self._note_twins([line], group)
        return made

    def _reached(self, lines: Sequence[Any]) -> Iterator[Any]:
        """The lines that are not decided already, and what is there in the place of those that are."""
        for line in lines:
            if id(line) in self._instead:
                yield from self._reached(self._instead[id(line)])
            else:
                yield line

    def _inside(self, line: Any, unset: set[str]) -> set[str]:
        """Place the lines inside of a line; which of its variables it sets in some cases only."""
        left: set[str] = set()
        match line:
            case If():
                yes, no = set(unset), set(unset)
                line.yes, line.no = self._placed(line.yes, yes), self._placed(line.no, no)
                left = yes | no
            case For():
                inside = [each for each in walk(line.lines) if isinstance(each, Compute) and id(each) in self._guards]
                left = unset.union(*(each.names for each in inside))
                line.lines = self._placed(line.lines, left)
            case Training():
                left = set(unset)
                line.lines = self._placed(line.lines, left)
        return left & _set_by(line)

    def _note_twins(self, lines: Iterable[Any], home: If) -> None:
        """What registers parts has `home`, the condition under which they are applied, as its twin."""
        for line in walk(lines):
            if isinstance(line, Register):
                self._twins[line.part.number] = home
            for number in uses(line.code).parts if isinstance(line, Compute) else ():
                registers = self._twins.get(number)
                if registers is not None and registers is not home and flat(registers.test) == flat(home.test):
                    registers.twin = id(home)


_ITERATORS: dict[str, Callable[..., Any]] = {
    "range": range,
    "enumerate": enumerate,
    "zip": zip,
    "reversed": reversed,
    "len": len,
    "list": list,
}


def _worth(source: Code) -> Any:
    """What constants in Python are worth, and ranges and pairs of them. Raises ValueError for anything else."""
    if isinstance(source, ast.Call) and isinstance(source.func, ast.Name) and not source.keywords:
        made = _ITERATORS.get(source.func.id)
        if made is not None:
            return made(*map(_worth, source.args))
    return ast.literal_eval(source)


def _bound(target: Code, item: Any) -> dict[str, Any]:
    """The numbers that a loop gives its variables in a turn."""
    if isinstance(target, ast.Tuple | ast.List):
        parts = zip(target.elts, item, strict=True)
        return {name: value for part, worth in parts for name, value in _bound(part, worth).items()}
    return {target.id: item} if isinstance(target, ast.Name) and isinstance(item, int | float) else {}


def _changed_by(line: For) -> set[Any]:
    """The variables and the parts of `__init__` that a loop gives something else in each turn."""
    changed: set[Any] = set()
    for each in walk([line]):
        match each:
            case For():
                changed |= names_stored(each.target)
            case Assign():
                changed.add(each.name)
            case Register():
                changed.add(each.part.number)
    return changed


def _only(number: int, outcome: bool) -> Cases:
    """A test comes out so, and nothing else is asked."""
    return frozenset([frozenset([(number, outcome)])])


def _set_by(line: Any) -> set[str]:
    return set(computed([line]))


def _either(*several: Iterable[Case]) -> Cases:
    """One of several holds, said as shortly as may be."""
    found: set[Case] = set().union(*several)
    if len(found) > _MOST_CASES:
        raise Untranslatable("too many cases in which a value is read")
    is_done = False
    while not is_done:
        is_done = True
        for case in list(found):
            if any(other < case for other in found):
                found.discard(case)
                continue
            for number, outcome in case:
                rest = case - {(number, outcome)}
                if any(other <= rest | {(number, not outcome)} for other in found):
                    found.discard(case)
                    found.add(rest)
                    is_done = False
                    break
    return frozenset(found)


def _read_as_filled(code: Code) -> Iterator[str]:
    """The lists of an expression of which it reads what an empty one does not have."""
    for node in walk_code(code):
        match node:
            case ast.Subscript(value=ast.Name(id=kept), slice=ast.Constant(value=0)):
                yield kept
            case ast.Call(args=[ast.Name(id=kept), *_]) if flat(node.func) == "torch.cat":
                yield kept


def _mixed(one: Cases, other: Cases) -> Cases:
    """One of both holds, and nobody can ask which."""
    if one == other:
        return one
    return _either(_both(one, other), _both(_either(one, other), frozenset([_UNKNOWN])))


def _both(one: Cases, other: Cases) -> Cases:
    """Both hold."""
    pairs = [a | b for a in one for b in other]
    return _either(frozenset(case for case in pairs if not any((n, not outcome) in case for n, outcome in case)))


def _within(cases: Cases, path: Cases) -> Cases:
    """What is left to ask where the conditions around hold already."""
    ways = [
        _either(frozenset(case - way for case in cases if not any((n, not outcome) in case for n, outcome in way)))
        for way in path
    ]
    return ways[0] if len(set(ways)) == 1 else cases
