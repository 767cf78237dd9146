"""The colours of volumes: the tints of the theme, shaded so that a box looks like one."""

from __future__ import annotations

from typing import NamedTuple

from cnndsl.backends.diagram.picture import IO
from cnndsl.theme import DARK, LIGHT, Theme


class Shade(NamedTuple):
    """One kind of volume: its faces, and its edges."""

    top: str
    front: str
    side: str
    line: str


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
    light, dark = LIGHT.roles(), DARK.roles()
    found = {light[role]: dark[role] for role in light}
    for kind in kinds:
        found |= dict(zip(shade(LIGHT, kind), shade(DARK, kind), strict=True))
    return found


def _mix(one: str, other: str, share: float) -> str:
    """One colour with a share of another in it."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)
