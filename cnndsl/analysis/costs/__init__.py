"""What a program holds and what it costs to run, from the program alone."""

from cnndsl.analysis.costs.counts import Cost, Row, of, rows, table
from cnndsl.analysis.costs.memory import Held, Memory, Type, memory, memory_by_application, peak

__all__ = ["Cost", "Held", "Memory", "Row", "Type", "memory", "memory_by_application", "of", "peak", "rows", "table"]
