from __future__ import annotations

from cnndsl.fixing import MOST_LINES, difference


def test_a_difference() -> None:
    said = "--- a.cnn\n+++ a.cnn\n@@ -1,2 +1,2 @@\n x\r\n-y\n\\ No newline at end of file\n+z\n"
    assert difference("x\r\ny", "x\r\nz\n", "a.cnn") == said


def test_equal_texts() -> None:
    assert difference("a\nb", "a\nb", "x") == ""


def test_very_long_texts() -> None:
    shared = "a\n" * MOST_LINES
    said = difference(f"{shared}a", f"{shared}b\n", "x")
    hunk = f"@@ -1,{MOST_LINES + 1} +1,{MOST_LINES + 1} @@\n"
    assert said.startswith(f"--- x\n+++ x\n{hunk}-a\n-a\n")
    assert said.endswith("+a\n+b\n")
    assert "\n-a\n\\ No newline at end of file\n+a\n" in said
