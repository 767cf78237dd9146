"""`check --weights`: whether the tensors of a file are those of a network. PyTorch says what these are."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import cnndsl as library
from cnndsl import safetensors
from cnndsl.diagnostics import Problem
from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
NETS = """\
block Unit(channels) { conv(channels, 3, padding=1, bias=false) -> batchnorm -> relu }
network Small(classes = 10, width = 4) {
    input(3, 8, 8)
    stem: Unit(width) -> Unit(2 * width)
    fc: linear(classes)
}
network Other { input(3, 8, 8); conv(2, 3) }
"""
SIZES = {"F32": 4, "I64": 8}


def packed(shapes: Mapping[str, tuple[int, ...]], **more: Any) -> bytes:
    """A .safetensors file with zeros in tensors of these shapes."""
    header: dict[str, Any] = {}
    at = 0
    for key, shape in shapes.items():
        dtype = "I64" if key.endswith("num_batches_tracked") else "F32"
        size = SIZES[dtype] * torch.Size(shape).numel()
        header[key] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    return raw(json.dumps(header | more).encode(), bytes(at))


def raw(header: bytes, data: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + data


def state(path: Path, network: str, **settings: Any) -> dict[str, tuple[int, ...]]:
    """What PyTorch says that a network holds."""
    return {key: tuple(tensor.shape) for key, tensor in library.load(path, network, **settings)().state_dict().items()}


@pytest.fixture
def nets(folder: Path) -> Path:
    (folder / "nets.cnn").write_text(NETS)
    return folder / "nets.cnn"


@pytest.fixture
def check(cnndsl: Command, nets: Path, folder: Path) -> Callable[..., Any]:
    """Checks the network Small against tensors of these shapes."""

    def run(shapes: Mapping[str, tuple[int, ...]], *options: str, network: str = "Small") -> Any:
        (folder / "w.safetensors").write_bytes(packed(shapes))
        return cnndsl("check", nets.name, "--weights", "w.safetensors", "--network", network, *options)

    return run


@pytest.mark.parametrize("model", ["net", "resnet", "densenet", "unet", "mobilenetv3", "siamese"])
def test_the_weights_of_a_model_fit_it(cnndsl: Command, folder: Path, model: str) -> None:
    """Those of the first network of each file: the others have the same blocks."""
    path = ROOT / "models" / f"{model}.cnn"
    program = library.compile(path).program
    assert program is not None
    name = program.modules[program.networks[0]].name
    shapes = state(path, name)
    (folder / "w.safetensors").write_bytes(packed(shapes, __metadata__={"format": "pt"}))
    result = cnndsl("check", path, "--weights", "w.safetensors", "--network", name)
    assert (result.code, result.out) == (0, f"{len(shapes)} tensors of w.safetensors fit {name}\n")
    (folder / "w.safetensors").write_bytes(packed(dict(list(shapes.items())[1:])))
    assert cnndsl("check", path, "--weights", "w.safetensors", "--network", name).code == 1


def test_what_does_not_fit(check: Callable[..., Any], nets: Path) -> None:
    shapes = state(nets, "Small")
    del shapes["stem.conv1.weight"]
    shapes["fc.bias"] = (10, 1)
    shapes["head.weight"] = (3, 4)
    shapes["head.scale"] = ()
    result = check(shapes)
    assert (result.code, result.err) == (1, "")
    message = "w.safetensors does not fit Small: 1 tensor has another shape, 1 is missing, 2 are not expected"
    assert result.out.startswith(f"error[E010]: {message}\n --> nets.cnn:2:9\n")
    assert "of another shape:\n          fc.bias  10 x 1 in the file, 10 here\n" in result.out
    assert "missing:\n          stem.conv1.weight  4 x 3 x 3 x 3\n" in result.out
    assert "not expected:\n          head.weight  3 x 4\n          head.scale  a number\n" in result.out


def test_as_pytorch_sees_it(nets: Path, check: Callable[..., Any]) -> None:
    """Tensors are taken away, added and reshaped: what is said fits where `load_state_dict` takes them."""
    full = state(nets, "Small")
    net = library.load(nets, "Small")()
    for key in full:
        for changed in ({**full, key: (*full[key], 2)}, {k: s for k, s in full.items() if k != key}, {**full, "x": ()}):
            tensors = {name: torch.zeros(shape) for name, shape in changed.items()}
            try:
                net.load_state_dict(tensors)
                fits = True
            except RuntimeError:
                fits = False
            assert (check(changed).code == 0) is fits, changed


def test_what_is_told_is_bounded(check: Callable[..., Any], nets: Path) -> None:
    shapes = state(nets, "Small") | {f"extra.{number}.weight": (1,) for number in range(5000)}
    result = check(shapes)
    assert "5,000 tensors are not expected" in result.out
    assert "and 4,992 more" in result.out
    assert len(result.out.splitlines()) < 30
    assert check({"x" * 10_000: (1,), "\x1b[2J": (1,)}).out.count("\x1b") == 0
    assert max(map(len, check({"x" * 10_000: (1,)}).out.splitlines())) < 200


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "a.b."])
def test_a_prefix_is_seen(check: Callable[..., Any], nets: Path, prefix: str) -> None:
    result = check({prefix + key: shape for key, shape in state(nets, "Small").items()})
    assert result.code == 1
    assert f"the keys begin with {prefix}" in result.out
    assert (
        f"without it they fit:\n          {{k.removeprefix({prefix!r}): v for k, v in state.items()}}\n" in result.out
    )
    assert "missing:" not in result.out


@pytest.mark.parametrize(("name", "value"), [("classes", 7), ("width", 6)])
def test_a_setting_with_which_they_fit(check: Callable[..., Any], nets: Path, name: str, value: int) -> None:
    shapes = state(nets, "Small", **{name: value})
    result = check(shapes)
    assert result.code == 1
    assert f"with --set {name}={value} they fit\n" in result.out
    assert check(shapes, "--set", f"{name}={value}").code == 0
    wrapped = check({f"module.{key}": shape for key, shape in shapes.items()})
    assert "the keys begin with module." in wrapped.out
    assert f"with --set {name}={value} they fit\n" in wrapped.out


def test_a_setting_with_which_more_fits(check: Callable[..., Any], nets: Path) -> None:
    shapes = state(nets, "Small", classes=7)
    result = check({key: shape for key, shape in shapes.items() if key != "stem.conv1.weight"})
    assert "with --set classes=7 13 tensors fit, and not 11\n" in result.out


def test_another_network_that_fits(check: Callable[..., Any], nets: Path) -> None:
    result = check(state(nets, "Small"), network="Other")
    assert result.code == 1
    assert result.out.rstrip().endswith("= help: they fit Small: --network Small")


def test_what_a_class_from_elsewhere_holds_is_not_compared(cnndsl: Command, folder: Path) -> None:
    (folder / "e.cnn").write_text(
        'extern PReLU(num_parameters) from "torch.nn" (shape = same)\n'
        "network Net { input(4, 8, 8); act: PReLU(4); conv: conv(2, 3) }\n"
    )
    shapes = {"act.weight": (4,), "conv.weight": (2, 4, 3, 3), "conv.bias": (2,)}
    (folder / "w.safetensors").write_bytes(packed(shapes))
    result = cnndsl("check", "e.cnn", "--weights", "w.safetensors")
    assert (result.code, result.out) == (0, "2 tensors of w.safetensors fit Net; what is in act is not known\n")


def test_other_forms_of_the_report(check: Callable[..., Any]) -> None:
    line = "nets.cnn:2:9: E010 w.safetensors does not fit Small: 12 tensors are missing, 1 is not expected\n"
    assert check({"x": ()}, "--format", "concise").out == line
    assert json.loads(check({"x": ()}, "--format", "json").out)["code"] == "E010"


# Files of several parts


def test_an_index_of_several_files(cnndsl: Command, folder: Path, nets: Path) -> None:
    shapes = list(state(nets, "Small").items())
    parts = {"a.safetensors": dict(shapes[:5]), "b.safetensors": dict(shapes[5:])}
    places = {key: name for name, part in parts.items() for key in part}
    for name, part in parts.items():
        (folder / name).write_bytes(packed(part))
    index = folder / "model.safetensors.index.json"
    line = ("check", nets.name, "--weights", index.name, "--network", "Small")
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    assert cnndsl(*line).out == f"{len(shapes)} tensors of model.safetensors.index.json fit Small\n"
    for wrong, words in (
        ({"weight_map": places | {"x": "a.safetensors"}}, "'x' is not in 'a.safetensors'"),
        ({"weight_map": places | {"x": "../a.safetensors"}}, "'../a.safetensors' is no .safetensors file beside it"),
        ({"weight_map": places | {"x": "/etc/passwd"}}, "'/etc/passwd' is no .safetensors file beside it"),
        ({"weight_map": places | {"x": 3}}, "it has no weight_map from tensors to files"),
        ({"weights": places}, "it has no weight_map from tensors to files"),
        ([], "is no JSON object"),
        ({"weight_map": {str(k): f"{k}.safetensors" for k in range(2000)}}, "it names more than 1,000 files"),
    ):
        index.write_text(json.dumps(wrong))
        result = cnndsl(*line)
        assert (result.code, words in result.out) == (2, True), result.out
    index.write_text(json.dumps({"weight_map": {"x": "gone.safetensors"}}))
    assert "gone.safetensors cannot be read: no such file" in cnndsl(*line).out


# Files that are none


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it does not begin with the length of a header"),
        (b"\x00" * 8, "it does not begin with the length of a header"),
        (b"\xff" * 100, "it does not begin with the length of a header"),
        ((1000).to_bytes(8, "little") + b"{}", "it is cut off within its header"),
        (raw(b"[]"), "its header is no JSON object"),
        (raw(b"{} x"), "its header is no JSON object"),
        (raw(b"\xff\xff"), "its header is no JSON object"),
        (raw(b'{"a": 1, "a": 2}'), "in which each name stands once"),
        (raw(b"[" * 100_000), "its header is no JSON object"),
        (raw(b'{"a": ' + b"9" * 10_000 + b"}"), "its header is no JSON object"),
        (raw(b'{"a": 3}'), "what its header says of 'a' is no shape and no place"),
        (raw(b'{"a": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}'), "is no shape and no place"),
        (raw(b'{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}'), "is no shape and no place"),
        (raw(b'{"a": {"dtype": "F32", "shape": [true], "data_offsets": [0, 4]}}'), "is no shape and no place"),
        (raw(b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0]}}'), "is no shape and no place"),
        (raw(b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}'), "is not as large as its shape"),
        (
            raw(b'{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}', bytes(8)),
            "is not as large as its shape",
        ),
        (raw(b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}', bytes(5)), "3 bytes are missing"),
        (raw(b'{"a": {"dtype": "F32", "shape": %s, "data_offsets": [0, 4]}}' % str([1] * 99).encode()), "is no shape"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a pointer of Git LFS"),
        (b"PK\x03\x04" + bytes(100), "without executing what stands in it"),
        (b"\x80\x04" + bytes(100), "without executing what stands in it"),
    ],
)
def test_a_file_that_is_none(cnndsl: Command, folder: Path, data: bytes, words: str) -> None:
    (folder / "w.safetensors").write_bytes(data)
    result = cnndsl("check", "net.cnn", "--weights", "w.safetensors")
    assert result.code == 2
    assert result.out.startswith("error[E009]: w.safetensors ")
    assert words in result.out


@pytest.mark.parametrize("length", [0x0280, 0x0380, 0x0480, 0x0580, int.from_bytes(b"PK", "little")])
def test_a_length_that_looks_like_the_beginning_of_another_file(tmp_path: Path, length: int) -> None:
    """A header of 640 bytes begins with the bytes of a pickle, as its length is written before it."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (tmp_path / "w.safetensors").write_bytes(raw(header.ljust(length), bytes(8)))
    assert safetensors.read(tmp_path / "w.safetensors") == {"a": (2,)}


