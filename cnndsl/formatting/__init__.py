"""One layout for all texts: `cnndsl fmt`.

    pieces.py   the words of a text, with the comments and line breaks between them
    spacing.py  spaces on a line
    layout.py   lines and how far in they stand
    align.py    `=` under `=`
    same.py     whether a text still says the same

The writer decides where lines break, the formatter what they look like.
"""

from __future__ import annotations

from cnndsl.diagnostics import Diagnostic, has_errors
from cnndsl.formatting.align import written
from cnndsl.formatting.layout import lines_of
from cnndsl.formatting.pieces import Piece, comments_of, pieces_of
from cnndsl.formatting.same import is_same
from cnndsl.source import Source
from cnndsl.syntax.parser import LONGEST, parse
from cnndsl.syntax.words import words


class LayoutError(Exception):
    """A text would have changed its meaning, a comment, or once more the next time: a fault of the formatter."""


def formatted(source: Source) -> tuple[str, tuple[Diagnostic, ...]]:
    """A text in its one layout; with errors in it, the text as it is, and the errors.

    Every line ends with a line feed, also the last; `Source.ended` gives them the ends that they had. Where the spaces
    would make it too long a text, that is the error.
    Raises LayoutError where the result does not say the same, has not the same comments in the same order, or would
    change when formatted again.
    """
    before, found = parse(source)
    if has_errors(found):
        return source.text, found
    pieces = pieces_of(source, words(source.text))
    result = Source(source.name, _laid_out(pieces))
    after, wrong = parse(result)
    if len(result.text) > LONGEST:
        return source.text, wrong
    if has_errors(wrong) or not is_same(before, after):
        message = "the text would not say the same"
        raise LayoutError(message)
    again = pieces_of(result, words(result.text))
    if comments_of(again) != comments_of(pieces):
        message = "a comment would be lost"
        raise LayoutError(message)
    if _laid_out(again) != result.text:
        message = "the text would change once more the next time"
        raise LayoutError(message)
    return result.text, ()


def _laid_out(pieces: list[Piece]) -> str:
    return written(lines_of(pieces))
