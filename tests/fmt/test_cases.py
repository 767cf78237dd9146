"""Texts beside what is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl.formatter import formatted
from cnndsl.source import Source
from tests.conftest import Golden

CASES = sorted((Path(__file__).parent / "cases").glob("*.cnn"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(case: Path, golden: Golden) -> None:
    text, found = formatted(Source(case.name, case.read_bytes().decode()))
    assert found == ()
    golden(case.with_suffix(".txt"), text)
