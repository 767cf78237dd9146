"""Modules as people write them become texts that are the same networks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from copy import copy

import pytest
import torch
from torch import nn

import cnndsl
from cnndsl.importing import Import, Unreadable, import_module, turns
from tests.docs.blocks import ROOT
from tests.importing import networks

SAME = "same keys, same outputs (0.0)"
MAP = (3, 16, 16)


def imported(module: nn.Module, *sizes: tuple[int, ...]) -> Import:
    """The import, after a look at whether the text is the same network."""
    found = import_module(module, sizes)
    assert str(found.comparison) == SAME, found.text
    return found


@pytest.mark.parametrize(
    ("module", "sizes"),
    [
        (networks.Beginner(), [(1, 28, 28)]),
        (networks.Residual(), [MAP]),
        (networks.Shared(), [(1, 8, 8), (1, 8, 8)]),
        (networks.Aided(), [MAP]),
        (networks.Pyramid(), [(3, 20, 36)]),
        (networks.Branches(), [MAP]),
        (networks.Widening(), [MAP]),
        (networks.Spoken(), [MAP]),
        (networks.Around(networks.Joint()), [MAP]),
        (networks.Inheriting(), [MAP]),
        (networks.Attending(), [MAP]),
        (networks.Deep(), [MAP]),
        (networks.Headed(), [(4, 8, 8)]),
        (networks.Fused(), [MAP]),
        (nn.Sequential(*(networks.Crossing(*each) for each in ((4, 4), (4, 8), (8, 8)))), [(4, 8, 8)]),
        (nn.Sequential(networks.Crossed(), nn.ReLU()), [(4, 8, 8)]),
        (nn.Sequential(nn.LayerNorm((4, 4)), nn.LayerNorm(4)), [(4, 4, 4)]),
        (nn.Sequential(networks.Scaled(4), nn.Conv2d(4, 6, 1), networks.Scaled(6)), [(4, 8, 8)]),
        (networks.Swin(), [(8, 8, 4)]),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.Identity(), nn.BatchNorm2d(4), nn.Softmax2d()), [MAP]),
        (nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)), [(7, 5)]),
        (nn.Sequential(networks.Normaliser(4), nn.Linear(4, 6), networks.Normaliser(6)), [(3, 4)]),
        (networks.Lasting(), [MAP]),
        (networks.Celled(), [MAP]),
        (networks.Skipping(), [(2, 16)]),
        (networks.TopDown(), [(3, 40, 72)]),
        (networks.Numbered(), [MAP]),
        (networks.Exchanging(), [MAP]),
        (networks.Dropping(), [(4, 8, 8)]),
        (networks.Dicts(), [MAP]),
        (networks.Conditioned(), [MAP, (5,)]),
        (networks.Reading(), [MAP]),
        (networks.Called(), [MAP, (5,)]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_the_text_is_the_same_network(module: nn.Module, sizes: list[tuple[int, ...]]) -> None:
    imported(module, *sizes)


def test_what_is_rounded_in_another_way_is_the_same_network() -> None:
    found = import_module(nn.Sequential(networks.Passing(1), networks.Passing(2)), [(4, 8, 8)])
    assert found.comparison.is_same
    assert re.fullmatch(r"same keys, same outputs \([\d.e-]+ by rounding\)", str(found.comparison))


def test_a_class_becomes_one_block_with_parameters() -> None:
    text = imported(networks.Residual(), MAP).text
    assert text.count("block ") == 1
    assert "block Unit(channels, stride = 1) {" in text
    assert "shortcut = if stride != 1 or input.channels != channels { conv(channels, 1, stride, bias=false) }" in text
    assert "Unit(8) * 3" in text


def test_axes_of_one_number_are_no_other_call() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), networks.Windows(4), nn.Conv2d(4, 6, 1), networks.Windows(8))
    text = imported(module, (3, 8, 8)).text
    assert text.count("block Windows") == 1


def test_what_is_in_training_alone() -> None:
    text = imported(networks.Aided(), MAP).text
    assert "when training {" in text
    assert "output it, aux_out when training" in text


def test_outputs_with_names_of_which_one_is_in_training_alone() -> None:
    line = "output main = it, same = it, early = (it -> tanh) when training, late = it when training"
    net = cnndsl.compile(f"network Net {{ input(3, 16, 16); conv1: conv(2, 3); {line} }}").load()()
    assert line in imported(net, MAP).text


def test_shared_layers_and_inputs_by_name() -> None:
    text = imported(networks.Shared(), (1, 8, 8), (1, 8, 8)).text
    assert "left  = input(1, 8, 8)" in text
    assert text.count("conv(4, 3)") == 1


def test_a_list_between_other_parts_stands_where_it_is_used_first() -> None:
    text = imported(networks.Lasting(), MAP).text
    assert "inner: { conv(2 * input.channels, 1) }" in text
    assert text.index("layer: Widened * 2") < text.index("split = [conv(4, 1), conv(4, 1)]") < text.index("last: ")


def test_the_longest_way_is_the_pipeline_and_other_outputs_have_names() -> None:
    text = imported(networks.Levels(), MAP).text
    assert "conv(4, [1, 3], padding=[0, 1]) as fine" in text
    assert "output fine, middle, it" in text


def test_numbers_in_lists_of_sizes_are_parameters() -> None:
    text = imported(networks.Levels(), MAP).text
    assert "conv(4, [1, kernel], padding=[0, kernel // 2])" in text
    assert "block Long(kernel = 7, beside_channels = 6, has_beside = false) {" in text
    assert "Long(5)" in text


def test_stages_of_several_depths_are_one_block() -> None:
    text = imported(networks.Staged(), MAP).text
    assert text.count("block ") == 2
    assert "blocks: Widened(channels) * depth" in text
    assert "Stage(6, 6)" in text


def test_numbers_that_follow_from_the_last_axis() -> None:
    layers = networks.Normaliser(4), nn.Linear(4, 6), networks.Normaliser(6)
    assert "weight = parameter([input.length])" in imported(nn.Sequential(*layers), (3, 4)).text


def test_borders() -> None:
    borders = nn.ZeroPad2d((-1, 2, 3, -2)), nn.ConstantPad2d(1, 0.0), nn.ConstantPad2d((-1, 0, 0, 2), 0.5)
    text = imported(nn.Sequential(*borders), MAP).text
    assert "crop(margins=[1, 0, 0, 2]) -> pad([0, 2, 3, 0])" in text
    assert "pad(1)" in text
    assert "pad([0, 0, 0, 2], value=0.5)" in text


def test_a_shuffle_by_hand_has_its_name() -> None:
    text = imported(networks.Branches(), MAP).text
    assert "channel_shuffle(it, 2)" in text
    assert "conv(input.channels // 4, 1)" in text


def test_a_class_that_inherits_from_a_layer_is_that_layer() -> None:
    text = imported(networks.Inheriting(), MAP).text
    assert 'conv(8, 3, 2, padding="same", bias=false)' in text
    assert 'layernorm(axis="channels")' in text
    assert "norm: batchnorm -> relu" in text
    assert "fc: linear(classes)" in text
    assert "block" not in text


@pytest.mark.parametrize("fill", [None, 0.0])
def test_a_class_that_does_more_than_its_base_is_no_layer(fill: float | None) -> None:
    module = networks.Doubled(4, 2)
    if fill is not None:  # which hides what the class does
        for parameter in module.parameters():
            nn.init.constant_(parameter, fill)
    found = imported(nn.Sequential(module), (4,))
    assert fill is None or not any(map(torch.any, module.parameters()))
    assert list(found.externs) == ["tests.importing.networks.Doubled"]


def test_lists_of_sizes_follow_from_the_channels() -> None:
    text = imported(networks.Attending(), MAP).text
    assert "block Split {" in text
    assert "unflatten(it, 1, [2, -1])" in text


def test_parts_under_conditions_have_the_parameters_of_the_others() -> None:
    text = imported(networks.Deep(), MAP).text
    assert "b3 = Unit(channels) if has_b3 else identity" in text


def test_layers_of_a_container_that_are_called_one_by_one_are_its_chain() -> None:
    text = imported(networks.Headed(), (4, 8, 8)).text
    assert "head: { pool: adaptive_avgpool(1) -> flat: flatten -> fc: linear(classes) }" in text
    assert "pad(it, [1, 0, 2, 1])" in text


def test_square_brackets_are_read_back() -> None:
    text = imported(networks.Swin(), (8, 8, 4)).text
    assert "concat(input[..., ::2, ::2, :], input[..., 1::2, ::2, :], input[..., ::2, 1::2, :]" in text
    assert "it + positions[:, 1:]" in text
    assert "it[..., 1:, :]" in text
    assert "x[:, 0] + it" in text


def test_the_text_of_a_transformer_is_read_back() -> None:
    path = ROOT / "models" / "vit.cnn"
    tiny = "\nnetwork Tiny = ViT(4, 8, 2, 2, 16, size=16)\n"
    module = cnndsl.compile(path.read_text(encoding="utf-8") + tiny).load("Tiny")()
    text = imported(module, (3, 16, 16)).text
    assert "it[:, 0] -> heads" in text


def test_a_list_in_a_list_is_a_block_that_is_given_a_list() -> None:
    text = imported(networks.Fused(), MAP).text
    assert "fuse  = [Fuse, Fuse2]" in text
    assert "-> fuse[1]" in text


def test_what_blocks_give_besides_is_collected_in_a_loop() -> None:
    text = imported(networks.Skipping(), (2, 16)).text
    assert "units = [Gated(2 ** (i % 3)) for i in range(6)]" in text
    loop = """
    skips = []
    for unit in units {
        x, skip = x -> unit
        skips   = skips + [skip]
    }
    sum(skips)
