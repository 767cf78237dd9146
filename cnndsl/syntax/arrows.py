"""Arrows that lead from nothing, to nothing, or to what is no layer."""

from __future__ import annotations

from cnndsl.diagnostics import Fix, Problem, error
from cnndsl.source import Span
from cnndsl.syntax.place import Place

WANTS_MORE = "write the next layer after it, or remove it"


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


def to_output(place: Place) -> Problem | None:
    """A pipeline that leads to the word output."""
    word, before = place.word, place.before
    if word.type != "OUTPUT" or before is None or before.type != "_ARROW":
        return None
    fix = None
    if place.after is None or place.after.type in ("_NL", "RBRACE"):
        line = place.line
        fix = Fix.replacing(Span(place.source, line[-2].end, word.end), "") if len(line) > 1 else None
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
        helps, colon = f"write {line[-1]}: {right[0]}", Fix.replacing(place.span(), ":")
        return error("E101", "on its way a layer gets its name with a colon", place.span(), help=helps, fix=colon)
    name, span, left = right[0], place.span(first, right[0]), place.span(first, line[-1])
    fix = Fix.replacing(span, f"{name} = {left.text}") if "#" not in span.text else None
    helps = f"write {name} = {place.text(first, line[-1])}"
    return error("E101", "only a name can be given a value", left, help=helps, fix=fix)
