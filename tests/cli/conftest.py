from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cnndsl.cli import main

NET = """\
network Net(classes = 10) {
    input(1, 8, 8)
    conv(2, 3) -> relu -> linear(classes)
}
"""
BAD = """\
network Net {
    input(1, 8, 8)
    conv(2, 3) -> rely
}
"""
WARNED = """\
network Net {
    input(1, 8, 8)
    unused = relu
    conv(2, 3)
}
"""


@dataclass(frozen=True)
class Result:
    """What a command line gave."""

    code: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one source without errors, one with an error and one with a warning."""
    for name, text in {"net.cnn": NET, "bad.cnn": BAD, "warned.cnn": WARNED}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def cnndsl(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in that folder, without colours that the environment asks for."""
    monkeypatch.chdir(folder)
    for name in ("NO_COLOR", "FORCE_COLOR", "CNNDSL_DEBUG", "CNNDSL_DOT"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes that are started can be interrupted, also where the tests run in the background of a shell."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def made(folder: Path) -> list[str]:
    """What is in the folder besides its sources."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.suffix != ".cnn")
