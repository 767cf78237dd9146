"""What a package's page shows: the README, whose links lead to the public repository, or are left out without one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tools.links import published

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _targets(text: str) -> list[str]:
    plain = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r'\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"', plain)
    return [link or attribute for link, attribute in found]


def test_without_an_address_links_are_words() -> None:
    text = published(README, {})
    assert _targets(text) == []
    assert "[one page]" not in text
    assert "one page. The module has the same blocks" in text
    assert "<img" not in text


def test_with_an_address_links_lead_there() -> None:
    text = published(README, {"Repository": "https://example.org/cnndsl/"})
    targets = _targets(text)
    assert len(targets) == len(_targets(README)) > 30
    assert {target.rpartition("/HEAD/")[0] for target in targets} == {
        "https://example.org/cnndsl/blob",
        "https://example.org/cnndsl/raw",
    }
    assert all((ROOT / target.rpartition("/HEAD/")[2].partition("#")[0]).exists() for target in targets)


def test_the_build_asks_for_the_page() -> None:
    """The build itself is tried by .ci/run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["readme"]
    assert (ROOT / project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"]).is_file()
