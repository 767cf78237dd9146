"""`cnndsl compile`: the PyTorch module and the picture of a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from cnndsl.cli.backend import Command
from cnndsl.cli.console import STDIN, STDOUT, TEXT_HAS_ERRORS, Run, counted, progress, say
from cnndsl.cli.options import check_no_source, common, files, force, network_of, output, watched
from cnndsl.cli.options import lang as lang_option
from cnndsl.frozen import frozen
from cnndsl.i18n import Language

if TYPE_CHECKING:
    from cnndsl.compilation import Compilation
    from cnndsl.render import Format
PICTURES = ("svg", "png", "pdf", "dot")


@click.command("compile", cls=Command, short_help="Write the PyTorch module and the picture of each FILE.")
@files
@output("The folder to write to, by default that of FILE; or - to print the module, and draw no picture.", "DIR")
@network_of(
    "Compile this network alone; by default the module has all networks of FILE, and the picture shows the last."
)
@click.option(
    "--diagram", type=click.Choice([*PICTURES, "none"]), help="The picture to draw.", show_default="svg", default=None
)
@click.option(
    "--target",
    type=click.Choice(["training", "inference"]),
    default="training",
    show_default=True,
    help="What the module is for; for inference, batch normalisation is folded into other layers.",
)
@click.option("--check", is_flag=True, help="Write nothing; the exit code is 1 if a module is not what FILE gives.")
@click.option("--diff", is_flag=True, help="Write nothing, and print what would be changed in the modules.")
@lang_option
@force
@common
@watched
def command(
    files: tuple[Path, ...],
    output: Path | None,
    network: str | None,
    diagram: str | None,
    target: str,
    check: bool,
    diff: bool,
    lang: Language,
    force: bool,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Compile each FILE to a PyTorch module and a picture of its last network.

    net.cnn becomes net.py and net.svg; my-net.cnn becomes my_net.py, which Python can import. FILE may be a folder,
    which stands for the .cnn files in it and below, except hidden ones and those that only have blocks for others to
    import; with -o, DIR gets the same folders. It may be - for standard input. Nothing is written for a file with
    errors, and no file is overwritten that cnndsl did not write.

    With --target inference net.cnn becomes net_inference.py, for weights that are trained already:
    Net.from_trained(state_dict).

    --check is for modules that are kept under version control: it compares them with what their texts give, whatever
    their lines end with. A picture is compared only with --diagram dot: others depend on what draws them.

    \b
    cnndsl compile models -o build
    cnndsl compile resnet.cnn --network ResNet50 -o -
    cnndsl compile models --check --diff
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    from cnndsl.compilation import CompilationError
    from cnndsl.files import shown

    run = Run(**common)
    only_shown = check or diff
    _check_use(files, output, network, diagram, only_shown=only_shown, force=force)
    if diagram is None:
        diagram = "none" if only_shown or output == STDOUT else "svg"
    jobs: list[_Job] = []
    for path, folder in progress(_sources(run, files), "compiling"):
        compilation = run.compile(path, settings, needs_network=path in files)
        if compilation is None or compilation.program is None:
            continue
        if not compilation.program.networks:
            say(f"skipped {shown(path)}: it has no network\n", err=diff)
            continue
        only = None if network is None else compilation.program.network(network).name
        stem = _stem(path, run.stdin_filename, only or compilation.program.network().name)
        if target == "inference":
            compilation, stem = compilation.for_inference(), f"{stem}_inference"
        place = path.parent if output is None else output / path.parent.relative_to(folder)
        try:
            module = compilation.python(only).encode()
        except CompilationError as problem:  # it has no translation
            run.report(problem.compilation.diagnostics[-1:])
            continue
        jobs.append(_Job(path, compilation, module, only, place, stem, diagram, lang))
    if output == STDOUT:
        for job in jobs:
            run.write({STDOUT: job.text}, force=force)
    elif only_shown:
        _compare(run, jobs, check=check, diff=diff)
    else:
        jobs = [job for job in jobs if not _hides(run, job)]
        _check_targets(jobs, files)
        for job in progress(jobs, "writing"):
            outputs = {job.module: job.text}
            if job.picture is not None:
                outputs |= job.drawn(run, job.picture)
            run.write(outputs, force=force)
    return run.finish()


def _check_use(
    files: tuple[Path, ...],
    output: Path | None,
    network: str | None,
    diagram: str | None,
    *,
    only_shown: bool,
    force: bool,
) -> None:
    """Raise UsageError for options that contradict each other."""
    if only_shown and force:
        message = "--check and --diff write nothing, and --force is about what is overwritten: leave one of them out"
        raise click.UsageError(message)
    if only_shown and diagram not in (None, "none", "dot"):
        message = f"no {diagram} is compared, since it depends on what draws it; --diagram dot is"
        raise click.BadParameter(message, param_hint="--diagram")
    several = len(set(files)) > 1 or os.path.isdir(files[0])  # noqa: PTH112 - raises nothing, as Path's would
    if network is not None and several:
        raise click.UsageError("--network is about one FILE")
    if output == STDOUT:
        if only_shown:
            message = "--check and --diff compare with a file, and - is none: leave out -o, or name a folder"
        elif diagram not in (None, "none"):
            message = "-o - prints the module alone: leave out --diagram; cnndsl draw -o - prints a picture"
        elif several:
            message = "-o - prints one module: name one FILE, or with -o a folder"
        else:
            return
        raise click.UsageError(message)
    if output is None:
        if STDIN in files:
            raise click.UsageError(
                "what comes from standard input belongs to no folder: say with -o DIR where to write, "
                "or with -o - that the module is to be printed"
            )
    elif output.suffix[1:] in (*PICTURES, "py") and not os.path.isdir(output):  # noqa: PTH112
        message = f"{output} looks like a file, and what is named here is a folder for the module and the picture"
        raise click.BadParameter(message, param_hint="-o")


def _sources(run: Run, named: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """The files that are meant, each once, with the folder that was named or in which it is; problems are reported."""
    from cnndsl.files import sources

    seen: set[str] = set()
    for given in named:
        for path in run.readable(sources([given])):
            place = os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118
            if place not in seen:  # links to one file are several sources: their outputs have their names
                seen.add(place)
                yield path, path.parent if path == given else given


@frozen()
class _Job:
    """A program without errors, and where its outputs go. `network` is the one that is compiled alone, if any is."""

    source: Path
    compilation: Compilation
    text: bytes
    network: str | None
    folder: Path
    stem: str
    diagram: str
    lang: Language

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

    def drawn(self, run: Run, target: Path) -> dict[Path, bytes]:
        """The file with the picture."""
        made, form, network, lang = self.compilation, self.diagram, self.network, self.lang

        def draw() -> bytes:
            return made.diagram(cast("Format", form), network, lang=lang)

        return run.graph(lambda: made.dot(network, lang=lang), form, target, draw)


def _compare(run: Run, jobs: Iterable[_Job], *, check: bool, diff: bool) -> None:
    """Say which files are not what their texts give; what differs in them goes to standard output."""
    from cnndsl.files import shown

    compared = different = 0
    for job in jobs:
        expected = {job.module: job.text}
        if job.picture is not None:
            expected |= job.drawn(run, job.picture)
        for path, data in expected.items():
            with run.reporting():
                standing = _standing(path, len(data))
                compared += 1
                if standing == data:
                    continue
                different += 1
                if diff:
                    old = "" if standing is None else standing.decode("utf-8", "backslashreplace")
                    run.difference(old, data.decode(), shown(path))
                why = "is missing" if standing is None else "differs"
                say(f"{shown(path)} {why}: it is not what {shown(job.source)} gives\n", err=diff)
    if compared:
        anew = f"{different:,}" if different else "none"
        say(f"{counted(compared, 'file')} compared, {anew} to be written anew\n", err=diff)
    if check and different:
        run.code = max(run.code, TEXT_HAS_ERRORS)


def _standing(path: Path, expected: int) -> bytes | None:
    """What stands in a file, its lines ended as ours are; None where there is none. Raises Problem.

    expected: how many bytes it should have; one that is far longer is not read to its end.
    """
    from cnndsl.files import LARGEST, load

    if not os.path.lexists(path):
        return None
    return load(path, 2 * expected + LARGEST).replace(b"\r\n", b"\n")


def _hides(run: Run, job: _Job) -> bool:
    """Whether a module would be imported in the place of another one; if it would, that is reported."""
    from cnndsl.diagnostics import Diagnostic
    from cnndsl.files import shown
    from cnndsl.ir.names import hidden_by_module

    assert job.compilation.program is not None  # noqa: S101 - or there is no job
    name = job.module.stem
    hidden = hidden_by_module(name, [layer.package for layer in job.compilation.program.externs()])
    if hidden is None:
        return False
    message = f"{shown(job.module)} would hide {hidden} from every script beside it, and is not written"
    rename = f"rename {shown(job.source)}, for example to" if job.source != STDIN else "name it: --stdin-filename"
    helps = (f"{rename} {name}_net.cnn", f"or choose a name when you print it: -o - > {name}_net.py")
    run.report([Diagnostic("E007", message, help=helps)])
    return True


def _stem(path: Path, stdin_filename: str | None, network: str) -> str:
    """What outputs are called, without a suffix: as the file, or as the network where there is no file."""
    if path != STDIN:
        return path.stem
    if stdin_filename is not None:
        return Path(stdin_filename).stem
    return network.lower()


def _check_targets(jobs: Iterable[_Job], sources: Iterable[Path]) -> None:
    """Refuse to write one file twice, or over a source."""
    written: dict[str, Path] = {}
    for job in jobs:
        for target in job.targets:
            check_no_source(target, [*sources, job.source])
            place = os.path.normcase(os.path.realpath(target))
            if place in written:
                raise click.UsageError(f"{written[place]} and {job.source} would both be written to {target}")
            written[place] = job.source
