"""What to say about a character that the language does not have, and about numbers that are written otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from cnndsl.diagnostics import Applicability, Edit, Fix, Label, Problem, error
from cnndsl.hints.engine import SHORT, WORDS, Place, removing
from cnndsl.source import Source, Span

_CYRILLIC = dict(zip("асԁеһіјӏмоԛрѕтухѵԝАВСЕНІЈКМОРЅТУХ", "acdehijlmoqpstyxvwABCEHIJKMOPSTYX", strict=True))
_GREEK = dict(zip("αικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aikvoptuxABEZHIKMNOPTYX", strict=True))
_ALIKE = _CYRILLIC | _GREEK
_SHOWN = 3
"""How many letters are told of."""


def latin(name: str) -> str:
    """A name with Latin letters in the place of those that look like them."""
    return name if name.isascii() else "".join(_ALIKE.get(letter, letter) for letter in name)


def looks_like(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks the same and is written with other letters."""
    plain = latin(name)
    return next((other for other in known if other != name and latin(other) == plain), None)


def misread(name: str, span: Span, meant: str, code: str, label: Span | None = None) -> Problem:
    """The error for a name at `span` that looks like another one, which is meant, and declared at `label`."""
    odd = [letter for letter in dict.fromkeys(name) if letter in _ALIKE]
    where = name if odd else meant
    letters = odd or [letter for letter in dict.fromkeys(meant) if letter in _ALIKE]
    told = " and ".join(f"{letter} is the {_described(letter)}" for letter in letters[:_SHOWN])
    plain = latin(name)
    labels = () if label is None else (Label(label, "it is declared here"),)
    alike = meant if latin(meant) == plain else plain
    message = f"{name} looks like {alike}, and has other letters: in {where}, {told}"
    if latin(meant) == meant:
        return error(code, message, span, labels=labels, help=f"write {meant}", fix=Fix.suggested(span, meant))
    return error(code, message, span, labels=labels, help=f"write {plain} in both places, with Latin letters")


def _described(letter: str) -> str:
    return unicodedata.name(letter).lower().replace("cyrillic", "Cyrillic").replace("greek", "Greek")


def latin_word(place: Place) -> Problem | None:
    """A word of the language with a letter of another script: `rеpeat 3 { relu }`."""
    if place.text.isascii():
        return None
    for start in (place.first, place.last - len(re.split(r"\W", place.before.rstrip())[-1]), place.start):
        found = re.compile(SHORT["NAME"]).match(place.text, start)
        if found is None:
            continue
        span = place.span(start, found.end())
        if (wide := full_width(found[0], span)) is not None:
            return wide
        if latin(found[0]) in WORDS:
            return misread(found[0], span, latin(found[0]), "E101")
    return None


def full_width(name: str, span: Span) -> Problem | None:
    """The error for a word of the language in full-width letters, as `ｔｒｕｅ`; in a name they mean what they are."""
    meant = unicodedata.normalize("NFKC", name)
    if name == meant or meant not in WORDS:
        return None
    message = f"{name} is the full-width form of {meant}"
    return error("E101", message, span, help=f"write {meant}", fix=Fix.safe(span, meant))


_GROUPED = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w.])")
_AROUND = 60
"""How many characters before and behind a word are looked at."""


def with_a_zero(span: Span) -> Problem:
    """The error for a number that begins with 0, which is mostly the end of one with commas: `1,024`."""
    grouped = _grouped(span.source, span.start)
    if grouped is not None:
        return _no_comma(grouped)
    written = span.text.lstrip("0") or "0"
    message = f"a number does not begin with {'more zeros' if written == '0' else 'a zero'}"
    return error("E106", message, span, help=f"write {written}", fix=Fix.suggested(span, written))


def grouped(place: Place) -> Problem | None:
    """A number with commas before its thousands, where no comma can stand: `width = 1,024`, `repeat 1,000 { relu }`."""
    found = _grouped(place.source, place.start) if place.kind in ("COMMA", "NUMBER") else None
    if found is None or re.match(r"\s*(?:input|output)\b", place.before):
        return None
    alone = place.where in ("file", "body", "object", "parameters")
    return _no_comma(found) if alone or re.search(",0", found.text) else None


