from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnndsl import formatter
from cnndsl.formatter import Line, written
from tests.cli.conftest import BAD, NET, Command

UGLY = "network Net{input(1,8,8)\n  fc=linear( 10 )  \r\n\n\n\n  out = softmax}"
NEAT = "network Net {\n    input(1, 8, 8)\n    fc = linear(10)\n\n    out = softmax\n}\n"


@pytest.fixture
def ugly(folder: Path) -> Path:
    path = folder / "ugly.cnn"
    path.write_bytes(UGLY.encode())
    return path


def test_a_file(cnndsl: Command, ugly: Path) -> None:
    result = cnndsl("fmt", "ugly.cnn", "net.cnn")
    assert (result.code, result.err) == (0, "")
    assert result.out == "reformatted ugly.cnn\n1 file reformatted, 1 left unchanged\n"
    assert ugly.read_bytes() == NEAT.encode()
    assert cnndsl("fmt", "ugly.cnn").out == "1 file left unchanged\n"


def test_what_is_unchanged_is_not_written(cnndsl: Command, folder: Path) -> None:
    path = folder / "net.cnn"
    os.utime(path, (1, 1))
    cnndsl("fmt", "net.cnn")
    assert path.stat().st_mtime == 1


@pytest.mark.usefixtures("ugly")
def test_a_folder(cnndsl: Command, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.cnn").write_text(UGLY)
    (folder / ".hidden.cnn").write_text(UGLY)
    (folder / "other.txt").write_text(UGLY)
    result = cnndsl("fmt", ".", "ugly.cnn")
    assert (result.code, result.err) == (0, "")
    assert result.out == "reformatted ugly.cnn\nreformatted sub/deep.cnn\n2 files reformatted, 3 left unchanged\n"
    assert (folder / ".hidden.cnn").read_bytes() == (folder / "other.txt").read_bytes() == UGLY.encode()


@pytest.mark.parametrize("command", ["fmt", "check", "compile"])
def test_an_empty_name_is_no_folder(cnndsl: Command, folder: Path, ugly: Path, command: str) -> None:
    before = ugly.read_text(), sorted(folder.iterdir())
    result = cnndsl(command, "")
    assert (result.code, result.out) == (2, "")
    assert "the name is empty" in result.err
    assert (ugly.read_text(), sorted(folder.iterdir())) == before


def test_check_writes_nothing(cnndsl: Command, ugly: Path) -> None:
    result = cnndsl("fmt", "--check", "ugly.cnn", "net.cnn")
    assert (result.code, result.err) == (1, "")
    assert result.out == "would reformat ugly.cnn\n1 file would be reformatted, 1 left unchanged\n"
    assert ugly.read_bytes() == UGLY.encode()
    assert cnndsl("fmt", "--check", "net.cnn").code == 0


def test_diff_writes_nothing(cnndsl: Command, ugly: Path) -> None:
    result = cnndsl("fmt", "--diff", "ugly.cnn", "net.cnn")
    assert result.code == 0
    assert result.err == "would reformat ugly.cnn\n1 file would be reformatted, 1 left unchanged\n"
    assert result.out.startswith("--- ugly.cnn\n+++ ugly.cnn\n@@ -1,6 +1,6 @@\n-network Net{input(1,8,8)\n")
    assert result.out.endswith("-  out = softmax}\n\\ No newline at end of file\n+    out = softmax\n+}\n")
    assert ugly.read_bytes() == UGLY.encode()
    assert cnndsl("fmt", "--diff", "--check", "ugly.cnn").code == 1


def test_diff_in_colours_shows_what_is_invisible(cnndsl: Command) -> None:
    out = cnndsl("fmt", "--diff", "--color", "always", "-", stdin=b"relu=1 #\x1b[2J\n").out
    assert "\x1b[31m-relu=1 #␛[2J\x1b[0m\n" in out


def test_standard_input(cnndsl: Command) -> None:
    result = cnndsl("fmt", "-", stdin=UGLY.encode())
    assert (result.code, result.out, result.err) == (0, NEAT, "")
    same = cnndsl("fmt", "-", stdin=NEAT.encode())
    assert (same.code, same.out, same.err) == (0, NEAT, "")


@pytest.mark.usefixtures("ugly")
def test_standard_input_with_others(cnndsl: Command) -> None:
    result = cnndsl("fmt", "-", "ugly.cnn", stdin=UGLY.encode())
    assert (result.out, result.err) == (NEAT, "reformatted ugly.cnn\n1 file reformatted\n")


def test_standard_input_can_be_checked(cnndsl: Command) -> None:
    result = cnndsl("fmt", "--check", "--stdin-filename", "a.cnn", "-", stdin=UGLY.encode())
    assert (result.code, result.out) == (1, "")
    assert result.err == "would reformat a.cnn\n1 file would be reformatted\n"


@pytest.mark.usefixtures("ugly")
def test_a_text_with_errors_stays_as_it_is(cnndsl: Command, folder: Path) -> None:
    (folder / "bad.cnn").write_text("network Net{ input(1,8,8)\n x = (\n}")
    result = cnndsl("fmt", "bad.cnn", "ugly.cnn")
    assert result.code == 1
    assert result.err.startswith("error[E102]: this parenthesis is not closed\n --> bad.cnn:2:6\n")
    assert result.out == "reformatted ugly.cnn\n1 file reformatted, 1 not formatted\n"
    assert (folder / "bad.cnn").read_text() == "network Net{ input(1,8,8)\n x = (\n}"
    piped = cnndsl("fmt", "-", stdin=b"x = (")
    assert (piped.code, piped.out) == (1, "")


def test_what_a_text_means_is_not_asked(cnndsl: Command) -> None:
    assert cnndsl("fmt", "-", stdin=BAD.encode()).out == BAD


def test_a_file_that_cannot_be_read(cnndsl: Command) -> None:
    result = cnndsl("fmt", "gone.cnn", "net.cnn")
    assert (result.code, result.out) == (2, "1 file left unchanged, 1 not formatted\n")
    assert "gone.cnn cannot be read" in result.err


def test_a_byte_order_mark_goes(cnndsl: Command, folder: Path) -> None:
    path = folder / "net.cnn"
    path.write_bytes(b"\xef\xbb\xbf" + NET.encode())
    assert cnndsl("fmt", "--check", "net.cnn").code == 1
    assert cnndsl("fmt", "net.cnn").code == 0
    assert path.read_bytes() == NET.encode()


def test_a_link_stays_a_link(cnndsl: Command, folder: Path, ugly: Path) -> None:
    (folder / "link.cnn").symlink_to("ugly.cnn")
    assert cnndsl("fmt", "link.cnn").out == "reformatted link.cnn\n1 file reformatted\n"
    assert (folder / "link.cnn").is_symlink()
    assert ugly.read_text() == NEAT


def test_a_text_that_becomes_too_long(cnndsl: Command, folder: Path) -> None:
    deep = "block B{" + "{" * 60 + "\nrelu\n" * 5000 + "}" * 61
    (folder / "deep.cnn").write_text(deep)
    result = cnndsl("fmt", "deep.cnn")
    assert result.code == 1
    assert "a text may have at most" in result.err
    assert (folder / "deep.cnn").read_text() == deep


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda text: text.replace("10", "11"), "the text would not say the same"),
        (lambda text: text + "(", "the text would not say the same"),
        (lambda text: text + "# new\n", "a comment would be lost"),
        (lambda text: text.replace("fc ", "fc  "), "the text would change once more the next time"),
    ],
)
def test_a_fault_of_the_formatter_does_no_harm(
    cnndsl: Command, ugly: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[str], str], words: str
) -> None:
    faults = [fault]

    def wrong_once(lines: list[Line]) -> str:
        return faults.pop()(written(lines)) if faults else written(lines)

    monkeypatch.setattr(formatter, "written", wrong_once)
    result = cnndsl("fmt", "ugly.cnn")
    assert result.code == 2
    assert f"ugly.cnn stays as it is: in the one layout {words}.\nThis is a fault in cnndsl" in result.err
    assert result.out == "1 file not formatted\n"
    assert ugly.read_bytes() == UGLY.encode()


def test_texts_are_printed_as_utf8_whatever_the_terminal_takes() -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    text = "畳 = 1  # 全角\n".encode()
    ran = subprocess.run(
        [sys.executable, "-m", "cnndsl", "fmt", "-"], input=text, capture_output=True, check=True, env=environment
    )
    assert (ran.stdout, ran.stderr) == (text, b"")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n \t\n"])
def test_an_empty_text_is_empty(cnndsl: Command, folder: Path, data: bytes) -> None:
    (folder / "empty.cnn").write_bytes(data)
    assert cnndsl("fmt", "empty.cnn").code == 0
    assert (folder / "empty.cnn").read_bytes() == b""


@pytest.mark.parametrize(("data", "code"), [(b"a\0b", 1), (b"\xff", 2), (b"relu" * 2**20 + b"\n", 2)])
def test_what_is_no_text_of_the_language_stays_as_it_is(cnndsl: Command, folder: Path, data: bytes, code: int) -> None:
    (folder / "strange.cnn").write_bytes(data)
    assert cnndsl("fmt", "strange.cnn").code == code
    assert (folder / "strange.cnn").read_bytes() == data
