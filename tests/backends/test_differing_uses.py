"""Uses of one definition that need classes of their own are not taken for turns of one loop."""

from __future__ import annotations

from typing import Any

import torch

from cnndsl.compiler import compile_source
from cnndsl.source import Source
from tests.running import imported

NAMED_AND_NUMBERED = """
sequence S(c) { conv(c, 3, padding=1) -> a: relu -> conv(c, 1) }
network N { input(3, 8, 8); S(4) -> S(5) * 2 -> b: S(6) }
"""


def network(text: str) -> Any:
    return imported(compile_source(Source("net.cnn", text)).python()).N()


def test_a_sequence_with_names_and_numbers() -> None:
    net = network(NAMED_AND_NUMBERED)
    assert net(torch.zeros(2, 3, 8, 8)).shape == (2, 6, 8, 8)
    sequences = [name for name, part in net.named_modules() if type(part).__name__ == "S"]
    assert sequences == ["s1", "s2.0", "s2.1", "b"]
    for name in sequences:
        assert list(net.get_submodule(name)._modules) == ["0", "a", "2"]
    channels = {name: tuple(p.shape[:2]) for name, p in net.named_parameters() if name.endswith("0.weight")}
    assert channels == {
        "s1.0.weight": (4, 3), "s2.0.0.weight": (5, 4), "s2.1.0.weight": (5, 5), "b.0.weight": (6, 5)
    }  # fmt: skip


FEATURES = """
sequence Tail(classes) { linear(8) -> relu -> linear(classes) }
block Pick(head) { conv(4, 1) -> head }
network N { input(3, 4, 6); a: Pick(Tail(10)); b: { conv(2, 1) -> flatten -> Tail(5) }; tail = Tail(4); tail }
"""


def test_a_definition_that_takes_features_is_one_class_for_maps_too() -> None:
    net = network(FEATURES.replace("a: Pick(Tail(10)); ", ""))
    assert net(torch.zeros(2, 3, 4, 6)).shape == (2, 4)
    picked = network(FEATURES.replace("b: { conv(2, 1) -> flatten -> Tail(5) }; ", ""))
    assert picked(torch.zeros(2, 3, 4, 6)).shape == (2, 4)
    assert {type(part).__name__ for part in (net.tail, picked.tail, picked.a.head1)} == {"Tail"}
