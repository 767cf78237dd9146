"""The backends: what can be made of a checked text, one line each. A backend is imported when it is first asked for."""

# ruff: noqa: TC004 - what a line names is imported when it is asked for
from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, cast, overload

import cnndsl.backends

if TYPE_CHECKING:
    from typing import Self

    import cnndsl.backends.explain
    import cnndsl.backends.graphviz
    import cnndsl.backends.html
    import cnndsl.backends.mermaid
    import cnndsl.backends.neurons
    import cnndsl.backends.summary
    import cnndsl.backends.volume
    from cnndsl.backends.options import Checked, Options

else:  # a type checker finds them by these imports

    def __getattr__(name: str) -> Any:
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as problem:
            if problem.name != f"{__name__}.{name}":
                raise
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


P = ParamSpec("P")
T = TypeVar("T")


class _Text(Protocol):
    def checked(self) -> Checked:
        """The text without errors; raises where it has some."""


class Backend(Generic[P, T]):
    """A backend as a method, which takes its options as arguments and gives what it makes of the text with them.

    command: what the command of its name does, in a line; without it there is no command but those that call it.
    """

    def __init__(self, find: Callable[[], Callable[P, Options[T]]], command: str = "") -> None:
        self._find = find
        self.command = command
        self._name = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @property
    def options(self) -> type[Options[T]]:
        """The model of its options."""
        return cast("type[Options[T]]", self._find())

    @overload
    def __get__(self, text: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, text: _Text, owner: type[Any]) -> Callable[P, T]: ...
    def __get__(self, text: _Text | None, owner: type[Any]) -> Self | Callable[P, T]:
        """The method of a text; of the class, the backend itself."""
        if text is None:
            return self
        from cnndsl.backends.options import describe, read

        kind = self._find()

        def make(*args: P.args, **kwargs: P.kwargs) -> T:
            return read(kind, *args, **kwargs).made(text.checked())

        describe(make, self._name, self.options)
        return make


class Backends:
    """What can be made of a text without errors."""

    dot = Backend(lambda: cnndsl.backends.graphviz.Dot)
    diagram = Backend(lambda: cnndsl.backends.graphviz.Diagram)
    graph = Backend(lambda: cnndsl.backends.graphviz.Graph)
    mermaid = Backend(lambda: cnndsl.backends.mermaid.Mermaid)
    volumes = Backend(lambda: cnndsl.backends.volume.Volumes)
    neurons = Backend(lambda: cnndsl.backends.neurons.Neurons)
    html = Backend(lambda: cnndsl.backends.html.Html)
    explain = Backend(lambda: cnndsl.backends.explain.Explain)
    summary = Backend(lambda: cnndsl.backends.summary.Summary, "Print a network of FILE as a table.")


def registered() -> dict[str, Backend[Any, Any]]:
    """The backends by their names, which are those of the methods of a text."""
    return {name: found for name, found in vars(Backends).items() if isinstance(found, Backend)}
