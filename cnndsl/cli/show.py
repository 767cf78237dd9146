"""`cnndsl show`: the modules of a network, as PyTorch prints them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnndsl.cli.backend import Command
from cnndsl.cli.console import Run, say
from cnndsl.cli.options import allow_extern, common, file, network


@click.command("show", cls=Command, short_help="Print the modules of a network of FILE, as PyTorch does.")
@file
@network
@allow_extern
@common
def command(
    file: Path,
    network: str | None,
    allow_extern: tuple[str, ...] | None,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Print what `print(net)` prints for a network of FILE: its modules, in the order in which they are declared.

    This needs PyTorch. cnndsl summary says more, and does not.

    \b
    cnndsl show net.cnn
    cnndsl show resnet.cnn --network ResNet50 --set classes=10
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    run = Run(**common)
    compilation = run.compile(file, settings)
    if compilation is not None and compilation.program is not None:
        with run.building():
            say(f"{compilation.load(network, allow_extern=allow_extern)()}\n")
    return run.finish()
