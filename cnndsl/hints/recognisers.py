"""What no pattern can tell of a text that cannot be read: each function takes a place, and gives the error or None."""

from __future__ import annotations

import re
from itertools import pairwise

from cnndsl.diagnostics import Applicability, Edit, Fix, Label, Problem, error
from cnndsl.hints.engine import LONGEST, SHORT, WORDS, Bracket, Place, removing, shown
from cnndsl.layers.registry import KINDS
from cnndsl.source import Source, Span

_KINDS = frozenset({"network", "block", "sequence"})
_VALUES = frozenset({"NAME", "NUMBER", "STRING", "RPAR", "RSQB", "INPUT", "IT", "RESULT", "TRUE", "FALSE", "HOLE"})
_CONSTANTS = frozenset({"NUMBER", "STRING", "TRUE", "FALSE", "HOLE"})
_ENDS = frozenset({"_NL", "$END", "RBRACE", "RPAR", "RSQB", "COMMA"})
_QUOTED = re.compile(r"^[ \t]*>{1,3}(?: |$)", re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]*(\d{1,6})(?:[ \t]*[:|.)](?=\s)|\t|[ ]|$)[ ]?", re.MULTILINE)
_MOST, _FAR = 2000, 4000
"""How many lines one fix changes, and how many characters are looked at."""
_LAYER_AFTER = "write the next layer after it, or remove it"
_OPERAND = "write a number or a value after it"
LATER = {
    "->": _LAYER_AFTER, ",": "remove the comma, or write what follows it",
    ":": "write the layer that gets this name: name: layer", "output": "write what goes out: output it",
    "if": "write a condition: if stride != 1 { ... }", "for": "write for i in range(3) { ... }",
    "in": "write a list after it, such as range(3)", "repeat": "write how often: repeat 3 { ... }",
    "when": "write when training { ... }", "init": "write init conv: weight = zeros",
    "not": "write a condition after it", "and": "write a condition after it", "or": "write a condition after it",
    ".": "write a name after it, such as input.channels", "+": _OPERAND, "-": _OPERAND, "*": _OPERAND, "/": _OPERAND,
    "//": _OPERAND, "%": _OPERAND, "**": "write a number after it",
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), "write a number after it"),
}  # fmt: skip
"""What has to be followed by something, and what by."""
_AWAITING = "|".join(rf"\b{word}" if word.isalpha() else re.escape(word) for word in sorted(LATER, reverse=True))
_LINE = re.compile(r"(?:[^\n;{}]|\{[^{}]*\})*")
"""The rest of a line, with the bodies that begin on it, in a text without comments."""


def line_ends(place: Place) -> Problem | None:
    """Lines that end with a carriage return alone, as some old editors write them."""
    source, start = place.source, len(place.text[: place.start].rstrip())
    at = re.compile(r"[ \t\f\v]*+(?:#[^\r\n]*)?\r(?!\n)").match(source.text, start)
    if at is None or at.end() > place.start:
        return None
    ends = re.finditer(r"\r(?!\n)", source.text)
    edits = tuple(Edit(Span(source, end.start(), end.end()), "\n") for end, _ in zip(ends, range(_MOST), strict=False))
    # Where other lines end as usual, one such character may stand in the middle of a comment.
    applicability = Applicability.UNSAFE if "\n" in source.text else Applicability.SAFE
    message = "the lines end with the character U+000D alone, and are all one line so"
    span = Span(source, at.end() - 1, at.end())
    return error("E101", message, span, help="save the text with the line ends LF", fix=Fix(edits, applicability))


