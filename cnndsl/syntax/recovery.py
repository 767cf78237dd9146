"""A text with mistakes, read so that all of them are found.

After a mistake the rest of its line is skipped, and reading goes on with the next one: Lark's interactive parser shows
its two stacks, which are cut back to what they were before the line.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from cnndsl.diagnostics import Diagnostic, Problem, error
from cnndsl.source import Source, Span
from cnndsl.syntax.grammar import CLOSED_BY, END, MAX_NESTING, OPENED_BY, Word, words
from cnndsl.syntax.lines import lost
from cnndsl.syntax.mistakes import explain, not_closed
from cnndsl.syntax.place import DEFINITIONS, Open, Place
from cnndsl.syntax.transformer import Reading, reading

MOST_MISTAKES = 200
"""After so many mistakes reading stops: this is no text of the language."""
_AHEAD = 10_000
"""How many words after a mistake are looked at for the end of a bracket."""
_ITEM_WORDS = frozenset({"NETWORK", "BLOCK", "SEQUENCE", "EXTERN", "FROM"})


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
        self._brackets: list[Open] = []
        self._anchors = [_Anchor(None)]
        self._astray = False
        """Whether a line outside of all bodies was wrong, and no definition came since: others there are no news."""
        self._since = 0
        """Where the definition begins up to which all braces are closed, or were spoken of."""
        self._taken: set[str] = set()
        """What was said of words that cannot be names: each time that they are used is no news either."""

    def read(self, words: list[Word], end: int) -> Any:
        """Feed all words, and the end; the result is what the parser built, or None."""
        at, line_start = 0, True
        count = len(words)
        while at < count and len(self.diagnostics) < MOST_MISTAKES:
            word = words[at]
            kind = word.type
            if kind == "_NL" and self._brackets and self._brackets[-1].token.type != "LBRACE":
                self._brackets[-1].broken_at = self._brackets[-1].broken_at or at
                at += 1
                continue
            if line_start:
                self._anchors[-1].height, self._anchors[-1].line = len(self._parser.parser_state.value_stack), at
            try:
                self._parser.feed_token(word)
            except UnexpectedToken as problem:
                place = self._place(words, at, word, problem)
                if place.is_brace_below and not (self._astray and not self._brackets):
                    self._report(explain(place))  # and go on as if the brace stood here
                    at, line_start = at + 1, False
                else:
                    at, line_start = self._recover(place), True
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
                self._report(explain(self._place(words, len(words), word, problem)))
        except Problem as problem:
            self.diagnostics.append(problem.diagnostic)
        return None

    def _open(self, words: list[Word], at: int) -> None:
        word = words[at]
        defines = at > 1 and words[at - 2].type in DEFINITIONS | {"EXTERN"}
        self._brackets.append(Open(word, words[at - 1] if at else None, defines))
        if word.type == "LBRACE":
            self._anchors.append(_Anchor(word))

    def _close(self) -> None:
        if self._brackets:
            closed = self._brackets.pop()
            if closed.token.type == "LBRACE":
                self._anchors.pop()

    def _recover(self, place: Place) -> int:
        """Report the mistake at a place; say at which word reading goes on."""
        words, at = place.words, place.at
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
        if inner is not None and inner.broken_at and words[at - 1].type == "_NL" and not _is_closed(inner, words, at):
            # The bracket swallowed a line break, and what follows makes no sense inside it.
            self._report(not_closed(inner, self.source))
            return self._skip_line(words, inner.broken_at)
        if self._astray and not self._brackets and not self.source.text.startswith("```", words[at].start):
            return self._skip_line(words, at)
        found = explain(place).diagnostic
        if found.message not in self._taken:
            self.diagnostics.append(found)
        if found.code == "E103":
            self._taken.add(found.message)
        one_line = place.first.type in ("FROM", "IMPORT", "EXTERN")
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
                while self._brackets and self._brackets[-1].token.type != "LBRACE":
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
        return Place(self.source, words, at, word, self._brackets, frozenset(problem.expected))

    def _skip_line(self, words: list[Word], at: int) -> int:
        """Forget the line being read; the index of the first word after it."""
        while self._brackets and self._brackets[-1].token.type != "LBRACE":
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


def _left_open(words: list[Word], source: Source) -> Open | None:
    """The brace that is probably the one not closed, by where lines begin: its partner stands further left than it."""
    open_braces: list[tuple[Open, int]] = []
    for at, word in enumerate(words):
        if word.type not in ("LBRACE", "RBRACE"):
            continue
        line, column = source.position(word.start)
        indent = len(source.line(line)) - len(source.line(line).lstrip())
        if word.type == "LBRACE":
            open_braces.append((Open(word, words[at - 1] if at else None), indent))
        elif open_braces:
            opened, left = open_braces.pop()
            if column == indent + 1 and indent < left:
                return opened
    return None


def _is_left_out(found: Diagnostic) -> bool:
    """Whether what was wrong goes away, or becomes a comment: then it says nothing about the lines after it."""
    edits = found.fix.edits if found.fix is not None else ()
    return [edit.span for edit in edits] == [found.span] and edits[0].text[:1] in ("", "#")


def _is_closed(bracket: Open, words: list[Word], at: int) -> bool:
    """Whether the bracket, open before `words[at]`, is closed after all."""
    return _closed_at(bracket, words, at) > 0


def _closed_at(bracket: Open, words: list[Word], at: int) -> int:
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
