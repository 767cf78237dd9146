"""A module in the making: its parts, its values and its steps, in order."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import contextmanager
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Literal

from cnndsl.diagnostics import Label, error
from cnndsl.ir import nodes
from cnndsl.ir.names import numbered, snake, why_not, why_not_key
from cnndsl.ir.part_names import Place
from cnndsl.ir.program import (
    Call,
    Child,
    Combine,
    InitRule,
    Leaf,
    Module,
    OpenSize,
    Output,
    Parameter,
    Plain,
    Step,
    Use,
)
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape
from cnndsl.semantics.context import Context, origin
from cnndsl.semantics.values import Recipe, Value, shown_part
from cnndsl.source import Span
from cnndsl.symbolic.number import trace_weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_SHOWN = 60
_READINGS = 2
"""How many times as many readings of inputs a body may hold as layers."""
ModuleKind = Literal["network", "block", "sequence", "chain"]


class Slot:
    """A named part: its place in the order is that of its declaration; its first application says what it is."""

    __slots__ = ("applied", "is_chain", "is_named", "made", "name", "recipe", "span", "unit")

    def __init__(self, name: str, span: Span) -> None:
        self.name, self.span = name, span
        self.made: list[Slot] | None = None
        """The parts of a list: those that a loop makes of one place in the text, or of a list with a name."""
        self.is_named = False
        """Whether the text names the list, whose parts keep their numbers."""
        self.is_chain = False
        """Whether the list is a chain that is taken apart, which has all of its layers if it has any."""
        self.recipe: Recipe | None = None
        """By what the part is made."""
        self.applied = False
        """Whether something went through it; one that is the identity has no unit even so."""
        self.unit: Leaf | Use | None = None
        """What the part is, from the first time on that it is applied."""

    @property
    def parts(self) -> list[Slot]:
        """The part itself, or those of a list."""
        return [self] if self.made is None else self.made

    @property
    def shown(self) -> str:
        """How the text speaks of it: the part `branches.0` is `branches[0]`."""
        return shown_part(self.name)


class Builder:
    """Collects what one `Module` will be made of."""

    def __init__(
        self,
        context: Context,
        kind: ModuleKind,
        name: str,
        span: Span,
        unnamed: Mapping[Place, nodes.Part] | None = None,
    ) -> None:
        self.context, self.kind, self.name, self.span = context, kind, name, span
        self.is_chain = kind in ("sequence", "chain")
        self.inputs: list[str] = []
        self._input_spans: list[Span] = []
        self.values: list[Shape] = []
        self._unbatched: list[int] = []
        self.steps: list[Step] = []
        self._spans: list[Span] = []
        """Where each step stands in the text."""
        self.slots: dict[str, Slot] = {}
        self.keys: list[Slot] = []
        """The parts that are declared by a key in quotes."""
        self.taken_apart: frozenset[str] = frozenset()
        """The names of which the text takes some layers: `features[:5]`."""
        self.names: dict[int, str] = {}
        self._items_named: dict[int, str] = {}
        self.init: list[InitRule] = []
        self.training = False
        """Whether what is worked out now exists in training only."""
        self.size = 0
        self._reads: list[int] = []
        """For each value the inputs that it depends on, one bit for each."""
        self._readings = 0
        self._unnamed = {} if self.is_chain else dict(unnamed or {})
        self._lists = sorted(place for place, part in self._unnamed.items() if part.is_list)
        self._loop_depth = 0

    def value(self, shape: Shape, span: Span, maker: str, *, unbatched: bool = False) -> Value:
        """A new value."""
        self.values.append(shape)
        if unbatched:
            self._unbatched.append(len(self.values) - 1)
        return Value(self, len(self.values) - 1, shape, span, maker, self.training, unbatched)

    def input(self, name: str, shape: Shape, span: Span, *, unbatched: bool = False) -> Value:
        """A new input; inputs come before anything else flows."""
        self._reads.append(1 << len(self.inputs))
        self.inputs.append(name)
        self._input_spans.append(span)
        return self.value(shape, span, name, unbatched=unbatched)

    def comes_in(self, value: Value) -> bool:
        """Whether a value depends on an input."""
        return self._reads[value.index] != 0

    def declare(self, name: str, span: Span, *, quoted: bool = False, in_loops: str = "") -> Slot:
        """A place for a part called `name`. Raises Problem when it cannot be called that.

        `in_loops` says what to write where each turn of a loop gives the name again, unless it may be put together.
        """
        reason = why_not_key(name) if quoted else why_not(name)
        if reason:
            shown = f'"{name[:_SHOWN]}"' if quoted else name
            ways = _ways(name)
            if not quoted and why_not_key(name) is None:
                ways = (f'put it in quotes, which keep the name: "{name}": layer', f"or call it {_other(name)}")
            raise error("E203", f"{shown} cannot name a layer: {reason}", span, help=ways)
        if name in self.slots:
            first = self.slots[name].span
            labels: tuple[Label, ...] = ()
            helps = in_loops or f'in a loop a name differs from turn to turn: "{name}_{{i}}": layer'
            if first != span:
                labels = (Label(first, "it is declared here"),)
                helps = "choose another name, or use the first one again"
            raise error("E204", f"there is already a layer called {name}", span, labels=labels, help=helps)
        slot = self.slots[name] = Slot(name, span)
        return slot

    def declare_list(self, name: str, count: int, span: Span) -> None:
        """Places for `count` parts of a list called `name`. Raises Problem as `declare` does."""
        slot = self.declare(name, span)
        slot.made, slot.is_named = [Slot(f"{name}.{at}", span) for at in range(count)], True

    def take_apart(self, slot: Slot, layers: Iterable[Slot]) -> None:
        """Make the layers of a chain the parts of a list of its name."""
        slot.made, slot.is_named, slot.is_chain = [], True, True
        for layer in layers:
            made = Slot(f"{slot.name}.{layer.name}", layer.span)
            made.unit, made.recipe = layer.unit, layer.recipe
            slot.made.append(made)

    def layer(self, step: Step) -> Layer | None:
        """The layer of a step; None for a block, a chain or an operation."""
        if isinstance(step.action, Plain):
            return step.action.layer
        unit = self.slot(step.action.child).unit if isinstance(step.action, Call) else None
        return unit.layer if isinstance(unit, Leaf) else None

    def automatic(self, word: str, span: Span) -> Slot:
        """A place for a part without a name: numbered in a chain, else named by where it stands in the text."""
        if self.is_chain:
            name = str(len(self.slots))
            if name in self.slots:
                way = "give this layer a name too: name: layer"
                raise error("E204", f"the name {name} is taken by a label", span, help=way)
            slot = self.slots[name] = Slot(name, span)
            return slot
        part = self._unnamed.get((span.start, span.end))
        if part is None:
            part = nodes.Part(name=self._free(word), is_list=self._loop_depth > 0)
            self._unnamed[span.start, span.end] = part
        if not part.is_list:
            if part.name in self.slots:
                return self.declare(part.name, span)  # which says that it is there already
            slot = self.slots[part.name] = Slot(part.name, span)
            return slot
        made = self._list(part.name, span)
        slot = Slot(f"{part.name}.{len(made)}", span)
        made.append(slot)
        return slot

    def _free(self, word: str) -> str:
        """A name for a part of which the text did not tell that it is one."""
        known = {part.name for part in self._unnamed.values()}
        count = 1
        while (name := numbered(snake(word), count)) in known or name in self.slots:
            count += 1
        return name

    def names_place(self, span: Span) -> bool:
        """Whether the text names what is applied at a place, by a word that may stand for anything."""
        return not self.is_chain and (span.start, span.end) in self._unnamed

    def _list(self, name: str, span: Span) -> list[Slot]:
        """The parts that a loop has made so far of one place in the text."""
        if name not in self.slots:
            self.slots[name] = Slot(name, span)
        slot = self.slots[name]
        if slot.made is None:
            slot.made = []
        return slot.made

    def slot(self, name: str) -> Slot:
        """The place of a part; `conv1.0` is the first of the list `conv1`."""
        if name in self.slots:
            return self.slots[name]
        listed, _, at = name.rpartition(".")
        whole = self.slots[listed]
        made = whole.made
        assert made is not None  # noqa: S101 - only a list's part has a point in its name
        return next(each for each in made if each.name == name) if whole.is_chain else made[int(at)]

    @contextmanager
    def looping(self, span: Span) -> Iterator[None]:
        """While the turns of a loop are worked out; the lists of its parts have their places from its beginning on."""
        if self._loop_depth == 0:
            at = bisect_left(self._lists, (span.start, 0))
            while at < len(self._lists) and self._lists[at][1] <= span.end:
                self._list(self._unnamed[self._lists[at]].name, span)
                at += 1
        self._loop_depth += 1
        try:
            yield
        finally:
            self._loop_depth -= 1

    def step(
        self,
        action: Call | Plain | Combine,
        inputs: tuple[Value, ...],
        shapes: tuple[Shape, ...],
        span: Span,
        maker: str,
        unbatched: Sequence[bool] = (),
    ) -> tuple[Value, ...]:
        """Record an application; the values that come out, each of which counts as a layer does.

        `unbatched` says which have no batch; without it they have one if any value that comes in has.
        """
        lacking = unbatched or [all(value.unbatched for value in inputs)] * len(shapes)
        self.context.turn(span, len(shapes))
        self._add_readings(action, inputs, len(shapes), span)
        self.context.work(span, sum(trace_weight(*shape) for shape in shapes))
        self.context.open.attribute(span)
        outputs = tuple(
            self.value(shape, span, maker, unbatched=lacks) for shape, lacks in zip(shapes, lacking, strict=True)
        )
        self._spans.append(span)
        self.steps.append(
            Step(
                action=action,
                inputs=tuple(value.index for value in inputs),
                outputs=tuple(value.index for value in outputs),
                origin=origin(span),
                training=self.training,
            )
        )
        return outputs

    def _add_readings(self, action: Call | Plain | Combine, inputs: tuple[Value, ...], count: int, span: Span) -> None:
        """Account for what the values of a step, and of the layers in it, read of the inputs. Raises Problem."""
        read = reduce(or_, (self._reads[value.index] for value in inputs), 0)
        self._reads += [read] * count
        layers = self.context.sizes.get(action.module or "", 0) if isinstance(action, Call) else 0
        self._readings += (layers + count) * read.bit_count()
        limits = self.context.limits
        if self._readings > _READINGS * limits.size:
            message = "too many layers depend on too many inputs"
            raise limits.exceeded("size", "E504", message, span, "give each layer what it needs alone")

    def add_size(self, size: int, span: Span) -> None:
        """Account for `size` more layers in the whole network. Raises Problem over the limit."""
        limits = self.context.limits
        self.size += size
        if self.size > limits.size:
            message = f"the network has more than {limits.size:,} layers"
            raise limits.exceeded("size", "E504", message, span, "repeat less often")

    def name_items(self, name: str, items: Sequence[object]) -> None:
        """Call the values of a list by its name and their places in it, unless they are called something."""
        for place, item in enumerate(items):
            if isinstance(item, Value) and item.owner is self and item.index >= len(self.inputs):
                self._items_named.setdefault(item.index, numbered(name, place))

    def drop_unused(self, outputs: tuple[Output, ...]) -> list[tuple[Span, str | None, bool]]:
        """Forget what leads to no output and applies no part of the module.

        Where each path without an output ends, what its value is called, and whether a part is applied there.
        """
        needed = {output.value for output in outputs}
        read, done = set(needed), set(needed)
        kept: list[Step] = []
        needed_spans: set[Span] = set()
        ends: list[tuple[Span, str | None, bool]] = []
        for step, span in zip(reversed(self.steps), reversed(self._spans), strict=True):
            is_call = isinstance(step.action, Call)
            if not needed.isdisjoint(step.outputs):
                needed.update(step.inputs)
                needed_spans.add(span)
            elif read.isdisjoint(step.outputs):
                ends.append((span, self.names.get(step.outputs[0]), is_call))
            read.update(step.inputs)
            if is_call or not done.isdisjoint(step.outputs):
                done.update(step.inputs)
                kept.append(step)
        self.steps = kept[::-1]
        self.context.needed("W202", needed_spans)
        return ends[::-1]

    def unread_inputs(self, outputs: tuple[Output, ...]) -> list[tuple[Span, str]]:
        """The inputs that nothing reads: where each is declared, and what it is called."""
        read = {output.value for output in outputs}.union(*(step.inputs for step in self.steps))
        declared = enumerate(zip(self._input_spans, self.inputs, strict=True))
        return [place for index, place in declared if index not in read]

    def finish(
        self,
        outputs: tuple[Output, ...],
        parameters: tuple[Parameter, ...] = (),
        open_sizes: tuple[OpenSize, ...] = (),
    ) -> Module:
        """The module, entered among the context's modules."""
        module = self.so_far(outputs, self.context.new_id(self.name or "chain"), parameters, open_sizes)
        self.context.modules[module.id] = module
        self.context.sizes[module.id] = self.size
        if self.kind == "sequence":
            self.context.layers[module.id] = [slot for slot in self.slots.values() if slot.unit is not None]
        return module

    def so_far(
        self,
        outputs: tuple[Output, ...],
        key: str = "",
        parameters: tuple[Parameter, ...] = (),
        open_sizes: tuple[OpenSize, ...] = (),
    ) -> Module:
        """A module of all that was applied."""
        return Module(
            id=key,
            kind=self.kind,
            name=self.name,
            parameters=parameters,
            inputs=tuple(self.inputs),
            children=tuple(
                Child(name=slot.name, unit=slot.unit, origin=origin(slot.span), in_chain=whole.is_chain)
                for whole in self.slots.values()
                for slot in whole.parts
                if slot.unit is not None
            ),
            steps=tuple(self.steps),
            values=tuple(self.values),
            outputs=outputs,
            names=self._items_named | self.names,
            unbatched=tuple(self._unbatched),
            init=tuple(self.init),
            open=open_sizes,
            origin=origin(self.span),
        )


def _ways(name: str) -> tuple[str, ...]:
    """What to write for a name or label that a layer cannot have."""
    first, dot, place = name.partition(".")
    if dot and first.isidentifier() and place.isdigit():
        return (f"a list of layers has such keys: {first} = [conv(8, 3) for i in range(3)]",)
    return (f"call it {_other(name)}",)


def _other(name: str) -> str:
    if name.isidentifier() and len(name) < _SHOWN:
        return f"{name.strip('_')}_layer"
    return "something short, of letters, digits and _"
