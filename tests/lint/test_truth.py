"""What the warnings say is true: PyTorch does what they say it does."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

import cnndsl
from cnndsl.ir.program import Origin
from cnndsl.layers.base import Layer
from cnndsl.layers.convolution import Conv
from cnndsl.layers.formula import SizeError
from cnndsl.layers.pooling import AvgPool, LPPool, MaxPool
from cnndsl.lint.rule import Applied, Trail
from cnndsl.lint.rules.windows import Axis, KernelOnPadding, Unread, axes_of
from tests.running import build

HERE = Origin("net.cnn", 1, 1)


def codes(text: str) -> list[str]:
    return [d.code for d in cnndsl.compile(text).diagnostics]


def applied(layer: Layer, x: tuple[int, ...]) -> Trail:
    """The trail of a layer that stands alone."""
    return Trail((Applied(layer, x, layer.output(x), "it", HERE, HERE, ("Net", 0)),))


@st.composite
def windows(draw: st.DrawFn, kinds: tuple[type[Layer], ...] = (Conv, MaxPool, AvgPool, LPPool)) -> tuple[Layer, int]:
    """A convolution or pool on one axis, and the length of what comes in."""
    kind = draw(st.sampled_from(kinds))
    number = st.integers(1, 5)
    fields: dict[str, Any] = {"kernel": draw(number), "stride": draw(number)}
    if kind is Conv:
        fields |= {"channels": 1, "bias": False, "padding": draw(st.integers(0, 6)), "dilation": draw(number)}
    else:
        fields["ceil_mode"] = draw(st.booleans())
    if kind is LPPool:
        fields["norm"] = 2
    if kind in (MaxPool, AvgPool):
        fields["padding"] = draw(st.integers(0, fields["kernel"] // 2))
    if kind is MaxPool:
        fields["dilation"] = draw(number)
    layer, size = kind(**fields), draw(st.integers(1, 24))
    try:
        layer.output((1, size))
    except SizeError:
        assume(False)
    return layer, size


def module(layer: Layer, size: int) -> nn.Module:
    spelling = layer.torch((1, size))
    made: nn.Module = getattr(nn, spelling.target.removeprefix("nn."))(
        **{argument.name: argument.value for argument in spelling.arguments}
    )
    for parameter in made.parameters():
        nn.init.ones_(parameter)
    return made


def places_read(layer: Layer, size: int) -> list[bool]:
    """For each place, whether what stands there changes what comes out."""
    net = module(layer, size)
    with torch.no_grad():
        nothing = net(torch.zeros(1, 1, size))
        return [not torch.equal(net(torch.eye(size)[place].view(1, 1, size)), nothing) for place in range(size)]


def axis_of(layer: Layer, size: int) -> Axis:
    (axis,) = axes_of(layer, (1, size), layer.output((1, size)))
    return axis


@given(windows())
def test_what_is_unread_at_the_end_changes_nothing(given_window: tuple[Layer, int]) -> None:
    layer, size = given_window
    axis, read = axis_of(layer, size), places_read(layer, size)
    assert not any(read[size - axis.unread :])
    assert axis.unread == size or read[size - axis.unread - 1] or axis.skipped or axis.dilation > 1 or axis.before
    if axis.dilation == 1 and not axis.skipped and axis.stride <= axis.kernel:
        assert all(read[: size - axis.unread])


@given(windows())
def test_what_is_stepped_over_changes_nothing(given_window: tuple[Layer, int]) -> None:
    layer, size = given_window
    axis, read = axis_of(layer, size), places_read(layer, size)
    if axis.skipped:
        assert not all(read)
        assert sum(not any(read[rest :: axis.stride]) for rest in range(axis.stride)) >= axis.skipped


@given(windows())
def test_what_is_advised_reads_everything(given_window: tuple[Layer, int]) -> None:
    layer, size = given_window
    for finding in Unread().see(applied(layer, (1, size))):
        (advice,) = finding.help
        found = re.fullmatch(r"(padding|ceil_mode)=(\w+) reads it all, and gives 1 x (\d+)", advice)
        if found:
            better = layer.model_copy(update={found[1]: found[2] == "true" or int(found[2])})
            assert all(places_read(better, size))
            assert module(better, size)(torch.zeros(1, 1, size)).shape[2] == int(found[3])


@given(windows((Conv,)))
def test_what_lies_on_the_padding_alone_learns_nothing(given_window: tuple[Layer, int]) -> None:
    layer, size = given_window
    net = module(layer, size)
    net(torch.rand(1, 1, size) + 1).sum().backward()
    (weight,) = net.parameters()
    assert weight.grad is not None
    meeting = int((weight.grad != 0).sum())
    assert axis_of(layer, size).meeting == meeting
    assert bool(list(KernelOnPadding().see(applied(layer, (1, size))))) is (meeting < layer.kernel)  # type: ignore[attr-defined]


def test_a_kernel_too_long_to_be_looked_at_is_let_pass() -> None:
    layer = Conv(channels=1, kernel=2_000_000_001, padding=1_000_000_000)
    assert list(KernelOnPadding().see(applied(layer, (1, 1)))) == []


@pytest.mark.parametrize("layer", ["conv(4, 3)", "conv_transpose(4, 3)", "linear(4)"])
def test_a_bias_before_a_batchnorm_gets_no_gradient(layer: str) -> None:
    text = f"network Net {{ input(2, 6, 6); first: {layer} -> batchnorm; tanh }}"
    assert codes(text) == ["W203"]
    torch.manual_seed(0)
    net = build(text).double().train()
    x = torch.randn(8, 2, 6, 6, dtype=torch.float64)
    net(x).pow(3).sum().backward()
    first = net.get_submodule("first")
    weight, bias = (getattr(first, name).grad.abs().max().item() for name in ("weight", "bias"))
    assert bias < 1e-10 < 1e-3 < weight
    before = net(x)
    with torch.no_grad():
        first.bias.add_(7.0)  # type: ignore[operator]
    torch.testing.assert_close(net(x), before)


def is_affine(net: nn.Module, a: Tensor, b: Tensor) -> bool:
    with torch.no_grad():
        zero = net(torch.zeros_like(a))
        return torch.allclose(net(a + b) - zero, (net(a) - zero) + (net(b) - zero))


@pytest.mark.parametrize(
    ("body", "affine"),
    [
        ("input(2, 8, 8); conv(4, 3, padding=1); conv(8, 3, padding=1)", True),
        ("input(2, 8, 8); conv(4, 3, bias=false) -> batchnorm -> dropout_channels; conv(8, 3)", True),
        ("input(20); linear(30) -> dropout; linear(40)", True),
        ("input(3, 20); linear(30, axis=-1) -> linear(40, axis=-1)", True),
        ("input(2, 8, 8); conv(4, 3) -> relu; conv(8, 3)", False),
        ("input(2, 8, 8); conv(4, 3) -> maxpool(2); conv(8, 3)", False),
        ("input(2, 8, 8); conv(4, 3) -> groupnorm(2); conv(8, 3)", False),
        ("input(20); linear(30) -> layernorm; linear(40)", False),
    ],
)
def test_two_layers_without_an_activation_are_affine(body: str, affine: bool) -> None:
    text = f"network Net {{ {body} }}"
    assert ("W206" in codes(text)) is affine
    torch.manual_seed(0)
    net = build(text).double()
    size = cnndsl.compile(text).program.network().input_shapes[0]  # type: ignore[union-attr]
    a, b = torch.randn(2, 3, *map(int, size), dtype=torch.float64)
    assert is_affine(net, a, b) is affine


@pytest.mark.parametrize(("dropout", "larger"), [("dropout", True), ("alpha_dropout", False)])
def test_dropout_makes_the_running_variance_larger(dropout: str, larger: bool) -> None:
    text = f"network Net {{ input(4); {dropout} -> norm: batchnorm(momentum=1); linear(2) }}"
    assert ("W207" in codes(text)) is larger
    torch.manual_seed(0)
    net = build(text).train()
    x = torch.randn(20_000, 4)
    net(x)
    ratio = net.get_buffer("norm.running_var") / x.var(dim=0)
    assert bool((ratio > 1.8).all()) is larger
    assert bool((ratio < 1.2).all()) is not larger


def test_an_even_kernel_shifts_the_map() -> None:
    (found,) = cnndsl.compile('network Net { input(1, 9); conv(1, 4, padding="same") }').diagnostics
    assert "adds 1 place before the map and 2 after it" in found.message
    convolution = nn.Conv1d(1, 1, 4, padding="same", bias=False)
    nn.init.ones_(convolution.weight)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", UserWarning)  # PyTorch says that it makes a padded copy
        seen = convolution(torch.eye(9)[4].view(1, 1, 9))[0, 0]
    assert seen.nonzero().flatten().tolist() == [2, 3, 4, 5]


def test_cross_entropy_has_the_softmax_built_in() -> None:
    scores, right = torch.randn(5, 10), torch.arange(5)
    assert torch.allclose(nn.CrossEntropyLoss()(scores, right), nn.NLLLoss()(scores.log_softmax(1), right))
    assert not torch.allclose(nn.CrossEntropyLoss()(scores, right), nn.CrossEntropyLoss()(scores.softmax(1), right))


def test_dropout_at_the_end_drops_answers() -> None:
    text = "network Net { input(50); linear(100) -> dropout }"
    assert codes(text) == ["W208"]
    net = build(text)
    x = torch.randn(20, 50)
    assert int((net(x) == 0).sum()) == 0
    assert 800 < int((net.train()(x) == 0).sum()) < 1200


def test_the_numbers_of_the_largest_layer() -> None:
    text = "network Net {{ input(3, 64, 64); conv(64, 3, padding=1) -> relu {}; fc: linear(50) -> relu -> linear(10) }}"
    (found,) = cnndsl.compile(text.format("")).diagnostics
    assert found.code == "W212"
    with torch.device("meta"):
        net, pooled, kept = (build(text.format(pool)) for pool in ("", "-> global_avgpool", "-> adaptive_avgpool(4)"))

    def weights(net: nn.Module) -> str:
        return f"{net.get_parameter('fc.weight').numel():,}"

    assert f"fc holds {weights(net)} of the {sum(p.numel() for p in net.parameters()):,} parameters" in found.message
    assert f"{weights(pooled)} after global_avgpool, {weights(kept)} after adaptive_avgpool(4)" in found.help[0]


@pytest.mark.parametrize("before", [nn.ReLU(), nn.ReLU6(), nn.Sigmoid(), nn.Softplus(), nn.Softmax(1)])
def test_a_relu_of_what_is_not_negative_changes_nothing(before: nn.Module) -> None:
    given_ = before(torch.randn(4, 10))
    assert torch.equal(torch.relu(given_), given_)
    assert torch.equal(torch.flatten(given_, 1), given_)
    word = {"Softmax": "softmax"}.get(type(before).__name__, type(before).__name__.lower())
    assert "W214" in codes(f"network Net {{ input(10); {word} -> relu }}")


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 9))
def test_a_border_that_has_seen_padding_alone_is_the_bias(
    kernel: int, stride: int, dilation: int, padding: int
) -> None:
    line = f"conv(2, {kernel}, {stride}, padding={padding}, dilation={dilation})"
    text = f"network Net {{ input(1, 12, 12); first: {line} }}"
    found = [d for d in cnndsl.compile(text).diagnostics if d.code == "W218"]
    net = build(text)
    with torch.no_grad():
        result = net(torch.randn(1, 1, 12, 12) + 10)[0]
    bias = net.get_submodule("first").bias
    assert bias is not None
    is_bias = [torch.allclose(result[:, at], bias[:, None].expand_as(result[:, at])) for at in range(result.shape[1])]  # type: ignore[index]
    border = next((at for at, same in enumerate(is_bias) if not same), len(is_bias))
    assert bool(found) == (border > 0)
    if found:
        assert f"a border of {border} row" in found[0].message


@pytest.mark.parametrize(
    "layer",
    [
        "linear(1) -> softmax",
        "linear(1) -> log_softmax",
        "unflatten(1, [6, 1]) -> layernorm(2)",
        "linear(4) -> groupnorm(4)",
    ],
)
def test_what_gives_the_same_whatever_comes_in(layer: str) -> None:
    text = f"network Net {{ input(6); {layer} }}"
    assert "W219" in codes(text)
    net = build(text).double()
    with torch.no_grad():
        x, y = torch.randn(2, 5, 6, dtype=torch.float64)
        torch.testing.assert_close(net(x), net(y))


def test_a_dropout_of_all_lets_nothing_through() -> None:
    text = "network Net { input(6); relu; dropout(1); linear(2) }"
    assert codes(text) == ["W219"]
    net = build(text).train()
    torch.testing.assert_close(net(torch.randn(1, 6)), net(torch.randn(1, 6)))


def test_a_batchnorm_in_two_places_differs_in_evaluation() -> None:
    text = "network Net {{ input(2, 8, 8); {}; {}; conv(2, 1, bias=false) -> {}; relu }}"
    shared = text.format("bn = batchnorm", "relu -> bn", "relu -> bn")
    apart = text.format("relu", "batchnorm", "relu -> batchnorm")
    assert (codes(shared), "W220" in codes(apart)) == (["W220"], False)

    def gap(text: str) -> float:
        torch.manual_seed(0)
        net = build(text).double().train()
        x = 3 + torch.randn(64, 2, 8, 8, dtype=torch.float64)
        with torch.no_grad():
            for _ in range(200):
                trained = net(x)
            return float((net.eval()(x) - trained).abs().max())

    assert gap(apart) < 1e-2 < gap(shared)


@pytest.mark.parametrize(
    "layer",
    [
        "maxpool(1)", "avgpool(1)", "dropout(0)", "dropout_channels(0)", "alpha_dropout(0)", "stochastic_depth(0)",
        "leaky_relu(1)", "upsample(scale=1)", 'upsample(size=8, mode="bilinear")', "pad(0)", "crop(0)", "crop(size=8)",
        "permute([0, 1, 2, 3])", "reshape([4, 8, 8])", "pixel_shuffle(1)", "pixel_unshuffle(1)", "channel_shuffle(1)",
    ],
)  # fmt: skip
def test_numbers_by_which_a_layer_changes_nothing(layer: str) -> None:
    text = f"network Net {{ input(4, 8, 8); {layer} }}"
    assert codes(text) == ["W214"]
    x = torch.randn(2, 4, 8, 8)
    torch.testing.assert_close(build(text).train()(x), x)


@pytest.mark.parametrize("second", ["batchnorm", "instancenorm"])
def test_a_second_norm_undoes_the_first(second: str) -> None:
    text = f"network Net {{ input(4, 8, 8); first: batchnorm(eps=1e-12) -> {second}(eps=1e-12) }}"
    assert codes(text) == ["W214"]
    net = build(text).double().train()
    x = torch.randn(8, 4, 8, 8, dtype=torch.float64)
    before = net(x)
    with torch.no_grad():
        net.get_parameter("first.weight").uniform_(0.5, 3)
        net.get_parameter("first.bias").normal_()
    torch.testing.assert_close(net(x), before)


def test_given_weights_of_zero_give_the_same_whatever_comes_in() -> None:
    text = "network Net { input(2, 4, 4); conv(3, 3, weight=[[0, 0, 0], [0, 0, 0], [0, 0, 0]]) }"
    assert codes(text) == ["W219"]
    net = build(text)
    torch.testing.assert_close(net(torch.randn(1, 2, 4, 4)), net(torch.randn(1, 2, 4, 4)))


def test_an_activation_after_another_leaves_a_part_of_the_range() -> None:
    twice = "network Net { input(50); linear(20) -> sigmoid -> sigmoid }"
    relu = "network Net { input(50); linear(20) -> relu -> sigmoid }"
    assert codes(twice) == codes(relu) == ["W221"]
    x = 100 * torch.randn(1000, 50)
    assert 0.5 <= build(twice)(x).min() <= build(twice)(x).max() <= 0.7311
    assert build(relu)(x).min() == 0.5


def test_a_softmax_along_the_columns_shares_nothing_among_the_channels() -> None:
    text = "network Net { input(3, 8, 8); conv(5, 1) -> softmax(axis=-1) }"
    assert codes(text) == ["W222"]
    y = build(text)(torch.randn(2, 3, 8, 8))
    torch.testing.assert_close(y.sum(3), torch.ones(2, 5, 8))
    assert not torch.allclose(y.sum(1), torch.ones(2, 8, 8))


def test_a_score_that_is_never_positive_is_not_learned_through_a_relu() -> None:
    text = "network Net { input(8); hidden: linear(6) -> relu -> last: linear(4) -> relu }"
    assert codes(text) == ["W223"]
    net = build(text)
    with torch.no_grad():
        net.get_parameter("last.bias")[2] = -100
    nn.CrossEntropyLoss()(net(torch.randn(64, 8)), torch.full((64,), 2)).backward()
    gradient = net.get_parameter("last.weight").grad
    assert gradient is not None
    assert gradient[2].abs().max() == 0 < gradient.abs().max()


@pytest.mark.parametrize(
    "body",
    [
        "first: conv(4, 3, bias=false, weight_init=zeros) -> relu -> second: conv(4, 3, weight_init=zeros)",
        "init conv: weight = zeros; first: conv(4, 3, bias=false) -> batchnorm -> relu -> second: conv(4, 3)",
        "first: conv(4, 3, bias=false, weight_init=zeros) -> second: batchnorm(weight_init=constant(0))",
    ],
)
def test_zeros_hold_back_each_others_gradient(body: str) -> None:
    text = f"network Net {{ input(2, 9, 9); {body} }}"
    assert codes(text) == ["W224"]
    net = build(text).train()
    net(torch.randn(4, 2, 9, 9)).pow(2).sum().backward()
    for name in ("first.weight", "second.weight"):
        gradient = net.get_parameter(name).grad
        assert gradient is not None
        assert gradient.abs().max() == 0


def test_a_batchnorm_of_points_cannot_be_trained_with_one_sample() -> None:
    body = "conv(4, 2, 2, bias=false) -> batchnorm -> relu -> conv_transpose(3, 2, 2)"
    text = f"network Net {{{{ input(3, {{0}}, {{0}}); {body} }}}}"
    assert (codes(text.format(2)), codes(text.format(4))) == (["W225"], [])
    build(text.format(4)).train()(torch.randn(1, 3, 4, 4))
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        build(text.format(2)).train()(torch.randn(1, 3, 2, 2))


@given(st.integers(1, 7), st.integers(1, 4))
def test_how_the_windows_of_a_transposed_convolution_overlap(kernel: int, stride: int) -> None:
    text = f"network Net {{ input(1, 24); up: conv_transpose(1, {kernel}, {stride}, bias=false) }}"
    net = build(text)
    with torch.no_grad():
        net.get_parameter("up.weight").fill_(1)
        windows_of = [round(count) for count in net(torch.ones(1, 1, 24))[0, 0].tolist()]
    inside = windows_of[2 * kernel : 2 * kernel + stride]  # the pattern, away from the border
    found = [d.message for d in cnndsl.compile(text).diagnostics if d.code == "W226"]
    if 0 in inside:
        assert f"leaves {inside.count(0)} place" in found[0]
    elif set(inside) == {1, 2}:
        assert f"overlap in {inside.count(2)} place" in found[0]
    else:
        assert found == []


def test_a_convolution_after_an_embedding_goes_along_its_numbers() -> None:
    text = "network Net { input(7); embedding(20, 5) -> conv: conv(3, 2, bias=false) }"
    assert codes(text) == ["W227"]
    assert tuple(build(text).get_parameter("conv.weight").shape) == (3, 7, 2)
    right = "network Net { input(7); embedding(20, 5) -> permute([0, 2, 1]) -> conv: conv(3, 2) }"
    assert codes(right) == []
    assert tuple(build(right).get_parameter("conv.weight").shape) == (3, 5, 2)


def test_a_value_and_itself() -> None:
    text = "network Net {{ input(4, 8, 8); a = it -> conv(4, 1); {} }}"
    assert codes(text.format("a - a + input")) == codes(text.format("a / a * input")) == ["W229"]
    x = torch.randn(1, 4, 8, 8)
    torch.testing.assert_close(build(text.format("a - a + input"))(x), x)
    torch.testing.assert_close(build(text.format("a / a * input"))(x), x)


def test_a_layer_of_which_only_the_size_is_used_gets_no_gradient() -> None:
    text = """
    block Up(skip) { upsample(input, like=skip) -> conv(4, 1) }
    network Net {
        input(3, 16, 16)
        fine = it -> small: conv(4, 3, 2, padding=1) -> relu
        input -> coarse: conv(4, 3, 4, padding=1) -> up: Up(skip=fine)
    }
    """
    assert codes(text) == ["W235"]
    net = build(text)
    net(torch.randn(1, 3, 16, 16)).sum().backward()
    assert {name.partition(".")[0] for name, p in net.named_parameters() if p.grad is None} == {"small"}
