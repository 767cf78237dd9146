"""Values for a network's parameters: from Python, and as they are given on a command line, `classes=100`.

A value is a literal of the language: a number, `true` or `false`, a string, or a list of them; on a command line a
bare word is a string.  Nothing is executed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Value = bool | int | float | str | list["Value"]

_NAME = re.compile(r"[^\W\d]\w*")
_PIECE = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])
      | "(?P<string>[^"\n\ud800-\udfff]*)"
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>[\[\],])
    )\s*""",
    re.VERBOSE,
)
_LONGEST_NUMBER = 400  # digits; Python itself stops at 4,300
_DEEPEST = 100  # lists in lists, as in a text


def from_python(settings: Mapping[str, Any]) -> dict[str, Value]:
    """Settings as the language knows values.

    Any mapping and any sequence is taken, those of configuration libraries too, and a number, an array or a tensor of
    NumPy or PyTorch for what its `tolist()` gives. Raises TypeError for a value that is none of the language,
    ValueError for a number that is not finite, and for lists in lists without an end.
    """
    if not isinstance(settings, Mapping):
        message = f'settings are a mapping from names to values, such as {{"classes": 100}}, not {_kind(settings)}'
        raise TypeError(message)
    for name in settings:
        if not isinstance(name, str):
            raise TypeError(f"the name of a setting is a text, and {name!r} is {_kind(name)}")
    return {name: _from_python(name, value) for name, value in settings.items()}


def _from_python(name: str, value: Any, depth: int = 0) -> Value:
    if not isinstance(value, Sequence) and hasattr(value, "tolist"):  # an array, a tensor, or a number out of one
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview):
        if depth >= _DEEPEST:
            raise _too_deep()
        return [_from_python(name, item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"the setting {name} must be finite, and it is {value}")
    for kind in (bool, int, float, str):  # a truth value is a whole number to Python
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"the setting {name} must be a number, a truth value, a text or a list of them, not {_kind(value)}")


def _kind(value: object) -> str:
    return type(value).__name__


def parse(given: Iterable[str]) -> dict[str, Value]:
    """The values of `name=value` by their names. Raises ValueError with a sentence for the user."""
    found: dict[str, Value] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise ValueError(f"{text!r} is not of the form NAME=VALUE, such as classes=100")
        found[name.strip()] = parse_value(value)
    return found


def parse_value(text: str) -> Value:
    """The value that a literal stands for. Raises ValueError with a sentence for the user."""
    literal: list[str] = []
    depth = 0
    for kind, piece in _pieces(text.strip()):
        if kind != "mark":
            literal.append(json.dumps(_single(kind, piece)))
            continue
        depth += (piece == "[") - (piece == "]")
        if depth > _DEEPEST:
            raise _too_deep()
        if piece == "]" and literal[-1:] == [","] and literal[-2:-1] != ["["]:  # which may stand behind the last item
            literal.pop()
        literal.append(piece)
    if not literal:
        raise ValueError('the value is missing; an empty text is written ""')
    try:
        value: Value = json.loads(" ".join(literal))
    except ValueError:
        raise _not_a_value(text) from None
    return value


def written(name: str, value: object) -> str | None:
    """`name=value` as `parse` reads it; None for a value that no literal stands for, such as a text with quotes."""
    is_word = isinstance(value, str) and _NAME.fullmatch(value) and value.lower() not in ("true", "false")
    try:
        text = str(value) if is_word else json.dumps(value, ensure_ascii=False)
        is_same = repr(parse_value(text)) == repr(value)  # which tells 1 from 1.0 and true
    except (TypeError, ValueError):
        return None
    return f"{name}={text}" if is_same and text.isprintable() else None


def _pieces(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None or piece.lastgroup is None:
            raise _not_a_value(text)
        found.append((piece.lastgroup, piece[piece.lastgroup]))
        at = piece.end()
    return found


def _single(kind: str, piece: str) -> Value:
    if kind == "number":
        return _number(piece)
    if kind == "string":
        return piece
    if piece in ("True", "False"):
        raise ValueError(f"{piece} is written {piece.lower()}")
    return {"true": True, "false": False}.get(piece, piece)


def _number(text: str) -> int | float:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"the number {text[:20]}... is too long")
    number = int(text) if text.lstrip("+-").isdigit() else float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text} is too large")
    return number


def _too_deep() -> ValueError:
    return ValueError(f"lists are nested more than {_DEEPEST} deep")


def _not_a_value(text: str) -> ValueError:
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    return ValueError(
        f"{shown!r} is not a value: write a number, true, false, a word, a list such as [3, 4], "
        "or any other text in double quotes, such as name='\"two words\"'"
    )
