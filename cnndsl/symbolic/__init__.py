"""Numbers that remember which names they were computed from.

Inside `block Block(channels)` the number of filters is 64 in one use and 128 in another; what the
generated class must say is `channels`.  So the parameters of a definition, and the channels of what
comes into it, are `Traced`: a plain number with the expression that led to it.  Traced numbers take
part in arithmetic like any other; the size rules never notice.

A size left open (`input(3, ?, ?)`) is a traced number too.  Its value is a large stand-in, and each
comparison it takes part in is written down as a `Guard`: what must hold for a size to fit.

Expressions are polynomials, so that equal ones compare equal however they were written
(`c + g + g` is `c + 2*g`), over atoms: names, and divisions and calls that stay as they are.
"""

from cnndsl.symbolic.expr import (
    MIRRORED,
    OPPOSITE,
    RELATIONS,
    Atom,
    Expr,
    Guard,
    Number,
    Operation,
    Symbol,
    Test,
    TooLong,
    Truth,
    junction,
    make_divisible,
    negation,
    parse_expr,
    parse_test,
)
from cnndsl.symbolic.number import (
    SizeIsOpen,
    Traced,
    by_name,
    calculate,
    call,
    evaluate,
    is_open,
    key_of,
    trace_weight,
    value_of,
    work_key,
)

__all__ = [
    "MIRRORED",
    "OPPOSITE",
    "RELATIONS",
    "Atom",
    "Expr",
    "Guard",
    "Number",
    "Operation",
    "SizeIsOpen",
    "Symbol",
    "Test",
    "TooLong",
    "Traced",
    "Truth",
    "by_name",
    "calculate",
    "call",
    "evaluate",
    "is_open",
    "junction",
    "key_of",
    "make_divisible",
    "negation",
    "parse_expr",
    "parse_test",
    "trace_weight",
    "value_of",
    "work_key",
]
