from __future__ import annotations

import json
import re
from urllib.parse import unquote
from xml.etree import ElementTree as Tree

import pytest

from cnndsl.ir.program import Program
from cnndsl.render import render
from cnndsl.theme import DARK, FONTS, LIGHT, ThemeName
from tests.graphviz.support import SVG, case, program_of
from tests.made import dot

HOSTILE = {
    "layer1": '<b>&"x',
    "bn1": "\\N\\G\n end\\",
    "conv1": "'];--><script>alert(1)</script>",
    "conv2": "]]>&lt;&#60;\x01\x1b",
    "bn2": "\u202eمرحبا",
    "fc": "a" * 500,
    "BasicBlock": "日本<!--",
    "Residual": '</title>&quot;\\" onload="x',
    "residual.cnn": "javascript:alert(1)//a b&\"'<x>.cnn",
}


def hostile() -> Program:
    """A program whose names try to get out of where they are written."""
    text = case("residual").model_dump_json()
    for name, other in HOSTILE.items():
        text = text.replace(json.dumps(name), json.dumps(other))
    return Program.model_validate_json(text)


def svg(program: Program, theme: ThemeName = "light") -> Tree.Element:
    return Tree.fromstring(render(dot(program), theme=theme))  # noqa: S314 - our own


def style(root: Tree.Element) -> str:
    (found,) = root.iter(f"{SVG}style")
    return found.text or ""


def test_it_says_what_it_shows() -> None:
    root = svg(case("reference"))
    title, desc = root[0], root[1]
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", f"{title.get('id')} {desc.get('id')}")
    assert (title.tag, title.text) == (f"{SVG}title", "Net")
    assert desc.tag == f"{SVG}desc"
    first, *lines = (desc.text or "").splitlines()
    assert first == "109,050 parameters · 426 KiB (fp32) · 895,360 MACs a sample"
    assert lines[:2] == ["input, 3 × 32 × 32", "conv1, Conv2d, 8 filters, 5×5, 3 × 32 × 32 → 8 × 28 × 28, 608 params"]
    assert len(lines) == 13


def test_the_description_of_a_very_long_network_ends() -> None:
    body = " -> ".join(f"conv({1 + i % 9}, 1)" for i in range(400))
    desc = svg(program_of(f"network Net {{ input(3, 8, 8) -> {body} }}"))[1]
    lines = (desc.text or "").splitlines()
    assert (len(lines), lines[-1]) == (202, "and 202 more")


def test_it_fits_its_place() -> None:
    root = svg(case("reference"))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert (root.get("width"), root.get("height")) == (f"{width * 4 / 3:.0f}", f"{height * 4 / 3:.0f}")
    assert "{max-width:100%;height:auto}" in style(root)


def test_every_rule_is_for_this_picture_alone() -> None:
    for line in style(svg(case("reference"), "auto")).splitlines():
        assert line in ("", "}") or line.startswith((".cnndsl", "@media"))


def test_fonts() -> None:
    rules = style(svg(case("reference")))
    assert f".cnndsl text{{font-family:{FONTS}}}" in rules
    assert "monospace" in rules


def test_light_has_no_dark_rules() -> None:
    assert DARK.background.lower() not in style(svg(case("reference")))


def test_auto_turns_with_the_system() -> None:
    rules = style(svg(case("reference"), "auto"))
    ordinary, dark = rules.split("@media screen and (prefers-color-scheme:dark){")
    assert DARK.background.lower() not in ordinary
    swap = f'[fill="{LIGHT.background.lower()}"]{{fill:{DARK.background.lower()}}}'
    assert swap in dark


def test_dark_is_dark_everywhere() -> None:
    """With the rules applied, every colour of the picture is one of the dark theme."""
    root = svg(case("residual"), "dark")
    rules = style(root)
    assert "prefers-color-scheme" not in rules
    swaps = {(use, light): dark for use, light, dark in re.findall(r'\[(\w+)="(#\w+)"\]\{\w+:(#\w+)\}', rules)}
    dark = {colour.lower() for colour in DARK.roles().values()} | {"none"}
    for element in root.iter():
        for use in ("fill", "stroke"):
            colour = element.get(use)
            if colour:
                assert swaps.get((use, colour.lower()), colour) in dark


