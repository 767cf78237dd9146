"""Layout -> SVG."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Literal
from urllib.parse import quote

from cnndsl.backends.diagram import words as about
from cnndsl.backends.diagram.legend import DASHED as DASHED_KINDS
from cnndsl.backends.diagram.legend import KINDS
from cnndsl.backends.diagram.markup import BOLD, MONO, SANS
from cnndsl.backends.diagram.metrics import shorten, text_width
from cnndsl.backends.diagram.picture import IO, MERGE
from cnndsl.backends.volume.legend import legend
from cnndsl.backends.volume.paper import DASHED, DOTTED, FONT, number, path, polygon, safe, words
from cnndsl.backends.volume.places import LINE, MARGIN, RADIUS, SLACK, SMALL, TITLE, TURN, Layout, Placed, Route
from cnndsl.backends.volume.project import BAND, Box, Point
from cnndsl.backends.volume.scene import Scene, Volume
from cnndsl.backends.volume.shades import in_the_dark, shade
from cnndsl.backends.volume.windows import Window, seen
from cnndsl.theme import DARK, LIGHT, ThemeName

_HEAD = 62.0
_HUGE = 16.0
_NARROWEST, _WIDEST_HEAD = 420.0, 640.0
_MOST_TOLD = 200
"""Volumes that are told in the description."""
_MOST_LINES = 12
Side = Literal["right", "down", "up"]


def write(scene: Scene, layout: Layout, theme: ThemeName) -> str:
    """The SVG text of a scene."""
    return "\n".join(_Writer(scene, layout, theme).lines()) + "\n"


class _Writer:
    def __init__(self, scene: Scene, layout: Layout, theme: ThemeName) -> None:
        self._scene = scene
        self._layout = layout
        self._turns_dark = theme == "auto"
        self._theme = DARK if theme == "dark" else LIGHT

    def lines(self) -> Iterator[str]:
        scene, theme = self._scene, self._theme
        said = max(text_width(scene.name, _HUGE, BOLD), text_width(scene.summary, SMALL)) * SLACK + 2 * MARGIN
        width = max(self._layout.width, min(said, _WIDEST_HEAD), _NARROWEST)
        room = width - 2 * MARGIN
        below, legend_height = legend(scene, self._layout, theme, MARGIN, room)
        foot = _HEAD + self._layout.height + 16
        height = foot + legend_height + 6
        yield from self._open(width, height)
        yield f'<rect class="ground" width="{number(width)}" height="{number(height)}" fill="{theme.background}"/>'
        yield words(shorten(scene.name, room / SLACK, _HUGE, BOLD), MARGIN, 32, _HUGE, theme.heading, BOLD)
        yield words(scene.summary, MARGIN, 48, SMALL, theme.quiet)
        yield f'<g transform="translate(0 {number(_HEAD)})">'
        yield from self._content()
        yield "</g>"
        yield f'<g class="legend" transform="translate(0 {number(foot)})">'
        yield from below
        yield "</g>"
        yield "</svg>"

    def _open(self, width: float, height: float) -> Iterator[str]:
        slug = re.sub(r"[^A-Za-z0-9]+", "-", self._scene.name).strip("-") or "network"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
            f'width="{number(width)}" height="{number(height)}" class="cnndsl-volume" role="img" '
            f'aria-labelledby="{slug}-volume-title {slug}-volume-desc" font-family="{FONT}">'
        )
        told = [self._scene.summary, *(", ".join(_story(volume)[:-1]) for volume in self._scene.volumes)]
        if len(told) > _MOST_TOLD:
            told[_MOST_TOLD:] = [f"and {len(told) - _MOST_TOLD} more"]
        yield f'<title id="{slug}-volume-title">{safe(self._scene.name)}</title>'
        yield f'<desc id="{slug}-volume-desc">{safe(chr(10).join(told))}</desc>'
        # Every rule is for this picture's own class: a style sheet inside a page is one for the whole page.
        rules = "@media all{.cnndsl-volume{max-width:100%;height:auto}}"
        if self._turns_dark:
            kinds = {volume.kind for volume in self._scene.volumes}
            kinds |= {band.kind for volume in self._scene.volumes for band in volume.bands}
            swaps = in_the_dark([kind for kind in (*KINDS, MERGE, IO) if kind in kinds])
            dark = "\n".join(
                f'.cnndsl-volume [{use}="{light}"]{{{use}:{colour}}}'
                for light, colour in swaps.items()
                for use in ("fill", "stroke")
            )
            rules += f"\n@media screen and (prefers-color-scheme:dark){{\n{dark}\n}}"
        yield f"<style>\n{rules}\n</style>"

    def _content(self) -> Iterator[str]:
        """Ways to a volume come before it, and volumes from left to right: what is nearer hides what is behind."""
        into: dict[int, list[Route]] = defaultdict(list)
        for route in self._layout.routes:
            into[id(route.head)].append(route)
        for item in sorted(self._layout.placed, key=lambda item: (item.row, item.column)):
            for route in into[id(item)]:
                if route.arc is None and not route.upright:
                    yield from self._way(route)
            yield from self._volume(item)
        for route in self._layout.routes:
            if route.upright:
                yield self._upright(route)
            elif route.arc is not None:
                yield self._arc(route, route.arc)

    def _volume(self, item: Placed) -> Iterator[str]:
        volume = item.volume
        classes = ["volume", volume.kind] + ["repeated"] * (volume.count > 1) + ["training"] * volume.training
        yield f'<g class="{" ".join(classes)}"><title>{safe(chr(10).join(_story(volume)))}</title>'
        has_file = not volume.origin.file.startswith("<")
        if has_file:
            yield f'<a href="{quote(volume.origin.file)}#L{volume.origin.line}">'
        if volume.sign:
            yield self._sign(item)
        else:
            yield from self._body(item)
            yield from self._label(item)
        yield "</a></g>" if has_file else "</g>"

    def _sign(self, item: Placed) -> str:
        tint = self._theme.tints[MERGE]
        place = f'cx="{number(item.x)}" cy="{number(item.axis)}" r="{number(RADIUS)}"'
        sign = words(item.volume.title, item.x, item.axis + 4.5, 14, tint.line, BOLD, anchor="middle")
        return f'<circle {place} fill="{tint.fill}" stroke="{tint.line}" stroke-width="1.4"/>{sign}'

    def _body(self, item: Placed) -> Iterator[str]:
        body, volume = item.body, item.volume
        colours = shade(self._theme, volume.kind)
        step = (body.wide - body.slab) / (body.slabs - 1) if body.slabs > 1 else 0.0
        hops = [*volume.hops[:1], *volume.hops[1:][-body.slabs + 1 :]]
        for at in range(body.slabs):
            box = Box(item.x - body.wide / 2 + at * step, item.axis, body.high, body.deep, body.slab)
            dash = _border(volume.kind, training=volume.training)
            yield f'<g stroke="{colours.line}" stroke-width="0.9" stroke-linejoin="round"{dash}>'
            yield polygon(box.side(), colours.side)
            yield from self._faces(box, volume, body.slices)
            yield "</g>"
            if hops[at]:
                yield self._hop(box)

    def _faces(self, box: Box, volume: Volume, slices: int) -> Iterator[str]:
        """Top and front, with lines where parts were joined or for the slices of its depth; then stripes at the end."""
        colours = shade(self._theme, volume.kind)
        stripe = BAND / box.wide
        main = 1.0 - stripe * len(volume.bands)
        yield polygon(box.top(0, main), colours.top)
        yield polygon(box.front(0, main), colours.front)
        thin = 0.4 if slices > 6 else 0.9
        for share in _divisions(volume, slices):
            (_, above, below, _), (_, _, behind, _) = box.front(0, main * share), box.top(0, main * share)
            yield f'<path d="{path((below, above, behind))}" fill="none" stroke-width="{thin}"/>'
        for at, band in enumerate(volume.bands):
            tint, start = shade(self._theme, band.kind), main + at * stripe
            dash = "" if volume.training else _border(band.kind)
            yield polygon(box.top(start, start + stripe), tint.top, f' stroke="{tint.line}"{dash}')
            yield polygon(box.front(start, start + stripe), tint.front, f' stroke="{tint.line}"{dash}')

    def _label(self, item: Placed) -> Iterator[str]:
        label, theme = item.label, self._theme
        if label is None:
            return
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
        colours, side = shade(self._theme, route.head.volume.kind), route.tail.box
        high, deep = window.high / 2, window.deep / 2
        if window.spreads:
            half = high * route.head.body.high
            top = max(end[1] - half, route.head.box.at(0, 1, 0)[1])
            tip, base = side.at(1, 0.5, 0.5), [(end[0], top), (end[0], end[1] + half)]
        else:
            tip, base = end, side.side((0.5 - high, 0.5 + high), (0.5 - deep, 0.5 + deep))
        yield f'<g class="window" stroke="{colours.line}" stroke-width="0.8" stroke-linejoin="round">'
        middle = len(base) // 2
        outline = [*base[:middle], tip, *base[middle:]]
        yield polygon(outline, colours.side, ' fill-opacity="0.35" stroke="none"')
        if not window.spreads:
            yield polygon(base, colours.front, ' fill-opacity="0.75"')
        lines = "".join(path((corner, tip)) for corner in base)
        yield f'<path d="{lines}" fill="none" stroke-opacity="0.8"/></g>'

    def _upright(self, route: Route) -> str:
        """A way straight down onto a volume, or up to the label of one."""
        tail, head = route.tail, route.head
        if head.row > tail.row:
            tip = (head.x, head.axis - head.body.high / 2)
            return self._line(path(((tail.x, tail.foot), (tip[0], tip[1] - 5))), tip, skip=route.skip, to="down")
        tip = (head.x, head.foot)
        start = (tail.x, tail.axis - tail.body.high / 2)
        return self._line(path((start, (tip[0], tip[1] + 5))), tip, skip=route.skip, to="up")

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


def _border(kind: str, *, training: bool = False) -> str:
    """The attribute for the border of a volume, or of a stripe of this kind."""
    return DOTTED if training else DASHED if kind in DASHED_KINDS else ""


def _point(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _bend(x: float, start: float, end: float) -> str:
    """A line along the page up to x, and from there on to another height."""
    after = x + TURN
    middle = number((x + after) / 2)
    return f"H{number(x)}C{middle} {number(start)} {middle} {number(end)} {number(after)} {number(end)}"


def _divisions(volume: Volume, slices: int) -> list[float]:
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
        story.append(f"{volume.count:,} equal ones in a row")
    return [*filter(None, story), f"{volume.origin.file}, line {volume.origin.line}"]
