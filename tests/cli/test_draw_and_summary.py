from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import BAD, NET, WARNED, Command, made

TWO = """\
block Block(channels) { conv(channels, 3) -> relu }
network First { input(1, 8, 8); Block(4) }
network Second = First()
network Third { input(1, 8, 8); Block(4) -> Block(8) }
"""


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.svg", b"<svg"),
        ("a.png", b"\x89PNG"),
        ("a.dot", b"digraph"),
        ("a.mmd", b"---\ntitle: "),
        ("a.md", b"```mermaid\n"),
        ("a.html", b"<!-- made by cnndsl -->\n<!doctype html>"),
    ],
)
def test_the_suffix_says_what(cnndsl: Command, folder: Path, name: str, start: bytes) -> None:
    result = cnndsl("draw", "net.cnn", "-o", f"pictures/{name}")
    assert (result.code, result.out, result.err) == (0, f"wrote pictures/{name}\n", "")
    assert start in (folder / "pictures" / name).read_bytes()


def test_a_picture_of_volumes(cnndsl: Command, folder: Path) -> None:
    assert cnndsl("draw", "net.cnn", "--style", "volume").out == "wrote net-volume.svg\n"
    assert b'class="cnndsl-volume"' in (folder / "net-volume.svg").read_bytes()
    assert cnndsl("draw", "net.cnn").out == "wrote net.svg\n"  # beside it
    assert made(folder) == ["net-volume.svg", "net.svg"]
    assert cnndsl("draw", "net.cnn", "-o", "net-volume.svg").code == 0  # one picture of ours may replace another


def test_a_form_without_a_name(cnndsl: Command, folder: Path) -> None:
    assert cnndsl("draw", "net.cnn", "--format", "mmd").out == "wrote net.mmd\n"
    assert cnndsl("draw", "net.cnn", "--format", "png", "--style", "volume").out == "wrote net-volume.png\n"
    assert cnndsl("draw", "net.cnn", "--format", "dot", "-o", "x.dot").out == "wrote x.dot\n"
    assert (folder / "net-volume.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("form", "style", "start"),
    [
        ("svg", "diagram", b"<svg"),
        ("svg", "volume", b"<svg"),
        ("png", "diagram", b"\x89PNG"),
        ("png", "volume", b"\x89PNG"),
        ("dot", "diagram", b"digraph"),
        ("mmd", "diagram", b"---\ntitle: "),
        ("md", "diagram", b"```mermaid\n"),
    ],
)
def test_a_picture_to_standard_output(cnndsl: Command, folder: Path, form: str, style: str, start: bytes) -> None:
    line = ["draw", "warned.cnn", "--style", style, "--format", form]
    ran = subprocess.run([sys.executable, "-m", "cnndsl", *line, "-o", "-"], capture_output=True, check=True)
    assert start in ran.stdout[:200]
    assert ran.stderr.startswith(b"warning[")
    assert made(folder) == []
    cnndsl(*line, "-o", f"x.{form}")
    assert (folder / f"x.{form}").read_bytes() == ran.stdout


def test_an_svg_where_no_form_is_said(cnndsl: Command, folder: Path) -> None:
    assert "<svg" in cnndsl("draw", "-", "-o", "-", stdin=NET.encode()).out[:200]
    bad = cnndsl("draw", "bad.cnn", "-o", "-")
    assert (bad.code, bad.out) == (1, "")
    assert bad.err.startswith("error[E201]")
    assert made(folder) == []


