"""Explanations -> Markdown, with the formulas in LaTeX between dollar signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnndsl.backends.explain.content import Explanation, Form
from cnndsl.i18n import tr
from cnndsl.layers.formula import show
from cnndsl.terminal import clean


def brief(explanation: Explanation) -> Iterator[str]:
    """The lines of one explanation among many."""
    yield from _heading(explanation)
    yield from _numbers(explanation)


def full(explanation: Explanation) -> Iterator[str]:
    """The lines of an explanation that stands by itself."""
    yield from _heading(explanation)
    if explanation.introduction:
        yield _FORM.marked(explanation.introduction)
        yield ""
    yield from _numbers(explanation)
    if explanation.quantities:
        yield ""
        yield from _table((tr("number"), tr("what it is"), tr("where it is from")), explanation.letters(_FORM))
    if explanation.changes:
        yield ""
        changes = [
            (_plain(change.words), _plain(change.result.replace(" x ", " × "))) for change in explanation.changes
        ]
        yield from _table((tr("with"), tr("comes out")), changes)


def _numbers(explanation: Explanation) -> Iterator[str]:
    yield from _table(("", ""), explanation.rows(_FORM))


def _heading(explanation: Explanation) -> Iterator[str]:
    yield f"### {_code(explanation.title)}"
    yield ""
    yield f"{_code(explanation.assigned)} ({explanation.where(_FORM)})"
    yield ""


def _shape(shape: Iterable[object]) -> str:
    return show(shape).replace(" x ", " × ").replace("*", r"\*")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _code(text: str) -> str:
    """A text in the type of programs, whatever is in it."""
    text = clean(text).replace("|", r"\|")
    ticks = "`"
    while ticks in text:
        ticks += "`"
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _plain(text: str) -> str:
    """A text in which nothing is a sign of Markdown."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]<>|$#~" else char for char in clean(text))


_FORM = Form(_shape, _code, _plain)
