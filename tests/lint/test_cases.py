"""Golden cases: which lines of a text each rule finds, and what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Severity
from cnndsl.fixing import edited
from cnndsl.lint.rules import NAME, OTHER_INPUT, PARAMETER, RULES, UNREAD, UNUSED
from cnndsl.report.text import render
from cnndsl.source import Source
from tests.compiled import MODELS, compilation_of
from tests.conftest import Golden

CASES = sorted((Path(__file__).parent / "cases").glob("*.cnn"))
CODES = {NAME, OTHER_INPUT, PARAMETER, UNREAD, UNUSED, *(rule.code for rule in RULES)}
MEANT = {"hrnet": ["W203"]}
"""Model -> the warnings that it silences, as they are true of the authors' own network: HRNet has biases to spare."""

each_case = pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])


def compiled(path: Path) -> Compilation:
    return compile_source(Source(path.name, path.read_text(encoding="utf-8")))


def marked(path: Path) -> list[tuple[int, str]]:
    """The lines that are marked with a code, and the codes."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return [
        (number, code)
        for number, line in lines
        for codes in re.findall(r"# (W\d{3}(?: W\d{3})*)$", line)
        for code in codes.split()
    ]


@each_case
def test_the_marked_lines_are_found_and_no_others(path: Path) -> None:
    found = compiled(path).diagnostics
    assert [(d.span.position.line, d.code) for d in found if d.span] == marked(path), render(found)
    assert {d.severity for d in found} == {Severity.WARNING}


@each_case
def test_what_is_said(path: Path, golden: Golden) -> None:
    golden(path.with_suffix(".txt"), render(compiled(path).diagnostics))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_what_it_finds(rule: type) -> None:
    assert rule.__doc__
    assert len(rule.__doc__.splitlines()[0]) > 20


def test_every_warning_helps() -> None:
    assert [d.code for path in CASES for d in compiled(path).diagnostics if not d.help] == []


@pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])
def test_no_false_alarm_in_what_people_use(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"cnndsl: ignore(?:-file)?(?:\[(.*?)\])?", text) == MEANT.get(path.stem, [])
    found = compilation_of(path).diagnostics
    assert found == (), render(found)


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("conv(8, 1) -> crop(0) -> relu", "conv(8, 1) -> relu"),
        ("permute([0, 1, 2, 3]) -> conv(8, 1)", "conv(8, 1)"),
        ("sigmoid(it) -> flatten -> flatten -> linear(2)", "sigmoid(it) -> flatten -> linear(2)"),
        ("crop(it, 0) -> conv(8, 1)", "conv(8, 1)"),
        ("relu(other) -> conv(8, 1)", None),
        ("output crop(it, 0) -> conv(8, 1)", None),
        ("conv(8, 1) -> maxpool(1)", None),
        ("spare: crop(0)", None),
    ],
)
def test_what_does_nothing_can_be_taken_out_where_nothing_else_changes(line: str, mended: str | None) -> None:
    text = f"network Net {{\n    input(3, 8, 8)\n    other = it -> conv(3, 1) -> relu\n    {line}\n}}\n"
    (found,) = (d for d in compile_source(Source("net.cnn", text)).diagnostics if d.code == "W214")
    if mended is None:
        assert found.fix is None
    else:
        assert found.fix is not None
        assert not found.fix.is_safe
        (edit,) = found.fix.edits
        assert text[: edit.span.start] + edit.text + text[edit.span.end :] == text.replace(line, mended)


@pytest.mark.parametrize(
    ("call", "mended"),
    [
        ("conv(8, [3, 3])", "conv(8, [3, 3], bias=false)"),
        ("conv(8, 3, 1, 0, 1, 1, true)", None),
        ("linear(8, true)", None),
        ("linear(8, bias = true)", "linear(8, bias=false)"),
    ],
)
def test_a_bias_is_left_out_by_its_name(call: str, mended: str | None) -> None:
    text = f"network Net {{\n    input(3, 8, 8)\n    {call} -> batchnorm -> relu -> linear(2)\n}}\n"
    (found,) = compile_source(Source("net.cnn", text)).diagnostics
    after = None if found.fix is None else edited(found.fix.edits[0].span.source, found.fix.edits).text
    assert after == (None if mended is None else text.replace(call, mended))
