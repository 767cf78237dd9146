"""Diagnostics for programs: JSON lines, an object for each.

Lines and columns count from 1, columns in characters; an end is exclusive. `file`, `start` and `end`
are null for a diagnostic that is not about a place in a text. `fix` is what would mend it, or null: its edits
replace what stands from `start` to `end` by `text`, and its `applicability` is "safe" where they say the same
otherwise, and "unsafe" for a suggestion. Characters outside ASCII are escaped, so that the output
survives any encoding.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """The lines, each with its line end."""
    return "".join(f"{json.dumps(_entry(diagnostic))}\n" for diagnostic in diagnostics)


def _entry(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "label": diagnostic.label,
        "labels": [{**_place(label.span), "message": label.message} for label in diagnostic.labels],
        "help": list(diagnostic.help),
        "fix": None if diagnostic.fix is None else _fix(diagnostic.fix),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [{**_place(edit.span), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "applicability": fix.applicability.value, "edits": edits}


def _place(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "start": None, "end": None}
    ends = (span.source.position(span.start), span.source.position(span.end))
    start, end = ({"line": at.line, "column": at.column} for at in ends)
    return {"file": span.source.name, "start": start, "end": end}
