"""Trained weights: taken as they are, or refused with what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cnndsl.diagnostics import OptionError, Problem
from tests.explain.runs.support import SMALL, compiled, numbers, ran


def trained() -> dict[str, Any]:
    torch.manual_seed(5)
    return compiled(SMALL).load()().state_dict()


def scores(path: Path | None = None, **options: Any) -> list[float]:
    figure = ran(SMALL, numbers(1, 6, 6), trained=path, **options)
    return [score.number for score in figure.results[0].scores]


@pytest.mark.parametrize("around", ["", "state_dict", "model_state_dict", "model", "net"])
def test_weights_are_those_of_the_file(tmp_path: Path, around: str) -> None:
    path = tmp_path / "w.pt"
    torch.save({around: trained(), "epoch": 3} if around else trained(), path)
    assert scores(path) == scores(seed=5)
    assert ran(SMALL, numbers(1, 6, 6), trained=path).weights == "The weights are those in w.pt."


def test_weights_of_a_network_that_was_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    for wrapper in ("module.", "_orig_mod.", "module._orig_mod."):
        torch.save({f"{wrapper}{key}": tensor for key, tensor in trained().items()}, path)
        assert scores(path) == scores(seed=5)
    torch.save({"n_averaged": torch.tensor(3)} | {f"module.{k}": tensor for k, tensor in trained().items()}, path)
    assert scores(path) == scores(seed=5)
    torch.save({"now": trained(), "mean": trained(), "optimizer": {}}, path)
    assert refusal(path).startswith("w.pt holds several: now, mean; write the weights alone with ")


def test_without_weights_they_are_drawn() -> None:
    assert scores() == scores(seed=0) != scores(seed=1)
    state = torch.random.get_rng_state()
    assert "drawn with the seed 7: nothing has been learned yet" in ran(SMALL, numbers(1, 6, 6), seed=7).weights
    assert torch.equal(state, torch.random.get_rng_state())


def refusal(path: Path) -> str:
    with pytest.raises(OptionError) as caught:
        scores(path)
    assert caught.value.option == "weights"
    return str(caught.value).replace(str(path), path.name)


def test_weights_of_another_network(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    state = trained()
    bias = state.pop("fc.bias")
    torch.save(state, path)
    assert refusal(path) == "w.pt holds the weights of another network: it lacks fc.bias"
    torch.save({**state, "fc.bias": bias, **{f"more.{k}": bias for k in range(5)}}, path)
    assert refusal(path).endswith("it has more.0, more.1, more.2 and 2 more, which the network has not")
    torch.save({**state, "fc.bias": torch.zeros(4)}, path)
    assert refusal(path).endswith("fc.bias is 4 instead of 3")


@pytest.mark.parametrize("held", [[1, 2], {"epoch": 3}, {"conv.weight": "text"}, "text", {1: torch.zeros(2)}])
def test_files_without_weights(tmp_path: Path, held: Any) -> None:
    torch.save(held, tmp_path / "w.pt")
    assert "holds no weights by their names" in refusal(tmp_path / "w.pt")


def test_weights_that_are_no_plain_numbers(tmp_path: Path) -> None:
    state = trained()
    torch.save({**state, "conv.bias": state["conv.bias"].to_sparse()}, tmp_path / "w.pt")
    assert refusal(tmp_path / "w.pt").startswith("PyTorch does not take the weights in w.pt: ")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    model = compiled(SMALL).load()()
    torch.save(model, tmp_path / "w.pt")
    for path in (tmp_path / "w.pt", tmp_path / "none.pt", tmp_path):
        with pytest.raises(Problem, match=r"cannot be read"):
            scores(path)
