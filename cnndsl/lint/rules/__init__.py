"""All rules, and the codes of all warnings about a text."""

from __future__ import annotations

from cnndsl.lint.rule import Rule
from cnndsl.lint.rules import activations, axes, normalisation, outputs, windows

FAMILIES = (normalisation, windows, outputs, activations, axes)

RULES: tuple[type[Rule], ...] = tuple(
    kind
    for family in FAMILIES
    for kind in vars(family).values()
    if isinstance(kind, type) and issubclass(kind, Rule) and kind.__module__ == family.__name__
)
"""The rules of all families: every class there with a code."""

UNUSED, UNREAD, REMARK, OTHER_INPUT, PARAMETER, NAME = "W201", "W202", "W213", "W216", "W217", "W236"
"""What elaboration finds, a layer, a value, a parameter and another name that lead nowhere and an input of pictures in
another order; and a remark to the compiler without effect."""

CODES: frozenset[str] = frozenset(
    {UNUSED, UNREAD, REMARK, OTHER_INPUT, PARAMETER, NAME, *(rule.code for rule in RULES)}
)
"""Every warning that there is about a text, and so every one that can be silenced."""
