"""After `import cnndsl.hook`, Python imports `.cnn` files: `from models import resnet`.  Needs PyTorch.

A name means a `.cnn` file only where Python would find nothing else by it, but for the module that `cnndsl compile`
wrote beside that file: it may be of yesterday, and the file is imported in its place. A file is compiled whenever it is
imported or reloaded, and nothing is kept of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from cnndsl.compilation import CompilationError
from cnndsl.compiler import compile  # noqa: A004 - the package's own word
from cnndsl.diagnostics import Severity
from cnndsl.generated import imported

_SEARCHED = 1000
"""Characters in which a generated module says what it is."""


class CnnFinder(MetaPathFinder):
    """Finds `.cnn` files where Python looks for modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The file with this name in the first folder that has one, unless another module is meant."""
        name = fullname.rpartition(".")[2]
        places = (Path(folder, f"{name}.cnn") for folder in (sys.path if path is None else path))
        file = next((place for place in places if place.is_file()), None)
        if file is None or _is_another(fullname, path, target, file):
            return None
        return ModuleSpec(fullname, CnnLoader(file), origin=str(file))


def _is_another(fullname: str, path: Sequence[str] | None, target: ModuleType | None, file: Path) -> bool:
    """Whether another finder knows a module of this name, which is not what was made of the file."""
    for finder in sys.meta_path:
        if isinstance(finder, CnnFinder):
            continue
        spec = finder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:  # a folder without `__init__.py` has none
            made = file.with_suffix(".py")
            return spec.origin is None or Path(spec.origin) != made or not _is_generated(made)
    return False


def _is_generated(module: Path) -> bool:
    from cnndsl.backends.pytorch import is_generated

    with module.open(encoding="utf-8", errors="replace") as lines:
        return is_generated(lines.read(_SEARCHED))


class CnnLoader(Loader):
    """Loads the module that is generated from a `.cnn` file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def exec_module(self, module: ModuleType) -> None:
        """Compile the file and run what comes of it.

        Raises SyntaxError at the line of the file for a text with errors, and what `cnndsl.load` raises besides.
        """
        compilation = compile(self.file)
        try:
            text = compilation.runnable()
        except CompilationError as problem:
            raise _syntax_error(problem, self.file) from None
        imported(module, text, self.file.stem)


def _syntax_error(problem: CompilationError, file: Path) -> SyntaxError:
    """The first error of a text as Python shows one, and a note with all that was found."""
    diagnostics = problem.compilation.diagnostics
    first = next(found for found in diagnostics if found.severity is Severity.ERROR)
    if first.span is None:
        raised = SyntaxError(f"{first.message} [{first.code}]")
        raised.filename = str(file)
    else:
        source, (line, column) = first.span.source, first.span.position
        place = source.name, line, column, source.line(line), *source.position(first.span.end)
        raised = SyntaxError(f"{first.message} [{first.code}]", place)
    raised.add_note(str(problem).strip())
    return raised


def install() -> None:
    """Put the finder before all others, once. Importing this module does it."""
    if not any(isinstance(finder, CnnFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, CnnFinder())


def uninstall() -> None:
    """Take the finder away; what was imported stays."""
    with suppress(StopIteration):
        sys.meta_path.remove(next(finder for finder in sys.meta_path if isinstance(finder, CnnFinder)))


install()
