"""What `extern` lines may have constructed: subclasses of `nn.Module`, from modules that the user allowed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import cnndsl
from cnndsl.cli import main
from tests.running import imported

NET = 'extern {0}(a = 1) from "{1}" (shape = same)\nnetwork Net {{\n    input(1, 2, 2)\n    {0}\n}}\n'

Make = Callable[[str, str], Path]

TRAPS = """
import functools, sys
from torch import nn

TOUCHED = []

class Right(nn.Module):
    def __init__(self, a):
        super().__init__()
    def forward(self, x):
        return x

class Wrong:
    def __new__(cls, *a, **b):
        TOUCHED.append("Wrong")
        return Right(1)

def function(*a, **b):
    TOUCHED.append("function")
    return Right(1)

class Lying:
    __class__ = type
    __bases__ = (nn.Module,)
    __mro__ = (nn.Module, object)
    def __call__(self, *a, **b):
        TOUCHED.append("lying")
        return Right(1)

class Meta(type):
    def __call__(cls, *a, **b):
        TOUCHED.append("Meta")
        return Right(1)
    def __subclasscheck__(cls, other):
        TOUCHED.append("asked")
        return True
    def __instancecheck__(cls, other):
        TOUCHED.append("asked")
        return True

class Metal(metaclass=Meta):
    @property
    def __class__(self):
        return type(Right(1))

lying = Lying()
instance = Right(1)
partial = functools.partial(function)
bound = Wrong().__init__
method = function.__call__
number = 3
TOUCHED.clear()

def __getattr__(name):
    if name == "given":
        return function
    if name == "changing":
        globals()["changing"] = function
        return Right
    raise AttributeError(name)
