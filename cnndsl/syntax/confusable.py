"""Letters of other scripts that look like those of the Latin alphabet: the Cyrillic с in `сonv`, the Greek ο."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.source import Span
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