"""
    assert loop in text


def test_what_a_turn_makes_goes_into_the_next_with_one_of_several_values() -> None:
    text = imported(networks.TopDown(), (3, 40, 72)).text
    assert "downs    = [conv(8 * i + 8, 3, 2, 1) for i in range(5)]" in text
    assert "for down in downs {" in text
    assert "(xs[3 - i] -> laterals[3 - i]) + it" in text


def test_a_list_that_grows() -> None:
    assert "for layer in layers { x = x + [x -> layer] }" in imported(networks.Widening(), MAP).text


def test_names_and_numbers_that_count() -> None:
    text = imported(networks.Numbered(), MAP).text
    assert '"conv{2 * i + 1}": conv(8, 4 * i + 1, padding=2 * i, bias=false) -> "norm{2 * i + 1}": batchnorm' in text
    assert "        x = it\n" in text


def test_lists_of_values_flow_through_blocks() -> None:
    text = imported(networks.Exchanging(), MAP).text
    assert 'for i in range(1, 5) { "stage{i}": Exchange }' in text
    assert "[x -> branch for [branch, x] in zip(branches, input)]" in text
    assert "[x -> layer -> act for layer in fuse]" in text


def test_chains_that_are_longer_or_shorter() -> None:
    text = imported(networks.Dropping(), (4, 8, 8)).text
    assert 'sequence Stage(depth = 2) {\n    for i in range(1, depth + 1) { "layer{i}": Scaled }' in text
    assert "for i in range(7) { Branch(0.1 * i / 3) }" in text


def test_loops_that_are_wrong_are_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_: object, variable: str, __: int = 0) -> str:
        return f"{variable} + 7"

    monkeypatch.setattr(turns, "formula", wrong)
    text = imported(networks.Skipping(), (2, 16)).text
    assert "for " not in text
    assert "-> units[5]" in text


def test_layers_without_state_have_no_name_where_that_is_the_one_they_get() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.relu1 = nn.Conv2d(3, 4, 3), nn.ReLU()
            self.conv2, self.relu2, self.last = nn.Conv2d(4, 4, 3), nn.ReLU(), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.last(self.relu2(self.conv2(self.relu1(self.conv1(x)))))
            return out

    module = Named()
    text = imported(module, MAP).text
    assert "conv1: conv(4, 3) -> relu" in text
    assert "conv2: conv(4, 3) -> relu -> last: relu" in text
    made = cnndsl.compile(text).load()()
    assert [name for name, _ in made.named_modules()] == [name for name, _ in module.named_modules()]


def test_small_classes_without_state_are_no_blocks() -> None:
    text = imported(networks.Pooled(), MAP).text
    assert "conv: conv(4, 3) -> act: silu\n" in text
    assert "pool: { adaptive_avgpool(1) -> flatten }" in text
    assert "block" not in text


def test_a_module_stays_as_it_was() -> None:
    module = networks.Residual()
    module.train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    state = torch.get_rng_state()
    imported(module, MAP)
    assert module.training
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())


def test_another_number_of_classes() -> None:
    text = imported(networks.Beginner(), (1, 28, 28)).text
    made = cnndsl.compile(text).load()
    assert made(classes=7)(torch.rand(2, 1, 28, 28)).shape == (2, 7)


def test_layers_of_which_nothing_reads_what_they_give_are_in_the_text() -> None:
    text = imported(networks.Unread(), (3, 8, 8)).text
    assert "    x    = input -> gate\n" in text
    assert "-> aux: { conv(4, 3) -> relu }\n" in text
    assert "    for head in heads { x2 = x3 -> head }\n" in text


def test_what_differs_is_said() -> None:
    found = import_module(networks.Unused(), [(4,)])
    assert str(found.comparison) == "only in the original: spare.weight, spare.bias"
    assert found.remarks == ("Linear (spare) is never used, and left out",)
    with pytest.warns(UserWarning, match="only in the original: spare.weight"):
        cnndsl.from_torch(networks.Unused(), torch.rand(2, 4))


def test_tied_weights_are_told_by_the_comparison() -> None:
    found = import_module(networks.Tied(), [(6,)])
    assert "linear(4, bias=false)" in found.text
    assert found.comparison.same_keys
    assert not found.comparison.is_same
    assert "one tensor with another in the original alone: again.weight, same outputs" in str(found.comparison)


class Counting(nn.Module):
    """A number of the batch is a number of Python."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) / x.size(0)  # type: ignore[no-any-return]


