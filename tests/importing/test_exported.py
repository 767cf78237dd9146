"""Programs of `torch.export` become texts that are the same networks, and what cannot is refused."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

import cnndsl
from cnndsl.importing import Import, Unreadable, import_module, import_program, loaded, samples
from cnndsl.importing.exported import remade
from tests.docs.blocks import ROOT
from tests.importing import networks
from tests.importing.test_calls import MAP, Calling
from tests.importing.test_round_trip import OPEN, smallest

SAME = "same keys, same outputs (0.0)"
DROPS = "a call of dropout as a function was exported in {}, and is taken to drop in training alone"


def exported(module: nn.Module, *inputs: Tensor, training: bool = False) -> ExportedProgram:
    """A program that was written and read again."""
    file = io.BytesIO()
    torch.export.save(torch.export.export(module.train(training), inputs), file)
    file.seek(0)
    return torch.export.load(file)


def imported(module: nn.Module, *inputs: Tensor, training: bool = False) -> Import:
    """The import of a program, after a look at whether the text is the same network."""
    found = import_program(exported(module, *inputs, training=training))
    assert str(found.comparison) == SAME, found.text
    return found


# Networks


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (networks.Beginner, [(1, 28, 28)]),
        (networks.Residual, [(3, 16, 16)]),
        (networks.Shared, [(1, 8, 8), (1, 8, 8)]),
        (networks.Branches, [(3, 16, 16)]),
        (networks.Attending, [(3, 16, 16)]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_text_is_that_of_the_module(
    make: Callable[[], nn.Module], sizes: list[tuple[int, ...]], training: bool
) -> None:
    module = make()
    found = imported(module, *(torch.randn(2, *size) for size in sizes), training=training)
    assert found.text == import_module(module, sizes).text
    assert found.remarks == ()


@pytest.mark.parametrize("make", [networks.Inheriting, networks.Fused, networks.Swin, networks.Pyramid])
def test_the_network_is_the_same_where_its_text_is_not(make: Callable[[], nn.Module]) -> None:
    size = (8, 8, 4) if make is networks.Swin else (3, 16, 32)
    imported(make(), torch.randn(2, *size))


@pytest.mark.parametrize("name", ["net", "lenet", "m5", "digits", "dcgan", "autoencoder"])
def test_a_network_that_comes_with_cnndsl(name: str) -> None:
    compilation = cnndsl.compile(ROOT / "models" / f"{name}.cnn")
    assert compilation.program is not None
    network = smallest(compilation.program)
    shape = tuple(size if type(size) is int else OPEN for size in network.input_shapes[0])
    module = compilation.load(network.name)()
    texts = {imported(module, torch.randn(2, *shape), training=training).text for training in (False, True)}
    if name != "net":  # whose parts without a state stand in an order that a program does not tell
        assert texts == {import_module(module, [shape]).text}


# Layers


def _layers(draw: random.Random) -> list[tuple[nn.Module, tuple[int, ...]]]:
    """Layers with arguments that are drawn, and the size of what each takes."""
    one, two, three = (4, 12), (4, 12, 10), (4, 6, 6, 7)
    found: list[tuple[nn.Module, tuple[int, ...]]] = []
    for rank, size in ((1, one), (2, two), (3, three)):
        conv, transposed = getattr(nn, f"Conv{rank}d"), getattr(nn, f"ConvTranspose{rank}d")
        kernel, stride = (tuple(draw.randint(1, 3) for _ in range(rank)) for _ in range(2))
        more: dict[str, object] = {"groups": draw.choice([1, 2, 4]), "bias": draw.random() < 0.5}
        spread = draw.randint(1, 2)
        found += [
            (conv(4, 8, kernel, stride, padding=draw.randint(0, 2), dilation=spread, **more), size),
            (conv(4, 8, kernel, padding="same", dilation=spread, **more), size),
            (conv(4, 8, 3, stride, padding=1, padding_mode=draw.choice(["reflect", "replicate", "circular"])), size),
            (
                transposed(4, 8, 3, stride=3, padding=draw.randint(0, 1), output_padding=draw.randint(0, 2), **more),
                size,
            ),
            (transposed(4, 8, kernel, dilation=spread, **more), size),
            (getattr(nn, f"MaxPool{rank}d")(3, draw.randint(1, 3), 1, ceil_mode=draw.random() < 0.5), size),
            (getattr(nn, f"AvgPool{rank}d")(2, draw.randint(1, 3), 1, count_include_pad=draw.random() < 0.5), size),
            (getattr(nn, f"AdaptiveAvgPool{rank}d")(draw.randint(1, 5)), size),
            (getattr(nn, f"AdaptiveMaxPool{rank}d")(draw.randint(1, 5)), size),
            (getattr(nn, f"BatchNorm{rank}d")(4, draw.choice([1e-3, 1e-5]), draw.choice([0.1, 0.02])), size),
            (getattr(nn, f"BatchNorm{rank}d")(4, affine=False, track_running_stats=draw.random() < 0.5), size),
            (getattr(nn, f"InstanceNorm{rank}d")(4, affine=draw.random() < 0.5), size),
            (getattr(nn, f"Dropout{rank}d")(draw.choice([0.2, 0.5])), size),
            (getattr(nn, f"ConstantPad{rank}d")(draw.randint(1, 3), draw.choice([0.5, -1.0])), size),
        ]
    for name in ("ReLU", "SiLU", "Hardswish", "Hardsigmoid", "Mish", "ReLU6", "SELU"):
        found.append((getattr(nn, name)(inplace=draw.random() < 0.5), two))
    for name in ("Sigmoid", "Tanh", "Softsign", "Tanhshrink", "LogSigmoid"):
        found.append((getattr(nn, name)(), two))
    slope = draw.choice([0.1, 0.25])
    return [
        *found,
        (nn.LeakyReLU(slope, inplace=draw.random() < 0.5), two),
        (nn.ELU(slope), two),
        (nn.CELU(1 + slope), two),
        (nn.Hardtanh(-slope, slope), two),
        (nn.Softplus(1 + slope, 10), two),
        (nn.Softshrink(slope), two),
        (nn.Hardshrink(slope), two),
        (nn.Threshold(slope, 2.5), two),
        (nn.RReLU(slope, 0.5), two),
        (nn.PReLU(draw.choice([1, 4]), slope), two),
        (nn.GELU(draw.choice(["none", "tanh"])), two),
        (nn.GLU(draw.choice([1, 2, -1])), two),
        (nn.Softmax(draw.choice([1, 2, -1])), two),
        (nn.Softmin(draw.choice([1, 2, -1])), two),
        (nn.LogSoftmax(draw.choice([1, 2, -1])), two),
        (nn.Softmax2d(), two),
        (nn.Dropout(slope), two),
        (nn.AlphaDropout(slope), two),
        (nn.Linear(10, draw.randint(1, 5), bias=draw.random() < 0.5), two),
        (nn.LayerNorm(draw.choice([10, (12, 10)]), draw.choice([1e-5, 1e-6]), bias=draw.random() < 0.5), two),
        (nn.LayerNorm(10, elementwise_affine=False), two),
        (nn.RMSNorm(10, draw.choice([None, 1e-6])), two),
        (nn.GroupNorm(draw.choice([1, 2, 4]), 4, draw.choice([1e-5, 1e-3]), affine=draw.random() < 0.5), two),
        (nn.LocalResponseNorm(draw.choice([3, 5]), slope, 0.5, 2.0), two),
        (nn.LPPool2d(draw.choice([2, 3]), 3, draw.randint(1, 3)), two),
        (nn.Flatten(draw.choice([1, 2])), two),
        (nn.Unflatten(1, (2, 2)), two),
        (nn.PixelShuffle(2), two),
        (nn.PixelUnshuffle(2), two),
        (nn.ChannelShuffle(draw.choice([2, 4])), two),
        (nn.Upsample(scale_factor=draw.choice([2, 3])), two),
        (nn.Upsample(size=(draw.randint(5, 20), 9), mode="bilinear", align_corners=draw.random() < 0.5), two),
        (nn.Upsample(scale_factor=2, mode="bicubic"), two),
        (nn.UpsamplingBilinear2d(scale_factor=2), two),
        (nn.ReflectionPad2d((1, 0, 2, 3)), two),
        (nn.ReplicationPad2d(draw.randint(1, 3)), two),
        (nn.CircularPad2d(draw.randint(1, 3)), two),
        (nn.Unfold(2, padding=draw.randint(0, 1), stride=draw.randint(1, 2)), two),
        (nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 6, 3)), two),
    ]


class Each(nn.Module):
    """Layers, each for an input of its own."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(layer(x) for layer, x in zip(self.layers, inputs, strict=True))


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_layers_are_made_again_with_their_arguments(training: bool) -> None:
    torch.manual_seed(0)
    drawn = _layers(random.Random(int(training)))  # noqa: S311 - the same each time
    module = Each([layer for layer, _ in drawn])
    for buffer in module.buffers():  # so that batch normalisation has something to do
        buffer.add_(torch.rand(buffer.shape).to(buffer.dtype))
    inputs = [torch.randn(2, *size) for _, size in drawn]
    found = remade(exported(module, *inputs, training=training))
    assert found.remarks == []
    for layer, again in zip(module.layers, found.module.get_submodule("layers").children(), strict=True):
        assert (type(again).__name__, _told(again)) == (type(layer).__name__, _told(layer))
        assert list(again.state_dict()) == list(layer.state_dict())
    for mode in (False, True):
        gave = []
        for each in (module, found.module):
            torch.manual_seed(1)
            gave.append(each.train(mode)(*(x.clone() for x in inputs)))
        assert all(torch.equal(one.nan_to_num(), other.nan_to_num()) for one, other in zip(*gave, strict=True))


