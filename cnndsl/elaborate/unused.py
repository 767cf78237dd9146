"""Definitions that nothing uses: whether their layers fit one another for any input at all.

A definition is worked out for plausible inputs of every rank. A mistake is reported where each of them ends in one that
hangs on ranks or on how layers are joined, and not on the numbers tried. A condition could be decided the other way for
another number, so both ways are gone. One input for which all is well, or for which that cannot be told, is enough to
say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from cnndsl.diagnostics import Diagnostic, Label, Problem, Severity
from cnndsl.elaborate.builder import Builder
from cnndsl.elaborate.context import Context, Stop
from cnndsl.elaborate.definitions import bind_parameters, work_out
from cnndsl.elaborate.given import nodes
from cnndsl.elaborate.leaves import NeedsFlatten
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.statements import Body
from cnndsl.elaborate.values import External, Silent, Template, Value
from cnndsl.ir.part_names import unnamed_parts
from cnndsl.layers.sizes import Shape, show
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.traced import Truth

_BY_RANK = frozenset({"E301", "E302", "E303", "E307", "E311"})
"""What hangs on ranks and on how layers are joined.

E302 does where what is too small is the same for small and large inputs, E307 where the axis is no guess.
"""
_NO_SIZE = ("E2", "E4")
"""How the codes begin of what no size is asked for."""
_LIMITS = "E5"
"""How the codes begin of what depends on how much there is to work out."""
_INPUTS: tuple[tuple[Shape, ...], ...] = (
    ((480, 240, 240), (840, 960, 960)),
    ((480, 15360), (840, 61440)),
    ((480,), (840,)),
    ((480, 60, 60, 60), (840, 120, 120, 120)),
    ((480, 24, 24, 24, 24), (840, 36, 36, 36, 36)),
    ((480, 12, 12, 12, 12, 12), (840, 18, 18, 18, 18, 18)),
    ((480, 6, 6, 6, 6, 6, 6), (840, 8, 8, 8, 8, 8, 8)),
    ((480, 6, 6, 6, 6, 6, 6, 6), (840, 8, 8, 8, 8, 8, 8, 8)),
)
"""For each rank a large input of numbers with many divisors, and a larger one; both can be flattened."""
_GUESSES = (8, 3, 2, 1, 0, 0.5, True, "same")
"""For parameters without a default; how many channels come in is one too. Values count where all is well."""
_MOST = 400
"""So often a definition is worked out at most."""


def check_unused(context: Context, definitions: Iterable[Template | External]) -> None:
    """Report what no plausible use of a definition without a use could get right.

    What this takes is held against the limits of its own, and where they are reached the rest is left alone.
    """
    places = [found.span for found in context.diagnostics if found.severity is Severity.ERROR and found.span]
    trial = _Trial(context.limits)
    used = set(context.used)
    for template in reversed(list(definitions)):  # most are used below their own lines
        if not isinstance(template, Template):
            continue
        definition = template.definition
        if definition.name.span in used or any(definition.span.holds(place) for place in places):
            continue
        if any(isinstance(node, tree.Lost) for node in nodes(definition.body)):
            continue  # what could not be read was reported, and comes first
        found = _Tries(trial, template).certain()
        used |= trial.done
        if found is not None and found.span is not None and found.span not in places:
            places.append(found.span)
            context.report(found)


class _Trial(Context):
    """Works out one input after another, each until its first mistake."""

    forced: tuple[bool, ...] = ()
    """How the first conditions are decided, whatever they ask."""
    decided: list[bool]
    """How all conditions were decided."""
    is_asking: bool = False
    """Whether a condition is worked out."""
    done: set[Span]
    """The definitions that were worked out in uses without a mistake."""

    def report(self, diagnostic: Diagnostic) -> None:
        super().report(diagnostic)
        if diagnostic.severity is Severity.ERROR:
            raise Stop


class _Body(Body):
    """A body of which the conditions may be decided beforehand."""

    context: _Trial

    def truth(self, node: tree.Expression) -> bool | Truth:
        trial, is_part = self.context, self.context.is_asking  # a part, of `a or b`
        trial.is_asking = True
        try:
            truth = super().truth(node)
        finally:
            trial.is_asking = is_part
        if is_part:
            return truth
        at = len(trial.decided)
        outcome = trial.forced[at] if at < len(trial.forced) else bool(truth)
        trial.decided.append(outcome)
        return truth if outcome is bool(truth) else outcome


@dataclass
class _Tries:
    """Those of one definition."""

    trial: _Trial
    template: Template
    count: int = field(default=0, init=False)
    fitting: dict[str, Any] = field(default_factory=dict, init=False)
    """Arguments of the right kinds: with these a use came to a mistake that hangs on the rank."""

    def certain(self) -> Diagnostic | None:
        """The mistake in which every plausible use ends: where they differ, the one furthest down."""
        self.trial.done = set()
        ends: list[Diagnostic] = []
        for inputs in _INPUTS if self.template.definition.kind != "network" else ((None,),):
            of_rank = self._of_rank(inputs)
            if of_rank is None:
                return None
            ends += of_rank
        return max(ends, key=self._how_far, default=None)

    def _how_far(self, found: Diagnostic) -> int:
        """Where in the definition a mistake is, or the use of the block that it is in."""
        whole = self.template.definition.span
        places = [
            found.span,
            *(label.span for label in found.labels if label.span != self.template.definition.name.span),
        ]
        return next((place.start for place in places if place is not None and whole.holds(place)), -1)

    def _of_rank(self, inputs: tuple[Shape | None, ...]) -> list[Diagnostic] | None:
        """The mistakes of a size in which the uses with these inputs end; None where one may be right."""
        ends: dict[tuple[Span | None, str], Diagnostic] = {}
        gone: set[tuple[bool, ...]] = set()
        missed: set[tuple[bool, ...]] = set()
        plausible: dict[str, Any] | None = None
        for shape in inputs:
            for arguments in [plausible] if plausible is not None else list(self._arguments(shape)):
                are_values = any(isinstance(item, Value) for item in arguments.values())
                for found in self._ways(shape, arguments):
                    if found is None or found.code.startswith(_LIMITS):
                        return None
                    way = tuple(self.trial.decided)
                    # Where a value is given for what is none, all may be another thing: `conv(x, 3)`.
                    if are_values or found.code not in _BY_RANK or (found.code == "E307" and arguments):
                        # With what is of the right kinds, an axis is asked for that is not there: `.channels`.
                        is_sure = arguments == self.fitting and not self.trial.forced
                        is_sure = is_sure and found.code.startswith(_NO_SIZE)
                        (gone if is_sure else missed).add(way)
                        continue
                    gone.add(way)
                    if plausible is None:
                        plausible = self.fitting = arguments
                    key = found.span, found.message if found.code == "E302" else found.code
                    if key not in ends:
                        ends[key] = self._told(found, shape, arguments)
                    if len(ends) > 1 and any(end.code == "E302" for end in ends.values()):
                        return None  # with a larger input more may fit
            if not gone:
                return None
            if all(end.code != "E302" for end in ends.values()):
                break  # a larger input has as many axes
        # A way that led nowhere with these numbers must have been gone with others.
        known = {way[:length] for way in gone for length in range(len(way) + 1)}
        return list(ends.values()) if missed <= known else None

    def _arguments(self, shape: Shape | None) -> Iterator[dict[str, Any]]:
        """What may be given for parameters: one guess for all that have no default, and one for all."""
        parameters = self.template.definition.parameters
        needed = [parameter.name.text for parameter in parameters if parameter.default is None]
        if not needed:
            yield {}
        else:
            for guess in (*_GUESSES, *(shape[:1] if shape else ())):
                yield dict.fromkeys(needed, guess)
            if shape is not None:
                for other in dict.fromkeys((shape, *(inputs[0] for inputs in _INPUTS[:4]))):
                    yield dict.fromkeys(needed, Value(self, 0, other, self.template.definition.span, ""))
        if len(needed) < len(parameters):
            yield {parameter.name.text: 2 for parameter in parameters}

    def _ways(self, shape: Shape | None, arguments: dict[str, Any]) -> Iterator[Diagnostic | None]:
        """The first mistake of a use, for each way in which its conditions up to there may be decided."""
        todo: list[tuple[bool, ...]] = [()]
        while todo:
            forced = todo.pop()
            self.count += 1
            if self.count > _MOST:
                yield None
                return
            yield self._one(shape, arguments, forced)
            decided = self.trial.decided
            todo += [(*decided[:at], not decided[at]) for at in range(len(forced), len(decided))]

    def _one(self, shape: Shape | None, arguments: dict[str, Any], forced: tuple[bool, ...]) -> Diagnostic | None:
        """The first mistake of a use."""
        trial, definition = self.trial, self.template.definition
        trial.memo.clear()
        trial.modules.clear()
        trial.used.clear()
        trial.forced, trial.decided = forced, []
        values = {name: item for name, item in arguments.items() if isinstance(item, Value)}
        plain = {name: item for name, item in arguments.items() if name not in values}
        with trial.apart() as found, suppress(Stop, Silent):
            try:
                if shape is None:
                    names = unnamed_parts(definition)
                    builder = Builder(trial, "network", definition.name.text, definition.name.span, names)
                    body = _Body(trial, builder, Scope(self.template.scope))
                    bind_parameters(body, definition, plain)
                    body.run(definition.body)
                else:
                    body = _Body(trial, Builder(trial, "chain", "", definition.span), Scope(self.template.scope))
                    shapes = (shape, *(value.shape for value in values.values()))
                    work_out(body, self.template, plain, values, shapes, (False,) * len(shapes))
            except NeedsFlatten:  # as where it is used
                assert shape is not None  # noqa: S101 - no network is a chain
                return self._one((math.prod(shape),), arguments, forced)
            except Problem as problem:
                trial.report(problem.diagnostic)
        if found and found[-1].severity is Severity.ERROR:
            return found[-1]
        trial.done |= trial.used
        return None

    def _told(self, found: Diagnostic, shape: Shape | None, arguments: dict[str, Any]) -> Diagnostic:
        """A mistake, with what was tried. A fix would be one for the numbers that were tried, and is left out."""
        name = self.template.definition.name
        sizes = [show(shape)] if shape is not None else []
        given = [f"{key} = {str(item).lower()}" for key, item in arguments.items()]
        tried = f": tried with {', '.join([*sizes, *given])}" if sizes or given else ""
        label = Label(name.span, f"no network here gets to {name.text}{tried}")
        labels = tuple(label for label in found.labels if label.span != name.span)
        return replace(found, labels=(*labels, label), fix=None)
