"""The index of diagnostic codes is complete, and each of its examples shows the code that it stands under."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.blocks import ROOT, blocks_of

INDEX = "docs/errors.md"
WITHOUT_EXAMPLE = {"W001"}  # depends on which renderers are installed
HEADINGS = re.compile(r"^### ([EW]\d{3})$", re.MULTILINE)


def codes_of_the_source() -> set[str]:
    found: set[str] = set()
    for path in Path(ROOT / "cnndsl").rglob("*.py"):
        found.update(re.findall(r'"([EW]\d{3})"', path.read_text(encoding="utf-8")))
    return found


def test_every_code_is_in_the_index_once() -> None:
    listed = HEADINGS.findall((ROOT / INDEX).read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(codes_of_the_source())


def test_every_code_has_an_example() -> None:
    # That the examples give what they show is checked with those of all other documents.
    text = (ROOT / INDEX).read_text(encoding="utf-8")
    places = [(found.start(), found[1]) for found in HEADINGS.finditer(text)]
    shown: set[str] = set()
    for (start, code), (end, _) in zip(places, [*places[1:], (len(text), "")], strict=True):
        for block in blocks_of(INDEX):
            printed = block.kind in ("console", "output") and code in block.text
            if start < block.start < end and (code in block.codes or printed):
                shown.add(code)
    assert {code for _, code in places} - shown == WITHOUT_EXAMPLE
