"""The body of a module from one call of it that was recorded: the steps, and the values that flow between them."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from cnndsl.importing.body import (
    WHOLE,
    Argument,
    Body,
    Chain,
    Given,
    Held,
    Listed,
    Made,
    Number,
    Operand,
    Own,
    Part,
    Single,
    Step,
    flat,
    parts_in,
)
from cnndsl.importing.calls import ARRANGED, read, unbatched
from cnndsl.importing.generalising import IDENTITY, has_state
from cnndsl.importing.leaves import Unreadable, is_leaf, shortest
from cnndsl.importing.parameters import can_be_class, is_name
from cnndsl.importing.recording import (
    Event,
    Overwritten,
    Owned,
    Trace,
    Unknown,
    Value,
    changing,
    leaves_of,
    values_of,
)
from cnndsl.layers.formula import SizeError
from cnndsl.layers.operations import OPERATORS_OF_VALUES
from cnndsl.layers.registry import KINDS, OPERATIONS


class Parts(Protocol):
    """What is known of the modules around the one that is read.

    root: the network; paths: where each module is in it.
    uses: the modules that are known as parts by now; remarks: what the text lacks of the original.
    spare: the modules of whose state the text need not have what nothing goes through.
    """

    root: nn.Module
    paths: dict[nn.Module, str]
    uses: dict[nn.Module, Part]
    remarks: list[str]
    spare: set[nn.Module]

    def part(self, module: nn.Module) -> Part | None:
        """What a module is as a part; None for one that does nothing. Raises Unreadable."""

    def again(self, module: nn.Module) -> set[int]:
        """Which of the values that a module is given are an earlier one of them, in all of its calls."""

    def chain(self, module: nn.Module, trace: Trace) -> Chain:
        """What a module that calls its parts one after the other is as a chain of them. Raises Unreadable."""


class Spare(Unreadable):
    """Nothing goes through something of the state of a module."""


class Reader:
    """Reads the body of one call of a module."""

    def __init__(self, importer: Parts, module: nn.Module, trace: Trace) -> None:
        self.importer = importer
        self.module = module
        self.trace = trace
        self.names = {child: path for path, child in module.named_modules()}
        self.values: dict[int, Operand] = {}
        self.shapes: dict[Operand, tuple[int, ...]] = {}
        self.depths: dict[Operand, int] = {}
        self.lists: tuple[int, ...] = ()
        self.steps: list[Step] = []
        self.used: dict[str, nn.Module] = {}
        self.held: dict[str, Held] = {}
        self.states: dict[int, str] = {}
        """What recurrent layers give besides the values at each place, with the layers."""
        self.zeros: set[int] = set()
        """Tensors of zeros, with which a recurrent layer begins anyway."""

    def body(self) -> Body:
        inputs, lists = self._inputs()
        self.lists = lists
        for event in self._with_chains(_needed(self.trace)):
            for leaf in leaves_of((event.arguments, event.keywords)):
                if isinstance(leaf, Overwritten) or (isinstance(leaf, Value) and leaf.number in self.states):
                    self._operand(leaf)
            if event.module is not None:
                self._apply(event, event.module)
            else:
                self._call(event)
        self._check_use()
        names, outputs = self._outputs()
        self._check_names()
        called = {self.values[n]: name for n, name in self.trace.names.items() if n in self.values}
        return Body(
            self._parts(),
            tuple(self.steps),
            tuple(outputs),
            tuple(names),
            inputs,
            tuple(min(count, 1) for count in lists),
            tuple(self.held[name] for name in self._own() if name in self.held),
            names=tuple(called.items()),
        )

    def _with_chains(self, events: Sequence[Event]) -> list[Event]:
        """The events, where calls of all layers of a container, one after the other, are one of the container."""
        events = [event for event in events if not self._passes_on(event)]
        times = Counter(value.number for event in events for value in values_of((event.arguments, event.keywords)))
        times.update(value.number for value in values_of(self.trace.result))
        holders = [self._holder(event.module) for event in events]
        made: list[Event] = []
        at = 0
        while at < len(events):
            holder, end = holders[at], at + 1
            while end < len(events) and holders[end] is holder and _follows(events[end - 1], events[end], times):
                end += 1
            run = events[at:end]
            if holder is not None and end > at + 1 and holders.count(holder) == len(run):
                called = [event.module for event in run]
                if called == [child for child in holder.children() if child in called]:
                    call = replace(run[0], module=holder, result=run[-1].result)
                    trace = Trace(holder, call.arguments, call.keywords, run, call.result)
                    self.importer.uses[holder] = self.importer.chain(holder, trace)
                    run = [call]
            made += run
            at = end
        return made

    def _passes_on(self, event: Event) -> bool:
        """Whether a call of a part gives what it takes, and the part does nothing at all."""
        if event.module is None or only(event.arguments, event.keywords) != event.result:
            return False
        return self.importer.part(event.module) is None

    def _holder(self, module: nn.Module | None) -> nn.Module | None:
        """The part of this module that holds a layer which is called from here, and is no list."""
        outer = self.names.get(module, "").rpartition(".")[0] if module is not None else ""
        if not outer:
            return None
        found = self.module.get_submodule(outer)
        return None if isinstance(found, nn.ModuleList) else found

    def _inputs(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        signature = [
            name
            for name, parameter in inspect.signature(type(self.module).forward).parameters.items()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ][1:]
        names: list[str] = []
        lists: list[int] = []
        given = [*enumerate(self.trace.arguments), *self.trace.keywords.items()]
        again = self.importer.again(self.module)
        place = -1
        at: Any
        for at, held in given:
            leaves = values_of(held)
            place += bool(leaves)
            if not leaves or place in again:
                continue
            number = len(names)
            name = at if isinstance(at, str) else signature[at] if at < len(signature) else f"value{number}"
            names.append(name if can_be_class(name) and name not in self._own() else f"{name}_")
            is_list = not isinstance(held, Value)
            lists.append(len(leaves) if is_list else 0)
            for item, leaf in enumerate(leaves):
                operand = Given(number, item if is_list else None)
                self.values.setdefault(leaf.number, operand)
                self.shapes[operand] = leaf.shape
        return tuple(names), tuple(lists)

    def _operand(self, held: Any) -> Operand:
        if isinstance(held, Value):
            if held.number in self.zeros:
                raise Unreadable("it calculates with a tensor of zeros, which is no value and no parameter")
            if held.number in self.states:
                kind = self.states[held.number]
                raise Unreadable(
                    f"it uses states of {kind} that a text has not: it has h[-1], and h[-2] of two directions"
                )
            if held.number not in self.values:
                raise Unreadable(self._from_outside(held))
            return self.values[held.number]
        if isinstance(held, Owned):
            prefix = self.importer.paths[self.module]
            name = held.path[len(prefix) + 1 :] if prefix else held.path
            if "." in name or not held.path.startswith(prefix):
                raise Unreadable(f"it calculates with {held.path} itself, and no layer does")
            self._keep(name, held.tensor, is_learned=held.is_learned)
            return Own(name)
        if isinstance(held, Overwritten):
            raise Unreadable("a value is used again of which a part was overwritten, by x[...] = y or through a view")
        if isinstance(held, Unknown):
            if held.tensor.numel() == 1 and held.tensor.dtype.is_floating_point:
                return Number(held.tensor.item())
            raise Unreadable("it makes a tensor that is no value, no parameter and no number")
        if isinstance(held, dict):
            held = tuple(held.values())
        if isinstance(held, (tuple, list)):
            items = tuple(self._operand(item) for item in held)
            for number, count in enumerate(self.lists):
                if count and items == tuple(Given(number, at) for at in range(count)):
                    return (Given(number, WHOLE),)
            return items
        if isinstance(held, (bool, int, float, str)):
            return Number(held)
        raise Unreadable(f"it calculates with {type(held).__name__}")

    def _from_outside(self, value: Value) -> str:
        """What is said of a value that this call was not given, and has not made."""
        event = changing(self.trace, value)
        if event is None or event.module is None:
            return "a value comes from outside: let the module be given it"
        reads = (each for each in self.trace.events if value in values_of((each.arguments, each.keywords)))
        reader = next(reads, None)
        again = "given" if reader is None else f"read by {reader.function or self.names.get(reader.module)}"
        name, part = self.trace.names.get(value.number, "a value"), self.names.get(event.module)
        return (
            f"{name} is overwritten in {part}, which is given it, and then {again} as it is by then: a text can say"
            f" that where {part} begins with what overwrites it; let the module do it itself, before it calls {part}"
        )

    def _keep(self, name: str, tensor: Tensor, *, is_learned: bool) -> None:
        """Keep a parameter or a small buffer of the module. Raises Unreadable for another buffer."""
        numbers = None
        if not is_learned:
            if tensor.numel() > _MOST_NUMBERS:
                raise Unreadable(
                    f"the buffer {name} has {tensor.numel()} numbers, a text at most {_MOST_NUMBERS} of one"
                )
            if tensor.dtype != torch.float32 or not tensor.numel() or not tensor.isfinite().all():
                raise Unreadable(f"the buffer {name} is no list of finite numbers of 32 bits")
            listed = tensor.flatten().tolist()  # with 32 bits: 0.48500001430511475 was 0.485
            numbers = tuple(shortest(of, lambda x, of=of: torch.tensor(x).item() == of) for of in listed)  # type: ignore[misc]
        sizes = tuple(map(Number, tensor.shape))
        self.held[name] = Held(name, sizes, numbers, name not in self.module._non_persistent_buffers_set)  # noqa: SLF001

    def _own(self) -> dict[str, Tensor]:
        """The parameters and buffers of the module itself."""
        return dict(self.module.named_parameters(recurse=False)) | dict(self.module.named_buffers(recurse=False))

    def _check_names(self) -> None:
        """Raise Unreadable where a tensor of the module hides a function or layer that is called like it.

        A layer may have its name in quotes, and a value may not.
        """
        inside = (each for _, part in self._parts() for each in parts_in(part))
        words = {each.word for each in inside if isinstance(each, Single)}
        words |= {step.what for step in self.steps if step.form != "part"}
        hiding = next((name for name in self.held if name in words), None)
        if hiding is not None:
            raise Unreadable(
                f"it calls {hiding}, and has a tensor of this name, which means one thing in a text: rename the tensor"
            )

    def _check_use(self) -> None:
        """Raise Spare where nothing goes through something of the state; of the network that is only said."""
        if self.module is self.importer.root or self.module in self.importer.spare:
            return
        state = self.module.state_dict(keep_vars=True)
        used = {*self.held, *(name.partition(".")[0] for name in self.used)}
        kept = {id(tensor) for key, tensor in state.items() if key.partition(".")[0] in used}
        spare = next((key for key, tensor in state.items() if id(tensor) not in kept), None)
        if spare is not None:
            raise Spare(f"its {spare} is never used")

    def _apply(self, event: Event, module: nn.Module) -> None:
        given = [*event.arguments, *event.keywords.values()]
        values = [held for held in given if any(isinstance(leaf, (Value, Owned)) for leaf in leaves_of(held))]
        if isinstance(module, nn.RNNBase):
            values = [held for held in values if any(value.number not in self.zeros for value in values_of(held))]
            name = type(module).__name__
            self.states |= {value.number: name for value in values_of(event.result)[1:]}
        part = self.importer.part(module)
        if part is None:
            before = self._operand(values_of(values)[0])
            self.values |= {value.number: before for value in values_of(event.result)}
            return
        if not is_leaf(module):
            again = self.importer.again(module)
            values = [held for at, held in enumerate(values) if at not in again]
        path = self.names.get(module)
        if path is None:
            raise Unreadable(f"it calls {type(module).__name__}, which is not a part of it")
        operands, result = tuple(self._operand(held) for held in values), event.result
        if is_leaf(module):
            if len(set(operands)) > 1:
                raise Unreadable(f"{type(module).__name__} takes several values, and a layer of the language takes one")
            operands = operands[:1]  # attention of a value to itself is given it three times
            if isinstance(part, Single) and part.word in KINDS and part.word != "multihead_attention":
                told = {name: held.value for name, held in part.arguments if isinstance(held, Number)}
                self._check(event, part.word, tuple(values[:1]), told)
            # Of what a recurrent layer gives the language has the values at each place.
            result = next(leaves_of(result))
        if isinstance(part, Single) and not has_state(part) and not self._is_in_list(path):
            self._step("call", part.word, operands, dict(part.arguments), result)
            return
        self.used[path] = module
        self._step("part", path, operands, {}, result)

    def _is_in_list(self, path: str) -> bool:
        """Whether a part is one of the module itself, or of a list in it, which have a name in a text."""
        outer = path.rpartition(".")[0]
        if not outer:
            return True
        holder = self.module.get_submodule(outer)
        is_called = any(event.module is holder for event in self.trace.events)  # which goes on without it
        return isinstance(holder, (nn.ModuleList, nn.Sequential)) and not is_called

    def _call(self, event: Event) -> None:
        if event.function in _ZEROS and isinstance(event.result, Value):
            self.zeros.add(event.result.number)
            return
        is_own = event.function.strip("_") in ARRANGED and self._has_no_batch(event.arguments[0])
        form, word, operands, arguments = unbatched(event.arguments[0], event.result) if is_own else read(event)
        if form == "same" and isinstance(operands[0], Value) and operands[0].number in self.zeros:
            self.zeros.add(event.result.number)
            return
        if event.function == "detach":
            self.importer.remarks.append("detach() is left out, so that gradients flow where they did not")
        if form == "same":
            self.values[event.result.number] = self._operand(operands[0])
            return
        given = tuple(self._operand(operand) for operand in operands)
        if is_own and given == (Made(len(self.steps) - 1),) and self.steps[-1].what == word:
            given = self.steps.pop().operands
        if form == "resize":
            size = arguments["size"]
            like = self._of_size(size, given[0])
            if like is not None:
                arguments = {name: value for name, value in arguments.items() if name != "size"}
                given = (*given, like)
        if self._is_shuffle(word, given, arguments, event):
            return
        if form in ("call", "infix"):
            self._check(event, OPERATORS_OF_VALUES.get(word, word), operands, arguments)
        result = event.result
        if word in ("max", "min") and isinstance(result, tuple):  # the values, and where they are
            result = next(leaves_of(result))
        self._step("call" if form == "resize" else form, word, given, arguments, result)

    def _check(self, event: Event, word: str, operands: tuple[Any, ...], arguments: dict[str, Any]) -> None:
        """Raise Unreadable where the language has this call or layer, and not for these values."""
        called = event.function or type(event.module).__name__
        given = list(leaves_of(operands))
        if any(not isinstance(value, Value) or self._depth(self._operand(value)) < 0 for value in given):
            return  # what is made of parameters alone has no batch
        shapes = tuple(value.shape[1:] for value in given)
        outputs: tuple[Any, ...]
        try:
            if word in KINDS:
                outputs = (KINDS[word].model_validate(arguments).output(*shapes),)
            else:
                outputs = OPERATIONS[word].model_validate(arguments).outputs(shapes)
        except SizeError as problem:
            why = self._without_batch(given) or problem
            raise Unreadable(f"{called}(...) is no call of the language: {why}") from None
        except ValidationError as problem:
            why = problem.errors()[0]["msg"]
            raise Unreadable(f"{called}(...) is no call of the language: {word} {why}") from None
        made = [value.shape[1:] for value in values_of(event.result)]
        if any(tuple(size) != shape for size, shape in zip(outputs, made, strict=False)):
            raise Unreadable(f"{called}(...) is no call of the language: {word} gives other sizes")

    def _without_batch(self, given: Sequence[Value]) -> str:
        """What is said where a part gives one of these values that has no batch; nothing where none does."""
        batch = [value.shape[:1] for value in values_of((self.trace.arguments, self.trace.keywords))]
        for event in self.trace.events:
            made = next((value for value in values_of(event.result) if value in given), None)
            if event.inside is not None and made is not None and made.shape[:1] not in [(1,), *batch]:
                sizes = " x ".join(map(str, made.shape))
                return f"{self.names.get(event.module)} gives {sizes}, without a batch: let it give 1 x {sizes}"
        return ""

    def _of_size(self, size: Any, but: Operand) -> Operand | None:
        """A value with this height and width, best one to which the Python code has given a name."""
        found = [o for o, shape in self.shapes.items() if shape[2:] == size and o != but]
        named = {self.values[number] for number in self.trace.names if number in self.values}
        return next((o for o in found if o in named), found[0] if found else None)

    def _is_shuffle(self, word: str, given: Any, arguments: Any, event: Event) -> bool:
        """`unflatten`, `transpose`, `flatten` as `channel_shuffle`."""
        if word != "flatten" or arguments.get("end") != 2 or arguments.get("start", 1) != 1 or len(self.steps) < 2:
            return False
        first, second = self.steps[-2:]
        split: dict[str, Any] = {name: held.value for name, held in first.arguments if isinstance(held, Number)}
        is_swap = second.what == "transpose" and {held for _, held in second.arguments} == {Number(1), Number(2)}
        is_split = first.what == "unflatten" and split["axis"] == 1
        last = len(self.steps) - 1
        if not (is_swap and is_split and given == (Made(last),) and second.operands == (Made(last - 1),)):
            return False
        sizes = split["sizes"]
        if len(sizes) != 2:
            return False
        del self.steps[-2:]
        gone = (Made(last), Made(last - 1))
        self.values = {number: operand for number, operand in self.values.items() if operand not in gone}
        self._step("call", "channel_shuffle", first.operands, {"groups": sizes[0]}, event.result)
        return True

    def _step(self, form: str, what: str, operands: tuple[Operand, ...], arguments: Any, result: Any) -> None:
        made = values_of(result)
        depths = [max((self._depth(o) for o in flat([operand])), default=0) for operand in operands]
        main = max(range(len(operands)), key=lambda at: (depths[at], -at)) if operands else 0
        given = tuple(
            (name, held if isinstance(held, Argument) else Number(tuple(held) if isinstance(held, list) else held))
            for name, held in arguments.items()
        )
        self.steps.append(Step(form, what, operands, given, len(made), main))
        for number, value in enumerate(made):
            operand = Made(len(self.steps) - 1, number)
            self.values[value.number] = operand
            self.shapes[operand] = value.shape
            deepest = max(depths, default=0)
            self.depths[operand] = deepest + (deepest >= 0)

    def _has_no_batch(self, held: Any) -> bool:
        """Whether a value is made of the module's own tensors alone."""
        return isinstance(held, Value) and held.number in self.values and self._depth(self.values[held.number]) < 0

    def _depth(self, operand: Operand) -> int:
        """How many steps lead to a value; what is made of the module's own tensors alone is beside the way."""
        return -1 if isinstance(operand, (Own, Number)) else self.depths.get(operand, 0)

    def _outputs(self) -> tuple[list[str], list[Operand]]:
        """The names of what comes out, where it has some, and the values; what is no tensor is left out."""
        result = self.trace.result
        names = list(result) if isinstance(result, dict) and is_plain(result) else []
        outputs = [self._operand(leaf) for leaf in leaves_of(result) if isinstance(leaf, _TENSORS)]
        if self.module is self.importer.root and any(self._depth(output) < 0 for output in outputs):
            raise Unreadable("it gives a tensor that is made of parameters alone, and what a network gives has a batch")
        return names, outputs

    def _parts(self) -> tuple[tuple[str, Part], ...]:
        found: list[tuple[str, Part]] = []
        for name, child in self.module.named_children():
            inner = {path: module for path, module in self.used.items() if path.startswith(f"{name}.")}
            if name in self.used:
                part = self.importer.part(child)
                if part is not None:
                    found.append((name, part))
            elif inner:
                found.append((name, self._listed(name, child, inner)))
        return tuple(found)

    def _listed(self, name: str, container: nn.Module, inner: dict[str, nn.Module]) -> Part:
        items: list[Part] = []
        children = list(container.named_children())
        while f"{name}.{children[-1][0]}" not in inner:  # it is never used, and told so
            children.pop()
        for key, child in children:
            path = f"{name}.{key}"
            if path not in inner and next(child.parameters(), None) is None:
                items.append(IDENTITY)  # it is passed over
                continue
            if path not in inner or key != str(len(items)):
                raise Unreadable(f"it calls the parts of {name} one by one, and they are no list: let {name} call them")
            items.append(self.importer.part(child) or IDENTITY)
        return Listed(tuple(items))


