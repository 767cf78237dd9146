"""Diagnostics for people: the message, the lines of source that it is about, and what to write instead.

In: diagnostics.  Out: text for a terminal, the same for the same diagnostics wherever it is made:
its layout does not depend on the width of the window. In a notebook or a page it is shown with the same colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby

from cnndsl.diagnostics import Diagnostic, Severity
from cnndsl.frozen import frozen
from cnndsl.source import Source, Span
from cnndsl.terminal import CODES, Style, cells, clean, paint

LONGEST = 100
"""How many characters of one line of source are shown; of a longer one, those around what is marked."""

_CUT = "..."
_FRAME: Style = "blue"


@frozen()
class _Mark:
    """A stretch to underline in line `line`: from `start` to `end`, in characters or, once laid out, columns."""

    line: int
    start: int
    end: int
    message: str
    primary: bool


def render(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """All diagnostics, an empty line between two; each ends with a line end. Nothing for no diagnostics."""
    return "\n".join(_Report(diagnostic, color).text() for diagnostic in diagnostics)


class _Report:
    """One diagnostic on its way to text."""

    def __init__(self, diagnostic: Diagnostic, color: bool) -> None:
        self.diagnostic = diagnostic
        self.color = color
        self.accent: Style = "red" if diagnostic.severity is Severity.ERROR else "yellow"
        self.sections = _sections(diagnostic)
        last = max((mark.line for _, _, marks in self.sections for mark in marks), default=1)
        self.gutter = len(str(last))

    def text(self) -> str:
        return "".join(f"{line.rstrip()}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        d = self.diagnostic
        head = paint(f"{d.severity.value}[{d.code}]", "bold", self.accent, color=self.color)
        yield head + paint(f": {clean(d.message)}", "bold", color=self.color)
        for source, anchor, marks in self.sections:
            line, column = source.position(anchor)
            arrow = paint(" " * self.gutter + "-->", _FRAME, color=self.color)
            yield f"{arrow} {clean(source.name)}:{line}:{column}"
            yield self._framed("", "")
            yield from self._section(source, marks)
        for text in d.help:
            first, *rest = text.split("\n")
            start = paint(" " * (self.gutter + 1) + "=", _FRAME, color=self.color)
            yield f"{start} {paint('help', 'bold', color=self.color)}: {clean(first)}"
            indent = " " * (self.gutter + len("  = help: ") - 1)
            yield from (indent + clean(more) for more in rest)

    def _section(self, source: Source, marks: list[_Mark]) -> Iterator[str]:
        """The marked lines of one source, in order; a gap of one line is filled, a longer one shown as such."""
        before = 0
        for number, group in groupby(sorted(marks, key=lambda m: (m.line, m.start, m.end)), key=lambda m: m.line):
            if before and number == before + 2:
                yield from self._line(source, before + 1, [])
            elif before and number > before + 2:
                yield paint(_CUT, _FRAME, color=self.color)
            yield from self._line(source, number, list(group))
            before = number

    def _line(self, source: Source, number: int, marks: list[_Mark]) -> Iterator[str]:
        """One line of source with what is marked in it below, or several cuts of it where the marks lie far apart."""
        text = source.line(number)
        marks = [replace(m, start=min(m.start, len(text)), end=min(m.end, len(text))) for m in marks]
        for start, end, inside in _windows(len(text), marks):
            shown, laid_out = _lay_out(text, start, end, inside)
            yield self._framed(str(number), shown)
            for row in _annotations(laid_out):
                yield self._framed("", "".join(self._colored(part, mark) for part, mark in row))

    def _framed(self, number: str, rest: str) -> str:
        return paint(f"{number:>{self.gutter}} |", _FRAME, color=self.color) + f" {rest}"

    def _colored(self, text: str, mark: _Mark | None) -> str:
        if mark is None:
            return text
        return paint(text, "bold", self.accent if mark.primary else "blue", color=self.color)


def _sections(diagnostic: Diagnostic) -> list[tuple[Source, int, list[_Mark]]]:
    """For each source that the diagnostic speaks of: the offset to name, and the marks. Its own source is first."""
    if diagnostic.span is None:
        return []
    places = [(diagnostic.span, diagnostic.label, True)]
    places += [(label.span, label.message, False) for label in diagnostic.labels]
    found: dict[Source, tuple[int, list[_Mark]]] = {}
    for span, message, primary in places:
        _, marks = found.setdefault(span.source, (_clip(span)[0], []))
        marks += _marks(span, clean(message), primary)
    return [(source, anchor, marks) for source, (anchor, marks) in found.items()]


def _clip(span: Span) -> tuple[int, int]:
    """The span's offsets, inside the text and without the line ends that it stops at."""
    text = span.source.text
    start = min(span.start, len(text))
    end = max(start, min(span.end, len(text)))
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    return start, end


