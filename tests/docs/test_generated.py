"""What is made for the documents is as the code and the models are now."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

import cnndsl
from cnndsl.reference import page
from tests.conftest import Golden
from tests.docs.blocks import ROOT

PICTURES = {"net": "models/net.cnn"}
"""Picture in docs/images -> the file that it shows."""


def test_the_page_of_layers_is_current(golden: Golden) -> None:
    golden(ROOT / "docs" / "layers.md", page())


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_current(name: str, request: pytest.FixtureRequest) -> None:
    source = ROOT / PICTURES[name]
    drawn = cnndsl.compile(source.read_text(encoding="utf-8"), name=source.name).diagram("svg", theme="auto")
    path = ROOT / "docs" / "images" / f"{name}.svg"
    if request.config.getoption("--update"):
        path.write_bytes(drawn)
    assert _content(path.read_bytes()) == _content(drawn)


def _content(picture: bytes) -> list[tuple[str, str | None, str]]:
    """What a picture says and in which order, whatever the renderer's version makes of the places."""
    elements = ElementTree.fromstring(picture).iter()  # noqa: S314 - our own file
    return [(re.sub(r"{.*}", "", e.tag), e.get("class"), (e.text or "").strip()) for e in elements]


def test_a_picture_that_is_not_current_is_noticed() -> None:
    before = cnndsl.compile("network Net { input(3, 8, 8); conv(8, 3) }").diagram()
    after = cnndsl.compile("network Net { input(3, 8, 8); conv(9, 3) }").diagram()
    assert _content(before) != _content(after)
