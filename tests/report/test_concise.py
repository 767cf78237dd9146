from __future__ import annotations

from cnndsl.diagnostics import Diagnostic
from cnndsl.report import concise
from cnndsl.source import Source, Span
from tests.report.build import CASES, load


def test_a_place() -> None:
    line = "models/net.cnn:9:13: E302 kernel 5 does not fit an input of 2 x 2\n"
    assert concise.render(load(CASES / "kernel_does_not_fit.toml")) == line


def test_warnings_and_errors_in_order() -> None:
    found = load(CASES / "two_labels_on_a_line.toml")
    codes = [line.split(": ", 1)[1].split()[0] for line in concise.render(found).splitlines()]
    assert codes == [diagnostic.code for diagnostic in found]
    assert {code[0] for code in codes} == {"E", "W"}


def test_without_a_place() -> None:
    assert concise.render([Diagnostic("E001", "gone")]) == "E001 gone\n"


def test_a_line_stays_one_line() -> None:
    source = Source("a\nb.cnn", "relu\r\nrelu")
    rendered = concise.render([Diagnostic("E101", "one\r\ntwo\x1b[2J", Span(source, 5, 9))])
    assert rendered == "a b.cnn:2:1: E101 one  two␛[2J\n"
