"""What holds between processes: the same bytes, and nothing loaded that is not needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnndsl.backends.graphviz import dot
from cnndsl.ir.program import Program
from tests.diagram.support import CASES, case

DRAW = """
import sys
from cnndsl.backends.graphviz import dot
from cnndsl.backends.mermaid import mermaid
from cnndsl.backends.volume import svg
from cnndsl.ir.program import Program
program = Program.model_validate_json(sys.stdin.buffer.read())
for draw in dot, mermaid, svg:
    sys.stdout.buffer.write(draw(program).encode())
"""
LOADED = """
import sys
import cnndsl.backends.graphviz, cnndsl.render
print(*sorted({"torch", "graphviz"} & set(sys.modules)))
"""


def run(code: str, seed: str = "0", stdin: str = "") -> bytes:
    environment = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", code], input=stdin.encode(), env=environment, capture_output=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("name", ["residual", "branches"])
def test_the_same_bytes_whatever_the_order_of_sets(name: str) -> None:
    program = case(name).model_dump_json()
    drawn = run(DRAW, "1", program)
    assert drawn == run(DRAW, "2", program)
    assert all(start in drawn for start in (b"digraph", b"flowchart", b"<svg"))


def test_what_is_imported() -> None:
    assert run(LOADED).split() == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_program_read_from_json_is_drawn_alike(path: Path) -> None:
    program = case(path.stem)
    assert dot(Program.model_validate_json(program.model_dump_json())) == dot(program)
