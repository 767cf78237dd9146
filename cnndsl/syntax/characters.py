"""What to say about a character that the language does not have."""

from __future__ import annotations

import unicodedata

from cnndsl.diagnostics import Problem, error
from cnndsl.source import Span
from cnndsl.syntax.place import Place

_MEANT = {
    "→": "->", "⇒": "->", "➔": "->", "⟶": "->", "|": "->", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-",
    "≤": "<=", "≥": ">=", "≠": "!=", "&": "and", "!": "not", "、": ",", "。": ".", "「": '"', "」": '"',
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": '"', "’": '"', "`": '"',
}  # fmt: skip
_OURS = frozenset("()[]{},;:=+-*/?<>.#%")


def explain(place: Place) -> Problem:
    """The error for the character at a place."""
    word, span = place.word, place.span()
    character = str(word)
    if character == '"':
        return error("E104", "this text is not closed", span, help='end it with " on the same line')
    if character == "'":
        return _single_quotes(place, span)
    if ";" in character:
        at = span.start + character.index(";")
        message = "; ends a line, and what follows here belongs to it"
        return error("E101", message, Span(place.source, at, at + 1), help="remove the ;")
    if not character.isprintable():
        return error("E101", f"there is an invisible character (U+{ord(character):04X}) here", span, help="remove it")
    wide = unicodedata.normalize("NFKC", character)
    meant = wide if wide in _OURS else _MEANT.get(character)
    help_text = f"write {meant}" if meant else "remove it"
    return error("E101", f"the character {character} has no meaning in this language", span, help=help_text)


def _single_quotes(place: Place, span: Span) -> Problem:
    source = place.source
    end = source.text.find("'", span.end)
    text = source.text[span.end : end]
    if end == -1 or "\n" in text or '"' in text:
        return error("E104", "a text stands in double quotes", span, help='write "..."')
    return error("E104", "a text stands in double quotes", Span(source, span.start, end + 1), help=f'write "{text}"')
