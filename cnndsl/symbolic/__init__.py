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
