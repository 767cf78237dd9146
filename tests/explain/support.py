"""Texts and explanations for the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.source import Source

CASES = sorted((Path(__file__).parent / "cases").glob("*.cnn"))


def compiled(text: str, name: str = "net.cnn", folder: Path | None = None) -> Compilation:
    compilation = compile_source(Source(name, text), folder=folder)
    assert compilation.program is not None, [d.message for d in compilation.diagnostics]
    return compilation


def explained(text: str, part: str = "", **options: Any) -> str:
    return compiled(text).explain(part, **options)


def net(body: str, shape: str = "3, 32, 32") -> str:
    return f"network Net {{\n    input({shape})\n    {body}\n}}\n"
