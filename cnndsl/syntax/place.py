"""A place in a text where reading could not go on: the word there, and what is around it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from cnndsl.diagnostics import Fix
from cnndsl.source import Source, Span
from cnndsl.syntax.grammar import CLOSED_BY, END, OPENED_BY, Word

WORDS = frozenset(
    {
        "network", "block", "sequence", "input", "output", "init", "when", "if", "else", "for", "in",
        "repeat", "extern", "from", "import", "it", "and", "or", "not", "true", "false",
    }
)  # fmt: skip
DEFINITIONS = frozenset({"NETWORK", "BLOCK", "SEQUENCE"})
CONSTANTS = frozenset({"NUMBER", "STRING", "TRUE", "FALSE"})
LISTED = frozenset({"NUMBER", "COMMA", "NAME", "MINUS", "TRUE", "FALSE"})
"""What the items of a plain list consist of."""
VALUES = frozenset({"NAME", "NUMBER", "RPAR", "RSQB", "TRUE", "FALSE"})
"""What ends something that has a value."""
_LONGEST = 30


@dataclass(slots=True)
class Open:
    """A bracket that is open, the words before it, and where a line break was first dropped inside it."""

    token: Word
    before: Word | None
    defines: bool = False
    """Whether it stands behind the name of a definition."""
    broken_at: int = 0

    @property
    def partner(self) -> str:
        """The bracket that closes it."""
        return CLOSED_BY[self.token.type]

    @property
    def holds_parameters(self) -> bool:
        """Whether it holds the parameters of a definition."""
        return self.defines and self.token.type == "_LPAR"

    @property
    def is_call(self) -> bool:
        """Whether it holds arguments or parameters."""
        return self.token.type == "_LPAR" and self.before is not None and self.before.type in ("NAME", "INPUT", "RPAR")

    @property
    def what(self) -> str:
        """What people call it."""
        if self.is_call and self.before is not None and self.before.type != "RPAR":
            return f"the list of {self.before}'s {'parameters' if self.defines else 'arguments'}"
        return {"LBRACE": "this body", "_LPAR": "this parenthesis", "LSQB": "this list"}[self.token.type]


@dataclass
class Place:
    """The word `words[at]` cannot stand here; `expected` are the kinds of words that could."""

    source: Source
    words: list[Word]
    at: int
    word: Word
    brackets: list[Open]
    expected: frozenset[str]

    @property
    def before(self) -> Word | None:
        """The word before."""
        return self.words[self.at - 1] if self.at else None

    @property
    def after(self) -> Word | None:
        """The word after."""
        return self.words[self.at + 1] if self.at + 1 < len(self.words) else None

    @property
    def inner(self) -> Open | None:
        """The innermost open bracket."""
        return self.brackets[-1] if self.brackets else None

    @property
    def in_body(self) -> bool:
        """Whether the innermost open bracket is that of a body."""
        return bool(self.brackets) and self.brackets[-1].token.type == "LBRACE"

    @cached_property  # many ask, and a line can be long
    def line(self) -> list[Word]:
        """The words of the line up to this one, which is not among them."""
        start = self.at
        while start and self.words[start - 1].type not in ("_NL", "LBRACE", "RBRACE"):
            start -= 1
        return self.words[start : self.at]

    @property
    def joints(self) -> list[Word]:
        """The arrows and equals signs of the line up to this word, but for those in parentheses."""
        found, depth = [], 0
        for word in self.line:
            depth += (word.type in CLOSED_BY) - (word.type in OPENED_BY)
            if depth == 0 and word.type in ("_ARROW", "EQUAL"):
                found.append(word)
        return found

    @property
    def before_brace(self) -> Word | None:
        """The word before the brace that is closed with the word before this one."""
        depth = 0
        for at in range(self.at - 1, 0, -1):
            depth += (self.words[at].type == "RBRACE") - (self.words[at].type == "LBRACE")
            if depth == 0:
                return self.words[at - 1]
        return None

    @property
    def first(self) -> Word:
        """The first word of the line."""
        return (self.line or [self.word])[0]

    @property
    def is_glued(self) -> bool:
        """Whether there is no space before the word."""
        return self.before is not None and self.before.end == self.word.start

    @property
    def is_brace_below(self) -> bool:
        """Whether this is the end of a line, and what follows is a brace that could stand here."""
        below = self.after is not None and self.after.type == "LBRACE"
        return self.word.type == "_NL" and below and "LBRACE" in self.expected

    @property
    def is_spaced(self) -> bool:
        """Whether there is a space before the word."""
        return not self.is_glued

    def span(self, first: Word | None = None, last: Word | None = None) -> Span:
        """The place of a word, by default of this one, or from one word to another."""
        first = first or self.word
        return span_of(first, self.source).to(span_of(last or first, self.source))

    def removing(self, word: Word) -> Fix:
        """The fix that takes a word out, and the space before it where there is one on both sides."""
        span, text = span_of(word, self.source), self.source.text
        spaced = text[span.start - 1 : span.start] == " " and text[span.end : span.end + 1] in (" ", "\n", "")
        return Fix.suggested(Span(self.source, span.start - spaced, span.end), "")

    def rest(self, first: Word) -> Span:
        """From a word to the last of its line, or of the body that ends on it."""
        return self.span(first, self.line_after(first)[-1])

    def line_after(self, first: Word) -> list[Word]:
        """A word and those after it on its line, in the body that it belongs to."""
        words, depth = self.following(first), 0
        for end, word in enumerate(words):
            depth += (word.type == "LBRACE") - (word.type == "RBRACE")
            if depth < 0 or (depth == 0 and word.type == "_NL"):
                return words[: max(end, 1)]
        return words

    def following(self, first: Word) -> list[Word]:
        """A word and all after it."""
        return self.words[bisect_left(self.words, first.start, key=lambda word: word.start) :]

    def text(self, first: Word, last: Word) -> str:
        """The text from one word to another, cut where it is long."""
        text = " ".join(self.span(first, last).text.split())
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def other_names(name: str, other: str, place: Place, sign: Word | None) -> tuple[str, ...]:
    """What to do about a name that cannot be one, before the colon or the equals sign `sign`, or elsewhere.

    PyTorch takes nearly any name of a part, and a label in quotes keeps it.
    """
    kept = f'"{name}": layer'
    if sign is not None and sign.type == "COLON" and place.in_body:
        return (f"put it in quotes, which keep the name: {kept}", f"or choose another name, such as {other}")
    if sign is not None and sign.type == "EQUAL" and place.in_body:
        return (f"choose another name, such as {other}", f"a layer can have this one as a label in quotes: {kept}")
    return (f"choose another name, such as {other}",)


def span_of(word: Word, source: Source) -> Span:
    """The characters of a word, without the line breaks that belong to it."""
    start, end = word.start, word.end
    if word.type == "_ARROW":
        end = start + 2
    elif word.type == "_NL":
        end = start + 1
    return Span(source, start, end)


def show(word: Word) -> str:
    """A word for people."""
    if word.type == "_NL":
        return "the end of the line"
    if word.type == END:
        return "the end of the text"
    return str(word).strip()
