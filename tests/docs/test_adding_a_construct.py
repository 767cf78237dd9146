"""Another way of saying what the language has touches three files: this does what the document says, in a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import blocks_of
from tests.docs.checkout import checkout, run

DOCUMENT = "docs/adding-a-construct.md"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and the grammar with the construct of the document, and its text."""
    folder = checkout(tmp_path_factory.mktemp("checkout"), ("cnndsl", "grammars"))
    network, rule, word, method = (block.text for block in blocks_of(DOCUMENT) if block.kind == "text")
    insert(folder / "grammars" / "cnn.lark", rule, before="\ntargets: NAME")
    insert(folder / "grammars" / "cnn.lark", word, before='IF: "if"')
    insert(folder / "cnndsl" / "syntax" / "transformer.py", f"{method}\n", before="    # Items of a file")
    insert(folder / "cnndsl" / "hints" / "engine.py", '"unless", ', before='"network", "block"')
    (folder / "net.cnn").write_text(network, encoding="utf-8")
    (folder / "other.cnn").write_text(network.replace("unless", "if not"), encoding="utf-8")
    return folder


def insert(path: Path, text: str, *, before: str) -> None:
    whole = path.read_text(encoding="utf-8")
    assert whole.count(before) == 1
    path.write_text(whole.replace(before, text + before), encoding="utf-8")


@pytest.mark.parametrize("setting", ["plain=false", "plain=true"])
def test_it_says_what_the_longer_line_says(copy: Path, setting: str) -> None:
    new = run(copy, "-m", "cnndsl", "compile", "net.cnn", "--set", setting, "-o", "-")
    old = run(copy, "-m", "cnndsl", "compile", "other.cnn", "--set", setting, "-o", "-")
    assert new == old.replace("other.cnn", "net.cnn")
    assert "if not plain:" in new


def test_the_layout_is_that_of_the_document(copy: Path) -> None:
    run(copy, "-m", "cnndsl", "fmt", "--check", "net.cnn")


def test_what_is_wrong_in_it_is_told_at_its_place(copy: Path) -> None:
    (copy / "wrong.cnn").write_text("network Net { input(3, 8, 8)\n  unless deep { relu }\n  unless = 3 }\n", "utf-8")
    said = run(copy, "-m", "cnndsl", "check", "wrong.cnn", code=1)
    assert "error[E201]: nothing is called deep\n --> wrong.cnn:2:10" in said
    assert "wrong.cnn:3:3" in said
