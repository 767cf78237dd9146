from __future__ import annotations

import os
import resource
import socket
import stat
from pathlib import Path

import pytest

from cnndsl import files
from cnndsl.diagnostics import Diagnostic, Problem


def never(_data: bytes) -> bool:
    return False


def refused(path: Path, **options: bool) -> Diagnostic:
    with pytest.raises(Problem) as problem:
        files.check_target(path, never, **options)
    return problem.value.diagnostic


def unread(path: Path) -> Diagnostic:
    with pytest.raises(Problem) as problem:
        files.read(path)
    return problem.value.diagnostic


# Reading


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "net.cnn"
    path.write_bytes("\ufeffrelu  # 日本語\r\n".encode())
    source = files.read(path)
    assert (source.name, source.text) == (str(path), "relu  # 日本語\n")


def test_a_missing_file(tmp_path: Path) -> None:
    found = unread(tmp_path / "gone.cnn")
    assert (found.code, found.span) == ("E001", None)
    assert found.message == f"{tmp_path / 'gone.cnn'} cannot be read: no such file or directory"


def test_a_suffix_that_was_forgotten(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text("relu")
    assert unread(tmp_path / "net").help == (f"did you mean {tmp_path / 'net.cnn'}?",)


def test_a_directory(tmp_path: Path) -> None:
    found = unread(tmp_path)
    assert found.code == "E001"
    assert found.message.endswith("it is a directory")
    assert found.help == (f"name the files in it: {tmp_path}/*.cnn",)


def test_a_name_that_no_file_can_have() -> None:
    assert unread(Path("a\0b")).code == "E001"


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.cnn")
    path.write_text("relu")
    files.read(path).name.encode()


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_not_utf8(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "net.cnn"
    path.write_bytes(start + "ok\n畳".encode() + b"\xe9\n")
    found = unread(path)
    assert found.code == "E002"
    assert "line 2 has the byte 0xe9" in found.message


def test_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "net.cnn"
    path.write_bytes(b"#" * files.LARGEST)
    assert len(files.read(path).text) == files.LARGEST
    path.write_bytes(b"#" * (files.LARGEST + 1))
    assert unread(path).code == "E003"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device without end")
def test_a_device_without_end() -> None:
    assert unread(Path("/dev/zero")).code == "E003"


# Names


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("net", "net"), ("my-net", "my_net"), ("net.v2", "net_v2"), ("3d net", "_3d_net"), ("class", "class_"),
        ("画像", "画像"), ("", "_"), ("-", "_"), ("match", "match"),
    ],
)  # fmt: skip
def test_module_names(stem: str, name: str) -> None:
    assert files.module_name(stem) == name
    assert name.isidentifier()


# What may be overwritten


def test_nothing_stands_there(tmp_path: Path) -> None:
    files.check_target(tmp_path / "net.py", never)
    files.check_target(tmp_path / "no" / "such" / "folder.py", never)


def test_an_empty_file_is_no_loss(tmp_path: Path) -> None:
    (tmp_path / "net.py").touch()
    files.check_target(tmp_path / "net.py", never)


def test_a_file_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("mine")
    files.check_target(tmp_path / "net.py", lambda data: data == b"mine")


def test_both_ends_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "net.pdf").write_bytes(b"start" + bytes(10**6) + b"end")
    files.check_target(tmp_path / "net.pdf", lambda data: data.startswith(b"start") and data.endswith(b"end"))


def test_a_file_of_someone_else(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("print()")
    found = refused(path)
    assert found.code == "E005"
    assert any("--force" in line for line in found.help)
    files.check_target(path, never, force=True)


def test_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("print()")
    link = tmp_path / "net.py"
    link.symlink_to("real.py")
    assert refused(link).code == "E005"
    files.check_target(link, never, force=True)
    files.write({link: b"new"})
    assert not link.is_symlink()
    assert (link.read_text(), (tmp_path / "real.py").read_text()) == ("new", "print()")


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    link = tmp_path / "net.py"
    link.symlink_to("gone.py")
    assert refused(link).code == "E005"


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file(tmp_path: Path, force: bool) -> None:
    folder, pipe, plug = tmp_path / "folder", tmp_path / "pipe", tmp_path / "plug"
    folder.mkdir()
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(plug))
        for path in (folder, pipe, plug, Path(os.devnull)):
            assert refused(path, force=force).code == "E004"


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    assert refused(tmp_path / "out" / "net.py").code == "E004"


# Writing


def test_write_makes_folders(tmp_path: Path) -> None:
    files.write({tmp_path / "a" / "b" / "net.py": b"1", tmp_path / "net.svg": b"2"})
    assert (tmp_path / "a" / "b" / "net.py").read_bytes() == b"1"
    assert (tmp_path / "net.svg").read_bytes() == b"2"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "net.py", "net.svg"]


def test_permissions(tmp_path: Path) -> None:
    new, old = tmp_path / "new.py", tmp_path / "old.py"
    old.write_text("")
    old.chmod(0o640)
    mask = os.umask(0o027)
    try:
        files.write({new: b"1", old: b"2"})
    finally:
        os.umask(mask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("old")
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem) as problem:
        files.write({tmp_path / "net.py": b"new", tmp_path / "file" / "net.svg": b"new"})
    assert problem.value.diagnostic.code == "E004"
    assert (tmp_path / "net.py").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "net.py"]


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(Problem, match="file too large"):
            files.write({tmp_path / "net.py": bytes(2000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("net.py", "old")]


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write({tmp_path / "net.py": b"new"})
    assert list(tmp_path.iterdir()) == []
