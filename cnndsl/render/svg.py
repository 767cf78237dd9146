"""What Graphviz or another program draws -> an SVG for pages and people, also of several rows, or a PNG."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import cache
from html import escape, unescape
from itertools import pairwise
from string import whitespace
from xml.etree import ElementTree as Tree

from cnndsl.i18n import tr
from cnndsl.render import RenderError, RenderWarning
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
    _fit(root)
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


def _fit(root: Tree.Element) -> None:
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


_ZOOM = 2
"""Pixels to a unit of the picture: sharp on a screen of high density."""
_PRINT = 300.0
"""Pixels to an inch of a picture that has its size on paper."""


SANS = (
    "Arial", "Helvetica", "Liberation Sans", "Nimbus Sans", "DejaVu Sans", "Noto Sans", "Noto Sans CJK JP",
    "Segoe UI", "Roboto", "Ubuntu", "Cantarell", "Open Sans", "FreeSans", "IPAexGothic", "IPAGothic",
)  # fmt: skip
MONOSPACE = (
    "Menlo", "Consolas", "DejaVu Sans Mono", "Liberation Mono", "Courier New", "Noto Sans Mono", "Nimbus Mono PS",
    "Ubuntu Mono", "FreeMono",
)  # fmt: skip
"""Families that common systems have, for texts whose own families are not there."""
CJK_SANS = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans", "Source Han Sans JP", "Hiragino Sans", "Yu Gothic",
    "Meiryo", "MS Gothic", "IPAexGothic", "IPAGothic", "VL Gothic",
)  # fmt: skip
"""Families without serifs that have Japanese and Chinese letters."""
_CJK_LETTER = re.compile("[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")
_NO_LETTER = "\ue000"
_CJK = "Noto Sans CJK (Debian and Ubuntu: fonts-noto-cjk)"


def png(svg: str) -> bytes:
    """The picture as the bytes of a PNG, with the fonts of the system.

    Raises RenderError where the package for it is not installed, or refuses the picture. Warns with RenderWarning
    where the system has no font, or none with some of the letters.
    """
    try:
        import resvg_py
    except ImportError:
        message = "nothing here can make a PNG of it: run pip install 'cnndsl[png]'; an SVG needs nothing"
        raise RenderError(message) from None
    letters = letters_of(svg)
    sans = _family(SANS) if letters else None
    if letters and sans is None:
        message = "this system has no font, so the PNG has no text: install one, such as DejaVu Sans, or make an SVG"
        warnings.warn(message, RenderWarning, stacklevel=2)
    elif sans is not None:
        warn_of([each for each in letters if not each.isascii() and _is_missing(each, sans)], "PNG")
    mono = _family(MONOSPACE) or sans if letters else None
    try:
        is_for_print = re.search(r'<svg [^>]*width="[\d.]+(cm|mm|in|pt)"', svg) is not None
        drawn = resvg_py.svg_to_bytes(
            svg_string=narrow(in_cjk(svg, _family(CJK_SANS)) if any(map(_CJK_LETTER.match, letters)) else svg),
            dpi=_PRINT if is_for_print else 0,
            zoom=1 if is_for_print else _ZOOM,
            sans_serif_family=sans,
            monospace_family=mono,
        )
        return bytes(drawn)
    except ValueError as problem:
        raise RenderError(f"resvg: {problem}") from problem


def narrow(svg: str) -> str:
    """The picture with narrow letters of families that have such: DejaVu's others are wider than there is room for."""
    return svg.replace("<svg ", '<svg font-stretch="condensed" ', 1)


def in_cjk(svg: str, family: str | None) -> str:
    """The picture with this family for its texts with Japanese or Chinese letters.

    Renderers take the first font that has a letter where the family of a text lacks it, also one with serifs.
    """

    def styled(found: re.Match[str]) -> str:
        if _CJK_LETTER.search(found[2]) is None:
            return found[0]
        return f"<text style=\"font-family:'{family}'\"{found[1]}>{found[2]}</text>"

    return re.sub(r"<text\b([^>]*)>(.*?)</text>", styled, svg, flags=re.DOTALL) if family is not None else svg


def letters_of(svg: str) -> list[str]:
    """Every letter that is to be seen in a picture once, in order."""
    told = re.sub(r"<(style|title|desc)\b.*?</\1>", "", svg, flags=re.DOTALL)
    return sorted(set(unescape("".join(re.findall(r">([^<]+)<", told)))) - set(whitespace))


def warn_of(letters: list[str], what: str) -> None:
    """Warn with RenderWarning of letters that no font has, which are not in what is made: in the PNG."""
    if letters:
        font = _CJK if any(map(_CJK_LETTER.match, letters)) else "a font"
        message = f"no font of this system has {_listed(''.join(letters))}: make an SVG, or install {font} for a {what}"
        warnings.warn(message, RenderWarning, stacklevel=3)


def _listed(letters: str) -> str:
    return f"the letters {letters}" if len(letters) <= 8 else f"{len(letters)} of the letters"


def _family(names: Iterable[str]) -> str | None:
    """The first of these families that the system has."""
    return next((name for name in names if _drawn("x", name) != _drawn("", name)), None)


def _is_missing(letter: str, family: str) -> bool:
    """Whether no font has a shape for it: it leaves no mark, or the one that all such letters leave."""
    return _drawn(escape(letter), family) in (_drawn("", family), _drawn(_NO_LETTER, family))


@cache
def _drawn(text: str, family: str) -> bytes:
    """A text by itself, small."""
    import resvg_py

    style = f'font-family="{family}" font-size="16" x="2" y="18"'
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=f'<svg xmlns="{_SVG}" width="24" height="24"><text {style}>{text}</text></svg>'
        )
    )
