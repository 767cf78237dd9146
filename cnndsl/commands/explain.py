"""`cnndsl explain`: why the sizes are what they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cnndsl.commands.options import common_beside_format, file, network, network_name
from cnndsl.console import Run, say


@click.command("explain", short_help="Say why the layers of FILE give the sizes that they give.")
@file
@click.argument("part", metavar="[LAYER]", required=False, default="")
@network
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "latex"]),
    default="text",
    help="How it is written; LaTeX for a document with the package amsmath.",
)
@common_beside_format
def command(file: Path, part: str, network: str | None, form: str, settings: dict[str, Any], **common: Any) -> int:
    """Say why the layers of FILE give the sizes that they give: each formula with its numbers.

    LAYER is a layer by its path, such as conv1 or layer1.0.conv1; then it is also said where each number
    comes from, and what other numbers would give. A block is all the layers in it.
    """
    run = Run(**common)
    compilation = run.compile(file, settings)
    if compilation is not None and compilation.program is not None:
        from cnndsl.backends.explain import UnknownPart

        name = network_name(compilation.program, network)
        try:
            say(compilation.explain(part, name, form=form, color=run.colored(sys.stdout)))
        except UnknownPart as problem:
            message = f"{name} has no {problem.part}"
            if problem.near:
                message += f"; did you mean {' or '.join(problem.near)}?"
            raise click.BadParameter(message, param_hint="LAYER") from None
    return run.finish()
