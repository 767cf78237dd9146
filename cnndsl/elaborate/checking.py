"""Definitions by themselves: what is wrong with them whatever they are used for, and in whatever branch.

A body is gone through once, with nothing known of what comes in and of its parameters.  Names, kinds and arguments are
checked as where it is used, also in the branches that no use takes; sizes need a use.  What may be right for some use
is left alone: in lines that may never be reached nothing is asked of constants, which the condition may be about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cnndsl.diagnostics import Problem, Severity
from cnndsl.elaborate.arguments import check_known_arguments
from cnndsl.elaborate.builder import Builder
from cnndsl.elaborate.calls import check_argument_names
from cnndsl.elaborate.context import Context, Stop
from cnndsl.elaborate.given import first_places, nodes
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.statements import Body
from cnndsl.elaborate.values import UNKNOWN, External, Function, Kind, Part, Silent, Stage, Template, Unknown, Value
from cnndsl.layers.extern import SIZE_NAMES
from cnndsl.syntax import tree
from cnndsl.traced import SizeIsOpen, TooLong, Traced, Truth

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
    kind: Any = definition.kind
    builder = Builder(context, kind, definition.name.text, definition.name.span)
    _Check(context, builder, Scope(template.scope)).definition(definition)


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
        self._lines = definition.body
        self._all = frozenset(
            name for where in (False, True) for name in first_places(definition.body, in_braces=where)
        )
        written = list(nodes(definition.body))
        if any(isinstance(node, tree.Lost) for node in written):
            return  # what could not be read was reported, and comes first
        labels = (node.label for node in written if isinstance(node, tree.Labelled))
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
        try:
            return self.evaluate(node)
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
            (self._doubts and isinstance(value, (int, float, str, list, Traced, Truth)))
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
        for name in _PARTS.get(type(node), ()):
            part = getattr(node, name)
            for stage in part if isinstance(part, tuple) else (part,):
                item = stage.layer if isinstance(stage, tree.Labelled) else stage
                if isinstance(item, tree.Node) and id(item) not in self._seen:
                    with self._in_doubt():  # such as `rank > 2 and widths[2] > 8`
                        self.look(item)  # type: ignore[arg-type]

    def _check_call(self, node: tree.Call) -> None:
        """Check the arguments of a call that are known, and the names of all."""
        function = self.look(node.function) if isinstance(node.function, tree.Name) else UNKNOWN
        given = [(argument, self._again(argument.value)) for argument in node.arguments]
        if isinstance(function, Kind):
            if given and given[0][0].name is None and isinstance(given[0][1], Unknown):
                # The first may be a value, and then the others are not where they seem to be.
                given = [pair for pair in given if pair[0].name is not None and pair[0].name.text != "like"]
                check_known_arguments(self, function.layer, node, given, is_whole=False)
            else:
                check_known_arguments(self, function.layer, node, given, is_whole=True)
        elif isinstance(function, Function):
            check_argument_names(function.name, node)

    def _again(self, node: tree.Expression) -> Any:
        """What an argument is worth, of which all mistakes were reported."""
        if not isinstance(node, (tree.Number, tree.Boolean, tree.String, tree.ListOf, tree.Unary, tree.Name)):
            return UNKNOWN
        with self.context.apart():
            return self.look(node)

    def truth(self, node: tree.Expression) -> bool | Truth:
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
        outer, self.scope = self.scope, Scope(self.scope)
        try:
            self._bind_unknown(node.targets)
            with self._in_doubt():
                if node.condition is not None:
                    self._look_at_condition(node.condition)
                self.look(node.item)
        finally:
            self.scope = outer

    def choice(self, node: tree.If) -> None:
        """`if condition { } else { }` as a layer."""
        self._both(node, self.brace)

    def _look_at_condition(self, node: tree.Expression) -> None:
        try:
            self.truth(node)
        except Problem as problem:
            self.context.report(problem.diagnostic)
        except (Silent, SizeIsOpen, TooLong, RecursionError):
            return

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

    def _branch(self, node: tree.If) -> None:
        self._both(node, self._apart)
        self._move()

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

    def _run(self, statement: tree.Statement) -> None:
        if isinstance(statement, (tree.For, tree.Repeat)):
            self.look(statement.source if isinstance(statement, tree.For) else statement.count)
            with self._in_doubt():
                for name in first_places(statement.body, in_braces=False):  # what it is from the second turn on
                    self.scope.names[name] = UNKNOWN
                if isinstance(statement, tree.For):
                    self._bind_unknown(statement.targets)
                self._apart(statement.body)
            self._move()
        else:
            for item in statement.items if isinstance(statement, tree.Output) else ():
                self.look(item.value)
            super()._run(statement)

    def _move(self) -> None:
        """Go on after lines that may have done something."""
        self.current = UNKNOWN
        if self.entry is None:
            self.entry = UNKNOWN

    def _bind_unknown(self, targets: tree.Name | tree.Row) -> None:
        if isinstance(targets, tree.Name):
            self.scope.names[targets.text] = UNKNOWN
        else:
            for target in targets.items:
                self._bind_unknown(target)

    def _apart(self, body: tree.Body) -> None:
        """Go through lines that may do something or not; what they give a meaning is not known afterwards."""
        names, slots = dict(self.scope.names), dict(self.builder.slots)
        outputs = self.outputs, self.output_span
        self.run_branch(body)
        given = [name for name, value in self.scope.names.items() if name not in names or value is not names[name]]
        self.scope.names.update(names)
        for name in given:
            self.scope.names[name] = UNKNOWN
        self.builder.slots = slots
        self.outputs, self.output_span = outputs

    def brace(self, body: tree.Body) -> None:
        """`{ ... }` as a layer: when they are applied, the lines below them may have been, too."""
        outer, current, entry = self.scope, self.current, self.entry
        self.scope = Scope(outer)
        self.scope.names.update((name, UNKNOWN) for name in self._all if name not in outer)
        self.current = self.entry = UNKNOWN
        self._braces += 1
        try:
            self._apart(body)
        finally:
            self._braces -= 1
            self.scope, self.current, self.entry = outer, current, entry


_PARTS: dict[type, tuple[str, ...]] = {
    tree.Binary: ("left", "right"),
    tree.Comparison: ("operands",),
    tree.Index: ("value", "index"),
    tree.Labelled: ("layer",),
    tree.ListOf: ("items",),
    tree.Pipe: ("stages",),
    tree.Slice: ("value", "start", "end"),
    tree.String: ("parts",),
}
"""Of expressions that are worked out from left to right, the fields with their parts."""
_EXPRESSIONS: dict[type, Callable[[_Check, Any], None]] = {
    tree.Conditional: _Check.conditional,
    tree.Comprehension: _Check.comprehension,
    tree.If: _Check.choice,
    tree.Body: _Check.brace,
}
