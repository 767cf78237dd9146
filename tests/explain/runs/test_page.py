"""Pages and pictures of runs: whole, readable without a script, and safe whatever the text says."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from cnndsl.i18n import Language, speaking
from cnndsl.render.formats import png
from cnndsl.tracing import watch
from cnndsl.tracing.arithmetic import lines
from cnndsl.tracing.figure import Figure
from cnndsl.tracing.page import page
from cnndsl.tracing.recording import Wanted
from cnndsl.tracing.svg import svg
from tests.conftest import Golden
from tests.explain.runs.support import (
    ALONE,
    BORDER,
    CROSSED,
    KERNEL,
    POOL,
    SMALL,
    WORKED,
    compiled,
    numbers,
    picture,
    ran,
    step,
)

GOLDEN = Path(__file__).parent / "golden"
DOCS = Path(__file__).parents[3] / "docs"
EMPTY = {"meta", "img", "br", "line", "path"}
SIGNAL = "network Signal { input(2, 40) -> conv(3, 5) -> relu -> maxpool(40 - 5 + 1) -> linear(2) }"
VOLUME = "network Volume { input(1, 4, 6, 6) -> conv(2, 3, padding=1) }"


class Reader(HTMLParser):
    """Reads a page, and asserts that every element is closed where it has to be."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader


@pytest.fixture(params=["map", "numbers", "signal", "volume"])
def figure(request: pytest.FixtureRequest, tmp_path: Path) -> Figure:
    if request.param == "map":
        return ran(SMALL, picture(tmp_path / "a.png", 9, 7), at=(1, 2))
    if request.param == "numbers":
        return ran(KERNEL, WORKED, numbers=True)
    if request.param == "signal":
        return ran(SIGNAL, numbers(2, 40), at=(3,))
    return ran(VOLUME, numbers(4, 6, 6))


def test_a_page_stands_by_itself(figure: Figure) -> None:
    text = page(figure)
    reader = read(text)
    names = [tag for tag, _ in reader.elements]
    assert not {"link", "iframe", "object"} & set(names)
    kinds = [attributes.get("type") for tag, attributes in reader.elements if tag == "script"]
    assert set(kinds) <= {None, "application/json"}
    assert kinds.count(None) == (1 if 'class="live' in text else 0)
    assert not re.search(r"https?:|@import|url\(", text)
    for tag, attributes in reader.elements:
        assert not any(name.startswith("on") for name in attributes)
        if tag == "img":
            assert attributes["alt"]
            assert str(attributes["src"]).startswith("data:image/png;base64,")
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
    assert dict(reader.elements)["html"] == {"lang": "en"}
    assert "prefers-color-scheme:dark" in text
    assert "@media print" in text
    assert '<th scope="col"></th>' not in text


