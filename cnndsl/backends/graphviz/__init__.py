"""Diagrams: a network as a picture, in the DOT language of Graphviz or drawn from that by `cnndsl.render`.

The way from a program is build (boxes and arrows, some parts folded) -> paths (lanes and skips) -> write (DOT).
"""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from cnndsl.backends.graphviz.build import build
from cnndsl.backends.graphviz.labels import SMALL
from cnndsl.backends.graphviz.paths import mark
from cnndsl.backends.graphviz.picture import Picture
from cnndsl.backends.graphviz.rows import cut
from cnndsl.backends.graphviz.write import names, write, write_row
from cnndsl.backends.options import Checked, Colours, Drawing, Network, Paper, T_co, model
from cnndsl.display import MEDIA, Lines, PictureBytes
from cnndsl.render import Format, convert, draw, render
from cnndsl.render.paper import LEAST, fit, points
from cnndsl.theme import DARK, LIGHT, Theme

if TYPE_CHECKING:
    from cnndsl.render.notebook import DiagramSource

BORDERS = 90.0
"""The room beside the boxes of a row: around it, for the frames of clusters, and for its ends."""
Direction = Annotated[
    Literal["TB", "LR"],
    Field(description="From top to bottom, or from left to right; the style volume always goes to the right."),
]


@model
class Flowchart(Drawing[T_co]):
    """What every diagram of a network can be asked for."""

    _: KW_ONLY
    direction: Direction = "TB"

    def picture(self, text: Checked, network: str | None) -> Picture:
        """The boxes and arrows, which depend on the program and the options alone: no clock, no order of a set."""
        found = build(*self.shown(text, network), self.depth, self.expand)
        mark(found)
        return found

    def dot(self, text: Checked, network: str | None) -> str:
        """The diagram as DOT text."""
        return write(self.picture(text, network), self.colours, self.direction)

    @property
    def colours(self) -> Theme:
        """The colours of what is drawn; an SVG that follows the reader's system is made from light ones."""
        return DARK if self.theme == "dark" else LIGHT


@model
class Dot(Flowchart[str]):
    """The diagram of a network in Graphviz's language. The theme auto is light in it."""

    network: Network = None
    _: KW_ONLY
    theme: Colours = "light"

    def of(self, text: Checked) -> str:
        """DOT text."""
        return Lines(self.dot(text, self.network))


@model
class Diagram(Flowchart[bytes]):
    """The diagram of a network as the bytes of an SVG, PNG or PDF file.

    Raises `cnndsl.render.RenderError` where nothing that is installed can draw it.
    """

    format: Annotated[Format, Field(description="The form of the picture.")] = "svg"
    network: Network = None
    _: KW_ONLY
    width: Paper = None

    def of(self, text: Checked) -> bytes:
        """The bytes of the file."""
        if self.width is None:
            drawn = render(self.dot(text, self.network), self.format, theme=self.theme)
        else:
            drawn = convert(self._fitting(self.picture(text, self.network), self.width), self.format)
        return PictureBytes(drawn, MEDIA[self.format])

    def _fitting(self, picture: Picture, width: str) -> str:
        """The SVG of a picture that is no wider on paper; from left to right it goes on in rows."""
        from cnndsl.render.svg import finish, places, stack

        dot, theme = write(picture, self.colours, self.direction), self.theme if self.format == "svg" else "light"
        drawn, found = draw(dot, lambda drawn: (drawn, places(drawn)))
        room = points(width) * SMALL / LEAST
        if self.direction == "LR":
            ends = [found[name] for name in names(picture)]
            rows = cut(picture, ends, room - BORDERS)
            if len(rows) > 1:
                texts = [write_row(row, self.colours, picture if row is rows[0] else None) for row in rows]
                drawn = stack([draw(text, bytes) for text in texts], self.colours.flow)
        return fit(finish(drawn, theme).decode(), width, 1.0)


@model
class Graph(Flowchart["DiagramSource"]):
    """The diagram of a network as a `graphviz.Source`, which a notebook shows as a picture."""

    network: Network = None

    def of(self, text: Checked) -> DiagramSource:
        """What a notebook shows."""
        from cnndsl.render.notebook import DiagramSource

        return DiagramSource(self.dot(text, self.network), self.theme)
