"""Imports generated modules, and sees to it that nothing happens but definitions.

    python -m tests.fuzz.importing FOLDER

Prints a line for each module in the folder that does more than that; exit code 1 if there is one.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import torch.nn.functional
from torch import nn

from tests.fuzz.module import PACKAGES, packages_of

_HARMLESS = (
    *("import", "exec", "compile", "object.__getattr__", "marshal.loads", "sys._getframe", "code.__new__"),
    "builtins.id",  # from Python 3.12 on
)
_DEFINED = (type, ModuleType)


class Watch:
    """Notes what code asks of the system, between `start` and the end of the `with` block. There is no going back."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self._on = False
        sys.addaudithook(self._note)

    def _note(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if self._on and event not in _HARMLESS:
            self.events.append(event)

    def __enter__(self) -> Watch:
        self.events, self._on = [], True
        return self

    def __exit__(self, *_problem: object) -> None:
        self._on = False


def side_effects(source: str, watch: Watch) -> list[str]:
    """What importing a module did besides defining things: events of the system, modules loaded, odd values."""
    for package in set(packages_of(source)) - PACKAGES:
        sys.modules[package] = _Anything(package)
    module = ModuleType("generated")
    code = compile(source, "<generated>", "exec", dont_inherit=True)
    before = set(sys.modules)
    numbers = torch.get_rng_state()
    with warnings.catch_warnings(), watch:
        warnings.simplefilter("error")
        exec(code, module.__dict__)  # noqa: S102 - this is what is tested
    found = list(watch.events)
    found += [f"loads {name}" for name in sorted(set(sys.modules) - before)]
    if not torch.equal(numbers, torch.get_rng_state()):
        found.append("draws random numbers")
    made = [name for name, value in vars(module).items() if isinstance(value, (torch.Tensor, nn.Module))]
    return found + [f"makes {name}" for name in made]


class _Anything(ModuleType):
    """Stands for a package that an `extern` line names: it has every class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (nn.Module,), {})


def main(folder: Path) -> int:
    """Import every module in a folder."""
    watch = Watch()
    code = 0
    for path in sorted(folder.glob("*.py")):
        try:
            found = side_effects(path.read_text(encoding="utf-8"), watch)
        except Exception as problem:
            found = [f"{type(problem).__name__}: {problem}"]
        if found:
            code = 1
            print(f"{path.name}: {', '.join(found)}")  # noqa: T201 - a command
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
