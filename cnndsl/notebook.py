"""`%load_ext cnndsl` in a notebook: cells that begin with `%%cnn` are texts."""

from __future__ import annotations

from keyword import iskeyword
from pathlib import Path
from typing import Any

from cnndsl.compilation import Compilation, CompilationError
from cnndsl.compiler import compile  # noqa: A004 - the package's own word
from cnndsl.report.text import render
from cnndsl.settings import parse


class CellError(CompilationError):
    """The text of a cell has errors. A notebook shows these, and no lines of Python, and runs no further cells."""

    def _render_traceback_(self) -> list[str]:
        return render(self.compilation.diagnostics, color=True).splitlines()


def load_ipython_extension(ipython: Any) -> None:
    """Give an IPython the magic `%%cnn`; `%load_ext cnndsl` calls it."""
    from IPython.core.error import UsageError
    from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

    @magic_arguments()
    @argument("name", nargs="?", help="the variable for what comes of the cell, a Compilation")
    @argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a value for a parameter of a network")
    def cnn(line: str, cell: str) -> Compilation:
        """Compile the cell, and show its last network as a diagram; a cell with errors fails, and shows these.

        A text imports files from the folder in which the notebook runs.
        """
        given = parse_argstring(cnn, line)
        if given.name is not None and (not given.name.isidentifier() or iskeyword(given.name)):
            raise UsageError(f"{given.name!r} is no name for a variable: write %%cnn net")
        try:
            settings = parse(given.set)
        except ValueError as problem:
            raise UsageError(str(problem)) from None
        made = compile(cell, name="<cell>", settings=settings, folder=Path.cwd())
        if given.name is not None:
            ipython.push({given.name: made})
        if not made.ok:
            raise CellError(made)
        return made

    ipython.register_magic_function(cnn, "cell", "cnn")
