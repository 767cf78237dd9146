"""Warnings that are known and wanted are not said; what should silence one and does not, is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import cnndsl
from cnndsl.cli import main
from cnndsl.diagnostics import Severity
from cnndsl.lint.rules import CODES
from cnndsl.lint.suppression import parse_codes

BOTH = "linear(10) -> batchnorm -> dropout"  # W203 and W208


def said(line: str, *, before: str = "", ignore: tuple[str, ...] = ()) -> list[str]:
    text = f"{before}network Net {{\n    input(8)\n    {line}\n}}\n"
    return [d.code for d in cnndsl.compile(text, ignore=ignore).diagnostics]


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("", ["W203", "W208"]),
        ("# cnndsl: ignore[W203]", ["W208"]),
        ("# cnndsl: ignore[W208, W203]", []),
        ("#cnndsl:ignore [ W208 ]", ["W203"]),
        ("# cnndsl: ignore", []),
        ("# cnndsl: ignore as the paper has it", []),
        ("# cnndsl: ignore[W203] as the paper has it", ["W208"]),
        ("# as the paper has it  # cnndsl: ignore[W203]", ["W208"]),
        ("# cnndsl: ignore[W204]", ["W203", "W208"]),
        ("# cnndsl: ignored", ["W203", "W208"]),
        ("# cnndsl compiles this", ["W203", "W208"]),
    ],
)
def test_a_comment_silences_its_line(comment: str, left: list[str]) -> None:
    assert said(f"{BOTH}  {comment}") == left


def test_a_comment_silences_no_other_line() -> None:
    assert said(f"relu  # cnndsl: ignore\n    {BOTH}") == ["W203", "W208"]


def test_a_comment_silences_what_elaboration_finds() -> None:
    assert said("unused = relu  # cnndsl: ignore[W201]\n    linear(10)") == []


def test_a_text_is_no_comment() -> None:
    assert said('"# cnndsl: ignore": linear(10) -> batchnorm -> relu -> linear(2)') == ["W203"]
    assert said('"a#": linear(10) -> batchnorm -> relu -> linear(2)  # cnndsl: ignore[W203]') == []


def test_a_comment_never_silences_an_error() -> None:
    assert said("conv(8, 5)  # cnndsl: ignore") == ["E301"]


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("# cnndsl: ignore-file[W203]\n", ["W208"]),
        ("# A network.\n\n# cnndsl: ignore-file[W203, W208] as published\n", []),
        ("# cnndsl: ignore-file\n", []),
    ],
)
def test_a_comment_at_the_top_silences_the_file(before: str, left: list[str]) -> None:
    assert said(BOTH, before=before) == left


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        ("# cnndsl: ignore[W999]", "there is no warning 'W999'"),
        ("# cnndsl: ignore[w203]", "there is no warning 'w203': did you mean W203?"),
        ("# cnndsl: ignore[E301]", "E301 is an error, and cannot be ignored"),
        ("# cnndsl: ignore[W001]", "W001 is about a picture and not about a text, and cannot be ignored"),
        ("# cnndsl: ignore[W203", "the bracket is not closed"),
        ("# cnndsl: ignroe[W203]", "there is no word ignroe for it"),
        ("# cnndsl: ignore W203", "codes stand in square brackets, [W203]"),
        ("# cnndsl: ignore(W203)", "codes stand in square brackets, [W203]"),
        ("# cnndsl: ignore[]", "a code is missing, such as W204"),
        ("# cnndsl: ignore-file[W203]", "ignore-file stands at the top of the file, on a line of its own"),
    ],
)
def test_a_comment_without_effect_is_said(comment: str, problem: str) -> None:
    text = f"network Net {{\n    input(8)\n    {BOTH}  {comment}\n}}\n"
    found = cnndsl.compile(text).diagnostics
    assert [d.code for d in found] == ["W203", "W208", "W213"]
    assert found[2].message == f"this silences nothing: {problem}"
    assert found[2].span is not None
    assert comment.startswith(found[2].span.text)
    assert [d.code for d in cnndsl.compile(text, ignore=["W213"]).diagnostics] == ["W203", "W208"]


def test_codes_from_outside() -> None:
    assert said(BOTH, ignore=("W203",)) == ["W208"]
    assert said(BOTH, ignore=("W203, W208",)) == []
    with pytest.raises(ValueError, match="there is no warning 'W299'"):
        said(BOTH, ignore=("W299",))
    assert parse_codes(["W201,W202", " W203 "]) == {"W201", "W202", "W203"}


def test_every_code_can_be_silenced() -> None:
    assert parse_codes(CODES) == CODES


def test_what_is_imported_has_its_own_comments(tmp_path: Path) -> None:
    block = "sequence Unit(n) {{\n    linear(n) -> batchnorm -> relu{}\n}}\n"
    text = 'from "unit.cnn" import Unit  # cnndsl: ignore\nnetwork Net { input(8); Unit(4) -> Unit(5) }\n'
    (tmp_path / "unit.cnn").write_text(block.format(""))
    (found,) = cnndsl.compile(text, name="some/net.cnn", folder=tmp_path).diagnostics
    assert found.code == "W203"
    assert found.span is not None
    assert (found.span.source.name, found.span.position.line) == ("some/net.cnn".replace("net", "unit"), 2)
    assert found.span.text == "linear(n)"
    (tmp_path / "unit.cnn").write_text(block.format("  # cnndsl: ignore[W203]"))
    assert cnndsl.compile(text, folder=tmp_path).diagnostics == ()


# The command line and the project

TEXT = f"network Net {{\n    input(8)\n    {BOTH}\n}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "net.cnn").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, list[str], str]:
    """The exit code, the codes of the warnings that are said, and what goes wrong."""
    code = main(["check", "nets/net.cnn", "--color", "never", *options])
    done = capsys.readouterr()
    return code, [line[8:12] for line in done.out.splitlines() if line.startswith("warning[")], done.err


@pytest.mark.usefixtures("folder")
def test_the_command_line_silences(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys) == (0, ["W203", "W208"], "")
    assert check(capsys, "--ignore", "W203") == (0, ["W208"], "")
    assert check(capsys, "--ignore", "W203,W201", "--ignore", "W208") == (0, [], "")


@pytest.mark.usefixtures("folder")
def test_the_command_line_knows_the_codes(capsys: pytest.CaptureFixture[str]) -> None:
    code, warnings, problem = check(capsys, "--ignore", "W203,W280")
    assert (code, warnings) == (2, [])
    assert "'--ignore': there is no warning 'W280'" in problem


def test_the_project_silences(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text('[tool.cnndsl]\nignore = ["W208"]\n')
    assert check(capsys) == (0, ["W203"], "")
    assert check(capsys, "--ignore", "W203") == (0, [], "")


def test_the_nearest_project_that_speaks_of_cnndsl_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text('[tool.cnndsl]\nignore = ["W208"]\n')
    (folder / "nets" / "pyproject.toml").write_text('[project]\nname = "nets"\n')
    assert check(capsys) == (0, ["W203"], "")
    (folder / "nets" / "pyproject.toml").write_text("[tool.cnndsl]\n")
    assert check(capsys) == (0, ["W203", "W208"], "")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (b'[tool.cnndsl]\nignore = ["W999"]\n', "ignore in [tool.cnndsl]: there is no warning 'W999'"),
        (b'[tool.cnndsl]\nignore = "W203"\n', 'is a list of texts, such as ignore = ["W204"]'),
        (b"[tool.cnndsl]\nignore = [203]\n", "is a list of texts"),
        (b"[tool]\ncnndsl = 3\n", "tool.cnndsl is a table"),
        (b'[tool.cnndsl]\nignores = ["W203"]\n', "[tool.cnndsl] has nothing called ignores, only ignore and extern"),
        (b"[tool.cnndsl\n", "cannot be read"),
        (b"# \xff\n", "is not UTF-8 text"),
        (b"a = " + b"[" * 5_000, "cannot be read"),
        (b"a = " + b"9" * 5_000, "cannot be read"),
        (b"#" * (2**20 + 1), "is larger than 1 MiB"),
    ],
)
def test_a_project_that_cannot_be_understood(
    folder: Path, capsys: pytest.CaptureFixture[str], written: bytes, problem: str
) -> None:
    (folder / "pyproject.toml").write_bytes(written)
    code, warnings, said_ = check(capsys)
    assert (code, warnings) == (2, [])
    assert "pyproject.toml" in said_
    assert problem in said_


def test_the_project_is_read_only_for_warnings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text("[tool.cnndsl\n")
    (folder / "nets" / "net.cnn").write_text("network Net { input(8); linear(10) }\n")
    assert check(capsys) == (0, [], "")


@pytest.mark.usefixtures("folder")
def test_json_has_the_warnings_that_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nets/net.cnn", "--format", "json", "--ignore", "W203"]) == 0
    out = capsys.readouterr().out
    assert "W208" in out
    assert "W203" not in out


def test_rules_are_not_loaded_before_they_are_needed() -> None:
    code = "import sys, cnndsl.cli; assert not any('lint' in name for name in sys.modules), sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_of_a_file_without_a_network_are_there_for_others(tmp_path: Path) -> None:
    (tmp_path / "blocks.cnn").write_text("rate = 0.5\nblock Unit { relu }\nblock Other { tanh }\n")
    (tmp_path / "more.cnn").write_text('from "blocks.cnn" import Unit, Other\n')
    for name in ("blocks.cnn", "more.cnn"):
        assert [d.code for d in cnndsl.compile(tmp_path / name).diagnostics if d.severity is Severity.WARNING] == []
    net = 'from "more.cnn" import Unit, Other\nnetwork Net { input(8); Unit }\n'
    (found,) = cnndsl.compile(net, folder=tmp_path).diagnostics
    assert (found.code, found.message) == ("W236", "Other is imported and never used")
    assert cnndsl.compile(net.replace("\nnet", "  # cnndsl: ignore[W236]\nnet"), folder=tmp_path).diagnostics == ()
