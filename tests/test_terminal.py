from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnndsl.backends.captions import bytes_said, count_said
from cnndsl.terminal import cells, clean, pad, paint, visible, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("conv1", 5),
        ("畳み込み", 8),
        ("ﾊﾝｶｸ", 4),
        ("８", 2),
        ("5×5", 3),
        ("か\u3099", 2),
        ("e\u0301", 1),
        ("🐈", 2),
    ],
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


def test_pad_goes_by_columns() -> None:
    assert pad("畳", 4) == "畳  "
    assert pad("7", 3, right=True) == "  7"
    assert pad("too long", 3) == "too long"


@pytest.mark.parametrize(
    ("char", "shown"),
    [
        ("a", "a"), ("漢", "漢"), ("\x1b", "␛"), ("\x00", "␀"), ("\x7f", "␡"), ("\x9b", "<U+009B>"),
        ("\u202e", "<U+202E>"), ("\u200b", "<U+200B>"), ("\ufeff", "<U+FEFF>"), ("\ud800", "<U+D800>"),
    ],
)  # fmt: skip
def test_visible(char: str, shown: str) -> None:
    assert visible(char) == shown


@given(st.text())
def test_nothing_clean_moves_the_cursor(text: str) -> None:
    shown = clean(text)
    assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in shown)
    shown.encode()


def test_tabs_fill_up_to_their_stop() -> None:
    assert cells("a\t漢\tb") == [("a", 1), ("   ", 3), ("漢", 2), ("  ", 2), ("b", 1)]


def test_paint() -> None:
    assert paint("x", "bold", "red", color=True) == "\x1b[1;31mx\x1b[0m"
    assert paint("x", "bold", color=False) == "x"
    assert paint("", "bold", color=True) == ""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1024, "1.00 KiB"),
        (25_088, "24.5 KiB"),
        (1024 * 999 + 511, "999 KiB"),
        (1024 * 1000, "0.98 MiB"),
        (3 * 1024**3 // 2, "1.50 GiB"),
        (5000 * 1024**4, "5,000 TiB"),
    ],
)
def test_bytes(number: int, said: str) -> None:
    assert bytes_said(number) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (9_408, "9.41 k"),
        (99_960, "100 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (25_557_032, "25.6 M"),
        (4_089_184_256, "4.09 G"),
        (7 * 10**15, "7,000 T"),
    ],
)
def test_counts(number: int, said: str) -> None:
    assert count_said(number) == said
