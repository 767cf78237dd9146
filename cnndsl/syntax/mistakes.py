"""What to say about a text that cannot be read: what was being written, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from cnndsl.diagnostics import Label, Problem, error
from cnndsl.source import Source, Span


@dataclass(slots=True)
class Open:
    """A bracket that is open, the word before it, and where a line break was first dropped inside it."""

    token: Token
    before: Token | None
    broken_at: int = 0


_WORDS = {
    "network", "block", "sequence", "input", "output", "init", "when", "if", "else", "for", "in",
    "repeat", "from", "import", "it", "and", "or", "not", "true", "false",
}  # fmt: skip
_BODY_WORDS = {"NAME", "NUMBER", "STRING", "INPUT", "LBRACE", "IF", "FOR", "REPEAT", "OUTPUT", "_ARROW"}
_CLOSING = {"LBRACE": "}", "_LPAR": ")", "LSQB": "]"}


def not_closed(bracket: Open, source: Source) -> Problem:
    """The error for a bracket whose partner is missing."""
    token = bracket.token
    partner = _CLOSING[token.type]
    what = _what(bracket)
    return error(
        "E102",
        f"{what} is not closed",
        _span(token, source),
        label=f"this {token} has no {partner}",
        help=f"add {partner} where {what} ends",
    )


def _what(bracket: Open) -> str:
    token, before = bracket.token, bracket.before
    if token.type == "_LPAR" and before is not None and before.type in ("NAME", "INPUT"):
        return f"the list of {before}'s arguments"
    return {"LBRACE": "this body", "_LPAR": "this parenthesis", "LSQB": "this list"}[token.type]


def explain(
    word: Token, brackets: list[Open], accepts: set[str], source: Source, words: list[Token], at: int
) -> Problem:
    """The error for a word that cannot stand where it does."""
    span = _span(word, source)
    text = _show(word)
    before = words[at - 1] if at else None
    place = _place(brackets)
    labels = (Label(_span(brackets[-1].token, source), f"inside {_what(brackets[-1])}"),) if brackets else ()

    if word.type == "UNKNOWN":
        return _unknown(word, span)
    if word.type == "$END":
        return error("E101", "the text ends in the middle of a line", span, help="complete the last line")
    if word.type in ("RPAR", "RSQB", "RBRACE") and (not brackets or _CLOSING[brackets[-1].token.type] != str(word)):
        if brackets and brackets[-1].token.type != "LBRACE":
            partner = _CLOSING[brackets[-1].token.type]
            return error("E102", f"{text} closes nothing here", span, labels=labels, help=f"close with {partner} first")
        return error(
            "E102", f"{text} closes nothing here", span, help=f"remove it, or open it before with {_partner(word)}"
        )
    if before is not None and str(before) in _WORDS and str(word) == "=":
        return error(
            "E103",
            f"{before} is a word of the language and cannot be a name",
            _span(before, source),
            help=f"choose another name, such as {before}_1",
        )
    if str(word) in _WORDS and "NAME" in accepts:
        return error(
            "E103",
            f"{word} is a word of the language and cannot stand here",
            span,
            help="choose another name",
        )
    if not brackets and (word.type in _BODY_WORDS or (word.type in ("_LPAR", "COLON") and str(before) not in _WORDS)):
        return error(
            "E101",
            f"{text} cannot stand here, outside a network",
            span,
            help="layers stand in a body: network Net { ... }",
        )
    if str(word) == "=" and brackets and brackets[-1].token.type == "LBRACE":
        return error("E101", "= gives a value to a name; it cannot stand here", span, help="to compare, write ==")
    if str(word) == ":":
        return error(
            "E101",
            "a colon follows the name that a layer gets; it cannot stand here",
            span,
            help="write name: layer, and open a body with { and not with a colon",
        )
    if (
        before is not None
        and before.type in ("NAME", "NUMBER", "STRING", "RPAR", "RSQB")
        and word.type
        in (
            "NAME",
            "NUMBER",
            "STRING",
        )
    ):
        between = "a comma" if brackets and brackets[-1].token.type != "LBRACE" else "-> or a new line"
        return error(
            "E101",
            f"something is missing between {_show(before)} and {text}{place}",
            span,
            labels=labels if place else (),
            help=f"put {between} between them",
        )
    return error(
        "E101", f"{text} cannot stand here{place}", span, labels=labels if place else (), help=_expected(accepts)
    )


def _unknown(word: Token, span: Span) -> Problem:
    if word == '"':
        return error("E104", "this text is not closed", span, help='end it with " on the same line')
    if word == "'":
        return error("E104", "a text stands in double quotes", span, help='write "..."')
    if word.isprintable():
        return error("E101", f"the character {word} has no meaning in this language", span, help="remove it")
    return error("E101", f"there is an invisible character (U+{ord(word):04X}) here", span, help="remove it")


def _place(brackets: list[Open]) -> str:
    if not brackets or brackets[-1].token.type == "LBRACE":
        return ""
    return f", inside {_what(brackets[-1])}"


def _show(word: Token) -> str:
    if word.type == "_NL":
        return "the end of the line"
    if word.type == "$END":
        return "the end of the text"
    return str(word).strip()


def _expected(accepts: set[str]) -> str:
    if "NAME" in accepts:
        return "a name, a number or a layer belongs here"
    if "LBRACE" in accepts:
        return "a body belongs here: { ... }"
    if "RPAR" in accepts:
        return "a comma or ) belongs here"
    if "RSQB" in accepts:
        return "a comma or ] belongs here"
    return "begin a new line before it, or remove it"


def _partner(word: Token) -> str:
    return {"RPAR": "(", "RSQB": "[", "RBRACE": "{"}[word.type]


def _span(word: Token, source: Source) -> Span:
    start, end = word.start_pos or 0, word.end_pos or 0
    if word.type in ("_NL", "_ARROW"):
        stripped = source.text[start:end].rstrip()
        end = start + max(1, len(stripped)) if word.type == "_ARROW" else start + 1
    return Span(source, start, end)
