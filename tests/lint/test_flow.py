"""The walk goes through each module once, and does not lose what stands before a block."""

from __future__ import annotations

import pytest

import cnndsl
from cnndsl.files import nowhere
from cnndsl.ir.program import Origin, Program
from cnndsl.lint import lint
from cnndsl.lint.places import Places
from cnndsl.lint.rule import LONGEST, Trail, Walk
from cnndsl.source import Source
from tests.running import program_of


def trails(text: str) -> list[Trail]:
    seen: list[Trail] = []
    program = program_of(text)
    walk = Walk(program, seen.append)
    for key in program.networks:
        walk.network(key)
    return seen


def longest(text: str, kind: str) -> list[str]:
    """What the layer of this kind follows, as far as is known in the end: the kinds, the newest first."""
    found = [trail for trail in trails(text) if trail.newest.layer.kind == kind]
    return [applied.layer.kind for applied in max(found, key=lambda trail: len(trail.layers)).layers]


def test_what_stands_before_a_block_is_known_inside() -> None:
    text = """
    sequence Inner { flatten -> linear(10) }
    block Outer { relu -> Inner -> tanh }
    network Net { input(3, 8, 8); conv(4, 3) -> Outer -> sigmoid }
    """
    assert longest(text, "linear") == ["linear", "flatten", "relu", "conv"]
    assert longest(text, "sigmoid") == ["sigmoid", "tanh", "linear", "flatten", "relu", "conv"]


def test_a_value_that_is_read_twice_ends_a_trail() -> None:
    text = "network Net { input(4, 8, 8); conv(4, 3, padding=1); it + (it -> relu) -> tanh }"
    assert longest(text, "relu") == ["relu"]
    assert longest(text, "tanh") == ["tanh"]
    (relu,) = (trail for trail in trails(text) if trail.newest.layer.kind == "relu")
    assert not relu.only_reader


def test_an_input_that_is_read_twice_inside_a_block() -> None:
    text = """
    block Both { it + (it -> relu) }
    network Net { input(4, 8, 8); conv(4, 3) -> Both }
    """
    assert longest(text, "relu") == ["relu"]


def test_equal_blocks_are_walked_once() -> None:
    block = "block B { a: conv(4, 3, padding=1) -> relu -> b: conv(4, 3, padding=1) -> relu }"
    few, many = (len(trails(f"{block}\nnetwork Net {{ input(4, 8, 8); B * {n} }}")) for n in (3, 103))
    assert many - few <= 100 * (LONGEST + 1)  # only what may belong to what is in front is looked at again
    inside = [t for t in trails(f"{block}\nnetwork Net {{ input(4, 8, 8); B * 50 }}") if t.newest.name == "b"]
    assert len({trail.newest for trail in inside}) == 1


def test_a_long_trail_is_cut() -> None:
    seen = trails("network Net { input(4); relu * 50 }")
    assert max(len(trail.layers) for trail in seen) == LONGEST
    assert all(trail.only_reader for trail in seen if len(trail.layers) > 1)


@pytest.mark.parametrize("text", ["block B { relu }", "network Net { input(3); it + 1 }", "network Net { input(3) }"])
def test_there_may_be_nothing_to_look_at(text: str) -> None:
    compilation = cnndsl.compile(text)
    assert compilation.program is not None
    assert lint(compilation.program, compilation.source) == ()


def test_a_program_from_json_is_judged_alike() -> None:
    text = "network Net { input(3, 9, 9); conv(4, 3) -> batchnorm -> relu -> maxpool(2) }"
    program = program_of(text)
    again = Program.model_validate_json(program.model_dump_json())
    source = Source("test.cnn", text)
    shown = [(d.code, d.message, d.span and d.span.text) for d in lint(program, source)]
    assert [code for code, *_ in shown] == ["W204", "W203"]
    assert [(d.code, d.message, d.span and d.span.text) for d in lint(again, source)] == shown


# Places

TEXT = """\
network Net {
    first = conv(8, (2 + 1))
    "odd )": pool: maxpool(2)
    concat(it, it -> conv(
        8, 3))
    relu -> 5
}
"""


@pytest.mark.parametrize(
    ("line", "column", "text"),
    [
        (2, 5, "first = conv(8, (2 + 1))"),
        (2, 13, "conv(8, (2 + 1))"),
        (3, 5, '"odd )": pool'),
        (3, 14, "pool: maxpool(2)"),
        (4, 22, "conv"),
        (6, 5, "relu"),
        (6, 13, "5"),
    ],
)
def test_a_place_is_a_word_with_its_arguments(line: int, column: int, text: str) -> None:
    span = Places(Source("net.cnn", TEXT), nowhere).span(Origin("net.cnn", line, column))
    assert span is not None
    assert span.text == text


def test_a_place_that_is_gone() -> None:
    places = Places(Source("net.cnn", TEXT), nowhere)
    assert places.span(Origin("other.cnn", 1, 1)) is None
    assert places.span(Origin("net.cnn", 99, 1)) is None
    assert places.span(Origin("net.cnn", 1, 99)) is None
