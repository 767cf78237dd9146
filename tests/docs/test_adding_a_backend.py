"""A backend is a file, a line and a test: this does what the document says, in a copy, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, blocks_of
from tests.docs.checkout import check_types, checkout, run

DOCUMENT = "docs/adding-a-backend.md"
BACKEND, REGISTRY, TEST = "cnndsl/backends/latex.py", "cnndsl/backends/__init__.py", "tests/backends/test_latex.py"


def blocks(kind: str) -> list[Block]:
    return [block for block in blocks_of(DOCUMENT) if block.kind == kind]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, its tests of backends and what they use, with the three files of the document."""
    folder = checkout(
        tmp_path_factory.mktemp("checkout"),
        ("cnndsl", "grammars", "models", "tests/backends"),
        ("tests/__init__.py", "tests/conftest.py", "tests/running.py", "tests/made.py"),
    )
    seen, line, _, test = blocks("text")
    (folder / BACKEND).write_text(blocks("python")[0].text, encoding="utf-8")
    (folder / TEST).write_text(test.text, encoding="utf-8")
    text = (folder / REGISTRY).read_text(encoding="utf-8")
    before, name, after = text.partition("    import cnndsl.backends.mermaid\n")
    assert name
    (folder / REGISTRY).write_text(before + seen.text + name + with_line(after, line.text), encoding="utf-8")
    return folder


def with_line(text: str, line: str) -> str:
    """The line after the last one of the table."""
    lines = text.splitlines(keepends=True)
    last = max(at for at, each in enumerate(lines) if " = Backend(" in each)
    return "".join([*lines[: last + 1], line, *lines[last + 1 :]])


def test_there_is_a_command(copy: Path, request: pytest.FixtureRequest) -> None:
    listed = run(copy, "-m", "cnndsl", "--help")
    assert re.search(r"^  latex +Print the layers of FILE that learn as a table in LaTeX\.$", listed, re.MULTILINE)
    told = " ".join(run(copy, "-m", "cnndsl", "latex", "--help").split())
    assert "The layers of a network that learn, as a table in LaTeX. Options: --network NAME Which network" in told
    assert "--digits N How many digits millions have; 0 for whole numbers. [default: 0; 0<=x<=3]" in told
    shown = blocks("text")[2]
    printed = ""
    for line in [line for line in shown.text.splitlines() if line.startswith("$ ")]:
        said = run(copy, "-m", *line[2:].split(), code=2 if "9" in line else 0)
        printed += f"{line}\n{said}"
    if request.config.getoption("--update"):
        text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
        (ROOT / DOCUMENT).write_text(text.replace(shown.text, printed), encoding="utf-8")
    else:
        assert shown.text == printed


TYPED = """
from pathlib import Path
import cnndsl
compilation = cnndsl.compile(Path("models/net.cnn"))
reveal_type(compilation.latex)
"""


def test_there_is_a_method_with_types(copy: Path) -> None:
    (copy / "use.py").write_text(TYPED, encoding="utf-8")
    said = check_types(copy, "use.py", BACKEND, REGISTRY)
    assert "def (network: str | None =, *, lang: " in said
    assert "sizes: typing.Mapping[str, int] | None =, digits: int =) -> str" in said


def test_the_files_are_in_the_style_of_the_others(copy: Path) -> None:
    config = ("--config", str(ROOT / "pyproject.toml"))
    run(copy, "-m", "ruff", "check", *config, BACKEND, REGISTRY, TEST)
    run(copy, "-m", "ruff", "format", "--check", *config, BACKEND, REGISTRY, TEST)


def test_its_test_and_those_of_all_backends_pass(copy: Path) -> None:
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST, "tests/backends/test_registry.py")
    assert int(said.splitlines()[-1].split()[0]) > 20, said
