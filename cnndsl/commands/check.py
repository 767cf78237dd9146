"""`cnndsl check`: what is wrong with files, and the mending of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnndsl.commands.options import common, files
from cnndsl.console import STDIN, Run, on_terminal, say

if TYPE_CHECKING:
    from cnndsl.diagnostics import Problem
    from cnndsl.fixing import Fixed


@click.command("check", short_help="Report what is wrong with each FILE.")
@files
@click.option("--fix", is_flag=True, help="Write in the files what says the same and is right.")
@click.option("--unsafe", is_flag=True, help="With --fix or --diff: follow suggestions too, which are guesses.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@common
def command(
    files: tuple[Path, ...], fix: bool, unsafe: bool, diff: bool, settings: dict[str, Any], **common: Any
) -> int:
    """Report what is wrong with each FILE, all of it in one run.

    FILE may be a folder, which stands for the .cnn files in it and below, except hidden ones; or - for
    standard input. Nothing is written, unless --fix is given.

    --fix makes the changes that are safe: what is written says the same as before, in the words of this language. What
    was meant cannot change by it. --unsafe follows suggestions too: guesses at names, numbers and signs, and text that
    is taken away. Both take on only what makes errors fewer and brings no new one. What is left is reported, and the
    exit code is 0 only if no error is left.
    """
    from cnndsl.files import sources

    if fix and diff:
        message = "write either --fix or --diff: the one changes what the other shows"
        raise click.UsageError(message)
    if unsafe and not (fix or diff):
        message = "--unsafe belongs to --fix or --diff"
        raise click.UsageError(message)
    if fix and STDIN in files:
        message = "standard input cannot be changed: save it in a file, or write --diff"
        raise click.UsageError(message)
    if diff:
        return _diff(Run(**common), sources(files), settings, unsafe=unsafe)
    run = Run(**common, to_stdout=True)
    checked = wrong = 0
    mended: list[str] = []
    offered: Counter[str] = Counter()
    for path in sources(files):
        before = run.found["error"]
        if not isinstance(path, Path):
            run.report([path.diagnostic])
            continue
        checked += 1
        fixed = _fixed(run, path, settings, write=fix, unsafe=unsafe)
        if fixed is not None:
            mended += [f"mended {name}:{line}:{column}: {title}" for name, line, column, title in fixed.told]
            offered.update(each.applicability.value for each in fixed.offered)
        wrong += run.found["error"] > before
    code = run.finish()
    if run.format_ == "text":
        parts = ["".join(f"{line}\n" for line in mended)] if mended else []
        parts.append(_tally(checked, wrong, run.found, len(mended)))
        if fix and offered["unsafe"] and not unsafe:
            parts[-1] += f" ({offered['unsafe']:,} more with --unsafe)"
        parts[-1] += "\n"
        if on_terminal():
            parts[-1] += "" if fix else _ways(offered)
            if run.codes:
                parts[-1] += f"cnndsl rule {next(iter(run.codes))} explains the first\n"
        say(("\n" if run.found else "") + "\n".join(parts))
    return code


def _fixed(run: Run, path: Path, settings: Mapping[str, Any], *, write: bool, unsafe: bool) -> Fixed | None:
    """Report what is wrong with a file, or what is left after it was mended; None where it cannot be read."""
    import codecs

    from cnndsl.diagnostics import Problem
    from cnndsl.files import rewrite
    from cnndsl.fixing import Fixed, fix

    try:
        old, source = run.read(path)
        if write:
            fixed = fix(source, lambda text: run.check(text, path, settings), unsafe=unsafe)
        else:
            fixed = Fixed(source, (), run.check(source, path, settings))
        if fixed.applied:
            mark = codecs.BOM_UTF8 if old.startswith(codecs.BOM_UTF8) else b""
            rewrite(path, old, mark + source.ended(fixed.source.text).encode())
    except Problem as problem:
        run.report([problem.diagnostic])
        return None
    run.report(fixed.left)
    return fixed


def _diff(run: Run, paths: Iterable[Path | Problem], settings: Mapping[str, Any], *, unsafe: bool) -> int:
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
        fixed = fix(source, lambda text, path=path: run.check(text, path, settings), unsafe=unsafe)  # type: ignore[misc]
        say(difference(old.decode("utf-8-sig"), source.ended(fixed.source.text), source.name))
        run.settle(run.check(source, path, settings))
    return run.finish()


def _ways(offered: Mapping[str, int]) -> str:
    """How what was found can be mended: `3 can be mended with --fix, 2 more with --fix --unsafe`, and a line end."""
    ways = [f"{offered['safe']:,} can be mended with --fix"] if offered["safe"] else []
    if offered["unsafe"]:
        more = "more" if ways else "can be mended"
        ways.append(f"{offered['unsafe']:,} {more} with --fix --unsafe, by a guess")
    return f"{', '.join(ways)}\n" if ways else ""


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
