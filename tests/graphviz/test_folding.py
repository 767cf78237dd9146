from __future__ import annotations

import pytest

from cnndsl.backends.graphviz.build import MOST, WHOLE
from cnndsl.backends.graphviz.picture import BLOCK, Picture
from cnndsl.diagnostics import OptionError
from tests.graphviz.support import case, picture_of, program_of
from tests.made import dot

BLOCKS = """
block Small(channels, stride = 1) { a: conv(channels, 3, padding=1, stride=stride) -> relu }
block Big(channels) { first: Small(channels) -> second: Small(channels * 2) }
"""
# What makes a network too large to be shown whole, with no pattern in it.
LONG = " -> ".join(f"conv({i}, 1)" for i in range(1, WHOLE + 1))


def net(body: str, depth: int | None = None, expand: tuple[str, ...] = ()) -> Picture:
    return picture_of(program_of(f"{BLOCKS}\nnetwork Net {{\ninput(4, 8, 8)\n{body}\n}}"), depth, expand)


def folded(picture: Picture) -> list[tuple[str, str]]:
    return [(box.title, box.name) for box in picture.boxes if box.kind == BLOCK]


def opened(picture: Picture) -> list[tuple[str, str]]:
    return [(cluster.title, cluster.name) for cluster in picture.clusters()]


def test_a_small_network_is_shown_whole() -> None:
    picture = net("x: Small(4) -> relu -> y: Small(8) -> relu -> z: Big(8)")
    assert folded(picture) == []
    assert [name for _, name in opened(picture)] == ["x", "y", "z", "first", "second"]


def test_in_a_large_one_a_structure_is_shown_once() -> None:
    picture = net(f"x: Small(4) -> y: Big(8) -> z: Small(16) -> pool: maxpool(2) -> {LONG}")
    assert opened(picture) == [("Small", "x"), ("Big", "y")]
    assert folded(picture) == [("Small", "first"), ("Small", "second"), ("Small", "z")]


def test_of_uses_with_other_layers_the_richest_is_shown() -> None:
    block = "block Maybe(c) { conv(c, 1)\nif c > 4 { conv(c, 1) } }"
    text = f"{block}\nnetwork Net {{\ninput(4, 8, 8)\nx: Maybe(4) -> y: Maybe(8) -> z: Maybe(16) -> {LONG} }}"
    picture = picture_of(program_of(text))
    assert (opened(picture), folded(picture)) == ([("Maybe", "y")], [("Maybe", "x"), ("Maybe", "z")])


def test_of_many_structures_the_richest_is_shown() -> None:
    block = "block Unit(c) { conv(c, 1)\nif c > 4 { conv(c, 1) }\nif c > 8 { conv(c, 1) } }"
    uses = " -> ".join(f"Unit({c})" for c in (4, 6, 10, 12, 6, 16))
    picture = picture_of(program_of(f"{block}\nnetwork Net {{\ninput(4, 8, 8)\n{uses} -> {LONG} }}"))
    assert [name for _, name in opened(picture)] == ["unit3"]


def test_of_equally_rich_structures_the_first_is_shown() -> None:
    block = "block Unit(c) { conv(c, 1)\nif c > 4 { conv(c, 1) }\nif c > 8 { relu }\nif c == 6 { tanh } }"
    uses = " -> ".join(f"Unit({c})" for c in (4, 6, 10, 12))
    picture = picture_of(program_of(f"{block}\nnetwork Net {{\ninput(4, 8, 8)\n{uses} -> {LONG} }}"))
    assert [name for _, name in opened(picture)] == ["unit2"]


def test_what_many_values_go_through_is_not_shown() -> None:
    """Of uses with two values and with three that of two is shown, though it is poorer."""
    block = "block Mix { output [sum([x -> conv(4, 1) for x in input]) for y in input] }"
    body = "[it, relu(it)]\nMix as a, b\n[a, b, a + b]\nMix as c, d, e\nc + d + e"
    text = f"{block}\nnetwork Net {{\ninput(4, 8, 8)\n{body}\nit -> {LONG} }}"
    picture = picture_of(program_of(text))
    assert (opened(picture), folded(picture)) == ([("Mix", "mix1")], [("Mix", "mix2")])
    asked = picture_of(program_of(text), expand=("mix2",))
    assert ("Mix", "mix2") in opened(asked)


