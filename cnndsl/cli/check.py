"""`cnndsl check`: what is wrong with files, and the mending of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnndsl.cli.backend import Command
from cnndsl.cli.console import STDIN, Run, counted, on_terminal, progress, say
from cnndsl.cli.options import PATH, common, files, network_of, watched

if TYPE_CHECKING:
    from cnndsl.diagnostics import Problem
    from cnndsl.fixing import Fixed
    from cnndsl.ir.program import Program


@click.command("check", cls=Command, short_help="Report what is wrong with each FILE.")
@files
@click.option("--fix", is_flag=True, help="Write in the files what says the same and is right.")
@click.option("--unsafe", is_flag=True, help="With --fix or --diff: follow suggestions too, which are guesses.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--weights",
    metavar="FILE",
    type=PATH,
    help="Say whether these weights fit the network: a .safetensors file, or the .safetensors.index.json of several.",
)
@network_of("Which network the weights are for; by default the last one of the file.")
@common
@watched
def command(
    files: tuple[Path, ...],
    fix: bool,
    unsafe: bool,
    diff: bool,
    weights: Path | None,
    network: str | None,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Report what is wrong with each FILE, all of it in one run.

    FILE may be a folder, which stands for the .cnn files in it and below, except hidden ones; or - for
    standard input. Nothing is written, unless --fix is given.

    --fix makes the changes that are safe: what is written says the same as before, in the words of this language. What
    was meant cannot change by it. --unsafe follows suggestions too: guesses at names, numbers and signs, and text that
    is taken away. Both take on only what makes errors fewer and brings no new one. What is left is reported, and the
    exit code is 0 only if no error is left.

    --weights compares the names and shapes of the tensors in a file with those that the network takes, without PyTorch
    and without reading the numbers, and says what is missing, unexpected or of another shape, and the likely reason.
    """
    from cnndsl.files import sources

    _check_use(files, fix=fix, diff=diff, weights=weights, network=network)

    if fix and diff:
        raise click.UsageError("write either --fix or --diff: the one changes what the other shows")
    if unsafe and not (fix or diff):
        raise click.UsageError("--unsafe belongs to --fix or --diff")
    if fix and STDIN in files:
        raise click.UsageError("standard input cannot be changed: save it in a file, or write --diff")
    if weights is not None:
        return _compare(Run(**common, to_stdout=True), files[0], weights, network, settings)
    if diff:
        return _diff(Run(**common), sources(files), settings, unsafe=unsafe)
    run = Run(**common, to_stdout=True)
    checked = wrong = 0
    mended: list[str] = []
    offered: Counter[str] = Counter()
    for path in run.readable(progress(sources(files), "checking")):
        before = run.found["error"]
        checked += 1
        fixed = _fixed(run, path, settings, write=fix, unsafe=unsafe)
        if fixed is not None:
            mended += [f"mended {name}:{line}:{column}: {title}" for name, line, column, title in fixed.told]
            offered.update(each.applicability.value for each in fixed.offered)
        wrong += run.found["error"] > before
    code = run.finish()
    if run.format_ == "text":
        parts = ["".join(f"{line}\n" for line in mended)] if mended else []
        parts.append(_tally(checked, wrong, run.found, len(mended)))
        if fix and offered["unsafe"] and not unsafe:
            parts[-1] += f" ({offered['unsafe']:,} more with --unsafe)"
        parts[-1] += "\n"
        if on_terminal():
            parts[-1] += "" if fix else _ways(offered)
            if run.codes:
                parts[-1] += f"cnndsl rule {next(iter(run.codes))} explains the first\n"
        say(("\n" if run.found else "") + "\n".join(parts))
    return code


def _check_use(files: tuple[Path, ...], *, fix: bool, diff: bool, weights: Path | None, network: str | None) -> None:
    """Raise UsageError where it is not clear which network weights are for."""
    if weights is None:
        if network is not None:
            raise click.UsageError("all networks of a file are checked: --network goes with --weights")
        return
    if fix or diff:
        raise click.UsageError("--weights compares a network as it is: leave out --fix and --diff, or do that first")
    if len(set(files)) > 1 or os.path.isdir(files[0]):  # noqa: PTH112 - raises nothing, as Path's would
        raise click.UsageError("--weights is about the network of one FILE")


