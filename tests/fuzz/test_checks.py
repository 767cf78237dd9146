"""The checks notice what they are there to notice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cnndsl
from cnndsl.compilation import Compilation
from tests.fuzz import budget, module, running
from tests.fuzz.check import check
from tests.fuzz.commands import run as command
from tests.fuzz.drawing import run
from tests.fuzz.words import ROOT
from tests.fuzz.worker import Worker

NET = b"network Net { input(3, 8, 8); conv(2, 3) }"
START = '"""Made."""\n\nimport torch\nfrom torch import nn\n'


def test_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Compilation, "python", lambda _self, _network=None: os.environ["NO SUCH KEY"])
    with pytest.raises(KeyError):
        check(NET)


def test_a_module_that_does_something(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Compilation.python
    monkeypatch.setattr(Compilation, "python", lambda self, network=None: right(self, network) + "\nnet = Net()\n")
    with pytest.raises(AssertionError, match=r"Net\(\)"):
        check(NET)


def test_another_text_the_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    right, made = Compilation.python, iter(range(100))
    monkeypatch.setattr(
        Compilation, "python", lambda self, network=None: right(self, network) + f"\nMADE = {next(made)}\n"
    )
    with pytest.raises(AssertionError, match="another module"):
        check(NET, thorough=True)


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("padding=1", "padding=2", AssertionError, "other sizes"),
        ("nn.Conv2d(3, 2", "nn.Conv2d(5, 2", AssertionError, "other parameters"),
        ("return x", "return x[:, :1]", AssertionError, "other outputs"),
        ("return x", "return x[:1]", AssertionError, "another batch"),
        ("return x", "x = self.conv1(x)\n        return x", RuntimeError, "expected input"),
        ("return x", "return x.clamp_(x.detach().square_())", RuntimeError, "inplace"),
        ("self.conv1(x)", "self.conv1(x) if not self.training else x", AssertionError, "other sizes"),
    ],
)
def test_a_module_that_runs_wrongly(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str, error: type[Exception], said: str
) -> None:
    right = Compilation.python

    def wrong(self: Compilation, network: str | None = None) -> str:
        source = right(self, network)
        assert old in source
        return source.replace(old, new)

    compilation = cnndsl.compile("network Net { input(3, 8, 8); conv(2, 3, padding=1) -> sigmoid }")
    assert running.run(compilation, serve=True) == 1
    monkeypatch.setattr(Compilation, "python", wrong)
    with pytest.raises(error, match=said):
        running.run(compilation, serve=False)


def test_a_form_for_serving_that_gives_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Compilation.python

    def wrong(self: Compilation, network: str | None = None) -> str:
        source = right(self, network)
        assert self.program is not None
        return source if self.program.target == "training" else source.replace("return x", "return x + 1")

    monkeypatch.setattr(Compilation, "python", wrong)
    compilation = cnndsl.compile("network Net { input(3, 8, 8); conv(2, 3, bias=false) -> batchnorm }")
    with pytest.raises(AssertionError, match="other values when it serves"):
        running.run(compilation, serve=True)


@pytest.mark.parametrize(
    ("text", "ran"),
    [
        ("network Net { input(3, ?, ?); conv(2, 3, stride=4) -> upsample(scale=2) }", 1),
        ("network Net { input(12); embedding(10, 3) -> permute([0, 2, 1]) -> conv(4, 3) }", 1),
        ("network A { input(3); relu }\nnetwork B { input(3); linear(2) }", 2),
        ("network Net { input(3, 8, 8); flatten -> linear(100000) }", 0),
        ("network Net { input(3, 20000, 20000); relu }", 0),
        ("network Net { input(3); repeat 400 { relu } }", 0),
        ('extern A from "no.such.module" (shape = same)\nnetwork Net { input(3); A }', 0),
    ],
)
def test_what_is_run_is_small(text: str, ran: int) -> None:
    before = set(sys.modules)
    assert running.run(cnndsl.compile(text), serve=True) == ran
    assert [name for name in set(sys.modules) - before if name.startswith("cnndsl_loaded")] == []


def test_words_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    right: Any = cnndsl.compile

    def wrong(text: str, **options: Any) -> Compilation:
        return right(text.replace("relu", "NoneType"), **options)  # type: ignore[no-any-return]

    monkeypatch.setattr(cnndsl, "compile", wrong)
    with pytest.raises(AssertionError, match="NoneType"):
        check(b"network Net { input(3); relu }")


def test_a_step_without_an_end() -> None:
    def forever() -> None:
        with budget.limited("a step", 0.02):
            while True:
                pass

    with pytest.raises(budget.OverBudget, match=r"a step takes more than 0\.04 s of processor time"):
        forever()


def test_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MEGABYTES", -1)
    with pytest.raises(budget.OverBudget, match="MB of memory"):
        budget.check_memory()


def test_memory_is_the_process_s_own() -> None:
    """And not that of the one that started it."""
    held = b"x" * 200_000_000
    script = "from tests.fuzz.budget import peak; print(peak())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 150 < len(held) / 1e6 < budget.peak()


@pytest.mark.parametrize(
    "text",
    [
        "import os\n",
        "from os import system\n",
        "from . import torch\n",
        "nn.Linear(1, 1)\n",
        "if True:\n    x = 1\n",
        "x = torch.zeros(1)\n",
        "x = [i for i in range(3)]\n",
        "class Net(print() or nn.Module):\n    pass\n",
        "class Net(nn.Module):\n    x = print()\n",
        "class Net(nn.Module, metaclass=type):\n    pass\n",
        "@print\nclass Net(nn.Module):\n    pass\n",
        "def f(x: int = print()) -> None:\n    pass\n",
        "def f(x: print()) -> None:\n    pass\n",
        "def f() -> None:\n    import os\n",
        "def f() -> None:\n    eval('1')\n",
        "def f() -> None:\n    f.__globals__\n",
    ],
)
def test_what_no_module_may_be(text: str) -> None:
    with pytest.raises(AssertionError):
        module.check(START + text)


def test_what_a_module_may_be() -> None:
    tested = """if not (issubclass(type(C), type) and issubclass(C, nn.Module)):
    raise TypeError("a.b.C is no subclass of nn.Module")\n"""
    module.check(
        f"{START}from a.b import C\n\n{tested}\nX = 1\n\n\ndef f(x: int | None = 3) -> C:\n    return C(x)\n", {"a.b"}
    )


def test_a_class_of_another_package_is_tested() -> None:
    with pytest.raises(AssertionError):
        module.check(f"{START}from a.b import C\n", {"a.b"})


def test_imports_are_watched(tmp_path: Path) -> None:
    made = {
        "right": "class Net(nn.Module):\n    pass\n",
        "file": "open('/dev/null')\n",
        "loads": "__import__('colorsys')\n",
        "draws": "x = torch.rand(1)\n",
        "warns": "import warnings\nwarnings.warn('no', stacklevel=1)\n",
        "fails": "class Net(nn.Module):\n    x = 1 / 0\n",
        "starts": "__import__('os').system('true')\n",
    }
    for name, text in made.items():
        (tmp_path / f"{name}.py").write_text(START + text)
    done = command("tests.fuzz.importing", str(tmp_path))
    assert done.returncode == 1
    said = dict(line.split(".py: ") for line in done.stdout.splitlines())
    assert said.keys() == made.keys() - {"right"}
    assert "open" in said["file"]
    assert "os.system" in said["starts"]
    assert "random numbers" in said["draws"]
    assert "ZeroDivisionError" in said["fails"]


def test_what_fails_is_made_small_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right: Any = cnndsl.compile
    tried = 0

    def wrong(text: str, **options: Any) -> Compilation:
        nonlocal tried
        tried += 1
        if "(" in text and options.get("name") == "input.cnn":
            raise ZeroDivisionError
        return right(text, **options)  # type: ignore[no-any-return]

    monkeypatch.setattr(cnndsl, "compile", wrong)
    monkeypatch.setattr(budget, "bound_memory", lambda: None)
    monkeypatch.setattr(budget, "MEGABYTES", 10**6)
    monkeypatch.setattr(budget, "SECONDS", 60.0)  # a worker of the suite has much for a garbage collector to look at
    monkeypatch.setattr("tests.fuzz.drawing.ROUND", 40)
    monkeypatch.setattr(Worker, "over", property(lambda _self: tried > 100))  # however busy the machine is
    run(1, 1, tmp_path)
    (found,) = (tmp_path / "found").glob("*.cnn")
    assert b"(" in found.read_bytes()
    assert len(found.read_bytes()) < 200
    (why,) = (tmp_path / "found").glob("*.txt")
    assert "ZeroDivisionError" in why.read_text(encoding="utf-8")
