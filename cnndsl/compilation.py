"""What comes of a text: what was found, the checked program, and all that is made of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cnndsl.backends import Backends
from cnndsl.diagnostics import Diagnostic, error
from cnndsl.display import Lines
from cnndsl.files import FolderReader, ImportProblem, Reader, nowhere
from cnndsl.frozen import frozen
from cnndsl.ir import nodes
from cnndsl.ir.program import Program
from cnndsl.source import Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.parser import parse

if TYPE_CHECKING:
    from torch import nn

    from cnndsl.backends.diff import Difference
    from cnndsl.backends.options import Checked
    from cnndsl.backends.pytorch import Untranslatable


@frozen()
class Compilation(Backends):
    """What came of a text: what was found, the checked program where there is no error, and what can be made of it.

    Each backend is a method, such as `summary` and `diagram`, whose arguments are its options: `help` on the method of
    a compilation tells all about them. They raise `cnndsl.backends.options.OptionError`, a ValueError, for a value that
    an option cannot have.

    `network` always names one of the networks of the text; without it the last one is taken, and by `python` all of
    them. All methods raise CompilationError when the text has errors, and KeyError when it has no network of this name.
    In a notebook a compilation is the diagram of its last network, with what was found in its text.

    `sizes` are for sizes that a network leaves open: with `{"H": 256, "W": 256}` what is made of it has the numbers for
    these sizes. Raises `cnndsl.analysis.shapes.OpenSizeError`, a ValueError, where they do not fit.
    """

    source: Source
    """The text."""
    diagnostics: tuple[Diagnostic, ...]
    """Errors and warnings, in the order of the text."""
    program: Program | None
    """The networks with every size known; None when there are errors."""
    read: Reader = nowhere
    """Gives the files that the text imports."""

    @property
    def ok(self) -> bool:
        """Whether there is a program."""
        return self.program is not None

    def __repr__(self) -> str:
        """The networks, and all that was found."""
        from cnndsl.report.text import render

        names = [self.program.modules[key].name for key in self.program.networks] if self.program is not None else []
        what = "has errors" if self.program is None else ", ".join(names) or "no network"
        found = render(self.diagnostics)
        return f"<Compilation of {self.source.short}: {what}>" + (f"\n\n{found}" if found else "")

    def _repr_svg_(self) -> str | None:
        """What a notebook shows: the diagram, if there is one."""
        from cnndsl.render import RenderError

        with suppress(CompilationError, RenderError):
            return self.diagram().decode()
        return None

    def _repr_html_(self) -> str | None:
        """What a notebook shows where something was found: that, and the diagram if there is one."""
        if not self.diagnostics:
            return None
        from cnndsl.report.text import render_html

        return render_html(self.diagnostics) + (self._repr_svg_() or "")

    def _checked(self) -> Program:
        needed = self.with_network()
        if needed.program is None:
            raise CompilationError(needed)
        return needed.program

    def checked(self) -> Checked:
        """The text for a backend."""
        from cnndsl.backends.options import Checked

        return Checked(self._checked(), self._tree)

    def with_network(self) -> Compilation:
        """The compilation, with an error where the text has blocks for others to import, and no network."""
        if self.program is None or self.program.networks:
            return self
        return Compilation(self.source, (*self.diagnostics, no_network(self.source)), None)

    def with_classes(self) -> Compilation:
        """The compilation, with an error where a definition cannot be written as a class of PyTorch.

        What is refused depends on something that a class leaves open. One network without a parameter, a loop or a
        condition leaves nothing open, and is not translated to find that out.
        """
        if self.program is not None and self.program.networks and not _is_settled(self.program):
            try:
                self.python()
            except CompilationError as refused:
                return refused.compilation
        return self

    def python(self, network: str | None = None) -> str:
        """The source of a PyTorch module with a class for each network and block; with `network`, for what it needs."""
        from cnndsl.backends.pytorch import Untranslatable, generate

        program = self._checked()
        try:
            return Lines(generate(program, network))
        except Untranslatable as problem:
            raise CompilationError(self._refused(problem)) from None

    def _refused(self, problem: Untranslatable) -> Compilation:
        """The compilation with the error that a definition has no translation."""
        span = self._span_of(problem)
        what = problem.definition or self._checked().network().name
        found = error(
            "E601",
            f"{what} cannot be written as a class of PyTorch: {problem.reason}",
            span if span is not None else Span(self.source, 0, 0),
            help=problem.helps or "write it without what depends on a parameter here, or give that as a constant",
        )
        return Compilation(self.source, (*self.diagnostics, found.diagnostic), None, self.read)

    def _span_of(self, problem: Untranslatable) -> Span | None:
        """Where in the text it is."""
        place = problem.span
        tree_ = self._tree(problem.file) if problem.file else None
        if place is None or tree_ is None:
            return None
        source = tree_.span.source
        start = source.offset(place.line, place.column)
        return Span(source, start, source.offset(place.end_line, place.end_column))

    def load(self, network: str | None = None, *, allow_extern: str | Iterable[str] | None = None) -> type[nn.Module]:
        """The class of a network, ready to be constructed: `compilation.load()()` is a network.

        allow_extern: the modules that `extern` lines may take classes from, each with all below it; by default those
        that the pyproject.toml of the text's folder names, `[tool.cnndsl] extern = ["torch.nn"]`.

        The class and its instances can be pickled into another process. Raises ImportError without PyTorch, and where
        a class that the text takes from elsewhere (`extern`) is not allowed, not there, or no `nn.Module`; ValueError
        for a list of modules that is none.
        """
        from cnndsl.generated import module_of

        name = self._checked().network(network).name
        module = module_of(self.runnable(allow_extern), PurePosixPath(self.source.short).stem)
        return getattr(module, name)  # type: ignore[no-any-return]

    def runnable(self, allow_extern: str | Iterable[str] | None = None) -> str:
        """The source of the module, after a look whether it can be run here; for what is raised see `load`."""
        from cnndsl import externs

        program = self._checked()
        _check_torch()
        folder = self.read.folder if isinstance(self.read, FolderReader) else None
        externs.check(program, allow_extern, folder, self._extern_line)
        return self.python()

    def _extern_line(self, name: str) -> Span | None:
        """The place of the `extern` line of a class; None where it is gone."""
        program = self._checked()
        for file in dict.fromkeys([self.source.short, *(module.origin.file for module in program.modules.values())]):
            tree_ = self._tree(file)
            for item in tree_.items if tree_ is not None else ():
                if isinstance(item, tree.Extern) and item.name.text == name:
                    return item.package.span
        return None

    def for_inference(self) -> Compilation:
        """The same networks for serving: batch normalisation folded, what is for training only gone.

        Their classes are made from trained weights: `compilation.for_inference().load().from_trained(state_dict)`.
        """
        if self.program is None:
            return self
        from cnndsl.analysis.batchnorm_folding import for_inference

        return replace(self, program=for_inference(self.program))

    def diff(self, after: Compilation, network: str | None = None, other: str | None = None) -> Difference:
        """What is different of `after`: of its network `other` and this one's `network`.

        `cnndsl.backends.diff.Report` writes it as text or JSON.
        """
        from cnndsl.backends.diff import compare

        return compare(self._checked(), after._checked(), network, other)

    def _tree(self, file: str) -> tree.File | None:
        """The tree of a file by the name that the program has for it; None where it is gone."""
        if file == self.source.short:
            return parse(self.source)[0]
        try:
            path = self.source.path_of(file)
            return parse(self.source.beside(str(path), self.read(path)))[0]
        except ImportProblem:
            return None


def _is_settled(program: Program) -> bool:
    """Whether a text is one definition whose every size and part is settled by its lines alone."""
    match program.definitions:
        case (nodes.Definition(parameters=(), body=body),):
            return all(isinstance(statement, nodes.Bind | nodes.Apply | nodes.InitRule) for statement in body)
    return False


def _check_torch() -> None:
    try:
        import torch  # noqa: F401 - whether it is there
    except ModuleNotFoundError as problem:
        if problem.name != "torch":
            raise
        message = "a network runs with PyTorch, which is not installed: run pip install torch"
        raise ModuleNotFoundError(message, name="torch") from None


def no_network(source: Source) -> Diagnostic:
    """The error that a text has nothing to make something of."""
    message = "there are blocks here, and no network"
    helps = "compile the file that imports them, or write network Net { ... }"
    return error("E411", message, Span(source, 0, 0), help=helps).diagnostic


class CompilationError(Exception):
    """A text with errors was asked for something that only a correct one has. The message shows the errors."""

    def __init__(self, compilation: Compilation) -> None:
        from cnndsl.report.text import render

        super().__init__("\n" + render(compilation.diagnostics))
        self.compilation = compilation
