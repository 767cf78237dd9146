"""Calls of functions, and what modules have besides their layers: the same in the text, or refused or told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

import cnndsl
from cnndsl.importing import Import, Unreadable, import_module
from tests.importing.test_modules import SAME

MAP = (4, 6, 6)


class Calling(nn.Module):
    """A function of what a convolution gives."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(self.conv(x))


def calling(function: Callable[[Tensor], Any]) -> Import:
    return import_module(Calling(function), [MAP])


def queries(x: Tensor) -> Tensor:
    """Attention with queries, keys and values that are taken apart where the batch was."""
    x = torch.cat([x.flatten(2)] * 3, 1).transpose(1, 2)
    q, k, v = x.reshape(len(x), 36, 3, 4, 2).permute(2, 0, 3, 1, 4)
    weights = (q @ k.transpose(-2, -1)).softmax(-1)
    merged: Tensor = (weights @ v).transpose(1, 2)
    return merged.reshape(len(x), 36, 8)


def anchors(x: Tensor) -> Tensor:
    """Places before anchors, on a map with one place."""
    x = F.adaptive_avg_pool2d(x, 1).view(len(x), 2, 4, 1, 1).permute(0, 3, 4, 1, 2)
    return x.reshape(len(x), -1, 4)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x.flip(2, 3), "flip(it, [2, 3])"),
        (lambda x: torch.flip(x, dims=(3,)), "flip(it, 3)"),
        (lambda x: x.roll(shifts=(-1, 1), dims=(2, 3)), "roll(it, [-1, 1], [2, 3])"),
        (lambda x: x.narrow(1, 0, 4), "narrow(it, 1, 0, 4)"),
        (lambda x: x.select(1, 2), "select(it, 1, 2)"),
        (lambda x: F.normalize(x, p=1, dim=-1), "normalize(it, -1, 1)"),
        (lambda x: torch.norm(x, dim=1, keepdim=True), "norm(it, axis=1, keepdim=true)"),
        (lambda x: torch.linalg.vector_norm(x, 1, (2, 3)), "norm(it, 1, [2, 3])"),
        (lambda x: x.clip(-1, 1), "clamp(it, -1, 1)"),
        (lambda x: x * torch.tensor(0.5), "it * 0.5"),
        (lambda x: x + torch.tensor(0.5, dtype=torch.float64), "it + 0.5"),
        (lambda x: x / torch.tensor(data=2, dtype=x.dtype), "it / 2"),
        (lambda x: x.clamp_min(0.1), "clamp(it, 0.1)"),
        (F.logsigmoid, "logsigmoid(it)"),
        (lambda x: x.mT, "permute([0, 1, 3, 2])"),
        (lambda x: x.movedim(1, -1), "permute([0, 2, 3, 1])"),
        (lambda x: F.unfold(x, 2, stride=2), "unfold(it, 2, stride=2)"),
        (lambda x: F.pad(x, (1, 2)), "pad(it, [1, 2, 0, 0])"),
        (lambda x: F.pad(x, (0, 0, 0, 0)), "padding=1)\n}"),
        (lambda x: F.pad(x, (1, 1, 2, 2), mode="reflect"), 'pad(it, [1, 1, 2, 2], mode="reflect")'),
        (lambda x: F.pad(x, (1, 0, 0, 1), value=0.5), "pad(it, [1, 0, 0, 1], value=0.5)"),
        (
            lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True),
            'upsample(it, scale=2, mode="bilinear", align_corners=true)',
        ),
        (lambda x: F.scaled_dot_product_attention(x, x, value=x, is_causal=True), "attention(it, it, it, causal=true)"),
        (lambda x: torch.maximum(x, x * 2), "maximum(x, it)"),
        (lambda x: torch.min(x, other=x * 2), "minimum(x, it)"),
        (lambda x: x.max(1, keepdim=True).values, "max(it, 1, keepdim=true)"),
        (lambda x: x.std(1, unbiased=False), "std(it, 1, 0)"),
        (lambda x: x.var((2, 3), True), "var(it, [2, 3])"),
        (lambda x: x[:, :2, :, :], "[:, :2]\n"),
        (lambda x: x[..., 1:, :], "[..., 1:, :]\n"),
        (lambda x: x[..., None], "unsqueeze(it, 4)"),
        (lambda x: x.mean((2, 3))[:, :, None, None] * x, "unsqueeze(it, 2)\n    unsqueeze(it, 3)"),
        (lambda x: x[:, 0, None, ..., 1:], "unsqueeze(it, 1)"),
        (queries, " = unbind(it, 2)\n"),
        (anchors, "-> flatten(end=3)"),
        (lambda x: torch.einsum("bchw, bchv -> bcwv", x, x.relu()), "permute(x, [0, 1, 3, 2])\n    it @ relu(x)"),
        (lambda x: torch.hstack([x, x.tanh()]), "concat(it, tanh(it))"),
        (lambda x: torch.stack([x, x.relu(), x.tanh()]).sum(0), "+"),
        (lambda x: torch.stack([x, x.relu()]).mean(dim=0), "it / 2"),
    ],
)
def test_calls(function: Callable[[Tensor], Tensor], words: str) -> None:
    found = calling(function)
    assert str(found.comparison) == SAME, found.text
    assert words in found.text


