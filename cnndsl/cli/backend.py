"""The options of a backend on the command line, made from their model, and the commands of backends that need no more.

Nothing of a backend is imported before one of its options is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TextIO, Union, get_args, get_origin

import click

from cnndsl.backends import registered
from cnndsl.cli import completion
from cnndsl.cli.console import Run, columns, on_terminal, say
from cnndsl.cli.options import common_beside_format, file, parse_sizes
from cnndsl.i18n import VARIABLE

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class _Options(click.Argument):
    """Stands for the options of a backend among those of a command."""

    def __init__(self, declared: Any, find: Callable[[], type[Any]], without: Collection[str]) -> None:
        super().__init__(declared)
        self._find = find
        self._without = without

    def parameters(self) -> Iterator[click.Parameter]:
        """The options themselves."""
        from cnndsl.backends.options import Terminal, fields, mark_of

        for name, field in fields(self._find()).items():
            if name not in self._without and mark_of(field, Terminal) is None:
                yield _parameter(name, field)


def options_of(find: Callable[[], type[Any]], *without: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The options of the model that is found, which the command gets as one mapping, `options`, by their names."""
    return click.argument("options", cls=_Options, find=find, without=without)


class Command(click.Command):
    """A command that may have the options of a backend beside its own.

    It says which of its options has a value that the library refuses.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options, those of the backend at their place."""
        found = super().get_params(ctx)
        return [each for one in found for each in (one.parameters() if isinstance(one, _Options) else [one])]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options, and put those of the backend together."""
        left = super().parse_args(ctx, args)
        own = {one.name for one in self.params}
        if "options" in own:
            ctx.params["options"] = {name: ctx.params.pop(name) for name in list(ctx.params) if name not in own}
        return left

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises BadParameter where an option has a value that it cannot have."""
        from cnndsl.diagnostics import OptionError

        try:
            return super().invoke(ctx)
        except OptionError as problem:
            found = next((one for one in self.get_params(ctx) if one.name == problem.option), None)
            hint = found.make_metavar(ctx).strip("[]") if isinstance(found, click.Argument) else None
            raise click.BadParameter(str(problem), ctx, found, hint) from None

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the command does: of one that is a backend's alone, what the backend says."""
        if self.help is None:
            said = cleandoc(registered()[self.name or ""].options.__doc__ or "").split("\n\n")
            self.help = "\n\n".join(f"\b\n{part}" if part.startswith("cnndsl ") else part for part in said)
        super().format_help_text(ctx, formatter)


def command(name: str) -> click.Command:
    """The command that prints what a backend makes."""
    backend = registered()[name]

    @click.command(name, cls=Command, short_help=backend.command)
    @file
    @options_of(lambda: backend.options)
    @common_beside_format
    def run(file: Path, options: dict[str, Any], settings: dict[str, Any], **common: Any) -> int:
        run = Run(**common)
        compilation = run.compile(file, settings)
        if compilation is not None:
            say(getattr(compilation, name)(**options, **by_terminal(run, backend.options)))
        return run.finish()

    return run


def by_terminal(run: Run, kind: type[Any]) -> dict[str, Any]:
    """The options of a model that the terminal decides."""
    from cnndsl.backends.options import Terminal, fields, mark_of

    shown = {"color": run.colored(sys.stdout), "width": columns(), "bars": on_terminal() and _has_bars(sys.stdout)}
    return {name: shown[name] for name, field in fields(kind).items() if mark_of(field, Terminal)}


def _parameter(name: str, field: FieldInfo) -> click.Parameter:
    """An option of a backend as one of the command line; what its type says decides how it is given."""
    from cnndsl.backends.options import CommandLine, mark_of

    line = mark_of(field, CommandLine) or CommandLine()
    default: Any = field.default
    more: dict[str, Any] = {"metavar": line.metavar or None, "default": default}
    if name in _COMPLETED:
        more["shell_complete"] = _COMPLETED[name]
    if line.is_argument:
        return click.Argument([name], required=False, **more)
    more["help"] = field.description or ""
    kind = field.annotation
    if get_origin(kind) in (Union, UnionType):
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is Literal:
        words = get_args(kind)
        more |= {"type": click.Choice(words, case_sensitive=not all(map(str.isupper, words))), "show_default": True}
        more["metavar"] = f"[{'|'.join(words)}]"  # click has them in lower case where both cases are taken
    elif kind is bool:
        more = {"is_flag": True, "help": line.without or field.description}
        if default:
            more["callback"] = lambda _context, _option, given: not given
    elif kind is int:
        limits = {side: getattr(mark, key) for mark in field.metadata for key, side in _SIDES if hasattr(mark, key)}
        more |= {"type": click.IntRange(**limits), "metavar": line.metavar or "N", "show_default": default is not None}
    elif get_origin(kind) in (Mapping, Collection):
        more |= {"multiple": True, "default": (), "help": f"{field.description} May be repeated."}
        more["callback"] = parse_sizes if get_origin(kind) is Mapping else _names
    if name == "lang":
        more["envvar"] = VARIABLE
        more["help"] = f"{more['help']} The variable {VARIABLE} says it for all commands."
    if name == "format":
        more["help"] = f"{more['help'].removesuffix('.')}; for errors and warnings see --diagnostics."
    return click.Option([name, line.flag or f"--{name}"], **more)


_COMPLETED = {
    "network": completion.networks,
    "columns": completion.columns,
    "expand": completion.parts,
    "part": completion.parts,
}
"""What a shell completes in the values of an option."""
_SIDES = (("ge", "min"), ("le", "max"))
"""What bounds a number: its name in Pydantic's fields and in click's."""


def _names(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for text in given for name in text.split(","))


def _has_bars(stream: TextIO) -> bool:
    """Whether the characters that bars are made of can be written."""
    try:
        "▏█".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
