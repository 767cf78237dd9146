"""The process: `cnndsl`, and `python -m cnndsl`."""

from __future__ import annotations

import gc
import sys

_SELDOM = 50_000
"""Objects between two searches for garbage: more than importing a command makes, all of which stays."""


def run() -> int:
    """Run the process's command line and return the exit code."""
    gc.set_threshold(_SELDOM)  # the usual 700 make a good part of a cold start
    from cnndsl.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
