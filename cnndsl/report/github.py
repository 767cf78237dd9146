"""Diagnostics as GitHub's workflow commands, which an action's log turns into notes beside the code.

One line for each: `::error title=E302,file=net.cnn,line=9,col=13,...::message`.  The form and its escapes:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Span
from cnndsl.terminal import clean


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """A line for each diagnostic."""
    return "".join(_command(diagnostic) for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties = {"title": diagnostic.code}
    if diagnostic.span is not None:
        properties |= _place(diagnostic.span)
    listed = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{diagnostic.severity.value} {listed}::{_escaped(_message(diagnostic))}\n"


def _place(span: Span) -> dict[str, str]:
    start, end = span.source.position(span.start), span.source.position(span.end)
    place = {"file": clean(span.source.name), "line": str(start.line), "endLine": str(end.line)}
    if start.line == end.line:  # columns are allowed on a single line only, and their end is inclusive
        place |= {"col": str(start.column), "endColumn": str(max(start.column, end.column - 1))}
    return place


def _message(diagnostic: Diagnostic) -> str:
    lines = [diagnostic.message + (f": {diagnostic.label}" if diagnostic.label else "")]
    for label in diagnostic.labels:
        line, column = label.span.position
        lines.append(f"{label.span.source.name}:{line}:{column}: {label.message}")
    lines += [f"help: {line}" for text in diagnostic.help for line in text.split("\n")]
    return "\n".join(clean(line) for line in lines)


def _escaped(text: str, special: str = "") -> str:
    """The text with what would end a command or a property written as %XX; % itself first of all."""
    for char in ("%", "\r", "\n", *special):
        text = text.replace(char, f"%{ord(char):02X}")
    return text
