"""Lists of values of which not all may be read, which are refused.

What nothing reads is no part of a network, nor are the layers that give it, which a class with a list of them would
have. The lines of `forward` come in, in which lists are as long as a parameter says.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnndsl.backends.pytorch.code import Code, flat, names_in, names_stored, walk_code
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    LIST,
    MODULES,
    Assign,
    Compute,
    For,
    If,
    Register,
    Return,
    codes_of,
    parts_read,
    walk,
)
from cnndsl.backends.pytorch.values import Untranslatable
from cnndsl.symbolic.expr import Expr, Symbol, TooLong

_ZERO, _ONE = Expr.of(0), Expr.of(1)
_Behind = tuple[tuple[Sequence[Any], int], ...]
"""Lists of lines one after the other, each from a place on."""


def check_reads(kept: Sequence[Any], lines: Sequence[Any]) -> None:
    """Refuse lists of values, as long as a parameter says, of which `forward` may leave out some, and lists that each
    turn of a loop gives the values of new layers, which the next may read or not.

    `kept` are the lines of `forward`, and `lines` those of the whole body. Raises Untranslatable.
    """
    lists = _Lists(lines, kept)
    for made in lists.found:
        if made.causes is not None and not made.is_all_read():
            shown = made.name.removeprefix(FLOW)
            raise Untranslatable(
                f"of the list {shown}, which is as long as a parameter says, only some values are read",
                helps="read all of them, or make a list of those that are read",
                names=frozenset(made.causes),
            )
    held = {id(line.code) for line in walk(kept) if isinstance(line, Compute)}
    for loop in filter(_makes_layers, walk(lines)):
        if any(id(code) in held for code in loop.replaced):
            reason = "which values of a list are read is known from turn to turn of a loop"
            raise Untranslatable(reason, names=frozenset(names_in(loop.source)))


def _makes_layers(line: Any) -> bool:
    return isinstance(line, For) and any(isinstance(each, Register) for each in walk(line.lines))


@dataclass(eq=False)
class _List:
    """What is known of how a list of values is made and read, by the first variable that holds it."""

    name: str
    causes: set[str] | None = None
    """The variables that its length follows from; None where it is no list that layers make."""
    length: Expr | None = None
    """How many values it has; None where that is not known."""
    depth: int | None = None
    """In how many conditions the line stands that makes it; None for what is no list."""
    is_read: bool = False
    """Whether some line reads a few values, perhaps not all."""
    is_whole: bool = False
    """Whether a line reads all at once wherever the list is made."""
    needed: list[bool] = field(default_factory=list)
    """For the lines that put values in it whether these are needed for something else that is read."""
    carried: list[bool] = field(default_factory=list)
    """The same, for those behind them in the list."""
    from_begin: list[tuple[Expr, Expr]] = field(default_factory=list)
    """From which place on values are read, and up to which."""
    from_end: list[tuple[Expr, Expr]] = field(default_factory=list)
    """The same, with 0 for the last value, 1 for the one before it, and so on."""
    parts: list[tuple[Expr, Expr]] = field(default_factory=list)
    """Between which places they are read; those below 0 and the second one if it is 0 count from the end on."""

    def follows(self, *causes: Iterable[str]) -> None:
        """Note that layers make the list, and what its length follows from."""
        self.causes = (self.causes or set()).union(*causes)

    def is_all_read(self) -> bool:
        """Whether it is known that all values are read, if any are."""
        if self.is_whole or not self.is_read or (self.needed and all(self.needed)):
            return True
        is_carried = bool(self.carried) and all(self.carried)
        if is_carried and any(_is_at_most(low, _ZERO) for low, _ in self.from_end):
            return True
        length = Expr.of(Symbol("length")) if self.length is None else self.length
        turns = [*self.from_begin, *((length - high, length - low) for low, high in self.from_end)]
        places = [(low, high, low + _ONE) for low, high in turns]  # as the loops that read them have a turn
        for low, high in self.parts:
            begin = length + low if _is_at_most(low, Expr.of(-1)) else low
            places.append((begin, length + high if _is_at_most(high, _ZERO) else high, begin))
        # Of parts one that begins behind the first value may have none.
        if is_carried and any(_is_at_most(length, end) for low, end, least in places if least != low or low == _ZERO):
            return True
        read, least = _ZERO, _ZERO
        while further := [each for each in places if not _is_at_most(each[1], read) and _begins(each[0], read, least)]:
            _, read, least = further[0]
            places.remove(further[0])
        return _is_at_most(length, read)


def _begins(low: Expr, read: Expr, least: Expr) -> bool:
    """Whether nothing is left out between what is read up to a place, or at least up to another one, and `low`."""
    return _is_at_most(low, read) or _is_at_most(low, least)


def _is_at_most(one: Expr, other: Expr) -> bool:
    """Whether a number is known to be at most another one."""
    difference = (one - other).constant
    return difference is not None and difference <= 0


class _Lists:
    """How the lists of values that layers make are read."""

    def __init__(self, lines: Sequence[Any], kept: Sequence[Any]) -> None:
        self._sources: dict[int, list[Code]] = {}
        """By the numbers of parts what the loops go through that make them."""
        for line in walk(lines):
            if isinstance(line, For):
                inside = (each.part for each in walk(line.lines) if isinstance(each, Register))
                for part in (*line.lists, *inside):
                    self._sources.setdefault(part.number, []).append(line.source)
        given = Counter(line.name for line in walk(lines) if isinstance(line, Assign))
        self._changing = {each for each, count in given.items() if count > 1}
        """The variables of `__init__` that may be worth something else in another place."""
        self.found: list[_List] = []
        self._known: dict[str, _List] = {}
        """By variable the list that it holds at the line at hand."""
        self._tests: list[set[str]] = []
        """What the conditions around follow from."""
        self._behind: dict[int, _Behind] = {}
        """By the `id` of loops the lines behind them."""
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
        self._visit(kept, (), ())

    def of(self, variable: str) -> _List:
        """What is known of a list."""
        if variable not in self._known:
            self._known[variable] = _List(variable)
            self.found.append(self._known[variable])
        return self._known[variable]

    def _made_in(self, code: Code) -> list[_List]:
        """The lists in an expression that layers make."""
        held = (self._known.get(each) for each in sorted(names_in(code)))
        return [each for each in held if each is not None and each.causes is not None]

    def _visit(self, lines: Sequence[Any], loops: tuple[For, ...], behind: _Behind) -> None:
        """Note what lines do that stand in loops; `behind` are the lines after them."""
        for at, line in enumerate(lines):
            rest = ((lines, at + 1), *behind)
            if isinstance(line, For):
                self._behind[id(line)] = rest
                self._gone_through(line, loops)
                self._visit(line.lines, (*loops, line), ((lines, at), *behind))
                continue
            if isinstance(line, Compute) and line.type == LIST:
                self._list(line, loops, rest)
            else:
                for code in codes_of(line):
                    self._code(code, loops)
            self._tests.append(names_in(line.test) if isinstance(line, If) else set())
            for block in line.blocks():
                self._visit(block, loops, rest)
            self._tests.pop()

    # How lists are made

    def _list(self, line: Compute, loops: tuple[For, ...], behind: _Behind) -> None:
        (variable,) = line.names
        is_new = variable in self._known and variable not in names_in(line.code)
        if is_new and self._is_sure(self._known[variable]):
            del self._known[variable]  # it holds another list from here on
        known = self.of(variable)
        known.depth = len(self._tests) if known.depth is None else known.depth
        match line.code:
            case ast.ListComp():
                self._make(known, line.code, loops)
            case ast.List(elts=items):
                known.length = None if loops else _ZERO
                self._grow(known, items, loops, behind)
                if any(isinstance(item, ast.Name) and item.id in self._results for item in items):
                    known.follows(*self._tests)
            case (
                ast.BinOp(left=ast.Name(id=held), op=ast.Add(), right=ast.List(elts=items))
                | ast.BinOp(left=ast.List(elts=items), op=ast.Add(), right=ast.Name(id=held))
            ) if held == variable:
                self._grow(known, items, loops, behind, at_end=isinstance(line.code.left, ast.Name))
                if loops or known.causes is not None:
                    known.follows(*(names_in(loop.source) for loop in loops), *self._tests)
                for item in items:
                    self._code(item, loops)
                return
            case ast.BinOp(op=ast.Add()) if parts := self._made_in(line.code):
                known.follows(*(part.causes or () for part in parts))
                known.length = None
            case ast.Call() | ast.Subscript() if others := self._made_in(line.code):
                known.causes = set().union(*(other.causes or () for other in others))
                known.length = self._turns(line.code)
                known.needed = [each for other in others for each in other.needed]
            case ast.Name(id=other) if self._made_in(line.code):
                self._known[variable] = self._known[other]
                return
        self._code(line.code, loops)

    def _make(self, known: _List, code: ast.ListComp, loops: tuple[For, ...]) -> None:
        """Note a list of what the layers of a list give."""
        match code.generators:
            case [ast.comprehension(iter=ast.Name(id=source))] if source.startswith(MODULES):
                sources = self._sources.get(int(source.removeprefix(MODULES)), [])
                known.causes = set().union(*map(names_in, sources))
                lengths = [self._turns(each) for each in sources]
                is_one = bool(lengths) and all(each == lengths[0] for each in lengths) and not loops
                known.length = lengths[0] if is_one else None

    def _grow(
        self, known: _List, items: Sequence[Code], loops: tuple[For, ...], behind: _Behind, *, at_end: bool = True
    ) -> None:
        """Note that a line adds values to a list, in each turn of these loops."""
        turns = [self._turns(loop.source) for loop in loops]
        before, known.length = known.length, None
        if before is not None and not self._tests and None not in turns:
            more = Expr.of(len(items))
            known.length = before + Expr.product([more, *(each for each in turns if each is not None)])
        for item in items:
            word = item.id if isinstance(item, ast.Name) else ""
            is_needed = bool(word) and _fate(word, _lines_of(behind)) is True
            is_carried = is_needed
            if loops:
                is_carried, is_needed = self._carried(word, loops[-1])
            known.needed.append(is_needed)
            known.carried.append(is_carried and at_end)

    def _carried(self, word: str, loop: For) -> tuple[bool, bool]:
        """Whether what turns of a loop put in a variable is needed in the next turn, and for what is read behind it."""
        codes: dict[str, list[Code]] = {}
        for line in walk(loop.lines):
            if isinstance(line, Compute) and line.type != LIST:
                for each in line.names:
                    codes.setdefault(each, []).append(line.code)
        carried = {each for each, given in codes.items() if all(each in names_in(code) for code in given)}
        needed = {each for each in carried if _fate(each, _lines_of(self._behind[id(loop)])) is True}
        found = set(needed)
        for line in reversed(loop.lines):
            if isinstance(line, Compute) and not needed.isdisjoint(line.names):
                found |= {each for each in line.names if len(codes.get(each, ())) == 1}
                needed |= names_in(line.code)
        return word in carried, word in found

    # How they are read

    def _gone_through(self, loop: For, loops: tuple[For, ...]) -> None:
        """Note what a loop goes through; lists of which a turn may leave out its value are not read whole."""
        pairs = [(loop.target, loop.source)]
        match pairs[0]:
            case ast.Tuple(targets), ast.Call(ast.Name("zip"), columns):
                pairs = list(zip(targets, columns, strict=True))
        for target, column in pairs:
            if all(_is_read(each, loop.lines) for each in names_stored(target) if each.startswith(FLOW)):
                self._code(column, loops)
                continue
            for each in names_in(column):
                self.of(each).is_read = True

    def _code(self, code: ast.AST, loops: tuple[For, ...]) -> None:
        items: set[int] = set()
        for node in walk_code(code):
            match node:
                case ast.Subscript(value=ast.Name(id=held) as listed, slice=index):
                    items.add(id(listed))
                    self._item(self.of(held), index, loops)
                case ast.Name(id=whole) if id(node) not in items:
                    self._read(self.of(whole))

    def _is_sure(self, known: _List) -> bool:
        """Whether the line at hand is there wherever a list is made."""
        return known.depth is None or len(self._tests) <= known.depth

    def _read(self, known: _List) -> None:
        """Note that a list is read at once; where only some cases do, the layers that give its values are there in
        these alone.
        """
        known.is_whole = known.is_whole or self._is_sure(known)

    def _item(self, known: _List, index: Code, loops: tuple[For, ...]) -> None:
        """Note that a list is read at a place, which may be another one in each turn, or between two."""
        known.is_read = True
        if not self._is_sure(known):
            return
        if isinstance(index, ast.Slice):
            low, high = self._ends(index)
            if low is not None and high is not None:
                known.parts.append((low, high))
            return
        turning = set().union(*(names_stored(loop.target) for loop in loops)) & names_in(index)
        place = self._number(index)
        if place is None or len(turning) > 1:
            return
        first = last = place
        if turning:
            (counter,) = turning
            counted = next((found for loop in reversed(loops) if (found := self._counted(loop, counter))), None)
            if counted is None:
                return
            low, high = counted
            ends = [place.substitute({counter: each}) for each in (low, high - _ONE)]
            step = (place - Expr.of(Symbol(counter)), place + Expr.of(Symbol(counter)))
            rising, falling = (all(symbol.name != counter for symbol in each.symbols()) for each in step)
            if not rising and not falling:
                return
            first, last = ends if rising else ends[::-1]
        if _is_at_most(last, Expr.of(-1)):
            known.from_end.append((_ZERO - last - _ONE, _ZERO - first))
        else:
            known.from_begin.append((first, last + _ONE))

    # Numbers

    def _turns(self, source: Code) -> Expr | None:
        """How many items are gone through; None where that is not known."""
        match source:
            case ast.Name(id=each) if each.startswith(FLOW):
                return self.of(each).length
            case ast.Call(ast.Name("enumerate" | "reversed" | "list"), [items, *_]):
                return self._turns(items)
            case ast.Subscript(items, ast.Slice() as part):
                turns, (low, high) = self._turns(items), self._ends(part)
                if turns is None or low is None or high is None:
                    return None
                return turns - low + high if _is_at_most(_ZERO, low) and _is_at_most(high, _ZERO) else None
            case ast.Call(ast.Name("range"), ends):
                counted = self._range(ends)
                return None if counted is None else counted[1] - counted[0]
            case ast.Call(ast.Name("zip"), columns):
                return next((turns for each in columns if (turns := self._turns(each)) is not None), None)
            case ast.List(items) | ast.Tuple(items):
                return Expr.of(len(items))
            case _:
                return None if names_in(source) & self._changing else Expr.of(Symbol(f"len({flat(source)})"))

    def _counted(self, loop: For, counter: str) -> tuple[Expr, Expr] | None:
        """From which number to which a loop counts in a variable; None where it does not, or that is not known."""
        match loop.target, loop.source:
            case (
                ast.Name(id=each),
                ast.Call(ast.Name("range"), ends) | ast.Call(ast.Name("reversed"), [ast.Call(ast.Name("range"), ends)]),
            ) if each == counter:
                return self._range(ends)
            case ast.Tuple([ast.Name(id=each), _]), ast.Call(ast.Name("enumerate"), [items]) if each == counter:
                turns = self._turns(items)
                return None if turns is None else (_ZERO, turns)
            case _:
                return None

    def _range(self, ends: Sequence[Code]) -> tuple[Expr, Expr] | None:
        """From which number to which a range goes, one by one; None where it does not, or that is not known."""
        *begin, end = map(self._number, ends)
        low = begin[0] if begin else _ZERO
        return None if len(ends) > 2 or low is None or end is None else (low, end)

    def _ends(self, part: ast.Slice) -> tuple[Expr | None, Expr | None]:
        """From which place to which a part of a list goes, with 0 for its ends."""
        low, high = (_ZERO if end is None else self._number(end) for end in (part.lower, part.upper))
        return low, high

    def _number(self, code: Code) -> Expr | None:
        """A number of `__init__`, or of a loop; None where that is not known."""
        try:
            match code:
                case ast.Constant(int(number)):
                    return Expr.of(number)
                case ast.UnaryOp(ast.USub(), operand):
                    inner = self._number(operand)
                    return None if inner is None else _ZERO - inner
                case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() as op, right):
                    one, other = self._number(left), self._number(right)
                    if one is None or other is None:
                        return None
                    return {ast.Add: one + other, ast.Sub: one - other, ast.Mult: one * other}[type(op)]
                case ast.Call(ast.Name("len"), [items]):
                    return self._turns(items)
                case ast.Name(id=each) if each not in self._changing:
                    return Expr.of(Symbol(each))
        except TooLong:
            pass
        return None


def _lines_of(behind: _Behind) -> Iterator[Any]:
    return (lines[at] for lines, start in behind for at in range(start, len(lines)))


def _is_read(variable: str, lines: Iterable[Any]) -> bool:
    """Whether lines read a variable in all cases, where each loop has a turn."""
    for line in lines:
        inside = [_is_read(variable, block) for block in line.blocks()]
        if any(variable in names_in(code) for code in codes_of(line)) or (inside and all(inside)):
            return True
    return False


def _fate(variable: str, lines: Iterable[Any]) -> bool | None:
    """Whether lines read a variable for sure before they give it something else; False where it may be lost, and None
    where it is left as it is, or read.
    """
    for line in lines:
        codes = [code for _, code in line.always] if isinstance(line, Return) else codes_of(line)
        if any(variable in names_in(code) for code in codes):
            return True
        if isinstance(line, Return) or (isinstance(line, Compute) and variable in line.names):
            return False
        fates = [_fate(variable, block) for block in line.blocks()]
        if False in fates:
            return False
        if isinstance(line, If) and fates == [True, True]:
            return True
    return None
