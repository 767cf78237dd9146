"""A program -> what it holds and costs: sizes, receptive fields, counts, memory, keys, repeats; without PyTorch.

Here are the single numbers that a network is judged by: what `assert` speaks of, and what a sweep compares.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnndsl.ir.program import Program

if TYPE_CHECKING:
    from cnndsl.analysis.receptive_field import Field

MEASURES = ("parameters", "macs", "memory", "receptive_field")
"""What can be said of the first network of a program. macs and memory are for one sample: memory is the most bytes that
are alive at once in inference, in float32. receptive_field is in places of the input."""


def measure(program: Program, words: Iterable[str]) -> dict[str, int | None]:
    """Measures of the first network by their words; None for what depends on an open size or on a class from elsewhere,
    and for a receptive field that is not the same along all axes.
    """
    from cnndsl.analysis import costs

    cost = costs.of(program, program.networks[0])
    found: dict[str, int | None] = {}
    for word in words:
        match word:
            case "parameters":
                found[word] = cost.parameters if cost.complete else None
            case "macs":
                found[word] = cost.macs
            case "memory":
                found[word] = costs.peak(program)
            case "receptive_field":
                fields = receptive_fields(program)
                sizes = {field.size for field in fields if field is not None}
                found[word] = sizes.pop() if len(sizes) == 1 and None not in fields else None
    return found


def receptive_fields(program: Program) -> list[Field | None]:
    """What the outputs of the first network see of its inputs, axis by axis; None where that is not known."""
    from cnndsl.analysis.receptive_field import outputs

    return [field for seen in outputs(program) for axes in seen.values() for field in axes]
