"""What libraries of networks do, each in a few lines: the text is the same network, or says what it lacks."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from cnndsl.importing import import_module
from cnndsl.importing.body import Single
from cnndsl.importing.stages import Writer
from tests.importing.test_modules import MAP, SAME, imported


def test_normalisations_that_learn_nothing() -> None:
    norms = nn.InstanceNorm2d(4), nn.BatchNorm2d(4, affine=False), nn.GroupNorm(2, 4, affine=False)
    found = imported(nn.Sequential(nn.Conv2d(3, 4, 3), *norms), MAP)
    assert '"1": instancenorm -> "2": batchnorm(affine=false) -> "3": groupnorm(2, affine=false)' in found.text


class Static(nn.Conv2d):
    """The border that TensorFlow adds, worked out where the class is made."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, size: int) -> None:
        super().__init__(inputs, outputs, kernel, stride, bias=False)
        border = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        sides = (border // 2, border - border // 2)
        self.border = nn.ZeroPad2d((*sides, *sides)) if border else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(self.border(x), self.weight, self.bias, self.stride, self.padding)


def test_a_border_that_a_class_has_worked_out() -> None:
    text = imported(nn.Sequential(Static(3, 4, 3, 2, 16), Static(4, 4, 3, 1, 8)), MAP).text
    assert '"0": conv(4, 3, 2, padding="same", bias=false)' in text


class Dropping(nn.Conv2d):
    """What it does in training alone comes before what it inherits."""

    def __init__(self) -> None:
        super().__init__(3, 4, 3)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.drop(x))


def test_a_part_that_acts_in_training_is_not_left_out_unsaid() -> None:
    assert not import_module(nn.Sequential(Dropping(), nn.ReLU()), [MAP]).comparison.is_same


class Gate(nn.Module):
    """Dense layers of several sizes in a class, on what has no places any more."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(features, features // 4), nn.Linear(features // 4, features)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.up(torch.relu(self.down(x)))
        return y


def test_dense_layers_in_a_block_follow_from_its_features() -> None:
    text = imported(nn.Sequential(Gate(8), nn.Linear(8, 16), Gate(16)), (8,)).text
    assert "down: linear(input.features // 4)" in text


class Widening(nn.Module):
    """An activation is applied first where only some of the class do it, and then by all."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.widens = inputs != hidden
        if self.widens:
            self.widen = nn.Conv2d(inputs, hidden, 1)
        self.conv, self.act = nn.Conv2d(hidden, hidden, 3, padding=1), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        if self.widens:
            x = self.act(self.widen(x))
        y: Tensor = self.act(self.conv(x))
        return y


def test_a_layer_that_is_first_applied_under_a_condition() -> None:
    assert "act " in imported(nn.Sequential(Widening(3, 6), Widening(6, 6)), MAP).text


class Staged(nn.Sequential):
    """A stage has one name, whether it is a layer or a block."""

    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        self.add_module("middle", middle)
        self.add_module("drop", nn.Dropout(0.1))
        self.add_module("act", nn.ReLU())


def test_stages_of_one_name_that_are_a_layer_and_a_block() -> None:
    imported(nn.Sequential(Staged(nn.BatchNorm2d(4)), Staged(Widening(4, 4))), (4, 8, 8))


class Encoder(nn.Module):
    """It gives several values, and has a layer that nothing goes through."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = (nn.Conv2d(3, 3, 3) for _ in range(3))

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.first(x)
        return [x, self.second(x)]


class Around(nn.Module):
    """A network around it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.encoder(x)[-1]
        return y.tanh()


def test_a_layer_inside_that_nothing_goes_through_is_left_out_and_told() -> None:
    found = import_module(Around(), [MAP])
    assert str(found.comparison) == "only in the original: encoder.third.weight, encoder.third.bias"
    assert found.remarks == ("Conv2d (encoder.third) is never used, and left out",)


