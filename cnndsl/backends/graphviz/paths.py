"""A picture -> the way that the eye should follow: which boxes lie in a line, and which arrows go around.

An arrow is a skip where its value also takes a longer way to the same place: the identity of a
residual block, the encoder's map in a U-Net.  At a sum the shorter of two branches, such as the
convolution that fits the sizes, is one as well.  The branches of an Inception block are not: none
of them is a way around.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from cnndsl.backends.graphviz.picture import IO, MERGE, Arrow, Cluster, Emphasis, Item, Picture, Turns

SHORT = 3
"""The most boxes that a branch has which only fits the sizes of a skip."""
SUNK = 1
"""How many boxes shorter than the longest branch to its merge one may be that still begins beside it."""
TURNING = 3
"""From how many arrows into short branches on each needs a point to turn down."""
CROWD = 4
"""From how many branches side by side on a picture is crowded."""
EFFORT = 64
"""How many arrows are looked at, for each arrow of the picture, to tell skips from branches."""


def mark(picture: Picture) -> None:
    """Fill in what `build` leaves open: skips, lanes, turns, the sizes that are told.

    Linear in the size of the picture.
    """
    graph = Graph(picture)
    for head in range(len(picture.boxes)):
        if len(graph.before[head]) > 1:
            graph.mark_skips(head)
    graph.give_lanes()
    add_turns(picture, graph)
    for box, arrows in enumerate(graph.after):
        _tell_changes(picture, graph.before[box], arrows)
        _tell_once(picture, arrows)
    for head, arrows in enumerate(graph.before):
        picture.crowded |= sum(not arrow.skip for arrow in arrows) >= CROWD
        if picture.boxes[head].kind == MERGE and len(arrows) > 1:
            _tell_sizes([arrow for arrow in arrows if not arrow.skip and picture.boxes[arrow.tail].kind != IO])


def _tell_changes(picture: Picture, coming: list[Arrow], going: list[Arrow]) -> None:
    """A size that is another than what came in the main way is told; an input and an output tell it themselves."""
    given = {arrow.size for arrow in coming if not arrow.skip} or {arrow.size for arrow in coming}
    for arrow in going:
        if IO not in (picture.boxes[arrow.tail].kind, picture.boxes[arrow.head].kind) and arrow.size not in given:
            arrow.emphasis = Emphasis.STRONG


def _tell_once(picture: Picture, arrows: list[Arrow]) -> None:
    """A size that goes several ways is written beside the straight one, or else the first that is no skip."""
    boxes = picture.boxes
    told: set[str] = set()
    for arrow in sorted(arrows, key=lambda arrow: (arrow.skip, boxes[arrow.tail].lane != boxes[arrow.head].lane)):
        if arrow.size in told:
            arrow.emphasis = Emphasis.NONE
        elif arrow.emphasis is Emphasis.STRONG:
            told.add(arrow.size)


def _tell_sizes(arrows: list[Arrow]) -> None:
    """At a merge the sizes that come in: all where they differ, one where they are equal."""
    differ = len({arrow.size for arrow in arrows}) > 1
    if differ or not any(arrow.emphasis is Emphasis.STRONG for arrow in arrows):
        for arrow in arrows if differ else arrows[:1]:
            if arrow.emphasis is Emphasis.NONE:
                arrow.emphasis = Emphasis.QUIET


def add_turns(picture: Picture, graph: Graph | None = None) -> None:
    """Give a point to turn down to every arrow that comes into a cluster from the side, and is no skip.

    A branch much shorter than the one beside it stands low in the cluster, near the merge. One or two arrows that lead
    there would be led around the cluster by such points, and find their way without them. More would cross each other.
    """
    graph = graph or Graph(picture)
    homes = homes_of(picture)
    order = {id(arrow): place for place, arrow in enumerate(picture.arrows)}
    inwards: dict[tuple[int, int], list[Arrow]] = defaultdict(list)
    for arrow in picture.arrows:
        outside, inside = homes[id(picture.boxes[arrow.tail])], homes[id(picture.boxes[arrow.head])]
        common = sum(a is b for a, b in zip(outside, inside, strict=False))
        if common < len(inside) and not arrow.skip:
            inwards[arrow.tail, common].append(arrow)
    for (tail_at, common), arrows in inwards.items():
        sideways = [arrow for arrow in arrows if picture.boxes[arrow.tail].lane != picture.boxes[arrow.head].lane]
        if len(sideways) < TURNING and all(graph.slack(arrow) > SUNK for arrow in sideways):
            continue
        # Points in a row stay in their order. Of three or more ways, the straight one has its place among them too.
        # What the merge reads one beside the other stands so too, in whatever order it is computed.
        turning = sorted(arrows, key=lambda arrow: order[id(graph.end(arrow))]) if len(sideways) > 1 else sideways
        around = homes[id(picture.boxes[tail_at])]
        turns = Turns(len(turning))
        (around[common - 1].items if common else picture.items).append(turns)
        for place, arrow in enumerate(turning):
            arrow.turn = (turns, place)


def homes_of(picture: Picture) -> dict[int, tuple[Cluster, ...]]:
    """The clusters around each box, by the box's identity, the outermost first."""
    homes: dict[int, tuple[Cluster, ...]] = {}
    waiting: list[tuple[list[Item], tuple[Cluster, ...]]] = [(picture.items, ())]
    while waiting:
        items, around = waiting.pop()
        for item in items:
            if isinstance(item, Cluster):
                waiting.append((item.items, (*around, item)))
            else:
                homes[id(item)] = around
    return homes


