"""How a command talks: what it reports and in which form, what it has written, and the exit code of it all."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from errno import EPIPE
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from cnndsl.compilation import Compilation
    from cnndsl.diagnostics import Diagnostic, Problem
    from cnndsl.semantics.values import Limits
    from cnndsl.source import Source

T = TypeVar("T")
TEXT_HAS_ERRORS, WRONG_USE, INTERRUPTED = 1, 2, 130
STDIN = STDOUT = Path("-")
MOST_SHOWN = 100
"""Diagnostics that one run shows as text; nobody reads more at once. The other forms are for programs, and have all."""


@dataclass
class Run:
    """One call of a command.

    format_: how diagnostics are written: "text", "concise", "json", "sarif" or "github".
    color: "auto", "always" or "never".
    stdin_filename: what to call standard input.
    limits: what a text may ask for, where that is not the usual.
    ignore: the codes of warnings that are not wanted.
    to_stdout: whether diagnostics are the command's output, and not remarks beside it.
    """

    format_: str = "text"
    color: str = "auto"
    stdin_filename: str | None = None
    limits: Limits | None = None
    ignore: frozenset[str] = frozenset()
    to_stdout: bool = False
    code: int = 0
    found: Counter[str] = field(default_factory=Counter)
    """How many errors and warnings were reported."""
    codes: dict[str, None] = field(default_factory=dict)
    """Their codes, in the order in which they came."""
    _kept: list[Diagnostic] = field(default_factory=list)
    _apart: bool = False
    """Whether an empty line stands after the last of them."""

    def compile(self, path: Path, settings: Mapping[str, Any], *, needs_network: bool = True) -> Compilation | None:
        """Compile a file, or standard input for `-`, and report what was found; None where that is an error.

        needs_network: whether it is an error that a file has blocks alone, where it is not only checked.
        """
        source: Source | None = None
        with self.reporting():
            _, source = self.read(path)
        if source is None:
            return None
        compilation = self.compiled(source, path, settings)
        if needs_network and not self.to_stdout:  # to be made something of, and not only checked
            compilation = compilation.with_network()
        before = self.found.total()
        self.report(self._wanted(compilation, path))
        shown = before < self.found.total() and before < MOST_SHOWN and self.format_ == "text"
        if shown and not self.to_stdout and compilation.program is not None:
            self._tell("\n")  # what is made of the text follows
            self._apart = True
        return compilation if compilation.ok else None

    def check(
        self, source: Source, path: Path, settings: Mapping[str, Any], *, classes: bool = True
    ) -> tuple[Diagnostic, ...]:
        """What is found in a text that was read from a file; nothing is reported.

        classes: whether that something cannot be written as a class is found too.
        """
        compilation = self.compiled(source, path, settings)
        return self._wanted(compilation.with_classes() if classes else compilation, path)

    def read(self, path: Path) -> tuple[bytes, Source]:
        """The bytes of a file, or of standard input for `-`, and the text in them. Raises Problem."""
        from cnndsl import files

        if path != STDIN:
            data, name = files.load(path), files.shown(path)
            return data, files.decode(data, name)
        name = files.shown(Path(self.stdin_filename)) if self.stdin_filename else "<standard input>"
        try:
            data = sys.stdin.buffer.read(files.LARGEST + 1) if sys.stdin else b""
        except OSError as problem:
            raise files.unreadable(name, problem) from None
        return data, files.decode(data, name)

    def compiled(self, source: Source, path: Path, settings: Mapping[str, Any]) -> Compilation:
        """Compile a text that was read from a file; nothing is reported."""
        from cnndsl.compiler import compile_source

        folder = self.folder(path)
        return compile_source(source, settings, folder=folder, limits=self.limits, ignore=self.ignore)

    def _wanted(self, compilation: Compilation, path: Path) -> tuple[Diagnostic, ...]:
        folder = self.folder(path)
        return compilation.diagnostics if folder is None else _wanted(compilation.diagnostics, folder)

    def folder(self, path: Path) -> Path | None:
        """Where a text is, and what it imports; None for standard input without a name."""
        if path == STDIN:
            return Path(self.stdin_filename).parent if self.stdin_filename else None
        return path.parent

    def report(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Show diagnostics and let the exit code follow. SARIF is one document, and waits for `finish`."""
        diagnostics = list(diagnostics)
        before = self.found.total()
        self.found.update(diagnostic.severity.value for diagnostic in diagnostics)
        self.codes.update((diagnostic.code, None) for diagnostic in diagnostics)
        self.settle(diagnostics)
        if self.format_ == "sarif":
            self._kept += diagnostics
        elif diagnostics and self.format_ != "text":
            form = import_module(f"cnndsl.report.{self.format_}")
            self._tell(form.render(diagnostics))
        elif diagnostics and before < MOST_SHOWN:
            from cnndsl.report import text

            color = self.colored(sys.stdout if self.to_stdout else sys.stderr)
            rendered = text.render(diagnostics[: MOST_SHOWN - before], color=color)
            self._tell(f"\n{rendered}" if before and not self._apart else rendered)
            self._apart = False

    def settle(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Let the exit code follow from diagnostics."""
        from cnndsl.diagnostics import Severity

        for diagnostic in diagnostics:
            if diagnostic.severity is Severity.ERROR:
                self.code = max(self.code, WRONG_USE if diagnostic.span is None else TEXT_HAS_ERRORS)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Report a Problem, and leave the rest of the block out."""
        from cnndsl.diagnostics import Problem

        try:
            yield
        except Problem as problem:
            self.report([problem.diagnostic])

    def readable(self, found: Iterable[Path | Problem]) -> Iterator[Path]:
        """The files among what `files.sources` finds; the rest is reported."""
        for path in found:
            if isinstance(path, Path):
                yield path
            else:
                self.report([path.diagnostic])

    @contextmanager
    def building(self) -> Iterator[None]:
        """Report what keeps a network from being built and run, and leave the rest of the block out."""
        from cnndsl.compilation import CompilationError
        from cnndsl.externs import ExternError
        from cnndsl.project import ProjectProblem

        try:
            with self.reporting():
                yield
        except CompilationError as problem:  # it has no translation
            self.report(problem.compilation.diagnostics[-1:])
        except ExternError as problem:
            self.report(problem.diagnostics)
        except ProjectProblem as problem:
            raise Misconfigured(str(problem)) from None
        except ImportError as problem:
            message = str(problem)
            if problem.name == "torch":
                message = "a network runs with PyTorch, which is not installed: run pip install 'cnndsl[explain]'"
            raise click.UsageError(message) from None

    def finish(self) -> int:
        """Show what has waited for the end; the exit code."""
        if self.format_ == "sarif":
            from cnndsl.report import sarif

            self._tell(sarif.render(self._kept))
        elif self.format_ == "text" and self.found.total() > MOST_SHOWN:
            self._tell(f"\n... and {self.found.total() - MOST_SHOWN:,} more\n")
        return self.code

    def graph(self, dot: Callable[[], str], kind: str, target: Path, draw: Callable[[], bytes]) -> dict[Path, bytes]:
        """The file that shows a graph, which `draw` gives; where it cannot be drawn, the graph itself, and a report."""
        return self._drawn(dot, "dot", kind, target, draw)

    def svg(self, svg: Callable[[], str], kind: str, target: Path) -> dict[Path, bytes]:
        """The file with a picture that is SVG already; where it cannot be made another form, the SVG, and a report."""
        from cnndsl.render import convert

        return self._drawn(svg, "svg", kind, target, lambda: convert(svg(), kind))

    def text(self, text: Callable[[], str], kind: str, target: Path) -> dict[Path, bytes]:
        """The file with a picture that is text, with what has to be said of it."""
        return self._drawn(text, kind, kind, target, bytes)

    def _drawn(
        self, text: Callable[[], str], form: str, kind: str, target: Path, draw: Callable[[], bytes]
    ) -> dict[Path, bytes]:
        """A file with a picture that is there as `text` of a form; another form of it is given by `draw`.

        For standard output there is no other form: whoever reads it counts on the one that was asked for.
        """
        import warnings

        from cnndsl.diagnostics import Diagnostic, Severity
        from cnndsl.files import shown, signed
        from cnndsl.render import RenderError, RenderWarning

        drawn: dict[Path, bytes] = {}
        with warnings.catch_warnings(record=True, action="always", category=RenderWarning) as remarks:
            try:
                with busy(f"drawing {shown(target)}") if kind in ("png", "pdf", "html") else nullcontext():
                    drawn = {target: signed(text().encode() if kind == form else draw(), kind)}
            except RenderError as problem:
                what = "the graph" if form == "dot" else "the picture"
                if target == STDOUT:
                    name, helps = f"the {kind.upper()}", f"{what} itself is there with --format {form}"
                else:
                    instead = target.with_suffix(f".{form}")
                    drawn = {instead: signed(text().encode(), form)}
                    name, helps = shown(target), f"{what} is in {shown(instead)}"
                self.report([Diagnostic("E006", f"{name} cannot be drawn: {problem}", help=(helps,))])
        self.report(Diagnostic("W001", str(w.message), severity=Severity.WARNING) for w in remarks)
        return drawn

    def write(self, outputs: Mapping[Path, bytes], *, force: bool) -> None:
        """Write the outputs of one source, all or none, and say so; one for standard output is all that is said."""
        from cnndsl import files

        if STDOUT in outputs:
            say(outputs[STDOUT])
            return
        with self.reporting():
            for path in outputs:
                files.check_target(path, _recognise(path), force=force)
            files.write(outputs)
            for path in outputs:
                say(f"wrote {files.shown(path)}\n")

    def difference(self, old: str, new: str, name: str) -> None:
        """Show on standard output what two texts of a file differ in."""
        from cnndsl.fixing import difference
        from cnndsl.terminal import Style, clean, paint

        said = difference(old, new, name)
        if not self.colored(sys.stdout):
            say(said)
            return
        styles: dict[str, Style] = {"+": "green", "-": "red", "@": "cyan"}
        for number, line in enumerate(said.split("\n")[:-1]):
            style = "bold" if number < 2 else styles.get(line[0])
            say(f"{paint(clean(line), style, color=True) if style else clean(line)}\n")

    def _tell(self, text: str) -> None:
        say(text, err=not self.to_stdout)

    def colored(self, stream: TextIO | None) -> bool:
        """Whether to use colours on a stream. See https://no-color.org and https://force-color.org."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
            return True
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def _wanted(diagnostics: tuple[Diagnostic, ...], folder: Path) -> tuple[Diagnostic, ...]:
    """The diagnostics without the warnings that the project around a folder ignores."""
    from cnndsl.diagnostics import Severity

    if all(diagnostic.severity is not Severity.WARNING for diagnostic in diagnostics):
        return diagnostics
    from cnndsl.lint import parse_codes
    from cnndsl.project import ProjectProblem, find

    try:
        project = find(folder)
    except ProjectProblem as problem:
        raise Misconfigured(str(problem)) from None
    try:
        ignored = parse_codes(project.ignore)
    except ValueError as problem:
        raise Misconfigured(str(project.problem("ignore", problem))) from None
    return tuple(d for d in diagnostics if d.severity is not Severity.WARNING or d.code not in ignored)


class Misconfigured(click.ClickException):
    """What a project says means nothing; how the command is called is not the matter."""

    exit_code = WRONG_USE


def _recognise(path: Path) -> Callable[[bytes], bool]:
    """How to tell that a file of this kind was written here: a module by its docstring, a picture by a remark in it, a
    table by its last column.
    """
    if path.suffix == ".py":
        from cnndsl.backends.pytorch import is_generated

        return lambda data: is_generated(data.decode("utf-8", "replace"))
    if path.suffix == ".csv":
        return lambda data: data.partition(b"\n")[0].endswith(b",problem")
    if path.suffix == ".json":
        return lambda data: b'"made_by": "cnndsl' in data
    from cnndsl.files import is_signed, is_signed_page

    return is_signed_page if path.suffix in (".md", ".html") else is_signed


def counted(number: int, word: str) -> str:
    """`3 files`, `1 file`, `no files`."""
    return f"{f'{number:,}' if number else 'no'} {word}{'' if number == 1 else 's'}"


def columns(most: int | None = None) -> int:
    """How many columns a line of output may take: those of the terminal, up to `most`, and 80 elsewhere."""
    if not on_terminal():
        return 80
    from shutil import get_terminal_size

    found = get_terminal_size().columns
    return found if most is None else min(found, most)


def on_terminal() -> bool:
    """Whether output goes to a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


class Unheard(Exception):  # noqa: N818 - it says what happened: nobody takes what is written
    """Standard output or standard error takes no more: the reader has gone, the disk is full."""

    def __init__(self, problem: OSError) -> None:
        super().__init__(problem.strerror)
        self.reader_gone = problem.errno == EPIPE

    def settle(self) -> int:
        """Keep the interpreter's last flush from failing once more; the exit code."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError, ValueError):
            os.dup2(nowhere, sys.stdout.fileno())
        if self.reader_gone:
            with suppress(OSError, ValueError):
                os.dup2(nowhere, sys.stderr.fileno())
        else:
            with suppress(OSError):
                click.echo(f"cnndsl: standard output cannot be written: {self}", err=True)
        return WRONG_USE


SOON = 1.0
"""Seconds after which a user is shown how far it is."""


@dataclass
class _Passing:
    """Whether a line stands in the terminal that goes away again."""

    stands: bool = False


_passing = _Passing()


def progress(items: Iterable[T], doing: str, length: int | None = None) -> Iterator[T]:
    """Items one after the other; on a terminal a bar tells how far it is, once that has taken over a second.

    length: how many there are, where they are still to be made.
    """
    waiting = list(items) if length is None else items
    count = len(waiting) if isinstance(waiting, list) else length
    if not count or count < 2 or not _stderr_is_terminal():
        yield from waiting
        return
    begun = monotonic()
    bar = click.progressbar(length=count, label=doing, file=sys.stderr, hidden=True)
    try:
        for item in waiting:
            yield item
            bar.hidden = monotonic() - begun < SOON
            _pass(lambda: bar.update(1), shows=not bar.hidden)
    finally:
        _pass_by()


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Tell on a terminal what is being done, as long as it is."""
    if _stderr_is_terminal():
        _pass(lambda: click.echo(f"{doing} ...", nl=False, err=True), shows=True)
    try:
        yield
    finally:
        _pass_by()


def _pass(show: Callable[[], None], *, shows: bool) -> None:
    """Show a line that goes away again. A terminal that takes none is no reason to fail."""
    with suppress(OSError):
        show()
        _passing.stands |= shows


def _pass_by() -> None:
    """Take the line away, and show the cursor, which a bar hides."""
    if _passing.stands:
        _passing.stands = False
        with suppress(OSError):
            click.echo("\r\033[K\033[?25h", nl=False, err=True)


def _stderr_is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def wait_for(client: str) -> None:
    """What a server does before it reads what its client asks: Ctrl-C ends it at once, which a read would put off, and
    a user who starts it in a terminal is told what it is for.
    """
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.stdin is not None and sys.stdin.isatty():
        say(f"this is for {client}, which starts it by itself; Ctrl-C ends it\n", err=True)


def say(text: str | bytes, *, err: bool = False) -> None:
    """Write text, or bytes as they are, to standard output or, with `err`, to standard error.

    Raises Unheard where that fails.
    """
    _pass_by()
    try:
        click.echo(text, err=err, nl=False, color=True)  # the text has colours only if they are wanted
    except OSError as problem:
        raise Unheard(problem) from None
