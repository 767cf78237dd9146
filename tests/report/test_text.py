from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnndsl.diagnostics import Diagnostic, Label, Severity
from cnndsl.report import text
from cnndsl.source import Source, Span
from cnndsl.terminal import width
from tests.conftest import Golden
from tests.report.build import CASES, load


@pytest.mark.parametrize("case", sorted(CASES.glob("*.toml")), ids=lambda path: path.stem)
def test_cases(case: Path, golden: Golden) -> None:
    golden(case.with_suffix(".txt"), text.render(load(case)))


@pytest.mark.parametrize("case", sorted(CASES.glob("*.toml")), ids=lambda path: path.stem)
def test_colors_change_nothing_else(case: Path) -> None:
    diagnostics = load(case)
    colored = text.render(diagnostics, color=True)
    assert "\x1b[1;" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == text.render(diagnostics)


def test_errors_are_red_and_warnings_yellow() -> None:
    source = Source("net.cnn", "relu")
    span = Span(source, 0, 4)
    red = text.render([Diagnostic("E201", "wrong", span)], color=True)
    yellow = text.render([Diagnostic("W201", "odd", span, severity=Severity.WARNING)], color=True)
    assert "\x1b[1;31merror[E201]\x1b[0m" in red
    assert "\x1b[1;31m^^^^\x1b[0m" in red
    assert "\x1b[1;33mwarning[W201]\x1b[0m" in yellow
    assert "\x1b[1;33m^^^^\x1b[0m" in yellow


def test_nothing_for_nothing() -> None:
    assert text.render([]) == ""


# Whatever a text holds and wherever a diagnostic points, the report is made, shows every message,
# and moves no cursor.

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("a b\t\r\n漢\x1b\u0301\u202e")), max_size=300)


@st.composite
def diagnostics(draw: st.DrawFn) -> Diagnostic:
    source = Source(draw(st.text(max_size=8)), draw(TEXTS))
    other = Source("other.cnn", draw(TEXTS))

    def span(of: Source) -> Span:
        first, second = draw(st.integers(0, len(of.text) + 2)), draw(st.integers(0, len(of.text) + 2))
        return Span(of, min(first, second), max(first, second))

    labels = [Label(span(draw(st.sampled_from((source, other)))), f"label {n}") for n in range(draw(st.integers(0, 4)))]
    return Diagnostic("E101", "message", span(source), "primary", tuple(labels), ("help",))


@given(diagnostics())
def test_any_text_and_any_place(diagnostic: Diagnostic) -> None:
    report = text.render([diagnostic])
    lines = report.split("\n")
    for label in diagnostic.labels:
        assert report.count(label.message) >= 1
    assert "primary" in report
    assert "^" in report
    assert all(
        line.replace("\u3000", " ").isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", line)
        for line in lines
    )
    assert all(line == line.rstrip() for line in lines)


@given(st.text(st.sampled_from("a漢\t×か\u3099"), min_size=1, max_size=40), st.data())
def test_the_underline_stands_below_what_it_marks(line: str, data: st.DataObject) -> None:
    line = "=" + line + "="
    start = data.draw(st.integers(1, len(line) - 1))
    end = data.draw(st.integers(start, len(line)))
    source = Source("net.cnn", line)
    shown, underline = text.render([Diagnostic("E101", "message", Span(source, start, end))]).split("\n")[3:5]
    body, marks = shown.removeprefix("1 | "), underline.removeprefix("  | ")
    expanded = _tabs_expanded(line[:start])
    assert body.startswith(expanded.rstrip() if end == len(line) else expanded)
    assert len(marks) - len(marks.lstrip()) == width(expanded)
    marked = _tabs_expanded(line[:end])
    assert len(marks) == max(width(marked), width(expanded) + 1)


def _tabs_expanded(line: str) -> str:
    """Tabs filled up to stops of four columns, worked out in another way than the renderer does."""
    out = ""
    for char in line:
        out += " " * (4 - width(out) % 4) if char == "\t" else char
    return out
