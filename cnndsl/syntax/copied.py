"""What a text has brought with it from where it was copied: a chat, a README, an editor with line numbers, a list.

Each function looks at a place where reading could not go on, and answers for one kind of such marks.
"""

from __future__ import annotations

import re
from itertools import pairwise

from cnndsl.diagnostics import Applicability, Edit, Fix, Problem, error
from cnndsl.source import Span
from cnndsl.syntax.place import Place
from cnndsl.syntax.words import Word

_FENCE = re.compile(r"[ \t]*+(?:```|~~~)[ \t]*+[\w.+-]*+[ \t]*+$")
_QUOTED = re.compile(r"^[ \t]*>{1,3}(?: |$)", re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]*(\d{1,6})(?:[ \t]*[:|.)](?=\s)|\t|[ ]|$)[ ]?", re.MULTILINE)
_LISTED = re.compile(r"(?:\d{1,4}[.)]|[*•‣▪●○–—−-])[ \t]+(?=[^\W\d])")
_MOST = 2000
"""How many lines one fix changes."""


def fence(place: Place) -> Problem | None:
    """The marks around a text in a chat or a README: three backticks, and perhaps the name of a language."""
    source, line = place.source, place.source.position(place.word.start).line
    text = source.line(line)
    if not _FENCE.match(text):
        return None
    start = source.offset(line)
    span = Span(source, start + len(text) - len(text.lstrip()), start + len(text.rstrip()))
    message = "this marks a text in a chat or a README, and is no part of it"
    return error("E101", message, span, help="remove this line", fix=Fix.suggested(span, ""))


def line_ends(place: Place) -> Problem | None:
    """Lines that end with a carriage return alone, as some old editors write them."""
    source, before = place.source, place.before
    start = before.end if before is not None else 0
    at = re.compile(r"[ \t\f\v]*+(?:#[^\r\n]*)?\r(?!\n)").match(source.text, start)
    if at is None or at.end() > place.word.start:
        return None
    ends = re.finditer(r"\r(?!\n)", source.text)
    edits = tuple(Edit(Span(source, end.start(), end.end()), "\n") for end, _ in zip(ends, range(_MOST), strict=False))
    # Where other lines end as usual, one such character may stand in the middle of a comment.
    applicability = Applicability.UNSAFE if "\n" in source.text else Applicability.SAFE
    message = "the lines end with the character U+000D alone, and are all one line so"
    span = Span(source, at.end() - 1, at.end())
    return error("E101", message, span, help="save the text with the line ends LF", fix=Fix(edits, applicability))


def prefixes(place: Place) -> Problem | None:
    """What stands before every line: the > of a quotation, or the numbers of the lines."""
    if place.line or place.brackets or place.word.type not in ("COMPARE", "NUMBER"):
        return None
    source, begins = place.source, place.source.offset(place.source.position(place.word.start).line)
    numbered = place.word.type == "NUMBER"
    found = list(_before_lines(source.text[begins:], numbered=numbered))
    if not found:
        return None
    edits = tuple(Edit(Span(source, begins + start, begins + end), "") for start, end in found)
    message = "the lines begin with their numbers" if numbered else "the lines begin with the > of a quotation"
    fix = Fix(edits[:_MOST], Applicability.UNSAFE)
    return error("E101", message, place.span(), help="remove them from all lines", fix=fix)


def _before_lines(text: str, *, numbered: bool) -> list[tuple[int, int]]:
    """Where the numbers of all lines stand, or the signs before those that are quoted; empty if there are others."""
    found = list((_NUMBERED if numbered else _QUOTED).finditer(text))
    if not found or found[0].start():
        return []
    if numbered:
        numbers = [int(match[1]) for match in found]
        lines = sum(bool(line.strip()) for line in text.split("\n"))
        if len(found) < max(2, lines) or any(b != a + 1 for a, b in pairwise(numbers)):
            return []
    return [match.span() for match in found]


def item(place: Place) -> Problem | None:
    """A line as in a list: `1. conv(8, 3)`, `2) relu`, `* relu`, `• relu`."""
    first, source = place.first, place.source
    if not place.in_body or (len(place.line) > 1 and first.type != "MINUS"):
        return None
    found = _LISTED.match(source.text, first.start)
    if found is None or (place.word.start > found.end() and first.type != "MINUS"):
        return None
    span = Span(source, found.start(), found.end())
    fix = Fix.suggested(span, "")
    sign = Span(source, found.start(), found.start() + len(found[0].rstrip()))
    return error("E101", f"a line of a body has no {sign.text} before it", sign, help="remove it", fix=fix)


def printed(place: Place) -> Problem | None:
    """A layer as PyTorch prints it: `(conv1): Conv2d(3, 64, kernel_size=(7, 7))`, `(0): ReLU()`."""
    line, word = place.line, place.word
    if not place.in_body or word.type != "COLON" or [other.type for other in line[::2]] != ["_LPAR", "RPAR"]:
        return None
    name, span = line[1], place.span(line[0], word)
    if name.type == "NAME":
        fix = Fix.safe(span, f"{name}:")
        return error("E101", "a name stands without parentheses", span, help=f"write {name}: ...", fix=fix)
    if name.type != "NUMBER" or place.after is None:
        return None
    fix = Fix.suggested(Span(place.source, span.start, place.after.start), "")
    return error("E101", "the layers of a chain are numbered by themselves", span, help="remove it", fix=fix)


def left_out(place: Place) -> Problem | None:
    """Three dots for what somebody left out, and the full stop of a sentence behind a line."""
    word, source, before = place.word, place.source, place.before
    dots = re.compile(r"\.{3,}|…").match(source.text, place.first.start)
    if dots is not None and word.start < dots.end():
        span = Span(source, dots.start(), dots.end())
        alone = re.compile(r"[ \t]*\n").match(source.text, dots.end())
        begins = source.offset(span.position.line)
        alone = alone if not source.text[begins : dots.start()].strip() else None
        fix = Fix.suggested(Span(source, begins, alone.end()), "") if alone else None
        message = "dots leave nothing out: a network is all that is written"
        return error("E101", message, span, help="write what is meant, or remove them", fix=fix)
    stop = word if str(word) in ("。", "．") else before
    after = place.after if stop is word else word
    ends = after is None or after.type in ("_NL", "RBRACE", "$END")
    if stop is None or not ends or not place.in_body or not place.line:
        return None
    if stop is not word and (stop.type != "DOT" or not _ends_a_layer(place.line)):
        return None
    return error(
        "E101", "a line ends without a full stop", place.span(stop), help="remove it", fix=place.removing(stop)
    )


def _ends_a_layer(line: list[Word]) -> bool:
    """Whether what stands before the last word of a line is a layer, of which nothing is asked with a dot."""
    from cnndsl.layers.catalogue import KINDS

    return len(line) > 1 and (line[-2].type == "RPAR" or str(line[-2]) in KINDS)
