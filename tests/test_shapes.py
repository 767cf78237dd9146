"""The shape pass by itself, on programs that are read back from JSON: for their own inputs, and for others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.layers.sizes import SizeError
from cnndsl.program import Program
from cnndsl.shapes import infer
from cnndsl.source import Source
from tests.oracle.generator import generate
from tests.running import agree, compiled, imported

MODELS = sorted((Path(__file__).parents[1] / "models").glob("*.cnn"))


def read_back(compilation: Compilation) -> Program:
    assert compilation.program is not None
    return Program.model_validate_json(compilation.program.model_dump_json())


@pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])
def test_a_model_is_what_it_was(path: Path) -> None:
    source = Source(path.name, path.read_text(encoding="utf-8"))
    compilation = compile_source(source, folder=path.parent)
    again = infer(read_back(compilation))
    assert replace(compilation, program=again).python() == compilation.python()


@pytest.mark.parametrize("seed", range(40))
def test_a_drawn_program_is_what_it_was(seed: int) -> None:
    compilation = compiled(generate(seed).text())
    again = infer(read_back(compilation))
    assert replace(compilation, program=again).python() == compilation.python()


BLOCKS = """
block Gate(squeeze = 2) {
    scale = input -> global_avgpool -> conv(squeeze, 1) -> relu -> conv(input.channels, 1) -> sigmoid
    input * scale
}
block Unit(channels) {
    skip = if input.channels != channels { conv(channels, 1) }
    (it -> conv(channels, 3, padding=1)) + (input -> skip)
    Gate(input.channels // 2)
}
block Wider(more = 2) {
    { conv(input.channels + more, 3, padding=1) -> batchnorm }
    if input.channels < 5 { extra: relu }
    Gate(input.channels)
}
"""


def module_for(text: str, size: tuple[int, ...]) -> None:
    compilation = compiled(BLOCKS + text)
    program = infer(read_back(compilation), {"Net": [size]})
    agree(program, imported(replace(compilation, program=program).python()), program.network())


@pytest.mark.parametrize("size", [(4, 12, 8), (4, 9, 15)], ids=str)
def test_the_module_for_another_input(size: tuple[int, ...]) -> None:
    module_for("network Net { input(4, 8, 8); Gate -> Unit(4) -> Unit(6); linear(3) }", size)


@pytest.mark.parametrize("size", [(5, 8, 8), (2, 8, 8), (4, 12, 8)], ids=str)
def test_numbers_that_were_computed_from_channels_stay_and_forget_how(size: tuple[int, ...]) -> None:
    module_for("network Net { input(4, 8, 8); Wider -> Wider -> Wider(6) }", size)


def test_axes_that_change_places_change_channels() -> None:
    module_for("network Net { input(4, 8, 8); permute([0, 2, 1, 3]) -> Wider -> Wider }", (4, 10, 8))


@pytest.mark.parametrize(
    "layers",
    ["both = conv(8, 3, padding=1)", "both = { conv(8, 3, padding=1) -> relu }", "both = Shared"],
)
def test_a_shared_part_that_would_be_built_twice(layers: str) -> None:
    text = f"block Shared {{ conv(8, 3, padding=1) }}\nnetwork Net {{\n    input(3, 8, 4)\n    {layers}\n"
    compilation = compiled(text + "    permute([0, 2, 1, 3]) -> both -> both\n}")
    program = read_back(compilation)
    infer(program)
    with pytest.raises(SizeError, match=r"both, .*: built for an input of 10 x 3 x 4, and 8 x 3 x 4 comes in"):
        infer(program, {"Net": [(3, 10, 4)]})


@pytest.mark.parametrize("network", ["Net", "k"])
def test_a_layer_that_does_not_fit_is_named_with_its_place(network: str) -> None:
    compilation = compiled(f"block B {{ conv(8, 5) }}\nnetwork {network} {{\n    input(3, 32, 32) -> B\n}}")
    with pytest.raises(SizeError, match=rf"^{network}\.b1\.conv1, test\.cnn:1:11: kernel 5×5 does not fit"):
        infer(read_back(compilation), {network: [(3, 4, 4)]})
