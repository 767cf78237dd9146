"""Layout -> SVG."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from cnndsl.backends.diagram.labels import KINDS
from cnndsl.backends.diagram.markup import BOLD, MONO, SANS, printable
from cnndsl.backends.diagram.metrics import shorten, text_width
from cnndsl.backends.diagram.picture import IO, MERGE
from cnndsl.backends.volume.layout import LINE, MARGIN, RADIUS, SMALL, TITLE, Layout, Placed, Route, way
from cnndsl.backends.volume.project import Box, Point
from cnndsl.backends.volume.scene import Scene, Volume
from cnndsl.backends.volume.shades import in_the_dark, shade
from cnndsl.theme import DARK, LIGHT, ThemeName
from cnndsl.traced import value_of

_FONT = "Helvetica,Arial,'Liberation Sans','Nimbus Sans',sans-serif"
_MONO_FONT = "Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
_HEAD = 62.0
_HUGE = 16.0
_MOST_TOLD = 200
_SCALE = (
    "Not to scale: a side is drawn as the square root of its size, a thickness as the logarithm of the channels",
    ", a column as the logarithm of its features",
)


def write(scene: Scene, layout: Layout, theme: ThemeName) -> str:
    """The SVG text of a scene."""
    return "\n".join(_Writer(scene, layout, theme).lines()) + "\n"


class _Writer:
    def __init__(self, scene: Scene, layout: Layout, theme: ThemeName) -> None:
        self._scene = scene
        self._layout = layout
        self._name: ThemeName = theme
        self._theme = DARK if theme == "dark" else LIGHT
        kinds = {v.kind for v in scene.volumes} | {band.kind for v in scene.volumes for band in v.bands}
        self._kinds = [kind for kind in (*KINDS, MERGE, IO) if kind in kinds]

    def lines(self) -> Iterator[str]:
        scene, theme = self._scene, self._theme
        legend = list(self._legend())
        summary_width = max(text_width(scene.name, _HUGE, BOLD), text_width(scene.summary, SMALL)) * 1.1 + 2 * MARGIN
        width = max(self._layout.width, min(summary_width, 640), 420)
        places, rows = _flow([entry_width for entry_width, *_ in legend], width - 2 * MARGIN)
        note = _wrap(self._note(), (width - 2 * MARGIN) / 1.1, SMALL)
        below = _HEAD + self._layout.height + 6
        height = below + rows * 18 + len(note) * LINE + 16
        yield from self._open(width, height)
        yield f'<rect class="ground" width="{_n(width)}" height="{_n(height)}" fill="{theme.background}"/>'
        shown = shorten(scene.name, (width - 2 * MARGIN) / 1.1, _HUGE, BOLD)
        yield _text(shown, MARGIN, 32, _HUGE, theme.heading, BOLD)
        yield _text(scene.summary, MARGIN, 48, SMALL, theme.quiet)
        yield f'<g transform="translate(0 {_n(_HEAD)})">'
        yield from self._content()
        yield "</g>"
        for (x, row), (_, sample, word) in zip(places, legend, strict=True):
            y = below + row * 18 + 10
            yield f'<g transform="translate({_n(MARGIN + x)} {_n(y)})">{sample}</g>'
            yield _text(word, MARGIN + x + 26, y, SMALL, theme.text)
        for at, line in enumerate(note):
            yield _text(line, MARGIN, below + rows * 18 + 10 + at * LINE, SMALL, theme.quiet)
        yield "</svg>"

    def _open(self, width: float, height: float) -> Iterator[str]:
        name = printable(self._scene.name)
        slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "network"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" '
            f'height="{_n(height)}" class="cnndsl-volume" role="img" '
            f'aria-labelledby="{slug}-volume-title {slug}-volume-desc" font-family="{_FONT}">'
        )
        told = [self._scene.summary, *(", ".join(_story(volume)[:-1]) for volume in self._scene.volumes)]
        if len(told) > _MOST_TOLD:
            told[_MOST_TOLD:] = [f"and {len(told) - _MOST_TOLD} more"]
        yield f'<title id="{slug}-volume-title">{escape(name)}</title>'
        yield f'<desc id="{slug}-volume-desc">{escape(printable(chr(10).join(told)))}</desc>'
        rules = ["@media all{.cnndsl-volume{max-width:100%;height:auto}}"]
        if self._name == "auto":
            swaps = in_the_dark(self._kinds)
            dark = "".join(
                f'.cnndsl-volume [{use}="{light}"]{{{use}:{colour}}}'
                for light, colour in swaps.items()
                for use in ("fill", "stroke")
            )
            rules.append(f"@media screen and (prefers-color-scheme:dark){{{dark}}}")
        yield "<style>" + "\n".join(rules) + "</style>"

    def _content(self) -> Iterator[str]:
        """Ways to a volume come before it, and volumes from left to right: what is nearer hides what is behind."""
        into: dict[int, list[Route]] = {}
        for route in self._layout.routes:
            into.setdefault(id(route.head), []).append(route)
        items = sorted(self._layout.placed, key=lambda item: (item.row, item.column))
        for item in items:
            for route in into.get(id(item), []):
                if route.arc is None:
                    yield from self._route(route)
            yield from self._volume(item)
        for route in self._layout.routes:
            if route.arc is not None:
                yield self._arc(route)

    def _volume(self, item: Placed) -> Iterator[str]:
        volume = item.volume
        classes = [volume.kind] + ["repeated"] * (volume.count > 1) + ["training"] * volume.training
        yield f'<g class="{" ".join(classes)}"><title>{escape(printable(chr(10).join(_story(volume))))}</title>'
        if not volume.origin.file.startswith("<"):
            yield f"<a href={quoteattr(f'{quote(volume.origin.file)}#L{volume.origin.line}')}>"
        if volume.sign:
            yield from self._sign(item)
        else:
            yield from self._body(item)
            yield from self._label(item)
        yield "</g>" if volume.origin.file.startswith("<") else "</a></g>"

    def _sign(self, item: Placed) -> Iterator[str]:
        tint = self._theme.tints[MERGE]
        yield (
            f'<circle cx="{_n(item.x)}" cy="{_n(item.axis)}" r="{_n(RADIUS)}" fill="{tint.fill}" '
            f'stroke="{tint.line}" stroke-width="1.4"/>'
        )
        yield _text(item.volume.title, item.x, item.axis + 4.5, 14, tint.line, BOLD, anchor="middle")

    def _body(self, item: Placed) -> Iterator[str]:
        body, volume, x = item.body, item.volume, item.x - item.body.wide / 2
        step = (body.wide - body.slab) / (body.slabs - 1) if body.slabs > 1 else 0.0
        for at in range(body.slabs):
            box = Box(x + at * step, item.axis, body.high, body.deep, body.slab)
            colours = shade(self._theme, volume.kind)
            dash = ' stroke-dasharray="3 2"' if volume.training or volume.kind == "dropout" else ""
            yield f'<g stroke="{colours.line}" stroke-width="0.9" stroke-linejoin="round"{dash}>'
            yield _polygon(box.side(), colours.side)
            yield from self._faces(box, volume)
            yield "</g>"
            if [*volume.hops[:1], *volume.hops[1:][-body.slabs + 1 :]][at]:
                yield self._hop(box)

    def _hop(self, box: Box) -> str:
        """A small arc over a block that adds what comes in to what it makes of it."""
        (x0, y0), (x1, _) = box.at(0.1, 1, 0.5), box.at(0.9, 1, 0.5)
        top = box.at(0, 1, 1)[1] - 9
        path = f"M{_n(x0)} {_n(y0)}C{_n(x0)} {_n(top)} {_n(x1)} {_n(top)} {_n(x1)} {_n(y0 - 4)}"
        return self._line(path, (x1, y0), skip=True, down=True)

    def _faces(self, box: Box, volume: Volume) -> Iterator[str]:
        """Top and front, in parts: what was joined, or slices of its depth; then stripes at the end."""
        colours = shade(self._theme, volume.kind)
        stripe = 4.0 / box.wide
        main = 1.0 - stripe * len(volume.bands)
        ends = [main * share for share in _shares(volume)]
        yield _polygon(box.top(0, main), colours.top)
        yield _polygon(box.front(0, main), colours.front)
        for end in ends[:-1]:
            corners = box.front(0, end)[2], box.front(0, end)[1], box.top(0, end)[2]
            yield f'<path d="{_path(corners)}" fill="none" stroke-width="{0.4 if len(ends) > 6 else 0.9}"/>'
        for at, band in enumerate(volume.bands):
            tint = shade(self._theme, band.kind)
            start = main + at * stripe
            for points, fill in ((box.top(start, start + stripe), tint.top), (box.front(start, start + stripe), tint.front)):
                yield _polygon(points, fill, f' stroke="{tint.line}"')

    def _label(self, item: Placed) -> Iterator[str]:
        label, theme = item.label, self._theme
        if label is None:
            return
        if item.level:
            top = item.axis + item.body.top + 3
            yield (
                f'<path d="M{_n(item.x)} {_n(top)}V{_n(item.label_top - 9)}" fill="none" stroke="{theme.cluster_line}" '
                'stroke-width="0.8"/>'
            )
        lines = [(label.title, TITLE, theme.tints[item.volume.kind].line, BOLD)]
        lines.append((label.size, SMALL, theme.text, MONO))
        if label.name:
            lines.append((label.name, SMALL, theme.quiet, SANS))
        for at, (text, points, colour, face) in enumerate(lines):
            yield _text(text, item.x, item.label_top + at * LINE, points, colour, face, anchor="middle")

    def _route(self, route: Route) -> Iterator[str]:
        """A way in the row, or between rows."""
        tail, head, theme = route.tail, route.head, self._theme
        end = head.left if not head.volume.sign else head.x - RADIUS
        start = tail.x + tail.body.wide / 2
        if route.turn is None:
            window = None if route.forked else _window(route)
            if window:
                yield from self._cone(route, window, end)
                return
            yield self._arrow([(start, tail.axis), (end, head.axis)], skip=route.skip)
            return
        begin, after = route.turn, route.turn + 34
        middle = (begin + after) / 2
        path = (
            f"M{_n(start)} {_n(tail.axis)}H{_n(begin)}C{_n(middle)} {_n(tail.axis)} {_n(middle)} {_n(head.axis)} "
            f"{_n(after)} {_n(head.axis)}H{_n(end - 5)}"
        )
        yield self._line(path, (end, head.axis), skip=route.skip)

    def _arrow(self, points: list[Point], *, skip: bool) -> str:
        (x0, y0), (x1, y1) = points
        return self._line(f"M{_n(x0)} {_n(y0)}L{_n(x1 - 5)} {_n(y1)}", (x1, y1), skip=skip)

    def _line(self, path: str, tip: Point, *, skip: bool, down: bool = False) -> str:
        colour = self._theme.skip if skip else self._theme.flow
        dash = ' stroke-dasharray="5 3"' if skip else ""
        x, y = tip
        head = [(x, y), (x - 3.2, y - 7), (x + 3.2, y - 7)] if down else [(x, y), (x - 7, y - 3.2), (x - 7, y + 3.2)]
        return (
            f'<g class="{"skip" if skip else "flow"}"><path d="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="1.2"{dash}/>{_polygon(head, colour)}</g>'
        )

    def _cone(self, route: Route, window: tuple[float, float], end: float) -> Iterator[str]:
        """What one position reads: a window on the side of the map before, and lines to where it is put together."""
        tail, head = route.tail, route.head
        colours = shade(self._theme, head.volume.kind)
        high, deep = window
        face = tail.box.side((0.5 - high / 2, 0.5 + high / 2), (0.5 - deep / 2, 0.5 + deep / 2))
        tip = (end, head.axis)
        yield f'<g class="window" stroke="{colours.line}" stroke-width="0.8" stroke-linejoin="round">'
        outline = [face[0], face[1], tip, face[2], face[3]]
        yield _polygon(outline, colours.side, ' fill-opacity="0.35" stroke="none"')
        yield _polygon(face, colours.front, ' fill-opacity="0.75"')
        lines = "".join(f"M{_n(x)} {_n(y)}L{_n(tip[0])} {_n(tip[1])}" for x, y in face)
        yield f'<path d="{lines}" fill="none" stroke-opacity="0.8"/></g>'

    def _arc(self, route: Route) -> str:
        (x0, y0), (_, y), (x1, _), (_, y1) = way(route)
        r = min(8.0, abs(x1 - x0) / 2, y0 - y)
        path = (
            f"M{_n(x0)} {_n(y0)}V{_n(y + r)}Q{_n(x0)} {_n(y)} {_n(x0 + r)} {_n(y)}"
            f"H{_n(x1 - r)}Q{_n(x1)} {_n(y)} {_n(x1)} {_n(y + r)}V{_n(y1 - 5)}"
        )
        return self._line(path, (x1, y1), skip=True, down=True)

    def _note(self) -> str:
        shapes = [volume.shape for volume in self._scene.volumes]
        has_columns = any(len(shape) == 1 for shape in shapes)
        depth = " Lines across a volume: its depth." if any(len(shape) > 3 for shape in shapes) else ""
        return f"{_SCALE[0]}{_SCALE[1] if has_columns else ''}.{depth}"

    def _legend(self) -> Iterator[tuple[float, str, str]]:
        """The width, the sample and the words of each entry."""
        entries: list[tuple[str, str]] = []
        own = {volume.kind for volume in self._scene.volumes}
        for kind in self._kinds:
            if kind in (IO, MERGE):
                continue
            colours = shade(self._theme, kind)
            if kind in own:
                box = Box(1, -3.5, 9, 9, 12)
                sample = "".join(
                    _polygon(points, fill, f' stroke="{colours.line}" stroke-width="0.8"')
                    for points, fill in (
                        (box.side(), colours.side),
                        (box.top(), colours.top),
                        (box.front(), colours.front),
                    )
                )
            else:
                sample = (
                    f'<rect x="7" y="-9" width="5" height="11" fill="{colours.front}" stroke="{colours.line}" '
                    'stroke-width="0.8"/>'
                )
            entries.append((sample, kind))
        skip, flow = self._theme.skip, self._theme.flow
        if any(route.skip for route in self._layout.routes) or any(any(v.hops) for v in self._scene.volumes):
            entries.append((f'<path d="M0 -3H20" stroke="{skip}" stroke-width="1.4" stroke-dasharray="5 3"/>', "skip"))
        if any(volume.training for volume in self._scene.volumes):
            sample = f'<rect x="2" y="-8" width="16" height="9" fill="none" stroke="{flow}" stroke-dasharray="3 2"/>'
            entries.append((sample, "in training only"))
        for sample, word in entries:
            yield text_width(word, SMALL) * 1.1 + 26 + 18, sample, word


def _shares(volume: Volume) -> list[float]:
    """Where the parts of a volume end, as shares of its thickness without the stripes."""
    if volume.joined and len(volume.joined) <= 12:
        total = sum(volume.joined)
        done, found = 0, []
        for channels in volume.joined:
            done += channels
            found.append(done / total)
        return found
    slices = min(value_of(volume.shape[1]), 16) if len(volume.shape) > 3 else 1
    return [(at + 1) / slices for at in range(slices)]


def _window(route: Route) -> tuple[float, float] | None:
    """The share of a map's height and width that one position of the next reads, as far as it is worth drawing."""
    head, before = route.head.volume, route.tail.volume
    if head.sign or before.sign or route.skip:
        return None
    if head.whole:
        return 1.0, 1.0
    if head.window is None or all(size == 1 for size in head.window):
        return None
    sides = [value_of(size) for size in before.shape[1:]]
    after = [value_of(size) for size in head.shape[1:]]
    if len(sides) != len(head.window) or any(new > old for new, old in zip(after, sides, strict=True)):
        return None
    shares = [min(1.0, size / side) for size, side in zip(head.window, sides, strict=True)]
    body = route.tail.body
    high, deep = (shares[0], 1.0) if len(shares) == 1 else (shares[-2], shares[-1])
    return max(high, min(1.0, 5 / body.high)), max(deep, min(1.0, 5 / body.deep))


