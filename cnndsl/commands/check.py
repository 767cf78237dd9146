"""`cnndsl check`: what is wrong with files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnndsl.commands.options import common
from cnndsl.console import Run, say


@click.command("check")
@click.argument("files", metavar="FILE...", type=click.Path(path_type=Path), nargs=-1, required=True)
@common
def command(files: tuple[Path, ...], settings: dict[str, Any], **common: Any) -> int:
    """Say what is wrong with each FILE, and write nothing.

    FILE may be a folder: then it stands for the .cnn files in it and below, but for hidden ones; or - for
    standard input.
    """
    from cnndsl.diagnostics import Problem
    from cnndsl.files import sources

    run = Run(**common, to_stdout=True)
    checked = wrong = 0
    for path in sources(files):
        before = run.found["error"]
        if isinstance(path, Problem):
            run.report([path.diagnostic])
        else:
            checked += 1
            run.compile(path, settings)
            wrong += run.found["error"] > before
    code = run.finish()
    if run.format_ == "text":
        tally = _tally(checked, wrong, run.found["error"], run.found["warning"])
        say(f"\n{tally}\n" if run.found else f"{tally}\n")
    return code


def _tally(checked: int, wrong: int, errors: int, warnings: int) -> str:
    """`12 files checked, 3 errors in 2 files, 1 warning`."""

    def count(number: int, word: str) -> str:
        return f"{f'{number:,}' if number else 'no'} {word}{'' if number == 1 else 's'}"

    found = count(errors, "error")
    if wrong and checked > 1:
        found += f" in {count(wrong, 'file')}"
    return ", ".join([f"{count(checked, 'file')} checked", found, *([count(warnings, "warning")] if warnings else [])])