def test_a_number_that_came_from_the_batch_is_found_out() -> None:
    found = import_module(Counting(), [(4,)])
    assert str(found.comparison).startswith("same keys, outputs differ in evaluation on other numbers by")


def test_from_torch_takes_tensors() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = cnndsl.from_torch(networks.Shared(), [torch.rand(3, 1, 8, 8), torch.rand(3, 1, 8, 8)])
    assert cnndsl.compile(text).ok


def test_what_the_language_cannot_say_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"in Unsayable: sort\(\.\.\.\) is no call of the language"):
        import_module(networks.Unsayable(), [(4,)])


def test_whole_numbers() -> None:
    module = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(20, 2))
    assert "embedding(9, 4)" in imported(module, (5,)).text


def test_a_notebook_shows_text_and_picture() -> None:
    text = cnndsl.from_torch(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), torch.rand(2, 1, 8, 8))
    shown = text._repr_html_()  # type: ignore[attr-defined]
    assert shown.startswith("<pre>network Sequential {")
    assert "<svg" in shown
    assert type(copy(text)) is str


def test_a_dict_of_layers_is_a_block() -> None:
    text = imported(networks.Dicts(), MAP).text
    assert 'concat(input -> one: conv(4, 1), input -> wide: conv(4, kernel, padding="same"))' in text
    assert "relu(it) -> heads: Heads" in text
    assert "mixers = [Mixer, Mixer]" in text
    assert "rows[0]" in text
    assert "+ 0" not in text


