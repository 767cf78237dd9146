"""Volume pictures: the maps that flow through a network as boxes, as papers draw them.

The picture needs no layout program.  The way from a program is
build (volumes and links) -> fold (equal ones in a row as one) -> layout (places) -> write (SVG).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field

from cnndsl.analysis import costs
from cnndsl.backends.options import Checked, Drawing, Network, Paper, model
from cnndsl.backends.volume.build import build
from cnndsl.backends.volume.layout import SMALL, lay_out
from cnndsl.backends.volume.scene import PLANS, Plan, Scene, Shapes, cut, fold, give_names
from cnndsl.backends.volume.svg import write
from cnndsl.display import SvgText
from cnndsl.ir.program import Module, Program
from cnndsl.render.paper import LEAST, PIXEL, fit, points, scaled

_FORMAT = "An SVG, or a LaTeX document with a TikZ picture to edit."


@model
class Volumes(Drawing[str]):
    """The maps between the layers as volumes, as papers show them: an SVG, or TikZ."""

    network: Network = None
    _: KW_ONLY
    format: Annotated[Literal["svg", "tex"], Field(description=_FORMAT)] = "svg"
    width: Paper = None

    def of(self, text: Checked) -> str:
        """The text of the picture, which depends on the program and the options alone."""
        scene = scene_of(*self.shown(text, self.network), self.depth, self.expand)
        layout = lay_out(scene, None if self.width is None else points(self.width) * SMALL / LEAST)
        if self.format == "tex":
            from cnndsl.backends.volume import tikz

            return tikz.write(scene, layout, self.theme, scaled(layout.width, self.width, PIXEL, SMALL))
        drawn = write(scene, layout, self.theme)
        return SvgText(drawn if self.width is None else fit(drawn, self.width, PIXEL))


def scene_of(program: Program, network: Module, depth: int | None = None, expand: Collection[str] = ()) -> Scene:
    """What is drawn of a network: by the first plan that leaves it easy to take in, or as deep as `depth` says."""
    plans = PLANS if depth is None else (Plan(depth=depth),)
    table = costs.table(program)
    shapes = Shapes(program, network)
    scene = Scene(network.name, "")
    for plan in plans:
        found = build(shapes, network, plan, expand, table)
        if found is None:
            continue
        scene = fold(found, layers=plan.merged)
        if plan.most is None or len(scene.volumes) <= plan.most or (plan.merged and not scene.can_close):
            break
    scene = cut(scene)
    give_names(scene)
    return scene
