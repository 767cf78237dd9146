"""Arrows that lead from nothing, to nothing, or to what is no layer."""

from __future__ import annotations

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.source import Span
from cnndsl.syntax.grammar import CLOSED_BY, OPENED_BY
from cnndsl.syntax.place import Place
from cnndsl.syntax.words import Word

WANTS_MORE = "write the next layer after it, or remove it"
_BEFORE_A_STAGE = frozenset({"_ARROW", "_NL", "COMMA", "EQUAL", "COLON", "OUTPUT"})
_BEHIND_A_PIPELINE = frozenset({"_NL", "COMMA", "WHEN", "FOR"})
_SHOWN = 100
"""The longest text to write that is spelled out in a help."""


def between(place: Place) -> Problem | None:
    """An arrow that leads from nothing, or to nothing."""
    word, before = place.word, place.before
    last = place.line[-2] if word.type == "EQUAL" and len(place.line) > 1 else before
    begins = word.type in ("EQUAL", "FOR", "REPEAT", "OUTPUT", "WHEN", "INIT")
    if begins and last is not None and last.type == "_ARROW" and "\n" in last:
        return error("E101", "something is missing after ->", place.span(last), help=WANTS_MORE)
    if word.type != "_ARROW":
        return None
    if before is not None and before.type == "_ARROW":
        return error(
            "E101",
            "nothing stands between these two arrows",
            place.span(before, word),
            help="remove one of them",
            fix=place.removing(word),
        )
    if before is None or before.type in ("LBRACE", "_NL"):
        return error(
            "E101", "nothing stands before this arrow", place.span(), help="begin with a layer or a value: input -> ..."
        )
    if before.type in ("EQUAL", "_LPAR", "LSQB", "COMMA", "COLON", "OUTPUT"):
        given = f"{place.line[-2]} = it -> ..." if before.type == "EQUAL" and len(place.line) > 1 else "it -> ..."
        return error(
            "E101", "nothing stands before this arrow", place.span(), help=f"write the value before it: {given}"
        )
    if place.in_body and any(w.type == "COMMA" for w in place.line) and "EQUAL" in place.expected:
        return error("E101", "one value goes through an arrow, not several", place.span(), help="write a line for each")
    return None


def after_a_choice(place: Place) -> Problem | None:
    """An arrow behind a choice without parentheses: `b = a if same else a -> conv(3, 1)`."""
    if place.word.type != "_ARROW":
        return None
    words = _stage_before(place)
    last = next((word for word in reversed(words) if word.type == "_ELSE" and _is_outside(place, word)), None)
    if last is None or words[0].type == "IF" or words[-1] is last:
        return None
    before, no = place.span(words[0], last).text, place.span(place.following(last)[1], words[-1]).text
    rest = place.span(place.word, _pipe_after(place)).text
    ways = [" ".join(way.split()) for way in (f"({before} {no}) {rest}", f"{before} ({no} {rest})")]
    if any("#" in way or len(way) > _SHOWN for way in ways):
        ways = ["(a if c else b) -> ...", "a if c else (b -> ...)"]
    message = "what this arrow goes on from is not clear: the choice, or only what stands behind else"
    helps = (f"for what was chosen, write {ways[0]}", f"for what stands behind else, write {ways[1]}")
    return error(
        "E105", message, place.span(), labels=(Label(place.span(words[0], words[-1]), "the choice"),), help=helps
    )


def _is_outside(place: Place, word: Word) -> bool:
    """Whether a word before the place stands in no bracket that is closed before it."""
    depth = 0
    for other in place.words[place.at - 1 :: -1]:
        if other is word:
            return depth == 0
        depth += (other.type in OPENED_BY) - (other.type in CLOSED_BY)
    return False


def _stage_before(place: Place) -> list[Word]:
    """The words between an arrow and what begins the stage before it."""
    depth, start = 0, place.at
    while start:
        word = place.words[start - 1]
        depth += (word.type in OPENED_BY) - (word.type in CLOSED_BY)
        if depth < 0 or (depth == 0 and word.type in _BEFORE_A_STAGE):
            break
        start -= 1
    return place.words[start : place.at]


def _pipe_after(place: Place) -> Word:
    """The last word of the pipeline that an arrow is a part of."""
    last, depth = place.word, 0
    for word in place.following(place.word)[1:]:
        depth += (word.type in CLOSED_BY) - (word.type in OPENED_BY)
        if depth < 0 or (depth == 0 and word.type in _BEHIND_A_PIPELINE):
            break
        last = word
    return last


def to_output(place: Place) -> Problem | None:
    """A pipeline that leads to the word output."""
    word, before = place.word, place.before
    if word.type != "OUTPUT" or before is None or before.type != "_ARROW":
        return None
    fix = None
    if place.after is None or place.after.type in ("_NL", "RBRACE"):
        line = place.line
        fix = Fix.suggested(Span(place.source, line[-2].end, word.end), "") if len(line) > 1 else None
    helps = "leave it out: the last value of a body is its output"
    return error("E101", "output is no layer, and begins a line of its own", place.span(), help=helps, fix=fix)


def to_a_name(place: Place) -> Problem | None:
    """A name for a value behind what gives it: `it -> relu = x`."""
    word, line, first = place.word, place.line, place.first
    if word.type != "EQUAL" or not place.in_body or not any(other.type == "_ARROW" for other in line):
        return None
    right = place.line_after(word)[1:]
    if [other.type for other in right[:2]] not in (["NAME"], ["NAME", "_NL"]) or any(w.type == "EQUAL" for w in line):
        return None
    from cnndsl.layers.catalogue import KINDS

    if str(right[0]) in KINDS and [w.type for w in line[-2:]] == ["_ARROW", "NAME"] and str(line[-1]) not in KINDS:
        helps, colon = f"write {line[-1]}: {right[0]}", Fix.suggested(place.span(), ":")
        return error("E101", "on its way a layer gets its name with a colon", place.span(), help=helps, fix=colon)
    name, span, left = right[0], place.span(first, right[0]), place.span(first, line[-1])
    fix = Fix.suggested(span, f"{name} = {left.text}") if "#" not in span.text else None
    helps = f"write {name} = {place.text(first, line[-1])}"
    return error("E101", "only a name can be given a value", left, help=helps, fix=fix)
