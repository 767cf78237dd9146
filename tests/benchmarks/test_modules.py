"""What is compared in the benchmarks is the same network."""

from __future__ import annotations

import pytest

from benchmarks.modules import NETWORKS, pair


@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_by_hand_is_the_generated_one(name: str) -> None:
    generated, by_hand, x = pair(name, samples=1)
    assert len(x) == 1
    assert [p.shape for p in generated.parameters()] == [p.shape for p in by_hand.parameters()]
