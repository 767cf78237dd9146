"""cnndsl: a language for convolutional networks, and its compiler to PyTorch and pictures.

    load("models/net.cnn")              the class of a network, a `torch.nn.Module`
    build("models/net.cnn")             a network: the class, constructed
    compile(Path("models/net.cnn"))     a Compilation: errors and warnings, the checked program, and what
    compile("network Net { ... }")      is made of it, such as `.python()`, `.diagram()`, `.summary()`
    from_torch(module, tensor)          the text of a module of PyTorch
    sweep(Path("nets.cnn"), settings)   what the members of a family of networks cost, a row for each

What each needs is imported when it is first asked for, so that `import cnndsl` costs next to nothing. PyTorch is
imported by `load`, `build`, `from_torch` and `Compilation.load` alone. After `import cnndsl.hook`, Python imports
`.cnn` files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnndsl.compilation import Compilation, CompilationError
    from cnndsl.compiler import build, compile, load  # noqa: A004 - the package's own word
    from cnndsl.diagnostics import Diagnostic
    from cnndsl.importing import from_torch
    from cnndsl.ir.program import Program
    from cnndsl.sweeping import sweep

__all__ = [
    "Compilation",
    "CompilationError",
    "Diagnostic",
    "Program",
    "build",
    "compile",
    "from_torch",
    "load",
    "sweep",
]

_HOMES = {
    "Compilation": "cnndsl.compilation",
    "CompilationError": "cnndsl.compilation",
    "Diagnostic": "cnndsl.diagnostics",
    "Program": "cnndsl.ir.program",
    "build": "cnndsl.compiler",
    "compile": "cnndsl.compiler",
    "from_torch": "cnndsl.importing",
    "load": "cnndsl.compiler",
    "sweep": "cnndsl.sweeping",
    "load_ipython_extension": "cnndsl.notebook",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("cnndsl")
    if name not in _HOMES:
        raise AttributeError(f"module 'cnndsl' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(({*globals()} - {"Any", "TYPE_CHECKING", "annotations"}) | {*__all__, "__version__"})
