"""Definitions by themselves, whatever they are used for: what is wrong in any branch, and what nothing uses."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from cnndsl.diagnostics import Diagnostic, Label, Problem, Severity
from cnndsl.ir.part_names import names_of
from cnndsl.layers.extern import SIZE_NAMES
from cnndsl.layers.formula import Shape, show
from cnndsl.layers.registry import OPERATIONS
from cnndsl.semantics.arguments import check_known_arguments
from cnndsl.semantics.assertions import measured
from cnndsl.semantics.body import Body
from cnndsl.semantics.builder import Builder, Slot
from cnndsl.semantics.chains import names_taken_apart
from cnndsl.semantics.context import Context, Stop
from cnndsl.semantics.definitions import bind_parameters, work_out
from cnndsl.semantics.leaves import NeedsFlatten
from cnndsl.semantics.usage import first_places
from cnndsl.semantics.values import (
    UNKNOWN,
    External,
    Function,
    HalfApplied,
    Kind,
    Part,
    Scope,
    Silent,
    Stage,
    Template,
    Unknown,
    Value,
    needed,
)
from cnndsl.source import Span
from cnndsl.symbolic.expr import TooLong
from cnndsl.symbolic.number import SizeIsOpen, Traced
from cnndsl.syntax import tree

_ANYWHERE = frozenset({"E201", "E203", "E207", "E208", "E212", "E213", "E404"})
"""What is wrong also where it may never be reached: names, kinds of layers and arguments."""
_LIMITS = "E5"
"""How the codes begin of what depends on how much there is to work out."""


def check_definitions(context: Context, definitions: Iterable[Template | External]) -> None:
    """Report what is wrong with definitions for any use. One with mistakes that were found in a use waits for these."""
    mistakes = [found.span for found in context.diagnostics if found.severity is Severity.ERROR and found.span]
    for definition in definitions:
        whole = (definition.declaration if isinstance(definition, External) else definition.definition).span
        if any(whole.holds(span) for span in mistakes):
            continue
        with context.apart() as found, suppress(Stop):  # where there is too much to work out, the rest is left alone
            if isinstance(definition, External):
                _check_extern(context, definition)
            else:
                _check_definition(context, definition)
        for diagnostic in found:
            if diagnostic.severity is Severity.ERROR and not diagnostic.code.startswith(_LIMITS):
                context.report(diagnostic)


def _check_definition(context: Context, template: Template) -> None:
    definition = template.definition
    if _is_settled(context, definition):
        return
    kind: Any = definition.kind
    builder = Builder(context, kind, definition.name.text, definition.name.span)
    _Check(context, builder, Scope(template.scope)).definition(definition)


def _is_settled(context: Context, definition: tree.Definition) -> bool:
    """Whether whoever works out a network comes by all that is written in it: no line may be left out, or is a layer
    for later.
    """
    nodes = context.nodes_of(definition.body)
    is_plain = definition.kind == "network" and not definition.parameters
    return is_plain and nodes.keys() <= _SETTLED and len(nodes[tree.Body]) == 1


_SETTLED = frozenset(
    {
        tree.Apply,
        tree.Argument,
        tree.Attribute,
        tree.Body,
        tree.Boolean,
        tree.Call,
        tree.Input,
        tree.It,
        tree.Labelled,
        tree.ListOf,
        tree.Name,
        tree.Number,
        tree.Pipe,
        tree.Unary,
    }
)


def _check_extern(context: Context, external: External) -> None:
    declaration = external.declaration
    builder = Builder(context, "chain", "", declaration.span)
    check = _Check(context, builder, Scope(external.scope))
    check.parameters(declaration.parameters)
    for size in SIZE_NAMES:
        check.scope.names.setdefault(size, UNKNOWN)
    check.scope.names.setdefault("same", UNKNOWN)
    for setting in declaration.settings:
        check.look(setting.value)


def _pattern(label: tree.String) -> re.Pattern[str]:
    """What a text may come out as."""
    return re.compile("".join(re.escape(part) if isinstance(part, str) else ".*" for part in label.parts), re.DOTALL)


def _stages(node: tree.Node) -> tuple[tree.Expression, ...]:
    """What a line or an expression applies as it stands."""
    match node:
        case tree.Pipe():
            return node.stages
        case tree.Labelled():
            return (node.layer,)
        case tree.Apply():
            return (node.value,)
        case _:
            return ()


class _Check(Body):
    """Goes through a body of which nothing is known but the text."""

    def __init__(self, context: Context, builder: Builder, scope: Scope) -> None:
        super().__init__(context, builder, scope)
        self._computed: list[re.Pattern[str]] = []
        """What the labels in quotes may come out as."""
        self._all: frozenset[str] = frozenset()
        """Every name that the definition gives a meaning somewhere."""
        self._seen: set[int] = set()
        """The expressions that were worked out."""
        self._stages: set[int] = set()
        """Those that are applied as they stand."""
        self._called: set[int] = set()
        """Those that are called, as no named layer is."""
        self._doubts = 0
        """In how many conditions and loops this is."""
        self._braces = 0
        """In how many braces that are layers this is."""

    def definition(self, definition: tree.Definition) -> None:
        """Go through a block, sequence or network."""
        self.parameters(definition.parameters)
        if definition.kind != "network":
            self.entry = self.current = UNKNOWN
        self.lines = definition.body
        if not self.builder.is_chain:
            self.builder.taken_apart = names_taken_apart(self.context, definition.body)
        own, in_braces = first_places(definition.body)
        self._all = frozenset(own | in_braces)
        written = list(tree.walk(definition.body))
        if any(isinstance(node, tree.Lost) for node in written):
            return  # what could not be read was reported, and comes first
        labels = (node.label for node in written if isinstance(node, tree.Labelled))
        self._stages = {id(stage) for node in written for stage in _stages(node)}
        self._computed = [_pattern(label) for label in labels if isinstance(label, tree.String)]
        self.run_branch(definition.body)

    def parameters(self, parameters: Iterable[tree.Parameter]) -> None:
        """Let the names of parameters mean something that is not known, each after its default."""
        for parameter in parameters:
            if parameter.default is not None:
                self.look(parameter.default)
            self.scope.names[parameter.name.text] = UNKNOWN

    def look(self, node: tree.Expression) -> Any:
        """What an expression is worth, UNKNOWN with a mistake; reported, where it is one here."""
        return self._reported(self.evaluate, node)

    def _look_at_condition(self, node: tree.Expression) -> None:
        self._reported(self.truth, node)

    def _reported(self, work_out: Callable[[tree.Expression], Any], node: tree.Expression) -> Any:
        try:
            return work_out(node)
        except Problem as problem:
            self.context.report(problem.diagnostic)
        except (Silent, SizeIsOpen, TooLong, RecursionError):
            pass
        return UNKNOWN

    @contextmanager
    def _in_doubt(self) -> Iterator[None]:
        """While lines are gone through that may never be reached."""
        self._doubts += 1
        try:
            with self.context.apart() as found:
                yield
        finally:
            self._doubts -= 1
        for diagnostic in found:
            if diagnostic.code in _ANYWHERE:
                self.context.report(diagnostic)

    # Expressions

    def evaluate(self, node: tree.Expression) -> Any:
        if isinstance(node, tree.Call):
            self._called.add(id(node.function))
        is_new = id(node) not in self._seen
        self._seen.add(id(node))
        own = _EXPRESSIONS.get(type(node))
        if own is not None:
            if is_new:
                own(self, node)
            raise Silent
        try:
            value = super().evaluate(node)
        except Problem:
            if not isinstance(node, tree.Name) or id(node) in self._called:
                raise
            if any(label.fullmatch(node.text) for label in self._computed):
                raise Silent from None
            raise
        except Silent:
            self._look_at_the_rest(node)
            raise
        if isinstance(node, tree.Name) and (
            (self._doubts and isinstance(value, (int, float, str, list, Traced)))
            or (self._braces and isinstance(value, Part))  # or the kind of that name, behind a wall
        ):
            return UNKNOWN
        return value

    def _look_at_the_rest(self, node: tree.Expression) -> None:
        """Go through the parts of an expression that were not worked out, because another one is not known."""
        if isinstance(node, tree.Call):
            if isinstance(node.function, tree.Input):
                return
            for argument in node.arguments:
                if id(argument.value) not in self._seen:
                    self.look(argument.value)
            self._check_call(node)
            return
        if isinstance(node, tree.Attribute) or (isinstance(node, tree.Index) and isinstance(node.value, tree.Call)):
            return  # in the brackets behind a network with arguments are names of its parts
        for part in [node] if isinstance(node, tree.Labelled) else node.children:
            item: Any = part.layer if isinstance(part, tree.Labelled) else part
            if id(item) not in self._seen:
                with self._in_doubt():  # such as `rank > 2 and widths[2] > 8`
                    self.look(item)

    def _check_call(self, node: tree.Call) -> None:
        """Check the arguments of a call that are known, and the names of all."""
        function = self.look(node.function) if isinstance(node.function, tree.Name) else UNKNOWN
        given = [(argument, self._again(argument.value)) for argument in node.arguments]
        is_whole = id(node) in self._stages
        if isinstance(function, HalfApplied):
            if not any(isinstance(value, Unknown) and argument.name is None for argument, value in given):
                check_known_arguments(self, function, node, given, is_whole=is_whole)
        elif isinstance(function, Kind):
            if given and given[0][0].name is None and isinstance(given[0][1], Unknown):
                # The first may be a value, and then the others are not where they seem to be.
                given = [pair for pair in given if pair[0].name is not None and pair[0].name.text != "like"]
                is_whole = False
            check_known_arguments(self, function, node, given, is_whole=is_whole)
        elif isinstance(function, Function) and function.name in OPERATIONS:
            named = [pair for pair in given if pair[0].name is not None and pair[0].name.text != "like"]
            check_known_arguments(self, OPERATIONS[function.name], node, named, is_whole=False)

    def _again(self, node: tree.Expression) -> Any:
        """What an argument is worth, of which all mistakes were reported."""
        if not isinstance(node, (tree.Number, tree.Boolean, tree.String, tree.ListOf, tree.Unary, tree.Name)):
            return UNKNOWN
        with self.context.apart():
            return self.look(node)

    def truth(self, node: tree.Expression) -> bool:
        super().truth(node)
        raise Silent

    def conditional(self, node: tree.Conditional) -> None:
        """`a if condition else b`."""
        self._look_at_condition(node.condition)
        with self._in_doubt():
            self.look(node.yes)
            self.look(node.no)

    def comprehension(self, node: tree.Comprehension) -> None:
        """`[item for x in list]`."""
        self.look(node.source)
        with self.in_scope(Scope(self.scope)):
            self.scope.names.update(dict.fromkeys(names_of(node.targets), UNKNOWN))
            with self._in_doubt():
                if node.condition is not None:
                    self._look_at_condition(node.condition)
                self.look(node.item)

    def check(self, statement: tree.Assert) -> None:
        with self.in_scope(Scope(self.scope)):
            self.scope.names.update(dict.fromkeys(measured(statement, self.scope), UNKNOWN))
            self._look_at_condition(statement.condition)

    def choice(self, node: tree.If) -> None:
        """`if condition { } else { }` as a layer."""
        self._both(node, self.brace)

    def slot_by_key(self, key: str) -> Slot | None:
        found = super().slot_by_key(key)
        if found is None and any(pattern.fullmatch(key) for pattern in self._computed):
            raise Silent  # it may be declared in another branch, or turn of a loop
        return found

    def apply_stage(self, stage: Stage, value: Any) -> Any:
        del value  # a learned tensor at most; no more is made of it
        return super().apply_stage(stage, UNKNOWN)

    # Lines

    def declare_input(self, call: tree.Call, name: str) -> Value:
        del name
        for argument in call.arguments:
            if not isinstance(argument.value, tree.Hole):
                self.look(argument.value)
        self.entry = self.current = UNKNOWN
        raise Silent

    def branch(self, node: tree.If) -> None:
        self._both(node, self._apart)
        self.lose()

    def _both(self, node: tree.If, look: Callable[[tree.Body], None]) -> None:
        """Go through all branches of a condition."""
        branch: tree.Body | tree.If | None = node
        with self._in_doubt():
            while isinstance(branch, tree.If):
                self._look_at_condition(branch.condition)
                look(branch.yes)
                branch = branch.no
            if branch is not None:
                look(branch)

    def run_line(self, statement: tree.Statement) -> None:
        if isinstance(statement, (tree.For, tree.Repeat)):
            self.look(statement.source if isinstance(statement, tree.For) else statement.count)
            with self._in_doubt():
                own, _ = first_places(statement.body)
                self.scope.names.update(dict.fromkeys(own, UNKNOWN))  # what they are from the second turn on
                if isinstance(statement, tree.For):
                    self.scope.names.update(dict.fromkeys(names_of(statement.targets), UNKNOWN))
                self._apart(statement.body)
            self.lose()
        else:
            for item in statement.items if isinstance(statement, tree.Output) else ():
                self.look(item.value)
            super().run_line(statement)

    def _apart(self, body: tree.Body) -> None:
        """Go through lines that may do something or not; what they give a meaning is not known afterwards."""
        names, slots = dict(self.scope.names), dict(self.builder.slots)
        outputs = self.outputs, self.output_span
        self.run_branch(body)
        given = [name for name, value in self.scope.names.items() if value is not names.get(name)]
        self.scope.names.update(names | dict.fromkeys(given, UNKNOWN))
        self.builder.slots = slots
        self.outputs, self.output_span = outputs

    def brace(self, body: tree.Body) -> None:
        """`{ ... }` as a layer: when they are applied, the lines below them may have been, too."""
        scope, current, entry = Scope(self.scope), self.current, self.entry
        scope.names.update({name: UNKNOWN for name in self._all if name not in scope})
        self.current = self.entry = UNKNOWN
        self._braces += 1
        try:
            with self.in_scope(scope):
                self._apart(body)
        finally:
            self._braces -= 1
            self.current, self.entry = current, entry


_EXPRESSIONS: dict[type, Callable[[_Check, Any], None]] = {
    tree.Conditional: _Check.conditional,
    tree.Comprehension: _Check.comprehension,
    tree.If: _Check.choice,
    tree.Body: _Check.brace,
}


_BY_RANK = frozenset({"E301", "E302", "E303", "E307", "E311"})
"""What hangs on ranks and on how layers are joined.

