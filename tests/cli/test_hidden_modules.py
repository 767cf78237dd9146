"""Names of modules that Python would import in the place of others."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from cnndsl.files import module_name
from cnndsl.ir.names import hidden_by_module
from tests.cli.conftest import NET, Command, made


@pytest.mark.parametrize(
    "name", ["random", "collections", "numpy", "torch", "typing_extensions", "sys", "cnndsl", "abc"]
)
def test_what_hides_another_module_is_not_written(cnndsl: Command, folder: Path, name: str) -> None:
    (folder / f"{name}.cnn").write_text(NET)
    result = cnndsl("compile", f"{name}.cnn")
    assert result.code == 2
    assert f"error[E007]: {name}.py would hide" in result.err
    assert f"rename {name}.cnn, for example to {name}_net.cnn" in result.err
    assert made(folder) == []
    (folder / f"{name}.cnn").rename(folder / f"{name}_net.cnn")
    assert cnndsl("compile", f"{name}_net.cnn", "--diagram", "none").code == 0
    assert made(folder) == [f"{name}_net.py"]


def test_what_needs_no_file_of_this_name(cnndsl: Command, folder: Path) -> None:
    (folder / "random.cnn").write_text(NET)
    for command in (
        ("check", "random.cnn"),
        ("compile", "random.cnn", "-o", "-"),
        ("draw", "random.cnn"),
        ("compile", "random.cnn", "--target", "inference"),
    ):
        assert cnndsl(*command).code == 0
    assert "random_inference.py" in made(folder)


def test_a_package_that_the_module_imports(cnndsl: Command, folder: Path) -> None:
    (folder / "einops.cnn").write_text(
        'extern Rearrange(pattern) from "einops.layers.torch" (shape = same)\n'
        'network Net { input(3, 8, 8); Rearrange("b c h w -> b c h w") }\n'
    )
    assert "einops.py would hide the package einops" in cnndsl("compile", "einops.cnn").err
    (folder / "einops.cnn").write_text(NET)
    assert cnndsl("compile", "einops.cnn").code == 0


def test_the_others_of_a_folder_are_written(cnndsl: Command, folder: Path) -> None:
    (folder / "random.cnn").write_text(NET)
    (folder / "bad.cnn").unlink()
    result = cnndsl("compile", ".", "--diagram", "none")
    assert (result.code, made(folder)) == (2, ["net.py", "warned.py"])


@pytest.mark.usefixtures("folder")
def test_standard_input(cnndsl: Command) -> None:
    text = NET.replace("Net", "Random").encode()
    result = cnndsl("compile", "-", "-o", "out", stdin=text)
    assert result.code == 2
    assert "--stdin-filename random_net.cnn" in result.err
    assert cnndsl("compile", "-", "-o", "out", "--stdin-filename", "random_net.cnn", stdin=text).code == 0


@pytest.mark.parametrize(
    "stem", ["net", "my-net", "resnet18", "test", "model", "lenet", "Random", "class", "random-net"]
)
def test_usual_names_hide_nothing(stem: str) -> None:
    assert hidden_by_module(module_name(stem)) is None


def test_all_that_pytorch_imports_is_known() -> None:
    """What its package asks for, and what is there once much of it was imported."""
    script = """if True:
        import sys
        before = {*sys.modules}  # what Python brings of its own, as it is set up here
        import torch, torch._dynamo, torch._inductor.compile_fx, torch.distributed, torch.export, torch.utils.data
        torch.compile(torch.nn.Linear(2, 2), backend="aot_eager")(torch.zeros(1, 2))
        own = sys.stdlib_module_names
        made = [name for name, m in sys.modules.items() if name not in before and getattr(m, "__file__", None)]
        print(*{name.partition(".")[0] for name in made} - own)
    """
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "torch" in seen
    needed = [line for line in requires("torch") or () if "extra ==" not in line and "platform_system" not in line]
    listed = {line.replace("-", "_").split(">")[0].split("=")[0].split("<")[0].strip(" ;") for line in needed}
    own = {"__main__", "__mp_main__", "_remote_module_non_scriptable", "_distutils_hack"}  # of the run or of pip
    unknown = {name for name in {*seen, *listed} - own if hidden_by_module(name) is None}
    assert {name for name in unknown if not name.startswith(("_sysconfigdata", "_cython", "cython_"))} == set()
