"""A constructor's arguments beside the same text compiled with the same settings: keys, calls, sizes and values."""

from __future__ import annotations

import inspect
import math
import random
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

import cnndsl
from cnndsl.files import FolderReader, nowhere
from cnndsl.ir.program import Child, Leaf, Module, Program, Use
from cnndsl.layers.operations import Fixed, Learned
from cnndsl.semantics import elaborate
from cnndsl.source import Source
from cnndsl.symbolic.number import value_of
from cnndsl.syntax.parser import parse
from tests.analysis.execute import execute
from tests.compiled import compilation_of, python_of
from tests.running import (
    derived_sizes,
    imported,
    same_beginnings,
    same_layers,
    same_sizes,
    sample,
    seen_sizes,
    tensors_of,
    without_numbers,
)

Keys = list[tuple[str, tuple[int, ...]]]


def keys(program: Program, module: Module, prefix: str = "") -> Iterator[tuple[str, tuple[int, ...]]]:
    """The keys and shapes of a state dictionary, as the program says; PyTorch has own tensors first, buffers last."""
    own = [child for child in module.children if _is_own_tensor(child)]
    own.sort(key=lambda child: isinstance(child.unit, Leaf) and isinstance(child.unit.layer, Fixed))
    for child in [*own, *(child for child in module.children if not _is_own_tensor(child))]:
        if isinstance(child.unit, Use):
            yield from keys(program, program.modules[child.unit.module], f"{prefix}{child.name}.")
            continue
        for tensor in child.unit.layer.tensors(child.unit.x):
            if not tensor.persistent:
                continue
            path = ".".join(filter(None, (f"{prefix}{child.name}", tensor.name)))
            yield path, tuple(value_of(dim) for dim in tensor.shape)


def _is_own_tensor(child: Child) -> bool:
    """Whether it is a tensor of the module itself, and not of a list of such."""
    return isinstance(child.unit, Leaf) and isinstance(child.unit.layer, Learned) and "." not in child.name


def compare(program: Program, network: Module, model: nn.Module, *, runs: bool) -> None:
    """Raise AssertionError where a network is not what the program says."""
    if not any(layer.kind == "extern" for layer in program.externs()):
        assert [(key, tuple(value.shape)) for key, value in model.state_dict().items()] == list(keys(program, network))
    same_layers(program, network, model)
    if not runs:
        return
    same_beginnings(program, network, model)
    given = sample(program, network)
    for training in (True, False):
        seen, _ = seen_sizes(model.train(training), tuple(tensor.clone() for tensor in given))
        assert same_sizes(seen, derived_sizes(program, network, training=training))
        state = {key: value.clone() for key, value in model.state_dict().items()}
        with torch.no_grad():
            torch.manual_seed(0)
            found = tensors_of(model(*(tensor.clone() for tensor in given)))
            model.load_state_dict(state)  # each run in training has another estimate of a spectral norm
            torch.manual_seed(0)
            expected = execute(program, network, model, tuple(tensor.clone() for tensor in given))
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b, equal_nan=True)


WORDS = ("zeros", "reflect", "nearest", "bilinear", "mean", "max")


