"""Random programs: what the compiler says of sizes and parameters is what PyTorch does, part by part."""

from __future__ import annotations

from hypothesis import given, settings

from cnndsl.backends.pytorch import generate
from cnndsl.ir.program import Program
from tests.running import agree, compiled, imported
from tests.torch.programs import PROGRAMS


@settings(max_examples=60)
@given(PROGRAMS)
def test_a_random_program_runs_with_the_derived_sizes(text: str) -> None:
    compilation = compiled(text)
    program = compilation.program
    assert program is not None
    source = compilation.python()
    agree(program, imported(source), program.network())
    again = Program.model_validate_json(program.model_dump_json())
    assert again == program
    assert generate(again) == source
