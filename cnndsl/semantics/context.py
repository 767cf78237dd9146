"""What the elaboration of one text shares: the findings, the modules so far, the limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, NoReturn, TypeVar

from cnndsl.diagnostics import OF_NUMBERS, Diagnostic, Fix, Label, Problem, Severity
from cnndsl.ir.lower import Cut
from cnndsl.ir.nodes import Part
from cnndsl.ir.part_names import Place, unnamed_parts
from cnndsl.ir.program import Leaf, Module, Origin
from cnndsl.layers.base import Layer, Tensor
from cnndsl.layers.formula import Shape, check_limits
from cnndsl.semantics.values import Limits, Silent
from cnndsl.source import Span
from cnndsl.symbolic.expr import Guard, Symbol
from cnndsl.symbolic.number import Traced, by_name, key_of, work_key
from cnndsl.syntax import tree

MOST_ERRORS = 1_000
"""After so many errors the rest of a text is left alone."""
LIGHT = 5
"""So many names and numbers of an expression take no longer than one that is worked out."""
_SHOWN_USES = 3
_Made = TypeVar("_Made")


class Stop(Exception):  # noqa: N818 - a signal to the end of the whole elaboration
    """Raised when a limit is reached that leaves no time for the rest of the text; why is reported already."""


class OpenSizes:
    """The sizes of the inputs of one network that are left open, and which step asked what of them."""

    def __init__(self) -> None:
        self.places: dict[Symbol, Span] = {}
        """Where each is declared."""
        self.reasons: dict[Guard, Span] = {}
        """For what was asked, the step that asked first."""
        self._seen: dict[Symbol, int] = {}

    def attribute(self, span: Span) -> None:
        """Note that what was asked since the last call was asked by the step at `span`."""
        for symbol in self.places:
            guards = symbol.guards or []
            for guard in guards[self._seen.get(symbol, 0) :]:
                self.reasons.setdefault(guard, span)
            self._seen[symbol] = len(guards)


class _Findings:
    """What is reported, and what may be: warnings of what does nothing, and what does something in another use."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.said: dict[tuple[str, Span | None, str], int] = {}
        """Where among the diagnostics each stands."""
        self.errors = 0
        self.idle: list[Diagnostic] = []
        self.needed: set[tuple[str, Span]] = set()


