"""Lines that begin with a word of the language and go on as elsewhere: `input = ...`, `output = ...`, `for i in 0..5`.

Each function looks at a place where reading could not go on, and answers for one word.
"""

from __future__ import annotations

import re

from cnndsl.diagnostics import Fix, Problem, error
from cnndsl.source import Span
from cnndsl.syntax.place import Place

_ENDS = ("_NL", "RBRACE", "COMMA", "$END")
_TENSORS = ("weight", "bias")
_MOST_ITEMS = 200
_TARGETS = {"NAME": "", "COMMA": ", ", "_LPAR": "[", "RPAR": "]", "LSQB": "[", "RSQB": "]"}
"""What the names of a loop consist of, and how it is written here."""


def given_input(place: Place) -> Problem | None:
    """The size of an input behind another sign than parentheses: `input 3, 32, 32`, `input = [3, 32, 32]`."""
    word, line = place.word, place.line
    if not place.in_body or [other.type for other in line] != ["INPUT"]:
        return None
    if word.type not in ("NUMBER", "HOLE", "EQUAL", "COLON", "LSQB"):
        return None
    span = place.rest(line[0])
    sizes = re.findall(r"\d+|\?", span.text)
    if not sizes or not re.fullmatch(r"input[\s\d?,x×*=:()\[\]]+", span.text):
        return None if word.type != "EQUAL" else _input_with_a_value(place)
    written = f"input({', '.join(sizes)})"
    fix = Fix.suggested(span, written)
    return error("E101", "an input is called like a layer", span, help=f"write {written}", fix=fix)


def _input_with_a_value(place: Place) -> Problem | None:
    """`input = input(3, 32, 32)`, and `input = x`, where the word already has a meaning."""
    first = place.first
    rest = place.rest(first)
    found = re.fullmatch(r"input\s*=\s*(input\s*\(.*)", rest.text, re.DOTALL | re.IGNORECASE)
    if found is None or "#" in rest.text:
        return None
    written = f"input{found[1][5:]}"
    message = "input is the name of what comes in, and is given no other"
    fix = (Fix.safe if found[1].startswith("input") else Fix.suggested)(rest, written)  # Input is Keras's
    return error("E101", message, place.span(first), help=f"write {written}", fix=fix)


def named_output(place: Place) -> Problem | None:
    """An output that is given a value: `output = x`, `output = linear(10)`."""
    from cnndsl.layers.catalogue import KINDS

    word, line, after = place.word, place.line, place.after
    if word.type != "EQUAL" or [other.type for other in line] != ["OUTPUT"] or after is None or after.type in _ENDS:
        return None
    rest = place.rest(line[0])
    given = Span(place.source, after.start, rest.end).text
    between = Span(place.source, line[0].end, after.start)
    flow = "it -> " if str(after) in KINDS else ""
    helps = f"write output {flow}{given}" if "#" not in given and "\n" not in given else "write output, then the value"
    message = "what goes out stands behind the word output, without ="
    fix = Fix.suggested(between, f" {flow}") if "#" not in between.text else None
    return error("E101", message, place.span(), help=helps, fix=fix)


def begins(place: Place) -> Problem | None:
    """What an `init` line lacks: the kind of layer, its colon, the word weight or bias."""
    from cnndsl.layers.initialisers import RULES

    line, word, source = place.line, place.word, place.source
    if not place.in_body or place.first.type != "INIT" or not line:
        return None
    kinds = [other.type for other in line]
    is_rule = place.after is not None and str(place.after) in RULES
    if kinds == ["INIT"] and word.type == "COLON" and str(place.after) not in (*_TENSORS, *RULES):
        return None  # the name of a layer
    if kinds == ["INIT"] and (word.type in ("COLON", "_LPAR") or (word.type == "EQUAL" and is_rule)):
        message = "init names the kind of layer whose weights begin so"
        rule = place.after if is_rule else "zeros"
        return error("E101", message, place.span(line[0]), help=f"write init conv: weight = {rule}")
    if kinds[:2] != ["INIT", "NAME"] or str(line[1]) in _TENSORS:
        return None
    after_kind = Span(source, line[1].end, line[1].end)
    if len(line) == 2 and word.type == "NAME":
        message, helps = "a colon follows the kind of layer", f"write init {line[1]}: {word} = ..."
        return error("E101", message, place.span(), help=helps, fix=Fix.suggested(after_kind, ":"))
    if len(line) == 2 and word.type == "COMMA":
        return error("E101", "an init line is about one kind of layer", place.span(), help="write a line for each")
    if len(line) == 2 and word.type in ("_NL", "RBRACE", "$END"):
        message, helps = f"something is missing after init {line[1]}", f"write init {line[1]}: weight = zeros"
        return error("E101", message, place.span(line[0], line[1]), help=helps)
    if len(line) == 2 and word.type == "EQUAL":
        fix = Fix.suggested(Span(source, after_kind.start, word.end), ": weight =")
    elif kinds[2:4] == ["COLON", "NAME"] and len(line) == 4 and word.type in (*_ENDS, "_LPAR"):
        fix = Fix.suggested(Span(source, line[3].start, line[3].start), "weight = ")
    else:
        return None
    first = place.after if word.type == "EQUAL" else line[3]
    given = place.text(first, place.line_after(first)[-1]) if first is not None else "zeros"
    message = "an init line says what begins so, the weight or the bias"
    return error(
        "E101", message, place.span(line[0], line[-1]), help=f"write init {line[1]}: weight = {given}", fix=fix
    )


