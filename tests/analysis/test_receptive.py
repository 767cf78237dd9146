"""Receptive fields against gradients: where the input's gradient of one output is not zero."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from benchmarks.receptive import POSITIONS, compare
from cnndsl.analysis.costs.counts import rows
from cnndsl.analysis.receptive_field import Field, fields, outputs
from cnndsl.ir.program import Program
from cnndsl.symbolic.number import value_of
from tests.analysis.gradients import inside, positive, ramps, seen_along
from tests.analysis.networks import NETWORKS
from tests.running import build, program_of

MANY = 8
"""Positions in a row that are looked at; what they see repeats after as many at most."""


def single(program: Program) -> tuple[tuple[int, ...], tuple[int, ...], tuple[Field, ...]]:
    """The input and the output of a network with one of each, and what the output sees along each axis."""
    network = program.network()
    shapes = [tuple(value_of(dim) for dim in shape) for shape in (network.input_shapes[0], network.output_shapes[0])]
    (seen,) = outputs(program)
    (axes,) = seen.values()
    return shapes[0], shapes[1], tuple(axis for axis in axes if axis is not None)


CONVOLUTIONAL = [
    "vgg", "residual", "dilated", "strided", "unet", "signal", "volume", "ceiling", "inception", "upsampled",
    "generator",
]  # fmt: skip


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_what_the_middle_sees(name: str) -> None:
    """Position by position: the places, how many at most, and how far they move on."""
    x, y, axes = single(program_of(NETWORKS[name]))
    model = positive(build(NETWORKS[name]))
    assert len(axes) == len(x) - 1
    for axis, field in enumerate(axes, 1):
        positions = [p for p in range(y[axis]) if inside(field, p, x[axis])]
        middle = max(len(positions) - MANY, 0) // 2
        positions = positions[middle : middle + MANY + 1]
        assert len(positions) > 1
        found = seen_along(model, x, axis, positions)
        assert found == [field.at(position) for position in positions]
        assert max(last - first + 1 for first, last in found) == field.size
        assert Fraction(found[-1][0] - found[0][0], positions[-1] - positions[0]) == field.stride


@pytest.mark.parametrize("name", ["LeNet5", "Discriminator"])
def test_real_networks(name: str) -> None:
    """`python -m benchmarks.receptive` compares more of them."""
    for seen in compare(name):
        assert len(seen.positions) == POSITIONS
        assert seen.agree
        assert not replace(seen, expected=seen.expected[1:] + seen.expected[:1]).agree
        assert not replace(seen, said=replace(seen.said, size=seen.said.size + 1)).agree


def test_the_whole_map_through_a_gate() -> None:
    """The path past the gate keeps its stride."""
    x, y, axes = single(program_of(NETWORKS["squeeze"]))
    for axis, field in enumerate(axes, 1):
        assert told(field) == (x[axis], 2, 0, field.axis)
        positions = [0, y[axis] // 2]
        found = seen_along(positive(build(NETWORKS["squeeze"])), x, axis, positions)
        assert found == [field.at(position) for position in positions] == [(0, x[axis] - 1)] * 2


def test_everything_is_seen_behind_a_dense_layer() -> None:
    x, y, axes = single(program_of(NETWORKS["reference"]))
    model = positive(build(NETWORKS["reference"]))
    assert y == (10,)
    for ramp in ramps(x):
        given = ramp.requires_grad_()
        model(given)[0, 3].backward()
    for field in axes:
        assert (field.size, field.stride, field.start, field.centre) == (32, None, 0, Fraction(31, 2))
        assert field.at(3) == (0, 31)


@pytest.mark.parametrize("name", ["dilated", "strided", "signal", "generator"])
def test_at_the_border(name: str) -> None:
    x, y, axes = single(program_of(NETWORKS[name]))
    for axis, field in enumerate(axes, 1):
        positions = [0, 1, y[axis] - 2, y[axis] - 1]
        found = seen_along(positive(build(NETWORKS[name])), x, axis, positions)
        assert found == [field.at(position) for position in positions]


@pytest.mark.parametrize("text", NETWORKS.values(), ids=NETWORKS)
def test_every_application_is_there(text: str) -> None:
    program = program_of(text)
    expected = [(row.path, row.word) for row in rows(program) if row.output]
    assert [(applied.path, applied.word) for applied in fields(program)] == expected


def test_the_network_of_the_article() -> None:
    """AlexNet's convolutions and pools: the sizes and strides that Araujo, Norris and Sim give for it."""
    program = program_of("""
    network AlexNet {
        input(3, 231, 231)
        conv1: conv(4, 11, stride=4) -> relu -> pool1: maxpool(3, 2)
        conv2: conv(4, 5, padding=2) -> relu -> pool2: maxpool(3, 2)
        conv3: conv(4, 3, padding=1) -> relu -> conv4: conv(4, 3, padding=1) -> relu
        conv5: conv(4, 3, padding=1) -> relu -> pool5: maxpool(3, 2)
    }
    """)
    sizes = {}
    for applied in fields(program):
        ((height, width),) = applied.seen[0].values()
        assert told(height)[:3] == told(width)[:3]
        sizes[applied.path] = told(height)[:2]
    assert sizes["conv1"] == (11, 4)
    assert sizes["pool1"] == (19, 8)
    assert sizes["conv2"] == (51, 8)
    assert sizes["pool2"] == (67, 16)
    assert [sizes[f"conv{k}"] for k in (3, 4, 5)] == [(99, 16), (131, 16), (163, 16)]
    assert sizes["pool5"] == (195, 32)


