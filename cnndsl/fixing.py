"""Doing what diagnostics ask for, where there is only one way to do it.

    fix(source, check) -> Fixed

Fixes that do not overlap are applied together, and the text is checked anew, until nothing changes. A text
never gets worse by it: one that could be read can still be read, and has no more errors than before. A
fix after which that would not hold, because it shows mistakes that were hidden behind it, is left to the user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cnndsl.diagnostics import Diagnostic, Edit, Severity
from cnndsl.source import Source
from cnndsl.syntax.parser import parse

ROUNDS = 10
"""How often a text is checked anew after fixes; what one round shows is seldom more than two deep."""
TRIES, READ = 200, 1_000_000
"""How many texts are tried at most, and how many characters are in all of them; of a long text few are tried."""
AT_ONCE = 5000
"""How many fixes are looked at in a round."""

Check = Callable[[Source], Sequence[Diagnostic]]


@dataclass(frozen=True)
class Fixed:
    """What came of a text: the text now, the diagnostics whose fixes were applied, and those that are left."""

    source: Source
    applied: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]

    @property
    def told(self) -> list[tuple[str, int, int, str]]:
        """What was done: the file, the line and column as they were when it was done, and the words."""
        places = [(d.fix, d.fix.edits[0].span) for d in self.applied if d.fix is not None]
        return [(span.source.name, *span.position, fix.title) for fix, span in places]


def fix(source: Source, check: Check) -> Fixed:
    """Apply the fixes that `check` finds for a text, as far as that makes it no worse."""
    attempt = _Attempt(source, check)
    applied: list[Diagnostic] = []
    for _ in range(ROUNDS):
        done = attempt.round()
        if not done:
            break
        applied += done
    return Fixed(attempt.source, tuple(applied), tuple(attempt.found))


def edited(source: Source, edits: Iterable[Edit]) -> Source:
    """The source with edits applied, which do not overlap."""
    pieces = []
    reached = 0
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        pieces += [source.text[reached : edit.span.start], edit.text]
        reached = edit.span.end
    return Source(source.name, "".join([*pieces, source.text[reached:]]), source.short, source.line_end)


class _Attempt:
    """A text on its way to be better."""

    def __init__(self, source: Source, check: Check) -> None:
        self._check = check
        self._tries = min(TRIES, READ // (len(source.text) + 1))
        self.source, self.found = source, tuple(check(source))
        self._worth = _worth(source, self.found)

    def round(self) -> list[Diagnostic]:
        """Apply what can be applied at once; the diagnostics that this is done for."""
        start = self.source
        kept: list[Diagnostic] = []
        waiting = [_apart(start, self.found)]
        while waiting:
            part = waiting.pop()
            if self._better(edited(start, _edits(kept + part))):
                kept += part
            elif len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
        return sorted(kept, key=_start)

    def _better(self, source: Source) -> bool:
        """Take on another text, if it is no worse."""
        if source.text == self.source.text or not self._tries:
            return False
        self._tries -= 1
        found = tuple(self._check(source))
        worth = _worth(source, found)
        if worth > self._worth:
            return False
        self.source, self.found, self._worth = source, found, worth
        return True


def _worth(source: Source, found: Sequence[Diagnostic]) -> tuple[int, int]:
    """How bad a text is: the errors that keep it from being read, before all others."""
    unread, errors = (sum(d.severity is Severity.ERROR for d in given) for given in (parse(source)[1], found))
    return unread, errors


def _apart(source: Source, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics with a fix in this source that touches no place which another one's does."""
    taken: list[tuple[int, int]] = []
    reached = -1
    apart = []
    for diagnostic in sorted((d for d in found if d.fix is not None), key=_start)[:AT_ONCE]:
        edits = _edits([diagnostic])
        if any(edit.span.source is not source for edit in edits):
            continue
        places = [(edit.span.start, edit.span.end) for edit in edits]
        beyond = places[0][0] > reached  # so it is nearly always, and there is nothing to compare
        if beyond or not any(start <= last and first <= end for start, end in places for first, last in taken):
            taken += places
            reached = max(reached, places[-1][1])
            apart.append(diagnostic)
    return apart


def _edits(diagnostics: Iterable[Diagnostic]) -> list[Edit]:
    return [edit for diagnostic in diagnostics if diagnostic.fix is not None for edit in diagnostic.fix.edits]


def _start(diagnostic: Diagnostic) -> int:
    return diagnostic.fix.edits[0].span.start if diagnostic.fix is not None else 0
