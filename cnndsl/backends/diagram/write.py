"""Picture -> DOT text.

What holds for every renderer: one font name (a list of fonts is an unknown font to the layout), one
run of text in a table cell (runs on one line collide where the viewer's font is wider), the same
width for all boxes of layers, a tenth of slack, and a class on everything, for style sheets.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from cnndsl.backends.diagram.labels import Labels, is_sign
from cnndsl.backends.diagram.legend import DASHED
from cnndsl.backends.diagram.markup import MONO, SANS, attributes, identifier
from cnndsl.backends.diagram.picture import IO, MERGE, Arrow, Box, Cluster, Item, Picture, Turns
from cnndsl.program import Origin
from cnndsl.theme import Theme

MANY = 300
"""Above this many boxes the layout takes fewer turns to find ranks and orders."""

VERY_MANY = 1_000
"""Above this many boxes skips need not be straight: 1 second instead of 6 for 2,400 boxes."""

FAR = 5_000
"""Where the arrows pass more boxes than this on their ways, they are drawn straight: bends would take minutes."""

_STRAIGHT = 400
"""The weight of an arrow along a lane: more than the 128 with which Graphviz draws a cluster together."""
_OUTERMOST = "  "


def write(picture: Picture, theme: Theme, direction: str) -> str:
    """The DOT text of a picture. `direction` is DOT's rankdir: "TB" or "LR"."""
    return "".join(f"{line}\n" for line in _Writer(picture, theme, direction).lines())


