"""The texts that people read have the layout that `cnndsl fmt` gives."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from cnndsl.formatter import formatted
from cnndsl.source import Source
from tests.docs.blocks import BLOCKS, ROOT, Block

FOLDERS = ("models", "tests/models/cases", "tests/torch/cases", "tests/graphviz/cases")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.cnn"))]
CNN = [block for block in BLOCKS if block.kind == "cnn" and block.made_from is None]
EXAMPLES = [block for block in CNN if "untidy" not in block.words]


def tidy(block: Block) -> str:
    """The text of a block in the layout; as it is where it has errors, as some have in order to show them."""
    text, _ = formatted(Source(str(block), block.source))
    if "body" not in block.words:
        return text
    return "".join(f"{line[4:]}\n" for line in text.splitlines()[2:-1])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files(path: Path) -> None:
    text = path.read_bytes().decode()
    assert formatted(Source(path.name, text)) == (text, ()), f"run cnndsl fmt {path.relative_to(ROOT)}"


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_examples(block: Block, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update"):
        document = ROOT / block.document
        text = document.read_text(encoding="utf-8")
        document.write_text(text.replace(f"\n{block.text}```", f"\n{tidy(block)}```"), encoding="utf-8")
        return
    assert block.text == tidy(block), "run pytest tests/fmt --update"


def test_what_becomes_of_an_untidy_text() -> None:
    shown = [(block, after) for block, after in pairwise(CNN) if "untidy" in block.words]
    assert shown
    for block, after in shown:
        assert tidy(block).removeprefix(f"# {block.file}\n") == after.text
