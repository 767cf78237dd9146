"""The graph of a program of `torch.export`: the calls of modules that it was made of, and its operators as functions.

The graph is flat, a list of calls of operators. Each of them keeps in which modules it was called, by the path and the
class of each. So calls that were made in one call of a module become its frame, which has further frames in it; what
comes in and goes out follows from which values are used where.

Most operators have the name and the arguments of the function that people write; the others stand in a table:
`aten.add.Tensor(x, y)` was `x + y`, and `aten.slice.Tensor(x, 1, 0, 8)` was `x[:, 0:8]`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor
from torch._ops import HigherOrderOperator, OpOverload
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind
from torch.fx import Node

from cnndsl.frozen import frozen
from cnndsl.importing.leaves import Unreadable

_PLACE = re.compile(r'File "(.*)", line (\d+), in (\w+)\n\s*(.*)')
_ASSIGNED = re.compile(r"([\w, ()]+?)\s*(?::[^=]+)?[-+*/@]?=[^=]")
SEQUENTIAL = "torch.nn.modules.container.Sequential"


@dataclass(eq=False, slots=True)
class Frame:
    """One call of a module.

    path, kind: where the module is, and its class with its Python module, as they were where it was exported.
    depth: how many modules it is in.
    items: the operators and the frames of other modules, in their order.
    inputs, outputs: the values that come from outside, in the order in which they are used, and that are used outside.
    """

    path: str
    kind: str
    depth: int = 0
    items: list[Node | Frame] = field(default_factory=list)
    inputs: list[Node] = field(default_factory=list)
    outputs: list[Node] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the class alone."""
        return self.kind.rpartition(".")[2]

    @property
    def is_standard(self) -> bool:
        """Whether the class is one of PyTorch's own."""
        return self.kind.startswith("torch.nn.modules.")

    @property
    def own(self) -> list[Node]:
        """The operators that the module calls itself."""
        return [item for item in self.items if isinstance(item, Node)]

    @property
    def inner(self) -> list[Frame]:
        """The modules that it calls."""
        return [item for item in self.items if isinstance(item, Frame)]

    def nodes(self) -> Iterator[Node]:
        """All operators, those in frames inside too, in their order."""
        for item in self.items:
            if isinstance(item, Node):
                yield item
            else:
                yield from item.nodes()

    def frames(self) -> Iterator[Frame]:
        """The frame and all in it, the outer ones first."""
        yield self
        for frame in self.inner:
            yield from frame.frames()


@dataclass(slots=True)
class Calls:
    """What a program calls.

    root: the call of the module that was exported.
    owned: for the nodes that stand for parameters, buffers and constants the name in the state.
    given: the nodes of the inputs, in their order; a number that was given is one too.
    results: what goes out, as a flat list.
    """

    root: Frame
    owned: dict[Node, str]
    given: list[Node]
    results: list[Any]

    def by_path(self) -> dict[str, list[Frame]]:
        """The calls of each module, by its path; the outer ones first."""
        found: dict[str, list[Frame]] = {}
        for frame in self.root.frames():
            found.setdefault(frame.path, []).append(frame)
        return found


def calls_of(program: ExportedProgram) -> Calls:
    """The frames of a program. Raises Unreadable for a program that is not written in operators alone."""
    signature = program.graph_signature
    kinds = {spec.arg.name: spec for spec in signature.input_specs}
    owned: dict[Node, str] = {}
    given: list[Node] = []
    root = Frame("", "Net")
    open_: list[tuple[str, Frame]] = [("", root)]
    holders: dict[Node, list[Frame]] = {}
    results: list[Any] = []
    for node in program.graph.nodes:
        if node.op == "placeholder":
            spec = kinds[node.name]
            if spec.kind is InputKind.USER_INPUT:
                given.append(node)
            elif spec.kind in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
                owned[node] = str(spec.target)
            else:
                raise Unreadable(f"{node.name} is no tensor, and comes from outside")
        elif node.op == "output":
            (all_,) = node.args
            kept = zip(all_, signature.output_specs, strict=True)
            results = [value for value, spec in kept if spec.kind is OutputKind.USER_OUTPUT]
        elif node.op == "call_function":
            if isinstance(node.target, HigherOrderOperator):
                raise Unreadable(f"the program has a part by {node.target}, which is no call of the language")
            stack = _stack(node) or [(key, frame.path, frame.kind) for key, frame in open_]
            if stack and not root.items:
                root.kind = stack[0][2]
            _enter(open_, stack)
            if not is_number(node) and not _is_of_state(node, owned):
                open_[-1][1].items.append(node)
                holders[node] = [frame for _, frame in open_]
    _connect(root, owned, results, holders)
    return Calls(root, owned, given, results)