def _told(layer: nn.Module) -> str:
    """What a layer says of its arguments, in one way for a number and for a list of it."""
    attributes = {key: held for key, held in vars(layer).items() if key[0] != "_" and key != "training"}
    attributes |= {key: tuple(v) for key, v in attributes.items() if isinstance(v, list)}
    for key, held in attributes.items():
        if isinstance(held, tuple) and held and all(item == held[0] for item in held):
            attributes[key] = held[0]
    return str(sorted(attributes.items(), key=str))


class Sequences(nn.Module):
    """Recurrent layers, of which one gives its last state alone."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(6, 5, num_layers=2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(10, 7, batch_first=True, bias=False)
        self.attention = nn.MultiheadAttention(7, 7, batch_first=True)
        self.rnn = nn.RNN(7, 4, nonlinearity="relu", batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.gru(self.lstm(x)[0])[0]
        x = self.attention(x, x, x, need_weights=False)[0]
        y: Tensor = self.rnn(x)[0]
        return y


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_layers_of_sequences(training: bool) -> None:
    text = imported(Sequences(), torch.randn(2, 8, 6), training=training).text
    assert "lstm(5, 2, bidirectional=true)" in text
    assert "gru(7, bias=false)" in text
    assert "multihead_attention(7)" in text
    assert 'rnn(4, nonlinearity="relu")' in text


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize(
    ("lines", "size"),
    [
        ('conv(6, 3, padding="same", stride=2) -> maxpool(3, padding="same", stride=2) -> relu', (4, 12, 10)),
        ('conv(6, 3) -> avgpool(2, padding="same", stride=1)', (4, 12, 10)),
        ('conv(6, 3) -> layernorm(axis="channels") -> relu -> rmsnorm(axis="channels")', (4, 12, 10)),
        ("it + (it -> conv(4, 3, padding=1) -> stochastic_depth(0.2))", (4, 12, 10)),
        ("Tail -> flatten -> linear(3)", (7, 6)),
        ("embedding(10, 6) -> permute([0, 2, 1]) -> conv(4, 3)", (7,)),
    ],
)
def test_layers_that_generated_modules_bring(lines: str, size: tuple[int, ...], training: bool) -> None:
    tail = "sequence Tail { multihead_attention(2) -> gru(5) -> lstm(4) -> rnn(3) }\n" if "Tail" in lines else ""
    network = f"{tail}network Net {{ input({', '.join(map(str, size))}); {lines} }}"
    module = cnndsl.compile(network).load()()
    x = torch.randint(10, (2, *size)) if "embedding" in lines else torch.randn(2, *size)
    found = import_program(exported(module, x, training=training))
    assert str(found.comparison) == SAME, found.text
    if training or "stochastic_depth" not in lines:  # of which nothing is exported in evaluation
        assert found.text == import_module(module, [size]).text


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x.clamp(max=1), "clamp(it, max=1)"),
        (lambda x: x.clamp_min(0.1), "clamp(it, 0.1)"),
        (lambda x: torch.linalg.vector_norm(x, 1, (2, 3)), "norm(it, 1, [2, 3])"),
        (lambda x: F.elu(x, 0.5, inplace=True), "elu(it, 0.5)"),
        (lambda x: F.hardswish(x, inplace=True), "hardswish(it)"),
        (F.relu6, "relu6(it)"),
        (lambda x: F.hardtanh(x, -1, 2), "hardtanh(it, max=2)"),
        (lambda x: F.max_pool2d(x, 2, 2), "maxpool(it, 2)"),
        (lambda x: F.adaptive_avg_pool2d(x, (None, 3)), "adaptive_avgpool(it, [6, 3])"),
        (lambda x: x.mT, "permute([0, 1, 3, 2])"),
        (lambda x: x[:, 1:3, :, 0], "it[:, 1:3]\n"),
        (lambda x: F.pad(x, (1, 1)), "pad(it, [1, 1, 0, 0])"),
    ],
)
def test_operators_are_read_as_functions(function: Callable[[Tensor], Tensor], words: str) -> None:
    assert words in imported(Calling(function), torch.randn(2, *MAP)).text


class Scaling(nn.Module):
    """A buffer that is not kept in the state, and a number beside the input."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 2, 1)
        self.register_buffer("scale", torch.tensor([[[0.5]], [[2.0]]]), persistent=False)

    def forward(self, x: Tensor, times: int) -> Tensor:
        y: Tensor = self.conv(x) * self.scale * times
        return y


