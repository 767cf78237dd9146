"""What changed between two versions of a network: in layers, sizes, parameters and multiply-accumulates.

In: two checked programs.  Out: the differences, as text for a terminal or as JSON.
"""

from __future__ import annotations

from cnndsl.backends.diff.difference import Difference, Version, compare
from cnndsl.backends.diff.report import Report

__all__ = ["Difference", "Report", "Version", "compare"]