def _stack(node: Node) -> list[tuple[str, str, str]]:
    """The modules in which a node was called, the outer ones first: a key for the call, the path, the class."""
    found = []
    for key, (path, kind) in (node.meta.get("nn_module_stack") or {}).items():
        name = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
        found.append((key, path, name))
    return found if found and found[0][1] == "" else []  # sizes are asked for outside of all modules


def _enter(open_: list[tuple[str, Frame]], stack: list[tuple[str, str, str]]) -> None:
    """Close the frames that a node is not in, and open those that it is in."""
    same = 1
    while same < min(len(open_), len(stack)) and open_[same][0] == stack[same][0]:
        same += 1
    del open_[same:]
    for key, path, kind in stack[same:]:
        frame = Frame(path, kind, len(open_))
        open_[-1][1].items.append(frame)
        open_.append((key, frame))


def is_number(node: Node) -> bool:
    """Whether a node gives a number, such as a size, or nothing at all, and no tensor."""
    value = node.meta.get("val")
    if isinstance(value, (tuple, list)):
        return not any(isinstance(item, Tensor) for item in value)
    return not isinstance(value, Tensor)


def _is_of_state(node: Node, owned: dict[Node, str]) -> bool:
    """Whether a node counts or copies something of the state itself, as batch normalisation counts its batches."""
    first = node.args[0] if node.args else None
    name = str(node.target)
    if not isinstance(first, Node) or first not in owned:
        return False
    is_same = name == "aten.to.dtype" and node.meta["val"].dtype == first.meta["val"].dtype
    if is_same or name in _IN_STATE:
        owned[node] = owned[first]
        return True
    return False


_IN_STATE = {"aten.add_.Tensor", "aten.lift_fresh_copy.default", "aten.detach_.default"}


def _connect(root: Frame, owned: dict[Node, str], results: list[Any], holders: dict[Node, list[Frame]]) -> None:
    """Find out what goes into each frame and what comes out."""
    gone_out = {value for value in results if isinstance(value, Node)}
    for node in root.nodes():
        inside = holders[node]
        for value in node.all_input_nodes:
            if value in owned or value.op == "get_attr" or is_number(value):
                continue  # sizes are looked up where they are needed
            made_in = holders.get(value, [])
            for frame in inside:
                if frame not in made_in and value not in frame.inputs:
                    frame.inputs.append(value)
    for node in root.nodes():
        users = [user for user in node.users if user in holders]
        for at, frame in enumerate(holders[node]):
            is_used = at > 0 and (node in gone_out or any(frame not in holders[user] for user in users))
            if is_used and node not in frame.outputs:
                frame.outputs.append(node)


def names_of(frame: Frame) -> dict[Node, str]:
    """What the code of a module calls the values that it makes."""
    found: dict[Node, str] = {}
    lines: list[tuple[Node, tuple[str, str, str]]] = []
    for item in frame.items:
        made = item.outputs[-1:] if isinstance(item, Frame) else [item]
        for node in made:
            place = _place(node, frame.depth)
            if place is not None:
                lines.append((node, place))
    for number, (node, place) in enumerate(lines):
        is_last = number + 1 == len(lines) or lines[number + 1][1] != place
        assigned = _ASSIGNED.match(place[2])
        names = [name.strip(" ()") for name in assigned[1].split(",")] if assigned is not None else []
        if len(names) == 1 and is_last:
            found[node] = names[0]
        elif node.target is operator.getitem and isinstance(node.args[1], int) and node.args[1] < len(names):
            found[node] = names[node.args[1]]
    return {node: name for node, name in found.items() if name.isidentifier()}


def is_sequential(frame: Frame) -> bool:
    """Whether a module is an `nn.Sequential`, or of a class that goes on as this does."""
    if frame.kind == SEQUENTIAL:
        return True
    place = next(filter(None, (_place(node, frame.depth) for node in frame.nodes())), None)
    return place is not None and place[0].replace("\\", "/").endswith("torch/nn/modules/container.py")


def _place(node: Node, depth: int) -> tuple[str, str, str] | None:
    """The file, number and text of the line of a module's own code that a node comes from."""
    entries = _PLACE.findall(node.meta.get("stack_trace") or "")
    starts = [at for at, entry in enumerate(entries) if entry[2] == "forward"]
    if len(starts) != len(node.meta.get("nn_module_stack") or {}) or depth >= len(starts):
        return None
    end = starts[depth + 1] if depth + 1 < len(starts) else len(entries)
    file, line, _, text = entries[end - 1]
    return file, line, text


# Operators as functions


LAST = 2**63 - 1
"""The end of a slice that has none."""


