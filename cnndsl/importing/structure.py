"""From what was recorded to bodies: for each module that is no layer of the language, its parts and steps."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from cnndsl.importing.body import (
    WHOLE,
    Body,
    Chain,
    Given,
    Held,
    Item,
    Listed,
    Made,
    Number,
    Operand,
    Own,
    Part,
    Single,
    Slot,
    Step,
    Use,
    flat,
    moved,
)
from cnndsl.importing.calls import read, unbatched
from cnndsl.importing.externs import Foreign, Passed, foreign
from cnndsl.importing.generalising import IDENTITY, has_state, in_common
from cnndsl.importing.inheriting import inherited
from cnndsl.importing.leaves import Unreadable, cropped, is_leaf, read_layer
from cnndsl.importing.parameters import Definition, Env, can_be_class, is_name, settled
from cnndsl.importing.recording import (
    Event,
    Fields,
    Overwritten,
    Owned,
    Recorder,
    Trace,
    Unknown,
    Value,
    leaves_of,
    values_of,
)
from cnndsl.importing.turns import Apart
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import SizeError
from cnndsl.layers.operations import OPERATORS_OF_VALUES
from cnndsl.layers.registry import KINDS, OPERATIONS

MOST_APART, _FEW_LAYERS = 2, 2


@dataclass(slots=True)
class Imported:
    """The definitions that a module becomes, those first that others use, and the network last."""

    definitions: list[Definition]
    shapes: tuple[tuple[int, ...], ...]
    """The sizes of the inputs, without the batch."""
    remarks: list[str] = field(default_factory=list)
    classes: dict[str, type[nn.Module]] = field(default_factory=dict)
    """The classes that the definitions are of, by their names."""
    externs: dict[str, int] = field(default_factory=dict)
    """The classes that `extern` lines name, `package.Class`, and how many modules each is."""


def imported(
    root: nn.Module, evaluation: Recorder, training: Recorder | None, apart: Mapping[type[nn.Module], int]
) -> Imported:
    """What a module becomes, of what it did in evaluation and in training. Raises Unreadable.

    apart: the classes that are not to be one definition with conditions for what only some of their modules have (1),
    or for what is not the same in all (2).
    """
    return _Importer(root, evaluation, training, apart).run()


class _Importer:
    def __init__(
        self,
        root: nn.Module,
        evaluation: Recorder,
        training: Recorder | None,
        apart: Mapping[type[nn.Module], int],
    ) -> None:
        self.root = root
        self.apart = apart
        self.classes: dict[str, type[nn.Module]] = {}
        self.recorders = [recorder for recorder in (evaluation, training) if recorder is not None]
        self.paths = {module: path for path, module in root.named_modules()}
        self.shapes: dict[nn.Module, tuple[int, ...]] = {}
        self.passed: dict[nn.Module, list[Passed | None]] = {}
        """What went through each module in its calls; None for what is more than one value."""
        self.foreign: dict[type[nn.Module], Foreign] = {}
        self.definitions: list[Definition] = []
        self.uses: dict[nn.Module, Part] = {}
        self.families: dict[Any, list[nn.Module]] = {}
        self.busy: list[Any] = []
        self.remarks: list[str] = []
        self.taken: set[str] = set()

    def run(self) -> Imported:
        if not self._traces(self.root):
            kind = type(self.root).__name__
            message = f"{kind} is a layer, and no network of layers: put it into one, nn.Sequential({kind}(...))"
            raise Unreadable(message)
        traces = chain.from_iterable(held for recorder in self.recorders for held in recorder.traces.values())
        for event in chain.from_iterable(trace.events for trace in traces):
            if event.module is not None:
                for first in values_of(event.arguments)[:1]:
                    self.shapes.setdefault(event.module, first.shape[1:])
                self.passed.setdefault(event.module, []).append(_passed(event))
        for module in self.paths:
            if any(module in recorder.traces for recorder in self.recorders) and type(module) is not nn.Sequential:
                self.families.setdefault(self._family(module), []).append(module)
        body = self._body(self.root)
        name = self._name(type(self.root).__name__)
        self.definitions.append(_with_classes(Definition("network", name, in_common([body]))))
        shapes = tuple(value.shape[1:] for value in values_of(self._trace(self.root).arguments))
        definitions = [*(found.definition for found in self.foreign.values()), *self.definitions]
        externs = {f"{found.package}.{found.definition.name}": len(found.uses) for found in self.foreign.values()}
        if not _is_plain(self._trace(self.root).result):
            self.remarks.append(f"what {name} gives is a plain tuple of its values in the text, or the only value")
        remarks = [*self._unused(), *self._not_in_text(), *dict.fromkeys(self.remarks)]
        return Imported(definitions, shapes, remarks, self.classes, externs)

    def _not_in_text(self) -> Iterator[str]:
        """What is said of what modules have besides their layers, and a text has not."""
        frozen = [path for path, held in self.root.named_parameters() if not held.requires_grad]
        if frozen:
            more = f" and {len(frozen) - 1} more" if frozen[1:] else ""
            yield f"{frozen[0]}{more} are learned in the text, and not in the original"
        for module in filter(is_leaf, self.paths):
            if module._forward_hooks or module._forward_pre_hooks:  # noqa: SLF001 - there is no other way to them
                yield f"{self._where(module)} has hooks, which are left out"
        again = [
            (self.paths[module], path)
            for path, module in self.root.named_modules(remove_duplicate=False)
            if path != self.paths[module] and next(module.parameters(recurse=False), None) is not None
        ]
        if again:
            more = f", and so are {len(again) - 1} more" if again[1:] else ""
            yield f"{' and '.join(again[0])} are one layer, and have one name in the text{more}"

    def _unused(self) -> list[str]:
        """What is said of layers that nothing goes through."""
        whole = {module for module in self.paths if is_leaf(module)}
        whole |= {module for found in self.foreign.values() for module in found.uses}
        inside = {part for module in whole for part in module.modules() if part is not module}
        return [
            f"{self._where(module)} is never used, and left out"
            for module in self.paths
            if module not in self.shapes
            and module not in inside
            and any(True for _ in module.parameters(recurse=False))
            and module is not self.root
        ]

    def _family(self, module: nn.Module) -> Any:
        depth = max(
            (
                self._family(m)[1] + 1
                for m in module.modules()
                if m is not module and type(m) is type(module) and m in self.paths
            ),
            default=0,
        )
        return type(module), depth

    def _traces(self, module: nn.Module) -> list[Trace]:
        """The first call of a module in evaluation, and the first in training, of which there may be one alone."""
        return [recorder.traces[module][0] for recorder in self.recorders if module in recorder.traces]

    def _trace(self, module: nn.Module) -> Trace:
        return self._traces(module)[0]

    # Parts

    def part(self, module: nn.Module) -> Part | None:
        """What a module is as a part; None for one that does nothing. Raises Unreadable."""
        if is_leaf(module):
            if module in self.uses:
                return self.uses[module]
            if (two := cropped(module)) is not None:
                return Chain(tuple(Item(None, single(layer)) for layer in two))
            if module not in self.shapes:
                raise Unreadable(f"{self._where(module)} is given no value, but a tensor of a module")
            try:
                layer = read_layer(module, self.shapes[module])
            except Unreadable as problem:
                if (found := inherited(module)) is not None and found.parts:  # which are calls of their own
                    raise
                self._declare(dict.fromkeys([module, *self._others_like(module)], problem))
                return self.uses[module]
            return None if layer is None else single(layer)
        if type(module) is nn.Sequential:
            if module in self.uses:  # its parts are called from outside of it
                return self.uses[module]
            chain = self._chain(module)
            return chain if chain.items else None
        if self._is_idle(module):
            return None
        if module not in self.uses:
            self._define(module)
        return self.uses[module]

    def _others_like(self, module: nn.Module) -> Iterator[nn.Module]:
        """The layers of the class of one that has no words, which have none either."""
        for other, shape in self.shapes.items():
            if type(other) is type(module):
                try:
                    read_layer(other, shape)
                except Unreadable:
                    yield other

    def _declare(self, problems: Mapping[nn.Module, Unreadable]) -> None:
        """Make an extern line for modules of one class. Raises the first of the problems where there can be none."""
        module, problem = next(iter(problems.items()))
        known = self.foreign.get(type(module))
        name = type(module).__name__
        try:
            if known is None and name in self.taken:
                raise Unreadable(f"there are two classes {name}")
            modules = [*(known.uses if known is not None else ()), *problems]
            calls = {each: self.passed.get(each, []) for each in modules}
            found = foreign({each: [] if None in held else [p for p in held if p] for each, held in calls.items()})
        except Unreadable as reason:
            raise Unreadable(f"{problem}; and it cannot be an extern: {reason}") from None
        self.taken.add(name)
        self.foreign[type(module)] = found
        self.uses |= {each: Use(name, found.arguments(each)) for each in found.uses}

    def _is_idle(self, module: nn.Module) -> bool:
        """Whether a module passes on what it is given, in evaluation and in training."""
        if next(module.parameters(), None) is not None:
            return False
        traces = (trace for recorder in self.recorders for trace in recorder.traces.get(module, ()))
        return all(
            len(values := values_of(trace.result)) == 1 and values == values_of((trace.arguments, trace.keywords))[:1]
            for trace in traces
        )

    def _chain(self, module: nn.Module) -> Chain:
        trace = self._trace(module)
        names = {child: name for name, child in reversed(list(module.named_children()))}
        items: list[Item] = []
        current = _only(trace.arguments, trace.keywords)
        for event in trace.events:
            child = event.module
            if _only(event.arguments, event.keywords) != current or (child is not None and child not in names):
                raise Unreadable(f"{self._where(module)} is no chain of its parts")
            results = values_of(event.result)
            if len(results) != 1 and event is not trace.events[-1]:
                raise Unreadable(f"{self._where(module)} passes on several values")
            current = results[0] if results else current
            if child is None:
                self._follow(event, items, names)
            elif (part := self.part(child)) is not None:
                name = names[child]
                if child in [each.module for each in trace.events[: trace.events.index(event)]]:
                    raise Unreadable(f"{self._where(module)} applies {name} twice")
                items.append(Item(None if name == str(len(items)) else name, part))
        return Chain(tuple(items))

    def _follow(self, event: Event, items: list[Item], names: dict[nn.Module, str]) -> None:
        """A function in a chain, such as the activation that a batch normalisation has in it, as a stage."""
        form, word, _, arguments = read(event)
        if form == "same":
            return
        if form != "call" or word not in KINDS:
            raise Unreadable(f"{event.function}(...) is no stage of a chain")
        before = items[-1].label or str(len(items) - 1) if items else "first"
        is_free = str(len(items)) not in names.values()
        given = tuple((name, Number(value)) for name, value in arguments.items())
        items.append(Item(None if is_free else f"{before}_{word}", Single(word, given)))

    def _define(self, module: nn.Module) -> None:
        """Make definitions of all modules of the class of this one."""
        family = self._family(module)
        if family in self.busy:
            raise Unreadable(f"{self._where(module)} contains itself")
        self.busy.append(family)
        members = self.families[family]
        bodies = []
        problems: dict[nn.Module, Unreadable] = {}
        for member in members:
            try:
                body = self._body(member)
            except Unreadable as problem:
                problems[member] = problem
            else:
                bodies.append((member, body))
        self.busy.pop()
        if problems:
            self._declare(problems)
        groups: list[list[tuple[nn.Module, Body]]] = []
        for member, body in bodies:
            if (layers := _only_layers(body)) is not None and member is not self.root:
                self.uses[member] = layers
                continue
            for group in groups:
                try:
                    common = in_common([*(b for _, b in group), body])
                except Apart:
                    continue
                apart = self.apart.get(type(module), 0)
                if (apart and common.conditions) or (apart > 1 and common.slots):
                    continue
                group.append((member, body))
                break
            else:
                groups.append([(member, body)])
        for group in groups:
            modules = [member for member, _ in group]
            if _is_chain_class(module) and len(group) == 1:
                self.uses[modules[0]] = group[0][1].parts[0][1]
                continue
            common = in_common([b for _, b in group])
            takes_list = group[0][1].lists[:1] == (1,)  # which has no channels of its own
            envs = [
                Env(member, () if takes_list else self.shapes.get(member, ()), self._outgoing(member))
                for member in modules
            ]
            name = self._name(self._class_name(module))
            kind = "sequence" if _is_chain_class(module) else "block"
            known = [*(found.definition for found in self.foreign.values()), *self.definitions]
            definition, arguments = settled(kind, name, common, envs, {d.name: d for d in known})
            self.classes[name] = type(module)
            self.definitions.append(definition)
            for member, given in zip(modules, arguments, strict=True):
                self.uses[member] = Use(name, given)

    def _outgoing(self, module: nn.Module) -> int | None:
        values = values_of(self._trace(module).result)
        return values[0].shape[1] if len(values) == 1 and len(values[0].shape) > 1 else None

    def _class_name(self, module: nn.Module) -> str:
        """What a definition is called: as the class, or for a list in a list as the list around it."""
        if type(module) is not nn.ModuleList:
            return type(module).__name__
        words = self.paths[module].split(".")[-2].removesuffix("s").split("_")
        return "".join(word.capitalize() for word in words)

    def _name(self, name: str) -> str:
        name = name.lstrip("_") or "Net"
        if not can_be_class(name):  # as a class `conv`, or one that generated modules have
            name = name.capitalize()
        made, number = name, 2
        while made in self.taken or not can_be_class(made):
            made, number = f"{name}{number}", number + 1
        self.taken.add(made)
        return made

    def _where(self, module: nn.Module) -> str:
        path = self.paths.get(module, "")
        return f"{type(module).__name__}{f' ({path})' if path else ''}"

    # Bodies

    def _body(self, module: nn.Module) -> Body:
        try:
            if _is_chain_class(module) and module is not self.root:
                return Body((("", self._chain(module)),), (), ())
            first, *training = self._traces(module)
            body = _Reader(self, module, first).body()
            for trace in training:
                more = _Reader(self, module, trace).body()
                if more.steps != body.steps or more.outputs != body.outputs:
                    body = self._with_training(module, body, more)
            return body
        except Unreadable as problem:
            if str(problem).startswith("in "):
                raise
            raise Unreadable(f"in {self._where(module)}: {problem}") from None

    def _with_training(self, module: nn.Module, body: Body, more: Body) -> Body:
        if module is not self.root:
            raise Unreadable("it does something else in training, and only the network itself can say that")
        kept: list[int] = []
        at = 0
        places: dict[int, int] = {}
        for number, step in enumerate(more.steps):
            if at < len(body.steps) and _same_step(step, body.steps[at], places):
                places[at] = number
                at += 1
            else:
                kept.append(number)
        if at < len(body.steps):
            self.remarks.append(f"{self._where(module)} does something else in training, which is left out")
            return body
        outputs = tuple(moved(operand, places) for operand in body.outputs)
        extra = tuple(operand for operand in more.outputs if operand not in outputs)
        names = body.output_names
        return replace(more, outputs=outputs, output_names=names, training=tuple(kept), training_outputs=extra)


def _only_layers(body: Body) -> Part | None:
    """The layer or the two layers that a body is, where they have no state and so no names are needed; else None."""
    parts, items = dict(body.parts), []
    for at, step in enumerate(body.steps):
        part = parts.get(step.what) if step.form == "part" else Single(step.what, step.arguments)
        is_next = step.operands == ((Made(at - 1) if at else Given(0)),) and step.results == 1
        is_layer = isinstance(part, Single) and part.word in KINDS and not has_state(part)
        if part is None or not is_next or not is_layer:
            return None
        items.append(Item(None, part))
    if not 1 <= len(items) <= _FEW_LAYERS or body.outputs != (Made(len(items) - 1),) or body.output_names:
        return None
    return items[0].part if len(items) == 1 else Chain(tuple(items))


def _with_classes(network: Definition) -> Definition:
    """A network whose last layer is dense, with a parameter for the number of classes."""
    body = network.common.body
    last = body.outputs[0] if body.outputs else None
    step = body.steps[last.step] if isinstance(last, Made) else None
    parts = dict(body.parts)
    if step is None or step.form != "part" or step.what not in parts or "classes" in parts:
        return network
    part = parts[step.what]
    layer = part.items[-1].part if isinstance(part, Chain) and part.items else part
    if not isinstance(layer, Single) or layer.word != "linear":
        return network
    features = dict(layer.arguments)["features"]
    opened: Part = Single(layer.word, (("features", Slot(0)), *layer.arguments[1:]))
    if isinstance(part, Chain):
        opened = Chain((*part.items[:-1], Item(part.items[-1].label, opened)))
    parts[step.what] = opened
    network.common.body = replace(body, parts=tuple(parts.items()))
    network.slots[0] = "classes"
    network.parameters["classes"] = features.value  # type: ignore[union-attr]
    return network


def _same_step(step: Step, other: Step, places: dict[int, int]) -> bool:
    try:
        operands = tuple(moved(operand, places) for operand in other.operands)
    except KeyError:
        return False
    return (step.form, step.what, step.arguments) == (other.form, other.what, other.arguments) and (
        step.operands == operands
    )


class _Reader:
    """Reads the body of one call of a module."""

    def __init__(self, importer: _Importer, module: nn.Module, trace: Trace) -> None:
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

    def body(self) -> Body:
        inputs, lists = self._inputs()
        self.lists = lists
        for event in self._with_chains(self.trace.events):
            for leaf in leaves_of((event.arguments, event.keywords)):
                if isinstance(leaf, Overwritten):
                    self._operand(leaf)
            if event.module is not None:
                self._apply(event, event.module)
            else:
                self._call(event)
        self._check_use()
        names, outputs = self._outputs()
        own = dict(self.module.named_parameters(recurse=False)) | dict(self.module.named_buffers(recurse=False))
        called = {self.values[n]: name for n, name in self.trace.names.items() if n in self.values}
        return Body(
            self._parts(),
            tuple(self.steps),
            tuple(outputs),
            tuple(names),
            inputs,
            tuple(min(count, 1) for count in lists),
            tuple(self.held[name] for name in own if name in self.held),
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
                    self.importer.uses[holder] = self._chain_of(run)
                    run = [replace(run[0], module=holder, result=run[-1].result)]
            made += run
            at = end
        return made

    def _passes_on(self, event: Event) -> bool:
        """Whether a call of a part gives what it takes, and the part does nothing at all."""
        if event.module is None or _only(event.arguments, event.keywords) != event.result:
            return False
        return self.importer.part(event.module) is None

    def _holder(self, module: nn.Module | None) -> nn.Module | None:
        """The part of this module that holds a layer which is called from here, and is no list."""
        outer = self.names.get(module, "").rpartition(".")[0] if module is not None else ""
        if not outer:
            return None
        found = self.module.get_submodule(outer)
        return None if isinstance(found, nn.ModuleList) else found

    def _chain_of(self, events: Sequence[Event]) -> Chain:
        items: list[Item] = []
        for event in events:
            assert event.module is not None  # noqa: S101 - see `_with_chains`
            part = self.importer.part(event.module)
            if part is not None:
                name = self.names[event.module].rpartition(".")[2]
                items.append(Item(None if name == str(len(items)) else name, part))
        return Chain(tuple(items))

    def _inputs(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        signature = [
            name
            for name, parameter in inspect.signature(type(self.module).forward).parameters.items()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ][1:]
        names: list[str] = []
        lists: list[int] = []
        given = [*enumerate(self.trace.arguments), *self.trace.keywords.items()]
        at: Any
        for at, held in given:
            leaves = values_of(held)
            if not leaves:
                continue
            number = len(names)
            names.append(at if isinstance(at, str) else signature[at] if at < len(signature) else f"value{number}")
            is_list = not isinstance(held, Value)
            lists.append(len(leaves) if is_list else 0)
            for item, leaf in enumerate(leaves):
                operand = Given(number, item if is_list else None)
                self.values.setdefault(leaf.number, operand)
                self.shapes[operand] = leaf.shape
        return tuple(names), tuple(lists)

    def _operand(self, held: Any) -> Operand:
        if isinstance(held, Value):
            if held.number not in self.values:
                raise Unreadable("a value comes from outside, or was changed by a part that was given it")
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

    def _keep(self, name: str, tensor: Tensor, *, is_learned: bool) -> None:
        """Keep a parameter or a small buffer of the module. Raises Unreadable for another buffer."""
        numbers = None
        if not is_learned:
            if tensor.dtype != torch.float32 or not 0 < tensor.numel() <= _MOST_NUMBERS or not tensor.isfinite().all():
                raise Unreadable(f"the buffer {name} is no small list of numbers")
            numbers = tuple(map(_shortest, tensor.flatten().tolist()))
        sizes = tuple(map(Number, tensor.shape))
        self.held[name] = Held(name, sizes, numbers, name not in self.module._non_persistent_buffers_set)  # noqa: SLF001

    def _check_use(self) -> None:
        """Raise Unreadable where nothing goes through something of the state; of the network that is only said."""
        if self.module is self.importer.root:
            return
        state = self.module.state_dict(keep_vars=True)
        used = {*self.held, *(name.partition(".")[0] for name in self.used)}
        kept = {id(tensor) for key, tensor in state.items() if key.partition(".")[0] in used}
        spare = next((key for key, tensor in state.items() if id(tensor) not in kept), None)
        if spare is not None:
            raise Unreadable(f"its {spare} is never used")

    def _apply(self, event: Event, module: nn.Module) -> None:
        given = [*event.arguments, *event.keywords.values()]
        values = [held for held in given if any(isinstance(leaf, (Value, Owned)) for leaf in leaves_of(held))]
        part = self.importer.part(module)
        if part is None:
            before = self._operand(values_of(values)[0])
            self.values |= {value.number: before for value in values_of(event.result)}
            return
        path = self.names.get(module)
        if path is None:
            raise Unreadable(f"it calls {type(module).__name__}, which is not a part of it")
        self.used[path] = module
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
        self._step("part", path, operands, {}, result)

    def _call(self, event: Event) -> None:
        form, word, operands, arguments = read(event)
        if event.function == "detach":
            self.importer.remarks.append("detach() is left out, so that gradients flow where they did not")
        if form == "same":
            self.values[event.result.number] = self._operand(operands[0])
            return
        given = tuple(self._operand(operand) for operand in operands)
        if word in _ARRANGED and isinstance(operands[0], Value) and self._depth(given[0]) < 0:
            form, word, operands, arguments = unbatched(operands[0], event.result)
            if given == (Made(len(self.steps) - 1),) and self.steps[-1].what == word:
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
        if word in ("max", "min") and isinstance(result, (tuple, Fields)):  # the values, and where they are
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
        except (SizeError, ValidationError) as problem:
            raise Unreadable(f"{called}(...) is no call of the language: {problem}") from None
        made = [value.shape[1:] for value in values_of(event.result)]
        if any(tuple(size) != shape for size, shape in zip(outputs, made, strict=False)):
            raise Unreadable(f"{called}(...) is no call of the language: {word} gives other sizes")

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
        given = tuple((name, Number(tuple(v) if isinstance(v, list) else v)) for name, v in arguments.items())
        self.steps.append(Step(form, what, operands, given, len(made), main))
        for number, value in enumerate(made):
            operand = Made(len(self.steps) - 1, number)
            self.values[value.number] = operand
            self.shapes[operand] = value.shape
            deepest = max(depths, default=0)
            self.depths[operand] = deepest + (deepest >= 0)

    def _depth(self, operand: Operand) -> int:
        """How many steps lead to a value; what is made of the module's own tensors alone is beside the way."""
        return -1 if isinstance(operand, (Own, Number)) else self.depths.get(operand, 0)

    def _outputs(self) -> tuple[list[str], list[Operand]]:
        """The names of what comes out, where it has some, and the values; what is no tensor is left out."""
        result = self.trace.result
        if isinstance(result, dict) and _is_plain(result):
            return list(result), [self._operand(value) for value in result.values()]
        return [], [self._operand(leaf) for leaf in leaves_of(result) if isinstance(leaf, _TENSORS)]

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
        for key, child in container.named_children():
            path = f"{name}.{key}"
            if path not in inner and next(child.parameters(), None) is None:
                items.append(IDENTITY)  # it is passed over
                continue
            if path not in inner or key != str(len(items)):
                raise Unreadable(f"it calls the parts of {name} one by one, and they are no list")
            items.append(self.importer.part(child) or IDENTITY)
        return Listed(tuple(items))


