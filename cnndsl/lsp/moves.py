"""Changes of a text -> where a place of it is after them, and where it was before."""

from __future__ import annotations

from cnndsl.frozen import frozen
from cnndsl.hints.spelling import same_start


@frozen()
class Change:
    """The characters `start` to `old_end` of a text became those from `start` to `new_end` of the next one."""

    start: int
    old_end: int
    new_end: int

    @classmethod
    def between(cls, old: str, new: str) -> Change:
        """The smallest single change that makes one text of the other."""
        start = same_start(old, new)
        end = same_start(old[start:][::-1], new[start:][::-1])
        return cls(start, len(old) - end, len(new) - end)


@frozen()
class Moves:
    """What happened to a text since it was looked at, change by change."""

    changes: tuple[Change, ...] = ()

    def then(self, change: Change) -> Moves:
        """The moves with one more change."""
        return Moves((*self.changes, change))

    def now(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a stretch of the text as it was is now; None where its beginning or its end was replaced.

        What was added right before it or behind it is no part of it.
        """
        for change in self.changes:
            if change.start <= start < change.old_end or change.start < end < change.old_end:
                return None
            grown = change.new_end - change.old_end
            start += grown if start >= change.start else 0
            end += grown if end > change.start else 0
        return (start, end) if start < end else None

    def before(self, at: int) -> int | None:
        """Where a character of the text as it is was then; None for one that is new."""
        for change in reversed(self.changes):
            if at >= change.start:
                if at < change.new_end:
                    return None
                at += change.old_end - change.new_end
        return at
