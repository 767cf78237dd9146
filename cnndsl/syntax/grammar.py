"""The grammar as the parser needs it.

`grammars/cnn.lark` is the only source.  Working out its tables takes Lark a tenth of a second, so those of the grammar
as it is shipped are kept in `tables.py`; for a grammar that was changed since they are worked out anew.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zlib import crc32

from cnndsl.syntax.automaton import Tables


@cache
def tables() -> Tables:
    """The tables of the grammar. Raises OSError where the grammar is not there."""
    from cnndsl.syntax import tables as made

    text = path().read_bytes()
    if crc32(text) == made.GRAMMAR:
        return made.TABLES
    from cnndsl.syntax.lalr import work_out

    return work_out(text.decode())


def path() -> Path:
    """The grammar's file: a wheel has it inside the package."""
    package = Path(__file__).parents[1]
    inside = package / "grammars" / "cnn.lark"
    return inside if inside.is_file() else package.parent / "grammars" / "cnn.lark"
