"""Where things stand: nothing overlaps what it must not, and everything is on the page."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest

from cnndsl.backends.volume import scene_of
from cnndsl.backends.volume.layout import LINE, SIDE, SMALL, Layout, Placed, Route, Scale, lay_out
from tests.graphviz.support import Box
from tests.volume.support import pictures, scene

PICTURES = pictures()
each = pytest.mark.parametrize("name", PICTURES)


@cache
def placed(name: str, *, opened: bool = False, room: float | None = None) -> Layout:
    program = PICTURES[name]
    return lay_out(scene_of(program, program.network(), None, ("*",) if opened else ()), room)


def outline(item: Placed) -> Box:
    return Box(item.left, item.axis - item.body.top, item.right, item.axis + item.body.top)


def words(item: Placed) -> Box:
    """The room of a label, in a font that is a tenth wider than Helvetica."""
    assert item.label
    half = item.label.width / 2
    return Box(item.x - half, item.label_top - SMALL, item.x + half, item.label_top + 2 * LINE + 2)


def leader(item: Placed) -> Box:
    return Box(item.x, item.axis + item.body.top, item.x, item.label_top - SMALL)


@each
@pytest.mark.parametrize("opened", [False, True], ids=["folded", "opened"])
def test_volumes_and_words_keep_apart(name: str, opened: bool) -> None:
    items = placed(name, opened=opened).placed
    rooms = [outline(item) for item in items] + [words(item) for item in items if item.label]
    for a, b in combinations(rooms, 2):
        assert not a.meets(b)


@each
@pytest.mark.parametrize("opened", [False, True], ids=["folded", "opened"])
def test_lines_to_labels_cross_no_words(name: str, opened: bool) -> None:
    items = [item for item in placed(name, opened=opened).placed if item.label]
    for lower in (item for item in items if item.level):
        for other in items:
            assert other is lower or not leader(lower).meets(words(other))


@each
def test_everything_is_on_the_page(name: str) -> None:
    layout = placed(name)
    page = Box(0, 0, layout.width, layout.height)
    for item in layout.placed:
        assert page.holds(outline(item))
        assert item.label is None or page.holds(words(item))
    for route in layout.routes:
        assert route.arc is None or route.arc >= 0


def along(layout: Layout, route: Route) -> list[Placed]:
    """The volumes beside which a way leads, in the row where it is longest."""
    early = route.turn is not None and route.turns_early
    row, start, end = (route.head if early else route.tail).row, route.tail.x, route.head.x
    if route.turn is not None:
        start, end = (route.turn, end) if early else (start, route.turn)
    ends = (route.tail, route.head)
    return [item for item in layout.placed if item.row == row and start < item.x < end and item not in ends]


@each
@pytest.mark.parametrize("opened", [False, True], ids=["folded", "opened"])
def test_ways_between_rows_pass_no_volume(name: str, opened: bool) -> None:
    layout = placed(name, opened=opened)
    for route in layout.routes:
        if route.turn is not None and route.arc is None:
            assert not along(layout, route)


@each
def test_arcs_run_above_what_they_pass(name: str) -> None:
    layout = placed(name, opened=True)
    for route in layout.routes:
        if route.arc is not None:
            assert route.turn is not None or route.tail.row == route.head.row
            passed = along(layout, route)
            assert passed
            assert all(route.arc < item.axis - item.body.top for item in passed)


CROWDED = {"hrnet"}
"""Where so much goes side by side that, opened, an arc lies on another or a bend on words: the layout finds no room."""


@each
def test_arcs_do_not_run_on_each_other(name: str) -> None:
    arcs = [route for route in placed(name, opened=True).routes if route.arc is not None]
    for one, other in combinations(arcs, 2):
        if one.start < other.end and other.start < one.end:
            assert one.arc != other.arc or name in CROWDED


@each
@pytest.mark.parametrize("opened", [False, True], ids=["folded", "opened"])
def test_ways_lead_to_the_right(name: str, opened: bool) -> None:
    for route in placed(name, opened=opened).routes:
        assert route.tail.column < route.head.column
        if route.across is not None:
            assert abs(route.tail.row - route.head.row) == 1
            continue
        assert route.tail.right <= route.head.left
        if route.turn is not None:
            assert route.tail.right <= route.turn < route.head.left


@each
@pytest.mark.parametrize("opened", [False, True], ids=["folded", "opened"])
def test_ways_along_a_row_pass_no_volume(name: str, opened: bool) -> None:
    layout = placed(name, opened=opened)
    for route in layout.routes:
        if route.arc is None and route.tail.row == route.head.row:
            between = range(route.tail.column + 1, route.head.column)
            assert not any(item.row == route.tail.row and item.column in between for item in layout.placed)


@each
@pytest.mark.parametrize("opened", [False, True], ids=["folded", "opened"])
def test_bends_cross_no_words(name: str, opened: bool) -> None:
    layout = placed(name, opened=opened)
    for route in layout.routes:
        if route.turn is not None:
            upper, lower = sorted((route.tail.axis, route.head.axis))
            bend = Box(route.turn + 12, upper + 1, route.turn + 22, lower - 1)  # its steep part
            for item in layout.placed:
                assert item.label is None or not bend.meets(words(item)) or (opened and name in CROWDED)
                is_end = item in (route.tail, route.head) or (opened and name in CROWDED)
                assert is_end or not bend.meets(outline(item))


@each
@pytest.mark.parametrize("opened", [False, True], ids=["folded", "opened"])
def test_ways_down_and_up_cross_nothing(name: str, opened: bool) -> None:
    layout = placed(name, opened=opened)
    for route in layout.routes:
        if route.across is not None:
            upper, lower = sorted((route.tail, route.head), key=lambda item: item.axis)
            assert upper.foot < route.across < lower.axis - lower.body.top
            ends = sorted((upper.x, lower.x))
            lines = [
                Box(ends[0], route.across - 1, ends[1], route.across + 1),
                Box(upper.x - 3, upper.foot, upper.x + 3, route.across),
            ]
            if not is_beside(route):
                lines.append(Box(lower.x - 3, route.across, lower.x + 3, lower.axis - lower.body.top))
            for line in lines:
                for item in layout.placed:
                    assert not line.meets(outline(item))
                    assert item.label is None or not line.meets(words(item))
                for arc in (other for other in layout.routes if other.arc is not None):
                    assert arc.arc is not None
                    assert not line.meets(Box(arc.start, arc.arc - 1, arc.end, arc.arc + 1))


def is_beside(route: Route) -> bool:
    """Whether a way up begins at the side of the deepest volumes."""
    return route.head.row < route.tail.row and route.tail.right < route.head.x


@each
def test_lines_of_a_page(name: str) -> None:
    """Nothing is lost, nothing overlaps, and what can be cut is no wider than the page."""
    usual, layout = placed(name), placed(name, room=800)
    assert [item.volume.title for item in layout.placed] == [item.volume.title for item in usual.placed]
    back = [route for route in layout.routes if route.returns]
    assert layout.width <= usual.width
    if all(route.tail.row == 0 == route.head.row and not route.skip for route in usual.routes):  # a chain
        assert layout.width <= 800
        assert bool(back) == (usual.width > 800)
    page = Box(0, 0, layout.width, layout.height)
    rooms = [outline(item) for item in layout.placed] + [words(item) for item in layout.placed if item.label]
    assert all(page.holds(room) for room in rooms)
    assert not any(one.meets(other) for one, other in combinations(rooms, 2))
    for route in back:
        assert route.across is not None
        assert route.tail.foot < route.across < route.head.axis - route.head.body.top


def rows(text: str) -> list[int]:
    drawn = scene(f"network Net {{ {text} }}")
    return [item.row for item in lay_out(drawn).placed]


def test_a_row_for_each_size_of_what_goes_down_and_up() -> None:
    down = "conv(4, 1); a = it; maxpool(2); conv(8, 1); b = it; maxpool(2); conv(16, 1)"
    up = "conv_transpose(8, 2, 2); concat(b, it); conv_transpose(4, 2, 2); concat(a, it)"
    assert rows(f"input(3, 16, 16); {down}; {up}") == [0, 0, 1, 1, 2, 2, 1, 1, 0, 0]


def test_skips_over_maps_of_one_size_make_no_valley() -> None:
    twice = "x = it; conv(4, 3, padding=1); y = it; conv(4, 3, padding=1); it + y; conv(4, 1); it + x"
    assert set(rows(f"input(4, 16, 16); {twice}")) == {0}


def row_by_title(name: str) -> dict[str, int]:
    return {item.volume.name or item.volume.title: item.row for item in placed(name).placed}


def test_branches_stand_in_their_order() -> None:
    found = row_by_title("textcnn")
    assert [found[f"window{size}.0"] for size in (3, 4, 5)] == [-1, 0, 1]
    found = row_by_title("several")
    assert [found[f"input {name}"] for name in ("picture", "sound", "facts")] == [-1, 0, 1]
    outputs = ("linear3 · output kind", "linear4 · output place", "linear5 · output sure")
    assert [found[name] for name in outputs] == [-1, 0, 1]


def test_a_way_into_the_middle_of_a_row_goes_over_what_stands_there() -> None:
    body = """
        conv(4, 3, padding=1); x = it; maxpool(2); conv(8, 1); y = it
        side = concat(x, y -> upsample(scale=2)) -> conv(4, 1)
        y -> maxpool(2) -> conv(8, 1) -> upsample(scale=4) -> conv(4, 1) -> conv(4, 3, padding=1) -> conv(4, 1)
        concat(it, side)
    """
    early = lay_out(scene(f"network Net {{ input(1, 16, 16); {body} }}")).routes
    late = placed("crossing", opened=True).routes
    for routes, is_early in ((early, True), (late, False)):
        over = [route for route in routes if route.arc is not None and route.turn is not None]
        assert {route.turns_early for route in over} == {is_early}


def test_signals_have_a_scale_of_their_own() -> None:
    drawn = {item.volume.title: item.body for item in placed("several").placed if item.volume.kind == "io"}
    assert drawn["input picture"].high == drawn["input sound"].high  # 64 rows, and 4000 numbers


def test_of_several_names_the_end_of_the_last_is_told_where_it_fits() -> None:
    names = [item.label.name for item in placed("mobilenetv2").placed if item.label]
    assert "features.7 … 10" in names
    assert "features.2 … features.3" in names


def test_of_a_long_name_and_an_output_the_output_is_told() -> None:
    names = [item.label.name for item in placed("googlenet").placed if item.label]
    assert {"aux1.fc2 · output first", "output second", "fc · output"} < set(names)


def test_the_scale() -> None:
    scale = Scale(224)
    assert scale.side(224) == SIDE
    assert scale.side(56) == pytest.approx(SIDE / 2)  # a quarter of the size, half of the side
    assert scale.side(1) > 0


@pytest.mark.parametrize("name", ["fpn", "deeplabv3"])
def test_open_sizes_are_told_whole(name: str) -> None:
    sizes = [item.label.size for item in placed(name, opened=True).placed if item.label]
    assert any("(H+" in size for size in sizes)
    assert not any("…" in size for size in sizes)
