"""`cnndsl lsp`: the language server, which an editor starts."""

from __future__ import annotations

import click

from cnndsl.cli.console import wait_for
from cnndsl.cli.options import lang as lang_option
from cnndsl.cli.options import needing
from cnndsl.i18n import Language, speaking


@click.command("lsp", short_help="Serve an editor: sizes, errors and explanations as one types.")
@lang_option
def command(lang: Language) -> int:
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
