"""Texts of the tests with random changes: what a constructor takes is the text with the same settings."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.oracle.mutation import LONGEST, is_right, mutated, texts
from tests.torch import constructors

CASES = sorted((Path(__file__).parents[1] / "torch" / "cases").glob("*.cnn"))
SHORT = [path for path in CASES if len(path.read_text(encoding="utf-8")) <= LONGEST]


@pytest.mark.parametrize("path", SHORT, ids=lambda path: path.stem)
def test_a_text_with_changes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    changed = mutated(text, Random(path.stem))  # noqa: S311 - cases for tests are no secrets
    constructors.check(changed, most=12)
    assert changed != text or not is_right(text)


def test_there_are_many_texts_to_change() -> None:
    assert len(texts()) > 400
