"""`cnndsl sweep`: what the members of a family of networks cost."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnndsl.cli.backend import Command
from cnndsl.cli.completion import settings
from cnndsl.cli.console import STDOUT, TEXT_HAS_ERRORS, WRONG_USE, Run, progress, say
from cnndsl.cli.options import check_no_source, common_beside_values, file, force, kind_of, network_of, output, read_by
from cnndsl.cli.options import lang as lang_option
from cnndsl.i18n import Language, speaking

if TYPE_CHECKING:
    from cnndsl.sweeping.report import Swept
    from cnndsl.sweeping.run import EngineName

FORMATS = ("table", "csv", "json", "svg", "html")


@click.command("sweep", cls=Command, short_help="Work out what the members of a family of networks cost.")
@file
@click.option(
    "space",
    "--set",
    metavar="NAME=VALUES",
    multiple=True,
    required=True,
    callback=read_by("cnndsl.sweeping.space", "parse", None),
    shell_complete=settings,
    help="The values that a parameter takes: width=0.5:1.5:0.1, from first to last by steps, or depth=1,1.2. "
    "May be repeated; all combinations are worked out.",
)
@network_of("Which network to take; by default the last one that has all these parameters.")
@click.option(
    "--sample", metavar="N", type=click.IntRange(min=1), help="Work out N different members, drawn by --seed."
)
@click.option("--seed", metavar="N", type=int, default=0, show_default=True, help="What the sample depends on.")
@click.option(
    "--where",
    metavar="CONDITION",
    help='Which members are wanted, by their settings and measures: "parameters < 8e6 and macs < 500e6". '
    "Measures are parameters, macs, memory and receptive_field.",
)
@click.option(
    "--sort", metavar="COLUMN", help="The setting or measure by which they are sorted; -COLUMN from the largest."
)
@click.option(
    "--top", metavar="N", type=click.IntRange(min=1), help="How many of them are shown; in a table 20, else all."
)
@click.option("--x", metavar="COLUMN", default="macs", show_default=True, help="What a picture has to the right.")
@click.option("--y", metavar="COLUMN", default="parameters", show_default=True, help="What a picture has upwards.")
@output("The file to write: a name that ends in .csv, .json, .svg or .html; by default a table is printed.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="The form of what is printed, or written; by default as OUT ends.",
)
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), help="Processes at work; by default one a core.")
@click.option(
    "--engine",
    type=click.Choice(["processes", "ray"]),
    default="processes",
    show_default=True,
    help="What works: processes here, or the workers of the Ray at RAY_ADDRESS.",
)
@force
@lang_option
@common_beside_values
def command(
    file: Path,
    space: Any,
    network: str | None,
    sample: int | None,
    seed: int,
    where: str | None,
    sort: str | None,
    top: int | None,
    x: str,
    y: str,
    output: Path | None,
    form: str | None,
    jobs: int | None,
    engine: EngineName,
    force: bool,
    lang: Language,
    **common: Any,
) -> int:
    """Work out what the members of a family of networks cost: a network of FILE with parameters, and values for them.

    Nothing is trained or run: sizes and costs follow from the text. Settings that do not fit are members too, with the
    reason. A picture, .svg or .html, has the members as points, and joins those that have the most of --y for what they
    take of --x. A sweep that was interrupted goes on where it was.

    \b
    cnndsl sweep efficientnet.cnn --set width=0.5:1.5:0.1 --set depth=1,1.2 --where "macs < 5e8" --sort -parameters
    cnndsl sweep net.cnn --set classes=10,100 -o classes.csv
    cnndsl sweep resnet.cnn --set width=16:128 --set depth=2:8 --sample 200 --x macs --y depth -o front.html
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    from cnndsl.compilation import CompilationError
    from cnndsl.diagnostics import Problem
    from cnndsl.files import signed
    from cnndsl.sweeping.run import Plan, WorkerKilledError, work_out

    run = Run(**common)
    form = form or FORMATS[0] if output in (None, STDOUT) else kind_of(output, FORMATS[1:], form)
    target = STDOUT if output is None else output
    check_no_source(target, [file])
    picture = (x, y) if form in ("svg", "html") else ()
    try:
        _, source = run.read(file)
        plan = Plan.of(
            source, run.folder(file), space, network=network, where=where, sort=sort, also=picture, limits=run.limits
        )
        numbers = space.numbers(sample, seed)
        members = work_out(plan.text, space, numbers, jobs=jobs, engine=engine)
        swept = plan.swept(progress(members, f"working out {source.short}", len(numbers)))
    except CompilationError as problem:
        run.report(problem.compilation.diagnostics)
        return run.finish()
    except Problem as problem:
        run.report([problem.diagnostic])
        run.code = WRONG_USE  # the file cannot be read, or the condition means nothing
        return run.finish()
    except (WorkerKilledError, ConnectionError) as problem:
        raise click.ClickException(str(problem)) from None
    except ImportError as problem:
        if problem.name != "ray":
            raise
        raise click.BadParameter("Ray is not installed: run pip install 'cnndsl[ray]'", param_hint="--engine") from None
    if not swept.members and len(swept.problems) == swept.asked:
        run.code = TEXT_HAS_ERRORS
    if top is not None and form != "table":
        swept = replace(swept, members=swept.members[:top])
    with speaking(lang):
        made = _made(form, swept, x, y, run, top)
    if target == STDOUT:
        say(made)
    else:
        run.write({target: made.encode() if form in ("csv", "json") else signed(made.encode(), form)}, force=force)
    return run.finish()


def _made(form: str, swept: Swept, x: str, y: str, run: Run, most: int | None) -> str:
    from cnndsl.sweeping import report, scatter

    match form:
        case "table":
            return report.text(swept, most=most or report.FEW, color=run.colored(sys.stdout))
        case "csv":
            return report.as_csv(swept)
        case "json":
            return report.as_json(swept)
        case "svg":
            return scatter.svg(swept, x, y)
        case _:
            return scatter.html(swept, x, y)
