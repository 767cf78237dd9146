"""The way from a text to its program on one page: read, work out, warn; and to the `nn.Module` class, with PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from cnndsl.compilation import Compilation
from cnndsl.diagnostics import Diagnostic, Problem, Severity, has_errors, in_order, without_echoes
from cnndsl.files import FolderReader, Reader, nowhere
from cnndsl.ir.program import Target
from cnndsl.semantics import elaborate
from cnndsl.semantics.values import Limits
from cnndsl.source import Source
from cnndsl.syntax import tree
from cnndsl.syntax.parser import parse

if TYPE_CHECKING:
    from torch import nn


def compile_source(
    source: Source,
    settings: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
    limits: Limits | None = None,
    ignore: str | Iterable[str] = (),
    read: Reader | None = None,
    parsed: tuple[tree.File, tuple[Diagnostic, ...]] | None = None,
) -> Compilation:
    """Compile a text. Never raises for anything that the text says: that is in `diagnostics`.

    `settings` are values for network parameters; files are imported from `folder` and below it, or not
    at all without one; `limits` bound what a text may ask for; `ignore` has the codes of warnings that
    are not wanted; `read` gives the imported files in place of a folder; `parsed` is what `parse` gave for the
    text, where it has been read. Raises ValueError for a code that no warning has, TypeError for a setting that is
    no value.
    """
    from cnndsl.lint import lint, parse_codes, silence

    ignored = parse_codes(ignore)
    given = _values(settings)
    file, found = parsed or parse(source)
    is_whole = not has_errors(found)
    if read is None:
        read = nowhere if folder is None else FolderReader(folder)
    program, more = elaborate(file, given, limits, read)
    if not is_whole:  # what is left of the text has mistakes of its own, but what seems idle there may not be
        program, more = None, tuple(d for d in more if d.severity is Severity.ERROR)
    found += more
    if program is not None:
        found += lint(program, source, read)
    return Compilation(source, silence(tuple(without_echoes(in_order(found))), source, ignored), program, read)


def _values(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    if settings is None or (isinstance(settings, dict) and not settings):  # few give any
        return {}
    from cnndsl.settings import from_python

    return from_python(settings)


def compile(  # noqa: A001 - the package's own word
    text: str | Path,
    *,
    name: str = "<text>",
    settings: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    limits: Limits | None = None,
    ignore: str | Iterable[str] = (),
) -> Compilation:
    """Compile a text, or the file with this Path: `compile("network ...")`, `compile(Path("models/net.cnn"))`.

    name: what messages and generated modules call a text; a file goes by its own name.
    settings: values for parameters of networks, such as `{"classes": 100}`; any mapping, with any sequences for lists.
    folder: where the files that a text imports are, or below; without it, nothing can be imported. A file
    imports from its own folder.
    limits: how much a text may ask for, `cnndsl.semantics.Limits`.
    ignore: the codes of warnings that are not wanted, such as `["W204"]`.

    Whatever is wrong with the text is in `diagnostics`, and nothing is raised for it. Raises OSError for a file
    that cannot be read, ValueError for a code that no warning has, and TypeError for a setting that is no number,
    truth value, text, or list of them.
    """
    if isinstance(text, Path):
        try:
            source = read_file(text)
        except Problem as problem:  # it is no text
            return Compilation(Source(str(text), ""), (problem.diagnostic,), None)
        folder = text.parent if folder is None else folder
    else:
        source = Source(name, text)
    place = None if folder is None else Path(folder)
    return compile_source(source, settings, folder=place, limits=limits, ignore=ignore)


def read_file(path: Path) -> Source:
    """The text of a file. Raises OSError where it cannot be read, Problem where it is too large or no text."""
    from cnndsl.files import LARGEST, decode

    with path.open("rb") as file:
        return decode(file.read(LARGEST + 1), str(path))


def load(
    path: str | Path,
    network: str | None = None,
    *,
    target: Target = "training",
    allow_extern: str | Iterable[str] | None = None,
    **settings: Any,
) -> type[nn.Module]:
    """The class of a network in a `.cnn` file: `load("models/net.cnn")()` is a network.

    network: which one, by its name; by default the last one of the file.
    target: "training", or "inference" for the form for serving, which is made from trained weights:
    `load(path, target="inference").from_trained(state_dict)`.
    allow_extern: the modules that `extern` lines of the file may take classes from, such as `["torch.nn"]`, each with
    all below it. Importing a module runs it, so that none is imported unless it is named here, or in a project's
    pyproject.toml (`[tool.cnndsl] extern = ["torch.nn"]`), which counts where nothing is given here.
    settings: values for the network's parameters: `load("models/resnet.cnn", "ResNet50", classes=100)`.

    The class and what is made of it can be pickled into another process that has cnndsl: the generated source travels
    with them. Raises OSError when the file cannot be read, CompilationError when its text has errors, KeyError when it
    has no such network, ValueError for another target, a text in place of a path or a list of modules that is none,
    TypeError for a setting that is no value of the language, and ImportError without PyTorch, or where a class that the
    text takes from elsewhere (`extern`) is not allowed, not there, or no `nn.Module`.
    """
    if target not in get_args(Target):
        raise ValueError(f"there is no target {target!r}; there are {', '.join(get_args(Target))}")
    if isinstance(path, str) and path.rstrip().endswith("}"):
        raise ValueError("load is given the path of a file, and this is a text: write cnndsl.compile(text).load()")
    compilation = compile(Path(path), settings=settings)
    wanted = compilation.for_inference() if target == "inference" else compilation
    return wanted.load(network, allow_extern=allow_extern)


def build(
    path: str | Path,
    network: str | None = None,
    *,
    allow_extern: str | Iterable[str] | None = None,
    **settings: Any,
) -> nn.Module:
    """A network of a `.cnn` file, with new weights: `build("models/resnet.cnn", "ResNet50", classes=100)`.

    It is what `load` with the same arguments gives, constructed, and raises the same. One call with plain values is
    what tools for configurations want: `_target_: cnndsl.build` in Hydra, `class_path: cnndsl.build` in LightningCLI.
    """
    return load(path, network, allow_extern=allow_extern, **settings)()