def _marks(span: Span, message: str, primary: bool) -> list[_Mark]:
    """The stretches to underline: one, or of a span over several lines the first line's and the last line's."""
    source = span.source
    start, end = _clip(span)
    first, last = source.position(start), source.position(end)
    if first.line == last.line:
        return [_Mark(first.line, first.column - 1, last.column - 1, message, primary)]
    opening, closing = source.line(first.line), source.line(last.line)
    indent = min(len(closing) - len(closing.lstrip()), last.column - 1)
    return [
        _Mark(first.line, first.column - 1, len(opening), "", primary),
        _Mark(last.line, indent, last.column - 1, message, primary),
    ]


def _windows(length: int, marks: Sequence[_Mark]) -> Iterator[tuple[int, int, list[_Mark]]]:
    """Which parts of a line of `length` characters to show, each with its marks (sorted by start)."""
    if length <= LONGEST:
        yield 0, length, list(marks)
        return
    clusters: list[list[_Mark]] = []
    for mark in marks:
        if clusters and mark.end - clusters[-1][0].start <= LONGEST * 3 // 4:
            clusters[-1].append(mark)
        else:
            clusters.append([mark])
    for cluster in clusters or [[]]:
        first = cluster[0].start if cluster else 0
        last = min(max((mark.end for mark in cluster), default=0), first + LONGEST)
        start = max(0, min(first - (LONGEST - (last - first)) // 2, length - LONGEST))
        yield start, start + LONGEST, cluster


def _lay_out(text: str, start: int, end: int, marks: Sequence[_Mark]) -> tuple[str, list[_Mark]]:
    """The characters `start` to `end` as they are shown, and the marks in columns of that."""
    shown = cells(text[start:end])
    before = _CUT if start else ""
    columns = [len(before)]
    for _, room in shown:
        columns.append(columns[-1] + room)

    def column(at: int) -> int:
        return columns[min(max(at - start, 0), len(shown))]

    laid_out = []
    for mark in marks:
        left = column(mark.start)
        laid_out.append(replace(mark, start=left, end=max(column(mark.end), left + 1)))
    return before + "".join(cell for cell, _ in shown) + (_CUT if end < len(text) else ""), laid_out


_Row = list[tuple[str, _Mark | None]]


def _annotations(marks: list[_Mark]) -> Iterator[_Row]:
    """The rows below a line: the underlines, with the message of the last to end, then the other messages.

    The others hang below where their stretch begins, from right to left, each on a row of its own.
    """
    if not marks:
        return
    last = max(marks, key=lambda mark: (mark.end, mark.start, mark.primary))
    underlines = _underlines(marks)
    if last.message:
        underlines.append((f" {last.message}", last))
    yield underlines
    hanging = sorted((m for m in marks if m.message and m is not last), key=lambda m: (m.start, not m.primary))
    if hanging:
        yield _connectors(hanging)
    while hanging:
        mark = hanging.pop()
        row = _connectors([m for m in hanging if m.start < mark.start])
        reached = sum(len(part) for part, _ in row)
        yield [*row, (" " * (mark.start - reached), None), (mark.message, mark)]


def _underlines(marks: list[_Mark]) -> _Row:
    owners: list[_Mark | None] = [None] * max(mark.end for mark in marks)
    for mark in sorted(marks, key=lambda m: (m.primary, m.start - m.end)):  # the primary one over the others
        owners[mark.start : mark.end] = [mark] * (mark.end - mark.start)
    return [
        ((" " if owner is None else "^" if owner.primary else "-") * len(list(run)), owner)
        for owner, run in groupby(owners)
    ]


def _connectors(marks: list[_Mark]) -> _Row:
    row: _Row = []
    reached = 0
    for mark in marks:
        if mark.start >= reached:
            row += [(" " * (mark.start - reached), None), ("|", mark)]
            reached = mark.start + 1
    return row


_PAPER = (
    "color:#1f2328;background:#fff;padding:0.6em;font-family:monospace;line-height:1.3;white-space:pre;overflow-x:auto"
)
"""The colours of the text, since the page around it may be dark, and its font, since marks stand below words."""
_COLOURS = {"red": "#c62828", "yellow": "#9a6700", "blue": "#1565c0"}
_STYLES = {"bold": "font-weight:bold"} | {name: f"color:{colour}" for name, colour in _COLOURS.items()}
_STYLED = re.compile(r"\x1b\[([\d;]+)m(.*?)\x1b\[0m", re.DOTALL)


def render_html(diagnostics: Iterable[Diagnostic]) -> str:
    """All diagnostics for a notebook or a page, one element; nothing for none. Whatever stands in a text stays text."""
    shown = render(diagnostics, color=True)
    if not shown:
        return ""
    names = {str(code): name for name, code in CODES.items()}

    def styled(found: re.Match[str]) -> str:
        rules = ";".join(_STYLES[names[code]] for code in found[1].split(";"))
        return f'<span style="{rules}">{found[2]}</span>'

    return f'<pre style="{_PAPER}">{_STYLED.sub(styled, escape(shown))}</pre>'
