"""What is wrong with lines by how they begin: headers, keywords, arrows; and brackets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise, takewhile

from cnndsl.diagnostics import Applicability, Edit, Fix, Label, Problem, error
from cnndsl.source import Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import CLOSED_BY, OPENED_BY, Word
from cnndsl.syntax.place import CONSTANTS, DEFINITIONS, LISTED, VALUES, Place

_GIVE = frozenset({"EQUAL", "COLON", "COMMA", "IN", "COMPARE", "UNKNOWN"})
"""What follows a name that is given a meaning, also where it is written in another way."""


def lost(source: Source, line: list[Word], *, in_body: bool) -> tree.Lost:
    """The node for a line of a body, or for an item of a file, that cannot be read."""
    span = Span(source, line[0].start, line[-1].end)
    if line[0].type == "INIT":
        return tree.Lost(span, (), False)
    names = dict.fromkeys(_given(line) if in_body else _defined(line))
    binds = len(line) > 1 and line[0].type == "NAME" and line[1].type in _GIVE - {"COLON"}
    return tree.Lost(span, tuple(unicodedata.normalize("NFKC", name) for name in names), not (in_body and binds))


def _given(line: list[Word]) -> list[str]:
    """The names that a line of a body may give to layers and values."""
    names: list[str] = [word for word, after in pairwise(line) if word.type == "NAME" and after.type in _GIVE]
    names += [word for before, word in pairwise(line) if before.type in DEFINITIONS]
    if [word.type for word in line[:2]] == ["NAME", "NAME"]:  # `conv1 conv(8, 5)`
        names.append(line[0])
    outer = list(_outer(line))
    left = list(takewhile(lambda word: word.type != "EQUAL", outer))
    if len(left) < len(outer):
        called = {before.start for before, after in pairwise(line) if after.type == "_LPAR"}
        names += [word for word in left if word.type == "NAME" and word.start not in called] or [tree.ANY]
    return names


def _defined(line: list[Word]) -> list[str]:
    """The names that an item of a file may define."""
    head = list(takewhile(lambda word: word.type != "LBRACE", line))
    names: list[str] = [word for word in head if word.type == "NAME"]
    nameless = any(
        word.type in DEFINITIONS and [after.type for after in head[at + 1 : at + 2]] != ["NAME"]
        for at, word in enumerate(head)
    )
    return [*names, tree.ANY] if nameless or not names else names


def _outer(line: list[Word]) -> Iterable[Word]:
    """The words of a line that stand in no bracket."""
    depth = 0
    for word in line:
        if word.type in CLOSED_BY:
            depth += 1
        elif word.type in OPENED_BY:
            depth = max(0, depth - 1)
        elif not depth:
            yield word


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
    from cnndsl.layers.registry import KINDS

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
    from cnndsl.layers.registry import KINDS

    if str(right[0]) in KINDS and [w.type for w in line[-2:]] == ["_ARROW", "NAME"] and str(line[-1]) not in KINDS:
        helps, colon = f"write {line[-1]}: {right[0]}", Fix.suggested(place.span(), ":")
        return error("E101", "on its way a layer gets its name with a colon", place.span(), help=helps, fix=colon)
    name, span, left = right[0], place.span(first, right[0]), place.span(first, line[-1])
    fix = Fix.suggested(span, f"{name} = {left.text}") if "#" not in span.text else None
    helps = f"write {name} = {place.text(first, line[-1])}"
    return error("E101", "only a name can be given a value", left, help=helps, fix=fix)


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
    from cnndsl.layers.registry import KINDS

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


def loop_items(place: Place) -> Problem | None:
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
