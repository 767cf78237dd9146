"""A program keeps what the text says: definitions with resolved names and places.

That they go to JSON and back is seen in `tests/test_program.py`, where whole programs do.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from pydantic import ValidationError

from cnndsl.ir import nodes
from cnndsl.ir.words import FUNCTIONS
from cnndsl.semantics.functions import TABLE
from tests.running import program_of

TEXT = """\
width = 8
block Unit(channels, act = relu) {
    conv(channels, 3, padding=1) -> act
    repeat 2 { conv(channels, 1) -> act }
}
network Net { input(3, 8, 8); Unit(width) }
network Wide = Net()
"""


def test_names_are_resolved_and_nodes_have_places() -> None:
    constant, unit, net, wide = program_of(TEXT).definitions
    assert isinstance(constant, nodes.FileConstant) and isinstance(unit, nodes.Definition)  # noqa: PT018
    assert isinstance(net, nodes.Definition) and isinstance(wide, nodes.Variant)  # noqa: PT018
    found = {each.name: each for each in nodes.walk(unit) if isinstance(each, nodes.Ref)}
    assert {name: ref.of for name, ref in found.items()} == {
        "relu": "kind",
        "conv": "kind",
        "channels": "parameter",
        "act": "parameter",
    }
    used = next(each for each in nodes.walk(net) if isinstance(each, nodes.Ref) and each.name == "Unit")
    assert (used.of, used.key) == ("definition", unit.key)
    assert unit.span == nodes.Span(2, 1, 5, 2)


def test_unnamed_parts_are_named_by_the_text() -> None:
    _, unit, *_ = program_of(TEXT).definitions
    parts = [getattr(each, "part", None) for each in nodes.walk(unit)]
    assert [(part.name, part.is_list) for part in parts if part is not None] == [
        ("conv1", False),
        ("act1", False),
        ("conv2", True),
        ("act2", True),
    ]


def test_a_node_is_checked_and_frozen() -> None:
    with pytest.raises(ValidationError):
        nodes.Ref(span=nodes.Span(1, 1, 1, 2), name="x", of="nothing")  # type: ignore[arg-type]
    made = nodes.Const(span=nodes.Span(1, 1, 1, 2), value=1)
    with pytest.raises(FrozenInstanceError):
        made.value = 2  # type: ignore[misc]


def test_the_functions_are_those_of_the_elaboration() -> None:
    assert set(TABLE) == FUNCTIONS
