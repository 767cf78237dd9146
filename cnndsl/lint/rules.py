"""All rules, and the codes of all warnings about a text."""

from __future__ import annotations

from cnndsl.lint.activations import NoActivation
from cnndsl.lint.endings import DropoutAtEnd, SoftmaxAtEnd
from cnndsl.lint.idle import NoEffect
from cnndsl.lint.order import TorchOrder
from cnndsl.lint.parameters import MostParameters
from cnndsl.lint.rule import Rule
from cnndsl.lint.statistics import BiasBeforeBatchNorm, DropoutBeforeBatchNorm
from cnndsl.lint.windows import EvenSame, KernelOnPadding, PoolTooLarge, Unread

RULES: tuple[type[Rule], ...] = (
    BiasBeforeBatchNorm,
    Unread,
    SoftmaxAtEnd,
    NoActivation,
    DropoutBeforeBatchNorm,
    DropoutAtEnd,
    EvenSame,
    PoolTooLarge,
    KernelOnPadding,
    MostParameters,
    NoEffect,
    TorchOrder,
)

UNUSED, UNREAD, REMARK, CHANNELS_LAST = "W201", "W202", "W213", "W216"
"""What elaboration finds, a layer and a value that lead nowhere and channels that come last; and a remark to the
compiler without effect."""

CODES: frozenset[str] = frozenset({UNUSED, UNREAD, REMARK, CHANNELS_LAST, *(rule.code for rule in RULES)})
"""Every warning that there is about a text, and so every one that can be silenced."""
