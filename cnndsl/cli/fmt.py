"""`cnndsl fmt`: files in the one layout."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cnndsl.cli.console import STDIN, TEXT_HAS_ERRORS, WRONG_USE, Run, counted, progress, say
from cnndsl.cli.options import color as color_option
from cnndsl.cli.options import files
from cnndsl.cli.options import stdin_filename as stdin_filename_option

if TYPE_CHECKING:
    from cnndsl.source import Source

Outcome = Literal["changed", "unchanged", "failed"]


@click.command("fmt", short_help="Give each FILE the one layout.")
@files
@click.option("--check", is_flag=True, help="Write nothing; the exit code is 1 if a file would be changed.")
@click.option("--diff", is_flag=True, help="Write nothing, and print what would be changed.")
@color_option
@stdin_filename_option
def command(files: tuple[Path, ...], check: bool, diff: bool, color: str, stdin_filename: str | None) -> int:
    """Give each FILE the one layout: indentation, spaces, blank lines, and `=` under `=`.

    Line breaks and comments stay as they are, and so does a file whose text cannot be read. Lines end as the first of
    the file does, with LF or CRLF.

    FILE may be a folder, which stands for the .cnn files in it and below, except hidden ones; or - for standard
    input, whose text is printed.
    """
    from cnndsl.files import rewrite, sources

    paths = list(sources(files))
    run = Run(color=color, stdin_filename=stdin_filename)
    only_shown, aside = check or diff, diff or STDIN in paths  # standard output may be for texts
    tally: Counter[Outcome] = Counter()
    for path in run.readable(progress(paths, "formatting")):
        outcome: Outcome = "failed"
        with run.reporting():
            old, source = run.read(path)
            new = _formatted(run, source)
            if new is not None:
                is_same = new == old
                if diff:
                    run.difference(old.decode(), new.decode(), source.name)
                elif path == STDIN and not check:
                    say(new)
                if not is_same and only_shown:
                    say(f"would reformat {source.name}\n", err=aside)
                elif not is_same and path != STDIN:
                    rewrite(path, old, new)
                    say(f"reformatted {source.name}\n", err=aside)
                outcome = "unchanged" if is_same else "changed"
        if path != STDIN or only_shown:  # what is printed needs no remark
            tally[outcome] += 1
    if check and tally["changed"]:
        run.code = max(run.code, TEXT_HAS_ERRORS)
    code = run.finish()
    if tally:
        say(f"{_summary(tally, only_shown=only_shown)}\n", err=aside)
    return code


def _formatted(run: Run, source: Source) -> bytes | None:
    """The text in the one layout; None for one with errors, or where the formatter fails, which is reported."""
    from cnndsl.formatter import LayoutError, formatted

    try:
        text, found = formatted(source)
    except LayoutError as problem:
        say(
            f"cnndsl: {source.name} stays as it is: in the one layout {problem}.\n"
            "This is a fault in cnndsl, not in your text. Please report it, with the text.\n",
            err=True,
        )
        run.code = WRONG_USE
        return None
    run.report(found)
    return None if found else source.ended(text).encode()


def _summary(tally: Counter[Outcome], *, only_shown: bool) -> str:
    """`3 files reformatted, 5 left unchanged`."""
    said: dict[Outcome, str] = {
        "changed": "would be reformatted" if only_shown else "reformatted",
        "unchanged": "left unchanged",
        "failed": "not formatted",
    }
    (number, first), *others = ((tally[outcome], words) for outcome, words in said.items() if tally[outcome])
    return ", ".join([f"{counted(number, 'file')} {first}", *(f"{number:,} {words}" for number, words in others)])
