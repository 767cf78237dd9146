"""The pushdown automaton that reads words by the LALR(1) tables of a grammar.

Lark works the tables out (`lalr.py`), for the grammar that is shipped beforehand.  A completed rule calls a method of
a builder with the parts that the grammar keeps, so that no parse tree is built but the one that the builder makes.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Production(NamedTuple):
    """A way to write a rule.

    origin: the rule.
    size: how many values it takes from the stack.
    method: the builder's method for it; empty where there is none.
    parts: which of the values are kept, by their place: `~n` for one that is a list of parts itself, and None for what
        may be missing and is.
    passes: whether it is worth its only part.
    """

    origin: str
    size: int
    method: str
    parts: tuple[int | None, ...]
    passes: bool


class Tables(NamedTuple):
    """What reading by a grammar needs.

    pattern: a regular expression with a group for each kind of word, in the order in which they are tried.
    words: the names that are words of the language, with their kinds.
    silent: the kinds that only divide words.
    productions: the ways to write the rules.
    states: for each state what follows from a symbol: a state to go to, or, as `~n`, a production to complete.
    starts, ends: the states in which reading begins and ends, by the rule that is read.
    """

    pattern: str
    words: dict[str, str]
    silent: frozenset[str]
    productions: tuple[Production, ...]
    states: tuple[dict[str, int], ...]
    starts: dict[str, int]
    ends: dict[str, int]


END = "$END"
"""The kind of the word that follows the last one."""


class Unexpected(Exception):  # noqa: N818 - a word that was not expected
    """A word that cannot stand where it does; `expected` are the kinds of words that could."""

    def __init__(self, expected: frozenset[str]) -> None:
        super().__init__(sorted(expected))
        self.expected = expected


class Automaton:
    """Reads the rule `start`; `builder` has a method for each production that names one."""

    def __init__(self, tables: Tables, start: str, builder: object) -> None:
        self._tables = tables
        self._end = tables.ends[start]
        self._builder = builder
        self._states = [tables.starts[start]]
        self._values: list[Any] = []

    @property
    def height(self) -> int:
        """How many words and rules wait to be completed."""
        return len(self._values)

    def cut(self, height: int) -> None:
        """Forget what was read since the height was this."""
        del self._states[height + 1 :]
        del self._values[height:]

    def feed(self, kind: str, word: Any) -> None:
        """Read one word. Raises Unexpected, and what the builder raises; the word itself is not read then."""
        states = self._states
        rows = self._tables.states
        while (action := rows[states[-1]].get(kind)) is not None and action < 0:
            self._complete(self._tables.productions[~action])
        if action is None:
            raise Unexpected(frozenset(symbol for symbol in rows[states[-1]] if symbol.isupper()))
        states.append(action)
        self._values.append(word)

    def finish(self) -> Any:
        """Say that there are no more words; what the builder made. Raises as `feed` does."""
        states = self._states
        rows = self._tables.states
        while states[-1] != self._end:
            action = rows[states[-1]].get(END)
            if action is None:
                raise Unexpected(frozenset(symbol for symbol in rows[states[-1]] if symbol.isupper()))
            self._complete(self._tables.productions[~action])
        return self._values[-1]

    def _complete(self, production: Production) -> None:
        origin, size, method, parts, passes = production
        states, values = self._states, self._values
        if passes and size == 1:
            states[-1] = self._tables.states[states[-2]][origin]
            return
        base = len(values) - size
        taken = values[base:]
        del values[base:]
        del states[base + 1 :]
        result: Any = _parts(taken, parts)
        if passes:
            (result,) = result
        elif method:
            result = getattr(self._builder, method)(result)
        values.append(result)
        states.append(self._tables.states[states[-1]][origin])


def _parts(taken: list[Any], parts: tuple[int | None, ...]) -> list[Any]:
    kept: list[Any] = []
    for at in parts:
        if at is None:
            kept.append(None)
        elif at >= 0:
            kept.append(taken[at])
        elif kept:
            kept += taken[~at]
        else:
            kept = taken[~at]  # a list grows by its own rule, and is nobody else's
    return kept
