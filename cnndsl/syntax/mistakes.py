"""What to say about a text that cannot be read: what is wrong, where, and what to write instead.

`explain` asks one function after the other, from the mistakes that people make often to the general
case; each looks at the place and answers for its own kind of mistake alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.source import Source, Span
from cnndsl.syntax import characters, habits, lines
from cnndsl.syntax.grammar import OPENED_BY
from cnndsl.syntax.place import DEFINITIONS, WORDS, Open, Place, other_names, show, span_of

_BLOCKS = frozenset({"IF", "FOR", "REPEAT", "WHEN", "_ELSE"})
_HEADS = frozenset({"if", "for", "else"})
_ENDS = frozenset({"_NL", "$END", "RBRACE", "RPAR", "RSQB", "COMMA"})
_VALUES = frozenset({"NAME", "NUMBER", "STRING", "RPAR", "RSQB", "INPUT", "IT", "TRUE", "FALSE", "HOLE"})
_OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "POWER", "COMPARE", "AND", "OR", "NOT"})
_WANTS_MORE = {
    "_ARROW": lines.WANTS_MORE,
    "COMMA": "remove the comma, or write what follows it",
    "COLON": "write the layer that gets this name: name: layer",
    "OUTPUT": "write what goes out: output it",
    "IF": "write a condition: if stride != 1 { ... }",
    "FOR": "write for i in range(3) { ... }",
    "IN": "write a list after it, such as range(3)",
    "REPEAT": "write how often: repeat 3 { ... }",
    "WHEN": "write when training { ... }",
    "INIT": "write init conv: weight = zeros",
    "NOT": "write a condition after it",
    "AND": "write a condition after it",
    "OR": "write a condition after it",
    "DOT": "write a name after it, such as input.channels",
    "PLUS": "write a number or a value after it",
    "MINUS": "write a number or a value after it",
    "STAR": "write a number or a value after it",
    "SLASH": "write a number or a value after it",
    "POWER": "write a number after it",
    "COMPARE": "write a number after it",
}


def explain(place: Place) -> Problem:
    """The error for a word that cannot stand where it does."""
    return next(problem for problem in (recognise(place) for recognise in _RECOGNISED) if problem is not None)


def not_closed(bracket: Open, source: Source) -> Problem:
    """The error for a bracket whose partner is missing."""
    return error(
        "E102",
        f"{bracket.what} is not closed",
        span_of(bracket.token, source),
        label=f"this {bracket.token} has no {bracket.partner}",
        help=f"add {bracket.partner} where {bracket.what} ends",
    )


def _character(place: Place) -> Problem | None:
    return characters.explain(place) if place.word.type == "UNKNOWN" and not characters.is_prose(place) else None


def _word_as_name(place: Place) -> Problem | None:
    word, before, after = place.word, place.before, place.after
    taken = None
    is_label = word.type == "COLON" and [before] == place.line and place.in_body and str(before) != "else"
    is_given = word.type in ("EQUAL", "COLON") and str(before) in (WORDS if is_label else WORDS - _HEADS)
    is_given = is_given and not any(head.type in _BLOCKS for head in place.line[:-1])
    is_given = is_given or (place.line == [before] and str(before) in WORDS and _is_one_of_targets(place))
    if before is not None and (is_given or (word.type == "_ARROW" and [before] == place.line == ["output"])):
        taken = before
    elif str(word) in WORDS and not _is_else_of_python(place):
        names = after is not None and after.type in ("EQUAL", "COLON")
        only_a_name = "NAME" in place.expected and place.expected <= {"NAME", "RPAR", "RSQB"}
        no_definition = word.type in DEFINITIONS and place.in_body and (after is None or after.type != "NAME")
        taken = word if names or only_a_name or no_definition else None
    if taken is None:
        return None
    if place.inner is not None and place.inner.is_call and not place.inner.holds_parameters:
        message = f"{taken} is a word of the language, and the name of no argument"
        helps = "write the name that the layer has for it; what comes in is not written"
        return error("E103", message, place.span(taken), help=helps)
    return error(
        "E103",
        f"{taken} is a word of the language and cannot be a name",
        place.span(taken),
        help=other_names(str(taken), f"{taken}_1", place, word if taken is before else after),
    )


def _is_one_of_targets(place: Place) -> bool:
    """Whether a comma stands between names that are given values: `it, skip = ...`."""
    if place.word.type != "COMMA":
        return False
    end = next((word for word in place.following(place.word) if word.type not in ("COMMA", "NAME", "IT")), None)
    return end is not None and end.type == "EQUAL"


def _is_else_of_python(place: Place) -> bool:
    return place.word.type == "_ELSE" and place.after is not None and place.after.type == "COLON"


def _braces(place: Place) -> Problem | None:
    """What depends on an if, a for, a repeat."""
    word, before, line = place.word, place.before, place.line
    if _is_else_of_python(place):
        message = "what belongs to this else stands in braces"
        return error("E101", message, place.span(), label="here a { is missing", help="write } else { ... }")
    if word.type == "_ELSE":
        return error(
            "E101", "there is no if that this else belongs to", place.span(), help="else follows the } of an if"
        )
    blocks = [head for head in line if head.type in _BLOCKS]
    if not blocks or before is None:
        return None
    head = blocks[-1]
    if word.type == "EQUAL" and head.type == "IF":
        fix = Fix.suggested(place.span(), "==")
        return error("E101", "= gives a value to a name", place.span(), help="to compare, write ==", fix=fix)
    if head.type == "FOR" and not any(w.type == "IN" for w in line):
        found = re.compile(r"for\s*\([^(){}\n]*\)").match(place.source.text, head.start)  # as in C
        span = Span(place.source, found.start(), found.end()) if found else place.span(head, before)
        return error("E101", "a for runs over a list", span, help=_WANTS_MORE["FOR"])
    in_bracket = place.inner is not None and place.inner.token.start > head.start
    if before is head and head.type in _WANTS_MORE and word.type in _ENDS:
        return None
    ends_head = word.type == "COLON" or before is head or before.type in _VALUES
    if "LBRACE" in place.expected and ends_head and not in_bracket:
        written = place.text(head, before)
        return error(
            "E101",
            f"what belongs to this {show(head)} stands in braces",
            place.span(),
            label="here a { is missing",
            help=f"write {written} {{ ... }}",
        )
    return None


def _missing_after(place: Place) -> Problem | None:
    """An operator at the end of what it stands in."""
    word, before = place.word, place.before
    ends = word.type in _ENDS or (word.type == "_ARROW" and before is not None and before.type in _OPERATORS)
    if before is None or not ends:
        return None
    if before.type == "RBRACE" and "LBRACE" in place.expected:  # if { relu }, where what is in braces was the condition
        head = place.before_brace
        if head is not None and head.type in _WANTS_MORE:
            message = f"something is missing after {show(head)}"
            return error("E101", message, place.span(head), help=_WANTS_MORE[head.type])
    if before.type == "COLON" and place.inner is not None and place.inner.token.type == "LSQB":
        message = "a part of a list is written [1:3], and a value of the network is not cut so"
        return error("E101", message, place.span(before), help="a part of a value is taken with split or crop")
    if before.type == "EQUAL":
        line = place.line
        name = str(line[-2]) if len(line) > 1 and line[-2].type == "NAME" else "name"
        help_text = f"write {name} = ..." if place.in_body or not place.brackets else f"write a value after {name}="
        return error("E101", "something is missing after =", place.span(before), help=help_text)
    if before.type not in _WANTS_MORE or (before.type == "COMMA" and word.type == "COMMA"):
        return None
    return error(
        "E101", f"something is missing after {show(before)}", place.span(before), help=_WANTS_MORE[before.type]
    )


def _closing(place: Place) -> Problem | None:
    word, inner = place.word, place.inner
    if word.type not in OPENED_BY:
        return None
    if inner is None or (inner.token.type == "LBRACE" and word.type != "RBRACE"):
        message = f"there is no {OPENED_BY[word.type]} that this {word} closes"
        return error("E102", message, place.span(), help="remove it", fix=place.removing(word))
    if inner.partner == str(word):
        if place.before is inner.token:
            return error(
                "E101", "there is nothing in this parenthesis", place.span(inner.token, word), help="remove it"
            )
        return None
    if word.type == "RBRACE":
        return not_closed(inner, place.source)
    return error(
        "E102",
        f"{inner.what} is closed with {inner.partner}, and not with {word}",
        place.span(),
        labels=(Label(place.span(inner.token), f"it is opened with this {inner.token}"),),
        help=f"write {inner.partner} before it, or in place of it",
    )


def _comma(place: Place) -> Problem | None:
    word, before, inner = place.word, place.before, place.inner
    if word.type != "COMMA":
        return None
    if before is not None and before.type in ("COMMA", "_LPAR", "LSQB"):
        fix = place.removing(word)
        return error("E101", "nothing stands before this comma", place.span(), help="remove it", fix=fix)
    if inner is not None and inner.token.type == "_LPAR" and not inner.is_call:
        return error(
            "E102",
            "this parenthesis is not closed before the comma",
            place.span(),
            labels=(Label(place.span(inner.token), "it is opened here"),),
            help="add ) before the comma; a list is written [a, b]",
        )
    return None


def _equals(place: Place) -> Problem | None:
    word, first = place.word, place.first
    if word.type != "EQUAL" or not (place.in_body or not place.brackets):
        return None
    if str(first) == "self":
        line = place.line
        return error(
            "E101",
            "the parts of a network are named without self",
            place.span(first),
            help=f"write {line[2]} = ..." if len(line) > 2 else "write conv1 = conv(8, 5)",
            fix=Fix.safe(place.span(first, line[1]), "") if len(line) == 3 else None,
        )
    line = place.line
    if line[-1:] and line[-1].type == "COLON" and place.is_glued:
        span = place.span(line[-1], word)
        fix = Fix.suggested(span, "=")  # or : was meant, which names a layer
        return error("E101", "a name is given a value with =", span, help="write =", fix=fix)
    if first.type == "INIT":
        helps = f"write init conv: {place.text(line[-1], place.line_after(first)[-1])}"
        return error("E101", "init names the kind of layer whose weights begin so", place.span(first), help=helps)
    if len(line) > 1:
        helps = "write name = ..., or to compare, =="
        if line[-1].type == "RPAR":
            helps = "write name = ...; layers are put in a row with ->"
        return error("E101", "only a name can be given a value", place.span(first, place.before), help=helps)
    return None


def _outside(place: Place) -> Problem | None:
    """Lines that belong into a body."""
    if place.brackets:
        return None
    first, before = place.first, place.before
    second = place.word if before is first else None
    if first.type == "NAME" and second is not None and second.type == "NAME":
        from difflib import get_close_matches

        near = get_close_matches(str(first), ["network", "block", "sequence", "extern"], n=1, cutoff=0.7)
        if near:
            fix = Fix.suggested(place.span(first), near[0])
            message = f"nothing is called {first}"
            return error("E101", message, place.span(first), help=f"did you mean {near[0]}?", fix=fix)
    if place.word.type == "$END" or [word.type for word in place.line[:2]] == ["NAME", "EQUAL"]:
        return None
    text = place.source.text.strip()
    if text.endswith(".cnn") and "\n" not in text:
        return error(
            "E101",
            "this is the name of a file, and not what stands in it",
            place.span(first, place.word),
            help=f'in Python, give a file as a Path: cnndsl.compile(Path("{text}"))',
        )
    labels: tuple[Label, ...] = ()
    closing = next((word for word in reversed(place.words[: place.at]) if word.type == "RBRACE"), None)
    if closing is not None:
        line, column = place.source.position(closing.start)
        if column > 1 and "{" not in place.source.line(line)[:column]:
            labels = (Label(place.span(closing), "a network or block ends here"),)
    message, span = "this line stands outside of a network", place.span(first, place.word)
    head = re.compile(r"(?:\w+[ \t]+)?(\w+)[ \t]*\{").match(place.source.text, first.start)
    if head is not None and first.type == "NAME":  # model Net { ... }
        fix = Fix.suggested(Span(place.source, first.start, head.start(1)), "network ")
        return error("E101", message, span, labels=labels, help=f"write network {head[1]} {{ ... }}", fix=fix)
    return error("E101", message, span, labels=labels, help="layers stand in a body: network Net { ... }")


def _after_brace(place: Place) -> Problem | None:
    """A line that begins right behind a closing brace: `repeat 2 { relu } linear(10)`."""
    word, before = place.word, place.before
    if before is None or before.type != "RBRACE" or word.type in _ENDS | {"EQUAL", "COLON", "_LPAR", "LSQB"}:
        return None
    if not place.in_body and (place.brackets or word.type not in DEFINITIONS):
        return None
    end = place.span(before).end
    fix = Fix.suggested(Span(place.source, end, end), ";")
    message = f"{show(word)} begins a new line, and stands behind a }} on the same one"
    helps = ("write it in a line of its own, or put ; before it",)
    return error("E101", message, place.span(), help=helps, fix=fix)


def _of_a_new_name(place: Place) -> str:
    """What is missing between a name that was not written before and the layer that it is to be given to."""
    from cnndsl.layers.registry import KINDS

    word, name = place.word, place.before
    if name is None or place.line != [name] or str(word) not in KINDS or str(name) in KINDS or str(name)[0].isupper():
        return ""
    if str(name) in (str(earlier) for earlier in place.words[: place.at - 1]):
        return ""
    return ":" if any(later.type == "_ARROW" for later in place.line_after(word)) else " ="


def _two_in_a_row(place: Place) -> Problem | None:
    word, before = place.word, place.before
    if before is None or before.type not in _VALUES or word.type not in _VALUES | {"LBRACE", "IF"}:
        return None
    if word.type == "LBRACE" and place.in_body and place.line == [before] and before.type == "NAME":
        helps = (f"for a chain with this name, write {before}: {{ ... }}", "a block is defined outside of other bodies")
        message = f"something is missing between {before} and {{"
        return error("E101", message, place.span(), help=helps)
    constants = {"NUMBER", "STRING", "TRUE", "FALSE", "HOLE"}
    is_label = word.type == "STRING" and place.after is not None and place.after.type == "COLON"
    if place.in_body:
        joints = place.joints
        left = place.text(place.following(joints[-1])[1] if joints else place.first, before)
        between, sign = "put -> between them, or begin a new line", " ->" if place.is_spaced else " -> "
        sure = before.type not in constants and (word.type not in constants or is_label)
        sure = sure and not any(w.type == "EQUAL" for w in joints) and (word.type != "LBRACE" or place.is_spaced)
        if str(word).lower() == "x" and place.after is not None and place.after.type == "NUMBER":
            times = f"* {place.after}"
            repeated = Fix.suggested(place.span(word, place.after), times)
            message = "a layer is repeated with *"
            return error("E101", message, place.span(), help=f"write {times}", fix=repeated)
        joint = _of_a_new_name(place)
        if joint:
            rest = place.text(word, place.line_after(word)[-1])
            between, sign, sure = f"write {before}{joint} {rest}", joint, True
    elif not place.brackets:
        left, between, sign, sure = show(before), "write what combines them, or begin a new line", "", False
    else:
        left, between, sign = show(before), "put a comma between them", "," if place.is_spaced else ", "
        sure = "HOLE" not in (word.type, before.type) or "input" in (str(w) for w in place.line)
    fix = Fix.suggested(Span(place.source, before.end, before.end), sign) if sure else None
    return error("E101", f"something is missing between {left} and {show(word)}", place.span(), help=between, fix=fix)


def _general(place: Place) -> Problem:
    word, inner, expected = place.word, place.inner, place.expected
    if word.type == "$END":
        return error("E101", "the text ends in the middle of a line", place.span(), help="complete the last line")
    where = ""
    labels: tuple[Label, ...] = ()
    if inner is not None and inner.token.type != "LBRACE":
        where, labels = f", inside {inner.what}", (Label(place.span(inner.token), "it is opened here"),)
    if place.before is not None and place.before.type == "COMMA" and "COMMA" not in expected and "NAME" in expected:
        help_text = "write a name here, or remove the comma"
    elif "NUMBER" in expected:
        help_text = "write a name, a number or a layer here"
    elif expected == {"NAME"}:
        help_text = "write a name here"
    elif inner is not None and inner.token.type != "LBRACE" and ("RPAR" in expected or "RSQB" in expected):
        help_text = f"write a comma or {')' if 'RPAR' in expected else ']'} here"
    else:
        help_text = "begin a new line before it, or remove it"
    return error("E101", f"{show(word)} cannot stand here{where}", place.span(), labels=labels, help=help_text)


_RECOGNISED: tuple[Callable[[Place], Problem | None], ...] = (
    characters.word,
    habits.line_ends,
    habits.fence,
    habits.brace_below,
    habits.long_comment,
    habits.comment,
    habits.prefixed_text,
    habits.prefixes,
    characters.arrow,
    habits.left_out,
    habits.item,
    habits.printed,
    _character,
    lines.after_a_choice,
    habits.other_language,
    lines.given_input,
    lines.begins,
    lines.mode,
    habits.settings,
    characters.grouped,
    lines.braced_arguments,
    lines.other_brackets,
    lines.no_brackets,
    habits.listed,
    habits.goes_on_below,
    habits.comma_at_the_end,
    lines.named_output,
    _word_as_name,
    lines.spread,
    lines.several_targets,
    lines.loop_items,
    characters.number,
    lines.several_items,
    lines.unpacked,
    habits.no_name,
    lines.arguments,
    habits.augmented,
    habits.name_with_braces,
    habits.choice,
    lines.item,
    lines.between,
    lines.to_output,
    lines.to_a_name,
    lines.from_elsewhere,
    lines.parameter,
    lines.definition,
    _braces,
    _missing_after,
    _closing,
    _comma,
    _equals,
    habits.colon,
    _after_brace,
    _outside,
    _two_in_a_row,
    _general,
)
