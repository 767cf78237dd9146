"""The files for VS Code, as far as that can be told without it; .ci/run tries the grammar, and packages it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest

import cnndsl
from cnndsl.diagnostics import Severity
from cnndsl.lsp.sizes import Style

VSCODE = Path(__file__).parents[2] / "editors" / "vscode"
SNIPPETS: dict[str, Any] = json.loads((VSCODE / "snippets" / "cnn.json").read_text(encoding="utf-8"))
USES = {"block": "Block(8)", "residual": "Residual(8, 2)", "convnorm": "ConvNorm(8)"}
"""What a snippet that defines something is used by."""


@pytest.mark.parametrize("name", [name for name, one in SNIPPETS.items() if one["prefix"] != "from"])
def test_a_snippet_compiles(name: str) -> None:
    snippet = SNIPPETS[name]
    text = re.sub(r"\$\{\d:([^}]*)\}", r"\1", "\n".join(snippet["body"])).replace("$0", "relu")
    if snippet["prefix"] != "network":
        use = USES.get(snippet["prefix"], text)
        text = f"{'' if use == text else text}\nnetwork Net {{\ninput(3, 8, 8)\nconv(4, 1)\n{use}\n}}"
    found = cnndsl.compile(text).diagnostics
    assert [one.message for one in found if one.severity is Severity.ERROR] == []


def test_a_word_is_a_name_of_the_language() -> None:
    """Also one with letters beyond ASCII: what a double click takes, and what is renamed."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    given = json.loads((VSCODE / "language-configuration.json").read_text(encoding="utf-8"))["wordPattern"]
    text = "größe_2 = conv(特徴, 3.5) -> relu1"
    script = "const [text, {pattern, flags}] = JSON.parse(process.argv[1]);"
    script += "console.log(JSON.stringify(text.match(new RegExp(pattern, flags + 'g'))))"
    ran = subprocess.run([node, "-e", script, json.dumps([text, given])], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == ["größe_2", "conv", "特徴", "3.5", "relu1"]


def test_what_the_extension_names_is_there() -> None:
    package = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))
    given = package["contributes"]
    paths = [given["languages"][0]["configuration"], given["grammars"][0]["path"], given["snippets"][0]["path"]]
    assert all((VSCODE / path).is_file() for path in paths)
    code = (VSCODE / "src" / "extension.js").read_text(encoding="utf-8")
    assert all(f'"{command["command"]}"' in code for command in given["commands"])
    settings = given["configuration"]["properties"]
    assert all(f'get("{name.removeprefix("cnndsl.")}")' in code for name in settings)


def test_settings_are_those_of_the_server() -> None:
    package = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))
    assert tuple(package["contributes"]["configuration"]["properties"]["cnndsl.hints"]["enum"]) == get_args(Style)
