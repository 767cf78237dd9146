"""Explanations -> Markdown, with the formulas in LaTeX between dollar signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnndsl.backends.explain.content import Explanation, Form, Quantity
from cnndsl.i18n import tr
from cnndsl.layers.formula import Term, show
from cnndsl.terminal import clean


def brief(explanation: Explanation) -> Iterator[str]:
    """The lines of one explanation among many."""
    yield from _heading(explanation)
    yield from _numbers(explanation)


def full(explanation: Explanation) -> Iterator[str]:
    """The lines of an explanation that stands by itself."""
    yield from _heading(explanation)
    if explanation.introduction:
        yield "".join(_code(piece) if is_code else _plain(piece) for piece, is_code in explanation.introduction)
        yield ""
    yield from _numbers(explanation)
    if explanation.quantities:
        yield ""
        rows = [(equation(q), _plain(q.meaning), _plain(q.source)) for q in explanation.quantities]
        yield from _table((tr("number"), tr("what it is"), tr("where it is from")), rows)
    if explanation.changes:
        yield ""
        changes = [
            (_plain(change.words), _plain(change.result.replace(" x ", " × "))) for change in explanation.changes
        ]
        yield from _table((tr("with"), tr("comes out")), changes)


def _numbers(explanation: Explanation) -> Iterator[str]:
    yield from _table(("", ""), [*explanation.sizes(_FORM), *_costs(explanation)])


def _heading(explanation: Explanation) -> Iterator[str]:
    yield f"### {_code(explanation.title)}"
    yield ""
    where = ", ".join(filter(None, (_plain(explanation.where), explanation.use)))
    yield f"{_code(explanation.assigned)} ({where})"
    yield ""


def _shape(shape: Iterable[object]) -> str:
    return show(shape).replace(" x ", " × ").replace("*", r"\*")


def _costs(explanation: Explanation) -> Iterator[tuple[str, str]]:
    for name, cost, shared in explanation.costs:
        yield name, ", ".join(filter(None, (f"${worked(cost)}$", shared)))


def worked(cost: Term) -> str:
    """A number of parameters or of multiply-accumulates in LaTeX, with how it is worked out."""
    text, value = cost.latex("numbers"), f"{cost.value:,}".replace(",", "{,}")
    return f"{text} = {value}" if text != str(cost.value) else value


def equation(quantity: Quantity) -> str:
    """A letter with its numbers, in LaTeX."""
    (number, axis), *more = quantity.values
    name = quantity.letter if len(quantity.letter) == 1 else rf"\text{{{quantity.letter}}}"
    shown = [f"${name} = {number}$" + (f" ({axis})" if axis else "")]
    return ", ".join([*shown, *(f"${number}$ ({axis})" for number, axis in more)])


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
