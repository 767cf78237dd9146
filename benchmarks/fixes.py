"""Fixes on texts with mistakes: that none gets worse, and how many are mended.

    python -m benchmarks.fixes [--texts 3000] [--first 0]

A text that compiles gets one slip of a key, a few spellings from elsewhere, or several mistakes at once, by its number
alone.  It is mended twice, by what is safe and by suggestions too.  No error may be there afterwards that was not there
before, and where a safe fix leaves no error, the network has to be the one that was meant: the same layers, steps and
sizes as those of the text before the slip.  Leaves with 1 if a text does not hold to that, and shows it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from cnndsl.diagnostics import has_errors
from tests.fixing.mutated import compiled, complaints, mended, mutated

MOST_SHOWN = 10
"""More texts than these are counted, not shown."""


def main() -> int:
    """Try the texts, and print what came of them; the exit code."""
    parser = argparse.ArgumentParser(description="Try fixes on texts with mistakes.")
    parser.add_argument("--texts", type=int, default=3000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for number in range(options.first, options.first + options.texts):
        case = mutated(number)
        counts["texts"] += 1
        counts["texts with errors"] += has_errors(compiled(case.text).diagnostics)
        for unsafe in (False, True):
            after = mended(case.text, unsafe=unsafe)
            words = "--fix --unsafe" if unsafe else "--fix"
            counts[f"changed by {words}"] += bool(after.applied)
            counts[f"without errors after {words}"] += bool(after.applied) and not has_errors(after.left)
            wrong = complaints(case, after, unsafe=unsafe)
            counts["worse"] += bool(wrong)
            if wrong and counts["worse"] <= MOST_SHOWN:
                done = "; ".join(f"{line}:{column} {title}" for _, line, column, title in after.told)
                print(f"text {number}, {words}: {'; '.join(wrong)}\n  {done}", flush=True)
    for words, count in counts.items():
        print(f"{words:32}{count:7,}")
    return 1 if counts["worse"] else 0


if __name__ == "__main__":
    sys.exit(main())
