"""The command as a process: closed pipes, full disks, odd encodings, interruptions, faults of our own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from cnndsl.__main__ import run
from cnndsl.cli.console import Run
from tests.cli.conftest import NET, Command

CNNDSL = [sys.executable, "-m", "cnndsl"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("chekc", "there is no command chekc: did you mean check?"),
        ("train", "there is no command train\n"),
        ("help", "there is no command help: did you mean --help?"),
    ],
)
def test_a_command_that_does_not_exist(cnndsl: Command, word: str, said: str) -> None:
    result = cnndsl(word, "net.cnn")
    assert result.code == 2
    assert said in result.err


def test_version(cnndsl: Command) -> None:
    assert cnndsl("--version").out == f"cnndsl {version('cnndsl')}\n"


def test_help(cnndsl: Command) -> None:
    result = cnndsl("--help")
    assert result.code == 0
    for word in ("check", "compile", "draw", "summary", "Exit codes", "Tab completion"):
        assert word in result.out
    assert "--direction [TB|LR]" in cnndsl("draw", "--help").out


@pytest.mark.parametrize(
    "arguments", [[], ["compil"], ["x" * 5000], ["compile"], ["check", "--colour"], ["draw", "a.cnn", "b.cnn"]]
)
def test_wrong_use(cnndsl: Command, arguments: list[str]) -> None:
    result = cnndsl(*arguments)
    assert (result.code, result.out) == (2, "")
    assert "Usage: cnndsl" in result.err


def test_a_file_without_a_command(cnndsl: Command) -> None:
    result = cnndsl("net.cnn")
    assert result.code == 2
    assert "what is to be done with net.cnn? Write cnndsl check|compile|draw|" in result.err


def test_as_a_module(folder: Path) -> None:
    ran = subprocess.run([*CNNDSL, "check", folder / "net.cnn"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1 file checked, no errors\n", "")


def test_a_reader_that_has_gone(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [*CNNDSL, "summary", folder / "net.cnn"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["summary", "net.cnn"]], ids=lambda arguments: arguments[0])
def test_an_output_that_is_full(folder: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*CNNDSL, *arguments], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ran.returncode == 2
    assert ran.stderr == "cnndsl: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-"])
def test_a_stream_that_is_closed(folder: Path, closed: str) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {closed}', "sh", *CNNDSL, "check", folder / "net.cnn", "-"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (1, 2)  # an empty text, or one that cannot be read
    assert "Traceback" not in ran.stderr


def test_a_terminal_that_lacks_characters(folder: Path) -> None:
    (folder / "画像.cnn").write_text("network 網 { 畳 }", encoding="utf-8")
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    ran = subprocess.run([*CNNDSL, "check", "画像.cnn"], cwd=folder, env=environment, capture_output=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr == b""
    assert rb"\u753b\u50cf.cnn" in ran.stdout


def test_a_name_that_is_no_text(folder: Path) -> None:
    name = os.fsencode(folder) + b"/net\xff.cnn"
    Path(os.fsdecode(name)).write_text(NET)
    ran = subprocess.run([*CNNDSL, "check", name, b"gone\xff.cnn"], capture_output=True, check=False)
    assert ran.returncode == 2
    assert b"gone\\udcff.cnn cannot be read" in ran.stdout
    assert b"2 files checked, 1 error in 1 file\n" in ran.stdout
    made = subprocess.run(
        [*CNNDSL, "compile", "-", "-o", folder, "--stdin-filename", b"in\xff.cnn"],
        input=NET.encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr


@pytest.mark.usefixtures("interruptible")
def test_interrupted() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([*CNNDSL, "check", "-"], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdin is not None
        running.stdin.write("#" * 2**20)  # more than a pipe holds: the command has begun to read when this is done
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()
    assert (running.returncode, out, err.strip()) == (130, "", "interrupted")


def test_interrupted_before_the_commands_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "cnndsl.cli":
                raise KeyboardInterrupt

    for each in [name for name in sys.modules if name.split(".")[:2] == ["cnndsl", "cli"]]:
        monkeypatch.delitem(sys.modules, each)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert run() == 130


def test_a_fault_of_our_own(cnndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        message = "no such thing\nmore"
        raise LookupError(message)

    monkeypatch.setattr(Run, "check", broken)
    result = cnndsl("check", "net.cnn")
    assert result.code == 2
    assert result.err.startswith("cnndsl: internal error: LookupError: no such thing\nThis is a fault in cnndsl")
    assert "Traceback" not in result.err
    monkeypatch.setenv("CNNDSL_DEBUG", "1")
    assert result.err in cnndsl("check", "net.cnn").err
    assert "Traceback" in cnndsl("check", "net.cnn").err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_tab_completion(shell: str) -> None:
    word = "su" if shell == "fish" else "1"  # fish gives the word itself, the others its number
    environment = os.environ | {"_CNNDSL_COMPLETE": f"{shell}_complete", "COMP_WORDS": "cnndsl su", "COMP_CWORD": word}
    ran = subprocess.run(CNNDSL, env=environment, capture_output=True, text=True, check=False)
    assert "summary" in ran.stdout


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cnndsl layers max", ["maxpool", "max", "maximum"]),
        ("cnndsl rule e50", ["E501", "E502", "E503", "E504", "E505"]),
        ("cnndsl compile two.cnn --network S", ["Small", "Second"]),
        ("cnndsl summary --network Sm", []),
        ("cnndsl summary two.cnn --network Sm", ["Small"]),
        ("cnndsl check two.cnn --set c", ["classes=", "channels="]),
        ("cnndsl check two.cnn missing.cnn --set cl", ["classes="]),
        ("cnndsl explain two.cnn c", ["conv1", "conv2"]),
        ("cnndsl explain two.cnn pair1.", ["pair1.conv1", "pair1.relu1"]),
        ("cnndsl draw two.cnn --expand P", ["Pair"]),
        ("cnndsl summary two.cnn --columns name,ou", ["name,output"]),
        ("cnndsl layers matm", ["matmul"]),
        ("cnndsl check two.cnn --limit l", ["layers="]),
        ("cnndsl diff two.cnn --network Sm", ["Small"]),
        ("cnndsl diff two.cnn two.cnn:S", ["two.cnn:Small", "two.cnn:Second"]),
        ("cnndsl check two.cnn --ignore W203,W20", ["W203,W201", "W203,W202", "W203,W203", "W203,W204", "W203,W205",
                                                    "W203,W206", "W203,W207", "W203,W208", "W203,W209"]),
    ],
)  # fmt: skip
def test_tab_completion_knows_what_a_file_and_the_language_have(words: str, found: list[str], tmp_path: Path) -> None:
    (tmp_path / "two.cnn").write_text(
        "block Pair(channels) { conv(channels, 3) -> relu }\n"
        "network Small(classes = 2) { input(1, 8, 8); linear(classes) }\n"
        "network Second(channels = 2) { input(1, 8, 8); conv(1, 3) -> conv(channels, 3); Pair(4) }\n"
    )
    environment = os.environ | {
        "_CNNDSL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)
    }  # fmt: skip
    ran = subprocess.run(CNNDSL, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.stdout.split() == [f"plain,{word}" for word in found]
    assert ran.stderr == ""


@pytest.mark.parametrize("words", ["cnndsl check t", "cnndsl diff t", "cnndsl diff two.cnn t", "cnndsl import net.p"])
def test_tab_completion_of_files_is_the_shells(words: str) -> None:
    environment = os.environ | {
        "_CNNDSL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)
    }  # fmt: skip
    ran = subprocess.run(CNNDSL, env=environment, capture_output=True, text=True, check=False)
    assert ran.stdout == "file," + words.rpartition(" ")[2] + "\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in which a process is cannot be deleted there")
def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    script = (
        f"import os; os.rmdir({str(inside)!r}); from cnndsl.cli import main; raise SystemExit(main(['check', '-']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=inside, capture_output=True, text=True, check=False, input=NET
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "Error: the current folder is not there any more\n"