def test_blocks_of_a_list_are_given_a_value_where_they_are_declared() -> None:
    text = imported(networks.Conditioned(), MAP, (5,)).text
    assert " = [Unit(4, condition=condition), conv(4, 3, 2, 1), Unit(8, condition=condition)]" in text


class _Refused(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.lstm = nn.LSTM(3, 4, batch_first=not way.startswith("batch"))
        self.weight = nn.Parameter(torch.rand(4, 4))
        self.head = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.way == "batch second":
            x, _ = self.lstm(x.permute(1, 0, 2))
        elif self.way == "state":
            x, state = self.lstm(x)
            x, _ = self.lstm(x[:, :, :3], state)
        elif self.way == "batch unsaid":
            x, _ = self.lstm(x)
        elif self.way == "weights":
            x = nn.functional.linear(self.lstm(x)[0], self.weight)
        elif self.way == "zeros":
            x = self.lstm(x)[0] + torch.zeros(1)
        else:
            x = self.lstm(x[:, None, None].expand(-1, 2, 3))[0]
        y: torch.Tensor = self.head(x)
        return y


@pytest.mark.parametrize(
    ("way", "size", "message"),
    [
        ("batch second", (5, 3), "permute needs every axis of batch x 5 x 3 once, the batch first"),
        ("state", (5, 3), "it uses states of LSTM that a text has not: it has h[-1], and h[-2] of two directions"),
        ("batch unsaid", (5, 3), "LSTM takes the batch behind the places: give it batch_first=True"),
        ("zeros", (5, 3), "it calculates with a tensor of zeros"),
        ("number", (), "an input is one number for each sample, with no size"),
        ("weights", (5, 3), "linear(...) is no call of the language: a layer of torch.nn has to hold its weights"),
    ],
)
def test_what_is_refused_says_what_to_do(way: str, size: tuple[int, ...], message: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(message)):
        import_module(_Refused(way), [size])


class _Ending(nn.Module):
    """It goes on with what a recurrent layer ends with."""

    def __init__(self, kind: Callable[..., nn.RNNBase], way: str, *, both: bool, layers: int = 2) -> None:
        super().__init__()
        self.way, self.rnn = way, kind(3, 4, layers, batch_first=True, bidirectional=both)
        self.head = nn.Linear(8 if both else 4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, h = self.rnn(x)
        h = h[0] if isinstance(h, tuple) else h
        if self.way == "squeezed":
            h = h.squeeze(0)
        else:
            h = torch.cat((h[-2], h[-1, :, :]), 1) if self.rnn.bidirectional else h[-1]
        y: torch.Tensor = self.head(h)
        return y


def test_what_a_recurrent_layer_ends_with() -> None:
    for kind in (nn.LSTM, nn.GRU, nn.RNN):
        assert "concat(it[:, -1, :4], it[:, 0, 4:])" in imported(_Ending(kind, "", both=True), (5, 3)).text
        assert "it[:, -1] -> head" in imported(_Ending(kind, "", both=False), (5, 3)).text
    assert "it[:, -1] -> head" in imported(_Ending(nn.GRU, "squeezed", both=False, layers=1), (5, 3)).text
    with pytest.raises(Unreadable, match="it uses states of GRU that a text has not"):
        import_module(_Ending(nn.GRU, "squeezed", both=False), [(5, 3)])


class _Counting(nn.Module):
    """What comes out says nothing of what training adds to the state."""

    count: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.register_buffer("count", torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(x) + self.count * 0
        if self.training:
            self.count += 1
        return y


def test_a_state_that_training_changes_is_compared() -> None:
    comparison = import_module(_Counting(), [MAP]).comparison
    assert not comparison.is_same
    assert "outputs differ in the state after training by 1" in str(comparison)


class Placed(nn.Module):
    """A block that gives a parameter, with an axis for the batch or without."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.rand(sizes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.places[..., : x.shape[2]]


class Placing(nn.Module):
    """A sum with what that block gives, and then layers of a list beside a head that is written at length."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.places = Placed(*sizes)
        self.blocks = nn.ModuleList(nn.Linear(16, 16) for _ in range(3))
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.cat([x + self.places(x), x.flip(1)], 1).clamp(min=-0.5, max=0.75)
        for block in self.blocks:
            x = block(x)
        y: torch.Tensor = self.head(self.norm(x)[:, 0])
        return y


def test_a_block_that_gives_a_parameter_without_a_batch() -> None:
    with pytest.raises(Unreadable, match=r"places gives 10 x 16, without a batch: let it give 1 x 10 x 16"):
        import_module(Placing(10, 16), [(10, 16)])


def test_all_layers_of_a_list_are_gone_through_in_a_loop_also_where_the_text_is_long() -> None:
    assert "in blocks {" in imported(Placing(1, 10, 16), (10, 16)).text


def test_axes_of_equal_sizes_are_a_list_all_the_same() -> None:
    chain = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (4, 4, 4)), nn.Conv2d(4, 3, 1))
    assert "unflatten(1, [4, 4, 4])" in imported(chain, (4,)).text


class _Upper(nn.Module):
    """Works with the size of what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(x)
        return y[:, :, : y.shape[2] // 2]


class _OnTwoSizes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.down = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.upper = _Upper()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.stem(x)
        return self.upper(x), self.upper(self.down(x))


def test_where_something_else_comes_out_is_told() -> None:
    comparison = import_module(_OnTwoSizes(), [MAP]).comparison
    assert str(comparison) == "same keys, in evaluation other tensors come out, first in upper, call 2"
