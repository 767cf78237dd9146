from __future__ import annotations

import pytest

from cnndsl.backends.graphviz.picture import MERGE, Arrow, Emphasis, Picture
from tests.graphviz.support import case, ends, picture_of, program_of


def net(body: str) -> Picture:
    return picture_of(program_of(f"network Net {{\n{body}\n}}"))


def skips(picture: Picture) -> set[tuple[str, str]]:
    return ends(picture, [arrow for arrow in picture.arrows if arrow.skip])


def sizes(picture: Picture, emphasis: Emphasis) -> list[tuple[str, str, str]]:
    shown = [arrow for arrow in picture.arrows if arrow.emphasis is emphasis]
    return [(picture.boxes[a.tail].path, picture.boxes[a.head].path, a.size) for a in shown]


def test_an_identity_is_a_skip() -> None:
    assert skips(net("input(4, 8, 8)\na: conv(4, 1) -> b: relu\nit + input")) == {("input", "add")}
    assert skips(net("input(4, 8, 8)\na: conv(4, 1) -> b: relu\ninput + it")) == {("input", "add")}


def test_the_shorter_branch_of_a_sum_is_one() -> None:
    body = "input(4, 8, 8)\nx = input -> a: conv(8, 1) -> b: relu -> c: conv(8, 1)\nx + (input -> d: conv(8, 1))"
    assert skips(net(body)) == {("input", "d"), ("d", "add")}


def test_of_two_equal_branches_none_is() -> None:
    body = "input(4, 8, 8)\nx = input -> a: conv(8, 1) -> b: relu\nx + (input -> c: conv(8, 1) -> d: relu)"
    assert skips(net(body)) == set()


def test_the_branches_of_a_concat_are_none() -> None:
    body = "input(4, 8, 8)\nx = input -> a: conv(8, 1) -> b: relu -> c: conv(8, 1)\nconcat(x, input -> d: conv(8, 1))"
    assert skips(net(body)) == set()


def test_two_inputs_are_none() -> None:
    body = "x = input(4, 8, 8)\ny = input(4, 8, 8)\nz = x -> a: conv(4, 1) -> b: relu -> c: conv(4, 1)\nz + y"
    assert skips(net(body)) == set()


def test_what_goes_to_every_later_merge_is_one_but_for_the_straight_way() -> None:
    body = """
    input(4, 8, 8)
    a: conv(4, 1)
    x = it
    b: conv(4, 1)
    y = it
    concat(x, y) -> c: conv(4, 1)
    concat(x, y, it)
    """
    assert skips(net(body)) == {("a", "concat"), ("b", "concat")}


def test_an_encoder_goes_around() -> None:
    picture = picture_of(case("unet"), depth=0)
    assert skips(picture) == {("inc", "up2"), ("down1", "up1")}


def test_the_same_value_twice_is_no_skip() -> None:
    assert skips(net("input(4, 8, 8)\nx = input -> a: conv(4, 1)\nx + x")) == set()


def test_very_many_skips_are_told_apart_soon() -> None:
    lines = "".join(f"x{i} = it\nrelu\nit + x{i // 2}\n" for i in range(1, 800))
    picture = net(f"input(4, 8, 8)\nx0 = it\n{lines}")
    merges = [i for i, box in enumerate(picture.boxes) if box.kind == MERGE]
    near = [arrow for arrow in picture.arrows if arrow.head in merges[:40] and arrow.tail < arrow.head - 1]
    assert len(near) == 40
    assert all(arrow.skip for arrow in near)


def test_the_main_path_is_one_lane() -> None:
    picture = picture_of(case("residual"))
    lanes = {box.path: box.lane for box in picture.boxes}
    side = {path for path, lane in lanes.items() if lane != lanes["input"]}
    assert side == {"layer2.0.downsample.0", "layer2.0.downsample.1"}
    assert lanes["layer2.0.downsample.0"] == lanes["layer2.0.downsample.1"]


def test_of_several_branches_the_middle_one_is_straight() -> None:
    branches = "; ".join(f"x{i} = input -> c{i}: conv(4, 1)" for i in range(4))
    picture = net(f"input(3, 8, 8); {branches}; concat(x0, x1, x2, x3) -> d: relu")
    lanes = {box.path: box.lane for box in picture.boxes}
    assert [path for path, lane in lanes.items() if lane == lanes["input"]] == ["input", "c1", "concat", "d", "output"]


def test_what_leads_elsewhere_does_not_move_the_straight_way() -> None:
    branches = "; ".join(f"x{i} = input -> c{i}: conv(4, 1)" for i in range(4))
    aside = "y = input -> e: conv(4, 1) -> f: relu; z = input -> g: conv(4, 1) -> h: relu"
    body = f"{aside}; {branches}; concat(x0, x1, x2, x3); output it, y, z"
    picture = net(f"input(3, 8, 8); {body}")
    lanes = {box.path: box.lane for box in picture.boxes}
    assert lanes["input"] == lanes["c1"] == lanes["concat"]


