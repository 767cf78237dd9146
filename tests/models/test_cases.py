"""Networks of one family each, beside the modules that are generated for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import cnndsl
from benchmarks.lengths import BY_HAND, python_tokens
from benchmarks.published import facts, leaves_of, state_of
from tests.conftest import Golden
from tests.running import imported

CASES = Path(__file__).parent / "cases"
NETWORKS = {
    "densenet121": ("DenseNet121", "densenet121", "densenet"),
    "mobilenetv3small": ("MobileNetV3Small", "mobilenet_v3_small", "mobilenetv3"),
    "resnet50": ("ResNet50", "resnet50", "resnet"),
}
"""Case -> the network, its published name, and its family."""


def generated(case: str) -> str:
    path = CASES / f"{case}.cnn"
    compilation = cnndsl.compile(path.read_text(encoding="utf-8"), name=path.name)
    assert compilation.diagnostics == ()
    return compilation.python()


def test_there_is_no_other_case() -> None:
    assert {path.stem for path in CASES.glob("*.cnn")} == set(NETWORKS)


@pytest.mark.parametrize("case", NETWORKS)
def test_the_module_is_as_it_was_read(case: str, golden: Golden) -> None:
    golden(CASES / f"{case}.py", generated(case))


@pytest.mark.parametrize("case", NETWORKS)
def test_it_is_the_published_network(case: str) -> None:
    network, published, _ = NETWORKS[case]
    with torch.device("meta"):
        net = getattr(imported(generated(case)), network)()
    known = facts()[published]
    assert state_of(net) == known["state"]
    assert [path for path, _, _ in leaves_of(net)] == [path for path, _, _ in known["leaves"]]


@pytest.mark.parametrize("case", NETWORKS)
def test_it_is_no_longer_than_by_hand(case: str) -> None:
    text = generated(case)
    assert python_tokens(text) <= 1.5 * BY_HAND[NETWORKS[case][2]]
    classes = re.findall(r"(?m)^class (\w+?)\d*\(", text)
    assert len(set(classes)) == len(classes), "a definition has become two classes"
