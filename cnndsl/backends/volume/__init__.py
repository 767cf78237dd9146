"""Volume pictures: the maps that flow through a network as boxes, as papers draw them.

`svg` gives the picture; it needs no layout program.  The way from a program is
build (volumes and links) -> fold (equal ones in a row as one) -> layout (places) -> write (SVG).
"""

from __future__ import annotations

from collections.abc import Collection

from cnndsl.analysis import costs
from cnndsl.backends.volume.build import build
from cnndsl.backends.volume.folding import PLANS, Plan, Shapes, cut, fold, give_names
from cnndsl.backends.volume.layout import lay_out
from cnndsl.backends.volume.scene import Scene
from cnndsl.backends.volume.svg import write
from cnndsl.ir.program import Module, Program
from cnndsl.theme import ThemeName


def svg(
    program: Program,
    network: str | None = None,
    *,
    theme: ThemeName = "auto",
    depth: int | None = None,
    expand: Collection[str] = (),
) -> str:
    """The volume picture of a network, by default the last one of the text, as SVG text.

    The text depends on the program and the settings alone.
    theme: the colours; "auto" follows the reader's system.
    depth: how many levels of blocks are opened; without it, as many as leave the picture easy to take in.
    expand: definitions (`BasicBlock`) and parts (`layer2.0`) that are always opened; `*` for all.
    Raises KeyError when there is no such network.
    """
    scene = scene_of(program, program.network(network), depth, expand)
    return write(scene, lay_out(scene), theme)


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
