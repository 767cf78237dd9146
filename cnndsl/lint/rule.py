"""What a rule is: a class that looks at applications and outputs, and says what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.layers.base import Layer
from cnndsl.lint.flow import Applied, Trail
from cnndsl.program import Module, Origin, Program
from cnndsl.source import Span


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is probably not meant: what, where, and what to write instead.

    `more` are further places, each with what it has to do with the finding; `fix` mends what stands at the place `at`.
    `holds` asks whether what stands there is what was found: a number or a value may also come from a name that stands
    for another one in another use, or that is given from outside.
    """

    code: str
    message: str
    at: Origin
    label: str = ""
    more: tuple[tuple[Origin, str], ...] = ()
    help: tuple[str, ...] = ()
    fix: Callable[[Span], Fix | None] = lambda _: None
    holds: Callable[[Span], bool] = lambda _: True


class Rule:
    """One rule. An instance looks at one program, so it may remember what it saw.

    Its docstring says what it finds and why that is worth a warning.
    """

    code: ClassVar[str]
    layers: ClassVar[tuple[type[Layer], ...]] = ()
    """The kinds of layers whose applications it wants to see."""

    def about(self, applied: Applied, message: str, *helps: str) -> Finding:
        """A finding about a layer, at its declaration; where it is applied is a further place if that is another."""
        more = () if applied.origin == applied.declared else ((applied.origin, "it is applied here"),)
        return Finding(self.code, message, applied.declared, more=more, help=helps)

    def see(self, trail: Trail) -> Iterator[Finding]:
        """Look at the newest application of a trail. The same one may come again, with a longer trail."""
        return iter(())

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        """Look at what an output of a network went through."""
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        """Say what can only be said when everything was seen."""
        return iter(())


class InEveryUse(Rule):
    """A rule about a line that may be worked out several times, as in a block: it is reported if the same is found in
    each of them.

    What stands before a block is another thing in each of its uses, and is left out of account.
    """

    def __init__(self) -> None:
        self._seen: dict[Origin, dict[tuple[str, int], Finding | None]] = {}
        """For each place, the steps that apply a layer there, and what was found."""

    def judge(self, trail: Trail) -> Finding | None:
        """What is to be said of the newest application of a trail."""
        raise NotImplementedError

    def see(self, trail: Trail) -> Iterator[Finding]:
        newest = trail.newest
        steps = self._seen.setdefault(newest.origin, {})
        if newest.step not in steps:
            steps[newest.step] = self.judge(trail)
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        for steps in self._seen.values():
            found = [finding for finding in steps.values() if finding is not None]
            if len(found) == len(steps):
                yield found[0]
