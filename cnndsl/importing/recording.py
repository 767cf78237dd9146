"""What a module does when it runs: for each call of each module the calls that it makes itself, in their order.

A module is run, and not read: whatever Python decides in `forward` is decided as it is for PyTorch. What flows is known
by identity, so that a tensor that is overwritten in place is the value that it then has.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnndsl.frozen import frozen
from cnndsl.importing.leaves import inherited, is_leaf, layer_base, look_at


@frozen()
class Value:
    """A tensor that flows: a number that no other has, and the sizes of it, the batch among them."""

    number: int
    shape: tuple[int, ...]
    dtype: torch.dtype


@frozen()
class Owned:
    """A tensor that a module holds: a parameter or buffer, by the path from the module that was run."""

    path: str
    is_learned: bool
    tensor: Tensor = field(repr=False, compare=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes, of which none is the batch."""
        return tuple(self.tensor.shape)


@frozen()
class Unknown:
    """A tensor that comes from nothing that was recorded."""

    shape: tuple[int, ...]
    tensor: Tensor = field(repr=False, compare=False)


@frozen()
class Overwritten:
    """A value of which a part was overwritten, by `x[...] = y` or through a view: no call has made what it is now."""


@frozen()
class Event:
    """A call: of a module inside, or of a function or method of PyTorch.

    In arguments and results tensors are `Value`, `Owned`, `Unknown` or `Overwritten`.
    """

    module: nn.Module | None
    function: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    result: Any
    training: bool = False
    """Whether the module that calls a function is in training."""
    inside: Trace | None = field(default=None, repr=False, compare=False)
    """What a module did that is no layer."""


@dataclass(slots=True)
class Trace:
    """What one call of a module did."""

    module: nn.Module
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    events: list[Event] = field(default_factory=list)
    result: Any = None
    names: dict[int, str] = field(default_factory=dict)
    """What the Python code calls the values, by their numbers."""


