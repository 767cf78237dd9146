"""What holds between processes: the same bytes, and nothing loaded that is not needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cnndsl.ir.program import Program
from tests.graphviz.support import CASES, case
from tests.made import dot

LOADED = """
import sys
import cnndsl.backends.graphviz, cnndsl.render
print(*sorted({"torch", "graphviz"} & set(sys.modules)))
"""


def test_what_is_imported() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_program_read_from_json_is_drawn_alike(path: Path) -> None:
    program = case(path.stem)
    assert dot(Program.model_validate_json(program.model_dump_json())) == dot(program)
