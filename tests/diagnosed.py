"""Golden diagnostics: a text with mistakes beside what a student reads about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Diagnostic, Severity
from cnndsl.report.text import render
from cnndsl.source import Source
from tests.conftest import Golden

# What a compiler calls things, and what only Python says.
FORBIDDEN = re.compile(
    r"\b([Tt]oken|[Uu]nexpected|[Rr]ule|NoneType|None|True|False|[Ll]ark|[Pp]ydantic|[Tt]raceback|object at|AST)\b"
)


def cases(test_file: str) -> list[Path]:
    """The texts in the folder `cases` beside a test file."""
    return sorted((Path(test_file).parent / "cases").glob("*.cnn"))


def diagnostics_of(path: Path) -> tuple[Diagnostic, ...]:
    """What is found in a text."""
    return compile_source(Source(path.name, path.read_text(encoding="utf-8"))).diagnostics


def check_case(path: Path, golden: Golden) -> None:
    """Compare what is found in a text with its golden file; each finding is for a student to read."""
    found = diagnostics_of(path)
    words = frozenset(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    assert found, "nothing is wrong with this text"
    golden(path.with_suffix(".txt"), render(found))
    for diagnostic in found:
        assert diagnostic.span is not None
        assert diagnostic.severity is Severity.WARNING or diagnostic.help, f"no way out: {diagnostic.message}"
        for text in said(diagnostic):
            assert set(FORBIDDEN.findall(text)) <= words, text  # a word of the text itself may be quoted
            assert text == text.strip()
            assert "  " not in text


def said(diagnostic: Diagnostic) -> Iterator[str]:
    """Everything that a diagnostic says in words, without what it quotes from the text in the lines it shows."""
    yield diagnostic.message
    yield from filter(None, (diagnostic.label, *(label.message for label in diagnostic.labels), *diagnostic.help))