class Context:
    """The state of one elaboration."""

    def __init__(self, limits: Limits, *, traced: bool = True, seen: Callable[[Span, Any], None] | None = None) -> None:
        self.limits = limits
        self.traced = traced
        """Whether sizes keep the expressions over parameters that led to them."""
        self.seen = seen
        """Who is told what `it` and `input` stand for at their places."""
        self._found = self._reported = _Findings()
        self.modules: dict[str, Module] = {}
        self.sizes: dict[str, int] = {}
        """Module id -> how many layers it holds, repeated blocks counted each time."""
        self.layers: dict[str, list[Any]] = {}
        """For the modules of sequences their layers, with the recipes that made them (`Slot`)."""
        self.memo: dict[Any, Any] = {}
        """Work that need not be done again, by what it depends on."""
        self.cuts: dict[int, Cut] = {}
        """The networks up to some of their parts, by the `id` of their definitions."""
        self.used: set[Span] = set()
        """The names, where they are written, of the definitions that a use was worked out of."""
        self.parameters: frozenset[str] = frozenset()
        """The names of all parameters of blocks, sequences and networks, of which no open size has one."""
        self.open = OpenSizes()
        """Those of the network that is worked out."""
        self._counts: dict[str, int] = {}
        self._turns = 0
        self._worked = 0
        self._uses: list[tuple[str, Span]] = []
        self.variant: tree.Variant | None = None
        """What is worked out, where that is a variant of a network."""
        self._depth = 0

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What is reported so far, or kept apart."""
        return self._found.diagnostics

    def report(self, diagnostic: Diagnostic) -> None:
        """Keep a finding, once; inside blocks, with where these are used. Raises Stop after `MOST_ERRORS`."""
        if self._uses and diagnostic.span is not None:
            places = {span: name for name, span in reversed(self._uses) if span != diagnostic.span}
            uses = tuple(_use(name, span) for span, name in islice(places.items(), _SHOWN_USES))
            diagnostic = replace(diagnostic, labels=(*diagnostic.labels, *uses))
        variant, span = self.variant, diagnostic.span
        if variant and span and diagnostic.code.startswith(OF_NUMBERS) and not variant.span.holds(span):
            use = _use(variant.base, variant.value.span)
            diagnostic = replace(diagnostic, labels=(*diagnostic.labels, use))
        found = self._found
        same = (diagnostic.code, diagnostic.span, diagnostic.message)
        if same in found.said:
            at = found.said[same]
            before = found.diagnostics[at]
            if before.fix is not None and before.fix.is_safe and diagnostic.fix != before.fix:
                # A line that is worked out several times is changed safely only if it is each time.
                found.diagnostics[at] = replace(before, fix=diagnostic.fix)
            return
        found.said[same] = len(found.diagnostics)
        found.diagnostics.append(diagnostic)
        found.errors += diagnostic.severity is Severity.ERROR
        if found.errors >= MOST_ERRORS and found is self._reported:
            raise Stop

    @contextmanager
    def apart(self) -> Iterator[list[Diagnostic]]:
        """While something is looked at that makes nothing: what is found is kept in a list of its own."""
        before, self._found = self._found, _Findings()
        try:
            yield self.diagnostics
        finally:
            self._found = before

    @property
    def in_block(self) -> bool:
        """Whether a block is worked out, which may be used elsewhere too."""
        return bool(self._uses)

    def idle(self, code: str, message: str, span: Span, *ways: str, fix: Fix | None = None) -> None:
        """Keep a warning of something that does nothing here: another use of the same block may need it.

        In a text with errors none is reported: what a mistaken line would have used is not known.
        """
        self._found.idle.append(Diagnostic(code, message, span, help=ways, severity=Severity.WARNING, fix=fix))

    def needed(self, code: str, spans: Iterable[Span]) -> None:
        """Note that a warning of what does nothing is not true at these places."""
        self._found.needed.update((code, span) for span in spans)

    def report_idle(self) -> None:
        """Report what does nothing in any use, in a text without errors."""
        for diagnostic in self._found.idle if not self._found.errors else ():
            if (diagnostic.code, diagnostic.span) not in self._found.needed:
                self.report(diagnostic)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """While something is worked out of which a mistake is reported, and what hangs on it is given up."""
        try:
            yield
        except Problem as problem:
            self.report(problem.diagnostic)
        except Silent:
            pass

    @contextmanager
    def inside(self, name: str, span: Span) -> Iterator[None]:
        """While the block `name`, used at `span`, is worked out. Raises Problem when too deep."""
        message = f"blocks are nested more than {self.limits.depth} deep: does {name} use itself without an end?"
        with self._deeper(message, span, "let a recursive block end with an if"):
            self._uses.append((name, span))
            try:
                yield
            finally:
                self._uses.pop()

    @contextmanager
    def inside_chain(self, span: Span) -> Iterator[None]:
        """While a chain that is a part of its own is worked out. Raises Problem when too deep."""
        message = f"chains and blocks are nested more than {self.limits.depth} deep"
        with self._deeper(message, span, "leave out braces and names that hold one layer"):
            yield

    @contextmanager
    def _deeper(self, message: str, span: Span, way: str) -> Iterator[None]:
        if self._depth >= self.limits.depth:
            raise self.limits.exceeded("depth", "E503", message, span, way)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def turn(self, span: Span, count: int = 1) -> None:
        """Account for a layer, an operation, a block or a turn of a loop. Raises Stop over the limit."""
        self._turns += count
        if self._turns > self.limits.layers:
            way = "repeat a block instead of its layers: equal blocks are worked out once"
            self._stop("layers", "layers and turns of loops", span, way)

    def work(self, span: Span, amount: int = 1) -> None:
        """Account for what takes time and makes no layer. Raises Stop over the limit.

        An expression that is worked out counts 1, and so does each item of a list, or argument of a layer, that is
        gone through.
        """
        self._worked += amount
        if self._worked > self.limits.work:
            self._stop("work", "steps of calculation", span, "let a loop do less, or go on with shorter lists")

    def _stop(self, limit: str, what: str, span: Span, way: str) -> NoReturn:
        message = f"the text asks for more than {getattr(self.limits, limit):,} {what}"
        self.report(self.limits.exceeded(limit, "E504", message, span, way).diagnostic)
        raise Stop

    def shared(self, key: Any, module: Module) -> Module:
        """A new module under the id of the one that was made of the same for another network, where there is one.

        Such a module differs in nothing but whose notes its open sizes have, and is in the program once.
        """
        named = by_name(key)
        if named == key:  # it has no open sizes
            return module
        first = self.memo.setdefault(("made", named), module.id)
        if first == module.id:
            return module
        del self.modules[module.id], self.sizes[module.id]
        return module.model_copy(update={"id": first})

    def once(self, key: Any, work: Callable[[], _Made]) -> _Made:
        """What some work gives, which is done once for what it depends on."""
        if key not in self.memo:
            self.memo[key] = work()
        made: _Made = self.memo[key]
        return made

    def nodes_of(self, body: tree.Body) -> tree.ByClass:
        """The nodes of a body."""
        return self.once((tree.by_class, body), lambda: tree.by_class(body))

    def part_names(self, definition: tree.Definition) -> dict[Place, Part]:
        """The names of the parts of a definition that the text does not name."""
        return self.once(("names", id(definition)), lambda: unnamed_parts(definition, self.nodes_of(definition.body)))

    def new_id(self, name: str) -> str:
        """An id for another module called `name`."""
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def outputs(self, layer: Layer, counts: dict[str, Traced], x: Shape) -> tuple[Shape, ...]:
        """The sizes of what a layer gives, worked out once for each layer and input. Raises SizeError."""
        key = (type(layer), layer, tuple((n, key_of(t)) for n, t in counts.items()), dims_key(x))

        def sizes() -> tuple[Shape, ...]:
            plain = layer.outputs(x)
            for shape in plain:
                check_limits(shape)
            return layer.having(counts).outputs(x) if counts else plain

        return self.once(key, sizes)

    def leaf(self, layer: Layer, x: Shape) -> Leaf:
        """A layer as a part that is built for `x`, with nothing said of its numbers; the same for the same layer."""
        return self.once((Leaf, id(layer), dims_key(x)), lambda: Leaf(layer=layer, x=x))

    def tensors(self, layer: Layer, x: Shape) -> tuple[Tensor, ...]:
        """The tensors of a layer built for `x`."""
        return self.once((Tensor, type(layer), layer, dims_key(x)), lambda: layer.tensors(x))


def dims_key(shape: Shape) -> Any:
    """A hashable key: shapes with the same key are the same, their expressions and whose open sizes these name too."""
    return tuple(work_key(dim) if isinstance(dim, Traced) else dim for dim in shape)


def origin(span: Span) -> Origin:
    """The place of a span, as a program keeps it: without folders, so that these leave no trace in what is made."""
    position = span.position
    return Origin(span.source.short, position.line, position.column)


def _use(name: str, span: Span) -> Label:
    return Label(span, f"{name} is used here")
