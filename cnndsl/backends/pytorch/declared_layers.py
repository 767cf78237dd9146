"""Declared layers are registered where they are declared, in the cases in which something applies them.

Lines come in and go out, without conditions that those around them decide. Where `__init__` cannot ask beforehand
whether a layer will be applied, it is always there, and the constructor refuses arguments for which nothing applies it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from cnndsl.backends.pytorch.code import Code, call, constant, fewer, flat, length_of, name, names_in, negated
from cnndsl.backends.pytorch.flowgraph import (
    Append,
    Assign,
    Compute,
    Declare,
    For,
    If,
    Part,
    Register,
    Training,
    assigned,
    parts_read,
    refusal,
)
from cnndsl.backends.pytorch.path_conditions import ALWAYS, Cases, Paths, Registration, both, either, within
from cnndsl.backends.pytorch.values import NeedsUnrolling


class DeclaredLayers:
    """Puts the lines that register declared layers under conditions."""

    def __init__(self, paths: Paths, free: Callable[[str], str]) -> None:
        self._paths, self._free = paths, free
        self._guards: dict[int, Code] = {}
        """By the `id` of lines the condition under which they are there."""
        self._refusals: dict[int, list[Any]] = {}
        """By the `id` of lines what stands before them."""
        self._flags: dict[int, str] = {}
        """By the numbers of parts the variable that says whether they still wait for something that applies them."""
        self._firsts: dict[int, Registration] = {}
        """By the numbers of lists with names the lines that register the first layer of each."""
        self.lacking: dict[str, frozenset[str]] = {}
        """By the names of parts that some arguments leave without a use, the variables that tell."""
        self.there: dict[str, Cases] = {}
        """By the names of attributes that are parts when they are there."""

    def placed(self, lines: Sequence[Any]) -> list[Any]:
        """The lines of a definition, which end with what goes out. Raises Untranslatable."""
        for number, found in self._paths.registers.items():
            applied = self._paths.applied.get(number)
            if (whole := found[0].line.part.whole) is not None:
                self._firsts.setdefault(whole.number, found[0])
            for each in found:
                if applied is not None:
                    guard, part = self._settle(each, within(applied, each.path)), each.line.part
                    if part.is_attribute:
                        self.there[part.name] = either(self.there.get(part.name, ()), both(each.path, guard))
        if not (self._guards or self._refusals or self._flags or self._paths.decided):
            return list(lines)
        made = self._placed(lines)
        begins = [Assign(flag, constant(False)) for flag in self._flags.values()]
        registered = self._paths.registers
        ends = [refusal(name(flag), _refused(registered[at][0].line.part)) for at, flag in self._flags.items()]
        return [*begins, *made[:-1], *ends, made[-1]]

    def _settle(self, found: Registration, left: Cases) -> Cases:
        """Decide how a layer is there that is applied in these cases; the condition under which it is comes out."""
        if left == ALWAYS or not left:
            return ALWAYS
        paths, part = self._paths, found.line.part
        known = frozenset(frozenset(each for each in case if not paths.tests[each[0]].of_turns) for case in left)
        asked = either(known)
        is_asked = paths.can_be_asked(asked, found.time)
        if is_asked and asked != ALWAYS:
            self._guards[id(found.line)] = paths.code(asked)
        guard = asked if is_asked else ALWAYS
        if guard == left:
            return guard
        mentions = paths.mentions(left)
        place = found if part.whole is None else self._firsts[part.whole.number]
        is_asked = is_asked and paths.can_be_asked(left, place.time)
        if found.is_in_loop or (place is not found and not is_asked):
            raise NeedsUnrolling(
                f"whether {part.name} is applied is only known behind the line that declares it",
                part.span,
                "declare it where it is applied",
                names=mentions,
            )
        self.lacking[part.name] = self.lacking.get(part.name, frozenset()) | mentions
        if not is_asked:
            self._flags[part.number] = self._flags.get(part.number) or self._free(f"{part.name}_is_idle")
            return guard
        lacking = asked
        for case in left:
            lacking = both(lacking, frozenset(frozenset([(number, not outcome)]) for number, outcome in case))
        refused = refusal(paths.code(lacking), _refused(part))
        self._refusals.setdefault(id(place.line), []).append(refused)
        return guard

    # The lines

    def _placed(self, lines: Sequence[Any]) -> list[Any]:
        made: list[Any] = []
        group: If | None = None
        held: Part | None = None
        """The list whose parts the group says what they are."""
        for line in self._reached(lines):
            if refusals := self._refusals.get(id(line)):
                is_first = bool(made) and isinstance(made[-1], Declare) and made[-1].part is line.part.whole
                made[len(made) - is_first : len(made) - is_first] = refusals
                group = None
            if isinstance(line, (If, For, Training)):
                for block in line.blocks():
                    block[:] = self._placed(block)
            if isinstance(line, If) and group is not None and held is None and flat(group.test) == flat(line.test):
                line.yes = [*group.yes, *line.yes]
                made.pop()
            test = self._guards.get(id(line))
            if test is None:
                made.append(line)
                group = None
            else:
                whole = line.part.whole if line.part.is_named else None
                if group is None or flat(group.test) != flat(test) or held is not whole:
                    group, held = If(test, [], []), whole
                    made.append(group)
                group.yes.append(line)
            (made if test is None or group is None else group.yes).extend(self._flag_lines(line))
        return made

    def _reached(self, lines: Iterable[Any]) -> Iterator[Any]:
        """The lines, and in the place of a condition that is decided already those of the way that is taken."""
        for line in lines:
            if id(line) in self._paths.decided:
                yield from self._reached(self._paths.decided[id(line)])
            else:
                yield line

    def _flag_lines(self, line: Any) -> Iterable[Assign]:
        """What a line does to those that wait for something that applies them."""
        if isinstance(line, Register) and line.part.number in self._flags:
            yield Assign(self._flags[line.part.number], constant(True))
        elif isinstance(line, Compute):
            for number in sorted(parts_read(line) & self._flags.keys()):
                yield Assign(self._flags[number], constant(False))


def refuse_repeated(lines: Sequence[Any], turns: Sequence[For] = (), *, is_open: bool = False) -> list[Any]:
    """The lines, which refuse arguments for which the turns of a loop would each make a layer that has one name.

    `turns` are the loops around them that may get there more than once, and `is_open` says whether a condition in one
    of these tells how often.
    """
    made: list[Any] = []
    for line in lines:
        match line:
            case For():
                line.lines[:] = refuse_repeated(line.lines, (*turns, line), is_open=is_open)
                word = _made_once(line.lines)
                test = _has_several(line.source) if word else None
                if test is not None:
                    made.append(_made_again(test, word))
            case If():
                left = [each for each in turns if not _is_one_turn(line.test, each)]
                line.yes[:] = refuse_repeated(line.yes, left, is_open=bool(left))
                line.no[:] = refuse_repeated(line.no, turns, is_open=bool(turns))
            case Register(part=part) | Declare(part=part) if is_open and _has_one_name(line):
                held = call("getattr", name("self"), constant(part.name), constant(None))
                made.append(_made_again(ast.Compare(held, [ast.IsNot()], [constant(None)]), part.name))
            case _:
                for block in line.blocks():
                    block[:] = refuse_repeated(block, turns, is_open=is_open)
        made.append(line)
    return made


def _made_again(test: Code, word: str) -> If:
    return refusal(test, f"{word} would be made more than once for these arguments")


def _is_one_turn(test: Code, loop: For) -> bool:
    """Whether a condition holds in one turn of a loop at most, as `i == 0` does."""
    match test, loop.target, loop.source:
        case ast.BoolOp(op=ast.And(), values=tests), _, _:
            return any(_is_one_turn(each, loop) for each in tests)
        case (
            ast.Compare(left=ast.Name(id=word), ops=[ast.Eq()], comparators=[other]),
            ast.Name(id=target) | ast.Tuple(elts=[ast.Name(id=target), *_]),
            ast.Call(func=ast.Name(id="range" | "enumerate")),
        ):
            return word == target and not names_in(other) & assigned([loop])
    return False


def _has_one_name(line: Register | Declare) -> bool:
    return line.part.is_attribute if isinstance(line, Register) else line.part.is_named


def _made_once(lines: Iterable[Any]) -> str:
    """The name of a part that lines make whenever they are run; none where there is no such part."""
    for line in lines:
        match line:
            case Register(part=part) | Declare(part=part) if _has_one_name(line):
                return part.name
            case Append(label=ast.Constant(str(word))):
                return word
            case For(lines=inner) if word := _made_once(inner):
                return word
    return ""


def _has_several(source: Code) -> Code | None:
    """Whether something has more than one item; None where that is no matter of arguments."""
    count = length_of(source)
    return None if isinstance(source, ast.List) or isinstance(count, ast.Constant) else negated(fewer(count, 2))


def _refused(part: Part) -> str:
    word = part.name if part.whole is None else f"{part.name}[{part.at}]"
    return f"nothing applies {word} for these arguments"