def _writing(x: Tensor) -> Tensor:
    x[:, :4] = F.relu(x[:, :4])
    return x


def _through_a_view(x: Tensor) -> Tensor:
    half, _ = x.chunk(2, 1)
    return half.mul_(2).mean((2, 3)) + x.mean((1, 2, 3), keepdim=True).flatten(1)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x.mean(0), "mean(...) is no call of the language: mean: axis 0 is the batch"),
        (lambda x: torch.cat([x, x], -4), "concat: axis -4 is the batch"),
        (lambda x: torch.stack([x, x]).amax(0), "stack along the batch is no call of the language"),
        (lambda x: torch.einsum("bchw,bkhw->bck", x, x), "einsum(...) is no call of the language"),
        (lambda x: x.unfold(2, 2, 2), "unfold gives other sizes"),
        (lambda x: F.pad(x, (0, 0, 0, 0, 2, 2)), "padding has 6 numbers, and a map of 6 x 6 has 4 sides"),
        (lambda x: x.permute(1, 0, 2, 3).relu(), "permute needs every axis of batch x 8 x 6 x 6 once, the batch first"),
        (F.dropout, "dropout is random in evaluation too: give it training=self.training"),
        (
            lambda x: x * torch.tensor([0.5, 2.0]).repeat(3),
            "tensor(...) is no call of the language: let the module hold it",
        ),
        (lambda x: x * torch.tensor(True), "tensor(...) is no call of the language"),
        (lambda x: 2**x, "the exponent of ** is a tensor, and in a text a number"),
        (lambda x: x.exp() ** x, "the exponent of ** is a tensor, and in a text a number"),
        (lambda x: x.mean((1, 2, 3), keepdim=True).view(-1), "view leaves no axis but the batch"),
        (lambda x: torch.linalg.norm(x, dim=(2, 3)), "linalg_norm without an axis"),
        (lambda x: x.double(), "double(...) is no call"),
        (lambda x: x[0], "x[0] takes samples of the batch"),
        (lambda x: x.transpose(0, 1), "transpose: axis 0 is the batch"),
        (lambda x: x.clamp(x * 0, x), "clamp with {'min': 'a tensor', 'max': 'a tensor'} is no call of the language"),
        (lambda x: x.amax(), "amax with no arguments is no call"),
        (lambda x: F.max_pool2d(x, 2, return_indices=True)[0], "max_pool2d_with_indices(...) is no call"),
        (lambda x: F.leaky_relu(F.softplus(x, 1, 20), -3.0, inplace=True).to(torch.float64), "to changes the type"),
        (lambda x: torch.add(x, x, alpha=2), "add with {'alpha': 2} is no operator of the language"),
        (lambda x: torch.cat([*x.chunk(2)]), "chunk along the batch is no call"),
        (lambda x: x.reshape(-1, 6), "reshape from [2, 8, 6, 6] to [96, 6] mixes the batch with other axes"),
        (lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear", antialias=True), "interpolate(antialias=True)"),
        (lambda x: F.pad(x, (-1, 1)), "pad with numbers below 0 is no call"),
        (lambda x: x[:, [0, 2]], "x[(slice(None, None, None), [0, 2])] is no call"),
        (_writing, "a value is used again of which a part was overwritten"),
        (_through_a_view, "a value is used again of which a part was overwritten"),
    ],
)
def test_what_is_no_call(function: Callable[[Tensor], Any], words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        calling(function)
    assert words in str(refused.value)


class Widths(nn.Module):
    """A list of layers, of which one has a kernel of its own; a factor; and a padding that is a number or a word."""

    def __init__(self, kernel: int, factor: float, padding: int | str) -> None:
        super().__init__()
        self.rows = nn.ModuleList([nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, kernel, padding=kernel // 2)])
        self.conv = nn.Conv2d(4, 4, 3, padding=padding)
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(torch.cat([row(x) for row in self.rows], 1)) * self.factor
        return y


def test_what_differs_in_blocks_is_a_parameter() -> None:
    found = import_module(nn.Sequential(Widths(3, 0.5, 1), Widths(5, 0.25, "same")), [MAP])
    assert str(found.comparison) == SAME, found.text
    assert "rows = [conv(2, 1), conv(2, kernel, padding=kernel // 2)]" in found.text
    assert 'conv(4, 3, padding="same")' in found.text
    assert "it * factor" in found.text
    assert '"1": Widths(5, 0.25)' in found.text


def test_layers_with_a_norm_of_their_weight() -> None:
    norms = nn.utils.parametrizations
    module = nn.Sequential(norms.weight_norm(nn.Conv2d(4, 4, 3)), norms.spectral_norm(nn.Conv2d(4, 2, 1)))
    found = import_module(module, [MAP])
    assert str(found.comparison) == SAME
    assert '"0": conv(4, 3, weight_norm=true)\n    "1": conv(2, 1, spectral_norm=true)' in found.text


class Weighing(nn.Module):
    """A parameter whose axes are not counted as those of a value, where the batch is axis 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(6, 6))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.mean(1, keepdim=True)


def test_an_axis_of_a_parameter_is_none_of_a_value() -> None:
    with pytest.raises(Unreadable, match="mean of a tensor without a batch is no call of the language"):
        import_module(Weighing(), [MAP])


def test_the_other_half_may_be_overwritten() -> None:
    def function(x: Tensor) -> Tensor:
        half, other = x.chunk(2, 1)
        return torch.cat([F.relu_(half), other], 1)

    assert str(calling(function).comparison) == SAME


@pytest.mark.parametrize(
    ("function", "remarks"),
    [
        (lambda x: {"a": x, "b": x + 1}, 0),
        (lambda x: [x, x + 1], 0),
        (lambda x: {"0": x, "1": x + 1}, 1),
        (lambda x: (x, None, x.shape[2]), 1),
        (lambda x: (x, [x + 1, x + 2]), 1),
    ],
)
def test_what_is_given_in_another_form_is_told(function: Callable[[Tensor], Any], remarks: int) -> None:
    found = calling(function)
    assert str(found.comparison) == SAME
    assert len(found.remarks) == remarks


class conv(nn.Module):  # noqa: N801 - as people write it
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(inputs, outputs, 3), nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class Crop(nn.Module):
    """It has the name of a class that generated modules bring."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y[:, :, 1:-1, 1:-1]


def test_classes_with_names_that_a_text_cannot_give() -> None:
    found = import_module(nn.Sequential(conv(3, 8), Crop()), [(3, 8, 8)])
    assert str(found.comparison) == SAME
    assert "block Conv {" in found.text
    assert "block Crop2 {" in found.text


def test_names_stay_in_a_text_that_is_imported_again() -> None:
    text = calling(lambda x: x + x.tanh() * 2).text
    assert "conv: conv(8, 3, padding=1) as x\n" in text
    again = import_module(cnndsl.compile(text).load()(), [MAP])
    assert again.text == text


class Shared(nn.Module):
    """Layers under two names, one of them with a hook, and weights that are not learned."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.net = nn.Sequential(self.first, nn.ReLU(), self.second)
        self.first.register_forward_hook(lambda *_: None)
        self.second.bias.requires_grad_(False)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(x)
        return y * y.mean(1, keepdim=True).detach()


def test_what_a_text_has_not_is_told() -> None:
    found = import_module(nn.Sequential(Shared()), [(3, 8, 8)])
    assert "net: { conv(4, 3) -> relu -> conv(4, 3) }" in found.text
    assert str(found.comparison).startswith("only in the original: 0.first.weight, 0.first.bias")
    assert found.remarks == (
        "0.second.bias are learned in the text, and not in the original",
        "Conv2d (0.first) has hooks, which are left out",
        "0.first and 0.net.0 are one layer, and have one name in the text, and so are 1 more",
        "detach() is left out, so that gradients flow where they did not",
    )


def test_a_chain_with_a_layer_twice_is_refused() -> None:
    layer = nn.Conv2d(3, 3, 3)
    with pytest.raises(Unreadable, match=r"Sequential \(0\) applies 0 twice"):
        import_module(nn.Sequential(nn.Sequential(layer, nn.ReLU(), layer)), [(3, 8, 8)])


class Twice(nn.Module):
    """A layer without state that is applied twice on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.drop, self.conv2 = nn.Conv2d(4, 8, 1), nn.Dropout(0.1), nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x).transpose(2, 3)
        return self.drop(self.conv2(self.drop(x)))  # type: ignore[no-any-return]


def test_a_name_is_known_from_the_next_line_on() -> None:
    found = import_module(Twice(), [MAP])
    assert str(found.comparison) == SAME
    assert "-> drop: dropout(0.1) -> conv2: conv(4, 1)\n    drop\n" in found.text


class Biased(nn.Module):
    """A layer is applied to a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 4)
        self.places = nn.Buffer(torch.rand(5, 2))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.linear(self.places).T  # type: ignore[no-any-return]


def test_a_layer_that_is_given_no_value_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"Linear \(linear\) is given no value, but a tensor of a module"):
        import_module(Biased(), [(3, 4)])


class Upward(nn.Module):
    """It says how large the output of a layer is, which has no word."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 4, 3, 2, 1), nn.ConvTranspose2d(4, 3, 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(self.down(x), output_size=x.shape)  # type: ignore[no-any-return]


def test_a_layer_that_gives_other_sizes_is_refused() -> None:
    with pytest.raises(
        Unreadable, match=r"ConvTranspose2d\(...\) is no call of the language: conv_transpose gives other"
    ):
        import_module(Upward(), [(3, 6, 6)])


class Centres(nn.Module):
    """Distances to learned points, which are written as large as what they are subtracted from."""

    def __init__(self) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.rand(5, 8))

    def forward(self, x: Tensor) -> Tensor:
        near = (x.unsqueeze(1) - self.centres.unsqueeze(0)).abs().amax(-1)
        return torch.cat([near, (x.unsqueeze(1) * (self.centres * 2).unsqueeze(0)).sum(-1)], 1)


def test_a_parameter_that_only_gets_an_axis_for_the_batch_stays_as_it_is() -> None:
    found = import_module(Centres(), [(8,)])
    assert str(found.comparison) == SAME, found.text
    assert "unsqueeze(input, 1) - centres" in found.text
    assert "it * (centres * 2)" in found.text
    assert "reshape" not in found.text


class Large(nn.Module):
    """A buffer with more numbers than a text should have."""

    places: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("places", torch.rand(10, 10))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.places


def test_a_large_buffer_is_refused_with_its_size() -> None:
    with pytest.raises(Unreadable, match="the buffer places has 100 numbers, a text at most 64 of one"):
        import_module(Large(), [(10, 10)])


class Policy(nn.Module):
    """It gives a deviation that it has learned beside the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.deviation = nn.Linear(8, 2), nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.mean(x)
        return x, self.deviation.exp().expand_as(x)


def test_what_a_network_gives_is_not_made_of_parameters_alone() -> None:
    with pytest.raises(Unreadable, match="it gives a tensor that is made of parameters alone"):
        import_module(Policy(), [(8,)])


class _Sliced(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.ReLU())
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        early = self.features[:2](x)
        return self.head(early), self.features[2:](early)


def test_a_slice_of_a_sequential_is_called() -> None:
    found = import_module(_Sliced(), [(3, 8, 8)])
    assert str(found.comparison) == "same keys, same outputs (0.0)", found.text


class _Word(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.add_module("class", nn.Conv2d(3, 4, 3))
        self.add_module("torch", nn.Conv2d(4, 4, 3))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


def test_a_layer_that_is_called_as_a_word_of_python() -> None:
    found = import_module(_Word(), [(3, 8, 8)])
    assert str(found.comparison) == "same keys, same outputs (0.0)", found.text


class _Unread(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU()

    def forward(self, x: Tensor, _other: Tensor) -> Tensor:
        y: Tensor = self.act(x)
        return y


class _Beside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.unread = _Unread()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.unread(x, self.conv(x))
        return y


def test_a_block_that_does_not_read_a_value() -> None:
    found = import_module(_Beside(), [(3, 8, 8)])
    assert "relu" in found.text


class _Rows(nn.Module):
    """A parameter of these sizes, made rows for each sample of a batch."""

    def __init__(self, sizes: tuple[int, ...], rows: Callable[[Tensor, int], Tensor]) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.randn(sizes))
        self.linear = nn.Linear(8, 4)
        self.function = rows

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(torch.cat((self.function(self.rows, len(x)), x), 1))
        return y


@pytest.mark.parametrize(
    ("sizes", "rows"),
    [
        ((3, 8), lambda p, batch: p.expand(batch, -1, -1)),
        ((1, 8), lambda p, batch: p.expand(batch, 3, 8)),
        ((1, 3, 8), lambda p, batch: p.expand(batch, -1, -1)),
        ((3, 8), lambda p, batch: p.unsqueeze(0).repeat(batch, 1, 1)),
        ((1, 1, 8), lambda p, batch: p.repeat(batch, 2, 1)),
        ((1, 8), lambda p, batch: p.repeat(batch, 1, 1)),
    ],
)
def test_a_parameter_gets_the_batch_of_what_flows(
    sizes: tuple[int, ...], rows: Callable[[Tensor, int], Tensor]
) -> None:
    found = import_module(_Rows(sizes, rows), [(5, 8)])
    assert str(found.comparison) == "same keys, same outputs (0.0)", found.text


def test_values_are_repeated_along_axes_of_size_1() -> None:
    found = calling(lambda x: x + x.mean((2, 3), keepdim=True).repeat(1, 1, 6, 6))
    assert "expand(it, [-1, 6, 6])" in found.text
    assert str(found.comparison) == "same keys, same outputs (0.0)"
    with pytest.raises(Unreadable, match=r"repeat of an axis that has not the size 1, \[1, 1, 2, 1\]"):
        calling(lambda x: x.repeat(1, 1, 2, 1))
