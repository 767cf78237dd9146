"""What to say about a character that the language does not have, and about numbers that are written otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from cnndsl.diagnostics import Applicability, Edit, Fix, Label, Problem, error
from cnndsl.source import Source, Span
from cnndsl.syntax.place import WORDS, Place

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


def word(place: Place) -> Problem | None:
    """A word of the language with a letter of another script: `rеpeat 3 { relu }`."""
    for found in (place.first, place.before, place.word):
        if found is not None and found.type == "NAME" and latin(found) in WORDS and latin(found) != found:
            return misread(str(found), place.span(found), latin(found), "E101")
    return None


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
    found = _grouped(place.source, place.word.start) if place.word.type in ("COMMA", "NUMBER") else None
    if found is None or place.first.type in ("INPUT", "OUTPUT"):
        return None
    inner = place.inner
    alone = inner is None or inner.token.type == "LBRACE" or inner.holds_parameters
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


def number(place: Place) -> Problem | None:
    """A number as other languages have it: `0x10`, `1_000`, `50%`, and `3px`, which is none."""
    word, before = place.word, place.before
    if before is not None and len(place.line) > 1 and str(before) == "%" and place.line[-2].type == "NUMBER":
        percent, span = place.line[-2], place.span(place.line[-2], before)
        share = f"{float(percent) / 100:g}"
        alone = before.start == percent.end and word.type in ("RPAR", "COMMA")  # and not the rest of a division
        fix = (Fix.safe if alone and float(share) == float(percent) / 100 else Fix.suggested)(span, share)
        return error("E101", "a share is written as a number, without %", span, help=f"write {share}", fix=fix)
    if before is None or before.type != "NUMBER" or word.type != "NAME" or not place.is_glued:
        return None
    text, span = f"{before}{word}", place.span(before, word)
    if re.fullmatch(r"0([xX][0-9a-fA-F]+|[bB][01]+|[oO][0-7]+)", text):
        meant = str(int(text, 0))
        fix = Fix.safe(span, meant)
        return error("E101", "numbers are written in decimal digits", span, help=f"write {meant}", fix=fix)
    if re.fullmatch(r"[0-9.]+(_[0-9]+)+", text):
        meant = text.replace("_", "")
        fix = Fix.safe(span, meant)
        return error("E101", "numbers are written without _", span, help=f"write {meant}", fix=fix)
    if re.fullmatch(r"\d+(x\d+)+", text):
        help_text = f"write {text.replace('x', ', ')} for sizes, [{text.replace('x', ', ')}] for a kernel"
        return error("E101", f"{text} is neither a number nor a name", span, help=help_text)
    return error("E101", f"{text} is neither a number nor a name", span, help="a name begins with a letter or _")


_MEANT = {
    "→": "->", "⇒": "->", "➔": "->", "⟶": "->", "|": "->", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-",
    "≤": "<=", "≥": ">=", "≠": "!=", "^": "**", "&": "and", "!": "not", "、": ",", "。": ".", "「": '"', "」": '"',
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": '"', "’": '"', "`": '"',
}  # fmt: skip
_AHEAD = 4000  # words, of which one fix replaces the characters
_OURS = frozenset("()[]{},;:=+-*/?<>.#%")
_ARROW = re.compile(r"[-=~|\u2010-\u2015\u2212\u2500\u30fc\uff0d]+[ \t]?[>\uff1e]+|>{2,}")
"""What is meant as an arrow: of dashes of all lengths, also those of a Japanese keyboard, and a point."""
_PLAIN_ARROW = re.compile(r"(?:-{1,3}|=|==|~|\||[\u2010-\u2015\u2212\u2500\u30fc\uff0d]+|-[ \t])[>\uff1e]|>>")
"""An arrow that is nothing else, of one kind of dashes."""


_SAME = frozenset({"→", "⇒", "➔", "⟶", "×", "÷", "−", "≤", "≥", "≠", "&&", "||", *"、“”„«»‘’"})
"""What says the same as the sign that is written for it. `^` is another operation elsewhere, and `|`, a dash or a
point may be anything."""
_NO_WIDTH = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
"""What nobody sees, and has no meaning anywhere."""
_NEAR = 16
"""How many characters beside a word are looked at."""
_COMPARED = {"<>": "!=", "=<": "<=", "=>": ">=", "===": "==", "!==": "!="}
"""What other languages compare with."""


def arrow(place: Place) -> Problem | None:
    """An arrow that is written otherwise: `=>`, `-->`, `>>`, `- >`; and what is compared otherwise, behind an if."""
    source, start = place.source, place.word.start
    line = source.position(start).line
    begins = source.offset(line)
    if re.match(r"\s*(?:\}?\s*else\s+)?if\b", source.line(line)):
        for found in re.finditer(r"<>|=<|=>|!?===?", source.line(line)):
            if not re.search(r"if\b[^{}]*$", source.line(line)[: found.start()]):
                continue  # in braces => is an arrow
            span = Span(source, begins + found.start(), begins + found.end())
            if span.start <= start < span.end and span.text in _COMPARED:
                meant = _COMPARED[span.text]
                message, fix = f"{span.text} is written {meant} here", Fix.safe(span, meant)
                return error("E101", message, span, help=f"write {meant}", fix=fix)
    near = max(begins, start - _NEAR)  # a long row of dashes is no arrow, and would be gone through time and again
    for found in _ARROW.finditer(source.text[near : start + _NEAR].partition("\n")[0]):
        span = Span(source, near + found.start(), near + found.end())
        if span.start <= start < span.end and span.text != "->":
            make = Fix.safe if _PLAIN_ARROW.fullmatch(span.text) else Fix.suggested
            return error("E101", "an arrow is written ->", span, help="write ->", fix=make(span, "->"))
    return None


def is_prose(place: Place) -> bool:
    """Whether the character belongs to a sentence around the text: `Sure! Here is the network`, `Here's a network`."""
    if place.brackets or place.first.type != "NAME" or place.word is place.first:
        return False
    return str(place.word) in "!&’…" or (str(place.word) == "'" and place.is_glued)


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
    meant, end = _meant(place, place.at)
    if meant is None:
        message = f"the character {character} has no meaning in this language"
        alone = not place.line or place.after is None or place.after.type in ("_NL", "RBRACE")
        return error("E101", message, span, help="remove it", fix=place.removing(place.word) if alone else None)
    written = place.source.text[span.start : end]
    message = f"the character {character} has no meaning in this language"
    if unicodedata.east_asian_width(character) == "F":
        message = f"{character} is the full-width form of {meant}"
    elif len(written) > 1:
        message = f"{written} is written {meant} here"
    return error("E101", message, Span(place.source, span.start, end), help=f"write {meant}", fix=_all(place))


def _meant(place: Place, at: int) -> tuple[str | None, int]:
    """What the character `words[at]` stands for in this language, None where there is nothing; and where it ends."""
    word = place.words[at]
    character = str(word)
    if unicodedata.category(character) == "Zs":
        return " ", word.end
    if place.source.text[word.end : word.end + 1] == character and character in "&|":
        return ("and" if character == "&" else "or"), word.end + 1
    before = place.source.text[max(0, word.start - 10 * _NEAR) : word.start].rpartition("\n")[2]
    if character == "|" and re.search(r"\bif\b", before):
        return "or", word.end
    wide = unicodedata.normalize("NFKC", character)
    return wide if wide in _OURS else _MEANT.get(character), word.end


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
    return old in _SAME or new == " " or unicodedata.normalize("NFKC", old) == new


def _replacements(place: Place) -> Iterator[Edit]:
    text, reached = place.source.text, 0
    for at in range(place.at, min(place.at + _AHEAD, len(place.words))):
        word = place.words[at]
        if word.type != "UNKNOWN" or len(word) > 1 or word.start < reached:
            continue
        if str(word) == "`" and "```" in text[max(0, word.start - 2) : word.end + 2]:
            continue
        meant, reached = _meant(place, at)
        if meant is not None:
            if meant.isalpha():  # a word does not touch its neighbours
                meant = " " * _touches(text, word.start - 1) + meant + " " * _touches(text, reached)
            yield Edit(Span(place.source, word.start, reached), meant)


def _touches(text: str, at: int) -> bool:
    return not text[at : at + 1].isspace()


def _single_quotes(place: Place, span: Span) -> Problem:
    source = place.source
    end = source.text.find("'", span.end)
    text = source.text[span.end : end]
    if end == -1 or "\n" in text or '"' in text:
        return error("E104", "a text stands in double quotes", span, help='write "..."')
    whole = Span(source, span.start, end + 1)
    # In the texts of Python a brace stands for itself, and \\ for something else.
    fix = (Fix.suggested if re.search(r"[{}\\]", text) else Fix.safe)(whole, f'"{text}"')
    return error("E104", "a text stands in double quotes", whole, help=f'write "{text}"', fix=fix)
