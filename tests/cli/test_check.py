from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import BAD, NET, WARNED, Command, made

ERROR = """\
error[E201]: nothing is called rely
 --> bad.cnn:3:19
  |
3 |     conv(2, 3) -> rely
  |                   ^^^^
  = help: did you mean relu?
"""


def test_no_errors(cnndsl: Command) -> None:
    result = cnndsl("check", "net.cnn")
    assert (result.code, result.out, result.err) == (0, "1 file checked, no errors\n", "")


def test_errors_go_to_standard_output(cnndsl: Command) -> None:
    result = cnndsl("check", "bad.cnn")
    assert (result.code, result.out, result.err) == (1, f"{ERROR}\n1 file checked, 1 error\n", "")


UNTRANSLATABLE = """\
block Squeeze(axis) { mean(it, axis=axis) }
network Net { input(1, 4, 4); (it -> Squeeze(2)) + (it -> Squeeze(3)) }
"""


@pytest.mark.parametrize("options", [(), ("--fix",)])
def test_what_cannot_be_written_as_a_class_is_an_error(cnndsl: Command, folder: Path, options: tuple[str, ...]) -> None:
    (folder / "squeeze.cnn").write_text(UNTRANSLATABLE)
    result = cnndsl("check", "squeeze.cnn", "net.cnn", *options)
    assert result.code == 1
    assert result.out.startswith("error[E601]: Squeeze cannot be written as a class of PyTorch")
    assert "\n --> squeeze.cnn:1:23\n" in result.out
    assert result.out.endswith("2 files checked, 1 error in 1 file\n")
    assert cnndsl("check", "squeeze.cnn", "--diff").code == 1


def test_what_needs_no_class_is_made_all_the_same(cnndsl: Command, folder: Path) -> None:
    (folder / "squeeze.cnn").write_text(UNTRANSLATABLE)
    assert cnndsl("summary", "squeeze.cnn").code == 0
    assert cnndsl("draw", "squeeze.cnn", "-o", "-", "--format", "dot").code == 0
    assert cnndsl("explain", "squeeze.cnn").code == 0
    for command in (["compile", "squeeze.cnn"], ["explain", "squeeze.cnn", "--values", "1 2 3 4" + "; 1 2 3 4" * 3]):
        result = cnndsl(*command)
        assert (result.code, result.err.count("error[E601]")) == (1, 1), command
    assert made(folder) == []


def test_several_files(cnndsl: Command) -> None:
    result = cnndsl("check", "bad.cnn", "net.cnn", "bad.cnn", "warned.cnn")
    assert result.code == 1
    assert result.out.startswith(f"{ERROR}\nwarning[")
    assert result.out.endswith("\n\n3 files checked, 1 error in 1 file, 1 warning\n")


def test_not_all_of_very_many(cnndsl: Command) -> None:
    lines = [f"rely{i}\n" for i in range(70)]
    text = f"network Net {{ input(1, 8, 8)\n{''.join(lines)}}}"
    result = cnndsl("check", "bad.cnn", "-", "-", "warned.cnn", stdin=text.encode())
    assert result.out.count("\nerror[E201]") + 1 == 71
    others = "".join(line.replace("rely", "relo") for line in lines)
    more = cnndsl("check", "-", "bad.cnn", stdin=text.replace("}", f"{others}}}").encode())
    assert more.out.count("\nerror[E201]") + 1 == 100
    assert more.out.endswith("\n\n... and 41 more\n\n2 files checked, 141 errors in 2 files\n")


def test_warnings_alone_are_no_failure(cnndsl: Command) -> None:
    result = cnndsl("check", "-", stdin=WARNED.encode())
    assert result.code == 0
    assert result.out.endswith("1 file checked, no errors, 1 warning\n")


def test_nothing_is_written(cnndsl: Command, folder: Path) -> None:
    cnndsl("check", "net.cnn")
    assert made(folder) == []


def test_standard_input(cnndsl: Command) -> None:
    assert cnndsl("check", "-", stdin=NET.encode()).code == 0
    assert " --> <standard input>:3:19\n" in cnndsl("check", "-", stdin=BAD.encode()).out
    assert " --> sub/x.cnn:3:19\n" in cnndsl("check", "-", "--stdin-filename", "sub/x.cnn", stdin=BAD.encode()).out


def test_json(cnndsl: Command) -> None:
    result = cnndsl("check", "bad.cnn", "gone.cnn", "net.cnn", "--format", "json")
    assert result.code == 2
    entries = [json.loads(line) for line in result.out.splitlines()]
    assert [(entry["code"], entry["file"]) for entry in entries] == [("E201", "bad.cnn"), ("E001", None)]
    assert cnndsl("check", "net.cnn", "--format", "json").out == ""


