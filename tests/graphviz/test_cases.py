from __future__ import annotations

import re
from itertools import combinations, product
from pathlib import Path

import pytest

from cnndsl.analysis import costs
from cnndsl.render import render
from cnndsl.theme import in_the_dark
from tests.conftest import Golden
from tests.graphviz.support import CASES, Drawn, drawn, picture_of, program_of
from tests.made import dot

ARROWHEAD = 8.0
"""How long the head of an arrow is, in points; its line ends there."""
case_paths = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)


@case_paths
def test_dot(path: Path, golden: Golden) -> None:
    golden(path.with_suffix(".dot"), dot(program_of(path.read_text(encoding="utf-8"), path.name)))


@case_paths
def test_the_dark_one_differs_in_its_colours_alone(path: Path) -> None:
    program = program_of(path.read_text(encoding="utf-8"))
    swap = in_the_dark()
    light = dot(program, theme="light")
    assert dot(program, theme="auto") == light
    assert dot(program, theme="dark") == re.sub(r"#[0-9A-F]{6}", lambda match: swap[match[0]], light)


@case_paths
@pytest.mark.parametrize(("depth", "expand"), [(None, ()), (0, ()), (1, ()), (9, ()), (None, ("*",))], ids=str)
def test_what_the_boxes_hold_adds_up(path: Path, depth: int | None, expand: tuple[str, ...]) -> None:
    program = program_of(path.read_text(encoding="utf-8"))
    picture = picture_of(program, depth, expand)
    counts = (re.fullmatch(r"([\d,]+) params?", box.note) for box in picture.boxes)
    total = sum(int(count[1].replace(",", "")) for count in counts if count)
    assert total == costs.of(program, program.network().id).parameters
    assert f"{total:,} parameters" in picture.summary


@pytest.fixture(scope="module", params=["TB", "LR"])
def shown(request: pytest.FixtureRequest) -> dict[str, list[Drawn]]:
    """Every case as it is drawn."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in CASES}
    return {name: drawn(render(dot(program_of(text), direction=request.param))) for name, text in texts.items()}


@case_paths
def test_words_stay_in_their_boxes(path: Path, shown: dict[str, list[Drawn]]) -> None:
    for item in shown[path.stem]:
        if item.kind != "edge":
            assert item.outline
            for text, room in item.words:
                assert item.outline.holds(room), text


@case_paths
def test_words_do_not_overlap(path: Path, shown: dict[str, list[Drawn]]) -> None:
    words = [pair for item in shown[path.stem] for pair in item.words]
    for (one, a), (other, b) in combinations(words, 2):
        assert not a.meets(b), (one, other)


@case_paths
def test_boxes_do_not_overlap(path: Path, shown: dict[str, list[Drawn]]) -> None:
    outlines = [item.outline for item in shown[path.stem] if item.kind == "node" and item.outline]
    for a, b in combinations(outlines, 2):
        assert not a.meets(b)


@case_paths
@pytest.mark.parametrize("shown", ["TB"], indirect=True)  # a skip may pass on either side of a row
def test_no_arrow_crosses_words(path: Path, shown: dict[str, list[Drawn]]) -> None:
    points = [point for item in shown[path.stem] for point in item.line]
    for item in shown[path.stem]:
        if item.kind != "edge":  # a size stands beside its own arrow
            for text, room in item.words:
                assert not any(room.left < x < room.right and room.top < y < room.bottom for x, y in points), text


@case_paths
@pytest.mark.parametrize("shown", ["TB"], indirect=True)
def test_an_arrow_to_the_box_below_is_straight(path: Path, shown: dict[str, list[Drawn]]) -> None:
    outlines = [item.outline for item in shown[path.stem] if item.kind == "node" and item.outline]
    found = 0
    for arrow in shown[path.stem]:
        if arrow.kind == "edge":
            above = (box for box in outlines if box.touches(*arrow.line[0]))
            below = (box for box in outlines if box.touches(arrow.line[-1][0], arrow.line[-1][1] + ARROWHEAD))
            for one, other in product(above, below):
                if abs(one.middle - other.middle) < 0.1:
                    found += 1
                    assert max(abs(x - one.middle) for x, _ in arrow.line) < 0.1
    assert found


@case_paths
@pytest.mark.parametrize("shown", ["TB", "LR"], indirect=True)
def test_a_lane_is_straight(path: Path, shown: dict[str, list[Drawn]], request: pytest.FixtureRequest) -> None:
    picture = picture_of(program_of(path.read_text(encoding="utf-8")))
    tips: dict[str, set[bool]] = {}
    for arrow in picture.arrows:
        tail, head = picture.boxes[arrow.tail], picture.boxes[arrow.head]
        straight = tail.lane == head.lane and not arrow.skip
        tips.setdefault(f"{tail.path} → {head.path}, {arrow.size}", set()).add(straight)
    across = 0 if request.node.callspec.params["shown"] == "TB" else 1
    found = 0
    for item in shown[path.stem]:
        if item.kind == "edge" and tips[item.tip] == {True}:
            found += 1
            places = [point[across] for point in item.line]
            assert max(places) - min(places) < 1, item.tip
    assert found
