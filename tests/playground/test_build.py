"""What keeps the page from being made, and what serves it."""

from __future__ import annotations

import json
import re
import sys
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner

from cnndsl.cli import cli
from cnndsl.playground import build
from cnndsl.playground.build import HOST, server


def test_a_folder_with_something_else_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(build.BuildProblem, match="stays as it is: name another folder"):
        build.build(tmp_path)
    ran = CliRunner().invoke(cli, ["playground", "-o", str(tmp_path)])
    assert (ran.exit_code, [each.name for each in tmp_path.iterdir()]) == (2, ["thesis.txt"])


def test_without_npm_one_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.BuildProblem, match=r"made with npm, which is not here: install Node\.js"):
        build.build(tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_what_a_program_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "npm"
    failing.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such package' + 5000 * 'x')\n")
    failing.chmod(0o755)
    (tmp_path / "node").symlink_to(failing)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.BuildProblem, match="npm failed\nno such packagex") as raised:
        build.build(tmp_path / "page")
    assert len(str(raised.value)) < 300
    assert sorted(each.name for each in tmp_path.iterdir()) == ["node", "npm"]  # nothing half made


def test_a_page_is_of_this_version_or_made_anew(tmp_path: Path) -> None:
    assert not build.is_current(tmp_path)
    (tmp_path / "cnndsl-playground").write_text("an earlier one")
    assert not build.is_current(tmp_path)


def test_the_compiler_is_what_a_wheel_has() -> None:
    found = dict(build._compiler())
    assert {"__init__.py", "grammars/cnn.lark", "models/net.cnn", "errors/E302.md", "locales/errors.ja.md"} <= {*found}
    assert not [target for target in found if "__pycache__" in target or target.startswith("playground/page")]


def test_what_is_brought_is_written_down() -> None:
    """The same page comes of it tomorrow: every version is one, and pip compares the files."""
    package = json.loads((build.PAGE / "package.json").read_text())
    assert all(re.fullmatch(r"[\d.]+", version) for version in package["dependencies"].values())
    lines = (build.PAGE / "requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines if line[0] != "#")


def test_the_server_has_files_and_no_folders(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>here")
    (tmp_path / "models").mkdir()
    (tmp_path / "code.wasm").write_bytes(b"\0asm")
    serving = server(tmp_path, 0)
    assert serving.server_address[0] == HOST == "127.0.0.1"
    thread = Thread(target=serving.serve_forever)
    thread.start()
    try:
        told = {}
        for path in ("/", "/code.wasm", "/models/", "/../../etc/passwd"):
            connection = HTTPConnection(HOST, serving.server_address[1])
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            told[path] = (answer.status, answer.headers["Content-Type"].partition(";")[0])
            assert answer.headers["Content-Security-Policy"] == build.POLICY
            connection.close()
    finally:
        serving.shutdown()
        serving.server_close()
        thread.join()
    assert told["/"] == (200, "text/html")
    assert told["/code.wasm"] == (200, "application/wasm")
    assert told["/models/"][0] == told["/../../etc/passwd"][0] == 404


def test_a_port_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "is_current", lambda _: True)
    with server(tmp_path, 0) as other:
        ran = CliRunner().invoke(cli, ["playground", "--port", str(other.server_address[1])])
    assert ran.exit_code == 2
    assert "cannot be used" in ran.output
    assert "--port 0 takes one that is free" in ran.output
