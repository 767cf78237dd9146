"""PyTorch's word on a layer: the module that a spelling describes, built and run.

Nothing is executed as text: names are looked up in `torch`, and a template is read as a syntax tree.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn

from cnndsl.layers.base import Code, Layer, Spelling
from cnndsl.layers.formula import Shape, SizeError
from cnndsl.layers.registry import HELPERS

BATCH = 2
REFUSALS = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    ZeroDivisionError,
    AssertionError,
    AttributeError,  # a module such as nn.Conv0d, which does not exist
    UserWarning,  # a warning is no praise either
    SizeError,  # parameters that are too far from the shape to be written down at all
    KeyError,
)
_MODULES = {"nn": nn, "F": F, "torch": torch}


def _helpers() -> dict[str, Any]:
    """The classes that layers bring, as a generated module has them."""
    names: dict[str, Any] = {**_MODULES, "Tensor": torch.Tensor}
    for source in HELPERS.values():
        exec(source, names)  # noqa: S102
    return {name: names[name] for name in HELPERS}


BROUGHT = _helpers()


class BrokenSpelling(Exception):  # noqa: N818 - a finding about the spelling, not PyTorch's refusal
    """A spelling that nobody could write down."""


def look_up(target: str) -> Any:
    """What a spelling's target names."""
    if target in BROUGHT:
        return BROUGHT[target]
    module, _, name = target.partition(".")
    return getattr(_MODULES[module], name)


def _arguments(spelling: Spelling, training: bool) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments, as a reader of the generated source sees them."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for argument in spelling.arguments:
        value = argument.value
        if isinstance(value, Code):
            if value != "self.training":
                raise BrokenSpelling(value)
            value = training
        if argument.required:
            if named:
                raise BrokenSpelling(argument.name)
            positional.append(value)
        elif repr(argument.value) != repr(argument.default):  # 1 is written where the default is 1.0
            named[argument.name] = value
    return positional, named


def build(spelling: Spelling) -> nn.Module:
    """The module that the spelling writes."""
    if spelling.package:
        named = {argument.name: argument.value for argument in spelling.arguments}
        module = getattr(import_module(spelling.package), spelling.target)(**named)
    else:
        positional, named = _arguments(spelling, training=False)
        module = look_up(spelling.target)(*positional, **named)
    if spelling.around:
        module = attrgetter(spelling.around.removeprefix("nn."))(nn)(module)
    if not isinstance(module, nn.Module):
        raise BrokenSpelling(spelling.target)
    return module


def call(spelling: Spelling, x: torch.Tensor, training: bool = False) -> torch.Tensor:
    """The result of the call that the spelling writes, on `x`."""
    if spelling.template is not None:
        values = {argument.name: argument.value for argument in spelling.arguments}
        names = {"x": "x", **{name: repr(value) for name, value in values.items()}}
        result = _evaluate(ast.parse(spelling.template.format(**names), mode="eval").body, x)
    else:
        positional, named = _arguments(spelling, training)
        result = look_up(spelling.target)(x, *positional, **named)
    if not isinstance(result, torch.Tensor):
        raise BrokenSpelling(spelling.target)
    return result


def _evaluate(node: ast.expr | None, x: torch.Tensor) -> Any:
    """The value of the small part of Python that a template is written in."""
    match node:
        case None:
            return None
        case ast.Name("x"):
            return x
        case ast.Subscript(value, index):
            return _evaluate(value, x)[_evaluate(index, x)]
        case ast.Slice(lower, upper, None):
            return slice(_evaluate(lower, x), _evaluate(upper, x))
        case ast.Tuple(items):
            return tuple(_evaluate(item, x) for item in items)
        case ast.Name("F"):
            return F
        case ast.Name("torch"):
            return torch
        case ast.Call(ast.Attribute(value, name), arguments, keywords):
            named = {str(keyword.arg): _evaluate(keyword.value, x) for keyword in keywords}
            return getattr(_evaluate(value, x), name)(*(_evaluate(argument, x) for argument in arguments), **named)
        case _:
            return ast.literal_eval(node)


def taking(layer: Layer, x: Shape) -> Layer:
    """The layer as it is applied to one value of the shape, or to the fewest that it takes."""
    return layer.beside((x,) * (min(layer.takes) - 1))


def applied(module: nn.Module, *xs: torch.Tensor) -> torch.Tensor:
    """What the module of a layer gives, as a person calls it who wants one value."""
    if isinstance(module, nn.MultiheadAttention):
        query, key, value = xs if len(xs) == 3 else xs * 3
        result = module(query, key, value, need_weights=False)
    else:
        result = module(*xs)
    given: torch.Tensor = result[0] if isinstance(result, tuple) else result
    return given


@dataclass(frozen=True)
class Answer:
    """What PyTorch makes of a layer: the shape of one sample, and the tensors of the module if there is one."""

    y: tuple[int, ...]
    state: list[tuple[str, tuple[int, ...], bool]]


def sample(layer: Layer, x: tuple[int, ...], learning: bool = False) -> torch.Tensor:
    """A batch of the shape, of whole numbers for an embedding; with `learning`, one that wants a gradient."""
    generator = torch.Generator().manual_seed(0)
    if layer.kind == "embedding":
        rows = max(layer.num, 1)  # type: ignore[attr-defined]
        return torch.randint(0, rows, (BATCH, *x), generator=generator)
    numbers = torch.randn(BATCH, *x, generator=generator)
    # The clone is no leaf, so that a layer may overwrite it.
    return numbers.requires_grad_().clone() if learning else numbers


def ask(layer: Layer, x: tuple[int, ...]) -> Answer | str:
    """What PyTorch says to the layer on a batch of `x`, in evaluation and in training; the reason where it refuses.

    A warning counts as a refusal, but for that of weights without numbers, and so does a result with another batch.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Initializing zero-element tensors")
        warnings.filterwarnings("error", "dropout option adds dropout after all but last")
        return _ask(layer, x)


def _ask(layer: Layer, x: tuple[int, ...]) -> Answer | str:
    results: list[tuple[int, ...]] = []
    state: list[tuple[str, tuple[int, ...], bool]] = []
    try:
        module = build(layer.torch(x))
        learned = dict(module.named_parameters())
        state = [(name, tuple(t.shape), name in learned) for name, t in module.state_dict().items()]
        for training in (False, True):
            module.train(training)
            values = [sample(layer, x, training) for _ in (x, *layer.others)]
            results.append(tuple(applied(module, *values).shape))
    except REFUSALS as refusal:
        return f"{type(refusal).__name__}: {refusal}"
    if any(result[0] != BATCH for result in results):
        return f"a result of shape {results[0]}"
    if len(set(results)) != 1:
        raise BrokenSpelling(results)
    return Answer(results[0][1:], state)
