"""`cnndsl draw`: a network as a picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from cnndsl.backends import Backends
from cnndsl.cli.backend import Command, options_of
from cnndsl.cli.console import STDOUT, Run, on_terminal
from cnndsl.cli.options import beside, check_no_source, common_beside_format, file, force, kind_of, output, watched

if TYPE_CHECKING:
    from cnndsl.compilation import Compilation
    from cnndsl.render import Format

Style = Literal["diagram", "volume", "neurons"]
FORMATS: dict[Style, tuple[str, ...]] = {
    "diagram": ("svg", "png", "pdf", "html", "dot", "mmd", "md"),
    "volume": ("svg", "png", "pdf", "tex"),
    "neurons": ("svg", "png", "pdf"),
}
"""What each style can be written as; the suffixes of the files."""


@click.command("draw", cls=Command, short_help="Draw a network of FILE.")
@file
@output(
    "The picture to write: a name that ends in .svg, .png, .pdf, .html, .tex, .dot, .mmd or .md, or - for standard "
    "output; by default FILE with .svg, and for another style than diagram with its name, as in -volume.svg."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(dict.fromkeys(kind for kinds in FORMATS.values() for kind in kinds))),
    help="The form of the picture; by default as OUT ends, or else svg. For errors and warnings see --diagnostics.",
)
@click.option(
    "--style",
    type=click.Choice(list(FORMATS)),
    default="diagram",
    show_default=True,
    help="What is drawn: the layers, the maps between them as boxes, or the dense layers at the end as neurons.",
)
@options_of(lambda: Backends.diagram.options, "format")
@force
@common_beside_format
@watched
def command(
    file: Path,
    output: Path | None,
    form: str | None,
    style: Style,
    options: dict[str, Any],
    force: bool,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Draw a network of FILE, as a diagram of its layers or, with --style volume, of the maps between them.

    The suffix of OUT says what is written: a picture (.svg, .png, .pdf), a page for a browser on which blocks open
    (.html), the graph for Graphviz (.dot) or for Mermaid (.mmd), or a block of Mermaid for a Markdown page (.md). The
    styles volume and neurons, which draws the dense layers that a network ends in, are pictures, and volume also TikZ
    to edit (.tex). Where OUT is not given, or is -, --format says it.

    \b
    cnndsl draw net.cnn
    cnndsl draw net.cnn -o net.html
    cnndsl draw net.cnn --style volume -o maps.svg
    cnndsl draw net.cnn --direction LR --width 17cm -o net.pdf
    cnndsl draw net.cnn -o - --format mmd
    cnndsl draw resnet.cnn --network ResNet50 --depth 1 -o resnet50.png
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    run, options = Run(**common), dict(options)  # --watch gives the same ones again
    target, kind = _target(file, output, form, style)
    check_no_source(target, [file])
    compilation = run.compile(file, settings)
    if compilation is not None:
        if style != "diagram":
            del options["direction"]
            if options["theme"] == "auto" and kind != "svg":
                options["theme"] = "light"
            if style == "neurons":
                why = "goes with the other styles: neurons are those of dense layers, whatever they are in"
                _refuse(options, why, "depth", "expand")
            draw = compilation.volumes if style == "volume" else compilation.neurons
            if kind == "tex":
                options["format"] = "tex"
            make = run.text if kind == "tex" else run.svg
            outputs = make(lambda: draw(**options), kind, target)
        else:
            outputs = _diagram(run, compilation, kind, target, options)
        run.write(outputs, force=force)
    return run.finish()


def _diagram(run: Run, compilation: Compilation, kind: str, target: Path, options: dict[str, Any]) -> dict[Path, bytes]:
    """The file with the diagram."""
    if kind == "html":
        _refuse(
            options, "is for a picture: on a page any block opens, and it is as wide as the window", "expand", "width"
        )
        light = options | ({"theme": "light"} if options["theme"] == "auto" else {})
        return run.graph(lambda: compilation.dot(**light), kind, target, lambda: compilation.html(**options).encode())
    width = options.pop("width")
    if kind in ("svg", "png", "pdf"):
        whole = partial(compilation.diagram, cast("Format", kind), width=width, **options)
        return run.graph(lambda: compilation.dot(**options), kind, target, whole)
    if width is not None:
        raise click.UsageError(f"--width is for a picture that is printed, and a .{kind} has no size")
    if kind == "dot":
        return run.text(lambda: compilation.dot(**options), kind, target)
    return run.text(lambda: compilation.mermaid(fenced=kind == "md", **options), kind, target)


def _refuse(options: dict[str, Any], why: str, *words: str) -> None:
    """Take options out that a style or a form has not, where nobody has given them."""
    for word in words:
        if options.pop(word):
            raise click.UsageError(f"--{word} {why}")


def _target(file: Path, output: Path | None, form: str | None, style: Style) -> tuple[Path, str]:
    """Where to write, and what. Raises UsageError where that is no such picture, or said twice and differently."""
    allowed = FORMATS[style]
    if form is not None and form not in allowed:
        message = f"the style {style} can be {', '.join(allowed[:-1])} or {allowed[-1]}, and no {form}"
        raise click.BadParameter(message, param_hint="--format")
    if output is None:
        return beside(file, f"{'' if style == 'diagram' else f'-{style}'}.{form or 'svg'}"), form or "svg"
    if output == STDOUT:
        if form in ("png", "pdf") and on_terminal():
            message = f"a {form.upper()} is no text for a terminal: name a file, or send it to another program"
            raise click.BadParameter(message, param_hint="-o")
        return output, form or "svg"
    is_of_another = any(output.suffix[1:] in kinds for kinds in FORMATS.values())
    why = f", which is all that the style {style} can be" if is_of_another else ""
    return output, kind_of(output, allowed, form, why=why)
