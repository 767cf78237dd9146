"""The one diagnostic type, used by every stage for everything that a user should know.

A message stands beside the check that raises it; this file only says what a diagnostic is.
Codes: E0 files, E1 syntax, E2 names, arguments and values, E3 sizes, E4 how a graph is wired,
E5 limits; W2 and on are warnings.  `docs/errors/` has a page about each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from cnndsl.source import Span


class Severity(Enum):
    """How bad it is; only errors stop a compilation."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """A further place that explains the diagnostic, and what it has to do with it."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong (`message`), where (`span`, `label`), and what to write instead (`help`).

    `span` is None only where there is no text to point at, such as a file that cannot be read.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    help: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR


class Problem(Exception):  # noqa: N818 - not an error of the program: it carries a diagnostic to where it is collected
    """Raised inside a stage to give up on the smallest part that cannot go on; the stage collects `diagnostic`."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def error(
    code: str,
    message: str,
    span: Span | None,
    *,
    label: str = "",
    labels: tuple[Label, ...] = (),
    help: str | tuple[str, ...] = (),  # noqa: A002 - the word that the user sees
) -> Problem:
    """A `Problem` with an error diagnostic, ready to raise."""
    helps = (help,) if isinstance(help, str) else help
    return Problem(Diagnostic(code, message, span, label, labels, helps))


def has_errors(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> bool:
    """Whether anything in the list stops a compilation."""
    return any(d.severity is Severity.ERROR for d in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics in the order of the text; first those without a place."""
    return tuple(sorted(diagnostics, key=lambda d: (d.span.start, d.span.end) if d.span else (-1, -1)))
