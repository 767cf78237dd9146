"""Commands that start a server: for an editor, for an assistant, and for the browsers of this machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from cnndsl.cli.console import say, wait_for
from cnndsl.cli.options import PATH, needing
from cnndsl.cli.options import lang as lang_option
from cnndsl.i18n import Language, speaking


@click.command("lsp", short_help="Serve an editor: sizes, errors and explanations as one types.")
@lang_option
def lsp(lang: Language) -> int:
    """Serve an editor by the Language Server Protocol, over standard input and output.

    An editor starts this by itself, as docs/editors.md says for each. It needs: pip install "cnndsl[lsp]"
    """
    with needing("pygls", "the language server needs pygls", 'pip install "cnndsl[lsp]"'):
        import pygls  # noqa: F401 - the server itself may be there already

        from cnndsl.lsp.server import serve

    wait_for("an editor")
    with speaking(lang):
        serve()
    return 0


@click.command("mcp", short_help="Serve an assistant: check, fix, compile, explain and draw texts.")
@click.argument("folder", metavar="[FOLDER]", type=PATH, required=False)
def mcp(folder: Path | None) -> int:
    """Serve an assistant by the Model Context Protocol, over standard input and output.

    An assistant starts this by itself, as docs/assistants.md says. It reads and writes files in FOLDER and below it
    alone, by default the folder where it was started, and runs nothing of a text. It needs: pip install "cnndsl[mcp]"
    """
    with needing("mcp", "the server for assistants needs mcp 2", 'pip install "cnndsl[mcp]"'):
        import mcp.server.mcpserver  # noqa: F401 - the server itself may be there already

        from cnndsl.mcp.server import serve

    place = folder or Path.cwd()
    if not place.is_dir():
        raise click.BadParameter(f"there is no folder {place}", param_hint="FOLDER")
    wait_for("an assistant")
    serve(place)
    return 0


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
def playground(output: Path | None, port: int) -> int:
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
