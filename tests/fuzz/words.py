# ruff: noqa: SIM905 - so many words read better without quotes
"""The words that random texts are made of."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cnndsl.layers.registry import KINDS
from cnndsl.semantics.functions import TABLE

ROOT = Path(__file__).parents[2]

KIND_NAMES = list(KINDS)
FUNCTIONS = sorted(TABLE)
ARGUMENTS = sorted({name for kind in KINDS.values() for name in kind.model_fields} | {"weight_init", "bias_init"})
KEYWORDS = """
    network block sequence input output init when if else for in repeat from import extern it and or not true false
    training
""".split()
VALUES = "concat split identity parameter constant add mul mean max".split()
NAMES = "x y n Net Unit Part channels i forward self class torch __init__ é 残".split()
NUMBERS = """
    0 1 2 3 4 5 7 8 16 32 64 -1 0.5 .5 1. 1e-5 1e9 1e999 60 199999 2147483648 9223372036854775807 99999999999999999999
    00 1_000 0x10 1e 12345678901234567890123456789012345678901234567890123456789012345678901234567890
""".split()
TEXTS = r"""
    "same" "valid" "channels" "{i}" "a{n}-b" "{" "}" "{{x}}" "{}" "" "a.b" "forward" "\" "'''" "#" "reflect" "zeros"
    "fan_out" "relu" "é" "models/net.cnn" "net.cnn" "../x.cnn" "resnet.cnn" "torch.nn" "os"
""".split()
SIGNS = [
    *"( ) [ ] { } , : = == != < <= > -> + - * / // % ** . ? ; ' # @ \\ & | ! $ ` ~ ^ lambda None".split(),
    '"', "\n", "\t", "\r\n", "\x00", "\x1b[2J", "\u200b", "\u202e", "\ufeff", "\ud7ff", "\U0001f600", "e\u0301",
    "# cnndsl: ignore[W204]", "# cnndsl: ignore", "# cnndsl: ignore-file[",
]  # fmt: skip
ALL_WORDS = [*KEYWORDS, *KIND_NAMES, *FUNCTIONS, *ARGUMENTS, *VALUES, *NAMES, *NUMBERS, *TEXTS, *SIGNS]

_RIGHT = ["models/*.cnn", *(f"tests/{area}/cases/*.cnn" for area in ("torch", "graphviz", "lint", "explain", "models"))]
_WRONG = ["tests/semantics/cases/*.cnn", "tests/syntax/cases/*.cnn"]


@cache
def known_texts() -> list[str]:
    """The texts of the models, and of the cases that the tests have; right ones more often than wrong ones."""
    places = [*_RIGHT, *_RIGHT, *_WRONG]
    return [path.read_text(encoding="utf-8") for place in places for path in sorted(ROOT.glob(place))]
