"""A process may compile several texts at once: none of them leaves a trace in another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import cnndsl
from cnndsl.formatter import formatted
from cnndsl.report.text import render
from cnndsl.source import Source


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def made(number: int) -> list[str]:
    """All that is made of a text of its own."""
    lines = "".join(f'    "at{{{at}}}": conv({8 + (number + at) % 7}, 3, padding=1) -> relu\n' for at in range(20))
    mistake = "    conv(8, 3) -> missing\n" if number % 3 == 0 else ""
    text = f"network Net{number} {{\n    input(3, 64, 64)\n{lines}{mistake}}}\n"
    compilation = cnndsl.compile(text, name=f"net{number}.cnn")
    results = [render(compilation.diagnostics), formatted(Source(f"net{number}.cnn", text))[0]]
    if compilation.ok:
        results += [compilation.python(), compilation.dot(), compilation.summary(), compilation.explain()]
    return results


def test_texts_compiled_at_once_are_compiled_as_one_after_the_other() -> None:
    numbers = range(24)
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(made, numbers))
    assert at_once == [made(number) for number in numbers]
