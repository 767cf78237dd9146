"""Texts that can be read and mean nothing: what is said of each way to be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnndsl
from cnndsl.diagnostics import Severity
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


@pytest.mark.parametrize(
    "end",
    [
        "output x = a, c",
        "output x = a, y = relu",
        "output a; output c",
        "output a when training",
        "when training { output a }",
        "d = it -> rely",
    ],
)
def test_what_nothing_uses_is_not_told_beside_an_error(end: str) -> None:
    text = f"""
    network Net(width = 8) {{
        input(8, 32, 32)
        spare = relu
        a = it -> conv(width, 3)
        c = it -> conv(8, 1)
        {end}
    }}
    network Wide = Net(16)
    """
    found = cnndsl.compile(text).diagnostics
    assert {d.severity for d in found} == {Severity.ERROR}
