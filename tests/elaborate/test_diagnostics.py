"""Texts that can be read and mean nothing: what is said of each way to be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Golden
from tests.diagnosed import cases, check_case, diagnostics_of

CASES = cases(__file__)


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_what_is_said(path: Path, golden: Golden) -> None:
    check_case(path, golden)


def test_independent_mistakes_give_as_many_diagnostics_in_order() -> None:
    found = diagnostics_of(next(path for path in CASES if path.stem == "seven_mistakes"))
    lines = [d.span.position.line for d in found if d.span is not None]
    assert lines == [3, 4, 5, 7, 9, 10, 11]
