"""The files for VS Code, as far as that can be told without it; .ci/run tries the grammar, and packages it."""

from __future__ import annotations

import json
import re
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