def test_nothing_is_drawn_in_a_colour_that_is_nobodys() -> None:
    light = {colour.lower() for colour in LIGHT.roles().values()} | {"none"}
    for element in svg(case("training")).iter():
        assert {element.get("fill", "none"), element.get("stroke", "none")} <= light


def test_boxes_clusters_and_arrows_have_classes() -> None:
    kinds = {group.get("class") for group in svg(case("residual")).iter(f"{SVG}g")} - {None, "graph"}
    layers = (
        "convolution",
        "normalisation",
        "activation",
        "pooling",
        "dense",
        "shape",
        "block repeated",
        "io",
        "merge",
    )
    assert kinds == {
        *(f"node {kind}" for kind in layers),
        "node block",
        "cluster block",
        "cluster chain",
        "edge flow",
        "edge skip",
    }


def test_everything_has_a_tooltip_and_boxes_a_link_to_their_line() -> None:
    root = svg(case("reference"))
    for group in root.iter(f"{SVG}g"):
        if group.get("class", "").startswith("node"):
            tip = group.findtext(f"{SVG}title") or ""
            line = tip.splitlines()[-1].removeprefix("reference.cnn, line ")
            assert [a.get("href") for a in group.iter(f"{SVG}a")] == [f"reference.cnn#L{line}"]
    tips = [title.text for title in root.iter(f"{SVG}title")]
    assert "conv1\nConv2d\n8 filters, 5×5\n3 × 32 × 32 → 8 × 28 × 28\n608 params\nreference.cnn, line 5" in tips
    assert "conv1 → relu, 8×28×28" in tips


def test_a_text_without_a_file_has_no_links() -> None:
    root = svg(program_of("network Net { input(1, 8, 8) -> conv(2, 3) }", "<stdin>"))
    assert all(a.get("href") is None for a in root.iter(f"{SVG}a"))


def test_texts_at_the_right_end_there() -> None:
    for group in svg(case("reference")).iter(f"{SVG}g"):
        if group.get("class") == "node convolution":
            left = min(float(text.get("x", "")) for text in group.iter(f"{SVG}text"))
            ending = [text for text in group.iter(f"{SVG}text") if text.get("text-anchor") == "end"]
            across = [float(x) for x in re.findall(r"(-?[\d.]+),", next(group.iter(f"{SVG}path")).get("d", ""))]
            assert len(ending) == 2
            for text in ending:
                assert max(across) - float(text.get("x", "")) == pytest.approx(left - min(across), abs=0.02)


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_hostile_names_stay_names(theme: ThemeName) -> None:
    root = svg(hostile(), theme)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "g", "a", "path", "polygon", "polyline", "ellipse", "text"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") for name in names)
    links = {link for a in root.iter(f"{SVG}a") if (link := a.get("href"))}
    assert links
    for link in links:
        assert link.startswith("javascript%3Aalert%281%29//")
        assert unquote(link).partition("#")[0] == HOSTILE["residual.cnn"]
    assert root[0].text == HOSTILE["Residual"]
    tips = "\n\n".join(title.text or "" for title in root.iter(f"{SVG}title"))
    for name in ("layer1", "bn1", "conv1", "bn2", "fc", "BasicBlock"):
        assert HOSTILE[name] in tips
    shown = {text.text for text in root.iter(f"{SVG}text")}
    assert {'<b>&"x', "'];--><script>alert(1)</script>", "\\N\\G end\\"} <= shown


def test_only_the_title_and_the_description_have_names_of_their_own() -> None:
    """Two pictures on one page must not have an id in common, unless they show the same network."""
    root = svg(case("reference"))
    assert [element.get("id") for element in root.iter() if element.get("id")] == ["Net-title", "Net-desc"]
