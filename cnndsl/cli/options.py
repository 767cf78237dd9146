"""Options and arguments that commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import reduce, wraps
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, get_args

import click

from cnndsl.cli import completion
from cnndsl.cli.console import STDIN, STDOUT, on_terminal, say
from cnndsl.i18n import VARIABLE, Language


def read_by(module: str, function: str, nothing: Any) -> Callable[..., Any]:
    """How an option is read that may be given several times: by a function that is imported when there is something."""

    def read(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> Any:
        if not given:
            return nothing
        try:
            return attrgetter(function)(import_module(module))(given)
        except ValueError as problem:
            raise click.BadParameter(str(problem)) from None

    return read


def parse_sizes(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    """The numbers of `H=256,W=256`."""
    found: dict[str, int] = {}
    for word in (word.strip() for text in given for word in text.split(",")):
        name, equals, number = (part.strip() for part in word.partition("="))
        if not (name and equals and number.isascii() and number.isdecimal() and len(number) < 20):
            raise click.BadParameter(f"{word!r} is not of the form NAME=NUMBER, such as H=256")
        if found.setdefault(name, int(number)) != int(number):
            raise click.BadParameter(f"{name} is given twice, as {found[name]} and {number}")
    return found


class _Path(click.Path):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":  # as of a variable of a script that is not set; pathlib takes it for the current folder
            self.fail("the name is empty", param, ctx)
        return super().convert(value, param, ctx)


PATH = _Path(path_type=Path, readable=False)
"""A file or folder; whether it can be read is found out by reading it, and reported like all that is wrong."""

color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Whether to use colours; auto: on a terminal.",
)
lang = click.option(
    "--lang",
    type=click.Choice(get_args(Language)),
    default="en",
    show_default=True,
    envvar=VARIABLE,
    help="The language of what is said; auto takes that of the environment. Errors and warnings are English.",
)
stdin_filename = click.option(
    "--stdin-filename", metavar="NAME", help="The name that standard input (-) goes by, as if it were this file."
)


_settings = click.option(
    "settings",
    "--set",
    metavar="NAME=VALUE",
    multiple=True,
    callback=read_by("cnndsl.settings", "parse", {}),
    shell_complete=completion.settings,
    help="Give a parameter of a network a value, such as classes=100. May be repeated.",
)


def _shared(*also: str, settings: bool = True) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The options of every command that reads files; `also` is another name for `--diagnostics`.

    settings: whether parameters are given one value each, by --set.
    """
    options = (
        click.option(
            "--diagnostics",
            *also,
            "format_",
            type=click.Choice(["text", "concise", "json", "sarif", "github"]),
            default="text",
            show_default=True,
            help="The form of errors and warnings; concise: FILE:LINE:COLUMN: CODE MESSAGE.",
        ),
        color,
        stdin_filename,
        *([_settings] if settings else []),
        click.option(
            "limits",
            "--limit",
            metavar="NAME=NUMBER",
            multiple=True,
            callback=read_by("cnndsl.semantics.values", "Limits.parse", None),
            shell_complete=completion.limits,
            help="Raise a limit on what a file may ask for, such as layers=100000. May be repeated.",
        ),
        click.option(
            "--ignore",
            metavar="CODES",
            multiple=True,
            callback=read_by("cnndsl.lint", "parse_codes", frozenset()),
            shell_complete=completion.warnings,
            help="Do not report these warnings: W204, or W203,W204. May be repeated.",
        ),
    )
    return lambda command: reduce(lambda made, option: option(made), options, command)


common = _shared("--format")
"""The options of a command whose `--format` is that of its errors and warnings."""
common_beside_format = _shared()
"""The options of a command that has another `--format`, that of its output."""
common_beside_values = _shared(settings=False)
"""The same of a command whose `--set` gives a parameter several values."""

file = click.argument("file", type=PATH)
files = click.argument("files", metavar="FILE...", type=PATH, nargs=-1, required=True)
allow_extern = click.option(
    "--allow-extern",
    metavar="MODULES",
    multiple=True,
    callback=read_by("cnndsl.externs", "parse_modules", None),
    help="Modules that extern lines may take classes from, such as torch.nn,einops.layers.torch; by default those that "
    "the project allows. May be repeated.",
)


def network_of(help: str) -> Callable[[Callable[..., int]], Callable[..., int]]:  # noqa: A002 - click's word
    """The option that names a network."""
    return click.option("--network", metavar="NAME", shell_complete=completion.networks, help=help)