def long_comment(place: Place) -> Problem | None:
    """A comment over several lines: between three quotes, as in Python, or as in C."""
    source, start = place.source, place.first
    if place.word in ("*", "**") and source.text[place.start - 1 : place.start] == "/":
        start = place.start - 1
    found = re.compile(r'"""|\'\'\'|/\*').match(source.text, start)
    if found is None:
        return None
    opening, message, helps = found[0], "a comment begins with #", "write # before each line of it"
    end = source.text.find("*/" if opening == "/*" else opening, found.end())
    if end == -1:
        return error("E101", message, Span(source, start, found.end()), help=helps)
    span = Span(source, start, end + len("*/" if opening == "/*" else opening))
    lines = source.text[found.end() : end].split("\n")
    if opening == "/*":
        lines = [re.sub(r"^(\s*)\*+ ?|\*+$", r"\1", line) for line in lines]
    commented = [re.sub(r"^(\s*)(.*?)\s*$", r"\1# \2", line).rstrip() for line in lines]
    while len(commented) > 1 and commented[-1].strip() == "#":  # the closing quotes stood on a line of their own
        commented.pop()
    if len(commented) == 1:
        helps = f"write {commented[0].strip()}"
    is_alone = re.match(r"[ \t]*(\n|$)", source.text[span.end :])
    fix = Fix.safe(span, "\n".join(commented).lstrip()) if is_alone else None
    return error("E101", message, span, help=helps, fix=fix)


def prefixes(place: Place) -> Problem | None:
    """What stands before every line: the > of a quotation, or the numbers of the lines."""
    if place.before.strip() or place.inside or place.kind not in ("COMPARE", "NUMBER"):
        return None
    source, begins = place.source, place.source.offset(place.source.position(place.start).line)
    is_numbered = place.kind == "NUMBER"
    text = source.text[begins:]
    found = list((_NUMBERED if is_numbered else _QUOTED).finditer(text))
    if not found or found[0].start():
        return None
    if is_numbered:
        numbers, lines = [int(match[1]) for match in found], sum(bool(line.strip()) for line in text.split("\n"))
        if len(found) < max(2, lines) or any(b != a + 1 for a, b in pairwise(numbers)):
            return None
    edits = tuple(Edit(Span(source, begins + match.start(), begins + match.end()), "") for match in found[:_MOST])
    message = "the lines begin with their numbers" if is_numbered else "the lines begin with the > of a quotation"
    fix, word = Fix(edits, Applicability.UNSAFE), place.span(place.start, place.end)
    return error("E101", message, word, help="remove them from all lines", fix=fix)


_PIPELINE = re.compile(rf"(?:(?!\s*(?:[\n;]|\bwhen\b|\bfor\b)){SHORT['PART']})*(?<=\S)")


def after_a_choice(place: Place) -> Problem | None:
    """An arrow behind a choice without parentheses: `b = a if same else a -> conv(3, 1)`."""
    if place.kind != "_ARROW":
        return None
    start, stop = place.window[0], place.start
    before = place.flat[: stop - start]
    stage = re.split(r"->|[,;\n:]|[{(\[](?!·*[})\]])|(?<![=!<>])=(?!=)|\boutput\b", before)[-1]
    found = re.fullmatch(r"\s*((?!if\b)\S.*\belse)\s+(\S.*?)\s*", stage)
    if found is None:
        return None
    first, no = stop - len(stage) + found.start(1), stop - len(stage) + found.start(2)
    end = _PIPELINE.match(place.flat, stop - start)
    rest = place.source.text[stop : start + end.end()] if end else ""
    parts = [place.source.text[a:b] for a, b in ((first, no), (no, place.last))]
    ways = [" ".join(way.split()) for way in (f"({''.join(parts)}) {rest}", f"{parts[0]} ({parts[1]} {rest})")]
    if any("#" in way or len(way) > LONGEST for way in ways):
        ways = ["(a if c else b) -> ...", "a if c else (b -> ...)"]
    message = "what this arrow goes on from is not clear: the choice, or only what stands behind else"
    helps = (f"for what was chosen, write {ways[0]}", f"for what stands behind else, write {ways[1]}")
    labels = (Label(place.span(first, place.last), "the choice"),)
    return error("E105", message, place.span(stop, stop + 2), labels=labels, help=helps)


