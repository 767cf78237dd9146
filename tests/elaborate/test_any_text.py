"""Whatever the text, there are diagnostics or a program: never an exception."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import cnndsl
from cnndsl.backends.torch import generate
from cnndsl.compiler import Compilation
from cnndsl.elaborate import Limits
from cnndsl.reporting.text import render

TESTS = Path(__file__).parents[1]
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("*/cases/*.cnn"))]
WORDS = [
    "network", "block", "sequence", "input", "output", "init", "when", "if", "else", "for", "in", "repeat", "from",
    "import", "it", "and", "or", "not", "true", "false", "training", "conv", "relu", "linear", "maxpool", "concat",
    "split", "identity", "flatten", "range", "len", "max", "parameter", "x", "Net", "channels", "kernel", "padding",
    "(", ")", "[", "]", "{", "}", ",", ":", "=", "==", "<", "->", "+", "-", "*", "/", "//", "%", "**", ".", "?", ";",
    "\n", "0", "1", "2", "3", "8", "32", "0.5", "1e9", "-1", '"same"', '"{i}"', '"', "'", "#", "é", "残", "\u200b", "@",
]  # fmt: skip
LIMITS = Limits(layers=2_000, size=20_000, items=2_000, depth=12)

any_text = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def compile_any(text: str) -> Compilation:
    """Compile, render what is found and generate what can be: none of it may raise."""
    compilation = cnndsl.compile(text, limits=LIMITS)
    assert "internal" not in render(compilation.diagnostics)
    if compilation.program is None:
        assert compilation.diagnostics
    elif compilation.program.networks:
        generate(compilation.program)
    return compilation


@st.composite
def mutated(draw: DrawFn) -> str:
    """A text of the tests with a few words taken out, put in, doubled or moved."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        piece = text[start:end]
        new = draw(
            st.one_of(
                st.just(""),
                st.sampled_from(WORDS).map(lambda word: f" {word} "),
                st.just(piece * 2),
                st.just(piece[::-1]),
                st.integers(-3, 10**12).map(str),
            )
        )
        text = text[:start] + new + text[end:]
    return text


@any_text
@given(mutated())
def test_a_text_with_a_few_changes(text: str) -> None:
    compile_any(text)


@any_text
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_words_in_any_order(text: str) -> None:
    compile_any(text)


@any_text
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_words_in_any_order_in_a_network(body: str) -> None:
    compile_any(f"block Unit(n, skip = 1) {{ conv(n, 1) -> relu }}\nnetwork Net(n = 2) {{\n input(3, 8, 8)\n{body}\n}}")


@any_text
@given(st.text(max_size=60))
def test_characters_in_any_order(text: str) -> None:
    compile_any(text)
