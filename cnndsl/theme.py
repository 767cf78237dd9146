"""The colours: one tint for each kind of layer, the same in every picture, summary and page.

A kind is named by the value of its `Group` ("convolution"), or is one of "block", "io" and "merge".
Every text reaches a contrast of 4.5:1 on what it stands on, and no two roles that differ in the dark
share a colour in the light, so that a picture can be turned dark colour by colour.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

from cnndsl.frozen import frozen

ThemeName = Literal["auto", "light", "dark"]


@frozen()
class Tint:
    """One kind of layer: what fills the box, and what its border and its name are drawn in."""

    fill: str
    line: str


@frozen()
class Theme:
    """Colours by role, as `#RRGGBB`."""

    background: str
    heading: str
    text: str
    """The arguments of a layer, on any fill."""
    quiet: str
    """Names and remarks, on any fill, on a cluster and on the background."""
    flow: str
    """The arrows of the main path."""
    skip: str
    """The arrows that go around."""
    size: str
    """A size that has just changed."""
    cluster: str
    cluster_line: str
    io_text: str
    io_size: str
    tints: dict[str, Tint]

    def roles(self) -> dict[str, str]:
        """Every colour by the name of its role; a tint gives two."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "tints"}
        for kind, tint in self.tints.items():
            found |= {f"{kind} fill": tint.fill, f"{kind} line": tint.line}
        return found


LIGHT = Theme(
    background="#FFFFFF",
    heading="#263238",
    text="#37474F",
    quiet="#4F636D",
    flow="#5B7480",
    skip="#00796B",
    size="#0D47A1",
    cluster="#F6F8F9",
    cluster_line="#B0BEC5",
    io_text="#FDFEFE",
    io_size="#C3CED3",
    tints={
        "convolution": Tint("#E0F0FE", "#1F5CAF"),
        "pooling": Tint("#FCE1DD", "#A93226"),
        "normalisation": Tint("#E7DDF5", "#623793"),
        "dropout": Tint("#FAFAFA", "#646464"),
        "activation": Tint("#FFF2CC", "#795401"),
        "shape": Tint("#EBF1F4", "#3D505A"),
        "dense": Tint("#DEFFEA", "#0D6332"),
        "sequence": Tint("#E4E3FD", "#0F0A82"),
        "block": Tint("#CFE8E7", "#00625A"),
        "io": Tint("#22303A", "#22303B"),
        "merge": Tint("#FEFEFE", "#28343A"),
    },
)

DARK = Theme(
    background="#12181D",
    heading="#ECEFF1",
    text="#DCE3E6",
    quiet="#B3C1C8",
    flow="#8FA4AE",
    skip="#4DB6AC",
    size="#90CAF9",
    cluster="#1A2229",
    cluster_line="#4A5E68",
    io_text="#12181E",
    io_size="#3F4F58",
    tints={
        "convolution": Tint("#163150", "#83BCF5"),
        "pooling": Tint("#461813", "#F4A79C"),
        "normalisation": Tint("#331C3F", "#CDB3F3"),
        "dropout": Tint("#1E2428", "#BDBDBE"),
        "activation": Tint("#413306", "#F5CE62"),
        "shape": Tint("#263239", "#B4C4CD"),
        "dense": Tint("#153C25", "#93E0A5"),
        "sequence": Tint("#170633", "#9763EC"),
        "block": Tint("#17433F", "#6FD5CB"),
        "io": Tint("#CFD8DC", "#CFD8DD"),
        "merge": Tint("#151C22", "#E6EAEC"),
    },
)


FONTS = "Helvetica,Arial,'Liberation Sans','Nimbus Sans','DejaVu Sans Condensed',sans-serif"
"""The fonts of pictures: Helvetica, those of its widths, and a narrow one, where sans-serif is DejaVu's wide one."""


def in_the_dark() -> dict[str, str]:
    """Light colour -> dark colour, for every colour that a picture has."""
    dark = DARK.roles()
    return {colour: dark[role] for role, colour in LIGHT.roles().items()}
