"""Diagnostics a line each, for editors and for grep: `net.cnn:3:19: E201 nothing is called rely`.

Lines and columns count from 1, columns in characters. What has no place in a text begins with its code.
"""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl.diagnostics import Diagnostic
from cnndsl.terminal import clean


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """A line for each diagnostic."""
    return "".join(f"{_place(diagnostic)}{diagnostic.code} {clean(diagnostic.message)}\n" for diagnostic in diagnostics)


def _place(diagnostic: Diagnostic) -> str:
    if diagnostic.span is None:
        return ""
    line, column = diagnostic.span.position
    return f"{clean(diagnostic.span.source.name)}:{line}:{column}: "
