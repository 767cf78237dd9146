"""What running a layer takes in memory besides what comes in and what goes out.

Declared for PyTorch on the processor, and checked against it layer by layer.  What an operation of PyTorch needs
inside itself, such as the workspace of a convolution, is not counted.  Numbers are counted for one sample; what
they take in bytes depends on the type that the network is run in.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extra:
    """Numbers that are neither a layer's input nor its output.

    numbers: how many for each sample, of the type that the network is run in.
    indices: how many whole numbers of 64 bits for each sample.
    shared: how many for the whole batch together, such as the mean of each channel over the batch.
    """

    numbers: int = 0
    indices: int = 0
    shared: int = 0

    def bytes(self, batch: int, width: int) -> int:
        """What they take for a batch, with numbers of `width` bytes."""
        return (self.numbers * width + self.indices * 8) * batch + self.shared * width


NOTHING = Extra()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept until the backward pass: of the inputs those with these numbers, the output, and more."""

    inputs: tuple[int, ...] = ()
    output: bool = False
    extra: Extra = NOTHING
