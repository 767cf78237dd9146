"""Parameters of a network that stay arguments of the generated constructor work with other values than the default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.running import compiled, imported, sample

FOLDER = Path(__file__).parent / "cases"


@pytest.mark.parametrize(
    ("case", "arguments"),
    [
        ("net_labelled", {"classes": 7}),
        ("parameters", {"width": 6, "classes": 3, "drop": 0.7}),
        ("usual", {"width": 6}),
        ("downsample", {"classes": 5}),
        ("loops", {"growth": 3}),
        ("inverted_residual", {"classes": 100}),
        ("words", {"words": 7, "classes": 4}),
        ("depth_drop", {"rate": 0.3}),
        ("outputs_named", {"classes": 2}),
        ("unet", {"classes": 5}),
        ("awkward_names", {"x": 2, "out": 6, "幅": 8}),
    ],
)
def test_the_constructor_builds_what_compiling_with_the_value_builds(case: str, arguments: dict[str, Any]) -> None:
    text = (FOLDER / f"{case}.cnn").read_text(encoding="utf-8")
    default, compiled_for = compiled(text), compiled(text, **arguments)
    assert default.program is not None
    assert compiled_for.program is not None
    name = default.program.network().name
    given = getattr(imported(default.python()), name)(**arguments).eval()
    built = getattr(imported(compiled_for.python()), name)().eval()
    assert str(given) == str(built)
    assert {k: v.shape for k, v in given.state_dict().items()} == {k: v.shape for k, v in built.state_dict().items()}
    given.load_state_dict(built.state_dict())
    inputs = sample(compiled_for.program, compiled_for.program.network())
    with torch.no_grad():
        torch.testing.assert_close(given(*inputs), built(*inputs))


def test_what_decides_structure_stays_an_argument_with_the_value_it_was_compiled_with() -> None:
    text = (FOLDER / "parameters.cnn").read_text(encoding="utf-8")
    network = imported(compiled(text, depth=3, extra=False).python()).Wide
    assert len(network().conv1) == 3
    assert len(network(depth=2).conv1) == 2
    assert network().conv2 is None
    assert network(extra=True).conv2 is not None


@pytest.mark.parametrize(
    ("lines", "size"),
    [("conv(4, 3, padding=1)\ncrop(it, border)", (7, 5, 9)), ("conv(4, 3, padding=1) -> crop(border)", (7, 5, 9))],
)
def test_what_is_taken_away_may_be_nothing(lines: str, size: tuple[int, ...]) -> None:
    text = f"block Cut(border) {{\n{lines}\n}}\nnetwork Net {{ input(3, 9, 9); Cut(1) -> Cut(2) }}"
    cut = imported(compiled(text).python()).Cut
    given = [cut(3, border)(torch.rand(1, 3, 9, 9)).shape[2] for border in (1, 2, 0)]
    assert given == list(size)


def test_borders_may_be_lists() -> None:
    text = """
    sequence Around(padding, margins) { pad(padding) -> conv(4, 3) -> crop(margins) }
    network Net { input(3, 8, 8); Around([2, 0, 1, 1], [0, 0, 1, 0]) -> Around([1, 1, 2, 2], [1, 0, 0, 1]) }
    """
    around = imported(compiled(text).python()).Around
    made = around(3, (1, 2, 3, 4), (0, 1, 2, 0))
    assert made(torch.rand(1, 3, 8, 8)).shape == (1, 4, 11, 8)
