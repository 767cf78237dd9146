"""What people write who come from another language, or copied from a chat, a README, an editor with line numbers."""

from __future__ import annotations

import re
from itertools import pairwise

from cnndsl.diagnostics import Applicability, Edit, Fix, Problem, error
from cnndsl.source import Span
from cnndsl.syntax.grammar import CLOSED_BY, OPENED_BY, Word
from cnndsl.syntax.place import CONSTANTS, DEFINITIONS, LISTED, VALUES, Place, other_names, show, span_of

_WORDS = {
    "class": "a network is written network Net { ... }",
    "def": "a block is written outside of other bodies: block Unit(channels) { ... }",
    "fn": "a block is written outside of other bodies: block Unit(channels) { ... }",
    "func": "a block is written outside of other bodies: block Unit(channels) { ... }",
    "function": "a block is written outside of other bodies: block Unit(channels) { ... }",
    "import": 'what stands in another file is imported with from "file.cnn" import Unit',
    "include": 'what stands in another file is imported with from "file.cnn" import Unit',
    "return": "the last value of a body is its output; several are written output a, b",
    "elif": "write else if",
    "elseif": "write else if",
    "elsif": "write else if",
    "while": "write repeat 3 { ... } or for i in range(3) { ... }",
    "let": "write name = ...",
    "const": "write name = ...",
    "var": "write name = ...",
    "int": "write name = ...",
    "float": "write name = ...",
    "auto": "write name = ...",
    "lambda": "a layer is handed on as it is: act = relu; what is made of several is a block",
    "assert": "remove this line: all sizes are checked when the text is compiled",
}
_NEAR = 80
_BELOW = 4
_SHOWN = 100
"""The longest line to write that is spelled out in a help."""
_TYPES = frozenset({"int", "float", "auto"})
_USED = frozenset({"EQUAL", "COLON", "_ARROW", "DOT"})
"""What follows a name that has a meaning, or is given one."""
_LEFT_OUT = frozenset({"return", "let", "const", "var", *_TYPES})
"""Words without which the line is right."""
_MODULES = frozenset({"torch", "torchvision", "tensorflow", "keras", "numpy", "jax", "flax"})
_NO_LAYER = frozenset({"OUTPUT", "INIT", "FOR", "IF", "REPEAT", "WHEN", *CONSTANTS})
"""What begins a line in which commas stand between other things than layers."""
_SIGNS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "POWER"})


def long_comment(place: Place) -> Problem | None:
    """A comment over several lines: between three quotes, as in Python, or as in C."""
    source, start = place.source, place.first.start
    if place.word.type in ("STAR", "POWER") and place.is_glued and str(place.before) == "/":
        start = place.word.start - 1
    opening = source.text[start : start + 3]
    opening = opening if opening in ('"""', "'''") else opening[:2]
    closing = {'"""': '"""', "'''": "'''", "/*": "*/"}.get(opening)
    if closing is None:
        return None
    message, helps = "a comment begins with #", "write # before each line of it"
    end = source.text.find(closing, start + len(opening))
    if end == -1:
        return error("E101", message, Span(source, start, start + len(opening)), help=helps)
    span = Span(source, start, end + len(closing))
    lines = span.text[len(opening) : -len(closing)].split("\n")
    if opening == "/*":
        lines = [re.sub(r"^(\s*)\*+ ?|\*+$", r"\1", line) for line in lines]
    commented = [re.sub(r"^(\s*)(.*?)\s*$", r"\1# \2", line).rstrip() for line in lines]
    while len(commented) > 1 and commented[-1].strip() == "#":  # the closing quotes stood on a line of their own
        commented.pop()
    if len(commented) == 1:
        helps = f"write {commented[0].strip()}"
    alone = re.match(r"[ \t]*(\n|$)", source.text[span.end :])
    fix = Fix.safe(span, "\n".join(commented).lstrip()) if alone else None
    return error("E101", message, span, help=helps, fix=fix)


def comment(place: Place) -> Problem | None:
    """A comment of C."""
    words = [*place.line, place.word]
    for word in words:
        if str(word) == "//":
            span = span_of(word, place.source)
            # Behind something else it may divide, and what follows would be lost.
            fix = (Fix.safe if word is words[0] else Fix.suggested)(span, "#")
            return error("E101", "a comment begins with #", span, help="write # in place of it", fix=fix)
    return None


