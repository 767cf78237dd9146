"""Numbers that are written otherwise elsewhere: `1,024`, `007`, `0x10`, `1_000`, `50%`."""

from __future__ import annotations

import re

from cnndsl.diagnostics import Fix, Problem, error
from cnndsl.source import Source, Span
from cnndsl.syntax.place import Place

_GROUPED = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w.])")
_NEAR = 60
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
    begins = max(0, at - _NEAR)
    for found in _GROUPED.finditer(source.text[begins : at + _NEAR]):
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
