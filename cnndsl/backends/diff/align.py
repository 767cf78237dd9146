"""Which items of one version are which of the other.

Items are matched in order, so that what was put in or taken out leaves the rest as it is: the alignment with the
greatest likeness in all, after Needleman and Wunsch, "A general method applicable to the search for similarities
in the amino acid sequence of two proteins", Journal of Molecular Biology, 1970.  Names count most, then the kind
of layer, then its parameters and sizes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise

from cnndsl.backends.diff.items import Item

Pairs = list[tuple[int, int]]
Likeness = Callable[[Item, Item], int]
"""How like each other two items are; 0 where they cannot be the same."""

MOST = 250_000
"""So many pairs are tried at most; a longer row is first cut at the parts whose names and kinds are in both."""


def align(before: Sequence[Item], after: Sequence[Item], likeness: Likeness) -> Pairs:
    """Pairs of numbers, both in ascending order: the items that are matched."""
    most = min(len(before), len(after))
    start = 0
    while start < most and _plainly_same(before[start], after[start]):
        start += 1
    end = 0
    while end < most - start and _plainly_same(before[-1 - end], after[-1 - end]):
        end += 1
    rest_a, rest_b = range(start, len(before) - end), range(start, len(after) - end)
    middle = _middle(before, after, rest_a, rest_b, likeness)
    ends = [(len(before) - k, len(after) - k) for k in range(end, 0, -1)]
    return [*((k, k) for k in range(start)), *middle, *ends]


def _plainly_same(a: Item, b: Item) -> bool:
    """Whether there is no doubt: the same name and kind and, for a name that is only counted, the same size."""
    if (a.name, a.word, a.again, a.applied) != (b.name, b.word, b.again, b.applied) or a.sort != b.sort:
        return False
    return not a.is_counted_name or (a.ys == b.ys and (a.layer, a.operation) == (b.layer, b.operation))


def _middle(before: Sequence[Item], after: Sequence[Item], a: range, b: range, likeness: Likeness) -> Pairs:
    if len(a) * len(b) <= MOST:
        return _best(before, after, a, b, likeness)
    found: Pairs = []
    cuts = [(a.start - 1, b.start - 1), *_named_alike(before, after, a, b), (a.stop, b.stop)]
    for (i, j), (k, m) in pairwise(cuts):
        inner_a, inner_b = range(i + 1, k), range(j + 1, m)
        if len(inner_a) * len(inner_b) <= MOST:
            found += _best(before, after, inner_a, inner_b, likeness)
        else:  # nothing has a name in common: one after the other
            found += [pair for pair in zip(inner_a, inner_b, strict=False) if likeness(before[pair[0]], after[pair[1]])]
        found.append((k, m))
    return found[:-1]


def _named_alike(before: Sequence[Item], after: Sequence[Item], a: range, b: range) -> Pairs:
    """Items of the same name and kind, as many as are in the same order in both: a longest ascending row."""
    places = {(after[j].name, after[j].word): j for j in b if after[j].name and not after[j].again}
    lasts: list[int] = []  # the least place at which a row of each length ends
    rows: list[tuple[int, int, int]] = []  # its item, that one's place, and the index here of the item before it
    ends: list[int] = []
    for i in a:
        place = -1 if before[i].again else places.get((before[i].name, before[i].word), -1)
        if place < 0:
            continue
        length = bisect_left(lasts, place)
        rows.append((i, place, ends[length - 1] if length else -1))
        lasts[length : length + 1] = [place]
        ends[length : length + 1] = [len(rows) - 1]
    found: Pairs = []
    at = ends[-1] if ends else -1
    while at >= 0:
        i, place, at = rows[at]
        found.append((i, place))
    return found[::-1]


def _best(before: Sequence[Item], after: Sequence[Item], a: range, b: range, likeness: Likeness) -> Pairs:
    if not a or not b:
        return []
    # best[i][j]: the likeness of all from i and from j on, at its greatest.
    best = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    scores = [[likeness(before[i], after[j]) for j in b] for i in a]
    for i in range(len(a) - 1, -1, -1):
        below, here, row = best[i + 1], best[i], scores[i]
        for j in range(len(b) - 1, -1, -1):
            here[j] = max(below[j + 1] + row[j], below[j], here[j + 1])
    found: Pairs = []
    i = j = 0
    while i < len(a) and j < len(b):
        if scores[i][j] and best[i][j] == best[i + 1][j + 1] + scores[i][j]:
            found.append((a[i], b[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found