def test_sarif(cnndsl: Command) -> None:
    result = cnndsl("check", "bad.cnn", "net.cnn", "--format", "sarif")
    (run,) = json.loads(result.out)["runs"]
    assert (result.code, result.err, [found["ruleId"] for found in run["results"]]) == (1, "", ["E201"])
    assert json.loads(cnndsl("check", "net.cnn", "--format", "sarif").out)["runs"][0]["results"] == []


def test_concise(cnndsl: Command) -> None:
    result = cnndsl("check", "bad.cnn", "gone.cnn", "net.cnn", "warned.cnn", "--format", "concise")
    bad, gone, warned = result.out.splitlines()
    assert (result.code, result.err) == (2, "")
    assert (bad, gone[:5]) == ("bad.cnn:3:19: E201 nothing is called rely", "E001 ")
    assert re.fullmatch(r"warned\.cnn:3:5: W\d{3} .*", warned)
    assert cnndsl("check", "net.cnn", "--format", "concise").out == ""
    assert cnndsl("check", "bad.cnn", "--diagnostics", "concise").out == f"{bad}\n"


def test_concise_beside_an_output(cnndsl: Command) -> None:
    line = "bad.cnn:3:19: E201 nothing is called rely\n"
    for command in ("compile", "summary", "draw"):
        result = cnndsl(command, "--diagnostics", "concise", "bad.cnn")
        assert (result.code, result.out, result.err) == (1, "", line)


def test_vim_reads_concise_lines(cnndsl: Command) -> None:
    """By the errorformat in the documents, whose items stand for what `:help errorformat` says."""
    document = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
    (errorformat,) = re.findall(r"^ *set errorformat=(.*)$", document, re.MULTILINE)
    items = {"f": ".+?", "l": r"\d+", "c": r"\d+", "t": ".", "n": r"\d+", "m": ".+"}
    parts = [
        re.sub(r"%([flctnm])", lambda item: f"(?P<{item[1]}>{items[item[1]]})", part.replace("\\ ", " "))
        for part in errorformat.split(",")
    ]
    (line,) = cnndsl("check", "bad.cnn", "--format", "concise").out.splitlines()
    found = next(filter(None, (re.fullmatch(part, line) for part in parts)))
    assert found.groupdict() == {
        "f": "bad.cnn", "l": "3", "c": "19", "t": "E", "n": "201", "m": "nothing is called rely",
    }  # fmt: skip
    (line,) = cnndsl("check", "gone.cnn", "--format", "concise").out.splitlines()
    found = next(filter(None, (re.fullmatch(part, line) for part in parts)))
    assert (found["t"], found["n"]) == ("E", "001")


def test_github(cnndsl: Command) -> None:
    (line,) = cnndsl("check", "bad.cnn", "--format", "github").out.splitlines()
    assert line.startswith("::error title=E201,file=bad.cnn,line=3,")


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colors(
    cnndsl: Command, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], environment: dict[str, str], colored: bool,
) -> None:  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in cnndsl("check", "bad.cnn", *arguments).out) is colored


# Files that are none


def test_a_missing_file_does_not_stop_the_others(cnndsl: Command) -> None:
    result = cnndsl("check", "gone.cnn", "bad.cnn")
    assert result.code == 2
    assert result.out.startswith("error[E001]: gone.cnn cannot be read: no such file or directory\n\nerror[E201]")
    assert result.out.endswith("2 files checked, 2 errors in 2 files\n")


