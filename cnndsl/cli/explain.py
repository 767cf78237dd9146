"""`cnndsl explain`: why the sizes are what they are, and what flows when the network runs."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cnndsl.backends import Backends
from cnndsl.cli.backend import Command, by_terminal, options_of
from cnndsl.cli.console import STDOUT, Run, busy, say
from cnndsl.cli.options import (
    PATH,
    allow_extern,
    beside,
    check_no_source,
    common_beside_format,
    file,
    force,
    kind_of,
    output,
    seed,
)
from cnndsl.i18n import speaking

if TYPE_CHECKING:
    from cnndsl.compilation import Compilation

FORMATS = ("html", "svg", "png", "pdf")
"""What a run can be written as."""
MOST_MAPS = 64
_RUNNING = ("weights", "seed", "mean", "std", "at", "maps", "depth", "labels", "allow_extern", "train", "kernel")
"""The options that have a meaning only where the network is run."""


def _numbers(context: click.Context, parameter: click.Parameter, given: str | None) -> tuple[float, ...] | None:
    """The numbers of an option, with commas between them."""
    if given is None:
        return None
    try:
        found = tuple(float(word) for word in given.split(","))
        if not all(map(isfinite, found)):
            raise ValueError
        return found
    except ValueError:
        message = f"{given!r} is not one number or several with commas between them"
        raise click.BadParameter(message, context, parameter) from None


def _place(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> tuple[int, ...] | Literal["all"] | None:
    """A place in a map, or all of them."""
    if given == "all":
        return "all"
    words = [] if given is None else given.split(",")
    if not all(word.strip().isdecimal() for word in words) or len(words) > 3:
        message = f"{given!r} is no place; write ROW,COLUMN or CHANNEL,ROW,COLUMN, counted from 0, or all"
        raise click.BadParameter(message, context, parameter)
    return tuple(map(int, words)) or None


@click.command("explain", cls=Command, short_help="Explain the sizes in FILE, or show what comes out of every layer.")
@file
@options_of(lambda: Backends.explain.options)
@click.option(
    "pictures",
    "--from",
    metavar="PICTURE",
    type=PATH,
    multiple=True,
    help="Run the network on a picture, numbers (.csv) or a tensor (.pt). Once for each input of the network.",
)
@click.option(
    "--values", metavar="NUMBERS", multiple=True, help='Run the network on numbers, such as "2 2 1; 1 1 2; 1 2 1".'
)
@output(
    "Where to show the run: a name that ends in .html, .svg, .png or .pdf, or - for a page on standard output; by "
    "default FILE with .html."
)
@click.option(
    "--kernel",
    is_flag=True,
    default=None,
    help="Show LAYER alone, or the first convolution or pooling, on a page on which its kernel moves.",
)
@click.option("--weights", metavar="FILE", type=PATH, help="Trained weights (.safetensors or .pt) for the run.")
@seed
@click.option("--train", is_flag=True, default=None, help="Run it as in training: dropout drops, drawn with the seed.")
@click.option(
    "--mean",
    metavar="NUMBERS",
    callback=_numbers,
    help="What to subtract from the channels of a picture: 0.5, or 0.4,0.5,0.6.",
)
@click.option("--std", metavar="NUMBERS", callback=_numbers, help="What to divide them by after that.")
@click.option(
    "--at",
    metavar="ROW,COL",
    callback=_place,
    help="The number to work out in each convolution and pooling; all for each number, where they are few.",
)
@click.option(
    "--maps", metavar="N", type=click.IntRange(1, MOST_MAPS), help="How many channels of a map to show.  [default: 8]"
)
@click.option(
    "--depth", metavar="N", type=click.IntRange(min=0), help="How many levels of blocks to show with their inside."
)
@click.option("--labels", metavar="FILE", type=PATH, help="The names of the classes, one a line.")
@allow_extern
@force
@common_beside_format
def command(
    file: Path,
    options: dict[str, Any],
    pictures: tuple[Path, ...],
    values: tuple[str, ...],
    output: Path | None,
    force: bool,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Explain why the layers of FILE give the sizes that they give: each formula with its numbers.

    LAYER is the path of a layer, such as conv1 or layer1.0.conv1. Of one layer you also see where each number
    comes from, and what other numbers would give. The path of a block stands for all layers in it.

    With --from or --values the network is run, and a page shows what comes out of each layer. With --compare you see
    LAYER with several values of one of its parameters side by side, alone or in such a run.

    \b
    cnndsl explain net.cnn conv2
    cnndsl explain pyramid.cnn --size H=256,W=256
    cnndsl explain kernel.cnn --values "2 2 1 2; 1 1 2 1; 1 2 1 0; 1 0 0 1"
    cnndsl explain kernel.cnn conv1 --compare stride=1,2 --values "2 2 1; 1 1 2; 1 2 1"
    cnndsl explain net.cnn --from cat.png --weights net.pt
    cnndsl explain net.cnn conv1 --from cat.png --kernel
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    running = {name: common.pop(name) for name in _RUNNING}
    run = Run(**common)
    inputs = _inputs(pictures, values)
    if not inputs:
        _refuse_alone(output=output, **running)
    elif options["format"] != "text":
        message = "a run is shown as a page or a picture: leave out --format, and name with -o what to write"
        raise click.UsageError(message)
    elif options["sizes"]:
        raise click.UsageError("a run has the sizes of what it is given: leave out --size")
    elif running["kernel"] and options["compare"] is not None:
        raise click.UsageError("--kernel shows one layer as it is written: leave out --compare")
    target = _target(output, file, alone=bool(running["kernel"])) if inputs else None
    if target is not None:
        check_no_source(target, [file, *(path for path in inputs if isinstance(path, Path))])
    compilation = run.compile(file, settings)
    if compilation is not None:
        if target is None:
            say(compilation.explain(**options, **by_terminal(run, Backends.explain.options)))
        else:
            with speaking(options["lang"]):
                _show(run, compilation, inputs, target, options, running, force=force)
    return run.finish()


def _inputs(pictures: tuple[Path, ...], values: tuple[str, ...]) -> tuple[Path | str, ...]:
    if pictures and values:
        raise click.UsageError("an input is either a file, with --from, or numbers, with --values")
    return pictures or values


def _refuse_alone(**given: Any) -> None:
    """Refuse options that have a meaning only when the network is run."""
    for name, value in given.items():
        if value is not None:
            option = "-o" if name == "output" else f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} goes with --from PICTURE or --values NUMBERS, which run the network")


def _target(output: Path | None, file: Path, *, alone: bool) -> Path:
    if output is None:
        return beside(file, "-kernel.html" if alone else ".html")
    if output != STDOUT:
        kind_of(output, ["html"] if alone else FORMATS, why=": a kernel moves on a page" if alone else "")
    return output


def _show(
    run: Run,
    compilation: Compilation,
    inputs: tuple[Path | str, ...],
    target: Path,
    options: dict[str, Any],
    running: dict[str, Any],
    *,
    force: bool,
) -> None:
    """Run the network, and write what there is to see."""
    from cnndsl.backends.explain import check_part
    from cnndsl.tracing.page import kernel_page, page
    from cnndsl.tracing.svg import svg

    part, name, kernel = options["part"], options["network"], running["kernel"]
    maps, mean, std, labels = (running[name] for name in ("maps", "mean", "std", "labels"))
    program = compilation.checked().program
    check_part(program, part, name)
    with run.building():
        from cnndsl.tracing import read_labels, watch
        from cnndsl.tracing.inputs import TEXTS, Scale
        from cnndsl.tracing.recording import Wanted

        # Numbers that are given as text are there to be read.
        numbers = all(isinstance(item, str) or item.suffix.lower() in TEXTS for item in inputs)
        with busy(f"running {program.network(name).name}"):
            figure = watch(
                compilation,
                inputs,
                name,
                Wanted(part, maps or 8, numbers, running["at"], running["depth"], kernels=(maps or 4) if kernel else 3),
                trained=running["weights"],
                seed=running["seed"] or 0,
                scale=None if mean is None and std is None else Scale(mean or (0.0,), std or (1.0,)),
                labels=read_labels(labels) if labels is not None else (),
                allow_extern=running["allow_extern"],
                training=bool(running["train"]),
                compare=options["compare"],
            )
        write = kernel_page if kernel else page
        text = write(figure) if target == STDOUT or target.suffix == ".html" else None
        if text is not None:
            run.write(run.text(lambda: text, "html", target), force=force)
        else:
            run.write(run.svg(lambda: svg(figure), target.suffix[1:], target), force=force)