class Noisy(nn.Module):
    """Noise in training, for which the language has no words."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            x = x + torch.randn_like(x)
        y: Tensor = self.conv(x)
        return y


def test_what_cannot_be_said_of_training_is_left_out_and_told() -> None:
    found = import_module(Noisy(), [MAP])
    assert str(found.comparison).startswith("same keys, outputs differ in training by ")
    reason = "in Noisy: randn_like(...) is no call of the language"
    assert found.remarks == (f"what it does in training is left out: {reason}",)


class Strict(nn.Module):
    """It can be trained on larger maps alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.aid = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 15)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = self.conv(x)
        return (x, self.aid(x)) if self.training else x


def test_a_network_that_cannot_be_trained_on_its_input() -> None:
    found = import_module(Strict(), [MAP])
    assert str(found.comparison) == "only in the original: aid.weight, aid.bias"
    told = "it does not run in training, of which the text has nothing: RuntimeError: Calculated padded input size"
    assert found.remarks[0].startswith(told)
    assert str(import_module(Strict(), [(3, 20, 20)]).comparison) == SAME


class Rearranged(nn.Module):
    """As a layer of einops: what it gives has another axis than the batch in front."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), x.shape[1], 3, 2, -1).permute(2, 0, 3, 1, 4)


class Attention(nn.Module):
    """Queries, keys and values that a part without weights takes apart."""

    def __init__(self) -> None:
        super().__init__()
        self.project, self.apart = nn.Linear(8, 24), Rearranged()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.apart(self.project(x))
        return ((y[0] @ y[1].mT).softmax(-1) @ y[2]).transpose(1, 2).flatten(2)


def test_a_part_that_gives_what_the_language_has_not_is_done_where_it_stands() -> None:
    assert "[:, :, 0]" in imported(Attention(), (5, 8)).text


def test_layers_that_find_their_sizes_in_the_first_run() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that lazy layers are new, which they were in 2021
        module = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5))
    text = imported(module, MAP).text
    assert '"0": conv(4, 3) -> "1": batchnorm -> "2": flatten\n    "3": linear(classes)' in text


class Listing(nn.Module):
    """Layers in a list that is called like a kind of them, and others in one that may be empty."""

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        self.conv = nn.ModuleList([nn.Conv2d(channels, 2, 1), nn.Conv2d(2, 2, 1)])
        self.acts = nn.ModuleList([nn.LeakyReLU(0.1) for _ in range(count)])

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv[0](x)
        if len(self.acts) > 0:
            x = self.acts[0](x)
        y = self.conv[1](x)
        if len(self.acts) > 0:
            y = self.acts[1](y)
        return torch.cat((x, y), 1)


def test_lists_of_layers_that_are_called_like_a_kind_or_may_be_empty() -> None:
    text = imported(nn.Sequential(Listing(3, 0), Listing(4, 2)), MAP).text
    assert "conv = [conv(2, 1), conv(2, 1)]" in text
    assert "concat(it, it -> conv[1] -> if has_acts { acts[1] })" in text


def test_many_equal_layers_of_a_chain_are_not_written_for_each_number_of_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Single] = []
    stage = Writer._single

    def counted(writer: Writer, part: Single) -> str:
        written.append(part)
        return stage(writer, part)

    monkeypatch.setattr(Writer, "_single", counted)
    found = imported(nn.Sequential(nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(40))), nn.ReLU()), MAP)
    assert "conv(3, 1) * 40" in found.text
    assert len(written) < 40 * 40


class Conditional(nn.Module):
    """It asks whether this is training before it drops anything."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv, self.drop = nn.Conv2d(channels, 4, 3), nn.Dropout2d(0.3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.training:
            x = F.dropout(self.drop(x), 0.1)
        return x + x.relu()


def test_dropout_that_is_called_in_training_alone() -> None:
    text = imported(nn.Sequential(Conditional(3), Conditional(4)), MAP).text
    assert "drop: dropout_channels(0.3)" in text
    assert "dropout(it, 0.1)" in text or "dropout(0.1)" in text


