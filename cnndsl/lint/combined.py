"""A rule about values that are combined with themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from cnndsl.layers.values import Concat, Divide, Subtract, axis_index
from cnndsl.lint.places import is_written_twice
from cnndsl.lint.rule import Finding, Rule
from cnndsl.program import Combine, Module, Origin, Program, Step
from cnndsl.traced import value_of


class SameValue(Rule):
    """A value minus itself, over itself, or beside itself in a concat: the name of another one was probably meant.

    Let pass is a concat that makes several channels of one, or repeats what comes into a network, as networks for grey
    pictures and for larger ones do. So are two names of one value, one of which may be another value in another
    variant. A line that is worked out several times is reported only if it is so each time.
    """

    code: ClassVar[str] = "W229"

    def finish(self, program: Program) -> Iterator[Finding]:
        seen: dict[tuple[Origin, str], list[str]] = {}
        """For each place and operation, what is to be said of each use; in a - a + b both begin at one place."""
        for module in program.modules.values():
            for step in module.steps:
                if isinstance(step.action, Combine):
                    place = (step.origin, step.action.operation.kind)
                    seen.setdefault(place, []).append(_found(module, step))
        for (origin, _), said in seen.items():
            if all(said):
                helps = "write the value that was meant in one of the places"
                yield Finding(self.code, said[0], origin, help=(helps,), holds=is_written_twice)


def _found(module: Module, step: Step) -> str:
    """What is to be said of a combination; empty for one of different values."""
    operation = step.action.operation if isinstance(step.action, Combine) else None
    if isinstance(operation, (Subtract, Divide)) and len(set(step.inputs)) == 1 < len(step.inputs):
        word, gives = ("minus", 0) if isinstance(operation, Subtract) else ("divided by", 1)
        return f"{module.names.get(step.inputs[0], 'a value')} {word} itself is {gives} whatever comes in"
    if not isinstance(operation, Concat):
        return ""
    index, count = Counter(step.inputs).most_common(1)[0]
    shape = module.values[index]
    comes_in = module.kind == "network" and index < len(module.inputs)
    repeats_all = count == len(step.inputs) and (count > 2 or comes_in)
    if count == 1 or repeats_all or value_of(shape[axis_index(operation.axis, shape, "concat")]) == 1:
        return ""
    return f"{module.names.get(index, 'one value')} stands {count} times in this concat"
