"""The gallery shows every model, as it is drawn now. `python -m tools.gallery` makes it anew."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import Golden
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


@pytest.mark.parametrize("stem", ["net", "resnet", "unet", "squeezenet"])
def test_a_picture_is_current(stem: str, request: pytest.FixtureRequest) -> None:
    for path, drawn in gallery.pictures(MODELS[stem]):
        if request.config.getoption("--update"):
            path.write_bytes(drawn)
        assert content(path.read_bytes()) == content(drawn), f"{path.name}: run python -m tools.gallery"


def test_links_in_pictures_lead_to_the_models() -> None:
    for path in gallery.FOLDER.iterdir():
        links = re.findall(r'href="([^"#]+)#L\d+"', path.read_text(encoding="utf-8"))
        assert links
        assert {(Path(path.parent) / link).resolve().parent for link in links} == {gallery.ROOT / "models"}
        assert all((path.parent / link).is_file() for link in links)