def listed(place: Place) -> Problem | None:
    """Layers in a row with commas between them: `conv1, relu`, `conv(8, 3), relu`."""
    start = place.window[0]
    found = _LINE.match(place.flat, max(place.line - start, 0))
    line = found[0].rstrip() if found else ""
    begins = r"\s*(?:output|init|for|if|repeat|when|true|false|[\d\".])"
    if not place.in_body or place.kind == "_ARROW" or re.match(begins, line):
        return None
    first, text = place.first, place.source.text
    commas = [found.start() + max(place.line, start) for found in re.finditer(",", line)]
    end = max(place.line, start) + len(line)
    is_other = re.search(r"(?<![=!<>])=(?!=)|[^\w\s()\[\]{},.:=<>!+*/%?\"·-]|'", line)
    if is_other or not commas or commas[0] == first or commas[0] > place.start or commas == [end - 1]:
        return None
    span = place.span(first, end)
    edits = tuple(Edit(place.span(at, at + 1), "" if at == end - 1 else " ->") for at in commas)
    is_whole = all(line.count(left) == line.count(right) for left, right in ("()", "[]", "{}"))
    fix = Fix(edits, Applicability.UNSAFE) if is_whole and "#" not in span.text else None
    if not re.fullmatch(rf"\s*(?:{SHORT['NAME']}|,|\s)*", line):
        helps: tuple[str, ...] = ("layers are put in a row with ->",)
        name = re.search(rf"->.*,\s*({SHORT['NAME']})$", line)
        if name is not None and name[1] not in KINDS:
            helps, fix = (*helps, "several values go out with output a, b"), None
        return error("E101", "commas stand between these layers", span, help=helps, fix=fix)
    message = "names with commas between them are given values with ="
    names = re.findall(r"\w+", text[first:end])
    row = f"layers are put in a row with ->: {' -> '.join(names)}"
    helps = (row, "several values come from one line: a, b = split(it, 2)")
    return error("E101", message, span, help=helps, fix=fix)


_GOES_ON = re.compile(
    rf"\s*(?:output\b[^\n]*,\s*\n\s*(?!\}}|output\b)\S|init\b[^\n]*,\s*\n\s*(?:weight|bias)\s*=|from\b[^\n]*,\s*\n\s*{SHORT['NAME']}"
    rf"|{SHORT['NAME']}\s*,(?:\s*{SHORT['NAME']}\s*,)*\s*\n\s*{SHORT['NAME']}\s*[=,])"
)


def goes_on_below(place: Place) -> Problem | None:
    """A line that goes on in the next one, as after a comma in brackets: `output it,` and `features` below it."""
    if place.kind != "_NL" or place.kind_before != "COMMA" or place.text[place.start] != "\n":
        return None
    if _GOES_ON.match(place.text, place.line) is None:
        return None
    found = re.compile(r"(?:[^\n;}]*,\s*\n\s*)+[^\n;}]*(?<=\S)").match(place.text, place.first)
    if found is None:
        return None
    gaps = [match.span() for match in re.finditer(r"(?<=,)\s*\n\s*", found[0])]
    edits = tuple(Edit(place.span(place.first + start, place.first + end), " ") for start, end in gaps)
    written = " ".join(place.source.text[found.start() : found.end()].split())
    helps = f"write {written}" if len(written) <= LONGEST and "#" not in written else "write all of it on one line"
    fix = None if any("#" in edit.span.text for edit in edits) else Fix(edits, Applicability.UNSAFE)
    message = "this line ends with a comma, and what belongs to it stands below"
    return error("E101", message, place.span(place.last - 1, found.end()), help=helps, fix=fix)


