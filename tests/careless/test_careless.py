"""Texts as people write them who think of PyTorch, Keras, YAML or nothing in particular: what is said of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Golden
from tests.diagnosed import cases, check_case

CASES = cases(__file__)
GOLDEN = sorted(
    path
    for folder in ("careless", "elaborate", "lint", "report", "syntax")
    for path in (Path(__file__).parents[1] / folder / "cases").glob("*.txt")
)


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_what_is_said(path: Path, golden: Golden) -> None:
    check_case(path, golden)


def test_there_are_many_golden_texts_and_none_speaks_of_the_compiler() -> None:
    assert len(GOLDEN) >= 60
    words = re.compile(r"\b(token|unexpected|rule|nonetype)s?\b", re.IGNORECASE)
    for path in GOLDEN:
        for line in path.read_text(encoding="utf-8").splitlines():
            quoted = re.match(r" *\d* \| | *--> ", line)  # what the text itself says
            assert quoted or not words.search(line), f"{path.name}: {line}"