class Graph:
    """The arrows of a picture by their ends. Boxes are numbered in the order of execution."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        count = len(picture.boxes)
        self.before: list[list[Arrow]] = [[] for _ in range(count)]
        self.after: list[list[Arrow]] = [[] for _ in range(count)]
        for arrow in picture.arrows:
            self.before[arrow.head].append(arrow)
            self.after[arrow.tail].append(arrow)
        self.rank = [0] * count  # boxes on the longest way from an input
        self.height = [0] * count  # and to an output
        for box in range(count):
            self.rank[box] = max((self.rank[arrow.tail] + 1 for arrow in self.before[box]), default=0)
        for box in reversed(range(count)):
            self.height[box] = max((self.height[arrow.head] + 1 for arrow in self.after[box]), default=0)
        self.effort = EFFORT * (len(picture.arrows) + 1)

    def end(self, start: Arrow) -> Arrow:
        """The last arrow of the branch that an arrow begins: that into a merge, or before its ways part."""
        arrow = start
        while len(self.after[arrow.head]) == 1:
            (arrow,) = self.after[arrow.head]
            if len(self.before[arrow.head]) > 1:
                break
        return arrow

    def slack(self, start: Arrow) -> int:
        """How many boxes shorter the branch that an arrow begins is than the longest one to the same merge."""
        end = self.end(start)
        if end is start or len(self.before[end.head]) == 1:
            return 0
        return self.rank[end.head] - self.rank[end.tail] - 1

    def mark_skips(self, head: int) -> None:
        """Tell the skips among the arrows into a box with several."""
        arrows = self.before[head]
        main = max(arrows, key=lambda arrow: self.rank[arrow.tail])
        others = [arrow for arrow in arrows if arrow.tail != main.tail]
        if not others:
            return
        branches = {id(arrow): self._short_branch(arrow) for arrow in others}
        forks = [branch[0].tail for branch in branches.values()]
        above = self._above(main.tail, min(self.rank[box] for box in forks))
        is_sum = self.picture.boxes[head].title == "+" and len(arrows) == 2
        for arrow in others:
            if arrow.tail in above:
                arrow.skip = True
            elif is_sum:
                branch = branches[id(arrow)]
                fork = branch[0].tail
                if fork in above and len(branch) - 1 < self.rank[main.tail] - self.rank[fork]:
                    for step in branch:
                        step.skip = True
                        step.within_skip = step is not branch[0]

    def _short_branch(self, arrow: Arrow) -> list[Arrow]:
        """The arrows from the last fork to `arrow`, the fork's first, for at most `SHORT` boxes in between."""
        branch = [arrow]
        while len(branch) <= SHORT and len(self.after[branch[0].tail]) == 1 and len(self.before[branch[0].tail]) == 1:
            branch.insert(0, self.before[branch[0].tail][0])
        return branch

    def _above(self, box: int, lowest: int) -> set[int]:
        """The boxes of at least this rank from which a way leads to `box`, as far as the effort allows."""
        found = {box}
        waiting = [box]
        while waiting and self.effort > 0:
            for arrow in self.before[waiting.pop()]:
                self.effort -= 1
                if arrow.tail not in found and self.rank[arrow.tail] >= lowest:
                    found.add(arrow.tail)
                    waiting.append(arrow.tail)
        return found

    def give_lanes(self) -> None:
        """Put each box in the lane of the one before it, if that goes straight on to it.

        Of several ways on, the longest is the straight one; of equally long ones that in the middle. What is added up
        or put side by side step by step stands in a lane of its own, beside the layers that it comes from.
        """
        ways_in = [{arrow.tail for arrow in arrows if _leads_on(arrow)} for arrows in self.before]
        ways_on = [{arrow.head for arrow in arrows if _leads_on(arrow)} for arrows in self.after]
        tails = [self._straight_in(ways) if ways else -1 for ways in ways_in]
        heads = [self._straight_on(box, ways_in, ways_on, tails) if ways else -1 for box, ways in enumerate(ways_on)]
        lanes = 0
        for box, record in enumerate(self.picture.boxes):
            if tails[box] >= 0 and heads[tails[box]] == box:
                record.lane = self.picture.boxes[tails[box]].lane
            else:
                lanes += 1
                record.lane = lanes

    def _straight_in(self, ways: set[int]) -> int:
        """The box from which the way comes straight to another: of the longest, a merge of what came before."""
        longest = max(self.rank[box] for box in ways)
        merges = {box for box in ways if self.rank[box] == longest and self._is_merge(box)}
        return straight(merges or ways, self.rank)

    def _is_merge(self, box: int) -> bool:
        return self.picture.boxes[box].kind == MERGE and len(self.before[box]) > 1

    def _straight_on(self, box: int, ways_in: list[set[int]], ways_on: list[set[int]], tails: list[int]) -> int:
        """The box to which the way goes straight on: of the longest, one by which it is straight into the merge too."""
        if len(ways_on[box]) == 1:  # nothing to choose; from here branches would be followed again and again
            (only,) = ways_on[box]
            return only
        longest = max(self.height[head] for head in ways_on[box])
        meeting = set()
        for head in ways_on[box]:
            tail, at = box, head
            while len(ways_in[at]) == 1 == len(ways_on[at]):  # along a branch, which no other shares
                (following,) = ways_on[at]
                tail, at = at, following
            if self.height[head] == longest and len(ways_in[at]) > 1 and tails[at] == tail:
                meeting.add(head)
        return straight(meeting or ways_on[box], self.height)


def _leads_on(arrow: Arrow) -> bool:
    """Whether an arrow is part of a way, and not a way around."""
    return arrow.within_skip or not arrow.skip


def straight(boxes: Collection[int], length: list[int]) -> int:
    """Of the boxes with the longest way, the one nearest to the middle of all."""
    inside = sorted(set(boxes))
    most = max(length[box] for box in inside)
    middle = (len(inside) - 1) / 2
    return min((abs(at - middle), box) for at, box in enumerate(inside) if length[box] == most)[1]
