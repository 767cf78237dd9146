"""What is loaded when: a command pays only for what it needs, and nothing but the loader for torch."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NET = "network Net { input(1, 8, 8); conv(2, 3) -> relu -> linear(3) }"
HEAVY = {"torch", "numpy", "PIL", "pydantic", "lark", "graphviz", "rich"}


def loaded_by(code: str, *, cwd: Path | None = None) -> set[str]:
    """Which of the heavy packages are loaded after a new interpreter has run the code."""
    report = f"import sys; print('loaded', *sorted({HEAVY!r} & set(sys.modules)), file=sys.__stdout__)"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        encoding="utf-8",
    )
    return set(ran.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["compile", "--help"]])
def test_what_needs_no_compiler_loads_none(arguments: list[str]) -> None:
    assert loaded_by(f"from cnndsl.cli import main; main({arguments!r})") == set()


def test_the_package_loads_nothing() -> None:
    assert loaded_by("import cnndsl") == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "net.cnn"],
        ["summary", "net.cnn"],
        ["compile", "net.cnn"],
        ["draw", "net.cnn", "-o", "net.svg"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_loads_the_compiler_and_what_draws(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(NET)
    code = f"from cnndsl.cli import main; assert main({arguments!r}) == 0"
    allowed = {"graphviz"} if arguments[0] in ("compile", "draw") else set()
    assert loaded_by(code, cwd=tmp_path) - allowed == {"lark", "pydantic"}


def test_the_library_loads_nothing_else() -> None:
    code = f"import cnndsl; c = cnndsl.compile({NET!r}); c.python(); c.dot(); c.summary()"
    assert loaded_by(code) == {"lark", "pydantic", "graphviz"}


def test_the_import_contracts() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_grammar_and_the_pages_go_into_the_wheel() -> None:
    """The build itself is tried by .ci/run; here, that what the build copies is there."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build["force-include"] == {
        "grammars": "cnndsl/grammars",
        "docs/errors": "cnndsl/errors",
        "docs/ja/errors.md": "cnndsl/locales/errors.ja.md",
        "models": "cnndsl/models",
    }
    assert (ROOT / "grammars" / "cnn.lark").is_file()
    assert (ROOT / "docs" / "errors" / "E101.md").is_file()
    assert (ROOT / "docs" / "ja" / "errors.md").is_file()
