"""Networks for the tests of volume pictures."""

from __future__ import annotations

from pathlib import Path

from cnndsl.backends.volume import scene_of
from cnndsl.backends.volume.scene import Scene
from cnndsl.ir.program import Program
from tests import compiled
from tests.graphviz.support import CASES, program_of

MODELS = Path(__file__).parent.parent.parent / "models"
SVG = "{http://www.w3.org/2000/svg}"


def model(name: str) -> Program:
    """The program of a file in models/."""
    return compiled.program_of(MODELS / f"{name}.cnn")


def pictures() -> dict[str, Program]:
    """Programs whose last network is drawn: the cases of the diagrams, and every file of models/."""
    cases = {path.stem: program_of(path.read_text(encoding="utf-8"), path.name) for path in CASES}
    return cases | {path.stem: model(path.stem) for path in sorted(MODELS.glob("*.cnn"))}


def scene(text: str, depth: int | None = None, expand: tuple[str, ...] = ()) -> Scene:
    """What is drawn of a text's last network."""
    program = program_of(text)
    return scene_of(program, program.network(), depth, expand)


def model_scene(name: str, network: str | None = None, expand: tuple[str, ...] = ()) -> Scene:
    """What is drawn of a network of models/."""
    program = model(name)
    return scene_of(program, program.network(network), None, expand)


def told(scene: Scene) -> list[tuple[str, str, str]]:
    """The words of every volume: kind with its window and count, name, size."""
    return [
        (f"{v.title} × {v.count}" if v.count > 1 else v.title, v.name, "×".join(map(str, v.shape)))
        for v in scene.volumes
    ]
