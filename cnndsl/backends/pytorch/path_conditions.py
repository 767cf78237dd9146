"""Path conditions: what has to hold for a line of a definition to be run.

In come the lines of a definition. Out comes for every part where it is registered and where it is applied, each with
its path condition, and where `forward` reads what some arguments leave without a value. A path condition is an "or" of
"and"s of the tests of the conditions and loops around a line.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnndsl.backends.pytorch.code import (
    Code,
    all_of,
    any_of,
    constant,
    flat,
    has_turns,
    is_empty_list,
    names_in,
    names_stored,
    negated,
    walk_code,
)
from cnndsl.backends.pytorch.flowgraph import (
    A_MAP,
    FLOW,
    Assign,
    Compute,
    For,
    If,
    Register,
    Return,
    Training,
    codes_of,
    computed,
    uses,
    walk,
)
from cnndsl.backends.pytorch.values import Untranslatable

Case = frozenset[tuple[int, bool]]
"""Numbers of tests with their outcomes, all of which hold."""
Cases = frozenset[Case]
"""One of these holds."""
ALWAYS: Cases = frozenset([frozenset()])
_NEVER: Cases = frozenset()
_MOST_CASES = 64


@dataclass(frozen=True)
class _Test:
    """A test without "and", "or" and "not", of variables and parts as they are at one place."""

    code: Code
    mentions: frozenset[Any]
    since: int
    """From when on these are what they are there."""
    of_turns: bool
    """Whether it asks if a loop has a turn."""


@dataclass(frozen=True)
class Registration:
    """A line that registers a part."""

    line: Register
    path: Cases
    time: int
    is_in_loop: bool


@dataclass(frozen=True)
class Missing:
    """A line that reads a variable of `forward` which may have no value, or a list which may be empty."""

    line: Any
    variable: str
    test: Code | None
    """When it has one; None where that cannot be asked at the line."""
    is_empty: bool = False
    """Whether it is a list that may be empty."""
    instead: str = ""
    """What it has where it has no value: "a number", or "a map" where a list of features is meant."""


@dataclass
class Paths:
    """What is known of the lines of a definition."""

    registers: dict[int, list[Registration]] = field(default_factory=lambda: defaultdict(list))
    """By the numbers of parts the lines that register them."""
    applied: dict[int, Cases] = field(default_factory=dict)
    """By the numbers of parts when they are applied."""
    missing: list[Missing] = field(default_factory=list)
    conditions: dict[int, tuple[Cases, Cases, Cases]] = field(default_factory=dict)
    """For conditions (by `id`) when they are asked, when their test holds, and when it fails."""
    decided: dict[int, list[Any]] = field(default_factory=dict)
    """For conditions (by `id`) that those around them decide, the lines of the one way that is taken."""
    tests: list[_Test] = field(default_factory=list)

    def can_be_asked(self, cases: Cases, time: int) -> bool:
        """Whether all tests come out at a time as they do where they stand."""
        return all(self.tests[number].since <= time for case in cases for number, _ in case)

    def code(self, cases: Cases) -> Code:
        """Cases in Python, in the order of the text."""
        rows = sorted(sorted(case) for case in cases)
        return any_of([all_of([self._outcome(number, outcome) for number, outcome in row]) for row in rows])

    def _outcome(self, number: int, outcome: bool) -> Code:
        test = self.tests[number].code
        return test if outcome else negated(test)

    def mentions(self, cases: Cases) -> frozenset[str]:
        """The variables that tests speak of."""
        found = (each for case in cases for number, _ in case for each in self.tests[number].mentions)
        return frozenset(each for each in found if isinstance(each, str))


def path_conditions(lines: Sequence[Any], inputs: Iterable[str]) -> Paths:
    """What is known of the lines of a definition; `inputs` are the variables of `forward` that come in.

    Raises Untranslatable where there are too many cases.
    """
    if not any(isinstance(line, If | For | Training) for line in walk(lines)):
        return Paths()  # all lines are always run
    walking = _Walk(inputs, _needed(lines))
    walking.walk(lines, ALWAYS)
    return walking.paths


class _Walk:
    """Goes through lines in their order, and knows at each which tests hold."""

    def __init__(self, inputs: Iterable[str], names: set[str]) -> None:
        self.paths = Paths()
        self._read_names = names
        """The variables that are needed; what others are given vanishes."""
        self._time = 0
        self._loops: list[tuple[int, frozenset[str]]] = []
        """When the loops around began, and the variables of `forward` that their turns give something."""
        self._given: dict[Any, int] = {}
        """By variable of `__init__`, and by part, when it was given what it has."""
        self._numbers: dict[tuple[str, tuple[Any, ...]], int] = {}
        """By the text of a test, whether it asks for turns, and what its variables have, its number."""
        self._set: dict[str, Cases] = dict.fromkeys(inputs, ALWAYS)
        """By variable of `forward` when it has something."""
        self._instead: dict[str, str] = {}
        """What variables of `forward` have until a loop has made a value of it."""
        self._unmade: dict[str, tuple[int, Cases]] = {}
        """Those of them that loops at hand make a value: in how many loops they were begun, and when one is made."""
        self._is_dense: dict[int, bool] = {}
        """By part whether it takes a map as the list of its features; of a list, whether all of it does."""
        self._filled: dict[str, Cases] = {}
        """By list when there is something in it, as far as that is known."""
        self._emptied: dict[str, int] = {}
        """By list when it was last begun as an empty one."""

    def walk(self, lines: Sequence[Any], path: Cases) -> None:
        """Note what lines on a path do."""
        for line in lines:
            self._read(line, path)
            match line:
                case Compute():
                    self._compute(line, path)
                case Assign():
                    self._fill(line.name, line.code, path)
                    self._change([line.name])
                case Register():
                    found = Registration(line, path, self._time, bool(self._loops))
                    self.paths.registers[line.part.number].append(found)
                    is_dense = isinstance(line.value, ast.Call) and flat(line.value.func) == "nn.Linear"
                    self._is_dense[line.part.number] = is_dense and self._is_dense.get(line.part.number, True)
                    self._change([line.part.number])
                case If():
                    self._if(line, path)
                case For():
                    self._for(line, path)
                case Training():
                    self.walk(line.lines, path)
                case _:
                    continue

    def _read(self, line: Any, path: Cases) -> None:
        applied, is_in_forward = self.paths.applied, isinstance(line, (Compute, Return))
        for each in [line] if isinstance(line, (If, For, Training)) else walk([line]):
            for code in codes_of(each):
                found = uses(code)
                for number in found.parts if is_in_forward else ():
                    applied[number] = either(applied.get(number, ()), path)
                is_read = not isinstance(line, Compute) or found.parts or not self._read_names.isdisjoint(line.names)
                for word in sorted(found.names) if is_read else ():
                    if word.startswith(FLOW) and not self._is_made_flat(word, code):
                        self._has(line, word, self._set.get(word, _NEVER), path)
                for word in _read_as_filled(code) if is_in_forward else ():
                    if word in self._filled:
                        self._has(line, word, self._filled[word], path, is_empty=True)

    def _is_made_flat(self, word: str, code: Code) -> bool:
        """Whether all that reads a map, in a variable for a list of features, flattens it."""
        if self._instead.get(word) != A_MAP:
            return False
        reads, flat_reads = 0, 0
        for node in walk_code(code):
            match node:
                case ast.Name(id=each):
                    reads += each == word
                case ast.Call(func, [ast.Name(id=each), *_]) if each == word:
                    parts = uses(func).parts
                    flat_reads += flat(func) == "torch.flatten" or any(self._is_dense.get(part) for part in parts)
        return reads == flat_reads

    def _has(self, line: Any, word: str, cases: Cases, path: Cases, *, is_empty: bool = False) -> None:
        """Note where a variable that has something in these cases is read on another path."""
        left = within(cases, path)
        if left == ALWAYS:
            return
        tests = [self.paths.tests[number] for case in left for number, _ in case]
        is_asked = all(self._given.get(each, 0) <= test.since for test in tests for each in test.mentions)
        since = max((test.since for test in tests), default=0)
        kept = self._emptied.get(word, 0) if is_empty else 0
        if any(since >= begin > kept and word in given for begin, given in self._loops):
            is_asked = False  # it may have something since another turn
        test = self.paths.code(left) if is_asked and left else None
        self.paths.missing.append(Missing(line, word, test, is_empty, self._instead.get(word, "")))

    def _compute(self, line: Compute, path: Cases) -> None:
        if line.instead:
            self._instead.update(dict.fromkeys(line.names, line.instead))
            self._unmade.update(dict.fromkeys(line.names, (len(self._loops), _NEVER)))
        for each in line.names:
            if each in self._unmade and not line.instead:
                begun, cases = self._unmade[each]
                self._unmade[each] = begun, either(cases, path)
            self._set[each] = either(self._set.get(each, _NEVER), path)
            self._fill(each, line.code, path)

    def _fill(self, word: str, code: Code, path: Cases) -> None:
        """Note what a variable is given, if that is a list."""
        if is_empty_list(code):
            self._emptied[word] = self._time
        cases, before = self._has_items(code), self._filled.pop(word, _NEVER)
        if cases is not None:
            is_kept = cases == ALWAYS or _grows(word, code)  # also where this line is not run
            self._filled[word] = either(both(cases, path), before if is_kept else _NEVER)

    def _has_items(self, code: Code) -> Cases | None:
        """When there is something in a list; None where that is not known."""
        match code:
            case ast.List(items):
                return ALWAYS if items else _NEVER
            case ast.Name(id=each):
                return self._filled.get(each)
            case ast.BinOp(left, ast.Add(), right):
                sides = self._has_items(left), self._has_items(right)
                return ALWAYS if ALWAYS in sides else None if None in sides else either(*filter(None, sides))
            case _:
                return None

    def _if(self, line: If, path: Cases) -> None:
        ways = self._cases(line.test, outcome=True), self._cases(line.test, outcome=False)
        self.paths.conditions[id(line)] = path, *ways
        before = {each: self._given.get(each, 0) for each in _given_by(line)}
        for cases, lines in zip(ways, (line.yes, line.no), strict=True):
            self._given.update(before)
            inside = both(path, cases)
            if inside == path:
                self.paths.decided[id(line)] = lines
            self.walk(lines, inside)
        self._change(before)

    def _for(self, line: For, path: Cases) -> None:
        changed, before = _given_by(line), dict(self._filled)
        made = {*computed(line.lines)}
        for each in walk(line.lines):  # the turn before may have left nothing in a list
            for word in _set_by(each):
                if is_empty_list(each.code):
                    self._filled[word] = _NEVER
                elif not _grows(word, each.code):
                    self._filled.pop(word, None)
        empty = self._without_turns(line.source, path)
        none = _NEVER if empty is None else self._cases(empty, outcome=True, of_turns=True)
        some = ALWAYS if empty is None else self._cases(empty, outcome=False, of_turns=True)
        self._change(changed)
        self._set.update((each, ALWAYS) for each in names_stored((line.flow or (line.target,))[0]))
        self._loops.append((self._time, frozenset(computed(line.lines))))
        self.walk(line.lines, both(path, some))
        self._loops.pop()
        for word in made & self._unmade.keys():
            if self._unmade[word][0] >= len(self._loops):
                self._set[word] = self._unmade.pop(word)[1]
        for word in before.keys() & self._filled.keys():
            self._filled[word] = either(self._filled[word], both(before[word], none))
        self._change(changed)

    def _without_turns(self, source: Code, path: Cases) -> Code | None:
        """The test whether nothing is gone through; None where that cannot be."""
        if has_turns(source):
            return None
        match source:
            case ast.Call(ast.Name("range"), [count]):
                return ast.Compare(count, [ast.Lt()], [constant(1)])
            case ast.Call(ast.Name("range"), [start, end]):
                return ast.Compare(end, [ast.LtE()], [start])
            case ast.Call(ast.Name("enumerate" | "reversed" | "list"), [items, *_]):
                return self._without_turns(items, path)
            case ast.Call(ast.Name("zip"), columns):  # all of which are equally long
                tests = [self._without_turns(each, path) for each in columns]
                return None if None in tests else min(filter(None, tests), key=lambda test: len(flat(test)))
            case ast.Name(id=each) if within(self._filled.get(each, _NEVER), path) == ALWAYS:
                return None
            case _:
                return negated(source)

    def _change(self, changed: Iterable[Any]) -> None:
        """Variables and parts are something else from here on."""
        self._time += 1
        self._given.update(dict.fromkeys(changed, self._time))

    # Tests

    def _cases(self, test: Code, outcome: bool, *, of_turns: bool = False) -> Cases:
        """When a test comes out so."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._cases(test.operand, not outcome, of_turns=of_turns)
        if isinstance(test, ast.BoolOp):
            sides = [self._cases(each, outcome, of_turns=of_turns) for each in test.values]
            if isinstance(test.op, ast.And) != outcome:
                return either(*sides)
            made = ALWAYS
            for side in sides:
                made = both(made, side)
            return made
        mentions = frozenset(names_in(test) | uses(test).parts)
        version = of_turns, *sorted((str(each), self._given.get(each, 0)) for each in mentions)
        number = self._numbers.get((flat(test), version))
        if number is None and (other := self._numbers.get((flat(negated(test)), version))) is not None:
            number, outcome = other, not outcome
        if number is None:
            number = self._numbers[flat(test), version] = len(self.paths.tests)
            since = max((self._given.get(each, 0) for each in mentions), default=0)
            self.paths.tests.append(_Test(test, mentions, since, of_turns))
        return frozenset([frozenset([(number, outcome)])])


