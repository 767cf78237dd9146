"""Options and arguments that commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnndsl.cli.console import STDIN, STDOUT

if TYPE_CHECKING:
    from cnndsl.ir.program import Program
    from cnndsl.semantics.values import Limits


def _setting(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    from cnndsl import settings

    try:
        return dict(settings.parse(text) for text in given)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


def parse_sizes(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    """The numbers of `H=256,W=256`."""
    found: dict[str, int] = {}
    for word in (word.strip() for text in given for word in text.split(",")):
        name, equals, number = (part.strip() for part in word.partition("="))
        if not (name and equals and number.isascii() and number.isdecimal() and len(number) < 20):
            message = f"{word!r} is not of the form NAME=NUMBER, such as H=256"
            raise click.BadParameter(message)
        if found.setdefault(name, int(number)) != int(number):
            message = f"{name} is given twice, as {found[name]} and {number}"
            raise click.BadParameter(message)
    return found


def _limits(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> Limits | None:
    if not given:
        return None
    from cnndsl.semantics.values import Limits

    try:
        return Limits.parse(given)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


def _codes(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> frozenset[str]:
    if not given:
        return frozenset()
    from cnndsl.lint import parse_codes

    try:
        return parse_codes(given)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


def _modules(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...] | None:
    if not given:
        return None
    from cnndsl.externs import parse_modules

    try:
        return parse_modules(given)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


PATH = click.Path(path_type=Path, readable=False)
"""A file or folder; whether it can be read is found out by reading it, and reported like all that is wrong."""

color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Whether to use colours; auto: on a terminal.",
)
stdin_filename = click.option(
    "--stdin-filename", metavar="NAME", help="The name that standard input (-) goes by, as if it were this file."
)


def reading(command: Callable[..., int]) -> Callable[..., int]:
    """The options of every command that reads files."""
    for option in (
        color,
        stdin_filename,
        click.option(
            "settings",
            "--set",
            metavar="NAME=VALUE",
            multiple=True,
            callback=_setting,
            help="Give a parameter of a network a value, such as classes=100. May be repeated.",
        ),
        click.option(
            "limits",
            "--limit",
            metavar="NAME=NUMBER",
            multiple=True,
            callback=_limits,
            help="Raise a limit on what a file may ask for, such as layers=100000. May be repeated.",
        ),
        click.option(
            "--ignore",
            metavar="CODES",
            multiple=True,
            callback=_codes,
            help="Do not report these warnings: W204, or W203,W204. May be repeated.",
        ),
    ):
        command = option(command)
    return command


def _findings(name: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    return click.option(
        name,
        "format_",
        type=click.Choice(["text", "concise", "json", "sarif", "github"]),
        default="text",
        show_default=True,
        help="The form of errors and warnings; concise: FILE:LINE:COLUMN: CODE MESSAGE.",
    )


def common(command: Callable[..., int]) -> Callable[..., int]:
    """The options of a command whose `--format` is that of its errors and warnings."""
    return reading(_findings("--format")(command))


def common_beside_format(command: Callable[..., int]) -> Callable[..., int]:
    """The options of a command that has another `--format`, that of its output."""
    return reading(_findings("--diagnostics")(command))


file = click.argument("file", type=PATH)
files = click.argument("files", metavar="FILE...", type=PATH, nargs=-1, required=True)
allow_extern = click.option(
    "--allow-extern",
    metavar="MODULES",
    multiple=True,
    callback=_modules,
    help="Modules that extern lines may take classes from, such as torch.nn,einops.layers.torch; by default those that "
    "the project allows. May be repeated.",
)
force = click.option("--force", is_flag=True, help="Overwrite files that cnndsl did not write.")


def beside(file: Path, ending: str) -> Path:
    """The output that belongs to a file where none is named: its name with another ending."""
    if file == STDIN:
        message = "what comes from standard input belongs to no folder: say with -o OUT where to write"
        raise click.UsageError(message)
    return file.parent / f"{file.stem}{ending}"


def network_name(program: Program, wanted: str | None) -> str:
    """The name of the network to show, by default the last one."""
    try:
        return program.network(wanted).name
    except KeyError as problem:
        raise click.BadParameter(str(problem), param_hint="--network") from None


def check_no_source(target: Path, sources: Iterable[Path]) -> None:
    """Refuse to write over a source."""
    if target == STDOUT:
        return
    for source in sources:
        with suppress(OSError):
            if source.samefile(target):
                message = f"{target} is a source, and would be overwritten"
                raise click.UsageError(message)
