"""How far a command is, told on a terminal alone, and gone when something is said or it ends."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from cnndsl.cli import console, main

NET = "network Net {\n    input(3, 8, 8)\n    conv(8, 3) -> relu\n}\n"
ERASED = "\r\033[K\033[?25h"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with four texts, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    for name in "abcd":
        Path(f"{name}.cnn").write_text(NET, encoding="utf-8")
    return tmp_path


@dataclass
class Screen:
    """Runs commands with both streams on one terminal; `shown` is all that was written to it."""

    patch: pytest.MonkeyPatch
    shown: str = ""

    def run(self, *arguments: str, soon: float = 0) -> int:
        terminal = Terminal()
        with self.patch.context() as patch:
            patch.setattr(console, "SOON", soon)
            patch.setattr("sys.stdout", terminal)
            patch.setattr("sys.stderr", terminal)
            patch.setenv("TERM", "xterm")
            patch.setenv("NO_COLOR", "1")
            code = main(arguments)
        self.shown = terminal.getvalue()
        return code


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Screen:  # noqa: ARG001
    return Screen(monkeypatch)


def left(shown: str) -> str:
    """What stands in the terminal at the end."""
    lines = [re.split("\r(?:\033\\[K)?", re.sub("\033\\[\\?25[lh]", "", line))[-1] for line in shown.split("\n")]
    return "\n".join(line for line in lines if line)


@pytest.mark.parametrize(("command", "doing"), [("check", "checking"), ("compile", "compiling"), ("fmt", "formatting")])
def test_a_bar_comes_and_goes(screen: Screen, command: str, doing: str) -> None:
    assert screen.run(command, ".") == 0
    shown = screen.shown
    assert f"{doing}  [" in shown
    assert "50%" in shown
    assert ERASED in shown
    assert doing not in left(shown)
    assert shown.count("\033[?25l") == 0 or shown.rindex("\033[?25h") > shown.rindex("\033[?25l")


def test_what_is_said_stands_on_lines_of_its_own(screen: Screen) -> None:
    Path("c.cnn").write_text(NET.replace("relu", "rellu"), encoding="utf-8")
    assert screen.run("check", ".") == 1
    assert left(screen.shown).startswith("error[E201]: nothing is called rellu")


def test_what_is_soon_done_needs_no_bar(screen: Screen) -> None:
    assert screen.run("check", ".", soon=1e9) == 0
    assert "\r" not in screen.shown


def test_without_a_terminal_there_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "SOON", 0)
    assert main(["compile", str(folder), "--diagram", "png"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "\r" not in told.out
    assert "\033" not in told.out


def test_a_long_step_says_what_it_is(screen: Screen) -> None:
    assert screen.run("draw", "a.cnn", "-o", "a.png") == 0
    assert f"drawing a.png ...{ERASED}" in screen.shown
    assert left(screen.shown) == "wrote a.png"


def test_the_cursor_is_there_also_after_an_interruption(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def interrupted(*_: object, **__: object) -> None:
        done.append(1)
        if len(done) > 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("cnndsl.cli.check._fixed", interrupted)
    assert screen.run("check", ".") == 130
    assert screen.shown.endswith("interrupted\n")
    assert ERASED in screen.shown