def _compare(run: Run, path: Path, weights: Path, network: str | None, settings: Mapping[str, Any]) -> int:
    """Report whether weights fit a network; the exit code."""
    from cnndsl import safetensors
    from cnndsl.analysis import state_dict
    from cnndsl.diagnostics import Diagnostic
    from cnndsl.files import shown
    from cnndsl.source import Span

    compilation, shapes = run.compile(path, settings), None
    if compilation is None or compilation.program is None:
        return run.finish()
    program, source = compilation.program, compilation.source
    module = program.network(network)
    with run.reporting():
        shapes = safetensors.read(weights)
    if shapes is None:
        return run.finish()
    match = state_dict.compare(program, module, shapes)
    if not match.fits:
        start = source.offset(module.origin.line, module.origin.column)

        def again(more: Mapping[str, int]) -> Program | None:
            return run.compiled(source, path, {**settings, **more}).program

        helps = tuple(state_dict.explained(program, module, shapes, match, again))
        message = f"{shown(weights)} does not fit {module.name}: {match.words}"
        run.report([Diagnostic("E010", message, Span(source, start, start + len(module.name)), help=helps)])
    elif run.format_ == "text":
        fit = (
            f"{match.same:,} tensors of {shown(weights)} fit"
            if match.same != 1
            else f"1 tensor of {shown(weights)} fits"
        )
        but = f"; what is in {', '.join(match.unknown[:3])} is not known" if match.unknown else ""
        say(("\n" if run.found else "") + f"{fit} {module.name}{but}\n")
    return run.finish()


def _fixed(run: Run, path: Path, settings: Mapping[str, Any], *, write: bool, unsafe: bool) -> Fixed | None:
    """Report what is wrong with a file, or what is left after it was mended; None where it cannot be read."""
    import codecs
    from dataclasses import replace

    from cnndsl.files import rewrite
    from cnndsl.fixing import Fixed, fix

    with run.reporting():
        old, source = run.read(path)
        if write:
            check = partial(run.check, path=path, settings=settings, classes=False)
            fixed = fix(source, check, unsafe=unsafe)
        else:
            fixed = Fixed(source, (), ())
        fixed = replace(fixed, left=run.check(fixed.source, path, settings))
        if fixed.applied:
            mark = codecs.BOM_UTF8 if old.startswith(codecs.BOM_UTF8) else b""
            rewrite(path, old, mark + source.ended(fixed.source.text).encode())
        run.report(fixed.left)
        return fixed
    return None


def _diff(run: Run, paths: Iterable[Path | Problem], settings: Mapping[str, Any], *, unsafe: bool) -> int:
    """Show on standard output what would change, and on standard error what cannot be read."""
    from cnndsl.fixing import difference, fix

    for path in run.readable(progress(paths, "checking")):
        with run.reporting():
            old, source = run.read(path)
            check = partial(run.check, path=path, settings=settings, classes=False)
            fixed = fix(source, check, unsafe=unsafe)
            say(difference(old.decode("utf-8-sig"), source.ended(fixed.source.text), source.name))
            run.settle(run.check(source, path, settings))
    return run.finish()


def _ways(offered: Mapping[str, int]) -> str:
    """How what was found can be mended: `3 can be mended with --fix, 2 more with --fix --unsafe`, and a line end."""
    ways = [f"{offered['safe']:,} can be mended with --fix"] if offered["safe"] else []
    if offered["unsafe"]:
        more = "more" if ways else "can be mended"
        ways.append(f"{offered['unsafe']:,} {more} with --fix --unsafe, by a guess")
    return f"{', '.join(ways)}\n" if ways else ""


def _tally(checked: int, wrong: int, found: Mapping[str, int], mended: int) -> str:
    """`12 files checked, 5 places mended, 3 errors in 2 files, 1 warning`."""
    parts = [f"{counted(checked, 'file')} checked"]
    if mended:
        parts.append(f"{counted(mended, 'place')} mended")
    parts.append(counted(found["error"], "error"))
    if wrong and checked > 1:
        parts[-1] += f" in {counted(wrong, 'file')}"
    if found["warning"]:
        parts.append(counted(found["warning"], "warning"))
    return ", ".join(parts)
