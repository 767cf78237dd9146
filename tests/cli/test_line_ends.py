"""Texts as Git checks them out on Windows: every command takes lines that end with CRLF for what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl.source import Source
from tests.cli.conftest import BAD, NET, Command

ROOT = Path(__file__).parents[2]
TOPICS = ("careless", "fixing", "syntax", "semantics")


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("topic", TOPICS)
def test_messages_and_mending_are_the_same(cnndsl: Command, folder: Path, topic: str) -> None:
    """Of every case of the tests: the words, the places, the edits, and the mended text.

    The concise form has nothing that JSON has not.
    """
    cases = sorted((ROOT / "tests" / topic / "cases").glob("*.cnn"))
    path = folder / "case.cnn"
    assert cases
    for case in cases:
        data = case.read_bytes()
        if b"\r" in data:
            continue
        said, mended = [], []
        for given, back in ((data, data), (crlf(data), crlf(data))):
            path.write_bytes(given)
            said.append([cnndsl("check", "case.cnn", "--format", form) for form in ("text", "json")])
            assert path.read_bytes() == back
            said[-1].append(cnndsl("check", "--fix", "--unsafe", "case.cnn"))
            mended.append(path.read_bytes())
        assert said[0] == said[1], case.name
        assert mended[1] == crlf(mended[0]), case.name


def test_a_text_in_the_layout_is_in_it(cnndsl: Command, folder: Path) -> None:
    path = folder / "net.cnn"
    path.write_bytes(crlf(NET.encode()))
    assert cnndsl("fmt", "--check", "net.cnn").out == "1 file left unchanged\n"
    assert cnndsl("fmt", "net.cnn").out == "1 file left unchanged\n"
    assert path.read_bytes() == crlf(NET.encode())


def test_the_layout_keeps_line_ends(cnndsl: Command, folder: Path) -> None:
    path = folder / "net.cnn"
    path.write_bytes(crlf(NET.replace("(1, 8, 8)", "(1,8,8)").encode()))
    shown = cnndsl("fmt", "--diff", "net.cnn").out
    assert "-    input(1,8,8)\r\n+    input(1, 8, 8)\r\n" in shown
    assert sum(line[0] in "+-" for line in shown.split("\n") if line) == 4
    assert cnndsl("fmt", "net.cnn").out.startswith("reformatted net.cnn\n")
    assert path.read_bytes() == crlf(NET.encode())


@pytest.mark.parametrize(("first", "other"), [(b"\n", b"\r\n"), (b"\r\n", b"\n")])
def test_mixed_line_ends_become_those_of_the_first_line(
    cnndsl: Command, folder: Path, first: bytes, other: bytes
) -> None:
    lines = NET.encode().split(b"\n")
    path = folder / "net.cnn"
    path.write_bytes(first.join([lines[0], other.join(lines[1:])]))
    assert cnndsl("fmt", "--check", "net.cnn").code == 1
    assert cnndsl("fmt", "net.cnn").code == 0
    assert path.read_bytes() == first.join(lines)
    assert cnndsl("fmt", "--check", "net.cnn").code == 0


def test_mending_keeps_line_ends_and_the_mark_before_them(cnndsl: Command, folder: Path) -> None:
    path = folder / "bad.cnn"
    path.write_bytes(b"\xef\xbb\xbf" + crlf(path.read_bytes()))
    shown = cnndsl("check", "--diff", "--unsafe", "bad.cnn").out
    assert "-    conv(2, 3) -> rely\r\n+    conv(2, 3) -> relu\r\n" in shown
    assert cnndsl("check", "--fix", "--unsafe", "bad.cnn").code == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + crlf(BAD.replace("rely", "relu").encode())


def test_what_is_made_is_the_same(cnndsl: Command, folder: Path) -> None:
    for name in ("densenet.cnn", "net.cnn"):
        data = (ROOT / "models" / name).read_bytes()
        made = []
        for given in (data, crlf(data)):
            (folder / name).write_bytes(given)
            lines = (("compile", name), ("draw", name, "--format", "dot"), ("draw", name, "--style", "volume"))
            made.append([cnndsl(*line, "-o", "-").out for line in lines] + [cnndsl("explain", name, "conv1").out])
        assert made[0] == made[1]


def test_an_imported_file_may_have_others(cnndsl: Command, folder: Path) -> None:
    (folder / "b.cnn").write_bytes(b"block B {\r\n    rely\r\n}\r\n")
    (folder / "net.cnn").write_text('from "b.cnn" import B\nnetwork N { input(1, 4, 4); B }')
    assert cnndsl("check", "net.cnn", "--format", "concise").out == "b.cnn:2:5: E201 nothing is called rely\n"


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", "\n"),
        ("a", "\n"),
        ("\n", "\n"),
        ("\r\n", "\r\n"),
        ("a\r", "\n"),
        ("a\rb\nc\r\n", "\n"),
        ("a\r\nb\n", "\r\n"),
    ],
)
def test_what_ends_the_first_line(text: str, end: str) -> None:
    source = Source("a.cnn", text)
    assert source.line_end == end
    assert source.text == text.replace("\r\n", "\n")
    assert source.ended("x\ny\n") == f"x{end}y{end}"
