"""The conditions of a class: which parts they register, and how `forward` asks for them again.

Where a part is there in just the cases of a condition, `forward` asks whether it is; else `__init__` keeps how the
condition came out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
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
    negated,
    not_in,
    words_in,
)
from cnndsl.backends.pytorch.flowgraph import Compute, If, Register, walk
from cnndsl.backends.pytorch.path_conditions import ALWAYS, Cases, both
from cnndsl.backends.pytorch.write import always_registered, optional_used


def optional_parts(lines: list[Any]) -> set[int]:
    """The attributes that only conditions register, and not all ways through the lines."""
    always = always_registered(lines)
    conditional = (each for line in walk(lines) if isinstance(line, If) for each in walk([line]))
    found = {each.part for each in conditional if isinstance(each, Register) and each.part.is_attribute}
    return {part.number for part in found if part.name not in always}


def ask(
    body: Body,
    kept: list[Any],
    conditions: Mapping[int, tuple[Cases, Cases, Cases]],
    there: Mapping[str, Cases],
    optional: set[int],
) -> dict[int, str]:
    """Make the conditions of `forward` ask for parts that are there or not, and where none tells for an attribute.

    `kept` are the lines of `forward`, of a body with these `conditions`; `there` says by its name when a part is there.
    The attributes come out, by the `id` of the lines whose outcome they keep.
    """

    def are_there(numbers: Iterable[int]) -> list[Code]:
        return [is_not_none(attribute("self", body.parts[number].name)) for number in sorted(numbers)]

    def tells(numbers: Iterable[int], path: Cases, way: Cases) -> bool:
        """Whether one of these parts is there just where a condition on this path takes this way."""
        return any(both(there.get(body.parts[each].name, ALWAYS), path) == both(path, way) for each in numbers)

    flags: dict[int, str] = {}
    known: dict[Cases, str] = {}
    used: set[str] = {part.name for part in body.parts.values()}
    for line in walk(kept):
        if not isinstance(line, If):
            continue
        if not line.in_loop and line.origin in conditions:
            path, holds, fails = conditions[line.origin]
            yes, no = optional_used(line.yes, optional), optional_used(line.no, optional)
            if tells(yes, path, holds):
                line.test = all_of(are_there(yes))
            elif not line.yes and tells(no, path, fails):
                line.test, line.yes, line.no = all_of(are_there(no)), line.no, []
            else:
                flags[line.origin] = known.get(holds) or known.setdefault(holds, _new_flag(line, used))
                flag = name(flags[line.origin])
                line.test = all_of([flag if line.yes else negated(flag), *are_there(yes if line.yes else no)])
                if not line.yes:
                    line.yes, line.no = line.no, []
        if not line.yes:
            line.test, line.yes, line.no = negated(line.test), line.no, []
    return flags


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
