"""The words of the language, and what each is."""

from __future__ import annotations

from cnndsl.ir.nodes import RefKind
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.registry import KINDS, OPERATIONS

FUNCTIONS = frozenset(
    ["abs", "all", "any", "ceil", "enumerate", "exp", "float", "floor", "int", "len", "log", "log10", "log2",
     "make_divisible", "max", "min", "range", "reversed", "round", "sorted", "sqrt", "str", "sum", "unique", "zip"]
)  # fmt: skip
"""The functions that work on constants."""
WORDS: dict[str, RefKind] = {
    **dict.fromkeys((*sorted(FUNCTIONS), *OPERATIONS, "parameter"), "function"),
    **dict.fromkeys(KINDS, "kind"),
    **dict.fromkeys(RULES, "rule"),
    "identity": "identity",
}
INIT_WORDS = {"weight_init": "weight", "bias_init": "bias"}
"""Arguments of a layer that say how its tensors begin, and which."""
WEIGHT_WORDS = frozenset(["trainable", "weight"])
"""Arguments of a layer that give its tensors their numbers, and whether these are trained."""
