"""Diagrams in Mermaid's language: what stands in them, and that they can be read."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from cnndsl.ir.program import Program
from cnndsl.theme import DARK, LIGHT
from tests.conftest import Golden
from tests.graphviz.support import CASES, case, picture_of, program_of
from tests.graphviz.test_svg import HOSTILE, hostile
from tests.made import mermaid
from tests.mermaid.reading import Chart, plain, read
from tests.volume.support import pictures

PICTURES = pictures()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_text(path: Path, golden: Golden) -> None:
    program = program_of(path.read_text(encoding="utf-8"), path.name)
    golden(path.with_suffix(".mmd"), mermaid(program))


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("depth", [None, 0, 1])
def test_it_can_be_read_and_shows_what_the_diagram_shows(name: str, depth: int | None) -> None:
    program = PICTURES[name]
    chart = read(mermaid(program, depth=depth))
    picture = picture_of(program, depth)
    places = {id(box): at for at, box in enumerate(picture.boxes)}
    assert chart.title == f"{picture.name}: {picture.summary}"
    assert len(chart.nodes) == len(places)
    assert [node.style.removesuffix("Training") for node in chart.nodes.values()] == [
        box.kind for box in _in_order(picture.items)
    ]
    assert len(chart.links) == len(picture.arrows)
    names = list(chart.nodes)
    for link, arrow in zip(chart.links, picture.arrows, strict=True):
        assert link.dotted == arrow.skip
        ends = (names.index(link.tail), names.index(link.head))
        order = [places[id(box)] for box in _in_order(picture.items)]
        assert (order[ends[0]], order[ends[1]]) == (arrow.tail, arrow.head)
    assert len(chart.groups) == sum(1 for cluster in picture.clusters() if cluster.items)


def _in_order(items: list) -> list:  # type: ignore[type-arg]  # boxes, clusters and turns
    found = []
    for item in items:
        if hasattr(item, "items"):
            found += _in_order(item.items)
        elif hasattr(item, "kind"):
            found.append(item)
    return found


def test_what_boxes_and_arrows_say() -> None:
    chart = read(mermaid(case("reference")))
    assert chart.nodes["n2"].label == "<b>Conv2d</b> conv1<br/>8 filters, 5×5<br/>608 params"
    assert [node.shape for node in chart.nodes.values()] == ["stadium", *["round"] * 11, "stadium"]
    assert chart.links[1].label == "8×28×28"
    assert chart.direction == "TB"
    assert read(mermaid(case("reference"), direction="LR")).direction == "LR"


def test_repeated_blocks_sums_and_skips_have_shapes_of_their_own() -> None:
    chart = read(mermaid(case("residual")))
    shapes = Counter((node.style, node.shape) for node in chart.nodes.values())
    assert shapes["block", "subroutine"] == 3
    assert shapes["merge", "circle"] == 1
    assert any(link.dotted for link in chart.links)
    assert chart.coloured == {at for at, link in enumerate(chart.links) if link.dotted}


def test_what_is_there_in_training_only_is_dashed() -> None:
    chart = read(mermaid(case("training")))
    dashed = [name for name, look in chart.styles.items() if "stroke-dasharray" in look]
    assert any(name.endswith("Training") for name in dashed)


@pytest.mark.parametrize("name", PICTURES)
def test_every_class_is_defined_and_used(name: str) -> None:
    program = PICTURES[name]
    chart = read(mermaid(program))
    used = {node.style for node in chart.nodes.values()} | ({"group"} if chart.groups else set())
    assert set(chart.styles) == used
    assert chart.groups_style == ("group" if chart.groups else "")


def test_themes() -> None:
    program = case("reference")
    assert mermaid(program) == mermaid(program, theme="light")
    light, dark = (read(mermaid(program, theme=theme)).styles["dense"] for theme in ("light", "dark"))
    for theme, look in ((LIGHT, light), (DARK, dark)):
        assert look == f"fill:{theme.tints['dense'].fill},stroke:{theme.tints['dense'].line},color:{theme.text}"


def test_fenced() -> None:
    program = case("reference")
    assert mermaid(program, fenced=True) == f"```mermaid\n{mermaid(program)}```\n"


def test_hostile_names_stay_names() -> None:
    chart: Chart = read(mermaid(hostile()))
    labels = [plain(node.label) for node in chart.nodes.values()] + [plain(label) for label in chart.groups]
    for name in ("bn1", "conv1", "layer1"):
        shown = " ".join(HOSTILE[name].split())
        assert any(shown in label for label in labels), name
    assert chart.title.startswith(" ".join(HOSTILE["Residual"].split()))


@pytest.mark.parametrize(
    "name",
    ['a"b', "a#quot;b", "%%{init: {}}%%", "end", "`a`", "a\n---\nb", "a]b[c", "-->", "日本", "\\", "<br/>", "&lt;"],
)
def test_any_name_comes_out_as_it_is(name: str) -> None:
    text = program_of("network Net { input(1, 8, 8) -> thing: conv(2, 3) }").model_dump_json()
    program = Program.model_validate_json(text.replace('"thing"', json.dumps(name)))
    written = mermaid(program)
    assert f"Conv2d {' '.join(name.split())}" in plain(read(written).nodes["n2"].label)
    assert "%%" not in written


def test_what_is_no_chart_is_noticed() -> None:
    text = mermaid(case("reference"))
    for broken in (
        text.replace('"]):::io', '"):::io', 1),
        text.replace("608 params", '608 "params"'),
        text.replace("608 params", "<i>608 params</i>"),
        text.replace("n1 -->", "n99 -->", 1),
        re.sub(r"    n2\(.*\n", "", text, count=1),
        text + "    end\n",
        text + '    subgraph g1["a"]\n',
    ):
        with pytest.raises(AssertionError):
            read(broken)
