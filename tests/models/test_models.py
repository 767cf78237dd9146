"""Every file of `models/`: it compiles without a finding, its module is clean Python, and runs as the program says."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import cnndsl
from cnndsl.analysis import costs
from cnndsl.ir.program import Module, Program
from cnndsl.symbolic.number import is_open
from tests import compiled
from tests.running import count, derived_sizes, imported, number_of, same_sizes, seen_sizes, without_numbers

MODELS = Path(__file__).parents[2] / "models"
FILES = sorted(path.name for path in MODELS.glob("*.cnn"))
TAKES_WORDS = {"TextCNN"}
"""The networks that take whole numbers."""
OPENED = {"CRNN": {"W": 100}}
"""Numbers for open sizes that a layer goes through one by one, for which those they are worked out with are large."""


def program_of(file: str) -> Program:
    return compiled.program_of(MODELS / file)


@cache
def module_of(file: str) -> ModuleType:
    return imported(compiled.python_of(MODELS / file))


NETWORKS = [(file, program_of(file).modules[key].name) for file in FILES for key in program_of(file).networks]


def on_meta(file: str, network: str) -> nn.Module:
    """A network that has sizes but no numbers."""
    with without_numbers():
        net: nn.Module = getattr(module_of(file), network)()
    return net


def sample(network: Module) -> tuple[Tensor, ...]:
    """A batch of two without numbers for each input."""
    opened = OPENED.get(network.name, {})
    return tuple(
        torch.empty(
            (2, *(number_of(dim, opened) for dim in shape)),
            dtype=torch.int64 if network.name in TAKES_WORDS else torch.float32,
            device="meta",
        )
        for shape in network.input_shapes
    )


def test_there_are_models() -> None:
    assert len(FILES) >= 17
    assert len(NETWORKS) >= 40


@pytest.mark.parametrize("file", FILES)
def test_it_compiles_without_a_finding(file: str) -> None:
    assert compiled.compilation_of(MODELS / file).diagnostics == ()


@pytest.mark.parametrize(("file", "network"), NETWORKS)
def test_it_runs_as_the_program_says(file: str, network: str) -> None:
    program = program_of(file)
    module = program.network(network)
    # What there is in training only is seen in training.
    training = any(output.training for output in module.outputs)
    net = on_meta(file, network).train(training)
    seen, outputs = seen_sizes(net, sample(module))
    opened = OPENED.get(network, {})
    assert same_sizes(seen, derived_sizes(program, module, training=training, opened=opened))
    assert outputs == [tuple(number_of(dim, opened) for dim in shape) for shape in module.output_shapes]
    cost = costs.of(program, module.id)
    assert count(net) == (cost.parameters, cost.trainable, cost.buffers)


@pytest.mark.parametrize("file", FILES)
def test_its_source_is_no_wider_than_a_screen(file: str) -> None:
    lines = (MODELS / file).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120 or line != line.rstrip()] == []
    assert lines[0].startswith("# "), "a model says first what it is"


def test_generated_modules_are_clean(tmp_path: Path) -> None:
    """What mypy says of them is seen in `tests/torch/test_cases.py`."""
    for file in FILES:
        (tmp_path / f"{Path(file).stem}.py").write_text(compiled.python_of(MODELS / file), encoding="utf-8")
    for command in (["ruff", "check", "--isolated"], ["ruff", "format", "--isolated", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", *command, "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


# By hand: a convolution has kernels x (inputs x area + 1 for the bias), a normalisation 2 x channels, a dense
# layer outputs x (inputs + 1).
PARAMETERS = {
    ("lenet.cnn", "LeNet5"): 6 * (25 + 1) + 16 * (6 * 25 + 1) + 120 * (16 * 25 + 1) + 84 * (120 + 1) + 10 * (84 + 1),
    ("dcgan.cnn", "Generator"): (
        16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * (512 + 256 + 128 + 64)
    ),
    ("dcgan.cnn", "Discriminator"): 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * (128 + 256 + 512),
    ("m5.cnn", "M5"): (
        128 * 80 + 128 * 128 * 3 + 256 * 128 * 3 + 512 * 256 * 3 + 2 * (128 + 128 + 256 + 512) + 10 * (512 + 1)
    ),
    ("textcnn.cnn", "TextCNN"): 20000 * 128 + sum(100 * (128 * words + 1) for words in (3, 4, 5)) + 2 * (300 + 1),
    # 9.11, 28.21 and 89.02 million in timm's table, in the form for training.
    ("repvgg.cnn", "RepVGG_A0"): 9_108_968,
    ("repvgg.cnn", "RepVGG_A2"): 28_210_600,
    ("repvgg.cnn", "RepVGG_B2"): 89_022_376,
    # "8.3 million" in the paper.
    ("crnn.cnn", "CRNN"): (
        sum(b * (a * 9 + 1) for a, b in ((1, 64), (64, 128), (128, 256), (256, 256)))
        + 512 * (256 * 9 + 2) + 512 * (512 * 9 + 2) + 512 * (512 * 4 + 1)
        + 8 * 256 * (512 + 256 + 2) + 256 * (512 + 1) + 8 * 256 * (256 + 256 + 2) + 37 * (512 + 1)
    ),
    ("c3d.cnn", "C3D"): (
        sum(b * (a * 27 + 1) for a, b in ((3, 64), (64, 128), (128, 256), (256, 256), (256, 512)))
        + 3 * 512 * (512 * 27 + 1) + 4096 * (8192 + 1) + 4096 * (4096 + 1) + 487 * (4096 + 1)
    ),
    ("autoencoder.cnn", "Autoencoder"): (
        16 * (9 + 1) + 32 * (16 * 9 + 1) + 16 * (1568 + 1) + 1568 * (16 + 1) + (32 * 16 * 4 + 16) + (16 * 4 + 1)
    ),
    ("siamese.cnn", "Siamese"): (
        64 * (100 + 1) + 128 * (64 * 49 + 1) + 128 * (128 * 16 + 1) + 256 * (128 * 16 + 1)
        + 4096 * (256 * 36 + 1) + (4096 + 1)
    ),
    ("digits.cnn", "Digits"): 16 * 9 + 2 * 16 + 32 * 16 * 9 + 2 * 32 + 64 * (512 + 1) + 10 * (64 + 1),
    ("edges.cnn", "Edges"): 9 + 9,
    # 31,037,698 is what the widely used implementation of U-Net has for 3 channels and 2 classes.
    ("unet.cnn", "UNet"): 31_037_698,
    # Published as 6,624,904 without the further classifiers: each has a convolution of 1 x 1 and two dense layers.
    ("googlenet.cnn", "GoogLeNet"): 6_624_904 + sum(
        128 * inputs + 2 * 128 + 1024 * (2048 + 1) + 1000 * (1024 + 1) for inputs in (512, 528)
    ),
    # As published, in torchvision's documentation.
    ("efficientnet.cnn", "EfficientNetB0"): 5_288_548,
    ("efficientnet.cnn", "EfficientNetB1"): 7_794_184,
    ("efficientnet.cnn", "EfficientNetB2"): 9_109_994,
    ("efficientnet.cnn", "EfficientNetB3"): 12_233_232,
    ("efficientnet.cnn", "EfficientNetB4"): 19_341_616,
    ("efficientnet.cnn", "EfficientNetB5"): 30_389_784,
    ("efficientnet.cnn", "EfficientNetB6"): 43_040_704,
    ("efficientnet.cnn", "EfficientNetB7"): 66_347_960,
    ("shufflenetv2.cnn", "ShuffleNetV2_0_5"): 1_366_792,
    ("shufflenetv2.cnn", "ShuffleNetV2_1_0"): 2_278_604,
    ("shufflenetv2.cnn", "ShuffleNetV2_1_5"): 3_503_624,
    ("shufflenetv2.cnn", "ShuffleNetV2_2_0"): 7_393_996,
    # As published, in torchvision's documentation.
    ("regnet.cnn", "RegNetX_400MF"): 5_495_976,
    ("regnet.cnn", "RegNetX_800MF"): 7_259_656,
    ("regnet.cnn", "RegNetX_1_6GF"): 9_190_136,
    ("regnet.cnn", "RegNetX_3_2GF"): 15_296_552,
    ("regnet.cnn", "RegNetX_8GF"): 39_572_648,
    ("regnet.cnn", "RegNetX_16GF"): 54_278_536,
    ("regnet.cnn", "RegNetX_32GF"): 107_811_560,
    ("regnet.cnn", "RegNetY_400MF"): 4_344_144,
    ("regnet.cnn", "RegNetY_800MF"): 6_432_512,
    ("regnet.cnn", "RegNetY_1_6GF"): 11_202_430,
    ("regnet.cnn", "RegNetY_3_2GF"): 19_436_338,
    ("regnet.cnn", "RegNetY_8GF"): 39_381_472,
    ("regnet.cnn", "RegNetY_16GF"): 83_590_140,
    ("regnet.cnn", "RegNetY_32GF"): 145_046_770,
    # Darknet's file of weights holds 8,858,734 numbers; those of the running means and variances are no parameters.
    ("yolo.cnn", "YoloTiny"): (
        8_858_734 - 2 * (16 + 32 + 64 + 128 + 256 + 512 + 1024 + 256 + 512 + 128 + 256)
    ),
    # As published, in torchvision's documentation.
    ("deeplabv3.cnn", "DeepLabV3"): 42_004_074,
    # A ResNet-50 of 25,557,032 without its classifier, and a convolution before and behind each of the four sums.
    ("fpn.cnn", "FPN"): 25_557_032 - 1000 * (2048 + 1) + sum(
        256 * (inputs + 1) + 256 * (256 * 9 + 1) for inputs in (256, 512, 1024, 2048)
    ),
    # A layer: two convolutions of 2 x 1 places, one of 64 channels, one of 256.
    ("wavenet.cnn", "WaveNet"): (
        64 * (256 * 2 + 1) + 30 * (128 * (64 * 2 + 1) + 64 * (64 + 1) + 256 * (64 + 1)) + 2 * 256 * (256 + 1)
    ),
    # As published, in timm's cards of the models: 21.3, 41.2, 25.7 and 45.2 million.
    ("hrnet.cnn", "HRNet"): 21_299_004,
    ("hrnet.cnn", "HRNetW32"): 41_232_680,
    ("res2net.cnn", "Res2Net50"): 25_699_120,
    ("res2net.cnn", "Res2Net101"): 45_206_688,
    ("net.cnn", "Net"): 109_050,
}  # fmt: skip


@pytest.mark.parametrize(("file", "network"), PARAMETERS)
def test_its_parameters_are_those_counted_by_hand(file: str, network: str) -> None:
    program = program_of(file)
    counted = costs.of(program, program.network(network).id).parameters
    assert counted == PARAMETERS[file, network]
    assert counted == sum(parameter.numel() for parameter in on_meta(file, network).parameters())


def _published_or_counted(file: str) -> bool:
    from benchmarks.published import NETWORKS as PUBLISHED

    return file in {name for name, _ in PUBLISHED.values()} or file in {name for name, _ in PARAMETERS}


def test_no_model_is_left_uncounted() -> None:
    assert [file for file in FILES if not _published_or_counted(file)] == []


# What some of them do, on numbers


def built(file: str, **settings: Any) -> nn.Module:
    """The last network of a file, in evaluation mode; the settings make it small."""
    torch.manual_seed(0)
    return cnndsl.load(MODELS / file, None, **settings)().eval()


@pytest.mark.parametrize("size", [(16, 16), (32, 48)])
def test_the_u_net_takes_pictures_of_any_multiple_of_16(size: tuple[int, int]) -> None:
    program = program_of("unet.cnn")
    assert sum(map(is_open, program.network("UNet").input_shapes[0])) == 2
    with torch.no_grad():
        assert built("unet.cnn", width=4)(torch.randn(1, 3, *size)).shape == (1, 2, *size)


def test_the_edges_of_a_step_are_where_it_is() -> None:
    picture = torch.zeros(1, 1, 5, 6)
    picture[..., 3:] = 1
    strength = built("edges.cnn")(picture)[0, 0]
    # Away from the border each row of the kernel sees the step: (1 + 2 + 1) squared.
    assert strength[1:-1].tolist() == [[0, 0, 16, 16, 0, strength[2, 5].item()]] * 3
    assert not any(parameter.requires_grad for parameter in built("edges.cnn").parameters())


def test_the_siamese_network_says_the_same_whichever_picture_is_left() -> None:
    net = built("siamese.cnn", code=8)
    left, right = torch.randn(2, 1, 1, 105, 105)
    with torch.no_grad():
        assert torch.equal(net(left, right), net(right, left))
        assert torch.equal(net(left, left), net(right, right))
        assert not torch.equal(net(left, left), net(left, right))


def test_the_stages_of_a_regnet_follow_from_its_line() -> None:
    net = on_meta("regnet.cnn", "RegNetY_400MF")
    shapes = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    blocks = [re.fullmatch(r"trunk_output\.(block\d\.block\d-\d+)\.f\.c\.0\.weight", key) for key in shapes]
    widths = [shapes[found[0]][0] for found in blocks if found]
    assert widths == [48] * 1 + [104] * 3 + [208] * 6 + [440] * 6  # as published
    assert shapes["trunk_output.block2.block2-0.proj.0.weight"] == (104, 48, 1, 1)
    assert shapes["trunk_output.block2.block2-0.f.se.fc1.weight"] == (12, 104, 1, 1)
    assert shapes["trunk_output.block4.block4-5.f.b.0.weight"] == (440, 8, 3, 3)
    assert "trunk_output.block2.block2-1.proj.0.weight" not in shapes


def test_a_block_of_a_repvgg_serves_as_one_convolution() -> None:
    text = (MODELS / "repvgg.cnn").read_text(encoding="utf-8")
    small = text[: text.index("network A(")] + "network Small = RepVGG([2, 2, 2, 2], 0.25, 0.25, classes=5)\n"
    compilation = cnndsl.compile(small)
    trained = imported(compilation.python()).Small()
    with torch.no_grad():
        for _, tensor in sorted(trained.state_dict().items()):
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)
    serving = imported(compilation.for_inference().python()).Small.from_trained(trained.state_dict())
    kinds = [type(part) for part in serving.modules()]
    assert kinds.count(nn.Conv2d) == 1 + 4 * 2
    assert nn.BatchNorm2d not in kinds
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(serving(x), trained.eval()(x), rtol=1e-3, atol=1e-3)


def test_what_the_detector_pads_before_its_last_pool_never_wins() -> None:
    net = built("yolo.cnn")
    x = torch.randn(1, 2, 13, 13) - 5
    smallest = nn.functional.pad(x, (0, 1, 0, 1), value=-torch.inf)
    pad, pool = net.get_submodule("pad1"), net.get_submodule("maxpool3")
    assert torch.equal(pool(pad(x)), nn.functional.max_pool2d(smallest, 2, 1))


def test_the_wavenet_hears_nothing_of_what_comes_later() -> None:
    net = built("wavenet.cnn", stacks=2, layers=3, channels=4, skips=8, levels=16)
    sound = torch.randn(1, 16, 40)
    other = sound.clone()
    other[..., 20] += 1
    with torch.no_grad():
        changed = (net(sound) != net(other)).any(dim=1)[0]
    assert changed.nonzero().flatten().tolist() == list(range(20, 20 + 2 * (2**3 - 1) + 2))


def test_the_parts_of_the_autoencoder_make_the_whole() -> None:
    net = built("autoencoder.cnn")
    picture = torch.rand(2, 1, 28, 28)
    with torch.no_grad():
        code = net.get_submodule("encoder")(picture)
        assert code.shape == (2, 16)
        assert torch.equal(net.get_submodule("decoder")(code), net(picture))


def test_a_word_out_of_place_changes_the_answer_of_the_text_net() -> None:
    net = built("textcnn.cnn", vocabulary=100)
    words = torch.randint(1, 100, (1, 64), generator=torch.Generator().manual_seed(0))
    moved = words.roll(1, dims=1)
    with torch.no_grad():
        assert net(words).shape == (1, 2)
        assert not torch.equal(net(words), net(moved))


def test_the_further_classifiers_of_googlenet_are_there_in_training_only() -> None:
    net = on_meta("googlenet.cnn", "GoogLeNet")
    picture = torch.empty(2, 3, 224, 224, device="meta")
    trained = net.train()(picture)
    assert [tuple(scores.shape) for scores in trained] == [(2, 1000)] * 3
    assert tuple(net.eval()(picture).shape) == (2, 1000)
