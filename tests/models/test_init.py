"""How the weights of the published networks begin, against the same rules carried out by hand.

The rules are those of the networks' authors as torchvision 0.29.1 carries them out: first everything is
constructed, which draws random numbers too, then every module begins anew in the order of `modules()`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import nn

import cnndsl
from benchmarks.published import MODELS, NETWORKS, build
from tests.running import imported

Rule = Callable[[str, nn.Module], None]


def _vgg(_: str, module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        _zero(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01)
        _zero(module.bias)


def _resnet(_: str, module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _squeezenet(name: str, module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        if name == "classifier.1":
            nn.init.normal_(module.weight, mean=0.0, std=0.01)
        else:
            nn.init.kaiming_uniform_(module.weight)
        _zero(module.bias)


def _densenet(_: str, module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
    elif isinstance(module, nn.Linear):
        _zero(module.bias)


def _mobilenet(_: str, module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
        _zero(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01)
        _zero(module.bias)


def _convnext(_: str, module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=0.02)
        _zero(module.bias)


def _zero(tensor: torch.Tensor | None) -> None:
    if tensor is not None:
        nn.init.zeros_(tensor)


RULES: dict[str, Rule] = {
    "resnet18": _resnet,
    "squeezenet1_0": _squeezenet,
    "densenet121": _densenet,
    "mobilenet_v2": _mobilenet,
    "mobilenet_v3_small": _mobilenet,
    "vgg11": _vgg,
    "convnext_tiny": _convnext,
}


def _without_rules(name: str) -> type[nn.Module]:
    """The network of a text that says nothing of weights."""
    file, network = NETWORKS[name]
    text = (MODELS / file).read_text(encoding="utf-8")
    bare = re.sub(r", weight_init=normal\(0, 0\.01\)", "", re.sub(r"(?m)^    init .*\n", "", text))
    source = cnndsl.compile(bare, name=file).python()
    assert "nn.init" not in source
    found: type[nn.Module] = getattr(imported(source), network)
    return found


@pytest.mark.parametrize("name", RULES)
def test_the_same_seed_gives_the_same_weights(name: str) -> None:
    torch.manual_seed(11)
    by_hand = _without_rules(name)()
    for path, module in by_hand.named_modules():
        RULES[name](path, module)
    torch.manual_seed(11)
    ours = build(name).state_dict()
    theirs = by_hand.state_dict()
    assert list(ours) == list(theirs)
    assert [key for key in ours if not torch.equal(ours[key], theirs[key])] == []
