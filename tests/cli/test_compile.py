from __future__ import annotations

import json
import os
import re
import shlex
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from cnndsl.compiler import compile as compiled
from tests.cli.conftest import BAD, NET, Command, made


def test_beside_the_source(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("compile", "net.cnn")
    assert (result.code, result.out, result.err) == (0, "wrote net.py\nwrote net.svg\n", "")
    assert made(folder) == ["net.py", "net.svg"]
    compile((folder / "net.py").read_text(), "net.py", "exec")
    assert ET.parse(folder / "net.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own file


def test_in_another_folder(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("compile", "net.cnn", "-o", "build/nets")
    assert (result.code, result.out) == (0, "wrote build/nets/net.py\nwrote build/nets/net.svg\n")
    assert made(folder) == ["build/nets/net.py", "build/nets/net.svg"]


def test_the_folder_leaves_no_trace(cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text gives the same bytes, however its file is called from."""
    (folder / "parts").mkdir()
    (folder / "parts" / "b.cnn").write_text("block B { relu }")
    (folder / "net.cnn").write_text(f'from "parts/b.cnn" import B\n{NET.replace("-> relu", "-> B")}')
    cnndsl("compile", "net.cnn", "-o", "one")
    cnndsl("compile", folder / "net.cnn", "-o", "two")
    monkeypatch.chdir(folder / "one")
    cnndsl("compile", "../net.cnn", "-o", "../three")
    for name in ("net.py", "net.svg"):
        assert len({(folder / out / name).read_bytes() for out in ("one", "two", "three")}) == 1
        assert str(folder).encode() not in (folder / "one" / name).read_bytes()
    assert b"parts/b.cnn#L1" in (folder / "one" / "net.svg").read_bytes()


@pytest.mark.parametrize(
    ("diagram", "start"), [("dot", b"digraph"), ("svg", b"<svg"), ("png", b"\x89PNG"), ("none", None)]
)
def test_pictures(cnndsl: Command, folder: Path, diagram: str, start: bytes | None) -> None:
    assert cnndsl("compile", "net.cnn", "--diagram", diagram).code == 0
    if start is None:
        assert made(folder) == ["net.py"]
    else:
        assert start in (folder / f"net.{diagram}").read_bytes()[:200]


def test_without_a_renderer_the_graph_is_written(
    cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setitem(sys.modules, "typst", None)
    result = cnndsl("compile", "net.cnn", "--diagram", "pdf")
    assert result.code == 2
    assert result.out == "wrote net.py\nwrote net.dot\n"
    assert result.err.startswith("error[E006]: net.pdf cannot be drawn: ")
    assert made(folder) == ["net.dot", "net.py"]


@pytest.mark.parametrize("name", ["net.py", "out.svg", "net.cnn/x.dot"])
def test_a_file_is_no_folder(cnndsl: Command, folder: Path, name: str) -> None:
    result = cnndsl("compile", "net.cnn", "-o", name)
    assert (result.code, result.out) == (2, "")
    assert "looks like a file" in result.err
    (folder / "v1.py").mkdir()
    assert cnndsl("compile", "net.cnn", "-o", "v1.py").code == 0


def test_errors_write_nothing(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("compile", "bad.cnn")
    assert (result.code, result.out) == (1, "")
    assert "error[E201]: nothing is called rely" in result.err
    assert made(folder) == []


def test_errors_leave_the_old_files(cnndsl: Command, folder: Path) -> None:
    cnndsl("compile", "net.cnn")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.suffix != ".cnn"}
    (folder / "net.cnn").write_text(BAD)
    assert cnndsl("compile", "net.cnn").code == 1
    assert {path: path.read_bytes() for path in folder.iterdir() if path.suffix != ".cnn"} == before


def test_a_source_with_errors_does_not_stop_the_others(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("compile", "bad.cnn", "gone.cnn", "net.cnn")
    assert result.code == 2
    assert made(folder) == ["net.py", "net.svg"]


def test_warnings_go_to_standard_error(cnndsl: Command) -> None:
    result = cnndsl("compile", "warned.cnn", "--diagram", "none")
    assert (result.code, result.out) == (0, "wrote warned.py\n")
    assert result.err.startswith("warning[")
    assert [
        json.loads(line)["severity"] for line in cnndsl("compile", "warned.cnn", "--format", "json").err.splitlines()
    ] == ["warning"]


def test_settings(cnndsl: Command, folder: Path) -> None:
    assert cnndsl("compile", "net.cnn", "--set", "classes=7").code == 0
    assert "7" in (folder / "net.py").read_text()


SET = """\
network Net(widths = [8], label = "a", slope = 1.5, wide = true) {
    input(3, 8, 8)
    for width in widths { conv(width, 1) -> leaky_relu(slope) }
    "{label}": linear(2 if wide else 1)
}
"""


@pytest.mark.parametrize("name", ["net.cnn", "my net.cnn", "-net.cnn"])
def test_the_command_in_a_module_writes_it_again(cnndsl: Command, folder: Path, name: str) -> None:
    (folder / name).write_text(SET)
    settings = ["widths=[8, 16]", 'label="two words"', "slope=2.0", "wide=false"]
    options = [option for setting in settings for option in ("--set", setting)]
    assert cnndsl("compile", "--diagram", "none", *options, "--", name).code == 0
    (path,) = folder.glob("*.py")
    text = path.read_text()
    (command,) = re.findall("^    (cnndsl compile .*)$", text, re.MULTILINE)
    path.unlink()
    assert cnndsl(*shlex.split(command)[1:]).code == 0
    assert path.read_text() == text


def test_a_setting_that_no_literal_stands_for_is_left_to_the_reader() -> None:
    text = compiled(SET, name="net.cnn", settings={"label": 'a"""b\\', "widths": [8] * 100}).python()
    assert " --set label=... --set widths=...\n" in text


# One output to standard output


def test_the_module_alone_to_standard_output(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("compile", "net.cnn", "-o", "-")
    assert (result.code, result.err) == (0, "")
    assert made(folder) == []
    cnndsl("compile", "net.cnn")
    assert result.out.encode() == (folder / "net.py").read_bytes()
    piped = cnndsl("compile", "-", "-o", "-", "--stdin-filename", "net.cnn", "--diagram", "none", stdin=NET.encode())
    assert (piped.code, piped.out) == (0, result.out)


def test_errors_and_warnings_stand_beside_standard_output(cnndsl: Command, folder: Path) -> None:
    warned = cnndsl("compile", "warned.cnn", "-o", "-")
    assert (warned.code, warned.out[:8], warned.err[:8]) == (0, '"""Net, ', "warning[")
    compile(warned.out, "warned.py", "exec")
    bad = cnndsl("compile", "bad.cnn", "-o", "-", "--format", "concise")
    assert (bad.code, bad.out, bad.err) == (1, "", "bad.cnn:3:19: E201 nothing is called rely\n")
    assert made(folder) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["net.cnn", "--diagram", "svg"], "prints the module alone: leave out --diagram"),
        (["net.cnn", "warned.cnn"], "prints one module: name one FILE"),
        (["."], "prints one module: name one FILE"),
        (["net.cnn", "--check"], "compare with a file, and - is none"),
        (["net.cnn", "--diff"], "compare with a file, and - is none"),
    ],
)
def test_standard_output_takes_one_output(
    cnndsl: Command, folder: Path, arguments: list[str], words: str
) -> None:  # fmt: skip
    result = cnndsl("compile", "-o", "-", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert made(folder) == []


# Folders


@pytest.fixture
def models(folder: Path) -> Path:
    """A folder with networks at two levels, a file of blocks, one without meaning, and what is hidden."""
    top = folder / "models"
    (top / "more").mkdir(parents=True)
    (top / ".hidden").mkdir()
    for name in ("a.cnn", "more/b.cnn", ".hidden/c.cnn"):
        (top / name).write_text(NET)
    (top / "blocks.cnn").write_text("block B { relu }")
    (top / "notes.txt").write_text("no text of ours")
    return top


@pytest.mark.usefixtures("models")
def test_a_folder(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("compile", "models", "--diagram", "none")
    assert (result.code, result.err) == (0, "")
    assert result.out == "skipped models/blocks.cnn: it has no network\nwrote models/a.py\nwrote models/more/b.py\n"
    assert [name for name in made(folder) if name.endswith(".py")] == ["models/a.py", "models/more/b.py"]


@pytest.mark.usefixtures("models")
def test_a_folder_into_another_has_the_same_folders(cnndsl: Command, folder: Path) -> None:
    assert cnndsl("compile", "models", "net.cnn", "models/more", "-o", "out", "--diagram", "none").code == 0
    found = sorted(str(path.relative_to(folder)) for path in (folder / "out").rglob("*.*"))
    assert found == ["out/a.py", "out/more/b.py", "out/net.py"]


def test_a_file_of_blocks_that_is_named_is_an_error(cnndsl: Command, models: Path) -> None:
    result = cnndsl("compile", "models", "models/blocks.cnn")
    assert result.code == 1
    assert "error[E411]: there are blocks here, and no network" in result.err
    assert made(models) == ["a.py", "a.svg", "more/b.py", "more/b.svg", "notes.txt"]


def test_a_folder_with_errors(cnndsl: Command, models: Path) -> None:
    (models / "bad.cnn").write_text(BAD)
    result = cnndsl("compile", "models", "--format", "concise")
    assert (result.code, result.err) == (1, "models/bad.cnn:3:19: E201 nothing is called rely\n")
    assert (models / "a.py").exists()


def test_a_folder_without_texts(cnndsl: Command, folder: Path) -> None:
    (folder / "empty").mkdir()
    result = cnndsl("compile", "empty", "net.cnn")
    assert result.code == 2
    assert "error[E001]: there is no .cnn file in empty" in result.err
    assert made(folder) == ["net.py", "net.svg"]


def test_links_to_one_file_are_two_sources(cnndsl: Command, folder: Path) -> None:
    (folder / "other.cnn").symlink_to("net.cnn")
    assert cnndsl("compile", "other.cnn", "net.cnn", "./net.cnn", "--diagram", "none").code == 0
    assert made(folder) == ["net.py", "other.py"]


# One network of several

TWO = """\
block Block(channels) { conv(channels, 3) -> relu }
block Other { conv(3, 1) }
network First(classes = 3) { input(1, 8, 8); Block(4) -> Other -> linear(classes) }
network Second { input(1, 8, 8); Block(4) -> Block(8) }
"""


def test_one_network(cnndsl: Command, folder: Path) -> None:
    (folder / "two.cnn").write_text(TWO)
    assert cnndsl("compile", "two.cnn", "--network", "First", "--set", "classes=7").code == 0
    text = (folder / "two.py").read_text()
    assert re.findall(r"^class (\w+)", text, re.MULTILINE) == ["Block", "Other", "First"]
    assert b">First<" in (folder / "two.svg").read_bytes()
    second = cnndsl("compile", "two.cnn", "--network", "Second", "-o", "-").out
    assert re.findall(r"^class (\w+)", second, re.MULTILINE) == ["Block", "Second"]
    compile(second, "two.py", "exec")


def test_the_command_in_a_module_of_one_network_writes_it_again(cnndsl: Command, folder: Path) -> None:
    (folder / "two.cnn").write_text(TWO)
    options = ["--network", "First", "--target", "inference", "--set", "classes=7", "--diagram", "none"]
    assert cnndsl("compile", "two.cnn", *options).code == 0
    text = (folder / "two_inference.py").read_text()
    (command,) = re.findall("^    (cnndsl compile .*)$", text, re.MULTILINE)
    (folder / "two_inference.py").unlink()
    assert cnndsl(*shlex.split(command)[1:]).code == 0
    assert (folder / "two_inference.py").read_text() == text


def test_a_network_that_is_not_there(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("compile", "net.cnn", "--network", "Nat")
    assert (result.code, result.out) == (2, "")
    assert "net.cnn has no network Nat; it has Net" in result.err
    several = cnndsl("compile", "net.cnn", "warned.cnn", "--network", "Net")
    assert "--network is about one FILE" in several.err
    assert "--network is about one FILE" in cnndsl("compile", ".", "--network", "Net").err
    assert made(folder) == []


# Whether modules are what their texts give


def test_a_module_that_is_what_its_text_gives(cnndsl: Command, folder: Path) -> None:
    cnndsl("compile", "net.cnn")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    result = cnndsl("compile", "--check", "net.cnn")
    assert (result.code, result.out, result.err) == (0, "1 file compared, none to be written anew\n", "")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_module_that_is_not(cnndsl: Command, folder: Path) -> None:
    cnndsl("compile", "net.cnn", "warned.cnn", "--diagram", "none")
    (folder / "net.cnn").write_text(NET.replace("conv(2", "conv(3"))
    before = (folder / "net.py").read_bytes()
    result = cnndsl("compile", "--check", "net.cnn", "warned.cnn")
    assert result.code == 1
    assert result.out == "net.py differs: it is not what net.cnn gives\n2 files compared, 1 to be written anew\n"
    assert result.err.startswith("warning[")
    assert (folder / "net.py").read_bytes() == before
    assert made(folder) == ["net.py", "warned.py"]


def test_what_differs_in_a_module(cnndsl: Command, folder: Path) -> None:
    cnndsl("compile", "net.cnn", "--diagram", "none")
    (folder / "net.cnn").write_text(NET.replace("conv(2", "conv(3"))
    for options, code in ((["--diff"], 0), (["--diff", "--check"], 1)):
        result = cnndsl("compile", *options, "net.cnn")
        assert result.code == code
        assert result.out.startswith("--- net.py\n+++ net.py\n@@ ")
        assert "\n-        self.conv1 = nn.Conv2d(1, 2, 3)\n+        self.conv1 = nn.Conv2d(1, 3, 3)\n" in result.out
        assert result.err == "net.py differs: it is not what net.cnn gives\n1 file compared, 1 to be written anew\n"
    colored = cnndsl("compile", "--diff", "--color", "always", "net.cnn").out
    assert "\x1b[31m-        self.conv1 = nn.Conv2d(1, 2, 3)\x1b[0m\n" in colored


def test_a_module_that_is_missing(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("compile", "--check", "net.cnn", "--target", "inference")
    assert result.code == 1
    assert result.out.startswith("net_inference.py is missing: it is not what net.cnn gives\n")
    assert made(folder) == []
    shown = cnndsl("compile", "--diff", "net.cnn").out
    assert shown.splitlines()[3].startswith('+"""Net, generated by cnndsl from net.cnn.')


def test_a_checkout_with_other_line_ends(cnndsl: Command, folder: Path) -> None:
    """As git makes it with core.autocrlf: the text and the module."""
    cnndsl("compile", "net.cnn", "warned.cnn", "--diagram", "dot")
    for name in ("net.cnn", "net.py", "net.dot"):
        (folder / name).write_bytes((folder / name).read_bytes().replace(b"\n", b"\r\n"))
    result = cnndsl("compile", "--check", "net.cnn", "--diagram", "dot")
    assert (result.code, result.out) == (0, "2 files compared, none to be written anew\n")
    (folder / "net.py").write_bytes((folder / "net.py").read_bytes().replace(b"nn.ReLU", b"nn.GELU"))
    changed = cnndsl("compile", "--check", "--diff", "net.cnn").out
    assert sum(line[0] in "+-" for line in changed.splitlines()) == 4


@pytest.mark.usefixtures("models")
def test_a_folder_is_compared_as_it_is_compiled(cnndsl: Command, folder: Path) -> None:
    assert cnndsl("compile", "models", "-o", "build").code == 0
    assert cnndsl("compile", "models", "-o", "build", "--check").code == 0
    (folder / "build" / "more" / "b.py").unlink()
    result = cnndsl("compile", "models", "-o", "build", "--check")
    assert result.code == 1
    assert "build/more/b.py is missing" in result.out
    assert cnndsl("compile", "models/a.cnn", "-o", "build", "--check", "--set", "classes=3").code == 1


def test_a_graph_is_compared_and_a_picture_is_not(cnndsl: Command, folder: Path) -> None:
    cnndsl("compile", "net.cnn", "--diagram", "dot")
    (folder / "net.dot").write_text("digraph {}")
    result = cnndsl("compile", "net.cnn", "--check", "--diagram", "dot")
    assert result.code == 1
    assert result.out == "net.dot differs: it is not what net.cnn gives\n2 files compared, 1 to be written anew\n"
    refused = cnndsl("compile", "net.cnn", "--check", "--diagram", "svg")
    assert refused.code == 2
    assert "no svg is compared" in refused.err


def test_what_is_compared_is_not_forced(cnndsl: Command) -> None:
    for option in ("--check", "--diff"):
        result = cnndsl("compile", "net.cnn", option, "--force")
        assert (result.code, result.out) == (2, "")
        assert "write nothing, and --force is about what is overwritten" in result.err


def test_a_text_with_errors_is_not_compared(cnndsl: Command, folder: Path) -> None:
    cnndsl("compile", "net.cnn", "--diagram", "none")
    result = cnndsl("compile", "--check", "bad.cnn", "net.cnn")
    assert (result.code, result.out) == (1, "1 file compared, none to be written anew\n")
    (folder / "net.py").unlink()
    (folder / "net.py").mkdir()
    blocked = cnndsl("compile", "--check", "net.cnn")
    assert blocked.code == 2
    assert "net.py cannot be read: it is a directory" in blocked.err


def test_standard_input_is_compared_with_a_file(cnndsl: Command) -> None:
    cnndsl("compile", "net.cnn", "-o", "out")
    arguments = ("compile", "-", "--stdin-filename", "net.cnn", "-o", "out", "--check")
    assert cnndsl(*arguments, stdin=NET.encode()).code == 0
    assert cnndsl(*arguments, stdin=NET.replace("8, 8", "9, 9").encode()).code == 1


# Names


@pytest.mark.parametrize(
    ("stem", "module"), [("my-net", "my_net"), ("3d", "_3d"), ("class", "class_"), ("画像", "画像")]
)
def test_the_module_can_be_imported(cnndsl: Command, folder: Path, stem: str, module: str) -> None:
    (folder / f"{stem}.cnn").write_text(NET)
    assert cnndsl("compile", f"{stem}.cnn").code == 0
    assert made(folder) == sorted([f"{module}.py", f"{stem}.svg"])


def test_a_name_that_begins_with_a_dash(cnndsl: Command, folder: Path) -> None:
    (folder / "-net.cnn").write_text(NET)
    assert cnndsl("compile", "--", "-net.cnn").code == 0
    assert "_net.py" in made(folder)


def test_standard_input_is_called_as_its_network(cnndsl: Command) -> None:
    result = cnndsl("compile", "-", "-o", ".", stdin=NET.encode())
    assert (result.code, result.out) == (0, "wrote net.py\nwrote net.svg\n")


def test_standard_input_with_a_name(cnndsl: Command) -> None:
    result = cnndsl("compile", "-", "-o", "out", "--stdin-filename", "a/lenet.cnn", stdin=NET.encode())
    assert (result.code, result.out) == (0, "wrote out/lenet.py\nwrote out/lenet.svg\n")


def test_standard_input_needs_a_folder(cnndsl: Command) -> None:
    result = cnndsl("compile", "-", stdin=NET.encode())
    assert result.code == 2
    assert "-o DIR" in result.err


# What must not be overwritten


@pytest.mark.parametrize("pairs", [("a/net.cnn", "b/net.cnn"), ("a/my-net.cnn", "a/my_net.cnn")])
def test_two_sources_with_one_target(cnndsl: Command, folder: Path, pairs: tuple[str, str]) -> None:
    for pair in pairs:
        (folder / pair).parent.mkdir(exist_ok=True)
        (folder / pair).write_text(NET)
    result = cnndsl("compile", *pairs, "-o", "out")
    assert result.code == 2
    assert f"{pairs[0]} and {pairs[1]} would both be written to out" in result.err
    assert made(folder) == []


def test_the_same_source_twice_is_once(cnndsl: Command) -> None:
    assert cnndsl("compile", "net.cnn", "./net.cnn").out == "wrote net.py\nwrote net.svg\n"


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_source_is_never_overwritten(cnndsl: Command, folder: Path, force: list[str]) -> None:
    (folder / "net.py").write_text(NET)
    result = cnndsl("compile", "net.py", *force)
    assert result.code == 2
    assert "net.py is a source" in result.err
    assert (folder / "net.py").read_text() == NET


@pytest.mark.parametrize(
    ("diagram", "name"), [("svg", "net.py"), ("svg", "net.svg"), ("dot", "net.dot"), ("png", "net.png")]
)
def test_a_file_of_someone_else(cnndsl: Command, folder: Path, diagram: str, name: str) -> None:
    (folder / name).write_bytes(b"import torch\n# mine")
    result = cnndsl("compile", "net.cnn", "--diagram", diagram)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error[E005]: {name} was not written by cnndsl")
    assert made(folder) == [name]
    assert cnndsl("compile", "net.cnn", "--diagram", diagram, "--force").code == 0
    assert (folder / name).read_bytes() != b"import torch\n# mine"


@pytest.mark.parametrize("diagram", ["svg", "dot", "png"])
def test_our_own_files_are_renewed(cnndsl: Command, folder: Path, diagram: str) -> None:
    cnndsl("compile", "net.cnn", "--diagram", diagram)
    (folder / "net.cnn").write_text(NET.replace("conv(2", "conv(3"))
    assert cnndsl("compile", "net.cnn", "--diagram", diagram).code == 0
    assert "3" in (folder / "net.py").read_text()


def test_a_module_that_only_uses_us_is_someone_elses(cnndsl: Command, folder: Path) -> None:
    (folder / "net.py").write_text('"""Loads a net with cnndsl."""\nimport cnndsl\n')
    assert cnndsl("compile", "net.cnn").code == 2


def test_a_link(cnndsl: Command, folder: Path) -> None:
    (folder / "elsewhere.py").write_text("")
    (folder / "net.py").symlink_to("elsewhere.py")
    result = cnndsl("compile", "net.cnn")
    assert result.code == 2
    assert "net.py is a symbolic link" in result.err


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_folder_in_the_way(cnndsl: Command, folder: Path, force: list[str]) -> None:
    (folder / "net.svg").mkdir()
    result = cnndsl("compile", "net.cnn", *force)
    assert result.code == 2
    assert "net.svg cannot be written: it is a directory" in result.err
    assert made(folder) == []


def test_a_file_where_the_folder_should_be(cnndsl: Command, folder: Path) -> None:
    (folder / "out").write_text("")
    result = cnndsl("compile", "net.cnn", "-o", "out")
    assert result.code == 2
    assert "out/net.py cannot be written: not a directory" in result.err


def test_a_name_that_is_too_long(cnndsl: Command) -> None:
    result = cnndsl("compile", "net.cnn", "-o", "x" * 300)
    assert result.code == 2
    assert "cannot be written: file name too long" in result.err
    assert "cannot be read: file name too long" in cnndsl("compile", "x" * 300).err


def test_a_name_that_just_fits(cnndsl: Command, folder: Path) -> None:
    (folder / f"{'x' * 251}.cnn").write_text(NET)
    assert cnndsl("compile", f"{'x' * 251}.cnn").code == 0
    assert "cannot be read: no such file" in cnndsl("compile", "y" * 255).err


def test_a_link_to_itself(cnndsl: Command, folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    result = cnndsl("compile", "net.cnn", "-o", "loop")
    assert result.code == 2
    assert "cannot be written: too many levels of symbolic links" in result.err


def test_a_folder_that_is_closed(cnndsl: Command, folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o500)
    if os.access(folder / "closed", os.W_OK):
        pytest.skip("nothing is closed to the superuser")
    result = cnndsl("compile", "net.cnn", "-o", "closed")
    assert result.code == 2
    assert "cannot be written: permission denied" in result.err


def test_the_picture_in_another_language(cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is the same in each."""
    text = "network Net { input(3, 8, 8); conv(4, 3) -> dropout -> linear(2) }"
    (folder / "net.cnn").write_text(text, encoding="utf-8")
    said = []
    for language in ("en", "ja"):
        monkeypatch.setenv("CNNDSL_LANG", language)
        assert cnndsl("compile", "net.cnn", "--diagram", "dot", "--force").code == 0
        said.append([(folder / name).read_text(encoding="utf-8") for name in ("net.dot", "net.py")])
    (english, module), (japanese, other) = said
    assert "入力" in japanese
    assert "入力" not in english
    assert module == other
