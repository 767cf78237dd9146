"""What was found in a text -> the changes that an editor can offer to mend it."""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl.diagnostics import Diagnostic, Edit, Severity
from cnndsl.fixing import MOST_LINES, apart, is_of
from cnndsl.formatter import LayoutError, formatted
from cnndsl.frozen import frozen
from cnndsl.source import Source, Span


@frozen()
class Action:
    """A change that an editor offers. `about` is what it mends; several, or none, for one that mends all."""

    title: str
    edits: tuple[Edit, ...]
    about: Diagnostic | None
    is_safe: bool = False


def actions(source: Source, found: Iterable[Diagnostic], start: int, end: int) -> list[Action]:
    """What can be done about what begins or ends in a stretch of a text: fixes, safe ones first, then remarks."""
    near = [
        d for d in found if d.span is not None and is_of(d.span, source) and d.span.start <= end and start <= d.span.end
    ]
    fixes = [
        Action(d.fix.title if d.fix.is_safe else f"{d.fix.title} (a suggestion)", d.fix.edits, d, d.fix.is_safe)
        for d in near
        if d.fix is not None and all(is_of(edit.span, source) for edit in d.fix.edits)
    ]
    remarks = [
        Action(f"ignore {d.code} in this line", (Edit(at, f"  # cnndsl: ignore[{d.code}]"),), d)
        for d in near
        if d.severity is Severity.WARNING and (at := _line_end(d.span)) is not None
    ]
    return sorted(fixes, key=lambda action: not action.is_safe) + remarks


def all_safe(source: Source, found: Iterable[Diagnostic]) -> Action | None:
    """All safe fixes of a text that do not overlap, as one change; None where there are none."""
    fixes = (d.fix for d in apart(source, found) if d.fix is not None)
    edits = tuple(edit for fix in fixes for edit in fix.edits)
    return Action("mend all that is safe", edits, None, is_safe=True) if edits else None


def _line_end(span: Span | None) -> Span | None:
    """The end of the line on which a span begins; None where a comment stands there, or brackets go on behind it."""
    if span is None:
        return None
    number = span.position.line
    line = span.source.line(number)
    if "#" in line:
        return None
    at = span.source.offset(number) + len(line.rstrip())
    return Span(span.source, at, at)


def layout_edits(source: Source) -> list[Edit]:
    """The edits that give a text the one layout, line by line, so that a cursor stays where it is.

    There are none for a text that cannot be read.
    """
    try:
        text, found = formatted(source)
    except LayoutError:
        return []
    if found or text == source.text:
        return []
    if source.line_count > MOST_LINES:
        return [Edit(Span(source, 0, len(source.text)), text)]
    from difflib import SequenceMatcher

    old, new = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [
        Edit(Span(source, starts[i], starts[j]), "".join(new[k:m])) for what, i, j, k, m in changes if what != "equal"
    ]
