"""The whole compiler on one page: text -> tree -> program -> artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cnndsl.diagnostics import Diagnostic, error, has_errors, in_order
from cnndsl.elaborate import Limits, elaborate
from cnndsl.garbage import all_kept
from cnndsl.imports import FolderReader, ImportProblem, Reader, nowhere
from cnndsl.program import Program
from cnndsl.source import Source, Span
from cnndsl.syntax import tree
from cnndsl.syntax.parser import parse

if TYPE_CHECKING:
    from cnndsl.backends.diff import Difference


@dataclass(frozen=True)
class Compilation:
    """What came of a text: findings, the checked program where there is no error, and what is made of it."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]
    program: Program | None
    read: Reader = nowhere
    """Gives the files that the text imports."""

    @property
    def ok(self) -> bool:
        """Whether there is a program."""
        return self.program is not None

    def _checked(self) -> Program:
        needed = self.with_network()
        if needed.program is None:
            raise CompilationError(needed)
        return needed.program

    def with_network(self) -> Compilation:
        """The compilation, with an error where the text has blocks for others to import, and no network."""
        if self.program is None or self.program.networks:
            return self
        missing = error(
            "E411",
            "there are blocks here, and no network",
            Span(self.source, 0, 0),
            help="compile the file that imports them, or write network Net { ... }",
        )
        return Compilation(self.source, (*self.diagnostics, missing.diagnostic), None)

    def python(self) -> str:
        """The generated PyTorch module. Raises CompilationError when the text has errors."""
        from cnndsl.backends.torch import generate

        with all_kept():
            return generate(self._checked())

    def for_inference(self) -> Compilation:
        """The same network for serving: batch normalisation folded, what serves training only gone."""
        if self.program is None:
            return self
        from cnndsl.inference import for_inference

        return replace(self, program=for_inference(self.program))

    def dot(self, network: str | None = None, **options: Any) -> str:
        """The diagram of a network in Graphviz's language; by default of the last network of the text.

        Options as for `cnndsl.backends.diagram.dot`. Raises CompilationError when the text has errors.
        """
        from cnndsl.backends.diagram import dot

        return dot(self._checked(), network, **options)

    def diagram(self, format: str = "svg", network: str | None = None, **options: Any) -> bytes:  # noqa: A002
        """The diagram rendered as "svg", "png" or "pdf".

        Raises CompilationError when the text has errors, `cnndsl.rendering.RenderError` without a renderer.
        """
        from cnndsl.rendering import render

        theme = options.get("theme", "auto")
        return render(self.dot(network, **options), format, theme=theme)

    def volumes(self, network: str | None = None, **options: Any) -> str:
        """The maps between the layers as volumes, an SVG as papers show it; by default of the last network of the text.

        Options as for `cnndsl.backends.volume.svg`. Raises CompilationError when the text has errors.
        """
        from cnndsl.backends.volume import svg

        return svg(self._checked(), network, **options)

    def mermaid(self, network: str | None = None, **options: Any) -> str:
        """The diagram in Mermaid's language, which README files show as a picture.

        Options as for `cnndsl.backends.mermaid.mermaid`. Raises CompilationError when the text has errors.
        """
        from cnndsl.backends.mermaid import mermaid

        return mermaid(self._checked(), network, **options)

    def summary(self, network: str | None = None, **options: Any) -> str:
        """The network as a table. Raises CompilationError when the text has errors."""
        from cnndsl.backends.summary import summary

        return summary(self._checked(), network, **options)

    def diff(self, after: Compilation, network: str | None = None, other: str | None = None) -> Difference:
        """What is different of `after`: of its network `other` and this one's `network`, by default the last of each.

        `cnndsl.backends.diff` writes it as text or JSON. Raises CompilationError when one of the texts has errors.
        """
        from cnndsl.backends.diff import compare

        return compare(self._checked(), after._checked(), network, other)

    def explain(self, part: str = "", network: str | None = None, **options: Any) -> str:
        """Why the layers of a network give the sizes that they give; with `part` those of one part.

        Options as for `cnndsl.backends.explain.explain`. Raises CompilationError when the text has errors.
        """
        from cnndsl.backends.explain import explain

        folders = self.source.name.removesuffix(self.source.short)
        return explain(self._checked(), self._tree, part, network, folders=folders, **options)

    def _tree(self, file: str) -> tree.File | None:
        """The tree of a file by the name that the program has for it; None where it is gone."""
        if file == self.source.short:
            return parse(self.source)[0]
        try:
            return parse(Source(file, self.read(PurePosixPath(file))))[0]
        except ImportProblem:
            return None


class CompilationError(Exception):
    """A text with errors was asked for something that only a correct one has. The message shows the errors."""

    def __init__(self, compilation: Compilation) -> None:
        from cnndsl.reporting.text import render

        super().__init__("\n" + render(compilation.diagnostics))
        self.compilation = compilation


def compile_source(
    source: Source,
    settings: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    limits: Limits | None = None,
    ignore: Iterable[str] = (),
) -> Compilation:
    """Compile a text. Never raises for anything that the text says: that is in `diagnostics`.

    `settings` are values for network parameters; files are imported from `folder` and below it, or not
    at all without one; `limits` bound what a text may ask for; `ignore` has the codes of warnings that
    are not wanted. Raises ValueError for a code that no warning has.
    """
    from cnndsl.lint import lint, parse_codes, silence

    ignored = parse_codes(ignore)
    with all_kept():
        file, found = parse(source)
        if has_errors(found):
            return Compilation(source, found, None)
        read = nowhere if folder is None else FolderReader(folder)
        program, more = elaborate(file, settings or {}, limits, read)
        found += more
        if program is not None:
            found = in_order(found + lint(program, source, read))
    return Compilation(source, silence(found, source, ignored), program, read)


def compile(  # noqa: A001 - the package's own word
    text: str,
    *,
    name: str = "<text>",
    settings: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    limits: Limits | None = None,
    ignore: Iterable[str] = (),
) -> Compilation:
    """Compile a text that diagnostics and programs call `name`; the rest is as for `compile_source`."""
    place = None if folder is None else Path(folder)
    return compile_source(Source(name, text), settings, folder=place, limits=limits, ignore=ignore)
