"""Warnings, and the remarks of a text -> the warnings that are said: without those that are known and wanted.

In a text that is a comment, for what begins on its line or, at the top, for the whole file:

    pool: maxpool(2)  # cnndsl: ignore[W204, W210] the border is black
    # cnndsl: ignore-file[W203]

Without codes it is all of them. From outside it is a set of codes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from cnndsl.diagnostics import Diagnostic, Severity
from cnndsl.lint.rules import CODES, REMARK
from cnndsl.source import Source, Span

_MARK = "cnndsl:"
_COMMENT = r'(?:[^"#\n]|"[^"\n]*"|")*+(#[^\n]*)'  # compiled when a text has remarks
_REMARK = r"#[ \t]*cnndsl:[ \t]*ignore(?P<file>-file)?(?![\w-])(?:[ \t]*\[(?P<codes>[^\]#]*)(?P<end>\]?))?"


def parse_codes(given: str | Iterable[str]) -> frozenset[str]:
    """The codes in a text such as "W204, W203", or in several. Raises ValueError with a sentence for the user."""
    codes = [code.strip() for text in ([given] if isinstance(given, str) else given) for code in text.split(",")]
    for code in codes:
        problem = _why_not(code)
        if problem:
            raise ValueError(problem)
    return frozenset(codes)


def _why_not(code: str) -> str:
    """Why this is no code of a warning; empty for one that is."""
    if code in CODES:
        return ""
    if not code:
        return "a code is missing, such as W204"
    if re.fullmatch(r"E\d+", code):
        return f"{code} is an error, and cannot be ignored"
    if code == "W001":
        return "W001 is about a picture and not about a text, and cannot be ignored"
    from difflib import get_close_matches

    near = get_close_matches(code.upper(), sorted(CODES), 1)
    return f"there is no warning {code[:40]!r}" + (f": did you mean {near[0]}?" if near else "")


def silence(diagnostics: Iterable[Diagnostic], source: Source, ignore: Collection[str] = ()) -> tuple[Diagnostic, ...]:
    """The diagnostics without the warnings that the texts, or the codes `ignore`, silence.

    A remark in `source` that cannot be read is a further warning.
    """
    files = {source: _Remarks.of(source)}
    kept = []
    for diagnostic in (*diagnostics, *files[source].problems):
        span = diagnostic.span
        if diagnostic.severity is Severity.WARNING:
            if diagnostic.code in ignore:
                continue
            if span is not None:
                if span.source not in files:
                    files[span.source] = _Remarks.of(span.source)
                if files[span.source].silence(diagnostic.code, span.position.line):
                    continue
        kept.append(diagnostic)
    return tuple(kept)


@dataclass
class _Remarks:
    """What the comments of one file say: the codes for each line, and for the whole file under 0."""

    codes: dict[int, set[str]] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)

    @classmethod
    def of(cls, source: Source) -> _Remarks:
        remarks = cls()
        if _MARK in source.text:
            top = _top(source)
            for span in _comments(source):
                remarks._read(span, top)
        return remarks

    def silence(self, code: str, line: int) -> bool:
        return code in self.codes.get(line, ()) or code in self.codes.get(0, ())

    def _read(self, comment: Span, top: int) -> None:
        found = re.search(_REMARK, comment.text)
        if found is None:
            self._misspelt(comment)
            return
        span = Span(comment.source, comment.start + found.start(), comment.start + found.end())
        line = span.position.line
        given = found["codes"]
        codes = CODES if given is None else {code.strip() for code in given.split(",")}
        problem = next(filter(None, map(_why_not, sorted(codes))), "")
        bare = re.match(r"[ \t]*[(:=]?[ \t]*([WE]\d+)", comment.text[found.end() :]) if given is None else None
        if bare is not None:
            problem = f"codes stand in square brackets, [{bare[1]}]"
        elif given is not None and not found["end"]:
            problem = "the bracket is not closed"
        elif not problem and found["file"] and line > top:
            problem = "ignore-file stands at the top of the file, on a line of its own"
        if problem:
            self._report(problem, span)
            return
        self.codes.setdefault(0 if found["file"] else line, set()).update(codes)

    def _misspelt(self, comment: Span) -> None:
        """Report a remark whose word is nearly the one that silences."""
        found = re.search(r"#[ \t]*cnndsl:[ \t]*([\w-]+)", comment.text)
        if found is None or re.fullmatch(r"ignore[a-z]+", found[1]):
            return
        from difflib import get_close_matches

        if get_close_matches(found[1].lower(), ["ignore", "ignore-file"], 1, 0.75):
            span = Span(comment.source, comment.start + found.start(), comment.start + found.end())
            self._report(f"there is no word {found[1][:40]} for it", span)

    def _report(self, problem: str, span: Span) -> None:
        help_text = "write # cnndsl: ignore[W204], or # cnndsl: ignore-file[W204] at the top of the file"
        message = f"this silences nothing: {problem}"
        self.problems.append(Diagnostic(REMARK, message, span, help=(help_text,), severity=Severity.WARNING))


def _comments(source: Source) -> Iterator[Span]:
    for number in range(1, source.line_count + 1):
        line = source.line(number)
        found = re.match(_COMMENT, line) if _MARK in line else None
        if found:
            start = source.offset(number)
            yield Span(source, start + found.start(1), start + found.end(1))


def _top(source: Source) -> int:
    """The last line before the first that is neither empty nor a comment."""
    for number in range(1, source.line_count + 1):
        line = source.line(number).strip()
        if line and not line.startswith("#"):
            return number - 1
    return source.line_count
