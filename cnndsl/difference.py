"""What two texts differ in, as `diff -u` and `git diff` write it."""

from __future__ import annotations

from collections.abc import Iterable

MOST_LINES = 10_000
"""Longer texts are shown as replaced from the first line to the last: to look for what they share takes too long."""


def difference(old: str, new: str, name: str) -> str:
    """A unified diff of two texts of the file `name`, which `patch` understands; empty for equal texts."""
    before, after = _lines(old), _lines(new)
    if before == after:
        return ""
    lines: Iterable[str]
    if max(len(before), len(after)) > MOST_LINES:
        hunk = f"@@ -1,{len(before)} +1,{len(after)} @@\n"
        lines = [f"--- {name}\n", f"+++ {name}\n", hunk, *(f"-{x}" for x in before), *(f"+{x}" for x in after)]
    else:
        from difflib import unified_diff

        lines = unified_diff(before, after, name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one."""
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])
