"""`cnndsl check`: what is wrong with files, and the mending of what has only one correction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnndsl.commands.options import common, files
from cnndsl.console import STDIN, Run, on_terminal, say

if TYPE_CHECKING:
    from cnndsl.diagnostics import Problem


@click.command("check", short_help="Report what is wrong with each FILE.")
@files
@click.option("--fix", is_flag=True, help="Correct in the files what has only one correction.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@common
def command(files: tuple[Path, ...], fix: bool, diff: bool, settings: dict[str, Any], **common: Any) -> int:
    """Report what is wrong with each FILE, all of it in one run.

    FILE may be a folder, which stands for the .cnn files in it and below, except hidden ones; or - for
    standard input. Nothing is written, unless --fix is given.

    --fix does what the messages ask for where there is only one way to do it: misspelt names, words of PyTorch
    and Keras, arguments that are not needed. It never adds an error. What it leaves to you is reported.
    """
    from cnndsl.files import sources

    if fix and diff:
        message = "write either --fix or --diff: the one changes what the other shows"
        raise click.UsageError(message)
    if fix and STDIN in files:
        message = "standard input cannot be changed: save it in a file, or write --diff"
        raise click.UsageError(message)
    if diff:
        return _diff(Run(**common), sources(files), settings)
    run = Run(**common, to_stdout=True)
    checked = wrong = 0
    mended: list[str] = []
    for path in sources(files):
        before = run.found["error"]
        if not isinstance(path, Path):
            run.report([path.diagnostic])
            continue
        checked += 1
        if fix:
            mended += _mend(run, path, settings)
        else:
            run.compile(path, settings)
        wrong += run.found["error"] > before
    code = run.finish()
    if run.format_ == "text":
        parts = ["".join(f"{line}\n" for line in mended)] if mended else []
        parts.append(_tally(checked, wrong, run.found, len(mended)) + "\n")
        if run.codes and on_terminal():
            parts[-1] += f"cnndsl rule {next(iter(run.codes))} explains the first\n"
        say(("\n" if run.found else "") + "\n".join(parts))
    return code


def _mend(run: Run, path: Path, settings: Mapping[str, Any]) -> list[str]:
    """Mend a file, and report what is left in it; a line about each thing that was done."""
    import codecs

    from cnndsl.diagnostics import Problem
    from cnndsl.files import rewrite
    from cnndsl.fixing import fix

    try:
        old, source = run.read(path)
        fixed = fix(source, lambda text: run.check(text, path, settings))
        if fixed.applied:
            mark = codecs.BOM_UTF8 if old.startswith(codecs.BOM_UTF8) else b""
            rewrite(path, old, mark + source.ended(fixed.source.text).encode())
    except Problem as problem:
        run.report([problem.diagnostic])
        return []
    run.report(fixed.left)
    return [f"mended {name}:{line}:{column}: {title}" for name, line, column, title in fixed.told]


def _diff(run: Run, paths: Iterable[Path | Problem], settings: Mapping[str, Any]) -> int:
    """Show on standard output what would change, and on standard error what cannot be read."""
    from cnndsl.diagnostics import Problem
    from cnndsl.difference import difference
    from cnndsl.fixing import fix

    for path in paths:
        if not isinstance(path, Path):
            run.report([path.diagnostic])
            continue
        try:
            old, source = run.read(path)
        except Problem as problem:
            run.report([problem.diagnostic])
            continue
        fixed = fix(source, lambda text, path=path: run.check(text, path, settings))  # type: ignore[misc]
        say(difference(old.decode("utf-8-sig"), source.ended(fixed.source.text), source.name))
        run.settle(run.check(source, path, settings))
    return run.finish()


def _tally(checked: int, wrong: int, found: Mapping[str, int], mended: int) -> str:
    """`12 files checked, 5 places mended, 3 errors in 2 files, 1 warning`."""

    def count(number: int, word: str) -> str:
        return f"{f'{number:,}' if number else 'no'} {word}{'' if number == 1 else 's'}"

    parts = [f"{count(checked, 'file')} checked"]
    if mended:
        parts.append(f"{count(mended, 'place')} mended")
    parts.append(count(found["error"], "error"))
    if wrong and checked > 1:
        parts[-1] += f" in {count(wrong, 'file')}"
    if found["warning"]:
        parts.append(count(found["warning"], "warning"))
    return ", ".join(parts)
