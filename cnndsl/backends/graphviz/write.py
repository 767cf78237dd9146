"""Picture -> a graph of the `graphviz` package, which writes it in the DOT language.

What holds for every renderer: one font name (a list of fonts is an unknown font to the layout), one
run of text in a table cell (runs on one line collide where the viewer's font is wider), the same
width for all boxes of layers, a tenth of slack, and a class on everything, for style sheets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cnndsl.backends.graphviz.labels import DASHED, MONO, SANS, Labels, identifier, is_sign, plain
from cnndsl.backends.graphviz.picture import END, IO, MERGE, Arrow, Box, Cluster, Item, Picture, Turns
from cnndsl.i18n import tr
from cnndsl.ir.program import Origin
from cnndsl.theme import LIGHT, Theme

if TYPE_CHECKING:
    from graphviz import Digraph

MANY = 300
"""Above this many boxes the layout takes fewer turns to find ranks and orders."""

VERY_MANY = 1_000
"""Above this many boxes skips need not be straight: 1 second instead of 6 for 2,400 boxes."""

FAR = 5_000
"""Where the arrows pass more boxes than this on their ways, they are drawn straight: bends would take minutes."""

UNSEEN = "unseen"
"""What the clusters are called on a page that are there for the layout alone."""

_STRAIGHT = 400
"""The weight of an arrow along a lane: more than the 128 with which Graphviz draws a cluster together."""


def write(picture: Picture, theme: Theme, direction: str) -> str:
    """The DOT text of a picture. `direction` is DOT's rankdir: "TB" or "LR"."""
    return _Writer(picture, theme, direction).text()


def write_row(row: Picture, theme: Theme, whole: Picture | None) -> str:
    """The DOT text of one row of a picture from left to right; `whole` is the picture, for the head of the first."""
    return _Writer(row, theme, "LR").text(Labels(whole, theme, upright=True).head() if whole else "")


def names(picture: Picture) -> list[str]:
    """What the boxes are called in the DOT text."""
    writer = _Writer(picture, LIGHT, "LR")
    return [writer.name(box) for box in picture.boxes]


def write_for_page(picture: Picture, theme: Theme, direction: str) -> str:
    """The DOT text of a picture for a page, which says by itself what the head, tooltips and links say.

    A box has the id `b3` and a frame `f0`, by its number among the boxes and the clusters of the picture.
    """
    return _Writer(picture, theme, direction, for_page=True).text("")


