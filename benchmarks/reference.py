"""The networks of `models/` against the published ones that they are named after.

    python -m benchmarks.reference [NAME ...] [--no-outputs]

A name may be a pattern (`vgg*`).  Prints, for each network, whether the keys and the shapes of the state
dictionary, the layers of torch.nn, the parameters and the multiply-accumulates are the published ones,
and the relative error of the output for the same weights and input.  Leaves with 1 if one is not the same.
"""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatchcase

from benchmarks.published import NETWORKS, Result, compare


def main() -> int:
    """Compare and print the table; the exit code."""
    parser = argparse.ArgumentParser(description="Compare the networks of models/ with the published ones.")
    parser.add_argument("names", nargs="*", default=["*"], metavar="NAME", help="a network, or a pattern such as vgg*")
    parser.add_argument("--no-outputs", action="store_true", help="compare only what needs no computing")
    options = parser.parse_args()
    chosen = [name for name in NETWORKS if any(fnmatchcase(name, pattern) for pattern in options.names)]
    if not chosen:
        parser.error(f"no network matches {' '.join(options.names)}")
    print(f"{'':20}{'keys':>8}{'shapes':>8}{'leaves':>8}{'params':>8}{'MACs':>8}{'error':>10}{'ok':>6}")
    failures = 0
    for name in chosen:
        result = compare(name, outputs=not options.no_outputs)
        print(row(result), flush=True)
        failures += not result.ok
    print(f"{len(chosen) - failures} of {len(chosen)} networks are the published ones")
    return 1 if failures else 0


def row(result: Result) -> str:
    """A line of the table."""
    facts = (result.keys, result.shapes, result.leaves, result.parameters, result.macs)
    words = "".join(f"{'same' if fact else 'no':>8}" for fact in facts)
    error = "-" if result.error is None else f"{result.error:.0e}"
    return f"{result.name:20}{words}{error:>10}{'yes' if result.ok else 'NO':>6}"


if __name__ == "__main__":
    sys.exit(main())
