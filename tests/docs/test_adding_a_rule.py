"""Adding a rule touches four files: this does what the document says, in a copy, and nothing else."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.docs.blocks import ROOT, Block, blocks_of
from tests.docs.checkout import check_types, checkout, run

DOCUMENTS = ("pyproject.toml", "README.md", "CONTRIBUTING.md")
USED = [f"tests/{name}.py" for name in ("__init__", "conftest", "compiled", "running", "diagnosed")]
DOCUMENT = "docs/adding-a-rule.md"


def blocks(kind: str) -> list[Block]:
    return [block for block in blocks_of(DOCUMENT) if block.kind == kind]


def indented(heading: str) -> str:
    """What stands indented below a heading: a file, or a part of one, in Markdown of its own."""
    text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    (section,) = (part for part in text.split("\n## ") if part.startswith(heading))
    lines = [line for line in section.splitlines() if line.startswith("    ") or not line]
    return dedent("\n".join(lines)).strip("\n") + "\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, its documents and tests of these, with what the document adds: a rule, a page, a line, an entry."""
    folder = checkout(
        tmp_path_factory.mktemp("checkout"),
        ("cnndsl", "grammars", "models", "docs", "tests/docs", "tests/lint"),
        (*USED, *DOCUMENTS),
    )
    family = folder / "cnndsl" / "lint" / "rules" / "windows.py"
    _, definition = blocks("python")
    family.write_text(f"{family.read_text(encoding='utf-8')}\n\n{definition.text}", encoding="utf-8")
    (folder / "docs" / "errors" / "W240.md").write_text(indented("The page"), encoding="utf-8")
    index = folder / "docs" / "errors.md"
    lines = index.read_text(encoding="utf-8").splitlines(keepends=True)
    (at,) = (at for at, line in enumerate(lines) if line.startswith("| [W236]"))
    index.write_text("".join([*lines[: at + 1], indented("The line"), *lines[at + 1 :]]), encoding="utf-8")
    japanese = folder / "docs" / "ja" / "errors.md"
    japanese.write_text(
        f"{japanese.read_text(encoding='utf-8')}\n{indented('The entry in Japanese')}", encoding="utf-8"
    )
    return folder


def test_the_warning_is_the_one_that_the_document_shows(copy: Path) -> None:
    page = indented("The page")
    wrong = page.split("```cnn warning W240\n")[1].split("```")[0]
    (copy / "wrong.cnn").write_text(wrong, encoding="utf-8")
    shown = run(copy, "-m", "cnndsl", "check", "wrong.cnn")
    assert f"$ cnndsl check wrong.cnn\n{shown}" == page.split("```console\n")[1].split("```")[0]


def test_the_page_is_as_all_others_are(copy: Path) -> None:
    assert "W240: two convolutions keep" in run(copy, "-m", "cnndsl", "rule", "W240")
    run(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/docs/test_errors.py", "-k", "W240 or index or code"
    )


def test_no_text_gets_a_false_alarm(copy: Path) -> None:
    found = run(copy, "-m", "cnndsl", "check", "models", "--ignore", "W201")
    assert "W240" not in found
    windows = ("tests/lint/test_cases.py", "-k", "windows or groups or idle")
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *windows)


def test_the_code_of_the_document_is_clean(copy: Path) -> None:
    family = "cnndsl/lint/rules/windows.py"
    run(copy, "-m", "ruff", "check", family)
    run(copy, "-m", "ruff", "format", "--check", family)
    check_types(copy, family)
