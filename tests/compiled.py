"""The files of `models/`, each compiled once in a process: tests look at what came of it, and change nothing in it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cnndsl
from cnndsl.compilation import Compilation
from cnndsl.ir.program import Program

MODELS = sorted((Path(__file__).parents[1] / "models").glob("*.cnn"))


@cache
def compilation_of(path: Path) -> Compilation:
    """What came of a file."""
    return cnndsl.compile(path)


def program_of(path: Path) -> Program:
    """The checked program of a file without errors."""
    program = compilation_of(path).program
    assert program is not None
    return program


@cache
def python_of(path: Path) -> str:
    """The module of a file."""
    return compilation_of(path).python()
