"""Which steps are a run: what one statement made again and again, the same but for numbers."""

from __future__ import annotations

import pytest

from cnndsl.analysis.repeats import LONGEST_TURN, Repeats, Run
from cnndsl.ir.program import Program
from tests import compiled
from tests.graphviz.support import program_of

BLOCKS = """
block Plain(channels, drop = 0.0, act = relu) {
    conv(channels, 3, padding=1) -> act -> dropout(drop)
}
block Fitted(channels, stride = 1) {
    conv(channels, 3, stride, 1)
    if stride != 1 or input.channels != channels { it + (input -> conv(channels, 1, stride)) } else { it + input }
}
block Grown(growth) {
    conv(growth, 3, padding=1)
    concat(input, it)
}
block Chosen(at) {
    if at > 1 { conv(8, 5, padding=2) -> relu } else { conv(8, 3, padding=1) -> relu }
}
"""


def net(body: str) -> Program:
    return program_of(f"{BLOCKS}\nnetwork Net {{\ninput(8, 16, 16)\n{body}\n}}")


def _turn(steps: int) -> str:
    """A loop whose turn has so many steps, each of another statement."""
    return f"repeat 3 {{ {' -> '.join(['conv(8, 1)', *['tanh'] * (steps - 1)])} }}"


def runs(body: str) -> list[Run]:
    """The runs that fold something."""
    program = net(body)
    found = Repeats(program, program.network()).runs(program.network())
    return [run for run in found if run.times > 1]


@pytest.mark.parametrize(
    "statement",
    [
        "Plain(8) * 3",
        "repeat 3 { Plain(8) }",
        "for i in range(3) { Plain(8) }",
        'for i in range(3) { "part{i}": Plain(8) }',
        "for layer in [Plain(8) for i in range(3)] { layer }",
        "for i in range(3) { Plain(8, 0.1 * i) }",
        "for c in [8, 16, 32] { Plain(c) }",
        "for c in [32, 8, 16] { Plain(c) }",
        "Grown(4) * 3",
        'for i in range(3) { "c{i}": { conv(8 + i, 1) -> batchnorm -> relu } }',
        "shared = Plain(8)\nrepeat 3 { shared }",
    ],
)
def test_what_one_statement_makes_is_a_run(statement: str) -> None:
    assert runs(statement) == [(0, 1, 3)]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("Plain(8) -> Plain(8) -> Plain(8)", []),
        ("Plain(8) * 2 -> Plain(8) * 3", [(0, 1, 2), (2, 1, 3)]),
        # Another structure: only the first is fitted to what comes in; another activation.
        ("for i in range(3) { Fitted(16) }", [(1, 1, 2)]),
        ("for act in [relu, silu, silu] { Plain(8, act=act) }", [(1, 1, 2)]),
        # The same kinds of layers, of another way of a condition.
        ("for k in range(5) { Chosen(k) }", [(0, 1, 2), (2, 1, 3)]),
        # The map becomes smaller, with other arguments; and with the same.
        ("for c in [16, 32, 64] { Fitted(c, 2) }", []),
        ("repeat 3 { Fitted(16, 2) }", [(0, 1, 3)]),
        # Something else reads what the second one gives.
        ("for i in range(4) { Plain(8)\nif i == 1 { kept = it } }\nit + kept", [(0, 1, 2), (2, 1, 2)]),
        ("repeat 3 { concat(it, input) -> conv(8, 1) }", []),
    ],
)
def test_where_a_run_ends(statement: str, found: list[tuple[int, int, int]]) -> None:
    assert runs(statement) == found


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("repeat 2 { conv(8, 1) -> relu }", []),
        ("repeat 3 { conv(8, 1) -> relu }", [(0, 2, 3)]),
        ("for i in range(3) { conv(8 + i, 1) -> relu }", [(0, 2, 3)]),
        ("relu * 4", []),
        ("relu * 5", [(0, 1, 5)]),
        ("repeat 3 { relu -> conv(8, 1) }", []),
        ("repeat 4 { relu -> conv(8, 1) }", [(1, 2, 3)]),
        ("repeat 3 { Plain(8) -> maxpool(3, 1, 1) }", [(0, 2, 3)]),
        (_turn(LONGEST_TURN), [(0, LONGEST_TURN, 3)]),
        (_turn(LONGEST_TURN + 1), []),
    ],
)
def test_turns_of_several_steps(statement: str, found: list[tuple[int, int, int]]) -> None:
    assert runs(statement) == found


def test_runs_of_any_length_have_one_structure() -> None:
    program = net("stages: { for n in [2, 5] { { Fitted(16, 2) -> Fitted(16) * n } } }")
    repeats = Repeats(program, program.network())
    one, other = (module for module in repeats.modules if module.kind == "chain" and len(module.steps) > 2)
    assert one.id != other.id
    assert repeats.structure(one) == repeats.structure(other)
    assert repeats.runs(one)[1:] == (Run(1, 1, 2),)
    assert repeats.runs(other)[1:] == (Run(1, 1, 5),)


def test_runs_cover_all_steps_in_order() -> None:
    for path in compiled.MODELS:
        program = compiled.program_of(path)
        for key in program.networks:
            repeats = Repeats(program, program.modules[key])
            for module in repeats.modules:
                ends = [0]
                for run in repeats.runs(module):
                    assert run.start == ends[-1]
                    ends.append(run.start + run.period * run.times)
                assert ends[-1] == len(module.steps)