def test_headings_go_down_one_by_one(figure: Figure) -> None:
    levels = [int(tag[1]) for tag, _ in read(page(figure)).elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_step_is_told(figure: Figure) -> None:
    told, drawn = page(figure), svg(figure)
    for shown in figure.steps:
        assert f">{shown.title}</span>" in told
        assert f">{shown.title}</text>" in drawn
        for value in shown.values:
            size = " × ".join(map(str, value.shape))
            assert size in told
            assert size in drawn


@pytest.mark.filterwarnings("ignore:this system has no font")
def test_a_picture_is_xml_and_can_be_drawn(figure: Figure) -> None:
    root = ET.fromstring(svg(figure))  # noqa: S314 - made here
    width, height = (float(str(root.get(name))) for name in ("width", "height"))
    for element in root.iter("{http://www.w3.org/2000/svg}image"):
        x, y, wide, high = (float(str(element.get(name))) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
    drawn = Image.open(io.BytesIO(png(svg(figure))))
    assert abs(drawn.width - 2 * width) <= 1
    assert abs(drawn.height - 2 * height) <= 1
    assert len(drawn.convert("RGB").getcolors(2**24) or []) > 20


def test_the_lesson_as_it_was_read(golden: Golden, request: pytest.FixtureRequest) -> None:
    """The picture is that of the document, made of the text in it, whatever colours the theme has."""
    figure = watch(compiled(KERNEL, "kernel.cnn"), [WORKED], wanted=Wanted(numbers=True))
    golden(GOLDEN / "kernel.html", page(figure).partition("</head>\n")[2].partition("<script>")[0])
    cases: list[tuple[str, str, str, str, Wanted, bool]] = [
        ("explain.md", KERNEL, "kernel-steps.svg", WORKED, Wanted(), False),
        ("tutorial.md", ALONE, "kernel.svg", WORKED, Wanted(), False),
        ("tutorial.md", ALONE, "kernel-all.svg", WORKED, Wanted(at="all"), False),
        ("tutorial.md", POOL, "pool.svg", WORKED, Wanted(at="all"), False),
        ("tutorial.md", BORDER, "border.svg", "5 1 2; 3 4 1; 2 6 3", Wanted(at=(0, 0)), False),
        ("tutorial.md", CROSSED, "crossed.svg", "1 2 3 4 5 6 7 8", Wanted(), True),
    ]
    languages: list[tuple[Path, Language]] = [(DOCS, "en"), (DOCS / "ja", "ja")]
    for document, text, name, given, wanted, training in cases:
        source = text.partition("\n")[0].removeprefix("# ")
        for docs, language in languages:
            if not (docs / document).exists():
                continue
            with speaking(language):
                figure = watch(compiled(text, source), [given], wanted=replace(wanted, numbers=True), training=training)
                drawn = svg(figure)
            path = docs / "images" / name
            if request.config.getoption("--update"):
                path.write_text(drawn, encoding="utf-8")
            assert re.sub(r"#\w{6}", "", path.read_text(encoding="utf-8")) == re.sub(r"#\w{6}", "", drawn)
            said = (docs / document).read_text(encoding="utf-8")
            assert text in said
            assert f'--values "{given}"' in said
            assert f"(images/{name}" in said or f'"images/{name}' in said


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", 20, 20)
    figures = [ran(SMALL, path) for _ in range(2)]
    assert page(figures[0]) == page(figures[1])
    assert svg(figures[0]) == svg(figures[1])


def test_names_and_labels_cannot_do_harm() -> None:
    hostile = ("<img src=x onerror=alert(1)>", "]]>\x00\x1b[31m")
    text = "network 網 { input(4); layer: linear(2) }"
    figure = ran(text, "1 2 3 4", labels=hostile)
    reader = read(page(figure))
    assert hostile[0] in "".join(reader.words)
    assert "x" not in [attributes.get("src") for _, attributes in reader.elements]
    assert "網" in "".join(reader.words)
    ET.fromstring(svg(figure))  # noqa: S314 - made here


def test_sums_are_written_out() -> None:
    (worked,) = step(ran(KERNEL, WORKED, at=(0, 1)), "conv1").worked
    assert worked.place == "row 0, column 1 of channel 0"
    assert lines(worked) == ["2·1 + 1·0 + 1·0 + 2·1 = 4"]
    (pool,) = step(ran(KERNEL, WORKED, at=(0, 1)), "maxpool1").worked
    assert lines(pool) == ["the largest of 4, 2, 2, 2 = 4"]


def test_sums_of_several_channels_end_in_their_sum() -> None:
    weight = "[[[[1]], [[2]], [[3]], [[4]], [[-5]], [[0.5]]]]"
    text = f"network Net {{ input(6, 2, 2) -> conv(1, 1, weight={weight}, bias=[-1]) }}"
    (worked,) = step(ran(text, numbers(6, 2, 2), at=(0, 0)), "conv1").worked
    assert lines(worked) == [
        "channel 0: (−4)·1 = −4",
        "channel 1: 0·2 = 0",
        "channel 2: 4·3 = 12",
        "channel 3: 8·4 = 32",
        "−4 + 0 + 12 + 32 + 6.5 (2 more channels) − 1 (bias) = 45.5",
    ]
    assert worked.result == 45.5


def test_what_is_no_number_is_shown_as_such() -> None:
    text = "network Net { input(3); a = it - it; output it / a }"
    figure = ran(text, "1 0 -2", numbers=True)
    assert figure.steps[1].values[0].odd == 3
    told = "".join(read(page(figure)).words)
    assert "∞NaN−∞" in told
    assert "3 numbers infinite or no number at all" in told
    for written in (False, True):
        figure = ran(text, "1 0 -2", numbers=written)
        read(page(figure))
        ET.fromstring(svg(figure))  # noqa: S314 - made here


def test_numbers_that_are_cut_are_not_equal() -> None:
    text = "network Net { input(1, 2, 2) -> conv(1, 2, weight=[[0.1234567, 1], [1, 1]], bias=false) }"
    (worked,) = step(ran(text, "1 2; 3 4"), "conv1").worked
    assert lines(worked) == ["1·0.123 + 2·1 + 3·1 + 4·1 ≈ 9.12"]
