"""Weights that are normalised at each step: PyTorch's parametrizations, with their keys, and gone when it serves."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import cnndsl
from cnndsl.analysis import costs
from cnndsl.generated import module_of
from tests.running import build, compiled

LAYERS = {
    "conv(6, 3, groups=2, {})": lambda: nn.Conv2d(4, 6, 3, groups=2),
    'conv(6, 3, stride=2, padding="same", {})': None,
    "conv_transpose(6, 3, groups=2, {})": lambda: nn.ConvTranspose2d(4, 6, 3, groups=2),
    "linear(5, bias=false, axis=-1, {})": lambda: nn.Linear(9, 5, bias=False),
}


@pytest.mark.parametrize("norm", ["weight_norm", "spectral_norm"])
@pytest.mark.parametrize("layer", LAYERS)
def test_it_is_pytorchs(layer: str, norm: str) -> None:
    text = f"network Net {{ input(4, 9, 9); part: {layer.format(f'{norm}=true')} }}"
    program = compiled(text).program
    assert program is not None
    model = build(text)
    assert costs.of(program, program.network().id).parameters == sum(p.numel() for p in model.parameters())
    make = LAYERS[layer]
    if make is None:
        return
    theirs = getattr(parametrizations, norm)(make()).eval()
    assert {f"part.{key}": value.shape for key, value in theirs.state_dict().items()} == {
        key: value.shape for key, value in model.state_dict().items()
    }
    model.load_state_dict({f"part.{key}": value for key, value in theirs.state_dict().items()})
    x = torch.randn(2, 4, 9, 9)
    assert torch.equal(model(x), theirs(x))


CRITIC = """
block Down(channels, stride = 2) {
    conv(channels, 3, stride=stride, padding="same", bias=false, weight_norm=true) -> batchnorm -> relu
}
network Net(normed = true) {
    input(3, 16, 16)
    { conv(8, 4, 2, 1, spectral_norm=normed) -> batchnorm -> relu }
    Down(8) -> Down(16, 1)
    linear(1, spectral_norm=true)
}
"""


def test_it_serves_with_plain_weights_and_folded_normalisations() -> None:
    torch.manual_seed(0)
    model = build(CRITIC)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.running_mean)  # type: ignore[arg-type]
            nn.init.uniform_(part.running_var, 0.5, 2)  # type: ignore[arg-type]
    inference = compiled(CRITIC).for_inference()
    served = module_of(inference.python(), "net").Net.from_trained(model.state_dict())
    assert not any(isinstance(part, nn.BatchNorm2d) for part in served.modules())
    assert not any("parametrizations" in key for key in served.state_dict())
    assert inference.program is not None
    counted = costs.of(inference.program, inference.program.network().id).parameters
    assert counted == sum(p.numel() for p in served.parameters())
    x = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(served(x), model(x))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "conv(4, 3, weight_norm=true, spectral_norm=true)",
            "the weight of conv is normalised in one way, and both are asked for",
        ),
        ("conv(4, 3, weight_norm=true, weight_init=normal)", "conv has no weight here"),
        (
            "init conv: weight = normal\n    conv(4, 3, weight_norm=true)",
            "conv has no single weight here, but parametrizations.weight.original0, parametrizations.weight.original1",
        ),
    ],
)
def test_what_does_not_fit_is_refused(line: str, said: str) -> None:
    assert [d.message for d in cnndsl.compile(f"network Net {{ input(3, 8, 8)\n    {line} }}").diagnostics] == [said]
