"""Explanations as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from cnndsl.backends.explain.content import Came, Explanation, Quantity
from cnndsl.layers.formula import show
from cnndsl.terminal import clean, pad, paint, width

_INDENT = "  "
_WIDE = 80


def brief(explanation: Explanation, *, color: bool = False) -> Iterator[str]:
    """The lines of one explanation among many: the sizes, without what the numbers are."""
    yield from _heading(explanation, color)
    yield from _table([*_sizes(explanation), *_costs(explanation)], color)


def full(explanation: Explanation, *, color: bool = False) -> Iterator[str]:
    """The lines of an explanation that stands by itself."""
    yield from _heading(explanation, color)
    yield ""
    if explanation.introduction:
        said = "".join(f"`{piece}`" if is_code else piece for piece, is_code in explanation.introduction)
        yield from wrap(said, _WIDE, initial_indent=_INDENT, subsequent_indent=_INDENT)
        yield ""
    yield from _table(_sizes(explanation), color)
    costs = list(_costs(explanation))
    if costs:
        yield ""
        yield from _table(costs, color)
    if explanation.quantities:
        yield ""
        rows = [(_equation(q), clean(q.meaning), clean(q.source)) for q in explanation.quantities]
        yield from _columns(rows)
    if explanation.changes:
        yield ""
        yield from _columns([(f"with {change.words}", change.result) for change in explanation.changes])


def _heading(explanation: Explanation, color: bool) -> Iterator[str]:
    name = clean(explanation.applied.path)
    written = clean(explanation.written)
    head = f"{paint(name, 'bold', color=color)} = {written}" if name else paint(written, "bold", color=color)
    where = "   ".join(filter(None, (explanation.where, explanation.use)))
    yield f"{head}   {paint(clean(where), 'dim', color=color)}"


def _sizes(explanation: Explanation) -> Iterator[tuple[str, str]]:
    applied = explanation.applied
    if explanation.keeps:
        for at, came in enumerate(applied.came):
            yield "keeps" if at == 0 else "and", _came(came)
        return
    flattened = explanation.flattened
    if flattened is not None:
        size = applied.inputs[0][0]
        product = " * ".join(map(str, flattened.shape))
        yield "in", f"{product} = {size}, flattened from {_came(flattened)}"
        yield "", explanation.why_flattened
    else:
        for at, came in enumerate(applied.came):
            yield "in" if at == 0 else "and", _came(came)
    for rule in explanation.rules:
        steps = " = ".join(rule.rule.steps())
        yield ", ".join(rule.axes), f"{steps}, {rule.rule.words}" if rule.rule.words else steps
    for note in explanation.notes:
        yield "", clean(note)
    yield "out", ", ".join(map(show, applied.outputs))


def _came(came: Came) -> str:
    place = f", line {came.origin.line}" if came.origin is not None else ""
    return f"{show(came.shape)}   from {clean(came.words)}{place}"


def _costs(explanation: Explanation) -> Iterator[tuple[str, str]]:
    for name, cost, shared in explanation.costs:
        yield name, "   ".join(filter(None, (_worked(cost.text("numbers"), cost.value), shared)))


def _equation(quantity: Quantity) -> str:
    numbers = ", ".join(f"{number} ({axis})" if axis else number for number, axis in quantity.values)
    return f"{quantity.letter} = {numbers}"


def _worked(text: str, value: int) -> str:
    return f"{text} = {value:,}" if text != str(value) else f"{value:,}"


def _table(rows: Iterable[tuple[str, str]], color: bool) -> Iterator[str]:
    """Rows with a name before each, in two columns."""
    rows = list(rows)
    wide = max(width(name) for name, _ in rows)
    for name, text in rows:
        yield f"{_INDENT}{paint(pad(name, wide), 'dim', color=color)}  {text}".rstrip()


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    wide = [max(width(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        yield (_INDENT + "  ".join(pad(cell, w) for cell, w in zip(row, wide, strict=True))).rstrip()
