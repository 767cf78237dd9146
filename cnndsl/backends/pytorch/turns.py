"""Loops without a turn, and lists without a value: a constructor refuses arguments for which nothing reads a layer.

The lines of a definition come in, with what `forward` needs of them; a line gets a refusal before it where it alone, or
with one before it or with one way of a condition, reads what a layer outside of it gives, and an argument may leave it
without anything.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from typing import Any

from cnndsl.backends.pytorch.code import (
    Code,
    all_of,
    any_of,
    constant,
    flat,
    names_in,
    names_stored,
    negated,
    walk_code,
)
from cnndsl.backends.pytorch.flowgraph import (
    Assign,
    Compute,
    For,
    ForwardSlice,
    If,
    Part,
    Raise,
    Register,
    Return,
    codes_of,
    parts_read,
    walk,
)
from cnndsl.backends.pytorch.values import Untranslatable


def refuse_no_turns(lines: list[Any], forward: ForwardSlice, parts: dict[int, Part], entered: Container[int]) -> None:
    """Put a refusal before each line that has to have a turn or a value; loops that fill a list which must not be empty
    are `entered` (by `id`).

    Raises Untranslatable where that depends on the turn of another loop.
    """
    _Turns(lines, forward, parts, entered).refuse(lines, None)


class _Turns:
    """What may have no turn or no value, and what is lost then."""

    def __init__(
        self, lines: Sequence[Any], forward: ForwardSlice, parts: dict[int, Part], entered: Container[int]
    ) -> None:
        self._lines, self._forward, self._parts, self._entered = lines, forward, parts, entered
        self._tests: dict[str, Code] = {}
        """Whether something is empty, by its text."""
        self._empty: dict[str, list[Any]] = {}
        """For these texts the loops and the lists."""
        self._asked: dict[int, list[str]] = {}
        """For lines (by `id`) the texts for the loop that it is and the lists in it."""
        for line in walk(lines):
            for item, test in _may_be_empty(line) if id(line) not in entered else ():
                text = flat(test)
                self._tests.setdefault(text, test)
                self._empty.setdefault(text, []).append(item)
                self._asked.setdefault(id(line), []).append(text)
        given = [line.name for line in walk(lines) if isinstance(line, Assign)]
        given += [each for line in walk(lines) if isinstance(line, For) for each in names_stored(line.target)]
        always = {line.name for line in lines if isinstance(line, Assign)}
        self._changing = {each for each, count in Counter(given).items() if count > 1 or each not in always}
        """The variables that may be something else, or nothing, in lines behind the one that gives them something."""
        self._ways: dict[str, Code] = {}
        """Tests of parameters with which conditions leave out one of their ways, by their texts."""
        for line in walk(lines):
            if isinstance(line, If) and names_in(line.test).isdisjoint(given):
                for way, test in ((True, negated(line.test)), (False, line.test)):
                    self._ways[flat(test)] = test
                    self._empty.setdefault(flat(test), []).append((line, way))

    def refuse(self, block: list[Any], around: For | None) -> None:
        """Put refusals into a block, of which the lines are those of a loop around it."""
        for at, line in reversed(list(enumerate(block))):
            for inner in line.blocks():
                self.refuse(inner, line if isinstance(line, For) else around)
            if id(line) in self._entered and (test := _without_turns(line.source)) is not None:
                block.insert(at, If(test, [Raise("for these arguments there is nothing to put together")], []))
            elif (
                not isinstance(line, For)
                or id(line) in self._forward.only_in_turns
                or _applied(line) - _registered(line)
            ):
                block[at:at] = [refusal for text in self._asked.get(id(line), ()) for refusal in self._of(text, around)]

    def _of(self, text: str, around: For | None) -> Iterator[If]:
        """The refusals for a test, by itself and with each that is asked before it."""
        alone = self._lost(text)
        if alone:
            yield self._refusal([text], alone, around)
        texts = list(self._tests)
        for other in texts[: texts.index(text)]:
            if both := self._lost(other, text) - alone - self._lost(other):
                if not self._changing.isdisjoint(names_in(self._tests[other])):
                    reason = "several loops or lists alone read what a layer gives, and all may be empty"
                    raise Untranslatable(reason, names=frozenset(names_in(self._tests[other])))
                yield self._refusal([other, text], both, around)
        if around is None and self._lost(text, *self._ways) - alone:
            for way in self._ways:
                if both := self._lost(way, text) - alone - self._lost(way):
                    yield self._refusal([way, text], both, around)

    def _refusal(self, texts: Sequence[str], lost: set[int], around: For | None) -> If:
        test = all_of([self._tests.get(text) or self._ways[text] for text in texts])
        if around is not None and not lost <= _registered(around):
            reason = "only a loop in a loop reads what a layer gives, and it may have no turn"
            raise Untranslatable(reason, names=frozenset(names_in(test) | names_in(around.source)))
        return If(test, [Raise(f"nothing reads what {self._parts[min(lost)].name} gives for these arguments")], [])

    def _lost(self, *texts: str) -> set[int]:
        """The parts outside of what is empty where these tests hold that nothing applies then."""
        without = [item for text in texts for item in self._empty[text]]
        rest = ForwardSlice(serves=self._forward.serves, without=without)
        rest.slice(self._lines, set())
        return self._forward.used - rest.used - set().union(*map(_registered, without))


def _applied(line: For) -> set[int]:
    """The parts that the turns of a loop apply."""
    return set().union(*(parts_read(each) for each in walk(line.lines) if isinstance(each, Compute)))


def _registered(item: Any) -> set[int]:
    """The parts that the turns of a loop register."""
    if not isinstance(item, For):
        return set()
    found = {each.part.number for each in walk(item.lines) if isinstance(each, Register)}
    return found | {part.number for part in item.lists}


def _may_be_empty(line: Any) -> Iterator[tuple[Any, Code]]:
    """The loop that a line is, and the lists in its expressions, each with the test whether nothing is in it."""
    if isinstance(line, For) and (test := _without_turns(line.source)) is not None:
        yield line, test
    for code in codes_of(line) if isinstance(line, (Compute, Return)) else ():
        for node in walk_code(code):
            if (times := getattr(node, "times", None)) is not None:
                yield node, ast.Compare(times, [ast.Lt()], [constant(1)])


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
