"""The networks that come with cnndsl, compiled, imported and compiled again, are what they were."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnndsl
from benchmarks.lengths import characters, definitions, written_by_hand
from cnndsl.analysis import costs
from cnndsl.importing import import_module
from cnndsl.ir.program import Module, Program
from tests.compiled import MODELS, compilation_of, program_of
from tests.docs.blocks import ROOT

OPEN = 64
"""What a size that is left open is for the import."""
NOT_YET = {
    "vgg": "it has 133 million parameters, and layers that others have; `benchmarks.importing` imports it",
    "vit": "its smallest network has 86 million parameters; `test_modules` imports a smaller one",
}
LARGE = ("hrnet", "densenet", "res2net", "repvgg", "c3d", "efficientnet", "regnet", "convnext", "deeplabv3")
"""Networks that take ten seconds and more: `python -m benchmarks.importing --list models` imports them."""
MOST = 1.5
"""How many times as long the text may be as the one that a person has written, with what that one imports."""


def smallest(program: Program) -> Module:
    """The network of a file that learns the fewest numbers."""
    return min((program.modules[key] for key in program.networks), key=lambda m: costs.of(program, m.id).parameters)


FILES = [path for path in MODELS if path.stem not in (*NOT_YET, *LARGE)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_network_is_what_it_was(path: Path) -> None:
    network = smallest(program_of(path))
    shapes = network.input_shapes
    sizes = [tuple(OPEN if _is_open(size) else int(size) for size in shape) for shape in shapes]
    found = import_module(compilation_of(path).load(network.name)(), sizes)
    assert str(found.comparison) == "same keys, same outputs (0.0)", found.text
    assert characters(found.text) <= MOST * written_by_hand(path), found.text


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        ("crop(1)", "8, 8"),
        ("crop([0, 1, 2, 0])", "8, 8"),
        ("crop([1, 2])", "9"),
        ("crop([1, 0, 2, 2, 0, 3])", "8, 9, 9"),
    ],
)
def test_a_crop_in_a_chain_is_what_it_was(layer: str, size: str) -> None:
    text = f"sequence B {{ conv(4, 1) -> {layer} -> relu }}\nnetwork Net {{ input(3, {size}); B; {layer}; linear(2) }}"
    sizes = tuple(map(int, size.split(", ")))
    found = import_module(cnndsl.compile(text).load("Net")(), [(3, *sizes)])
    assert str(found.comparison) == "same keys, same outputs (0.0)", found.text
    assert "crop(" in found.text


def test_what_a_file_imports_counts() -> None:
    shorter = characters((ROOT / "models" / "fpn.cnn").read_text(encoding="utf-8"))
    resnet = definitions((ROOT / "models" / "resnet.cnn").read_text(encoding="utf-8"))
    more = sum(characters(resnet[name]) for name in ("Bottleneck", "ResNet", "ResNet50"))
    assert written_by_hand(ROOT / "models" / "fpn.cnn") == shorter + more


def _is_open(size: object) -> bool:
    """Whether a size is left open."""
    from cnndsl.symbolic.number import is_open

    return is_open(size)
