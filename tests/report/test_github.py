from __future__ import annotations

from cnndsl.diagnostics import Diagnostic
from cnndsl.report import github
from cnndsl.source import Source, Span
from tests.report.build import CASES, load


def test_a_place_on_one_line() -> None:
    assert github.render(load(CASES / "kernel_does_not_fit.toml")) == (
        "::error title=E302,file=models/net.cnn,line=9,endLine=9,col=13,endColumn=23::"
        "kernel 5 does not fit an input of 2 x 2: applied to 16 x 2 x 2 here%0A"
        "models/net.cnn:12:5: the input comes from pool (line 12)%0A"
        "help: add padding=2 or more, use a kernel of at most 2, or drop a pooling step before it\n"
    )


def test_several_lines_have_no_columns() -> None:
    first = github.render(load(CASES / "several_lines.toml")).splitlines()[0]
    assert first == "::error title=E201,file=net.cnn,line=3,endLine=6::over four lines: this layer"


def test_a_warning_is_one() -> None:
    _, second = github.render(load(CASES / "two_labels_on_a_line.toml")).splitlines()
    assert second.startswith("::warning title=W203,")


def test_without_a_place() -> None:
    assert github.render([Diagnostic("E001", "gone")]) == "::error title=E001::gone\n"


def test_nothing_breaks_out_of_the_command() -> None:
    source = Source("a,b:c%d.cnn\n::set-env", "relu")
    rendered = github.render([Diagnostic("E101", "100%\r\n::error::x", Span(source, 0, 4), help=("one\ntwo",))])
    assert rendered.count("\n") == 1
    assert rendered == (
        "::error title=E101,file=a%2Cb%3Ac%25d.cnn %3A%3Aset-env,line=1,endLine=1,col=1,endColumn=4::"
        "100%25  ::error::x%0Ahelp: one%0Ahelp: two\n"
    )
