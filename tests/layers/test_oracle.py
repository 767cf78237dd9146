"""PyTorch is the oracle: what it takes, the catalogue takes, with the same sizes and tensors; what it
refuses, the catalogue refuses.

`CNNDSL_ORACLE_CASES` sets how many cases are drawn in all, and draws other ones each time.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings

from cnndsl.layers.registry import KINDS
from tests.layers.agreement import check, share
from tests.layers.cases import Case, cases

WANTED = os.environ.get("CNNDSL_ORACLE_CASES")
CASES = int(WANTED or 1000)
# Said once in a process, about speed.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


@pytest.mark.parametrize("kind", KINDS)
def test_the_catalogue_agrees_with_pytorch(kind: str) -> None:
    verdicts: list[str] = []

    @settings(max_examples=share(kind, CASES), derandomize=WANTED is None, database=None)
    @given(case=cases(kind))
    def agrees(case: Case) -> None:
        verdicts.append(check(case))

    agrees()
    # A check that all cases be refused would check little.
    assert verdicts.count("taken") >= len(verdicts) / 8