def _needed(lines: Sequence[Any]) -> set[str]:
    """The variables that lines read, but for those that only lead to variables which nothing reads."""
    needed: set[str] = set()
    leads_to: dict[str, set[str]] = defaultdict(set)
    """For variables that lines give without applying a part, what these lines read."""
    for line in walk(lines):
        found = [uses(code) for code in codes_of(line)]
        names = set().union(*(each.names for each in found))
        if isinstance(line, Compute) and not any(each.parts for each in found):
            for each in line.names:
                leads_to[each] |= names
        else:
            needed |= names
    waiting = [*needed]
    while waiting:
        new = leads_to.get(waiting.pop(), set()) - needed
        needed |= new
        waiting += new
    return needed


def _set_by(line: Any) -> tuple[str, ...]:
    """The variables of `__init__` or `forward` that a line itself gives something."""
    match line:
        case Assign():
            return (line.name,)
        case Compute():
            return line.names
        case _:
            return ()


def _given_by(line: Any) -> set[Any]:
    """The variables of `__init__` that lines give something, and the parts that they register."""
    found: set[Any] = set()
    for each in walk([line]):
        match each:
            case For():
                found |= {name for name in names_stored(each.target) if not name.startswith(FLOW)}
            case Assign():
                found.add(each.name)
            case Register():
                found.add(each.part.number)
    return found


