"""From a `.cnn` file straight to the `nn.Module` class, without a file in between.  Needs PyTorch."""

from __future__ import annotations

import linecache
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cnndsl.compiler import Compilation, CompilationError, compile_source
from cnndsl.diagnostics import Problem
from cnndsl.files import LARGEST, decode
from cnndsl.layers.extern import Extern
from cnndsl.program import Leaf, Program, Target
from cnndsl.source import Source

if TYPE_CHECKING:
    from torch import nn


def load(
    path: str | Path, network: str | None = None, *, target: Target = "training", **settings: Any
) -> type[nn.Module]:
    """The class of a network in a `.cnn` file.

    `network` is its name, by default the last network of the file; `settings` are values for the
    network's parameters: `load("models/net.cnn", classes=100)`. With the target "inference" it is the
    form for serving, which is made from trained weights: `load(path, target="inference").from_trained(weights)`.

    The class can be pickled within the process that loaded it. Raises OSError when the file cannot be
    read, CompilationError when its text has errors, KeyError when there is no such network, ImportError
    without PyTorch, and where a class that the text takes from elsewhere is not there or is no `nn.Module`.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            source = decode(file.read(LARGEST + 1), path.name)
    except Problem as problem:
        raise CompilationError(Compilation(Source(path.name, ""), (problem.diagnostic,), None)) from None
    compilation = compile_source(source, settings, folder=path.parent)
    if target == "inference":
        compilation = compilation.for_inference()
    return class_of(compilation, network, path.stem)


def class_of(compilation: Compilation, network: str | None = None, stem: str = "text") -> type[nn.Module]:
    """The class of a network of a compilation; `stem` is part of the name of the module that holds it.

    Raises what `load` raises, but for OSError.
    """
    if compilation.program is None:
        raise CompilationError(compilation)
    name = compilation.program.network(network).name
    text = compilation.python()
    _check_elsewhere(compilation.program)
    module = ModuleType(_module_name(stem, text))
    module.__file__ = f"<{module.__name__}>"
    # What is executed was written by the backend from a checked program; nothing of the text is in it but names
    # and arguments, and with these nothing is called but modules.
    exec(compile(text, module.__file__, "exec"), module.__dict__)  # noqa: S102
    linecache.cache[module.__file__] = (len(text), None, text.splitlines(keepends=True), module.__file__)
    sys.modules[module.__name__] = module
    return getattr(module, name)  # type: ignore[no-any-return]


def _check_elsewhere(program: Program) -> None:
    """Raise ImportError unless every class that a program takes from elsewhere is a module of PyTorch."""
    from torch import nn

    units = (child.unit for module in program.modules.values() for child in module.children)
    layers = (unit.layer for unit in units if isinstance(unit, Leaf))
    for layer in layers:
        if isinstance(layer, Extern):
            found = getattr(import_module(layer.package), layer.name, None)
            if not (isinstance(found, type) and issubclass(found, nn.Module)):
                message = f"{layer.package} has no nn.Module called {layer.name}"
                raise ImportError(message, name=layer.package)


def _module_name(stem: str, text: str) -> str:
    from hashlib import sha256

    stem = "".join(c if c.isalnum() else "_" for c in stem)
    return f"cnndsl_loaded_{stem}_{sha256(text.encode()).hexdigest()[:12]}"
