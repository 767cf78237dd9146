"""What Graphviz or another program draws -> an SVG for pages and people, also of several rows."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as Tree

from cnndsl.i18n import tr
from cnndsl.theme import FONTS, ThemeName, in_the_dark

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_TITLE, _DESC, _STYLE, _A, _G, _TEXT, _PATH, _POLYGON, _ELLIPSE = (
    f"{{{_SVG}}}{tag}" for tag in ("title", "desc", "style", "a", "g", "text", "path", "polygon", "ellipse")
)
_HREF, _TIP = f"{{{_XLINK}}}href", f"{{{_XLINK}}}title"
# Every rule is for this picture's own class: a style sheet inside a page is one for the whole page. The last one
# closes the gap between the two parts of an arrow that turns, which is smaller than the line is wide.
_RULES = """
@media all{.cnndsl{max-width:100%;height:auto}}
.cnndsl text{font-family:FONTS}
.cnndsl text[font-family^="Courier"]{font-family:Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
.cnndsl .flow path{stroke-linecap:square}
""".replace("FONTS", FONTS)
_PIXELS = 4 / 3  # to a point
_MOST = 200
"""Boxes that are told in the description."""


def finish(drawn: bytes, theme: ThemeName) -> bytes:
    """The finished SVG, without an XML declaration so that it can stand inside a page.

    Raises xml.etree.ElementTree.ParseError when what was drawn is no XML.
    """
    root = Tree.fromstring(drawn)  # noqa: S314 - from the renderer, not from a stranger
    graph = root.find(_G)
    name, about = "", []
    if graph is not None:
        title, tip = _take_title(graph), _take_tip(graph)
        name, *about = tip.split("\n") if tip else [title]
    told = [*about, *_label_groups(root)]
    anchor_right(root)
    for element in root.iter():
        element.attrib.pop("id", None)
    fit(root)
    _introduce(root, name, told)
    style = Tree.Element(_STYLE)
    style.tail = "\n"
    style.text = _RULES + _dark_rules(root, theme)
    root.insert(2, style)
    Tree.register_namespace("", _SVG)
    text: str = Tree.tostring(root, encoding="unicode")
    return f"{text}\n".encode()


def _take_title(group: Tree.Element) -> str:
    title = group.find(_TITLE)
    if title is None:
        return ""
    group.remove(title)
    return title.text or ""


def _take_tip(group: Tree.Element) -> str:
    """Remove the tooltip of a group's own link; returns it. Older browsers know it in this form alone."""
    for inner in group.findall(_G):
        anchor = inner.find(_A)
        if anchor is not None:
            if _HREF in anchor.attrib:
                anchor.set("href", anchor.attrib.pop(_HREF))
            return anchor.attrib.pop(_TIP, "")
    return ""


def _label_groups(root: Tree.Element) -> list[str]:
    """Give boxes, clusters and arrows tooltips in words; returns what the boxes say, in order."""
    told = []
    for group in root.iter(_G):
        what = group.get("class", "").split(" ")[0]
        if what not in ("node", "edge", "cluster"):
            continue
        names, tip = _take_title(group), _take_tip(group)
        tip = tip or (names.replace("->", " → ") if what == "edge" else "")
        if tip:
            title = Tree.Element(_TITLE)
            title.text = tip
            group.insert(0, title)
        if what == "node":
            told.append(", ".join(tip.split("\n")[:-1]))  # the last line is the place in the source
    if len(told) > _MOST:
        told[_MOST:] = [tr("and {count} more", count=len(told) - _MOST)]
    return told


def anchor_right(root: Tree.Element) -> None:
    """Let texts at the right border of a box, which are set in Arial, end there in any font.

    They end as far from the right border as the texts at the left begin from the left one.
    """
    for group in root.iter(_G):
        texts = list(group.iter(_TEXT)) if group.get("class", "").startswith("node") else []
        ending = [text for text in texts if text.get("font-family", "").startswith("Arial")]
        outline = next(group.iter(_PATH), None)
        if ending and outline is not None:
            across = [float(x) for x in re.findall(r"(-?[\d.]+),", outline.get("d", ""))]
            inset = min(float(text.get("x", "0")) for text in texts) - min(across)
            for text in ending:
                text.set("x", f"{max(across) - inset:.2f}".rstrip("0").rstrip("."))
                text.set("text-anchor", "end")


def fit(root: Tree.Element) -> None:
    """The natural size in pixels; the style sheet sees to it that it is no more than the place there is."""
    for side in ("width", "height"):
        points = re.match(r"[\d.]+", root.get(side, ""))
        if points:
            root.set(side, f"{float(points[0]) * _PIXELS:.0f}")


def _introduce(root: Tree.Element, name: str, told: list[str]) -> None:
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "network"
    root.set("class", "cnndsl")
    root.set("role", "img")
    root.set("aria-labelledby", f"{slug}-title {slug}-desc")
    for at, (tag, part, text) in enumerate([(_TITLE, "title", name), (_DESC, "desc", "\n".join(told))]):
        element = Tree.Element(tag, {"id": f"{slug}-{part}"})
        element.text, element.tail = text, "\n"
        root.insert(at, element)


def _dark_rules(root: Tree.Element, theme: ThemeName) -> str:
    """Style rules that put a dark colour in the place of each light one."""
    if theme == "light":
        return ""
    rules = []
    dark = {light.lower(): colour.lower() for light, colour in in_the_dark().items()}
    for use in ("fill", "stroke"):
        there = {element.get(use, "").lower() for element in root.iter()}
        rules += [f'.cnndsl [{use}="{light}"]{{{use}:{colour}}}' for light, colour in dark.items() if light in there]
    if theme == "dark":
        return "\n".join(rules) + "\n"
    return "@media screen and (prefers-color-scheme:dark){\n" + "\n".join(rules) + "\n}\n"


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
