"""A table of hints, and a place in a text -> what is said there: the error of the first hint that recognises it.

A `Hint` is an entry of data. Its pattern is a regular expression over the text around the place, in which `¦` stands
before the word where reading stopped; comments are blank there, and a line break or `;` that ends a line is kept.
In a pattern a space is any white space within a line, and `<NAME>` and the other words of `SHORT` stand for what they
say. It is matched from the beginning of the line (`^`), from the innermost open bracket (`@`), or anywhere in the line;
without `¦` it counts where its group `at` begins before the place, and the match ends after it.

Messages, helps and fixes are templates: `$name` is what the group `name` has matched. `$word` is the word at the place,
`$inner` the innermost open bracket, and `$meant` what the table `meant` of the hint has for the group `at`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cache, cached_property, partial
from string import Template
from typing import Any

from cnndsl.diagnostics import Applicability, Edit, Fix, Label, Problem, error
from cnndsl.layers.registry import KINDS
from cnndsl.source import Source, Span

WORDS = frozenset(
    {
        "network", "block", "sequence", "input", "output", "init", "when", "if", "else", "for", "in", "assert", "as",
        "repeat", "extern", "from", "import", "it", "and", "or", "not", "true", "false",
    }
)  # fmt: skip
"""The words of the grammar."""
LONGEST = 100
"""So many characters of a text are spelled out in a help."""
_WORD = rf"\b(?:{'|'.join(sorted(WORDS))})\b"
_CONSTANT = r'(?:(?<![\w.])(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|"[^"\n]*"|\btrue\b|\bfalse\b)'
SHORT = {
    "LAYER": rf"\b(?:{'|'.join(sorted(KINDS))})\b",
    "NAME": rf"(?!{_WORD})\b[^\W\d]\w*",
    "WORD": _WORD,
    "KIND": r"\b(?:network|block|sequence)\b",
    "BLOCK": r"\b(?:if|for|repeat|when|else)\b",
    "CONSTANT": _CONSTANT,
    "REST": r"(?:[^\n;{}]|\{[^{}\n]*\})*(?<=[^\s;])",
    "END": r"(?=[^\S\n]*(?:[;\n}]|\Z))",
    "STOP": r"(?=\s*(?:[;\n}),\]]|\Z))",
    "PART": r"(?:[^()\[\]{},]|\(·*\)|\[·*\]|\{·*\})",
}
"""What stands for what in a pattern: the rest of a line is REST, and its end END; an argument ends at a STOP. A PART
is a character or a bracket of a flat text, and no comma."""
_NEAR, _FAR = 100, 4000
"""How many characters around a line are looked at, and how many of a long one, and of what follows."""
_SPACE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]| |<([A-Z]+)>")
_FIRST = re.compile(r"¦(?:\(\?P<\w+>)?(?:\\([(){}\[\]?.])|(->|//|[,=:]))(?![?*|])")


@dataclass(slots=True)
class Bracket:
    """A bracket that is open, the word before it, and where a line break was first dropped inside it."""

    sign: str
    start: int
    before: str = ""
    kind_before: str = ""
    """What the grammar calls the word before."""
    is_glued: bool = False
    """Whether that stands right before it."""
    defines: bool = False
    """Whether it stands behind the name of a definition."""
    broken_at: int = 0

    @property
    def partner(self) -> str:
        """The bracket that closes it."""
        return {"{": "}", "(": ")", "[": "]"}[self.sign]

    @property
    def kind(self) -> str:
        """What it is the bracket of: a body, an object, arguments of a call, parameters, a group, a list, an index."""
        if self.sign == "{":
            return "object" if self.kind_before in ("_LPAR", "COMMA") else "body"
        if self.sign == "[":
            is_value = self.kind_before in ("NAME", "NUMBER", "RPAR", "RSQB", "TRUE", "FALSE")
            return "index" if self.is_glued and is_value else "list"
        if self.defines:
            return "parameters"
        return "call" if self.kind_before in ("NAME", "INPUT", "RPAR") else "group"

    @property
    def what(self) -> str:
        """What people call it."""
        if self.kind in ("call", "parameters") and self.kind_before in ("NAME", "INPUT"):
            return f"the list of {self.before}'s {'parameters' if self.defines else 'arguments'}"
        return {"{": "this body", "(": "this parenthesis", "[": "this list"}[self.sign]


@dataclass
class Place:
    """The word from `start` to `end` cannot stand where it does; `expected` are the kinds of words that could."""

    source: Source
    text: str
    """The text of the source without its comments, as long as that."""
    start: int
    end: int
    kind: str
    """What the grammar calls the word."""
    kind_before: str
    """What it calls the word before."""
    line: int
    """Where the line begins."""
    inside: tuple[Bracket, ...]
    """The brackets that are open."""
    expected: frozenset[str]

    @property
    def word(self) -> str:
        """The word itself; empty at the end of the text."""
        return self.source.text[self.start : self.end]

    @property
    def inner(self) -> Bracket | None:
        """The innermost open bracket."""
        return self.inside[-1] if self.inside else None

    @property
    def where(self) -> str:
        """What the place is in: the file, a body, or the inside of another bracket."""
        return self.inside[-1].kind if self.inside else "file"

    @property
    def in_body(self) -> bool:
        """Whether the innermost open bracket is a brace."""
        return self.where in ("body", "object")

    @property
    def before(self) -> str:
        """The line up to the word."""
        return self.text[self.line : self.start]

    @property
    def after(self) -> str:
        """What stands behind the word, as far as it is looked at."""
        return self.text[self.end : self.end + _FAR]

    @property
    def first(self) -> int:
        """Where the first word of the line begins."""
        return self.line + len(self.before) - len(self.before.lstrip())

    @property
    def last(self) -> int:
        """Where the word before ends."""
        return self.line + len(self.before.rstrip())

    @cached_property
    def window(self) -> tuple[int, int]:
        """What is looked at of the text: the line, its bracket and some of what follows. Lines can be long."""
        first = min(self.line, self.inside[-1].start if self.inside else self.line) - _NEAR
        return max(first, self.start - _FAR, 0), self.start + _FAR

    @cached_property
    def flat(self) -> str:
        """The window, in which everything is blotted out that stands in brackets of the line, or in quotes."""
        start, end = self.window
        text, opened, line = list(self.text[start:end]), list[int](), max(self.line - start, 0)
        place = self.start - start
        for found in re.finditer(r'"[^"\n]*"|[()\[\]{}]', self.text[start + line : end]):
            at, last = found.start() + line, found.end() + line - 1
            if found[0] in "([{":
                opened.append(at)
                continue
            if found[0] in ")]}" and not opened:
                continue
            first = (opened.pop() if found[0] in ")]}" else at) + 1
            if not first <= place <= last:  # what is around the place is not blotted out
                text[first:last] = "·" * (last - first)
        return "".join(text)

    def span(self, start: int, end: int) -> Span:
        """The place of what stands between two places of the text."""
        return Span(self.source, start, end)

    def spans(self, found: re.Match[str], *, is_marked: bool = False) -> dict[str, Span]:
        """The places of the groups of a match, and of what every hint may speak of."""
        spans = {"word": self.span(self.start, self.end)}
        if self.inside:
            spans["inner"] = self.span(self.inside[-1].start, self.inside[-1].start + 1)
        for name, text in found.groupdict().items():
            if text is not None:
                start, end = (self.window[0] + k for k in found.span(name))
                shift = int(is_marked)
                spans[name] = self.span(start - shift * (start > self.start), end - shift * (end > self.start))
        return spans


Facts = dict[str, Any]
"""What templates may speak of, by name; where one of them is None, nothing is said."""


@dataclass(frozen=True)
class Hint:
    """What is recognised, what is said, what is written instead, and a text in which it comes up."""

    pattern: str
    message: str
    help: str | tuple[str, ...]
    _: KW_ONLY
    example: str
    """A line of a network, or a whole text, which has the word network in it."""
    code: str = ""
    """Empty where it is that of the table."""
    at: str = "at"
    """The name of the place that is pointed at."""
    where: str = ""
    """What the place has to be in: some of file, body (an object is one too), call, parameters, group, list, index."""
    expects: str = ""
    """The kind of word that could have stood here."""
    flat: bool = False
    """Whether what stands in brackets and quotes is blotted out before the pattern is looked for."""
    meant: Mapping[str, str] = field(default_factory=dict)
    """What a word of the text stands for. A word that is not in it is not recognised."""
    also: Callable[[Place, Facts], Facts | None] | None = None
    """What else templates speak of, worked out from the groups; None where this is not recognised after all."""
    brief: str | tuple[str, ...] = ()
    """The help, or each of them, where what it speaks of is too long to spell out, or has a comment in it."""
    label: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    """Further places, each by its name, and what they have to do with it."""
    fix: Mapping[str, str] | tuple[Mapping[str, str], ...] = ()
    """What is written in place of what, by name. Of several the first is taken that takes away no comment. None where
    the pattern has a group `fixable` that matches nothing.
    """
    safe: bool = False
    """Whether the fix says the same. It does also where a group `safe` matches."""

    def explain(self, place: Place) -> Problem | None:
        """The error at a place; None where this is something else."""
        if not self._may_match(place):
            return None
        is_marked, (start, end) = "¦" in self.pattern, place.window
        text, at = place.flat if self.flat else place.text[start:end], place.start - start
        if is_marked:
            text = f"{text[:at]}¦{text[at:]}"
        for found in self._matches(place, text):
            if not is_marked and not found.start("at") <= at < found.end():
                continue
            spans = place.spans(found, is_marked=is_marked)
            facts: Facts = dict.fromkeys(found.groupdict(), "") | {name: span.text for name, span in spans.items()}
            facts["safe"] = self.safe or "safe" in spans
            facts["fixable"] = "fixable" in spans or "fixable" not in found.groupdict()
            problem = self.problem(facts, spans, place)
            if problem is not None:
                return problem
        return None

    def _may_match(self, place: Place) -> bool:
        first, where = _first(self.pattern), self.where
        if where and place.where not in where and not (place.where == "object" and "body" in where):
            return False
        return (not first or place.word == first) and (not self.expects or self.expects in place.expected)

    def _matches(self, place: Place, text: str) -> Iterable[re.Match[str]]:
        pattern = compiled(self.pattern)
        if self.pattern[0] not in "^@":
            return pattern.finditer(text, max(place.line - place.window[0], 0))
        start = place.line
        if self.pattern[0] == "@":
            start = place.inside[-1].start if place.inside else -1
        found = pattern.match(text, start - place.window[0]) if start >= place.window[0] else None
        return [found] if found else []

    def problem(self, facts: Facts, spans: Mapping[str, Span], place: Any = None, code: str = "E101") -> Problem | None:
        """The error for what was recognised, by the names of its parts; None where it is something else after all."""
        at = spans[self.at] if self.at in spans else spans["word"]
        if self.meant:
            if at.text not in self.meant:
                return None
            facts["meant"] = self.meant[at.text]
        more = self.also(place, facts) if self.also else {}
        if more is None:
            return None
        facts |= more
        told = {name: shown(value) for name, value in facts.items() if isinstance(value, str)}
        helps = (self.help,) if isinstance(self.help, str) else self.help
        if self.brief:
            brief = (self.brief,) if isinstance(self.brief, str) else self.brief
            helps = tuple(map(partial(_short, facts), helps, brief))
        return error(
            self.code or code,
            _filled(self.message, told),
            at,
            label=self.label,
            labels=tuple(Label(spans[name], _filled(text, told)) for name, text in self.labels if name in spans),
            help=tuple(_filled(text, told) for text in helps),
            fix=self._fix(facts, spans),
        )

    def _fix(self, facts: Facts, spans: Mapping[str, Span]) -> Fix | None:
        if not facts.get("fixable", True):
            return None
        applicability = Applicability.SAFE if facts.get("safe", self.safe) else Applicability.UNSAFE
        for edits in (self.fix,) if isinstance(self.fix, Mapping) else self.fix:
            if all(name in spans and "#" not in spans[name].text for name in edits):
                made = (Edit(spans[name], _filled(text, facts)) for name, text in edits.items())
                found = tuple(sorted(made, key=lambda edit: edit.span.start))
                return Fix(tuple(map(removing, found)) if len(found) == 1 else found, applicability)
        return None


@dataclass(frozen=True)
class Computed:
    """What no pattern can tell: a function that gives the error, or None; and texts in which it comes up."""

    explain: Callable[[Place], Problem | None]
    examples: tuple[str, ...]


def explain(table: Iterable[Hint | Computed], place: Place) -> Problem:
    """The error of the first entry that recognises what is at a place; the last of a table recognises everything."""
    return next(problem for problem in (entry.explain(place) for entry in table) if problem is not None)


def say(
    table: Iterable[Hint], code: str, words: str, at: Span, spans: Mapping[str, Span], facts: Facts
) -> Problem | None:
    """The error of the first hint whose pattern fits these words and the text at a span; None where none does.

    In the patterns a space is a space. A group in the text is a span by its name, and so are those that are given.
    """
    subject, shift = f"{words} {at.text}", at.start - len(words) - 1
    for hint in table:
        found = compiled(hint.pattern, is_plain=True).fullmatch(subject)
        if found is None:
            continue
        groups = {name: found.span(name) for name, text in found.groupdict().items() if text is not None}
        inside = {name: Span(at.source, a + shift, b + shift) for name, (a, b) in groups.items() if a > len(words)}
        known = {"at": at, **spans, **inside}
        told = found.groupdict("") | {name: span.text for name, span in known.items()} | facts
        problem = hint.problem(told, known, code=code)
        if problem is not None:
            return problem
    return None


def _short(facts: Facts, help_text: str, brief: str) -> str:
    """A help, or a brief one where what it speaks of cannot be spelled out."""
    return help_text if all(is_short(facts[name]) for name in re.findall(r"\$(\w+)", help_text)) else brief


def is_short(text: str) -> bool:
    """Whether a piece of a text can be spelled out in a help."""
    return len(text) <= LONGEST and not re.search(r"[#\n]", text)


def shown(text: str) -> str:
    """A piece of the text for people, on one line, and cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def removing(edit: Edit) -> Edit:
    """An edit that takes a word out, with the space before it where there is one on both sides."""
    span, text = edit.span, edit.span.source.text
    spaced = text[span.start - 1 : span.start] == " " and text[span.end : span.end + 1] in (" ", "\n", "")
    return edit if edit.text or not spaced else Edit(Span(span.source, span.start - 1, span.end), "")


def _filled(template: str, facts: Mapping[str, Any]) -> str:
    return Template(template).substitute(facts) if "$" in template else template


@cache
def compiled(pattern: str, *, is_plain: bool = False) -> re.Pattern[str]:
    """The regular expression that a pattern stands for; in a plain one a space is a space."""

    def spelled(found: re.Match[str]) -> str:
        if found[0] == " " and not is_plain:
            return r"[^\S\n]*"
        return SHORT[found[1]] if found[1] else found[0]

    return re.compile(_SPACE.sub(spelled, pattern if is_plain else pattern.lstrip("^@")), re.DOTALL if is_plain else 0)


@cache
def _first(pattern: str) -> str:
    """The sign that has to stand at the place, by the pattern; empty where that may be one of several."""
    found = _FIRST.search(pattern) if pattern.count("¦") == 1 and "¦?" not in pattern else None
    return (found[1] or found[2]) if found else ""
