"""Volume pictures: the maps that flow through a network as boxes, as papers draw them.

`svg` gives the picture; it needs no layout program.  The way from a program is
build (volumes and links) -> fold (equal ones in a row as one) -> layout (places) -> write (SVG).
"""

from __future__ import annotations

from collections.abc import Collection

from cnndsl.backends.volume.build import build
from cnndsl.backends.volume.folding import PLANS, Plan, fold, give_names
from cnndsl.backends.volume.layout import lay_out
from cnndsl.backends.volume.scene import Scene
from cnndsl.backends.volume.write import write
from cnndsl.program import Module, Program
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
    scene = _scene(program, program.network(network), depth, expand)
    give_names(scene)
    return write(scene, lay_out(scene), theme)


def _scene(program: Program, network: Module, depth: int | None, expand: Collection[str]) -> Scene:
    if depth is not None:
        return fold(build(program, network, Plan(depth=depth), expand))
    for plan, most in PLANS[:-1]:
        scene = build(program, network, plan, expand)
        if plan.merged:
            scene = fold(scene)
        if len(scene.volumes) <= most:
            return scene
    return fold(build(program, network, PLANS[-1][0], expand))
