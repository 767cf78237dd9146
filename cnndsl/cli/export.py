"""`cnndsl export`: a network as a file of ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnndsl.cli.backend import Command
from cnndsl.cli.console import STDOUT, Run, busy, say
from cnndsl.cli.options import (
    PATH,
    allow_extern,
    beside,
    check_no_source,
    common,
    file,
    force,
    kind_of,
    network,
    output,
    parse_sizes,
    seed,
)

DIFFERS = 1


@click.command("export", cls=Command, short_help="Write a network of FILE as a file of ONNX.")
@file
@network
@click.option("--weights", metavar="FILE", type=PATH, help="Trained weights, .safetensors or .pt.")
@seed
@click.option(
    "--size",
    "sizes",
    metavar="NAME=NUMBER",
    multiple=True,
    callback=parse_sizes,
    help="A number for a size that the network leaves open, such as H=256. May be repeated.",
)
@output("The file to write, a name that ends in .onnx; by default FILE with .onnx.")
@allow_extern
@force
@common
def command(
    file: Path,
    network: str | None,
    weights: Path | None,
    seed: int | None,
    sizes: dict[str, int],
    output: Path | None,
    allow_extern: tuple[str, ...] | None,
    force: bool,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Write a network of FILE as it is in evaluation as a file of ONNX, by PyTorch's exporter.

    Inputs and outputs have their names of the text; the batch and the sizes that the text leaves open stay open. The
    file is checked, run in ONNX Runtime on two batches of different sizes, and compared with PyTorch: the largest
    difference is said. This needs pip install 'cnndsl[onnx]'.

    \b
    cnndsl export net.cnn --weights net.safetensors
    cnndsl export resnet.cnn --network ResNet50 --set classes=10 -o resnet50.onnx

    Exit codes: 0 the same comes out; 1 something else does, or the text has errors; 2 wrong use.
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    run = Run(**common)
    target = beside(file, ".onnx") if output is None else output
    if target != STDOUT:
        kind_of(target, ["onnx"])
    check_no_source(target, [file] if weights is None else [file, weights])
    compilation = run.compile(file, settings)
    if compilation is not None and compilation.program is not None:
        with run.building():
            from cnndsl.exporting import to_onnx

            with busy(f"exporting {compilation.program.network(network).name}"):
                found = to_onnx(
                    compilation, network, weights=weights, seed=seed or 0, sizes=sizes, allow_extern=allow_extern
                )
            run.write({target: found.data}, force=force)
            state = "" if weights is not None else ", with weights that are not trained"
            say(f"{found.said}{state}\n", err=True)
            return max(run.finish(), 0 if found.is_same else DIFFERS)
    return run.finish()
