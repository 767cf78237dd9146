"""Compile a text, build its networks and watch them run: what PyTorch does is what a program must say."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from types import MappingProxyType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

import cnndsl
from cnndsl.analysis.costs.counts import whole_inputs
from cnndsl.compilation import Compilation
from cnndsl.ir.interpreter import Frame, applications
from cnndsl.ir.program import Leaf, Module, Program, Use
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.operations import Fixed, Learned
from cnndsl.report.text import render
from cnndsl.symbolic.number import Traced, evaluate, value_of
from tests.layers.oracle import build as build_layer

BATCH = 2

Sizes = list[tuple[str, tuple[tuple[int, ...], ...]]]
"""For every application, in the order in which they end: the path of the part, and the sizes that it gave."""


def compiled(text: str, **settings: Any) -> Compilation:
    """A text without errors, compiled."""
    compilation = cnndsl.compile(text, name="test.cnn", settings=settings)
    assert compilation.ok, "\n" + render(compilation.diagnostics)
    return compilation


def program_of(text: str, **settings: Any) -> Program:
    """The checked program of a text without errors."""
    program = compiled(text, **settings).program
    assert program is not None
    return program


def imported(source: str, name: str = "generated") -> ModuleType:
    """A generated module, executed with every warning an error."""
    module = ModuleType(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(source, f"<{name}>", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return module


def build(text: str, network: str | None = None, **settings: Any) -> nn.Module:
    """A network of a text (by default the last one), built from its generated module, in evaluation mode."""
    compilation = compiled(text, **settings)
    assert compilation.program is not None
    module = imported(compilation.python())
    model = getattr(module, compilation.program.network(network).name)()
    assert isinstance(model, nn.Module)
    return model.eval()


class _NothingDrawn(TorchFunctionMode):
    """Tensors that would be drawn stay as they are."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in ("normal_", "uniform_"):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


@contextmanager
def without_numbers() -> Iterator[None]:
    """Construct networks on the device that has no numbers, and draw none.

    PyTorch goes a long way to draw nothing there, which takes longer than all else that a constructor does.
    """
    with torch.device("meta"), _NothingDrawn():
        yield


def sample(program: Program, network: Module, batch: int = BATCH, device: str = "cpu") -> tuple[Tensor, ...]:
    """A batch for each input of a network: small whole numbers where an embedding reads it, else random ones."""
    generator = torch.Generator().manual_seed(0)
    tensors = []
    wholes = whole_inputs(program, network.id)
    for index, shape in enumerate(network.input_shapes):
        size = (batch, *(value_of(dim) for dim in shape))
        if index in wholes:
            tensors.append(torch.randint(0, min(wholes[index], 2), size, generator=generator))
        else:
            tensors.append(torch.randn(size, generator=generator))
    return tuple(tensor.to(device) for tensor in tensors)


def number_of(dim: Any, opened: Mapping[str, int]) -> int:
    """A size with numbers in place of the open ones; without any, those that it was worked out with."""
    if opened and isinstance(dim, Traced) and dim.is_open:
        return int(evaluate(dim.expr, opened))
    return int(value_of(dim))


def derived_sizes(
    program: Program, network: Module, *, training: bool = False, opened: Mapping[str, int] | None = None
) -> Sizes:
    """What the compiler says, with numbers in place of all sizes left open or of none."""
    return list(_applications(program, Frame(network), training, opened or {}))


def _applications(
    program: Program, frame: Frame, training: bool, opened: Mapping[str, int]
) -> Iterator[tuple[str, tuple[tuple[int, ...], ...]]]:
    for at in applications(program, frame):
        if at.part is None or isinstance(at.target, Learned) or (at.step.training and not training):
            continue  # no call, for a learned tensor is not called
        if isinstance(at.target, Module):
            yield from _applications(program, at.inside(at.target), training, opened)
        sizes = (tuple(number_of(dim, opened) for dim in shape) for shape in at.ys)
        lacking = frame.module.lacks_batch(at.step.outputs)  # hooks leave the first axis out, also where it is no batch
        yield at.path, tuple(size[1:] if lacks else size for size, lacks in zip(sizes, lacking, strict=True))


def seen_sizes(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Sizes, list[tuple[int, ...]]]:
    """What PyTorch does: the same as `derived_sizes`, seen by forward hooks, and the sizes of the outputs."""
    seen: Sizes = []
    handles = []
    for path, part in model.named_modules():
        if path and ".parametrizations" not in path:  # a layer's weight is made by modules of PyTorch's own

            def note(_part: nn.Module, _inputs: Any, output: Any, path: str = path) -> None:
                if isinstance(_part, nn.RNNBase | nn.MultiheadAttention) and isinstance(output, tuple):
                    output = output[0]
                seen.append((path, tuple(size_of(item) for item in tensors_of(output))))

            handles.append(part.register_forward_hook(note))
    with torch.no_grad():
        result = model(*inputs)
    for handle in handles:
        handle.remove()
    return seen, [size_of(item) for item in tensors_of(result)]


def same_sizes(seen: Sizes, derived: Sizes) -> bool:
    """Whether PyTorch did what the compiler says; a chain that is taken apart is there layer by layer."""
    paths = {path for path, _ in derived}
    wholes = {path.rpartition(".")[0] for path in paths} - paths
    return [(path, sizes) for path, sizes in seen if path not in wholes] == derived


def tensors_of(output: Any) -> list[Tensor]:
    """The tensors of what a module returns: one, a tuple or a dict of them."""
    if isinstance(output, dict):
        return list(output.values())
    return list(output) if isinstance(output, tuple) else [output]


