"""What a program holds and what it costs to run, from the program alone."""

from cnndsl.costs.counts import Cost, of, table
from cnndsl.costs.rows import Row, rows

__all__ = ["Cost", "Row", "of", "rows", "table"]
