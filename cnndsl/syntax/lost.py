"""What a line that cannot be read was probably to do: which names it gives a meaning, and whether it is a step.

Better a name too many than one too few: what would be said of its uses is an echo of the mistake in the line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import pairwise, takewhile

from cnndsl.source import Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import CLOSED_BY, OPENED_BY
from cnndsl.syntax.place import DEFINITIONS
from cnndsl.syntax.words import Word

_GIVE = frozenset({"EQUAL", "COLON", "COMMA", "IN", "COMPARE", "UNKNOWN"})
"""What follows a name that is given a meaning, also where it is written in another way."""


def lost(source: Source, line: list[Word], *, in_body: bool) -> tree.Lost:
    """The node for a line of a body, or for an item of a file, that cannot be read."""
    span = Span(source, line[0].start, line[-1].end)
    if line[0].type == "INIT":
        return tree.Lost(span, (), False)
    names = dict.fromkeys(_given(line) if in_body else _defined(line))
    binds = len(line) > 1 and line[0].type == "NAME" and line[1].type in _GIVE - {"COLON"}
    return tree.Lost(span, tuple(unicodedata.normalize("NFKC", name) for name in names), not (in_body and binds))


def _given(line: list[Word]) -> list[str]:
    """The names that a line of a body may give to layers and values."""
    names: list[str] = [word for word, after in pairwise(line) if word.type == "NAME" and after.type in _GIVE]
    names += [word for before, word in pairwise(line) if before.type in DEFINITIONS]
    if [word.type for word in line[:2]] == ["NAME", "NAME"]:  # `conv1 conv(8, 5)`
        names.append(line[0])
    outer = list(_outer(line))
    left = list(takewhile(lambda word: word.type != "EQUAL", outer))
    if len(left) < len(outer):
        called = {before.start for before, after in pairwise(line) if after.type == "_LPAR"}
        names += [word for word in left if word.type == "NAME" and word.start not in called] or [tree.ANY]
    return names


def _defined(line: list[Word]) -> list[str]:
    """The names that an item of a file may define."""
    head = list(takewhile(lambda word: word.type != "LBRACE", line))
    names: list[str] = [word for word in head if word.type == "NAME"]
    nameless = any(
        word.type in DEFINITIONS and [after.type for after in head[at + 1 : at + 2]] != ["NAME"]
        for at, word in enumerate(head)
    )
    return [*names, tree.ANY] if nameless or not names else names


def _outer(line: list[Word]) -> Iterable[Word]:
    """The words of a line that stand in no bracket."""
    depth = 0
    for word in line:
        if word.type in CLOSED_BY:
            depth += 1
        elif word.type in OPENED_BY:
            depth = max(0, depth - 1)
        elif not depth:
            yield word
