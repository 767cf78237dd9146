"""Golden modules: what comes out for each case, and what PyTorch and the usual tools make of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cnndsl
from cnndsl.backends.pytorch import generate, is_generated
from cnndsl.diagnostics import has_errors
from cnndsl.ir.program import Program
from tests.compiled import MODELS, compilation_of, program_of, python_of
from tests.conftest import Golden
from tests.oracle import generator, nesting
from tests.running import agree, imported

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(FOLDER.glob("*.cnn"))
SERVING = FOLDER.parents[1] / "inference" / "cases"
"""Golden modules of the form for inference, which the tools look at together with the others."""

DRAWN = range(24)
"""Random programs whose modules the tools look at, too."""

each_case = pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])


@each_case
def test_the_module_is_the_golden_one(path: Path, golden: Golden) -> None:
    assert not has_errors(compilation_of(path).diagnostics)
    golden(path.with_suffix(".py"), python_of(path))


@each_case
def test_it_has_the_sizes_and_parameters_of_the_program(path: Path) -> None:
    program = program_of(path)
    module = imported(path.with_suffix(".py").read_text(encoding="utf-8"))
    for key in program.networks:
        agree(program, module, program.modules[key])


@each_case
def test_the_program_survives_json(path: Path) -> None:
    program = program_of(path)
    again = Program.model_validate_json(program.model_dump_json())
    assert again == program
    assert generate(again) == generate(program)


@each_case
def test_the_file_says_what_it_is(path: Path) -> None:
    text = path.with_suffix(".py").read_text(encoding="utf-8")
    assert is_generated(text)
    assert f"    cnndsl compile {path.name}\n" in text


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the modules of random programs, those whose blocks nest among them."""
    folder = tmp_path_factory.mktemp("drawn")
    for seed in DRAWN:
        for word, text in (("layers", generator.generate(seed).text()), ("nesting", nesting.program(seed))):
            module = folder / f"{word}{seed}.py"
            module.write_text(cnndsl.compile(text, name=f"{module.stem}.cnn").python(), encoding="utf-8")
    return folder


def test_ruff_finds_nothing(drawn: Path) -> None:
    run("ruff", "check", "--isolated", "--no-cache", str(FOLDER), str(SERVING), str(drawn))


def test_ruff_would_not_change_the_layout(drawn: Path) -> None:
    run("ruff", "format", "--isolated", "--no-cache", "--check", str(FOLDER), str(SERVING), str(drawn))


def test_mypy_finds_nothing(drawn: Path, tmp_path: Path) -> None:
    modules = [str(path.with_suffix(".py")) for path in CASES]
    modules += map(str, (*SERVING.glob("*.py"), *drawn.glob("*.py")))
    for path in MODELS:
        modules.append(str(tmp_path / f"models_{path.stem}.py"))
        Path(modules[-1]).write_text(python_of(path), encoding="utf-8")
    cache = Path(__file__).parents[2] / ".mypy_cache" / "generated"
    strict = ["--strict", "--enable-error-code=possibly-undefined", "--config-file=", "--cache-dir", str(cache)]
    found = run("mypy", *strict, *modules)
    assert f"no issues found in {len(modules)} source files" in found


@pytest.mark.skipif(shutil.which("pyright") is None, reason="there is no pyright here")
def test_pyright_finds_nothing(drawn: Path, tmp_path: Path) -> None:
    for path in [*CASES, *MODELS]:
        (tmp_path / f"{path.parent.name}_{path.stem}.py").write_text(python_of(path), encoding="utf-8")
    command = ["pyright", "--pythonpath", sys.executable, str(tmp_path), str(SERVING), str(drawn)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors, 0 warnings" in done.stdout