def test_buffers_that_are_not_kept_and_numbers_that_are_given() -> None:
    program = torch.export.export(Scaling(), (torch.randn(2, *MAP), 3))
    found = import_program(program)
    assert str(found.comparison) == SAME
    assert "scale = constant([0.5, 2], [2, 1, 1], persistent=false)" in found.text
    assert "it * scale\n    it * 3" in found.text


# What an export says, and what it does not


class Dropping(nn.Module):
    """Dropout as a function, and a layer that is never used."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.spare = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(self.fc(x), 0.3, self.training)


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_what_is_said_of_dropout_and_of_what_is_not_used(training: bool) -> None:
    found = import_program(exported(Dropping(), torch.randn(2, 4), training=training))
    mode = "training" if training else "evaluation"
    assert found.remarks == ("Module (spare) is never used, and left out", DROPS.format(mode))
    assert str(found.comparison) == "only in the original: spare.weight, spare.bias"
    assert "dropout(it, 0.3)" in found.text


class Sized(nn.Module):
    """Sizes of values as numbers, and a map as large as the input."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, 2, 1)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.down(x)
        y = y.view(y.shape[0], 2, 4, y.shape[2], y.shape[3]).transpose(1, 2).flatten(1, 2)
        return F.interpolate(y, size=x.shape[2:]), self.fc(y.mean((2, 3)))