_ZEROS = ("zeros", "new_zeros", "zeros_like")
_TENSORS = (Value, Owned, Unknown, Overwritten)
_MOST_NUMBERS = 64
"""How many numbers of a buffer are written into a text."""


def given_in(call: Trace | Event) -> list[Any]:
    """What a call is given that is a value or has values in it; a list counts as another one each time."""
    given = [*call.arguments, *call.keywords.values()]
    return [held if isinstance(held, Value) else object() for held in given if values_of(held)]


def is_plain(result: Any) -> bool:
    """Whether a text can give a result as it is: a value, several, or some with names."""
    if isinstance(result, dict):
        return all(isinstance(value, _TENSORS) and is_name(str(name)) for name, value in result.items())
    if isinstance(result, (tuple, list)):
        return len(result) > 1 and all(isinstance(item, _TENSORS) for item in result)
    return True


def _needed(trace: Trace) -> list[Event]:
    """What a call did, without the functions whose values nothing needs, such as a mean that is only logged."""
    needed = {value.number for value in values_of(trace.result)}
    events: list[Event] = []
    for event in reversed(trace.events):
        if event.module is not None or any(value.number in needed for value in values_of(event.result)):
            needed |= {value.number for value in values_of((event.arguments, event.keywords))}
            events.append(event)
    return events[::-1]


def _follows(before: Event, event: Event, times: Counter[int]) -> bool:
    """Whether a call takes what the one before it gives, and nothing else does."""
    given = only(event.arguments, event.keywords)
    return isinstance(given, Value) and given == before.result and times[given.number] == 1


def only(arguments: Any, keywords: Any) -> Any:
    """The one value that a call is given, or a list of those that it is given."""
    values = values_of((arguments, keywords))
    return values if len(values) != 1 else values[0]
