"""What is done for a text grows with the text: for four times the lines, about four times as many functions are called.

Calls are counted, for their number is the same on every machine and in every run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import cnndsl.compilation
from cnndsl.compilation import Compilation
from cnndsl.compiler import compile as compile_text
from cnndsl.lsp.documents import Documents
from cnndsl.lsp.hover import hover
from cnndsl.lsp.sizes import Size, sizes
from cnndsl.syntax.parser import parse

MAKES: dict[str, Callable[[int], Iterator[str]]] = {
    "parts with names": lambda n: (
        line for at in range(n) for line in (f"c{at} = conv(8, 3, padding=1)", f"c{at} -> relu")
    ),
    "parts declared behind their uses": lambda n: (
        line for form in ("c{} -> relu", "c{} = conv(8, 3, padding=1)") for line in map(form.format, range(n))
    ),
    "a chain with a name": lambda n: iter(["stages: {", *["conv(8, 3, padding=1) -> relu"] * n, "}"]),
    "conditions": lambda n: (f"if n > {at} {{ conv(3, {at % 2 * 2 + 1}, padding={at % 2}) }}" for at in range(n)),
    "loops": lambda n: ("for i in range(n) { conv(3, 1) -> relu }" for _ in range(n)),
    "sums": lambda n: ("it + (it -> conv(3, 3, padding=1) -> relu)" for _ in range(n)),
    "values side by side": lambda n: iter([f"concat({', '.join(['it -> conv(3, 1)'] * n)})"]),
}
STAGES: dict[str, Callable[[Compilation], Any]] = {
    "check": lambda compilation: compile_text(compilation.source.text),
    "python": lambda compilation: compilation.python(),
    "volumes": lambda compilation: compilation.volumes(),
}


@pytest.mark.parametrize(
    ("make", "stage"),
    [
        ("parts with names", "check"),
        ("parts declared behind their uses", "check"),
        ("a chain with a name", "python"),
        ("conditions", "python"),
        ("loops", "python"),
        ("values side by side", "python"),
        ("values side by side", "volumes"),
        ("sums", "volumes"),
    ],
)
def test_calls_grow_with_the_lines(make: str, stage: str) -> None:
    small, large = (calls(STAGES[stage], compilation_of(MAKES[make](lines))) for lines in (25, 100))
    assert large < 4.3 * small


def test_calls_grow_with_the_parameters() -> None:
    def text(count: int) -> str:
        parameters = ", ".join(f"p{at} = 8" for at in range(count))
        lines = "; ".join(f"conv(p{at}, 1) -> relu" for at in range(count))
        given = ", ".join(map(str, range(1, count + 1)))
        return f"block Unit({parameters}) {{ {lines} }}\nnetwork Net {{ input(3, 8, 8); Unit({given}) -> Unit }}"

    small, large = (calls(STAGES["python"], compile_text(text(count))) for count in (25, 100))
    assert large < 4.3 * small


def test_calls_grow_with_the_networks() -> None:
    """For the sizes that an editor shows."""

    def text(count: int) -> str:
        lines = "; ".join(["conv(8, 3, padding=1) -> relu"] * 8)
        return "\n".join(f"network Net{at} {{ input(3, 8, 8); {lines} }}" for at in range(count))

    def sizes_of(compilation: Compilation) -> list[Size]:
        assert compilation.program is not None
        return sizes(compilation.program, parse(compilation.source)[0])

    small, large = (calls(sizes_of, compile_text(text(networks))) for networks in (10, 40))
    assert large < 4.5 * small


def test_an_explanation_in_an_editor_reads_no_text_again(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "network Net { input(3, 8, 8); conv(8, 3) }"
    documents = Documents()
    document = documents.open("untitled:1", None, text, 1)
    document.latest()
    monkeypatch.setattr(cnndsl.compilation, "parse", None)
    told = hover(documents, document, text.index("conv"))
    assert told is not None
    assert "conv1 = conv(8, 3)" in told[0]


def test_any_number_of_constants_follow_from_one_another() -> None:
    constants = "".join(f"c{at} = c{at - 1} + 1\n" for at in range(1, 500))
    made = compile_text(f"c0 = 1\n{constants}network Net {{ input(3, 8, 8); conv(c499, 1) }}")
    assert "Conv2d(3, " in made.python()


def compilation_of(lines: Iterator[str]) -> Compilation:
    made = compile_text("network Net(n = 2) {\ninput(3, 16, 16)\n" + "\n".join(lines) + "\n}")
    assert made.ok, made
    return made


def calls(work: Callable[[Compilation], Any], compilation: Compilation) -> int:
    """How many functions are called, once what is worked out at the first time is there."""
    work(compilation)
    count = 0

    def note(_frame: Any, event: str, _what: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work(compilation)
    finally:
        sys.setprofile(before)
    return count
