"""The networks of `models/` that are named after published ones are those networks."""

from __future__ import annotations

import copy
import os
from typing import Any

import pytest

from benchmarks import published
from benchmarks.lengths import BY_HAND, text_tokens
from benchmarks.published import NETWORKS, Result, compare

SMALL = {"resnet18", "squeezenet1_0", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small"}
"""Those whose outputs are computed by default; the others with CNNDSL_ALL_REFERENCES=1."""
COMPUTED = NETWORKS if os.environ.get("CNNDSL_ALL_REFERENCES") == "1" else [name for name in NETWORKS if name in SMALL]


def test_every_published_network_is_there() -> None:
    assert set(NETWORKS) == set(published.facts())
    assert len(set(NETWORKS.values())) == len(NETWORKS) == 36


@pytest.mark.parametrize("name", NETWORKS)
def test_structure(name: str) -> None:
    same = Result(name, keys=True, shapes=True, leaves=True, parameters=True, macs=True, error=None)
    assert compare(name, outputs=False) == same


@pytest.mark.parametrize("name", COMPUTED)
def test_output(name: str) -> None:
    result = compare(name)
    assert result.error is not None
    assert result.error <= published.TOLERANCE
    assert result.ok


def _rename(known: dict[str, Any]) -> None:
    known["state"][0][0] = "features.zero.weight"


def _reorder(known: dict[str, Any]) -> None:
    known["state"].reverse()


def _retype(known: dict[str, Any]) -> None:
    known["state"][0][1] = "float64"


def _reshape(known: dict[str, Any]) -> None:
    known["state"][0][2][0] += 1


def _repaint(known: dict[str, Any]) -> None:
    known["leaves"][1][1] = "Sigmoid"


def _count(known: dict[str, Any]) -> None:
    known["parameters"] += 1


def _multiply(known: dict[str, Any]) -> None:
    known["macs"] -= 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_rename, {"keys", "shapes"}),
        (_reorder, {"keys", "shapes"}),
        (_retype, {"shapes"}),
        (_reshape, {"shapes"}),
        (_repaint, {"leaves"}),
        (_count, {"parameters"}),
        (_multiply, {"macs"}),
    ],
)
def test_a_difference_is_found(change: Any, found: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    known = copy.deepcopy(published.facts()["squeezenet1_1"])
    change(known)
    monkeypatch.setattr(published, "facts", lambda: {"squeezenet1_1": known})
    result = compare("squeezenet1_1", outputs=False)
    assert {name for name in ("keys", "shapes", "leaves", "parameters", "macs") if not getattr(result, name)} == found
    assert not result.ok


def test_another_output_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = copy.deepcopy(published.facts()["squeezenet1_1"])
    known["output"]["first"][7] += 0.001 * known["output"]["std"]
    monkeypatch.setattr(published, "facts", lambda: {"squeezenet1_1": known})
    error = compare("squeezenet1_1").error
    assert error == pytest.approx(0.001, rel=0.01)


def test_families_are_short() -> None:
    ours = {family: text_tokens(family) for family in BY_HAND}
    assert sum(ours.values()) * 3 <= sum(BY_HAND.values())
    assert [family for family in ours if ours[family] * 2 > BY_HAND[family]] == []
