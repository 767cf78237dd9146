"""What every layer kind says of itself: words for the reference, spellings for the generated code."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from torch import nn

from cnndsl.compiler import compile_source
from cnndsl.layers.base import Code, Layer, Spelling
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.source import Source
from tests.layers.oracle import look_up, taking

SHAPES: dict[int, tuple[int, ...]] = {1: (12,), 2: (12, 12), 3: (12, 12, 12), 4: (12, 12, 12, 12)}
REQUIRED: dict[str, dict[str, Any]] = {
    "crop": {"margins": 1},
    "fold": {"size": [4, 5]},
    "permute": {"order": [0, 1, 2, 3]},
    "reshape": {"sizes": [12, 144]},
    "stochastic_depth": {"p": 0.5},
    "unflatten": {"axis": 1, "sizes": [3, 4]},
    "upsample": {"scale": 2},
}


def made(kind: type[Layer], **arguments: Any) -> Layer:
    """A layer with 2 for whatever it asks for, unless it asks for more than a number."""
    needed = {p.name: 2 for p in kind.parameters() if p.required}
    return taking(kind(**{**needed, **REQUIRED.get(kind.kind, {}), **arguments}), SHAPES[3])


def written(spelling: Spelling | None) -> str:
    """The call as a reader sees it, arguments at their default left out."""
    assert spelling is not None
    parts = [
        f"{a.value!r}" if a.required else f"{a.name}={a.value if isinstance(a.value, Code) else repr(a.value)}"
        for a in spelling.arguments
        if a.required or a.value != a.default
    ]
    return f"{spelling.target}({', '.join(parts)})"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_documented(kind: type[Layer]) -> None:
    doc = inspect.getdoc(kind)
    assert doc
    assert doc != inspect.getdoc(Layer)
    assert doc.split("\n")[0][0].isupper()
    for parameter in kind.parameters():
        assert parameter.takes
        assert parameter.description
        assert not parameter.description.endswith("."), parameter.name


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_example_compiles_and_uses_its_kind(kind: type[Layer]) -> None:
    compilation = compile_source(Source("example.cnn", f"network Example {{\n    {kind.example}\n}}\n"))
    assert compilation.diagnostics == ()
    assert kind.kind in kind.example.replace("(", " ").split()
    assert kind.example.startswith("input(")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_defaults_are_pytorchs(kind: type[Layer]) -> None:
    """A default that is left out of the spelling must be what PyTorch does without it."""
    layer = made(kind)
    x = SHAPES[3]
    if layer.flattens(x):
        x = SHAPES[1]
    spelling = layer.torch(x)
    target = look_up(spelling.target)
    if issubclass(target, nn.RNNBase):  # whose own constructors take any arguments
        target = nn.RNNBase
        spelling = replace(spelling, arguments=tuple(a for a in spelling.arguments if a.name != "nonlinearity"))
    own = inspect.signature(target.__init__).parameters
    if any(at.kind is at.VAR_POSITIONAL for at in own.values()):
        assert all(argument.required for argument in spelling.arguments)
        return
    for argument in spelling.arguments:
        assert argument.name in own, argument.name
        # A stride that is left out is the kernel; PyTorch's None for align_corners does what False does.
        if not argument.required and argument.name not in ("stride", "align_corners"):
            assert own[argument.name].default == argument.default, argument.name
    order = [name for name in own if name in {a.name for a in spelling.arguments}]
    assert [a.name for a in spelling.arguments] == order


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_layer_goes_to_json_and_back(kind: type[Layer]) -> None:
    layer = made(kind)
    text = layer.model_dump_json()
    assert kind.model_validate_json(text) == layer
    assert json.loads(text)["kind"] == kind.kind
    with pytest.raises(ValidationError):
        kind.model_validate(json.loads(text) | {"kind": "another"})


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.module], ids=lambda kind: kind.kind)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_pictures_name_real_modules(kind: type[Layer], rank: int) -> None:
    assert hasattr(nn, kind.module_name(rank))


def test_layers_of_the_language() -> None:
    """The words that the language promises; a kind that is not there has no module in `torch.nn`."""
    promised = """
        conv conv_transpose
        maxpool avgpool lppool adaptive_avgpool adaptive_maxpool global_avgpool global_maxpool
        batchnorm instancenorm groupnorm layernorm local_response_norm
        dropout dropout_channels alpha_dropout stochastic_depth
        relu relu6 leaky_relu prelu rrelu elu celu selu gelu silu mish hardswish hardsigmoid hardtanh
        sigmoid tanh softplus softsign softmax log_softmax glu
        flatten unflatten reshape permute pad upsample pixel_shuffle pixel_unshuffle channel_shuffle crop
        linear embedding
    """
    assert set(promised.split()) <= set(KINDS)


@pytest.mark.parametrize(
    ("kind", "arguments", "x", "text"),
    [
        ("conv", {"channels": 8, "kernel": 5}, (3, 32, 32), "nn.Conv2d(3, 8, 5)"),
        ("conv", {"channels": 8, "kernel": 5}, (1, 16_000), "nn.Conv1d(1, 8, 5)"),
        (
            "conv",
            {"channels": 8, "kernel": [3, 1], "padding": "same"},
            (3, 8, 8),
            "nn.Conv2d(3, 8, (3, 1), padding='same')",
        ),
        (
            "conv_transpose",
            {"channels": 3, "kernel": 2, "stride": 2},
            (8, 4, 4),
            "nn.ConvTranspose2d(8, 3, 2, stride=2)",
        ),
        ("maxpool", {"kernel": 2, "stride": 2}, (8, 28, 28), "nn.MaxPool2d(2)"),
        ("maxpool", {"kernel": 3, "stride": 2, "padding": 1}, (8, 28, 28), "nn.MaxPool2d(3, stride=2, padding=1)"),
        ("lppool", {"norm": 2, "kernel": [3]}, (8, 28), "nn.LPPool1d(2, 3)"),
        ("lppool", {"norm": 2, "kernel": 3, "stride": 3}, (8, 28, 28), "nn.LPPool2d(2, 3, stride=3)"),
        ("adaptive_avgpool", {"size": [2, 3]}, (8, 7, 7), "nn.AdaptiveAvgPool2d((2, 3))"),
        ("global_avgpool", {}, (8, 7, 7), "nn.AdaptiveAvgPool2d(1)"),
        ("batchnorm", {}, (8, 7, 7), "nn.BatchNorm2d(8)"),
        ("batchnorm", {}, (8,), "nn.BatchNorm1d(8)"),
        ("groupnorm", {"groups": 4}, (8, 7, 7), "nn.GroupNorm(4, 8)"),
        ("layernorm", {}, (8, 7, 7), "nn.LayerNorm([8, 7, 7])"),
        ("layernorm", {"axis": -1}, (8, 7), "nn.LayerNorm(7)"),
        ("layernorm", {"axis": "channels"}, (8, 7, 7), "ChannelLayerNorm(8)"),
        ("layernorm", {"axis": "channels"}, (8,), "nn.LayerNorm(8)"),
        ("stochastic_depth", {"p": 0.1, "mode": "batch"}, (8, 7, 7), "StochasticDepth(0.1, mode='batch')"),
        ("dropout", {}, (8,), "nn.Dropout(0.5)"),
        ("dropout_channels", {"p": 0.2}, (8, 7), "nn.Dropout1d(0.2)"),
        ("relu", {"inplace": True}, (8,), "nn.ReLU(inplace=True)"),
        ("leaky_relu", {"slope": 0.2}, (8,), "nn.LeakyReLU(negative_slope=0.2)"),
        ("softmax", {}, (8,), "nn.Softmax(dim=1)"),
        ("glu", {}, (8,), "nn.GLU()"),
        ("flatten", {}, (8, 5, 5), "nn.Flatten()"),
        ("unflatten", {"axis": 1, "sizes": [2, 4]}, (8,), "nn.Unflatten(1, (2, 4))"),
        ("pad", {"padding": [1, 2]}, (8, 5), "nn.ZeroPad1d((1, 2))"),
        ("pad", {"padding": 3, "mode": "reflect"}, (8, 5, 5), "nn.ReflectionPad2d(3)"),
        ("pad", {"padding": 3, "value": 0.5}, (8, 5, 5), "nn.ConstantPad2d(3, 0.5)"),
        ("upsample", {"scale": 2}, (8, 5, 5), "nn.Upsample(scale_factor=2)"),
        ("linear", {"features": 10}, (256,), "nn.Linear(256, 10)"),
        ("linear", {"features": 10, "bias": False}, (256,), "nn.Linear(256, 10, bias=False)"),
        ("embedding", {"num": 100, "features": 8}, (20,), "nn.Embedding(100, 8)"),
    ],
)
def test_modules_are_written_as_by_hand(kind: str, arguments: dict[str, Any], x: tuple[int, ...], text: str) -> None:
    assert written(KINDS[kind](**arguments).torch(x)) == text


@pytest.mark.parametrize(
    ("kind", "arguments", "x", "text"),
    [
        ("maxpool", {"kernel": 2, "stride": 2}, (8, 28, 28), "F.max_pool2d(2)"),
        ("dropout", {}, (8,), "F.dropout(0.5, training=self.training)"),
        ("alpha_dropout", {"p": 0.1}, (8,), "F.alpha_dropout(0.1, training=self.training)"),
        ("relu", {}, (8,), "F.relu()"),
        ("sigmoid", {}, (8,), "torch.sigmoid()"),
        ("flatten", {}, (8, 5, 5), "torch.flatten(1)"),
        ("permute", {"order": [0, 2, 3, 1]}, (8, 5, 5), "torch.permute((0, 2, 3, 1))"),
        ("reshape", {"sizes": [4, 2]}, (8,), "torch.reshape((-1, 4, 2))"),
        ("pad", {"padding": 1, "mode": "circular"}, (8, 5, 5), "F.pad((1, 1, 1, 1), mode='circular')"),
    ],
)
def test_calls_are_written_as_by_hand(kind: str, arguments: dict[str, Any], x: tuple[int, ...], text: str) -> None:
    assert written(KINDS[kind](**arguments).function(x)) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"margins": 2}, "{x}[:, :, {top}:{bottom}, {left}:{right}]"),
        ({"margins": [0, 1, 2, 0]}, "{x}[:, :, {top}:, :{right}]"),
        ({"size": 4}, "{x}[:, :, {top}:{bottom}, {left}:{right}]"),
    ],
)
def test_crop_is_a_slice(arguments: dict[str, Any], text: str) -> None:
    spelling = KINDS["crop"](**arguments).function((3, 8, 8))
    assert spelling is not None
    assert spelling.template == text


@pytest.mark.parametrize(
    ("kind", "name", "role"),
    [
        ("conv", "channels", "count"),
        ("linear", "features", "count"),
        ("dropout", "p", "free"),
        ("batchnorm", "eps", "free"),
        ("conv", "kernel", "fixed"),
        ("conv", "padding_mode", "fixed"),
    ],
)
def test_roles_say_what_a_parameter_decides(kind: str, name: str, role: str) -> None:
    (parameter,) = [p for p in KINDS[kind].parameters() if p.name == name]
    assert parameter.role == role


def test_parameters_stand_in_the_order_of_their_positions() -> None:
    conv = KINDS["conv"].parameters()
    assert [p.name for p in conv] == [
        *("channels", "kernel", "stride", "padding", "dilation", "groups", "bias", "padding_mode"),
        *("weight_norm", "spectral_norm"),
    ]
    assert [p.name for p in conv if p.required] == ["channels", "kernel"]
    assert conv[2].default == 1


@pytest.mark.parametrize(
    ("kind", "arguments", "x", "words"),
    [
        ("conv", {"channels": 8, "kernel": 5}, (3, 32, 32), "8 filters, 5×5"),
        (
            "conv",
            {"channels": 8, "kernel": 3, "stride": 2, "padding": 1},
            (3, 8, 8),
            "8 filters, 3×3, stride 2, padding 1",
        ),
        ("conv", {"channels": 8, "kernel": 3, "groups": 8}, (8, 9, 9), "8 filters, 3×3, depthwise"),
        ("maxpool", {"kernel": 2}, (8, 8, 8), "2×2"),
        ("maxpool", {"kernel": 3, "stride": 2, "padding": 1}, (8, 8), "kernel 3, stride 2, padding 1"),
        ("linear", {"features": 10}, (256,), "10 outputs"),
        ("dropout", {}, (256,), "p = 0.5"),
        ("upsample", {"scale": 2}, (8, 4, 4), "×2, nearest"),
        ("relu", {}, (8,), ""),
    ],
)
def test_words_for_people(kind: str, arguments: dict[str, Any], x: tuple[int, ...], words: str) -> None:
    assert KINDS[kind](**arguments).words(x) == words


def test_what_has_no_annotation_is_known_of_every_layer() -> None:
    """A parameter without its type would be a fact of its class that nothing asks for."""
    for kind in [*KINDS.values(), *OPERATIONS.values()]:
        known = {name for base in kind.__mro__[1:] for name in (*vars(base), *vars(base).get("__annotations__", ()))}
        for name, value in vars(kind).items():
            if not name.startswith(("_", "model_")) and isinstance(value, (str, bool, tuple, dict)):
                assert name in known, f"{kind.__name__}.{name}"