def test_a_header_without_an_end(cnndsl: Command, folder: Path) -> None:
    """A length is not believed: a file of some bytes is not read as if it had gigabytes."""
    with (folder / "w.safetensors").open("wb") as file:
        file.write((2**40).to_bytes(8, "little"))
        file.truncate(safetensors.LARGEST + 100)  # a hole, which takes no place on a disk
    result = cnndsl("check", "net.cnn", "--weights", "w.safetensors")
    assert (result.code, "its header has more than 16 MiB" in result.out) == (2, True)


def test_any_bytes_are_a_file_or_refused(tmp_path: Path) -> None:
    whole = packed({"a.weight": (2, 3), "b": ()}, __metadata__={"x": "y"})
    path = tmp_path / "w.safetensors"
    for at in range(len(whole)):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x15]) + whole[at + 1 :]):
            path.write_bytes(data)
            try:
                safetensors.read(path)
            except Problem as problem:
                assert problem.diagnostic.code == "E009"  # noqa: PT017 - either may come


def test_a_file_of_pytorch_is_refused_with_the_way_to_convert_it(
    cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line that is told writes the file; safetensors, which the tests do without, is stood in for."""
    torch.save(library.load(folder / "net.cnn")().state_dict(), folder / "w.pt")
    result = cnndsl("check", "net.cnn", "--weights", "w.pt")
    assert result.code == 2
    assert result.out.startswith("error[E009]: w.pt cannot be read without executing what stands in it")
    (line,) = (line.strip() for line in result.out.splitlines() if "python -c" in line)
    (folder / "stand" / "safetensors").mkdir(parents=True)
    (folder / "stand" / "safetensors" / "__init__.py").touch()
    (folder / "stand" / "safetensors" / "torch.py").write_text(
        "from tests.cli.test_weights import packed\n"
        "def save_file(tensors, name):\n"
        "    open(name, 'wb').write(packed({k: tuple(v.shape) for k, v in tensors.items()}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder / "stand"), str(ROOT)]))
    subprocess.run([sys.executable, *shlex.split(line)[1:]], check=True, capture_output=True)
    assert cnndsl("check", "net.cnn", "--weights", "w.safetensors").code == 0


def test_files_that_cannot_be_read(cnndsl: Command, folder: Path) -> None:
    os.mkfifo(folder / "pipe.safetensors")
    for name, words in (
        ("gone.safetensors", "no such file"),
        (".", "no regular file"),
        ("pipe.safetensors", "no regular"),
    ):
        result = cnndsl("check", "net.cnn", "--weights", name)
        assert (result.code, words in result.out) == (2, True), result.out


# Wrong use


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["net.cnn", "--network", "Net"], "--network goes with --weights"),
        (["net.cnn", "warned.cnn", "--weights", "w"], "--weights is about the network of one FILE"),
        ([".", "--weights", "w"], "--weights is about the network of one FILE"),
        (["net.cnn", "--weights", "w", "--fix"], "leave out --fix and --diff"),
        (["net.cnn", "--weights", "w", "--diff"], "leave out --fix and --diff"),
        (["net.cnn", "--weights", "w", "--network", "Nat"], "net.cnn has no network Nat; it has Net"),
        (["blocks.cnn", "--weights", "w"], "blocks.cnn: it has none"),
    ],
)
def test_wrong_use(cnndsl: Command, folder: Path, arguments: list[str], words: str) -> None:
    (folder / "blocks.cnn").write_text("block B { relu }")
    result = cnndsl("check", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_a_text_with_errors_is_not_compared(cnndsl: Command) -> None:
    result = cnndsl("check", "bad.cnn", "--weights", "w.safetensors")
    assert result.code == 1
    assert result.out.startswith("error[E201]")
    assert "w.safetensors" not in result.out
