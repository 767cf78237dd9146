"""Generated source as a module of this process, whose classes can be pickled into another one.  Needs PyTorch.

The module is what it would be if it lay in a file: it stands in `sys.modules` with a loader, so that tracebacks,
`inspect` and `torch.jit.script` find its lines. It is called by a digest of its source: the same source is the same
module, and a text that was changed gives another one.

A class is pickled together with the source of its module, and so is every instance, which is pickled with its class.
Pickle writes a class by its name alone, unless its metaclass says otherwise. Therefore these classes have one.
"""

from __future__ import annotations

import ast
import copyreg
import sys
from hashlib import sha256
from importlib.abc import ExecutionLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_loader
from threading import RLock
from types import CodeType, ModuleType
from typing import Any

_LONGEST_STEM = 40
_METACLASS = "__loaded__"
"""What the metaclass is called in the modules; no name in a text begins like this."""
_making = RLock()


class Loaded(type):
    """The class of the classes of generated modules; it changes nothing but how they are pickled."""


def module_of(source: str, stem: str) -> ModuleType:
    """The module with this generated source. `stem` is a part of its name, for people.

    The module is made once in a process. Raises what running the source raises, such as ImportError.
    """
    name = _name(source, stem)
    with _making:
        if name not in sys.modules:
            loader = Source(name, source, stem)
            spec = spec_from_loader(name, loader)
            assert isinstance(spec, ModuleSpec)  # noqa: S101 - there is a loader
            module = sys.modules[name] = module_from_spec(spec)
            try:
                loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
        return sys.modules[name]


class Source(ExecutionLoader):
    """Loads a module from a text in memory."""

    def __init__(self, name: str, text: str, stem: str) -> None:
        self.name, self.text, self.stem = name, text, stem

    def get_source(self, _fullname: str) -> str:
        """The text, for `linecache` and `inspect`."""
        return self.text

    def get_filename(self, _fullname: str) -> str:
        """A name for tracebacks, which no file has."""
        return f"<cnndsl>/{self.name}.py"

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, as `importlib` does; its classes get their metaclass."""
        vars(module)[_METACLASS] = Loaded
        super().exec_module(module)

    @staticmethod
    def source_to_code(data: Any, path: Any = "<string>") -> CodeType:
        """The code of the text, in which `class Net(nn.Module)` is `class Net(nn.Module, metaclass=Loaded)`."""
        tree = ast.parse(data, path)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                name = ast.copy_location(ast.Name(_METACLASS, ast.Load()), node)
                node.keywords.append(ast.copy_location(ast.keyword("metaclass", name), node))
        return ExecutionLoader.source_to_code(tree, path)  # it takes what `compile` takes


def imported(module: ModuleType, source: str, stem: str) -> None:
    """Run generated source in a module that Python imports by another name, under which its classes are pickled too.

    Raises what running the source raises.
    """
    loader = Source(module.__name__, source, stem)
    module.__loader__, module.__file__ = loader, loader.get_filename(module.__name__)
    if module.__spec__ is not None:
        module.__spec__.loader = loader  # which `linecache` and `inspect` ask for the text
    loader.exec_module(module)
    with _making:
        sys.modules[_name(source, stem)] = module


def _name(source: str, stem: str) -> str:
    words = "".join(c if c.isascii() and c.isalnum() else "_" for c in stem[:_LONGEST_STEM])
    return f"cnndsl_loaded_{words}_{sha256(source.encode()).hexdigest()[:32]}"


def rebuilt(source: str, stem: str, name: str) -> Any:
    """The class `name` of the module with this source. Pickles call this function: it stays where it is."""
    return getattr(module_of(source, stem), name)


def _reduced(found: type) -> str | tuple[Any, ...]:
    """How a class is pickled: with the source of its module, or, if it is a subclass from elsewhere, by its name."""
    module = sys.modules.get(found.__module__)
    loader = getattr(module, "__loader__", None)
    if isinstance(loader, Source) and getattr(module, found.__qualname__, None) is found:
        return rebuilt, (loader.text, loader.stem, found.__qualname__)
    return found.__qualname__


copyreg.pickle(Loaded, _reduced)  # a text is the name of a global, as for `__reduce__`
