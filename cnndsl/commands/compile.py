"""`cnndsl compile`: the PyTorch module and the picture of a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnndsl.commands.options import PATH, check_no_source, common, files, force
from cnndsl.console import STDIN, Run

if TYPE_CHECKING:
    from cnndsl.compilation import Compilation
    from cnndsl.program import Program

PICTURES = ("svg", "png", "pdf", "dot")


@click.command("compile", short_help="Write the PyTorch module and the picture of each FILE.")
@files
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=PATH,
    help="The folder to write to; by default that of FILE.",
)
@click.option(
    "--diagram", type=click.Choice([*PICTURES, "none"]), default="svg", show_default=True, help="The picture to draw."
)
@click.option(
    "--target",
    type=click.Choice(["training", "inference"]),
    default="training",
    show_default=True,
    help="What the module is for; for inference, batch normalisation is folded into other layers.",
)
@force
@common
def command(
    files: tuple[Path, ...],
    output: Path | None,
    diagram: str,
    target: str,
    force: bool,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Compile each FILE to a PyTorch module and a picture of its last network.

    net.cnn becomes net.py and net.svg; my-net.cnn becomes my_net.py, which Python can import. FILE may
    be - for standard input. Nothing is written for a file with errors, and no file is overwritten that
    cnndsl did not write.

    With --target inference net.cnn becomes net_inference.py, for weights that are trained already:
    Net.from_trained(state_dict).
    """
    run = Run(**common)
    if STDIN in files and output is None:
        message = "what comes from standard input belongs to no folder: say with -o DIR where to write"
        raise click.UsageError(message)
    if output is not None and output.suffix[1:] in (*PICTURES, "py") and not os.path.isdir(output):  # noqa: PTH112
        message = f"{output} looks like a file, and what is named here is a folder for the module and the picture"
        raise click.BadParameter(message, param_hint="-o")
    if output == STDIN:
        message = "a module and a picture are two files, and need a folder: - is none"
        raise click.BadParameter(message, param_hint="-o")
    jobs: list[_Job] = []
    for path in dict.fromkeys(files):
        compilation = run.compile(path, settings)
        if compilation is not None and compilation.program is not None:
            stem = _stem(path, run.stdin_filename, compilation.program)
            if target == "inference":
                compilation, stem = compilation.for_inference(), f"{stem}_inference"
            jobs.append(_Job(path, compilation, output or path.parent, stem, diagram))
    _check_targets(jobs, files)
    for job in jobs:
        outputs = {job.module: job.compilation.python().encode()}
        if job.picture is not None:
            outputs |= run.picture(job.compilation.dot(), job.picture)
        run.write(outputs, force=force)
    return run.finish()


@dataclass(frozen=True)
class _Job:
    """A program without errors, and where its outputs go."""

    source: Path
    compilation: Compilation
    folder: Path
    stem: str
    diagram: str

    @property
    def module(self) -> Path:
        from cnndsl.files import module_name

        return self.folder / f"{module_name(self.stem)}.py"

    @property
    def picture(self) -> Path | None:
        return None if self.diagram == "none" else self.folder / f"{self.stem}.{self.diagram}"

    @property
    def targets(self) -> list[Path]:
        return [self.module] if self.picture is None else [self.module, self.picture]


def _stem(path: Path, stdin_filename: str | None, program: Program) -> str:
    """What outputs are called, without a suffix: as the file, or as the network where there is no file."""
    if path != STDIN:
        return path.stem
    if stdin_filename is not None:
        return Path(stdin_filename).stem
    return program.network().name.lower()


def _check_targets(jobs: Iterable[_Job], sources: Iterable[Path]) -> None:
    """Refuse to write one file twice, or over a source."""
    written: dict[str, Path] = {}
    for job in jobs:
        for target in job.targets:
            check_no_source(target, sources)
            place = os.path.normcase(os.path.realpath(target))
            if place in written:
                message = f"{written[place]} and {job.source} would both be written to {target}"
                raise click.UsageError(message)
            written[place] = job.source
