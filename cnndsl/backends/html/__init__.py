"""A network as a page for a browser: its pictures at each depth and of each block, beside its text.

Everything is worked out and drawn beforehand; the page looks nothing up elsewhere and lays nothing out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Any

from pydantic import Field

from cnndsl.backends.diff import Difference, Report
from cnndsl.backends.diff.report import of_network
from cnndsl.backends.graphviz import Direction
from cnndsl.backends.graphviz.labels import KINDS
from cnndsl.backends.html.changes import Changes
from cnndsl.backends.html.content import Side
from cnndsl.backends.html.drawings import DARK_COLOURS, LIGHT_COLOURS, Drawings
from cnndsl.backends.options import Checked, Colours, Network, Options, Sizes, model
from cnndsl.display import Page
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
        return Page(_page(side.network.name, [side], drawings, self.depth, theme=self.theme))


def compared(before: Checked, after: Checked, difference: Difference) -> str:
    """A page of both versions of a network, on which is marked what is new, gone and changed.

    Raises `cnndsl.render.RenderError` where nothing that is installed can draw it.
    """
    drawings = Drawings("TB")
    versions = (before, difference.before), (after, difference.after)
    sides = [Side(text, version.program, version.network, drawings) for text, version in versions]
    changes = Changes(difference)
    comparison = {
        "differences": changes.listed(),
        "whole": of_network(difference),
        "report": Report(whole=True, width=100).of(difference),
    }
    title = " → ".join(dict.fromkeys(side.network.name for side in sides))
    return _page(title, sides, drawings, comparison=comparison, marks=[changes.side(0), changes.side(1)])


def _page(
    title: str,
    sides: Sequence[Side],
    drawings: Drawings,
    depth: int | None = None,
    *,
    theme: str = "auto",
    comparison: Mapping[str, Any] | None = None,
    marks: Sequence[Mapping[str, Any]] = ({},),
) -> str:
    content = [{**side.content(depth), **marked} for side, marked in zip(sides, marks, strict=True)]
    kinds = {kind for side in sides for kind in side.kinds}
    signs = {"repeated": tr("repeated block"), "skip": tr("skip"), "training": tr("in training only")}
    pictures = drawings.drawn()
    return page(
        "network",
        lang=language(),
        title=title,
        theme=theme,
        comparison=comparison,
        light=LIGHT_COLOURS,
        dark=DARK_COLOURS,
        look=drawings.style,
        kinds=[(kind, tr(kind)) for kind in KINDS if kind in kinds],
        signs=[(sign, word) for sign, word in signs.items() if any(sign in side.signs for side in sides)],
        sides=content,
        files=[side.files() for side in sides],
        drawings=pictures,
        first=content[-1]["depths"][content[-1]["first"]]["drawing"],
        words=_words(),
        tr=tr,
    )


def _words() -> dict[str, str]:
    """What the script of the page says, by what it calls it; the template says the rest."""
    return {
        "added": tr("new"),
        "all": tr("the whole network"),
        "auto": tr("colours of the system"),
        "changed": tr("changed"),
        "dark": tr("dark colours"),
        "field": tr("receptive field"),
        "follows": tr("follows from other changes"),
        "found": tr("{count} found"),
        "light": tr("light colours"),
        "macs": tr("MACs"),
        "memory": tr("memory"),
        "next": tr("the next block"),
        "none": tr("nothing found"),
        "open": tr("open"),
        "parameters": tr("parameters"),
        "part": tr("{share} % of the network"),
        "previous": tr("the block before"),
        "removed": tr("gone"),
        "renamed": tr("renamed"),
        "sizes": tr("sizes"),
        "theme": tr("Theme"),
    }
