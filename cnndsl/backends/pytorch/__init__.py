"""The PyTorch backend: the definitions of a program -> a module of plain PyTorch, which is the text translated."""

from __future__ import annotations

from cnndsl.backends.pytorch.module import MARK, generate
from cnndsl.backends.pytorch.values import Untranslatable

__all__ = ["Untranslatable", "generate", "is_generated"]


def is_generated(text: str) -> bool:
    """Whether a Python file was written by `generate`, and so may be overwritten by it."""
    return text.startswith('"""') and MARK in text.partition("\n")[0]
