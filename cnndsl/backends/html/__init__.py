"""A network as a page for a browser: its pictures at each depth and of each block, beside its text.

Everything is worked out and drawn beforehand; the page looks nothing up elsewhere and lays nothing out.
"""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Annotated, Any

from pydantic import Field

from cnndsl.backends import captions
from cnndsl.backends.graphviz import Direction
from cnndsl.backends.graphviz.labels import KINDS
from cnndsl.backends.html.content import Side
from cnndsl.backends.html.drawings import DARK_COLOURS, LIGHT_COLOURS, Drawings
from cnndsl.backends.options import Checked, Colours, Network, Options, Sizes, model
from cnndsl.i18n import language, tr
from cnndsl.web import page

_DEPTH = "How many levels of blocks the page begins with; by default as many as are easy to take in."


@model
class Html(Options[str]):
    """A network as a page for a browser, which needs no other file: blocks open on a click, and its text stands beside.

    Raises `cnndsl.render.RenderError` where nothing that is installed can draw it.
    """

    network: Network = None
    _: KW_ONLY
    sizes: Sizes = None
    theme: Colours = "auto"
    direction: Direction = "TB"
    depth: Annotated[int | None, Field(ge=0, description=_DEPTH)] = None

    def of(self, text: Checked) -> str:
        """The page; it ends with a line end."""
        drawings = Drawings(self.direction)
        side = Side(text, *text.network(self.network, self.sizes), drawings)
        return written(side.network.name, [side], drawings, self.theme, self.depth)


def written(title: str, sides: list[Side], drawings: Drawings, theme: str, depth: int | None) -> str:
    """The page of one network, or of two that are compared."""
    content: list[dict[str, Any]] = []
    files = []
    for side in sides:
        depths, first = side.depths(depth)
        modules = side.modules()
        files.append(side.files())
        content.append(
            {
                "name": side.network.name,
                "totals": captions.summary(side.cost),
                "depths": depths,
                "first": first,
                "modules": modules,
                "numbers": side.numbers(),
            }
        )
    kinds = {kind for side in sides for kind in side.kinds}
    return page(
        "network",
        lang=language(),
        title=title,
        theme=theme,
        light=LIGHT_COLOURS,
        dark=DARK_COLOURS,
        look=drawings.style,
        kinds=[(kind, tr(kind)) for kind in KINDS if kind in kinds],
        sides=content,
        files=files,
        drawings=drawings.all,
        first=content[0]["depths"][content[0]["first"]]["drawing"],
        words=_words(),
    )


def _words() -> dict[str, str]:
    """What the page says, by what its template and its script call it."""
    return {
        "after": tr("the next block"),
        "all": tr("the whole network"),
        "auto": tr("colours of the system"),
        "before": tr("the block before"),
        "colour": tr("Colour"),
        "dark": tr("dark colours"),
        "depth": tr("Depth"),
        "field": tr("receptive field"),
        "fit": tr("Fit"),
        "found": tr("{count} found"),
        "hint": tr("Arrow keys go from box to box, Enter opens one, Backspace leads back."),
        "kinds": tr("kinds of layers"),
        "larger": tr("Larger"),
        "light": tr("light colours"),
        "macs": tr("MACs"),
        "memory": tr("memory"),
        "most": tr("The largest"),
        "none": tr("nothing found"),
        "open": tr("open"),
        "parameters": tr("parameters"),
        "part": tr("{share} % of the network"),
        "picture": tr("Picture"),
        "search": tr("Search"),
        "sizes": tr("sizes"),
        "smaller": tr("Smaller"),
        "text": tr("Text"),
        "theme": tr("Theme"),
        "where": tr("Where you are"),
    }
