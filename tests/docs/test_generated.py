"""What is made for the documents is as the code and the models are now."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import cnndsl
from cnndsl.reference import page
from tests.conftest import Golden
from tests.docs.blocks import BLOCKS, ROOT

PICTURES = {"net": ROOT / "models" / "net.cnn", "first": ROOT / "docs" / "tutorial.md"}
"""Picture in docs/images -> the file that it shows, or the document with a text of its name."""


def test_the_page_of_layers_is_current(golden: Golden) -> None:
    golden(ROOT / "docs" / "layers.md", page())


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_current(name: str, request: pytest.FixtureRequest) -> None:
    drawn = _drawn(name, PICTURES[name])
    path = ROOT / "docs" / "images" / f"{name}.svg"
    if request.config.getoption("--update"):
        path.write_bytes(drawn)
    assert _content(path.read_bytes()) == _content(drawn)


def _drawn(name: str, source: Path) -> bytes:
    if source.suffix == ".cnn":
        return cnndsl.compile(source).diagram("svg", theme="auto")
    document = source.relative_to(ROOT).as_posix()
    [text] = [block.text for block in BLOCKS if block.document == document and block.file == f"{name}.cnn"]
    return cnndsl.compile(text, name=f"{name}.cnn").volumes().encode()


def _content(picture: bytes) -> list[tuple[str, str | None, str]]:
    """What a picture says and in which order, whatever the renderer's version makes of the places."""
    elements = ElementTree.fromstring(picture).iter()  # noqa: S314 - our own file
    return [(re.sub(r"{.*}", "", e.tag), e.get("class"), (e.text or "").strip()) for e in elements]


def test_a_picture_that_is_not_current_is_noticed() -> None:
    before = cnndsl.compile("network Net { input(3, 8, 8); conv(8, 3) }").diagram()
    after = cnndsl.compile("network Net { input(3, 8, 8); conv(9, 3) }").diagram()
    assert _content(before) != _content(after)
