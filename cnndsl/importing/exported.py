"""A program of `torch.export` as a module of PyTorch, which is then imported like any other.

The layers are made again (`remaking`); each is run beside the operators that it was made of, and one that does not give
the same stays what the program says, calls of functions. The other modules get a class with the name that theirs had,
and their `forward` calls what the program calls (`graph`).
"""

from __future__ import annotations

import inspect
import operator
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import Node
from torch.fx.node import map_arg
from torch.utils import _pytree as pytree

from cnndsl.importing.graph import (
    SEQUENTIAL,
    Calls,
    Frame,
    call_of,
    calls_of,
    function_of,
    is_number,
    is_random,
    is_sequential,
    names_of,
    shape_of,
)
from cnndsl.importing.leaves import Unreadable, equal, unchanged
from cnndsl.importing.recording import leaves_of
from cnndsl.importing.remaking import Unmade, base_of, layer_of

_T = TypeVar("_T")


@dataclass(slots=True)
class Remade:
    """A module made of a program, and inputs for it.

    open: for each input, and each axis after the batch, whether its size was left open in the program.
    reasons: why modules could not be made again as layers, by their paths; they are calls of functions.
    remarks: what the program does not say, and what was taken instead, in sentences.
    """

    module: nn.Module
    inputs: list[Tensor]
    open: list[tuple[bool, ...]]
    reasons: dict[str, str]
    remarks: list[str]

    def larger(self) -> list[Tensor]:
        """Inputs that are twice as large where their sizes were left open."""
        return [
            x.repeat(1, *(2 if is_open else 1 for is_open in open_))
            for x, open_ in zip(self.inputs, self.open, strict=True)
        ]


def loaded(path: Path) -> ExportedProgram:
    """The program that a file has. Raises Unreadable where it has none; this runs what the file says."""
    if not path.exists():
        raise Unreadable("there is no such file")
    if not zipfile.is_zipfile(path):
        raise Unreadable("the file is no archive of torch.export.save, or it is cut")
    try:
        return torch.export.load(path)
    except Exception as problem:  # whatever PyTorch says of a file that is none
        said = str(problem).strip().splitlines() or [""]
        raise Unreadable(f"PyTorch cannot load the file: {type(problem).__name__}: {said[0]}") from None


