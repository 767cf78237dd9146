"""`.cnn` files imported as modules of Python: which name means one, what is in it, and what is said of errors."""

from __future__ import annotations

import importlib
import inspect
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import cnndsl
from cnndsl import hook

NET = """
block Pair(channels) { conv(channels, 3) -> relu }
network Net(classes = 4) { input(3, 8, 8); Pair(5); linear(classes) }
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which Python looks for modules, with the hook, which importing it has installed."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__spec__", None) and str(tmp_path) in str(sys.modules[name].__spec__):
            del sys.modules[name]


def test_a_file_is_a_module(place: Path) -> None:
    (place / "nets_one").mkdir()
    (place / "nets_one" / "small.cnn").write_text(NET)
    module = importlib.import_module("nets_one.small")
    model = module.Net(classes=7)
    assert model(torch.zeros(1, 3, 8, 8)).shape == (1, 7)
    assert "class Pair(nn.Module)" in inspect.getsource(module.Pair)
    assert module.__spec__ is not None
    assert module.__spec__.origin == str(place / "nets_one" / "small.cnn")
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
    assert type(again) is type(model)


def test_nothing_is_stale(place: Path) -> None:
    file = place / "changing.cnn"
    file.write_text(NET)
    module = importlib.import_module("changing")
    (place / "changing.py").write_text(cnndsl.compile(file).python())
    file.write_text(NET.replace("Pair(5)", "Pair(6)"))
    assert importlib.reload(module).Net().pair1.conv1.out_channels == 6
    del sys.modules["changing"]
    importlib.invalidate_caches()
    assert importlib.import_module("changing").Net().pair1.conv1.out_channels == 6  # and not the module beside it


def test_a_module_that_a_person_wrote_is_meant_first(place: Path) -> None:
    (place / "written.cnn").write_text(NET)
    (place / "written.py").write_text("mine = True\n")
    (place / "random.cnn").write_text(NET)
    assert importlib.import_module("written").mine
    done = subprocess.run(
        [sys.executable, "-c", "import cnndsl.hook, random; print(random.random() < 1)"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "True\n", done.stderr


def test_errors_are_those_of_the_file(place: Path) -> None:
    (place / "wrong.cnn").write_text("network Bad {\n    input(3, 8, 8)\n    conv(3, 9) -> rely\n}\n")
    with pytest.raises(SyntaxError, match=r"kernel 9×9 does not fit an input of 8 x 8 \[E302\]") as raised:
        importlib.import_module("wrong")
    error = raised.value
    assert (error.filename, error.lineno, error.offset) == (str(place / "wrong.cnn"), 3, 5)
    assert (error.text, error.end_lineno, error.end_offset) == ("    conv(3, 9) -> rely", 3, 15)
    assert "nothing is called rely" in error.__notes__[0]
    assert "wrong" not in sys.modules


def test_imported_files_and_externs(place: Path) -> None:
    (place / "parts.cnn").write_text("block Pair(channels) { conv(channels, 3) -> rely }")
    (place / "whole.cnn").write_text('from "parts.cnn" import Pair\nnetwork Net { input(3, 8, 8); Pair(5) }')
    with pytest.raises(SyntaxError) as raised:
        importlib.import_module("whole")
    assert raised.value.filename == str(place / "parts.cnn")
    (place / "strange.cnn").write_text(
        'extern Softmin(dim) from "torch.nn" (shape = [3])\nnetwork Net { input(3); Softmin(dim=1) }'
    )
    with pytest.raises(ImportError, match=r"torch\.nn is not allowed"):
        importlib.import_module("strange")


def test_what_is_no_network_is_not_found(place: Path) -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_network")
    (place / "blocks_only.cnn").write_text("block Pair(channels) { conv(channels, 3) }")
    with pytest.raises(SyntaxError, match="no network"):
        importlib.import_module("blocks_only")
    (place / "no_text.cnn").write_bytes(b"\xff")
    with pytest.raises(SyntaxError, match=r"no_text\.cnn is not UTF-8 text: .* \[E002\]") as raised:
        importlib.import_module("no_text")
    assert raised.value.filename == str(place / "no_text.cnn")


def test_the_hook_is_installed_once_and_goes() -> None:
    hook.install()
    hook.install()
    assert sum(isinstance(finder, hook.CnnFinder) for finder in sys.meta_path) == 1
    hook.uninstall()
    hook.uninstall()
    assert not any(isinstance(finder, hook.CnnFinder) for finder in sys.meta_path)
    hook.install()


def test_a_network_in_one_call() -> None:
    models = Path(__file__).parent.parent / "models"
    torch.manual_seed(0)
    model = cnndsl.build(models / "resnet.cnn", "ResNet18", classes=3).eval()
    assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 3)
    with pytest.raises(KeyError, match="has no network ResNet19"):
        cnndsl.build(models / "resnet.cnn", "ResNet19")
