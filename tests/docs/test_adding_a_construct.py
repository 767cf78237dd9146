"""Another way of saying what the language has touches three files: this does what the document says, in a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks_of

DOCUMENT = "docs/adding-a-construct.md"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and the grammar with the construct of the document, and its text."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("cnndsl", "grammars"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
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


def cnndsl(folder: Path, *arguments: str) -> tuple[int, str]:
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "cnndsl", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    return done.returncode, done.stdout or done.stderr


@pytest.mark.parametrize("setting", ["plain=false", "plain=true"])
def test_it_says_what_the_longer_line_says(copy: Path, setting: str) -> None:
    code, new = cnndsl(copy, "compile", "net.cnn", "--set", setting, "-o", "-")
    again, old = cnndsl(copy, "compile", "other.cnn", "--set", setting, "-o", "-")
    assert (code, again) == (0, 0), new
    assert new == old.replace("other.cnn", "net.cnn")
    assert "if not plain:" in new


def test_the_layout_is_that_of_the_document(copy: Path) -> None:
    assert cnndsl(copy, "fmt", "--check", "net.cnn")[0] == 0


def test_what_is_wrong_in_it_is_told_at_its_place(copy: Path) -> None:
    (copy / "wrong.cnn").write_text("network Net { input(3, 8, 8)\n  unless deep { relu }\n  unless = 3 }\n", "utf-8")
    code, said = cnndsl(copy, "check", "wrong.cnn")
    assert code == 1
    assert "error[E201]: nothing is called deep\n --> wrong.cnn:2:10" in said
    assert "wrong.cnn:3:3" in said
