"""Places that a program keeps, a line and a column -> the stretches of text that stand there."""

from __future__ import annotations

import re

from cnndsl.files import ImportProblem, Reader
from cnndsl.ir.program import Origin
from cnndsl.source import Source, Span

_WORD = r'(?:"[^"\n]*"|[^\W\d]\w*)'
_THING = re.compile(rf"{_WORD}(?:[ \t]*[:=][ \t]*{_WORD})?")
"""A word, or a name and the word after it: `pool: maxpool`, `pool = maxpool`."""
_INDEX = re.compile(r"\[[^\[\]\"#\n]*\]")
_LONGEST_CALL = 1_000
"""Characters of a text that are looked at for a call."""
_PIECE = re.compile(r'"[^"\n]*"|[()]|[^()"#\n]+')


class Places:
    """Finds places again, in a text and in the files that it imports."""

    def __init__(self, source: Source, read: Reader) -> None:
        self._read = read
        self._first = source
        self._sources: dict[str, Source | None] = {source.short: source}

    def span(self, origin: Origin) -> Span | None:
        """What stands at a place: a word with its arguments, or with an index.

        None where the file is gone, or is another by now.
        """
        source = self._source(origin.file)
        if source is None or origin.line > source.line_count:
            return None
        line = source.line(origin.line)
        first = origin.column - 1
        if first > len(line):
            return None
        found = _THING.match(line, first)
        last = _after_arguments(line, found.end()) if found else min(first + 1, len(line))
        index = _INDEX.match(line, last) if found else None
        last = last if index is None else index.end()
        start = source.offset(origin.line)
        return Span(source, start + first, start + last)

    def _source(self, file: str) -> Source | None:
        if file not in self._sources:
            try:
                path = self._first.path_of(file)
                self._sources[file] = self._first.beside(str(path), self._read(path))
            except ImportProblem:
                self._sources[file] = None
        return self._sources[file]


def is_written_out(span: Span) -> bool:
    """Whether a call that stands at a place has arguments, and these are numbers and texts: no names but `it`."""
    call = re.fullmatch(r"[^(]*\((.*)\)", span.text)
    if call is None:
        return False
    values = re.sub(r'"[^"]*"|\w+\s*=|\b(?:true|false|it)\b', "", call[1])
    return re.search(r"(?<![\w.])[^\W\d]", values) is None


def has_numbers_alone(span: Span) -> bool:
    """Whether the index that stands at a place has no names in its brackets."""
    index = re.search(r"\[(.*)\]$", span.text)
    return index is not None and re.search(r"[^\W\d]", index[1]) is None


def is_written_twice(span: Span) -> bool:
    """Whether what stands at a place is `a - a`, `a / a`, or a call with the same word twice among its arguments."""
    text = re.sub(r"#[^\n]*", "", span.source.text[span.start : span.start + _LONGEST_CALL])
    if re.match(rf"({_WORD})\s*[-/]\s*\1\b", text):
        return True
    call = re.match(rf"{_WORD}\(", text)
    words = _words_inside(text[call.end() :]) if call is not None else []
    return len(words) > len(set(words))


def _words_inside(text: str) -> list[str]:
    """What stands between commas up to the parenthesis that is closed, where that is a single word."""
    words, open_ = [""], 0
    for piece in re.findall(r"[(),\[\]]|[^(),\[\]]+", text):
        open_ += {"(": 1, ")": -1}.get(piece, 0)
        if open_ < 0:
            break
        if open_ or piece == ")":
            words[-1] += piece
        elif piece in ",[]":
            words.append("")
        else:
            words[-1] += piece
    return [word.strip() for word in words if re.fullmatch(_WORD, word.strip())]


def _after_arguments(line: str, at: int) -> int:
    """Where the arguments end that begin at `at`; `at` itself where none do, or where they end in another line."""
    if line[at : at + 1] != "(":
        return at
    open_, here = 0, at
    while found := _PIECE.match(line, here):
        here = found.end()
        open_ += {"(": 1, ")": -1}.get(found[0], 0)
        if not open_:
            return here
    return at
