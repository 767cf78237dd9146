"""The picture as a file: what it says to whom, in which colours, and that no name gets out of its place."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections import Counter
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as Tree

import pytest

import cnndsl
from cnndsl.backends.graphviz.labels import KINDS
from cnndsl.backends.graphviz.picture import IO, MERGE
from cnndsl.backends.volume import scene_of
from cnndsl.backends.volume.svg import in_the_dark, shade
from cnndsl.ir.program import Program
from cnndsl.render import RenderWarning
from cnndsl.render.formats import png, warn_of
from cnndsl.theme import DARK, LIGHT, Theme, ThemeName
from tests.graphviz.support import case, program_of
from tests.graphviz.test_svg import HOSTILE, hostile
from tests.graphviz.test_theme import contrast
from tests.made import volumes
from tests.volume.support import SVG, model, pictures

PICTURES = pictures()
ALL = [*KINDS, MERGE, IO]


def read(program: Program, theme: ThemeName = "light", **options: Any) -> Tree.Element:
    return Tree.fromstring(volumes(program, theme=theme, **options))  # noqa: S314 - our own


def groups(root: Tree.Element, name: str) -> list[Tree.Element]:
    return [group for group in root.iter(f"{SVG}g") if name in group.get("class", "").split()]


@pytest.mark.parametrize("name", PICTURES)
def test_it_is_svg_with_a_label_for_each_volume(name: str) -> None:
    program = PICTURES[name]
    root = read(program)
    for volume in groups(root, "volume"):
        texts = [text.text for text in volume.iter(f"{SVG}text")]
        assert 1 <= len(texts) <= 3
        assert all(texts)
        assert len(volume.findall(f"{SVG}title")) == 1


def test_it_says_what_it_shows() -> None:
    root = read(case("reference"))
    title, desc = root[0], root[1]
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", f"{title.get('id')} {desc.get('id')}")
    assert title.text == "Net"
    first, *lines = (desc.text or "").splitlines()
    assert first == "109,050 parameters · 426 KiB (fp32) · 895,360 MACs a sample"
    assert lines[1] == "conv1, Conv2d, 8 filters, 5×5, 3 × 32 × 32 → 8 × 28 × 28, 608 params, then ReLU, relu"
    assert len(lines) == 8


def test_every_volume_has_a_tooltip_and_a_link_to_its_line() -> None:
    for volume in groups(read(case("reference")), "volume"):
        tip = volume.findtext(f"{SVG}title") or ""
        line = tip.splitlines()[-1].removeprefix("reference.cnn, line ")
        assert [a.get("href") for a in volume.iter(f"{SVG}a")] == [f"reference.cnn#L{line}"]
    assert not list(read(program_of("network Net { input(1, 8, 8) -> conv(2, 3) }", "<stdin>")).iter(f"{SVG}a"))


def test_windows_are_drawn_where_something_is_read_through_one() -> None:
    root = read(case("reference"))
    assert len(groups(root, "window")) == 6  # two convolutions, two pools, two dense layers
    assert len(groups(root, "flow")) == 1  # to the flattened column
    generator = read(program_of("network G { input(8, 4, 4); conv_transpose(4, 4, 2, 1) -> conv(2, 1) }"))
    assert (len(groups(generator, "window")), len(groups(generator, "flow"))) == (2, 0)  # 1 x 1 is one as well


def test_equal_blocks_stand_side_by_side() -> None:
    repeated = groups(read(model("resnet"), network="ResNet50"), "repeated")
    slabs = [len([g for g in volume.iter(f"{SVG}g") if g.get("stroke")]) for volume in repeated]
    assert slabs == [3, 4, 4, 3]  # of 3, 4, 6 and 3
    assert [len(groups(volume, "skip")) for volume in repeated] == slabs


def test_parts_of_what_was_joined_and_depth_are_lines() -> None:
    text = "network Net { input(2, 8, 8); concat(it, it -> conv(3, 1), it -> conv(4, 1)) }"
    (joined,) = groups(read(program_of(text)), "merge")
    assert len(list(joined.iter(f"{SVG}path"))) == 2
    clip = read(program_of("network Net { input(3, 8, 16, 16) -> conv(4, 3) }"))
    assert len(list(groups(clip, "io")[0].iter(f"{SVG}path"))) == 7


@pytest.mark.parametrize("name", ["unet", "c3d", "googlenet"])
def test_the_legend_has_what_is_there(name: str) -> None:
    root = read(model(name))
    (legend,) = groups(root, "legend")
    said = [text.text or "" for text in legend.iter(f"{SVG}text")]
    shown = Counter(kind for volume in groups(root, "volume") for kind in volume.get("class", "").split())
    for kind in KINDS:
        assert kind in said or kind not in shown
    assert ("skip" in said) == bool(groups(root, "skip"))
    assert ("in training only" in said) == ("training" in shown)
    assert "square root" in " ".join(said)
    assert ("Lines across" in " ".join(said)) == (name == "c3d")


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_can_be_seen(theme: Theme, kind: str) -> None:
    faces = shade(theme, kind)
    assert contrast(faces.line, theme.background) >= 4.5
    assert all(contrast(faces.line, face) >= 1.5 for face in faces[:3])
    assert len(set(faces)) == 4


def test_each_colour_has_one_in_the_dark() -> None:
    swaps = in_the_dark(ALL)
    assert {swaps[colour] for kind in ALL for colour in shade(LIGHT, kind)} == {
        colour for kind in ALL for colour in shade(DARK, kind)
    }
    for kind in ALL:
        assert tuple(swaps[colour] for colour in shade(LIGHT, kind)) == shade(DARK, kind)


@pytest.mark.parametrize("name", PICTURES)
def test_the_dark_one_differs_in_its_colours_alone(name: str) -> None:
    program = PICTURES[name]
    swaps = in_the_dark(ALL)
    light = volumes(program, theme="light")
    assert volumes(program, theme="dark") == re.sub(r"#[0-9A-F]{6}", lambda match: swaps[match[0]], light)


def test_auto_turns_with_the_system() -> None:
    auto = volumes(case("reference"))
    rules = auto.partition("@media screen and (prefers-color-scheme:dark){")[2].partition("</style>")[0]
    swaps = dict(re.findall(r'\[fill="(#\w+)"\]\{fill:(#\w+)\}', rules))
    root = Tree.fromstring(auto)  # noqa: S314 - our own
    used = {element.get(use) for element in root.iter() for use in ("fill", "stroke")} - {None, "none"}
    assert used <= set(swaps)
    assert all(line.startswith(".cnndsl-volume ") for line in rules.strip().splitlines() if line != "}")


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_hostile_names_stay_names(theme: ThemeName) -> None:
    root = read(hostile(), theme)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "g", "a", "path", "polygon", "rect", "circle", "text"}
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)
    links = {link for a in root.iter(f"{SVG}a") if (link := a.get("href"))}
    assert links
    for link in links:
        assert unquote(link).partition("#")[0] == HOSTILE["residual.cnn"]
        assert link.startswith("javascript%3A")
    assert root[0].text == HOSTILE["Residual"]
    assert HOSTILE["layer1"] in {text.text for text in root.iter(f"{SVG}text")}
    assert HOSTILE["conv1"] in "".join(title.text or "" for title in root.iter(f"{SVG}title"))


def test_open_sizes_are_fractions_where_they_fit() -> None:
    root = read(model("unet"))
    sizes = {text.text for text in root.iter(f"{SVG}text") if text.get("font-family", "").startswith("Menlo")}
    assert {"1024×H/16×W/16", "512×H/8×W/8", "1024×H/8×W/8", "64×H×W"} <= sizes
    assert not any("?" in (size or "") for size in sizes)


@pytest.mark.filterwarnings("ignore:this system has no font")
def test_pixels() -> None:
    drawn = png(volumes(case("reference"), theme="light"))
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(drawn[at : at + 4]) for at in (16, 20))
    root = read(case("reference"))
    for drawn_side, side in ((width, "width"), (height, "height")):  # a part of a pixel may be left out
        assert abs(drawn_side - 2 * round(float(root.get(side, "0")))) <= 1


PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="24"><text x="2" y="18">{}</text></svg>'


def test_a_picture_whose_text_no_font_can_show_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnndsl.render.formats.SANS", ("No Such Family",))
    with pytest.warns(RenderWarning, match="this system has no font without serifs, so the PNG has another"):
        png(PICTURE.format("conv"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png(PICTURE.format(" "))


def test_letters_that_no_font_has_are_named() -> None:
    with pytest.warns(RenderWarning, match="no font of this system has the letters \u0379\u0380: make an SVG"):
        png(PICTURE.format("conv \u0380 &#x379; ×"))
    with pytest.warns(RenderWarning, match="install Noto Sans CJK .* for a PNG$"):
        warn_of(["畳"], "PNG")
    with pytest.warns(RenderWarning, match="no font of this system has 9 of the letters"):
        png(PICTURE.format("".join(map(chr, (0x379, *range(0x5C8, 0x5D0))))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = png(PICTURE.format("conv ×").replace("<text", '<text font-family="No Such Family,sans-serif"'))
    assert plain != png(PICTURE.format(""))


@pytest.mark.parametrize(
    "body",
    [
        "input(3, 8, 8)",
        "input(10); linear(5) -> relu -> linear(2)",
        "input(3, 8); linear(4, axis=-1) -> softmax",
        "input(3, 8, 8); p = parameter([3, 1, 1]); it * p; conv(2, 1)",
        "input(3, 8, 8); a, b = split(it -> conv(4, 1), 2); a + b",
        "a = input(3, 8, 8); b = input(3, 8, 8); output a, b",
        "input(3, 8, 8); output x = it -> conv(1, 1), y = it",
        "input(3, ?, ?); mean(it, axis=[2, 3]); 0.5 * it",
        "input(10); p = parameter([]); it * p",
    ],
)
def test_networks_out_of_the_ordinary(body: str) -> None:
    program = program_of(f"network Net {{ {body} }}")
    drawn = len(groups(read(program), "volume"))
    assert drawn == len(scene_of(program, program.network()).volumes) > 0


def test_several_sizes_are_listed_in_the_language_of_the_picture() -> None:
    text = "network Net { input(3, 8, 8); a = it -> conv(4, 3); b = it -> conv(4, 3); concat(a, b) -> conv(2, 3) }"
    assert "4 × 6 × 6と4 × 6 × 6" in cnndsl.compile(text).volumes(lang="ja")


def test_nothing_is_loaded_that_is_not_needed() -> None:
    code = (
        "import sys, cnndsl; cnndsl.compile('network Net { input(3, 8, 8); conv(8, 3) }').volumes(); "
        "print('loaded', *sorted({'torch', 'graphviz', 'typst'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"loaded\n"
