"""The files for Vim and Neovim, in a Neovim without a screen: the type of a file, its colours, :make, the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

VIM = Path(__file__).parents[2] / "editors" / "vim"
NET = """# a comment
from "blocks.cnn" import Block

network Net(classes = 10) {
    input(3, 32, 32) -> stem: conv(8, kernel=5) -> relu
    for i in range(2) { "part{i}": Block(8) }
    output it.channels
}
"""
pytestmark = pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")


def neovim(folder: Path, file: str, lua: str) -> Any:
    """What a piece of Lua returns in Neovim with a file open."""
    (folder / "run.lua").write_text(f"local function run()\n{lua}\nend\nfound = run()", encoding="utf-8")
    (folder / "cnndsl").write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'import sys; from cnndsl.__main__ import run; sys.exit(run())' \"$@\"\n"
    )
    (folder / "cnndsl").chmod(0o755)
    quit_ = 'lua vim.fn.writefile({vim.fn.json_encode(found == nil and vim.NIL or found)}, "found.json")'
    command = [
        "nvim", "--headless", "-u", "NONE", "-i", "NONE", "--cmd", f"set runtimepath^={VIM}",
        "-c", "filetype plugin indent on", "-c", "syntax on", "-c", f"edit {file}",
        "-c", "luafile run.lua", "-c", quit_, "-c", "qa!",
    ]  # fmt: skip
    environment = os.environ | {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "XDG_STATE_HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip
    ran = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60, encoding="utf-8"
    )
    assert (folder / "found.json").exists(), ran.stdout + ran.stderr
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def test_the_type_of_a_file_and_its_options(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(NET, encoding="utf-8")
    found = neovim(
        tmp_path, "net.cnn", "return {vim.bo.filetype, vim.bo.commentstring, vim.bo.shiftwidth, vim.bo.makeprg}"
    )
    assert found == ["cnn", "# %s", 4, "cnndsl check --format concise --color never %:S"]


def test_the_colours(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(NET, encoding="utf-8")
    lua = """
    local found = {}
    for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
      for start, word in line:gmatch('()([%w_]+)') do
        table.insert(found, word .. ' ' .. vim.fn.synIDattr(vim.fn.synID(number, start, 1), 'name'))
      end
    end
    return found
    """
    found = dict(line.partition(" ")[::2] for line in neovim(tmp_path, "net.cnn", lua))
    wanted = {
        "comment": "cnnComment", "from": "cnnKeyword", "blocks": "cnnString", "network": "cnnDefining",
        "Net": "cnnName", "kernel": "cnnArgument", "32": "cnnNumber",
        "input": "cnnConstant", "stem": "cnnLabel", "conv": "cnnKind",
        "relu": "cnnKind", "for": "cnnKeyword", "in": "cnnOperatorWord", "range": "cnnKind", "part": "cnnString",
        "channels": "cnnAttribute", "output": "cnnKeyword",
    }  # fmt: skip
    assert {word: found[word] for word in wanted} == wanted


def test_a_text_is_indented_as_by_fmt(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text("\n".join(line.strip() for line in INDENTED.splitlines()), encoding="utf-8")
    found = neovim(tmp_path, "net.cnn", "vim.cmd('normal! gg=G'); return vim.api.nvim_buf_get_lines(0, 0, -1, false)")
    assert found == INDENTED.splitlines()


INDENTED = """network Net {
    input(3, 32, 32)
    if 1 > 0 {
        conv(8, 3)  # {
        concat(
            it,
            it
        )
    } else {
        conv(8, 5)
            -> relu
            -> relu
    }
    linear(10)
}"""


def test_make_lists_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text("network Net {\n    input(3, 8, 8)\n    conv(8, 99)\n}\n", encoding="utf-8")
    (found,) = neovim(tmp_path, "net.cnn", "vim.cmd('silent make'); return vim.fn.getqflist()")
    assert (found["lnum"], found["col"], found["type"], found["nr"]) == (3, 5, "E", 302)
    assert found["text"].startswith("kernel 99×99 does not fit")


def test_the_server(tmp_path: Path) -> None:
    """Errors, an explanation and a completion, as Neovim shows them."""
    pytest.importorskip("pygls", reason="pygls is not installed", exc_type=ImportError)
    text = "network Net {\n    input(3, 8, 8)\n    conv(8, 3) -> rellu\n    \n}\n"
    (tmp_path / "net.cnn").write_text(text, encoding="utf-8")
    lua = """
    require('cnndsl').setup({ hints = 'stage' })
    vim.cmd('doautocmd FileType cnn')
    vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 50)
    local answers = {}
    local function ask(method, line, character)
      local place = { line = line, character = character }
      local params = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = place }
      for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 30000) or {}) do
        return answer.result
      end
    end
    local labels = {}
    for _, item in ipairs(ask('textDocument/completion', 3, 4).items) do
      if item.label == 'conv' or item.label == 'Conv2d' then table.insert(labels, item.textEdit.newText) end
    end
    local found = vim.diagnostic.get(0)[1]
    local code = found.code or found.user_data.lsp.code
    return { found.lnum, code, ask('textDocument/hover', 2, 5).contents.value, labels }
    """
    line, code, hover, labels = neovim(tmp_path, "net.cnn", lua)
    assert (line, code) == (2, "E201")
    assert "A convolution" in hover
    assert labels in (["conv", "conv"], ["conv($0)", "conv($0)"])
