"""Lines to text, with `=` under `=` where declarations follow one another."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from cnndsl.formatting.layout import Line
from cnndsl.terminal import pad, width


def written(lines: Iterable[Line]) -> str:
    """The text of these lines, each with a line feed at its end.

    Declarations on lines that follow one another have their `=` in one column, counted as a terminal does:
    letters of Chinese, Japanese and Korean take two.
    """
    parts: list[str] = []
    for (kind, _), group in groupby(lines, key=lambda line: (line.declares, line.indent)):
        declarations = list(group)
        column = max(width(line.text[: line.equals]) for line in declarations) if kind else 0
        parts += [_line(line, column) for line in declarations]
    return "".join(parts)


def _line(line: Line, column: int) -> str:
    text = line.text
    if line.declares:
        text = pad(text[: line.equals], column) + text[line.equals :]
    indent = " " * line.indent if text or line.comment else ""
    between = "  " if text and line.comment else ""
    return f"{indent}{text}{between}{line.comment}\n"