def test_sizes_that_were_left_open_stay_open() -> None:
    shapes = {"x": {0: Dim.AUTO, 2: Dim.AUTO, 3: Dim.AUTO}}
    program = torch.export.export(Sized().eval(), (torch.randn(2, 3, 16, 20),), dynamic_shapes=shapes)
    found = import_program(program)
    assert str(found.comparison) == SAME
    assert "input(3, ?, ?)" in found.text
    assert "channel_shuffle(it, 2)" in found.text
    other = import_program(program, samples(program, [(3, 33, 24)]))
    assert (other.text, str(other.comparison)) == (found.text, SAME)
    with pytest.raises(Unreadable, match="x was exported for any x 3 x any x any, and not for 2 x 4 x 8 x 8"):
        import_program(program, [torch.randn(2, 4, 8, 8)])


def test_a_size_that_was_not_left_open_takes_no_other() -> None:
    program = exported(networks.Beginner(), torch.randn(2, 1, 28, 28))
    assert "input(1, 28, 28)" in import_program(program, [torch.randn(2, 1, 28, 28)]).text
    with pytest.raises(Unreadable, match="exported for 2 x 1 x 28 x 28, and not for 2 x 1 x 32 x 32"):
        import_program(program, samples(program, [(1, 32, 32)]))
    with pytest.raises(Unreadable, match="the program does not take 2 inputs"):
        import_program(program, [torch.randn(2, 1, 28, 28)] * 2)


def test_a_batch_of_one() -> None:
    assert "linear(classes)" in imported(networks.Beginner(), torch.randn(1, 1, 28, 28)).text


def test_a_program_in_strict_mode_and_without_places() -> None:
    module = networks.Residual().eval()
    program = torch.export.export(module, (torch.randn(2, 3, 16, 16),), strict=True)
    assert import_program(program).text == import_module(module, [(3, 16, 16)]).text
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    assert str(import_program(program).comparison) == SAME


