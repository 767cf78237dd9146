"""A text and what was found in it -> the text with that mended; and how two texts differ, as `diff -u` writes it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from cnndsl.diagnostics import Diagnostic, Edit, Fix, Severity
from cnndsl.frozen import frozen
from cnndsl.source import Source, Span

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


ROUNDS = 10
"""How often all fixes of a text are looked at, and how deep one may lead to others; seldom more than two deep."""
TRIES, READ = 200, 1_000_000
"""How many texts are tried at most, and how many characters are in all of them; of a long text few are tried."""
AT_ONCE = 5000
"""How many fixes are looked at in a round."""

Check = Callable[[Source], Sequence[Diagnostic]]
_Key = tuple[str, str, str, int]


@frozen()
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

    @property
    def offered(self) -> list[Fix]:
        """The fixes that there are in this text for what is left: those not asked for, and those that do harm."""
        fixes = (diagnostic.fix for diagnostic in self.left)
        return [fix for fix in fixes if fix is not None and fix.edits[0].span.source is self.source]


def fix(source: Source, check: Check, *, unsafe: bool = False) -> Fixed:
    """Apply the safe fixes that `check` finds for a text, with `unsafe` the suggestions too, where it gets better."""
    attempt = _Attempt(source, check, unsafe=unsafe)
    applied: list[Diagnostic] = []
    for _ in range(ROUNDS):
        done = attempt.round()
        if not done:
            break
        applied += done
    return Fixed(attempt.source, tuple(applied), attempt.found)


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

    def __init__(self, source: Source, check: Check, *, unsafe: bool) -> None:
        self._check, self._unsafe = check, unsafe
        self._tries = min(TRIES, READ // (len(source.text) + 1))
        self.source, self.found = source, tuple(check(source))

    def round(self) -> list[Diagnostic]:
        """Apply what can be applied at once; the diagnostics that this is done for."""
        kept: list[Diagnostic] = []
        better: _Better | None = None
        waiting = [apart(self.source, self.found, unsafe=self._unsafe)]
        while waiting:
            part = waiting.pop()
            tried = self._tried(kept + part) if part else None
            if tried is not None:
                better = tried
                kept += part
            elif len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
        if better is None:
            return []
        self.source, self.found = better.source, better.found
        return sorted(kept, key=_start) + better.led_to

    def _tried(self, mended: list[Diagnostic]) -> _Better | None:
        """The text with some fixes applied, and those that they lead to; None where it is not better by that."""
        source, fixes, steps = self.source, mended, list[_Step]()
        led_to: list[Diagnostic] = []
        while len(steps) < ROUNDS and self._tries:
            self._tries -= 1
            edits = _edits(fixes)
            steps.append(_Step(edits))
            source = edited(source, edits)
            found = tuple(self._check(source))
            gone, before = (
                Counter(_key(d, self.source, steps, steps) for d in given) for given in (mended, self.found)
            )
            keys = [_key(d, source, (), steps) for d in found]
            left = before - gone
            new = [d for d, key in zip(found, keys, strict=True) if _is_error(d) and key not in left]
            if not new:
                errors = Counter(key for d, key in zip(found, keys, strict=True) if _is_error(d))
                is_better = errors <= left and not gone & Counter(keys)
                return _Better(source, found, led_to) if is_better else None
            # Those without one may have one, or be gone, when these are applied.
            fixes = apart(source, new, unsafe=self._unsafe)
            if not fixes:
                return None
            led_to += fixes
        return None


def is_of(span: Span, source: Source) -> bool:
    """Whether a span is of this text, or of the same one as it was compiled."""
    return span.source.name == source.name and span.source.text == source.text


def apart(source: Source, found: Iterable[Diagnostic], *, unsafe: bool = False) -> list[Diagnostic]:
    """The diagnostics of a text with a safe fix, or with `unsafe` any, that touches no place which another does."""
    taken: list[tuple[int, int]] = []
    reached = -1
    chosen = []
    wanted = (d for d in found if d.fix is not None and (unsafe or d.fix.is_safe))
    for diagnostic in sorted(wanted, key=_start)[:AT_ONCE]:
        edits = _edits([diagnostic])
        if not all(is_of(edit.span, source) for edit in edits):
            continue
        places = [(edit.span.start, edit.span.end) for edit in edits]
        beyond = places[0][0] > reached  # so it is nearly always, and there is nothing to compare
        if beyond or not any(start <= last and first <= end for start, end in places for first, last in taken):
            taken += places
            reached = max(reached, places[-1][1])
            chosen.append(diagnostic)
    return chosen


@frozen()
class _Better:
    """A better text, what is found in it, and what came to light on the way and was mended too."""

    source: Source
    found: tuple[Diagnostic, ...]
    led_to: list[Diagnostic]


class _Step:
    """Edits that were applied at once, and where the places of the text are before and after them."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self._old, self._new = list[tuple[int, int]](), list[tuple[int, int]]()
        grown = 0
        for edit in sorted(edits, key=lambda edit: edit.span.start):
            start, end = edit.span.start, edit.span.end
            self._old.append((start, end))
            self._new.append((start + grown, start + grown + len(edit.text)))
            grown += len(edit.text) - (end - start)

    def after(self, at: int) -> int:
        """Where a place of the text before is then; one in what was replaced is where that begins."""
        return _moved(at, self._old, self._new)

    def before(self, at: int) -> int:
        """Where a place of the text after was; one in what was written is where that begins."""
        return _moved(at, self._new, self._old)


def _moved(at: int, old: list[tuple[int, int]], new: list[tuple[int, int]]) -> int:
    k = bisect_right(old, at, key=lambda place: place[0]) - 1
    if k < 0:
        return at
    return new[k][1] + at - old[k][1] if at >= old[k][1] else new[k][0]


def _key(diagnostic: Diagnostic, source: Source, there: Sequence[_Step], back: Sequence[_Step]) -> _Key:
    """What a diagnostic of a text is known by before and after fixes: what it says, and where that was at first.

    One of the first text goes there and back, so that one in what was replaced is where that begins.
    """
    span = diagnostic.span
    if span is None:
        return diagnostic.code, diagnostic.message, "", -1
    at = span.start
    if span.source is source:
        for step in there:
            at = step.after(at)
        for step in reversed(back):
            at = step.before(at)
    return diagnostic.code, diagnostic.message, span.source.name, at


def _is_error(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR


def _edits(diagnostics: Iterable[Diagnostic]) -> list[Edit]:
    return [edit for diagnostic in diagnostics if diagnostic.fix is not None for edit in diagnostic.fix.edits]


def _start(diagnostic: Diagnostic) -> int:
    return diagnostic.fix.edits[0].span.start if diagnostic.fix is not None else 0
