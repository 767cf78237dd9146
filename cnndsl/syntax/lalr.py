"""The parser's tables, worked out from a grammar by Lark.

States are numbered in the order in which they are reached, which makes the tables depend on the grammar alone.
"""

from __future__ import annotations

from typing import Any

from lark import Lark
from lark.grammar import Rule, Symbol
from lark.lexer import BasicLexer, PatternStr
from lark.parsers.lalr_analysis import Shift

from cnndsl.syntax.automaton import Production, Tables

STARTS = ("file", "pipe", "unreadable")
"""The rules that are read by themselves."""


def work_out(grammar: str) -> Tables:
    """The tables of a grammar in Lark's notation. Raises lark.exceptions.LarkError for one that is none."""
    lark = Lark(grammar, parser="lalr", lexer="basic", start=list(STARTS), maybe_placeholders=True)
    pattern, words = _words(lark)
    states, starts, ends, rules = _states(lark)
    return Tables(pattern, words, frozenset(lark.ignore_tokens), _productions(rules), states, starts, ends)


def _words(lark: Lark) -> tuple[str, dict[str, str]]:
    """One pattern for all kinds of words, in the order in which they are tried; and the names that are words."""
    lexer: Any = lark.parser.lexer
    assert isinstance(lexer, BasicLexer)  # noqa: S101 - which is what the option asked for
    tried = lexer.scanner.terminals
    pattern = "|".join(f"(?P<{terminal.name}>{terminal.pattern.to_regexp()})" for terminal in tried)
    named = [terminal for terminal in lexer.terminals if terminal not in tried]
    assert all(isinstance(terminal.pattern, PatternStr) for terminal in named)  # noqa: S101 - words are written out
    return pattern, {terminal.pattern.value: terminal.name for terminal in sorted(named, key=lambda t: t.pattern.value)}


def _states(lark: Lark) -> tuple[tuple[dict[str, int], ...], dict[str, int], dict[str, int], list[Rule]]:
    """For each state what follows from a symbol: a state to go to, or, as `~n`, rule number n to complete.

    Also the states to begin in and to end in, by start symbol, and the rules.
    """
    table = lark.parser.parser._parse_table  # noqa: SLF001 - there is no other way to it
    order = [table.start_states[start] for start in STARTS]
    numbers = {state: number for number, state in enumerate(order)}
    rules: dict[Rule, int] = {}
    states: list[dict[str, int]] = []
    for state in order:  # which grows meanwhile
        row: dict[str, int] = {}
        for symbol, (action, argument) in sorted(table.states[state].items()):
            if action is Shift:
                if argument not in numbers:
                    numbers[argument] = len(order)
                    order.append(argument)
                row[symbol] = numbers[argument]
            else:
                row[symbol] = ~rules.setdefault(argument, len(rules))
        states.append(row)
    starts = {start: numbers[table.start_states[start]] for start in STARTS}
    ends = {start: numbers[table.end_states[start]] for start in STARTS}
    return tuple(states), starts, ends, list(rules)


def _productions(rules: list[Rule]) -> tuple[Production, ...]:
    singles = _singles(rules)
    return tuple(_production(rule, singles) for rule in rules)


def _singles(rules: list[Rule]) -> frozenset[str]:
    """The rules that the grammar inlines and that give one part each, whichever way they are completed."""
    singles = {rule.origin.name for rule in rules if _is_inlined(rule.origin)}
    before = -1
    while len(singles) != before:
        before = len(singles)
        for rule in rules:
            parts = _kept(rule)
            one = len(parts) == 1 and not _is_list(parts[0][1], frozenset(singles))
            if rule.origin.name in singles and not one:
                singles.discard(rule.origin.name)
    return frozenset(singles)


def _kept(rule: Rule) -> list[tuple[int, Symbol]]:
    """What the grammar keeps of a rule, with its place on the stack."""
    return [(at, s) for at, s in enumerate(rule.expansion) if not (s.is_term and s.filter_out)]  # type: ignore[attr-defined]


def _is_inlined(symbol: Symbol) -> bool:
    return not symbol.is_term and symbol.name.startswith("_")


def _is_list(symbol: Symbol, singles: frozenset[str]) -> bool:
    return _is_inlined(symbol) and symbol.name not in singles


def _production(rule: Rule, singles: frozenset[str]) -> Production:
    parts: list[int | None] = []
    kept = dict(_kept(rule))
    missing = list(rule.options.empty_indices) or [False] * len(rule.expansion)
    at = 0
    for is_missing in missing:
        if is_missing:
            parts.append(None)
            continue
        if at in kept:
            parts.append(~at if _is_list(kept[at], singles) else at)
        at += 1
    origin = str(rule.origin.name)
    passes = origin in singles or (rule.options.expand1 and rule.alias is None and parts == [0])
    method = "" if passes or _is_inlined(rule.origin) else str(rule.alias or origin)
    return Production(origin, len(rule.expansion), method, tuple(parts), passes)