network = network_of("Which network to take; by default the last one of the file.")
seed = click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(0, 2**32 - 1),
    help="The seed of the initial weights, if none are given.  [default: 0]",
)
force = click.option("--force", is_flag=True, help="Overwrite files that cnndsl did not write.")


def output(help: str, metavar: str = "OUT") -> Callable[[Callable[..., int]], Callable[..., int]]:  # noqa: A002
    """The option that says where to write."""
    return click.option("-o", "--output", metavar=metavar, type=PATH, help=help)


def kind_of(output: Path, allowed: Sequence[str], form: str | None = None, *, why: str = "", hint: str = "-o") -> str:
    """What the name of a file says that it is, one of some kinds: `svg`.

    Raises BadParameter for another name, and UsageError where `form`, the option --format, says another thing.
    """
    from cnndsl.files import shown

    kind = output.suffix[1:]
    if kind not in allowed:
        *most, last = (f".{suffix}" for suffix in allowed)
        listed = f"{', '.join(most)} or {last}" if most else last
        raise click.BadParameter(f"{shown(output)} does not end in {listed}{why}", param_hint=hint)
    if form not in (None, kind):
        message = f"{shown(output)} is to be a {kind} by its name, and a {form} by --format: leave one of them out"
        raise click.UsageError(message)
    return kind


@contextmanager
def needing(package: str, what: str, install: str) -> Iterator[None]:
    """Say what to install where a package cannot be imported that something needs."""
    try:
        yield
    except ImportError as problem:
        if (problem.name or "").partition(".")[0] != package:
            raise
        raise click.UsageError(f"{what}, which is not installed: {install}") from None


def beside(file: Path, ending: str) -> Path:
    """The output that belongs to a file where none is named: its name with another ending."""
    if file == STDIN:
        raise click.UsageError("what comes from standard input belongs to no folder: say with -o OUT where to write")
    return file.parent / f"{file.stem}{ending}"


def check_no_source(target: Path, sources: Iterable[Path]) -> None:
    """Refuse to write over a source."""
    if target == STDOUT:
        return
    for source in sources:
        with suppress(OSError):
            if source.samefile(target):
                raise click.UsageError(f"{target} is a source, and would be overwritten")


_watch = click.option(
    "--watch",
    is_flag=True,
    help="Run again whenever a .cnn file, or pyproject.toml, changes in the folders of FILE; Ctrl-C ends it.",
)


def watched(command: Callable[..., int]) -> Callable[..., int]:
    """A command with the option --watch. Its files are `file` or `files`; nothing but its exit code comes of a run."""

    @_watch
    @wraps(command)
    def run(*, watch: bool, **given: Any) -> int:
        return _repeat(command, given) if watch else command(**given)

    return run


def _repeat(command: Callable[..., int], given: dict[str, Any]) -> int:
    """Run the command until it is interrupted; the exit code of the last run."""
    paths: list[Path] = list(given["files"]) if "files" in given else [given["file"]]
    if STDIN in paths:
        raise click.UsageError("standard input does not change: --watch is for files")
    try:
        from watchfiles import watch
    except ImportError:
        raise click.UsageError("--watch needs a package more: run pip install 'cnndsl[watch]'") from None
    folders = _folders(paths)
    code: int | None = None
    with suppress(KeyboardInterrupt):
        # Something comes also where nothing changed, so that the first run is one that is watched.
        for changes in watch(*folders, watch_filter=_is_text, debounce=100, yield_on_timeout=True, rust_timeout=200):
            if code is not None:
                if not changes:
                    continue
                if on_terminal():
                    click.clear()
                say(f"{', '.join(sorted({Path(path).name for _, path in changes}))} changed\n", err=True)
            is_first = code is None
            try:
                code = command(**given)
            except click.ClickException as problem:
                if is_first:
                    raise
                say(f"{problem.format_message()}\n", err=True)  # a file may be gone for a moment
                code = problem.exit_code
            sys.stdout.flush()
            say(f"watching {', '.join(map(str, folders))}; Ctrl-C ends it\n", err=True)
    return code or 0


def _is_text(_: object, path: str) -> bool:
    return path.endswith(".cnn") or Path(path).name == "pyproject.toml"


def _folders(paths: Iterable[Path]) -> list[Path]:
    """The folders with the files and with what they may import: of a project all of it."""
    from cnndsl.project import ProjectProblem, find

    found = []
    for path in paths:
        folder = path if path.is_dir() else path.parent
        with suppress(ProjectProblem):
            project = find(folder).path
            folder = project.parent if project is not None else folder
        if not folder.is_dir():
            raise click.UsageError(f"there is no folder {folder}")
        found.append(folder)
    return list(dict.fromkeys(found))