def mode(place: Place) -> Problem | None:
    """A `when` for everything but training."""
    if [word.type for word in place.line] != ["WHEN"] or place.word.type not in ("NOT", "_LPAR"):
        return None
    if place.word.type == "_LPAR":
        return error("E101", "when is followed by the word training", place.span(), help="write when training { ... }")
    message = "there are lines for training only, and none for evaluation only"
    helps = "what stands outside of when training { } is for both"
    return error("E412", message, place.span(), help=helps)


def spread(place: Place) -> Problem | None:
    """A range as other languages have it: `0..3`, `0:3`."""
    word, before = place.word, place.before
    heads = [other for other in place.line if other.type in ("IN", "REPEAT")]
    if before is None or not heads:
        return None
    pattern = re.compile(r"\s*(\w+)\s*(?:\.{2,3}\s*(\w+)|:\s*(\w+)(?=\s*\{))")
    found = pattern.match(place.source.text, heads[-1].end)
    if found is None or word.start >= found.end():
        return None
    span, end = Span(place.source, found.start(1), found.end()), found[2] or found[3]
    helps = f"write range({found[1]}, {end}), which ends before {end}"
    return error("E101", "a loop runs over a list", span, help=helps)


def several_items(place: Place) -> Problem | None:
    """The items of a loop without their brackets: `for width in 8, 16 { ... }`."""
    line, word = place.line, place.word
    if word.type != "COMMA" or [other.type for other in line[:3]] != ["FOR", "NAME", "IN"] or not place.in_body:
        return None
    words = place.following(line[3])[:_MOST_ITEMS] if len(line) > 3 else []
    end = next((k for k, other in enumerate(words) if other.type == "LBRACE"), 0)
    if not end or any(other.type not in ("NUMBER", "NAME", "STRING", "COMMA") for other in words[:end]):
        return None
    span = place.span(words[0], words[end - 1])
    written = f"[{span.text}]"
    fix = Fix.suggested(span, written)
    return error("E101", "the items of a list stand in square brackets", span, help=f"write {written}", fix=fix)


def several_targets(place: Place) -> Problem | None:
    """Several names of a loop, as Python has them: `for i, x in pairs`, `for i, (a, b) in enumerate(pairs)`."""
    head = next((other for other in reversed(place.line) if other.type in ("FOR", "IN")), None)
    if head is None or head.type == "IN" or place.word.type not in ("COMMA", "_LPAR"):
        return None
    words = place.following(head)[1:]
    end = next((k for k, word in enumerate(words) if word.type not in _TARGETS), len(words))
    if sum(word.type == "NAME" for word in words[:end]) < 2 or end == len(words) or words[end].type != "IN":
        return None
    right = "".join(_TARGETS[word.type] or str(word) for word in words[:end])
    if not (right.startswith("[") and _closes(right) == len(right) - 1):
        right = f"[{right}]"
    span = place.span(words[0], words[end - 1])
    message = "several names of a for stand in square brackets"
    return error("E101", message, span, help=f"write for {right} in ...", fix=Fix.safe(span, right))


def _closes(text: str) -> int:
    """Where the bracket that a text begins with is closed; -1 where it is not."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if not depth:
            return place
    return -1