class _Writer:
    def __init__(self, picture: Picture, theme: Theme, direction: str, *, for_page: bool = False) -> None:
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
        self._for_page = for_page
        self._ids = {id(box): f"b{at}" for at, box in enumerate(picture.boxes)}
        self._ids |= {id(cluster): f"f{at}" for at, cluster in enumerate(picture.clusters())}

    def _unique(self, wanted: str) -> str:
        name, count = identifier(wanted), self._counts.get(wanted, 1)
        while name in self._taken:
            count += 1
            name = identifier(f"{wanted} ({count})")
        self._taken.add(name)
        self._counts[wanted] = count
        return name

    def name(self, box: Box) -> str:
        """What a box is called."""
        return self._nodes[id(box)]

    def text(self, head: str | None = None) -> str:
        """The whole picture, with its own head or another."""
        from graphviz import Digraph

        theme, picture = self._theme, self._picture
        graph = Digraph(
            identifier(picture.name),
            graph_attr=_look(
                rankdir=self._direction,
                bgcolor=theme.background,
                pad=0.22,
                nodesep=0.44,  # a skip passes a quarter of it outside the border of a cluster
                ranksep=0.24,
                fontname=SANS,
                labelloc="t",
                labeljust="l",
                tooltip="" if self._for_page else plain(f"{picture.name}\n{picture.summary}"),
                label=self._labels.head() if head is None else head,
            )
            | self._hurry(),
            node_attr=_look(shape="box", fontname=SANS, penwidth=1.1, height=0.3),
            edge_attr=_look(fontname=MONO, color=theme.flow, arrowsize=0.65, penwidth=1.1),
        )
        self._items(graph, picture.items, within=False)
        for arrow in picture.arrows:
            self._arrow(graph, arrow)
        return str(graph.source)

    def _hurry(self) -> dict[str, str]:
        """What a large picture asks of the layout, so that it is done in time."""
        way = sum(arrow.head - arrow.tail for arrow in self._picture.arrows)
        if way > FAR:
            return _look(nslimit1=0.2, mclimit=0.1, nslimit=0.2, splines="line")
        return _look(nslimit1=0.2, mclimit=0.1) if len(self._picture.boxes) > MANY else {}

    def _items(self, graph: Digraph, items: list[Item], *, within: bool) -> None:
        for item in items:
            if isinstance(item, Box):
                if within and id(item) in self._ends:
                    self._alone(graph, item)
                else:
                    self._box(graph, item)
            elif isinstance(item, Turns):
                self._points(graph, item)
            elif item.items:
                self._cluster(graph, item)

    def _cluster_name(self) -> str:
        self._clusters += 1
        return f"cluster_{self._clusters}"

    def _alone(self, graph: Digraph, box: Box) -> None:
        """A box within a cluster in which a skip begins or ends; in a cluster of its own, which is not seen.

        Graphviz bends an arrow away from its label where the next arrow at the right passes inside the cluster
        that it begins or ends in, and that cluster is not the first arrow's own. Inside a box nothing passes.
        """
        unseen = {"label": "", "peripheries": "0", "margin": "0"} | ({"id": UNSEEN} if self._for_page else {})
        with graph.subgraph(name=self._cluster_name(), graph_attr=unseen) as inside:
            self._box(inside, box)

    def _points(self, graph: Digraph, turns: Turns) -> None:
        look = _look(shape="point", style="invis", width=0.001, height=0.001)
        with graph.subgraph(graph_attr={"rank": "same"}) as row:
            for place in range(turns.count):
                self._turns[id(turns), place] = name = self._unique(f"turn {len(self._turns) + 1}")
                row.node(name, **look)

    def _cluster(self, graph: Digraph, cluster: Cluster) -> None:
        theme = self._theme
        classes = ["chain" if cluster.chain else "block", *(["training"] if cluster.training else [])]
        styles = ["rounded", *([] if cluster.chain else ["filled"]), *(["dotted"] if cluster.training else [])]
        look = _look(
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
            **self._about(cluster),
        )
        with graph.subgraph(name=self._cluster_name(), graph_attr=look) as inside:
            self._items(inside, cluster.items, within=True)

    def _box(self, graph: Digraph, box: Box) -> None:
        if box.kind == END:
            graph.node(self._nodes[id(box)], **_look(shape="point", style="invis", width=0.001, height=0.001))
            return
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
        graph.node(self._nodes[id(box)], **_look(**look, **self._about(box)))

    def _about(self, item: Box | Cluster) -> dict[str, str]:
        """What tells of a box or a cluster: its tooltip and where it stands in the text, or its id."""
        if self._for_page:
            return {"id": self._ids[id(item)]}
        return {"tooltip": _tooltip(item), "URL": _link(item.origin)}

    def _arrow(self, graph: Digraph, arrow: Arrow) -> None:
        boxes = self._picture.boxes
        tail, head = boxes[arrow.tail], boxes[arrow.head]
        start, end = self._nodes[id(tail)], self._nodes[id(head)]
        look: dict[str, Any] = {
            "class_": "skip" if arrow.skip else "flow",
            "tooltip": "" if self._for_page else plain(f"{tail.path} → {head.path}, {arrow.size}"),
        }
        if arrow.skip:
            look |= {"style": "dashed", "color": self._theme.skip, "weight": 2 if arrow.within_skip else self._skip}
        else:
            look["weight"] = _STRAIGHT if tail.lane == head.lane else 2
        if END in (tail.kind, head.kind):
            look |= {"class_": f"{look['class_']} {'leaving' if head.kind == END else 'coming'}", "tooltip": arrow.size}
            look |= {"dir": "none", "headclip": "false"} if head.kind == END else {"tailclip": "false"}
        label = self._labels.arrow(arrow)
        if arrow.turn:
            turns, place = arrow.turn
            turn = self._turns[id(turns), place]
            graph.edge(start, turn, **_look(**look, label=label, dir="none", headclip="false"))
            start, label = turn, ""
            look |= {"weight": _STRAIGHT, "tailclip": "false"}
        graph.edge(start, end, **_look(**look, label=label))


def _look(**values: str | float) -> dict[str, str]:
    """Attributes as the package takes them; those that are empty are left out."""
    shown = {name.rstrip("_"): value if isinstance(value, str) else f"{value:g}" for name, value in values.items()}
    return {name: value for name, value in shown.items() if value}


def _tooltip(item: Box | Cluster) -> str:
    """What there is to say; the last line is the place in the source."""
    remark = (tr("in training only"),) if item.training else ()
    place = tr("{what}, line {line}", what=item.origin.file, line=item.origin.line)
    return plain("\n".join((*filter(None, item.lines), *remark, place)))


def _link(origin: Origin) -> str:
    """The address of a line of the source, relative to the picture; none for a text that has no file."""
    if origin.file.startswith("<"):
        return ""
    return plain(f"{quote(origin.file)}#L{origin.line}")
