"""Layout -> SVG: volumes shaded in the tints of the theme, arrows, labels, the legend and the scale."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Literal, NamedTuple
from urllib.parse import quote

from cnndsl.backends import captions as about
from cnndsl.backends.graphviz.labels import BOLD, KINDS, MONO, SANS, SLACK, printable, shorten, text_width
from cnndsl.backends.graphviz.labels import DASHED as DASHED_KINDS
from cnndsl.backends.graphviz.picture import IO, MERGE
from cnndsl.backends.volume.build import Window, seen
from cnndsl.backends.volume.layout import (
    BAND,
    LINE,
    MARGIN,
    RADIUS,
    SMALL,
    TITLE,
    TURN,
    Box,
    Label,
    Layout,
    Placed,
    Point,
    Route,
)
from cnndsl.backends.volume.scene import Scene, Volume
from cnndsl.i18n import tr
from cnndsl.terminal import wrap
from cnndsl.theme import DARK, FONTS, LIGHT, Theme, ThemeName
from cnndsl.theme import in_the_dark as every_dark

_MONO_FONT = "Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"

DASHED, DOTTED = ' stroke-dasharray="3 2"', ' stroke-dasharray="1 2"'
"""The borders of what is not there in evaluation, as in a diagram: dashed for dropout, dotted for training only."""


def number(value: float) -> str:
    """A number with at most a tenth, and no sign on zero."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def safe(text: str) -> str:
    """Any text as the content of an element or of an attribute."""
    return escape(printable(text))


def polygon(points: Iterable[Point], fill: str, more: str = "") -> str:
    """A face; `more` are further attributes."""
    corners = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f'<polygon points="{corners}" fill="{fill}"{more}/>'


def path(points: Iterable[Point]) -> str:
    """The data of a path along these points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def words(text: str, x: float, y: float, points: float, colour: str, face: str = SANS, anchor: str = "") -> str:
    """A line of text in one of the faces of `markup`; nothing for a text without a visible character."""
    look = f' font-family="{_MONO_FONT}"' if face == MONO else ' font-weight="bold"' if face == BOLD else ""
    look += f' text-anchor="{anchor}"' if anchor else ""
    shown = safe(" ".join(text.split()))
    place = f'x="{number(x)}" y="{number(y)}" font-size="{number(points)}"'
    return f'<text {place} fill="{colour}"{look}>{shown}</text>' if shown else ""


def cross(x: float, y: float, wide: float, high: float, colour: str, stroke: float = 1.0) -> str:
    """A cross over what a dropout has dropped; the place is that of its top left corner."""
    across, down = number(wide), number(high)
    corners = f"M{number(x)} {number(y)}l{across} {down}m0 -{down}l-{across} {down}"
    return f'<path d="{corners}" fill="none" stroke="{colour}" stroke-width="{number(stroke)}"/>'


def wrapped(text: str, room: float, points: float, face: str = SANS) -> list[str]:
    """The text in lines of at most this width."""
    return wrap(text, room, lambda line: text_width(line, points, face))


class Shade(NamedTuple):
    """One kind of volume: its faces, and its edges."""

    top: str
    front: str
    side: str
    line: str


def opened(
    kind: str,
    name: str,
    told: str,
    width: float,
    height: float,
    theme: ThemeName,
    *,
    role: str = "img",
    swaps: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The beginning of a picture of the class `cnndsl-KIND`: its name, what it tells, its style sheet, its ground.

    role: what it is for a reader that speaks, "group" where it has links, which are no part of an "img". swaps: for the
    theme auto the colours in the dark, by those that are written; None for all of the theme.
    """
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "network"
    title, desc = (f"{slug}-{kind}-{part}" for part in ("title", "desc"))
    size = f'width="{number(width)}" height="{number(height)}"'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" {size} '
        f'class="cnndsl-{kind}" role="{role}" aria-labelledby="{title} {desc}" font-family="{FONTS}">'
    )
    yield f'<title id="{title}">{safe(name)}</title>'
    yield f'<desc id="{desc}">{safe(told)}</desc>'
    # Every rule is for the class alone: a style sheet inside a page is one for the whole page.
    rules = f"@media all{{.cnndsl-{kind}{{max-width:100%;height:auto}}}}"
    if theme == "auto":
        dark = "\n".join(
            f'.cnndsl-{kind} [{use}="{light}"]{{{use}:{colour}}}'
            for light, colour in (every_dark() if swaps is None else swaps).items()
            for use in ("fill", "stroke")
        )
        rules += f"\n@media screen and (prefers-color-scheme:dark){{\n{dark}\n}}"
    yield f"<style>\n{rules}\n</style>"
    yield f'<rect class="ground" {size} fill="{(DARK if theme == "dark" else LIGHT).background}"/>'


