"""A word that is not known, and those that are -> the one that differs least."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from heapq import nlargest


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that differs least, if it is near enough to be meant."""
    return _nearest(word, tuple(known))[0]


def is_clear(word: str, known: Iterable[str]) -> bool:
    """Whether no other known word could as well be meant as the nearest one."""
    return _nearest(word, tuple(known))[1]


@lru_cache(maxsize=64)
def _nearest(word: str, known: tuple[str, ...]) -> tuple[str | None, bool]:
    form, by_form = _form(word), _forms(known)
    least, most = len(form) - _LONGER, len(form) + _LONGER
    alike = [other for other in by_form if least <= len(other) <= most]
    if len(alike) > _FIRST + _LAST:
        alike = alike[:_FIRST] + alike[-_LAST:]
    likely = nlargest(_COMPARED, alike, key=lambda other: sum(_ends(form, other)))
    found = sorted(((likeness(form, other), other) for other in likely), reverse=True)
    if not found or found[0][0] < _NEAR:
        return None, False
    (first, near), *others = found
    return by_form[near], first >= _CLEAR and all(other <= first - _NEXT for other, _ in others)


@lru_cache(maxsize=4)
def _forms(known: tuple[str, ...]) -> dict[str, str]:
    return {_form(name): name for name in known}


def _form(word: str) -> str:
    return word.lower().replace("_", "")


def _ends(a: str, b: str) -> tuple[int, int]:
    """How many letters two words have in common at their beginnings, and at their ends."""
    first = same_start(a, b)
    return first, same_start(a[first:][::-1], b[first:][::-1])


def same_start(one: str, other: str) -> int:
    """How many characters two texts begin with that are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # of equal beginnings each shorter one is equal too
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def likeness(a: str, b: str) -> float:
    """How much two words are alike, from 0 to 1: twice the letters that they share in their order, of all letters."""
    from difflib import SequenceMatcher

    first, last = _ends(a, b)
    inner, other = a[first : len(a) - last], b[first : len(b) - last]
    shared = first + last
    if inner and other and len(inner) + len(other) <= _LONGEST:
        shared += sum(block.size for block in SequenceMatcher(None, other, inner).get_matching_blocks())
    return 2 * shared / (len(a) + len(b)) if a or b else 1.0


_NEAR, _CLEAR, _NEXT = 0.72, 0.75, 0.08
"""How near a word must be for a question, and for a fix, and by how much the next one must be farther then."""
_LONGER, _FIRST, _LAST = 5, 100, 200
"""By how many letters a word meant may be longer or shorter; of very many words, the first and last are looked at: the
names of the body, and the layers."""
_COMPARED, _LONGEST = 8, 80
"""So many of them are compared letter by letter, and so many letters of both where they begin to differ."""
