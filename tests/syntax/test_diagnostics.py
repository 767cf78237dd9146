"""Texts that cannot be read: what is said of each way to be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl.fixing import edited
from cnndsl.source import Source
from cnndsl.syntax.parser import parse
from tests.conftest import Golden
from tests.diagnosed import cases, check_case, diagnostics_of

CASES = cases(__file__)


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_what_is_said(path: Path, golden: Golden) -> None:
    check_case(path, golden)


def test_seven_mistakes_give_seven_diagnostics_in_order() -> None:
    found = diagnostics_of(next(path for path in CASES if path.stem == "seven_mistakes"))
    assert len(found) == 7
    lines = [d.span.position.line for d in found if d.span is not None]
    assert lines == [3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "line", ["conv(8 5)", "conv(8, 5))", "x = 'same'", "relu -> -> relu", "if a = 1 { relu }", "2conv = relu", "relu @"]
)
@pytest.mark.parametrize("place", range(4))
def test_a_mistake_hides_no_other_and_echoes_nowhere(line: str, place: int) -> None:
    lines = ["input(3, 32, 32)", "conv(8, 5) -> relu", "repeat 2 { conv(8, 3) }", "linear(10)"]
    lines.insert(place, line)
    inside = "\n".join(lines)
    text = f"network A {{\n{inside}\n}}\nnetwork B {{\n{inside}\n}}\n"
    _, found = parse(Source("two.cnn", text))
    assert [d.span.position.line for d in found if d.span is not None] == [place + 2, place + 9]


def test_what_can_be_read_is_in_the_tree() -> None:
    tree, found = parse(Source("half.cnn", "block A { conv(8 5) }\nblock B { relu }\nnetwork N { input(3) }"))
    assert len(found) == 1
    assert [item.name.text for item in tree.items if hasattr(item, "name")] == ["A", "B", "N"]


def test_lines_that_end_with_a_carriage_return_alone() -> None:
    text = "network Net {\r    input(8)\r    relu\r}\r"
    (found,) = parse(Source("net.cnn", text))[1]
    assert found.message == "the lines end with the character U+000D alone, and are all one line so"
    assert found.fix is not None
    assert edited(Source("net.cnn", text), found.fix.edits).text == text.replace("\r", "\n")
    assert not parse(Source("net.cnn", text.replace("\r", "\r\n")))[1]