def test_no_other_form_to_standard_output(cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be drawn is written as a graph beside a name, and not into somebody's pipe."""
    monkeypatch.setitem(sys.modules, "typst", None)
    result = cnndsl("draw", "net.cnn", "--style", "volume", "-o", "-", "--format", "png")
    assert (result.code, result.out) == (2, "")
    assert "error[E006]: the PNG cannot be drawn: " in result.err
    assert "the picture itself is there with --format svg" in result.err
    assert made(folder) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "a.png", "--format", "svg"], "a.png is to be a png by its name, and a svg by --format"),
        (["--style", "neurons", "--format", "dot"], "the style neurons can be svg, png or pdf, and no dot"),
        (
            ["--style", "volume", "--format", "dot", "-o", "-"],
            "the style volume can be svg, png, pdf or tex, and no dot",
        ),
        (["--format", "tex"], "the style diagram can be svg, png, pdf, html, dot, mmd or md, and no tex"),
        (["--width", "17"], "width takes a number with its unit, cm, mm, in, pt, px, as in 17cm, and not '17'"),
        (["--width", "0cm"], "width takes a number with its unit"),
        (["--width", "17cm", "--format", "dot"], "--width is for a picture that is printed, and a .dot has no size"),
        (["--format", "json"], "'json' is not one of"),
    ],
)
def test_forms_that_contradict(cnndsl: Command, folder: Path, arguments: list[str], words: str) -> None:
    result = cnndsl("draw", "net.cnn", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert made(folder) == []


def test_a_picture_of_pixels_is_not_for_a_terminal(cnndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnndsl.cli.draw.on_terminal", lambda: True)
    result = cnndsl("draw", "net.cnn", "-o", "-", "--format", "png")
    assert (result.code, result.out) == (2, "")
    assert "a PNG is no text for a terminal: name a file" in result.err
    assert cnndsl("draw", "net.cnn", "-o", "-", "--format", "dot").code == 0


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_folder_is_no_network(cnndsl: Command, name: str) -> None:
    result = cnndsl("draw", name)
    assert result.code == 2
    assert "cannot be read: it is a directory" in result.err


def test_a_style_has_formats_of_its_own(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("draw", "net.cnn", "--style", "volume", "-o", "net.dot")
    assert result.code == 2
    assert "net.dot does not end in .svg, .png, .pdf or .tex, which is all that the style volume can be" in result.err
    assert made(folder) == []


def test_a_picture_that_is_too_wide_says_so(cnndsl: Command, folder: Path) -> None:
    result = cnndsl("draw", "net.cnn", "--width", "2cm")
    assert (result.code, result.out) == (0, "wrote net.svg\n")
    assert "warning[W001]: 2cm wide, the smallest text is" in result.err
    assert "a smaller depth, such as --depth 0" in result.err
    assert 'width="2.00cm"' in (folder / "net.svg").read_text()


def test_volumes_without_what_makes_pixels(cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    result = cnndsl("draw", "net.cnn", "--style", "volume", "-o", "net.png")
    assert (result.code, result.out) == (2, "wrote net.svg\n")
    assert "net.png cannot be drawn: nothing here can make a PNG: run pip install 'cnndsl[png]'" in result.err
    assert made(folder) == ["net.svg"]


def test_a_page_that_somebody_wrote_is_not_overwritten(cnndsl: Command, folder: Path) -> None:
    assert cnndsl("draw", "net.cnn", "-o", "net.md").code == 0
    assert cnndsl("draw", "net.cnn", "-o", "net.md").code == 0
    page = "# My network\n\n" + (folder / "net.md").read_text()
    (folder / "net.md").write_text(page)
    assert cnndsl("draw", "net.cnn", "-o", "net.md").code == 2
    assert (folder / "net.md").read_text() == page


def test_by_default_an_svg_beside_the_source(cnndsl: Command) -> None:
    assert cnndsl("draw", "net.cnn").out == "wrote net.svg\n"


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.svg.gz", ".svg", "net.cnn"])
def test_a_suffix_that_is_none(cnndsl: Command, folder: Path, name: str) -> None:
    result = cnndsl("draw", "net.cnn", "-o", name)
    assert result.code == 2
    assert "does not end in .svg, .png, .pdf, .html, .dot, .mmd or .md" in result.err
    assert (folder / "net.cnn").read_text() == NET


def test_a_source_is_never_overwritten(cnndsl: Command, folder: Path) -> None:
    (folder / "net.svg").write_text(NET)
    assert "is a source" in cnndsl("draw", "net.svg", "--force").err
    assert (folder / "net.svg").read_text() == NET


def test_options_reach_the_picture(cnndsl: Command, folder: Path) -> None:
    (folder / "two.cnn").write_text(TWO)
    drawn = {}
    for options in ["", "--direction lr", "--theme dark", "--depth 0", "--network First", "--expand Block --depth 0"]:
        assert cnndsl("draw", "two.cnn", "-o", "out.dot", *options.split()).code == 0
        drawn[options] = (folder / "out.dot").read_text()
    assert "rankdir=LR" in drawn["--direction lr"].replace('"', "")
    assert "First" in drawn["--network First"]
    assert len(set(drawn.values())) >= 5


@pytest.mark.parametrize("command", ["draw", "summary"])
def test_a_network_that_is_none(cnndsl: Command, folder: Path, command: str) -> None:
    (folder / "two.cnn").write_text(TWO)
    result = cnndsl(command, "two.cnn", "--network", "Fourth")
    assert result.code == 2
    assert "two.cnn has no network Fourth; it has First, Second, Third" in result.err


@pytest.mark.parametrize("name", ["Blok", "conv1", "nothing.at.all", ""])
@pytest.mark.parametrize("style", ["diagram", "volume"])
def test_what_cannot_be_expanded(cnndsl: Command, folder: Path, name: str, style: str) -> None:
    (folder / "two.cnn").write_text(TWO)
    result = cnndsl("draw", "two.cnn", "--expand", name, "--style", style)
    assert result.code == 2
    assert f"has no block or part {name} with an inside; its blocks are" in result.err
    assert made(folder) == []


@pytest.mark.parametrize("command", ["draw", "summary"])
def test_errors(cnndsl: Command, folder: Path, command: str) -> None:
    result = cnndsl(command, "bad.cnn")
    assert (result.code, result.out) == (1, "")
    assert "nothing is called rely" in result.err
    assert made(folder) == []


def test_draw_from_standard_input(cnndsl: Command) -> None:
    assert cnndsl("draw", "-", stdin=NET.encode()).code == 2
    assert cnndsl("draw", "-", "-o", "x.svg", stdin=NET.encode()).out == "wrote x.svg\n"


def test_summary(cnndsl: Command) -> None:
    result = cnndsl("summary", "net.cnn")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Net: 1 x 8 x 8 -> 10\n")
    assert "\x1b" not in result.out
    assert "\x1b[1mNet\x1b[0m" in cnndsl("summary", "net.cnn", "--color", "always").out


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "Third: 1 x 8 x 8"),
        ("markdown", "**Third**: "),
        ("json", '{\n  "network": "Third"'),
        ("csv", "path,last,"),
    ],
)
def test_the_form_of_a_summary(cnndsl: Command, folder: Path, form: str, start: str) -> None:
    (folder / "two.cnn").write_text(TWO)
    result = cnndsl("summary", "two.cnn", "--format", form)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(start)


def test_findings_beside_a_summary_have_a_form_of_their_own(cnndsl: Command) -> None:
    result = cnndsl("summary", "-", "--format", "json", "--diagnostics", "json", stdin=WARNED.encode())
    assert json.loads(result.out)["network"] == "Net"
    assert json.loads(result.err)


def test_how_much_of_the_blocks_is_shown(cnndsl: Command, folder: Path) -> None:
    (folder / "net.cnn").write_text(
        "block Block(n) { conv(n, 3, padding=1) -> relu }\nnetwork Net { input(4, 8, 8); Block(4) * 3 }\n"
    )
    assert "Block x 2" in cnndsl("summary", "net.cnn").out
    assert "Block x 3" in cnndsl("summary", "net.cnn", "--depth", "0").out
    whole = cnndsl("summary", "net.cnn", "--all").out
    assert "Block x" not in whole
    assert whole.count("conv ") == 3
    assert "conv " not in cnndsl("summary", "net.cnn", "--all", "--depth", "0").out
    assert cnndsl("summary", "net.cnn", "--depth", "-1").code == 2


def test_memory_for_a_batch_in_a_type(cnndsl: Command) -> None:
    def memory(*options: str) -> dict[str, object]:
        told = json.loads(cnndsl("summary", "net.cnn", "--format", "json", *options).out)
        return dict(told["totals"]["memory"])

    one, many = memory(), memory("--batch", "32", "--dtype", "float16")
    assert (one["inputs"], many["inputs"]) == (4 * 64, 32 * 2 * 64)
    assert (many["batch"], many["dtype"]) == (32, "float16")
    assert cnndsl("summary", "net.cnn", "--batch", "0").code == 2
    assert cnndsl("summary", "net.cnn", "--dtype", "int8").code == 2
    assert cnndsl("summary", "net.cnn", "--batch", "1" + "0" * 30).code == 2


def test_the_columns_of_a_summary(cnndsl: Command) -> None:
    shown = cnndsl("summary", "net.cnn", "--columns", "name, kept,field").out
    assert shown.splitlines()[2].split() == ["name", "kept", "field"]
    result = cnndsl("summary", "net.cnn", "--columns", "name,size")
    assert result.code == 2
    assert "there is no column size; there are name, layer, arguments, output" in result.err
    assert "there is no column without a name" in cnndsl("summary", "net.cnn", "--columns", "name,").err
    result = cnndsl("summary", "net.cnn", "--columns", "name", "--format", "csv")
    assert result.code == 2
    assert "'--columns': columns are for text and Markdown; csv has all of them" in result.err


def test_the_network_to_summarise(cnndsl: Command, folder: Path) -> None:
    (folder / "two.cnn").write_text(TWO)
    assert cnndsl("summary", "two.cnn").out.startswith("Third: ")
    assert cnndsl("summary", "two.cnn", "--network", "Second").out.startswith("Second: ")


def test_warnings_stand_beside_the_summary(cnndsl: Command) -> None:
    result = cnndsl("summary", "-", stdin=WARNED.encode())
    assert result.code == 0
    assert result.out.startswith("Net: ")
    assert result.err.startswith("warning[")


def test_standard_input_with_errors(cnndsl: Command) -> None:
    assert cnndsl("summary", "-", stdin=BAD.encode()).code == 1


def test_what_is_made_stands_apart_from_warnings(cnndsl: Command) -> None:
    for arguments in (["summary", "warned.cnn"], ["draw", "warned.cnn"], ["diff", "warned.cnn", "warned.cnn"]):
        assert re.search(r"[^\n]\n\n$", cnndsl(*arguments).err)
    both = cnndsl("compile", "warned.cnn", "bad.cnn").err
    assert both.count("\n\n") == 1
    assert not both.endswith("\n\n")


@pytest.mark.parametrize("option", ["--width", "--expand"])
def test_a_page_has_no_options_of_pictures(cnndsl: Command, folder: Path, option: str) -> None:
    result = cnndsl("draw", "net.cnn", "-o", "a.html", option, {"--width": "17cm"}.get(option, "*"))
    assert (result.code, made(folder)) == (2, [])
    assert f"{option} is for a picture: on a page any block opens" in result.err


def test_a_page_of_another_style(cnndsl: Command) -> None:
    assert "no html" in cnndsl("draw", "net.cnn", "--format", "html", "--style", "volume").err


def test_no_page_without_a_renderer(cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNDSL_DOT", "/nowhere/dot")
    result = cnndsl("draw", "net.cnn", "-o", "a.html")
    assert result.code != 0
    assert "the graph is in a.dot" in result.err
    assert made(folder) == ["a.dot"]
