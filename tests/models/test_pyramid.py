"""A feature pyramid network that imports the ResNet of `models/`: torchvision's names, for pictures of any size."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch

import cnndsl
from benchmarks.published import facts
from cnndsl.compilation import Compilation
from tests.running import imported

MODELS = Path(__file__).parents[2] / "models"


@cache
def compiled(channels: int = 256) -> Compilation:
    compilation = cnndsl.compile(MODELS / "fpn.cnn", settings={"channels": channels})
    assert compilation.diagnostics == ()
    return compilation


def test_its_weights_have_the_names_of_torchvision() -> None:
    """Those of its `resnet_fpn_backbone`: of the published ResNet without the classifier, and of the pyramid."""
    trunk = {
        f"body.{key}": tuple(shape) for key, _, shape, *_ in facts()["resnet50"]["state"] if not key.startswith("fc.")
    }
    pyramid = {
        f"fpn.{part}.{k}.0.{tensor}": (256, inputs if part == "inner_blocks" else 256, kernel, kernel)[:axes]
        for part, kernel in (("inner_blocks", 1), ("layer_blocks", 3))
        for k, inputs in enumerate((256, 512, 1024, 2048))
        for tensor, axes in (("weight", 4), ("bias", 1))
    }
    with torch.device("meta"):
        state = imported(compiled().python()).FPN().state_dict()
    assert [(key, tuple(tensor.shape)) for key, tensor in state.items()] == list((trunk | pyramid).items())


@pytest.mark.parametrize("size", [(1, 1), (33, 70)])
def test_it_takes_pictures_of_any_size(size: tuple[int, int]) -> None:
    net = imported(compiled(channels=4).python()).FPN().eval()
    with torch.no_grad():
        maps = net(torch.randn(1, 3, *size))
    assert list(maps) == ["p2", "p3", "p4", "p5", "p6"]
    for level, found in enumerate(maps.values(), 2):
        assert found.shape == (1, 4, *(-(-side // 2**level) for side in size))


def test_an_arrow_is_for_numbers_and_not_for_a_size() -> None:
    """A map that only gives its size to another has no arrow there."""
    dot = compiled().dot(expand=["*"])
    assert dot.count("upsample") > 3
    assert not [line for line in dot.splitlines() if "body." in line and "→ fpn.upsample" in line]
    assert [line for line in dot.splitlines() if "inner_blocks.3.0 → fpn.upsample" in line]


def test_links_lead_to_the_file_that_a_part_stands_in() -> None:
    """As seen from where the first file is told to be."""
    from cnndsl.compiler import compile_source
    from cnndsl.source import Source

    text = (MODELS / "fpn.cnn").read_text(encoding="utf-8")
    source = Source("fpn.cnn", text, "../../models/fpn.cnn")
    found = compile_source(source, folder=MODELS).program
    assert found is not None
    assert {module.origin.file for module in found.modules.values()} == {
        "../../models/fpn.cnn",
        "../../models/resnet.cnn",
    }