def test_whether_a_file_can_be_read_is_found_out_by_reading(cnndsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    assert cnndsl("check", "net.cnn").code == 0


def test_a_folder_stands_for_its_files(cnndsl: Command, folder: Path) -> None:
    (folder / "models" / "more").mkdir(parents=True)
    for name in ("models/b.cnn", "models/a.cnn", "models/more/c.cnn"):
        (folder / name).write_text(BAD)
    (folder / "models" / "notes.txt").write_text("no text of ours")
    result = cnndsl("check", "models")
    assert result.code == 1
    places = [line.split(":")[0] for line in result.out.splitlines() if line.startswith(" --> ")]
    assert places == [" --> models/a.cnn", " --> models/b.cnn", " --> models/more/c.cnn"]
    assert result.out.endswith("\n3 files checked, 3 errors in 3 files\n")


def test_a_file_is_checked_once_and_hidden_ones_only_when_they_are_named(cnndsl: Command, folder: Path) -> None:
    (folder / ".hidden").mkdir()
    for name in (".hidden/net.cnn", ".net.cnn"):
        (folder / name).write_text(NET)
    assert cnndsl("check", ".", "net.cnn", "./bad.cnn").out.endswith("3 files checked, 1 error in 1 file, 1 warning\n")
    assert cnndsl("check", ".hidden", ".net.cnn").out == "2 files checked, no errors\n"


def test_links_lead_to_files_and_not_around(cnndsl: Command, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "back").symlink_to(folder, target_is_directory=True)
    (folder / "sub" / "lost.cnn").symlink_to(folder / "nowhere.cnn")
    (folder / "sub" / "there.cnn").symlink_to(folder / "sub" / "net.txt")
    (folder / "sub" / "net.txt").write_text(NET)
    os.mkfifo(folder / "sub" / "pipe.cnn")
    assert cnndsl("check", "sub").out == "1 file checked, no errors\n"
    assert cnndsl("check", "sub", "sub/net.txt").out == "1 file checked, no errors\n"


def test_links_out_of_a_folder_are_not_followed(cnndsl: Command, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "elsewhere.cnn").symlink_to(folder / "net.cnn")
    assert cnndsl("check", "sub").code == 2
    assert cnndsl("check", "sub/elsewhere.cnn").out == "1 file checked, no errors\n"


def test_a_folder_without_any(cnndsl: Command, folder: Path) -> None:
    (folder / "empty").mkdir()
    result = cnndsl("check", "empty", "net.cnn", "bad.cnn")
    assert result.code == 2
    assert result.out.startswith("error[E001]: there is no .cnn file in empty\n  = help: name a file, or a folder")
    assert result.out.endswith("2 files checked, 2 errors in 1 file\n")


def test_many_files_load_nothing_more_than_the_first(
    cnndsl: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cnndsl("check", "net.cnn")
    loaded = set(sys.modules)
    for number in range(5):
        (folder / f"{number}.cnn").write_text(NET)
    monkeypatch.delattr(Path, "read_text")  # sources are read as bytes; the grammar is what is read as text
    assert cnndsl("check", *(f"{number}.cnn" for number in range(5))).code == 0
    assert set(sys.modules) == loaded


def test_not_text(cnndsl: Command) -> None:
    result = cnndsl("check", "-", stdin=b"\xff\xfen\x00")
    assert result.code == 2
    assert "<standard input> is not UTF-8 text" in result.out


# Settings


def test_settings_reach_the_network(cnndsl: Command) -> None:
    assert cnndsl("check", "net.cnn", "--set", "classes=7").code == 0
    assert cnndsl("check", "net.cnn", "--set", "classes=0").code == 1
    assert cnndsl("check", "net.cnn", "--set", "classes=0", "--set", "classes=7").code == 0
    result = cnndsl("check", "net.cnn", "--set", "clases=7")
    assert result.code == 2
    assert "did you mean classes?" in result.out


def test_a_setting_of_the_wrong_form(cnndsl: Command) -> None:
    result = cnndsl("check", "net.cnn", "--set", "classes")
    assert (result.code, result.out) == (2, "")
    assert "NAME=VALUE, such as classes=100" in result.err


# Files that import others


def test_an_error_in_an_imported_file_is_shown_where_it_is(cnndsl: Command, folder: Path) -> None:
    (folder / "nets" / "parts").mkdir(parents=True)
    (folder / "nets" / "parts" / "b.cnn").write_text("block B { rely }")
    (folder / "nets" / "net.cnn").write_text('from "parts/b.cnn" import B\nnetwork N { input(1, 4, 4); B }')
    for result in (
        cnndsl("check", "nets/net.cnn"),
        cnndsl("check", "-", "--stdin-filename", "nets/x.cnn", stdin=(folder / "nets" / "net.cnn").read_bytes()),
    ):
        assert result.code == 1
        assert " --> nets/parts/b.cnn:1:11\n" in result.out


def test_standard_input_without_a_name_imports_nothing(cnndsl: Command, folder: Path) -> None:
    (folder / "b.cnn").write_text("block B { relu }")
    text = b'from "b.cnn" import B\nnetwork N { input(1, 4, 4); B }'
    assert "b.cnn cannot be imported" in cnndsl("check", "-", stdin=text).out
    assert cnndsl("check", "-", "--stdin-filename", "x.cnn", stdin=text).code == 0


def test_the_file_in_which_no_network_has_a_parameter(cnndsl: Command, folder: Path) -> None:
    for name in ("with", "without"):
        parameters = "(classes = 2)" if name == "with" else ""
        (folder / f"{name}.cnn").write_text(f"network Net{parameters} {{ input(3) -> linear(4) }}\n")
    result = cnndsl("check", "with.cnn", "without.cnn", "--set", "classes=3")
    assert "error[E209]: no network of without.cnn has a parameter classes" in result.out
