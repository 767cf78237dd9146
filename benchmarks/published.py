"""What is known of published networks, and whether a network of `models/` is the same.

The facts were read from torchvision 0.29.1, whose state dictionaries people have: keys, shapes, layers,
counts, and what comes out of `sample` with the weights of `fill`.  They are in `published.json.xz`:

    {name: {"input": [3, 224, 224], "parameters": n, "macs": n,
            "state": [[key, dtype, shape, "param" or "buffer"], ...],      in order
            "leaves": [[path, class, repr without `inplace`], ...],        the layers of torch.nn, in order
            "output": {"shape": [...], "first": [8 numbers], "mean": x, "std": x}}}
"""

from __future__ import annotations

import json
import lzma
import sys
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import cnndsl
from cnndsl.analysis import costs

ROOT = Path(__file__).parents[1]
FACTS = ROOT / "tests" / "models" / "reference" / "published.json.xz"
MODELS = ROOT / "models"

NETWORKS: dict[str, tuple[str, str]] = {
    "alexnet": ("alexnet.cnn", "AlexNet"),
    "vgg11": ("vgg.cnn", "VGG11"),
    "vgg11_bn": ("vgg.cnn", "VGG11BN"),
    "vgg13": ("vgg.cnn", "VGG13"),
    "vgg13_bn": ("vgg.cnn", "VGG13BN"),
    "vgg16": ("vgg.cnn", "VGG16"),
    "vgg16_bn": ("vgg.cnn", "VGG16BN"),
    "vgg19": ("vgg.cnn", "VGG19"),
    "vgg19_bn": ("vgg.cnn", "VGG19BN"),
    "resnet18": ("resnet.cnn", "ResNet18"),
    "resnet34": ("resnet.cnn", "ResNet34"),
    "resnet50": ("resnet.cnn", "ResNet50"),
    "resnet101": ("resnet.cnn", "ResNet101"),
    "resnet152": ("resnet.cnn", "ResNet152"),
    "resnext50_32x4d": ("resnet.cnn", "ResNeXt50_32x4d"),
    "resnext101_32x8d": ("resnet.cnn", "ResNeXt101_32x8d"),
    "resnext101_64x4d": ("resnet.cnn", "ResNeXt101_64x4d"),
    "wide_resnet50_2": ("resnet.cnn", "WideResNet50_2"),
    "wide_resnet101_2": ("resnet.cnn", "WideResNet101_2"),
    "squeezenet1_0": ("squeezenet.cnn", "SqueezeNet1_0"),
    "squeezenet1_1": ("squeezenet.cnn", "SqueezeNet1_1"),
    "densenet121": ("densenet.cnn", "DenseNet121"),
    "densenet161": ("densenet.cnn", "DenseNet161"),
    "densenet169": ("densenet.cnn", "DenseNet169"),
    "densenet201": ("densenet.cnn", "DenseNet201"),
    "mobilenet_v2": ("mobilenetv2.cnn", "MobileNetV2"),
    "mobilenet_v3_small": ("mobilenetv3.cnn", "MobileNetV3Small"),
    "mobilenet_v3_large": ("mobilenetv3.cnn", "MobileNetV3Large"),
    "convnext_tiny": ("convnext.cnn", "ConvNeXtTiny"),
    "convnext_small": ("convnext.cnn", "ConvNeXtSmall"),
    "convnext_base": ("convnext.cnn", "ConvNeXtBase"),
    "convnext_large": ("convnext.cnn", "ConvNeXtLarge"),
    "vit_b_16": ("vit.cnn", "ViT_B_16"),
    "vit_b_32": ("vit.cnn", "ViT_B_32"),
    "vit_l_16": ("vit.cnn", "ViT_L_16"),
    "vit_l_32": ("vit.cnn", "ViT_L_32"),
}
"""The published name -> the file in `models/` and the network in it."""

TOLERANCE = 1e-4
"""The relative error of an output that is rounding and nothing else."""


@cache
def facts() -> dict[str, Any]:
    """What is known, by published name."""
    known: dict[str, Any] = json.loads(lzma.decompress(FACTS.read_bytes()))
    return known


# The networks


@cache
def _program(file: str) -> cnndsl.Program:
    program = cnndsl.compile((MODELS / file).read_text(encoding="utf-8"), name=file, folder=MODELS).program
    if program is None:
        message = f"{file} does not compile: see `cnndsl check`"
        raise ValueError(message)
    return program


@cache
def _classes(file: str) -> dict[str, Any]:
    """What the module generated from a file defines."""
    return vars(sys.modules[cnndsl.load(MODELS / file).__module__])


