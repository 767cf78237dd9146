"""Layers whose values are read in some cases only are there, and are applied, in these cases only.

For every variable of `forward` a backward walk keeps in which cases it is read: as an "or" of "and"s of the tests of
the conditions behind it. A line whose value is read in some cases only is put under a condition, as is what registers
the parts that it applies.

What the end of a turn of a loop leaves is read by the next turn or, after the last one, behind the loop. Which turn is
the last is a test that cannot be asked, as is what differs from turn to turn: a layer that waits for one is refused.

Loops are taken to have turns, and lists to have values. Where nothing else reads what a layer gives, the constructor
refuses arguments for which they have none.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cnndsl.backends.pytorch.code import (
    Code,
    all_of,
    any_of,
    call,
    constant,
    flat,
    loop_head,
    names_in,
    names_stored,
    negated,
    replaced,
    walk_code,
)
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    Assign,
    Compute,
    For,
    If,
    Part,
    Register,
    Return,
    Training,
    assigned,
    codes_of,
    computed,
    parts_read,
    refusal,
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
_SOME_TURN = 1
"""The number of the test whether a loop in a loop has a turn in some turn of that, which cannot be asked either."""


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
    line: Any = None
    """The first line that asks it; none does where it cannot be asked."""
    path: Cases = ALWAYS
    """The conditions around a loop that may have no turns, or a list that may have no values."""


class Guards:
    """Puts lines under the conditions under which their values are read."""

    def __init__(self) -> None:
        self._tests = [_Test(constant(None), frozenset(), is_stale=True) for _ in (0, _SOME_TURN)]
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
        self.unset: set[str] = set()
        """The variables that loops may leave without a value, which nothing before the loops can tell."""
        # Loops without a turn, and lists without a value
        self._turns: set[int] = {_SOME_TURN}
        """The numbers of the tests whether a loop has turns, or a list has values."""
        self._turn_numbers: dict[Any, int] = {}
        """For loops, and the expressions of lists, the number of their test."""
        self._turn_names: set[Any] = set()
        """What says whether loops in loops have turns."""
        self._lines: Sequence[Any] = ()
        self._tops: dict[int, int] = {}
        """For each line (by `id`) which of these it is, or is in."""
        self._assigned: set[str] = set()
        """The variables that lines give something, which arguments are not."""
        self._changing: set[str] = set()
        """Those of them that may be something else, or nothing, in lines behind the one that gives them something."""
        self._lacking: dict[tuple[int, str], tuple[Code, set[int]]] = {}
        """For the lines before which it is refused (by `id`), and the text of the test, the test, and the parts that
        nothing applies where it holds.
        """
        self._has_copies = False

    def guarded(self, lines: Sequence[Any], inputs: Iterable[str], *, has_copies: bool) -> list[Any]:
        """The lines of a definition, which end with what goes out; `inputs` are the variables that come in.

        `has_copies` says whether there are lists of values as many times over as a parameter says.
        Raises Untranslatable.
        """
        self._all_parts = {line.part.number: line.part for line in walk(lines) if isinstance(line, Register)}
        asked = [each for line in walk(lines) if isinstance(line, If) for each in walk_code(line.test)]
        self._places = {flat(each): -at for at, each in enumerate(reversed(asked)) if isinstance(each, ast.expr)}
        if has_copies or any(isinstance(line, If | For | Training) for line in walk(lines)):
            self._lines, self._has_copies = lines, has_copies
            self._tops = {id(each): at for at, line in enumerate(lines) for each in walk([line])}
            self._assigned, self._changing = _assigned(lines)
            live: dict[str, Cases] = {}
            self._walk(lines, live, ALWAYS)
            self.unset = {each for each, cases in live.items() if cases} - self._unset.keys() - {*inputs}
            for each in sorted(live.keys() & self._unset.keys() - {*inputs}):
                line, test = self._unset[each]
                self._note_refusal(id(line), test, f"{each.removeprefix(FLOW)} has no value")
            for (place, _), (test, numbers) in sorted(self._lacking.items(), key=lambda each: min(each[1][1])):
                word = self._all_parts[min(numbers)].name
                self._note_refusal(place, test, f"nothing reads what {word} gives for these arguments")
        return self._placed(lines, set()) if self._guards or self._instead or self._refusals else list(lines)

    def lacking(self) -> dict[str, frozenset[str]]:
        """For parts that some arguments leave without a use, the variables that tell."""
        found: dict[str, frozenset[str]] = {}
        for test, numbers in self._lacking.values():
            for word in (self._all_parts[number].name for number in numbers):
                found[word] = found.get(word, frozenset()) | names_in(test)
        return found

    def _note_refusal(self, place: int, test: Code, message: str) -> None:
        self._refusals.setdefault(place, []).append(refusal(test, message))

    # In which cases a value is read

    def _walk(self, lines: Sequence[Any], live: dict[str, Cases], path: Cases) -> None:
        """Note the guards of lines; `live` becomes what is read before them, and in which cases."""
        for at, line in reversed(list(enumerate(lines))):
            self._instead.pop(id(line), None)  # what a trial found
            if not isinstance(line, (Compute, Return)):
                self._note_sizes(line, path)
            match line:
                case Return():
                    self._read(line, codes_of(line), ALWAYS, live, path)
                case Compute():
                    cases = _either(*(live.pop(each, NEVER) for each in line.names))
                    self._filled.difference_update(line.names)
                    if not _within(cases, path):
                        self._instead[id(line)] = []
                        continue
                    self._guard(line, cases, path, is_needed=bool(uses(line.code).parts))
                    self._read(line, [line.code], cases, live, path)
                case Assign():
                    self._change({line.name})
                case Register():
                    cases = self._parts.get(line.part.number, NEVER)
                    self._guard(line, cases, path, is_needed=True)
                    self._check_sizes(line)
                    if not self._is_trial:
                        self._refuse_without_turns(line, cases, path)
                    self._change({line.part.number})
                case If():
                    self._if(line, live, path)
                case For():
                    is_entered = self._is_entered(line, lines[:at])
                    if is_entered and not self._is_trial and (empty := _without_turns(line.source)) is not None:
                        self._note_refusal(id(line), empty, "for these arguments there is nothing to put together")
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
        cases = self._with_turns(self._parts.get(number, NEVER))
        if id(line) in self._guards and _either(cases, self._sized.get(number, NEVER)) != cases:
            raise Untranslatable(f"a size of {word} is asked for in cases in which {word} is not applied")

    def _read(self, line: Any, codes: Iterable[Code], cases: Cases, live: dict[str, Cases], path: Cases) -> None:
        """Note what expressions of a line read in these cases."""
        for code in codes:
            rest = code
            for copies in _outermost_copies(code) if self._has_copies else ():
                empty = ast.Compare(copies.times, [ast.Lt()], [constant(1)])
                filled = _both(cases, self._is_filled(copies, empty, line, path))
                self._read(line, [copies.left], filled, live, path)
                rest = replaced(rest, {copies: copies.right})
            found = uses(rest)
            for each in found.names:
                if each.startswith(FLOW):
                    live[each] = _either(live.get(each, NEVER), cases)
            for number in found.parts:
                self._parts[number] = _either(self._parts.get(number, NEVER), cases)
            if self._with_turns(cases) == ALWAYS:
                self._filled.update(_read_as_filled(code))

    def _if(self, line: If, live: dict[str, Cases], path: Cases) -> None:
        changed = assigned([line])
        self._forget(changed)
        ways = []
        both = self._cases(line.test, outcome=True), self._cases(line.test, outcome=False)
        own = {number for cases in both for case in cases for number, _ in case}
        for number in own:
            self._tests[number].line = line
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
        for number in own:
            self._tests[number].is_stale = False
            self._numbers[flat(self._tests[number].code)] = number
        for each in _set_by(line):
            left = _within(self._with_turns(live.get(each, NEVER)), path)
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
        empty = None if is_entered else _without_turns(line.source)
        (has_turns,) = self._is_filled(line, empty, line, path)
        outside = path
        if self._guard(line, cases, path, is_needed=False):
            path = _both(path, self._with_turns(cases))
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
                turned = (self._in_some_turn(case, line, outside, changed, has_turns) for case in read)
                known[each] = _either(known.get(each, NEVER), *turned)
        self._parts, self._sized, self._unset = parts, sized, unset
        self._read(line, [source], cases, live, path)

    def _last_turn(self, line: For) -> tuple[Cases, Cases]:
        """Whether a turn of a loop is the last one, which cannot be asked, and the opposite."""
        number = self._add(_Test(constant(None), frozenset([line]), is_stale=True))
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
            made.append(case - differing | self._not_asked(differing))
        return _either(made)

    def _in_some_turn(self, case: Case, line: For, path: Cases, changed: set[Any], has_turns: Case) -> Cases:
        """When a case comes about in one turn or another of a loop on this path."""
        differing = self._differing(case, changed)
        comes_about = self._comes_about(differing, line) if differing else True
        if comes_about is not None:
            return frozenset([case - differing | has_turns]) if comes_about else NEVER
        test = all_of([self._code(number, outcome) for number, outcome in sorted(differing)])
        mentioned = set().union(*(self._tests[number].mentions for number, _ in differing))
        if mentioned & changed <= names_stored(line.target) and not line.is_countable:
            turns = ast.comprehension(*loop_head(line.target, line.source, mentioned), ifs=[], is_async=0)
            some_turn = call("any", ast.GeneratorExp(test, [turns]))
            (asked,) = self._is_filled((line, flat(test)), negated(some_turn), line, path)
            return frozenset([case - differing | asked])
        return frozenset([case - differing | has_turns | self._not_asked(differing, names_in(line.source))])

    def _differing(self, case: Case, changed: set[Any]) -> Case:
        return frozenset(each for each in case if not changed.isdisjoint(self._tests[each[0]].mentions))

    def _not_asked(self, differing: Case, others: Iterable[str] = ()) -> Case:
        """What stands for tests that differ from turn to turn, which follow from `others` too."""
        turns = frozenset(each for each in differing if each[0] in self._turns)
        made: Case = frozenset()
        for cases, names, stands in (
            (turns, self._turn_names, frozenset([(_SOME_TURN, True)])),
            (differing - turns, self._unasked, _UNKNOWN),
        ):
            if cases:
                names.update(others, *(self._tests[number].mentions for number, _ in cases))
                made |= stands
        return made

    def _comes_about(self, case: Case, line: For) -> bool | None:
        """Whether tests come out so together in a turn; None where constants do not tell."""
        tests = all_of([self._code(number, outcome) for number, outcome in sorted(case)])
        try:
            asked = parse_test(flat(tests))
            outcomes = [asked.outcome(_bound(line.target, item)) for item in _worth(line.source)]
        except (ValueError, TypeError, ArithmeticError, TooLong):
            return None
        return True if True in outcomes else None if None in outcomes else False

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
        left = _within(self._with_turns(cases), path)
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

    # Loops without a turn, and lists without a value

    def _is_filled(self, key: Any, empty: Code | None, line: Any, path: Cases) -> Cases:
        """The test whether a loop has turns, or a list values; `empty` says when not, if that can be."""
        if empty is None:
            return ALWAYS
        if key not in self._turn_numbers:
            test = negated(empty)
            number = self._turn_numbers[key] = self._add(_Test(test, frozenset(names_in(test)), line=line))
            self._turns.add(number)
        self._tests[self._turn_numbers[key]].path = path
        return _only(self._turn_numbers[key], True)

    def _with_turns(self, cases: Cases) -> Cases:
        """Cases where all loops have turns, and all lists values."""
        if not self._turn_numbers:
            return cases
        return _either(frozenset(each for each in case if each[0] not in self._turns) for case in cases)

    def _refuse_without_turns(self, line: Register, cases: Cases, path: Cases) -> None:
        """Note when a part is there, and nothing applies it. Raises Untranslatable where that cannot be asked."""
        lacking = self._with_turns(cases)
        if lacking == cases:
            return
        for case in cases:
            lacking = _both(lacking, frozenset(frozenset([(number, not outcome)]) for number, outcome in case))
        for case in lacking:
            place, left = self._place_of(case, line, path)
            test = self._test_of(left)
            _, numbers = self._lacking.setdefault((place, flat(test)), (test, set()))
            numbers.add(line.part.number)

    def _place_of(self, case: Case, line: Register, path: Cases) -> tuple[int, Cases]:
        """Before which line (by `id`) it can be asked whether all this holds, and what is left to ask there.

        Where arguments tell, that is the line that registers the part. Else it is a loop or a list that is empty; where
        it takes more than one test the line of the body that has the last of them; where turns differ the line that
        registers the part.
        """
        cases = frozenset([case])
        turns = frozenset(each for each in case if each[0] in self._turns)
        is_asked = self._is_asked_anywhere(case)
        mentions = frozenset().union(*(self._tests[number].mentions for number, _ in case))
        if is_asked and all(isinstance(each, str) and each not in self._assigned for each in mentions):
            return id(line), _within(cases, path)
        if len(turns) == 1:
            (number, _), *_ = turns
            own = self._tests[number]
            top = self._tops.get(id(own.line), 0)
            is_near = not is_asked or top == self._tops[id(line)] or not isinstance(self._lines[top], For)
            if is_near and number != _SOME_TURN and _within(cases, own.path) == frozenset([turns]):
                return id(own.line), frozenset([turns])
        if is_asked:
            return id(self._lines[max(self._tops[id(self._tests[number].line)] for number, _ in case)]), cases
        left = _within(cases, path)
        if not all(map(self._is_asked_anywhere, left)):
            reason = "only a loop reads what a layer gives, and whether it has a turn is not known before"
            names = mentions | self._turn_names | self._unasked
            raise Untranslatable(reason, names=frozenset(each for each in names if isinstance(each, str)))
        return id(line), left

    def _is_asked_anywhere(self, case: Case) -> bool:
        """Whether tests come out behind the lines that ask them as they do there."""
        tests = [self._tests[number] for number, _ in case]
        return all(test.line is not None and test.mentions.isdisjoint(self._changing) for test in tests)

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


def _assigned(lines: Sequence[Any]) -> tuple[set[str], set[str]]:
    """The variables that lines give something, and those that may have something else, or nothing, behind that line."""
    given = [line.name for line in walk(lines) if isinstance(line, Assign)]
    given += [each for line in walk(lines) if isinstance(line, For) for each in names_stored(line.target)]
    always = {line.name for line in lines if isinstance(line, Assign)}
    counts = Counter(given)
    return {*counts}, {each for each, count in counts.items() if count > 1 or each not in always}


def _outermost_copies(code: Code) -> list[Any]:
    """The lists of an expression that hold others as many times over as a parameter says."""
    found = [node for node in walk_code(code) if hasattr(node, "times")]
    inside = {each for node in found for each in walk_code(node.left)}  # type: ignore[attr-defined]
    return [node for node in found if node not in inside]


def _without_turns(source: Code) -> Code | None:
    """The test whether nothing is gone through; None where that cannot be."""
    match source:
        case ast.Call(ast.Name("range"), [ast.Constant()]) | ast.List([_, *_]) | ast.Tuple([_, *_]):
            return None
        case ast.Call(ast.Name("range"), [count]):
            return ast.Compare(count, [ast.Lt()], [constant(1)])
        case ast.Call(ast.Name("range"), [start, end]):
            return ast.Compare(end, [ast.LtE()], [start])
        case ast.Call(ast.Name("enumerate" | "reversed" | "list"), [items, *_]):
            return _without_turns(items)
        case ast.Call(ast.Name("zip"), columns):
            tests = {flat(test): test for test in map(_without_turns, columns) if test is not None}
            return any_of([*tests.values()]) if tests else None
        case _:
            return negated(source)