"""

NO_MODULES = ["function", "Wrong", "lying", "Metal", "instance", "partial", "bound", "method", "number", "given", "sys"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes a module that can be imported, for one test."""
    monkeypatch.syspath_prepend(tmp_path / "lib")
    before = set(sys.modules)

    def make(name: str, text: str) -> Path:
        path = tmp_path / "lib" / Path(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    yield make
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("traps", "own", "owned"):
            del sys.modules[name]


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Writes a file with one network."""
    monkeypatch.chdir(tmp_path)

    def make(name: str, package: str) -> Path:
        path = tmp_path / "net.cnn"
        path.write_text(NET.format(name, package))
        return path

    return make


# What is constructed


@pytest.mark.parametrize("name", [*NO_MODULES, "changing"])
def test_nothing_else_is_called(own: Make, net: Make, capsys: pytest.CaptureFixture[str], name: str) -> None:
    own("traps", TRAPS)
    path = net(name, "traps")
    if name == "changing":  # right when it is looked at, and another thing when it is imported
        with pytest.raises(TypeError):
            cnndsl.load(path, allow_extern="traps")
    else:
        with pytest.raises(ImportError, match=f"E215.*: {name} of traps is no class of layers"):
            cnndsl.load(path, allow_extern="traps")
        assert main(["explain", str(path), "--values", "1 2; 3 4", "--allow-extern", "traps"]) == 1
        assert "E215" in capsys.readouterr().err
    assert sys.modules["traps"].TOUCHED == []


@pytest.mark.parametrize("name", NO_MODULES)
def test_nothing_else_is_called_by_the_module(own: Make, net: Make, name: str) -> None:
    own("traps", TRAPS)
    source = cnndsl.compile(net(name, "traps")).python()
    with pytest.raises(TypeError, match=f"traps.{name} is no subclass of nn.Module|issubclass"):
        imported(source)
    assert sys.modules["traps"].TOUCHED == []


@pytest.mark.parametrize(("name", "package"), [("system", "os"), ("Popen", "subprocess"), ("load", "torch.hub")])
def test_a_program_is_not_run(tmp_path: Path, net: Make, name: str, package: str) -> None:
    path = net(name, package)
    path.write_text(path.read_text().replace("a = 1", f'a = "touch {tmp_path}/gone"'))
    with pytest.raises(ImportError, match="is no class of layers"):
        cnndsl.load(path, allow_extern=["os", "subprocess", "torch"])
    with pytest.raises(TypeError):
        imported(cnndsl.compile(path).python())
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize("name", ["type", "issubclass", "TypeError", "classmethod", "super", "print"])
def test_what_the_module_tests_with_is_not_replaced(name: str) -> None:
    (found,) = cnndsl.compile(NET.format(name, "traps")).diagnostics
    assert found.code == "E203"


def test_a_class_from_where_it_was_not_defined(own: Make, net: Make) -> None:
    own("own", "from torch.nn import Identity as Renamed\n")
    net_ = net("Renamed", "own")
    net_.write_text(net_.read_text().replace("(a = 1)", ""))
    assert type(cnndsl.load(net_, allow_extern="own")().renamed1) is torch.nn.Identity


# Which modules are imported


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("own", ()),
        ("own", ""),
        ("own", ["torch.nn", "owned"]),
        ("owned", ["own"]),
        ("own.sub", ["own.sub.deeper", "own.su"]),
        ("own", ["own.sub"]),
    ],
)
def test_what_is_not_allowed_is_not_imported(own: Make, net: Make, package: str, allowed: list[str]) -> None:
    marker = own("marker", "").with_suffix(".txt")
    for name in ("own.__init__", "own.sub.__init__", "owned"):
        own(name, f"open({str(marker)!r}, 'w')\n")
    with pytest.raises(ImportError, match=f"E008.*: {package} is not allowed") as found:
        cnndsl.load(net("Right", package), allow_extern=allowed)
    assert f'allow_extern=["{package}"]' in str(found.value)
    assert f"--allow-extern {package}" in str(found.value)
    assert f'1 | extern Right(a = 1) from "{package}"' in str(found.value)
    assert not marker.exists()


@pytest.mark.parametrize("allowed", ["own", "own.sub", ["own"], "torch.nn, own.sub", ("torch.nn,own", "os")])
def test_a_name_allows_what_lies_below(own: Make, net: Make, allowed: str) -> None:
    own("own.sub", TRAPS)
    assert cnndsl.load(net("Right", "own.sub"), allow_extern=allowed)()(torch.ones(1, 1, 2, 2)).sum() == 4


def test_all_that_is_missing_is_told_at_once(net: Make) -> None:
    path = net("One", "own")
    path.write_text('extern Two from "torch.nn" (shape = same)\n' + path.read_text().replace("2, 2)", "2, 2) -> Two"))
    with pytest.raises(ImportError) as found:
        cnndsl.load(path)
    assert str(found.value).count("E008") == 2
    assert 'allow_extern=["torch.nn", "own"]' in str(found.value)


def test_a_project_allows(own: Make, net: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own("traps", TRAPS)
    path = net("Right", "traps")
    explain = ["explain", str(path), "--values", "1 2; 3 4"]
    assert main(explain) == 1
    assert "traps is not allowed" in capsys.readouterr().err
    assert "traps" not in sys.modules
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool.cnndsl]\nextern = ["traps"]\n')
    assert main(explain) == 0
    cnndsl.load(path)
    cnndsl.compile(path).load()
    cnndsl.compile(path.read_text(), folder=tmp_path).load()
    with pytest.raises(ImportError, match="E008"):
        cnndsl.compile(path.read_text()).load()  # a text that stands in no folder has no project
    with pytest.raises(ImportError, match="E008"):
        cnndsl.load(path, allow_extern=[])  # what is said where it is loaded counts instead
    assert main([*explain, "--allow-extern", "torch.nn"]) == 1


@pytest.mark.parametrize("written", ['extern = "traps"', "extern = [3]", 'extern = ["*"]', 'extern = ["a b"]'])
def test_a_project_that_means_nothing(
    net: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.cnndsl]\n{written}\n")
    path = net("Right", "traps")
    with pytest.raises(ValueError, match=r"pyproject.toml: extern in \[tool.cnndsl\]"):
        cnndsl.load(path)
    assert main(["explain", str(path), "--values", "1 2; 3 4"]) == 2
    assert "pyproject.toml: extern in [tool.cnndsl]" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["*", "a/b", "own..sub", ".own", "__main__", "os;x", "class"])
def test_what_is_no_name_of_a_module(net: Make, capsys: pytest.CaptureFixture[str], given: str) -> None:
    path = net("Right", "own")
    with pytest.raises(ValueError, match="is no module"):
        cnndsl.load(path, allow_extern=[given])
    assert main(["explain", str(path), "--values", "1 2; 3 4", "--allow-extern", given]) == 2
    assert "is no module" in capsys.readouterr().err


@pytest.mark.parametrize("given", [True, 3, [torch.nn], torch.nn, {"torch.nn": 1, 2: 3}])
def test_what_is_no_list_of_names(net: Make, given: Any) -> None:
    with pytest.raises(TypeError, match=r'by their names, such as \["torch.nn"\], and this is'):
        cnndsl.load(net("Right", "own"), allow_extern=given)


def test_without_a_run_nothing_is_to_be_allowed(net: Make, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(net("Right", "own")), "--allow-extern", "own"]) == 2
    assert "--allow-extern goes with --from" in capsys.readouterr().err
    for command in (["check"], ["compile"], ["summary"], ["draw"], ["explain"]):
        assert main([*command, str(net("Right", "own"))]) == 0
    assert "own" not in sys.modules


# What a line says and is not so


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise SystemExit('no')", "own cannot be imported: SystemExit: no"),
        ("import no_such_module", "own cannot be imported: No module named 'no_such_module'"),
        ("1 / 0", "own cannot be imported: ZeroDivisionError"),
        ("class", "own cannot be imported: SyntaxError"),
        ("def __getattr__(name): raise KeyError(name)", "own cannot be imported: KeyError"),
    ],
)
def test_a_module_that_cannot_be_imported(own: Make, net: Make, text: str, said: str) -> None:
    own("own", text)
    with pytest.raises(ImportError) as found:
        cnndsl.load(net("Right", "own"), allow_extern="own")
    assert "error[E214]" in str(found.value)
    assert said in str(found.value)


def test_a_module_that_is_not_there(net: Make) -> None:
    with pytest.raises(ImportError, match=r"E214.*own\.gone cannot be imported: No module named 'own'"):
        cnndsl.load(net("Right", "own.gone"), allow_extern="own")


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("Rihgt(a = 1)", "E215.*nothing called Rihgt[^E]*did you mean Right"),
        ("Right(other = 1)", "E216.*has no argument other[^E]*it has a"),
        ("Right", "E216.*needs a, which is no parameter[^E]*write extern Right.a."),
    ],
)
def test_a_line_that_is_not_true(own: Make, net: Make, head: str, said: str) -> None:
    own("traps", TRAPS)
    path = net("Right", "traps")
    name = head.partition("(")[0]
    path.write_text(
        path.read_text().replace("extern Right(a = 1)", f"extern {head}").replace("    Right", f"    {name}")
    )
    with pytest.raises(ImportError, match=f"(?s){said}"):
        cnndsl.load(path, allow_extern="traps")


def test_the_line_may_stand_in_an_imported_file(tmp_path: Path) -> None:
    (tmp_path / "own.cnn").write_text('extern Gone from "gone" (shape = same)\nblock Unit { Gone }\n')
    (tmp_path / "net.cnn").write_text('from "own.cnn" import Unit\nnetwork Net { input(3); Unit }\n')
    with pytest.raises(ImportError, match=r"own.cnn:1:18"):
        cnndsl.load(tmp_path / "net.cnn")
