"""Texts in every layout: words made up by the grammar or taken from a file, with anything between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from cnndsl.syntax.grammar import words

Words = list[str]
BREAK = "\n"
"""Stands between words where a statement ends."""
COMMENTS = ["#", "# why", "#日本語　の説明", "# a -> b { ( ", '# "x"', "#\ttab", "# é\u3000", "# cnndsl: ignore[W204]"]
NAMES = ["x", "conv", "畳", "a_1", "relu6", "training"]
ATOMS = [*NAMES, "1", "0.5", "1e-5", ".5", "3.", "true", "false", "?", "input", "it", '"l{i + 1}"', '"a # b"']
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", "in", "and", "or"]


_TARGETS = [["x"], ["[", "x", ",", "n", "]"], ["[", "x", ",", "]"]]


def _maybe(chance: Random) -> bool:
    return chance.random() < 0.5


# Words by the grammar


def expressions(chance: Random, depth: int) -> Words:
    """A chain of stages, or only one. No arrow goes on from a choice between two values, which needs parentheses."""
    found = _joined(chance, "->", lambda: _stages(chance, depth), most=3)
    if found[-1] != "}" and chance.randint(0, 7) == 0:
        found += ["if", *_tests(chance, 0), "else", *_tests(chance, 0)]
    return found


def _stages(chance: Random, depth: int) -> Words:
    label = chance.choice([[], [], [], ["x", ":"], ['"b{i}"', ":"]])
    if depth > 0 and chance.randint(0, 5) == 0:
        return [*label, *_ifs(chance, depth - 1)]
    return [*label, *_tests(chance, depth)]


def _ifs(chance: Random, depth: int) -> Words:
    found = ["if", *_tests(chance, 0), *_bodies(chance, depth)]
    match chance.randint(0, 2):
        case 1:
            found += ["else", *_bodies(chance, depth)]
        case 2:
            found += ["else", *_ifs(chance, depth - 1)] if depth > 0 else ["else", "{", "}"]
    return found


def _tests(chance: Random, depth: int) -> Words:
    found = ["not"] if chance.randint(0, 9) == 0 else []
    found += _operands(chance, depth)
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        found += [chance.choice(OPERATORS), *_operands(chance, depth)]
    return found


def _operands(chance: Random, depth: int) -> Words:
    found = chance.choice([[], [], [], ["-"], ["+"], ["-", "-"]])
    found = [*found, *_atoms(chance, depth)]
    for _ in range(chance.choice([0, 0, 1, 2]) if depth > 0 else 0):
        match chance.randint(0, 3):
            case 0:
                found += [".", "shape"]
            case 1:
                found += ["[", *_tests(chance, depth - 1), "]"]
            case 2:
                bounds = [(_tests(chance, depth - 1) if _maybe(chance) else []) for _ in range(2)]
                found += ["[", *bounds[0], ":", *bounds[1], "]"]
            case 3:
                found += _arguments(chance, depth - 1, spaced=False)
    return found


def _arguments(chance: Random, depth: int, *, spaced: bool) -> Words:
    def argument() -> Words:
        name = [chance.choice([*NAMES, "init"]), "="] if _maybe(chance) or spaced else []
        return [*name, *expressions(chance, depth)]

    inside = _joined(chance, ",", argument, most=3) if chance.randint(0, 4) else []
    return ["(", *inside, *([","] if inside and _maybe(chance) else []), ")"]


def _atoms(chance: Random, depth: int) -> Words:
    kind = chance.randint(0, 9) if depth > 0 else 0
    match kind:
        case 2:
            comma = [","] if _maybe(chance) else []
            return ["[", *_joined(chance, ",", lambda: expressions(chance, depth - 1), most=4), *comma, "]"]
        case 3:
            condition = ["if", *_tests(chance, 0)] if _maybe(chance) else []
            return [
                "[",
                *expressions(chance, depth - 1),
                "for",
                *chance.choice(_TARGETS),
                "in",
                *_tests(chance, 0),
                *condition,
                "]",
            ]
        case 4:
            return ["(", *expressions(chance, depth - 1), ")"]
        case 5:
            return _bodies(chance, depth - 1)
    return [chance.choice(ATOMS)]


def _bodies(chance: Random, depth: int) -> Words:
    return ["{", *_joined(chance, BREAK, lambda: _statements(chance, depth), most=4, least=0), "}"]


def _statements(chance: Random, depth: int) -> Words:
    match chance.randint(0, 8) if depth > 0 else chance.randint(4, 8):
        case 0:
            return ["for", *chance.choice(_TARGETS), "in", *_tests(chance, 0), *_bodies(chance, depth - 1)]
        case 1:
            return ["repeat", *_tests(chance, 0), *_bodies(chance, depth - 1)]
        case 2:
            return ["when", "training", *_bodies(chance, depth - 1)]
        case 3:
            return _ifs(chance, depth - 1)
        case 4:

            def item() -> Words:
                name, when = chance.choice([[], ["x", "="]]), chance.choice([[], ["when", "training"]])
                return [*name, *expressions(chance, depth), *when]

            return ["output", *_joined(chance, ",", item, most=2)]
        case 5:
            return ["init", "conv", ":", *_joined(chance, ",", lambda: ["x", "=", *expressions(chance, depth)], most=2)]
        case 6:
            return expressions(chance, depth)
    return [*_joined(chance, ",", lambda: [chance.choice(NAMES)], most=2), "=", *expressions(chance, depth)]


def _parameters(chance: Random) -> Words:
    def parameter() -> Words:
        return [chance.choice(NAMES), *(["=", *expressions(chance, 0)] if _maybe(chance) else [])]

    inside = _joined(chance, ",", parameter, most=3) if _maybe(chance) else []
    return ["(", *inside, *([","] if inside and _maybe(chance) else []), ")"] if _maybe(chance) else []


def _items(chance: Random) -> Words:
    name = chance.choice(NAMES)
    match chance.randint(0, 5):
        case 0:
            return ["from", '"a.cnn"', "import", *_joined(chance, ",", lambda: [chance.choice(NAMES)], most=3)]
        case 1:
            return ["network", name, "=", *expressions(chance, 2)]
        case 2:
            settings = ["(", "shape", "=", *expressions(chance, 1), ")"] if _maybe(chance) else []
            return ["extern", name, *_parameters(chance), "from", '"m.n"', *settings]
        case 3:
            return [name, "=", *expressions(chance, 2)]
    kind = chance.choice(["network", "block", "sequence"])
    return [kind, name, *_parameters(chance), *_bodies(chance, 2)]


def _joined(chance: Random, between: str, part: Callable[[], Words], *, most: int, least: int = 1) -> Words:
    found: Words = []
    for number in range(chance.randint(least, most)):
        found += [between, *part()] if number else part()
    return found


def files(chance: Random) -> Words:
    """The words of a whole text."""
    return _joined(chance, BREAK, lambda: _items(chance), most=4, least=0)


def words_in(text: str) -> Words:
    """The words of a text that somebody wrote."""
    found: Words = []
    for word in words(text):
        if word.type == "_NL":
            found.append(BREAK)
        else:
            found.append("->" if word.type == "_ARROW" else str(word))
    return found


# What stands between words


@dataclass
class Laid:
    """A text, and the comments in it."""

    text: str
    comments: list[str]


def laid_out(found: Iterable[str], chance: Random) -> Laid:
    """The words with blanks, line breaks and comments between them wherever these may stand."""
    laid = Laid("", [])
    open_: list[str] = []
    before = BREAK
    line_end = chance.choice(["\n", "\n", "\r\n"])
    often = chance.choice([0, 0.02, 0.1, 0.5, 1])
    """How often there is more than a blank."""

    def gap(*, breaks: bool) -> str:
        if not breaks or chance.random() >= often:
            return chance.choice(["", " ", " ", "  ", "\t"])
        parts = []
        for _ in range(chance.randint(1, 3)):
            if chance.random() < 0.5:
                laid.comments.append(chance.choice(COMMENTS))
                parts.append(laid.comments[-1])
            parts.append(line_end)
            parts.append(chance.choice(["", " ", "\t", "      ", "\f"]))
        return "".join(parts)

    for word in [*found, BREAK]:
        inner = open_[-1] if open_ else "{"
        if word == BREAK:
            if inner == "{":
                laid.text += chance.choice(["\n", "\n", " ;", line_end]) + gap(breaks=True)
            before = BREAK
            continue
        is_free = inner != "{" or "->" in (word, before) or word in ("else", "}") or before in ("{", BREAK)
        if all(character.isalnum() or character in "_." for character in before[-1] + word[0]):
            laid.text += " "
        if before != BREAK or not laid.text:
            laid.text += gap(breaks=is_free)
        laid.text += word
        if word in ("(", "[", "{"):
            open_.append(word)
        elif word in (")", "]", "}"):
            open_.pop()
        before = word
    return laid
