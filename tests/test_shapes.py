"""The shape pass by itself, on programs that are read back from JSON: for their own inputs, and for others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add, mul
from pathlib import Path
from random import Random

import pytest
import torch
from torch import Tensor, nn

import cnndsl
from cnndsl.analysis import costs
from cnndsl.analysis.shapes import OpenSizeError, infer, with_sizes
from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.ir.interpreter import Application, Frame, Interpreter
from cnndsl.ir.program import Module, Program
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import SizeError
from cnndsl.layers.operations import Operation
from cnndsl.source import Source
from cnndsl.symbolic.number import value_of
from tests.compiled import MODELS, compilation_of, python_of
from tests.layers.oracle import build, call
from tests.oracle.generator import generate
from tests.running import BATCH, compiled, count, size_of


def read_back(compilation: Compilation) -> Program:
    assert compilation.program is not None
    return Program.model_validate_json(compilation.program.model_dump_json())


@pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])
def test_a_model_is_what_it_was(path: Path) -> None:
    again = infer(read_back(compilation_of(path)))
    assert replace(compilation_of(path), program=again).python() == python_of(path)


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


OPEN = {
    "one": """
        network Net {
            input(3, ?, ?)
            fine = it -> conv(8, 3, padding=1) -> relu
            fine -> maxpool(2) -> conv(8, 3, padding=1) -> relu -> upsample(scale=2)
            it + fine
            global_avgpool -> linear(10)
        }
    """,
    "two": """
        block Enc(c) { conv(c, 3, stride=2, padding=1) -> relu }
        network Net {
            left  = input(3, ?, ?)
            right = input(3, ?, ?)
            (left -> Enc(8)) + (right -> Enc(8))
        }
    """,
    "one axis": "network Net { input(4, ?); conv(8, 5) -> relu -> maxpool(3) -> adaptive_avgpool(2) -> linear(3) }",
    "three axes": "network Net { input(1, ?, ?, 8); conv(2, 3) -> maxpool(2) }",
    "like another": """
        network Net {
            input(3, ?, ?)
            fine   = it -> conv(4, 3, stride=2, padding=1) -> relu
            coarse = fine -> conv(4, 3, stride=2, padding=1) -> relu
            fine + upsample(coarse, like=fine)
        }
    """,
    "laid out as another": """
        network Net {
            input(3, ?, ?)
            conv(4, [3, 2], stride=[1, 2])
            row = cumsum(it -> flatten(2), axis=2) -> tanh
            it + unflatten(row, like=it)
        }
    """,
    "cut to another": """
        network Net {
            input(3, ?, ?)
            grown = it -> maxpool(2) -> conv(3, 3) -> conv_transpose(3, 2, stride=2)
            grown + crop(input, like=grown)
        }
    """,
}


@pytest.mark.parametrize("name", OPEN)
def test_open_sizes_are_what_a_text_with_numbers_gives(name: str) -> None:
    """For many sizes: the same numbers as where they are written in the text, and refused where that has errors."""
    compilation = compiled(OPEN[name])
    assert compilation.program is not None
    symbols = [rule.symbol for rule in compilation.program.network().open]
    random = Random(name)  # noqa: S311 - the same sizes in every run
    least = 3 if name == "two" else 1  # a sum spreads a map of size 1, which is another sum than that of open sizes
    fitted = refused = 0
    for _ in range(60):
        size = random.randint(least, 40)
        sizes = {symbol: size if random.random() < 0.7 else random.randint(least, 40) for symbol in symbols}
        text = OPEN[name]
        for number in sizes.values():
            text = text.replace("?", str(number), 1)
        written = cnndsl.compile(text, name="test.cnn")
        if not written.ok:
            refused += 1
            with pytest.raises(OpenSizeError, match=r"Net cannot take "):
                compilation.summary(sizes=sizes)
            continue
        fitted += 1
        for form in ("json", "text"):
            assert compilation.summary(sizes=sizes, format=form) == written.summary(format=form)
        assert compilation.mermaid(sizes=sizes) == written.mermaid()
        assert compilation.volumes(sizes=sizes) == written.volumes()
    assert fitted
    assert refused or name == "like another"


@pytest.mark.parametrize(
    ("name", "sizes", "words"),
    [
        ("one", {"H": 255, "W": 256}, "Net cannot take H = 255: H is a multiple of 2; 254 or 256 would fit"),
        ("one", {"H": 1}, "Net cannot take H = 1: H is a multiple of 2; 2 would fit"),
        ("one axis", {"L": 3}, "Net cannot take L = 3: L is at least 7; 7 would fit"),
        ("one", {"D": 3}, "Net has no open size D; it has H, W"),
        ("one", {"H": True}, "H is a whole number from 1 to 2,147,483,647, and not True"),
        ("one", {"H": 2.0}, "H is a whole number from 1 to"),
        ("one", {"H": 0}, "H is a whole number from 1 to"),
        ("one", {"H": 10**12}, "H is a whole number from 1 to"),
        ("two", {"H": 8}, "(H2 + 1) // 2 = (H + 1) // 2 is asked for in Net: give H2 as well"),
        (
            "two",
            {"H": 8, "W": 8, "H2": 10, "W2": 8},
            "Net cannot take H = 8, W = 8, H2 = 10, W2 = 8: (H2 + 1) // 2 = (H + 1) // 2 is asked for",
        ),
    ],
)
def test_why_an_open_size_does_not_fit(name: str, sizes: dict[str, int], words: str) -> None:
    with pytest.raises(OpenSizeError) as problem:
        compiled(OPEN[name]).dot(sizes=sizes)
    assert str(problem.value).startswith(words)


def test_what_is_not_given_stays_open() -> None:
    compilation = compiled(OPEN["one"])
    assert "8 x 32 x (W // 2)" in compilation.summary(sizes={"H": 64})
    assert compilation.program is not None
    program = with_sizes(compilation.program, None, {"H": 64})
    assert [rule.symbol for rule in program.network().open] == ["W"]
    assert with_sizes(program, None, {"W": 64}).network().open == ()
    assert compilation.summary(sizes={}) == compilation.summary()


def test_a_text_without_open_sizes() -> None:
    with pytest.raises(OpenSizeError, match=r"Net has no open size H; it has none: sizes are left open with \?"):
        compiled("network Net { input(3, 8, 8); relu }").summary(sizes={"H": 8})


def test_sizes_of_one_network_of_several() -> None:
    text = "network A { input(3, ?, ?); conv(4, 3) }\nnetwork B { input(3, ?); conv(4, 5) }"
    compilation = compiled(text)
    assert compilation.summary("A", sizes={"H": 9, "W": 8}).startswith("A: 3 x 9 x 8 -> 4 x 7 x 6\n")
    assert compilation.summary(sizes={"L": 9}).startswith("B: 3 x 9 -> 4 x 5\n")
    with pytest.raises(OpenSizeError, match="B has no open size H"):
        compilation.summary(sizes={"H": 9})


class Real(Interpreter[Tensor]):
    """Runs a program on modules of PyTorch, which are made as the program says, and looks at every size."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.parts: dict[str, nn.Module] = {}

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        if at.leaf is None:
            spelling = layer.function(at.x)
            assert spelling is not None
            return (call(spelling, inputs[0]),)
        if at.path not in self.parts:
            self.parts[at.path] = build(layer.torch(at.leaf.x)).eval()
        return (self.parts[at.path](*inputs),)

    def combine(self, _at: Application, operation: Operation, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        assert operation.symbol in "+*"
        return (reduce(add if operation.symbol == "+" else mul, inputs),)

    def call_module(self, at: Application, module: Module, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        return self.module(at.inside(module), inputs)

    def apply(self, at: Application, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        gave = super().apply(at, inputs)
        assert [size_of(tensor) for tensor in gave] == [tuple(map(value_of, shape)) for shape in at.ys], at.path
        return gave

    def module(self, frame: Frame, inputs: Iterable[Tensor]) -> list[Tensor]:
        values = self.run(frame, inputs)
        return [values[output.value] for output in frame.module.outputs]


def right_for(text: str, size: tuple[int, ...]) -> None:
    """The text, worked out for another input, says what PyTorch does with its layers."""
    compilation = compiled(BLOCKS + text)
    program = infer(read_back(compilation), {"Net": [size]})
    real = Real(program)
    with torch.no_grad():
        real.module(Frame(program.network()), [torch.zeros(BATCH, *size)])
    assert sum(count(part)[0] for part in real.parts.values()) == costs.of(program, "Net").parameters
    with pytest.raises(cnndsl.CompilationError, match="its sizes were worked out for another input"):
        replace(compilation, program=program).python()


@pytest.mark.parametrize("size", [(4, 12, 8), (4, 9, 15)], ids=str)
def test_another_input(size: tuple[int, ...]) -> None:
    right_for("network Net { input(4, 8, 8); Gate -> Unit(4) -> Unit(6); linear(3) }", size)


@pytest.mark.parametrize("size", [(5, 8, 8), (2, 8, 8), (4, 12, 8)], ids=str)
def test_numbers_that_were_computed_from_channels_stay(size: tuple[int, ...]) -> None:
    right_for("network Net { input(4, 8, 8); Wider -> Wider -> Wider(6) }", size)


def test_axes_that_change_places_change_channels() -> None:
    right_for("network Net { input(4, 8, 8); permute([0, 2, 1, 3]) -> Wider -> Wider }", (4, 10, 8))


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


@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ("input(4, 8, 8)\n { batchnorm -> silu } * 2\n it * parameter([6, 12, 1], init=1)", "E306", "silu1.1"),
        ("input(9)\n { relu } * 2\n embedding(10, 4)", "E302", "relu1.1"),
    ],
)
def test_what_does_not_fit_behind_a_loop_is_said(body: str, code: str, part: str) -> None:
    compilation = compile_source(Source("net.cnn", f"network Net {{\n {body}\n}}"))
    (found,) = compilation.diagnostics
    assert found.code == code
    assert any(part in label.message for label in found.labels)
