"""Whole explanations, kept in files.

A case explains all its layers, and then those that its first line names: `# explain conv1 layer1.0.conv2`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cnndsl.backends.explain import Format
from tests.conftest import Golden
from tests.explain.support import CASES, compiled
from tests.latex import typeset


def all_of(case: Path, form: Format) -> str:
    text = case.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    assert first.startswith("# explain ")
    parts = first.removeprefix("# explain ").split()
    compilation = compiled(text, case.name, case.parent)
    return "\n".join(compilation.explain(part, format=form) for part in ("", *parts))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_as_text(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".txt"), all_of(case, "text"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_as_markdown(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".md"), all_of(case, "markdown"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_as_latex(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".tex"), all_of(case, "latex"))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no LaTeX here")
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_latex_takes_it(case: Path, tmp_path: Path) -> None:
    lines = [
        r"\documentclass{article}",
        r"\usepackage{amsmath}",
        r"\begin{document}",
        rf"\input{{{case.with_suffix('.tex').as_posix()}}}",
        r"\end{document}",
    ]
    assert "Overfull \\hbox" not in typeset("\n".join(lines), tmp_path, "lecture.tex")