def test_a_run_of_blocks_is_always_folded() -> None:
    picture = net("stage: Small(4) * 4")
    assert opened(picture) == [("", "stage"), ("Small", "stage.0")]
    assert folded(picture) == [("Small × 3", "stage.1 … stage.3")]
    (box,) = (box for box in picture.boxes if box.kind == BLOCK)
    assert (box.times, box.note, box.detail) == (3, "444 params", "channels 4")


def test_a_run_ends_where_something_else_reads_a_value() -> None:
    loops = "for i in range(2) { Small(4) }\ny = it\nfor i in range(3) { x + it -> Small(4) }"
    picture = net(f"x = it\n{loops}\nit + y", depth=0)
    assert [box.title for box in picture.boxes] == ["input", "Small × 2", *["+", "Small"] * 3, "+", "output"]


def test_a_run_says_how_its_arguments_differ() -> None:
    picture = net("for i in range(4) { Small(8 + 4 * i) }", depth=0)
    assert [(box.title, box.detail) for box in picture.boxes[1:-1]] == [
        ("Small × 4", "channels 8 … 20, in 4 … 16"),
    ]


def test_a_run_ends_where_the_map_becomes_smaller() -> None:
    picture = net("for s in [1, 2, 1, 1] { Small(8, s) }", depth=0)
    assert [(box.title, box.detail) for box in picture.boxes[1:-1]] == [
        ("Small", "channels 8"),
        ("Small", "channels 8, stride 2"),
        ("Small × 2", "channels 8"),
    ]


def test_other_statements_are_other_runs() -> None:
    picture = net("Small(8) -> Small(8) -> Small(8) * 2", depth=0)
    assert [box.title for box in picture.boxes[1:-1]] == ["Small", "Small", "Small × 2"]


def test_a_run_of_blocks_and_layers() -> None:
    picture = net("repeat 4 { Small(4) -> relu }", depth=0)
    assert [(box.title, box.detail) for box in picture.boxes[1:-1]] == [
        ("Small", "channels 4"),
        ("ReLU", ""),
        ("2 parts × 3", "Small → ReLU"),
    ]


def test_of_chains_that_one_statement_makes_the_richest_is_shown() -> None:
    stages = "for n in [1, 2, 3] { { Small(4 * n, 2) -> Small(4 * n) * n } }"
    picture = net(f"stages: {{ {stages} }}\n{LONG}")
    assert opened(picture) == [("", "stages"), ("", "stages.0"), ("Small", "stages.0.0")]
    assert [(box.title, box.detail) for box in picture.boxes if box.times > 1 and box.kind == BLOCK] == [
        ("Small × 3", "channels 8, stride 2 then 1"),
        ("Small × 4", "channels 12, stride 2 then 1"),
    ]


def test_sizes_may_change_within_a_run() -> None:
    box = next(box for box in picture_of(case("rows")).boxes if box.title.startswith("DenseLayer"))
    assert (box.title, box.name) == ("DenseLayer × 3", "dense_layer1.1 … dense_layer1.3")
    assert "40 × 32 × 32 → 64 × 32 × 32" in box.lines


def test_a_pattern_of_layers_begins_with_what_learns() -> None:
    picture = picture_of(case("rows"))
    paths = [box.path for box in picture.boxes]
    at = paths.index("conv1.1")
    assert paths[at - 2 : at] == ["conv1.0", "relu2.0"]
    box = picture.boxes[at]
    assert (box.title, box.detail, box.times) == ("2 layers × 11", "Conv2d → ReLU", 11)


def test_a_short_pattern_is_shown() -> None:
    picture = net("repeat 2 { conv(4, 3, padding=1) -> relu }")
    assert all(box.times == 1 for box in picture.boxes)


