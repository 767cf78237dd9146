"""`cnndsl export`: files of ONNX that do what the networks do, with the names of the text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import cnndsl as package
from tests.cli.conftest import Command, cnndsl, folder
from tests.docs.blocks import ROOT

__all__ = ["cnndsl", "folder"]

REASON = "onnxruntime is not installed"
OPEN = """\
network Two {
    left  = input(3, ?, ?)
    right = input(3, ?, ?)
    left -> conv(4, 3, 2, padding=1, bias=false) -> batchnorm -> relu
    x = it -> maxpool(2)
    output small = x, large = it + (right -> conv(4, 3, 2, padding=1))
}
"""
WORDS = """\
network Words(rows = 30) {
    input(7)
    embedding(rows, 4) -> permute([0, 2, 1]) -> conv(6, 3) -> global_maxpool -> flatten -> dropout -> linear(2)
}
"""


@pytest.fixture
def onnx() -> Any:
    """What reads and runs the files; skipped where it is not there."""
    pytest.importorskip("onnxscript", reason=REASON)
    pytest.importorskip("onnxruntime", reason=REASON)
    return pytest.importorskip("onnx", reason=REASON)


def _shapes(values: Any) -> dict[str, list[Any]]:
    return {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}


def _run(path: Path, **given: torch.Tensor) -> list[torch.Tensor]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return [torch.from_numpy(x) for x in session.run(None, {name: x.numpy() for name, x in given.items()})]


def _save_safetensors(state: dict[str, torch.Tensor], path: Path) -> None:
    header, data = {}, b""
    for key, tensor in state.items():
        raw = tensor.contiguous().numpy().tobytes()
        dtype = {"float32": "F32", "int64": "I64"}[str(tensor.dtype).rpartition(".")[2]]
        header[key] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    told = json.dumps(header).encode()
    path.write_bytes(len(told).to_bytes(8, "little") + told + data)


def test_sizes_that_are_left_open(onnx: Any, cnndsl: Command, folder: Path) -> None:
    (folder / "two.cnn").write_text(OPEN)
    model = package.load(folder / "two.cnn")()
    _save_safetensors(model.state_dict(), folder / "two.safetensors")
    result = cnndsl("export", "two.cnn", "--weights", "two.safetensors")
    assert (result.code, result.out) == (0, "wrote two.onnx\n")
    assert result.err.startswith("same outputs in ONNX Runtime: the largest difference is ")
    graph = onnx.load(folder / "two.onnx").graph
    assert _shapes(graph.input) == {"left": ["batch", 3, "H", "W"], "right": ["batch", 3, "H2", "W2"]}
    assert list(_shapes(graph.output)) == ["small", "large"]
    given = {"left": torch.rand(3, 3, 41, 64), "right": torch.rand(3, 3, 42, 63)}
    wanted = model.eval()(**given)
    for have, want in zip(_run(folder / "two.onnx", **given), wanted.values(), strict=True):
        torch.testing.assert_close(have, want)
    assert cnndsl("export", "two.cnn").code == 0  # its own file is written anew
    (folder / "two.onnx").write_bytes(b"mine")
    refused = cnndsl("export", "two.cnn")
    assert (refused.code, (folder / "two.onnx").read_bytes()) == (2, b"mine")
    assert "two.onnx was not written by cnndsl, and stays as it is" in refused.err


def test_whole_numbers_and_settings(onnx: Any, cnndsl: Command, folder: Path) -> None:
    (folder / "words.cnn").write_text(WORDS)
    assert cnndsl("export", "words.cnn", "--set", "rows=9", "-o", "made.onnx").code == 0
    model = onnx.load(folder / "made.onnx")
    (x,) = model.graph.input
    assert x.type.tensor_type.elem_type == onnx.TensorProto.INT64
    assert _shapes(model.graph.output) == {"output": ["batch", 2]}
    assert any(list(tensor.dims) == [9, 4] for tensor in model.graph.initializer)
    assert str(folder).encode() not in (folder / "made.onnx").read_bytes()


def test_whole_numbers_of_which_a_part_is_looked_up(onnx: Any, cnndsl: Command, folder: Path) -> None:
    (folder / "parts.cnn").write_text("""\
network Parts {
    input(8)
    left = it[:, :4] -> embedding(30, 4)
    right = it[:, 4:] -> reshape([2, 2]) -> flatten -> embedding(20, 4)
    left + right -> flatten -> linear(2)
}
""")
    result = cnndsl("export", "parts.cnn")
    assert (result.code, result.out) == (0, "wrote parts.onnx\n")
    (x,) = onnx.load(folder / "parts.onnx").graph.input
    assert x.type.tensor_type.elem_type == onnx.TensorProto.INT64


def test_what_the_exporter_cannot_write(onnx: Any, cnndsl: Command, folder: Path) -> None:  # noqa: ARG001
    (folder / "bins.cnn").write_text("network Bins { input(3, ?, ?); adaptive_maxpool([7, 5]) -> conv(4, 3) }")
    result = cnndsl("export", "bins.cnn")
    assert (result.code, result.out) == (2, "")
    said = " ".join(result.err.split())
    assert "PyTorch's exporter cannot write Bins as ONNX: No ONNX function found for" in said
    assert "adaptive_max_pool2d" in said


def test_the_reference_network(onnx: Any, cnndsl: Command, folder: Path) -> None:
    result = cnndsl("export", str(ROOT / "models" / "net.cnn"), "-o", "net.onnx")
    assert (result.code, result.out) == (0, "wrote net.onnx\n")
    assert result.err.endswith(", with weights that are not trained\n")
    assert _shapes(onnx.load(folder / "net.onnx").graph.output) == {"output": ["batch", 10]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "net.pt"], "net.pt does not end in .onnx"),
        (["--network", "Nat"], "net.cnn has no network Nat; it has Net"),
        (["--size", "H=3"], "Net has no open size H; it has none"),
        (["--weights", "net.cnn"], "net.cnn cannot be read"),
    ],
)
def test_what_is_refused(onnx: Any, cnndsl: Command, folder: Path, arguments: list[str], words: str) -> None:  # noqa: ARG001
    result = cnndsl("export", "net.cnn", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in " ".join(result.err.split())
    assert not list(folder.glob("*.onnx"))


def test_without_the_extra(cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = cnndsl("export", "net.cnn")
    assert (result.code, result.out) == (2, "")
    assert "a file of ONNX is written with onnx, which is not installed: run pip install 'cnndsl[onnx]'" in result.err
    assert not (folder / "net.onnx").exists()
