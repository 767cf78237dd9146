"""What people write into brackets who come from another language: tuples, objects, lists to be taken apart.

Each function looks at a place where reading could not go on, and answers for one habit alone.
"""

from __future__ import annotations

import re

from cnndsl.diagnostics import Applicability, Edit, Fix, Problem, error
from cnndsl.source import Span
from cnndsl.syntax.grammar import CLOSED_BY, OPENED_BY
from cnndsl.syntax.place import CONSTANTS, LISTED, VALUES, Place
from cnndsl.syntax.words import Word

_AHEAD = 2000
"""How many words behind a parenthesis are looked at for its partner."""
_OTHER = re.compile(r"(\w+)(?:\{(\s*\d[\w\s.,=\"-]*)\}|<(\s*\d[\w\s.,=\"-]*)>)")


def arguments(place: Place) -> Problem | None:
    """Arguments without their parentheses: `conv 8, 3`."""
    before, word = place.before, place.word
    if before is None or before.type != "NAME" or not place.in_body or word.type not in CONSTANTS:
        return None
    if place.after is not None and place.after.type == "COLON":  # a label in quotes
        return None
    following = place.following(word)
    end = next((k for k, other in enumerate(following) if other.type not in CONSTANTS | {"COMMA", "EQUAL", "NAME"}), 0)
    span = place.span(before, following[end - 1])
    given = re.sub(r"(?<=[\w\"]) +(?=[\w\"])", ", ", Span(place.source, word.start, span.end).text)
    wanted = f"{before}({given})"
    fix = None
    if end and following[end].type in ("_NL", "RBRACE", "_ARROW", "RPAR") and "#" not in span.text:
        whole = place.span(before, following[end]) if following[end].type == "RPAR" else span
        fix = Fix.suggested(whole, wanted)
    message = f"the arguments of {before} stand in parentheses"
    return error("E101", message, span, help=f"write {wanted}", fix=fix)


def other_brackets(place: Place) -> Problem | None:
    """Arguments in other brackets than parentheses: `conv{8, 3}`, `conv<8, 3>`."""
    line = place.line
    for at, opening in enumerate([*line, place.word]):
        if at and opening.type in ("LBRACE", "COMPARE") and opening.start == line[at - 1].end:
            break
    else:
        return None
    name = line[at - 1]
    found = _OTHER.match(place.source.text, name.start)
    if name.type != "NAME" or found is None or not place.in_body or place.word.start >= found.end():
        return None
    span = Span(place.source, found.start(), found.end())
    written = f"{name}({found[2] or found[3]})"
    message, fix = f"the arguments of {name} stand in parentheses", Fix.suggested(span, written)
    return error("E101", message, span, help=f"write {written}", fix=fix)


def no_brackets(place: Place) -> Problem | None:
    """A list, or arguments, without any brackets: `sizes = 8, 16`, `conv = 8, 3`."""
    from cnndsl.layers.catalogue import KINDS

    line, word = place.line, place.word
    given = next((k for k, other in enumerate(line) if other.type == "EQUAL"), 0)
    if word.type != "COMMA" or not place.in_body or not 0 < given < len(line) - 1:
        return None
    if any(other.type not in ("NAME", "COMMA") for other in line[:given]):
        return None
    rest, whole = place.rest(line[given + 1]), place.rest(line[0])
    if "#" in rest.text or "\n" in rest.text or "->" in rest.text:
        return None
    if given == 1 and str(line[0]) in KINDS and line[2].type in CONSTANTS:
        message, written = f"the arguments of {line[0]} stand in parentheses", f"{line[0]}({rest.text})"
        return error("E101", message, whole, help=f"write {written}", fix=Fix.suggested(whole, written))
    written = f"[{rest.text}]"
    message, fix = "the items of a list stand in square brackets", Fix.suggested(rest, written)
    return error("E101", message, rest, help=f"write {written}", fix=fix)


