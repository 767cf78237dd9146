"""Typesetting, by the LaTeX of this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path


def typeset(text: str, folder: Path, name: str) -> str:
    """What pdflatex says of a document, which it takes."""
    (folder / name).write_text(text, encoding="utf-8")
    ran = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name],  # noqa: S607
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    assert ran.returncode == 0, ran.stdout[-2000:]
    return ran.stdout
