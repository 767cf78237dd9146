"""What is wrong with the line that begins a network, a block or a sequence, or that imports something."""

from __future__ import annotations

import re

from cnndsl.diagnostics import Fix, Problem, error
from cnndsl.source import Span
from cnndsl.syntax.place import DEFINITIONS, Place


def from_elsewhere(place: Place) -> Problem | None:
    """An import, or a layer from elsewhere, that is written as in Python."""
    first, word = place.first, place.word
    if place.brackets:
        return None
    if first.type == "EXTERN" and len(place.line) > 1:
        message = "a class from elsewhere is declared with the module it is in, in quotes, and the size that comes out"
        helps = f'write extern {place.line[1]}(...) from "package.module" (shape = same)'
        return error("E101", message, place.span(), help=helps)
    if first.type != "FROM" or not any(other.type == "IMPORT" for other in place.line):
        return None
    helps = 'name each thing that is imported: from "file.cnn" import Unit, Other'
    if str(word) == "*":
        return error("E101", "an import says what is imported", place.span(), help=helps)
    if str(word) == "as" and place.after is not None and place.before is not None:
        helps = f"write {place.before} where it is used"
        return error("E101", "what is imported keeps its name", place.span(word, place.after), help=helps)
    return None


def parameter(place: Place) -> Problem | None:
    """A parameter with a type, `int channels` or `channels: int`, or a base class of Python."""
    word, inner = place.word, place.inner
    if inner is None or not inner.holds_parameters or word.type not in ("NAME", "COLON", "DOT"):
        return None
    if word.type == "DOT":
        message = "a block or network has parameters, and no class that it is made from"
        helps: tuple[str, ...] = ("leave it out, or write names: block Unit(channels, stride = 1) { ... }",)
    else:
        message = "a parameter has a name and perhaps a default, and no type"
        helps = ("write block Unit(channels, stride = 1) { ... }",)
    return error("E101", message, place.span(), help=helps)


def definition(place: Place) -> Problem | None:
    """The beginning of a network or block."""
    first, word = place.first, place.word
    if first.type not in DEFINITIONS or (place.inner is not None and place.inner.holds_parameters):
        return None
    kind = str(first)
    if place.brackets:
        return error(
            "E101",
            f"a {kind} is not defined inside of another body",
            place.span(first),
            help="move it out of here, and use it by its name",
        )
    if place.before is first and word.type != "NUMBER":
        return error("E101", f"this {kind} has no name", place.span(first), help=f"write {kind} Name {{ ... }}")
    after = place.following(first)[1:2]  # nothing, where the text ends with `} network`
    named = re.compile(r"[\w.-]+").match(place.source.text, after[0].start) if after else None
    if named is not None and not named[0].isidentifier() and word.start < named.end():
        parts = re.split(r"[.-]+", named[0].lstrip("0123456789.-_"))
        span = Span(place.source, named.start(), named.end())
        fix = Fix.suggested(span, "_".join(parts)) if named[0][0].isalpha() else None
        helps = f"call it {'_'.join(parts) or 'Net'}"
        return error("E101", "a name has letters, digits and _, and begins with no digit", span, help=helps, fix=fix)
    if "LBRACE" not in place.expected or len(place.line) < 2:
        return None
    name = str(place.line[1])
    if word.type == "COLON":
        return error(
            "E101",
            f"the body of a {kind} stands in braces, and not after a colon",
            place.span(),
            help=f"write {kind} {name} {{ ... }}",
        )
    span = place.span(first, place.before)
    if word.type == "EQUAL":
        message = f"a {kind} with parameters has a body; a variant of another network has none of its own"
        helps = f"write {kind} {name} = ... without them, or {place.text(first, place.line[-1])} {{ ... }}"
        return error("E101", message, span, help=helps)
    written = place.text(first, place.before or first)
    return error("E101", f"{name} has no body", span, help=f"write {written} {{ ... }}")
