"""Diagrams: a network as a picture, in the DOT language of Graphviz.

`dot` gives the text; `cnndsl.render` makes SVG, PNG or PDF of it.  The way from a program is
build (boxes and arrows, some parts folded) -> paths (lanes and skips) -> write (DOT).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from cnndsl.backends.graphviz.build import build
from cnndsl.backends.graphviz.paths import mark
from cnndsl.backends.graphviz.write import write
from cnndsl.ir.program import Program
from cnndsl.theme import DARK, LIGHT, ThemeName

if TYPE_CHECKING:
    from cnndsl.render.notebook import DiagramSource

Direction = Literal["TB", "LR"]


def dot(
    program: Program,
    network: str | None = None,
    *,
    direction: Direction = "TB",
    theme: ThemeName = "light",
    depth: int | None = None,
    expand: Collection[str] = (),
) -> str:
    """The diagram of a network, by default the last one of the text, as DOT text.

    The text depends on the program and the settings alone: no clock, no machine, no order of a set.
    direction: from top to bottom, "TB", or from left to right, "LR".
    theme: the colours; "auto" is light here, and the SVG made of it follows the reader's system.
    depth: how many levels of blocks are drawn with their inside; without it, a small network is
    shown whole and a larger one shows the inside of each kind of block once.
    expand: definitions (`BasicBlock`) and parts (`layer2.0`) that are always shown with their inside; `*` for all.
    Raises KeyError when there is no such network.
    """
    picture = build(program, program.network(network), depth, expand)
    mark(picture)
    return write(picture, DARK if theme == "dark" else LIGHT, direction)


def source(
    program: Program,
    network: str | None = None,
    *,
    direction: Direction = "TB",
    theme: ThemeName = "auto",
    depth: int | None = None,
    expand: Collection[str] = (),
) -> DiagramSource:
    """The diagram as a `graphviz.Source`, which a notebook shows as a picture; the parameters are those of `dot`."""
    from cnndsl.render.notebook import DiagramSource

    return DiagramSource(dot(program, network, direction=direction, theme=theme, depth=depth, expand=expand), theme)
