"""The command line: a thin shell around the library.

Exit codes: 0 fine; 1 a text has errors; 2 wrong use, or a file that cannot be read or written;
130 interrupted.  Nothing but click is imported before a command needs it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from cnndsl.commands.options import check_no_source, common, files, force
from cnndsl.console import INTERRUPTED, STDIN, WRONG_USE, Run, Unheard, say

if TYPE_CHECKING:
    from cnndsl.compiler import Compilation
    from cnndsl.program import Program

PICTURES = ("svg", "png", "pdf", "dot")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default the process's own, and return the exit code. Raises nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to fail
    try:
        return _run(arguments)
    except Unheard as problem:
        return problem.settle()


def _run(arguments: Sequence[str] | None) -> int:
    try:
        return int(cli.main(arguments, prog_name="cnndsl", standalone_mode=False) or 0)
    except click.ClickException as problem:
        words = io.StringIO()
        problem.show(words)
        say(words.getvalue(), err=True)
        return problem.exit_code
    except click.Abort:
        say("interrupted\n", err=True)
        return INTERRUPTED
    except Unheard:
        raise
    except Exception as problem:  # whatever it is, a user gets words
        if isinstance(problem, OSError) and problem.filename is None:  # click's own output: the help, the version
            raise Unheard(problem) from None
        say(_internal_error(problem), err=True)
        return WRONG_USE


class _Commands(click.Group):
    """The commands, some of them in files of their own that are read when they are asked for; one may be forgotten."""

    elsewhere: ClassVar[dict[str, str]] = {
        name: f"cnndsl.commands.{name}" for name in ("draw", "explain", "layers", "summary")
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.elsewhere:
            return import_module(self.elsewhere[cmd_name]).command  # type: ignore[no-any-return]
        return super().get_command(ctx, cmd_name)

    def _takes_files(self, ctx: click.Context, name: str) -> bool:
        command = self.get_command(ctx, name)
        return command is not None and any(parameter.name in ("file", "files") for parameter in command.params)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        commands = self.list_commands(ctx)
        if args[0] not in commands and os.path.isfile(args[0]):  # noqa: PTH113 - raises nothing, as Path's would
            takers = [name for name in commands if self._takes_files(ctx, name)]
            message = f"what shall be done with {args[0]}? Write cnndsl {'|'.join(takers)} {args[0]}"
            raise click.UsageError(message, ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExit codes: 0 fine; 1 a text has errors; 2 wrong use, or a file that cannot be read or written.\n\n"
    '\b\nTab completion: add  eval "$(_CNNDSL_COMPLETE=bash_source cnndsl)"  to ~/.bashrc;\n'
    "zsh_source and fish_source are for the other shells.",
)
@click.version_option(package_name="cnndsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Compile .cnn files, which describe convolutional networks, to PyTorch and to pictures."""


@cli.command("compile", short_help="Write the PyTorch module and the picture of each FILE.")
@files
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Where to write; by default beside FILE."
)
@click.option(
    "--diagram", type=click.Choice([*PICTURES, "none"]), default="svg", show_default=True, help="The picture to draw."
)
@force
@common
def compile_(
    files: tuple[Path, ...], output: Path | None, diagram: str, force: bool, settings: dict[str, Any], **common: Any
) -> int:
    """Compile each FILE to a PyTorch module and a picture of its last network.

    net.cnn becomes net.py and net.svg; my-net.cnn becomes my_net.py, which Python can import. FILE may
    be - for standard input. Nothing is written for a file with errors, and no file is overwritten that
    cnndsl did not write.
    """
    run = Run(**common)
    if STDIN in files and output is None:
        message = "what comes from standard input belongs to no folder: say with -o DIR where to write"
        raise click.UsageError(message)
    if output is not None and output.suffix[1:] in (*PICTURES, "py") and not os.path.isdir(output):  # noqa: PTH112
        message = f"{output} looks like a file, and what is named here is a folder for the module and the picture"
        raise click.BadParameter(message, param_hint="-o")
    jobs: list[_Job] = []
    for path in dict.fromkeys(files):
        compilation = run.compile(path, settings)
        if compilation is not None and compilation.program is not None:
            stem = _stem(path, run.stdin_filename, compilation.program)
            jobs.append(_Job(path, compilation, output or path.parent, stem, diagram))
    _check_targets(jobs, files)
    for job in jobs:
        outputs = {job.module: job.compilation.python().encode()}
        if job.picture is not None:
            outputs |= run.picture(job.compilation.dot(), job.picture)
        run.write(outputs, force=force)
    return run.finish()


@cli.command()
@files
@common
def check(files: tuple[Path, ...], settings: dict[str, Any], **common: Any) -> int:
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


@dataclass(frozen=True)
class _Job:
    """A program without errors, and where its outputs go."""

    source: Path
    compilation: Compilation
    folder: Path
    stem: str
    diagram: str

    @property
    def module(self) -> Path:
        from cnndsl.files import module_name

        return self.folder / f"{module_name(self.stem)}.py"

    @property
    def picture(self) -> Path | None:
        return None if self.diagram == "none" else self.folder / f"{self.stem}.{self.diagram}"

    @property
    def targets(self) -> list[Path]:
        return [self.module] if self.picture is None else [self.module, self.picture]


def _stem(path: Path, stdin_filename: str | None, program: Program) -> str:
    """What outputs are called, without a suffix: as the file, or as the network where there is no file."""
    if path != STDIN:
        return path.stem
    if stdin_filename is not None:
        return Path(stdin_filename).stem
    return program.network().name.lower()


def _check_targets(jobs: Iterable[_Job], sources: Iterable[Path]) -> None:
    """Refuse to write one file twice, or over a source."""
    written: dict[str, Path] = {}
    for job in jobs:
        for target in job.targets:
            check_no_source(target, sources)
            place = os.path.normcase(os.path.realpath(target))
            if place in written:
                message = f"{written[place]} and {job.source} would both be written to {target}"
                raise click.UsageError(message)
            written[place] = job.source


def _tally(files: int, found: Mapping[str, int]) -> str:
    """`2 files, 1 error, 3 warnings`."""

    def count(number: int, word: str) -> str:
        return f"{f'{number:,}' if number else 'no'} {word}{'' if number == 1 else 's'}"

    parts = [count(files, "file"), count(found["error"], "error")]
    if found["warning"]:
        parts.append(count(found["warning"], "warning"))
    return ", ".join(parts)


def _internal_error(problem: Exception) -> str:
    words = str(problem).partition("\n")[0]
    told = (
        f"cnndsl: internal error: {type(problem).__name__}{f': {words}' if words else ''}\n"
        "This is a fault in cnndsl, not in your text. Please report it, with the text; "
        "CNNDSL_DEBUG=1 shows where it happened.\n"
    )
    if os.environ.get("CNNDSL_DEBUG"):
        import traceback

        return "".join(traceback.format_exception(problem)) + told
    return told
