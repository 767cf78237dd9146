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

from lark import Token, Transformer

from cnndsl.diagnostics import Problem, error
from cnndsl.frozen import frozen
from cnndsl.source import Source, Span
from cnndsl.syntax import tree

MAX_DIGITS = 40
MAX_NAME = 200
MAX_PIECES = 100


Parts = list[Any]
"""What the grammar keeps of a rule: nodes, words, and None for what may be missing and is."""

_Texts = list[str | tree.Expression]


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


class TreeBuilder(Transformer[Token, Any]):
    """Makes nodes for the text that is read; `expression` reads what stands between the braces of a string."""

    def __init__(self, expression: Callable[[Span], tree.Expression]) -> None:
        super().__init__()
        self._expression = expression

    # Words

    def _span(self, first: Token | tree.Node, last: Token | tree.Node | None = None) -> Span:
        start, end = _start(first), _end(first if last is None else last)
        return Span(_READING.get().source, start, end)

    def _name(self, token: Token) -> tree.Name:
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

    def _string(self, token: Token) -> tree.String:
        span = self._span(token)
        text = str(token)[1:-1]
        parts: _Texts = []
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

    # Atoms

    def name(self, parts: Parts) -> tree.Name:
        return self._name(parts[0])

    def number(self, parts: Parts) -> tree.Number:
        (token,) = parts
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

    def string(self, parts: Parts) -> tree.String:
        return self._string(parts[0])

    def true(self, parts: Parts) -> tree.Boolean:
        return tree.Boolean(self._span(parts[0]), value=True)

    def false(self, parts: Parts) -> tree.Boolean:
        return tree.Boolean(self._span(parts[0]), value=False)

    def hole(self, parts: Parts) -> tree.Hole:
        return tree.Hole(self._span(parts[0]))

    def input(self, parts: Parts) -> tree.Input:
        return tree.Input(self._span(parts[0]))

    def it(self, parts: Parts) -> tree.It:
        return tree.It(self._span(parts[0]))

    def result(self, parts: Parts) -> tree.Result:
        return tree.Result(self._span(parts[0]))

    def list(self, parts: Parts) -> tree.ListOf:
        items = tuple(part for part in parts[1:-1] if part is not None)
        return tree.ListOf(self._span(parts[0], parts[-1]), items)

    def comprehension(self, parts: Parts) -> tree.Comprehension:
        opening, item, _for, targets, source, condition, closing = parts
        return tree.Comprehension(self._span(opening, closing), item, targets, source, condition)

    def group(self, parts: Parts) -> tree.Expression:
        return parts[0]  # type: ignore[no-any-return]

    def targets(self, parts: Parts) -> tree.Name:
        return self._name(parts[0])

    def unpacked(self, parts: Parts) -> tree.Row:
        return tree.Row(self._span(parts[0], parts[-1]), tuple(parts[1:-1]))

    # What follows an atom

    def call(self, parts: Parts) -> tree.Call:
        function, arguments, closing = parts
        return tree.Call(self._span(function, closing), function, tuple(arguments or ()))

    def arguments(self, parts: Parts) -> Parts:
        return parts

    parameters = settings = arguments

    def argument(self, parts: Parts) -> tree.Argument:
        (value,) = parts
        return tree.Argument(value.span, None, value)

    def named_argument(self, parts: Parts) -> tree.Argument:
        name, value = parts
        return tree.Argument(self._span(name, value), self._name(name), value)

    setting = named_argument

    def index(self, parts: Parts) -> tree.Index:
        value, _opening, *places, closing = parts
        return tree.Index(self._span(value, closing), value, tuple(places))

    def slice(self, parts: Parts) -> tree.Slice:
        start, colon, end, *rest = parts
        second, step = rest or (None, None)
        return tree.Slice(self._span(start or colon, step or second or end or colon), start, end, step)

    def ellipsis(self, parts: Parts) -> tree.Ellipsis:
        return tree.Ellipsis(self._span(parts[0]))

    def attribute(self, parts: Parts) -> tree.Attribute:
        value, name = parts
        return tree.Attribute(self._span(value, name), value, self._name(name))

    # Operators

    def unary(self, parts: Parts) -> tree.Unary:
        operator, operand = parts
        return tree.Unary(self._span(operator, operand), str(operator), operand)

    def binary(self, parts: Parts) -> tree.Binary:
        left, operator, right = parts
        return tree.Binary(self._span(left, right), str(operator), left, right)

    def binary_or(self, parts: Parts) -> tree.Binary:
        left, right = parts
        return tree.Binary(self._span(left, right), "or", left, right)

    def binary_and(self, parts: Parts) -> tree.Binary:
        left, right = parts
        return tree.Binary(self._span(left, right), "and", left, right)

    def comparison(self, parts: Parts) -> tree.Comparison:
        return tree.Comparison(self._span(parts[0], parts[-1]), tuple(parts[::2]), tuple(parts[1::2]))

    def comparator(self, parts: Parts) -> str:
        return " ".join(parts)

    def conditional(self, parts: Parts) -> tree.Conditional:
        yes, condition, no = parts
        return tree.Conditional(self._span(yes, no), condition, yes, no)

    def labelled(self, parts: Parts) -> tree.Labelled:
        label, layer = parts
        node = self._string(label) if label.type == "STRING" else self._name(label)
        return tree.Labelled(self._span(label, layer), node, layer)

    def pipe(self, parts: Parts) -> tree.Pipe:
        return tree.Pipe(self._span(parts[0], parts[-1]), tuple(parts))

    def if_(self, parts: Parts) -> tree.If:
        word, condition, yes, no = parts
        return tree.If(self._span(word, no or yes), condition, yes, no)

    # Statements

    def body(self, parts: Parts) -> tree.Body:
        return tree.Body(self._span(parts[0], parts[-1]), self._with_lost(parts[1:-1], parts[0].start_pos))

    def bind(self, parts: Parts) -> tree.Bind:
        *targets, value = parts
        return tree.Bind(self._span(targets[0], value), tuple(map(self._name, targets)), value)

    def declare(self, parts: Parts) -> tree.Bind:
        key, value = parts
        span = self._span(key, value)
        return tree.Bind(span, (), tree.Labelled(span, self._string(key), value))

    def apply(self, parts: Parts) -> tree.Apply | tree.Bind:
        value, _word, *names = parts
        targets = tuple(self._name(name) for name in names if name is not None)
        span = self._span(value, targets[-1]) if targets else value.span
        if targets and isinstance(value, tree.Call) and isinstance(value.function, tree.Input):
            return tree.Bind(span, targets, value)  # `input(3, 32, 32) as picture` is `picture = input(3, 32, 32)`
        return tree.Apply(span, value, targets)

    def for_(self, parts: Parts) -> tree.For:
        word, targets, source, body = parts
        return tree.For(self._span(word, body), targets, source, body)

    def repeat(self, parts: Parts) -> tree.Repeat:
        word, count, body = parts
        return tree.Repeat(self._span(word, body), count, body)

    def output(self, parts: Parts) -> tree.Output:
        word, *items = parts
        return tree.Output(self._span(word, items[-1]), tuple(items))

    def output_item(self, parts: Parts) -> tree.OutputItem:
        name, value, when = parts
        span = self._span(name or value, when or value)
        return tree.OutputItem(span, name and self._name(name), value, when and self._name(when))

    def when(self, parts: Parts) -> tree.When:
        word, mode, body = parts
        return tree.When(self._span(word, body), self._name(mode), body)

    def init(self, parts: Parts) -> tree.Init:
        word, *rest = parts
        kinds = tuple(self._name(part) for part in rest if not isinstance(part, tree.Argument))
        settings = tuple(part for part in rest if isinstance(part, tree.Argument))
        return tree.Init(self._span(word, settings[-1]), kinds, settings)

    def assert_(self, parts: Parts) -> tree.Assert:
        word, condition, message = parts
        text = message and self._string(message)
        return tree.Assert(self._span(word, text or condition), condition, text)

    # Items of a file

    def parameter(self, parts: Parts) -> tree.Parameter:
        name, default = parts
        return tree.Parameter(self._span(name, default or name), self._name(name), default)

    def definition(self, parts: Parts) -> tree.Definition:
        word, name, *rest = parts
        body = rest[-1]
        parameters = tuple(rest[0] or ())
        return tree.Definition(self._span(word, body), word.value, self._name(name), parameters, body)

    def variant(self, parts: Parts) -> tree.Variant:
        word, name, parameters, *_, value = parts
        return tree.Variant(self._span(word, value), self._name(name), tuple(parameters or ()), value)

    def extern(self, parts: Parts) -> tree.Extern:
        word, name, parameters, _closing, _from, package, settings, end = parts
        span = self._span(word, end or package)
        return tree.Extern(
            span, self._name(name), tuple(parameters or ()), self._string(package), tuple(settings or ())
        )

    def import_(self, parts: Parts) -> tree.Import:
        word, path, *names = parts
        return tree.Import(self._span(word, names[-1]), self._string(path), tuple(names))

    def imported(self, parts: Parts) -> tree.Imported:
        name, _as, alias = parts
        span = self._span(name, alias or name)
        return tree.Imported(span, self._name(name), None if alias is None else self._name(alias))

    def constant(self, parts: Parts) -> tree.Constant:
        name, value = parts
        return tree.Constant(self._span(name, value), self._name(name), value)

    def file(self, parts: Parts) -> tree.File:
        source = _READING.get().source
        return tree.File(Span(source, 0, len(source.text)), self._with_lost(parts, -1))

    def _with_lost(self, lines: Parts, opened_at: int) -> tuple[Any, ...]:
        lost = _READING.get().lost.get(opened_at)
        return tuple(sorted([*lines, *lost], key=_start)) if lost else tuple(lines)


def _with_a_zero(span: Span) -> Problem:
    from cnndsl.hints.characters import with_a_zero

    return with_a_zero(span)


def _full_width(name: str, span: Span) -> Problem | None:
    from cnndsl.hints.characters import full_width

    return full_width(name, span)


def _start(part: Token | tree.Node) -> int:
    return part.start_pos or 0 if isinstance(part, Token) else part.span.start


def _end(part: Token | tree.Node) -> int:
    return part.end_pos or 0 if isinstance(part, Token) else part.span.end
