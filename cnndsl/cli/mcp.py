"""`cnndsl mcp`: the server for assistants that write networks."""

from __future__ import annotations

from pathlib import Path

import click

from cnndsl.cli.console import wait_for
from cnndsl.cli.options import PATH, needing


@click.command("mcp", short_help="Serve an assistant: check, fix, compile, explain and draw texts.")
@click.argument("folder", metavar="[FOLDER]", type=PATH, required=False)
def command(folder: Path | None) -> int:
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