class Aided(nn.Module):
    """A head in training alone, and dropout that is called in training alone, on one or both of the ways."""

    def __init__(self, forward: Callable[[Aided, Tensor], Any]) -> None:
        super().__init__()
        self.conv, self.head, self.aid = nn.Conv2d(3, 4, 3), nn.Linear(4, 2), nn.Linear(4, 2)
        self.drop = nn.Dropout(0.2)
        self.rest = forward

    def forward(self, x: Tensor) -> Any:
        return self.rest(self, torch.relu(self.conv(x)).mean((2, 3)))


@pytest.mark.parametrize(
    ("forward", "lines"),
    [
        (
            lambda m, x: (m.head(F.dropout(x, 0.3)), m.aid(x)) if m.training else m.head(x),
            "dropout(x2, 0.3) -> head: linear(classes)\n    when training {\n        x = x2 -> aid",
        ),
        (
            lambda m, x: (F.dropout(m.head(x), 0.3), m.aid(x)) if m.training else m.head(x),
            "dropout(it, 0.3)\n    when training {\n        x = x2 -> aid",
        ),
        (
            lambda m, x: {"aid": m.aid(m.drop(x)), "out": m.head(x)} if m.training else {"out": m.head(x)},
            "output out = it, aid = x when training",
        ),
    ],
    ids=["before a head", "behind a head", "in training alone"],
)
def test_a_head_and_dropout_that_are_called_in_training_alone(
    forward: Callable[[Aided, Tensor], Any], lines: str
) -> None:
    assert lines in imported(Aided(forward), MAP).text


def test_outputs_that_have_names_in_training_alone_are_told() -> None:
    found = import_module(Aided(lambda m, x: {"out": m.head(x), "aid": m.aid(x)} if m.training else m.head(x)), [MAP])
    told = "Aided gives names to its outputs in training alone: what it does in training is left out"
    assert told in found.remarks


class Repeated(nn.Module):
    """Lists whose layers are applied turn by turn, of which those of one turn look like a loop over several lists."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.ModuleList([nn.Conv2d(3, 2, 1), nn.Conv2d(5, 2, 1)])
        self.conv2 = nn.ModuleList([nn.Conv2d(3, 4, 3), nn.Conv2d(5, 8, 3)])
        self.conv3 = nn.ModuleList([nn.Conv2d(4, 5, 3), nn.Conv2d(8, 10, 3)])
        self.conv4 = nn.ModuleList([nn.Conv2d(5, 2, 1), nn.Conv2d(10, 2, 1)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        for conv1, conv2, conv3, conv4 in zip(self.conv1, self.conv2, self.conv3, self.conv4, strict=True):
            beside = conv1(x)
            x = conv3(conv2(x))
            last = conv4(x)
        return x, beside, last


def test_layers_of_several_lists_are_no_turns_of_one_loop() -> None:
    assert imported(Repeated(), (3, 12, 12)).comparison.is_same


class mix(nn.Module):  # noqa: N801 - lists of layers are called so, too
    """A block whose class is called like a list of it."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv(x)) + 0.5


class Mixed(nn.Module):
    """A list that is called like a class, and a layer that is called as a second class of that name would be."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.ModuleList([mix(4, 4), mix(4, 5)])
        self.mix2 = mix(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.mix:
            x = layer(x)
        out: Tensor = self.mix2(x)
        return out


def test_a_list_of_layers_that_is_called_like_their_class() -> None:
    text = imported(Mixed(), (4, 6, 6)).text
    assert "block mix3(channels)" in text
    assert "mix = [mix3(4), mix3(5)]" in text


class Residual(nn.Module):
    """A layer whose value is added in some uses, and applied in all."""

    def __init__(self, channels: int, *, adds: bool) -> None:
        super().__init__()
        self.conv1, self.conv2, self.relu = nn.Conv2d(4, 4, 1), nn.Conv2d(4, channels, 1), nn.ReLU()
        self.adds = adds

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        beside = self.conv2(x)
        x = self.relu(x)
        return x + beside if self.adds else x


def test_a_layer_that_is_applied_in_all_uses_stands_under_no_condition() -> None:
    made = imported(nn.Sequential(Residual(4, adds=True), Residual(4, adds=False)), (4, 6, 6))
    assert made.comparison.is_same
    assert " -> conv2: conv(4, 1)\n" in made.text


class Ordered(nn.Sequential):
    """Two layers, in an order of their own."""

    def __init__(self, *, is_late: bool) -> None:
        layers = {"conv": nn.Conv2d(4, 4, 1), "relu": nn.ReLU()}
        super().__init__(OrderedDict((word, layers[word]) for word in sorted(layers, reverse=is_late)))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x + 0.5


def test_layers_that_stand_in_another_order_in_another_use() -> None:
    text = imported(nn.Sequential(Ordered(is_late=False), Ordered(is_late=True)), (4, 6, 6)).text
    assert "block Ordered2 {" in text


class Truncated(nn.Module):
    """The first layers of a chain, of which one goes out beside the last."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 6, 1), nn.Conv2d(6, 6, 1), nn.ReLU())

    def forward(self, x: Tensor) -> list[Tensor]:
        seen = [x := layer(x) for layer in list(self.features)[:3]]
        return seen[1:]


