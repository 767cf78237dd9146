"""A body that is being worked out: where it is in the text, and what may be asked of it.

The files above this one hold functions that take the body as their first argument: expressions, operators, calls,
arguments, layers, lines. What they need of a file above them they ask of the body, so that none imports another in a
circle: `Body` of `body.py` has them all as its methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple, Self, TypeVar

from cnndsl.diagnostics import Label, Problem, error
from cnndsl.ir.program import Output
from cnndsl.layers.formula import Shape
from cnndsl.semantics.builder import Builder, Slot
from cnndsl.semantics.context import Context
from cnndsl.semantics.hints import kinds_of, refused
from cnndsl.semantics.usage import first_places, hand_on
from cnndsl.semantics.values import UNKNOWN, Chain, Scope, Silent, Stage, Unknown, Value, describe, weight_of
from cnndsl.source import Span
from cnndsl.symbolic.number import SizeIsOpen, is_open, value_of
from cnndsl.syntax import tree

_Light = TypeVar("_Light")
_CHARACTERS = 100
"""So many characters of a text take no longer than one item of a list."""


class Begun(NamedTuple):
    """A pipeline with a mistake: what it starts with, and the stages up to the first that is wrong."""

    node: tree.Pipe
    start: Any
    chain: Chain
    mistaken: tree.Expression


class Given(NamedTuple):
    """What a network is applied to that is a part of another: the size, and where; `name` is what it is called."""

    name: str
    shape: Shape
    span: Span


class Evaluation:
    """A body that is being worked out: of a network, block, sequence or chain."""

    evaluate: Callable[[tree.Expression], Any]
    """What an expression is worth. Raises Problem, or Silent when it hangs on a mistake already reported."""
    apply_stage: Callable[[Stage, Any], Any]
    """Apply a stage to a value; the value that comes out. Raises Problem."""
    run: Callable[[tree.Body], tuple[Output, ...] | None]
    """Work out all lines of a definition; its outputs, or None after a mistake in it."""
    run_branch: Callable[[tree.Body], None]
    """Run the lines of a brace in this body; a mistake in one of them is reported."""
    run_line: Callable[[tree.Statement], None]
    """Work out a line. Raises Problem."""
    branch: Callable[[tree.If], None]
    """Run the lines that a condition chooses. Raises Problem."""
    check: Callable[[tree.Assert], None]
    """Check what a line asserts, and report it where it is not so."""
    declare_input: Callable[[tree.Call, str], Value]
    """Work out `input(...)`. Raises Problem."""

    def __init__(self, context: Context, builder: Builder, scope: Scope) -> None:
        self.context, self.builder, self.scope = context, builder, scope
        self.entry: Any = None
        """The value that entered the body."""
        self.current: Any = None
        """The current value of the pipeline."""
        self.result: Any = None
        """What the body gives, once it is at its end."""
        self.bound: tree.Bind | None = None
        """The line that is worked out, if it gives a name to one value."""
        self.begun: Begun | None = None
        """The last pipeline with a mistake."""
        self.lines: tree.Body | None = None
        """All lines of the definition."""
        self.is_whole = True
        """Whether all lines so far could be read."""
        self.outputs: tuple[Output, ...] | None = None
        self.output_span: Span | None = None
        """What goes out, and the line that says so."""
        self.of_result: list[tree.Assert] = []
        """The assertions about what the body gives."""
        self.given: Given | None = None
        """For a network that is a part of another, what it is applied to."""
        self.is_cut = False
        """Whether this is a network up to some of its parts: what it has besides may do nothing."""
        self.init_spans: dict[int, Span] = {}
        """Where each rule of the network stands."""

    def spawn(self, builder: Builder, scope: Scope) -> Self:
        """The elaboration of another body."""
        return type(self)(self.context, builder, scope)

    def lose(self) -> None:
        """Go on where it is not known what flows."""
        self.current = UNKNOWN
        if self.entry is None:
            self.entry = UNKNOWN

    # Names

    @contextmanager
    def in_scope(self, scope: Scope) -> Iterator[None]:
        """While names mean what they do in another scope."""
        outer, self.scope = self.scope, scope
        try:
            yield
        finally:
            self.scope = outer

    @cached_property
    def _first_places(self) -> tuple[dict[str, Span], dict[str, Span]]:
        return first_places(self.lines) if self.lines is not None else ({}, {})

    def declared_at(self, name: tree.Name) -> Span | None:
        """Where a line of this body first gives a name a meaning, also one further down or one that is not reached."""
        found, bound = self._first_places[0].get(name.text), self.bound
        is_bound = bound is not None and found == bound.targets[0].span
        if bound is not None and is_bound and bound.span.start <= name.span.start < bound.span.end:
            return None  # x = relu(x): the line itself
        return found

    def given_in_braces(self, name: tree.Name) -> Span | None:
        """Where a line above, in braces that are a stage, gives a name a meaning, which it has in there alone."""
        found = self._first_places[1].get(name.text)
        return found if found is not None and found.start < name.span.start else None

    def slot_by_key(self, key: str) -> Slot | None:
        """The place of a part that is known by its key in quotes."""
        return self.builder.slots.get(key)

    # Values

    def known(self, node: tree.Expression) -> Any:
        """As `evaluate`, for use where an unknown result makes everything unknown."""
        value = self.evaluate(node)
        if isinstance(value, Unknown):
            raise Silent
        return value

    def all_known(self, nodes: Iterable[tree.Expression]) -> list[Any]:
        """As `known`, for several: one that is wrong does not hide that another one is."""
        values: list[Any] = []
        trouble: Problem | Silent | None = None
        for node in nodes:
            try:
                values.append(self.known(node))
            except Problem as problem:
                if isinstance(trouble, Problem):
                    self.context.report(problem.diagnostic)
                else:
                    trouble = problem
            except Silent as signal:
                trouble = trouble or signal
        if trouble is not None:
            raise trouble
        return values

    def bind_targets(self, targets: tree.Name | tree.Row, item: Any) -> None:
        """Give the names of a loop their values for one turn."""
        hand_on(self.context, item)
        if isinstance(targets, tree.Name):
            self.scope.names[targets.text] = item
            self.scope.ended.pop(targets.text, None)
            return
        if not isinstance(item, list) or len(item) != len(targets.items):
            got = f"a list of {len(item)}" if isinstance(item, list) else describe(item)
            raise error(
                "E206",
                f"each item must be a list of {len(targets.items)}, and this one is {got}",
                targets.items[0].span.to(targets.items[-1].span),
                help="give every row as many items as there are names",
            )
        for target, part in zip(targets.items, item, strict=True):
            self.bind_targets(target, part)

    def items(self, node: tree.Expression) -> list[Any]:
        """The items of a list that a loop runs over."""
        items = self.known(node)
        if isinstance(items, tuple):  # the values that a step gives
            items = list(items)
        if not isinstance(items, list):
            words = f"{kinds_of(items)} {type(node).__name__}"
            raise refused("loop", "E206", words, node, what=describe(value_of(items)))
        self.context.turn(node.span, len(items))
        return items

    def truth(self, node: tree.Expression) -> bool:
        """How a condition comes out."""
        value = self.known(node)
        if isinstance(value, bool):
            return value
        words, plain = f"{kinds_of(value)} {type(node).__name__}", value_of(value)
        raise refused("condition", "E206", words, node, what=describe(plain), plain=str(plain))

    def plain(self, value: Any) -> Any:
        """The plain number, where the structure depends on it. Raises SizeIsOpen for a size that is left open."""
        if is_open(value):
            raise SizeIsOpen
        return value_of(value)

    def only_layers(self, what: str, span: Span, way: str) -> None:
        """Raise Problem in a chain, for what is no layer."""
        if self.builder.is_chain:
            raise error("E404", f"a chain holds layers only; this {what}", span, help=way)

    def own(self, value: Value, span: Span, *, in_training: bool = False) -> None:
        """Raise Problem unless the value belongs to the body being worked out, and exists where it is used."""
        if value.owner is not self.builder:
            raise error("E402", "this value belongs to another body", span, help="give it to the block as an argument")
        if value.training and not (in_training or self.builder.training):
            raise self.in_training_only(value.span, span)

    @staticmethod
    def in_training_only(made: Span, span: Span) -> Problem:
        """What is used in evaluation too, and was `made` in training only."""
        return error(
            "E412",
            "this value exists in training only",
            span,
            labels=(Label(made, "it is made here"),),
            help="use it inside when training { }, or as an output: output a, b when training",
        )

    def light(self, value: _Light, span: Span) -> _Light:
        """The value, unless it holds too much. Raises Problem."""
        if weight_of(value) > self.context.limits.items + 1:
            raise self.context.limits.too_long(span)
        self.go_through(value, span)
        return value

    def go_through(self, value: Any, span: Span) -> None:
        """Account for going through all of a value."""
        self.context.work(span, len(value) // _CHARACTERS if isinstance(value, str) else weight_of(value))

    def bounded_text(self, text: str, span: Span) -> str:
        """The text, unless it is too long. Raises Problem."""
        limits = self.context.limits
        if len(text) > limits.items:
            message = f"a text may have at most {limits.items:,} characters"
            raise limits.exceeded("items", "E505", message, span, "write less")
        self.go_through(text, span)
        return text

    def one(self, value: Any, span: Span) -> Value:
        """The single value that a layer is applied to. Raises Problem for anything else."""
        if isinstance(value, Value):
            self.own(value, span)
            return value
        if value is None:
            raise error("E401", "nothing flows here yet", span, help="declare the input first: input(3, 32, 32)")
        if isinstance(value, Unknown):
            raise Silent
        raise error(
            "E407",
            f"a layer is applied to one value, and here are {describe(value)}",
            span,
            help="give each a name, a, b = ..., and go on with one: a -> ...",
        )
