"""Runs for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image

import cnndsl
from cnndsl.compilation import Compilation
from cnndsl.tracing import watch
from cnndsl.tracing.figure import Figure, Shown
from cnndsl.tracing.recording import Wanted

KERNEL = """\
# kernel.cnn
network Kernel {
    input(1, 4, 4)
    conv(1, 2, weight=[[1, 0], [0, 1]], bias=false) -> relu -> maxpool(2, 1)
}
"""
"""The network of docs/explain.md."""
ALONE = KERNEL.replace(" -> relu -> maxpool(2, 1)", "")
"""The convolution of the lesson by itself, as in the tutorial."""
POOL = """\
# pool.cnn
network Pool {
    input(1, 4, 4)
    maxpool(2, 2)
}
"""
BORDER = """\
# border.cnn
network Border {
    input(1, 3, 3)
    conv(1, 3, padding=1, weight=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], bias=false)
}
"""
CROSSED = """\
# crossed.cnn
network Crossed {
    input(8)
    dropout(0.5)
}
"""
"""The pooling, the border and the dropout of the tutorial."""
WORKED = "2 2 1 2; 1 1 2 1; 1 2 1 0; 1 0 0 1"
"""The picture of 4 x 4 of the lesson."""

SMALL = """\
network Small {
    input(1, 6, 6)
    conv: conv(4, 3) -> relu
    fc: linear(3)
}
"""


def compiled(text: str, name: str = "net.cnn") -> Compilation:
    compilation = cnndsl.compile(text, name=name)
    assert compilation.ok, [d.message for d in compilation.diagnostics]
    return compilation


def ran(text: str, *given: str | Path, network: str | None = None, **options: Any) -> Figure:
    """The figure of a run; options as for `watch`, or for `Wanted`."""
    fields = {name: options.pop(name) for name in list(options) if name in Wanted.__dataclass_fields__}
    return watch(compiled(text), given, network, Wanted(**fields), **options)


def numbers(*sizes: int) -> str:
    """A text of numbers, a row a line, all of them different."""
    total = 1
    for size in sizes:
        total *= size
    wide = sizes[-1]
    return "\n".join(" ".join(str(k % 13 - 4) for k in range(at, at + wide)) for at in range(0, total, wide))


def every(steps: tuple[Shown, ...]) -> Iterator[Shown]:
    """All steps that are shown, those inside a block before it."""
    for shown in steps:
        yield from every(shown.inside)
        yield shown


def titles(figure: Figure) -> list[str]:
    return [shown.title for shown in every(figure.steps)]


def step(figure: Figure, title: str) -> Shown:
    return next(shown for shown in every(figure.steps) if shown.title == title)


def picture(path: Path, width: int, height: int, mode: str = "RGB", **options: Any) -> Path:
    """A picture in a file, of colours that change from pixel to pixel."""
    generator = torch.Generator().manual_seed(width * height)
    channels = len(Image.new(mode, (1, 1)).getbands())
    data = torch.randint(0, 256, (width * height * channels,), generator=generator)
    Image.frombytes(mode, (width, height), bytes(data.tolist())).save(path, **options)
    return path
