"""What a program holds and what it costs to run, from the program alone."""

from cnndsl.costs.counts import Cost, of, table
from cnndsl.costs.liveness import Held
from cnndsl.costs.memory import Memory, Type, applications, memory
from cnndsl.costs.rows import Row, rows

__all__ = ["Cost", "Held", "Memory", "Row", "Type", "applications", "memory", "of", "rows", "table"]
