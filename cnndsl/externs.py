"""The classes that `extern` lines name, before a network is made of them.  Needs PyTorch.

A text may come from a stranger, and importing a module runs it. So a module is imported only if the user allowed it by
name, and what is taken from it is constructed only if it is a subclass of `nn.Module`. A name allows a module and what
lies below it: `torch.nn` allows `torch.nn.modules.linear`. A class counts to the module that the text names, wherever
that has it from.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from cnndsl.diagnostics import Diagnostic
from cnndsl.hints.spelling import nearest
from cnndsl.ir.program import Program
from cnndsl.layers.extern import Extern, why_not_package
from cnndsl.project import Project
from cnndsl.project import find as find_project
from cnndsl.report.text import render
from cnndsl.source import Span

Find = Callable[[str], Span | None]
"""Gives the place of the `extern` line of a class; None where the text is gone."""


class ExternError(ImportError):
    """A class that an `extern` line names is not allowed, not there, or not what the line says."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n" + render(diagnostics))
        self.diagnostics = diagnostics


def parse_modules(given: str | Iterable[str]) -> tuple[str, ...]:
    """The names in `"torch.nn, einops.layers.torch"`, or in several such texts.

    Raises ValueError for a text that is none, and TypeError for what is no text.
    """
    texts = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (None,)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(f'modules are allowed by their names, such as ["torch.nn"], and this is {given!r:.80}')
    names = [name.strip() for text in texts for name in text.split(",")]
    for name in filter(None, names):
        reason = why_not_package(name)
        if reason:
            raise ValueError(f"{name[:80]!r} is no module: {reason}")
    return tuple(filter(None, names))


def check(program: Program, allowed: str | Iterable[str] | None, folder: Path | None, find: Find) -> None:
    """Import the classes of a program's `extern` lines, and see that each is what its line says; none is constructed.

    allowed: the modules that may be imported, each with all below it; None for those that the project of `folder`
    allows.
    Raises ExternError with all that is wrong, before anything is imported where something is not allowed; ValueError
    for a name that is none, and ProjectProblem.
    """
    names = None if allowed is None else parse_modules(allowed)
    layers = {(layer.package, layer.name, tuple(dict(layer.given))): layer for layer in program.externs()}
    if not layers:
        return
    if names is None:
        names = _of_project(folder)
    needed = dict.fromkeys(layer.package for layer in layers.values())
    foreign = {layer.package: layer.name for layer in reversed(layers.values()) if not _covers(names, layer.package)}
    if foreign:
        raise ExternError(tuple(_not_allowed(p, needed, find(foreign[p])) for p in needed if p in foreign))
    found = tuple(problem for layer in layers.values() for problem in _problems(layer, find))
    if found:
        raise ExternError(found)


def _of_project(folder: Path | None) -> tuple[str, ...]:
    project = Project() if folder is None else find_project(folder)
    try:
        return parse_modules(project.extern)
    except ValueError as problem:
        raise project.problem("extern", problem) from None


def _covers(allowed: Iterable[str], package: str) -> bool:
    return any(package == name or package.startswith(f"{name}.") for name in allowed)


def _not_allowed(package: str, needed: Iterable[str], span: Span | None) -> Diagnostic:
    listed = ", ".join(f'"{name}"' for name in needed)
    return Diagnostic(
        "E008",
        f"{package} is not allowed, and a network of this text would import it, which runs it",
        span,
        help=(
            f"if you trust it: cnndsl.load(..., allow_extern=[{listed}]), or --allow-extern {','.join(needed)}",
            f"for all files of a project: extern = [{listed}] below [tool.cnndsl] in its pyproject.toml",
        ),
    )


def _problems(layer: Extern, find: Find) -> Iterator[Diagnostic]:
    """What an extern line says and is not so."""
    name, package = layer.name, layer.package
    try:
        module = import_module(package)
        found = getattr(module, name, None)
    except (Exception, SystemExit) as problem:  # whatever a module does when it runs
        said = str(problem) if isinstance(problem, ImportError) else f"{type(problem).__name__}: {problem}"
        missing = isinstance(problem, ModuleNotFoundError) and f"{package}.".startswith(f"{problem.name}.")
        helps = "install it, or run this where Python finds it" if missing else f'see python -c "import {package}"'
        yield Diagnostic("E214", f"{package} cannot be imported: {said}", find(name), help=(helps,))
        return
    if is_module_class(found):
        yield from _wrong_arguments(found, layer, find)
        return
    helps = "only subclasses of torch.nn.Module can be layers"
    if found is None:
        near = nearest(name, [word for word, value in vars(module).items() if is_module_class(value)])
        helps = f"did you mean {near}?" if near else helps
    what = f"{package} has nothing called {name}" if found is None else f"{name} of {package} is no class of layers"
    yield Diagnostic("E215", what, find(name), help=(helps,))


def is_module_class(found: object) -> bool:
    """Whether this is a subclass of `nn.Module`, and nothing that only says so of itself."""
    from torch import nn

    kind: type = type(found)  # what it says of itself, which `isinstance` asks for, may be anything
    return issubclass(kind, type) and issubclass(cast("type", found), nn.Module)


def _wrong_arguments(found: Any, layer: Extern, find: Find) -> Iterator[Diagnostic]:
    """A parameter of an extern line that the class does not have, or one of the class that the line lacks."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except Exception:  # it has none that can be known, whatever the reason
        return
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    given = [name for name, _ in layer.given]
    unknown = [name for name in given if name not in named]
    missing = [name for name, p in named.items() if p.default is p.empty and name not in given]
    if unknown and all(p.kind is not p.VAR_KEYWORD for p in parameters):
        near = nearest(unknown[0], named)
        has = f"it has {', '.join(named)}" if named else "it has none that can be given by name"
        helps = f"did you mean {near}?" if near else has
        message = f"{layer.name} of {layer.package} has no argument {unknown[0]}, and arguments are passed by name"
        yield Diagnostic("E216", message, find(layer.name), help=(helps,))
    elif missing:
        message = f"{layer.name} of {layer.package} needs {missing[0]}, which is no parameter of the extern line"
        helps = f"write extern {layer.name}({', '.join([*given, missing[0]])})"
        yield Diagnostic("E216", message, find(layer.name), help=(helps,))