def word_as_name(place: Place) -> Problem | None:
    """A word of the language that is given a meaning, or stands where a name belongs."""
    found = re.search(rf"({SHORT['WORD']})\s*$", place.before)
    sign = re.match(r"\s*(=(?!=)|:)", place.after)
    taken = None
    if found is not None:
        word, begins = found[1], place.before[: found.start()]
        is_label = place.kind == "COLON" and not begins.strip() and place.in_body and word != "else"
        is_given = place.kind in ("EQUAL", "COLON") and (is_label or word not in ("if", "for", "else"))
        is_given = is_given and not re.search(SHORT["BLOCK"], begins)
        targets = rf"\s*,(?:\s*(?:{SHORT['NAME']}|\bit\b|,))*\s*=(?!=)"
        is_given = is_given or (not begins.strip() and re.match(targets, place.text[place.start :]) is not None)
        if is_given or (place.kind == "_ARROW" and place.before.strip() == "output"):
            taken, start = word, place.line + found.start()
            sign = re.match(r"\s*([=:])", place.word)
    if taken is None and place.word in WORDS and not (place.word == "else" and sign is not None and sign[1] == ":"):
        only_a_name = "NAME" in place.expected and place.expected <= {"NAME", "RPAR", "RSQB"}
        is_no_definition = place.word in _KINDS and place.in_body and not re.match(rf"\s*{SHORT['NAME']}", place.after)
        if sign or only_a_name or is_no_definition:
            taken, start = place.word, place.start
    if taken is None:
        return None
    span = place.span(start, start + len(taken))
    if place.where == "call":
        message = f"{taken} is a word of the language, and the name of no argument"
        helps = "write the name that the layer has for it; what comes in is not written"
        return error("E103", message, span, help=helps)
    # PyTorch takes nearly any name of a part, and a label in quotes keeps it.
    kept, other = f'"{taken}": layer', f"{taken}_1"
    ways: tuple[str, ...] = (f"choose another name, such as {other}",)
    if sign is not None and place.in_body:
        ways = (f"put it in quotes, which keep the name: {kept}", f"or {ways[0]}")
        if sign[1] == "=":
            ways = (f"choose another name, such as {other}", f"a layer can have this one as a label in quotes: {kept}")
    return error("E103", f"{taken} is a word of the language and cannot be a name", span, help=ways)


def several_items(place: Place) -> Problem | None:
    """A tuple of Python: `(3, 3)`, `(left, right)`."""
    if place.kind != "COMMA" or place.where != "group":
        return None
    start, around = place.inside[-1].start, place.inside[-2].kind if len(place.inside) > 1 else "file"
    found = re.compile(r"\(((?:[^()\[\]{}]|\([^(){}]*\)|\[[^\[\]{}]*\])*)\)").match(place.text, start)
    if found is None:
        return None
    plain = re.fullmatch(r"[\w\s,.-]*", found[1])
    if not (plain or around in ("file", "body", "object") or _is_closed(place.text[found.end() : found.end() + _FAR])):
        return None
    opening, closing = place.span(start, start + 1), place.span(found.end() - 1, found.end())
    items = " ".join(place.source.text[start + 1 : found.end() - 1].split()).rstrip(", ")
    span = place.span(start, found.end())
    if start == place.first and re.match(r"\s*=(?!=)", place.text[found.end() :]):
        fix = Fix((Edit(opening, ""), Edit(closing, "")), Applicability.SAFE)
        return error("E101", "names with values stand without brackets", span, help=f"write {items} = ...", fix=fix)
    numbers = plain and not re.search(SHORT["NAME"], found[1])
    # Elsewhere than among arguments the name of a layer may be missing, and 1,024 is one number.
    is_tuple = numbers and around in ("call", "parameters") and not re.search(r"\b0\d", found[1])
    fix = Fix((Edit(opening, "["), Edit(closing, "]")), Applicability.SAFE if is_tuple else Applicability.UNSAFE)
    message = f"several {'numbers' if numbers else 'items'} stand in square brackets"
    return error("E101", message, span, help=f"write [{items}]", fix=fix)