def told(field: Field | None) -> tuple[Any, ...]:
    """What is said of an axis: the size and the stride of the field, its start, and which axis it is."""
    assert field is not None
    return field.size, field.stride, field.start, field.axis


def seen_of(text: str) -> list[tuple[str, tuple[Field | None, ...]]]:
    """What the first output of a network sees, input by input."""
    return list(outputs(program_of(text))[0].items())


def test_several_inputs() -> None:
    (left, (a, b)), (right, (c, d)) = seen_of("""
    network Net {
        left = input(3, 32, 48)
        right = input(1, 16, 24)
        a = left -> conv(4, 3, stride=2, padding=1)
        b = right -> conv(4, 5, padding=2)
        concat(a, b) -> conv(2, 3, padding=1)
    }
    """)
    assert (left, right) == ("left", "right")
    assert (told(a), told(b)) == ((7, 2, -3, "height"), (7, 2, -3, "width"))
    assert (told(c), told(d)) == ((7, 1, -3, "height"), (7, 1, -3, "width"))


def test_a_value_that_does_not_depend_on_an_input() -> None:
    text = "network Net { a = input(1, 8, 8); b = input(1, 8, 8); x = a -> relu; y = b -> conv(2, 5); output x, y }"
    assert [list(seen) for seen in outputs(program_of(text))] == [["a"], ["b"]]


def test_axes_that_change_places() -> None:
    ((_, (height, width)),) = seen_of(
        "network Net { input(2, 20, 30); conv(2, [3, 1], stride=[2, 1]) -> permute([0, 1, 3, 2]) -> conv(2, [1, 7]) }"
    )
    assert (told(height), told(width)) == ((15, 2, 0, "height"), (1, 1, 0, "width"))


def test_axes_that_become_others() -> None:
    """Rows of tokens, as a transformer takes them: places are counted through, and both axes are seen as a whole."""
    ((_, (height, width)),) = seen_of("""
    network Net { input(3, 32, 32); conv(8, 4, stride=4) -> flatten(2) -> permute([0, 2, 1]) -> linear(5, axis=-1) }
    """)
    assert (told(height), told(width)) == ((32, None, 0, "height"), (32, None, 0, "width"))
    ((_, (length,)),) = seen_of("network Net { input(1, 50); flatten -> unflatten(1, [1, 50]) -> conv(2, 3) }")
    assert told(length) == (3, 1, 0, "length")


def test_rows_that_nothing_reads() -> None:
    """A global pool sees what the windows before it see, which need not be everything."""
    ((_, (height, _)),) = seen_of("network Net { input(1, 10, 10); conv(2, 3, stride=4) -> global_avgpool }")
    assert told(height) == (7, None, 0, "height")


def test_sizes_left_open() -> None:
    (height, width) = seen_of("network Net { input(3, ?, ?); conv(4, 3, stride=2) -> conv(4, 3) }")[0][1]
    assert told(height) == (7, 2, 0, "height")
    assert height is not None
    assert height.at(10) == (20, 26)
    assert told(width) == (7, 2, 0, "width")
    assert seen_of("network Net { input(3, ?, ?); conv(4, 3) -> global_avgpool }")[0][1] == (None, None)


def test_layers_that_grow_a_map_without_end() -> None:
    """What repeats too late is not followed."""
    text = "network Net { input(1, 3); conv_transpose(1, 9001, 9001) -> conv(1, 3) }"
    assert seen_of(text) == [("input", (None,))]


def test_layers_from_elsewhere() -> None:
    """Nothing is known of what they read, and with it of nothing behind them."""
    program = program_of("""
    extern Swish from "my.layers" (shape = same)
    network Net { input(1, 8, 8); conv(2, 3) -> Swish() -> conv(2, 3) }
    """)
    assert [list(*applied.seen[0].values()) == [None, None] for applied in fields(program)] == [False, True, True]


def test_blocks_in_blocks_cost_no_time() -> None:
    levels = "".join(f"block B{n + 1} {{ B{n} * 3 }}\n" for n in range(9))
    ((_, (height, _)),) = seen_of(
        f"block B0 {{ conv(2, 3, padding=1) }}\n{levels}\nnetwork Net {{ input(2, 4, 4); B9 }}"
    )
    assert told(height) == (2 * 3**9 + 1, 1, -(3**9), "height")


def test_an_unknown_network() -> None:
    with pytest.raises(KeyError):
        fields(program_of(NETWORKS["reference"]), "Other")
    with pytest.raises(KeyError):
        outputs(program_of(NETWORKS["reference"]), "Other")
