"""Texts for the compiler, by kind: right, nearly right, spoiled, too much, and no texts at all."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.fuzz.choose import Choose, chance, pick
from tests.fuzz.grammar import Writer
from tests.fuzz.words import ALL_WORDS, NUMBERS, known_texts
from tests.oracle.generator import Refused, generate

_WORD = re.compile(r'"[^"\n]*"|\w+|\s+|->|[^\w\s]')
_NUMBER = re.compile(r"\d+")
_FRAME = "block Unit(n, skip = 1) {{ conv(n, 1) -> relu }}\nnetwork Net(n = 2) {{\n input(3, 8, 8)\n{}\n}}"


def valid(choose: Choose) -> bytes:
    """A program that is right, from the generator whose programs are compared with PyTorch."""
    try:
        return generate(choose.number(0, 2**32 - 1)).text().encode()
    except Refused as refused:  # it is its own tests' matter; what was refused is a text as any other
        return str(refused).encode()


def grammatical(choose: Choose) -> bytes:
    """A text that keeps to the grammar."""
    return Writer(choose).file().encode()


def mutated(choose: Choose) -> bytes:
    """A known text with a few words taken out, put in, doubled, changed or moved, or with a part of another text."""
    words = _WORD.findall(pick(choose, known_texts()))
    for _ in range(pick(choose, [1, 1, 1, 2, 4])):
        start = choose.number(0, len(words))
        end = min(len(words), start + pick(choose, [1, 1, 2, 5, 0]))
        words[start:end] = _instead(choose, words[start:end])
    return "".join(words).encode()


def _instead(choose: Choose, piece: list[str]) -> list[str]:
    way = choose.number(0, 8)
    if way == 0:
        return []
    if way == 1:
        return [*piece, *piece]
    if way == 2:
        return piece[::-1]
    if way == 3:
        return [f" {pick(choose, ALL_WORDS)} "]
    if way == 4:
        return [*piece, pick(choose, ALL_WORDS)]
    if way == 5:
        other = _WORD.findall(pick(choose, known_texts()))
        start = choose.number(0, len(other))
        return other[start : start + choose.number(1, 30)]
    if way == 6:
        return [f"({Writer(choose).expression(2)})"]
    if way == 7:
        return [Writer(choose).statement(2), "\n"]
    return [_NUMBER.sub(lambda _: pick(choose, NUMBERS), word) for word in piece]


def loose(choose: Choose) -> bytes:
    """Words in any order, as a rule where lines of a network stand."""
    words = [pick(choose, ALL_WORDS) for _ in range(choose.number(0, 30))]
    text = pick(choose, ["", " "]).join(words) if chance(choose, 20) else " ".join(words)
    return (_FRAME.format(text) if chance(choose, 60) else text).encode()


def repeated(choose: Choose) -> bytes:
    """A short piece very often, at times with its end as often: what is deep, long or much."""
    count = pick(choose, [2, 40, 101, 1_000, 5_000])
    piece = "".join(pick(choose, ALL_WORDS) + pick(choose, ["", " "]) for _ in range(choose.number(1, 4)))
    if chance(choose, 30):
        piece = f"{Writer(choose).statement(3)}\n"
    after = (
        "".join({"(": ")", "[": "]", "{": "}"}.get(sign, "") for sign in reversed(piece)) if chance(choose, 50) else ""
    )
    before = Writer(choose).statement(3) if chance(choose, 30) else ""
    text = f"{before}{piece * count}{pick(choose, ['', '1', 'relu', 'it'])}{after * count}"[:30_000]
    return (_FRAME.format(text) if chance(choose, 70) else text).encode()


def raw(choose: Choose) -> bytes:
    """Bytes: any at all, or a known text with some of its bytes changed."""
    if chance(choose, 40):
        return bytes(choose.number(0, 255) for _ in range(choose.number(0, 40)))
    data = bytearray(pick(choose, known_texts()).encode())
    for _ in range(choose.number(1, 6)):
        at = choose.number(0, len(data))
        data[at : at + choose.number(0, 3)] = bytes(choose.number(0, 255) for _ in range(choose.number(0, 3)))
    return bytes(data)


KINDS: dict[str, tuple[Callable[[Choose], bytes], int]] = {
    "grammatical": (grammatical, 7),
    "mutated": (mutated, 5),
    "loose": (loose, 3),
    "repeated": (repeated, 1),
    "raw": (raw, 2),
    "valid": (valid, 1),
}
"""Kind -> what makes one, and how often it is drawn beside the others. First is what is easily made smaller."""


def any_text(choose: Choose) -> tuple[str, bytes]:
    """A text of any kind, with the kind."""
    weights = [name for name, (_, weight) in KINDS.items() for _ in range(weight)]
    kind = pick(choose, weights)
    return kind, KINDS[kind][0](choose)
