"""Commands that go to PyTorch and ONNX, or come from there: modules as texts, networks as files, and as they are
printed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnndsl.cli.backend import Command
from cnndsl.cli.completion import files
from cnndsl.cli.console import STDOUT, Run, busy, say
from cnndsl.cli.options import (
    PATH,
    allow_extern,
    beside,
    check_no_source,
    color,
    common,
    file,
    force,
    kind_of,
    needing,
    network,
    output,
    parse_sizes,
    read_by,
    seed,
)

if TYPE_CHECKING:
    from cnndsl.importing import Import

DIFFERS = 1
"""The exit code for what is not the same in PyTorch and here, or in ONNX Runtime."""
_MOST_REMARKS = 10


def _sizes(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """The sizes of inputs: `3,224,224`, or `3x224x224`."""
    found = []
    for text in given:
        words = [word.strip() for word in re.split("[,x]", text)]
        if not all(word.isascii() and word.isdecimal() and 0 < int(word) < 10**9 for word in words):
            message = f"{text!r} is no size; write it without the batch, such as 3,224,224"
            raise click.BadParameter(message, context, parameter)
        found.append(tuple(map(int, words)))
    return tuple(found)


@click.command("import", short_help="Write a PyTorch module as a .cnn text.")
@click.argument("module", metavar="MODULE:NAME|FILE.pt2", shell_complete=files)
@click.option(
    "sizes",
    "--input",
    metavar="SIZES",
    multiple=True,
    callback=_sizes,
    help="The size of one sample that the module takes, such as 3,224,224. Once for each input. "
    "A FILE.pt2 has sizes of its own, and takes others where they were left open.",
)
@click.option(
    "arguments",
    "--arg",
    metavar="NAME=VALUE",
    multiple=True,
    callback=read_by("cnndsl.settings", "parse", {}),
    help="An argument for NAME, such as num_classes=10. May be repeated.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=PATH,
    default=STDOUT,
    help="Where to write the text.  [default: standard output]",
)
@force
@color
def import_(
    module: str,
    sizes: tuple[tuple[int, ...], ...],
    arguments: dict[str, Any],
    output: Path,
    force: bool,
    color: str,
) -> int:
    """Write what NAME of the Python module MODULE gives, a class or function, as a .cnn text.

    The module is constructed and run, on random numbers, in evaluation and in training: this executes the code of
    MODULE, so import only what you trust. Then the text is compiled and compared with the original, and what was found
    is said: whether the state has the same keys, and whether the same comes out. MODULE may be a file, net.py:Net.

    FILE.pt2 is a program that torch.export.save has written, which needs no Python code. Loading it may execute code
    that is in the file, too.

    \b
    cnndsl import torchvision.models:resnet50 --input 3,224,224 -o resnet50.cnn
    cnndsl import torchvision.models:resnet18 --input 3,224,224 --arg num_classes=10
    cnndsl import my_net.py:Net --input 1,28,28
    cnndsl import net.pt2 -o net.cnn

    Exit codes: 0 the text is the same network; 1 it is not in all; 2 wrong use, or the language has no words for it.
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    run = Run(color=color)
    if output != STDOUT:
        kind_of(output, ["cnn"], why=", as the name of a network's file does")
    is_program = module.endswith(".pt2") and ":" not in Path(module).name
    if is_program and arguments:
        message = "a program of torch.export is made already, and takes no arguments"
        raise click.BadParameter(message, param_hint="--arg")
    if not is_program and not sizes and ":" in module:  # and else it names no module at all
        raise click.MissingParameter(param_hint="'--input'", param_type="option")
    found = _imported_program(Path(module), sizes) if is_program else _imported(module, sizes, arguments)
    run.write({output: found.text.encode()}, force=force)
    for remark in found.remarks[:_MOST_REMARKS]:
        say(f"{remark}\n", err=True)
    if len(found.remarks) > _MOST_REMARKS:
        say(f"... and {len(found.remarks) - _MOST_REMARKS:,} more\n", err=True)
    if found.declared:
        say(f"{found.declared}\n", err=True)
    say(f"{found.comparison}\n", err=True)
    return max(run.finish(), 0 if found.comparison.is_same else DIFFERS)


def _imported(name: str, sizes: tuple[tuple[int, ...], ...], arguments: dict[str, Any]) -> Import:
    """Make and read the module. Raises click.ClickException for whatever goes wrong."""
    with needing("torch", "a module is imported with PyTorch", "run pip install torch"):
        from cnndsl.importing import Unreadable, Unusable, import_module, made

    sys.path.insert(0, "")  # as Python does where it runs a module
    try:
        return import_module(made(name, arguments), sizes)
    except Unusable as problem:
        raise click.UsageError(str(problem)) from None
    except Unreadable as problem:
        raise click.UsageError(f"{name} has no words in the language: {problem}") from None
    finally:
        sys.path.remove("")


def _imported_program(path: Path, sizes: tuple[tuple[int, ...], ...]) -> Import:
    """Read a program. Raises click.ClickException for whatever goes wrong."""
    from cnndsl.files import shown

    with needing("torch", "a module is imported with PyTorch", "run pip install torch"):
        from cnndsl.importing import Unreadable, import_program, loaded, samples

    try:
        program = loaded(path)
        return import_program(program, samples(program, sizes) if sizes else None)
    except (Unreadable, OSError) as problem:
        raise click.UsageError(f"{shown(path)} cannot be imported: {problem}") from None


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
def export(
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
    if compilation is not None:
        with run.building():
            from cnndsl.exporting import to_onnx

            with busy(f"exporting {compilation.checked().program.network(network).name}"):
                found = to_onnx(
                    compilation, network, weights=weights, seed=seed or 0, sizes=sizes, allow_extern=allow_extern
                )
            run.write({target: found.data}, force=force)
            state = "" if weights is not None else ", with weights that are not trained"
            say(f"{found.said}{state}\n", err=True)
            return max(run.finish(), 0 if found.is_same else DIFFERS)
    return run.finish()


@click.command("show", cls=Command, short_help="Print the modules of a network of FILE, as PyTorch does.")
@file
@network
@allow_extern
@common
def show(
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
    if compilation is not None:
        with run.building():
            say(f"{compilation.load(network, allow_extern=allow_extern)()}\n")
    return run.finish()
