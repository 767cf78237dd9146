"""A picture from left to right that is too wide for its page -> pictures of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from cnndsl.backends.graphviz.paths import add_turns, homes_of
from cnndsl.backends.graphviz.picture import END, Arrow, Box, Cluster, Emphasis, Item, Picture
from cnndsl.render.paper import Piece, rows

Place = tuple[float, float]


def cut(picture: Picture, places: Sequence[Place], room: float) -> list[Picture]:
    """The rows of a picture, none wider than the room where that is possible.

    It is cut where a single value goes on: to a box that is not seen, at the end of the row, and from such a one; and
    in two parts of a cluster only where that makes rows narrower that are wider than the room.
    places: where each box begins and ends along the page.
    """
    homes = homes_of(picture)
    around = [homes[id(box)] for box in picture.boxes]
    levels = {at: sum(a is b for a, b in zip(around[at - 1], around[at], strict=False)) for at in _cuts(picture)}
    tried = [_Cut(picture, places, level, levels) for level in range(max(levels.values(), default=0) + 1)]
    enough = max(room, _WORTH * min(each.widest for each in tried))
    return next(each.rows(room) for each in tried if each.widest <= enough)


_WORTH = 1.25
"""So many times wider than it must be a row may be, before a part is cut in two for it."""


class _Cut:
    """A picture cut at all places with at most `level` clusters around them; `levels` are all places with theirs."""

    def __init__(self, picture: Picture, places: Sequence[Place], level: int, levels: dict[int, int]) -> None:
        self._picture = picture
        self._bounds = [0, *(at for at, around in levels.items() if around <= level), len(picture.boxes)]
        spans = [places[start:end] for start, end in pairwise(self._bounds)]
        self._pieces = [Piece(min(left for left, _ in span), max(right for _, right in span)) for span in spans]

    @property
    def widest(self) -> float:
        return max(piece.end - piece.start for piece in self._pieces)

    def rows(self, room: float) -> list[Picture]:
        begins = [0, *(self._bounds[at] for at in rows(self._pieces, room)), len(self._picture.boxes)]
        return [_row(self._picture, start, end) for start, end in pairwise(begins)]


def _cuts(picture: Picture) -> list[int]:
    """The boxes before which the picture may be cut: there goes on what comes from the box just before, and no more."""
    last = list(range(len(picture.boxes)))  # where the value of each box is read last
    for arrow in picture.arrows:
        last[arrow.tail] = max(last[arrow.tail], arrow.head)
    ends = Counter(last)
    found, going = [], 0
    for at in range(1, len(picture.boxes)):
        going += 1 - ends[at - 1]
        if going == 1 and last[at - 1] >= at:
            found.append(at)
    return found


def _row(picture: Picture, start: int, end: int) -> Picture:
    """The boxes from `start` to `end`, with the clusters around them."""
    first, last = start > 0, end < len(picture.boxes)
    boxes = picture.boxes[start:end]
    row = Picture(picture.name, picture.summary, crowded=picture.crowded)
    row.items = _items(picture.items, {id(box) for box in boxes})
    coming = [
        replace(arrow, emphasis=Emphasis.NONE) for arrow in picture.arrows if arrow.tail < start <= arrow.head < end
    ]
    going = [arrow for arrow in picture.arrows if start <= arrow.tail < end <= arrow.head]
    shift = int(first) - start
    row.boxes = [*([_end(row, boxes[0])] if first else []), *boxes]
    row.arrows = [
        replace(arrow, tail=arrow.tail + shift, head=arrow.head + shift, turn=None)
        for arrow in picture.arrows
        if start <= arrow.tail and arrow.head < end
    ]
    row.arrows += [
        replace(arrow, tail=0, head=arrow.head + shift, turn=None, emphasis=Emphasis.NONE) for arrow in coming
    ]
    if last:
        told = max(going, key=lambda arrow: arrow.emphasis is Emphasis.STRONG)
        row.boxes.append(_end(row, boxes[-1]))
        row.arrows.append(Arrow(end - 1 + shift, end + shift, told.size, told.emphasis))
    add_turns(row)
    return row


def _end(row: Picture, beside: Box) -> Box:
    """The unseen box at an end of a row, in line with the box beside it."""
    box = Box("", END, "", "", "", "", (), beside.origin, lane=beside.lane)
    row.items.append(box)
    return box


def _items(items: list[Item], kept: set[int]) -> list[Item]:
    """What of the items is in a row; a cluster that goes on in another stands in both."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, Cluster):
            inside = _items(item.items, kept)
            if inside:
                found.append(replace(item, items=inside))
        elif isinstance(item, Box) and id(item) in kept:
            found.append(item)
    return found