def _is_closed(text: str) -> bool:
    """Whether the parenthesis around a text is closed behind it, and before a brace."""
    depth = 0
    for found in re.finditer(r"[()\[\]{}]", text):
        depth += (found[0] in "([") - (found[0] in ")]")
        if depth < 0 or found[0] in "{}":
            return found[0] == ")"
    return False


def condition_in_braces(place: Place) -> Problem | None:
    """Braces in the place of a condition: `if { relu }`."""
    if place.kind_before != "RBRACE" or "LBRACE" not in place.expected or place.kind not in _ENDS:
        return None
    before = re.sub(r'"[^"\n]*"', lambda text: " " * len(text[0]), place.text[: place.start][-_FAR:])
    found = re.search(rf"({_AWAITING})\s*\{{[^{{}}]*\}}\s*$", before)
    if found is None:
        return None
    start = place.start - len(found[0])
    message, span = f"something is missing after {found[1]}", place.span(start, start + len(found[1]))
    return error("E101", message, span, help=LATER[found[1]])


def needs_braces(place: Place) -> Problem | None:
    """What depends on an if, a for or a repeat, and stands in no braces."""
    heads = list(re.finditer(SHORT["BLOCK"], place.before))
    if not heads or "LBRACE" not in place.expected:
        return None
    head, start = heads[-1], place.line + heads[-1].start()
    is_behind = place.last == place.line + head.end()
    if is_behind and head[0] != "else" and place.kind in _ENDS:
        return None
    if not (place.kind == "COLON" or is_behind or place.kind_before in _VALUES):
        return None
    if place.inside and place.inside[-1].start > start:
        return None
    message, helps = f"what belongs to this {head[0]} stands in braces", shown(place.source.text[start : place.last])
    word = place.span(place.start, place.end)
    return error("E101", message, word, label="here a { is missing", help=f"write {helps} {{ ... }}")


def not_closed(bracket: Bracket, source: Source) -> Problem:
    """The error for a bracket whose partner is missing."""
    return error(
        "E102",
        f"{bracket.what} is not closed",
        Span(source, bracket.start, bracket.start + 1),
        label=f"this {bracket.sign} has no {bracket.partner}",
        help=f"add {bracket.partner} where {bracket.what} ends",
    )


def closing(place: Place) -> Problem | None:
    """A bracket that closes nothing, or another one than is open."""
    word, inner, span = place.word, place.inner, place.span(place.start, place.end)
    opened = {"}": "{", ")": "(", "]": "["}.get(word)
    if opened is None:
        return None
    if inner is None or (inner.sign == "{" and word != "}"):
        fix = Fix((removing(Edit(span, "")),), Applicability.UNSAFE)
        return error("E102", f"there is no {opened} that this {word} closes", span, help="remove it", fix=fix)
    bracket = place.span(inner.start, inner.start + 1)
    if inner.partner == word:
        is_empty = not place.text[inner.start + 1 : place.start].strip()
        span = bracket.to(span)
        return error("E101", "there is nothing in this parenthesis", span, help="remove it") if is_empty else None
    if word == "}":
        return not_closed(inner, place.source)
    message, labels = (
        f"{inner.what} is closed with {inner.partner}, and not with {word}",
        (Label(bracket, f"it is opened with this {inner.sign}"),),
    )
    return error("E102", message, span, labels=labels, help=f"write {inner.partner} before it, or in place of it")


