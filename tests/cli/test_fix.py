from __future__ import annotations

import codecs
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import BAD, NET, Command

LONG = BAD.replace("conv(2, 3) -> rely", "conv(2, kernel_size=3) -> ReLU")
GOOD = BAD.replace("conv(2, 3) -> rely", "conv(2, kernel=3) -> relu")
HALF = "network Net {\n    input(1, 8, 8)\n    conv(2, kernel_size=3) -> nonsense  # kept\n}\n"


@pytest.fixture(autouse=True)
def _texts(folder: Path) -> None:
    (folder / "long.cnn").write_text(LONG)


def test_it_mends_the_file_and_tells(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("check", "--fix", "long.cnn", "net.cnn")
    done = "mended long.cnn:3:13: kernel_size becomes kernel\nmended long.cnn:3:31: ReLU becomes relu\n"
    said = f"{done}\n2 files checked, 2 places mended, no errors\n"
    assert (result.code, result.out, result.err) == (0, said, "")
    assert (folder / "long.cnn").read_text() == GOOD
    assert (folder / "net.cnn").read_text() == NET


def test_a_guess_is_left(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("check", "--fix", "bad.cnn")
    assert result.code == 1
    assert "= help: did you mean relu?\n" in result.out
    assert result.out.endswith("\n1 file checked, 1 error (1 more with --unsafe)\n")
    assert (folder / "bad.cnn").read_text() == BAD


def test_a_guess_is_followed_on_demand(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("check", "--fix", "--unsafe", "bad.cnn")
    said = "mended bad.cnn:3:19: rely becomes relu\n\n1 file checked, 1 place mended, no errors\n"
    assert (result.code, result.out, result.err) == (0, said, "")
    assert (folder / "bad.cnn").read_text() == BAD.replace("rely", "relu")


def test_what_is_safe_is_done_and_how_much_is_not_is_told(cnndsl: Command, folder: Path) -> None:
    (folder / "both.cnn").write_text(LONG.replace("ReLU", "rely -> tahn"))
    result = cnndsl("check", "--fix", "both.cnn")
    assert result.code == 1
    assert result.out.endswith("\n1 file checked, 1 place mended, 2 errors (2 more with --unsafe)\n")
    assert cnndsl("check", "--fix", "--unsafe", "both.cnn").code == 0


def test_what_is_left_is_shown(cnndsl: Command, folder: Path) -> None:
    (folder / "half.cnn").write_text(HALF)
    result = cnndsl("check", "--fix", "half.cnn")
    assert result.code == 1
    assert result.out.startswith("error[E201]: nothing is called nonsense\n --> half.cnn:3:26\n")
    assert result.out.endswith(
        "\nmended half.cnn:3:13: kernel_size becomes kernel\n\n1 file checked, 1 place mended, 1 error\n"
    )
    assert (folder / "half.cnn").read_text() == HALF.replace("kernel_size", "kernel")


def test_marks_line_ends_and_links_stay(cnndsl: Command, folder: Path) -> None:
    path = folder / "marked.cnn"
    path.write_bytes(codecs.BOM_UTF8 + LONG.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    (folder / "link.cnn").symlink_to(path)
    assert cnndsl("check", "--fix", "link.cnn").code == 0
    assert path.read_bytes() == codecs.BOM_UTF8 + GOOD.replace("\n", "\r\n").encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert (folder / "link.cnn").is_symlink()


def test_a_file_that_cannot_be_written_stays(cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _, mode, **_named: mode != os.W_OK)
    result = cnndsl("check", "--fix", "long.cnn")
    assert result.code == 2
    assert "long.cnn cannot be written: it is read-only" in result.out
    assert (folder / "long.cnn").read_text() == LONG


def test_a_warning_that_is_ignored_is_not_mended(cnndsl: Command, folder: Path) -> None:
    text = "network Net {\n    input(1, 8, 8)\n    conv(2, 3) -> batchnorm -> relu\n}\n"
    (folder / "norm.cnn").write_text(text)
    assert cnndsl("check", "--fix", "--unsafe", "--ignore", "W203", "norm.cnn").out == "1 file checked, no errors\n"
    left = cnndsl("check", "--fix", "norm.cnn").out
    assert left.endswith("\n1 file checked, no errors, 1 warning (1 more with --unsafe)\n")
    assert (folder / "norm.cnn").read_text() == text
    assert "mended norm.cnn:3:14: bias=false is added\n" in cnndsl("check", "--fix", "--unsafe", "norm.cnn").out
    assert (folder / "norm.cnn").read_text() == text.replace("3)", "3, bias=false)")


def test_the_difference_is_a_patch(cnndsl: Command, folder: Path) -> None:
    (folder / "half.cnn").write_text(HALF.rstrip())
    result = cnndsl("check", "--diff", "--unsafe", "half.cnn", "bad.cnn", "long.cnn", "net.cnn")
    assert (result.code, result.err) == (1, "")
    assert (folder / "half.cnn").read_text() == HALF.rstrip()
    subprocess.run(["git", "apply", "-p0", "-"], input=result.out, text=True, check=True, cwd=folder)  # noqa: S607
    assert (folder / "half.cnn").read_text() == HALF.rstrip().replace("kernel_size", "kernel")
    assert (folder / "bad.cnn").read_text() == BAD.replace("rely", "relu")
    assert (folder / "long.cnn").read_text() == GOOD
    assert cnndsl("check", "--diff", "--unsafe", "half.cnn").out == ""


def test_a_difference_of_standard_input(cnndsl: Command) -> None:
    result = cnndsl("check", "--diff", "-", "gone.cnn", stdin=LONG.encode())
    assert result.code == 2
    assert "\n-    conv(2, kernel_size=3) -> ReLU\n+    conv(2, kernel=3) -> relu\n" in result.out
    assert result.err.startswith("error[E001]: gone.cnn cannot be read")


@pytest.mark.parametrize("options", [("--fix", "--diff", "net.cnn"), ("--fix", "-"), ("--unsafe", "net.cnn")])
def test_wrong_use(cnndsl: Command, options: tuple[str, ...]) -> None:
    result = cnndsl("check", *options, stdin=b"")
    assert (result.code, result.out) == (2, "")
    assert "--diff" in result.err


def test_json_has_the_fixes(cnndsl: Command) -> None:
    entry = json.loads(cnndsl("check", "bad.cnn", "--format", "json").out)
    place = {"file": "bad.cnn", "start": {"line": 3, "column": 19}, "end": {"line": 3, "column": 23}}
    edits = [{**place, "text": "relu"}]
    assert entry["fix"] == {"title": "rely becomes relu", "applicability": "unsafe", "edits": edits}
