"""All rules, and the codes of all warnings about a text."""

from __future__ import annotations

from cnndsl.lint.activations import NoActivation
from cnndsl.lint.endings import DropoutAtEnd, SoftmaxAtEnd
from cnndsl.lint.idle import Constant, NoEffect
from cnndsl.lint.order import OtherOrder
from cnndsl.lint.parameters import MostParameters
from cnndsl.lint.rule import Rule
from cnndsl.lint.statistics import BiasBeforeNorm, DropoutBeforeBatchNorm, SharedBatchNorm
from cnndsl.lint.windows import BorderOfPadding, EvenSame, KernelOnPadding, PoolTooLarge, Unread

RULES: tuple[type[Rule], ...] = (
    BiasBeforeNorm,
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
    OtherOrder,
    BorderOfPadding,
    Constant,
    SharedBatchNorm,
)

UNUSED, UNREAD, REMARK, OTHER_INPUT, PARAMETER = "W201", "W202", "W213", "W216", "W217"
"""What elaboration finds, a layer, a value and a parameter that lead nowhere and an input of pictures in another order;
and a remark to the compiler without effect."""

CODES: frozenset[str] = frozenset({UNUSED, UNREAD, REMARK, OTHER_INPUT, PARAMETER, *(rule.code for rule in RULES)})
"""Every warning that there is about a text, and so every one that can be silenced."""
