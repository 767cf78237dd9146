"""From what the grammar matched to the nodes of the tree: one method for each rule of `grammars/cnn.lark`.

Lark calls a method as soon as its rule is complete, with the parts that the grammar keeps; no other parse tree is
ever built.  There is one transformer for all texts, as there is one parser: which text is read is a context variable,
so that threads can read several at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from typing import Any

from lark import Token, Transformer, v_args

from cnndsl.diagnostics import Problem, error
from cnndsl.frozen import frozen
from cnndsl.source import Source, Span
from cnndsl.syntax import tree

MAX_DIGITS = 40
MAX_NAME = 200
MAX_PIECES = 100
_Value = tree.Expression
_Maybe = tree.Expression | None
_Targets = tree.Name | tree.Row


@frozen()
class Reading:
    """A text that is read: its source, and what of it could not be.

    lost: the lines that could not be read, by where the body that they stand in opens; those of no body under -1.
    """

    source: Source
    lost: dict[int, list[tree.Lost]] = field(default_factory=dict)


_READING: ContextVar[Reading] = ContextVar("reading")


@contextmanager
def reading(source: Source) -> Iterator[Reading]:
    """While nodes are made for the text `source`."""
    before = _READING.set(Reading(source))
    try:
        yield _READING.get()
    finally:
        _READING.reset(before)


@v_args(inline=True)
class TreeBuilder(Transformer[Token, Any]):
    """Makes nodes for the text that is read; `expression` reads what stands between the braces of a string.

    A method is given what the grammar keeps of its rule: nodes, words, and None for what may be missing and is.
    """

    def __init__(self, expression: Callable[[Span], tree.Expression]) -> None:
        super().__init__()
        self._expression = expression

    def _span(self, first: Token | tree.Node, last: Token | tree.Node | None = None) -> Span:
        last = first if last is None else last
        end = last.span.end if isinstance(last, tree.Node) else last.end_pos or 0
        return Span(_READING.get().source, _start(first), end)

    # Atoms

    def name(self, token: Token) -> tree.Name:
        if len(token) > MAX_NAME:
            raise error(
                "E505",
                f"a name may have at most {MAX_NAME} characters",
                self._span(token),
                help="call it something shorter",
            )
        name = unicodedata.normalize("NFKC", str(token))
        if name != token and (problem := _full_width(str(token), self._span(token))) is not None:
            raise problem
        return tree.Name(self._span(token), name)

    targets = name

    def number(self, token: Token) -> tree.Number:
        span = self._span(token)
        if len(token) > MAX_DIGITS:
            raise error("E502", f"a number may have at most {MAX_DIGITS} digits", span, help="write a smaller number")
        is_whole = token.isdigit()
        if is_whole and len(token) > 1 and token[0] == "0":
            raise _with_a_zero(span)
        value = int(token) if is_whole else float(token)
        if value == float("inf"):
            raise error("E502", "this number is too large", span, help="write a smaller one")
        return tree.Number(span, value)

    def string(self, token: Token) -> tree.String:
        span = self._span(token)
        text = str(token)[1:-1]
        parts: list[str | tree.Expression] = []
        at = 0
        while (opening := text.find("{", at)) != -1:
            closing = text.find("}", opening)
            if closing == -1:
                raise error(
                    "E104",
                    "the brace in this text is not closed",
                    span,
                    help='write what is to be worked out between braces: "layer{i}"',
                )
            if opening > at:
                parts.append(text[at:opening])
            base = span.start + 1
            if not text[opening + 1 : closing].strip():
                raise error(
                    "E104",
                    "there is nothing between these braces",
                    Span(span.source, base + opening, base + closing + 1),
                    help='write what is to be worked out: "layer{i}"',
                )
            if len(parts) > 2 * MAX_PIECES:
                raise error(
                    "E505", f"a text may have at most {MAX_PIECES} parts in braces", span, help="write fewer of them"
                )
            parts.append(self._expression(Span(span.source, base + opening + 1, base + closing)))
            at = closing + 1
        if at < len(text):
            parts.append(text[at:])
        return tree.String(span, tuple(parts))

    def true(self, word: Token) -> tree.Boolean:
        return tree.Boolean(self._span(word), value=True)

    def false(self, word: Token) -> tree.Boolean:
        return tree.Boolean(self._span(word), value=False)

    def hole(self, word: Token) -> tree.Hole:
        return tree.Hole(self._span(word))

    def input(self, word: Token) -> tree.Input:
        return tree.Input(self._span(word))

    def it(self, word: Token) -> tree.It:
        return tree.It(self._span(word))

    def result(self, word: Token) -> tree.Result:
        return tree.Result(self._span(word))

    def list(self, opening: Token, *items: Any) -> tree.ListOf:
        return tree.ListOf(self._span(opening, items[-1]), tuple(item for item in items[:-1] if item is not None))

    def comprehension(
        self,
        opening: Token,
        item: _Value,
        _for: Token,
        targets: _Targets,
        source: _Value,
        condition: Any,
        closing: Token,
    ) -> tree.Comprehension:
        return tree.Comprehension(self._span(opening, closing), item, targets, source, condition)

    def group(self, value: _Value, _closing: Token) -> _Value:
        return value

    def unpacked(self, opening: Token, *items: Any) -> tree.Row:
        return tree.Row(self._span(opening, items[-1]), items[:-1])

    # What follows an atom

    def call(self, function: _Value, arguments: tuple[tree.Argument, ...] | None, closing: Token) -> tree.Call:
        return tree.Call(self._span(function, closing), function, arguments or ())

    def arguments(self, *parts: Any) -> tuple[Any, ...]:
        return parts

    parameters = settings = arguments

    def argument(self, value: _Value) -> tree.Argument:
        return tree.Argument(value.span, None, value)

    def named_argument(self, name: Token, value: _Value) -> tree.Argument:
        return tree.Argument(self._span(name, value), self.name(name), value)

    setting = named_argument

    def index(self, value: _Value, _opening: Token, *places: Any) -> tree.Index:
        return tree.Index(self._span(value, places[-1]), value, places[:-1])

    def slice(
        self, start: _Maybe, colon: Token, end: _Maybe, second: Token | None = None, step: _Maybe = None
    ) -> tree.Slice:
        return tree.Slice(self._span(start or colon, step or second or end or colon), start, end, step)

    def ellipsis(self, word: Token) -> tree.Ellipsis:
        return tree.Ellipsis(self._span(word))

    def attribute(self, value: _Value, name: Token) -> tree.Attribute:
        return tree.Attribute(self._span(value, name), value, self.name(name))

    # Operators

    def unary(self, operator: Token, operand: _Value) -> tree.Unary:
        return tree.Unary(self._span(operator, operand), str(operator), operand)

    def binary(self, left: _Value, operator: str, right: _Value) -> tree.Binary:
        return tree.Binary(self._span(left, right), str(operator), left, right)

    def binary_or(self, left: _Value, right: _Value) -> tree.Binary:
        return self.binary(left, "or", right)

    def binary_and(self, left: _Value, right: _Value) -> tree.Binary:
        return self.binary(left, "and", right)

    def comparison(self, *parts: Any) -> tree.Comparison:
        return tree.Comparison(self._span(parts[0], parts[-1]), parts[::2], parts[1::2])

    def comparator(self, *words: Token) -> str:
        return " ".join(words)

    def conditional(self, yes: _Value, condition: _Value, no: _Value) -> tree.Conditional:
        return tree.Conditional(self._span(yes, no), condition, yes, no)

    def labelled(self, label: Token, layer: _Value) -> tree.Labelled:
        node = self.string(label) if label.type == "STRING" else self.name(label)
        return tree.Labelled(self._span(label, layer), node, layer)

    def pipe(self, *stages: _Value) -> tree.Pipe:
        return tree.Pipe(self._span(stages[0], stages[-1]), stages)

    def if_(self, word: Token, condition: _Value, yes: tree.Body, no: tree.Body | tree.If | None) -> tree.If:
        return tree.If(self._span(word, no or yes), condition, yes, no)

    # Statements

    def body(self, opening: Token, *lines: Any) -> tree.Body:
        return tree.Body(self._span(opening, lines[-1]), self._with_lost(lines[:-1], _start(opening)))

    def bind(self, *parts: Any) -> tree.Bind:
        *targets, value = parts
        return tree.Bind(self._span(targets[0], value), tuple(map(self.name, targets)), value)

    def declare(self, key: Token, value: _Value) -> tree.Bind:
        span = self._span(key, value)
        return tree.Bind(span, (), tree.Labelled(span, self.string(key), value))

    def apply(self, value: _Value, _word: Token | None, *names: Token | None) -> tree.Apply | tree.Bind:
        targets = tuple(self.name(name) for name in names if name is not None)
        span = self._span(value, targets[-1]) if targets else value.span
        if targets and isinstance(value, tree.Call) and isinstance(value.function, tree.Input):
            return tree.Bind(span, targets, value)  # `input(3, 32, 32) as picture` is `picture = input(3, 32, 32)`
        return tree.Apply(span, value, targets)

    def for_(self, word: Token, targets: _Targets, source: _Value, body: tree.Body) -> tree.For:
        return tree.For(self._span(word, body), targets, source, body)

    def repeat(self, word: Token, count: _Value, body: tree.Body) -> tree.Repeat:
        return tree.Repeat(self._span(word, body), count, body)

    def output(self, word: Token, *items: tree.OutputItem) -> tree.Output:
        return tree.Output(self._span(word, items[-1]), items)

    def output_item(self, name: Token | None, value: _Value, when: Token | None) -> tree.OutputItem:
        span = self._span(name or value, when or value)
        return tree.OutputItem(span, self.name(name) if name else None, value, self.name(when) if when else None)

    def when(self, word: Token, mode: Token, body: tree.Body) -> tree.When:
        return tree.When(self._span(word, body), self.name(mode), body)

    def init(self, word: Token, *parts: Any) -> tree.Init:
        kinds = tuple(self.name(part) for part in parts if not isinstance(part, tree.Argument))
        return tree.Init(self._span(word, parts[-1]), kinds, parts[len(kinds) :])

    def assert_(self, word: Token, condition: _Value, message: Token | None) -> tree.Assert:
        text = self.string(message) if message else None
        return tree.Assert(self._span(word, text or condition), condition, text)

    # Items of a file

    def parameter(self, name: Token, default: _Maybe) -> tree.Parameter:
        return tree.Parameter(self._span(name, default or name), self.name(name), default)

    def definition(self, word: Token, name: Token, *parts: Any) -> tree.Definition:
        parameters, *_, body = parts
        return tree.Definition(self._span(word, body), word.value, self.name(name), parameters or (), body)

    def variant(self, word: Token, name: Token, *parts: Any) -> tree.Variant:
        parameters, *_, value = parts
        return tree.Variant(self._span(word, value), self.name(name), parameters or (), value)

    def extern(self, word: Token, name: Token, *parts: Any) -> tree.Extern:
        parameters, _closing, _from, package, settings, end = parts
        span = self._span(word, end or package)
        return tree.Extern(span, self.name(name), parameters or (), self.string(package), settings or ())

    def import_(self, word: Token, path: Token, *names: tree.Imported) -> tree.Import:
        return tree.Import(self._span(word, names[-1]), self.string(path), names)

    def imported(self, name: Token, _as: Token | None, alias: Token | None) -> tree.Imported:
        return tree.Imported(self._span(name, alias or name), self.name(name), self.name(alias) if alias else None)

    def constant(self, name: Token, value: _Value) -> tree.Constant:
        return tree.Constant(self._span(name, value), self.name(name), value)

    def file(self, *items: Any) -> tree.File:
        source = _READING.get().source
        return tree.File(Span(source, 0, len(source.text)), self._with_lost(items, -1))

    def _with_lost(self, lines: tuple[Any, ...], opened_at: int) -> tuple[Any, ...]:
        lost = _READING.get().lost.get(opened_at)
        return tuple(sorted([*lines, *lost], key=_start)) if lost else lines


def _with_a_zero(span: Span) -> Problem:
    from cnndsl.hints.characters import with_a_zero

    return with_a_zero(span)


def _full_width(name: str, span: Span) -> Problem | None:
    from cnndsl.hints.characters import full_width

    return full_width(name, span)


def _start(part: Token | tree.Node) -> int:
    return part.span.start if isinstance(part, tree.Node) else part.start_pos or 0
