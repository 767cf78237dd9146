"""What to say about a character that the language does not have."""

from __future__ import annotations

import unicodedata

from cnndsl.diagnostics import Edit, Fix, Problem, error
from cnndsl.source import Span
from cnndsl.syntax.place import Place, span_of

_MEANT = {
    "→": "->", "⇒": "->", "➔": "->", "⟶": "->", "|": "->", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-",
    "≤": "<=", "≥": ">=", "≠": "!=", "&": "and", "!": "not", "、": ",", "。": ".", "「": '"', "」": '"',
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": '"', "’": '"', "`": '"',
}  # fmt: skip
_AHEAD = 4000  # words, of which one fix replaces the characters
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
        semicolon = Span(place.source, at, at + 1)
        message = "; ends a line, and what follows here belongs to it"
        return error("E101", message, semicolon, help="remove the ;", fix=Fix.replacing(semicolon, ""))
    if unicodedata.category(character) == "Zs":
        message = f"this is another space than that of the space bar (U+{ord(character):04X})"
        return error("E101", message, span, help="write an ordinary space", fix=_all(place))
    if not character.isprintable():
        fix = Fix.replacing(span, "")
        message = f"there is an invisible character (U+{ord(character):04X}) here"
        return error("E101", message, span, help="remove it", fix=fix)
    meant = _meant(character)
    if meant is None:
        message = f"the character {character} has no meaning in this language"
        return error("E101", message, span, help="remove it", fix=Fix.replacing(span, ""))
    message = f"the character {character} has no meaning in this language"
    if unicodedata.east_asian_width(character) == "F":
        message = f"{character} is the full-width form of {meant}"
    return error("E101", message, span, help=f"write {meant}", fix=_all(place))


def _meant(character: str) -> str | None:
    """What stands for a character in this language; None where there is nothing."""
    if unicodedata.category(character) == "Zs":
        return " "
    wide = unicodedata.normalize("NFKC", character)
    return wide if wide in _OURS else _MEANT.get(character)


def _all(place: Place) -> Fix:
    """The fix for this and all such characters after it: whoever writes one writes several."""
    ahead = place.words[place.at : place.at + _AHEAD]
    unknown = (word for word in ahead if word.type == "UNKNOWN" and len(word) == 1)
    meant = ((span_of(word, place.source), _meant(str(word))) for word in unknown)
    return Fix(tuple(Edit(span, text) for span, text in meant if text is not None))


def _single_quotes(place: Place, span: Span) -> Problem:
    source = place.source
    end = source.text.find("'", span.end)
    text = source.text[span.end : end]
    if end == -1 or "\n" in text or '"' in text:
        return error("E104", "a text stands in double quotes", span, help='write "..."')
    whole = Span(source, span.start, end + 1)
    fix = Fix.replacing(whole, f'"{text}"')
    return error("E104", "a text stands in double quotes", whole, help=f'write "{text}"', fix=fix)
