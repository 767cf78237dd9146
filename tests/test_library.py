"""The library as its users meet it: `compile`, `load`, and what a compilation shows of itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import cnndsl
from cnndsl.cli import main

TWO = """\
network Small(classes = 10) { input(1, 8, 8); conv(2, 4, 2) -> relu -> linear(classes) }
network Large { input(1, 8, 8); conv(8, 3) -> relu -> linear(10) }
"""
WRONG = "network Net { input(1, 8, 8); linier(10) }"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "two.cnn"
    path.write_text(TWO)
    return path


def test_what_there_is_can_be_seen() -> None:
    assert {*cnndsl.__all__, "__version__"} <= set(dir(cnndsl))
    assert all(getattr(cnndsl, name).__doc__ for name in cnndsl.__all__)


def test_the_version_is_that_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"cnndsl {cnndsl.__version__}\n"


def test_a_compilation_shows_its_networks() -> None:
    compilation = cnndsl.compile(TWO, name="two.cnn", ignore=["W204"])
    assert compilation.diagnostics == cnndsl.compile(TWO, name="two.cnn", ignore="W204").diagnostics == ()
    assert repr(compilation) == "<Compilation of two.cnn: Small, Large>"
    picture = compilation._repr_svg_()
    assert picture is not None
    assert picture == compilation.diagram().decode()


def test_a_compilation_shows_what_is_wrong() -> None:
    compilation = cnndsl.compile(WRONG)
    assert repr(compilation).startswith(
        "<Compilation of <text>: has errors>\n\nerror[E201]: nothing is called linier\n"
    )
    assert compilation._repr_svg_() is None


def test_a_text_of_blocks_has_no_picture() -> None:
    compilation = cnndsl.compile("block Unit { conv(8, 3) }")
    assert compilation.ok
    assert repr(compilation) == "<Compilation of <text>: no network>"
    assert compilation._repr_svg_() is None


def test_a_text_becomes_a_class_without_a_file() -> None:
    network = cnndsl.compile(TWO).load("Small")
    assert issubclass(network, torch.nn.Module)
    assert network(classes=3)(torch.zeros(2, 1, 8, 8)).shape == (2, 3)


def test_the_form_for_inference_becomes_a_class() -> None:
    compilation = cnndsl.compile(TWO)
    trained = compilation.load()().eval()
    serving: Any = compilation.for_inference().load()
    x = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(serving.from_trained(trained.state_dict())(x), trained(x))


def test_one_is_not_plural() -> None:
    compilation = cnndsl.compile("network One { input(1, 1, 1); conv(1, 1, bias=false) }")
    assert '"""One: 1 x 1 x 1 in, 1 x 1 x 1 out, 1 parameter."""' in compilation.python()
    four = cnndsl.compile("network Four { input(1, 2, 2); conv(1, 2, bias=false) }")
    assert "with kernel 1        1 x 2 x 2, 1 parameter, 4 MACs" in four.explain("conv1")


def test_a_file_is_compiled_by_its_path(two: Path) -> None:
    (two.parent / "unit.cnn").write_text("block Unit { conv(8, 3) -> relu }")
    two.write_text('from "unit.cnn" import Unit\nnetwork Net { input(3, 8, 8); Unit }')
    by_path, by_text = cnndsl.compile(two), cnndsl.compile(two.read_text(), name="two.cnn", folder=two.parent)
    assert by_path.python() == by_text.python()
    assert by_path.diagram() == by_text.diagram()
    two.write_text(WRONG)
    with pytest.raises(cnndsl.CompilationError, match=f"--> {two}:1:31"):
        cnndsl.compile(two).python()


def test_a_file_that_is_no_text(two: Path) -> None:
    two.write_bytes(b"\xff\xfe")
    assert [found.code for found in cnndsl.compile(two).diagnostics] == ["E002"]
    with pytest.raises(cnndsl.CompilationError, match="E002"):
        cnndsl.load(two)
    with pytest.raises(FileNotFoundError):
        cnndsl.compile(two.with_name("nowhere.cnn"))


def test_the_name_of_a_file_is_no_text() -> None:
    [found] = cnndsl.compile("models/net.cnn").diagnostics
    assert found.message == "this is the name of a file, and not what stands in it"
    assert found.help == ('in Python, give a file as a Path: cnndsl.compile(Path("models/net.cnn"))',)


def test_a_network_that_is_not_there(two: Path) -> None:
    with pytest.raises(KeyError, match=r"two\.cnn has no network Medium; it has Small, Large$"):
        cnndsl.load(two, "Medium")
    with pytest.raises(KeyError, match="has no network Medium"):
        cnndsl.compile(TWO).summary("Medium")


def test_a_target_that_is_not_there(two: Path) -> None:
    with pytest.raises(ValueError, match="there is no target 'serving'; there are training, inference"):
        cnndsl.load(two, target="serving")  # type: ignore[arg-type]


def test_without_torch(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert cnndsl.compile(two).python()
    with pytest.raises(ModuleNotFoundError, match="PyTorch, which is not installed: run pip install torch") as raised:
        cnndsl.load(two)
    assert raised.value.name == "torch"
