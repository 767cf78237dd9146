"""A text with mistakes, read so that all of them are found.

After a mistake the rest of its line is skipped, and reading goes on with the next one: Lark's interactive parser shows
its two stacks, which are cut back to what they were before the line.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise, takewhile
from typing import Any

from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from cnndsl.diagnostics import Diagnostic, Problem, error
from cnndsl.hints.engine import Bracket, Place, explain
from cnndsl.hints.recognisers import not_closed
from cnndsl.hints.syntax import TABLE
from cnndsl.source import Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import CLOSED_BY, END, MAX_NESTING, OPENED_BY, Word, words
from cnndsl.syntax.transformer import Reading, reading

MOST_MISTAKES = 200
"""After so many mistakes reading stops: this is no text of the language."""
_AHEAD = 10_000
"""How many words after a mistake are looked at for the end of a bracket."""
_DEFINITIONS = frozenset({"NETWORK", "BLOCK", "SEQUENCE"})
_ITEM_WORDS = _DEFINITIONS | {"EXTERN", "FROM"}


def read(parser: InteractiveParser, span: Span) -> tuple[Any, tuple[Diagnostic, ...]]:
    """What the parser makes of a part of a text, None where there is nothing; and the mistakes in it."""
    with reading(span.source) as current:
        reader = _Reader(parser, current)
        result = reader.read(words(span.text, span.start), span.start)
    return result, tuple(reader.diagnostics)


class _Anchor:
    """Where reading can go on after a mistake: before a line of the body (or file) opened by `opening`.

    `line` is where that line begins, as the index of its first word.
    """

    __slots__ = ("height", "line", "opening")

    def __init__(self, opening: Word | None) -> None:
        self.opening, self.height, self.line = opening, 0, 0


class _Reader:
    """Feeds the words of one text to the parser, and goes on after a mistake."""

    def __init__(self, parser: InteractiveParser, reading: Reading) -> None:
        self.source = reading.source
        self.diagnostics: list[Diagnostic] = []
        self._parser = parser
        self._reading = reading
        self._brackets: list[Bracket] = []
        self._anchors = [_Anchor(None)]
        self._astray = False
        """Whether a line outside of all bodies was wrong, and no definition came since: others there are no news."""
        self._since = 0
        """Where the definition begins up to which all braces are closed, or were spoken of."""
        self._taken: set[str] = set()
        """What was said of words that cannot be names: each time that they are used is no news either."""
        self._text: str | None = None
        """The text without its comments."""

    def read(self, words: list[Word], end: int) -> Any:
        """Feed all words, and the end; the result is what the parser built, or None."""
        at, line_start = 0, True
        count = len(words)
        while at < count and len(self.diagnostics) < MOST_MISTAKES:
            word = words[at]
            kind = word.type
            if kind == "_NL" and self._brackets and self._brackets[-1].sign != "{":
                self._brackets[-1].broken_at = self._brackets[-1].broken_at or at
                at += 1
                continue
            if line_start:
                self._anchors[-1].height, self._anchors[-1].line = len(self._parser.parser_state.value_stack), at
            try:
                self._parser.feed_token(word)
            except UnexpectedToken as problem:
                place = self._place(words, at, word, problem)
                is_brace_below = kind == "_NL" and "LBRACE" in place.expected and at + 1 < count
                is_brace_below = is_brace_below and words[at + 1].type == "LBRACE"
                if is_brace_below and not (self._astray and not self._brackets):
                    self._report(explain(TABLE, place))  # and go on as if the brace stood here
                    at, line_start = at + 1, False
                else:
                    at, line_start = self._recover(place, words, at), True
                continue
            except Problem as problem:
                self.diagnostics.append(problem.diagnostic)
                # The word itself is not read yet: what went wrong is what it completed.
                at, line_start = self._skip_line(words, at), True
                continue
            line_start = kind in ("_NL", "LBRACE")
            if kind in _ITEM_WORDS:
                self._astray = False
            if kind in CLOSED_BY:
                self._open(words, at)
                if len(self._brackets) > MAX_NESTING:
                    self._report(
                        error(
                            "E501",
                            f"brackets are nested more than {MAX_NESTING} deep",
                            self._span(word),
                            help="give inner parts names of their own",
                        )
                    )
                    return None
            elif kind in OPENED_BY:
                self._close()
            at += 1
        return self._finish(words, end) if len(self.diagnostics) < MOST_MISTAKES else None

    def _finish(self, words: list[Word], end: int) -> Any:
        last = words[-1].end if words else end
        word = Word(END, "", last, last)
        try:
            return self._parser.feed_token(word)
        except UnexpectedToken as problem:
            if self._brackets:
                self._report_open(words)
            else:
                self._report(explain(TABLE, self._place(words, len(words), word, problem)))
        except Problem as problem:
            self.diagnostics.append(problem.diagnostic)
        return None

    def _open(self, words: list[Word], at: int) -> None:
        word = words[at]
        defines = at > 1 and words[at - 2].type in _DEFINITIONS | {"EXTERN"}
        self._brackets.append(_bracket(words, at, defines=defines))
        if word.type == "LBRACE":
            self._anchors.append(_Anchor(word))

    def _close(self) -> None:
        if self._brackets:
            closed = self._brackets.pop()
            if closed.sign == "{":
                self._anchors.pop()

    def _recover(self, place: Place, words: list[Word], at: int) -> int:
        """Report the mistake at a place, that of `words[at]`; say at which word reading goes on."""
        inner = self._brackets[-1] if self._brackets else None
        if self._brackets and self._begins_definition(words, at):
            # A new definition inside a body: the body before it was not closed.
            self._report_open(words[:at])
            self._since = at
            self._brackets.clear()
            del self._anchors[1:]
            self._rewind()
            self._lose(words, at)
            return at
        if inner is not None and inner.broken_at and words[at - 1].type == "_NL" and not _closed_at(inner, words, at):
            # The bracket swallowed a line break, and what follows makes no sense inside it.
            self._report(not_closed(inner, self.source))
            return self._skip_line(words, inner.broken_at)
        if self._astray and not self._brackets and not self.source.text.startswith("```", words[at].start):
            return self._skip_line(words, at)
        found = explain(TABLE, place).diagnostic
        if found.message not in self._taken:
            self.diagnostics.append(found)
        if found.code == "E103":
            self._taken.add(found.message)
        one_line = re.match(r"\s*(?:from|import|extern)\b", self.source.text[place.line : place.end])
        self._astray = not self._brackets and not one_line and not _is_left_out(found)
        if found.span is not None:  # what was spoken of is done with, however many lines it has
            end = bisect_left(words, found.span.end, at, key=lambda word: word.start)
            if end > at + 1:
                end = end if words[end - 1].type == "RBRACE" else end - 1
                self._leave(words[at:end])
                at = end
        return self._skip_line(words, at)

    def _leave(self, words: list[Word]) -> None:
        """Leave the braces that are closed among words which are not read."""
        depth = 0
        for word in words:
            depth += (word.type == "LBRACE") - (word.type == "RBRACE")
            if depth < 0:
                depth = 0
                while self._brackets and self._brackets[-1].sign != "{":
                    self._brackets.pop()
                self._close()

    def _begins_definition(self, words: list[Word], at: int) -> bool:
        """Whether a definition begins at the left edge of the text, where no body goes on."""
        word = words[at]
        if word.type not in _ITEM_WORDS or self.source.position(word.start).column != 1:
            return False
        following = words[at + 1].type if at + 1 < len(words) else ""
        return following == ("STRING" if word.type == "FROM" else "NAME")

    def _place(self, words: list[Word], at: int, word: Word, problem: UnexpectedToken) -> Place:
        if self._text is None:
            self._text = _without_comments(self.source.text, words)
        before = words[at - 1] if at else None
        start = at
        while start and words[start - 1].type not in ("_NL", "LBRACE", "RBRACE"):
            start -= 1
        line = words[start - 1].end if start else words[0].start if words else 0
        if start and words[start - 1].type == "_NL":
            line = words[start - 1].start + 1 + max(words[start - 1].rfind("\n"), 0)
        end = {"_NL": word.start + 1, "_ARROW": word.start + 2}.get(word.type, word.end)
        kind_before = before.type if before is not None else ""
        expected = frozenset(problem.expected)
        brackets = tuple(self._brackets)
        return Place(self.source, self._text, word.start, end, word.type, kind_before, line, brackets, expected)

    def _skip_line(self, words: list[Word], at: int) -> int:
        """Forget the line being read; the index of the first word after it."""
        while self._brackets and self._brackets[-1].sign != "{":
            closed = _closed_at(self._brackets.pop(), words, at)
            at = closed + 1 if closed else at
        self._rewind()
        end = self._line_end(words, at)
        self._lose(words, end)
        return end + 1 if end < len(words) and words[end].type == "_NL" else end

    def _line_end(self, words: list[Word], at: int) -> int:
        """The index of the word that ends the line, outside of braces that the rest of the line opens."""
        depth = 0
        while at < len(words):
            kind = words[at].type
            if kind == "LBRACE":
                depth += 1
            elif kind == "RBRACE":
                if depth == 0 and self._brackets:
                    return at
                depth = max(0, depth - 1)
            elif kind == "_NL" and depth == 0:
                return at
            at += 1
        return at

    def _lose(self, words: list[Word], end: int) -> None:
        """Note the line up to a word, or the item, as one that could not be read."""
        anchor = self._anchors[-1]
        line = words[anchor.line : end]
        if line:
            opened_at = -1 if anchor.opening is None else anchor.opening.start
            found = lost(self.source, line, in_body=anchor.opening is not None)
            self._reading.lost.setdefault(opened_at, []).append(found)

    def _rewind(self) -> None:
        state, height = self._parser.parser_state, self._anchors[-1].height
        del state.state_stack[height + 1 :]  # which has one more, for the beginning
        del state.value_stack[height:]

    def _span(self, word: Word) -> Span:
        return Span(self.source, word.start, word.end)

    def _report_open(self, words: list[Word]) -> None:
        """Report that a bracket is not closed in these words: the one that it is by where lines begin, or the last."""
        found = _left_open(words[self._since :], self.source)
        self._report(not_closed(found or self._brackets[-1], self.source))

    def _report(self, problem: Problem) -> None:
        self.diagnostics.append(problem.diagnostic)


def _left_open(words: list[Word], source: Source) -> Bracket | None:
    """The brace that is probably the one not closed, by where lines begin: its partner stands further left than it."""
    open_braces: list[tuple[Bracket, int]] = []
    for at, word in enumerate(words):
        if word.type not in ("LBRACE", "RBRACE"):
            continue
        line, column = source.position(word.start)
        indent = len(source.line(line)) - len(source.line(line).lstrip())
        if word.type == "LBRACE":
            open_braces.append((_bracket(words, at), indent))
        elif open_braces:
            opened, left = open_braces.pop()
            if column == indent + 1 and indent < left:
                return opened
    return None


def _is_left_out(found: Diagnostic) -> bool:
    """Whether what was wrong goes away, or becomes a comment: then it says nothing about the lines after it."""
    edits = found.fix.edits if found.fix is not None else ()
    return [edit.span for edit in edits] == [found.span] and edits[0].text[:1] in ("", "#")


def _closed_at(bracket: Bracket, words: list[Word], at: int) -> int:
    """The index of the word that closes a bracket which is open before `words[at]`; 0 where it is not closed."""
    depth = 0
    for index in range(at, min(len(words), at + _AHEAD)):
        kind = words[index].type
        if kind in CLOSED_BY:
            depth += 1
        elif kind in OPENED_BY:
            if depth == 0:
                return index if str(words[index]) == bracket.partner else 0
            depth -= 1
    return 0


def _bracket(words: list[Word], at: int, *, defines: bool = False) -> Bracket:
    """The bracket that is opened by `words[at]`."""
    word, before = words[at], words[at - 1] if at else None
    if before is None:
        return Bracket(str(word), word.start)
    return Bracket(str(word), word.start, str(before), before.type, before.end == word.start, defines)


def _without_comments(text: str, words: list[Word]) -> str:
    """A text with blanks for its comments, as long as before; behind an arrow a line break is a vertical tab."""
    parts, reached = [], 0
    for word in words:
        parts.append(" " * (word.start - reached))
        if word.type == "_NL":
            parts.append(word[0] + re.sub(r"[^\n]", " ", re.sub("#.*", lambda found: " " * len(found[0]), word[1:])))
        elif word.type == "_ARROW":
            parts.append("->" + re.sub(r"#.*|.", lambda found: " " * len(found[0]), word[2:]).replace("\n", "\v"))
        else:
            parts.append(str(word))
        reached = word.end
    return "".join(parts) + " " * (len(text) - reached)


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
    names += [word for before, word in pairwise(line) if before.type in _DEFINITIONS]
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
        word.type in _DEFINITIONS and [after.type for after in head[at + 1 : at + 2]] != ["NAME"]
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
