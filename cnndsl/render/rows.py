"""What Graphviz or another program draws of the rows of a picture -> one SVG, with the rows below each other."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as Tree

_SVG = "http://www.w3.org/2000/svg"
_G, _TITLE, _PATH, _POLYGON, _ELLIPSE = (f"{{{_SVG}}}{tag}" for tag in ("g", "title", "path", "polygon", "ellipse"))
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_BESIDE = 8.0
"""How far beside its rows a line from one to the next goes down, and the radius of its bends: half of what is left
around a row.
"""

Point = tuple[float, float]


def places(drawn: bytes) -> dict[str, tuple[float, float]]:
    """Where each box of an SVG begins and ends along the page, by its name.

    Raises xml.etree.ElementTree.ParseError when what was drawn is no XML.
    """
    found = {}
    for group in Tree.fromstring(drawn).iter(_G):  # noqa: S314 - from the renderer, not from a stranger
        title = group.find(_TITLE)
        across = [x for x, _ in _points(group)] if group.get("class", "").startswith("node") else []
        if across and title is not None:
            found[title.text or ""] = (min(across), max(across))
    return found


def stack(drawn: list[bytes], colour: str) -> bytes:
    """The SVGs as one; `colour` is that of the lines from the end of a row to the beginning of the next.

    Raises xml.etree.ElementTree.ParseError when what was drawn is no XML.
    """
    roots = [Tree.fromstring(row) for row in drawn]  # noqa: S314 - as above
    rows = [_Row.of(root) for root in roots]
    y = 0.0
    for row in rows:
        row.y = y
        y += row.high
    first, width = rows[0], max(row.wide for row in rows)
    for row in rows[1:]:
        across, down = row.right - first.right, row.down + row.y - first.down
        row.graph.attrib = {"class": "row", "transform": f"translate({across:.2f} {down:.2f})"}
        for remark in [row.graph.find(_TITLE), *row.graph.findall(_G)[:1]]:  # its name, and the ground
            if remark is not None:
                row.graph.remove(remark)
        first.graph.append(row.graph)
    for one, other in pairwise(rows):
        line = _line(one.place(one.ends("leaving")[-1]), other.place(other.ends("coming")[0]), other.y)
        shape = {"d": line, "fill": "none", "stroke": colour, "stroke-width": "1.1"}
        onward = Tree.SubElement(
            first.graph, _G, {"class": "onward", "transform": f"translate({-first.right:.2f} {-first.down:.2f})"}
        )
        Tree.SubElement(onward, _PATH, shape)
    ground = next(first.graph.iter(_POLYGON))
    left, top = -first.right, -first.down
    corners = ((left, top), (left + width, top), (left + width, top + y), (left, top + y))
    ground.set("points", " ".join(f"{x:.2f},{at:.2f}" for x, at in corners))
    roots[0].attrib |= {"viewBox": f"0.00 0.00 {width:.2f} {y:.2f}", "width": f"{width:.2f}pt", "height": f"{y:.2f}pt"}
    return Tree.tostring(roots[0])


class _Row:
    """A row: its size, how far to the right and down what is in it is moved, and its own place."""

    def __init__(self, graph: Tree.Element, size: list[float], moved: list[float]) -> None:
        self.graph = graph
        self.wide, self.high = size
        self.right, self.down = moved
        self.y = 0.0

    @classmethod
    def of(cls, root: Tree.Element) -> _Row:
        graph = root.find(_G)
        size = [float(number) for number in _NUMBER.findall(root.get("viewBox", ""))[2:]]
        moved = _NUMBER.findall(graph.get("transform", "").rpartition("translate")[2]) if graph is not None else []
        if graph is None or len(size) != 2 or len(moved) != 2:
            raise Tree.ParseError("there is no graph")
        return cls(graph, size, [float(number) for number in moved])

    def ends(self, kind: str) -> list[Point]:
        """The points of the first arrow that comes into the row, or leaves it."""
        found = (group for group in self.graph.iter(_G) if kind in group.get("class", "").split())
        return next((_points(group) for group in found), [(0.0, 0.0)])

    def place(self, point: Point) -> Point:
        return point[0] + self.right, point[1] + self.down + self.y


def _line(end: Point, start: Point, between: float) -> str:
    """From the end of a row around to the start of the next; `between` is the height of the border of both."""
    (x, y), (to, at), r = end, start, _BESIDE
    right, left = x + r, to - r
    return (
        f"M{x:.2f},{y:.2f}Q{right:.2f},{y:.2f} {right:.2f},{y + r:.2f}V{between - r:.2f}"
        f"Q{right:.2f},{between:.2f} {x:.2f},{between:.2f}H{to:.2f}"
        f"Q{left:.2f},{between:.2f} {left:.2f},{between + r:.2f}V{at - r:.2f}Q{left:.2f},{at:.2f} {to:.2f},{at:.2f}"
    )


def _points(group: Tree.Element) -> list[Point]:
    """The corners of the first shape of a group, or the points of its line."""
    for element in group.iter():
        if element.tag == _ELLIPSE:
            x, y, r = (float(element.get(name, "0")) for name in ("cx", "cy", "rx"))
            return [(x - r, y), (x + r, y)]
        if element.tag in (_PATH, _POLYGON):
            numbers = [float(n) for n in _NUMBER.findall(element.get("d", "") or element.get("points", ""))]
            return list(zip(numbers[::2], numbers[1::2], strict=False))
    return []