def test_the_last_layers_of_a_list_that_nothing_goes_through_are_left_out_and_told() -> None:
    found = import_module(Truncated(), [(4, 6, 6)])
    assert str(found.comparison) == "only in the original: features.3.weight, features.3.bias"
    assert "Conv2d (features.3) is never used, and left out" in found.remarks
    assert "features = [conv(4, 1), relu, conv(6, 1)]" in found.text


class Aiding(nn.Module):
    """Heads in training alone, of which one is a list of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.early = nn.Conv2d(4, 8, 3), nn.Conv2d(8, 4, 1)
        self.late = nn.ModuleList([nn.Conv2d(8, 8, 1), nn.Conv2d(8, 4, 1)])
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Any:
        x = self.stem(x)
        if self.training:
            return self.head(x), self.early(x), self.late[1](self.late[0](x))
        return self.head(x)


def test_layers_in_training_alone_are_registered_in_their_order() -> None:
    text = imported(Aiding(), (4, 8, 8)).text
    assert text.index("early = conv(4, 1)") < text.index("late  = [conv(8, 1), conv(4, 1)]")


class Adding(nn.Module):
    """What a layer inside gives, and the value itself."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Any:
        return x + self.inner(x)


class Scaling(Adding):
    """What a layer inside gives, twice."""

    def forward(self, x: Tensor) -> Any:
        return 2 * self.inner(x)


def test_blocks_that_are_in_one_another_are_several_definitions() -> None:
    module = nn.Sequential(Adding(Scaling(nn.Conv2d(4, 4, 1))), Scaling(Adding(nn.Conv2d(4, 4, 1))))
    text = imported(module, (4, 6, 6)).text
    assert text.count("block Adding") == text.count("block Scaling") == 2


class Collected(nn.Module):
    """Values of equal layers beside one that is made behind them."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(4, 2, 1)
        self.layers = nn.ModuleList([nn.Conv2d(4, 1, 1) for _ in range(4)])

    def forward(self, x: Tensor) -> Tensor:
        values = [layer(x) for layer in self.layers]
        return torch.cat([self.last(x), x, *values], 1)


def test_a_list_that_turns_fill_begins_with_what_is_there_before_them() -> None:
    text = imported(Collected(), (4, 6, 6)).text
    assert "for layer in layers]" in text


class Weighing(nn.Module):
    """A value that some uses scale before it is put beside others."""

    def __init__(self, factor: float | None, times: float) -> None:
        super().__init__()
        self.factor, self.times = factor, times

    def forward(self, x: Tensor) -> Tensor:
        weighed = x if self.factor is None else x * self.factor
        return torch.cat([weighed * self.times, x], 1)


def test_a_value_that_only_some_uses_change_says_when() -> None:
    module = nn.Sequential(Weighing(2.0, 2.0), Weighing(None, 10.0), Weighing(2.0, 3.0))
    text = imported(module, (4, 6, 6)).text
    assert "concat((weighed * times if gated else weighed), input)" in text