@frozen()
class Call:
    """A call of an operator: its name without `aten`, whether it overwrites, and all arguments by their names."""

    node: Node
    name: str
    is_inplace: bool
    arguments: dict[str, Any]

    def shape(self, name: str) -> tuple[int, ...]:
        """The sizes of an argument that is a tensor."""
        return shape_of(self.arguments[name])


def shape_of(node: Node) -> tuple[int, ...]:
    """The sizes of the tensor that a node gives; one that was left open in the program is no int."""
    return tuple(node.meta["val"].shape)


def call_of(node: Node) -> Call | None:
    """The call that a node is; None where it takes an item of a result, or calls something else than an operator."""
    target = node.target
    if not isinstance(target, OpOverload):
        return None
    schema = target._schema  # noqa: SLF001 - the names of the arguments are nowhere else
    given = {argument.name: argument.default_value for argument in schema.arguments if argument.has_default_value()}
    given |= {argument.name: value for argument, value in zip(schema.arguments, node.args, strict=False)}
    given |= node.kwargs
    word = schema.name.removeprefix("aten::")
    is_inplace = word.endswith("_") and not word.endswith("__")
    return Call(node, word.rstrip("_") if is_inplace else word, is_inplace, given)


def function_of(node: Node) -> Callable[..., Any]:
    """What a person calls in place of the operator, with the same arguments.

    What drops numbers at random is given `training`, too.
    """
    target: Any = node.target
    call = call_of(node)
    if call is None:
        return target  # type: ignore[no-any-return] # a function of Python, such as `operator.getitem`
    if call.name in _WRITTEN:
        written = _WRITTEN[call.name]
        return partial(written, inplace=True) if call.is_inplace and call.name in _INPLACE else written
    if call.name.startswith(("upsample_", "_upsample_")) and "scale_factors" in call.arguments:
        return partial(_resized, upsampling(call.name))
    word = f"{call.name}_" if call.is_inplace else call.name
    found = next((getattr(place, word) for place in (Tensor, torch, F) if hasattr(place, word)), None)
    if found is not None and not callable(found):  # an attribute, such as `x.mT`
        found = found.__get__
    if found is None and call.is_inplace and hasattr(F, call.name):
        found = partial(getattr(F, call.name), inplace=True)
    return target if found is None else found  # type: ignore[no-any-return]


def is_random(node: Node) -> bool:
    """Whether an operator drops numbers at random in training, so that it is told whether this is training."""
    call = call_of(node)
    return call is not None and call.name in _DROPPING


def upsampling(name: str) -> str:
    """The mode of `interpolate` that an operator has: "bilinear" of upsample_bilinear2d."""
    word = name.strip("_").removeprefix("upsample_")[:-2]
    return {"nearest_exact": "nearest-exact"}.get(word, word)


def _resized(mode: str, x: Tensor, size: Any, *given: Any) -> Tensor:
    *corners, factors = given
    return F.interpolate(x, size, factors, mode, (corners[0] or None) if corners else None)


def _sliced(x: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    place = slice(start or None, None if end == LAST else end, None if step == 1 else step)
    return _selected(x, dim, place)


def _selected(x: Tensor, dim: int, index: int | slice) -> Tensor:
    return x[(slice(None),) * (dim % x.dim()) + (index,)]


def _hardtanh(x: Tensor, least: float = -1.0, most: float = 1.0, *, inplace: bool = False) -> Tensor:
    return F.relu6(x, inplace) if (least, most) == (0.0, 6.0) else F.hardtanh(x, least, most, inplace)


def _feature_dropout(x: Tensor, p: float, training: bool) -> Tensor:
    if x.dim() == 3:
        return F.dropout1d(x, p, training)
    return F.dropout2d(x, p, training) if x.dim() == 4 else F.dropout3d(x, p, training)


def _elu(x: Tensor, alpha: float = 1.0, *_: float, inplace: bool = False) -> Tensor:
    return F.elu(x, alpha, inplace)


def _copied(x: Tensor, *, dtype: torch.dtype | None = None, **_: Any) -> Tensor:
    return x.clone() if dtype is None else x.to(dtype)


_INPLACE = {"hardtanh", "elu"}
_DROPPING = {"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"}
_WRITTEN: dict[str, Callable[..., Any]] = {
    "slice": _sliced,
    "select": _selected,
    "hardtanh": _hardtanh,
    "feature_dropout": _feature_dropout,
    "elu": _elu,
    "linalg_vector_norm": torch.linalg.vector_norm,
    "_to_copy": _copied,
    "alias": lambda x: x,
    "lift_fresh_copy": torch.clone,
    "col2im": F.fold,
    "im2col": F.unfold,
    "log_sigmoid": F.logsigmoid,
    "t": lambda x: x.transpose(0, 1),
    "numpy_T": lambda x: x.T,
}