class _Writer:
    def __init__(self, picture: Picture, theme: Theme, direction: str) -> None:
        self._picture = picture
        self._theme = theme
        self._direction = direction
        self._labels = Labels(picture, theme, upright=direction == "LR")
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}
        """How often a name was wanted, at least, so that not all of its numbers are tried again."""
        self._nodes = {id(box): self._unique(box.path) for box in picture.boxes}
        self._skip = 1 if len(picture.boxes) <= VERY_MANY else 0
        self._ends = {
            id(picture.boxes[at]) for arrow in picture.arrows if arrow.skip for at in (arrow.tail, arrow.head)
        }
        self._clusters = 0
        self._turns: dict[tuple[int, int], str] = {}

    def _unique(self, wanted: str) -> str:
        name, count = identifier(wanted), self._counts.get(wanted, 1)
        while name in self._taken:
            count += 1
            name = identifier(f"{wanted} ({count})")
        self._taken.add(name)
        self._counts[wanted] = count
        return name

    def lines(self) -> Iterator[str]:
        theme, picture = self._theme, self._picture
        graph = attributes(
            rankdir=self._direction,
            bgcolor=theme.background,
            pad=0.22,
            nodesep=0.44,  # a skip passes a quarter of it outside the border of a cluster
            ranksep=0.24,
            fontname=SANS,
            labelloc="t",
            labeljust="l",
            tooltip=f"{picture.name}\n{picture.summary}",
            label=self._labels.head(),
        )
        yield f"digraph {identifier(picture.name)} {{"
        yield f"  graph [{graph}];"
        way = sum(arrow.head - arrow.tail for arrow in picture.arrows)
        if len(picture.boxes) > MANY or way > FAR:
            yield f"  graph [{attributes(nslimit1=0.2, mclimit=0.1)}];"
        if way > FAR:
            yield f"  graph [{attributes(nslimit=0.2, splines='line')}];"
        yield f"  node [{attributes(shape='box', fontname=SANS, penwidth=1.1, height=0.3)}];"
        yield f"  edge [{attributes(fontname=MONO, color=theme.flow, arrowsize=0.65, penwidth=1.1)}];"
        yield from self._items(picture.items, _OUTERMOST)
        for arrow in picture.arrows:
            yield from self._arrow(arrow)
        yield "}"

    def _items(self, items: list[Item], indent: str) -> Iterator[str]:
        for item in items:
            if isinstance(item, Box):
                yield f"{indent}{self._alone(item) if indent != _OUTERMOST else self._box(item)}"
            elif isinstance(item, Turns):
                yield f"{indent}{{ rank=same; {' '.join(self._points(item))} }}"
            elif item.items:
                yield from self._cluster(item, indent)

    def _alone(self, box: Box) -> str:
        """A box within a cluster; in a cluster of its own, which is not seen, if a skip begins or ends there.

        Graphviz bends an arrow away from its label where the next arrow at the right passes inside the cluster
        that it begins or ends in, and that cluster is not the first arrow's own. Inside a box nothing passes.
        """
        if id(box) not in self._ends:
            return self._box(box)
        self._clusters += 1
        return f'subgraph "cluster_{self._clusters}" {{ graph [label="", peripheries=0, margin=0]; {self._box(box)} }}'

    def _points(self, turns: Turns) -> Iterator[str]:
        for place in range(turns.count):
            self._turns[id(turns), place] = name = self._unique(f"turn {len(self._turns) + 1}")
            look = attributes(shape="point", style="invis", width=0.001, height=0.001)
            yield f"{name} [{look}];"

    def _cluster(self, cluster: Cluster, indent: str) -> Iterator[str]:
        theme = self._theme
        self._clusters += 1
        classes = ["chain" if cluster.chain else "block", *(["training"] if cluster.training else [])]
        styles = ["rounded", *([] if cluster.chain else ["filled"]), *(["dotted"] if cluster.training else [])]
        look = attributes(
            class_=" ".join(classes),
            label=self._labels.cluster(cluster),
            # Where skips seldom are: they pass at the right, or from left to right above.
            labeljust="l",
            labelloc="t" if self._direction == "TB" else "b",
            style=",".join(styles),
            fillcolor="" if cluster.chain else theme.cluster,
            color=theme.cluster_line,
            penwidth=1,
            margin=10,
            tooltip=_tooltip(cluster),
            URL=_link(cluster.origin),
        )
        yield f'{indent}subgraph "cluster_{self._clusters}" {{'
        yield f"{indent}  graph [{look}];"
        yield from self._items(cluster.items, indent + "  ")
        yield f"{indent}}}"

    def _box(self, box: Box) -> str:
        tint = self._theme.tints[box.kind]
        look: dict[str, str | float] = {"style": "rounded,filled", "margin": "0.12,0.03"}
        if box.kind == IO:
            look["margin"] = "0.10,0.02"
        elif box.kind == MERGE:
            look |= {"margin": "0.06,0.01", "penwidth": 1.4, "height": 0.28}
            if is_sign(box):
                look |= {"shape": "circle", "style": "filled", "width": 0.32, "height": 0.32, "fixedsize": "true"}
        elif box.kind in DASHED:
            look["style"] = f"rounded,filled,{DASHED[box.kind]}"
        classes = [box.kind]
        if box.times > 1:
            classes.append("repeated")
            look["peripheries"] = 2
        if box.training:
            classes.append("training")
            look["style"] = f"{look['style']},dotted"
        look |= {
            "class_": " ".join(classes),
            "fillcolor": tint.fill,
            "color": tint.line,
            "label": self._labels.box(box),
        }
        return f"{self._nodes[id(box)]} [{attributes(**look, tooltip=_tooltip(box), URL=_link(box.origin))}];"

    def _arrow(self, arrow: Arrow) -> Iterator[str]:
        boxes = self._picture.boxes
        tail, head = boxes[arrow.tail], boxes[arrow.head]
        start, end = self._nodes[id(tail)], self._nodes[id(head)]
        look: dict[str, str | float] = {
            "class_": "skip" if arrow.skip else "flow",
            "tooltip": f"{tail.path} → {head.path}, {arrow.size}",
        }
        if arrow.skip:
            look |= {"style": "dashed", "color": self._theme.skip, "weight": 2 if arrow.within_skip else self._skip}
        else:
            look["weight"] = _STRAIGHT if tail.lane == head.lane else 2
        label = self._labels.arrow(arrow)
        if arrow.turn:
            turns, place = arrow.turn
            turn = self._turns[id(turns), place]
            yield f"  {start} -> {turn} [{attributes(**look, label=label, dir='none', headclip='false')}];"
            start, label = turn, ""
            look |= {"weight": _STRAIGHT, "tailclip": "false"}
        yield f"  {start} -> {end} [{attributes(**look, label=label)}];"


def _tooltip(item: Box | Cluster) -> str:
    """What there is to say; the last line is the place in the source."""
    remark = ("in training only",) if item.training else ()
    place = f"{item.origin.file}, line {item.origin.line}"
    return "\n".join((*filter(None, item.lines), *remark, place))


def _link(origin: Origin) -> str:
    """The address of a line of the source, relative to the picture; none for a text that has no file."""
    if origin.file.startswith("<"):
        return ""
    return f"{quote(origin.file)}#L{origin.line}"
