"""`cnndsl explain --from` and `--values`: what is written where, and how wrong use is met."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.cli.conftest import Command, cnndsl, folder, made
from tests.explain.runs.support import KERNEL, WORKED, picture

__all__ = ["cnndsl", "folder"]


@pytest.fixture
def seen(folder: Path) -> Path:
    """A picture in the folder."""
    return picture(folder / "seen.png", 20, 16)


def test_a_page_is_written_beside_the_file(cnndsl: Command, folder: Path, seen: Path) -> None:
    result = cnndsl("explain", "net.cnn", "--from", seen)
    assert (result.code, result.out, result.err) == (0, "wrote net.html\n", "")
    text = (folder / "net.html").read_text()
    assert text.startswith("<!-- made by cnndsl -->\n<!doctype html>")
    assert cnndsl("explain", "net.cnn", "conv1", "--from", seen).code == 0
    assert "The steps of conv1" in (folder / "net.html").read_text()


def test_a_picture_is_written(cnndsl: Command, folder: Path, seen: Path) -> None:
    assert cnndsl("explain", "net.cnn", "--from", seen, "-o", "out/a.png").code == 0
    with Image.open(folder / "out" / "a.png") as drawn:
        assert drawn.width > 500
    assert cnndsl("explain", "net.cnn", "--from", seen, "-o", "out/a.svg").code == 0
    assert (folder / "out" / "a.svg").read_text().startswith("<svg")


def test_a_page_to_standard_output(cnndsl: Command, folder: Path) -> None:
    (folder / "kernel.cnn").write_text(KERNEL)
    result = cnndsl("explain", "kernel.cnn", "--values", WORKED, "-o", "-")
    assert (result.code, result.err) == (0, "")
    assert not (folder / "kernel.html").exists()
    cnndsl("explain", "kernel.cnn", "--values", WORKED)
    assert (folder / "kernel.html").read_text(encoding="utf-8") == result.out


def test_numbers_of_the_lesson(cnndsl: Command, folder: Path) -> None:
    (folder / "kernel.cnn").write_text(KERNEL)
    assert cnndsl("explain", "kernel.cnn", "--values", WORKED).code == 0
    assert "2·1 + 2·0 + 1·0 + 1·1 = 3" in (folder / "kernel.html").read_text()
    (folder / "four.csv").write_text(WORKED.replace(";", "\n"))
    assert cnndsl("explain", "kernel.cnn", "--from", "four.csv", "--at", "0,1").code == 0
    assert "2·1 + 1·0 + 1·0 + 2·1 = 4" in (folder / "kernel.html").read_text()


def test_the_kernel_alone(cnndsl: Command, folder: Path, seen: Path) -> None:
    (folder / "kernel.cnn").write_text(KERNEL)
    result = cnndsl("explain", "kernel.cnn", "maxpool1", "--values", WORKED, "--kernel")
    assert (result.code, result.out) == (0, "wrote kernel-kernel.html\n")
    assert "<h1>maxpool1 of Kernel, step by step</h1>" in (folder / "kernel-kernel.html").read_text()
    assert cnndsl("explain", "net.cnn", "--from", seen, "--kernel", "--at", "1,2", "-o", "a.html").code == 0
    text = (folder / "a.html").read_text()
    assert "<h1>conv1 of Net, step by step</h1>" in text
    assert "The number in row 1, column 2 of channel 0" in text
    for wrong, said in (
        (("kernel.cnn", "--values", WORKED, "-o", "a.svg"), "a kernel moves on a page"),
        (("kernel.cnn", "relu1", "--values", WORKED), "relu1 has no convolution or pooling"),
        (("kernel.cnn", "conv1", "--values", WORKED, "--compare", "stride=1,2"), "leave out --compare"),
        (("kernel.cnn", "conv1"), "goes with --from PICTURE"),
    ):
        refused = cnndsl("explain", *wrong, "--kernel")
        assert refused.code == 2
        assert said in refused.err.replace("\n", " ")


def test_weights_and_labels(cnndsl: Command, folder: Path, seen: Path) -> None:
    from cnndsl.compiler import load

    torch.save(load(folder / "net.cnn", classes=3)().state_dict(), folder / "w.pt")
    (folder / "names.txt").write_text("cat\ndog\nbird\n")
    options = ("--weights", "w.pt", "--labels", "names.txt", "--set", "classes=3", "--maps", "1", "--depth", "0")
    assert cnndsl("explain", "net.cnn", "--from", seen, *options, "--mean", "0.5", "--std", "0.5").code == 0
    text = (folder / "net.html").read_text()
    assert "The weights are those in w.pt." in text
    assert "bird" in text
    assert "then minus 0.5 and divided by 0.5" in text


def test_no_file_of_somebody_else_is_overwritten(cnndsl: Command, folder: Path, seen: Path) -> None:
    (folder / "net.html").write_text("<h1>mine</h1>\n<!-- made by cnndsl -->")
    result = cnndsl("explain", "net.cnn", "--from", seen)
    assert result.code == 2
    assert "E005" in result.err
    assert cnndsl("explain", "net.cnn", "--from", seen, "--force").code == 0
    for target in (seen, "net.cnn"):
        before = (folder / target).read_bytes()
        assert cnndsl("explain", "net.cnn", "--from", seen, "-o", target, "--force").code == 2
        assert (folder / target).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--maps", "4"], "--maps goes with --from PICTURE or --values NUMBERS"),
        (["-o", "a.html"], "-o goes with --from"),
        (["--weights", "w.pt"], "--weights goes with --from"),
        (["--from", "seen.png", "--format", "latex"], "leave out --format"),
        (["--from", "seen.png", "--values", "1"], "either a file, with --from, or numbers, with --values"),
        (["--from", "seen.png", "-o", "a.gif"], "a.gif does not end in .html, .svg, .png or .pdf"),
        (["--from", "seen.png", "--at", "x"], "'x' is no place; write ROW,COLUMN"),
        (["--from", "seen.png", "--at", "90,0"], "has a number at 90, 0"),
        (["--from", "seen.png", "--mean", "a"], "'a' is not one number or several"),
        (["--from", "seen.png", "--std", "0"], "cannot be divided by 0"),
        (["--from", "seen.png", "--maps", "0"], "0 is not in the range"),
        (["--from", "seen.png", "--network", "Nit"], "has no network Nit; it has Net"),
        (["conv2", "--from", "seen.png"], "Net has no conv2; did you mean conv1?"),
        (["--from", "seen.png", "--from", "seen.png"], "Net takes one input and 2 are given"),
        (["--from", "none.png"], "none.png cannot be read: no such file"),
        (["--from", "net.cnn"], "net.cnn cannot be read: it is no picture of a kind that is known"),
        (["--from", "seen.png", "--weights", "none.pt"], "none.pt cannot be read: no such file"),
        (["--from", "seen.png", "--labels", "none.txt"], "none.txt cannot be read: no such file"),
        (["--from", "seen.png", "--labels", "net.cnn"], "there are 4 lines, and 10 numbers come out"),
        (["--values", "1 2 3", "--mean", "1"], "numbers are given: take them from those beforehand"),
        (["--values", "1 2 3", "--std", "1"], "numbers are given: take them from those beforehand"),
        (["--values", "1 2 3"], "the network takes 1 x 8 x 8, and 1 x 3 numbers are given"),
        (["--values", "1 2; 3"], "and numbers in rows of different lengths are given (3 in all)"),
        (["--values", "1 2 3", "--seed", str(10**23)], "is not in the range 0<=x<=4294967295"),
    ],
)
def test_wrong_use(cnndsl: Command, folder: Path, seen: Path, arguments: list[str], words: str) -> None:
    result = cnndsl("explain", "net.cnn", *arguments)
    assert words in " ".join(result.err.split())
    assert result.code == 2
    assert made(folder) == [seen.name]


def test_a_text_with_errors_is_not_run(cnndsl: Command, folder: Path, seen: Path) -> None:
    assert cnndsl("explain", "bad.cnn", "--from", seen).code == 1
    assert made(folder) == [seen.name]


def test_standard_input_has_no_folder(cnndsl: Command, folder: Path, seen: Path) -> None:
    text = (folder / "net.cnn").read_bytes()
    assert "say with -o OUT" in cnndsl("explain", "-", "--from", seen, stdin=text).err
    assert cnndsl("explain", "-", "--from", seen, "-o", "a.html", stdin=text).code == 0


@pytest.mark.parametrize(("package", "words"), [("PIL", "Pillow"), ("torch", "PyTorch")])
def test_what_is_not_installed_is_named(
    cnndsl: Command, seen: Path, monkeypatch: pytest.MonkeyPatch, package: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    result = cnndsl("explain", "net.cnn", "--from", seen)
    assert result.code == 2
    assert words in result.err
    assert "pip install 'cnndsl[explain]'" in " ".join(result.err.split())
