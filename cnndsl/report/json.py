"""Diagnostics for programs: JSON lines, an object for each, and its type.

Lines and columns count from 1, columns in characters; an end is exclusive. `file`, `start` and `end`
are null for a diagnostic that is not about a place in a text. `fix` is what would mend it, or null: its edits
replace what stands from `start` to `end` by `text`, and its `applicability` is "safe" where they say the same
otherwise, and "unsafe" for a suggestion. Characters outside ASCII are escaped, so that the output
survives any encoding.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel

from cnndsl import diagnostics as found
from cnndsl.source import Span


class Position(BaseModel):
    """A place in a text; both numbers count from 1, columns in characters."""

    line: int
    column: int


class Label(BaseModel):
    """A further place that explains the diagnostic."""

    file: str
    start: Position
    end: Position
    message: str


class Edit(BaseModel):
    """Characters of a file to be replaced: those from `start` up to `end` by `text`."""

    file: str
    start: Position
    end: Position
    text: str


class Fix(BaseModel):
    """What would mend it: "safe" if it says the same otherwise, "unsafe" for a suggestion."""

    title: str
    applicability: Literal["safe", "unsafe"]
    edits: list[Edit]


class Diagnostic(BaseModel):
    """What is wrong, where, and what to write instead."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    file: str | None
    start: Position | None
    end: Position | None
    label: str
    labels: list[Label]
    help: list[str]
    fix: Fix | None


def render(diagnostics: Iterable[found.Diagnostic]) -> str:
    """The lines, each with its line end."""
    return "".join(f"{json.dumps(typed(diagnostic).model_dump())}\n" for diagnostic in diagnostics)


def typed(diagnostic: found.Diagnostic) -> Diagnostic:
    """A diagnostic as it is in JSON."""
    span = diagnostic.span
    place: dict[str, Any] = {"file": None, "start": None, "end": None} if span is None else _place(span)
    return Diagnostic(
        code=diagnostic.code,
        severity=diagnostic.severity.value,
        message=diagnostic.message,
        **place,
        label=diagnostic.label,
        labels=[Label(**_place(label.span), message=label.message) for label in diagnostic.labels],
        help=list(diagnostic.help),
        fix=None if diagnostic.fix is None else _fix(diagnostic.fix),
    )


def _fix(fix: found.Fix) -> Fix:
    edits = [Edit(**_place(edit.span), text=edit.text) for edit in fix.edits]
    return Fix(title=fix.title, applicability=fix.applicability.value, edits=edits)


def _place(span: Span) -> dict[str, Any]:
    start, end = (span.source.position(offset) for offset in (span.start, span.end))
    return {
        "file": span.source.name,
        "start": Position(line=start.line, column=start.column),
        "end": Position(line=end.line, column=end.column),
    }
