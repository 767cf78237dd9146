"""`--watch`: run a command again whenever a `.cnn` file changes, or what a `pyproject.toml` says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import click

from cnndsl.cli.console import STDIN, on_terminal, say

_option = click.option(
    "--watch",
    is_flag=True,
    help="Run again whenever a .cnn file, or pyproject.toml, changes in the folders of FILE; Ctrl-C ends it.",
)


def watched(command: Callable[..., int]) -> Callable[..., int]:
    """A command with the option --watch. Its files are `file` or `files`; nothing but its exit code comes of a run."""

    @_option
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