def _read_as_filled(code: Code) -> Iterator[str]:
    """The lists of an expression of which it reads what an empty one does not have."""
    for node in walk_code(code):
        match node:
            case ast.Subscript(value=ast.Name(id=kept), slice=index) if flat(index) in ("0", "-1"):
                yield kept
            case ast.Call(args=[ast.Name(id=kept), *_]) if flat(node.func) == "torch.cat":
                yield kept


def _grows(word: str, code: Code) -> bool:
    """Whether a list is given itself and more."""
    match code:
        case ast.BinOp(ast.Name(id=grown), ast.Add(), ast.List([_, *_])) | ast.BinOp(
            ast.List([_, *_]), ast.Add(), ast.Name(id=grown)
        ):
            return grown == word
        case _:
            return False


def either(*several: Iterable[Case]) -> Cases:
    """One of several holds, said as shortly as may be. Raises Untranslatable where that takes too many cases."""
    found: set[Case] = set().union(*several)
    if frozenset() in found:
        return ALWAYS
    if len(found) > _MOST_CASES:
        raise Untranslatable("the conditions that layers and values depend on are too many")
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


def both(one: Cases, other: Cases) -> Cases:
    """Both hold."""
    pairs = [a | b for a in one for b in other]
    return either(frozenset(case for case in pairs if not any((n, not outcome) in case for n, outcome in case)))


def within(cases: Cases, path: Cases) -> Cases:
    """What is left to ask where the conditions around hold already; nothing is where these never do."""
    if not path:
        return ALWAYS
    ways = [
        either(frozenset(case - way for case in cases if not any((n, not outcome) in case for n, outcome in way)))
        for way in path
    ]
    return ways[0] if len(set(ways)) == 1 else cases
