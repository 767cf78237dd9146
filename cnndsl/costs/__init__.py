"""What a program holds and what it costs to run, from the program alone."""

from cnndsl.costs.counts import Cost, of, table
from cnndsl.costs.memory import Memory, Type, memory
from cnndsl.costs.rows import Row, rows

__all__ = ["Cost", "Memory", "Row", "Type", "memory", "of", "rows", "table"]
