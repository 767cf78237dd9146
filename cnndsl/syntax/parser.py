"""Source text -> syntax tree.

Lark reads the text by `grammars/cnn.lark`, and its transformer makes the tree meanwhile.  A text with mistakes is read
once more, so that one run finds as many as there are (recovery.py).
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from lark import Lark
from lark.exceptions import UnexpectedInput
from lark.utils import TextSlice

from cnndsl.diagnostics import Diagnostic, Problem, error
from cnndsl.source import Source, Span
from cnndsl.syntax import grammar, tree
from cnndsl.syntax.transformer import TreeBuilder, reading

LONGEST = 200_000
"""Characters of a text; the largest networks that people write have some ten thousand."""


def parse(source: Source) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """Read a whole text.

    The tree holds what could be read, and a `Lost` for each line that could not; with any diagnostic it is not to
    be compiled, but what is in it can be checked further.
    """
    whole = Span(source, 0, len(source.text))
    if len(source.text) > LONGEST:
        return _nothing(whole), (_too_long(source),)
    result, found = _read(whole, "file")
    return (result if isinstance(result, tree.File) else _nothing(whole)), found


def parse_expression(span: Span) -> tree.Expression:
    """Read the expression that stands at `span`. Raises Problem."""
    result, found = _read(span, "pipe")
    if found:
        raise Problem(found[0])
    return cast("tree.Expression", result)


def _read(span: Span, start: str) -> tuple[Any, tuple[Diagnostic, ...]]:
    """What the rule `start` makes of a part of a text, and the mistakes in it."""
    with reading(span.source):
        try:
            return lark().parse(TextSlice(span.source.text, span.start, span.end), start=start), ()
        except (UnexpectedInput, grammar.NestedTooDeep, Problem):
            pass
    from cnndsl.syntax.recovery import read

    return read(lark().parse_interactive(start=start), span)


@cache
def lark() -> Lark:
    """The parser, which makes the tree while it reads; it reads within `reading`."""
    return grammar.load(TreeBuilder(parse_expression), grammar.LineBreaks())


def _nothing(whole: Span) -> tree.File:
    """The tree of a text of which nothing could be read."""
    return tree.File(whole, (tree.Lost(whole, (tree.ANY,), True),))


def _too_long(source: Source) -> Diagnostic:
    return error(
        "E505",
        f"a text may have at most {LONGEST:,} characters, and this one has {len(source.text):,}",
        Span(source, 0, 0),
        help="repeat blocks in place of their lines, or divide the text into files",
    ).diagnostic
