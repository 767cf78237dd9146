"""The catalogue: every subclass of `Layer` and of `Operation` in the family files, by its word.

A family is imported when one of its words is first asked for, since a network uses few of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TypeVar

from cnndsl.layers.base import Layer, Parameterised
from cnndsl.layers.operations import Operation

_Kind = TypeVar("_Kind", bound=Parameterised)
LAYER_FAMILIES = {
    "activation": "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish "
    "prelu relu relu6 rrelu selu sigmoid silu softmax softmin softplus softshrink softsign tanh tanhshrink threshold",
    "convolution": "conv conv_transpose",
    "dense": "bilinear embedding linear",
    "dropout": "alpha_dropout dropout dropout_channels stochastic_depth",
    "normalisation": "batchnorm groupnorm instancenorm layernorm local_response_norm rmsnorm",
    "pooling": "adaptive_avgpool adaptive_maxpool avgpool global_avgpool global_maxpool lppool maxpool",
    "resize": "crop pad upsample",
    "sequence": "gru lstm multihead_attention rnn",
    "shape": "flatten permute reshape unflatten",
    "shuffle": "channel_shuffle fold pixel_shuffle pixel_unshuffle unfold",
}
OPERATION_FAMILIES = {
    "arrangement": "chunk expand flip narrow roll select squeeze stack transpose unbind unsqueeze",
    "elementwise": "abs add clamp div exp log maximum minimum mul neg pow reciprocal rsqrt sign sqrt sub",
    "operations": "concat split",
    "products": "attention matmul",
    "reductions": "cumsum max mean min norm normalize std sum var",
    "resize": "crop unflatten upsample",
}
"""The files of this folder with layers and with operations, each with its words."""


class Kinds(Mapping[str, type[_Kind]]):
    """Word of the language -> class, in alphabetical order. A class is imported when it is asked for."""

    def __init__(self, base: type[_Kind], families: Mapping[str, str]) -> None:
        self._base = base
        self._imported: dict[str, type[_Kind]] = {}
        self._families = {word: family for family, words in families.items() for word in words.split()}
        self._words = sorted(self._families)

    def __getitem__(self, word: str) -> type[_Kind]:
        if word not in self._imported:
            import_module(f"cnndsl.layers.{self._families[word]}")
            self._imported = _kinds(self._base)
        return self._imported[word]

    def __contains__(self, word: object) -> bool:
        return word in self._families

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


def _kinds(base: type[_Kind]) -> dict[str, type[_Kind]]:
    """The kinds that are imported by now."""
    found, todo = dict[str, type[_Kind]](), [base]
    for kind in todo:
        todo += kind.__subclasses__()
        if vars(kind).get("example"):  # others have no word of their own: a base, or what `parameter(...)` makes
            found[kind.kind] = kind
    return found


KINDS: Kinds[Layer] = Kinds(Layer, LAYER_FAMILIES)
"""The layers."""
OPERATIONS: Kinds[Operation] = Kinds(Operation, OPERATION_FAMILIES)  # type: ignore[type-abstract]
"""The operations on values. Some have the word of a layer, of which they are a form."""


def _definitions(source: str) -> Iterator[tuple[str, str]]:
    """The classes and functions of a helper, by their names."""
    for part in re.split(r"\n{2,}(?=class |def )", source):
        found = re.match(r"(?:class|def) (\w+)", part)
        if found is None:
            message = f"a helper is classes and functions: {part[:40]!r}"
            raise ValueError(message)
        yield found[1], part.rstrip("\n") + "\n"


@cache
def _helpers() -> dict[str, str]:
    return {name: source for kind in KINDS.values() if kind.helper for name, source in _definitions(kind.helper)}


class Helpers(Mapping[str, str]):
    """Name of a class or function that a generated module may need -> its source, for which all layers are imported."""

    names = (
        "AvgPool1dSame", "AvgPool2dSame", "AvgPool3dSame", "ChainedGRU", "ChainedLSTM", "ChainedMultiheadAttention",
        "ChainedRNN", "ChannelLayerNorm", "ChannelRMSNorm", "Conv1dSame", "Conv2dSame", "Conv3dSame", "Crop",
        "MaxPool1dSame", "MaxPool2dSame", "MaxPool3dSame", "Permute", "Reshape", "StochasticDepth", "pad_same",
        "center_crop", "same_border", "spread",
    )  # fmt: skip

    def __getitem__(self, name: str) -> str:
        return _helpers()[name]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


HELPERS = Helpers()
"""What layers bring of which PyTorch has no class."""
