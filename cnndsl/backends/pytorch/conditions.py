"""The conditions of a class: which parts they register, and how `forward` asks for them again.

Where a part is there in just the cases of a condition, `forward` asks whether it is; else `__init__` keeps how the
condition came out.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    Code,
    all_of,
    attribute,
    flat,
    free_name,
    is_not_none,
    mirrored,
    name,
    names_in,
    negated,
    not_in,
    words_in,
)
from cnndsl.backends.pytorch.flowgraph import Assign, Compute, For, If, Register, Training, walk
from cnndsl.backends.pytorch.write import always_registered, optional_used


def homes_of(lines: list[Any]) -> dict[int, Any]:
    """For parts that may be missing the condition that registers them."""
    homes: dict[int, Any] = {}
    always = always_registered(lines)

    def visit(inner: list[Any], home: Any) -> None:
        for line in inner:
            match line:
                case Register() if line.part.is_attribute:
                    if home is not None and line.part.name not in always:
                        homes[line.part.number] = home
                case If():
                    visit(line.yes, (line.twin, True))
                    visit(line.no, (line.twin, False))
                case For() | Training():
                    visit(line.lines, home)
                case _:
                    continue

    visit(lines, None)
    return homes


def ask(body: Body, kept: list[Any], homes: dict[int, Any], lines: list[Any], optional: set[int]) -> dict[int, str]:
    """Make the conditions of `forward` ask for parts that are there or not, and where none tells for an attribute.

    `kept` are the lines of `forward`, of those of the whole body, `lines`; `homes` are the conditions that register the
    parts that are `optional`. The attributes come out, by the `id` of the lines whose outcome they keep.
    """

    def are_there(numbers: Iterable[int]) -> list[Code]:
        return [is_not_none(attribute("self", body.parts[number].name)) for number in sorted(numbers)]

    flags: dict[int, str] = {}
    known: dict[str, str] = {}
    used: set[str] = {part.name for part in body.parts.values()}
    counts = Counter(body.given_names)
    counts.update(line.name for line in walk(lines) if isinstance(line, Assign))
    changing = {each for each, count in counts.items() if count > 1}
    there = _conditions(lines, changing)
    for line, path in _conditional(kept, frozenset()):
        if not line.in_loop:
            yes, no = optional_used(line.yes, optional), optional_used(line.no, optional)
            holds, fails = _terms(line.test), _terms(negated(line.test))
            if any(
                homes.get(each) == (line.origin, True) or holds <= there.get(each, _NOTHING) <= holds | path
                for each in yes
            ):
                line.test = all_of(are_there(yes))
            elif not line.yes and any(
                homes.get(each) == (line.origin, False) or fails <= there.get(each, _NOTHING) <= fails | path
                for each in no
            ):
                line.test, line.yes, line.no = all_of(are_there(no)), line.no, []
            else:
                text = flat(line.test)
                if text not in known or not names_in(line.test).isdisjoint(changing):
                    known[text] = _new_flag(line, used)
                flags[line.origin] = known[text]
                flag = name(known[text])
                line.test = all_of([flag if line.yes else negated(flag), *are_there(yes if line.yes else no)])
                if not line.yes:
                    line.yes, line.no = line.no, []
        if not line.yes:
            line.test, line.yes, line.no = negated(line.test), line.no, []
    return flags


_NOTHING: frozenset[str] = frozenset()


def _terms(test: Code) -> frozenset[str]:
    """What all has to hold where a test does."""
    each = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    return frozenset(map(flat, each))


def _conditional(lines: Iterable[Any], path: frozenset[str]) -> Iterator[tuple[If, frozenset[str]]]:
    """The conditions in lines, each with what holds where they are asked, before what is inside of them."""
    for line in lines:
        blocks = line.blocks()  # who is given the condition may put others in their place
        ways = [path] * len(blocks)
        if isinstance(line, If):
            ways = [path | _terms(line.test), path | _terms(negated(line.test))]
            yield line, path
        for block, holds in zip(blocks, ways, strict=True):
            yield from _conditional(block, holds)


def _conditions(lines: list[Any], changing: set[str]) -> dict[int, frozenset[str]]:
    """For parts with names of their own when they are there: these tests hold, of variables with one value each."""
    names = Counter(line.part.name for line in walk(lines) if isinstance(line, Register))
    made: dict[int, frozenset[str]] = {}
    for line, path in _conditional(lines, frozenset()):
        for block, test in ((line.yes, line.test), (line.no, negated(line.test))):
            for each in block:
                if isinstance(each, Register) and names[each.part.name] == 1:
                    made[each.part.number] = path | _terms(test)
    return {number: terms for number, terms in made.items() if changing.isdisjoint(words_in(" ".join(terms)))}


def _new_flag(line: If, used: set[str]) -> str:
    """An attribute for how a condition comes out, which is added to those that are `used`."""
    if isinstance(line.test, ast.Name):
        made = not_in(line.test.id, used)
    else:
        codes = [each.code for each in line.yes if isinstance(each, Compute) and each.type == "Tensor"]
        is_sum = any(isinstance(code, ast.BinOp) and isinstance(code.op, ast.Add) for code in codes)
        is_residual = is_sum and isinstance(line.test, ast.BoolOp)
        made = free_name("is_residual" if is_residual else _flag_word(line.test), used)
    used.add(made)
    return made


def _flag_word(test: Code) -> str:
    words = {
        ast.Eq: "is", ast.NotEq: "is_not", ast.Gt: "above", ast.GtE: "from", ast.Lt: "below", ast.LtE: "up_to",
    }  # fmt: skip
    if isinstance(test, ast.BoolOp):
        made = ("_and_" if isinstance(test.op, ast.And) else "_or_").join(map(_flag_word, test.values))
    elif isinstance(test, ast.Compare) and isinstance(test.left, ast.Constant) and len(test.ops) == 1:
        return _flag_word(mirrored(test))
    elif isinstance(test, ast.Compare) and type(test.ops[0]) in words:
        made = f"{_slug(test.left)}_{words[type(test.ops[0])]}_{_slug(test.comparators[0])}"
    elif isinstance(test, ast.UnaryOp):
        made = f"not_{_flag_word(test.operand)}"
    else:
        made = _slug(test)
    return made if len(made) <= 40 and made.isidentifier() else "is_chosen"


def _slug(code: Code) -> str:
    return "_".join(words_in(flat(code))) or "it"