def after_brace(place: Place) -> Problem | None:
    """A line that begins right behind a closing brace: `repeat 2 { relu } linear(10)`."""
    if place.kind_before != "RBRACE" or place.kind in _ENDS | {"EQUAL", "COLON", "_LPAR", "LSQB"}:
        return None
    if not place.in_body and (place.inside or place.word not in _KINDS):
        return None
    end = len(place.text[: place.start].rstrip())
    if place.kind == "_ARROW":
        message = "-> goes on from a value, and here it stands behind the } of other lines"
        helps = "what these give is it from here on: begin a line with the layer, and leave -> out"
        is_below = "\n" in place.source.text[end : place.start]
        after = place.end + len(place.after) - len(place.after.lstrip())
        fix = Fix.suggested(place.span(place.start if is_below else end, after), "" if is_below else "; ")
        return error("E101", message, place.span(place.start, place.end), help=helps, fix=fix)
    message = f"{_shown(place)} begins a new line, and stands behind a }} on the same one"
    helps, fix = "write it in a line of its own, or put ; before it", Fix.suggested(place.span(end, end), ";")
    return error("E101", message, place.span(place.start, place.end), help=helps, fix=fix)


def outside(place: Place) -> Problem | None:
    """Lines that belong into a body."""
    if place.inside:
        return None
    source, first = place.source, re.compile(SHORT["NAME"]).match(place.text, place.first)
    if first is not None and place.kind == "NAME" and place.last == first.end():
        from difflib import get_close_matches

        near = get_close_matches(first[0], ["network", "block", "sequence", "extern"], n=1, cutoff=0.7)
        if near:
            span = place.span(first.start(), first.end())
            message, fix = f"nothing is called {first[0]}", Fix.suggested(span, near[0])
            return error("E101", message, span, help=f"did you mean {near[0]}?", fix=fix)
    if place.kind == "$END" or re.match(rf"\s*{SHORT['NAME']}\s*=", place.before):
        return None
    text, span = source.text.strip(), place.span(place.first, place.end)
    if text.endswith(".cnn") and "\n" not in text:
        helps = f'in Python, give a file as a Path: cnndsl.compile(Path("{text}"))'
        return error("E101", "this is the name of a file, and not what stands in it", span, help=helps)
    labels: tuple[Label, ...] = ()
    closing = place.text.rfind("}", 0, place.start)
    if closing != -1:
        line, column = source.position(closing)
        if column > 1 and "{" not in source.line(line)[:column]:
            labels = (Label(place.span(closing, closing + 1), "a network or block ends here"),)
    message = "this line stands outside of a network"
    head = re.compile(r"(?:\w+[ \t]+)?(\w+)[ \t]*\{").match(source.text, place.first)
    if head is not None and first is not None:  # model Net { ... }
        fix = Fix.suggested(place.span(place.first, head.start(1)), "network ")
        return error("E101", message, span, labels=labels, help=f"write network {head[1]} {{ ... }}", fix=fix)
    return error("E101", message, span, labels=labels, help="layers stand in a body: network Net { ... }")


def _of_a_new_name(place: Place) -> str:
    """What is missing between a name that was not written before and the layer that it is to be given to."""
    name = place.before.strip()
    if not re.fullmatch(SHORT["NAME"], name) or place.word not in KINDS or name in KINDS or name[0].isupper():
        return ""
    if re.search(rf"\b{name}\b", place.text[: place.line]):
        return ""
    return ":" if re.match(r"[^\n;{}]*->", place.after) else " ="


