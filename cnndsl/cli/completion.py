"""What a shell completes when the Tab key is pressed: names that stand in the file at hand, and words of our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from cnndsl.syntax import tree


def files(_context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Files, as the shell completes them."""
    return [CompletionItem(begun, type="file")]


def sides(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Files, and behind the colon of one its networks: `FILE:NETWORK`."""
    file, colon, name = begun.rpartition(":")
    if not colon:
        return files(context, parameter, begun)
    return [CompletionItem(f"{file}:{word}") for word in _begin(name, _names([Path(file)]))]


def networks(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The networks of the files."""
    return _begin(begun, _names(_files(context)))


def settings(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The parameters of the networks of the files, or of the one that is asked for, as `NAME=`."""
    from cnndsl.syntax import tree

    wanted = context.params.get("network")
    names = (
        f"{parameter.name.text}="
        for item in _networks(_files(context))
        if isinstance(item, tree.Definition) and wanted in (None, item.name.text)
        for parameter in item.parameters
    )
    return _begin(begun, names)


def parts(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The paths of the layers and blocks of the network, and the names of its blocks."""
    from cnndsl.analysis import costs
    from cnndsl.compiler import compile  # noqa: A004 - the package's own word

    found: list[str] = []
    for path in _files(context):
        with suppress(OSError, KeyError):
            program = compile(path, settings=_given(context)).program
            if program is not None and program.networks:
                rows = costs.rows(program, program.network(context.params.get("network")).name)
                found += [row.path for row in rows if row.path]
                found += [module.name for module in program.modules.values() if module.id not in program.networks]
    return _begin(begun, found)


def columns(_context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The columns of a summary, the last of those that were begun."""
    from cnndsl.backends.summary.entries import COLUMNS

    before, comma, last = begun.rpartition(",")
    return [f"{before}{comma}{name}" for name in _begin(last, COLUMNS)]


def warnings(_context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The codes of warnings, the last of those that were begun."""
    from cnndsl import pages

    before, comma, last = begun.rpartition(",")
    return [f"{before}{comma}{code}" for code in _begin(last.upper(), pages.codes()) if code.startswith("W")]


def codes(_context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The codes of errors and warnings."""
    from cnndsl import pages

    return _begin(begun.upper(), pages.codes())


def kinds(_context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The kinds of layers, and the operations."""
    from cnndsl.layers.registry import KINDS, OPERATIONS

    return _begin(begun, [*KINDS, *OPERATIONS])


def limits(_context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """What may be asked for without bounds, as `NAME=`."""
    from cnndsl.semantics.values import Limits

    return _begin(begun, (f"{name}=" for name in Limits.__annotations__))


def packaged(_context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The networks that come with cnndsl."""
    from cnndsl.files import packaged_names

    return _begin(begun, (name.removesuffix(".cnn") for name in packaged_names()))


def _begin(begun: str, words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word.startswith(begun)))


def _files(context: click.Context) -> list[Path]:
    given = next((context.params[name] for name in ("file", "files", "before") if context.params.get(name)), None)
    if not given:  # behind an option without its value click leaves the arguments as they are
        return [Path(word) for word in context.args if not word.startswith("-")]
    return [Path(given)] if isinstance(given, str | Path) else list(given)


def _given(context: click.Context) -> dict[str, object]:
    given = context.params.get("settings")
    return dict(given) if isinstance(given, dict) else {}


def _names(files: Iterable[Path]) -> Iterator[str]:
    return (item.name.text for item in _networks(files))


def _networks(paths: Iterable[Path]) -> Iterator[tree.Definition | tree.Variant]:
    """The networks of the files, as they are written; those that cannot be read have none."""
    from cnndsl.diagnostics import Problem
    from cnndsl.files import read, sources
    from cnndsl.syntax.parser import parse

    for path in sources(paths):
        with suppress(Problem):
            yield from parse(read(path))[0].networks if isinstance(path, Path) else ()
