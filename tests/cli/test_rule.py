from __future__ import annotations

import re
import sys

import pytest

from cnndsl import pages
from cnndsl.i18n import VARIABLE
from cnndsl.terminal import width
from tests.cli.conftest import Command


def test_a_page(cnndsl: Command) -> None:
    result = cnndsl("rule", "E201")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("E201: nothing has this name\n\nA name is neither a layer kind")
    assert "\nWrong\n\n    # wrong.cnn\n    network Net {\n" in result.out
    assert "    error[E201]: Conv2d is called conv here\n" in result.out
    assert "```" not in result.out


@pytest.mark.parametrize("code", pages.codes())
def test_every_page_can_be_shown(cnndsl: Command, code: str) -> None:
    said = cnndsl("rule", code.lower()).out
    assert said.startswith(f"{code}: {pages.page(code).title}\n")
    assert "](" not in said
    assert all(len(line) <= 80 for line in said.splitlines() if not line.startswith("    "))


def test_colors(cnndsl: Command) -> None:
    assert cnndsl("rule", "W203", "--color", "always").out.startswith("\x1b[1mW203: ")
    assert "\x1b[33mW203\x1b[0m  a bias before" in cnndsl("rule", "--color", "always").out


def test_the_words_fit_the_terminal(cnndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    prose = [line for line in cnndsl("rule", "E302", "--color", "never").out.splitlines() if line[:4].strip()]
    assert 30 < max(map(len, prose)) <= 40


def test_all_codes(cnndsl: Command) -> None:
    lines = cnndsl("rule").out.splitlines()
    assert [line.split()[0] for line in lines[:-2] if line] == pages.codes()
    assert "E302  a layer does not fit its input" in lines


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("E2O1", "there is no code E2O1; did you mean E2"),
        ("W20", "there is no code W20; did you mean W"),
        ("../../pyproject", "there is no code ../../pyproject; cnndsl rule lists them all"),
        ("", "there is no code ; cnndsl rule lists them all"),
    ],
)
def test_a_code_that_is_none(cnndsl: Command, code: str, said: str) -> None:
    result = cnndsl("rule", code)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_a_terminal_is_told_of_it(cnndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    said = cnndsl("check", "bad.cnn", "warned.cnn", "--color", "never").out
    assert "\n2 files checked, 1 error in 1 file, 1 warning\n" in said
    assert said.endswith("\ncnndsl rule E201 explains the first\n")
    assert "cnndsl rule" not in cnndsl("check", "net.cnn").out


@pytest.mark.parametrize("code", pages.codes())
def test_every_page_can_be_shown_in_japanese(cnndsl: Command, code: str) -> None:
    said = cnndsl("rule", code, "--lang", "ja").out
    assert re.match(rf"{code}: .*[ぁ-んァ-ヶ一-龠]", said)
    assert "\n誤った例\n" in said
    assert "](" not in said
    assert all(width(line) <= 80 for line in said.splitlines() if not line.startswith("    "))


def test_the_language_of_the_environment(cnndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said for all commands, and an option goes before it."""
    monkeypatch.setenv(VARIABLE, "ja")
    assert "E302  層が入力に合わない" in cnndsl("rule").out.splitlines()
    assert cnndsl("rule", "E302", "--lang", "en").out.startswith("E302: a layer does not fit its input\n")
    monkeypatch.setenv(VARIABLE, "fr")
    assert "Invalid value for '--lang': 'fr'" in cnndsl("rule", "E302").err
