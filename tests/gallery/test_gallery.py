"""The gallery shows every model, as it is drawn now. `python -m tools.gallery` makes it anew."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import Golden
from tests.graphviz.support import drawn
from tools import gallery

MODELS = {model.stem: model for model in gallery.models()}
MOST = 4_000_000
"""Bytes of all pictures together: they come with every clone."""


def content(picture: bytes) -> list[tuple[str, str | None, str]]:
    """What a picture says and in which order, whatever became of the places."""
    elements = ElementTree.fromstring(picture).iter()  # noqa: S314 - our own file
    return [(re.sub(r"{.*}", "", e.tag), e.get("class"), (e.text or "").strip()) for e in elements]


def test_the_page_is_current(golden: Golden) -> None:
    golden(gallery.PAGE, gallery.page())


def test_every_model_is_there() -> None:
    page = gallery.PAGE.read_text(encoding="utf-8")
    for path in (gallery.ROOT / "models").glob("*.cnn"):
        assert f"[models/{path.name}](../models/{path.name})" in page


def test_every_picture_is_shown_and_no_other_is_there() -> None:
    page = gallery.PAGE.read_text(encoding="utf-8")
    shown = {gallery.PAGE.parent / name for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page)}
    assert shown == set(gallery.FOLDER.iterdir())
    assert sum(path.stat().st_size for path in shown) < MOST


def test_every_entry_of_the_contents_leads_to_a_heading() -> None:
    page = gallery.PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    entries = re.findall(r"^- \[(.+)\]\(#(.+)\)$", page, re.MULTILINE)
    assert [name for name, _ in entries] == headings
    assert [anchor for _, anchor in entries] == [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]


@pytest.mark.parametrize("stem", ["net", "resnet", "unet", "squeezenet", "densenet", "mobilenetv3"])
def test_a_picture_is_current(stem: str, request: pytest.FixtureRequest) -> None:
    for path, picture in gallery.pictures(MODELS[stem]):
        if request.config.getoption("--update"):
            path.write_bytes(picture)
        assert content(path.read_bytes()) == content(picture), f"{path.name}: run python -m tools.gallery"


def test_links_in_pictures_lead_to_the_models() -> None:
    for path in gallery.FOLDER.iterdir():
        links = re.findall(r'href="([^"#]+)#L\d+"', path.read_text(encoding="utf-8"))
        assert links
        assert {(Path(path.parent) / link).resolve().parent for link in links} == {gallery.ROOT / "models"}
        assert all((path.parent / link).is_file() for link in links)


PICTURES = sorted(path for path in gallery.FOLDER.iterdir() if not path.stem.endswith(".volumes"))
diagrams = pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)

CROSSING = {"HRNet"}
"""Where arrows cross: maps that go each to each of two sums would have room without that, and the layout does not
find it."""


@diagrams
def test_words_have_their_place(path: Path) -> None:
    """Each in its own box, none over another, none under an arrow."""
    items = drawn(path.read_bytes())
    words = [(text, room, item.kind) for item in items for text, room in item.words]
    for item in items:
        if item.kind != "edge":
            assert item.outline
            assert all(item.outline.holds(room) for _, room in item.words)
    for (one, a, _), (other, b, _) in combinations(words, 2):
        assert not a.meets(b), (one, other)
    points = [point for item in items for point in item.line]
    for text, room, kind in words:
        if kind != "edge":  # a size stands beside its own arrow
            assert not any(room.left < x < room.right and room.top < y < room.bottom for x, y in points), text


@diagrams
def test_no_two_arrows_cross(path: Path) -> None:
    arrows = [item for item in drawn(path.read_bytes()) if item.kind == "edge"]
    assert len(arrows) > 5
    crossing = any(one.crosses(other) for one, other in combinations(arrows, 2))
    assert crossing == (path.stem in CROSSING)
