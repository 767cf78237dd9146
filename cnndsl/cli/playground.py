"""`cnndsl playground`: the compiler in a page of a browser, made as a folder or served to this machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from cnndsl.cli.console import say
from cnndsl.cli.options import PATH


@click.command("playground", short_help="Serve a page to write networks in, with their pictures beside them.")
@click.option("--output", "-o", metavar="FOLDER", type=PATH, help="Make the page in FOLDER, and serve nothing.")
@click.option(
    "--port",
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="The port to serve it at; 0 takes one that is free.",
)
def command(output: Path | None, port: int) -> int:
    """Serve the playground on 127.0.0.1: an editor, and beside it the diagram, the PyTorch module, the summary.

    The compiler runs in the page itself, and what is written there leaves it only as a link that holds it. With
    --output, the page is made as a folder of files, which any web server can serve.

    Making the page takes npm and a network once for each version of cnndsl; it is kept in the user's cache.

    \b
    cnndsl playground
    cnndsl playground -o public
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    from cnndsl.playground.build import HOST, BuildProblem, build, is_current, server
    from cnndsl.syntax.grammar import cache_folder

    cache = cache_folder()
    folder = output or (cache and cache / "playground")
    if folder is None:
        raise click.UsageError("this user has no folder for what can be made again: name one by --output")
    try:
        if output is not None or not is_current(folder):
            say(f"making the page in {folder}\n", err=True)
            build(folder)
    except BuildProblem as problem:
        raise click.UsageError(str(problem)) from None
    if output is not None:
        return 0
    try:
        serving = server(folder, port)
    except OSError as problem:
        message = f"port {port} cannot be used: {problem.strerror or problem}; --port 0 takes one that is free"
        raise click.UsageError(message) from None
    with serving, suppress(KeyboardInterrupt):
        say(f"http://{HOST}:{serving.server_address[1]}/ has the playground; Ctrl-C ends it\n")
        serving.serve_forever()
    return 0
