"""Networks of torchvision; the whole list is in `benchmarks.importing`."""

from __future__ import annotations

import pytest

from cnndsl.importing import import_module


@pytest.mark.parametrize(
    "name", ["resnet18", "squeezenet1_1", "mobilenet_v3_small", "shufflenet_v2_x0_5", "mnasnet0_5"]
)
def test_a_network_of_torchvision(name: str) -> None:
    torchvision = pytest.importorskip("torchvision", reason="torchvision is not installed", exc_type=ImportError)
    module = torchvision.models.get_model(name, weights=None)
    found = import_module(module, [(3, 64, 64)])
    assert str(found.comparison) == "same keys, same outputs (0.0)", found.text
    assert found.remarks == ()
