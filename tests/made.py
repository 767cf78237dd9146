"""The backends as functions of a program, for tests of programs that came from no text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from cnndsl.backends.graphviz import Dot, Graph
from cnndsl.backends.mermaid import Mermaid
from cnndsl.backends.options import Checked, Options
from cnndsl.backends.summary import Summary
from cnndsl.backends.volume import Volumes
from cnndsl.ir.program import Program

P = ParamSpec("P")
T = TypeVar("T")


def _function(kind: Callable[P, Options[T]]) -> Callable[Concatenate[Program, P], T]:
    def make(program: Program, /, *args: P.args, **options: P.kwargs) -> T:
        return kind(*args, **options).of(Checked(program))

    return make


dot = _function(Dot)
graph = _function(Graph)
mermaid = _function(Mermaid)
volumes = _function(Volumes)
summary = _function(Summary)