def others(value: Any, words: Sequence[str] = WORDS) -> list[Any]:
    """Values of a parameter beyond the one that it has; texts are drawn from words."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [each for each in dict.fromkeys([value + 1, value - 1, 2 * value, 1, 0, -1]) if each != value]
    if isinstance(value, float):
        return [value * 1.5, value / 2, 0.25, 0.0, -value]
    if isinstance(value, str):
        return [word for word in words if word != value]
    if isinstance(value, list) and value:
        items = [(*others(item, words), item) for item in value]
        turned = [value[::-1], value[:-1], [], [*value, value[-1]], value[:1] * 3]
        return [*turned, [first for first, *_ in items], [last for *_, last, _ in items]]
    return []


INSTANCE_NORMS = {
    nn.BatchNorm1d: nn.InstanceNorm1d,
    nn.BatchNorm2d: nn.InstanceNorm2d,
    nn.BatchNorm3d: nn.InstanceNorm3d,
}
"""The instance normalisation on as many axes; what is normalised may have others than what a network is given."""


def half_applied(**arguments: Any) -> Callable[[Any], Any]:
    """What is given a half-applied layer that is a default, in place of what that has."""
    return lambda default: partial(default.func, **arguments) if isinstance(default, partial) else None


def untold(layer: Callable[[], nn.Module]) -> Callable[[Any], Any]:
    """A layer that is told no sizes, in place of a default that is told some."""
    return lambda default: (lambda *_sizes: layer()) if inspect.isfunction(default) else layer


LAYERS: dict[str, list[tuple[str, Callable[[Any], Any]]]] = {
    "relu": [("silu", untold(nn.SiLU)), ("leaky_relu(0.3)", untold(partial(nn.LeakyReLU, 0.3)))],
    "batchnorm": [
        ("instancenorm", INSTANCE_NORMS.get),
        ("groupnorm(1)", lambda _: partial(nn.GroupNorm, 1)),
    ],
    "[relu, tanh]": [
        ("[sigmoid]", lambda _: [nn.Sigmoid]),
        ("[]", lambda _: []),
        ("[tanh, leaky_relu(0.3), relu]", lambda _: [nn.Tanh, partial(nn.LeakyReLU, 0.3), nn.ReLU]),
    ],
    "conv(kernel=1)": [("conv(kernel=3, padding=1)", half_applied(kernel_size=3, padding=1))],
    "Inner(size=1)": [("Inner(size=2)", half_applied(size=2))],
}
"""For layers that are defaults others, as the text says them and, beside a default, as a constructor takes them."""


DRAWN = 8
"""So often several parameters of a network are given something else at once, and is that right for the text."""
TRIED = 16
"""So often that is tried."""
LARGEST = 10**8
"""So many numbers a module that is constructed may have, and one of its values."""


def is_small(program: Program, network: Module) -> bool:
    """Whether a network is small enough to be constructed and run: several arguments may make it very large."""
    shapes = [shape for module in program.modules.values() for shape in module.values]
    values = [math.prod(value_of(dim) for dim in shape) for shape in shapes]
    weights = sum(math.prod(shape) for _, shape in keys(program, network))
    return bool(max(weights, *values) <= LARGEST)


def settings(
    text: str, folder: Path | None, network: Module, parameters: Mapping[str, inspect.Parameter]
) -> Iterator[tuple[dict[str, Any], Program | None]]:
    """Arguments of a network beyond those of the text, and the program of these.

    `parameters` are those of the generated constructor.
    """
    head = re.search(rf"^network {network.name}\((.*)\) {{", text, re.MULTILINE)
    defaults = dict(each.split(" = ", 1) for each in _parts(head[1]) if " = " in each) if head else {}
    words = tuple(dict.fromkeys(re.findall(r'"(\w+)"', text))) or WORDS
    choices: dict[str, list[tuple[str | None, Any]]] = {}
    for each in network.parameters:
        if each.name not in parameters:
            continue
        default = parameters[each.name].default
        if "Callable" in annotation(parameters[each.name]):
            layers = [(written, made(default)) for written, made in LAYERS.get(defaults.get(each.name, ""), ())]
            choices[each.name] = [(written, layer) for written, layer in layers if layer is not None]
        else:
            choices[each.name] = [(None, value) for value in others(each.value, words)]

    def chosen(drawn: Mapping[str, tuple[str | None, Any]]) -> tuple[dict[str, Any], Program | None]:
        changed = text
        if head is not None:
            written = {word: f"{word} = {layer}" for word, (layer, _) in drawn.items() if layer is not None}
            made = [written.get(part.partition(" = ")[0], part) for part in _parts(head[1])]
            changed = text.replace(head[0], f"network {network.name}({', '.join(made)}) {{")
        values = {word: value for word, (layer, value) in drawn.items() if layer is None}
        arguments = {
            word: value if layer is not None else argument(value, annotation(parameters[word]))
            for word, (layer, value) in drawn.items()
        }
        return arguments, alone(changed, folder, network, values)

    choices = {word: values for word, values in choices.items() if values}
    drawing = random.Random(text)  # noqa: S311 - not for secrets
    found = 0
    for _ in range(TRIED if len(choices) > 1 else 0):
        made = chosen({word: drawing.choice(values) for word, values in choices.items() if drawing.random() < 0.5})
        found += len(made[0]) > 1 and made[1] is not None
        if len(made[0]) > 1:
            yield made
        if found == DRAWN:
            break
    for word, values in choices.items():
        yield from (chosen({word: value}) for value in values)


def _parts(row: str) -> list[str]:
    """What stands between the commas of a row, and not in brackets."""
    made, depth = [""], 0
    for sign in row:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            made.append("")
        else:
            made[-1] += sign
    return [each.strip() for each in made]


def alone(text: str, folder: Path | None, network: Module, given: Mapping[str, Any]) -> Program | None:
    """The program of one network of a text, with settings; None where it does not work out."""
    file, _ = parse(Source("net.cnn", text))
    reader = nowhere if folder is None else FolderReader(folder)
    return elaborate(file, given, None, reader, only={network.name})[0]


def annotation(parameter: inspect.Parameter) -> str:
    """The type of a parameter, as the generated module writes it."""
    return inspect.formatannotation(parameter.annotation).replace("collections.abc.", "")


def argument(value: Any, kind: str) -> Any:
    """A value as the type of a parameter wants it: the sizes of several axes are tuples, and lists may be."""
    if not isinstance(value, list):
        return value
    items = [argument(item, kind.partition("[")[2]) for item in value]
    return tuple(items) if kind.startswith(("tuple", "Sequence")) else items


def check(text: str | Path, *, runs: bool = True, most: int = 1000) -> Counter[str]:
    """Construct the networks of a text with drawn arguments; how many the compiler took, by the type of argument.

    Raises AssertionError where one is not the text compiled with the same settings.
    """
    folder = None if isinstance(text, str) else text.parent
    compilation = cnndsl.compile(text) if isinstance(text, str) else compilation_of(text)
    program = compilation.program
    assert program is not None
    module = imported(compilation.python() if isinstance(text, str) else python_of(text))
    text = compilation.source.text
    tried: Counter[str] = Counter()
    with warnings.catch_warnings(), torch.device("cpu") if runs else without_numbers():
        warnings.simplefilter("ignore")
        for key in program.networks:
            network = program.modules[key]
            made = getattr(module, network.name)
            if tried.total() == most:
                break  # the networks after it are the same class with other arguments, as those that were tried
            compare(program, network, made(), runs=runs)
            parameters = inspect.signature(made.__init__).parameters
            for given, other in settings(text, folder, network, parameters):
                if other is None:
                    continue
                if runs and not is_small(other, other.network(network.name)):
                    continue
                try:
                    model = made(**given)
                except ValueError as refused:
                    said = r"\w+ is written for |nothing applies |for these arguments there is "
                    assert re.match(said, str(refused))  # noqa: PT017 - it may be constructed
                    continue
                compare(other, other.network(network.name), model, runs=runs)
                tried.update(type(value).__name__ for value in given.values())
                if tried.total() == most:
                    break
    return tried