def test_a_program_stays_as_it_was() -> None:
    module = networks.Residual().train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    import_program(torch.export.export(module, (torch.randn(2, 3, 16, 16),)))
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def test_from_torch_takes_a_program() -> None:
    module = networks.Residual()
    program = exported(module, torch.randn(2, 3, 16, 16))
    assert cnndsl.from_torch(program) == cnndsl.from_torch(module, torch.randn(2, 3, 16, 16))
    with pytest.raises(TypeError, match="a module needs inputs on which it is run"):
        cnndsl.from_torch(module)


# A layer that is not what its class says


class Hooked(nn.Module):
    """Layers that do more than their classes, by a hook."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.layer.register_forward_hook(lambda _module, _given, gives: gives * 2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y


def test_a_layer_that_calls_more_stays_its_calls() -> None:
    found = imported(Hooked(nn.ReLU()), torch.randn(2, 4))
    assert found.remarks == ("layer stays calls of functions: ReLU calls relu, mul, and no arguments of it say that",)
    assert "it * 2" in found.text


def test_a_layer_that_gives_something_else_stays_its_calls() -> None:
    found = imported(Hooked(nn.Softsign()), torch.randn(2, 4))
    assert found.remarks == ("layer stays calls of functions: Softsign() gives something else",)


def test_a_layer_with_weights_that_calls_more_is_refused() -> None:
    program = exported(Hooked(nn.Linear(4, 3)), torch.randn(2, 4))
    with pytest.raises(Unreadable) as problem:
        import_program(program)
    assert "in Linear (layer): linear(...) is no call of the language" in str(problem.value)
    assert "a program has what its class calls, and not the class" in str(problem.value)
    assert "Linear calls linear, mul, and no arguments of it say that" in str(problem.value)


# What is refused


class Sorting(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sort(1)[0]


class Asking(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = torch.cond(x.sum() > 0, lambda y: y + 1, lambda y: y - 1, (x,))
        return made


@pytest.mark.parametrize(
    ("module", "x", "words"),
    [
        (Sorting(), torch.randn(2, 4), r"in Sorting: sort\(\.\.\.\) is no call of the language"),
        (Asking(), torch.randn(2, 4), "the program has a part by cond, which is no call of the language"),
        (nn.Linear(4, 3).double(), torch.randn(2, 4).double(), "weight has numbers of the type torch.float64"),
    ],
)
def test_what_is_refused(module: nn.Module, x: Tensor, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        import_program(exported(module, x))


def test_a_program_without_an_example_is_run_on_what_is_given() -> None:
    program = exported(networks.Beginner(), torch.randn(2, 1, 28, 28))
    program._example_inputs = None
    with pytest.raises(Unreadable, match="the program has no example inputs"):
        import_program(program)
    assert str(import_program(program, [torch.randn(2, 1, 28, 28)]).comparison) == SAME


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.999])
def test_a_file_that_is_cut(kept: float, tmp_path: Path) -> None:
    file = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(nn.Linear(4, 3), (torch.randn(2, 4),)), file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(Unreadable, match=r"the file is no archive of torch\.export\.save, or it is cut"):
        loaded(file)


def test_a_file_with_other_bytes_inside_or_another_archive(tmp_path: Path) -> None:
    file = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(nn.Linear(4, 3), (torch.randn(2, 4),)), file)
    whole = bytearray(file.read_bytes())
    at = whole.index(b"graph_module")
    whole[at : at + 12] = b"graph_nodule"
    file.write_bytes(whole)
    with pytest.raises(Unreadable, match="PyTorch cannot load the file"):
        loaded(file)
    torch.save(nn.Linear(4, 3).state_dict(), file)
    with pytest.raises(Unreadable, match="PyTorch cannot load the file"):
        loaded(file)


class Written(nn.Module):
    """Axes that are new, gone and turned, for one size of the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.scale = nn.Linear(4, 12), nn.Parameter(torch.rand(4))

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.qkv(x).reshape(2, -1, 3, 2, 2).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        y: Tensor = (q @ k.mT @ v).transpose(1, 2).reshape(2, -1, 4).mT
        return y * self.scale[:, None]


def test_axes_of_a_program() -> None:
    text = imported(Written(), torch.rand(2, 5, 4)).text
    assert "[:, :, 0]" in text or "[:, :, i]" in text
    assert "reshape(scale, [-1, 1])" in text
