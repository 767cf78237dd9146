"""What two texts differ in, as `diff -u` and `git diff` write it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import chain

MOST_LINES = 10_000
"""Longer texts are shown as replaced from the first line to the last; to compare each line with each takes too long."""


def difference(old: str, new: str, name: str) -> list[str]:
    """The lines of a unified diff, without line ends; none for equal texts. `patch` understands them."""
    before, after = _lines(old), _lines(new)
    if before == after:
        return []
    if max(len(before), len(after)) > MOST_LINES:
        hunk = f"@@ -1,{len(before)} +1,{len(after)} @@\n"
        lines: Iterator[str] = chain(
            (f"--- {name}\n", f"+++ {name}\n", hunk), (f"-{line}" for line in before), (f"+{line}" for line in after)
        )
    else:
        lines = difflib.unified_diff(before, after, name, name)
    shown = []
    for line in lines:
        shown.append(line.removesuffix("\n"))
        if not line.endswith("\n"):
            shown.append("\\ No newline at end of file")
    return shown


def _lines(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one."""
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])
