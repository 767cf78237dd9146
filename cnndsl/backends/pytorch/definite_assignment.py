"""Makes sure that `forward` gives each variable something before it reads it, on every way through its conditions.

Lines come in, and the same lines go out with one more before a condition, where a variable is set in some cases only
and read behind it in these: mypy, pyright and TorchScript do not follow that. What such a line gives is never read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnndsl.backends.pytorch.code import Code, list_of, name, names_in, names_stored, negated, subscript
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    LIST,
    Assign,
    Compute,
    For,
    If,
    Raise,
    Register,
    Training,
    codes_of,
    computed,
    walk,
)


def assigned_before_read(lines: Sequence[Any], inputs: Mapping[str, str]) -> list[Any]:
    """The lines of `forward`, in which every variable is set before it is read; `inputs` are those that come in, with
    their types.
    """
    unset: set[str] = set()
    _visit(lines, set(inputs), unset)
    known = dict(inputs)
    made: list[Any] = []
    for line in lines:
        for each in dict.fromkeys(computed([line])):
            if each in unset and each not in known:
                kind = _kind_of(each, line)
                when = "training" if isinstance(line, Training) else "some cases"
                made.append(Compute((each,), _given(kind, known), kind, note=f"worked out in {when} only"))
                known[each] = kind
        made.append(line)
        if isinstance(line, Compute):
            known |= {each: _kind_of(each, line) for each in line.names}
    return made


def _visit(lines: Iterable[Any], known: set[str], unset: set[str]) -> None:
    """Note in `unset` what lines read of what is not `known` for sure, to which they add what they set for sure."""
    for line in lines:
        for code in codes_of(line):
            unset |= {each for each in names_in(code) if each.startswith(FLOW)} - known
        match line:
            case Compute():
                known.update(line.names)
            case If():
                yes, no = set(known), set(known)
                _visit(line.yes, yes, unset)
                _visit(line.no, no, unset)
                known |= yes & no
            case For():
                _visit(line.lines, known | names_stored(line.target), unset)
            case Training():
                _visit(line.lines, set(known), unset)


def refuse_unset(lines: Sequence[Any], flags: Mapping[str, str]) -> list[Any]:
    """The lines of a definition, in which `__init__` keeps in `flags` which of some variables of `forward` are set, and
    refuses arguments for which one is read that is not.
    """
    made = _checked(lines, flags, set())
    for each, flag in flags.items():
        at = next(at for at, line in enumerate(made) if each in computed([line]))
        made.insert(at, Assign(flag, ast.Constant(value=False)))
    return made


def _checked(lines: Iterable[Any], flags: Mapping[str, str], known: set[str]) -> list[Any]:
    made: list[Any] = []
    for line in lines:
        read = set().union(*map(names_in, codes_of(line))) & flags.keys() - known
        at = len(made)
        while at and isinstance(made[at - 1], (Assign, Register)):  # of the parts that read it, and ask for its size
            at -= 1
        for each in sorted(read):
            made.insert(at, If(negated(name(flags[each])), [Raise(f"{each.removeprefix(FLOW)} has no value")], []))
        known |= read
        for block in line.blocks():
            block[:] = _checked(block, flags, set(known))
        made.append(line)
        if isinstance(line, Compute):
            known |= {*line.names}
            made += [Assign(flags[each], ast.Constant(value=True)) for each in line.names if each in flags]
    return made


def _kind_of(variable: str, line: Any) -> str:
    """The type of what a line gives a variable."""
    setters = (each for each in walk([line]) if isinstance(each, Compute) and variable in each.names)
    return LIST if next(setters).type == LIST else "Tensor"


def _given(kind: str, known: Mapping[str, str]) -> Code:
    """Something of a type: the value that is at hand, preferably the current one."""
    if kind == LIST:
        return list_of([])
    tensors = [each for each, its in known.items() if its == "Tensor"]
    if not tensors:
        return subscript(name(min(known)), ast.Constant(0))
    return name(FLOW + "x" if FLOW + "x" in tensors else min(tensors))
