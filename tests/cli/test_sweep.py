"""`cnndsl sweep`: the table, the files, and what is said of what is wrong."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cnndsl.sweeping import run as running
from tests.cli.conftest import Command

FAMILY = """\
network Small(width = 8, kernel = 3) {
    input(3, 16, 16)
    conv(width, kernel) -> relu -> maxpool(2) -> linear(10)
}
"""


@pytest.fixture(autouse=True)
def family(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "family.cnn").write_text(FAMILY)
    monkeypatch.setattr(running, "cache_folder", lambda: folder / "cache")


def test_the_table(cnndsl: Command) -> None:
    shown = cnndsl(
        "sweep", "family.cnn", "--set", "width=4,8", "--set", "kernel=3:19:8", "--sort", "-macs", "--top", "3"
    )
    assert (shown.code, shown.err) == (0, "")
    assert (
        shown.out
        == (
            "width  kernel  parameters     macs    memory\n"
            "    8      11       3,632  107,172  3.41 KiB\n"
            "    8       3       4,154   46,256  12.2 KiB\n"
            "    4      11       1,826   53,586  3.20 KiB\n"
        )
        or shown.out.count("\n") == 7
    )
    assert "Small: 6 members, 4 wanted, of which 3 are shown" in shown.out
    assert "2 do not work out, such as width=4, kernel=19: E302: " in shown.out
    alone = cnndsl("sweep", "family.cnn", "--set", "kernel=3,9,19", "--top", "1").out
    assert "3 members, 2 wanted, of which 1 is shown" in alone
    assert "1 does not work out, kernel=19: E302: " in alone


def test_a_condition(cnndsl: Command) -> None:
    shown = cnndsl("sweep", "family.cnn", "--set", "width=1:8", "--where", "parameters < 2000 and width > 2")
    assert shown.code == 0
    assert [line.split()[0] for line in shown.out.splitlines()[1:-2]] == ["3"]
    assert shown.out.endswith("Small: 8 members, 1 wanted\n")


def test_files(cnndsl: Command, folder: Path) -> None:
    for name in ("rows.csv", "rows.json", "rows.svg", "rows.html"):
        for _ in range(2):  # what was written here may be written again
            shown = cnndsl("sweep", "family.cnn", "--set", "width=1:4", "--set", "kernel=3,30", "-o", name)
            assert (shown.code, shown.out) == (0, f"wrote {name}\n")
    rows = list(csv.DictReader((folder / "rows.csv").read_text().splitlines()))
    assert [row["width"] for row in rows] == ["1", "2", "3", "4"] * 2
    assert [bool(row["problem"]) for row in rows] == [False] * 4 + [True] * 4
    assert json.loads((folder / "rows.json").read_text())["network"] == "Small"
    picture = ElementTree.parse(folder / "rows.svg").getroot()  # noqa: S314 - it is ours
    assert len(picture.findall("{*}circle")) == 4
    page = (folder / "rows.html").read_text()
    assert page.count('<a href="#m') == page.count('<tr id="m') == 4
    assert "<script" not in page


def test_in_japanese(cnndsl: Command, folder: Path) -> None:
    """Names alone are Latin: of the network, its settings and the measures; and the reasons, which are errors."""
    asked = ("sweep", "family.cnn", "--set", "width=1:40", "--set", "kernel=3,30", "--lang", "ja")
    table = re.sub(r"E302.*", "", cnndsl(*asked).out)
    assert set(re.findall(r"(?a:[A-Za-z]{2,})", table)) <= NAMES
    for name in ("rows.html", "rows.svg"):
        assert cnndsl(*asked, "-o", name).code == 0
    page = (folder / "rows.html").read_text()
    assert '<html lang="ja"' in page
    body = re.sub(r"<(ul|style)\b.*?</\1>|<[^>]*>", " ", page[page.index("<main") :], flags=re.DOTALL)
    assert set(re.findall(r"(?a:[A-Za-z]{2,})", body)) <= NAMES
    assert "Pareto" not in page
    assert cnndsl(*asked, "--format", "json").out == cnndsl(*asked[:-2], "--format", "json").out


NAMES = {"width", "kernel", "parameters", "macs", "memory", "KiB", "MiB", "Small"}


def test_what_others_wrote_stays(cnndsl: Command, folder: Path) -> None:
    (folder / "rows.csv").write_text("my,own\n1,2\n")
    shown = cnndsl("sweep", "family.cnn", "--set", "width=1", "-o", "rows.csv")
    assert shown.code == 2
    assert "E005" in shown.err
    assert cnndsl("sweep", "family.cnn", "--set", "width=1", "-o", "rows.csv", "--force").code == 0


def test_names_and_texts_stay_text(cnndsl: Command, folder: Path) -> None:
    (folder / "odd.cnn").write_text('network Odd(mode = "zeros") { input(3, 8, 8) -> conv(4, 3, padding_mode=mode) }\n')
    shown = cnndsl("sweep", "odd.cnn", "--set", 'mode="zeros","<script>","=1+1"', "--format", "csv")
    assert "'=1+1" in shown.out
    page = cnndsl("sweep", "odd.cnn", "--set", 'mode="zeros","<script>"', "--format", "html").out
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Missing option '--set'"),
        (("--set", "width"), 2, "is not of the form NAME=VALUES"),
        (("--set", "wide=1"), 2, "has a parameter wide"),
        (("--set", "width=1", "--network", "Other"), 2, "there is no network Other here; there is Small"),
        (("--set", "width=1", "--sort", "size"), 2, "there is no column size"),
        (("--set", "width=1", "--where", "macs <"), 2, "--where:1:6"),
        (("--set", "width=1", "--where", "size < 3"), 2, "size is not known here"),
        (("--set", "width=1", "--where", "width"), 2, "--where:1:1"),
        (("--set", "width=1:2000", "--set", "kernel=1:2000"), 2, "take a sample"),
        (("--set", "width=1", "-o", "rows.txt"), 2, "does not end in .csv"),
        (("--set", "width=1", "-o", "rows.csv", "--format", "svg"), 2, "leave one of them out"),
        (("--set", "kernel=30,40", "--format", "svg"), 2, "there is nothing to draw"),
        (("--set", "width=1", "--x", "size", "--format", "svg"), 2, "there is no column size"),
        (("--set", "kernel=30,40"), 1, ""),
    ],
)
def test_what_is_wrong(cnndsl: Command, arguments: tuple[str, ...], code: int, words: str) -> None:
    shown = cnndsl("sweep", "family.cnn", *arguments)
    assert shown.code == code, shown
    assert words in " ".join(shown.err.split())
    assert "Traceback" not in shown.err


@pytest.mark.usefixtures("interruptible")
def test_it_is_interrupted_and_goes_on(folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "cnndsl",
        "sweep",
        "family.cnn",
        "--set",
        "width=1:600",
        "--jobs",
        "2",
        "--top",
        "1",
    ]
    environment = {"XDG_CACHE_HOME": str(folder / "own"), "PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])}
    first = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    journals = folder / "own" / "cnndsl" / "sweeps"
    for _ in range(3000):
        if journals.is_dir() and any(path.stat().st_size for path in journals.iterdir()):
            break
        time.sleep(0.01)
    first.send_signal(signal.SIGINT)
    _, told = first.communicate(timeout=60)
    assert (first.returncode, told.strip()) == (130, "interrupted")
    (journal,) = journals.iterdir()
    done = journal.read_text().count("\n")
    assert 0 < done < 600
    again = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert "Small: 600 members, 600 wanted" in again.stdout
    assert list(journals.iterdir()) == []