def build(name: str, device: str = "cpu") -> nn.Module:
    """The network published as `name`, as it was compiled from `models/`."""
    file, network = NETWORKS[name]
    with torch.device(device):
        net: nn.Module = _classes(file)[network]()
    return net


def cost(name: str) -> costs.Cost:
    """What the compiler says that the network holds and costs."""
    file, network = NETWORKS[name]
    program = _program(file)
    return costs.of(program, program.network(network).id)


# Weights and inputs that need no file


def fill(net: nn.Module) -> None:
    """Give every entry of the state dictionary numbers that depend on its key and shape alone.

    Weights of layers are normal with the variance 2 / fan-in that keeps signals alive through ReLUs;
    scales are near 1, offsets near 0, variances between 0.5 and 1.5, counters 0.
    """
    for key, tensor in net.state_dict().items():
        seeded = torch.Generator().manual_seed(zlib.crc32(key.encode()))
        if not tensor.is_floating_point():
            numbers = torch.zeros_like(tensor)
        elif key.endswith("running_var"):
            numbers = torch.rand(tensor.shape, generator=seeded) + 0.5
        else:
            numbers = torch.randn(tensor.shape, generator=seeded)
            if tensor.dim() > 1:
                numbers *= (2.0 / tensor[0].numel()) ** 0.5
            elif key.endswith("weight"):
                numbers = 1 + 0.1 * numbers
            else:
                numbers *= 0.1
        tensor.copy_(numbers)  # state_dict() is detached, and shares its memory with the module


def sample(shape: list[int]) -> Tensor:
    """A batch of one sample of this shape, always the same."""
    return torch.randn((1, *shape), generator=torch.Generator().manual_seed(0))


# Comparisons


@dataclass(frozen=True)
class Result:
    """How a network compares with the published one: what agrees, and how far the output is off.

    `error` is None where the output was not computed.
    """

    name: str
    keys: bool
    shapes: bool
    leaves: bool
    parameters: bool
    macs: bool
    error: float | None

    @property
    def ok(self) -> bool:
        """Whether everything that was compared agrees."""
        same = self.keys and self.shapes and self.leaves and self.parameters and self.macs
        return same and (self.error is None or self.error <= TOLERANCE)


def compare(name: str, *, outputs: bool = True) -> Result:
    """Compare the network with what is known of it; without outputs nothing is computed but sizes."""
    known = facts()[name]
    net = build(name, "cpu" if outputs else "meta")
    state, counted = state_of(net), cost(name)
    held = sum(parameter.numel() for parameter in net.parameters())
    return Result(
        name,
        keys=[row[0] for row in state] == [row[0] for row in known["state"]],
        shapes=state == known["state"],
        leaves=leaves_of(net) == [_plain(*leaf) for leaf in known["leaves"]],
        parameters=counted.parameters == held == known["parameters"],
        macs=counted.macs == known["macs"],
        error=output_error(net, known) if outputs else None,
    )


def state_of(net: nn.Module) -> list[list[Any]]:
    """`[key, dtype, shape, "param" or "buffer"]` of every entry of the state dictionary, in order."""
    parameters = dict(net.named_parameters(remove_duplicate=False))
    return [
        [key, str(tensor.dtype).removeprefix("torch."), list(tensor.shape), "param" if key in parameters else "buffer"]
        for key, tensor in net.state_dict().items()
    ]


def leaves_of(net: nn.Module) -> list[list[str]]:
    """`[path, class, repr]` of every layer of torch.nn, in order."""
    return [
        _plain(path, type(module).__name__, module.extra_repr())
        for path, module in net.named_modules()
        if type(module).__module__.startswith("torch.nn.") and not list(module.children())
    ]


def _plain(path: str, kind: str, shown: str) -> list[str]:
    """A layer without the words that differ by the version of PyTorch, or say how memory is used."""
    idle = {"inplace=True", "inplace=False"} | ({"bias=True"} if kind.startswith("BatchNorm") else set())
    return [path, kind, ", ".join(word for word in shown.split(", ") if word not in idle)]


def output_error(net: nn.Module, known: dict[str, Any]) -> float:
    """How far the output for `sample` with the weights of `fill` is off, as a part of the published output's spread.

    Infinite where it has another shape.
    """
    fill(net)
    net.eval()
    with torch.no_grad():
        y: Tensor = net(sample(known["input"]))
    wanted = known["output"]
    if list(y.shape) != wanted["shape"]:
        return float("inf")
    found: list[float] = [*y.flatten()[:8].tolist(), y.mean().item(), y.std().item()]
    numbers: list[float] = [*wanted["first"], wanted["mean"], wanted["std"]]
    return max(abs(a - b) for a, b in zip(found, numbers, strict=True)) / numbers[-1]
