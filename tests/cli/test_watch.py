"""`--watch`: what runs again, and when."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest

from tests.cli.conftest import Command

CNNDSL = [sys.executable, "-m", "cnndsl"]
SECONDS = 60
pytestmark = pytest.mark.usefixtures("interruptible")
NET = "network Net { input(3, 8, 8); conv(5, 3) -> relu; linear(4) }"


class Watched:
    """A command that watches, and the lines that it has written."""

    def __init__(self, *arguments: str, folder: Path) -> None:
        pytest.importorskip("watchfiles", reason="--watch needs watchfiles")
        self.process = subprocess.Popen(
            [*CNNDSL, *arguments, "--watch"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: Queue[str] = Queue()
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.put(line)

    def until(self, words: str) -> str:
        """All that is written up to the end of a run that says these words."""
        seen = ""
        while words not in seen or not seen.endswith("; Ctrl-C ends it\n"):
            try:
                seen += self.lines.get(timeout=SECONDS)
            except Empty:
                pytest.fail(f"no {words!r} in {seen!r}")
        return seen

    def end(self) -> int:
        """Interrupt it; its exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        return code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.cnn").write_text(NET)
    return tmp_path


@pytest.fixture
def watch(folder: Path) -> Iterator[Callable[..., Watched]]:
    """Starts commands that watch in that folder; none of them goes on after the test, whatever comes of it."""
    started: list[Watched] = []

    def start(*arguments: str) -> Watched:
        started.append(Watched(*arguments, folder=folder))
        return started[-1]

    yield start
    for watched in started:
        watched.process.kill()
        watched.process.wait()
        watched.reader.join()


def test_a_check_runs_again_after_a_change(folder: Path, watch: Callable[..., Watched]) -> None:
    watched = watch("check", "net.cnn")
    watched.until("1 file checked, no errors\nwatching .")
    (folder / "net.cnn").write_text(NET.replace("relu", "rely"))
    assert "nothing is called rely" in watched.until("1 file checked, 1 error")
    (folder / "other.txt").write_text("no text of ours")
    (folder / "net.cnn").write_text(NET)
    again = watched.until("1 file checked, no errors\nwatching .")
    assert "net.cnn changed" in again
    assert "other" not in again
    assert watched.end() == 0


def test_what_a_project_says_counts(folder: Path, watch: Callable[..., Watched]) -> None:
    (folder / "net.cnn").write_text(NET.replace("relu; ", "relu -> conv(4, 3) -> conv(4, 3); "))
    watched = watch("check", "net.cnn")
    watched.until("warning[W206]")
    (folder / "pyproject.toml").write_text('[tool.cnndsl]\nignore = ["W206"]\n')
    assert "pyproject.toml changed" in watched.until("1 file checked, no errors\nwatching .")
    assert watched.end() == 0


def test_what_is_imported_counts_and_what_is_made_is_new(folder: Path, watch: Callable[..., Watched]) -> None:
    (folder / "parts").mkdir()
    (folder / "parts" / "pair.cnn").write_text("block Pair { conv(5, 3) -> relu }")
    (folder / "net.cnn").write_text('from "parts/pair.cnn" import Pair\nnetwork Net { input(3, 8, 8); Pair }')
    watched = watch("compile", "net.cnn", "--diagram", "none")
    watched.until("watching")
    (folder / "parts" / "pair.cnn").write_text("block Pair { conv(7, 3) -> relu }")
    watched.until("pair.cnn changed\nwrote net.py")
    assert "nn.Conv2d(in_channels, 7, 3)" in (folder / "net.py").read_text()
    (folder / "net.cnn").unlink()
    watched.until("error[E001]")
    assert watched.end() == 2


def test_a_page_is_made_again(folder: Path, watch: Callable[..., Watched]) -> None:
    watched = watch("draw", "net.cnn", "-o", "net.html")
    watched.until("wrote net.html\nwatching .")
    (folder / "net.cnn").write_text(NET.replace("conv(2", "conv(3"))
    watched.until("net.cnn changed\nwrote net.html")
    assert watched.end() == 0


def test_watching_needs_files(cnndsl: Command) -> None:
    result = cnndsl("check", "-", "--watch")
    assert (result.code, result.out) == (2, "")
    assert "standard input does not change: --watch is for files" in result.err


def test_without_what_watches(cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    result = cnndsl("draw", str(folder / "net.cnn"), "--watch")
    assert (result.code, result.out) == (2, "")
    assert "run pip install 'cnndsl[watch]'" in result.err
