"""How much one text may ask for: no text makes the compiler hang or run out of memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds; the defaults are far above what real networks need."""

    layers: int = 200_000
    """Layers that are worked out one by one, and turns of loops."""
    size: int = 2_000_000
    """Layers of the whole network, repeated blocks counted each time."""
    list_length: int = 100_000
    depth: int = 40
    """Blocks inside blocks."""
    digits: int = 60
    """Of a number that arithmetic gives."""
