"""The gallery of the documents: every file of models/ with its pictures.

    python -m tools.gallery

writes docs/gallery.md and the pictures in docs/gallery/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import fill

from cnndsl.analysis import costs
from cnndsl.backends.captions import macs
from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.ir.program import Program
from cnndsl.source import Source

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "gallery.md"
FOLDER = ROOT / "docs" / "gallery"
DRAWN = {
    "convnext": ("ConvNeXtTiny",),
    "dcgan": ("Generator", "Discriminator"),
    "densenet": ("DenseNet121",),
    "efficientnet": ("EfficientNetB0",),
    "hrnet": ("HRNet",),
    "mobilenetv3": ("MobileNetV3Large",),
    "regnet": ("RegNetY_400MF",),
    "repvgg": ("RepVGG_A0",),
    "res2net": ("Res2Net50",),
    "resnet": ("ResNet18", "ResNet50"),
    "shufflenetv2": ("ShuffleNetV2_1_0",),
    "vgg": ("VGG16",),
    "vit": ("ViT_B_16",),
}
"""Which networks of a file are drawn, where it is not the last one."""
_INTRODUCTION = """\
# Gallery

Pictures of every network file in [models/](../models). First you see the maps that flow through a network,
as `cnndsl draw FILE --style volume` draws them. Below, you can open the diagram of its layers, as `cnndsl draw FILE`
draws it. Equal parts in a row are folded in both. The pictures become dark if your system is dark. If you open one by
itself, it has tooltips, and links to the lines of the source.

This page is made by `python -m tools.gallery`.
"""


@dataclass(frozen=True)
class Model:
    """A file of models/: its stem, the words at its beginning, and the networks that are drawn."""

    stem: str
    about: str
    networks: tuple[str, ...]

    @property
    def source(self) -> Path:
        """Where it is."""
        return ROOT / "models" / f"{self.stem}.cnn"


def models() -> list[Model]:
    """Every file of models/, in the order of their names."""
    return [_model(path) for path in sorted((ROOT / "models").glob("*.cnn"))]


def _model(path: Path) -> Model:
    _, program = _compiled(path)
    return Model(path.stem, _about(path), DRAWN.get(path.stem) or (program.network().name,))


@cache
def _compiled(path: Path) -> tuple[Compilation, Program]:
    # What links in the pictures lead to is told from where the pictures are.
    source = Source(path.name, path.read_text(encoding="utf-8"), f"../../models/{path.name}")
    compilation = compile_source(source, folder=path.parent)
    if compilation.program is None:
        message = f"{path.name} does not compile"
        raise ValueError(message)
    return compilation, compilation.program


def _about(path: Path) -> str:
    """The comment at the beginning of a file, as one paragraph."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(" ".join(lines).replace("<", "&lt;").split())


def pictures(model: Model) -> Iterator[tuple[Path, bytes]]:
    """The files with the pictures of a model."""
    compilation, _ = _compiled(model.source)
    for network in model.networks:
        yield FOLDER / f"{network}.volumes.svg", compilation.volumes(network).encode()
        yield FOLDER / f"{network}.svg", compilation.diagram("svg", network, theme="auto")


def page() -> str:
    """The page, as Markdown."""
    found = models()
    contents = [f"- [{_heading(model)}](#{_anchor(_heading(model))})" for model in found]
    return "\n".join([_INTRODUCTION, *contents, *(_section(model) for model in found)]) + "\n"


def _heading(model: Model) -> str:
    return " and ".join(model.networks)


def _anchor(heading: str) -> str:
    """What GitHub calls a heading, to link to it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _section(model: Model) -> str:
    _, program = _compiled(model.source)
    lines = [f"\n## {_heading(model)}\n", f"{fill(model.about, 120)}\n"]
    for network in model.networks:
        cost = costs.of(program, program.network(network).id)
        counted = f"{cost.parameters:,} parameters" + (f", {macs(cost.macs)} a sample" if cost.macs else "")
        lines += [
            f"`{network}` in [models/{model.stem}.cnn](../models/{model.stem}.cnn): {counted}.\n",
            f"![The maps of {network} as volumes](gallery/{network}.volumes.svg)\n",
            f"<details><summary>The layers of {network}</summary>\n",
            f"![The layers of {network}](gallery/{network}.svg)\n",
            "</details>\n",
        ]
    return "\n".join(lines).rstrip("\n")


def main() -> None:
    """Write the page and its pictures, and remove pictures of networks that are gone."""
    FOLDER.mkdir(exist_ok=True)
    made = {path: drawn for model in models() for path, drawn in pictures(model)}
    for path in set(FOLDER.iterdir()) - set(made):
        path.unlink()
    for path, drawn in made.items():
        path.write_bytes(drawn)
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    print(f"{PAGE.relative_to(ROOT)} and {len(made)} pictures, {sum(map(len, made.values())) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
