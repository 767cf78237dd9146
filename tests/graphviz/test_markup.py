from __future__ import annotations

import re
import subprocess
from xml.etree import ElementTree as Tree

from graphviz import Digraph
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnndsl.backends.graphviz.labels import (
    BOLD,
    MONO,
    SANS,
    begin,
    broken,
    cell,
    identifier,
    label,
    plain,
    printable,
    run,
    shorten,
    table,
    text_width,
)
from cnndsl.render.renderers import candidates
from tests.graphviz.support import SVG

RENDERER = next(candidates("svg", letters=False))
# What a text may hold to do harm: DOT's and XML's own signs, escapes, entities, and what neither can hold.
SIGNS = [
    ":",
    "\\",
    "\\N",
    "\\G",
    "\\n",
    '"',
    "<",
    ">",
    "&",
    "&amp;",
    "&#60;",
    "<b>",
    "]]>",
    "-->",
    "{",
    "}",
    "|",
    ";",
    "label=",
]
OTHERS = ["a", "é", "日", "😀", "\u202e", "\x00", "\x1b", "\ud800", " ", "\n"]
NASTY = st.lists(st.sampled_from(SIGNS + OTHERS), max_size=8).map("".join)


def drawn(dot: str) -> Tree.Element:
    return Tree.fromstring(RENDERER.draw(dot, "svg", 60))  # noqa: S314 - our own


@given(NASTY, NASTY)
@settings(max_examples=150)
def test_any_text_comes_out_as_it_is(shown: str, told: str) -> None:
    markup = label(table(cell(run(f"x{shown}x", 10, "#000000"))))
    graph = Digraph(identifier(shown))
    graph.node(identifier(told), tooltip=plain(f"x{told}x"), label=markup)
    root = drawn(graph.source)
    (text,) = root.iter(f"{SVG}text")
    assert text.text == " ".join(f"x{printable(shown)}x".split())
    (tip,) = (element.get("{http://www.w3.org/1999/xlink}title") for element in root.iter(f"{SVG}a"))
    assert (tip or "").replace("\u00a0", " ") == "\n".join(f"x{printable(told)}x".splitlines())


@given(NASTY, NASTY)
@example("", "&a;")
@example("&", "&amp;")
@example("<b>", "a:b:c")
@example("node", "edge")
@settings(max_examples=100)
def test_any_names_make_two_boxes_and_an_arrow(one: str, other: str) -> None:
    graph = Digraph()
    names = [f"{identifier(one)}1", f"{identifier(other)}2"]
    for name in names:
        graph.node(name)
    graph.edge(*names)
    root = drawn(graph.source)
    shown = [group.get("class") for group in root.iter(f"{SVG}g")]
    assert (shown.count("node"), shown.count("edge")) == (2, 1)


def test_a_text_without_letters_is_none() -> None:
    assert run(" \n", 10, "#000000") == ""
    assert drawn(f"digraph {{ a [label={label(table(cell(run('', 10, '#000000'))))}] }}") is not None


def plain_width(text: str, font: str) -> float:
    """The width that the renderer takes a text for, in points."""
    dot = f'digraph {{ a [shape=plain, fontname="{font}", fontsize=100, label="{text}"] }}'
    drawn = subprocess.run([RENDERER.program, "-Tplain"], input=dot, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^node \S+ \S+ \S+ (\S+)", drawn, re.MULTILINE)
    assert found
    return float(found[1]) * 72


def test_widths_are_the_renderers_own() -> None:
    letters = "".join(map(chr, range(33, 127))).replace('"', "").replace("\\", "").replace("&", "").replace("<", "")
    for font in (SANS, MONO):
        for start in range(0, len(letters), 10):
            text = letters[start : start + 10]
            assert abs(text_width(text, 100, font) - plain_width(text, font)) < 1, text


def test_bold_is_wider_and_squares_are_square() -> None:
    assert text_width("Conv2d", 12, BOLD) == (722 + 611 + 611 + 556 + 556 + 611) * 12 / 1000
    assert text_width("畳み込み", 10) == 40


def test_a_text_is_cut_in_the_middle() -> None:
    text = "features.denseblock4.denselayer16.conv2"
    cut = shorten(text, 100, 10)
    head, tail = cut.split("…")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert abs(len(head) - len(tail)) <= 1
    assert 90 < text_width(cut, 10) <= 100
    assert shorten(text, 1000, 10) == text


def test_a_list_is_cut_at_its_end() -> None:
    assert begin("channels 72, kernel 5, act relu", 80, 10) == "channels 72, k…"
    assert begin("channels 72, kernel 5, act relu", 71, 10) == "channels 72…"
    assert begin("channels 72", 80, 10) == "channels 72"


def test_a_list_is_broken_into_lines() -> None:
    text = "channels 72, kernel 5, act relu, groups 72"
    assert broken(text, 1000, 10, 3) == [text]
    assert broken(text, 105, 10, 3) == ["channels 72, kernel 5,", "act relu, groups 72"]
    assert broken(text, 105, 10, 1) == ["channels 72, kernel…"]
    assert broken(text, 60, 10, 2) == ["channels 72,", "kernel 5, a…"]
    assert broken("Conv2d → BatchNorm2d", 70, 10, 3) == ["Conv2d →", "BatchNorm2d"]
    assert broken("", 70, 10, 3) == []
