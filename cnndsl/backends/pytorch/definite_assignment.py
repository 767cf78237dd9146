"""Makes sure that `__init__` and `forward` give each variable something before they read it.

Lines come in and go out. Where a variable of `forward` is set in some cases only and read in these, a line before gives
it something that is never read: mypy, pyright and TorchScript do not follow conditions. Where arguments may leave one
without a value, `__init__` refuses them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cnndsl.backends.pytorch.code import (
    Code,
    constant,
    is_empty_list,
    is_not_none,
    list_of,
    name,
    names_in,
    names_stored,
    negated,
    subscript,
)
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    LIST,
    Append,
    Assign,
    Compute,
    For,
    If,
    Raise,
    Register,
    Training,
    codes_of,
    computed,
    refusal,
    walk,
)
from cnndsl.backends.pytorch.path_conditions import Missing
from cnndsl.backends.pytorch.values import NeedsUnrolling


def assigned_before_read(lines: Sequence[Any], inputs: Mapping[str, str]) -> list[Any]:
    """The lines of `forward`, in which every variable is set before it is read; `inputs` are those that come in, with
    their types.
    """
    unset: set[str] = set()
    _visit(lines, set(inputs), unset)
    if not unset:
        return list(lines)
    known = dict(inputs)
    made: list[Any] = []
    for each in sorted(unset.difference(computed(lines))):  # of lines for training that are left out
        made.append(Compute((each,), _given("Tensor", known), note="worked out in training only"))
        known[each] = "Tensor"
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


def refuse_missing(lines: Sequence[Any], missing: Sequence[Missing], free: Callable[[str], str]) -> list[Any]:
    """The lines of a definition, in which `__init__` refuses arguments for which one reads a variable of `forward` that
    nothing has set, or a list in which nothing is.

    Where it cannot ask for that at the line, it keeps in a variable of its own whether it is so.
    """
    tests: dict[int, list[Missing]] = {}
    flags: dict[tuple[str, bool], str] = {}
    if not missing:
        return list(lines)
    for each in missing:
        tests.setdefault(id(each.line), []).append(each)
        if each.test is None and (key := (each.variable, each.is_empty)) not in flags:
            flags[key] = free(f"has_{each.variable[len(FLOW) :]}")
    made = _checked(lines, tests, flags, set())
    for (variable, _), flag in flags.items():
        at = next((at for at, line in enumerate(made) if variable in computed([line])), 0)
        if not any(isinstance(line, Assign) and line.name == flag for line in made[at + 1 : at + 2]):
            made.insert(at, Assign(flag, constant(False)))
    return made


def _checked(
    lines: Iterable[Any],
    tests: Mapping[int, list[Missing]],
    flags: Mapping[tuple[str, bool], str],
    known: set[tuple[str, bool]],
) -> list[Any]:
    made: list[Any] = []
    for line in lines:
        found, at = tests.get(id(line), ()), len(made)
        while found and at and isinstance(made[at - 1], (Assign, Register)):  # of the parts that ask for its size
            at -= 1
        for each in found:
            key = each.variable, each.is_empty
            if key not in known:
                test = each.test if each.test is not None else name(flags[key])
                word = each.variable.removeprefix(FLOW)
                message = f"{word} has no value"
                if each.instead:
                    message = f"for these arguments there is no value in {word}, but {each.instead}"
                place = at
                if each.is_empty:
                    message = "for these arguments there is nothing to put together"
                    while each.test is not None and place and isinstance(made[place - 1], For):
                        place -= 1  # the loops that fill it
                made.insert(place, refusal(negated(test), message))
            known.add(key)
        for block in line.blocks():
            block[:] = _checked(block, tests, flags, set(known))
        made.append(line)
        if isinstance(line, Compute):
            for (variable, is_empty), flag in flags.items():
                if variable in line.names:
                    is_none = is_empty_list(line.code) if is_empty else bool(line.instead)
                    made.append(Assign(flag, constant(not is_none)))
    return made


def refuse_unassigned(lines: Sequence[Any], arguments: Iterable[str], lost: Iterable[str]) -> list[Any]:
    """The lines of `__init__`, which refuse arguments for which one reads a variable that no line has set.

    Raises NeedsUnrolling where a loop of `forward` would begin with one that only a turn sets, or where one is read
    that is `lost`: lines that are left out gave it something.
    """
    unset: set[str] = set()
    variables = variables_of(lines).difference(arguments)
    if not variables.union(arguments).issuperset(lost):
        raise NeedsUnrolling("a number of the turns of a loop is read behind it")
    made = _refusing(lines, variables, set(), unset) if variables else [*lines]
    for each in sorted(unset):
        at = next(at for at, line in enumerate(made) if each in variables_of([line]))
        if any(each in names_in(code) for line in made[:at] for code in codes_of(line)):
            raise NeedsUnrolling("a turn of a loop gives a number its first value, with which the next ones go on")
        later = (line.code for line in walk(made) if isinstance(line, Assign) and line.name == each)
        is_list = any(isinstance(code, ast.List) for code in later)
        made.insert(at, Assign(each, constant(None), type="list[int] | None" if is_list else ""))
    return made


def variables_of(lines: Iterable[Any]) -> set[str]:
    """The variables that lines of `__init__` set, those of loops among them."""
    found: set[str] = set()
    for line in walk(lines):
        if isinstance(line, Assign):
            found.add(line.name)
        elif isinstance(line, For):
            found |= names_stored(line.target)
    return found


def _refusing(lines: Iterable[Any], variables: set[str], known: set[str], unset: set[str]) -> list[Any]:
    """The lines; `known` are the variables that have something, to which those are added that have after the lines."""
    made: list[Any] = []
    for line in lines:
        read = variables.intersection(set().union(*map(names_in, codes_of(line)))) - known
        unset |= read
        if read and isinstance(line, Assign) and isinstance(line.code, ast.Name):
            known.discard(line.name)  # it is kept under another name, and not read yet
            made.append(line)
            continue
        known |= read
        made += [refusal(negated(is_not_none(name(each))), f"{each} has no value") for each in sorted(read)]
        ways = [known | names_stored(line.target) if isinstance(line, For) else set(known) for _ in line.blocks()]
        for block, inside in zip(line.blocks(), ways, strict=True):
            block[:] = _refusing(block, variables, inside, unset)
        match line:
            case Assign():
                known.add(line.name)
            case If(yes=[*_, Raise()]):
                known |= ways[1]
            case If():
                known |= ways[0] & ways[1]
            case Register() | Append():
                known.update(*ways)
        made.append(line)
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
