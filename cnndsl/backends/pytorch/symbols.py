"""The symbols of sizes and numbers, and what they stand for: variables of `__init__`, and Python that is no polynomial.

A variable that is given something new is another symbol from there on, so that numbers are equal where their
expressions are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from cnndsl.backends.pytorch.code import Code, constant, flat, name, names_in, parsed, replaced
from cnndsl.backends.pytorch.values import Untranslatable
from cnndsl.symbolic.expr import Expr, Symbol, TooLong
from cnndsl.symbolic.number import Traced, value_of

UNKNOWN = "unknown"
"""How symbols begin of which nothing is known, unless their Python is."""


class Symbols:
    """The symbols of one body; `file` is the `Translation`, which makes them and knows those of all bodies."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.coded: dict[str, Code] = file.coded
        """What symbols stand for that are no variables."""
        self._choices: dict[str, tuple[str, tuple[Any, Any]]] = {}
        """Symbols for sizes that are one of two: the test, and the size where it holds and where it does not."""
        self.definitions: dict[str, Expr] = file.definitions
        """What variables were given, where that is known."""
        self.current: dict[str, str] = {}
        """The symbol of each variable of `__init__`, as long as it is not given something else."""
        self._spoken: dict[str, dict[str, str]] = {}
        """The versions of the variables that the Python of a symbol speaks of."""
        self._by_code: dict[str, Traced] = {}

    def number(self, code: Code, sample: Any, worth: Expr | None = None) -> Traced:
        """A number that its Python says, and no expression could, or that is `worth` one; one of which nothing is known
        where its Python says nothing.
        """
        key = self.versioned(code)
        if key not in self._by_code:
            is_said = not any(each.startswith(f"{UNKNOWN}·") for each in names_in(code))
            symbol = self._file.new_symbol("coded" if is_said else UNKNOWN)
            if is_said:
                self._code(symbol, code)
            if worth is not None:
                self.definitions[symbol] = worth
            self._by_code[key] = Traced(sample, Expr.of(Symbol(symbol)))
        return self._by_code[key]

    def _code(self, symbol: str, code: Code) -> None:
        """Say what a symbol stands for."""
        self.coded[symbol] = code
        self._spoken[symbol] = {each: self.current[each] for each in names_in(code) if each in self.current}

    def choice(self, test: Code, sample: bool, yes: Any, no: Any) -> Any:
        """A size that is one of two; `sample` is how the test may come out."""
        asked = self.versioned(test)
        yes, no = (self._where(asked, at, dim) for at, dim in enumerate((yes, no)))
        if self.same(yes, no):
            return yes
        code = ast.IfExp(test, self.size_code(yes), self.size_code(no))
        made = self.number(code, value_of(yes if sample else no))
        self._choices |= {symbol.name: (asked, (yes, no)) for symbol in made.expr.symbols()}
        return made

    def _where(self, asked: str, at: int, dim: Any) -> Any:
        """A size where a test holds, or with 1 for `at` where it does not."""
        words = {symbol.name for symbol in dim.expr.symbols()} if isinstance(dim, Traced) else set()
        choices = {word: self._choices[word] for word in words & self._choices.keys()}
        chosen = {word: Expr.of(sides[at]) for word, (test, sides) in choices.items() if test == asked}
        try:
            return Traced(dim.value, dim.expr.substitute(chosen)) if chosen else dim
        except TooLong:
            return dim

    def is_at_most(self, dim: Any, other: Any) -> bool:
        """Whether a size is one of two of which each is 1 or the other size."""
        word = _symbol_of(dim.expr) if isinstance(dim, Traced) else None
        if word not in self._choices:
            return False
        _, sides = self._choices[word]
        return all(self.same(side, 1) or self.same(side, other) for side in sides)

    def versioned(self, code: Code) -> str:
        """Python with the versions of the variables that it speaks of, by which it is known."""
        return flat(code) + "".join(f" {self.current[each]}" for each in sorted(names_in(code)) if each in self.current)

    def fresh(self, sample: Any, code: Code | None = None, cause: Iterable[str] = ()) -> Traced:
        """A number of which nothing is known, unless how to say it; `cause` are the parameters that it follows from."""
        symbol = self._file.new_symbol(UNKNOWN)
        self._file.causes[symbol] = frozenset(cause)
        if code is not None:
            self._code(symbol, code)
        return Traced(sample, Expr.of(Symbol(symbol)))

    def expanded(self, expr: Expr) -> Expr:
        """The expression with the constants of the text worked out."""
        while True:
            known = {s.name: self.definitions[s.name] for s in expr.symbols() if s.name in self.definitions}
            if not known:
                return expr
            try:
                expr = expr.substitute(known)
            except TooLong:
                return expr

    def known(self, value: Any) -> Any:
        """The plain number where it does not depend on a parameter; None where it does."""
        if isinstance(value, Traced):
            return self.expanded(value.expr).constant
        return value if isinstance(value, (int, float)) else None

    def is_parametric(self, value: Any) -> bool:
        """Whether something is a number that depends on a parameter."""
        return isinstance(value, Traced) and self.known(value) is None

    def same(self, a: Any, b: Any, facts: Sequence[tuple[Expr, Expr]] = ()) -> bool:
        """Whether two sizes are equal, under facts; False where that is more than anybody could follow."""
        left, right = self.expanded(Expr.of(a)), self.expanded(Expr.of(b))
        if left == right:
            return True
        with suppress(TooLong):
            for p, q in facts:
                one, other = self.expanded(p), self.expanded(q)
                if left - right in (one - other, other - one):
                    return True
                for this, that in ((one, other), (other, one)):
                    if (word := _symbol_of(this)) is not None:
                        left, right = left.substitute({word: that}), right.substitute({word: that})
                        if left == right:
                            return True
        return False

    @contextmanager
    def at_end(self, current: dict[str, str]) -> Iterator[None]:
        """While sizes are said at the end of a way, where the variables have these versions."""
        here, self.current = self.current, current
        try:
            yield
        finally:
            self.current = here

    def size_code(self, dim: Any) -> Code:
        """A size in Python. Raises Untranslatable where a variable has been given something else since."""
        if not isinstance(dim, Traced):
            return constant(dim)
        made = parsed(str(dim.expr))
        return replaced(made, {each: self._said(each) for each in names_in(made)})

    def _said(self, symbol: str) -> Code:
        """What a symbol stands for: its Python, or the variable of which it is a version."""
        variable = symbol.rpartition("·")[0] or symbol
        said = self.coded.get(symbol)
        spoken = self._spoken.get(symbol, {})
        if said is None and variable not in (UNKNOWN, "coded"):
            said, spoken = name(variable), {variable: symbol}
        for each, version in spoken.items():
            if self.current.get(each, version) != version:
                raise Untranslatable(f"a size follows from what {each} was before it is given something else")
        return name(symbol) if said is None else said

    def new_version(self, variable: str, worth: Any = None) -> Traced:
        """The symbol of a variable that is given something new; `worth` is the number, where it is known."""
        symbol = self.current[variable] = self._file.new_symbol(variable)
        if worth is not None:
            self.definitions[symbol] = Expr.of(worth)
        return Traced(1 if worth is None else value_of(worth), Expr.of(Symbol(symbol)))

    def mentions(self, dim: Any, symbols: set[str]) -> bool:
        """Whether a size is written with versions of variables that these symbols are."""
        for symbol in dim.expr.symbols() if isinstance(dim, Traced) else ():
            if symbol.name in symbols:
                return True
            code = self.coded.get(symbol.name)
            if code is not None and any(self.current.get(each) in symbols for each in names_in(code)):
                return True
        return False

    def is_unknown(self, dim: Traced) -> bool:
        """Whether nothing says a size before what gives it is there."""
        return any(s.name.startswith(f"{UNKNOWN}·") and s.name not in self.coded for s in dim.expr.symbols())


def _symbol_of(expr: Expr) -> str | None:
    """The name of the symbol that an expression is; None for any other expression."""
    match expr.terms:
        case (((Symbol(name=word),), 1),):
            return word
        case _:
            return None