E302 does where what is too small is the same for small and large inputs, E307 where the axis is no guess.
"""
_NO_SIZE = ("E2", "E4")
"""How the codes begin of what no size is asked for."""
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
        if tree.Lost in trial.nodes_of(definition.body):
            continue  # what could not be read was reported, and comes first
        found = _Tries(trial, template).certain()
        used |= trial.done
        if found is not None and found.span is not None and found.span not in places:
            places.append(found.span)
            context.report(found)


def _takes_a_list(node: tree.Node) -> bool:
    """Whether several values have to come in, as a list."""
    match node:
        case tree.For(source=tree.Input()) | tree.Comprehension(source=tree.Input()) | tree.Index(value=tree.Input()):
            return True
        case tree.Call(function=tree.Name(text="enumerate" | "zip" | "len")):
            return any(isinstance(argument.value, tree.Input) for argument in node.arguments)
    return False


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


class _TriedBody(Body):
    """A body of which the conditions may be decided beforehand."""

    context: _Trial

    def check(self, statement: tree.Assert) -> None:
        """What is asserted need not hold for an input that was made up."""

    def truth(self, node: tree.Expression) -> bool:
        trial, is_part = self.context, self.context.is_asking  # a part, of `a or b`
        trial.is_asking = True
        try:
            truth = super().truth(node)
        finally:
            trial.is_asking = is_part
        if is_part:
            return truth
        at = len(trial.decided)
        outcome = trial.forced[at] if at < len(trial.forced) else truth
        trial.decided.append(outcome)
        return outcome


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
        if any(_takes_a_list(node) for node in tree.walk(self.template.definition.body)):
            return None  # what is in it is known by the uses only
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
        others: dict[Span | None, Diagnostic] = {}
        """What is wrong whatever the size, where nothing is wrong with the size."""
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
                        if is_sure:
                            others.setdefault(found.span, self._told(found, shape, arguments))
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
        return list((ends or others).values()) if missed <= known else None

    def _arguments(self, shape: Shape | None) -> Iterator[dict[str, Any]]:
        """What may be given for parameters: one guess for all that have no default, and one for all."""
        parameters = self.template.definition.parameters
        required = needed(self.template.definition)
        if not required:
            yield {}
        else:
            for guess in (*_GUESSES, *(shape[:1] if shape else ())):
                yield dict.fromkeys(required, guess)
            if shape is not None:
                for other in dict.fromkeys((shape, *(inputs[0] for inputs in _INPUTS[:4]))):
                    yield dict.fromkeys(required, Value(self, 0, other, self.template.definition.span, ""))
        if len(required) < len(parameters):
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
                    names = trial.part_names(definition)
                    builder = Builder(trial, "network", definition.name.text, definition.name.span, names)
                    body = _TriedBody(trial, builder, Scope(self.template.scope))
                    bind_parameters(body, definition, plain)
                    body.run(definition.body)
                else:
                    body = _TriedBody(trial, Builder(trial, "chain", "", definition.span), Scope(self.template.scope))
                    shapes = (shape, *(value.shape for value in values.values()))
                    work_out(body, self.template, plain, values, shapes, (False,) * len(shapes), definition.span)
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