def item(place: Place) -> Problem | None:
    """Several things in the square brackets that take one item of a list: `conv[8, 3]`, `it[:, 0:2]`."""
    word, inner = place.word, place.inner
    if word.type != "COMMA" or inner is None or inner.token.type != "LSQB" or inner.before is None:
        return None
    if inner.before.end != inner.token.start or inner.before.type not in VALUES:
        return None
    message = "square brackets behind a name take one item of a list, or a part of it"
    helps = ["a part of a value is taken with split or crop"]
    if inner.before.type == "NAME":
        helps.insert(0, f"arguments stand in parentheses: {inner.before}(...)")
    return error("E101", message, place.span(inner.token, word), help=tuple(helps))


def braced_arguments(place: Place) -> Problem | None:
    """Arguments as an object of JavaScript: `conv(8, {kernel: 5, stride: 2})`."""
    word, inner = place.word, place.inner
    if word.type != "COMMA" or inner is None or inner.token.type != "LBRACE" or inner.before is None:
        return None
    if inner.before.type not in ("_LPAR", "COMMA"):
        return None
    source, start = place.source, inner.token.start
    found = re.compile(r"\{\s*(\w+\s*:[^,:{}\n]+(?:,\s*\w+\s*:[^,:{}\n]+)+,?\s*)\}").match(source.text, start)
    if found is None:
        return None
    given = re.sub(r"(\w)\s*:\s*", r"\1=", " ".join(found[1].split())).rstrip(",")
    span = Span(source, start, found.end())
    message = "arguments are given with =, and without braces"
    return error("E101", message, span, help=f"write {given}", fix=Fix.suggested(span, given))


def several_items(place: Place) -> Problem | None:
    """A tuple of Python: `(3, 3)`, `(left, right)`."""
    inner = place.inner
    if place.word.type != "COMMA" or inner is None or inner.token.type != "_LPAR" or inner.is_call:
        return None
    words = place.following(inner.token)
    end = _closing(words)
    numbers = bool(end) and all(word.type in LISTED for word in words[1:end])
    around = place.brackets[-2] if len(place.brackets) > 1 else None
    if not end or not (numbers or around is None or around.token.type == "LBRACE" or _closing(words, end + 1)):
        return None
    opening, closing, span = place.span(words[0]), place.span(words[end]), place.span(words[0], words[end])
    items = " ".join(Span(place.source, opening.end, closing.start).text.split()).rstrip(", ")
    after = words[end + 1 : end + 2]
    if words[0] is place.first and after and after[0].type == "EQUAL":
        fix = Fix((Edit(opening, ""), Edit(closing, "")), Applicability.SAFE)
        return error("E101", "names with values stand without brackets", span, help=f"write {items} = ...", fix=fix)
    what = "numbers" if all(word.type in LISTED - {"NAME"} for word in words[1:end]) else "items"
    # Elsewhere than among arguments the name of a layer may be missing, and 1,024 is one number.
    is_tuple = what == "numbers" and around is not None and around.is_call
    is_tuple = is_tuple and not any(re.match(r"0\d", str(word)) for word in words[1:end])
    fix = Fix((Edit(opening, "["), Edit(closing, "]")), Applicability.SAFE if is_tuple else Applicability.UNSAFE)
    return error("E101", f"several {what} stand in square brackets", span, help=f"write [{items}]", fix=fix)


def _closing(words: list[Word], start: int = 1) -> int:
    """Where the parenthesis before `words[start]` is closed; 0 where it is not, or not before a brace."""
    depth = 0
    for k in range(start, min(len(words), start + _AHEAD)):
        kind = words[k].type
        if kind in ("LBRACE", "RBRACE"):
            return 0
        depth += (kind in CLOSED_BY) - (kind in OPENED_BY)
        if depth < 0:
            return k if kind == "RPAR" else 0
    return 0


def unpacked(place: Place) -> Problem | None:
    """A list that is to be taken apart, as in Python: `sequential(*layers)`, `conv(**options)`."""
    word, before, inner = place.word, place.before, place.inner
    if word.type not in ("STAR", "POWER") or inner is None or inner.token.type == "LBRACE" or before is None:
        return None
    if before is not inner.token and before.type != "COMMA":
        return None
    helps = (
        "arguments are written one by one",
        "the layers of a list are applied in a loop: for layer in layers { layer }",
    )
    message = f"{word} takes nothing apart here"
    return error("E101", message, place.span(), help=helps if word.type == "STAR" else helps[:1])