def two_in_a_row(place: Place) -> Problem | None:
    """Two things side by side, and nothing between them."""
    word, kind, start, text = place.word, place.kind, place.start, place.source.text
    span, end = place.span(start, place.end), len(place.text[:start].rstrip())
    if place.kind_before not in _VALUES or kind not in _VALUES | {"LBRACE", "IF"}:
        return None
    before = re.search(r'"[^"\n]*"$|[\w.]+$|\S$', place.text[:end])
    left, is_spaced = before[0] if before else "", end < start
    if kind == "LBRACE" and place.in_body and place.first == end - len(left) and place.kind_before == "NAME":
        helps = (f"for a chain with this name, write {left}: {{ ... }}", "a block is defined outside of other bodies")
        return error("E101", f"something is missing between {left} and {{", span, help=helps)
    if place.in_body:
        joints = list(re.finditer(r"->|(?<![=!<>])=(?!=)", place.flat[: start - place.window[0]]))
        joints = [joint for joint in joints if joint.start() + place.window[0] >= place.line]
        begins = re.compile(r"\s*").match(text, place.window[0] + joints[-1].end()) if joints else None
        left = shown(text[begins.end() if begins else place.first : end])
        between, sign = "put -> between them, or begin a new line", " ->" if is_spaced else " -> "
        is_label = kind == "STRING" and place.after.lstrip().startswith(":")
        sure = place.kind_before not in _CONSTANTS and (kind not in _CONSTANTS or is_label)
        sure = sure and not any(joint[0] == "=" for joint in joints) and (kind != "LBRACE" or is_spaced)
        times = re.match(rf"\s*({SHORT['CONSTANT']})", place.after) if word.lower() == "x" else None
        if times is not None:
            repeated = Fix.suggested(place.span(start, place.end + times.end()), f"* {times[1]}")
            return error("E101", "a layer is repeated with *", span, help=f"write * {times[1]}", fix=repeated)
        joint = _of_a_new_name(place)
        if joint:
            rest = _LINE.match(place.text, start)
            between, sign, sure = f"write {left}{joint} {shown(rest[0]) if rest else word}", joint, True
    elif not place.inside:
        between, sign, sure = "write what combines them, or begin a new line", "", False
    else:
        between, sign = "put a comma between them", "," if is_spaced else ", "
        sure = "HOLE" not in (kind, place.kind_before) or "input" in re.findall(r"\w+", place.before)
    fix = Fix.suggested(place.span(end, end), sign) if sure else None
    return error("E101", f"something is missing between {left} and {_shown(place)}", span, help=between, fix=fix)


def lacking_else(place: Place) -> Problem | None:
    """An `if` behind what it is for, as in `conv(8, 3) if deep`: there it chooses between two things."""
    found = re.match(r"\s*(.+?)\s+(if)\s+(.+?)\s*$", place.before)
    if found is None or "_ELSE" not in place.expected or place.kind not in ("_NL", "RBRACE", "$END"):
        return None
    layer, condition = found[1], found[3]
    ways, fix = ["write else behind it, and what is taken then, such as else identity"], None
    if place.in_body and not re.search(r"->|=|\bif\b", layer):
        line = f"if {condition} {{ {layer} }}"
        ways.insert(0, f"write it in front: {line}")
        fix = Fix.suggested(place.span(place.line + found.start(1), place.line + found.end(3)), line)
    span = place.span(place.line + found.start(2), place.line + found.end(2))
    message = "an if behind something chooses between two things, and one is missing"
    return error("E101", message, span, help=tuple(ways), fix=fix)


def anything(place: Place) -> Problem:
    """What was not recognised: what could stand here."""
    inner, expected, span = place.inner, place.expected, place.span(place.start, place.end)
    if place.kind == "$END":
        return error("E101", "the text ends in the middle of a line", span, help="complete the last line")
    where = ""
    labels: tuple[Label, ...] = ()
    if inner is not None and inner.sign != "{":
        where = f", inside {inner.what}"
        labels = (Label(place.span(inner.start, inner.start + 1), "it is opened here"),)
    if place.kind_before == "COMMA" and "COMMA" not in expected and "NAME" in expected:
        helps = "write a name here, or remove the comma"
    elif "NUMBER" in expected:
        helps = "write a name, a number or a layer here"
    elif expected == {"NAME"}:
        helps = "write a name here"
    elif inner is not None and inner.sign != "{" and ("RPAR" in expected or "RSQB" in expected):
        helps = f"write a comma or {')' if inner.sign == '(' else ']'} here"
    else:
        helps = "begin a new line before it, or remove it"
    return error("E101", f"{_shown(place)} cannot stand here{where}", span, labels=labels, help=helps)


def _shown(place: Place) -> str:
    """The word at a place for people."""
    if place.kind in ("_NL", "$END"):
        return "the end of the line" if place.kind == "_NL" else "the end of the text"
    return place.word