_ARRANGED = ("unsqueeze", "squeeze", "unflatten", "flatten", "reshape")
_TENSORS = (Value, Owned, Unknown, Overwritten)
_MOST_NUMBERS = 64
"""How many numbers of a buffer are written into a text."""


def _is_plain(result: Any) -> bool:
    """Whether a text can give a result as it is: a value, several, or some with names."""
    if isinstance(result, dict):
        return all(isinstance(value, _TENSORS) and is_name(str(name)) for name, value in result.items())
    items = result.items if isinstance(result, Fields) else result
    is_tuple = isinstance(items, (tuple, list))
    return all(isinstance(item, _TENSORS) for item in items) and len(items) > 1 if is_tuple else True


def _shortest(number: float) -> float:
    """The shortest number that is this one with 32 bits: 0.485 for 0.48500001430511475."""
    found = (float(f"{number:.{digits}g}") for digits in range(6, 10))
    return next(n for n in found if torch.tensor(n, dtype=torch.float32).item() == number)


def _passed(event: Event) -> Passed | None:
    """The sizes of what went through a module, where that is one value and nothing else."""
    given = [held for held in (*event.arguments, *event.keywords.values()) if held is not None]
    if len(given) == 1 and isinstance(given[0], Value) and isinstance(event.result, Value):
        return Passed(given[0].shape[1:], event.result.shape[1:])
    return None


def _follows(before: Event, event: Event, times: Counter[int]) -> bool:
    """Whether a call takes what the one before it gives, and nothing else does."""
    given = _only(event.arguments, event.keywords)
    return isinstance(given, Value) and given == before.result and times[given.number] == 1


def _only(arguments: Any, keywords: Any) -> Any:
    values = values_of((arguments, keywords))
    return values if len(values) != 1 else values[0]


def single(layer: Layer) -> Single:
    """A layer as a part, with what is no default."""
    return Single(
        layer.kind,
        tuple((name, Number(value)) for name, value in layer.non_default().items() if name != "inplace"),
    )


def _is_chain_class(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward
