"""A text -> its outline, what can be folded, what a selection grows to, and what each word is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

from cnndsl.frozen import frozen
from cnndsl.ir.words import WORDS
from cnndsl.lsp.names import Defined, Names, kind_of
from cnndsl.source import Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import brackets, keywords, words


@frozen()
class Entry:
    """A line of the outline: a definition, or a part of one."""

    name: str
    kind: str
    span: Span
    name_span: Span
    detail: str = ""
    inside: tuple[Entry, ...] = ()


def outline(file: tree.File) -> list[Entry]:
    """The definitions of a file, each with the parts that it names."""
    found = []
    for item in (item for item in file.items if isinstance(item, Defined)):
        detail, inside = "", tuple[Entry, ...]()
        if isinstance(item, tree.Definition):
            detail = ", ".join(parameter.span.text for parameter in item.parameters)
            with suppress(RecursionError):  # what is nested too deeply is left out
                inside = tuple(_parts(item.body))
        elif not isinstance(item, tree.Extern):
            detail = " ".join(item.value.span.text.split())[:80]
        found.append(Entry(item.name.text, kind_of(item), item.span, item.name.span, detail, inside))
    return found


def _parts(node: tree.Node) -> Iterator[Entry]:
    """What the lines of a body name, also by labels within chains."""
    for child in node.children:
        if isinstance(child, tree.Bind) and child.targets:
            for name in child.targets:
                yield Entry(name.text, "part", child.span, name.span, _brief(child.value), tuple(_parts(child.value)))
        elif isinstance(child, tree.Labelled):
            inside = tuple(_parts(child.layer))
            yield Entry(child.label.span.text, "part", child.span, child.label.span, _brief(child.layer), inside)
        else:
            yield from _parts(child)
            if isinstance(child, tree.Apply):
                for name in child.targets:
                    yield Entry(name.text, "part", name.span, name.span)


def _brief(node: tree.Expression) -> str:
    text = " ".join(node.span.text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


@frozen()
class Fold:
    """Lines that may be shown as one, counted from 1; the last one stays."""

    first: int
    last: int
    is_comment: bool = False


def folds(source: Source) -> list[Fold]:
    """What stands in brackets over several lines, and comments of several lines."""
    found: list[Fold] = []
    for opens, closes in brackets(words(source.text))[0]:
        first, last = source.position(opens.start).line, source.position(closes.start).line
        if last - first > 1:
            found.append(Fold(first, last - 1))
    begun = 0
    for number in range(1, source.line_count + 2):
        is_comment = number <= source.line_count and source.line(number).lstrip().startswith("#")
        if is_comment and not begun:
            begun = number
        elif not is_comment and begun:
            if number - begun > 1:
                found.append(Fold(begun, number - 1, is_comment=True))
            begun = 0
    return sorted(found, key=lambda fold: (fold.first, fold.last))


def selections(file: tree.File, offset: int) -> list[Span]:
    """What a selection at a place grows to, step by step: a word, its call, the stage, the line, the body."""
    around = {(node.span.start, node.span.end): node.span for node in tree.walk(file) if node.span.touches(offset)}
    return sorted(around.values(), key=lambda span: (span.end - span.start, span.start))


TokenKind = Literal[
    "keyword", "function", "class", "parameter", "variable", "property", "number", "string", "comment", "operator"
]
_BY_WORD: dict[str, TokenKind] = {"NUMBER": "number", "STRING": "string", "_ARROW": "operator"}


def tokens(names: Names) -> list[tuple[Span, TokenKind]]:
    """What each word of a text is, in the order of the text."""
    source = names.file.span.source
    roles: dict[int, TokenKind] = {}
    for symbol in names.symbols:
        kind = _ROLES.get(symbol.kind, "variable")
        roles.update((span.start, kind) for span in symbol.spans)
    roles.update((word.span.start, "function") for word in names.words)
    roles.update((name.span.start, "class") for name, _ in names.originals)
    roles.update((name.span.start, "property") for name in (*names.properties, *(part for _, part in names.taps)))
    roles.update((argument.name.span.start, "parameter") for argument in names.arguments)
    known = frozenset(keywords())
    found: list[tuple[Span, TokenKind]] = []
    end = 0
    for word in words(source.text):
        found += _comments(source, end, word.start)
        end = word.end
        text = str(word)
        span = Span(source, word.start, word.end)
        if word.start in roles and word.type == "NAME":
            found.append((span, roles[word.start]))
        elif word.type in _BY_WORD:
            if word.type == "_ARROW":
                found.append((Span(source, word.start, word.start + 2), "operator"))
                found += _comments(source, word.start + 2, word.end)
            else:
                found.append((span, _BY_WORD[word.type]))
        elif text in known:
            found.append((span, "keyword"))
        elif word.type == "NAME" and text in WORDS:
            found.append((span, "function"))
        elif word.type == "_NL":
            found += _comments(source, word.start, word.end)
    return found + _comments(source, end, len(source.text))


_ROLES: dict[str, TokenKind] = {
    "network": "class",
    "block": "class",
    "sequence": "class",
    "extern": "class",
    "import": "class",
    "parameter": "parameter",
}


def _comments(source: Source, start: int, end: int) -> list[tuple[Span, TokenKind]]:
    """The comments in a stretch between two words."""
    found: list[tuple[Span, TokenKind]] = []
    while (at := source.text.find("#", start, end)) != -1:
        line_end = source.text.find("\n", at, end)
        start = end if line_end == -1 else line_end
        found.append((Span(source, at, start), "comment"))
    return found
