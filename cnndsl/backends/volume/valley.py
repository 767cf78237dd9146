"""The U of a U-Net: a row for each size, the way down at the left, the way up at the right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cnndsl.backends.diagram.picture import Arrow
from cnndsl.backends.volume.down import place_down
from cnndsl.backends.volume.places import GAP, LABEL_GAP, MARGIN, Layout
from cnndsl.backends.volume.scene import Volume
from cnndsl.traced import value_of

_STEP = 26.0
"""What is left between rows for the arrows down and up."""


def floors(volumes: Sequence[Volume], arrows: Sequence[Arrow]) -> list[int]:
    """How many rows below the first each volume stands; empty where the network is no such valley.

    It is one where the volumes are a chain but for skips that lie inside one another, two of them or more, and
    the maps inside a skip are smaller than the one that it begins with, at least at first.
    """
    chain = {(arrow.tail, arrow.head) for arrow in arrows if arrow.head == arrow.tail + 1}
    around = sorted((arrow.tail, arrow.head) for arrow in arrows if arrow.head != arrow.tail + 1)
    is_chain = len(chain) == len(volumes) - 1 and len(arrows) == len(chain) + len(around)
    if not is_chain or len(around) < 2 or any(inner[1] >= outer[1] for outer, inner in pairwise(around)):
        return []
    sides = [max(map(value_of, volume.shape[1:]), default=0) for volume in volumes]
    found = [sum(tail < at < head and side < sides[tail] for tail, head in around) for at, side in enumerate(sides)]
    steps = [below - above for above, below in pairwise(found) if below != above]
    is_valley = set(steps) == {1, -1} and steps == sorted(steps, reverse=True) and max(found) == len(around)
    return found if is_valley else []


def place(layout: Layout, rows: Sequence[int]) -> None:
    """Fill in the places of everything, each volume in its row."""
    edges: dict[int, float] = {}
    ends: dict[int, float] = {}
    x = 0.0
    for at, (item, row) in enumerate(zip(layout.placed, rows, strict=True)):
        item.row = row
        free = edges.get(row, MARGIN - GAP) + GAP + item.half
        free = max(free, ends.get(row, MARGIN - LABEL_GAP) + LABEL_GAP + item.label_half)
        x = max(x, free) if at and rows[at - 1] != row else free
        item.x = x
        if at and rows[at - 1] > row:
            layout.placed[at - 1].x = x  # nothing stands after it in its row
        edges[row], ends[row] = item.right, x + item.label_half
    for route in layout.routes:
        route.upright = route.tail.row != route.head.row
    layout.width = max(item.x + max(item.half, item.label_half) for item in layout.placed) + MARGIN
    place_down(layout, _STEP)
