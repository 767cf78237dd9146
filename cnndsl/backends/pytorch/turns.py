"""Loops without a turn: a constructor refuses arguments for which nothing reads what one of its layers gives.

The lines of a definition come in, with what `forward` needs of them; a loop gets a refusal before it where its turns
alone read what a layer outside of it gives, and an argument may leave it without any.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Sequence
from typing import Any

from cnndsl.backends.pytorch.code import Code, any_of, constant, flat, names_in, negated
from cnndsl.backends.pytorch.flowgraph import For, ForwardSlice, If, Part, Raise, Register, walk
from cnndsl.backends.pytorch.values import Untranslatable


def refuse_no_turns(lines: list[Any], forward: ForwardSlice, parts: dict[int, Part], entered: Container[int]) -> None:
    """Put a refusal before each loop that has to have a turn, but for those (by `id`) that are `entered` anyway.

    Raises Untranslatable where that depends on the turn of another loop.
    """

    def visit(block: list[Any], around: For | None) -> None:
        for at, line in reversed(list(enumerate(block))):
            for inner in line.blocks():
                visit(inner, line if isinstance(line, For) else around)
            if not isinstance(line, For) or id(line) not in forward.only_in_turns or id(line) in entered:
                continue
            test = _without_turns(line.source)
            if test is None or not (lost := _lost(lines, forward, test)):
                continue
            if around is not None and not lost <= _registered(around):
                reason = "only a loop in a loop reads what a layer gives, and it may have no turn"
                raise Untranslatable(reason, names=frozenset(names_in(line.source) | names_in(around.source)))
            message = f"only the turns of a loop read what {parts[min(lost)].name} gives, and there are none"
            block.insert(at, If(test, [Raise(message)], []))

    visit(lines, None)


def _lost(lines: Sequence[Any], forward: ForwardSlice, test: Code) -> set[int]:
    """The parts outside of loops that nothing applies where those of which this is the test have no turn."""
    loops = [line for line in walk(lines) if isinstance(line, For)]
    loops = [each for each in loops if (own := _without_turns(each.source)) is not None and flat(own) == flat(test)]
    rest = ForwardSlice(serves=forward.serves, without={id(line) for line in loops})
    rest.slice(lines, set())
    return forward.used - rest.used - set().union(*map(_registered, loops))


def _registered(line: For) -> set[int]:
    """The parts that the turns of a loop register."""
    found = {each.part.number for each in walk(line.lines) if isinstance(each, Register)}
    return found | {part.number for part in line.lists}


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