@pytest.mark.parametrize(
    ("depth", "clusters", "boxes"),
    [(0, [], ["x", "y"]), (1, ["x", "y"], ["a", "relu1", "first", "second"]), (2, ["x", "y", "first", "second"], None)],
)
def test_depth(depth: int, clusters: list[str], boxes: list[str] | None) -> None:
    picture = net("x: Small(4) -> relu -> y: Big(8)", depth=depth)
    assert [name for _, name in opened(picture)] == clusters
    if boxes:
        assert [box.name for box in picture.boxes if box.kind != "io" and box.path != "relu1"] == boxes


def test_a_chain_counts_as_a_level() -> None:
    picture = net("stage: { Small(4) -> Small(8, stride=2) }", depth=0)
    (box,) = (box for box in picture.boxes if box.kind == BLOCK)
    assert (box.title, box.name, box.detail) == ("Small × 2", "stage", "channels 4 then 8, stride 1 then 2")


def test_a_chain_of_two_layers_is_a_prefix() -> None:
    picture = net("fit: { conv(8, 1) -> batchnorm }")
    assert opened(picture) == []
    assert [box.name for box in picture.boxes if box.kind != "io"] == ["fit.0", "fit.1"]


@pytest.mark.parametrize(
    ("expand", "clusters"),
    [
        ((), ["x", "y"]),
        (("z",), ["x", "y", "z"]),
        (("y.second",), ["x", "y", "second"]),
        (("Small",), ["x", "y", "first", "second", "z"]),
        (("*",), ["x", "y", "first", "second", "z"]),
        (("nothing",), ["x", "y"]),
    ],
    ids=str,
)
def test_expand(expand: tuple[str, ...], clusters: list[str]) -> None:
    picture = net(f"x: Small(4) -> y: Big(4) -> z: Small(16) -> {LONG}", expand=expand)
    assert [name for _, name in opened(picture)] == clusters


def test_expand_goes_before_depth() -> None:
    picture = net("x: Small(4) -> y: Big(4)", depth=0, expand=("x",))
    assert [name for _, name in opened(picture)] == ["x"]


def test_expand_takes_a_run_apart() -> None:
    picture = net(f"stage: Small(4) * 3\n{LONG}", expand=("stage.2",))
    assert [name for _, name in opened(picture)] == ["stage", "stage.0", "stage.2"]
    assert folded(picture) == [("Small", "stage.1")]


def test_a_shared_block_is_shown_once_and_counted_once() -> None:
    picture = picture_of(case("shared"))
    (cluster,) = picture.clusters()
    (box,) = (box for box in picture.boxes if box.kind == BLOCK)
    assert (cluster.name, cluster.note) == ("encoder · shared 1/2", "1,248 params")
    assert (box.name, box.note) == ("encoder · shared 2/2", "counted before")


def test_a_shared_layer_is_drawn_for_each_use() -> None:
    picture = net("c = conv(4, 3, padding=1)\nc -> c -> relu")
    assert [(box.name, box.note) for box in picture.boxes if box.title == "Conv2d"] == [
        ("c · shared 1/2", "148 params"),
        ("c · shared 2/2", "counted before"),
    ]


def test_no_program_makes_a_picture_without_end() -> None:
    # 3 * 2 ** 11 layers, in definitions that are each used twice.
    doubled = "".join(f"block B{i} {{ B{i - 1} -> conv(4, 1) -> B{i - 1} }}\n" for i in range(1, 12))
    program = program_of(f"block B0 {{ conv(4, 1) -> relu }}\n{doubled}network Net {{ input(4, 8, 8) -> B11 }}")
    assert len(picture_of(program).boxes) < 100
    assert MOST <= len(picture_of(program, expand=("*",)).boxes) < 2 * MOST


def test_expand_takes_a_part_of_a_list() -> None:
    text = f"{BLOCKS}\nnetwork Net {{\ninput(4, 8, 8)\nSmall(4) * 3\n{LONG}\n}}"
    picture = picture_of(program_of(text), expand=("small1.2",))
    assert [name for _, name in opened(picture)] == ["small1.0", "small1.2"]
    program = program_of(text)
    assert dot(program, expand=("small1.2", "Small", "*"))
    for name in ("small1.0.none", "small1.3", "small1"):
        with pytest.raises(OptionError, match=f"no block or part {name} with an inside; its blocks are Small"):
            dot(program, expand=[name])
