"""Files: nothing is read or written but what the user named, whatever lies there and whoever works beside."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import cnndsl
from cnndsl import files
from cnndsl.diagnostics import Problem
from cnndsl.tracing.inputs import read_text
from tests.cli.conftest import NET

CNNDSL = [sys.executable, "-m", "cnndsl"]
BLOCK = "block B {\n    relu\n}\n"


def importing(path: str, folder: Path) -> list[str]:
    """The errors of a text that imports from `path`, compiled in a folder."""
    text = f'from "{path}" import B\nnetwork Net {{ input(3, 8, 8); B }}\n'
    return [f"{d.code}: {d.message}" for d in cnndsl.compile(text, folder=folder).diagnostics]


def temporary_files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".cnndsl-")]


# Imports


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "secret.cnn").write_text(BLOCK)
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "b.cnn").write_text(BLOCK)
    return folder


def test_imports_from_the_folder_and_below(project: Path) -> None:
    assert importing("sub/b.cnn", project) == []
    assert importing("sub/../sub/b.cnn", project) == []


@pytest.mark.parametrize("path", ["../secret.cnn", "sub/../../secret.cnn", "/etc/passwd", "./../project/../secret.cnn"])
def test_no_import_from_outside(project: Path, path: str) -> None:
    (error,) = importing(path, project)
    assert error.startswith("E413")
    assert "root:" not in error


def test_no_import_through_a_link_to_the_outside(project: Path) -> None:
    (project / "link.cnn").symlink_to("../secret.cnn")
    (project / "up").symlink_to("..", target_is_directory=True)
    (project / "within.cnn").symlink_to("sub/b.cnn")
    (project / "loop.cnn").symlink_to("loop.cnn")
    assert importing("within.cnn", project) == []
    for path in ("link.cnn", "up/secret.cnn", "loop.cnn"):
        (error,) = importing(path, project)
        assert error.startswith("E413")


def test_a_project_bounds_imports(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.cnndsl]\n")
    folder = project / "nets"
    folder.mkdir()
    (folder / "own.cnn").write_text(BLOCK)
    (project / "out.cnn").symlink_to("../secret.cnn")
    (folder / "up.cnn").symlink_to("../sub/b.cnn")
    (folder / "far").symlink_to("../..", target_is_directory=True)
    for path in ("../sub/b.cnn", "../nets/own.cnn", "up.cnn", "../nets/../sub/b.cnn"):
        assert importing(path, folder) == []
    for path in ("../../secret.cnn", "../out.cnn", "far/secret.cnn", "../../project/../secret.cnn", ".."):
        (error,) = importing(path, folder)
        assert error.startswith("E413")


def test_a_project_that_cannot_be_read_bounds_nothing(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.cnndsl]\nignored = 1\n")
    (error,) = importing("../a.cnn", project / "sub")
    assert (
        error
        == f"E413: {project.resolve()}/pyproject.toml: [tool.cnndsl] has nothing called ignored, only ignore and extern"
    )


def test_one_file_by_two_ways_is_one_file(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.cnndsl]\n")
    (project / "sub" / "a.cnn").write_text('from "../sub/b.cnn" import B\nblock A { B }\n')
    text = 'from "a.cnn" import A\nfrom "b.cnn" import B\nnetwork Net { input(3, 8, 8); A -> B }\n'
    made = cnndsl.compile(text, folder=project / "sub").python()
    assert made.count("class B") == 1


@pytest.mark.parametrize("folder", [None, Path()], ids=["of no folder", "of a folder"])
def test_what_comes_with_cnndsl(folder: Path | None) -> None:
    text = 'from "cnndsl:resnet.cnn" import BasicBlock as B\nnetwork Net { input(3, 8, 8); B(4) }\n'
    compiled = cnndsl.compile(text, folder=folder)
    assert compiled.diagnostics == ()
    assert "BasicBlock, a block of cnndsl:resnet.cnn." in compiled.python()
    for path in (
        "cnndsl:../pyproject.cnn",
        "cnndsl:resnet",
        "cnndsl:",
        "cnndsl:cnndsl:resnet.cnn",
        "cnndsl:/etc/passwd",
    ):
        (error,) = cnndsl.compile(f'from "{path}" import B\nblock A {{ B }}\n', folder=folder).diagnostics
        assert error.code == "E413"


def test_no_import_of_what_is_no_file(project: Path) -> None:
    os.mkfifo(project / "pipe.cnn")
    (project / "zero.cnn").symlink_to("/dev/zero")
    (project / "folder.cnn").mkdir()
    for path in ("pipe.cnn", "zero.cnn", "folder.cnn", "gone.cnn", "a\0b.cnn"):
        (error,) = importing(path, project)
        assert error[0] == "E"


def test_files_that_import_one_another(project: Path) -> None:
    (project / "a.cnn").write_text('from "b.cnn" import B\nblock A { B }\n')
    (project / "b.cnn").write_text('from "a.cnn" import A\nblock B { A }\n')
    assert importing("b.cnn", project) == ["E413: files import one another in a circle: b.cnn -> a.cnn -> b.cnn"]


def test_a_file_that_imports_itself(project: Path) -> None:
    (project / "a.cnn").write_text('from "a.cnn" import A\nblock B { A }\n')
    assert importing("a.cnn", project) == ["E413: a.cnn imports itself"]


def test_a_file_that_may_not_be_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_text", forbidden)
    (project / "a.cnn").touch()
    assert importing("a.cnn", project) == ["E413: a.cnn cannot be read: permission denied"]


def test_a_long_way_of_imports(project: Path) -> None:
    for number in range(100):
        (project / f"{number}.cnn").write_text(f'from "{number + 1}.cnn" import B\n')
    assert importing("0.cnn", project) == ["E413: imports are nested more than 16 deep"]


# Sources


def test_a_pipe_into_which_nobody_writes_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "net.cnn"
    os.mkfifo(pipe)
    with pytest.raises(Problem, match="it is a pipe into which nobody writes"):
        files.read(pipe)


def test_a_pipe_with_a_writer_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "net.cnn"
    os.mkfifo(pipe)
    looking = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # lets the writer open it

    def write() -> None:
        with pipe.open("w") as out:
            opened.set()
            for line in NET.splitlines(keepends=True):
                out.write(line)
                out.flush()

    opened = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    opened.wait()
    text = files.read(pipe).text
    writer.join()
    os.close(looking)
    assert text == NET


def test_a_device_without_an_end_is_not_read_to_it() -> None:
    with pytest.raises(Problem) as problem:
        files.read(Path("/dev/zero"))
    assert problem.value.diagnostic.code == "E003"


def test_what_is_in_a_folder_is_found_once_and_links_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text(NET)
    (tmp_path / "around").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.cnn")
    assert list(files.sources([tmp_path, tmp_path / "a.cnn"])) == [tmp_path / "a.cnn"]


# Outputs


def test_a_file_that_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "net.cnn"
    path.write_text("newer")
    with pytest.raises(Problem, match="changed"):
        files.rewrite(path, b"older", b"formatted")
    assert path.read_text() == "newer"


def test_what_is_no_file_is_not_written_over(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / "gone", Path(os.devnull)):
        with pytest.raises(Problem):
            files.rewrite(path, b"", b"new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "net.cnn"
    path.write_text("old")
    path.chmod(0o640)
    files.rewrite(path, b"old", b"new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)


KILLED = """
import os, signal, sys
from pathlib import Path
from cnndsl import files
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
files.write({Path(name): b"new" * 100_000 for name in sys.argv[1:]})
"""


def test_killed_in_the_middle_the_old_files_are_whole(tmp_path: Path) -> None:
    old = [tmp_path / "net.py", tmp_path / "net.svg"]
    for path in old:
        path.write_text("old")
    ran = subprocess.run([sys.executable, "-c", KILLED, *old], check=False)
    assert ran.returncode == -signal.SIGKILL
    assert [path.read_text() for path in old] == ["old", "old"]


def test_what_a_killed_run_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(NET)
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "net.py"], check=False)
    assert temporary_files(tmp_path)
    ran = subprocess.run([*CNNDSL, "compile", "--diagram", "none", "net.cnn"], cwd=tmp_path, check=False)
    assert ran.returncode == 0
    assert (tmp_path / "net.py").exists()


def test_runs_beside_each_other_write_whole_files(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(NET)
    (tmp_path / "untidy.cnn").write_text(NET.replace(" ", "  "))
    commands = [["compile", "net.cnn", "--diagram", "dot"], ["fmt", "untidy.cnn"]] * 2
    running = [subprocess.Popen([*CNNDSL, *words], cwd=tmp_path, stdout=subprocess.PIPE) for words in commands]
    for process in running:
        process.communicate()
    assert [process.returncode for process in running[::2]] == [0, 0]
    assert 0 in [process.returncode for process in running[1::2]]
    assert (tmp_path / "net.py").read_text() == cnndsl.compile(NET, name="net.cnn").python()
    assert (tmp_path / "net.dot").read_text().rstrip().endswith("}")
    assert (tmp_path / "untidy.cnn").read_text() == NET
    assert temporary_files(tmp_path) == []


def test_loading_does_not_read_a_device_to_its_end() -> None:
    with pytest.raises(cnndsl.CompilationError, match="larger than"):
        cnndsl.load("/dev/zero")


def test_numbers_are_not_read_from_a_device_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.symlink_to("/dev/zero")
    with pytest.raises(Problem, match="not a regular file"):
        read_text(path)
