"""`cnndsl check`: what is wrong with files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cnndsl.commands.options import common, files
from cnndsl.console import Run, say


@click.command("check")
@files
@common
def command(files: tuple[Path, ...], settings: dict[str, Any], **common: Any) -> int:
    """Say what is wrong with each FILE, and write nothing."""
    run = Run(**common, to_stdout=True)
    paths = list(dict.fromkeys(files))
    for path in paths:
        run.compile(path, settings)
    code = run.finish()
    if run.format_ == "text":
        tally = _tally(len(paths), run.found)
        say(f"\n{tally}\n" if run.found else f"{tally}\n")
    return code


def _tally(files: int, found: Mapping[str, int]) -> str:
    """`2 files, 1 error, 3 warnings`."""

    def count(number: int, word: str) -> str:
        return f"{f'{number:,}' if number else 'no'} {word}{'' if number == 1 else 's'}"

    parts = [count(files, "file"), count(found["error"], "error")]
    if found["warning"]:
        parts.append(count(found["warning"], "warning"))
    return ", ".join(parts)
