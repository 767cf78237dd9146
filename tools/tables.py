"""The tables of the grammar as it is shipped, so that nobody has to wait for them.

    python -m tools.tables

Lark works them out from `grammars/cnn.lark`; they are written to `cnndsl/syntax/tables.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

from cnndsl.syntax import grammar
from cnndsl.syntax.lalr import work_out

TARGET = Path(__file__).parents[1] / "cnndsl" / "syntax" / "tables.py"
HEAD = '''\
"""The parser's tables, which `python -m tools.tables` makes from grammars/cnn.lark; see automaton.py."""

# fmt: off
# ruff: noqa: E501

from __future__ import annotations

from cnndsl.syntax.automaton import Production, Tables
'''


def text() -> str:
    """The module with the tables, for the grammar as it is."""
    source = grammar.path().read_bytes()
    made = work_out(source.decode())
    listed = [
        f"GRAMMAR = {crc32(source):#010x}",
        '"""The checksum of the grammar."""',
        f"PATTERN = {made.pattern!r}",
        f"WORDS = {made.words!r}",
        f"SILENT = frozenset({sorted(made.silent)!r})",
        _lines("PRODUCTIONS", (f"Production{tuple(production)!r}" for production in made.productions)),
        _lines("STATES: tuple[dict[str, int], ...]", map(repr, made.states)),
        f"TABLES = Tables(PATTERN, WORDS, SILENT, PRODUCTIONS, STATES, {made.starts!r}, {made.ends!r})",
    ]
    return f"{HEAD}\n" + "\n".join(listed) + "\n"


def _lines(name: str, items: Iterable[str]) -> str:
    return f"{name} = (\n" + "".join(f"    {item},\n" for item in items) + ")"


def main() -> None:
    """Write the file."""
    TARGET.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