def _grouped(source: Source, at: int) -> Span | None:
    """The number with commas that stands at a place."""
    begins = max(0, at - _AROUND)
    for found in _GROUPED.finditer(source.text[begins : at + _AROUND]):
        if begins + found.start() <= at < begins + found.end():
            return Span(source, begins + found.start(), begins + found.end())
    return None


def _no_comma(span: Span) -> Problem:
    written = span.text.replace(",", "")
    helps = [f"write {written}"]
    if not re.search(",0", span.text):
        helps.append(f"a list is written [{span.text.replace(',', ', ')}]")
    message = "a number has no comma before its thousands"
    return error("E106", message, span, help=tuple(helps), fix=Fix.suggested(span, written))


_MEANT = {
    "→": "->", "⇒": "->", "➔": "->", "⟶": "->", "|": "->", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-",
    "≤": "<=", "≥": ">=", "≠": "!=", "^": "**", "&": "and", "!": "not", "、": ",", "。": ".", "「": '"', "」": '"',
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": '"', "’": '"', "`": '"',
}  # fmt: skip
_AHEAD = 20_000
"""So many characters behind one are looked at for others, which the same fix replaces."""
_OURS = frozenset("()[]{},;:=+-*/?<>.#%0123456789")
_SAME = frozenset({"→", "⇒", "➔", "⟶", "×", "÷", "−", "≤", "≥", "≠", "&&", "||", *"、“”„«»‘’"})
"""What says the same as the sign that is written for it. `^` is another operation elsewhere, and `|`, a dash or a
point may be anything."""
_UNKNOWN = re.compile(r'"[^"\n]*"|[!=<>]=|[^\W\d]\w*|((?![0-9])\d|[^\w\s()\[\]{},:=<>.+*/%?;-]|[^\S \t\n\r\f\v])')
"""Texts, comparisons and names, and in the group 1 what no word of the language begins with."""
_NO_WIDTH = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
"""What nobody sees, and has no meaning anywhere."""
_NEAR = 16
"""How many characters beside a word are looked at."""


def explain(place: Place) -> Problem | None:
    """The error for a character that has no meaning, unless it is of a sentence around the text: `Here's a network`."""
    character, span = place.word, place.span(place.start, place.end)
    if place.kind != "UNKNOWN":
        return None
    is_prose = not place.inside and re.match(rf"\s*{SHORT['NAME']}", place.before)
    if is_prose and (character in "!&’…" or (character == "'" and place.last == place.start)):
        return None
    if character == '"':
        return error("E104", "this text is not closed", span, help='end it with " on the same line')
    if character == "'":
        return _single_quotes(span)
    if ";" in character:
        at = span.start + character.index(";")
        semicolon = Span(place.source, at, at + 1)
        message = "; ends a line, and what follows here belongs to it"
        return error("E101", message, semicolon, help="remove the ;", fix=Fix.suggested(semicolon, ""))
    if unicodedata.category(character) == "Zs":
        message = f"this is another space than that of the space bar (U+{ord(character):04X})"
        return error("E101", message, span, help="write an ordinary space", fix=_all(place))
    if not character.isprintable():
        fix = (Fix.safe if character in _NO_WIDTH else Fix.suggested)(span, "")
        message = f"there is an invisible character (U+{ord(character):04X}) here"
        return error("E101", message, span, help="remove it", fix=fix)
    if character in "←⇐⟵":
        message, helps = "an arrow points to where a value goes", "write -> and change the sides: conv(8, 3) -> relu"
        return error("E101", message, span, help=helps)
    if unicodedata.combining(character):
        letter = Span(place.source, max(span.start - 1, 0), span.end)
        composed = unicodedata.normalize("NFC", letter.text)
        if len(composed) == 1:
            message = f"{composed} is written as a letter and a mark here"
            return error(
                "E101", message, letter, help=f"write {composed} as one letter", fix=Fix.safe(letter, composed)
            )
    meant, end = _meant(place.source.text, place.start)
    if meant is None:
        message = f"the character {character} has no meaning in this language"
        alone = not place.before.strip() or re.match(r"\s*(?:[\n;}]|$)", place.after)
        removed = Fix((removing(Edit(span, "")),), Applicability.UNSAFE) if alone else None
        return error("E101", message, span, help="remove it", fix=removed)
    written = place.source.text[span.start : end]
    message = f"the character {character} has no meaning in this language"
    if unicodedata.east_asian_width(character) == "F":
        written, meant = _run(place.source.text, span.start)
        end = span.start + len(written)
        message = f"{written} is the full-width form of {meant}"
    elif len(written) > 1:
        message = f"{written} is written {meant} here"
    return error("E101", message, Span(place.source, span.start, end), help=f"write {meant}", fix=_all(place))


def _meant(text: str, at: int) -> tuple[str | None, int]:
    """What the character at a place stands for in this language, None where there is nothing; and where it ends."""
    character = text[at]
    if unicodedata.category(character) == "Zs":
        return " ", at + 1
    if text[at + 1 : at + 2] == character and character in "&|":
        return ("and" if character == "&" else "or"), at + 2
    if character == "|" and re.search(r"\bif\b", text[max(0, at - 10 * _NEAR) : at].rpartition("\n")[2]):
        return "or", at + 1
    if character.isdecimal():  # of any script: Python would read them too, and no reader expects it
        return str(unicodedata.decimal(character)), at + 1
    wide = unicodedata.normalize("NFKC", character)
    return wide if wide in _OURS else _MEANT.get(character), at + 1


def _run(text: str, at: int) -> tuple[str, str]:
    """All wide characters that stand together at a place, as far as they mean something, and what is meant."""
    meant: list[str] = []
    for character in text[at : at + _AROUND]:
        narrow = unicodedata.normalize("NFKC", character)
        other = narrow if narrow.isascii() and narrow.isalnum() else _meant(character, 0)[0]
        if unicodedata.east_asian_width(character) not in "FW" or other in (None, " "):
            break
        meant.append(other)
    return text[at : at + len(meant)], "".join(meant)


def _all(place: Place) -> Fix:
    """The fix for this and all such characters after it: whoever writes one writes several.

    Where this one is another form of ours, those that are guesses are left to themselves.
    """
    found = list(_replacements(place))
    if found and _is_same(found[0]):
        return Fix(tuple(edit for edit in found if _is_same(edit)), Applicability.SAFE)
    return Fix(tuple(found), Applicability.UNSAFE)


def _is_same(edit: Edit) -> bool:
    """Whether a character is another form of what is written for it, and no guess at what it stands for."""
    old, new = edit.span.text, edit.text
    return old in _SAME or new == " " or unicodedata.normalize("NFKC", old) == new or old.isdecimal()


def _replacements(place: Place) -> Iterator[Edit]:
    text, reached = place.source.text, 0
    for found in _UNKNOWN.finditer(place.text, place.start, place.start + _AHEAD):
        at = found.start(1)
        if at < max(reached, 0) or (found[1] == "`" and "```" in text[max(0, at - 2) : at + 3]):
            continue
        meant, reached = _meant(text, at)
        if meant is not None:
            if meant.isalpha():  # a word does not touch its neighbours
                meant = " " * _touches(text, at - 1) + meant + " " * _touches(text, reached)
            yield Edit(Span(place.source, at, reached), meant)


def _touches(text: str, at: int) -> bool:
    return not text[at : at + 1].isspace()


def _single_quotes(span: Span) -> Problem:
    source = span.source
    end = source.text.find("'", span.end)
    text = source.text[span.end : end]
    if end == -1 or "\n" in text or '"' in text:
        return error("E104", "a text stands in double quotes", span, help='write "..."')
    whole = Span(source, span.start, end + 1)
    # In the texts of Python a brace stands for itself, and \\ for something else.
    fix = (Fix.suggested if re.search(r"[{}\\]", text) else Fix.safe)(whole, f'"{text}"')
    return error("E104", "a text stands in double quotes", whole, help=f'write "{text}"', fix=fix)
