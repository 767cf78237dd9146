"""`cnndsl fmt`: files in the one layout."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import click

from cnndsl.cli.console import STDIN, TEXT_HAS_ERRORS, WRONG_USE, Run, progress, say
from cnndsl.cli.options import color as color_option
from cnndsl.cli.options import files
from cnndsl.cli.options import stdin_filename as stdin_filename_option

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
    from cnndsl.files import sources

    paths = list(sources(files))
    run = Run(color=color, stdin_filename=stdin_filename)
    job = _Job(run, check, diff, remarks_aside=diff or STDIN in paths)
    for path in run.readable(progress(paths, "formatting")):
        outcome = job.format(path)
        if path != STDIN or job.only_shown:  # what is printed needs no remark
            job.tally[outcome] += 1
    return job.finish()


@dataclass
class _Job:
    """What is asked for, and how many files were changed or would be, were left as they are, and are not in order.

    remarks_aside: whether standard output is for texts, and what is said about files goes to standard error.
    """

    run: Run
    check: bool
    diff: bool
    remarks_aside: bool
    tally: Counter[Outcome] = field(default_factory=Counter)

    @property
    def only_shown(self) -> bool:
        """Whether nothing is written."""
        return self.check or self.diff

    def format(self, path: Path) -> Outcome:
        """Format one file."""
        from cnndsl.formatter import LayoutError, formatted

        with self.run.reporting():
            old, source = self.run.read(path)
            try:
                text, found = formatted(source)
            except LayoutError as problem:
                say(
                    f"cnndsl: {source.name} stays as it is: in the one layout {problem}.\n"
                    "This is a fault in cnndsl, not in your text. Please report it, with the text.\n",
                    err=True,
                )
                self.run.code = WRONG_USE
                return "failed"
            self.run.report(found)
            if not found:
                new = source.ended(text).encode()
                self._give(path, source.name, old, new)
                return "unchanged" if new == old else "changed"
        return "failed"

    def _give(self, path: Path, name: str, old: bytes, new: bytes) -> None:
        """Do with the formatted text what is asked for. Raises Problem where it cannot be written."""
        from cnndsl.files import rewrite

        if self.diff:
            self.run.difference(old.decode(), new.decode(), name)
        elif path == STDIN and not self.check:
            say(new)
        if new == old:
            return
        if self.check:
            self.run.code = max(self.run.code, TEXT_HAS_ERRORS)
        if self.only_shown:
            self._say(f"would reformat {name}\n")
        elif path != STDIN:
            rewrite(path, old, new)
            self._say(f"reformatted {name}\n")

    def finish(self) -> int:
        """Say what became of all files; the exit code."""
        code = self.run.finish()
        if self.tally:
            self._say(f"{_summary(self.tally, only_shown=self.only_shown)}\n")
        return code

    def _say(self, text: str) -> None:
        say(text, err=self.remarks_aside)


def _summary(tally: Counter[Outcome], *, only_shown: bool) -> str:
    """`3 files reformatted, 5 left unchanged`."""
    said: dict[Outcome, str] = {
        "changed": "would be reformatted" if only_shown else "reformatted",
        "unchanged": "left unchanged",
        "failed": "not formatted",
    }
    parts = [(tally[outcome], words) for outcome, words in said.items() if tally[outcome]]
    number, words = parts[0]
    first = f"{number:,} file{'' if number == 1 else 's'} {words}"
    return ", ".join([first, *(f"{number:,} {words}" for number, words in parts[1:])])
