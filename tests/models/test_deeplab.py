"""DeepLabV3 on the imported ResNet-50: torchvision's keys in their order, its dilations, pictures of any size."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import nn

from benchmarks.published import facts
from tests.models.test_models import MODELS, module_of


@cache
def on_meta() -> nn.Module:
    with torch.device("meta"):
        net: nn.Module = module_of("deeplabv3.cnn").DeepLabV3()
    return net


def norm(key: str, channels: int) -> dict[str, tuple[int, ...]]:
    """The entries of a batch normalisation."""
    names = ("weight", "bias", "running_mean", "running_var")
    return {f"{key}.{name}": (channels,) for name in names} | {f"{key}.num_batches_tracked": ()}


def convolution(key: str, last: int, inputs: int, kernel: int, channels: int = 256) -> dict[str, tuple[int, ...]]:
    """Those of a convolution called `key` and a number, and the normalisation with the next one."""
    return {f"{key}{last}.weight": (channels, inputs, kernel, kernel)} | norm(f"{key}{last + 1}", channels)


def scores(key: str) -> dict[str, tuple[int, ...]]:
    return {f"{key}.weight": (21, 256, 1, 1), f"{key}.bias": (21,)}


def test_its_weights_have_the_names_of_torchvision() -> None:
    resnet = [(key, tuple(shape)) for key, _, shape, *_ in facts()["resnet50"]["state"]]
    expected = {f"backbone.{key}": shape for key, shape in resnet if not key.startswith("fc.")}
    for at, kernel in enumerate((1, 3, 3, 3)):
        expected |= convolution(f"classifier.0.convs.{at}.", 0, 2048, kernel)
    expected |= convolution("classifier.0.convs.4.", 1, 2048, 1)
    expected |= convolution("classifier.0.project.", 0, 5 * 256, 1)
    expected |= convolution("classifier.", 1, 256, 3) | scores("classifier.4")
    expected |= convolution("aux_classifier.", 0, 1024, 3) | scores("aux_classifier.4")
    assert [(key, tuple(tensor.shape)) for key, tensor in on_meta().state_dict().items()] == list(expected.items())


def test_the_last_two_stages_are_dilated_as_published() -> None:
    seen = [
        (module.stride[0], module.dilation[0], module.padding[0])
        for path, module in on_meta().named_modules()
        if isinstance(module, nn.Conv2d) and path.startswith(("backbone.layer3", "backbone.layer4"))
        if path.endswith("conv2")
    ]
    assert seen == [(1, 1, 1), *[(1, 2, 2)] * 5, (1, 2, 2), *[(1, 4, 4)] * 2]


@pytest.mark.parametrize("size", [(64, 64), (33, 70)])
def test_each_place_of_a_picture_gets_a_score(size: tuple[int, int]) -> None:
    with torch.device("meta"):
        found = on_meta().eval()(torch.empty(2, 3, *size))
    assert {name: tuple(value.shape) for name, value in found.items()} == dict.fromkeys(("out", "aux"), (2, 21, *size))


def test_it_takes_no_more_than_40_lines() -> None:
    text = (MODELS / "deeplabv3.cnn").read_text(encoding="utf-8")
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 40