def prefixed_text(place: Place) -> Problem | None:
    """A text of Python with a letter before its quotes: `f"conv{i}"`."""
    before, word = place.before, place.word
    if before is None or str(before).lower() not in ("f", "r", "b", "u", "fr", "rf") or not place.is_glued:
        return None
    if word.type != "STRING" and str(word) not in ('"', "'"):
        return None
    message, helps = "a text has no letter before its quotes", "leave it out: what is in braces is worked out anyway"
    # Without the f, a brace stands for itself in Python; with it, two of them do.
    given = str(word)
    same = "{{" not in given if str(before).lower() == "f" else word.type == "STRING" and "{" not in given
    make = Fix.safe if same else Fix.suggested
    return error("E101", message, place.span(before), help=helps, fix=make(place.span(before), ""))


def name_with_braces(place: Place) -> Problem | None:
    """A name that is worked out, without its quotes: `conv{i}: conv(8, 3)`."""
    before = place.before
    if place.word.type != "LBRACE" or before is None or before.type != "NAME" or not place.is_glued:
        return None
    found = re.compile(r"\w+(?:\{\w+\}\w*)+(?=\s*:)").match(place.source.text, before.start)
    if found is None:
        return None
    span = Span(place.source, found.start(), found.end())
    fix = Fix.safe(span, f'"{found[0]}"')
    return error("E101", "a name that is worked out stands in quotes", span, help=f'write "{found[0]}"', fix=fix)


def augmented(place: Place) -> Problem | None:
    """A value that is changed in place: `n += 1`, `n++`."""
    line, word = place.line, place.word
    name, signs = line[0] if line else None, [str(other) for other in line[1:]]
    if name is None or name.type not in ("NAME", "IT") or not place.in_body:
        return None
    if word.type in ("_NL", "RBRACE", "$END") and signs in (["+", "+"], ["-", "-"]):
        span, sign, added = place.span(name, place.before), signs[0], "1"
    elif word.type == "EQUAL" and len(signs) == 1 and line[1].type in _SIGNS and place.is_glued:
        rest = place.rest(name)
        span, sign = rest, signs[0]
        after = place.following(word)[1:2]
        if not after or after[0].type in ("_NL", "RBRACE") or "#" in rest.text:
            return None
        added = Span(place.source, after[0].start, rest.end).text
        added = added if re.fullmatch(r"[\w.]+", added) else f"({added})"
    else:
        return None
    wanted = f"{name} {sign} {added}" if name.type == "IT" else f"{name} = {name} {sign} {added}"
    message = "a value is made with =, and is not changed afterwards"
    return error("E101", message, span, help=f"write {wanted}", fix=Fix.suggested(span, wanted))


def brace_below(place: Place) -> Problem | None:
    """A brace on a line of its own, below what it belongs to."""
    before, after = place.before, place.after
    if before is None or not place.is_brace_below:
        return None
    message = "a { stands on the line of what it belongs to, at its end"
    end, brace = span_of(before, place.source).end, span_of(after, place.source) if after is not None else place.span()
    between = Span(place.source, end, brace.start)
    fix = Fix.safe(between, " ")
    if "#" in between.text:
        fix = Fix((Edit(Span(place.source, end, end), " {"), Edit(brace, "")), Applicability.SAFE)
    return error("E101", message, brace, help="move it to the end of the line above", fix=fix)


def choice(place: Place) -> Problem | None:
    """A choice as in C: `a ? b : c`."""
    if place.word.type != "HOLE" or place.before is None or place.before.type not in VALUES:
        return None
    return error(
        "E101", "? is a size that is left open, and chooses nothing", place.span(), help="write a if condition else b"
    )


def other_language(place: Place) -> Problem | None:
    """A line that begins with a word of Python or JavaScript."""
    first = place.first
    if str(place.before) == "lambda":
        return error("E101", "lambda is no word of this language", place.span(place.before), help=_WORDS["lambda"])
    if place.brackets and not place.in_body:
        return None
    line = [*place.line, place.word, *([place.after] if place.after else [])]
    if first.type in ("FROM", "IMPORT") and any(str(word) in _MODULES for word in line[:3]):
        span = place.rest(first)
        help_text = "remove this line: the layers are all there"
        return error("E101", "nothing of Python is imported here", span, help=help_text, fix=Fix.suggested(span, ""))
    if first.type == "FROM" and place.word.type == "NAME" and place.before is first:
        span = place.rest(first)
        found = re.fullmatch(r"from\s+([\w.]+)\s+import\s+(\w+(?:\s*,\s*\w+)*)", span.text)
        helps = f'write from "{found[1].replace(".", "/")}.cnn" import {found[2]}' if found else _WORDS["import"]
        return error("E101", "an import names a file", place.span(), help=helps)
    if str(first) not in _WORDS or (str(first) in _TYPES and [word.type for word in line[:2]] != ["NAME", "NAME"]):
        return None
    if len(line) > 1 and line[1].type in _USED:  # a name of the text itself
        return None
    what = (
        "an import begins with from" if str(first) in ("import", "include") else f"{first} is no word of this language"
    )
    fix = None
    if _WORDS[str(first)] == "write else if":
        fix = Fix.safe(place.span(first), "else if")
    elif str(first) == "return" and _has_commas(place.line_after(first)):
        fix = Fix.suggested(place.span(first), "output")
    elif str(first) in _LEFT_OUT and place.word is not first:
        following = line[1]
        fix = Fix.suggested(Span(place.source, first.start, following.start), "")
    return error("E101", what, place.span(first), help=_WORDS[str(first)], fix=fix)


