"""What the summary says, against PyTorch: the last network of every file of `models/`, run without numbers."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import cnndsl
from cnndsl.compilation import Compilation
from cnndsl.ir.program import Module
from cnndsl.symbolic.number import value_of
from tests.compiled import MODELS as FILES
from tests.compiled import compilation_of, python_of
from tests.running import count, imported, size_of, tensors_of, without_numbers


@cache
def compiled(file: Path) -> Compilation:
    if file.stem != "crnn":
        return compilation_of(file)
    # Without numbers recurrent layers take a step at a time, and the size that is tried for an open one is large.
    text = file.read_text(encoding="utf-8").replace("input(1, 32, ?)", "input(1, 32, 100)")
    return cnndsl.compile(text, name=file.name)


def on_meta(file: Path, network: str) -> nn.Module:
    with without_numbers():
        source = compiled(file).python() if file.stem == "crnn" else python_of(file)
        net: nn.Module = getattr(imported(source), network)()
    return net.eval()


def sample(net: nn.Module, network: Module) -> tuple[Tensor, ...]:
    """One sample; whole numbers for a network that begins with an embedding."""
    whole = any(isinstance(part, nn.Embedding) for part in net.modules())
    dtype = torch.int64 if whole else torch.float32
    return tuple(torch.empty((1, *map(value_of, shape)), dtype=dtype, device="meta") for shape in network.input_shapes)


def macs_of(part: nn.Module, given: Tensor, result: Tensor) -> int:
    """Multiply-accumulates of a module, from its weight and the sizes that it sees."""
    if isinstance(part, nn.Linear):
        return part.weight.numel() * (result.numel() // result.shape[-1])
    if isinstance(part, nn.modules.conv._ConvTransposeNd):
        return given.numel() * part.weight[0].numel()  # each number that comes in meets all that its kernel holds
    if isinstance(part, nn.RNNBase):  # each step meets all weights
        return given.shape[1] * sum(p.numel() for name, p in part.named_parameters() if name.startswith("weight"))
    if isinstance(part, nn.MultiheadAttention):  # four projections, and two products of every step with every other
        _, length, features = given.shape
        return 4 * length * features**2 + 2 * length**2 * features
    return result.numel() * part.weight[0].numel() if isinstance(part, nn.modules.conv._ConvNd) else 0


def seen(net: nn.Module, given: tuple[Tensor, ...]) -> dict[str, list[tuple[list[list[int]], int]]]:
    """For each module by its path, each time it is called: the sizes that come out, and its multiply-accumulates."""
    calls: dict[str, list[tuple[list[list[int]], int]]] = defaultdict(list)
    for path, part in net.named_modules():

        def note(part: nn.Module, inputs: Any, output: Any, path: str = path) -> None:
            is_one = isinstance(part, (nn.RNNBase, nn.MultiheadAttention))  # and what it gives has a state or weights
            results = tensors_of(output[0] if is_one else output)
            macs = macs_of(part, inputs[0], results[0]) if is_one or not any(part.children()) else 0
            calls[path].append(([list(size_of(result)) for result in results], macs))

        part.register_forward_hook(note)
    with torch.no_grad():
        net(*given)
    return calls


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_number_is_that_of_the_real_network(file: Path) -> None:
    program = compiled(file).program
    assert program is not None
    network = program.network()
    told = json.loads(compiled(file).summary(format="json", fold=False))
    net = on_meta(file, network.name)
    totals = told["totals"]
    assert (totals["parameters"], totals["trainable"], totals["buffers"]) == count(net)
    assert totals["memory"]["parameters"] == sum(p.numel() * p.element_size() for p in net.parameters())

    calls = seen(net, sample(net, network))
    is_open = any(isinstance(size, str) for shape in told["inputs"] for size in shape)
    rows: dict[str, list[tuple[list[list[int]], int]]] = defaultdict(list)
    for row in told["rows"]:
        if row["path"] and row["layer"] not in ("parameter", "constant"):
            held = net.get_submodule(row["path"]).parameters()
            assert row["shared"] or row["parameters"] == sum(p.numel() for p in held), row["path"]
            if row["output"] and not row["training"]:
                rows[row["path"]].append((row["output"], row["macs"] if row["kind"] == "layer" else 0))
    assert set(rows) == set(calls) - {""}
    assert told["outputs"] == calls[""][0][0] or is_open
    if not is_open:
        assert rows == {path: listed for path, listed in calls.items() if path}
        assert totals["macs"] == sum(macs for listed in calls.values() for _, macs in listed)


def test_what_is_open_is_the_real_size_where_it_is_set() -> None:
    """U-Net leaves its sizes open: the summary of the same network on a picture has the numbers."""
    (file,) = (file for file in FILES if file.stem == "unet")
    text = file.read_text(encoding="utf-8")
    assert "input(3, ?, ?)" in text
    fixed = cnndsl.compile(text.replace("input(3, ?, ?)", "input(3, 64, 32)"), name="unet.cnn")
    told = json.loads(fixed.summary(format="json", fold=False))
    calls = seen(on_meta(file, "UNet"), (torch.empty((1, 3, 64, 32), device="meta"),))
    rows: dict[str, list[tuple[list[list[int]], int]]] = defaultdict(list)
    for row in told["rows"]:
        if row["path"]:
            rows[row["path"]].append((row["output"], row["macs"] if row["kind"] == "layer" else 0))
    assert rows == {path: listed for path, listed in calls.items() if path}
    assert told["totals"]["macs"] == sum(macs for listed in calls.values() for _, macs in listed)
