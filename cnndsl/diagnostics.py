"""The one diagnostic type, used by every stage for everything that a user should know.

A message stands beside the check that raises it; this file only says what a diagnostic is.
Codes: E0 files, E1 syntax, E2 names, arguments and values, E3 sizes, E4 how a graph is wired,
E5 limits; W2 and on are warnings.  `docs/errors/` has a page about each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

from cnndsl.frozen import frozen
from cnndsl.source import Span


class Severity(Enum):
    """How bad it is; only errors stop a compilation."""

    ERROR = "error"
    WARNING = "warning"


@frozen()
class Label:
    """A further place that explains the diagnostic, and what it has to do with it."""

    span: Span
    message: str


@frozen()
class Edit:
    """Characters of a text to be replaced: those of `span` by `text`. An empty span is a place to insert at."""

    span: Span
    text: str


class Applicability(Enum):
    """Whether a fix can be applied without a look at it, as in Ruff and rustc."""

    SAFE = "safe"
    """It writes the same thing otherwise: another name of the same layer or parameter, `True`, a list in parentheses.
    Whatever was meant is meant still."""
    UNSAFE = "unsafe"
    """It is a suggestion: a guess at a name, a number or a sign, or text that is taken away. Something else may have
    been meant."""


@frozen()
class Fix:
    """A change that does what a diagnostic asks for. The edits are in one source, in order, and do not overlap.

    Who makes one says whether it is safe. It has to hold for every text in which the diagnostic comes up, and not for
    the usual one: what is merely likely is a suggestion.
    """

    edits: tuple[Edit, ...]
    applicability: Applicability

    @classmethod
    def safe(cls, span: Span, text: str) -> Fix:
        """The fix that writes `text` in the place of `span`, which says the same."""
        return cls((Edit(span, text),), Applicability.SAFE)

    @classmethod
    def suggested(cls, span: Span, text: str) -> Fix:
        """The suggestion to write `text` in the place of `span`."""
        return cls((Edit(span, text),), Applicability.UNSAFE)

    @property
    def is_safe(self) -> bool:
        """Whether it cannot change what was meant."""
        return self.applicability is Applicability.SAFE

    @property
    def title(self) -> str:
        """What it does, in a few words: `kernel_size becomes kernel`."""
        told = [_told(edit) for edit in self.edits[:_MOST_TOLD]]
        if len(self.edits) > _MOST_TOLD:
            told.append(f"and {len(self.edits) - _MOST_TOLD:,} more")
        return "; ".join(told)


_LONGEST, _MOST_TOLD = 40, 3  # characters of a text, and edits, that a title has


def _told(edit: Edit) -> str:
    old, new = (_shortened(text) for text in (edit.span.text, edit.text))
    if not old or not new:
        return f"{old or new} is {'removed' if old else 'added'}"
    return f"{old} becomes {new}"


def _shortened(text: str) -> str:
    odd = f"U+{ord(text):04X}" if len(text) == 1 and text != " " else "a space"  # as \r, or a wide space
    blank = {"": "", "\n": "a line break"}.get(text, odd)
    words = " ".join(text.split()).strip(", ") or text.strip() or blank
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}..."


@frozen()
class Diagnostic:
    """One finding: what is wrong (`message`), where (`span`, `label`), and what to write instead (`help`).

    `span` is None only where there is no text to point at, such as a file that cannot be read. `fix` does what
    the help says, where that can be written down.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    help: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    fix: Fix | None = None


class Problem(Exception):  # noqa: N818 - not an error of the program: it carries a diagnostic to where it is collected
    """Raised inside a stage to give up on the smallest part that cannot go on; the stage collects `diagnostic`."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class OptionError(ValueError):
    """An option has a value that it cannot have, or that does not go with the network.

    The message says which does. `option` is its name, on the command line where it has another one there; empty where
    it is no option that stands in the way.
    """

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option

    def __str__(self) -> str:
        return str(self.args[0])  # of those that are a KeyError too, which would show it as Python writes a string


def error(
    code: str,
    message: str,
    span: Span | None,
    *,
    label: str = "",
    labels: tuple[Label, ...] = (),
    help: str | tuple[str, ...] = (),  # noqa: A002 - the word that the user sees
    fix: Fix | None = None,
) -> Problem:
    """A `Problem` with an error diagnostic, ready to raise."""
    helps = (help,) if isinstance(help, str) else help
    return Problem(Diagnostic(code, message, span, label, labels, helps, fix=fix))


def has_errors(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> bool:
    """Whether anything in the list stops a compilation."""
    return any(d.severity is Severity.ERROR for d in diagnostics)


def without_echoes(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """One for each mistake, with the others as labels.

    The same wrong name or argument in several places is one, and its fix mends all of them. What fits in no use of its
    block or network is one, whatever numbers and sizes it has there.
    """
    found: dict[object, list[Diagnostic]] = {}
    for at, one in enumerate(diagnostics):
        key: object = at
        if one.severity is Severity.ERROR and one.span is not None:
            if one.code in _REPEATED:
                key = one.code, one.message, one.help, one.span.source, one.span.text
            elif one.code.startswith(OF_NUMBERS):
                key = one.code, one.span
        found.setdefault(key, []).append(one)
    return [_as_one(same) for same in found.values()]


_REPEATED = frozenset({"E201", "E207"})
OF_NUMBERS = ("E206", "E208", "E3", "E414")
"""How the codes begin of what is wrong with a number, which another use may give."""
_PLACES = 3
"""How many further places of a mistake are shown."""


def _as_one(same: list[Diagnostic]) -> Diagnostic:
    first, *others = same
    if not others:
        return first
    if all(other.span == first.span for other in others):
        return _in_all_uses(first, others)
    shown = _few(Label(other.span, "and here") for other in others if other.span is not None)
    fix = first.fix
    if fix is not None and all(other.fix is not None for other in others):
        edits = [edit for one in same if one.fix is not None for edit in one.fix.edits]
        safe = all(one.fix is not None and one.fix.is_safe for one in same)
        applicability = Applicability.SAFE if safe else Applicability.UNSAFE
        fix = Fix(tuple(sorted(edits, key=lambda edit: edit.span.start)), applicability)
    return replace(first, labels=(*first.labels, *shown), fix=fix)


def _in_all_uses(first: Diagnostic, others: list[Diagnostic]) -> Diagnostic:
    """What is wrong at one place in several uses: as in the first, and where the others are."""
    known = {label.span for label in first.labels}
    uses: dict[Span, str] = {}
    for other in others:
        own = [label.span for label in other.labels if label.span not in known]
        place = own[-1] if own else first.span  # the outermost use is the last; a loop has one for all turns
        if place is not None:
            uses.setdefault(place, f"and {'here' if own else 'again'}: {other.message}")
    is_safe = all(other.fix == first.fix for other in others)
    fix = first.fix if is_safe or first.fix is None else replace(first.fix, applicability=Applicability.UNSAFE)
    return replace(first, labels=(*first.labels, *_few(Label(span, said) for span, said in uses.items())), fix=fix)


def _few(places: Iterable[Label]) -> list[Label]:
    """The first of these labels; the last of them says how many more there are."""
    shown: list[Label] = []
    more = 0
    for place in places:
        if len(shown) < _PLACES:
            shown.append(place)
        else:
            more += 1
    if more:
        words = f"{shown[-1].message}, and in {more:,} more place{'s' if more > 1 else ''}"
        shown[-1] = replace(shown[-1], message=words)
    return shown


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics in the order of the text; first those without a place."""
    return tuple(sorted(diagnostics, key=lambda d: (d.span.start, d.span.end) if d.span else (-1, -1)))
