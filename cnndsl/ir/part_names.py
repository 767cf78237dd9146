"""The names of parts to which a body gives none: they follow from the text alone.

In: the syntax tree of a body. Out: for each place where a layer is applied without a name, what its part is called.

A part is named by the word that the text has for its layer, and counted where it stands: which branch is taken, and
what a parameter is given, make no difference. In a loop one place makes several parts: they are those of a list with
the name of the place, `conv1.0`, `conv1.1`, ...
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress

from cnndsl.ir.names import numbered, snake
from cnndsl.ir.nodes import Part
from cnndsl.ir.words import WORDS
from cnndsl.syntax import tree

Place = tuple[int, int]
"""Where an expression stands in its text, from its first character to the one after its last."""


def unnamed_parts(definition: tree.Definition, nodes: tree.ByClass) -> dict[Place, Part]:
    """The names of the parts of a block or network that the text does not name, in the order of the text.

    `nodes` are those of its body.
    """
    parameters = frozenset(parameter.name.text for parameter in definition.parameters)
    walk = _Walk(parameters, *_given_names(nodes))
    walk.lines(definition.body)
    return walk.found


def place_of(node: tree.Node) -> Place:
    """The place of a node in its text."""
    return (node.span.start, node.span.end)


def written_word(node: tree.Expression) -> str:
    """The word by which the text speaks of a layer: `conv` of `conv(8, 3)`, `rows` of `rows[0]`."""
    match node:
        case tree.Name():
            return node.text
        case tree.Call():
            return written_word(node.function)
        case tree.Index() | tree.Attribute():
            return written_word(node.value)
        case _:
            return "layers"


class _Walk:
    """Goes through a body, line by line, and tells what flows from what makes layers."""

    def __init__(self, parameters: frozenset[str], taken: frozenset[str], computed: list[re.Pattern[str]]) -> None:
        self.found: dict[Place, Part] = {}
        self._taken, self._computed = taken, computed
        self._values: set[str] = set()
        self._given = set(parameters)
        """Names that may stand for a value or for a list of them: those of parameters, of lists that are empty so far,
        and of what is taken of such.
        """
        self._parts: set[str] = set()
        self._blocks: set[str] = set()
        """Those of them that are a block, which may lack arguments."""
        self._counts: dict[str, int] = {}
        self._loops = 0

    def lines(self, body: tree.Body) -> None:
        for statement in body.statements:
            with suppress(RecursionError):  # working the line out says that it is nested too deeply
                self._line(statement)

    def _line(self, statement: tree.Statement) -> None:
        match statement:
            case tree.Apply():
                self._applied(statement.value)
                names = {target.text for target in statement.targets}
                self._values |= names
                self._blocks -= names
            case tree.Bind():
                self._bind(statement)
            case tree.For():
                self._operand(statement.source)
                self._go_through(statement.source, statement.targets)
                self._repeated(statement.body)
            case tree.Repeat():
                self._operand(statement.count)
                self._repeated(statement.body)
            case tree.When():
                self.lines(statement.body)
            case tree.Output():
                for item in statement.items:
                    self._operand(item.value)
            case _:
                return

    def _repeated(self, body: tree.Body) -> None:
        self._loops += 1
        self.lines(body)
        self._loops -= 1

    def _bind(self, statement: tree.Bind) -> None:
        value = statement.value
        names = {target.text for target in statement.targets}
        if not _is_parameter(value):
            self._operand(value)
        elif isinstance(value, tree.Call):
            self._arguments(value)
        row = value.items if isinstance(value, tree.ListOf) and len(value.items) == len(statement.targets) else ()
        if len(row) > 1:
            flows = [(self._flows(item), self._may_flow(item)) for item in row]  # all as they are before this line
            are_taken = [self._note(*each, {name.text}) for each, name in zip(flows, statement.targets, strict=True)]
        else:
            are_taken = [self._take([value], names)]
        is_block = self._is_definition(value)
        if not any(are_taken):
            self._parts |= names
        if is_block:
            self._blocks |= names

    def _applied(self, node: tree.Expression) -> None:
        """An expression whose layers are applied here."""
        match node:
            case tree.Pipe():
                self._pipe(node, is_applied=True)
            case tree.Labelled():
                self._labelled(node)
            case tree.Body():
                self.lines(node)
            case tree.If():
                self._operand(node.condition)
                self.lines(node.yes)
                if isinstance(node.no, tree.If):
                    self._applied(node.no)
                elif node.no is not None:
                    self.lines(node.no)
            case tree.Conditional():
                self._operand(node.condition)
                self._applied(node.yes)
                self._applied(node.no)
            case tree.Binary(operator="*") if not self._flows(node):
                self._loops += 1
                self._applied(node.left)
                self._loops -= 1
            case tree.Call() if not self._flows(node):
                self._arguments(node)
                self._add(node)
            case tree.Name() if node.text not in self._values and node.text not in self._parts:
                self._add(node)
            case tree.Index() if not self._flows(node):
                self._add(node)
            case _:
                self._operand(node)

    def _pipe(self, node: tree.Pipe, *, is_applied: bool) -> None:
        first = node.stages[0]
        flows = self._flows(first)
        may_flow = flows or self._may_flow(first)
        if flows:
            self._operand(first)
        elif is_applied:
            self._applied(first)
        if may_flow or is_applied:
            for stage in node.stages[1:]:
                if isinstance(stage, tree.Call):  # a layer, whatever it is given
                    self._arguments(stage)
                    self._add(stage)
                else:
                    self._applied(stage)

    def _labelled(self, node: tree.Labelled) -> None:
        if isinstance(node.layer, tree.Call):
            self._arguments(node.layer)
        if isinstance(node.label, tree.Name):
            self._parts.add(node.label.text)
            self._blocks.discard(node.label.text)

    def _operand(self, node: tree.Node) -> None:
        """An expression that is worked out, and not applied."""
        match node:
            case tree.Pipe():
                self._pipe(node, is_applied=False)
            case tree.Call():
                self._arguments(node)
                if _is_parameter(node):
                    self._add(node)
            case tree.Comprehension():
                self._operand(node.source)
                self._go_through(node.source, node.targets)
                self._loops += 1
                self._operand(node.item)
                if node.condition is not None:
                    self._operand(node.condition)
                self._loops -= 1
            case tree.Conditional():
                self._operand(node.condition)
                self._operand(node.yes)
                self._operand(node.no)
            case tree.ListOf() | tree.Binary() | tree.Unary() | tree.Comparison():
                for part in node.children:
                    self._operand(part)
            case tree.Index() | tree.Attribute():
                self._operand(node.value)
            case _:
                return

    def _arguments(self, node: tree.Call) -> None:
        for argument in node.arguments:
            self._operand(argument.value)

    def _add(self, node: tree.Expression) -> None:
        word = snake(written_word(node))
        while True:
            count = self._counts[word] = self._counts.get(word, 0) + 1
            name = numbered(word, count)
            if any(pattern.fullmatch(name) for pattern in self._computed):
                name = f"{word}_{count}"
            if name not in self._taken:
                break
        self.found[place_of(node)] = Part(name=name, is_list=self._loops > 0)

    def _go_through(self, source: tree.Expression, targets: tree.Name | tree.Row) -> None:
        """Note what a loop over a list gives its names: `enumerate` gives one of two a number, `zip` each its own."""
        match source, targets:
            case tree.Call(function=tree.Name(text="enumerate"), arguments=(first, *_)), tree.Row(items=(count, item)):
                self._take([], names_of(count))
                self._go_through(first.value, item)
            case tree.Call(function=tree.Name(text="zip")), tree.Row() if len(source.arguments) == len(targets.items):
                for argument, item in zip(source.arguments, targets.items, strict=True):
                    self._go_through(argument.value, item)
            case tree.Call(function=tree.Name(text="reversed"), arguments=(first,)), _:
                self._go_through(first.value, targets)
            case tree.ListOf(items=rows), _:
                self._give(rows, targets)
            case _:
                self._take([source], names_of(targets))

    def _give(self, values: Sequence[tree.Expression], targets: tree.Name | tree.Row) -> None:
        """Note what names stand for that are given one of several values, or the items of one."""
        width = len(targets.items) if isinstance(targets, tree.Row) else 0
        rows = [value.items for value in values if isinstance(value, tree.ListOf) and len(value.items) == width]
        if isinstance(targets, tree.Row) and len(rows) == len(values):
            for at, item in enumerate(targets.items):
                self._give([row[at] for row in rows], item)
        else:
            self._take(values, names_of(targets))

    def _take(self, sources: Sequence[tree.Expression], names: Collection[str]) -> bool:
        """Note that names stand for one of some values, or for items of it; whether that may be one that flows."""
        return self._note(any(map(self._flows, sources)), any(map(self._may_flow, sources)), names)

    def _note(self, flows: bool, may_flow: bool, names: Collection[str]) -> bool:
        self._blocks.difference_update(names)
        for known, is_one in ((self._values, flows), (self._given, may_flow and not flows)):
            if is_one:
                known.update(names)
            else:
                known.difference_update(names)
        return flows or may_flow

    def _may_flow(self, node: tree.Expression) -> bool:
        """Whether an expression is what a parameter was given, a list that is empty so far, or an item of such."""
        match node:
            case tree.ListOf():
                return not node.items
            case tree.Name():
                return node.text in self._given
            case tree.Index():
                return self._may_flow(node.value)
            case tree.Call(function=tree.Name(text="enumerate" | "zip" | "reversed")):
                return any(self._may_flow(argument.value) for argument in node.arguments)
            case _:
                return False

    def _is_definition(self, called: tree.Expression) -> bool:
        """Whether what is called is a block or network of a file, or a layer that is a parameter: its name is none of
        the language or of a value or part of the body, or one for such a block, perhaps with some of its arguments.
        """
        match called:
            case tree.Name() if called.text in self._blocks:
                return True
            case tree.Name():
                return not any(called.text in names for names in (WORDS, self._values, self._parts))
            case tree.Call():
                return self._is_definition(called.function)
            case _:
                return False

    def _flows(self, node: tree.Expression) -> bool:
        """Whether an expression is a value of the network, or a list of them, as far as its text tells."""
        match node:
            case tree.It() | tree.Input():
                return True
            case tree.Name():
                return node.text in self._values
            case tree.Pipe():
                first = node.stages[0]
                return self._flows(first) or self._may_flow(first)
            case tree.Call():
                if isinstance(node.function, tree.Input) or _is_parameter(node):
                    return True
                if isinstance(node.function, tree.Name) and node.function.text == "len":
                    return False
                return not self._is_definition(node.function) and any(self._flows(a.value) for a in node.arguments)
            case tree.Attribute():
                return False
            case tree.Index():
                return self._flows(node.value)
            case tree.ListOf():
                return any(map(self._flows, node.items))
            case tree.Comprehension():
                before = set(self._values), set(self._given)
                self._go_through(node.source, node.targets)
                flows = self._flows(node.item)
                self._values, self._given = before
                return flows
            case tree.Conditional():
                return self._flows(node.yes) or self._flows(node.no)
            case tree.Binary() if node.operator not in ("and", "or"):
                return self._flows(node.left) or self._flows(node.right)
            case tree.Unary(operator="-"):
                return self._flows(node.operand)
            case _:
                return False


def names_of(targets: tree.Name | tree.Row) -> list[str]:
    """The names that a loop gives to the items of what it runs over."""
    if isinstance(targets, tree.Name):
        return [targets.text]
    return [name for item in targets.items for name in names_of(item)]


def _is_parameter(node: tree.Expression) -> bool:
    """Whether a call is `parameter(...)`, or `constant([...])`, which a rule `constant(0.1)` is not."""
    match node:
        case tree.Call(function=tree.Name(text="parameter")):
            return True
        case tree.Call(function=tree.Name(text="constant"), arguments=(first, *more)):
            return bool(more) or isinstance(first.value, tree.ListOf | tree.Comprehension)
        case _:
            return False


def _given_names(nodes: tree.ByClass) -> tuple[frozenset[str], list[re.Pattern[str]]]:
    """The names that the nodes of a body give by hand, so that automatic names keep clear of them.

    Those that it gives by texts with numbers in them, `"conv{i}"`, are patterns.
    """
    lines = (*nodes.get(tree.Bind, ()), *nodes.get(tree.Apply, ()))
    names = {target.text for line in lines for target in line.targets}
    names.update("".join(map(str, node.parts)) for node in nodes.get(tree.String, ()))
    computed = []
    for node in nodes.get(tree.Labelled, ()):
        if isinstance(node.label, tree.Name):
            names.add(node.label.text)
        else:
            pieces = (re.escape(part) if isinstance(part, str) else r"-?\d+" for part in node.label.parts)
            computed.append(re.compile("".join(pieces)))
    return frozenset(names), computed
