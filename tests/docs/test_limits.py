"""The reference of the language has the limits as they are."""

from __future__ import annotations

import re
from dataclasses import asdict

from cnndsl.semantics.values import Limits
from tests.docs.blocks import ROOT


def test_every_limit_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .* \| ([\d,]+) \|$", text, re.MULTILINE)
    assert {name: int(number.replace(",", "")) for name, number in rows} == asdict(Limits())