class Recorder(TorchFunctionMode):
    """Runs a module and keeps what it does. The traces are by module, in the order of the calls."""

    def __init__(self, root: nn.Module) -> None:
        super().__init__()
        self.root = root
        self._modules = set(root.modules())
        self.traces: dict[nn.Module, list[Trace]] = {}
        self._owned = {id(tensor): Owned(path, True, tensor) for path, tensor in root.named_parameters()}
        self._owned |= {id(tensor): Owned(path, False, tensor) for path, tensor in root.named_buffers()}
        self._values: dict[int, Value] = {}
        self._versions: dict[int, int] = {}
        self._writes: list[tuple[int, Tensor]] = []
        """The tensors that were overwritten, each with how often its storage was until then."""
        self._alive: list[Tensor] = []
        """All tensors that were seen, so that none has the identity of an earlier one."""
        self._stack: list[Trace] = []
        self._pending: dict[int, Event] = {}
        self._steps = Steps(self.function, self._silently, lambda tensor: id(tensor) in self._values)
        self._silent = False
        """Whether a standard layer or a function runs, whose inside is of no interest."""

    def run(self, inputs: Sequence[Tensor]) -> None:
        """Run the module on these tensors, without gradients. Raises whatever it raises."""
        original = nn.Module.__call__

        def called(module: nn.Module, *arguments: Any, **keywords: Any) -> Any:
            return self.module(original, module, arguments, keywords)

        nn.Module.__call__ = called  # type: ignore[method-assign]
        try:
            with torch.no_grad(), self:
                self.root(*inputs)
        finally:
            nn.Module.__call__ = original  # type: ignore[method-assign]

    def module(self, original: Any, module: nn.Module, arguments: Any, keywords: Any) -> Any:
        """Call a module, and keep what it did."""
        is_slice = type(module) is nn.Sequential and module not in self._modules
        if self._silent or is_slice:  # `features[:5]` makes a module anew, and its layers are parts as they are
            return original(module, *arguments, **keywords)
        given = self._seen(arguments, is_input=not self._stack), self._seen(keywords)
        above = None if is_leaf(module) else layer_base(type(module))
        if above is not None and len(arguments) == 1 and isinstance(arguments[0], Tensor) and not keywords:
            self._silently(look_at, (module, above, arguments[0]), {})
        leaf, found = is_leaf(module), inherited(module)
        if found is not None and self._stack:
            result = self._silently(found.forward, (module, *arguments), keywords)
            self._keep(Event(module, "", *given, self._made(result)))
            for name in found.parts:  # as calls of functions: they have no place in the layer
                result = getattr(module, name).forward(result)
            return result
        if leaf:
            result = self._silently(original, (module, *arguments), keywords)
            self._silently(self._note_writes, (arguments,), {})
            if type(module) is not nn.Identity and any(
                result is held and not self._is_changed(held) for held in arguments
            ):
                # A layer that does nothing in evaluation gives a value of its own.
                result = self._silently(torch.Tensor.view_as, (result, result), {})
        else:
            if self._stack:
                self._keep_pending(given)
            trace = Trace(module, *given)
            self._stack.append(trace)
            try:
                result = original(module, *arguments, **keywords)
                is_unkept = len(self._stack) > 1 and id(result) in self._steps.unkept
                if not is_unkept:
                    trace.result = self._seen(result)
                    self._keep_pending(trace.result)
            finally:
                self._stack.pop()
            if is_unkept:  # no part of a text gives such a value: what makes it is done around the part
                self._stack[-1].events += trace.events
                return result
            self.traces.setdefault(module, []).append(trace)
        if self._stack:
            made = Event(module, "", *given, self._made(result)) if leaf else _called(trace, self._seen(result))
            self._keep(made)
        if leaf and isinstance(module, nn.RNNBase) and module.batch_first and isinstance(result, tuple):
            state = next(leaves_of(result[1]))
            self._steps.states[id(state)] = result[0], module.bidirectional, state
        return result

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.function(func, args, kwargs or {})

    def function(self, function: Any, arguments: Any, keywords: Any) -> Any:
        """Call a function of PyTorch, and keep what tensors it made of what."""
        if self._silent:
            return function(*arguments, **keywords)
        name = getattr(function, "__name__", str(function))
        result = self._steps.result(name, arguments, keywords) if self._stack else NotImplemented
        if result is not NotImplemented:
            return result
        given = self._seen(arguments), self._seen(keywords)
        result = self._silently(function, arguments, keywords)
        self._silently(self._note_writes, ((arguments, keywords),), {})
        if self._stack and any(isinstance(leaf, Tensor) for leaf in leaves_of(result)):
            if name == "__get__":  # of an attribute, such as `.T`
                name = getattr(getattr(function, "__self__", None), "__name__", name)
            self._keep(Event(None, name, *given, self._made(result), self._stack[-1].module.training))
        return result

    def _silently(self, function: Any, arguments: Any, keywords: Any) -> Any:
        before, self._silent = self._silent, True
        try:
            return function(*arguments, **keywords)
        finally:
            self._silent = before

    def _keep(self, event: Event) -> None:
        """Keep an event, and what the code that runs calls its values."""
        trace = self._stack[-1]
        self._keep_pending((event.arguments, event.keywords))
        trace.events.append(event)
        frame: FrameType | None = sys._getframe(3)  # noqa: SLF001 - there is no other way to the names of a caller
        while frame is not None and _is_no_caller(frame):
            frame = frame.f_back
        called: Mapping[str, Any] = frame.f_locals if frame is not None else {}
        for name, held in called.get(NAMES, called).items():
            value = self._values.get(id(held)) if isinstance(held, Tensor) else None
            if value is not None and (name not in _SAYS_NOTHING or value.number not in trace.names):
                trace.names[value.number] = name

    def _keep_pending(self, held: Any) -> None:
        """Keep how values were made of which nothing was kept before they are used."""
        events = [self._pending.pop(value.number, None) for value in values_of(held)]
        self._stack[-1].events += filter(None, events)

    def _made(self, held: Any) -> Any:
        """The tensors of a result as new values; what is passed on as it is stays the value that it was."""
        return self._silently(mapped, (held, lambda x: self._new(x) if self._is_changed(x) else self._known(x)), {})

    def _is_changed(self, tensor: Tensor) -> bool:
        """Whether a tensor is new, or was overwritten since it was seen."""
        return id(tensor) not in self._values or self._versions[id(tensor)] != tensor._version  # noqa: SLF001

    def _note_writes(self, held: Any) -> None:
        known = (leaf for leaf in leaves_of(held) if isinstance(leaf, Tensor) and id(leaf) in self._values)
        self._writes += [(t._version, t) for t in known if self._is_changed(t)]  # noqa: SLF001

    def _is_overwritten(self, tensor: Tensor) -> bool:
        """Whether numbers of a value are others since it was seen."""
        since, storage = self._versions[id(tensor)], tensor.untyped_storage()
        if since == tensor._version:  # noqa: SLF001
            return False
        places = torch.zeros(storage.nbytes() // tensor.element_size(), dtype=torch.bool)
        for version, written in self._writes:
            if version > since and written.untyped_storage().data_ptr() == storage.data_ptr():
                places.as_strided(written.shape, written.stride(), written.storage_offset()).fill_(value=True)
        return bool(places.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).any())

    def _seen(self, held: Any, *, is_input: bool = False) -> Any:
        """The tensors of arguments or results as what they are known as."""
        return self._silently(mapped, (held, self._new if is_input else self._known), {})

    def _new(self, tensor: Tensor) -> Value:
        self._alive.append(tensor)
        value = Value(len(self._alive), tuple(tensor.shape), tensor.dtype)
        self._values[id(tensor)] = value
        self._versions[id(tensor)] = tensor._version  # noqa: SLF001 - how often it was overwritten
        return value

    def _known(self, tensor: Tensor) -> Value | Owned | Unknown | Overwritten:
        if id(tensor) in self._values:
            return Overwritten() if self._is_overwritten(tensor) else self._values[id(tensor)]
        if id(tensor) in self._steps.unkept:
            name, arguments, _ = self._steps.unkept[id(tensor)]
            value = self._new(tensor)
            self._pending[value.number] = Event(None, name, mapped(arguments, self._known), {}, value)
            return value
        self._alive.append(tensor)
        return self._owned.get(id(tensor)) or Unknown(tuple(tensor.shape), tensor)


