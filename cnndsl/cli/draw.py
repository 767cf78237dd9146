"""`cnndsl draw`: a network as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cnndsl.cli.console import STDOUT, Run, on_terminal
from cnndsl.cli.options import (
    PATH,
    beside,
    check_expand,
    check_no_source,
    checked_sizes,
    common_beside_format,
    file,
    force,
    network,
    network_name,
    sizes,
)

if TYPE_CHECKING:
    from cnndsl.backends.graphviz import Direction
    from cnndsl.theme import ThemeName

Style = Literal["diagram", "volume"]
FORMATS: dict[Style, tuple[str, ...]] = {
    "diagram": ("svg", "png", "pdf", "dot", "mmd", "md"),
    "volume": ("svg", "png"),
}
"""What each style can be written as; the suffixes of the files."""


@click.command("draw", short_help="Draw a network of FILE.")
@file
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=PATH,
    help="The picture to write: a name that ends in .svg, .png, .pdf, .dot, .mmd or .md, or - for standard output; "
    "by default FILE with .svg, and for the style volume with -volume.svg.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS["diagram"]),
    help="The form of the picture; by default as OUT ends, or else svg. For errors and warnings see --diagnostics.",
)
@network
@sizes
@click.option(
    "--style",
    type=click.Choice(list(FORMATS)),
    default="diagram",
    show_default=True,
    help="What is drawn: the layers, or the maps between them as boxes.",
)
@click.option(
    "--direction",
    type=click.Choice(["TB", "LR"], case_sensitive=False),
    default="TB",
    help="From top to bottom, or from left to right; the style volume always goes to the right.  [default: tb]",
)
@click.option(
    "--theme",
    type=click.Choice(["auto", "light", "dark"]),
    default="auto",
    show_default=True,
    help="The colours; in an SVG, auto follows the reader's system.",
)
@click.option(
    "--depth",
    metavar="N",
    type=click.IntRange(min=0),
    help="How many levels of blocks to draw with their inside; by default as many as are easy to take in.",
)
@click.option(
    "--expand",
    metavar="PART",
    multiple=True,
    help="A block (BasicBlock) or a part (layer2.0) to draw with its inside; * for all. May be repeated.",
)
@force
@common_beside_format
def command(
    file: Path,
    output: Path | None,
    form: str | None,
    network: str | None,
    sizes: dict[str, int],
    style: Style,
    direction: Direction,
    theme: ThemeName,
    depth: int | None,
    expand: tuple[str, ...],
    force: bool,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Draw a network of FILE, as a diagram of its layers or, with --style volume, of the maps between them.

    The suffix of OUT says what is written: a picture (.svg, .png, .pdf), the graph for Graphviz (.dot) or for
    Mermaid (.mmd), or a block of Mermaid for a Markdown page (.md). The style volume can be .svg or .png.
    Where OUT is not given, or is -, --format says it.

    \b
    cnndsl draw net.cnn
    cnndsl draw net.cnn --style volume -o maps.svg
    cnndsl draw net.cnn -o - --format mmd
    cnndsl draw resnet.cnn --network ResNet50 --depth 1 -o resnet50.png
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    run = Run(**common)
    target, kind = _target(file, output, form, style)
    check_no_source(target, [file])
    compilation = run.compile(file, settings)
    if compilation is not None and compilation.program is not None:
        name = network_name(compilation.program, network)
        check_expand(compilation.program, name, expand)
        shown: dict[str, Any] = {"sizes": sizes, "depth": depth, "expand": expand}
        with checked_sizes():
            if style == "volume":
                colors: ThemeName = "light" if theme == "auto" and kind == "png" else theme
                outputs = run.volumes(compilation.volumes(name, theme=colors, **shown), kind, target)
            elif kind in ("mmd", "md"):
                graph = compilation.mermaid(name, direction=direction, theme=theme, fenced=kind == "md", **shown)
                outputs = run.text(graph, kind, target)
            else:
                graph = compilation.dot(name, direction=direction, theme=theme, **shown)
                outputs = run.picture(graph, kind, target, theme)
        run.write(outputs, force=force)
    return run.finish()


def _target(file: Path, output: Path | None, form: str | None, style: Style) -> tuple[Path, str]:
    """Where to write, and what. Raises UsageError where that is no such picture, or said twice and differently."""
    allowed = FORMATS[style]
    if form is not None and form not in allowed:
        message = f"the style {style} can be {' or '.join(allowed)}, and no {form}"
        raise click.BadParameter(message, param_hint="--format")
    if output is None:
        return beside(file, f"{'-volume' if style == 'volume' else ''}.{form or 'svg'}"), form or "svg"
    if output == STDOUT:
        if form in ("png", "pdf") and on_terminal():
            message = f"a {form.upper()} is no text for a terminal: name a file, or send it to another program"
            raise click.BadParameter(message, param_hint="-o")
        return output, form or "svg"
    kind = output.suffix[1:]
    if kind not in allowed:
        *most, last = (f".{suffix}" for suffix in allowed)
        message = f"{output.name} does not end in {', '.join(most)} or {last}"
        if kind in FORMATS["diagram"]:
            message += f", which is all that the style {style} can be"
        raise click.BadParameter(message, param_hint="-o")
    if form not in (None, kind):
        message = f"{output.name} is to be a {kind} by its name, and a {form} by --format: leave one of them out"
        raise click.UsageError(message)
    return output, kind
