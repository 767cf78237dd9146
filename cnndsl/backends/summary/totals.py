"""What a network comes to in all."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl import costs
from cnndsl.costs import Cost, Memory
from cnndsl.costs.memory import WIDTHS, Type
from cnndsl.program import Program


@dataclass(frozen=True)
class Totals:
    """Parameters, buffers and multiply-accumulates, and what a batch takes in memory, in bytes.

    memory: of the values that flow. The buffers, which are few, are in none of the bytes.
    """

    cost: Cost
    memory: Memory
    batch: int
    dtype: Type

    @property
    def parameters(self) -> int:
        """Bytes of all parameters."""
        return self.cost.parameters * WIDTHS[self.dtype]

    @property
    def gradients(self) -> int:
        """Bytes of the gradients: one number for each parameter that is trained."""
        return self.cost.trainable * WIDTHS[self.dtype]

    @property
    def inference(self) -> int | None:
        """The peak in inference: parameters and values. None where it is not known."""
        return None if self.memory.peak is None else self.parameters + self.memory.peak

    @property
    def training(self) -> int | None:
        """What is held between the forward and the backward pass, without what an optimiser keeps of its own:
        parameters, gradients and the values that autograd keeps. None where it is not known.
        """
        return None if self.memory.kept is None else self.parameters + self.gradients + self.memory.kept


def totals(program: Program, network: str, *, batch: int = 1, dtype: Type = "float32") -> Totals:
    """The totals of a network. Takes time linear in the size of the definitions."""
    memory = costs.memory(program, network, batch=batch, dtype=dtype)
    return Totals(costs.of(program, program.network(network).id), memory, batch, dtype)
