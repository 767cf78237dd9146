"""Which row each volume stands in: the longest way through the network in the middle, what runs beside it around it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cnndsl.backends.diagram.paths import straight
from cnndsl.backends.diagram.picture import Arrow
from cnndsl.backends.volume.places import Placed
from cnndsl.backends.volume.scene import Link


@dataclass(slots=True)
class _Line:
    """Volumes one after the other in one row, which is theirs from column `start` to column `end`, ways included.

    fork: the volume that the first of them comes from; merge: the one that the last of them leads to.
    side: 1 where it has to be below the middle, -1 above it, 0 where it may be wherever there is room.
    """

    members: list[int]
    start: int
    end: int
    fork: int | None = None
    merge: int | None = None
    side: int = 0

    @property
    def first(self) -> int:
        return self.members[0]


def give_rows(placed: list[Placed], links: list[Link], arrows: list[Arrow], lanes: list[int]) -> None:
    """Fill in `row`. `arrows` says which links go around, `lanes` which volumes stand in one line.

    Each line has a row that is free from its fork to its merge, as near to the middle as can be. Several branches
    from one fork, or to one merge, stand in their order from top to bottom.
    """
    trunk = _longest(len(placed), links, arrows)
    lines = _lines(placed, links, arrows, lanes, trunk)
    _give_sides(lines, trunk)
    taken: dict[int, list[_Line]] = defaultdict(list)
    # What is above grows upwards: of several branches the last is nearest to the middle.
    for line in sorted(lines, key=lambda line: (_root(line), line.first * (line.side or 1))):
        row = line.side
        while any(line.start <= other.end and other.start <= line.end for other in taken[row]):
            row = row + line.side if line.side else -row if row > 0 else 1 - row
        taken[row].append(line)
        for at in line.members:
            placed[at].row = row


def _root(line: _Line) -> int:
    """Where a line begins, for the order in which lines are given their rows: the longest way is the first."""
    if line.fork is None and line.merge is None:
        return -1
    beginning = line.merge if line.fork is None else line.fork
    return beginning if line.side and beginning is not None else line.first


def _lines(
    placed: list[Placed], links: list[Link], arrows: list[Arrow], lanes: list[int], trunk: Sequence[int]
) -> list[_Line]:
    """The longest way as one line, and what is left of every lane beside it."""
    members: dict[tuple[int, int], list[int]] = {(-1, 0): list(trunk)}
    places: list[tuple[int, int]] = [(-1, 0)] * len(placed)
    on_trunk = set(trunk)
    before = {link.head: link.tail for link in links if lanes[link.tail] == lanes[link.head]}
    for at in range(len(placed)):
        if at not in on_trunk:
            tail = before.get(at, -1)
            places[at] = (lanes[at], at) if tail < 0 or tail in on_trunk else places[tail]
            members.setdefault(places[at], []).append(at)
    lines = {key: _Line(found, placed[found[0]].column, placed[found[-1]].column) for key, found in members.items()}
    for link, arrow in zip(links, arrows, strict=True):
        one, other = lines[places[link.tail]], lines[places[link.head]]
        is_first, is_last = other.first == link.head, one.members[-1] == link.tail
        if one is other or (arrow.skip and not arrow.within_skip and not is_first):
            continue
        # A fork leads into the row of its branch at once, and a branch stays in its row up to the merge.
        if is_first and link.head not in on_trunk and placed[link.head].column:
            other.start = min(other.start, placed[link.tail].column)
            other.fork = link.tail if other.fork is None else other.fork
        if is_last and link.tail not in on_trunk:
            one.end = max(one.end, placed[link.head].column - 1)
            one.merge = link.head if one.merge is None else one.merge
    return list(lines.values())


def _give_sides(lines: list[_Line], trunk: Sequence[int]) -> None:
    """Say of branches that have others beside them whether they come before the longest way or after it."""
    places = {at: place for place, at in enumerate(trunk)}
    forks, merges = Counter(line.fork for line in lines), Counter(line.merge for line in lines)
    for line in lines:
        if line.fork in places and forks[line.fork] > 1:
            line.side = 1 if line.first > trunk[places[line.fork] + 1] else -1
        elif line.fork is None and line.merge in places and merges[line.merge] > 1:
            line.side = 1 if line.members[-1] > trunk[places[line.merge] - 1] else -1


def _longest(count: int, links: list[Link], arrows: list[Arrow]) -> list[int]:
    """The volumes of a longest way through the scene; of several that in the middle."""
    rank = [0] * count
    before: dict[int, list[int]] = defaultdict(list)
    for link, arrow in zip(links, arrows, strict=True):
        rank[link.head] = max(rank[link.head], rank[link.tail] + 1)
        if not arrow.skip:
            before[link.head].append(link.tail)
    longest = max(rank)
    found = [straight([at for at in range(count) if rank[at] == longest], rank)]
    while before[found[-1]]:
        found.append(straight(before[found[-1]], rank))
    return found[::-1]
