"""How values flow through the steps of a body: where they are used, and which steps are the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnndsl.importing.body import Body, Given, Made, Operand, Step, Taken, flat

_SHORT_BRANCH = 4


def operands(body: Body, *, taken: bool = False) -> Iterator[Operand]:
    """What the steps are given and what comes out, as `flat` has it."""
    return flat((*(step.operands for step in body.steps), *body.outputs, *body.training_outputs), taken=taken)


def paths(step: Step, turns: int = 1) -> Iterator[str]:
    """The paths of the parts that a step applies; one that is the same in all turns of a loop comes twice."""
    if step.loop is not None:
        for inner in step.loop.steps:
            yield from paths(inner, step.loop.turns)
    elif step.form == "part" and step.series is not None:
        yield from (step.series.name(turn) for turn in range(turns))
    elif step.form == "part":
        yield from [step.what] * min(turns, 2)


def way_to(body: Body, output: Operand) -> set[int]:
    """The steps that lead to an output, where each goes on with its main operand."""
    found: set[int] = set()
    at: Any = output.of if isinstance(output, Taken) else output
    while isinstance(at, Made):
        found.add(at.step)
        step = body.steps[at.step]
        if not step.operands:
            break
        at = step.operands[step.main]
        if isinstance(at, tuple):
            made = [item for item in flat(at) if isinstance(item, (Made, Given))]
            at = _meeting(body, made)
        if isinstance(at, Taken):
            at = at.of
    return found


def _meeting(body: Body, values: Sequence[Operand]) -> Operand | None:
    """Where the pipeline goes on above a list of values: where short branches come from, or else the longest."""
    branches = [_branch(body, value) for value in values]
    shared = [value for value in branches[0] if all(value in branch for branch in branches)] if branches else []
    if shared and len(values) > 1:
        lengths = [branch.index(shared[0]) for branch in branches]
        if max(lengths) <= _SHORT_BRANCH:
            return shared[0]
    return max(values, key=lambda o: o.step if isinstance(o, Made) else -1) if values else None


def _branch(body: Body, value: Operand) -> list[Operand]:
    """A value and those that it comes from, as long as each step takes one value."""
    found = [value]
    while isinstance(value, Made) and len(found) <= _SHORT_BRANCH + 1:
        step = body.steps[value.step]
        given = [o for o in flat(step.operands) if isinstance(o, (Made, Given))]
        if len(set(given)) != 1 or step.results != 1:
            break
        value = given[0]
        found.append(value)
    return found


def way_between(body: Body, start: Operand, value: Operand) -> set[int] | None:
    """The longest way of steps, each with one result, that leads from one value to another; None for none."""
    if not isinstance(value, Made) or body.steps[value.step].results > 1:
        return None
    step = body.steps[value.step]
    if step.loop is not None:
        return None
    found = [set() if start in step.operands else None, *(way_between(body, start, o) for o in step.operands)]
    ways = [way for way in found if way is not None]
    return {*max(ways, key=len), value.step} if ways else None