def _called(trace: Trace, result: Any) -> Event:
    """The call of a module that did this."""
    return Event(trace.module, "", trace.arguments, trace.keywords, result, inside=trace)


NAMES = "names_of_values"
"""The local variable with the values by their names, where code that runs a graph knows how they were called."""
_SAYS_NOTHING = {"x", "y", "out", "input", "it", "self"}


def _is_no_caller(frame: FrameType) -> bool:
    """Whether code is that of PyTorch or of the import, and not the user's, nor runs what the user's called."""
    name = frame.f_globals.get("__name__", "")
    is_ours = name in ("torch", __name__) or name.startswith(("torch.", "cnndsl.importing."))
    return is_ours and NAMES not in frame.f_locals


def mapped(held: Any, change: Any, kind: type = Tensor) -> Any:
    """A nest of tuples, lists and dicts with each tensor, or what else is of the kind, changed."""
    if isinstance(held, kind):
        return change(held)
    if isinstance(held, tuple):
        items = [mapped(item, change, kind) for item in held]
        return type(held)(*items) if hasattr(held, "_fields") else tuple(items)
    if isinstance(held, list):
        return [mapped(item, change, kind) for item in held]
    if isinstance(held, dict):
        return {key: mapped(item, change, kind) for key, item in held.items()}
    return held


def leaves_of(held: Any) -> Iterator[Any]:
    """What lies in a nest of tuples, lists and dicts."""
    if isinstance(held, (tuple, list)):
        for item in held:
            yield from leaves_of(item)
    elif isinstance(held, dict):
        for item in held.values():
            yield from leaves_of(item)
    else:
        yield held


def values_of(held: Any) -> list[Value]:
    """The values among what lies in a nest."""
    return [leaf for leaf in leaves_of(held) if isinstance(leaf, Value)]


# Functions that are several calls


Call = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


