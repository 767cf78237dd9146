"""Explanations -> text for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from cnndsl.backends.explain.content import Explanation, Form
from cnndsl.i18n import tr
from cnndsl.layers.formula import show
from cnndsl.terminal import clean, pad, paint, width, wrap

_INDENT = "  "
_WIDE = 80
_WIDEST = 120
"""What a line with two explanations side by side may have."""
FORM = Form(show, clean, clean, str, latex=False, times=" * ", gap="   ", more="and")


def brief(explanation: Explanation, *, color: bool = False) -> Iterator[str]:
    """The lines of one explanation among many: the sizes, without what the numbers are."""
    yield from _heading(explanation, color)
    yield from _table(explanation.rows(FORM), color)


def full(explanation: Explanation, *, color: bool = False) -> Iterator[str]:
    """The lines of an explanation that stands by itself."""
    yield from _heading(explanation, color)
    yield ""
    if explanation.introduction:
        yield from (_INDENT + line for line in wrap(explanation.introduction, _WIDE - len(_INDENT)))
        yield ""
    yield from _table(explanation.sizes(FORM), color)
    costs = explanation.costs(FORM)
    if costs:
        yield ""
        yield from _table(costs, color)
    if explanation.quantities:
        yield ""
        yield from _columns(explanation.letters(FORM))
    if explanation.changes:
        yield ""
        yield from _columns(
            [(tr("with {change}", change=change.words), change.result) for change in explanation.changes]
        )


def beside(compared: Sequence[tuple[str, Explanation]], *, color: bool = False) -> Iterator[str]:
    """The sizes of one layer with several settings, side by side; below each other where lines would be too long."""
    yield from _heading(compared[0][1], color)
    tables = [explanation.rows(FORM) for _, explanation in compared]
    keyed = [_keyed(table) for table in tables]
    keys = _merged(keyed)
    lines = [("", *(words for words, _ in compared))]
    lines += [(key[0], *(table.get(key, "") for table in keyed)) for key in keys]
    wide = [max(width(line[at]) for line in lines) for at in range(len(lines[0]))]
    if sum(wide) + 3 * len(wide) <= _WIDEST:
        for at, line in enumerate(lines):
            cells = [pad(cell, room) for cell, room in zip(line, wide, strict=True)]
            said = "   ".join(paint(cell, "bold", color=color and at == 0) for cell in cells[1:])
            yield f"{_INDENT}{paint(cells[0], 'dim', color=color)}  {said}".rstrip()
        return
    for (words, _), table in zip(compared, tables, strict=True):
        yield ""
        yield f"{_INDENT}{paint(words, 'bold', color=color)}"
        yield from _table(table, color)


_Key = tuple[str, int]


def _keyed(rows: Sequence[tuple[str, str]]) -> dict[_Key, str]:
    """The rows by their names, and by how many of the same name come before."""
    seen: Counter[str] = Counter()
    found: dict[_Key, str] = {}
    for name, text in rows:
        found[name, seen[name]] = text
        seen[name] += 1
    return found


def _merged(tables: Sequence[dict[_Key, str]]) -> list[_Key]:
    """The keys of all tables, each after what it comes after in its own."""
    keys: list[_Key] = []
    for table in tables:
        at = 0
        for key in table:
            if key not in keys:
                keys.insert(at, key)
            at = keys.index(key) + 1
    return keys


def _heading(explanation: Explanation, color: bool) -> Iterator[str]:
    """The layer as the text has it, in several lines where it is long, and behind it where it stands."""
    lines = [f"{'    ' if at else ''}{line}" for at, line in enumerate(wrap(clean(explanation.assigned), _WIDE - 4))]
    name = clean(explanation.applied.path) or lines[0]
    lines[0] = paint(name, "bold", color=color) + lines[0].removeprefix(name)
    lines[-1] += f"   {paint(explanation.where(FORM), 'dim', color=color)}"
    yield from lines


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