def _has_commas(words: list[Word]) -> bool:
    """Whether commas stand between words, and not only in brackets."""
    depth = 0
    for word in words:
        depth += (word.type in CLOSED_BY) - (word.type in OPENED_BY)
        if depth == 0 and word.type == "COMMA":
            return True
    return False


def settings(place: Place) -> Problem | None:
    """Layers and their arguments as a configuration file has them: `conv: 8, 5`, `input: [3, 32, 32]`, `- relu`."""
    word, line = place.word, place.line
    if not line or (place.brackets and not place.in_body):
        return None
    name, kind = str(line[0]), line[0].type
    if kind in DEFINITIONS and len(line) == 1 and word.type in ("COLON", "STRING"):
        title = place.after if word.type == "COLON" else word
        called = str(title).strip('"') if title is not None and title.type in ("NAME", "STRING") else "Net"
        help_text = f"write {name} {called} {{ ... }}"
        fix = Fix.safe(place.span(), called) if word.type == "STRING" and called.isidentifier() else None
        span = place.span(line[0], word)
        return error("E101", f"a {name} is a name and a body in braces", span, help=help_text, fix=fix)
    if not place.in_body:
        return None
    rest = line[2:]
    if kind == "NAME" and len(line) > 2 and line[1].type == "COLON" and all(w.type in LISTED for w in [*rest, word]):
        span = place.rest(line[0])
        given = span.text.partition(":")[2].strip()
        if "#" not in given and re.fullmatch(r"[\w\s.,-]+", given):
            wanted = f"{name}({given})"
            message = f"a colon gives a layer a name; the arguments of {name} stand in parentheses"
            return error("E101", message, span, help=f"write {wanted}", fix=Fix.suggested(span, wanted))
    return None


def listed(place: Place) -> Problem | None:
    """Layers in a row with commas between them: `conv1, relu`, `conv(8, 3), relu`."""
    if not place.in_body or place.word.type == "_ARROW" or place.first.type in _NO_LAYER:
        return None
    line, depth, commas = place.line_after(place.first), 0, []
    for word in line:
        depth += (word.type in CLOSED_BY) - (word.type in OPENED_BY)
        if depth == 0 and word.type in ("EQUAL", "UNKNOWN"):
            return None
        if depth == 0 and word.type == "COMMA":
            commas.append(word)
    if not commas or commas[0] is line[0] or commas[0].start > place.word.start or commas == line[-1:]:
        return None
    span = place.span(line[0], line[-1])
    edits = (Edit(place.span(comma), "" if comma is line[-1] else " ->") for comma in commas)
    fix = Fix(tuple(edits), Applicability.UNSAFE) if depth == 0 and "#" not in span.text else None
    if any(word.type not in ("NAME", "COMMA") for word in line):
        helps: tuple[str, ...] = ("layers are put in a row with ->",)
        if _ends_with_a_name(line):
            helps, fix = (*helps, "several values go out with output a, b"), None
        return error("E101", "commas stand between these layers", span, help=helps, fix=fix)
    message = "names with commas between them are given values with ="
    helps = (
        f"layers are put in a row with ->: {' -> '.join(line[::2])}",
        "several values come from one line: a, b = split(it, 2)",
    )
    return error("E101", message, span, help=helps, fix=fix)


def _ends_with_a_name(line: list[Word]) -> bool:
    """Whether a name that is no kind of layer follows a pipeline: `it -> linear(10), features`."""
    from cnndsl.layers.registry import KINDS

    is_name = [word.type for word in line[-2:]] == ["COMMA", "NAME"] and str(line[-1]) not in KINDS
    return is_name and any(word.type == "_ARROW" for word in line)