def shade(theme: Theme, kind: str) -> Shade:
    """The faces of a kind of volume: light comes from above."""
    tint = theme.tints[kind]
    if kind == IO:  # a tint as dark as the text, which is too heavy for a whole volume
        top, front, side = (_mix(theme.background, tint.fill, share) for share in (0.22, 0.38, 0.30))
    else:
        top, front, side = (_mix(tint.fill, tint.line, share) for share in (0.0, 0.20, 0.10))
    return Shade(top, front, side, tint.line)


def in_the_dark(kinds: list[str]) -> dict[str, str]:
    """Light colour -> dark colour, for every colour of a picture with these kinds of volumes."""
    found = every_dark()
    for kind in kinds:
        found |= dict(zip(shade(LIGHT, kind), shade(DARK, kind), strict=True))
    return found


def _mix(one: str, other: str, share: float) -> str:
    """One colour with a share of another in it."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


_ROW = 18.0
_SAMPLE = 26.0
_GAP = 18.0


SKIP, TRAINING = "skip", "in training only"
"""What a legend tells beside the kinds of layers."""


def told(scene: Scene, layout: Layout) -> Iterator[str]:
    """What the legend of a picture has to tell, in order."""
    own = {volume.kind for volume in scene.volumes}
    stripes = {band.kind for volume in scene.volumes for band in volume.bands}
    yield from (kind for kind in KINDS if kind in own | stripes)
    if any(route.skip for route in layout.routes) or any(any(volume.hops) for volume in scene.volumes):
        yield SKIP
    if any(volume.training for volume in scene.volumes):
        yield TRAINING


def note(scene: Scene) -> str:
    """The scale in words, so that nobody measures."""
    ranks = {len(volume.shape) for volume in scene.volumes}
    said = []
    if any(rank > 1 for rank in ranks):
        said.append(tr("a side is drawn as the square root of its size, a thickness as the logarithm of the channels"))
    if 2 in ranks and max(ranks) > 2:
        said.append(tr("signals on a scale of their own"))
    if 1 in ranks:
        said.append(tr("a column as the logarithm of its features"))
    depth = tr(" Lines across a volume show its depth.") if any(rank > 3 for rank in ranks) else ""
    return tr("Not to scale: {rules}.", rules=tr(", ").join(said)) + depth


_HEAD = 62.0
_HUGE = 16.0
_NARROWEST, _WIDEST_HEAD = 420.0, 640.0
_MOST_TOLD = 200
"""Volumes that are told in the description."""
_MOST_LINES = 12
Side = Literal["right", "down", "up"]


def write(scene: Scene, layout: Layout, theme: ThemeName) -> str:
    """The SVG text of a scene."""
    return "\n".join(Writer(scene, layout, theme).lines()) + "\n"


class Writer:
    """What a scene and its layout look like; another form than SVG writes the parts in its own way."""

    def __init__(self, scene: Scene, layout: Layout, theme: ThemeName) -> None:
        self._scene = scene
        self._layout = layout
        self._theme_name = theme
        self._theme = DARK if theme == "dark" else LIGHT

    def lines(self) -> Iterator[str]:
        scene, theme = self._scene, self._theme
        said = max(text_width(scene.name, _HUGE, BOLD), text_width(scene.summary, SMALL)) * SLACK + 2 * MARGIN
        width = max(self._layout.width, min(said, _WIDEST_HEAD), _NARROWEST)
        room = width - 2 * MARGIN
        below, legend_height = self._legend(room)
        foot = _HEAD + self._layout.height + 16
        height = foot + legend_height + 6
        yield from self._open(width, height)
        yield words(shorten(scene.name, room / SLACK, _HUGE, BOLD), MARGIN, 32, _HUGE, theme.heading, BOLD)
        yield words(scene.summary, MARGIN, 48, SMALL, theme.quiet)
        yield f'<g transform="translate(0 {number(_HEAD)})">'
        yield from self._content()
        yield "</g>"
        yield f'<g class="legend" transform="translate(0 {number(foot)})">'
        yield from below
        yield "</g>"
        yield "</svg>"

    def _legend(self, room: float) -> tuple[list[str], float]:
        """What the legend has, from a height of 0 down in so much room, and its height."""
        lines: list[str] = []
        x, y = MARGIN, 0.0
        for what in told(self._scene, self._layout):
            taken = text_width(tr(what), SMALL) * SLACK + _SAMPLE + _GAP
            if x > MARGIN and x + taken > MARGIN + room:
                x, y = MARGIN, y + _ROW
            lines += [self._sample(what, x, y), self._words(tr(what), x + _SAMPLE, y, self._theme.text)]
            x += taken
        y += _ROW
        for line in wrapped(note(self._scene), room / SLACK, SMALL):
            lines.append(self._words(line, MARGIN, y, self._theme.quiet))
            y += LINE
        return lines, y

    def _words(self, text: str, x: float, y: float, colour: str) -> str:
        return words(text, x, y, SMALL, colour)

    def _sample(self, what: str, x: float, y: float) -> str:
        """What stands before a word of the legend: a small volume, a stripe, or a line."""
        theme = self._theme
        if what == SKIP:
            drawn = f'<path d="M0 -3H20" stroke="{theme.skip}" stroke-width="1.4" stroke-dasharray="5 3"/>'
        elif what == TRAINING:
            drawn = f'<rect x="2" y="-8" width="16" height="9" fill="none" stroke="{theme.flow}"{DOTTED}/>'
        else:
            colours, box = shade(theme, what), Box(1, -3.5, 9, 9, 12)
            if what in {volume.kind for volume in self._scene.volumes}:
                edge = f' stroke="{colours.line}" stroke-width="0.8" stroke-linejoin="round"'
                faces = ((box.side(), colours.side), (box.top(), colours.top), (box.front(), colours.front))
                drawn = "".join(polygon(points, fill, edge) for points, fill in faces)
            else:
                look = f'fill="{colours.front}" stroke="{colours.line}" stroke-width="0.8"{_border(what)}'
                drawn = f'<rect x="7" y="-9" width="5" height="11" {look}/>'
        return f'<g transform="translate({number(x)} {number(y)})">{drawn}</g>'

    def _open(self, width: float, height: float) -> Iterator[str]:
        told = [self._scene.summary, *(", ".join(_story(volume)[:-1]) for volume in self._scene.volumes)]
        if len(told) > _MOST_TOLD:
            told[_MOST_TOLD:] = [tr("and {count} more", count=len(told) - _MOST_TOLD)]
        kinds = {volume.kind for volume in self._scene.volumes}
        kinds |= {band.kind for volume in self._scene.volumes for band in volume.bands}
        swaps = in_the_dark([kind for kind in (*KINDS, MERGE, IO) if kind in kinds])
        yield from opened("volume", self._scene.name, "\n".join(told), width, height, self._theme_name, swaps=swaps)

    def _content(self) -> Iterator[str]:
        """Ways to a volume come before it, and volumes from left to right: what is nearer hides what is behind."""
        into: dict[int, list[Route]] = defaultdict(list)
        for route in self._layout.routes:
            into[id(route.head)].append(route)
        for item in sorted(self._layout.placed, key=lambda item: (item.row, item.column)):
            for route in into[id(item)]:
                if route.arc is None and route.across is None:
                    yield from self._way(route)
            yield from self._volume(item)
        for route in self._layout.routes:
            if route.across is not None:
                yield self._return(route, route.across) if route.returns else self._upright(route, route.across)
            elif route.arc is not None:
                yield self._arc(route, route.arc)

    def _volume(self, item: Placed) -> Iterator[str]:
        volume = item.volume
        classes = ["volume", volume.kind] + ["repeated"] * (volume.count > 1) + ["training"] * volume.training
        yield f'<g class="{" ".join(classes)}"><title>{safe(chr(10).join(_story(volume)))}</title>'
        has_file = not volume.origin.file.startswith("<")
        if has_file:
            yield f'<a href="{quote(volume.origin.file)}#L{volume.origin.line}">'
        if item.label is None:
            yield self._sign(item)
        else:
            yield from self._body(item)
            yield from self._label(item, item.label)
        yield "</a></g>" if has_file else "</g>"

    def _sign(self, item: Placed) -> str:
        tint = self._theme.tints[MERGE]
        place = f'cx="{number(item.x)}" cy="{number(item.axis)}" r="{number(RADIUS)}"'
        sign = words(item.volume.title, item.x, item.axis + 4.5, 14, tint.line, BOLD, anchor="middle")
        return f'<circle {place} fill="{tint.fill}" stroke="{tint.line}" stroke-width="1.4"/>{sign}'

    def _body(self, item: Placed) -> Iterator[str]:
        body, volume = item.body, item.volume
        colours = shade(self._theme, volume.kind)
        for box, has_hop in slabs(item):
            dash = _border(volume.kind, training=volume.training)
            yield f'<g stroke="{colours.line}" stroke-width="0.9" stroke-linejoin="round"{dash}>'
            yield polygon(box.side(), colours.side)
            yield from self._faces(box, volume, body.slices)
            yield "</g>"
            if has_hop:
                yield self._hop(box)

    def _faces(self, box: Box, volume: Volume, slices: int) -> Iterator[str]:
        """Top and front, with lines where parts were joined or for the slices of its depth; then stripes at the end."""
        colours = shade(self._theme, volume.kind)
        stripe = BAND / box.wide
        main = 1.0 - stripe * len(volume.bands)
        yield polygon(box.top(0, main), colours.top)
        yield polygon(box.front(0, main), colours.front)
        thin = 0.4 if slices > 6 else 0.9
        for share in divisions(volume, slices):
            (_, above, below, _), (_, _, behind, _) = box.front(0, main * share), box.top(0, main * share)
            yield f'<path d="{path((below, above, behind))}" fill="none" stroke-width="{thin}"/>'
        for at, band in enumerate(volume.bands):
            tint, start = shade(self._theme, band.kind), main + at * stripe
            dash = "" if volume.training else _border(band.kind)
            yield polygon(box.top(start, start + stripe), tint.top, f' stroke="{tint.line}"{dash}')
            yield polygon(box.front(start, start + stripe), tint.front, f' stroke="{tint.line}"{dash}')

    def _label(self, item: Placed, label: Label) -> Iterator[str]:
        theme = self._theme
        if item.level:
            line = f"M{number(item.x)} {number(item.axis + item.body.top + 3)}V{number(item.label_top - 10)}"
            yield f'<path class="leader" d="{line}" fill="none" stroke="{theme.cluster_line}" stroke-width="0.8"/>'
        lines = (
            (label.title, TITLE, theme.tints[item.volume.kind].line, BOLD),
            (label.size, SMALL, theme.text, MONO),
            (label.name, SMALL, theme.quiet, SANS),
        )
        for at, (text, points, colour, face) in enumerate(lines):
            yield words(text, item.x, item.label_top + at * LINE, points, colour, face, anchor="middle")

    def _way(self, route: Route) -> Iterator[str]:
        """A way along a row, or between rows."""
        tail, head = route.tail, route.head
        start = (tail.x + tail.body.wide / 2, tail.axis)
        end = (head.left, head.axis)
        if route.turn is None:
            window = None if route.forked else seen(route)
            if window:
                yield from self._window(window, route, end)
            else:
                yield self._line(path((start, (end[0] - 5, end[1]))), end, skip=route.skip)
            return
        line = f"M{_point(start)}{_bend(route.turn, start[1], end[1])}H{number(end[0] - 5)}"
        yield self._line(line, end, skip=route.skip)

    def _window(self, window: Window, route: Route, end: Point) -> Iterator[str]:
        """What one position reads: a window on the side of the map before, and lines to where it is put together.

        A layer that makes a map larger spreads one position over a window instead.
        """
        colours = shade(self._theme, route.head.volume.kind)
        tip, base = corners_of(window, route, end)
        yield f'<g class="window" stroke="{colours.line}" stroke-width="0.8" stroke-linejoin="round">'
        middle = len(base) // 2
        outline = [*base[:middle], tip, *base[middle:]]
        yield polygon(outline, colours.side, ' fill-opacity="0.35" stroke="none"')
        if not window.spreads:
            yield polygon(base, colours.front, ' fill-opacity="0.75"')
        lines = "".join(path((corner, tip)) for corner in base)
        yield f'<path d="{lines}" fill="none" stroke-opacity="0.8"/></g>'

    def _upright(self, route: Route, y: float) -> str:
        """A way down onto a volume, or up to the label of one; at the height `y` it leads along the page."""
        tail, head = route.tail, route.head
        if head.row > tail.row:
            tip = (head.x, head.axis - head.body.high / 2)
            line = [(tail.x, tail.foot), (tail.x, y), (head.x, y), (tip[0], tip[1] - 5)]
            return self._line(_rounded(line), tip, skip=route.skip, to="down")
        tip = (head.x, head.foot)
        if tail.right < head.x:  # from the deepest row
            line = [(tail.x + tail.body.wide / 2, tail.axis), (head.x, tail.axis), (tip[0], tip[1] + 5)]
        else:
            line = [(tail.x, tail.axis - tail.body.high / 2), (tail.x, y), (head.x, y), (tip[0], tip[1] + 5)]
        return self._line(_rounded(line), tip, skip=route.skip, to="up")

    def _arc(self, route: Route, y: float) -> str:
        """A way around: up, across, down; or with a bend into another row before it, or after it."""
        tail, head = route.tail, route.head
        x0, x1 = route.start, route.end
        y0, y1 = tail.axis - tail.body.high / 2, head.axis - head.body.high / 2
        r = 8.0 if route.turn is not None else min(8.0, abs(x1 - x0) / 2, y0 - y)
        up = f"M{number(x0)} {number(y0)}V{number(y + r)}Q{number(x0)} {number(y)} {number(x0 + r)} {number(y)}"
        down = f"H{number(x1 - r)}Q{number(x1)} {number(y)} {number(x1)} {number(y + r)}V{number(y1 - 5)}"
        if route.turn is None:
            return self._line(up + down, (x1, y1), skip=True, to="down")
        if route.turns_early:
            start = (tail.x + tail.body.wide / 2, tail.axis)
            line = f"M{_point(start)}{_bend(route.turn, tail.axis, y)}{down}"
            return self._line(line, (x1, y1), skip=route.skip, to="down")
        line = f"{up}{_bend(route.turn, y, head.axis)}H{number(head.left - 5)}"
        return self._line(line, (head.left, head.axis), skip=route.skip)

    def _return(self, route: Route, y: float) -> str:
        """A way from the end of a line around to the beginning of the next; at the height `y` it leads back."""
        tail, head = route.tail, route.head
        right, left = max(tail.right, tail.x + tail.label_half) + MARGIN / 2, MARGIN / 2
        line = [(tail.x + tail.body.wide / 2, tail.axis), (right, tail.axis), (right, y), (left, y), (left, head.axis)]
        tip = (head.left, head.axis)
        return self._line(_rounded([*line, (tip[0] - 5, tip[1])]), tip, skip=False)

    def _hop(self, box: Box) -> str:
        """A small arc over a block that adds what comes in to what it makes of it."""
        (x0, y0), (x1, _) = box.at(0.1, 1, 0.5), box.at(0.9, 1, 0.5)
        top = number(box.at(0, 1, 1)[1] - 9)
        line = f"M{number(x0)} {number(y0)}C{number(x0)} {top} {number(x1)} {top} {number(x1)} {number(y0 - 4)}"
        return self._line(line, (x1, y0), skip=True, to="down", long=5)

    def _line(self, line: str, tip: Point, *, skip: bool, to: Side = "right", long: float = 7) -> str:
        """A line with an arrow head that points this way and is so long."""
        colour = self._theme.skip if skip else self._theme.flow
        dash = ' stroke-dasharray="5 3"' if skip else ""
        (x, y), half = tip, long * 0.45
        if to == "right":
            head = [(x, y), (x - long, y - half), (x - long, y + half)]
        else:
            back = y - long if to == "down" else y + long
            head = [(x, y), (x - half, back), (x + half, back)]
        drawn = f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="1.2"{dash}/>{polygon(head, colour)}'
        return f'<g class="{"skip" if skip else "flow"}">{drawn}</g>'


def slabs(item: Placed) -> Iterator[tuple[Box, bool]]:
    """The boxes that a volume is drawn as, and whether what comes into each is also added to what goes out."""
    body, hops = item.body, item.volume.hops
    step = (body.wide - body.slab) / (body.slabs - 1) if body.slabs > 1 else 0.0
    for at, has_hop in enumerate([*hops[:1], *hops[1:][-body.slabs + 1 :]][: body.slabs]):
        yield Box(item.x - body.wide / 2 + at * step, item.axis, body.high, body.deep, body.slab), has_hop


def corners_of(window: Window, route: Route, end: Point) -> tuple[Point, list[Point]]:
    """The tip of the lines from a window, and the corners of the window."""
    side, high, deep = route.tail.box, window.high / 2, window.deep / 2
    if window.spreads:
        half = high * route.head.body.high
        top = max(end[1] - half, route.head.box.at(0, 1, 0)[1])
        return side.at(1, 0.5, 0.5), [(end[0], top), (end[0], end[1] + half)]
    return end, side.side((0.5 - high, 0.5 + high), (0.5 - deep, 0.5 + deep))


def _border(kind: str, *, training: bool = False) -> str:
    """The attribute for the border of a volume, or of a stripe of this kind."""
    return DOTTED if training else DASHED if kind in DASHED_KINDS else ""


def _point(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _rounded(points: Sequence[Point]) -> str:
    """A line through these points, along the page or down it, with round corners."""
    line = f"M{_point(points[0])}"
    for (x0, y0), (x, y), (x1, y1) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x - x0) + abs(y - y0), abs(x1 - x) + abs(y1 - y)
        r = min(8.0, before / 2, after / 2)
        if r:
            start = (x + (x0 - x) / before * r, y + (y0 - y) / before * r)
            end = (x + (x1 - x) / after * r, y + (y1 - y) / after * r)
            line += f"L{_point(start)}Q{_point((x, y))} {_point(end)}"
    return f"{line}L{_point(points[-1])}"


def _bend(x: float, start: float, end: float) -> str:
    """A line along the page up to x, and from there on to another height."""
    after = x + TURN
    middle = number((x + after) / 2)
    return f"H{number(x)}C{middle} {number(start)} {middle} {number(end)} {number(after)} {number(end)}"


def divisions(volume: Volume, slices: int) -> list[float]:
    """Where lines divide a volume, as shares of its thickness without the stripes."""
    if 1 < len(volume.joined) <= _MOST_LINES:
        total, done, found = sum(volume.joined), 0, []
        for channels in volume.joined[:-1]:
            done += channels
            found.append(done / total)
        return found
    return [at / slices for at in range(1, slices)]


def _story(volume: Volume) -> list[str]:
    """All that there is to say; the last line is the place in the source."""
    makers = list(dict.fromkeys(volume.makers))
    story = [about.span(makers) if makers else "", volume.plain_title, *volume.lines]
    if volume.count > 1:
        story.append(tr("{count:,} equal ones in a row", count=volume.count))
    return [*filter(None, story), tr("{what}, line {line}", what=volume.origin.file, line=volume.origin.line)]