@contextmanager
def _one_way() -> Iterator[None]:
    """Attention by the operators that a program has for it: PyTorch has another way, which rounds differently."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@_one_way()
def remade(program: ExportedProgram, inputs: Sequence[Tensor] | None = None) -> Remade:
    """The module that a program was exported from, as far as it says that. Raises Unreadable.

    inputs: what it is run on; without them, what it was exported with.
    """
    calls = calls_of(program)
    given = _inputs(program, calls, inputs)
    state = _state(program)
    for name, tensor in state.items():
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise Unreadable(f"{name} has numbers of the type {tensor.dtype}, and a text makes {torch.float32}")
    training = _is_training(calls)
    layers, reasons = _layers(calls, state)
    failed = _failing(program, calls, layers, given, training)
    layers = {path: layer for path, layer in layers.items() if path not in failed}
    reasons |= failed
    root = _Builder(program, calls, state, layers).built(given)
    tensors = [value for value in given if isinstance(value, Tensor)]
    _compare(program, root.train(training), given, tensors, reasons)
    taken = [node for node, value in zip(calls.given, given, strict=True) if isinstance(value, Tensor)]
    left_open = [tuple(not isinstance(size, int) for size in shape_of(node)[1:]) for node in taken]
    return Remade(root, tensors, left_open, reasons, _remarks(calls, training, reasons))


def samples(program: ExportedProgram, sizes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """Inputs of these sizes, without the batch: parts of the example of the program, or its numbers several times."""
    example = [x for x in _example(program) if isinstance(x, Tensor)]
    if len(example) != len(sizes):
        raise Unreadable(f"the program has {len(example)} inputs, and {len(sizes)} sizes are given")
    found = []
    for x, size in zip(example, sizes, strict=True):
        if len(size) != x.dim() - 1 or not x.numel():
            raise Unreadable(f"an input has {x.dim() - 1} sizes, and {len(size)} are given")
        times = [-(-want // have) for want, have in zip(size, x.shape[1:], strict=True)]
        found.append(x.repeat(1, *times)[(slice(None), *(slice(want) for want in size))].contiguous())
    return found


def _example(program: ExportedProgram) -> list[Any]:
    """What a program was exported with, as a flat list."""
    arguments, keywords = program.example_inputs or ((), {})
    return pytree.tree_leaves((tuple(arguments), dict(keywords)))


def _inputs(program: ExportedProgram, calls: Calls, inputs: Sequence[Tensor] | None) -> list[Any]:
    """What the program is run on, as a flat list. Raises Unreadable where it has none, or other ones do not fit."""
    has_example = program.example_inputs is not None
    if not has_example and inputs is None:
        raise Unreadable("the program has no example inputs, and does not run without")
    example = _example(program) if has_example else [node.meta.get("val") for node in calls.given]
    if len(example) != len(calls.given):
        raise Unreadable(f"the program takes {len(calls.given)} values, and has {len(example)} as an example")
    if inputs is not None:
        left = list(inputs)
        example = [left.pop(0) if isinstance(value, Tensor) and left else value for value in example]
        if left or any(isinstance(value, Tensor) for value in example) != bool(inputs):
            raise Unreadable(f"the program does not take {len(inputs)} inputs")
        _check_sizes(calls, example)
    if not any(isinstance(value, Tensor) for value in example):
        raise Unreadable("the program takes no tensor")
    return example


def _check_sizes(calls: Calls, example: Sequence[Any]) -> None:
    for node, value in zip(calls.given, example, strict=True):
        if not isinstance(value, Tensor):
            continue
        fixed = tuple(node.meta["val"].shape)
        fits = len(fixed) == value.dim() and all(
            not isinstance(size, int) or size == own for size, own in zip(fixed, value.shape, strict=True)
        )
        if not fits:
            shown = " x ".join(str(size) if isinstance(size, int) else "any" for size in fixed)
            raise Unreadable(f"{node.name} was exported for {shown}, and not for {' x '.join(map(str, value.shape))}")


def _state(program: ExportedProgram) -> dict[str, Tensor]:
    """The parameters and buffers, also those that are not kept, in the order of the module."""
    found = dict(program.state_dict)
    for spec in program.graph_signature.input_specs:
        if spec.kind is InputKind.BUFFER and spec.target is not None and spec.target not in found:
            constant = program.constants.get(spec.target)
            if isinstance(constant, Tensor):
                found[spec.target] = constant
    return found


def _inside(held: Mapping[str, _T], path: str) -> dict[str, _T]:
    """What of all that has a path stands in a module and its parts, by the paths in it."""
    prefix = f"{path}." if path else ""
    return {key.removeprefix(prefix): each for key, each in held.items() if key.startswith(prefix)}


def _is_training(calls: Calls) -> bool:
    """Whether the program was exported in training, as its layers say that are not the same then."""
    for node in calls.root.nodes():
        call = call_of(node)
        if call is None:
            continue
        given = call.arguments
        is_norm = call.name in ("batch_norm", "instance_norm") and given["running_mean"] is not None
        if given.get("train") is True or (is_norm and given.get("training", given.get("use_input_stats"))):
            return True
    return False


# Layers


def _layers(calls: Calls, state: Mapping[str, Tensor]) -> tuple[dict[str, nn.Module], dict[str, str]]:
    """The layers that could be made, by their paths; and why others could not."""
    found: dict[str, nn.Module] = {}
    reasons: dict[str, str] = {}
    for path, frames in calls.by_path().items():
        if frames[0] is calls.root or any(path.startswith(f"{outer}.") for outer in found):
            continue
        try:
            layer = layer_of(frames[0], _inside(state, path))
        except Unmade as problem:
            reasons[path] = str(problem)
        else:
            if layer is not None:
                found[path] = layer
    return found, reasons


def applied(layer: nn.Module, frame: Frame, given: Sequence[Any]) -> list[Any]:
    """What a layer gives for the inputs of a frame, in the order of its outputs."""
    if type(layer) is nn.MultiheadAttention:
        asks = not any(str(node.target).startswith("aten.scaled_dot_product") for node in frame.nodes())
        values = [*given] * 3 if len(given) == 1 else given  # a value that is attended to by itself
        return list(leaves_of(layer(*values, need_weights=asks)))
    made = list(leaves_of(layer(*given)))
    items = [value.args[1] if value.target is operator.getitem else 0 for value in frame.outputs]
    return [made[item] for item in items if isinstance(item, int) and item < len(made)]


def _failing(
    program: ExportedProgram, calls: Calls, layers: Mapping[str, nn.Module], given: Sequence[Any], training: bool
) -> dict[str, str]:
    """Which layers do not give the same as their operators, and why. The layers are left as they were."""
    state = {
        key: held.clone() for key, held in (program.constants | program.state_dict).items() if isinstance(held, Tensor)
    }
    # Recurrent layers take another way, which rounds differently, where their weights are not learned.
    learned = program.graph_signature.parameters
    state |= {key: nn.Parameter(state[key]) for key in learned if state[key].is_floating_point()}
    replay = _Replay(calls, layers)
    replay.tensors = {node: state[name] for node, name in calls.owned.items()}
    replay.values.update(zip(calls.given, _copies(given), strict=True))
    failed: dict[str, str] = {}

    def run(frame: Frame) -> None:
        layer = layers.get(frame.path)
        came = _copies(map(replay.value, frame.inputs)) if layer is not None else []
        random = torch.get_rng_state()
        for item in frame.items:
            if isinstance(item, Frame):
                run(item)
            else:
                operator_: Any = item.target
                replay.values[item] = operator_(*replay.value(item.args), **replay.value(item.kwargs))
        if layer is not None and frame.path not in failed:
            after = torch.get_rng_state()
            torch.set_rng_state(random)
            try:
                made = applied(layer, frame, came)
            except Exception as problem:  # whatever PyTorch says of such an input
                failed[frame.path] = f"{type(layer).__name__} does not take what the program gives it: {problem}"
            else:
                if not _are_equal(made[: len(frame.outputs)], [replay.value(node) for node in frame.outputs]):
                    failed[frame.path] = f"{type(layer).__name__}({layer.extra_repr()}) gives something else"
            torch.set_rng_state(after)

    every = nn.ModuleList(layers.values())
    with torch.no_grad(), unchanged(every):
        every.train(training)
        torch.manual_seed(0)
        run(calls.root)
    return failed


def _copies(values: Iterable[Any]) -> list[Any]:
    return [value.clone() if isinstance(value, Tensor) else value for value in values]


def _are_equal(made: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return len(made) == len(wanted) and all(map(equal, made, wanted))


def _compare(
    program: ExportedProgram,
    root: nn.Module,
    given: Sequence[Any],
    tensors: Sequence[Tensor],
    reasons: Mapping[str, str],
) -> None:
    """Raise Unreadable where the module does not give what the program gives, as it is."""
    with torch.no_grad(), unchanged(root):
        torch.manual_seed(0)
        arguments, keywords = pytree.tree_unflatten(_copies(given), program.call_spec.in_spec)
        wanted = [x for x in pytree.tree_leaves(program.module()(*arguments, **keywords)) if isinstance(x, Tensor)]
        torch.manual_seed(0)
        made = [x for x in pytree.tree_leaves(root(*(x.clone() for x in tensors))) if isinstance(x, Tensor)]
    if not _are_equal(made, wanted):
        why = next((f", as {path}: {reason}" for path, reason in reasons.items()), "")
        raise Unreadable(f"the modules that the program tells of do not give what it gives{why}")


def _remarks(calls: Calls, training: bool, reasons: Mapping[str, str]) -> list[str]:
    mode = "training" if training else "evaluation"
    said = [f"{path} stays calls of functions: {reason}" for path, reason in reasons.items()]
    loose = [node for frame in calls.root.frames() for node in frame.own if is_random(node) and not frame.is_standard]
    if loose:
        count = f"{len(loose)} calls" if len(loose) > 1 else "a call"
        said.append(f"{count} of dropout as a function was exported in {mode}, and is taken to drop in training alone")
    return said


# Modules


class _Replay:
    """The values and the calls of one run of the module."""

    def __init__(self, calls: Calls, modules: Mapping[str, nn.Module]) -> None:
        self.tensors: Mapping[Node, Any] = {}
        self.modules = modules
        self.frames = calls.by_path()
        self.values: dict[Node, Any] = {}
        self.at: dict[str, int] = {}
        self.names = {frame: names_of(frame) for frame in calls.root.frames()}
        counts: dict[str, set[int]] = {}
        for frame in calls.root.frames():
            counts.setdefault(frame.kind, set()).add(len(frame.inputs))
        self.lists = {kind for kind, found in counts.items() if max(found) - min(found) > 1}
        """Classes that are given now few values, now many, which is to say, a list."""

    def begin(self) -> None:
        """Forget the values of the last run."""
        self.values, self.at = {}, {}

    def next(self, path: str) -> Frame:
        """The next call of a module."""
        at = self.at.get(path, 0)
        self.at[path] = at + 1
        frames = self.frames[path]
        return frames[at % len(frames)]

    def value(self, held: Any) -> Any:
        """What a node, or a nest of them, is worth; sizes are worked out where they are needed."""
        return map_arg(held, self._of_node)

    def _of_node(self, node: Node) -> Any:
        if node in self.tensors:
            return self.tensors[node]
        if node not in self.values and node.op == "call_function" and is_number(node):
            self.values[node] = node.target(*self.value(node.args))  # type: ignore[operator]
        if node not in self.values:
            raise Unreadable(f"{node.name} is used where the program has not made it")
        return self.values[node]


class Replayed(nn.Module):
    """A module of a program that is no layer: what it calls stands in the program."""

    is_of_program = True
    replay: _Replay
    path: str

    def forward(self, *values: Any) -> Any:
        """Call what the program calls."""
        frame = self.replay.next(self.path)
        given = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        self.replay.values.update(zip(frame.inputs, given, strict=True))
        return self._called(frame)

    def _called(self, frame: Frame) -> Any:
        known = self.replay.values
        called = self.replay.names[frame]
        names_of_values: dict[str, Any] = {}  # which the recording looks up here
        for item in frame.items:
            made = item.outputs if isinstance(item, Frame) else [item]
            if isinstance(item, Frame):
                known.update(zip(made, self._passed(item), strict=False))
            else:
                known[item] = self._applied(item)
            names_of_values.update((called[node], known[node]) for node in made if node in called)
        results = [known[node] for node in frame.outputs or frame.inputs[:1]]  # of none, what it overwrites
        return results[0] if len(results) == 1 else tuple(results)

    def _passed(self, frame: Frame) -> list[Any]:
        """What a module inside gives."""
        module = self.replay.modules[frame.path]
        given = [self.replay.value(node) for node in frame.inputs]
        if isinstance(module, (Replayed, nn.Sequential)):
            made = module(given) if frame.kind in self.replay.lists else module(*given)
            return [made] if len(frame.outputs) == 1 else list(made)
        return applied(module, frame, given)

    def _applied(self, node: Node) -> Any:
        given, keywords = self.replay.value(node.args), self.replay.value(node.kwargs)
        if is_random(node):
            given = (*given[:2], self.training)
        return function_of(node)(*given, **keywords)


def _class_of(kind: str, base: type[nn.Module], **held: Any) -> type[nn.Module]:
    """A class with the name of the one that was exported."""
    name = kind.rpartition(".")[2]
    held = {"__module__": "program", "__doc__": None, **held}  # it is not the class of the Python module
    return type(name if name.isidentifier() else "Net", (base,), held)


class _Builder:
    """Makes the modules of a program, with their state."""

    def __init__(
        self,
        program: ExportedProgram,
        calls: Calls,
        state: Mapping[str, Tensor],
        layers: Mapping[str, nn.Module],
    ) -> None:
        self.program = program
        self.calls = calls
        self.state = state
        self.layers = layers
        known = {spec.target for spec in program.graph_signature.input_specs}
        self.learned = {*program.graph_signature.parameters, *(program.state_dict.keys() - known)}
        self.classes: dict[str, type[nn.Module]] = {}
        others = {frame.kind for frame in calls.root.frames() if not self._is_chain(frame)}
        self.chains = {frame.kind for frame in calls.root.frames()} - others
        self.modules: dict[str, nn.Module] = {}
        self.replay = _Replay(calls, self.modules)
        self.frames = self.replay.frames

    def built(self, given: Sequence[Any]) -> nn.Module:
        """The module, which takes those of the inputs that are tensors."""
        calls, replay, program = self.calls, self.replay, self.program
        taken = [node for node, value in zip(calls.given, given, strict=True) if isinstance(value, Tensor)]
        fixed = {n: v for n, v in zip(calls.given, given, strict=True) if not isinstance(v, Tensor)}

        def forward(module: Replayed, *values: Tensor) -> Any:
            replay.begin()
            replay.values.update(fixed)
            replay.values.update(zip(taken, values, strict=True))
            module._called(calls.root)  # noqa: SLF001 - this is its `forward`
            results = [replay.value(held) for held in calls.results]
            return pytree.tree_unflatten(results, program.call_spec.out_spec)

        names = [inspect.Parameter(node.name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for node in taken]
        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        forward.__signature__ = inspect.Signature([own, *names])  # type: ignore[attr-defined]
        root = _class_of(calls.root.kind, Replayed, forward=forward, replay=replay, path="")()
        self._fill(root, "")
        tensors: dict[str, Tensor] = dict(root.named_parameters(remove_duplicate=False))
        tensors |= dict(root.named_buffers(remove_duplicate=False))
        constants = {name: held for name, held in program.constants.items() if name not in tensors}
        replay.tensors = {node: (tensors | constants)[name] for node, name in calls.owned.items()}
        return root

    def _is_chain(self, frame: Frame) -> bool:
        """Whether a call is one of a chain: its parts one after the other, each with the value of the one before."""
        parts = frame.inner
        if frame.own or not parts or len(frame.inputs) != 1 or len(frame.outputs) != 1:
            return False
        numbers = [part.path.removeprefix(f"{frame.path}.") for part in parts]
        if not is_sequential(frame) and not all(number.isdecimal() for number in numbers):
            return False
        if any("." in number for number in numbers) or len(set(numbers)) < len(numbers):
            return False
        if all(number.isdecimal() for number in numbers) and sorted(numbers, key=int) != numbers:
            return False
        if any(type(self.layers.get(part.path)) in _OF_SEVERAL for part in parts):
            return False
        values = [frame.inputs, *(part.outputs for part in parts)]
        return all(part.inputs == value for part, value in zip(parts, values, strict=False)) and (
            values[-1] == frame.outputs and all(len(value) == 1 for value in values)
        )

    def _module(self, path: str) -> nn.Module:
        """The module with a path, and all in it."""
        made = self.layers.get(path)
        if made is None:
            made = self._new(path)
            self._fill(made, path)
        self.modules[path] = made
        return made

    def _new(self, path: str) -> nn.Module:
        frames = self.frames.get(path)
        if not frames:
            names = self._children(path)
            is_list = bool(names) and all(name.isdecimal() for name in names) and not self._own(path)
            return nn.ModuleList() if is_list else nn.Module()
        frame = frames[0]
        if frame.kind == SEQUENTIAL and all(map(self._is_chain, frames)):
            return nn.Sequential()
        own = _inside(self.state, path)
        if frame.inner and all(inner.path in self.layers for inner in frame.inner) and len(frames) == 1:
            base = base_of(frame, own)
            if base is not None:
                return self._going_on(base, frame)
        if frame.kind not in self.classes:
            base_class = nn.Sequential if frame.kind in self.chains else Replayed
            self.classes[frame.kind] = _class_of(frame.kind, base_class)
        module = self.classes[frame.kind]()
        if isinstance(module, Replayed):
            module.replay, module.path = self.replay, path
        return module

    def _going_on(self, layer: nn.Module, frame: Frame) -> nn.Module:
        """A layer as one of a class that inherits from it, and then calls its parts."""
        kind = type(layer)
        key = f"{frame.kind} {kind.__name__}"

        def forward(module: nn.Module, x: Tensor) -> Tensor:
            made = kind.forward(module, x)
            for part in module.children():
                made = part(made)
            return made  # type: ignore[no-any-return]

        if key not in self.classes:
            self.classes[key] = _class_of(frame.kind, kind, forward=forward, is_of_program=True)
        layer.__class__ = self.classes[key]
        return layer

    def _own(self, path: str) -> dict[str, Tensor]:
        """The parameters and buffers of a module itself, by their names."""
        return {name: tensor for name, tensor in _inside(self.state, path).items() if "." not in name}

    def _children(self, path: str) -> list[str]:
        """The names of the parts of a module, in the order in which they were most likely registered.

        Those with a state are in the order of the state; of the others it is only known when they are called.
        """

        def inside(held: Mapping[str, Any]) -> list[str]:
            return list(dict.fromkeys(key.partition(".")[0] for key in _inside(held, path) if key))

        found = [name for name in inside(self.state) if name not in self._own(path)]
        before = None
        for name in inside(self.frames):
            if name not in found:
                found.insert(found.index(before) + 1 if before is not None else 0, name)
            before = name
        return sorted(found, key=int) if all(name.isdecimal() for name in found) else found

    def _fill(self, module: nn.Module, path: str) -> None:
        """Give a module its state and its parts."""
        prefix = f"{path}." if path else ""
        known = {*dict(module.named_parameters(recurse=False)), *dict(module.named_buffers(recurse=False))}
        for name, held in self._own(path).items():
            if name in known:  # of a layer that a class inherits from
                continue
            key, tensor = prefix + name, held.detach().clone()
            if key in self.learned:
                module.register_parameter(name, nn.Parameter(tensor, requires_grad=tensor.is_floating_point()))
            else:
                module.register_buffer(name, tensor, persistent=key in self.program.state_dict)
        for name in self._children(path):
            if isinstance(module, nn.ModuleList):
                for number in range(len(module), int(name)):  # what is passed over does nothing
                    module.add_module(str(number), nn.Identity())
            module.add_module(name, self._module(prefix + name))


_OF_SEVERAL = (nn.LSTM, nn.GRU, nn.RNN, nn.MultiheadAttention)
"""Layers that give more than the value that goes on."""