class Steps:
    """The functions, taken apart.

    call: calls a function and keeps what it did; silently: calls one and does not.
    flows: whether a tensor is a value, and none that a module holds.
    """

    def __init__(self, call: Call, silently: Call, flows: Callable[[Tensor], bool]) -> None:
        self.call, self.silently, self.flows = call, silently, flows
        self.unkept: dict[int, tuple[str, tuple[Any, ...], Tensor]] = {}
        """What has another axis than the batch in front, by its identity: the call that made it, and itself.

        The language has no such value. So nothing is kept of it before it is used in another way than here.
        """
        self.states: dict[int, tuple[Tensor, bool, Tensor]] = {}
        """The last states of recurrent layers, by their identity: what the layer gives at each place, whether it
        goes in both directions, and the states, which are those of its layers one after the other."""
        self._made: dict[str, Callable[..., Any]] = {
            "addcmul": self._addcmul, "permute": self._permute, "__getitem__": self._getitem,
            "unbind": self._unbind, "select": self._select, "einsum": self._einsum, "stack": self._stack,
            "sum": self._sum, "mean": self._mean, "squeeze": self._squeeze, "unsqueeze": self._unsqueeze,
        }  # fmt: skip

    def result(self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """What a function gives, in steps; NotImplemented for one that is a call of its own."""
        made = self._made.get(name)
        return NotImplemented if made is None else made(*arguments, **keywords)

    def _addcmul(self, x: Tensor, a: Tensor, b: Tensor, *, value: float = 1) -> Tensor:
        product = self.call(torch.mul, (a, b), {})
        product = product if value == 1 else self.call(torch.mul, (product, value), {})
        return self.call(torch.add, (x, product), {})  # type: ignore[no-any-return]

    def _einsum(self, equation: str, *operands: Any) -> Any:
        """A product with an axis of each of two values, and one of both that is summed over, for each of the others."""
        values: Sequence[Tensor] = operands[0] if len(operands) == 1 else operands
        taken, _, result = equation.replace(" ", "").partition("->")
        left, _, right = taken.partition(",")
        both = [axis for axis in left if axis in right]
        shared, summed = ([axis for axis in both if (axis in result) is kept] for kept in (True, False))
        rows, columns = ([axis for axis in one if axis not in both] for one in (left, right))
        counts = [len(values), len(rows), len(columns), len(summed)]
        is_product = counts == [2, 1, 1, 1] and sorted([*shared, *rows, *columns]) == sorted(result)
        if not is_product or not shared or {left[0], right[0], result[0]} != {shared[0]}:  # the batch
            return NotImplemented

        def ordered(x: Tensor, have: Sequence[str], want: Sequence[str]) -> Tensor:
            order = tuple(have.index(axis) for axis in want)
            return x if order == tuple(range(len(order))) else self.call(torch.permute, (x, order), {})

        a = ordered(values[0], left, [*shared, *rows, *summed])
        b = ordered(values[1], right, [*shared, *summed, *columns])
        return ordered(self.call(torch.matmul, (a, b), {}), [*shared, *rows, *columns], result)

    def _stack(self, tensors: Sequence[Tensor], dim: int = 0) -> Any:
        if dim != 0:
            return NotImplemented
        result: Tensor = self.silently(torch.stack, (tensors,), {})
        self.unkept[id(result)] = "stack", (tensors,), result
        return result

    def _sum(self, x: Any = None, *arguments: Any, **keywords: Any) -> Any:
        tensors = self._stacked(x, *arguments, **keywords)
        if tensors is None:
            return self._reduced("sum", x, *arguments, **keywords)
        return reduce(lambda total, each: self.call(torch.add, (total, each), {}), tensors)

    def _mean(self, x: Any = None, *arguments: Any, **keywords: Any) -> Any:
        tensors = self._stacked(x, *arguments, **keywords)
        if tensors is None:
            return self._reduced("mean", x, *arguments, **keywords)
        return self.call(torch.div, (self._sum(x, *arguments, **keywords), len(tensors)), {})

    def _stacked(self, x: Any, dim: Any = None, *more: Any, **keywords: Any) -> Sequence[Tensor] | None:
        """The tensors of a stack along a new first axis, which is the one that is reduced; None for anything else."""
        name, arguments, _ = self.unkept.get(id(x), ("", (), x))
        return arguments[0] if name == "stack" and dim in (0, (0,), [0]) and not more and not keywords else None

    def _reduced(self, name: str, x: Any, dim: Any = None, keepdim: bool = False, **more: Any) -> Any:
        """The only axis beside the batch is reduced: what is left gets an axis again before the language has it."""
        is_last = dim in (1, -1, (1,), (-1,), [1], [-1]) and not keepdim and not more
        if x is None or not is_last or not self.flows(x) or x.dim() != 2:
            return NotImplemented
        result: Tensor = self.silently(getattr(torch, name), (x, dim), {})
        self.unkept[id(result)] = name, (x, 1), result
        return result

    def _unsqueeze(self, x: Any = None, dim: int = 0, **_: Any) -> Any:
        name, arguments, _ = self.unkept.get(id(x), ("", (), x))
        if name not in ("sum", "mean") or dim not in (1, -1):
            return NotImplemented
        return self.call(getattr(torch, name), arguments, {"keepdim": True})

    def _permute(self, x: Tensor, *dims: Any, **keywords: Any) -> Any:
        order = keywords.get("dims") or (dims[0] if isinstance(dims[0], (tuple, list)) else dims)
        if order[0] % x.dim() == 0:
            return NotImplemented
        result: Tensor = self.silently(torch.permute, (x, order), {})
        self.unkept[id(result)] = "permute", (x, tuple(dim % x.dim() for dim in order)), result
        return result

    def _moved(self, x: Tensor) -> Any:
        """The value of which another axis is in front here, and the order of its axes; None for any other."""
        name, arguments, _ = self.unkept.get(id(x), ("", (), x))
        return arguments if name == "permute" else None

    def _place(self, part: Tensor, order: tuple[int, ...]) -> Tensor:
        """One place along the axis in front: a part of the value, with the other axes in their order."""
        left = tuple(dim - (dim > order[0]) for dim in order[1:])
        return part if left == tuple(range(len(left))) else self.call(torch.permute, (part, left), {})

    def _unbind(self, x: Tensor, dim: int = 0) -> Any:
        if self._moved(x) is None or dim != 0:
            return NotImplemented
        base, order = self._moved(x)
        return tuple(self._place(part, order) for part in self.call(torch.unbind, (base, order[0]), {}))

    def _select(self, x: Tensor, dim: int, index: int) -> Any:
        if self._moved(x) is None or dim != 0:
            return NotImplemented
        base, order = self._moved(x)
        part = self.call(Tensor.__getitem__, (base, (*[slice(None)] * order[0], index)), {})
        return self._place(part, order)

    def _squeeze(self, x: Tensor, *dims: Any, **keywords: Any) -> Any:
        if id(x) not in self.states or self.silently(torch.squeeze, (x, *dims), keywords).shape != x.shape[1:]:
            return NotImplemented
        return self._state(x, 0)

    def _state(self, x: Tensor, at: int) -> Any:
        """One of the last states of a recurrent layer: those of its last layer are what it gives at an end."""
        given, is_both, _ = self.states[id(x)]
        behind, size = len(x) - at % len(x), x.shape[-1]
        if behind > 1 + is_both:
            return NotImplemented
        half = [slice(size, None) if behind == 1 else slice(size)] if is_both else []
        place = 0 if is_both and behind == 1 else -1
        return self.call(Tensor.__getitem__, (given, (slice(None), place, *half)), {})

    def _getitem(self, x: Tensor, at: Any) -> Any:
        if isinstance(at, tuple) and all(place == slice(None) for place in at[1:]):
            at = at[0]
        if id(x) in self.states and type(at) is int:
            return self._state(x, at)
        if self._moved(x) is not None and type(at) is int:
            return self._select(x, 0, at)
        places: list[Any] = list(at) if isinstance(at, tuple) else []
        if id(x) in self.unkept and places in ([slice(None), None], [..., None]):
            return self._unsqueeze(x, 1)
        if x.dim() == 2 and len(places) > 2 and type(places[1]) is int and places[2] is None:
            places[1:3] = [slice(places[1], places[1] + 1 or None)]  # so that an axis is left beside the batch
            at = tuple(places)
            if None not in places:
                return self.call(Tensor.__getitem__, (x, at), {}) if self.flows(x) else NotImplemented
        is_plain = all(isinstance(place, (int, slice)) or place in (None, ...) for place in places)
        if not is_plain or None not in places or not self.flows(x):
            return NotImplemented
        if ... in places:
            end = places.index(...)
            rest = x.dim() - sum(place not in (None, ...) for place in places)
            places[end : end + 1] = [slice(None)] * rest
        y = self.call(Tensor.__getitem__, (x, tuple(place for place in places if place is not None)), {})
        left = [place for place in places if not isinstance(place, int)]
        for axis in (axis for axis, place in enumerate(left) if place is None):
            y = self.call(torch.unsqueeze, (y, axis), {})
        return y


# What parts do to the values that they are given


def put_ahead(recorder: Recorder) -> None:
    """Let a module call itself what a part begins with, where that overwrites a value that is read behind the part.

    So `x + self.branch(x)`, where the branch begins with an activation in place, is `x = act(x)` before that.
    """
    for trace in (trace for traces in recorder.traces.values() for trace in traces):
        have = set(values_of([trace.arguments, trace.keywords, *(event.result for event in trace.events)]))
        read = values_of([*((event.arguments, event.keywords) for event in trace.events), trace.result])
        for value in dict.fromkeys(value for value in read if value not in have):
            for at, event in enumerate(trace.events):
                if event.inside is not None and (first := _taken_out(event.inside, value)) is not None:
                    trace.events[at : at + 1] = [first, _called(event.inside, event.result)]
                    break


def _taken_out(trace: Trace, value: Value) -> Event | None:
    """The call with which a module, or the first part of it, makes this of what it is given, and which it then has not.

    None where it does not begin with such a call. What it made is then what the module is given.
    """
    first = trace.events[0] if trace.events else None
    if first is not None and first.inside is not None:
        taken = _taken_out(first.inside, value)
        if taken is not None:
            trace.events[0] = _called(first.inside, first.result)
    else:
        taken = first if first is not None and first.result == value else None
        trace.events[:1] = [] if taken is not None else trace.events[:1]
    if taken is not None:
        before = values_of((taken.arguments, taken.keywords))
        given = trace.arguments, trace.keywords
        trace.arguments, trace.keywords = mapped(given, lambda each: value if each in before else each, Value)
    return taken


def changing(trace: Trace, value: Value) -> Event | None:
    """The call of a part in which a value was overwritten, so that it became this one; None for any other value."""
    inside = ((event, event.inside) for event in trace.events if event.inside is not None)
    return next(
        (
            event
            for event, does in inside
            if value in values_of([each.result for each in does.events]) or changing(does, value) is not None
        ),
        None,
    )


# Lists in lists, and dicts
#
# The language has no lists in lists, and no dicts of layers. So `y = a(x[0]) + b(x[1])`, with `a` and `b` in the list
# `fuse[1]`, is recorded as if that were a module that is given `x[0]` and `x[1]`.


def group(recorder: Recorder) -> None:
    """Put a call of the inner list or the dict in the place of calls of its layers, wherever that is possible."""
    for module, traces in list(recorder.traces.items()):
        for held in module.children():
            rows = [held] if type(held) is nn.ModuleDict else [*held] if type(held) is nn.ModuleList else []
            rows = [row for row in rows if type(row) in (nn.ModuleList, nn.ModuleDict) and len(row)]
            found = [run for trace in traces for row in rows if (run := _run(trace, row)) is not None]
            is_list = type(rows[0]) is nn.ModuleList and any(len(run.given) > 1 for run in found) if rows else False
            for trace in traces if found else ():
                for row in rows:
                    if (run := _run(trace, row)) is not None:
                        _place(recorder, trace, row, run, is_list=is_list)


@frozen()
class _Run:
    """Calls of the layers of a list or dict, and what is done with what they give: from where to where."""

    start: int
    end: int
    given: tuple[Value, ...]
    results: tuple[Value, ...]


def _run(trace: Trace, row: nn.ModuleList | nn.ModuleDict) -> _Run | None:
    """The calls of these layers; None where they are none by themselves. Of a dict several values may come out."""
    layers = set(row.children())
    places = [at for at, event in enumerate(trace.events) if event.module in layers]
    if not places:
        return None
    is_dict = type(row) is nn.ModuleDict
    given: dict[int, Value] = {}
    made: dict[int, Value] = {}
    end = places[0]
    found: _Run | None = None
    for event in trace.events[end:]:
        taken = {value.number: value for value in values_of((event.arguments, event.keywords))}
        if event.module not in layers and event.module is not None:
            break
        if end > places[-1] and (taken.keys().isdisjoint(made) or taken.keys() - made.keys() - given.keys()):
            break  # it is no sum of what the layers give
        given |= {number: value for number, value in taken.items() if number not in made}
        made |= {value.number: value for value in values_of(event.result) if value.number not in given}
        end += 1
        later = [(event.arguments, event.keywords) for event in trace.events[end:]]
        used = {value.number for value in values_of([*later, trace.result])}
        results = tuple(value for number, value in made.items() if number in used)
        if end > places[-1] and (not is_dict or found is None or len(results) == 1):
            found = _Run(places[0], end, tuple(given.values()), results)
            if is_dict and len(results) == 1:
                break
    return found if found is not None and (is_dict or len(found.results) == 1) else None


def _place(recorder: Recorder, trace: Trace, row: nn.Module, run: _Run, *, is_list: bool) -> None:
    """Keep a run as a call, which is given its values as a list or one by one."""
    arguments = (list(run.given),) if is_list else run.given
    result = run.results[0] if len(run.results) == 1 else run.results
    events = trace.events[run.start : run.end]
    recorder.traces.setdefault(row, []).append(Trace(row, arguments, {}, events, result, trace.names))
    call = replace(events[0], module=row, function="", arguments=arguments, keywords={}, result=result)
    trace.events[run.start : run.end] = [call]