def size_of(tensor: Tensor) -> tuple[int, ...]:
    """One sample's size."""
    return tuple(tensor.shape[1:])


def count(model: nn.Module) -> tuple[int, int, int]:
    """Parameters, those that are trained, and buffers, as PyTorch counts them: shared ones once."""
    parameters = list(model.parameters())
    return (
        sum(p.numel() for p in parameters),
        sum(p.numel() for p in parameters if p.requires_grad),
        sum(b.numel() for b in model.buffers()),
    )


def agree(program: Program, module: ModuleType, network: Module) -> nn.Module:
    """Build a network and assert that it has the sizes and the parameters that the program says."""
    from cnndsl.analysis import costs

    torch.manual_seed(0)
    model: nn.Module = getattr(module, network.name)().eval()
    same_layers(program, network, model)
    seen, outputs = seen_sizes(model, sample(program, network))
    assert same_sizes(seen, derived_sizes(program, network))
    always = [output for output in network.outputs if not output.training]
    assert outputs == [tuple(value_of(dim) for dim in network.values[output.value]) for output in always]
    cost = costs.of(program, network.id)
    assert count(model) == (cost.parameters, cost.trainable, cost.buffers)
    return model


def same_layers(program: Program, module: Module, part: nn.Module, path: str = "") -> None:
    """Assert that the layers of a module print themselves as those that the program says."""
    for child in module.children:
        where = f"{path}{child.name}"
        if isinstance(child.unit, Use):
            inner = part.get_submodule(child.name)
            same_layers(program, program.modules[child.unit.module], inner, f"{where}.")
        elif not isinstance(child.unit.layer, Learned):
            x = tuple(value_of(dim) for dim in child.unit.x)
            with torch.device("meta"):
                expected = build_layer(child.unit.layer.torch(x))
            found = part.get_submodule(child.name)
            shown, wanted = _shown(found), _shown(expected)
            if "Same(" in shown and "Same(" not in wanted:
                continue  # for any stride it pads itself, where for this one PyTorch can
            assert shown == wanted, f"{where} is {found}, the program says {expected}"


SAME = {"zeros": 0, "ones": 1, "constant": 0}
"""The rules by which all numbers of a tensor are the same, and which number that is."""
Rules = Mapping[tuple[str, str], Initialiser]
"""How a tensor of all layers of a kind begins."""


def same_beginnings(
    program: Program, module: Module, part: nn.Module, path: str = "", around: Rules = MappingProxyType({})
) -> None:
    """Assert that weights begin with the numbers that the program gives, and that what is to be drawn is drawn."""
    rules: Rules = {**around, **{(rule.kind, rule.tensor): rule.initialiser for rule in module.init}}
    for child in module.children:
        where = f"{path}{child.name}"
        if isinstance(child.unit, Use):
            inner = program.modules[child.unit.module]
            same_beginnings(program, inner, part.get_submodule(child.name), f"{where}.", rules)
        elif isinstance(child.unit.layer, Learned):
            _is_own(child.unit.layer, attrgetter(child.name)(part), where)
        elif child.unit.layer.kind != "extern":
            for word in ("weight", "bias"):
                tensor = getattr(part.get_submodule(child.name), word, None)
                if isinstance(tensor, Tensor):
                    _begins(child.unit, word, rules.get((child.unit.layer.kind, word)), tensor, f"{where}.{word}")


def _is_own(layer: Learned, tensor: Tensor, where: str) -> None:
    assert tensor.requires_grad is not isinstance(layer, Fixed), where
    if isinstance(layer, Fixed):
        wanted = torch.tensor(layer.numbers, dtype=tensor.dtype).view(tensor.shape)
        assert torch.equal(tensor, wanted), f"{where} has other numbers"
    elif not isinstance(layer.init, Initialiser):
        assert torch.equal(tensor, torch.full_like(tensor, layer.init)), f"{where} does not begin with {layer.init}"
    elif layer.init.rule in SAME:
        assert torch.equal(tensor, torch.full_like(tensor, _number(layer.init))), f"{where} begins otherwise"


def _number(rule: Initialiser) -> float:
    """Which number all entries begin with, by one of the rules of `SAME`."""
    return float(dict(rule.arguments).get("val", SAME[rule.rule]))


def _begins(leaf: Leaf, word: str, around: Initialiser | None, tensor: Tensor, where: str) -> None:
    rule, numbers = leaf.init.get(word, around), getattr(leaf.weights, word, None)
    is_kept = leaf.weights is not None and numbers is not None and not leaf.weights.trainable
    assert tensor.requires_grad is not is_kept, f"{where} is learned, or should be"
    if numbers is not None:
        assert torch.equal(tensor, torch.tensor(numbers, dtype=tensor.dtype).expand_as(tensor)), where
    elif rule is not None and rule.rule in SAME and not rule.asks_fans:
        assert torch.equal(tensor, torch.full_like(tensor, _number(rule))), f"{where} is not {_number(rule)}"
    elif rule is None and word == "weight" and leaf.layer.kind in ("conv", "conv_transpose", "linear"):
        assert tensor.numel() < 2 or tensor.min() < tensor.max(), f"{where} is not drawn"


def _shown(layer: nn.Module) -> str:
    """How a layer shows itself: also in a chain, which calls its parts plainly, or given a list or a whole number.

    A crop without an end ends at 0.
    """
    shown = re.sub(r"(?<=\d)\.0\b", "", repr(layer).removeprefix("Chained").replace("[", "(").replace("]", ")"))
    return shown.replace("None", "0") if shown.startswith("Crop(") else shown
