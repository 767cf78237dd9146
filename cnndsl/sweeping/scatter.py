"""Members of a sweep as points, with those that none other beats: an SVG, or a page that has their settings too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from cnndsl import web
from cnndsl.backends.captions import bytes_said, count_said
from cnndsl.backends.graphviz.labels import BOLD, printable
from cnndsl.backends.volume.svg import number, opened, safe, words
from cnndsl.diagnostics import OptionError
from cnndsl.display import SvgText
from cnndsl.i18n import language, tr, trn
from cnndsl.sweeping.members import Member
from cnndsl.sweeping.report import Swept, said, settings_said
from cnndsl.theme import LIGHT

_WIDTH, _HEIGHT = 720.0, 470.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 28.0, 90.0, 62.0
_WIDE, _HIGH = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_TICKS = 6
_TEXT, _TITLE = 11.0, 18.0


def front(members: Sequence[Member], x: str, y: str) -> list[Member]:
    """The Pareto front: the members of which no other has as little of `x` and more of `y`, or less and as much.

    From the least `x` on. Of members that are equal in both, the first alone.
    """
    found: list[Member] = []
    for member in sorted(_drawn(members, x, y), key=lambda each: (each.row[x], -each.row[y], each.number)):
        if not found or member.row[y] > found[-1].row[y]:
            found.append(member)
    return found


def _drawn(members: Sequence[Member], x: str, y: str) -> list[Member]:
    """Those of which both are numbers."""
    return [member for member in members if all(_is_number(member.row.get(name)) for name in (x, y))]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def svg(swept: Swept, x: str, y: str, *, linked: bool = False) -> str:
    """The members by two columns of theirs, `x` to the right and `y` upwards; the front is joined by a line.

    linked: whether each point leads to the row `m` with the member's number, in the page around the picture. Raises
    OptionError where no member has numbers in both.
    """
    points = _drawn(swept.members, x, y)
    if not points:
        message = f"no member has numbers for both {x} and {y}: there is nothing to draw"
        raise OptionError("x", message)
    return SvgText("\n".join(_picture(swept, points, x, y, linked=linked)) + "\n")


def _picture(swept: Swept, points: list[Member], x: str, y: str, *, linked: bool) -> Iterator[str]:
    across = Scale([member.row[x] for member in points], _LEFT, _LEFT + _WIDE)
    up = Scale([member.row[y] for member in points], _TOP + _HIGH, _TOP)
    best = front(points, x, y)
    told = tr(
        "{count:,} members by {x} and {y}; {best:,} have the most {y} for their {x}",
        count=len(points),
        x=x,
        y=y,
        best=len(best),
    )
    yield from opened("sweep", swept.network, told, _WIDTH, _HEIGHT, "auto", role="group" if linked else "img")
    yield words(swept.network, _LEFT, 34, _TITLE, LIGHT.heading, BOLD)
    yield words(told, _LEFT, 52, _TEXT, LIGHT.quiet)
    yield from _grid(across, up, x, y)
    line = "L".join(f"{number(across.at(m.row[x]))} {number(up.at(m.row[y]))}" for m in best)
    yield f'<path d="M{line}" fill="none" stroke="{LIGHT.skip}" stroke-width="1.5"/>'
    are_best = {member.number for member in best}
    for member in sorted(points, key=lambda each: each.number in are_best):  # the front is drawn last, over the others
        tint = LIGHT.tints["block" if member.number in are_best else "convolution"]
        yield _point(member, swept, across.at(member.row[x]), up.at(member.row[y]), tint.fill, tint.line, linked=linked)
    yield "</svg>"


def _point(member: Member, swept: Swept, x: float, y: float, fill: str, line: str, *, linked: bool) -> str:
    row = member.row
    told = ", ".join(f"{name} {said(name, row[name])}" for name in swept.columns)
    place = f'cx="{number(x)}" cy="{number(y)}" r="4" fill="{fill}" stroke="{line}"'
    circle = f"<circle {place}><title>{safe(told)}</title></circle>"
    return f'<a href="#m{member.number}">{circle}</a>' if linked else circle


def _grid(across: Scale, up: Scale, x: str, y: str) -> Iterator[str]:
    bottom, line = _TOP + _HIGH, f'stroke="{LIGHT.cluster_line}" stroke-width="0.5"'
    for value in across.ticks:
        at = across.at(value)
        yield f'<path d="M{number(at)} {number(_TOP)}V{number(bottom)}" {line}/>'
        yield words(_short(x, value), at, bottom + 18, _TEXT, LIGHT.text, "", "middle")
    for value in up.ticks:
        at = up.at(value)
        yield f'<path d="M{number(_LEFT)} {number(at)}h{number(_WIDE)}" {line}/>'
        yield words(_short(y, value), _LEFT - 8, at + 4, _TEXT, LIGHT.text, "", "end")
    yield words(x, _LEFT + _WIDE / 2, bottom + 42, _TEXT + 1, LIGHT.heading, BOLD, "middle")
    yield words(y, _LEFT - 68, _TOP - 16, _TEXT + 1, LIGHT.heading, BOLD)


def _short(column: str, value: float) -> str:
    if column == "memory":
        return bytes_said(round(value))
    return count_said(int(value)) if float(value).is_integer() and abs(value) >= 1000 else f"{value:.6g}"


class Scale:
    """An axis from `start` to `end` on paper: from a round number below all values, or at one, to one above all."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._start, self._length = start, end - start
        low, high = float(min(values)), float(max(values))
        if low == high:
            low, high = low - max(abs(low) / 10, 0.5), high + max(abs(high) / 10, 0.5)
        step = _round_step((high - low) / (_TICKS - 1))
        first, last = math.floor(low / step), math.ceil(high / step)
        self.ticks = [round(k * step, 12) for k in range(first, last + 1)]
        """The round numbers that are written beside it."""

    def at(self, value: float) -> float:
        """Where a value lies on paper."""
        return self._start + self._length * (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is at least this."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def html(swept: Swept, x: str, y: str) -> str:
    """A page that stands by itself: the picture, and below it the members in a table, which its points lead to."""
    from markupsafe import Markup

    best = {member.number for member in front(swept.members, x, y)}
    members = [
        (member.number, member.number in best, [printable(said(name, member.row[name])) for name in swept.columns])
        for member in swept.members
    ]
    return web.page(
        "sweep",
        lang=language(),
        title=printable(f"{swept.network}: {trn('{count:,} member', '{count:,} members', len(swept.members))}"),
        network=printable(swept.network),
        picture=Markup(svg(swept, x, y, linked=True)),  # noqa: S704 - made here, with every text escaped
        front=tr(
            "The line is the Pareto front: for what its members take of {x}, none has more {y}. Points lead to rows.",
            x=x,
            y=y,
        ),
        columns=swept.columns,
        rows=members,
        failed=trn("{count:,} does not work out", "{count:,} do not work out", len(swept.problems)),
        problems=[printable(f"{settings_said(member)}: {member.problem}") for member in swept.problems[:100]],
    )
