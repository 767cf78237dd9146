"""What an assistant gets from `cnndsl mcp`, asked by the SDK's own client over standard input and output."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import cnndsl
from cnndsl.cli import main
from cnndsl.report import json as report
from tests.mcp.conftest import Assistant

ROOT = Path(__file__).parents[2]
NET = """network Net(classes = 10) {
    input(3, 32, 32)
    conv(8, kernel=5) -> relu -> maxpool(2)
    linear(classes)
}
"""
WRONG = NET.replace("kernel=", "kernel_size=").replace("maxpool", "nn.MaxPool2d")
_numbers = count()


@pytest.fixture
def path(assistant: Assistant) -> Iterator[Path]:
    """A name for a file in the folder of the server."""
    path = assistant.folder / f"net{next(_numbers)}.cnn"
    yield path
    path.unlink(missing_ok=True)


def test_every_tool_tells_what_it_takes_and_gives(assistant: Assistant) -> None:
    tools = assistant.tools()
    assert {*tools} == {"check", "fix", "compile", "summary", "explain", "diff", "draw", "layers", "rule"}
    for tool in tools.values():
        assert tool.description, tool.name
        assert tool.output_schema["properties"], tool.name
        assert all(
            "description" in said for name, said in tool.input_schema["properties"].items() if "$ref" not in said
        )
    assert "Diagnostic" in tools["check"].output_schema["$defs"]


def test_the_instructions_show_a_text_that_is_right(assistant: Assistant) -> None:
    instructions = assistant.client.instructions
    example = instructions[instructions.index("block ") : instructions.index("\n}\n\nLines") + 3]
    assert assistant.ask("check", text=example)["diagnostics"] == []


def test_check_gives_what_is_found_as_the_command_line_has_it(assistant: Assistant) -> None:
    told = assistant.ask("check", text=WRONG)
    expected = [json.loads(line) for line in report.render(cnndsl.compile(WRONG).diagnostics).splitlines()]
    assert told["diagnostics"] == expected
    assert not told["ok"]
    assert [each["fix"]["applicability"] for each in told["diagnostics"]] == ["safe", "unsafe"]
    sizes = {"inputs": [[3, 32, 32]], "outputs": [[10]], "training_outputs": []}
    assert assistant.ask("check", text=NET)["networks"] == [{"name": "Net", **sizes}]


def test_check_finds_what_has_no_class(assistant: Assistant) -> None:
    text = (ROOT / "docs" / "errors" / "E601.md").read_text(encoding="utf-8").partition("```cnn error E601\n")[2]
    assert [each["code"] for each in assistant.ask("check", text=text.partition("```")[0])["diagnostics"]] == ["E601"]


def test_what_is_found_is_bounded(assistant: Assistant) -> None:
    text = "network Net {\n    input(3, 8, 8)\n" + "".join(f"    x{at}()\n" for at in range(150)) + "}\n"
    told = assistant.ask("check", text=text)
    assert len(told["diagnostics"]) + told["left_out"] == len(cnndsl.compile(text).diagnostics)
    assert told["left_out"] > 0


def test_fix_gives_the_text_that_is_meant(assistant: Assistant) -> None:
    told = assistant.ask("fix", text=WRONG, unsafe=True)
    assert (told["ok"], told["text"], told["written"]) == (True, NET, None)
    assert told["mended"] == ["line 3: kernel_size becomes kernel", "line 3: nn.MaxPool2d becomes maxpool"]
    guess = NET.replace("relu", "rellu")
    assert assistant.ask("fix", text=guess)["text"] == guess
    assert assistant.ask("fix", text=guess, unsafe=True)["text"] == NET


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_fix_rewrites_a_file_where_it_is_asked_to(assistant: Assistant, path: Path, mark: bytes) -> None:
    data = mark + WRONG.replace("\n", "\r\n").encode()
    path.write_bytes(data)
    assert assistant.ask("fix", file=path.name)["written"] is None
    assert path.read_bytes() == data
    assert assistant.ask("fix", file=path.name, write=True)["written"] == path.name
    assert path.read_bytes() == mark + NET.replace("\n", "\r\n").encode()
    assert "`write` is for a `file`" in assistant.refusal("fix", text=WRONG, write=True)


def test_compile_gives_the_module(assistant: Assistant, path: Path) -> None:
    told = assistant.ask("compile", text=NET, settings={"classes": 4})
    assert told["module"] == cnndsl.compile(NET, settings={"classes": 4}).python()
    wrong = assistant.ask("compile", text=WRONG)
    assert (wrong["ok"], wrong["module"]) == (False, None)
    path.write_text(NET, encoding="utf-8")
    module = path.with_suffix(".py")
    assert assistant.ask("compile", file=path.name, output=module.name)["written"] == module.name
    assert main(["compile", "--check", str(path)]) == 0
    mine = path.with_name(f"mine_{module.name}")
    mine.write_text("x = 1\n", encoding="utf-8")
    told_no = assistant.refusal("compile", file=path.name, output=mine.name)
    assert "was not written by cnndsl, and stays as it is; move it away" in told_no
    assert "--force" not in told_no
    assert assistant.ask("compile", file=path.name, target="inference")["module"].count("from_trained") > 0
    assert "E411" in [each["code"] for each in assistant.ask("compile", text="block B { relu }")["diagnostics"]]


def test_summary_has_the_numbers(assistant: Assistant) -> None:
    told = assistant.ask("summary", text=NET)
    numbers = json.loads(cnndsl.compile(NET).summary(format="json"))["totals"]
    assert told["totals"]["macs"] == numbers["macs"] > 0
    assert told["totals"]["training"] == numbers["memory"]["training"]
    assert told["table"] == cnndsl.compile(NET).summary(format="markdown")
    open_ = NET.replace("linear", "adaptive_avgpool(1) -> linear").replace("32, 32", "?, ?")
    assert assistant.ask("summary", text=open_)["totals"]["macs"] is None
    assert assistant.ask("summary", text=open_, sizes={"H": 32, "W": 32})["totals"]["macs"] > 0


def test_explain_has_the_formula(assistant: Assistant) -> None:
    assert assistant.ask("explain", text=NET, layer="conv1")["explanation"] == cnndsl.compile(NET).explain("conv1")
    assert assistant.refusal("explain", text=NET, layer="conv2") == "Net has no conv2; did you mean conv1?"


def test_diff_tells_whether_weights_load(assistant: Assistant, path: Path) -> None:
    path.write_text(NET, encoding="utf-8")
    told = assistant.ask("diff", before={"file": path.name}, after={"text": NET.replace("8", "16")})
    assert (told["same"], told["loads"]) == (False, False)
    assert "channels 8 -> 16" in told["report"]
    assert told["after"]["parameters"] > told["before"]["parameters"]
    same = assistant.ask("diff", before={"text": NET}, after={"text": NET})
    assert (same["same"], same["loads"], same["missing"]) == (True, True, [])
    assert assistant.ask("diff", before={"text": NET}, after={"text": WRONG})["ok"] is False
    # A network that is named where nothing asks for it is not passed over.
    assert "before.network" in assistant.refusal("diff", before={"text": NET, "network": "Net"}, after={"text": NET})


@pytest.mark.parametrize(
    ("style", "form"), [("diagram", "svg"), ("diagram", "mmd"), ("diagram", "dot"), ("volume", "svg")]
)
def test_draw_gives_a_picture(assistant: Assistant, style: str, form: str) -> None:
    picture = assistant.ask("draw", text=NET, style=style, format=form)["picture"]
    assert picture.lstrip().startswith({"svg": "<", "mmd": "---", "dot": "digraph"}[form])
    assert "8" in picture


def test_draw_writes_a_file(assistant: Assistant, path: Path) -> None:
    name = path.with_suffix(".png").name
    for _ in range(2):  # over its own picture it may be written again
        assert assistant.ask("draw", text=NET, output=f"pictures/{name}")["written"] == f"pictures/{name}"
    assert (assistant.folder / "pictures" / name).read_bytes().startswith(b"\x89PNG")
    assert "can be svg, or png" in assistant.refusal("draw", text=NET, style="volume", format="mmd")


def test_layers_are_listed_and_described(assistant: Assistant) -> None:
    kinds = {kind["name"]: kind for kind in assistant.ask("layers")["kinds"]}
    assert kinds["conv"]["group"] == "convolution"
    assert kinds["concat"]["group"] == "values"
    (conv,) = assistant.ask("layers", name="conv")["kinds"]
    assert {"name": "kernel", "in_pytorch": "kernel_size"}.items() <= conv["parameters"][1].items()
    assert "nn.Conv2d" in conv["in_pytorch"]
    assert len(assistant.ask("layers", name="max")["kinds"]) == 1
    assert assistant.refusal("layers", name="Conv2d") == "Conv2d is called conv here: cnndsl layers conv"


def test_rule_gives_the_page(assistant: Assistant) -> None:
    page = (ROOT / "docs" / "errors" / "E302.md").read_text(encoding="utf-8")
    assert assistant.ask("rule", code="e302")["text"] == page
    assert assistant.refusal("rule", code="E999") == "there is no error or warning E999"


# What it does not take, and what it never does


@pytest.mark.parametrize("arguments", [{}, {"file": "net.cnn", "text": NET}])
def test_one_text_is_needed(assistant: Assistant, arguments: dict[str, str]) -> None:
    assert assistant.refusal("check", **arguments).startswith("give either `file`")


@pytest.mark.parametrize("name", ["../net.cnn", "link.cnn", "folder/net.cnn", "{outside}/net.cnn", "a/../../net.cnn"])
def test_no_file_outside_the_folder_is_read(assistant: Assistant, name: str) -> None:
    outside = assistant.folder.parent
    (outside / "net.cnn").write_text(NET, encoding="utf-8")
    for link, target in (("link.cnn", outside / "net.cnn"), ("folder", outside)):
        if not os.path.lexists(assistant.folder / link):
            (assistant.folder / link).symlink_to(target)
    said = assistant.refusal("check", file=name.format(outside=outside))
    assert "lies outside the folder" in said


def test_nothing_outside_the_folder_is_imported(assistant: Assistant) -> None:
    """Also not in a project that begins above it, and by no link."""
    outside = assistant.folder.parent
    (outside / "pyproject.toml").write_text("[tool.cnndsl]\n", encoding="utf-8")
    (outside / "blocks.cnn").write_text("block B { relu }\n", encoding="utf-8")
    try:
        text = 'from "../blocks.cnn" import B\nnetwork Net { input(3, 8, 8); B }\n'
        told = assistant.ask("check", text=text)["diagnostics"]
        assert "outside the folder that this server may read" in told[0]["message"]
    finally:
        (outside / "pyproject.toml").unlink()


def test_a_file_in_the_folder_is_imported(assistant: Assistant) -> None:
    (assistant.folder / "parts.cnn").write_text("block B { relu }\n", encoding="utf-8")
    text = 'from "parts.cnn" import B\nnetwork Net { input(3, 8, 8); B }\n'
    assert assistant.ask("check", text=text)["diagnostics"] == []
    assert assistant.ask("explain", text=text)["ok"]


@pytest.mark.parametrize("output", ["../net.py", "net.txt", "link.py", "mine.py"])
def test_nothing_else_is_written(assistant: Assistant, output: str) -> None:
    target = assistant.folder.parent / "target.py"
    target.write_text("kept", encoding="utf-8")
    (assistant.folder / "mine.py").write_text("kept", encoding="utf-8")
    link = assistant.folder / "link.py"
    if not link.is_symlink():
        link.symlink_to(target)
    assert assistant.refusal("compile", text=NET, output=output)
    assert target.read_text(encoding="utf-8") == (assistant.folder / "mine.py").read_text(encoding="utf-8") == "kept"
    assert not (assistant.folder.parent / "net.py").exists()


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("check", {"file": "gone.cnn"}, "no such file"),
        ("check", {"file": "net\0.cnn"}, "null"),
        ("check", {"file": "secrets.txt"}, "does not end in .cnn"),
        ("check", {"text": "x" * (4 * 2**20 + 1)}, "larger than 4 MiB"),
        ("check", {"text": NET, "settings": {"classes": {}}}, "classes"),
        ("summary", {"text": NET, "network": "Other"}, "Other"),
        ("summary", {"text": NET, "sizes": {"H": 3}}, "H"),
        ("summary", {"text": NET, "batch": 0}, "batch"),
        ("draw", {"text": NET, "depth": -1}, "depth"),
        ("layers", {"name": "\x1b[31m"}, "there is no layer"),
    ],
)
def test_what_is_wrong_is_said(assistant: Assistant, tool: str, arguments: dict[str, Any], said: str) -> None:
    assert said in assistant.refusal(tool, **arguments)


def test_no_class_of_a_text_is_imported(assistant: Assistant) -> None:
    """A module beside the text that would leave a trace if it were imported."""
    trace = assistant.folder / "trace"
    (assistant.folder / "evil.py").write_text(f"open({str(trace)!r}, 'w')\n", encoding="utf-8")
    text = 'extern Evil() from "evil" (shape = same)\nnetwork Net { input(3, 8, 8); Evil() }\n'
    for tool in ("check", "fix", "compile", "summary", "explain", "draw"):
        assert assistant.ask(tool, text=text)["ok"], tool
    assert not trace.exists()
    ast.parse(assistant.ask("compile", text=text)["module"])


def test_without_the_extra_a_user_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert main(["mcp"]) == 2
    assert 'pip install "cnndsl[mcp]"' in capsys.readouterr().err


def test_a_folder_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mcp.server.mcpserver", reason="mcp 2 is not installed", exc_type=ImportError)
    assert main(["mcp", "nowhere"]) == 2
    assert "there is no folder nowhere" in capsys.readouterr().err
