"""The PyTorch backend: a checked program -> a readable module of plain PyTorch.

`generate` is all that others need.  How it goes: `classes` decides which classes there are, with
`trees` and `merge` laying the uses of a block over each other and `slots` saying what differs; `flow`
and `forward` write the steps, with `attributes` for what they need of the constructor; `source` prints;
`code` knows the layout.
"""

from __future__ import annotations

from cnndsl.backends.torch.source import MARK, generate

__all__ = ["generate", "is_generated"]


def is_generated(text: str) -> bool:
    """Whether a Python file was written by `generate`, and so may be overwritten by it."""
    return text.startswith('"""') and MARK in text.partition("\n")[0]