def goes_on_below(place: Place) -> Problem | None:
    """A line that goes on in the next one, as after a comma in brackets: `output it,` and `features` below it."""
    word, comma, after, first = place.word, place.before, place.after, place.first
    if word.type != "_NL" or comma is None or comma.type != "COMMA" or after is None or "\n" not in word:
        return None
    below = place.following(after)[:_BELOW]
    kinds = [other.type for other in below]
    if first.type == "OUTPUT":
        goes_on = after.type not in ("RBRACE", "OUTPUT")
    elif first.type == "INIT":
        goes_on = str(after) in ("weight", "bias") and kinds[1:2] == ["EQUAL"]
    else:
        names = all(other.type in ("NAME", "COMMA") for other in place.line) and len(place.line) > 1
        goes_on = kinds[0] == "NAME" and (first.type == "FROM" or (names and kinds[1:2] in (["EQUAL"], ["COMMA"])))
    if not goes_on:
        return None
    edits, before, last = [], comma, comma
    for other in place.following(word):
        if other.type == "RBRACE" or (other.type == "_NL" and last.type != "COMMA"):
            break
        if last.type == "_NL":  # which stands behind a comma
            edits.append(Edit(Span(place.source, before.end, other.start), " "))
        before, last = last, other
    written = " ".join(place.span(first, last).text.split())
    helps = f"write {written}" if len(written) <= _SHOWN and "#" not in written else "write all of it on one line"
    fix = Fix(tuple(edits), Applicability.UNSAFE) if not any("#" in edit.span.text for edit in edits) else None
    message = "this line ends with a comma, and what belongs to it stands below"
    return error("E101", message, place.span(comma, last), help=helps, fix=fix)


def comma_at_the_end(place: Place) -> Problem | None:
    """A comma behind each line, as in a list: `relu,`."""
    word, after = place.word, place.after
    if word.type in ("_NL", "RBRACE") and len(place.line) > 1:
        word, after = place.line[-1], word
    if word.type != "COMMA" or not place.in_body or after is None or after.type not in ("_NL", "RBRACE"):
        return None
    if not place.line and (place.before is None or place.before.type != "RBRACE"):
        return None
    span, fix = place.span(word), place.removing(word)
    return error("E101", "a line of a body ends without a comma", span, help="remove it", fix=fix)


def no_name(place: Place) -> Problem | None:
    """Something that is given a meaning, and is no name: `conv-1 = conv(8, 3)`, `my conv: conv(8, 3)`."""
    first = place.first
    if not place.in_body or first.type != "NAME" or str(first) in _WORDS or str(first) == "self":
        return None
    found = re.compile(r"(\w+(?:[-. ]+\w+)+)[ \t]*(?:=(?!=)|:(?!=))").match(place.source.text, first.start)
    if found is None or place.word.start >= found.end():
        return None
    span = Span(place.source, found.start(), found.end(1))
    named = re.sub(r"[-. ]+", "_", found[1])
    end = next((word for word in place.following(first) if word.start >= found.end(1)), None)
    helps = other_names(" ".join(found[1].split()), named, place, end)
    if "." in found[1]:
        outer, _, inner = found[1].rpartition(".")
        helps = (f"call it {named}", f'a dot leads to a part of a part: {outer}: {{ "{inner}": layer }}')
    layer, _, tensor = found[1].partition(".")
    if tensor in ("weight", "bias"):
        begins = f"where the layer is made, write how it begins: {layer} = conv(8, 3, {tensor}_init=zeros)"
        return error("E101", "a layer is not changed after it was made", span, help=begins)
    if re.match(r"[ \t]*=[ \t]*(split|chunk|it|input)\b", place.source.text[found.end(1) : found.end(1) + _NEAR]):
        several = ", ".join(found[1].split())
        fix = Fix.suggested(span, several) if re.fullmatch(r"[\w ]+", found[1]) else None
        if fix is not None:
            return error("E101", "commas stand between several names", span, help=f"write {several} = ...", fix=fix)
    return error("E101", "a name has letters, digits and _, and nothing else", span, help=helps)


def colon(place: Place) -> Problem | None:
    """A colon where none belongs."""
    word, before, after, inner = place.word, place.before, place.after, place.inner
    if word.type != "COLON":
        return None
    if inner is not None and inner.is_call and before is not None and before.type == "NAME" and after is not None:
        fix = Fix.suggested(place.span(), "=")
        return error("E101", "an argument is given with =", place.span(), help=f"write {before}={show(after)}", fix=fix)
    if not place.brackets:
        return None
    if before is not None and before.type == "NUMBER" and [before] == place.line and place.in_body:
        span = place.span(before)
        message = f"a name that is a number stands in quotes: {before}"
        fix = Fix.suggested(span, f'"{before}"')
        return error("E101", message, span, help=f'write "{before}": ...', fix=fix)
    return error(
        "E101",
        "a colon follows the name that a layer gets, and nothing else",
        place.span(),
        help='write name: layer, or "name{i}": layer',
        fix=place.removing(word) if before is not None and before.type == "COLON" else None,
    )


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
    from cnndsl.layers.registry import KINDS

    return len(line) > 1 and (line[-2].type == "RPAR" or str(line[-2]) in KINDS)
