"""The command line: a thin shell around the library.

Exit codes: 0 fine; 1 a text has errors; 2 wrong use, or a file that cannot be read or written;
130 interrupted.  Nothing but click is imported before a command needs it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import chain
from typing import ClassVar

import click

from cnndsl.backends import registered
from cnndsl.cli.console import INTERRUPTED, WRONG_USE, Unheard, say


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
        if isinstance(problem, FileNotFoundError) and problem.filename is None:  # a process can ask for one such thing
            say("Error: the current folder is not there any more\n", err=True)
            return WRONG_USE
        if isinstance(problem, OSError) and problem.filename is None:  # click's own output: the help, the version
            raise Unheard(problem) from None
        say(_internal_error(problem), err=True)
        return WRONG_USE


class _Commands(click.Group):
    """The commands, whose files are read when they are called; one may be forgotten."""

    files: ClassVar[dict[str, tuple[str, ...]]] = {
        **{name: (name,) for name in ("check", "compile", "diff", "draw", "explain", "fmt", "sweep")},
        "exchange": ("export", "import", "show"),
        "reference": ("layers", "new", "rule"),
        "servers": ("lsp", "mcp", "playground"),
    }
    """The commands of each file; the others are backends."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        backends = [name for name, backend in registered().items() if backend.command]
        return sorted([*chain(*self.files.values()), *backends])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        file = next((file for file, names in self.files.items() if cmd_name in names), None)
        if file is None:
            from cnndsl.cli.backend import command

            return command(cmd_name)
        found = vars(import_module(f"cnndsl.cli.{file}")).values()
        return next(each for each in found if isinstance(each, click.Command) and each.name == cmd_name)

    def _takes_files(self, ctx: click.Context, name: str) -> bool:
        found = self.get_command(ctx, name)
        return found is not None and any(parameter.name in ("file", "files") for parameter in found.params)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        commands = self.list_commands(ctx)
        if args[0] not in commands and os.path.isfile(args[0]):  # noqa: PTH113 - raises nothing, as Path's would
            takers = [name for name in commands if self._takes_files(ctx, name)]
            raise click.UsageError(f"what is to be done with {args[0]}? Write cnndsl {'|'.join(takers)} {args[0]}", ctx)
        if args[0] not in commands and not args[0].startswith("-"):
            from cnndsl.hints.spelling import nearest

            near = f"--{args[0]}" if args[0] in ("help", "version") else nearest(args[0], commands)
            raise click.UsageError(f"there is no command {args[0]}" + (f": did you mean {near}?" if near else ""), ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all is well; 1 a text has errors; 2 wrong use, or a file cannot be read or written.\n\n"
    "Tab completion: put this line into ~/.bashrc; zsh_source and fish_source are for those shells.\n\n"
    '\b\n  eval "$(_CNNDSL_COMPLETE=bash_source cnndsl)"',
)
@click.version_option(package_name="cnndsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Compile .cnn files, which describe convolutional networks, to PyTorch and to pictures.

    cnndsl COMMAND --help says all about a command.
    """


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
