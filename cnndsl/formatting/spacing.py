"""Spaces: which words of a line stand apart."""

from __future__ import annotations

from enum import Enum

from cnndsl.formatting.pieces import Piece

_OPERANDS = frozenset({"NAME", "NUMBER", "STRING", "TRUE", "FALSE", "HOLE", "INPUT", "IT", "RPAR", "RSQB", "RBRACE"})
_DEFINING = frozenset({"NETWORK", "BLOCK", "SEQUENCE", "EXTERN"})


class Bracket(Enum):
    """What a pair of brackets is for."""

    BODY = "{ lines }"
    PARAMETERS = "name(parameters)"
    SETTINGS = '"package" (settings)'
    CALL = "layer(arguments)"
    GROUP = "(expression)"
    PICK = "list[index]"
    LIST = "[items]"


def follows_operand(before: Piece | None) -> bool:
    """Whether something is complete before a word: there a `-` subtracts, a `(` calls, and a `[` picks."""
    return before is not None and before.kind in _OPERANDS


def bracket(earlier: Piece | None, before: Piece | None, opening: Piece) -> Bracket:
    """What an opening bracket begins, after these two words of its statement, if there are so many."""
    if opening.kind == "LBRACE":
        return Bracket.BODY
    if opening.kind == "LSQB":
        return Bracket.PICK if follows_operand(before) else Bracket.LIST
    if earlier is not None and earlier.kind in _DEFINING:
        return Bracket.PARAMETERS
    if earlier is not None and earlier.kind == "FROM":
        return Bracket.SETTINGS
    return Bracket.CALL if follows_operand(before) else Bracket.GROUP


def is_sign(before: Piece | None, piece: Piece) -> bool:
    """Whether a word is a `-` or `+` before a single number."""
    return piece.kind in ("MINUS", "PLUS") and not follows_operand(before)


def has_space(before: Piece, piece: Piece, *, inside: Bracket | None, opens: Bracket | None) -> bool:
    """Whether there is a space between two words of a line; the first is no sign.

    inside: the innermost brackets around both. opens: for an opening bracket, what it begins.
    """
    if before.kind in ("_LPAR", "LSQB", "DOT") or piece.kind in ("RPAR", "RSQB", "COMMA"):
        return False
    if opens in (Bracket.PARAMETERS, Bracket.CALL, Bracket.PICK):
        return False
    if piece.kind == "DOT":
        return before.kind == "NUMBER"  # or it would be read as a part of the number
    if piece.kind == "COLON":
        return False
    if before.kind == "COLON":
        return inside is not Bracket.PICK
    if "EQUAL" in (before.kind, piece.kind):
        return inside is not Bracket.CALL
    return True
