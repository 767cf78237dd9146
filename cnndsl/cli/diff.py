"""`cnndsl diff`: what changed between two versions of a network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnndsl.cli.backend import Command, by_terminal, options_of
from cnndsl.cli.completion import sides
from cnndsl.cli.console import STDIN, STDOUT, TEXT_HAS_ERRORS, WRONG_USE, Run, say
from cnndsl.cli.options import check_no_source, common_beside_format, force, kind_of, network_of, output
from cnndsl.cli.options import lang as lang_option
from cnndsl.i18n import Language, speaking

if TYPE_CHECKING:
    from cnndsl.backends.diff import Difference, Report
    from cnndsl.compilation import Compilation

DIFFERENT = 1
"""The exit code for networks that differ, where one is asked for."""


def _report() -> type[Report]:
    from cnndsl.backends.diff import Report

    return Report


@click.command("diff", cls=Command, short_help="Report what changed between two versions of a network.")
@click.argument("before", metavar="BEFORE", shell_complete=sides)
@click.argument("after", metavar="AFTER", shell_complete=sides)
@network_of("Which network to take of both files; by default the last one of each.")
@output(
    "Write a page for a browser instead, a name that ends in .html: both diagrams, marked with what is new, gone and "
    "changed."
)
@options_of(_report)
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 1 if the networks differ, and with 2 if a text has errors.",
)
@force
@lang_option
@common_beside_format
def command(
    before: str,
    after: str,
    network: str | None,
    output: Path | None,
    options: dict[str, Any],
    exit_code: bool,
    force: bool,
    lang: Language,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Report what changed between two versions of a network: layers, sizes, parameters, multiply-accumulates.

    BEFORE and AFTER are files, or FILE:NETWORK for one of several networks. One may be - for standard input.
    The report says which layers were added, removed, renamed and changed, what only follows from that, and
    whether a state_dict of BEFORE would load in AFTER.

    \b
    cnndsl diff old.cnn new.cnn
    cnndsl diff resnet.cnn:ResNet18 resnet.cnn:ResNet50
    cnndsl diff old.cnn new.cnn -o difference.html
    git show HEAD:net.cnn | cnndsl diff - net.cnn
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    run = Run(**common)
    sides = [_side(given, network) for given in (before, after)]
    if [path for path, _ in sides] == [STDIN, STDIN]:
        raise click.UsageError("standard input can be one of the two files, and not both")
    if output is not None:
        _check_page(output, [path for path, _ in sides], options)
    same_file = sides[0][0] == sides[1][0]
    first = run.compile(sides[0][0], settings)
    second = first if same_file else run.compile(sides[1][0], settings)
    different = False
    if first is not None and second is not None:
        with speaking(lang if options["format"] == "text" else "en"):  # programs read English
            difference = first.diff(second, sides[0][1], sides[1][1])
            different = not difference.same
            if output is None:
                say(_report()(**options, **by_terminal(run, _report())).of(difference))
            else:
                _write_page(run, output, first, second, difference, force=force)
    code = run.finish()
    if not exit_code:
        return code
    return WRONG_USE if code == TEXT_HAS_ERRORS else code or (DIFFERENT if different else 0)


def _check_page(output: Path, sources: list[Path], options: dict[str, Any]) -> None:
    """Refuse what is no page, and options of the report."""
    if output != STDOUT:
        kind_of(output, ["html"])
    if options["format"] != "text" or options["whole"]:
        raise click.UsageError("--format and --all are for the report, and a page has everything")
    check_no_source(output, sources)


def _write_page(
    run: Run, output: Path, before: Compilation, after: Compilation, difference: Difference, *, force: bool
) -> None:
    from cnndsl.backends.html import compared

    def page() -> bytes:
        return compared(before.checked(), after.checked(), difference).encode()

    network = difference.after.network.name
    run.write(run.graph(lambda: after.dot(network), "html", output, page), force=force)


def _side(given: str, network: str | None) -> tuple[Path, str | None]:
    """The file and the network of an argument: a file may have a colon in its name, or after the letter of a drive."""
    file, colon, name = given.rpartition(":")
    if colon and file and name.isidentifier() and not os.path.exists(given):  # noqa: PTH110 - raises nothing
        return Path(file), name
    return Path(given), network