def test_of_several_branches_the_longest_is_straight() -> None:
    long = "x0 = input -> a: conv(4, 1) -> b: relu"
    branches = "; ".join(f"x{i} = input -> c{i}: conv(4, 1)" for i in range(1, 4))
    picture = net(f"input(3, 8, 8); {long}; {branches}; concat(x0, x1, x2, x3)")
    lanes = {box.path: box.lane for box in picture.boxes}
    assert [path for path, lane in lanes.items() if lane == lanes["input"]] == ["input", "a", "b", "concat", "output"]


def test_a_size_is_told_where_it_changed_and_only_once() -> None:
    body = (
        "input(3, 8, 8)\na: conv(4, 3) -> b: relu\nx = it\nc: conv(4, 1) -> d: conv(8, 1)\nx -> e: conv(8, 1)\nit + d"
    )
    body = "input(3, 8, 8)\na: conv(4, 3)\nx = it\nb: relu -> c: conv(4, 1)\nit + x\nd: maxpool(2)\nf: relu"
    strong = sizes(net(body), Emphasis.STRONG)
    assert strong == [("a", "b", "4×6×6"), ("d", "f", "4×3×3")]


def test_a_merge_tells_what_comes_in() -> None:
    same = net("input(4, 8, 8)\na: conv(4, 1) -> b: relu\nit + input")
    assert sizes(same, Emphasis.QUIET) == [("b", "add", "4×8×8")]
    other = net("input(4, 8, 8)\nx = input -> a: conv(8, 1) -> b: relu\nconcat(x, input -> c: conv(2, 1) -> d: relu)")
    assert sizes(other, Emphasis.QUIET) == [("b", "concat", "8×8×8"), ("d", "concat", "2×8×8")]
    merge = next(box for box in other.boxes if box.kind == MERGE)
    assert (merge.title, merge.detail) == ("concat", "8 + 2")


def test_an_input_and_an_output_tell_their_own_size() -> None:
    picture = net("input(3, 8, 8)\na: conv(4, 3)")
    assert [(box.path, box.detail) for box in picture.boxes] == [
        ("input", "3×8×8"),
        ("a", "4 filters, 3×3"),
        ("output", "4×6×6"),
    ]
    assert all(arrow.emphasis is Emphasis.NONE for arrow in picture.arrows)


def test_an_arrow_turns_down_above_a_cluster_that_is_not_below() -> None:
    def turned(picture: Picture) -> list[Arrow]:
        return [arrow for arrow in picture.arrows if arrow.turn]

    assert turned(picture_of(case("residual"))) == []
    windows = picture_of(case("windows"))
    assert ends(windows, turned(windows)) == {("permute", f"{name}_window.0") for name in ("narrow", "medium", "wide")}
    assert len({id(arrow.turn[0]) for arrow in turned(windows) if arrow.turn}) == 1


def test_an_arrow_to_a_branch_that_is_much_shorter_needs_no_turn() -> None:
    def turned(short: str) -> int:
        block = f"block Unit {{ concat(input -> a: {{ conv(8, 1) * 4 -> relu }}, input -> b: {{ {short} }}) }}"
        text = f"{block}\nnetwork Net {{ input(4, 8, 8); stem: conv(4, 1); Unit }}"
        return sum(arrow.turn is not None for arrow in picture_of(program_of(text)).arrows)

    assert turned("conv(8, 1) -> relu -> conv(8, 1)") == 0
    assert turned("conv(8, 1) -> relu -> conv(8, 1) -> relu") == 1


def test_many_short_branches_turn_down_in_the_order_in_which_they_are_put_together() -> None:
    short = ", ".join(f"input -> {name}: conv(8, 1)" for name in "abc")
    block = f"block Unit {{ long = input -> d: {{ conv(8, 1) * 4 -> relu }}; concat({short}, long) }}"
    picture = picture_of(program_of(f"{block}\nnetwork Net {{ input(4, 8, 8); stem: conv(4, 1); Unit }}"))
    turning = sorted((arrow.turn[1], picture.boxes[arrow.head].path) for arrow in picture.arrows if arrow.turn)
    assert [path.removeprefix("unit1.") for _, path in turning] == ["a", "b", "c", "d.0"]


def test_a_size_is_told_though_a_skip_brings_it() -> None:
    gate = "input(4, 8, 8)\nb: relu\nx = it\na: global_avgpool -> c: sigmoid\nx * it\nd: relu -> e: relu"
    assert ("mul", "d", "4×8×8") in sizes(net(gate), Emphasis.STRONG)
    assert ("d", "e", "4×8×8") not in sizes(net(gate), Emphasis.STRONG)


@pytest.mark.parametrize(("branches", "crowded"), [(3, False), (4, True)])
def test_many_branches_are_a_crowd(branches: int, crowded: bool) -> None:
    lines = "\n".join(f"x{i} = input -> c{i}: conv(4, {2 * i + 1}, padding={i}) -> r{i}: relu" for i in range(branches))
    joined = ", ".join(f"x{i}" for i in range(branches))
    assert net(f"input(4, 8, 8)\n{lines}\nconcat({joined})").crowded is crowded
