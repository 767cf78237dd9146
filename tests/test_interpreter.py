"""An interpreter goes through every step once, for any meaning of the values, and at any depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.ir.interpreter import Application, Frame, Interpreter
from cnndsl.ir.program import Call, Module, Program, Use
from cnndsl.layers.base import Layer
from cnndsl.layers.operations import Operation
from tests.running import program_of

TEXT = """
block Inner { a: conv(4, 1) -> relu }
block Outer { b: conv(4, 1); it + (it -> Inner) }
network Net { input(4, 8, 8); Outer * 2 -> relu }
"""


class Depth(Interpreter[int]):
    """The most layers that a value went through. Each module is run once."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.known: dict[str, int] = {}
        self.applied = 0

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[int]) -> list[int]:  # noqa: ARG002
        self.applied += 1
        return [inputs[0] + 1]

    def combine(self, at: Application, operation: Operation, inputs: Sequence[int]) -> list[int]:  # noqa: ARG002
        return [max(inputs)]

    def call_module(self, at: Application, module: Module, inputs: Sequence[int]) -> list[int]:
        if module.id not in self.known:
            self.known[module.id] = self.run(at.inside(module), [0])[module.outputs[0].value]
        return [inputs[0] + self.known[module.id]]


class Outside(Depth):
    """The same, without looking into the blocks inside."""

    def opens(self, at: Application) -> bool:
        return at.name.startswith("outer")


def _top(program: Program) -> Frame:
    return Frame(program.network())


def test_the_values_of_a_network() -> None:
    program = program_of(TEXT)
    depth = Depth(program)
    assert list(depth.run(_top(program), [0]).values()) == [0, 3, 6, 7]
    assert depth.applied == 4  # two in Inner, one in Outer, one in the network


def test_a_walk_goes_into_the_modules_inside() -> None:
    program = program_of(TEXT)
    walk = [(at.path, at.word, values[at.step.outputs[0]]) for at, values in Depth(program).walk(_top(program), [0])]
    assert walk == [
        ("outer1.0", "Outer", 3),
        ("outer1.0.b", "conv", 1),
        ("outer1.0.inner1", "Inner", 3),
        ("outer1.0.inner1.a", "conv", 2),
        ("outer1.0.inner1.relu1", "relu", 3),
        ("", "+", 3),
        ("outer1.1", "Outer", 6),
        ("outer1.1.b", "conv", 4),
        ("outer1.1.inner1", "Inner", 6),
        ("outer1.1.inner1.a", "conv", 5),
        ("outer1.1.inner1.relu1", "relu", 6),
        ("", "+", 6),
        ("relu1", "relu", 7),
    ]
    paths = [at.path for at, _ in Outside(program).walk(_top(program), [0])]
    assert paths == [
        "outer1.0",
        "outer1.0.b",
        "outer1.0.inner1",
        "",
        "outer1.1",
        "outer1.1.b",
        "outer1.1.inner1",
        "",
        "relu1",
    ]


def test_a_walk_at_any_depth() -> None:
    program = program_of("block A { relu }\nblock B { A }\nnetwork Net { input(4, 8, 8); B }")
    b = program.modules["B"]
    (part,), (step,) = b.children, b.steps
    assert isinstance(step.action, Call)
    assert isinstance(part.unit, Use)
    step = replace(step, action=replace(step.action, module=None))
    modules = dict(program.modules)
    for level in range(1500):
        unit = replace(part.unit, module=f"B{level - 1}" if level else "A")
        child = replace(part, unit=unit)
        modules[f"B{level}"] = b.model_copy(update={"id": f"B{level}", "children": (child,), "steps": (step,)})
    deep = program.model_copy(update={"modules": modules})

    class Nothing(Depth):
        def call_module(self, at: Application, module: Module, inputs: Sequence[int]) -> list[int]:  # noqa: ARG002
            return list(inputs)

    walk = Nothing(deep).walk(Frame(modules["B1499"]), [0])
    assert sum(1 for _ in walk) == 1501
