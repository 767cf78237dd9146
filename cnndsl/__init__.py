"""cnndsl: a declarative language for convolutional networks, and its compiler.

    compile(text) -> Compilation      diagnostics, the checked program, and what is made of it
    load("models/net.cnn")            the ready `torch.nn.Module` class, without a file in between

What each needs is imported when it is first asked for, so that `import cnndsl` costs next to nothing
and nothing but `load` ever imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnndsl.compiler import Compilation, CompilationError, compile  # noqa: A004 - the package's own word
    from cnndsl.diagnostics import Diagnostic
    from cnndsl.loading import load
    from cnndsl.program import Program

__all__ = ["Compilation", "CompilationError", "Diagnostic", "Program", "compile", "load"]

_HOMES = {
    "Compilation": "cnndsl.compiler",
    "CompilationError": "cnndsl.compiler",
    "Diagnostic": "cnndsl.diagnostics",
    "Program": "cnndsl.program",
    "compile": "cnndsl.compiler",
    "load": "cnndsl.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'cnndsl' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