def _story(volume: Volume) -> list[str]:
    place = f"{volume.origin.file}, line {volume.origin.line}"
    times = [f"{volume.count} equal ones in a row"] if volume.count > 1 else []
    return [*filter(None, volume.lines), *times, place]


def _polygon(points: list[Point], fill: str, more: str = "") -> str:
    return f'<polygon points="{" ".join(f"{_n(x)},{_n(y)}" for x, y in points)}" fill="{fill}"{more}/>'


def _path(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)


def _text(text: str, x: float, y: float, points: float, colour: str, face: str = SANS, anchor: str = "") -> str:
    look = f' font-family="{_MONO_FONT}"' if face == MONO else ' font-weight="bold"' if face == BOLD else ""
    look += f' text-anchor="{anchor}"' if anchor else ""
    safe = escape(" ".join(printable(text).split()))
    return f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(points)}" fill="{colour}"{look}>{safe}</text>' if safe else ""


def _n(number: float) -> str:
    """A number with at most a tenth, and no sign on zero."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _flow(widths: list[float], room: float) -> tuple[list[tuple[float, int]], int]:
    """Entries side by side in rows: the place of each as x and row, and how many rows there are."""
    places, x, row = [], 0.0, 0
    for width in widths:
        if x and x + width > room:
            x, row = 0.0, row + 1
        places.append((x, row))
        x += width
    return places, row + 1 if widths else 0


def _wrap(text: str, room: float, points: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, points) > room and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines

