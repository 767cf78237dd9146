"""A generated module as a module of this process.  Needs PyTorch."""

from __future__ import annotations

import linecache
import sys
from hashlib import sha256
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from cnndsl.layers.extern import Extern
from cnndsl.program import Leaf, Program

if TYPE_CHECKING:
    from torch import nn


def ready(program: Program, text: str, network: str, stem: str) -> type[nn.Module]:
    """The class `network` of the module that was generated from a program.

    `stem` is a part of the name of the module, which the class needs to be pickled. Raises ImportError without PyTorch,
    and where a class that the program takes from elsewhere is not there or is no module.
    """
    _check_torch()
    _check_elsewhere(program)
    module = ModuleType(_module_name(stem, text))
    module.__file__ = f"<{module.__name__}>"
    # What is executed was written by the backend from a checked program; nothing of the text is in it but names
    # and arguments, and with these nothing is called but modules.
    exec(compile(text, module.__file__, "exec"), module.__dict__)  # noqa: S102
    linecache.cache[module.__file__] = (len(text), None, text.splitlines(keepends=True), module.__file__)
    sys.modules[module.__name__] = module
    return getattr(module, network)  # type: ignore[no-any-return]


def _check_torch() -> None:
    try:
        import torch  # noqa: F401 - whether it is there
    except ModuleNotFoundError as problem:
        if problem.name != "torch":
            raise
        message = "a network runs with PyTorch, which is not installed: run pip install torch"
        raise ModuleNotFoundError(message, name="torch") from None


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
    stem = "".join(c if c.isalnum() else "_" for c in stem)
    return f"cnndsl_loaded_{stem}_{sha256(text.encode()).hexdigest()[:12]}"
